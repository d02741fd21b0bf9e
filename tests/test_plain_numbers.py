"""The view of plain numbers beside each rollup, and the functions that read sketches."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.conftest import Rollupctl
from tests.helpers import Connection, Lab, insert, row, rows, run_family, value
from tests.servers import needs_tdigest

MEASURES: dict[str, Any] = {
    "n": {"count": "*"},
    "amount": {"sum": "amount"},
    "most": {"max": "amount"},
    "price": {"avg": "amount"},
    "devices": {"distinct": "device_id"},
    "opened": {"first": "amount"},
    "closed": {"last": "amount"},
    "often": {"top": "device_id"},
    "best": {"top": "country", "weight": "amount"},
}
# Types that any tool can show.
PLAIN = {
    "bigint",
    "numeric",
    "double precision",
    "integer",
    "text",
    "timestamp with time zone",
}


def declare(lab: Lab, measures: dict[str, Any] | None = None) -> None:
    for name, bucket in (("visits", "5 minutes"), ("hours", "1 hour")):
        lab.declare(name, bucket=bucket, measures=measures or MEASURES)


def columns(db: Connection, view: str) -> dict[str, str]:
    return dict(
        rows(
            db,
            "select attname, format_type(atttypid, atttypmod) from pg_attribute"
            " where attrelid = %s::regclass and attnum > 0 order by attnum",
            view,
        )
    )


@needs_tdigest
def test_trap_28_plain_numbers_per_row_and_unions_of_several(lab: Lab) -> None:
    lab.source()
    declare(lab, MEASURES | {"spread": {"quantiles": "amount"}})
    db = lab.connect()
    # The same 40 devices in two buckets and two countries, unevenly many events each.
    for time, country, amount, number in (
        ("2024-06-01 12:00Z", "de", 2, 40),
        ("2024-06-01 12:07Z", "de", 10, 10),
        ("2024-06-01 12:07Z", "fr", 4, 40),
        ("2024-06-01 12:08Z", "fr", 4, 40),
    ):
        insert(db, number, event_time=time, country=country, amount=amount)
        run_family(db, "visits")
    shown = rows(
        db,
        "select country, n, price, devices, often_value, best_item, best_value from lab.visits_bi"
        " order by bucket, country",
    )
    assert shown == [
        ("de", 40, 2, 40, 1, "de", 80),
        ("de", 10, 10, 10, 1, "de", 100),
        ("fr", 80, 4, 40, 2, "fr", 320),
    ]
    # What a tool makes of these rows is wrong where it adds up, and right where sketches unite.
    assert row(db, "select sum(devices), round(avg(price), 2)::text from lab.visits_bi") == (90, "5.33")  # fmt: skip
    assert row(
        db,
        """select round(hll_cardinality(hll_union_agg(devices)))::int,
                  round(sum(price_sum) / sum(price_count), 3)::text,
                  tdigest_percentile(spread, 0.5)
             from lab.visits""",
    ) == (40, "3.846", 4)
    # Counts and sums may be added up in the view itself.
    assert row(db, "select sum(n), sum(amount), round(sum(price_sum) / sum(price_count), 3)::text from lab.visits_bi") == (130, 500, "3.846")  # fmt: skip
    united = (
        "select item, value from rollup.top((select rollup.top_union_agg({}) from lab.visits), 2)"
    )
    assert rows(db, united.format("best")) == [("fr", 320), ("de", 180)]
    assert rows(db, united.format("often")) == [("1", 4), ("10", 4)]
    # The comment is where people look.
    said = value(db, "select obj_description('lab.visits_bi'::regclass)")
    assert "lab.visits" in said
    assert "distinct counts" in said


@needs_tdigest
def test_view_holds_plain_types_only(lab: Lab) -> None:
    lab.source()
    declare(lab, MEASURES | {"spread": {"quantiles": "amount"}})
    db = lab.connect()
    found = columns(db, "lab.visits_bi")
    assert set(found.values()) <= PLAIN
    assert list(found) == [
        "customer_id", "bucket", "country", "n", "amount", "most", "price", "price_sum",
        "price_count", "devices", "opened", "opened_at", "closed", "closed_at", "often_item",
        "often_value", "often_list", "best_item", "best_value", "best_list", "spread_p50",
        "spread_p90", "spread_p95", "spread_p99",
    ]  # fmt: skip
    # A row with nothing in it shows NULLs and zeros, no errors.
    db.execute("insert into lab.e (customer_id) values (1)")
    run_family(db, "visits")
    assert row(db, "select n, amount, price, devices, best_item, spread_p50 from lab.visits_bi") == (
        1, None, None, 0, None, None,
    )  # fmt: skip


def test_view_reads_the_rollup_and_not_the_tail(lab: Lab) -> None:
    lab.source()
    declare(lab)
    db = lab.connect()
    insert(db, 3)
    run_family(db, "visits")
    insert(db, 4)
    assert value(db, "select sum(n) from lab.visits_bi") == 3


def test_who_may_read_the_table_may_read_the_view(lab: Lab) -> None:
    lab.source()
    declare(lab)
    db = lab.connect()
    insert(db, 3)
    run_family(db, "visits")
    db.execute("drop role if exists analyst")
    db.execute("create role analyst login")
    try:
        db.execute("grant usage on schema lab to analyst")
        db.execute("set role analyst")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute("select n from lab.visits_bi")
        db.execute("reset role")
        db.execute("grant select on lab.visits to analyst")
        db.execute("set role analyst")
        assert row(db, "select n, best_item, devices from lab.visits_bi") == (3, "de", 3)
        db.execute("reset role")
    finally:
        db.execute("reset role")
        db.execute("drop owned by analyst")
        db.execute("drop role analyst")


def test_views_come_and_go_with_their_rollup(lab: Lab) -> None:
    lab.source()
    declare(lab)
    db = lab.connect()
    query = "select count(*) from pg_class where relname in ('visits_bi', 'hours_bi')"
    assert value(db, query) == 2
    db.execute("select rollup.drop_rollup('hours', true)")
    assert value(db, query) == 1
    db.execute("select rollup.drop_rollup('visits')")
    assert value(db, query) == 0
    assert value(db, "select count(*) from lab.visits") == 0  # the table is still there


def test_an_install_writes_views_again(db: Connection, rollupctl: Rollupctl) -> None:
    before = columns(db, "rollup_events_5min_bi")
    db.execute("drop view rollup_events_5min_bi")
    db.execute("create view rollup_events_5min_bi as select 1 as old, 2 as older")
    assert rollupctl("install").returncode == 0
    assert columns(db, "rollup_events_5min_bi") == before
    assert value(db, "select has_table_privilege('public', 'rollup_events_5min_bi', 'select')")
    definition = value(db, "select pg_get_viewdef('rollup_events_1hr_bi'::regclass)")
    assert rollupctl("install").returncode == 0
    assert value(db, "select pg_get_viewdef('rollup_events_1hr_bi'::regclass)") == definition


@needs_tdigest
@pytest.mark.parametrize(
    ("dimensions", "measures", "name"),
    [
        (["country"], {"price": {"avg": "amount"}, "price_count": {"count": "amount"}}, "price_count"),
        (["country"], {"price": {"avg": "amount"}, "price_sum": {"sum": "amount"}}, "price_sum"),
        (["country as price"], {"price": {"avg": "amount"}}, "price"),
        (["country as often_item"], {"often": {"top": "device_id"}}, "often_item"),
        (["country"], {"a": {"last": "amount"}, "a_at": {"max": "event_time"}}, "a_at"),
        (["country as s_p99"], {"s": {"quantiles": "amount"}}, "s_p99"),
    ],
)  # fmt: skip
def test_a_name_that_a_measure_adds_may_not_be_taken(
    plain_lab: Lab, dimensions: list[str], measures: dict[str, Any], name: str
) -> None:
    plain_lab.source()
    with pytest.raises(psycopg.errors.DuplicateColumn) as error:
        plain_lab.declare(dimensions=dimensions, measures=measures)
    assert error.value.diag.message_primary == f"column {name} is named twice"


def test_names_that_are_taken_or_too_long_are_refused(plain_lab: Lab) -> None:
    plain_lab.source()
    db = plain_lab.connect()
    db.execute("create view lab.visits_bi as select 1 as mine")
    with pytest.raises(psycopg.errors.DuplicateTable, match=r"lab\.visits_bi is there already"):
        plain_lab.declare()
    assert value(db, "select mine from lab.visits_bi") == 1
    with pytest.raises(psycopg.errors.NameTooLong):
        plain_lab.declare("t" * 61)
    with pytest.raises(psycopg.errors.NameTooLong):
        plain_lab.declare(measures={"m" * 58: {"avg": "amount"}})
    assert rows(db, "select from rollup.rollups") == []


@needs_tdigest
def test_odd_names_stay_themselves(lab: Lab) -> None:
    lab.source(columns=', "select" numeric, "50% off" int')
    measures = {
        "50% off": {"avg": "50% off"},
        'a "b" %1$s': {"first": "select"},
        "Order": {"top": "50% off", "weight": "select"},
        "%s": {"distinct": "select", "where": "country like 'd%'"},
        "100%": {"quantiles": "select"},
    }
    declare(lab, measures)
    db = lab.connect()
    for n in (3, 1):
        db.execute(f"insert into lab.e values (default, default, 1, 'de', 1, 1, {n}, {n})".encode())  # fmt: skip
        run_family(db, "visits")
    for target in ("visits", "hours"):
        (shown,) = db.execute(f"select * from lab.{target}_bi".encode()).fetchall()
        assert shown[3] == 2
        assert columns(db, f"lab.{target}_bi")["50% off_sum"] == "bigint"
        assert rows(db, "select * from rollup.verify(%s)", target) == []


@needs_tdigest
def test_view_of_a_citus_table_can_be_read_on_any_node(citus_lab: Lab) -> None:
    lab = citus_lab
    lab.source()
    declare(lab, MEASURES | {"spread": {"quantiles": "amount"}})
    db = lab.connect()
    for customer in range(1, 9):
        insert(db, customer, customer_id=customer)
    run_family(db, "visits")
    query = "select customer_id, n, price, devices, often_item, best_list, spread_p95 from lab.visits_bi order by 1"
    wanted = rows(db, query)
    assert [n for _, n, *_ in wanted] == list(range(1, 9))
    for node in (1, 2):
        assert rows(lab.connect(node), query) == wanted
    plan = [
        line for (line,) in rows(db, "explain select * from lab.visits_bi where customer_id = 3")
    ]
    assert any("Task Count: 1" in line for line in plan)
    united = (
        "select item, value from rollup.top((select rollup.top_union_agg(best) from lab.visits))"
    )
    for node in (0, 1):
        assert rows(lab.connect(node), united) == [("de", 3 * 36)]


def test_top_reads_lists_in_descending_order(plain_lab: Lab) -> None:
    db = plain_lab.connect()
    text = '{"b": 2, "a": 2.50, "c": -1, "B": 2, "d": 10}'
    assert rows(db, "select item, value::text from rollup.top(%s::jsonb)", text) == [
        ("d", "10"), ("a", "2.50"), ("B", "2"), ("b", "2"), ("c", "-1"),
    ]  # fmt: skip
    assert rows(db, "select item from rollup.top(%s::jsonb, 1)", text) == [("d",)]
    for empty in ("{}", None):
        assert rows(db, "select * from rollup.top(%s::jsonb)", empty) == []
        assert row(
            db,
            "select rollup.top_item(x), rollup.top_value(x), rollup.top_text(x)"
            " from (select %s::jsonb) y (x)",
            empty,
        ) == (None, None, None)
    assert value(db, "select rollup.top_text(%s::jsonb, 2)", text) == "d (10), a (2.50)"
    assert value(db, "select rollup.top_union_agg(x::jsonb) from (values (null), (%s), ('{\"z\": 1}'), (%s)) v (x)", text, text) == {
        "a": 5, "b": 4, "c": -2, "B": 4, "d": 20, "z": 1,
    }  # fmt: skip
    # The planner puts it into the query that calls it.
    plan = rows(db, "explain select * from (values ('{}'::jsonb)) v (x), rollup.top(x, 3)")
    assert not any("Function Scan on top" in line for (line,) in plan)
