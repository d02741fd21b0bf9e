"""What rollups hold: every kind of measure equals what grouping all events at once gives."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers import (
    Connection,
    Lab,
    assert_exact,
    counted,
    expected,
    insert,
    row,
    rows,
    run,
    run_family,
    value,
)

COLUMNS = """, small smallint, big bigint, num numeric(12, 2), dbl double precision, real real,
    free numeric, flag boolean, word text, tag varchar(20), code char(3), id uuid, day date, span interval,
    raw bytea, addr inet"""

# name: declaration, the same in plain SQL over all events of a group, type of the column
KINDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "events": ({"count": "*"}, "count(*)", "bigint"),
    "counted": ({"count": "amount"}, "count(amount)", "bigint"),
    "wins": (
        {"count": "*", "where": "amount > 0 and word is not null"},
        "count(*) filter (where amount > 0 and word is not null)",
        "bigint",
    ),
    "sum_small": ({"sum": "small"}, "sum(small)", "bigint"),
    "sum_int": ({"sum": "amount"}, "sum(amount)", "bigint"),
    "sum_big": ({"sum": "big"}, "sum(big)", "numeric"),
    "sum_num": ({"sum": "num"}, "sum(num)", "numeric"),
    "sum_dbl": ({"sum": "dbl"}, "sum(dbl)", "double precision"),
    "sum_real": ({"sum": "real"}, "sum(real)", "real"),
    "sum_span": ({"sum": "span"}, "sum(span)", "interval"),
    "sum_expr": ({"sum": "amount * num - 1"}, "sum(amount * num - 1)", "numeric"),
    "sum_where": (
        {"sum": "amount", "where": "flag"},
        "sum(amount) filter (where flag)",
        "bigint",
    ),
    "min_int": ({"min": "amount"}, "min(amount)", "integer"),
    "max_int": ({"max": "amount"}, "max(amount)", "integer"),
    "min_num": ({"min": "num"}, "min(num)", "numeric"),
    "max_dbl": ({"max": "dbl"}, "max(dbl)", "double precision"),
    "min_word": ({"min": "word"}, "min(word)", "text"),
    "max_tag": ({"max": "tag"}, "max(tag)", "text"),
    "max_code": ({"max": "code"}, "max(code)", "bpchar"),
    "min_day": ({"min": "day"}, "min(day)", "date"),
    "max_time": ({"max": "event_time"}, "max(event_time)", "timestamp with time zone"),
    "min_addr": ({"min": "addr"}, "min(addr)", "inet"),
}

DISTINCT = {
    "small": "smallint",
    "amount": "integer",
    "device_id": "bigint",
    "flag": "boolean",
    "word": "text",
    "tag": "text",
    "raw": "bytea",
    "code": "any",
    "id": "any",
    "day": "any",
    "num": "any",
    "free": "any",
    "addr": "any",
}

TOP = ["device_id", "word", "tag", "flag", "day", "id"]

# Numbers are multiples of a quarter, so that floats add up in any order.
FILL = """insert into lab.e (event_time, customer_id, country, device_id, amount, small, big, num,
        dbl, real, free, flag, word, tag, code, id, day, span, raw, addr)
    select timestamptz '2024-06-01 00:00Z' + h %% 150 * interval '1 minute', h %% 2 + 1,
           case when h %% 3 > 0 then 'c' || h %% 2 end,
           nullif(h %% 40, 0), nullif(h %% 21 - 10, 0), nullif(h %% 7 - 3, 0),
           nullif(h %% 9 - 4, 0) * 1152921504606846976, (h %% 33 - 16) / 4.0,
           (nullif(h %% 17 - 8, 0)) / 4.0, (h %% 15 - 7) / 4.0,
           round(h %% 2, h %% 7), nullif(h %% 3, 0) = 1,
           nullif('w' || h %% 12, 'w0'), nullif('t' || h %% 5, 't0'), 'x' || h %% 4,
           case when h %% 6 > 0 then lpad((h %% 6)::text, 32, '0')::uuid end,
           date '2024-06-01' + h %% 5, (h %% 11 - 5) * interval '1 hour',
           decode(lpad((h %% 30)::text, 4, '0'), 'hex'), ('10.0.0.' || h %% 8)::inet
      from (select abs(hashint4(n)) as h from generate_series(%s::int, %s) n) x"""


def declaration() -> dict[str, Any]:
    measures = {name: spec for name, (spec, _, _) in KINDS.items()}
    measures |= {f"distinct_{column}": {"distinct": column} for column in DISTINCT}
    measures |= {f"top_{column}": {"top": column} for column in TOP}
    measures["top_wins"] = {"top": "word", "where": "amount > 0"}
    measures["fine"] = {"distinct": "device_id", "log2m": 14}
    return measures


def sketch(column: str, hashed_as: str, log2m: int = 11) -> str:
    return f"hll_add_agg(hll_hash_{hashed_as}({column}), {log2m}, 5, -1, 1)"


def assert_measures(db: Connection, target: str, bucket: str) -> None:
    start = f"date_bin('{bucket}', event_time, timestamptz '2000-01-01 00:00Z')"
    group = f"customer_id, {start}, country"
    plain = {name: sql for name, (_, sql, _) in KINDS.items()}
    plain |= {f"distinct_{c}": sketch(c, hashed_as) for c, hashed_as in DISTINCT.items()}
    for column in ("num", "free"):  # 1.0 and 1.00 are equal
        plain[f"distinct_{column}"] = sketch(f"trim_scale({column})", "any")
    plain["fine"] = sketch("device_id", "bigint", 14)
    for name, sql in plain.items():
        found = rows(db, f'select customer_id, bucket, country, "{name}"::text from {target}')
        wanted = rows(db, f"select {group}, ({sql})::text from lab.e group by 1, 2, 3")
        assert Counter(found) == Counter(wanted), name

    # While they are small, sketches count exactly.
    for column in DISTINCT:
        found = rows(
            db, f"select customer_id, bucket, country, (# distinct_{column})::int from {target}"
        )
        wanted = rows(
            db,
            f"select {group}, count(distinct {column})::int from lab.e group by 1, 2, 3",
        )
        assert Counter(found) == Counter(wanted), column

    lists = [(f"top_{column}", column, "true") for column in TOP]
    for name, column, where in [*lists, ("top_wins", "word", "amount > 0")]:
        tops: dict[tuple[Any, ...], dict[str, int]] = defaultdict(dict)
        for *key, item, number in rows(
            db,
            f"""select {group}, ({column})::text, count(*) from lab.e
                 where {where} group by 1, 2, 3, 4""",
        ):
            if item is not None:
                tops[tuple(key)][item] = number
        for *key, top in rows(db, f"select customer_id, bucket, country, {name} from {target}"):
            assert (top or {}) == tops.get(tuple(key), {}), (name, key)


@pytest.mark.no_hostile("what it expects are texts as the session writes them")
@pytest.mark.parametrize("together", [True, False])
def test_every_kind_of_measure_equals_brute_force(lab: Lab, together: bool) -> None:
    lab.source(columns=COLUMNS)
    grains = {"visits": "5 minutes", "hours": "1 hour", "days": "1 day"}
    for name, bucket in grains.items():
        lab.declare(name, bucket=bucket, measures=declaration())
    db = lab.connect()
    for begin, end in ((1, 3), (4, 60), (61, 61), (62, 400)):
        db.execute(FILL, [begin, end])
        if together:
            assert {o.status for o in run_family(db, "visits").values()} == {"done"}
        else:
            assert {run(db, name).status for name in grains} == {"done"}
    for name, bucket in grains.items():
        assert_measures(db, f"lab.{name}", bucket)
    types = dict(
        rows(
            db,
            """select attname, format_type(atttypid, atttypmod) from pg_attribute
                where attrelid = 'lab.visits'::regclass and attnum > 0""",
        )
    )
    assert {name: types[name] for name in KINDS} == {name: t for name, (_, _, t) in KINDS.items()}
    assert types["distinct_id"].rpartition(".")[2] == "hll(11,5,-1,1)"
    assert types["fine"].rpartition(".")[2] == "hll(14,5,-1,1)"
    assert types["top_word"] == "jsonb"


def test_trap_12_null_dimensions_stay_one_row(lab: Lab) -> None:
    lab.source(columns=", kind text")
    lab.declare(dimensions=["country", "kind"])
    lab.declare("hours", bucket="1 hour", dimensions=["country", "kind"])
    db = lab.connect()
    for _ in range(3):
        for country, kind in ((None, None), ("de", None), (None, "x")):
            insert(db, 2, country=country, kind=kind)
        run_family(db, "visits")
    for target in ("lab.visits", "lab.hours"):
        found = rows(db, f"select country, kind, n from {target}")
        assert sorted(found, key=str) == [("de", None, 6), (None, "x", 6), (None, None, 6)]


def test_trap_13_null_measures_do_not_stay_null(lab: Lab) -> None:
    measures = {
        "total": {"sum": "amount"},
        "least": {"min": "amount"},
        "most": {"max": "amount"},
        "devices": {"distinct": "device_id"},
        "top": {"top": "device_id"},
        "known": {"count": "amount"},
    }
    lab.source()
    lab.declare(measures=measures)
    lab.declare("hours", bucket="1 hour", measures=measures)
    db = lab.connect()
    unknown = "insert into lab.e (customer_id) values (1)"
    known = "insert into lab.e (customer_id, device_id, amount) values (1, 7, %s)"
    nothing: tuple[Any, ...] = (None, None, None, 0, {}, 0)
    two = (2, 2, 2, 1, {"7": 1}, 1)
    six = (6, 2, 4, 1, {"7": 2}, 2)
    for amount, held in ((None, nothing), (2, two), (None, two), (4, six), (None, six)):
        if amount is None:
            db.execute(unknown)
        else:
            db.execute(known, [amount])
        run_family(db, "visits")
        for target in ("lab.visits", "lab.hours"):
            query = "select total, least, most, # devices, coalesce(top, '{}'), known from "
            assert row(db, query + target) == held


HOSTILE = {
    "timezone": "America/New_York",
    "datestyle": "SQL, DMY",
    "intervalstyle": "sql_standard",
    "extra_float_digits": "-15",
    "bytea_output": "escape",
    "xmlbinary": "hex",
    "xmloption": "document",
    "array_nulls": "off",
}


def hostile(lab: Lab) -> Connection:
    db = lab.connect()
    for name, setting in HOSTILE.items():
        db.execute("select set_config(%s, %s, false)", [name, setting])
    return db


def test_trap_14_session_settings_change_neither_code_nor_counts(lab: Lab) -> None:
    measures = {
        "n": {"count": "*"},
        "total": {"sum": "price"},
        "top": {"top": "price"},
        "late": {"count": "*", "where": "event_time > timestamptz '2024-11-03 06:00Z'"},
        "raws": {"top": "raw"},
        "times": {"top": "event_time"},
        "spans": {"top": "span"},
        "xmls": {"top": "xmlelement(name x, raw)::text"},
        "parts": {"top": "('a' || country)::xml::text"},
        "lists": {"top": "('{NULL,' || country || '}')::text[]::text"},
    }
    dimensions = ["country", "price * 1.1 as dear", "event_time::date as day"]
    lab.source(columns=", price double precision, raw bytea, span interval")
    ours, theirs = lab.connect(), hostile(lab)
    for name, db in (("ours", ours), ("theirs", theirs)):
        for grain in ("5 minutes", "1 day"):
            lab.declare(
                f"{name}_{grain[0]}", bucket=grain, measures=measures, dimensions=dimensions, db=db
            )
    texts = {
        name: str(value(ours, "select pg_get_functiondef(%s::regproc)", f"lab.count_{name}"))
        for name in ("ours_1", "theirs_1", "ours_5", "theirs_5")
    }
    assert texts["theirs_5"].replace("theirs", "ours") == texts["ours_5"]
    # Around the hour that New York has twice, and one with 15 digits that differ.
    for writer in (ours, theirs):
        for minute in (0, 59):
            for hour in range(3, 9):
                insert(
                    writer,
                    event_time=f"2024-11-03 {hour:02}:{minute:02}:00+00",
                    price=0.1 + hour,
                    raw=b"\x00a\\",
                    span="-1 day 02:03:04",
                )
    for db, name in ((ours, "ours"), (theirs, "theirs")):
        for grain in "51":
            run(db, f"{name}_{grain}")
    for grain, width in (("5", "5 minutes"), ("1", "1 day")):
        found = {
            name: Counter(map(str, rows(ours, f"select * from lab.{name}_{grain}")))
            for name in ("ours", "theirs")
        }
        assert found["ours"] == found["theirs"]
        start = f"date_bin('{width}', event_time, timestamptz '2000-01-01 00:00Z')"
        assert Counter(rows(ours, f"select bucket, n from lab.ours_{grain}")) == Counter(
            rows(ours, f"select {start}, count(*) from lab.e group by 1, price")
        )


def test_trap_14_hours_and_days_begin_in_utc(lab: Lab) -> None:
    lab.source()
    lab.declare("hours", bucket="1 hour")
    lab.declare("days", bucket="1 day")
    db = hostile(lab)
    for time in ("2024-11-03 05:30Z", "2024-11-03 06:30Z", "2024-11-03 23:30Z"):
        insert(db, event_time=time)
    run_family(db, "hours")
    query = "select to_char(bucket at time zone 'UTC', 'DD HH24:MI'), n from lab.{} order by 1"
    assert rows(db, query.format("hours")) == [("03 05:00", 1), ("03 06:00", 1), ("03 23:00", 1)]
    assert rows(db, query.format("days")) == [("03 00:00", 3)]


def test_trap_20_sketch_parameters_do_not_follow_the_session(lab: Lab) -> None:
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    db = lab.connect()
    insert(db, 300)
    run_family(db, "visits")
    db.execute("select hll_set_defaults(13, 4, 64, 0)")
    insert(db, 500)
    run(db)  # alone, then as a member: both ways to merge
    run_family(db, "visits")
    insert(db, 700)
    run_family(db, "visits")
    other = lab.connect()
    assert counted(other) == expected(other)
    assert counted(other, "lab.hours") == expected(other, bucket="1 hour")


def test_trap_21_long_top_keys_are_cut_to_255_bytes(lab: Lab) -> None:
    lab.source(columns=", page text")
    measures = {"top": {"top": "page"}}
    lab.declare(measures=measures)
    lab.declare("hours", bucket="1 hour", measures=measures)
    db = lab.connect()
    # 300 bytes; the same 255 bytes and then another; 2-byte characters that straddle the limit.
    pages = ["a" * 300, "a" * 299 + "b", "ü" * 200, "short", "", "a" * 255, '"\\\n']
    for batch in range(3):
        for minute, page in enumerate(pages):
            # In two buckets, and more than once.
            for time in (f"2024-06-01 12:0{minute % 2 * 5}:00Z", "2024-06-01 12:30Z"):
                insert(db, 2, page=page, event_time=time)
        run_family(db, "visits")
        both = {"a" * 255: 12, "ü" * 127: 4, "short": 4, "": 4, '"\\\n': 4}
        (top,) = rows(db, "select top from lab.hours")
        assert top[0] == {key: number * (batch + 1) for key, number in both.items()}
        merged: Counter[str] = Counter()
        for (part,) in rows(db, "select top from lab.visits"):
            merged.update(part)
        assert merged == top[0]


@pytest.mark.parametrize("together", [True, False])
def test_number_of_counters_is_the_declarations(lab: Lab, together: bool) -> None:
    lab.source()
    measures = {"top": {"top": "device_id", "counters": 5}}
    names = ["visits", "hours"] if together else ["visits"]
    for name in names:
        lab.declare(name, bucket="1 hour" if name == "hours" else "5 minutes", measures=measures)
    db = lab.connect()
    db.execute("set topn.number_of_counters = 3")
    for _ in range(2):
        insert(db, 50)
        run_family(db, "visits")
        for name in names:
            assert len(value(db, f"select top from lab.{name}")) == 5
    assert value(db, "show topn.number_of_counters") == "3"


@dataclass(frozen=True)
class Piece:
    """Events alike but for their devices: first, first + 1, …, each `times` times."""

    customer: int
    country: str | None
    minute: int
    first: int
    number: int
    times: int

    def insert(self, db: Connection) -> None:
        db.execute(
            """insert into lab.e (event_time, customer_id, country, device_id, amount)
               select timestamptz '2024-06-01 00:00Z' + %s * interval '1 minute', %s, %s,
                      nullif(i, 3), i - 5
                 from generate_series(%s::int, %s) i, generate_series(1, %s)""",
            [
                self.minute,
                self.customer,
                self.country,
                self.first,
                self.first + self.number - 1,
                self.times,
            ],
        )


PIECES = st.builds(
    Piece,
    customer=st.integers(1, 2),
    country=st.sampled_from([None, "de"]),
    minute=st.sampled_from([0, 4, 5, 61]),
    first=st.integers(1, 50),
    number=st.sampled_from([0, 1, 2, 30, 170, 900, 3000]),
    times=st.integers(1, 2),
)
# How a batch is counted: by one member alone, by all together, in windows of some ids.
WAYS = st.tuples(st.sampled_from(["visits", "hours", "family"]), st.sampled_from([None, 40, 700]))
BATCHES = st.lists(st.tuples(st.lists(PIECES, max_size=3), WAYS), min_size=1, max_size=5)


def start_over(db: Connection) -> None:
    db.execute("truncate lab.e, lab.visits, lab.hours; delete from rollup.watermarks")
    db.execute("select rollup_internal.refresh_tails(array_agg(name)) from rollup.rollups")
    db.execute("alter sequence lab.e_event_id_seq restart")


@pytest.mark.no_hostile("it has many random inputs")
def test_any_split_and_order_gives_the_same_counts_and_sketches(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    db = lab.connect()

    @settings(
        max_examples=30,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(BATCHES)
    def check(batches: list[tuple[list[Piece], tuple[str, int | None]]]) -> None:
        start_over(db)
        for pieces, (way, limit) in batches:
            for piece in pieces:
                piece.insert(db)
            if way == "family":
                run_family(db, "visits", limit)
            else:
                run(db, way, limit)
        db.execute("call rollup.run_all()")
        assert_exact(db)
        assert counted(db, "lab.hours") == expected(db, bucket="1 hour")

    check()


COUNTERS = 4


def test_top_counters_are_never_too_high_and_too_low_by_no_more_than_their_bound(
    plain_lab: Lab,
) -> None:
    lab = plain_lab
    lab.source()
    for name, bucket in (("visits", "5 minutes"), ("hours", "1 hour")):
        lab.declare(
            name,
            bucket=bucket,
            dimensions=[],
            measures={"top": {"top": "device_id", "counters": COUNTERS}},
        )
    db = lab.connect()
    one_event = "insert into lab.e (customer_id, device_id) values (1, %s)"

    @settings(
        max_examples=30,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(st.lists(st.integers(1, 7), min_size=1, max_size=30), min_size=1, max_size=5))
    def check(batches: list[list[int]]) -> None:
        start_over(db)
        true: Counter[str] = Counter()
        bound = 0
        for batch in batches:
            for device in batch:
                db.execute(one_event, [device])
            run(db)
            new = Counter(map(str, batch))
            true += new
            top = value(db, "select top from lab.visits")
            assert len(top) == min(len(true), COUNTERS)
            # A batch with more items than counters lacks some that occur no more often than the
            # last one kept; so does a union that is full.
            if len(new) >= COUNTERS:
                bound += new.most_common(COUNTERS)[-1][1]
            if len(top) == COUNTERS:
                bound += min(top.values())
            for item, number in top.items():
                assert 0 <= true[item] - number <= bound
            for item in true.keys() - top.keys():
                assert true[item] <= bound
            if len(true) <= COUNTERS:
                assert top == true

    check()


def test_filter_leaves_events_out(lab: Lab) -> None:
    lab.source()
    lab.declare(filter="amount > 0 and country is distinct from '%s'")
    lab.declare("hours", bucket="1 hour", filter="amount > 0 and country is distinct from '%s'")
    db = lab.connect()
    where = "amount > 0 and country is distinct from '%s'"
    for amount, country in ((1, "de"), (-1, "de"), (None, "de"), (2, "%s"), (3, None)):
        insert(db, 2, amount=amount, country=country)
    outcomes = run_family(db, "visits")
    assert {outcome.events for outcome in outcomes.values()} == {4}
    insert(db, 2, amount=-5)
    assert run(db) == ("done", 0, 0, False)
    assert counted(db) == expected(db, where=where)
    assert counted(db, "lab.hours") == expected(db, where=where, bucket="1 hour")
    assert value(db, "select sum(n) from lab.visits") == 4


def test_no_dimensions_and_no_tenant(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare(dimensions=[], tenant=None)
    lab.declare("hours", bucket="1 hour", dimensions=[], tenant=None)
    db = lab.connect()
    for customer in (1, 2):
        insert(db, 3, customer_id=customer)
        run_family(db, "visits")
    for target in ("lab.visits", "lab.hours"):
        assert rows(db, f"select n, # devices from {target}") == [(6, 3)]
