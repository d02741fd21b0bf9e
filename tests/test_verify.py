"""verify finds what differs and nothing else; repair and rebuild mend it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.conftest import Connection, Rollupctl
from tests.helpers import Lab, rows, script

Connect = Callable[..., Connection]
ROLLUPS = ("rollup_events_5min", "rollup_events_1hr")


@pytest.fixture
def filled(db: Connection) -> Connection:
    """Two thousand events of three customers, now and an hour ago, counted."""
    db.execute(
        "insert into events (event_time, customer_id, event_type, country, browser, device_id,"
        " session_id) select now() - (i % 2) * interval '1 hour', 1 + i % 3,"
        " case when i % 5 > 0 then 'click' end, 'Peru', 'opera', nullif(i % 40, 0), i"
        " from generate_series(1, 2000) i"
    )
    db.execute("call rollup.run_all()")
    return db


def verify(db: Connection, *args: Any) -> list[tuple[Any, ...]]:
    marks = ", ".join(["%s"] * len(args))
    return db.execute(
        f"select tenant_id, measure, counted, expected from rollup.verify({marks})".encode(), args
    ).fetchall()


def differing(db: Connection) -> int:
    return sum(len(verify(db, name)) for name in ROLLUPS)


def test_nothing_differs_after_a_run(filled: Connection) -> None:
    assert differing(filled) == 0


def test_events_above_the_watermark_are_no_difference(filled: Connection) -> None:
    filled.execute("insert into events (customer_id) values (1), (2)")
    assert differing(filled) == 0


def test_a_changed_count_is_found_and_named(filled: Connection) -> None:
    filled.execute(
        "update rollup_events_1hr set event_count = event_count + 1"
        " where customer_id = 2 and event_type is null"
    )
    found = verify(filled, "rollup_events_1hr")
    assert {(tenant, measure) for tenant, measure, _, _ in found} == {("2", "event_count")}
    assert all(int(counted) == int(expected) + 1 for _, _, counted, expected in found)
    assert verify(filled, "rollup_events_5min") == []


@pytest.mark.parametrize(
    ("change", "measure"),
    [
        ("device_distinct_count = hll_empty()", "device_distinct_count"),
        ("""top_devices_1000 = top_devices_1000 || '{"x": 1}'""", "top_devices_1000"),
        ("top_devices_1000 = null", "top_devices_1000"),
        ("event_count = null", "event_count"),
    ],
)
def test_every_measure_is_compared_by_its_contents(
    filled: Connection, change: str, measure: str
) -> None:
    filled.execute(f"update rollup_events_5min set {change} where customer_id = 1".encode())
    found = verify(filled, "rollup_events_5min")
    assert found
    assert {row[1] for row in found} == {measure}


def test_a_missing_and_a_surplus_row_are_found(filled: Connection) -> None:
    filled.execute("delete from rollup_events_5min where customer_id = 1 and event_type is null")
    filled.execute(
        "insert into rollup_events_5min (customer_id, minute, event_count)"
        " values (3, date_bin('5 minutes', now(), '2000-01-01 00:00+00'), 0)"
    )
    found = verify(filled, "rollup_events_5min")
    assert {(tenant, counted is None, expected is None) for tenant, m, counted, expected in found
            if m == "event_count"} == {("1", True, False), ("3", False, True)}  # fmt: skip


def test_range_and_tenant_narrow_the_look(filled: Connection) -> None:
    filled.execute("update rollup_events_1hr set event_count = 0")
    narrow = "select distinct tenant_id, bucket from rollup.verify(%s, %s, %s, %s)"
    row = filled.execute("select min(hour), max(hour) from rollup_events_1hr").fetchone()
    assert row is not None
    name, (first, last) = "rollup_events_1hr", row
    assert filled.execute(narrow, [name, first, last, "2"]).fetchall() == [("2", first)]
    # A moment inside a bucket stands for the whole of it.
    inside = "select distinct bucket from rollup.verify(%s, %s + interval '7 minutes')"
    assert filled.execute(inside, [name, last]).fetchall() == [(last,)]


def test_dropped_raw_events_are_not_missing(filled: Connection) -> None:
    filled.execute(
        "insert into events (event_time, customer_id) values"
        " (now() - interval '2 days', 1), ('2015-05-01', 1)"
    )
    filled.execute("call rollup.run_all()")
    assert differing(filled) == 0
    # As the tutorial says: drop the partition, by hand.
    row = filled.execute(
        "select partition::text from rollup.partitions('public.events')"
        " where range_from <= now() - interval '2 days' and range_to > now() - interval '2 days'"
    ).fetchone()
    assert row is not None
    filled.execute(f"drop table {row[0]}".encode())
    assert differing(filled) == 0
    filled.execute("select * from rollup.expire('public.events', '30 days')").fetchall()
    assert differing(filled) == 0


def test_runs_beside_a_verify_are_no_difference(filled: Connection, connect: Connect) -> None:
    stop = threading.Event()

    def write() -> None:
        writer = connect()
        while not stop.is_set():
            writer.execute("insert into events (customer_id, device_id) values (1, 7), (2, 8)")
            writer.execute("call rollup.run_all()")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(12):
            assert differing(filled) == 0
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()


def test_repair_rebuilds_exactly_what_differs(filled: Connection) -> None:
    filled.execute("update rollup_events_5min set event_count = 0 where customer_id = 3")
    before = filled.execute("select ctid, xmin from rollup_events_5min where customer_id < 3")
    untouched = before.fetchall() if not _is_citus(filled) else []
    repaired = filled.execute(
        "select distinct tenant_id from rollup.repair('rollup_events_5min')"
    ).fetchall()
    assert repaired == [("3",)]
    assert differing(filled) == 0
    if untouched:
        after = filled.execute("select ctid, xmin from rollup_events_5min where customer_id < 3")
        assert after.fetchall() == untouched


def test_rebuild_forgets_what_was_erased(filled: Connection) -> None:
    filled.execute("delete from events where device_id = 7")
    assert differing(filled) > 0
    for name in ROLLUPS:
        filled.execute("select * from rollup.rebuild(%s)", [name]).fetchall()
    assert differing(filled) == 0
    row = filled.execute(
        "select count(*) filter (where top_devices_1000 ? '7'),"
        " round(hll_cardinality(hll_union_agg(device_distinct_count))) from rollup_events_1hr"
    ).fetchone()
    assert row == (0, 38)


def test_rebuild_leaves_new_events_to_the_next_run(filled: Connection) -> None:
    filled.execute("insert into events (customer_id) select 1 from generate_series(1, 10)")
    filled.execute("select * from rollup.rebuild('rollup_events_1hr')").fetchall()
    total = "select sum(event_count) from rollup_events_1hr"
    assert filled.execute(total).fetchone() == (2000,)
    filled.execute("call rollup.run_all()")
    assert filled.execute(total).fetchone() == (2010,)


def test_rebuild_of_one_tenant_and_range_leaves_the_rest(filled: Connection) -> None:
    filled.execute("update rollup_events_1hr set event_count = -1")
    filled.execute("select * from rollup.rebuild('rollup_events_1hr', tenant => '2')").fetchall()
    rows = filled.execute(
        "select customer_id, bool_and(event_count > 0) from rollup_events_1hr group by 1 order by 1"
    ).fetchall()
    assert rows == [(1, False), (2, True), (3, False)]


def test_readers_see_the_old_rows_or_the_new_ones(filled: Connection, connect: Connect) -> None:
    writer = connect(autocommit=False)
    writer.execute("select * from rollup.rebuild('rollup_events_1hr')").fetchall()
    total = "select sum(event_count) from rollup_events_1hr"
    assert filled.execute(total).fetchone() == (2000,)
    writer.commit()
    assert filled.execute(total).fetchone() == (2000,)


def test_rebuild_refuses_where_raw_events_are_gone(filled: Connection) -> None:
    filled.execute("insert into events (event_time, customer_id) values ('2015-05-01', 1)")
    filled.execute("call rollup.run_all()")
    filled.execute("select * from rollup.expire('public.events', '30 days')").fetchall()
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="were dropped") as caught:
        filled.execute("select * from rollup.rebuild('rollup_events_1hr')")
    assert "from a time on" in str(caught.value.diag.message_hint)
    row = filled.execute("select sum(event_count) from rollup_events_1hr").fetchone()
    assert row == (2001,)


def test_rebuild_in_steps_covers_long_ranges(filled: Connection) -> None:
    filled.execute("insert into events (event_time, customer_id) values ('2015-05-01', 1)")
    filled.execute("call rollup.run_all()")
    filled.execute("update rollup_events_5min set event_count = 0")
    filled.execute("call rollup.rebuild_in_steps('rollup_events_5min', step => '1 hour')")
    assert differing(filled) == 0


def test_rebuild_waits_for_a_run_and_no_longer(filled: Connection, connect: Connect) -> None:
    runner = connect(autocommit=False)
    filled.execute("insert into events (customer_id) values (1)")
    runner.execute("select hourly_aggregation()")
    filled.execute("set rollup.max_wait = '200ms'")
    with pytest.raises(psycopg.errors.LockNotAvailable, match="being run"):
        filled.execute("select * from rollup.rebuild('rollup_events_1hr')")
    runner.commit()
    filled.execute("select * from rollup.rebuild('rollup_events_1hr')").fetchall()
    assert differing(filled) == 0


@pytest.mark.parametrize("function", ["verify", "rebuild"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("'nosuch'", "there is no rollup nosuch"),
        ("'rollup_events_1hr', '2026-01-02', '2026-01-01'", "end after it begins"),
        (
            "'rollup_events_1hr', tenant => 'x'",
            "there is no tenant .x.: customer_id is of type bigint",
        ),
    ],
)
def test_bad_arguments_get_one_clear_error(
    filled: Connection, function: str, arguments: str, message: str
) -> None:
    with pytest.raises(psycopg.Error, match=message):
        filled.execute(f"select * from rollup.{function}({arguments})".encode())


def test_the_command_line_says_5_repairs_and_says_0(
    filled: Connection, rollupctl: Rollupctl
) -> None:
    assert rollupctl("verify").returncode == 0
    filled.execute("update rollup_events_5min set event_count = 0 where customer_id = 3")
    found = rollupctl("verify", "-o", "json")
    assert found.returncode == 5
    assert '"3"' in found.stdout
    assert rollupctl("verify", "--repair").returncode == 0
    assert differing(filled) == 0


def _is_citus(db: Connection) -> bool:
    return db.execute("select 1 from pg_extension where extname = 'citus'").fetchone() is not None


def test_rebuild_keeps_to_the_declared_number_of_counters(filled: Connection) -> None:
    filled.execute(
        "select rollup.create_rollup('few', 'public.events', '1 hour',"
        """ '{"top": {"top": "device_id", "counters": 5}}')"""
    )
    filled.execute("select rollup.run('few')").fetchall()
    filled.execute("select rollup.rebuild('few')").fetchall()
    rows = filled.execute(
        "select (select count(*) from jsonb_object_keys(top)) from few"
    ).fetchall()
    assert {n for (n,) in rows} == {5}
    assert verify(filled, "few") == []
    row = filled.execute("select current_setting('topn.number_of_counters', true)").fetchone()
    assert row is not None
    assert row[0] in (None, "", "1000")


# What tenants are called


@pytest.mark.parametrize(
    "tenant", ["spade and bucket hire", "' and bucket < 'x", "{target} %s %1$s", "a\nand bucket"]
)
def test_trap_35_a_tenant_that_reads_like_sql(lab: Lab, tenant: str) -> None:
    db = lab.connect()
    script(
        db,
        """create table lab.hire (event_id bigserial, shop text not null, amount int,
                                  event_time timestamptz not null default '2024-06-01 12:01Z')""",
    )
    if lab.server.is_citus:
        db.execute("select create_distributed_table('lab.hire', 'shop')")
    options: dict[str, Any] = {
        "source": "lab.hire",
        "tenant": "shop",
        "dimensions": [],
        "measures": {"n": {"count": "*"}},
        "filter": "shop <> 'bucket'",
    }
    lab.declare("hires", **options)
    lab.declare("hires_by_hour", bucket="1 hour", **options)
    names = [tenant, "other"]
    db.cursor().executemany(
        "insert into lab.hire (shop, amount) values (%s, 2)", [[n] for n in names * 3]
    )
    db.execute("call rollup.run_all()")
    query = "select rows_before, rows_after, events from rollup.rebuild('hires', tenant => %s)"
    assert rows(db, query, tenant) == [(1, 1, 3)]
    assert rows(db, "select shop, n from lab.hires order by shop = 'other'") == [
        (tenant, 3),
        ("other", 3),
    ]

    db.execute("update lab.hires_by_hour set n = 9")
    query = "select tenant_id, counted, expected from rollup.verify('hires_by_hour', tenant => %s)"
    assert rows(db, query, tenant) == [(tenant, "9", "3")]
    query = "select tenant_id, events from rollup.repair('hires_by_hour', tenant => %s)"
    assert rows(db, query, tenant) == [(tenant, 3)]
    assert {t for t, *_ in verify(db, "hires_by_hour")} == {"other"}

    added = '{"total": {"sum": "amount"}}'
    db.execute("select rollup.alter_rollup('hires', add_measures => %s)", [added])
    db.execute("call rollup.backfill_measures('hires', tenant => %s)", [tenant])
    assert rows(db, "select shop, total from lab.hires order by shop = 'other'") == [
        (tenant, 6),
        ("other", None),
    ]
    query = "select n from rollup.query(null::lab.hires, tenant => %s)"
    assert rows(db, query, tenant) == [(3,)]
    query = """select value from rollup.gapfill('hires', 'n', '2024-06-01 12:00Z', '2024-06-01 12:05Z',
                                                tenant => %s)"""
    assert rows(db, query, tenant) == [(3,)]
