"""Live views: the rollup and the events it has not counted yet, exact at any moment."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.helpers import (
    Connection,
    Lab,
    counted,
    expected,
    insert,
    row,
    rows,
    run,
    script,
    value,
)
from tests.servers import rollupctl

LIVE = "lab.visits_live"


def live(db: Connection, view: str = LIVE) -> Counter[tuple[Any, ...]]:
    return counted(db, view)


def test_live_view_is_exact_at_any_lag(lab: Lab) -> None:
    lab.source()
    db = lab.connect()
    insert(db, 3)
    lab.declare()
    assert live(db) == expected(db)
    insert(db, 4, country=None)
    insert(db, 2, customer_id=2, event_time="2024-06-02 23:59:59Z")
    insert(db, 2, event_time="1999-12-31 23:59:59Z")
    run(db, max_events=5)
    # Some rows are counted whole, some in part, some not at all.
    insert(db, 5, country="fr")
    assert 0 < value(db, "select sum(n) from lab.visits") < value(db, "select count(*) from lab.e")
    assert live(db) == expected(db)
    run(db)
    assert live(db) == expected(db) == counted(db)


def test_live_view_merges_what_run_would_merge(lab: Lab) -> None:
    lab.source()
    measures = {
        "n": {"count": "*"},
        "cheap": {"count": "*", "where": "amount < 5"},
        "lowest": {"min": "amount"},
        "highest": {"max": "amount"},
        "devices": {"distinct": "device_id"},
        "top": {"top": "device_id", "counters": 10},
    }
    lab.declare(measures=measures)
    db = lab.connect()
    insert(db, 4, amount=9)
    run(db)
    insert(db, 6, amount=2)
    insert(db, 1, amount=None, country=None)
    query = """select customer_id, bucket, country, n, cheap, lowest, highest, devices::text, top
                 from lab.{} order by country"""
    before = rows(db, query.format("visits_live"))
    run(db)
    assert rows(db, query.format("visits")) == before


def test_live_view_honours_the_filter_and_knows_no_tenant(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare(tenant=None, dimensions=[], filter="country = 'de'", measures={"n": {"count": "*"}})
    db = lab.connect()
    insert(db, 3)
    insert(db, 4, country="fr")
    assert rows(db, "select n from lab.visits_live") == [(3,)]
    run(db)
    insert(db, 2, customer_id=9)
    assert rows(db, "select n from lab.visits_live") == [(5,)]


def test_live_view_of_columns_that_are_called_like_its_own(plain_lab: Lab) -> None:
    db = plain_lab.connect()
    script(
        db,
        """create table lab."T w" (id bigserial, "at" timestamptz default now(), t bigint not null,
                                   rollup text, after_id int, through_id int, "e" int)""",
    )
    plain_lab.declare(
        "N x",
        source='lab."T w"',
        tenant="t",
        id_column="id",
        time_column="at",
        dimensions=["rollup", "after_id + 1 as w", "e"],
        measures={"r": {"sum": "through_id"}},
    )
    insert_one = (
        'insert into lab."T w" (t, rollup, after_id, through_id, e) values (1, %s, 1, 5, 7)'
    )
    for name in ("a", "a", None):
        db.execute(insert_one.encode(), [name])
        db.execute("select rollup.run('N x', 1)")
    db.execute(insert_one.encode(), ["a"])
    found = rows(db, 'select rollup, w, e, r from lab."N x_live" order by 1')
    assert found == [("a", 2, 7, 15), (None, 2, 7, 5)]


def test_live_view_goes_with_its_rollup(lab: Lab) -> None:
    lab.source()
    db = lab.connect()
    for drop_table in (False, True):
        lab.declare()
        assert value(db, "select obj_description(%s::regclass)", LIVE)
        db.execute("select rollup.drop_rollup('visits', %s)", [drop_table])
        assert value(db, "select to_regclass(%s)", LIVE) is None
        assert rows(db, "select * from rollup_internal.tails where rollup = 'visits'") == []
    lab.declare()
    db.execute("create view lab.mine as select * from lab.visits_live")
    with pytest.raises(psycopg.errors.DependentObjectsStillExist, match="mine"):
        db.execute("select rollup.drop_rollup('visits')")
    assert value(db, "select count(*) from rollup.rollups where name = 'visits'") == 1
    db.execute("drop view lab.mine")


def test_reader_never_sees_a_total_jump_back_or_count_twice(lab: Lab) -> None:
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    done = threading.Event()
    failures: list[str] = []
    written = 0

    def read(node: int, view: str) -> None:
        # Nothing is ever deleted, so a total may only grow, and never past what is committed.
        with lab.server.connect(lab.database, node, autocommit=True) as db:
            last = 0
            while not done.is_set():
                total = value(db, f"select coalesce(sum(n), 0)::int from {view}")
                if total < last or total > written:
                    failures.append(f"node {node}, {view}: {total} after {last}, of {written}")
                last = total

    def roll() -> None:
        with lab.server.connect(lab.database, autocommit=True) as db:
            # Citus would use one connection a node anyway for runs as short as these.
            db.execute("set citus.force_max_query_parallelization = on")
            while not done.is_set():
                db.execute("call rollup.run_all(50)")

    nodes = range(len(lab.server.nodes))
    threads = [
        threading.Thread(target=read, args=(node, view))
        for node in nodes
        for view in (LIVE, "lab.hours_live")
    ] + [threading.Thread(target=roll)]
    writers = [lab.connect(node) for node in nodes]
    for thread in threads:
        thread.start()
    db = lab.connect()
    # A busy machine may begin to roll late.
    runs = "select count(*) from rollup.runs where status = 'done'"
    for turn in range(2000):
        if turn >= 60 and value(db, runs) > 3:
            break
        # What is announced first may be seen from the moment it commits.
        written += 20
        for customer in range(1, 5):
            insert(writers[turn % len(writers)], 5, customer_id=customer)
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert live(db) == expected(db)
    assert value(db, runs) > 3


def test_live_view_reads_only_the_blocks_of_the_tail(plain_lab: Lab) -> None:
    plain_lab.source()
    plain_lab.declare()
    db = plain_lab.connect()
    insert(db, 50_000)
    run(db)
    db.execute("vacuum analyze lab.e")
    insert(db, 10)
    plan = "\n".join(
        line
        for (line,) in rows(db, f"explain (analyze, buffers, costs off) select sum(n) from {LIVE}")
    )
    assert "Seq Scan on e_1" not in plan, plan
    assert live(db) == expected(db)


@pytest.mark.no_hostile("whose operators no index serves")
def test_live_view_reads_no_rows_of_other_times(plain_lab: Lab) -> None:
    """Of a tenant with a long history, many times as long as the tail."""
    plain_lab.source()
    plain_lab.declare()
    db = plain_lab.connect()
    db.execute(
        "insert into lab.e (event_time, customer_id, country, amount)"
        " select timestamptz '2024-06-01 12:00:00+00' - n / 10 * interval '10 minutes', 1, 'de', 3"
        " from generate_series(1, 20000) n"
    )
    run(db)
    script(db, "analyze lab.e; analyze lab.visits")
    insert(db, 5)
    (plan,) = row(
        db,
        "explain (analyze, format json)"
        f" select * from {LIVE} where customer_id = 1"
        " and bucket >= '2024-05-31 12:00:00+00'",
    )
    read = list(rows_read(plan[0]["Plan"], "visits"))
    assert len(read) > 1, plan
    # Those of a day, of two weeks.
    assert 140 < sum(read) < 500, read
    assert live(db) == expected(db)


def rows_read(plan: dict[str, Any], relation: str) -> Iterator[float]:
    """How many rows each scan of a table has read."""
    if plan.get("Relation Name") == relation:
        left_out = plan.get("Rows Removed by Filter", 0) + plan.get(
            "Rows Removed by Join Filter", 0
        )
        yield (plan["Actual Rows"] + left_out) * plan["Actual Loops"]
    for part in plan.get("Plans", []):
        yield from rows_read(part, relation)


def test_sketches_of_the_tail_are_those_of_a_run(lab: Lab) -> None:
    """Byte by byte, whatever the number of events in a group, their values and the sketch's size."""
    lab.source()
    sizes = {f"d{size}": {"distinct": "device_id", "log2m": size} for size in (4, 11, 17)}
    cheap = {"cheap": {"distinct": "device_id", "where": "amount < 5"}}
    lab.declare(measures={"n": {"count": "*"}} | sizes | cheap)
    db = lab.connect()
    for number in (1, 2, 100, 101, 1000):
        insert(db, number, country=f"of {number}")
        insert(db, number, country=f"expensive, {number}", amount=9)
    for country in ("unknown", "unknown", "of 2"):
        db.execute("insert into lab.e (customer_id, country) values (1, %s)", [country])
    columns = "country, n, d4::text, d11::text, d17::text, cheap::text"
    before = rows(db, f"select {columns} from {LIVE} order by country")
    run(db)
    after = rows(db, f"select {columns} from lab.visits order by country")
    assert before == after
    assert {(n, cheap is None) for country, n, *_, cheap in after if country == "expensive, 2"} == {
        (2, True)
    }


@pytest.mark.citus
def test_one_customer_is_one_task_on_every_node(citus_lab: Lab) -> None:
    lab = citus_lab
    lab.source()
    lab.declare()
    insert(lab.connect(1), 3)
    run(lab.connect())
    insert(lab.connect(2), 4)
    for node in range(3):
        db = lab.connect(node)
        query = f"select sum(n)::int from {LIVE} where customer_id = 1 and bucket >= '2024-06-01'"
        plan = "\n".join(line for (line,) in rows(db, f"explain {query}"))
        assert "Task Count: 1\n" in plan, plan
        assert value(db, query) == 7


def test_newest_first_counts_the_present_then_the_past(lab: Lab) -> None:
    lab.source()
    db = lab.connect()
    insert(db, 30)
    insert(lab.connect(-1), 20, customer_id=2)
    lab.declare(newest_first=True)
    assert counted(db) == Counter()
    assert live(db) == expected(db)
    insert(db, 5, country="new")
    # What is new, whole, and a window of what there was, from the top.
    assert run(db, max_events=8).events > 5
    assert value(db, "select n from lab.visits where country = 'new'") == 5
    assert value(db, "select lag_events from rollup.status") == 0
    left = value(db, "select backlog_ids from rollup.status")
    assert 0 < left < 50
    assert live(db) == expected(db)
    assert rows(db, "select * from rollup.verify('visits')") == []
    db.execute("call rollup.backfill('visits', 7)")
    assert rows(db, "select * from rollup.backlogs") == []
    assert counted(db) == live(db) == expected(db)
    checks = (
        "select status, finding from rollup.doctor() where check_name = 'counted events of lab.e'"
    )
    assert rows(db, checks) == [("ok", "the 55 of the last day are there")]


def test_newest_first_begins_at_the_top(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()
    for country in "abc":
        insert(db, 10, country=country)
    lab.declare(newest_first=True)
    run(db, max_events=10)
    assert rows(db, "select country, n from lab.visits") == [("c", 10)]
    run(db, max_events=15)
    assert rows(db, "select country, n from lab.visits order by 1") == [
        ("a", 5),
        ("b", 10),
        ("c", 10),
    ]
    # A backlog of its own does not stand in the way of one that has none.
    lab.declare("hours", bucket="1 hour")
    db.execute("call rollup.run_all()")
    db.execute("call rollup.backfill('visits')")
    assert counted(db) == expected(db)
    assert counted(db, "lab.hours") == expected(db, bucket="1 hour")


def test_backlog_waits_for_writers_that_were_open_before(lab: Lab) -> None:
    lab.source()
    writer = lab.connect(autocommit=False)
    insert(writer, 3)
    db = lab.connect()
    insert(db, 2)
    lab.declare(newest_first=True)
    db.execute("set rollup.max_wait = '50ms'")
    with pytest.raises(psycopg.errors.LockNotAvailable, match="still writing"):
        run(db)
    writer.commit()
    assert run(db).events == 5
    assert counted(db) == expected(db)


def test_expire_keeps_what_a_backlog_has_still_to_count(lab: Lab) -> None:
    lab.source()
    db = lab.connect()
    insert(db, 4)
    lab.declare(newest_first=True)
    insert(db, 1)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="has not counted"):
        db.execute("select * from rollup.expire('lab.e', '1 day')")
    run(db)
    assert (
        row(
            db,
            "select count(*), sum(events) from rollup.expire('lab.e', '1 day') where action = 'dropped'",
        )[1]
        == 5
    )


def test_command_line_tells_how_far_a_backfill_is(
    plain_lab: Lab,
) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()
    insert(db, 100)
    lab.declare(newest_first=True)
    dsn = lab.server.dsn(lab.database)
    done = rollupctl(dsn, "rollup", "--max-events", "40")
    assert done.returncode == 0
    told = "rollup visits: 40.0 % of its backlog is counted, 60 ids are left"
    assert told in done.stderr
    done = rollupctl(dsn, "backfill", "visits", "--max-events", "30")
    assert done.returncode == 0
    assert "rollup visits: 70.0 % of its backlog is counted, 30 ids are left" in done.stderr
    assert counted(db) == expected(db)
    assert "backlog" not in rollupctl(dsn, "rollup").stderr


def test_live_view_leaves_other_columns_alone(lab: Lab) -> None:
    lab.source(columns=", note text, mood text")
    lab.declare()
    db = lab.connect()
    db.execute("alter table lab.e drop column note")
    db.execute("alter table lab.e alter column mood type varchar(10)")
    insert(db, 2)
    assert live(db) == expected(db)


def test_the_first_run_analyzes_the_key_of_its_table(plain_lab: Lab) -> None:
    plain_lab.source()
    plain_lab.declare()
    db = plain_lab.connect()
    db.execute(
        "insert into lab.e (customer_id, country) select n, 'c' from generate_series(1, 1500) n"
    )
    assert run(db).rows == 1500
    table = "'lab.visits'::regclass"
    assert value(db, f"select reltuples::int from pg_class where oid = {table}") == 1500
    analyzed = rows(db, f"select attname from pg_stats where format('%I.%I', schemaname, tablename)::regclass = {table} order by 1")  # fmt: skip
    assert analyzed == [("bucket",), ("country",), ("customer_id",)]
