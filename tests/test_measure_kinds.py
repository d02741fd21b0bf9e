"""Measures that take more than one column, or a list with weights: averages, first and last values,
weighted top lists, quantiles. Each equals what plain Python makes of all events at once, however
they were split into batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers import Connection, Lab, row, rows, run, run_family, value
from tests.servers import needs_tdigest

START = datetime(2024, 6, 1, tzinfo=timezone.utc)
MEASURES: dict[str, Any] = {
    "n": {"count": "*"},
    "price": {"avg": "price"},
    "paid": {"avg": "price", "where": "amount > 0"},
    "opened": {"first": "price"},
    "closed": {"last": "word", "where": "amount is not null"},
    "best": {"top": "word", "weight": "price", "counters": 100},
    "few": {"top": "word", "weight": "amount", "counters": 2, "where": "amount >= 0"},
    "spread": {"quantiles": "price"},
}
STORED = {
    "price_sum": "numeric",
    "price_count": "bigint",
    "opened": "numeric",
    "opened_at": "timestamp with time zone",
    "opened_id": "bigint",
    "closed": "text",
    "closed_at": "timestamp with time zone",
    "closed_id": "bigint",
    "best": "jsonb",
}


@dataclass(frozen=True)
class Event:
    id: int
    time: datetime
    customer: int
    word: str | None
    price: Decimal | None
    amount: int | None


def events_of(db: Connection) -> Iterator[Event]:
    for found in rows(
        db, "select event_id, event_time, customer_id, word, price, amount from lab.e"
    ):
        yield Event(*found)


def mean(numbers: list[Decimal]) -> Decimal | None:
    return sum(numbers, Decimal(0)) / len(numbers) if numbers else None


def weights(events: list[Event], weigh: str) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for event in events:
        weight = getattr(event, weigh)
        if event.word is not None and weight is not None:
            totals[event.word] += weight
    return dict(totals)


def assert_exact(db: Connection, target: str, seconds: int) -> None:
    groups: dict[tuple[int, datetime], list[Event]] = defaultdict(list)
    for event in events_of(db):
        bucket = START + (event.time - START) // timedelta(seconds=seconds) * timedelta(
            seconds=seconds
        )
        groups[event.customer, bucket].append(event)
    found = rows(
        db,
        f"""select t.customer_id, t.bucket, t.n, b.price, b.paid, t.opened, t.opened_at, t.closed,
                   t.closed_id, t.best, t.few, tdigest_count(t.spread), b.spread_p50
              from lab.{target} t join lab.{target}_bi b using (customer_id, bucket)""",
    )
    assert {(customer, bucket) for customer, bucket, *_ in found} == set(groups)
    for customer, bucket, n, price, paid, *rest in found:
        events = sorted(groups[customer, bucket], key=lambda e: (e.time, e.id))
        priced = [e.price for e in events if e.price is not None]
        assert n == len(events)
        assert price == (None if not priced else pytest.approx(mean(priced)))
        positive = [
            e.price for e in events if e.price is not None and e.amount is not None and e.amount > 0
        ]
        assert paid == (None if not positive else pytest.approx(mean(positive)))
        opened = next(((e.price, e.time) for e in events if e.price is not None), (None, None))
        closed = next(
            (
                (e.word, e.id)
                for e in reversed(events)
                if e.word is not None and e.amount is not None
            ),
            (None, None),
        )
        assert (*rest[:2], *rest[2:4]) == (*opened, *closed)
        best = {word: Decimal(str(total)) for word, total in rest[4].items()}
        assert best == weights(events, "price")
        exact = weights([e for e in events if e.amount is not None and e.amount >= 0], "amount")
        assert len(rest[5]) == min(2, len(exact))
        assert all(total <= exact[word] for word, total in rest[5].items())
        if len(exact) <= 2:
            assert rest[5] == exact
        assert (rest[6] or 0) == len(priced)
        if priced:
            assert min(priced) <= Decimal(str(rest[7])) <= max(priced)


EVENTS = st.tuples(
    st.integers(1, 2),  # customer
    st.sampled_from([0, 1, 1, 299, 300, 4000]),  # second: many at the same time
    st.sampled_from([None, "a", "b", "c", "ü"]),
    st.sampled_from([None, *map(Decimal, ("-2.5", "0", "0.10", "1", "7.25", "1000000"))]),
    st.sampled_from([None, -3, 0, 1, 5]),
)
WAYS = st.tuples(st.sampled_from(["visits", "hours", "family"]), st.sampled_from([None, 3, 40]))
BATCHES = st.lists(st.tuples(st.lists(EVENTS, max_size=12), WAYS), min_size=1, max_size=6)


def declare(
    lab: Lab, measures: dict[str, Any] | None = None, dimensions: tuple[str, ...] = ()
) -> None:
    for name, bucket in (("visits", "5 minutes"), ("hours", "1 hour")):
        lab.declare(name, bucket=bucket, measures=measures or MEASURES, dimensions=list(dimensions))


def write(db: Connection, events: list[tuple[Any, ...]]) -> None:
    for customer, second, word, price, amount in events:
        db.execute(
            "insert into lab.e (event_time, customer_id, word, price, amount)"
            " values (%s, %s, %s, %s, %s)",
            [START + timedelta(seconds=second), customer, word, price, amount],
        )


@needs_tdigest
def test_any_split_and_order_of_batches_gives_the_same(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source(columns=", word text, price numeric")
    declare(lab)
    db = lab.connect()

    @settings(
        max_examples=40,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(BATCHES)
    def check(batches: list[tuple[list[tuple[Any, ...]], tuple[str, int | None]]]) -> None:
        db.execute("truncate lab.e, lab.visits, lab.hours; delete from rollup.watermarks")
        db.execute("alter sequence lab.e_event_id_seq restart")
        for events, (way, limit) in batches:
            write(db, events)
            if way == "family":
                run_family(db, "visits", limit)
            else:
                run(db, way, limit)
        db.execute("call rollup.run_all()")
        assert_exact(db, "visits", 300)
        assert_exact(db, "hours", 3600)
        for name in ("visits", "hours"):
            assert rows(db, "select * from rollup.verify(%s)", name) == []

    check()


def fill(db: Connection, begin: int, end: int, backwards: bool = False) -> None:
    db.execute(
        f"""insert into lab.e (event_time, customer_id, word, price, amount)
            select timestamptz '2024-06-01 00:00Z' + (h %% 9000) / 3 * interval '3 seconds', h %% 2 + 1,
                   nullif('w' || h %% 12, 'w0'), nullif((h %% 41 - 20) / 4.0, 0),
                   nullif(h %% 21 - 10, 0)
              from (select abs(hashint4(n)) as h from generate_series(%s::int, %s) n
                     order by n {"desc" if backwards else ""}) x""".encode(),
        [begin, end],
    )


@needs_tdigest
@pytest.mark.parametrize("together", [True, False])
def test_every_kind_equals_brute_force(lab: Lab, together: bool) -> None:
    lab.source(columns=", word text, price numeric")
    declare(lab)
    db = lab.connect()
    for begin, end in ((1, 3), (4, 60), (61, 61), (62, 2000)):
        fill(db, begin, end, backwards=end == 60)
        for name in ("visits", "hours"):
            if together:
                run_family(db, "visits")
            else:
                run(db, name)
    assert_exact(db, "visits", 300)
    assert_exact(db, "hours", 3600)
    types = dict(
        rows(
            db,
            """select attname, format_type(atttypid, atttypmod) from pg_attribute
                where attrelid = 'lab.visits'::regclass and attnum > 0""",
        )
    )
    assert {name: types[name] for name in STORED} == STORED
    assert types["spread"].rpartition(".")[2] == "tdigest"


@needs_tdigest
def test_live_view_shows_what_the_next_run_will_write(lab: Lab) -> None:
    lab.source(columns=", word text, price numeric")
    declare(lab)
    db = lab.connect()
    shown = """select customer_id, bucket, n, price_sum, price_count, opened, opened_at, opened_id,
                      closed, closed_at, closed_id, best, tdigest_count(spread)
                 from lab.{} order by 1, 2"""
    for begin, end in ((1, 200), (201, 500), (501, 510)):
        fill(db, begin, end, backwards=end == 500)
        live = {name: rows(db, shown.format(f"{name}_live")) for name in ("visits", "hours")}
        run_family(db, "visits")
        for name, seen in live.items():
            assert seen == rows(db, shown.format(name))
            assert seen == rows(db, shown.format(f"{name}_live"))


@needs_tdigest
def test_verify_sees_and_repair_mends_each_column(lab: Lab) -> None:
    lab.source(columns=", word text, price numeric")
    declare(lab)
    db = lab.connect()
    fill(db, 1, 1500)
    run_family(db, "visits")
    changes = {
        "price_sum": "price_sum + 1",
        "price_count": "null",
        "opened": "opened + 1",
        "opened_at": "'2024-06-01 00:00Z'",
        "closed_id": "closed_id + 1",
        "best": "best || '{\"w1\": 0.25}'",
        "few": "few || '{\"w1\": 100000}'",
    }
    for column, change in changes.items():
        db.execute(f"update lab.hours set {column} = {change} where customer_id = 1".encode())
        found = rows(db, "select distinct tenant_id, measure from rollup.verify('hours')")
        assert found == [("1", column)]
        db.execute("select * from rollup.repair('hours')")
        assert rows(db, "select * from rollup.verify('hours')") == []


@needs_tdigest
@pytest.mark.parametrize(
    "change",
    [
        "price = price + 0.5 where event_id = 7",
        "price = -price",
        "price = null where event_id = 9",
    ],
)
def test_verify_sees_other_quantiles(lab: Lab, change: str) -> None:
    lab.source(columns=", word text, price numeric")
    declare(lab, {"spread": {"quantiles": "price", "compression": 20}})
    db = lab.connect()
    fill(db, 1, 2000)
    run_family(db, "visits")
    db.execute(f"update lab.e set {change}".encode())
    for name in ("visits", "hours"):
        found = rows(db, "select distinct measure, counted like '%% values, mean %%' from rollup.verify(%s)", name)  # fmt: skip
        assert found == [("spread", True)]


@needs_tdigest
def test_verify_sees_values_further_apart_with_the_same_sum(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source(columns=", price numeric")
    declare(lab, {"spread": {"quantiles": "price"}})
    db = lab.connect()
    db.execute("insert into lab.e (customer_id, price) select 1, i from generate_series(1, 999) i")
    run_family(db, "visits")
    db.execute("update lab.e set price = 500 + 3 * (price - 500)")
    found = row(db, "select measure, counted, expected from rollup.verify('hours')")
    # tdigest 1.4.3 has the mean of its centroids, which may differ in the last digit.
    assert found[0] == "spread"
    for shown in found[1:]:
        assert float(shown.removeprefix("999 values, mean ")) == pytest.approx(500)


@needs_tdigest
def test_quantiles_are_exact_while_few_and_close_when_many(lab: Lab) -> None:
    lab.source(columns=", price numeric")
    declare(lab, {"spread": {"quantiles": "price * price"}})
    db = lab.connect()
    insert = (
        "insert into lab.e (customer_id, price) select 1, i from generate_series(%s::int, %s) i"
    )
    db.execute(insert, [1, 9])
    run_family(db, "visits")
    assert row(db, "select spread_p50, spread_p99 from lab.hours_bi")[0] == 25
    for begin in range(10, 5000, 499):  # in order, the worst there is for a sample
        db.execute(insert, [begin, min(begin + 498, 4999)])
        run_family(db, "visits")
    (found,) = rows(db, "select spread_p50, spread_p90, spread_p95, spread_p99 from lab.visits_bi")
    for number, wanted in zip(found, (0.5, 0.9, 0.95, 0.99), strict=True):
        assert number**0.5 / 5000 == pytest.approx(wanted, abs=0.01)


@needs_tdigest
def test_numbers_that_are_none_do_not_count(lab: Lab) -> None:
    # The extension would never come back from a NaN.
    lab.source(columns=", dbl double precision, num numeric, word text")
    measures = {
        "spread": {"quantiles": "dbl"},
        "exact": {"quantiles": "num"},
        "best": {"top": "word", "weight": "dbl"},
    }
    declare(lab, measures)
    db = lab.connect()
    for number in ("NaN", "Infinity", "-Infinity", None, "2.5", "NaN"):
        db.execute(
            "insert into lab.e (customer_id, word, dbl, num) values (1, 'x', %s, %s), (1, 'y', %s, null)",
            [number, number, number if number != "2.5" else None],
        )
        run_family(db, "visits")
    for target in ("visits", "hours"):
        assert row(
            db,
            f"select tdigest_count(spread), tdigest_count(exact), best from lab.{target}",
        ) == (1, 1, {"x": 2.5})
        assert rows(db, "select * from rollup.verify(%s)", target) == []


def test_negative_weights_take_off_and_are_never_cut(lab: Lab) -> None:
    lab.source(columns=", word text, price numeric")
    declare(lab, {"best": {"top": "word", "weight": "price", "counters": 2}})
    db = lab.connect()
    for batch in ([("a", 10), ("b", 7), ("c", 5)], [("c", 4), ("a", -8), ("b", 1)], [("d", -1)]):
        for word, price in batch:
            db.execute(
                "insert into lab.e (customer_id, word, price) values (1, %s, %s)", [word, price]
            )
        run(db)
    # The cuts took 5 off c, and then a; what was taken off a was not lost before.
    assert value(db, "select best from lab.visits") == {"b": 8, "c": 4, "d": -1}
    assert rows(db, "select * from rollup.verify('visits')") == []


def test_counters_of_lists_with_weights_are_their_own(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    weighted = {"top": "country", "weight": "amount", "counters": 50}
    lab.declare("both", measures={"best": weighted, "often": {"top": "device_id", "counters": 5}})
    lab.declare("one", measures={"best": weighted})
    db = lab.connect()
    settings = "select proconfig::text from pg_proc where oid = 'lab.count_{}'::regproc"
    assert "topn.number_of_counters=5" in value(db, settings.format("both"))
    assert "topn" not in value(db, settings.format("one"))


def test_long_items_are_cut_like_those_of_other_lists(lab: Lab) -> None:
    lab.source(columns=", word text")
    declare(lab, {"best": {"top": "word", "weight": "1"}, "often": {"top": "word"}})
    db = lab.connect()
    for _ in range(2):
        for word in ("a" * 300, "a" * 299 + "b", "ü" * 200, "", '"\\\n'):
            db.execute("insert into lab.e (customer_id, word) values (1, %s)", [word])
        run_family(db, "visits")
    for target in ("visits", "hours"):
        best, often = row(db, f"select best, often from lab.{target}")
        assert best == often == {"a" * 255: 4, "ü" * 127: 2, "": 2, '"\\\n': 2}


def test_first_and_last_take_any_type(lab: Lab) -> None:
    lab.source(columns=", doc json, place point, flag boolean, addr inet, code char(3)")
    columns = ("doc", "place", "flag", "addr", "code")
    declare(lab, {f"{kind}_{c}": {kind: c} for kind in ("first", "last") for c in columns})
    db = lab.connect()
    for n in range(4):
        db.execute(
            "insert into lab.e (customer_id, event_time, doc, place, flag, addr, code)"
            " values (1, %s, %s, %s, %s, %s, %s)",
            [START + timedelta(seconds=n * 7 % 3), f'{{"n": {n}}}', f"({n},1)", n % 2 == 0, f"10.0.0.{n}", "x"],
        )  # fmt: skip
        run_family(db, "visits")
    # At seconds 0, 1, 2, 0: the first of two at the same time is the one with the smaller id.
    for target in ("visits", "hours"):
        assert row(
            db,
            f"select first_doc::text, first_place::text, first_flag, host(first_addr), first_code,"
            f" last_doc::text, last_place::text, last_flag from lab.{target}",
        ) == ('{"n": 0}', "(0,1)", True, "10.0.0.0", "x  ", '{"n": 2}', "(2,1)", True)
        assert rows(db, "select * from rollup.verify(%s)", target) == []


def test_rows_with_null_fields_are_first_and_last(lab: Lab) -> None:
    lab.source()
    db = lab.connect()
    db.execute("create type lab.pair as (a int, b int)")
    db.execute("alter table lab.e add column pair lab.pair")
    declare(lab, {"first": {"first": "pair"}, "last": {"last": "pair"}})
    for second, pair in enumerate((None, "(,1)", "(1,2)", "(3,)", None)):
        db.execute(
            "insert into lab.e (customer_id, event_time, pair) values (1, %s, %s)",
            [START + timedelta(seconds=second), pair],
        )
        run_family(db, "visits")
    assert row(db, "select first::text, last::text from lab.visits") == ("(,1)", "(3,)")
    assert rows(db, "select * from rollup.verify('visits')") == []


def test_averages_have_the_types_of_avg(lab: Lab) -> None:
    columns = {
        "small": "smallint", "amount": "integer", "big": "bigint", "num": "numeric(9, 2)",
        "real": "real", "dbl": "double precision", "span": "interval",
    }  # fmt: skip
    lab.source(columns="".join(f", {c} {t}" for c, t in columns.items() if c != "amount"))
    declare(lab, {f"a_{c}": {"avg": c} for c in columns})
    db = lab.connect()
    for batch in range(3):
        db.execute(
            "insert into lab.e (customer_id, small, amount, big, num, real, dbl, span)"
            " select 1, i, i, i, i / 4.0, i / 4.0, i / 4.0, i * interval '1 minute'"
            " from generate_series(1, %s) i",
            [batch * 3 + 1],
        )
        run_family(db, "visits")
    shown = ", ".join(f"a_{c}, pg_typeof(a_{c})::text" for c in columns)
    wanted = ", ".join(f"avg({c}), pg_typeof(avg({c}))::text" for c in columns)
    for target in ("visits", "hours"):
        assert row(db, f"select {shown} from lab.{target}_bi") == row(
            db, f"select {wanted} from lab.e"
        )


DISTINCT = {
    "id": ("uuid", "lpad((i % 7)::text, 32, '0')::uuid"),
    "addr": ("inet", "('10.0.0.' || i % 8)::inet"),
    "net": ("cidr", "('10.0.' || i % 8 || '.0/24')::cidr"),
    "mac": ("macaddr", "('08:00:2b:01:02:0' || i % 8)::macaddr"),
    "day": ("date", "date '2024-06-01' + i % 9"),
    "moment": ("timestamptz", "timestamptz '2024-06-01Z' + i % 9 * interval '1 s'"),
    "span": ("interval", "case i % 3 when 0 then interval '1 day' when 1 then '24:00' else '1 h' end"),
    "doc": ("jsonb", "jsonb_build_object('a', round(i % 5, i % 3), 'b', array[i % 2])"),
    "num": ("numeric", "round(i % 5, i % 3)"),
    "dbl": ("double precision", "(i % 5 - 2) * case when i % 2 = 0 then -1.0::float8 else 1 end"),
    "words": ("text[]", "array['x' || i % 6, null]"),
    "nums": ("numeric[]", "array[round(i % 5, i % 3)]"),
    "raw": ("bytea", "decode(lpad((i % 9)::text, 4, '0'), 'hex')"),
    "long": ("text", "repeat('x' || i % 4, 3000)"),
    "mood": ("lab.mood", "(array['sad', 'ok', 'good'])[i % 3 + 1]::lab.mood"),
    "moods": ("lab.mood[]", "array[(array['sad', 'ok', 'good'])[i % 3 + 1]]::lab.mood[]"),
    "size": ("int4range", "int4range(i % 5, 10)"),
    "code": ("char(3)", "'x' || i % 4"),
}  # fmt: skip


def test_distinct_counts_values_that_are_equal_once(lab: Lab) -> None:
    db = lab.connect()
    db.execute("create type lab.mood as enum ('sad', 'ok', 'good')")
    lab.source(columns="".join(f", {c} {t}" for c, (t, _) in DISTINCT.items()))
    declare(lab, {f"d_{c}": {"distinct": c} for c in DISTINCT})
    for begin in (1, 41, 300):
        values = ", ".join(sql for _, sql in DISTINCT.values())
        db.execute(
            f"insert into lab.e (customer_id, {', '.join(DISTINCT)})"
            f" select i % 2 + 1, {values} from generate_series({begin}, {begin + 60}) i".encode()
        )
        run_family(db, "visits")
    for column in DISTINCT:
        for target in ("visits", "hours"):
            # Of each customer, and across shards, whose nodes number their enums differently.
            assert rows(db, f"select customer_id, d_{column} from lab.{target}_bi order by 1") == rows(
                db, f"select customer_id, count(distinct {column}) from lab.e group by 1 order by 1"
            ), column  # fmt: skip
            assert value(db, f"select round(# hll_union_agg(d_{column})) from lab.{target}") == value(
                db, f"select count(distinct {column}) from lab.e"
            ), column  # fmt: skip


@pytest.mark.parametrize(
    ("measure", "says", "hint"),
    [
        ({"avg": "country"}, "there is no avg of text", ""),
        ({"avg": "*"}, "* is not one expression", ""),
        ({"first": "tags"}, "first of text[] cannot be held", "to_jsonb"),
        ({"min": "tags"}, "min of text[] cannot be held", "to_jsonb"),
        ({"distinct": "pair"}, "distinct does not take lab.pair", "::text"),
        ({"distinct": "row(amount, country)"}, "distinct does not take record", "::text"),
        ({"distinct": "place"}, "values of type point cannot be told apart", "::text"),
        ({"distinct": "amount", "log2m": "x"}, "log2m must be a whole number from 4 to 17, not x", ""),
        ({"top": "country", "counters": 0}, "counters must be a whole number from 1", ""),
        ({"top": "country", "weight": "country"}, "the weight must be a number, not text", ""),
        ({"count": "*", "weight": "amount"}, "count does not take 'weight'", "Options: where."),
        ({"top": "country", "kilo": 1}, "top does not take 'kilo'", "where, counters, weight."),
        ({"quantiles": "country"}, "quantiles are of numbers, not of text", "extract(epoch"),
        ({"quantiles": "amount", "compression": 5}, "compression must be a whole number from 10", ""),
    ],
)  # fmt: skip
def test_a_wrong_measure_gets_one_clear_error(
    plain_lab: Lab, measure: dict[str, Any], says: str, hint: str
) -> None:
    lab = plain_lab
    lab.source(columns=", tags text[], place point")
    db = lab.connect()
    db.execute("create type lab.pair as (a int, b int)")
    db.execute("alter table lab.e add column pair lab.pair")
    with pytest.raises(psycopg.Error) as error:
        lab.declare(measures={"m": measure})
    assert says in str(error.value.diag.message_primary)
    assert hint in (error.value.diag.message_hint or "")
    assert rows(db, "select from rollup.rollups") == []
    assert value(db, "select to_regclass('lab.visits')") is None


def test_who_may_not_create_the_extension_is_told_to_have_it_done(plain_lab: Lab) -> None:
    db = plain_lab.connect()
    db.execute("drop extension if exists tdigest cascade")
    with db.transaction(), pytest.raises(psycopg.errors.InsufficientPrivilege) as error:
        db.execute("set local role pg_monitor")
        db.execute("select rollup_internal.ensure_tdigest('spread')")
    assert "create extension tdigest" in (error.value.diag.message_hint or "")


@needs_tdigest
def test_quantiles_create_the_extension_only_when_asked_for(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()
    db.execute("drop extension if exists tdigest cascade")
    lab.declare()
    query = "select rollup_internal.extension_schema('tdigest')"
    assert value(db, query) is None
    lab.declare("spread", measures={"m": {"quantiles": "amount"}})
    assert value(db, query) == "public"
    db.execute("select rollup.drop_rollup('spread', true)")
    db.execute("drop extension tdigest")
    db.execute("create schema elsewhere")
    db.execute("create extension tdigest schema elsewhere")
    lab.declare("spread", measures={"m": {"quantiles": "amount"}})
    db.execute("insert into lab.e (customer_id, amount) values (1, 5)")
    run(db, "spread")
    run(db, "spread")
    assert value(db, "select m_p50 from lab.spread_bi") == 5
    assert rows(db, "select * from rollup.verify('spread')") == []
