"""Added measures are filled in newest first, in steps, while runs go on; and one tenant's care is
one tenant's cost."""

from __future__ import annotations

import json
import re
import threading
from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.conftest import Rollupctl
from tests.helpers import (
    MEASURES,
    Connection,
    Lab,
    Task,
    catch_up,
    insert,
    pid,
    row,
    rows,
    run,
    until,
    until_waiting,
    value,
)
from tests.test_alter import (
    BIGGEST,
    EXTRA,
    alter,
    as_if_declared,
    backfill,
    differences,
    fill,
    prepare,
    since,
)

# Tests look for the processes of their sessions.
pytestmark = pytest.mark.own_session

STEP = "step => '6 hours'"


def all_measures_but_one(db: Connection) -> list[tuple[Any, ...]]:
    return rows(
        db,
        "select customer_id, bucket, country, n, amount, devices::text from lab.visits order by 1, 2, 3",
    )


def test_stopped_half_way_it_goes_on_where_it_was(lab: Lab) -> None:
    db = prepare(lab)
    alter(db, EXTRA)
    filler, holder = lab.connect(), lab.connect(autocommit=False)
    task: Task[Any] = Task(
        lambda: filler.execute(
            "call rollup.backfill_measures('visits', step => '6 hours', pause => '2s')"
        )
    )
    # The second step has written its rows and is about to say so.
    until(lambda: since(db) == "2024-06-02 12:00", "the first step is done")
    holder.execute("lock table rollup_internal.added_measures in exclusive mode")
    until_waiting(db, filler, task, "Lock")
    db.execute("select pg_terminate_backend(%s::int)", [pid(filler)])
    with pytest.raises(psycopg.OperationalError):
        task.result()
    holder.rollback()
    assert since(db) == "2024-06-02 12:00"
    assert value(db, "select min(bucket) from lab.visits where biggest is not null") >= value(
        db, "select timestamptz '2024-06-02 12:00Z'"
    )
    assert differences(db) == []
    insert(db, 2, event_time="2024-06-01 01:00Z", amount=99)
    catch_up(db)
    said = backfill(db, "visits", STEP)
    assert said[0].endswith("complete from 2024-06-02 06:00:00+00 on; step 1 of 7")
    as_if_declared(lab, db, MEASURES | EXTRA)
    assert differences(db) == []


def test_runs_go_on_and_nothing_is_lost_meanwhile(lab: Lab) -> None:
    db = prepare(lab)
    alter(db, EXTRA)
    stop = threading.Event()

    def write() -> int:
        writer, written = lab.connect(), 0
        while not stop.is_set():
            insert(
                writer,
                1,
                event_time=f"2024-06-0{1 + written % 2} 0{written % 9}:00Z",
                amount=written,
            )
            insert(writer, 1, event_time="2024-06-02 20:00Z", customer_id=2)
            run(writer)
            written += 2
        return written

    task: Task[int] = Task(write)
    try:
        backfill(db, "visits", STEP, "pause => '20ms'")
    finally:
        stop.set()
    written = task.result()
    catch_up(db)
    assert written > 0
    assert since(db) is None
    assert value(db, "select sum(n) from lab.visits") == 400 + written
    assert differences(db) == []
    as_if_declared(lab, db, MEASURES | EXTRA)


def test_what_comes_in_is_counted_between_the_steps(lab: Lab) -> None:
    db = prepare(lab)
    alter(db, EXTRA)
    insert(db, 5)
    insert(db, 5, event_time="2024-06-02 15:00Z", country="fr")
    backfill(db, "visits", STEP)
    assert value(db, "select sum(n) from lab.visits") == 410
    assert differences(db) == []


def test_only_added_measures_are_written(lab: Lab) -> None:
    db = prepare(lab)
    alter(db, BIGGEST)
    insert(db, 1, customer_id=2, country="de", event_time="2024-06-01 08:00Z", amount=1)
    catch_up(db)
    before = all_measures_but_one(db)
    # Erased after they were counted: the rollup remembers them, but for what it never knew.
    db.execute("delete from lab.e where device_id = 3 or customer_id = 2 and country = 'de'")
    backfill(db)
    assert all_measures_but_one(db) == before
    assert (
        value(
            db,
            "select count(*) from lab.visits where customer_id = 2 and country = 'de' and biggest is not null",
        )
        == 0
    )
    assert rows(
        db,
        "select customer_id, bucket, country, biggest from lab.visits where biggest is not null order by 1, 2, 3",
    ) == rows(
        db,
        """select customer_id, date_bin('5 minutes', event_time, '2000-01-01Z'), country, max(amount)
             from lab.e group by 1, 2, 3 order by 1, 2, 3""",
    )


def diagnosis(db: Connection) -> tuple[Any, ...]:
    return row(
        db,
        "select status, todo from rollup.doctor() where check_name = 'measure biggest of visits'",
    )


def test_where_raw_events_are_gone_it_stops_and_says_so(lab: Lab) -> None:
    db = prepare(lab)
    alter(db, BIGGEST)
    assert diagnosis(db) == ("warn", "call rollup.backfill_measures('visits')")
    db.execute("drop table lab.e_1")
    before = rows(db, "select * from lab.visits where bucket < '2024-06-02' order by 1, 2, 3")
    said = backfill(db, "visits", STEP)
    assert said[-1] == (
        "rollup visits: biggest cannot be filled in before 2024-06-01 23:55:00+00: raw events were dropped; step 4 of 8"
    )
    assert since(db) == "2024-06-01 23:55"
    # Nothing is left to do about it.
    assert diagnosis(db) == ("ok", None)
    assert differences(db) == []
    assert (
        rows(db, "select * from lab.visits where bucket < '2024-06-02' order by 1, 2, 3") == before
    )
    assert (
        value(
            db, "select count(*) from lab.visits where bucket >= '2024-06-02' and biggest is null"
        )
        == 0
    )
    # Again, it gets no further.
    assert "cannot be filled in" in backfill(db)[0]


@pytest.mark.parametrize("gone", ["lab.visits", "lab.e"])
def test_doctor_survives_what_is_gone(lab: Lab, gone: str) -> None:
    db = prepare(lab, keep="1000 years")
    alter(db, BIGGEST)
    db.execute(f"drop table {gone} cascade".encode())
    failed = rows(db, "select todo from rollup.doctor() where finding = 'the table is gone'")
    assert len(failed) == 1
    assert "select rollup.drop_rollup('visits')" in failed[0][0]
    lag = row(db, "select lag_events, lag_seconds from rollup.status")
    if gone == "lab.e":
        assert lag == (None, None)
        with pytest.raises(errors.UndefinedTable, match="source of rollup visits no longer exists"):
            run(db)
    else:
        assert lag == (0, 0)
    db.execute("select rollup.drop_rollup('visits')")
    assert rows(db, "select * from rollup.doctor() where status = 'fail'") == []


def test_measures_added_at_different_times_are_filled_in_together(lab: Lab) -> None:
    db = prepare(lab)
    alter(db, BIGGEST)
    insert(db, 2, event_time="2024-06-02 23:00Z")
    catch_up(db)
    alter(db, {"cheap": EXTRA["cheap"]})
    assert (since(db), since(db, "cheap")) == ("2024-06-02 16:05", "2024-06-02 23:05")
    backfill(db)
    assert (since(db), since(db, "cheap")) == (None, None)
    as_if_declared(lab, db, MEASURES | BIGGEST | {"cheap": EXTRA["cheap"]})


def test_rebuild_makes_measures_complete_where_it_meets_them(lab: Lab) -> None:
    db = prepare(lab)
    alter(db, BIGGEST)
    # Somewhere before: complete there, but not from there on.
    db.execute("select rollup.rebuild('visits', '2024-06-01 03:00Z', '2024-06-01 04:00Z')")
    assert since(db) == "2024-06-02 16:05"
    db.execute("select rollup.rebuild('visits', '2024-06-02 12:00Z', '2024-06-02 17:00Z')")
    assert since(db) == "2024-06-02 12:00"
    assert differences(db) == []
    db.execute("select rollup.rebuild('visits')")
    assert since(db) is None
    assert differences(db) == []


@pytest.mark.no_hostile("it takes seconds and depends on no setting")
def test_rollup_filled_newest_first_can_be_altered_meanwhile(lab: Lab) -> None:
    lab.source()
    db = lab.connect()
    fill(db)
    lab.declare(newest_first=True)
    run(db, max_events=100)
    assert 0 < value(db, "select sum(n) from lab.visits") < 400
    alter(db, EXTRA)
    db.execute("call rollup.backfill('visits', 50)")
    assert differences(db) == []
    backfill(db, "visits", STEP)
    as_if_declared(lab, db, MEASURES | EXTRA)


def test_odd_shapes_are_filled_in(plain_lab: Lab) -> None:
    db = plain_lab.connect()
    db.execute(
        """create table lab."Odd ""e" (
               event_id bigserial, event_time timestamptz not null, customer_id bigint not null,
               country text, amount int, "select" float8)"""
    )
    db.execute(
        """insert into lab."Odd ""e" (event_time, customer_id, country, amount, "select")
           select timestamptz '2024-03-29Z' + i * interval '50 minutes', 1 + i % 2,
                  (array['100 %', null])[1 + i % 2], i, (array[1.5, 'NaN', '-0', null])[1 + i % 4]
             from generate_series(1, 200) i"""
    )
    plain_lab.declare(
        "Odd %s",
        source='lab."Odd ""e"',
        bucket="1 week",
        time_zone="Europe/Berlin",
        tenant=None,
        bucket_column="a % week",
        dimensions=["select", "country", 'amount % 2 as "odd"'],
        filter="amount % 3 <> 1",
        measures={"n": {"count": "*"}},
    )
    catch_up(db, "Odd %s")
    alter(db, {"avg %": {"avg": "amount"}, "last": {"last": "amount"}}, name="Odd %s")
    backfill(db, "Odd %s")
    assert since(db, "avg %", "Odd %s") is None
    assert differences(db, "Odd %s") == []
    assert value(db, 'select count(*) from lab."Odd %s" where last is null') == 0


# One at a time


def test_two_alters_at_once_are_both_done(lab: Lab) -> None:
    db = prepare(lab)
    first, second = lab.connect(autocommit=False), lab.connect()
    alter(first, BIGGEST)
    task: Task[str] = Task(lambda: alter(second, {"cheap": EXTRA["cheap"]}, ["devices"]))
    until_waiting(db, second, task, "Lock")
    first.commit()
    assert task.result() == "rollup visits is altered"
    assert [name for (name,) in rows(db, "select measure from rollup.measures")] == [
        "n",
        "amount",
        "biggest",
        "cheap",
    ]
    backfill(db)
    assert differences(db) == []


def test_rolled_back_alter_has_changed_nothing(lab: Lab) -> None:
    db = prepare(lab)
    second = lab.connect(autocommit=False)
    alter(second, EXTRA, ["devices"])
    second.rollback()
    insert(db, 3)
    assert run(db).events == 3
    assert rows(db, "select * from rollup_internal.added_measures") == []
    assert differences(db) == []


def test_alter_waits_for_a_run_and_a_run_steps_aside(lab: Lab) -> None:
    db = prepare(lab)
    insert(db, 3)
    runner, second = lab.connect(autocommit=False), lab.connect()
    run(runner)
    task: Task[str] = Task(lambda: alter(second, BIGGEST))
    until_waiting(db, second, task, "Lock")
    runner.commit()
    task.result()
    assert since(db) == "2024-06-02 16:05"
    second.autocommit = False
    alter(second, {"cheap": EXTRA["cheap"]})
    insert(db, 1, event_time="2024-06-02 23:00Z")
    assert run(db).status == "busy"
    second.commit()
    assert run(db).events == 1
    assert differences(db) == []


def test_run_with_the_old_function_counts_nothing(plain_lab: Lab) -> None:
    """Looked up before the alteration, it gets the run lock after it."""
    db = prepare(plain_lab)
    query = """select rollup_internal.counting_function_text(function_name, array[name], false)
                 from rollup.rollups"""
    text = str(value(db, query))
    alter(db, BIGGEST)
    db.execute(text.replace("count_visits", "old_function").encode())
    insert(db, 3, event_time="2024-06-02 20:00Z")
    assert value(db, "select status from lab.old_function()") == "busy"
    assert run(db).events == 3
    assert differences(db) == []


def test_alter_gives_up_on_a_reader_without_holding_up_others(lab: Lab) -> None:
    db = prepare(lab)
    reader, other = lab.connect(autocommit=False), lab.connect()
    reader.execute("select * from lab.visits_live").fetchall()
    other.execute("set rollup.max_wait = '1s'")
    task: Task[str] = Task(lambda: alter(other, BIGGEST))
    while not task.is_done():
        assert value(db, "select sum(n) from lab.visits_live") == 400
    with pytest.raises(errors.LockNotAvailable, match="in use"):
        task.result()
    reader.rollback()
    alter(other, BIGGEST)


@pytest.mark.no_hostile("its sessions do again at read committed what is refused")
@pytest.mark.parametrize(
    "call", ['alter_rollup(\'visits\', \'{"x": {"count": "*"}}\')', "rebuild('visits')"]
)
def test_old_snapshots_are_refused(plain_lab: Lab, call: str) -> None:
    db = prepare(plain_lab)
    db.execute("set default_transaction_isolation = 'repeatable read'")
    with pytest.raises(errors.InvalidTransactionState, match="isolation level repeatable read"):
        db.execute(f"select rollup.{call}".encode())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("'nosuch'", "there is no rollup nosuch"),
        ("'visits', '0'", "a step must be"),
        ("'visits', '1 month'", "a step must be"),
        ("'visits', tenant => 'x'", "there is no tenant 'x': customer_id is of type bigint"),
    ],
)
def test_bad_arguments_get_one_clear_error(plain_lab: Lab, arguments: str, message: str) -> None:
    db = prepare(plain_lab)
    alter(db, BIGGEST)
    with pytest.raises(psycopg.Error, match=message) as caught:
        db.execute(f"call rollup.backfill_measures({arguments})".encode())
    assert str(caught.value.diag.message_primary).count("\n") == 0


# One tenant


@pytest.mark.no_hostile("it takes seconds and depends on no setting")
def test_one_tenants_care_touches_that_tenants_rows_only(lab: Lab) -> None:
    db = prepare(lab)
    alter(db, BIGGEST)
    others = "select ctid, xmin, * from lab.visits where customer_id <> 2 order by 3, 4, 5"
    if lab.server.is_citus:
        others = (
            "select result from run_command_on_shards('lab.visits', $$select string_agg("
            "ctid::text || xmin::text, ',' order by ctid) from %s where customer_id <> 2$$)"
        )
    before = rows(db, others)
    backfill(db, "visits", STEP, "tenant => '2'")
    assert (
        value(db, "select count(*) from lab.visits where customer_id = 2 and biggest is null") == 0
    )
    db.execute("select rollup.rebuild('visits', '2024-06-01', '2024-06-02', '2')")
    assert differences(db, "visits", None, None, "2") == []
    db.execute("update lab.visits set n = 0 where customer_id = 2 and bucket < '2024-06-01 05:00Z'")
    assert len(differences(db, "visits", None, None, "2")) > 0
    db.execute("select rollup.repair('visits', tenant => '2')")
    assert differences(db) == []
    assert rows(db, others) == before


@pytest.mark.no_hostile("it takes seconds and depends on no setting")
def test_measure_filled_in_for_one_tenant_is_compared_for_that_one(lab: Lab) -> None:
    db = prepare(lab)
    alter(db, BIGGEST)
    backfill(db, "visits", "tenant => '02'")
    assert since(db) == "2024-06-02 16:05"
    assert differences(db) == []
    db.execute("update lab.visits set biggest = -1")
    assert {tenant for tenant, *_ in differences(db)} == {"2"}
    db.execute("select rollup.repair('visits')")
    backfill(db)
    assert since(db) is None
    assert value(db, "select count(*) from rollup_internal.added_measures") == 1
    as_if_declared(lab, db, MEASURES | BIGGEST)


def test_on_citus_one_tenants_care_goes_to_one_shard(citus_lab: Lab) -> None:
    db = prepare(citus_lab)
    alter(db, BIGGEST)
    shards: set[str] = set()
    issued: list[str] = []

    def listen(diag: psycopg.errors.Diagnostic) -> None:
        text = str(diag.message_primary)
        if re.match(r"issuing (SELECT|WITH|INSERT|UPDATE|DELETE)", text, re.I):
            issued.append(text)
            shards.update(re.findall(r"lab\.(visits_\d+)", text))

    db.add_notice_handler(listen)
    db.execute("set citus.log_remote_commands to on")
    for call in (
        "select * from rollup.verify('visits', tenant => '2')",
        "select * from rollup.rebuild('visits', '2024-06-01', '2024-06-02', '2')",
        "call rollup.backfill_measures('visits', tenant => '2')",
    ):
        shards.clear()
        issued.clear()
        db.execute(call.encode())
        assert len(issued) > 0
        assert len(shards) == 1, (call, shards)
    shards.clear()
    db.execute("select * from rollup.verify('visits')")
    assert len(shards) > 1


def test_yesterday_sent_again_by_one_tenant_is_one_call(lab: Lab) -> None:
    db = prepare(lab)
    db.execute("delete from lab.e where customer_id = 2 and event_time < '2024-06-02Z'")
    insert(db, 7, customer_id=2, event_time="2024-06-01 09:00Z", amount=5)
    db.execute(
        "select rollup.rebuild('visits', '2024-06-01Z', '2024-06-02Z', '2', accept_loss => true)"
    )
    catch_up(db)
    assert differences(db) == []
    assert row(
        db, "select sum(n) from lab.visits where customer_id = 2 and bucket < '2024-06-02Z'"
    ) == (7,)


@pytest.mark.parametrize("call", ["verify", "rebuild", "repair"])
def test_what_is_no_tenant_gets_one_clear_error(plain_lab: Lab, call: str) -> None:
    db = prepare(plain_lab)
    with pytest.raises(errors.InvalidParameterValue) as caught:
        db.execute(f"select * from rollup.{call}('visits', tenant => 'x')".encode())
    assert caught.value.diag.message_primary == (
        "there is no tenant 'x': customer_id is of type bigint"
    )


@pytest.mark.no_hostile("it takes seconds and depends on no setting")
def test_the_command_line_fills_in_and_tells(db: Connection, rollupctl: Rollupctl) -> None:
    db.execute(
        "insert into events (event_time, customer_id, device_id)"
        " select timestamptz '2024-06-01Z' + i * interval '1 hour', 1 + i % 2, i from generate_series(1, 48) i"
    )
    db.execute("call rollup.run_all()")
    db.execute(
        'select rollup.alter_rollup(\'rollup_events_1hr\', \'{"first_device": {"min": "device_id"}}\')'
    )
    db.execute(
        "select rollup.create_rollup('later', 'public.events', '1 day',"
        ' \'{"n": {"count": "*"}}\', newest_first => true)'
    )
    one = rollupctl("backfill", "rollup_events_1hr", "--tenant", "2")
    assert one.returncode == 0
    assert "2024-06-03" in one.stdout
    done = rollupctl("backfill", "rollup_events_1hr", "--step", "12 hours", "-o", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == [
        {"measure": "first_device", "valid_since": None, "still_to_fill": None}
    ]
    assert "first_device complete from 2024-06-02 12:00:00+00 on; step 2 of" in done.stderr
    assert "complete in all buckets" in done.stderr
    # Progress is a result of each step: what messages the server sends does not matter.
    db.execute(f"alter database {db.info.dbname} set client_min_messages = error".encode())
    later = rollupctl("backfill", "later", "--max-events", "10", "--pause", "1 ms")
    assert "rollup later: 20.8 % of its backlog is counted, 38 ids are left" in later.stderr
    assert value(db, "select sum(n) from later") == 48
    for arguments, code in (
        (("nosuch",), 1),
        (("later", "--step", "wild"), 2),
        (("later", "--tenant", "x"), 1),
    ):
        failed = rollupctl("backfill", *arguments)
        assert failed.returncode == code
        assert len(failed.stderr.splitlines()) <= 2
