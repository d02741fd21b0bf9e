"""One event that cannot be counted never keeps others from being counted."""

from __future__ import annotations

import random
from typing import Any

import pytest
from psycopg import errors

from tests.helpers import Lab, insert, row, rows, run, value
from tests.servers import needs_tdigest

LONG = "string_agg(gen_random_uuid()::text, '')"  # incompressible: larger than an index entry


def bad_dimension(lab: Lab, tenant: int = 1) -> int:
    """An event whose dimension does not fit into the index; its id."""
    return int(
        value(
            lab.connect(),
            "insert into lab.e (customer_id, country) select %s, "
            + LONG
            + " from generate_series(1, 200)"
            " returning event_id",
            tenant,
        )
    )


def totals(lab: Lab, table: str = "lab.visits") -> dict[int, int]:
    return dict(rows(lab.connect(), f"select customer_id, sum(n)::int from {table} group by 1"))


def test_trap_40_one_long_value_stops_nobody(lab: Lab) -> None:
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    db = lab.connect()
    insert(db, 50, customer_id=1)
    bad = bad_dimension(lab)
    insert(db, 50, customer_id=2)
    outcomes = dict(rows(db, "select rollup, events from rollup.run_family('visits')"))
    assert outcomes == {"visits": 100, "hours": 100}
    assert totals(lab) == totals(lab, "lab.hours") == {1: 50, 2: 50}
    assert rows(
        db, "select rollup, event_id, tenant, sqlstate from rollup.set_aside order by 1"
    ) == [("hours", bad, "1", "54000"), ("visits", bad, "1", "54000")]
    # Runs go on, and do not try it again at once.
    insert(db, 5, customer_id=2)
    assert run(db).events == 5
    assert run(db).status == "nothing new"
    # What knows of it: verify, rebuild, the live view, status, doctor.
    for name in ("visits", "hours"):
        db.execute("select rollup.run(%s)", [name])
        assert rows(db, "select * from rollup.verify(%s)", name) == []
        db.execute("select rollup.rebuild(%s)", [name])
    assert totals(lab) == {1: 50, 2: 55} == totals(lab, "lab.visits_live")
    assert rows(db, "select set_aside, lag_events from rollup.status") == [(1, 0), (1, 0)]
    assert ("warn",) in rows(
        db, "select status from rollup.doctor() where check_name = 'events set aside by visits'"
    )
    # Corrected, it is counted.
    db.execute("update lab.e set country = 'de' where event_id = %s", [bad])
    assert row(db, "select * from rollup.retry_set_aside('visits')") == (1, 0)
    assert totals(lab) == {1: 51, 2: 55}
    assert rows(db, "select * from rollup.verify('visits')") == []
    assert rows(db, "select rollup from rollup.set_aside") == [("hours",)]
    # Deleted, it is nobody's concern.
    db.execute("delete from lab.e where event_id = %s", [bad])
    assert row(db, "select * from rollup.retry_set_aside('hours')") == (1, 0)
    assert rows(db, "select * from rollup.verify('hours')") == []


def test_neighbouring_ranges_of_a_run_are_told_apart(lab: Lab) -> None:
    """The backlog ends where the new events begin, or an event that is retried lies just below."""
    lab.source()
    db = lab.connect()
    insert(db, 40, customer_id=1)
    lab.declare(newest_first=True)
    insert(db, 5, customer_id=2)
    bad = bad_dimension(lab)
    insert(db, 70, customer_id=3)
    assert run(db).events == 115
    assert totals(lab) == {1: 40, 2: 5, 3: 70} == totals(lab, "lab.visits_live")
    # The last event of a window, and the first of the next one.
    worse = bad_dimension(lab)
    run(db)
    even_worse = bad_dimension(lab)
    insert(db, 8, customer_id=2)
    db.execute("update rollup_internal.set_aside set last_tried_at = '-infinity'")
    assert run(db).events == 8
    assert totals(lab) == {1: 40, 2: 13, 3: 70}
    assert rows(db, "select event_id from rollup.set_aside order by 1") == [
        (bad,),
        (worse,),
        (even_worse,),
    ]
    assert rows(db, "select * from rollup.verify('visits')") == []


KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "filter": ({"filter": "10 / amount > 0"}, "amount => 0"),
    "dimension": ({"dimensions": ["(10 / amount) as share"]}, "amount => 0"),
    "argument": ({"measures": {"n": {"count": "*"}, "m": {"sum": "10 / amount"}}}, "amount => 0"),
    "where": (
        {"measures": {"n": {"count": "*"}, "m": {"count": "*", "where": "10 / amount > 0"}}},
        "amount => 0",
    ),
    "cast": ({"measures": {"n": {"count": "*"}, "m": {"max": "country::int"}}}, "country => 'x'"),
    "distinct": (
        {"measures": {"n": {"count": "*"}, "m": {"distinct": "country::int"}}}, "country => 'x'"),
    "top": ({"measures": {"n": {"count": "*"}, "m": {"top": "10 / amount"}}}, "amount => 0"),
    "weight": (
        {"measures": {"n": {"count": "*"}, "m": {"top": "country", "weight": "10 / amount"}}},
        "amount => 0",
    ),
    "first": ({"measures": {"n": {"count": "*"}, "m": {"first": "10 / amount"}}}, "amount => 0"),
    "avg": ({"measures": {"n": {"count": "*"}, "m": {"avg": "10 / amount"}}}, "amount => 0"),
    "quantiles": (
        {"measures": {"n": {"count": "*"}, "m": {"quantiles": "10 / amount"}}}, "amount => 0"),
}  # fmt: skip


@needs_tdigest
@pytest.mark.parametrize("kind", KINDS)
def test_trap_40_an_expression_that_fails_stops_nobody(lab: Lab, kind: str) -> None:
    options, bad = KINDS[kind]
    lab.source()
    lab.declare(**({"measures": {"n": {"count": "*"}}, "dimensions": []} | options))
    db = lab.connect()
    column, text = bad.split(" => ")
    ids = set()
    for _ in range(3):
        insert(db, 20, customer_id=1, country="7")
        ids.add(
            value(
                db,
                f"insert into lab.e (customer_id, country, amount, {column}) values (1, '7', 3, {text})"
                if column not in ("country", "amount")
                else "insert into lab.e (customer_id, country, amount) values (1, "
                + ("'x', 3)" if column == "country" else "'7', 0)")
                + " returning event_id",
            )
        )
        insert(db, 20, customer_id=2, country="7")
    assert run(db).events == 120
    assert totals(lab) == {1: 60, 2: 60}
    assert {found for (found,) in rows(db, "select event_id from rollup.set_aside")} == ids
    assert rows(db, "select * from rollup.verify('visits')") == []
    db.execute("select rollup.rebuild('visits')")
    assert totals(lab) == {1: 60, 2: 60}
    with lab.connect() as live:
        assert totals(lab, "lab.visits_live") == {1: 60, 2: 60}
        assert value(live, "select set_aside from rollup.status") == 3


def test_trap_40_an_overflow_of_a_row_sets_aside_what_is_too_much(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source(columns=", big bigint")
    lab.declare(
        measures={"n": {"count": "*"}, "b": {"last": "repeat(country, amount)"}}, dimensions=[]
    )
    db = lab.connect()
    insert(db, 10)
    insert(db, 1, amount=2_000_000_000)
    insert(db, 10)
    assert run(db).events == 20
    assert totals(lab) == {1: 20}
    assert value(db, "select count(*) from rollup.set_aside") == 1


def test_trap_40_events_without_a_time_are_set_aside(plain_lab: Lab) -> None:
    lab = plain_lab
    db = lab.connect()
    db.execute(
        "create table lab.e (event_id bigserial, event_time timestamptz, customer_id bigint,"
        " country text, device_id bigint, amount int)"
    )
    lab.declare()
    insert(db, 5)
    insert(db, 1, event_time=None)
    insert(db, 5)
    assert run(db).events == 10
    assert row(db, "select sqlstate from rollup.set_aside") == ("23502",)


def test_trap_40_a_condition_on_a_live_view_meets_no_event_that_was_set_aside(lab: Lab) -> None:
    lab.source()
    lab.declare(
        bucket="1 day",
        time_zone="Europe/Berlin",
        dimensions=["10 / amount as part"],
        filter="10 / amount < 9",
    )
    db = lab.connect()
    insert(db, 3, amount=5)
    insert(db, amount=0)
    insert(db, amount=5, event_time="294276-12-31 23:59Z")
    run(db)
    assert value(db, "select count(*) from rollup.set_aside") == 2
    insert(db, 2, amount=5)
    for condition in ("part = 2", "bucket > '2024-01-01 00:00Z'", "customer_id = 1"):
        found = value(db, f"select sum(n)::int from lab.visits_live where {condition}")
        assert found == 5, condition
    query = "select sum(n)::int from rollup.query(null::lab.visits, live => true)"
    assert value(db, query) == 5
    # They came in as they should.
    said = rows(
        db, "select finding from rollup.doctor() where check_name = 'counted events of lab.e'"
    )
    assert "below the watermark" not in str(said)


def test_events_of_long_keys_are_not_searched_for(plain_lab: Lab) -> None:
    """Each is tried by itself, and so is each stretch between them, before these are counted."""
    plain_lab.source()
    plain_lab.declare()
    db = plain_lab.connect()
    db.execute("create sequence lab.tried")  # does not forget what is rolled back
    db.execute(
        "create function lab.note() returns trigger language plpgsql as"
        " $$ begin perform nextval('lab.tried'); return null; end $$"
    )
    db.execute(
        "create trigger note before insert on lab.visits for each statement execute function lab.note()"
    )
    bad = 12
    for _ in range(bad):
        insert(db, 100)
        bad_dimension(plain_lab)
    assert run(db).events == 100 * bad
    assert value(db, "select count(*) from rollup.set_aside") == bad
    assert value(db, "select last_value from lab.tried") <= 3 * bad + 4
    assert rows(db, "select * from rollup.verify('visits')") == []


def test_long_keys_and_other_faults_in_one_window(lab: Lab) -> None:
    lab.source()
    lab.declare(filter="10 / amount > 0", measures={"n": {"count": "*"}})
    db = lab.connect()
    for step in range(8):
        insert(db, 10, amount=1)
        insert(db, 2, amount=step % 3)
        if step % 2:
            db.execute("update lab.e set amount = 1 where event_id = %s", [bad_dimension(lab)])
    zeros = value(db, "select count(*) from lab.e where amount = 0")
    long = value(db, "select count(*) from lab.e where length(country) > 1000")
    all_events = value(db, "select count(*) from lab.e")
    assert run(db).events == all_events - zeros - long
    assert value(db, "select count(*) from rollup.set_aside") == zeros + long
    assert rows(db, "select * from rollup.verify('visits')") == []


def test_trap_40_long_keys_and_other_faults_on_all_nodes_at_once(lab: Lab) -> None:
    lab.source()
    lab.declare(filter="10 / amount > 0", measures={"n": {"count": "*"}})
    db = lab.connect()
    tenants = range(1, 9)
    for tenant in tenants:
        insert(db, 3, amount=1, customer_id=tenant)
        bad = bad_dimension(lab, tenant)
        db.execute("update lab.e set amount = 1 where event_id = %s", [bad])
    for tenant in tenants:
        insert(db, 1, amount=0, customer_id=tenant)
    assert run(db).events == 24
    assert totals(lab) == dict.fromkeys(tenants, 3)
    assert value(db, "select count(*) from rollup.set_aside") == 16
    assert rows(db, "select * from rollup.verify('visits')") == []


def test_trap_40_random_mixtures(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare(filter="10 / amount > 0", measures={"n": {"count": "*"}})
    db = lab.connect()
    dice = random.Random(4)
    good = 0
    for _ in range(6):
        for _ in range(dice.randrange(1, 30)):
            amount = dice.choice([0, 1, 2, 3, 3, 3])
            number = dice.randrange(1, 4)
            insert(db, number, amount=amount, country=dice.choice(["de", "at", None]))
            good += number if amount else 0
        while run(db, max_events=dice.choice([7, 1000])).more:
            pass
        assert value(db, "select coalesce(sum(n), 0)::int from lab.visits") == good
        assert value(db, "select count(*) from rollup.set_aside") == value(
            db, "select count(*) from lab.e where amount = 0"
        )
        assert rows(db, "select * from rollup.verify('visits')") == []


@pytest.mark.parametrize("seed", range(4))
def test_trap_40_random_mixtures_of_backlogs_and_retries(plain_lab: Lab, seed: int) -> None:
    """Members of a family are at different ids, and their ranges are neighbours."""
    lab = plain_lab
    dice = random.Random(seed)
    lab.source()
    db = lab.connect()

    def arrive() -> None:
        for _ in range(dice.randrange(1, 15)):
            insert(db, dice.randrange(1, 4), amount=dice.choice([0, 1, 2, 3, 3, 3]))

    arrive()
    measures = {"n": {"count": "*"}, "share": {"sum": "10 / amount"}}
    lab.declare(measures=measures, newest_first=True)
    arrive()
    lab.declare("hours", bucket="1 hour", measures=measures, newest_first=dice.random() < 0.5)
    for _ in range(8):
        if dice.random() < 0.5:
            db.execute("update rollup_internal.set_aside set last_tried_at = '-infinity'")
        if dice.random() < 0.5:
            # What has arrived becomes a part of the backlog, and what arrives next its neighbour.
            db.execute("select rollup_internal.divide_backlog('hours', 1)")
        arrive()
        how = dice.choice(["run('visits', {})", "run('hours', {})", "run_family('hours', {})"])
        db.execute(f"select * from rollup.{how}".format(dice.choice([3, 30, "null"])).encode())
        for table in ("visits", "hours"):
            assert rows(db, "select * from rollup.verify(%s)", table) == []
    for table in ("visits", "hours"):
        db.execute("call rollup.backfill(%s)", [table])
        while run(db, table).more:
            pass
        assert rows(db, "select * from rollup.verify(%s)", table) == []
        assert value(db, f"select sum(n)::int from lab.{table}") == value(
            db, "select count(*) from lab.e where amount <> 0"
        )
        assert value(db, "select count(*) from rollup.set_aside where rollup = %s", table) == value(
            db, "select count(*) from lab.e where amount = 0"
        )


def test_a_fault_of_the_table_is_no_fault_of_the_events(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    db.execute("alter table lab.visits add constraint odd check (n < 0)")
    insert(db, 100)
    with pytest.raises(errors.CheckViolation, match="odd"):
        run(db)
    assert value(db, "select count(*) from rollup.set_aside") == 0
    db.execute("alter table lab.visits drop constraint odd")
    assert run(db).events == 100


def test_very_many_events_that_fail_are_a_fault_of_something_else(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare(filter="10 / amount > 0")
    db = lab.connect()
    insert(db, 100, amount=0)
    db.execute("set rollup.max_set_aside = 10")
    with pytest.raises(errors.DivisionByZero) as failed:
        run(db)
    assert "More than 10 events of one run of rollup visits" in str(
        failed.value.diag.message_detail
    )
    assert value(db, "select count(*) from rollup.set_aside") == 0
    assert rows(db, "select * from rollup.watermarks") == []
    db.execute("set rollup.max_set_aside = 100")
    assert run(db).events == 0
    assert value(db, "select count(*) from rollup.set_aside") == 100


def test_other_errors_are_not_set_aside(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db = lab.connect()
    db.execute(
        "create function lab.slow() returns trigger language plpgsql as"
        " 'begin perform pg_sleep(60); return new; end'"
    )
    db.execute(
        "create trigger slow before insert on lab.visits for each row execute function lab.slow()"
    )
    insert(db, 1)
    db.execute("set statement_timeout = '300ms'")
    with pytest.raises(errors.QueryCanceled):
        run(db)
    assert value(db, "select count(*) from rollup.set_aside") == 0


def test_runs_try_again_after_a_while(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare(filter="10 / amount > 0")
    db = lab.connect()
    insert(db, 3)
    insert(db, 2, amount=0)
    assert run(db).events == 3
    before = rows(db, "select event_id, last_tried_at from rollup.set_aside order by 1")
    assert run(db).status == "nothing new"
    db.execute("set rollup.retry_interval = '0'")
    assert run(db).events == 0
    after = rows(db, "select event_id, last_tried_at from rollup.set_aside order by 1")
    assert all(new > old for (_, old), (_, new) in zip(before, after, strict=True))
    db.execute("update lab.e set amount = 5 where amount = 0")
    assert run(db).events == 2
    assert rows(db, "select * from rollup.set_aside") == []
    assert rows(db, "select * from rollup.verify('visits')") == []


def test_expire_keeps_what_is_set_aside(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 5)
    bad = bad_dimension(lab)
    run(db)
    said = dict(rows(db, "select partition, action from rollup.expire('lab.e', '1 day')"))
    assert said["lab.e_1"].startswith("kept: rollup visits has not counted 1 event of lab.e_1")
    assert said["lab.e_2"] == "dropped"
    assert value(db, "select count(*) from lab.e") == 6
    db.execute("delete from lab.e where event_id = %s", [bad])
    db.execute("select * from rollup.retry_set_aside('visits')")
    db.execute("select * from rollup.expire('lab.e', '1 day')")
    assert value(db, "select count(*) from lab.e") == 0


def test_expire_keeps_an_event_whose_filter_fails_and_that_no_run_has_seen(lab: Lab) -> None:
    lab.source()
    lab.declare(filter="10 / amount > 0")
    db = lab.connect()
    insert(db, 5, amount=1)
    run(db)
    for tenant in range(1, 9):
        insert(db, 1, amount=0, customer_id=tenant)
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="has not counted 8 events"):
        db.execute("select * from rollup.expire('lab.e', '1 day')")
    assert value(db, "select count(*) from lab.e") == 13


ERRORS = {
    "own code": "lab.raised(country, 'MY001')",
    "no data": "lab.raised(country, 'P0002')",
    "assertion": "lab.asserted(country)",
    "no return": "lab.returned(country)",
    "table": "case when country = 'bad' then country::regclass::text end",
    "type": "case when country = 'bad' then country::regtype::text end",
    "function": "case when country = 'bad' then country::regproc::text end",
    "schema": "case when country = 'bad' then (country || '.x')::regclass::text end",
    "recursion": "lab.recursed(country)",
    "zone": "(event_time at time zone case when country = 'bad' then 'No/Where' else 'UTC' end)::text",
}


@pytest.mark.parametrize("kind", ERRORS)
def test_trap_40_whatever_an_event_raises_sets_it_aside(lab: Lab, kind: str) -> None:
    lab.source()
    db = lab.connect()
    for name, body in {
        "raised(x text, code text)": "if x = 'bad' then raise exception using errcode = code; end if;"
        " return x;",
        "asserted(x text)": "assert x is distinct from 'bad'; return x;",
        "returned(x text)": "if x is distinct from 'bad' then return x; end if;",
        "recursed(x text)": "if x = 'bad' then return lab.recursed(x); end if; return x;",
    }.items():
        db.execute(
            f"create function lab.{name} returns text language plpgsql immutable as"
            f" $$begin {body} end$$".encode()
        )
    lab.declare(dimensions=[f"{ERRORS[kind]} as d"], measures={"n": {"count": "*"}})
    insert(db, 20, country="good")
    bad = value(db, "insert into lab.e (customer_id, country) values (1, 'bad') returning event_id")
    insert(db, 20, customer_id=2, country="good")
    assert run(db).events == 40
    assert rows(db, "select event_id from rollup.set_aside") == [(bad,)]
    assert totals(lab) == {1: 20, 2: 20}
    assert rows(db, "select * from rollup.verify('visits')") == []
    db.execute("update lab.e set country = 'good' where event_id = %s", [bad])
    assert row(db, "select * from rollup.retry_set_aside('visits')") == (1, 0)


FAULTS: dict[str, tuple[str, type[errors.Error]]] = {
    "not null": ("alter table lab.visits add z int not null", errors.NotNullViolation),
    "no column": ("alter table lab.visits rename n to m", errors.UndefinedColumn),
}


@pytest.mark.parametrize("number", [1, 5])
@pytest.mark.parametrize("fault", FAULTS)
def test_trap_40_a_changed_table_is_no_fault_of_the_events(
    lab: Lab, fault: str, number: int
) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    statement, error = FAULTS[fault]
    db.execute(statement.encode())
    insert(db, number)
    with pytest.raises(error):
        run(db)
    assert rows(db, "select * from rollup.set_aside") == []
    assert ("fail",) in rows(
        db, "select status from rollup.doctor() where check_name = 'table of visits'"
    )


@pytest.mark.parametrize(
    "options",
    [
        {"filter": "10 / amount > 0"},
        {"dimensions": ["(10 / amount) as share"]},
        {"measures": {"n": {"count": "*"}, "m": {"sum": "10 / amount"}}},
    ],
)
def test_trap_40_a_counted_event_that_fails_later_stops_nobody(
    lab: Lab, options: dict[str, Any]
) -> None:
    lab.source()
    lab.declare(**({"measures": {"n": {"count": "*"}}, "dimensions": []} | options))
    db = lab.connect()
    notices: list[str] = []
    db.add_notice_handler(
        lambda said: notices.append(f"{said.message_primary} {said.message_hint}")
    )
    for tenant in (1, 2):
        insert(db, 5, customer_id=tenant, amount=5)
    run(db)
    bad = value(db, "select max(event_id) from lab.e where customer_id = 1")
    db.execute("update lab.e set amount = 0 where event_id = %s", [bad])
    db.execute("update lab.visits set n = 7 where customer_id = 2")
    differing = rows(
        db, "select distinct tenant_id from rollup.verify('visits') where measure = 'n' order by 1"
    )
    assert differing == [("1",), ("2",)]
    assert f"{{{bad}}}" in notices[-1]
    assert "rollup.repair('visits')" in notices[-1]
    db.execute("select * from rollup.repair('visits')")
    assert totals(lab) == {1: 4, 2: 5}
    assert rows(db, "select event_id, sqlstate from rollup.set_aside") == [(bad, "22012")]
    assert rows(db, "select * from rollup.verify('visits')") == []
    db.execute("update lab.e set amount = 5 where event_id = %s", [bad])
    assert row(db, "select * from rollup.retry_set_aside('visits')") == (1, 0)
    assert totals(lab) == {1: 5, 2: 5}


@pytest.mark.parametrize("how", ["repair", "rebuild", "correction"])
def test_trap_40_events_that_fail_later_on_all_nodes_at_once(lab: Lab, how: str) -> None:
    lab.source()
    lab.declare(measures={"n": {"count": "*"}, "share": {"sum": "10 / amount"}})
    db = lab.connect()
    if how == "correction":
        db.execute("select rollup.follow_changes('lab.e')")
    tenants = range(1, 9)
    for tenant in tenants:
        insert(db, 5, customer_id=tenant, amount=5)
    run(db)
    last = [
        number for (number,) in rows(db, "select max(event_id) from lab.e group by customer_id")
    ]
    db.execute("update lab.e set amount = 0 where event_id = any (%s)", [last])
    if how == "correction":
        db.execute("call rollup.run_all()")
    else:
        # They are left out of the comparison, with a warning.
        assert {tenant for _, tenant, *_ in rows(db, "select * from rollup.verify('visits')")} == {
            str(tenant) for tenant in tenants
        }
        db.execute(f"select * from rollup.{how}('visits')".encode())
    assert totals(lab) == dict.fromkeys(tenants, 4)
    assert value(db, "select count(*) from rollup.set_aside") == len(tenants)
    assert rows(db, "select * from rollup.verify('visits')") == []


@pytest.mark.parametrize("wide", [False, True])
def test_trap_40_a_filter_that_fails_later_does_not_stop_corrections(lab: Lab, wide: bool) -> None:
    lab.source()
    lab.declare(filter="10 / amount > 0", measures={"n": {"count": "*"}})
    db = lab.connect()
    db.execute("select rollup.follow_changes('lab.e')")
    insert(db, 5, amount=5)
    insert(db, 5, amount=5, customer_id=2)
    run(db)
    bad = value(db, "select max(event_id) from lab.e where customer_id = 1")
    db.execute("update lab.e set amount = 0 where event_id = %s", [bad])
    if wide:
        db.execute("select rollup.note_changes('lab.e', null)")
    db.execute("call rollup.run_all()")
    assert totals(lab) == {1: 4, 2: 5}
    assert rows(db, "select event_id from rollup.set_aside") == [(bad,)]
    assert rows(db, "select * from rollup.verify('visits')") == []


@pytest.mark.parametrize("followed", [False, True])
def test_trap_40_a_key_that_becomes_too_long_stops_nobody(lab: Lab, followed: bool) -> None:
    lab.source()
    lab.declare(filter="amount > 0")
    db = lab.connect()
    if followed:
        db.execute("select rollup.follow_changes('lab.e')")
    insert(db, 5, customer_id=1, amount=5)
    insert(db, 5, customer_id=2, amount=5)
    hidden = bad_dimension(lab, tenant=2)  # the filter leaves it out
    run(db)
    bad = value(db, "select max(event_id) from lab.e where customer_id = 1")
    long = f"(select {LONG} from generate_series(1, 200))"
    # One key fits into the index, although only just.
    fits = f"(select {LONG} from generate_series(1, 70))"
    db.execute(f"update lab.e set country = {fits} where event_id = %s".encode(), [bad - 1])
    db.execute(f"update lab.e set country = {long} where event_id = %s".encode(), [bad])
    db.execute("update lab.e set amount = 1 where event_id = %s", [hidden])
    if followed:
        db.execute("call rollup.run_all()")
    else:
        db.execute("select * from rollup.rebuild('visits')")
    assert totals(lab) == {1: 4, 2: 5}
    assert rows(db, "select event_id, sqlstate from rollup.set_aside order by 1") == [
        (bad, "54000"),
        (hidden, "54000"),
    ]
    assert rows(db, "select * from rollup.verify('visits')") == []
    db.execute("update lab.e set country = 'de' where event_id in (%s, %s)", [bad, hidden])
    assert row(db, "select * from rollup.retry_set_aside('visits')") == (2, 0)
    assert totals(lab) == {1: 5, 2: 6}


def test_trap_40_an_event_that_is_not_counted_yet_does_not_stop_a_rebuild(lab: Lab) -> None:
    lab.source()
    db = lab.connect()
    insert(db, 1, country="(")
    insert(db, 20, country="de")
    # One operator: cheaper than the ranges of ids, so PostgreSQL would evaluate it first.
    lab.declare(filter="'x' !~ country", measures={"n": {"count": "*"}}, newest_first=True)
    insert(db, 5, country="de")
    assert run(db, max_events=5).events == 10
    insert(db, 1, country="(")
    assert rows(db, "select * from rollup.verify('visits')") == []
    assert row(db, "select events from rollup.rebuild('visits')") == (10,)
    db.execute("call rollup.rebuild_in_steps('visits')")
    db.execute("""select rollup.alter_rollup('visits', '{"most": {"max": "device_id"}}')""")
    db.execute("select rollup_internal.fill_measures('visits', '-infinity', 'infinity', null)")
    assert rows(db, "select * from rollup.set_aside") == []
    assert run(db).events == 15
    assert totals(lab) == {1: 25}


def test_dividing_a_long_window_reads_each_part_only(plain_lab: Lab) -> None:
    plain_lab.source()
    plain_lab.declare()
    db = plain_lab.connect()
    insert(db, 100_000)
    bad_dimension(plain_lab)
    insert(db, 100_000)
    reads = (
        "select sum(heap_blks_hit + heap_blks_read)::int from pg_statio_user_tables"
        " where relid in (select relid from pg_partition_tree('lab.e'))"
    )
    blocks = value(
        db,
        "select sum(pg_relation_size(relid))::int / 8192 from pg_partition_tree('lab.e')",
    )
    db.execute("select pg_stat_force_next_flush()")
    before = value(db, reads)
    assert run(db).events == 200_000
    db.execute("select pg_stat_force_next_flush()")
    assert value(db, reads) - before < 12 * blocks


def test_many_that_fail_do_not_write_the_same_rows_again_and_again(plain_lab: Lab) -> None:
    """Events between those that fail are counted once: a row updated in a thousand steps of one
    transaction would have a thousand versions.
    """
    plain_lab.source()
    plain_lab.declare()
    db = plain_lab.connect()
    db.execute("create table lab.written (n int)")
    db.execute(
        "create function lab.note() returns trigger language plpgsql as"
        " $$ begin insert into lab.written values (1); return null; end $$"
    )
    db.execute(
        "create trigger note after insert on lab.visits for each statement execute function lab.note()"
    )
    bad = 12
    for _ in range(bad):
        insert(db, 40)
        bad_dimension(plain_lab)
    assert run(db).events == 40 * bad
    assert value(db, "select count(*) from rollup.set_aside") == bad
    # Once for each stretch between them, and for an empty range.
    assert value(db, "select count(*) from lab.written") <= bad + 2
    assert rows(db, "select * from rollup.verify('visits')") == []
