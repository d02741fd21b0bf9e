"""Automatic grain and series: rollup.query, rollup.parts, rollup.gapfill, rollup.buckets."""

from __future__ import annotations

import itertools
import random
import threading
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors

from tests.helpers import MEASURES, Connection, Lab, insert, row, rows, run, run_family, value

UTC = timezone.utc
START = datetime(2024, 5, 24, tzinfo=UTC)
GRAINS: dict[str, dict[str, Any]] = {
    "visits": {"bucket": "5 minutes"},
    "hours": {"bucket": "1 hour", "bucket_column": "hour"},
    "days": {"bucket": "1 day", "time_zone": "Europe/Berlin"},
    "weeks": {"bucket": "1 week", "time_zone": "UTC", "bucket_column": "Week"},
}


def declare(lab: Lab, *names: str) -> None:
    lab.source()
    for name in names or GRAINS:
        lab.declare(name, **GRAINS[name])


def fill(db: Connection, number: int = 120) -> None:
    """Events of three weeks at random, of two customers and three countries."""
    chance = random.Random(number)
    for _ in range(number):
        insert(
            db,
            chance.randrange(1, 4),
            event_time=START + timedelta(seconds=chance.randrange(21 * 86400)),
            customer_id=chance.randrange(2),
            country=chance.choice(["de", "fr", None]),
            amount=chance.randrange(9),
        )


def asked(
    db: Connection, start: Any, end: Any, tenant: str | None = None, live: bool = False,
    shape: str = "visits",
) -> Counter[tuple[Any, ...]]:  # fmt: skip
    """What rollup.query answers, added up."""
    query = f"""select customer_id, country, sum(n)::int, sum(amount)::int,
                       hll_union_agg(devices)::text
                  from rollup.query(null::lab.{shape}, %s, %s, %s, %s) group by 1, 2"""
    return Counter(rows(db, query, start, end, tenant, live))


def direct(db: Connection, start: Any, end: Any, where: str = "true") -> Counter[tuple[Any, ...]]:
    query = f"""select customer_id, country, count(*)::int, sum(amount)::int,
                       hll_add_agg(hll_hash_bigint(device_id), 11, 5, -1, 1)::text
                  from lab.e where event_time >= %s and event_time < %s and {where}
                 group by 1, 2"""
    return Counter(rows(db, query, start, end))


def parts(db: Connection, start: Any, end: Any, live: bool = False, name: str = "visits") -> Any:
    query = """select rollup, part_from, part_to from rollup.parts(%s, %s, %s, %s)
                order by part_from"""
    return rows(db, query, name, start, end, live)


def five(minutes: int) -> datetime:
    return START + timedelta(minutes=5 * minutes)


@pytest.mark.no_hostile("long: many random ranges")
def test_random_ranges_are_exact(lab: Lab) -> None:
    declare(lab)
    db = lab.connect()
    fill(db)
    db.execute("call rollup.run_all()")
    counted = value(db, "select max(event_id) from lab.e")
    fill(db, 20)  # not counted yet
    times = st.integers(-300, 22 * 288)

    @settings(
        max_examples=25 if lab.server.is_citus else 60,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.tuples(times, times).filter(lambda t: t[0] != t[1]), st.sampled_from(list(GRAINS)))
    def exact(range_: tuple[int, int], shape: str) -> None:
        start, end = five(min(range_)), five(max(range_))
        where = f"event_id <= {counted}"
        assert asked(db, start, end, shape=shape) == direct(db, start, end, where)
        where += " and customer_id = 1"
        assert asked(db, start, end, "1", shape=shape) == direct(db, start, end, where)
        assert asked(db, start, end, live=True, shape=shape) == direct(db, start, end)
        assert asked(db, start, end, "0", live=True) == direct(db, start, end, "customer_id = 0")
        pieces = parts(db, start, end)
        assert pieces[0][1] == start
        assert pieces[-1][2] == end
        assert all(a[2] == b[1] for a, b in itertools.pairwise(pieces))

    exact()
    db.execute("call rollup.run_all()")
    assert asked(db, None, None) == direct(db, "-infinity", "infinity")
    assert asked(db, five(7), None) == direct(db, five(7), "infinity")


def test_coarsest_buckets_inside_the_range_and_finer_ones_at_its_edges(plain_lab: Lab) -> None:
    lab = plain_lab
    declare(lab)
    db = lab.connect()
    utc = "%Y-%m-%d %H:%M"

    def shown(start: str, end: str, name: str = "visits") -> list[str]:
        return [
            f"{rollup}: {a.astimezone(UTC):{utc}} - {b.astimezone(UTC):{utc}}"
            for rollup, a, b in parts(db, f"{start}Z", f"{end}Z", name=name)
        ]

    assert shown("2024-05-24 11:55", "2024-06-04 12:05", "weeks") == [
        "visits: 2024-05-24 11:55 - 2024-05-24 12:00",
        "hours: 2024-05-24 12:00 - 2024-05-24 22:00",
        "days: 2024-05-24 22:00 - 2024-05-26 22:00",
        "hours: 2024-05-26 22:00 - 2024-05-27 00:00",
        "weeks: 2024-05-27 00:00 - 2024-06-03 00:00",
        "hours: 2024-06-03 00:00 - 2024-06-04 12:00",
        "visits: 2024-06-04 12:00 - 2024-06-04 12:05",
    ]
    assert shown("2024-05-24 11:55", "2024-05-24 12:00") == [
        "visits: 2024-05-24 11:55 - 2024-05-24 12:00"
    ]
    assert shown("2024-05-26 22:00", "2024-05-27 22:00") == [
        "days: 2024-05-26 22:00 - 2024-05-27 22:00"
    ]


@pytest.mark.no_hostile("reads times as text")
def test_columns_are_those_of_the_row_type(lab: Lab) -> None:
    """Tables of one's own may have other orders, more columns, and columns that are gone."""
    lab.source()
    db = lab.connect()
    db.execute(
        """create table lab.mine (note text default 'x', n bigint, gone int, hour timestamptz not null,
               devices hll(11, 5, -1, 1), amount bigint, customer_id bigint not null,
               country varchar)"""
    )
    db.execute("alter table lab.mine drop column gone")
    lab.distribute(db, "lab.mine")
    lab.declare()
    lab.declare("hours", bucket="1 hour", target="lab.mine", bucket_column="hour")
    insert(db, 3, event_time="2024-06-01 11:58Z")
    insert(db, 4, event_time="2024-06-01 12:30Z")
    db.execute("call rollup.run_all()")
    query = """select hour::text, n, amount, note, country from
               rollup.query(null::lab.mine, '2024-06-01 11:55Z', '2024-06-01 13:00Z') order by 1"""
    assert rows(db, query) == [
        ("2024-06-01 11:55:00+00", 3, 9, None, "de"),
        ("2024-06-01 12:00:00+00", 4, 12, "x", "de"),
    ]
    query = query.replace("hour", "bucket").replace("note", "''").replace("mine", "visits")
    assert [line[:3] for line in rows(db, query)] == [
        ("2024-06-01 11:55:00+00", 3, 9),
        ("2024-06-01 12:00:00+00", 4, 12),
    ]


def test_member_that_is_out_of_step_takes_no_part(lab: Lab) -> None:
    declare(lab, "visits", "hours")
    db = lab.connect()
    start, end = "2024-06-01 10:55Z", "2024-06-01 14:00Z"
    insert(db, 5)
    run_family(db, "visits")
    assert {name for name, _, _ in parts(db, start, end)} == {"visits", "hours"}
    insert(db, 2)
    insert(db, 2, event_time="2024-06-01 10:58Z")
    run(db, "visits")
    # The hours are behind: what the finer one has counted is the answer, whichever is asked.
    for shape in ("visits", "hours"):
        assert {name for name, _, _ in parts(db, start, end, name=shape)} == {"visits"}
        assert asked(db, start, end, shape=shape) == direct(db, start, end)
    # Hours alone are what the hours have counted.
    assert sum(n for _, _, n, *_ in asked(db, "2024-06-01 10:00Z", end, shape="hours")) == 5
    insert(db, 1)
    assert {name for name, _, _ in parts(db, start, end, live=True)} == {"visits", "hours"}
    assert asked(db, start, end, live=True) == direct(db, start, end)
    # A new member that is being filled is out of step until it is filled.
    run(db, "hours")
    run(db, "visits")
    lab.declare("days", newest_first=True, **GRAINS["days"])
    start, end = "2024-05-31 22:00Z", "2024-06-01 22:00Z"
    assert {name for name, _, _ in parts(db, start, end)} == {"hours"}
    assert {name for name, _, _ in parts(db, start, end, live=True)} == {"days"}
    assert asked(db, start, end, live=True) == asked(db, start, end) == direct(db, start, end)
    db.execute("call rollup.run_all()")
    assert {name for name, _, _ in parts(db, start, end)} == {"days"}
    assert asked(db, start, end) == direct(db, start, end)


def test_answers_are_of_one_moment_while_runs_go_on(plain_lab: Lab) -> None:
    """Members run one after the other, and together, while a reader adds up a range that has edges
    of both: the answer is what the finer one had counted at the reader's moment."""
    lab = plain_lab
    declare(lab, "visits", "hours")
    db, writer = lab.connect(), lab.connect()
    stop = threading.Event()
    failed: list[BaseException] = []

    def write() -> None:
        try:
            for n in itertools.count():
                if stop.is_set():
                    return
                for minute in (57, 61, 125):
                    insert(
                        writer, 1, event_time=f"2024-06-01 {10 + minute // 60}:{minute % 60:02}Z"
                    )
                if n % 3 < 2:
                    run(writer, ("visits", "hours")[n % 3])
                else:
                    run_family(writer, "visits")
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        used = set()
        for _ in range(150):
            number, counted, live, events = row(
                db,
                """select coalesce((select sum(n) from rollup.query(null::lab.hours, a, b)), 0),
                          coalesce((select max(last_id) from rollup.watermarks
                                     where rollup = 'visits'), 0),
                          coalesce((select sum(n) from rollup.query(null::lab.visits, a, b,
                                                                    live => true)), 0),
                          (select count(*) from lab.e)
                     from (values (timestamptz '2024-06-01 10:55Z',
                                   timestamptz '2024-06-01 13:00Z')) x (a, b)""",
            )
            assert (number, live) == (counted, events)
            used.add(len(parts(db, "2024-06-01 10:55Z", "2024-06-01 13:00Z")))
    finally:
        stop.set()
        thread.join()
    assert failed == []
    assert used == {1, 2}  # in step, and not


def expire(db: Connection, name: str, before: str) -> None:
    """Forget a rollup's old rows, as its retention would."""
    column = value(db, "select bucket_column from rollup.rollups where name = %s", name)
    db.execute("update rollup.rollups set expired_before = %s where name = %s", [before, name])
    db.execute(f'delete from lab.{name} where "{column}" < %s'.encode(), [before])


@pytest.mark.no_hostile("reads times in a message")
def test_rows_that_have_expired_are_taken_from_coarser_ones(plain_lab: Lab) -> None:
    lab = plain_lab
    declare(lab, "visits", "hours")
    db = lab.connect()
    fill(db)
    db.execute("call rollup.run_all()")
    expire(db, "visits", "2024-06-01 00:00Z")
    start, end = "2024-05-30 03:00Z", "2024-06-04 05:55Z"
    assert asked(db, start, end) == direct(db, start, end)
    with pytest.raises(errors.ObjectNotInPrerequisiteState) as caught:
        asked(db, "2024-05-30 03:05Z", end)
    assert caught.value.diag.message_primary == (
        "no rollup of this family has all rows from 2024-05-30 03:05:00+00"
        " to 2024-05-30 04:00:00+00 any more"
    )
    assert str(caught.value.diag.message_hint).startswith("Ask from 2024-05-30 04:00:00+00 on.")
    expire(db, "hours", "2024-05-30 05:00Z")
    with pytest.raises(errors.ObjectNotInPrerequisiteState):
        asked(db, start, end)
    query = "select bucket, value from rollup.gapfill('hours', 'n', %s, %s)"
    series = rows(db, query, start, "2024-05-30 08:00Z")
    assert [number is None for _, number in series] == [True, True, False, False, False]


@pytest.mark.no_hostile("reads times in messages")
@pytest.mark.parametrize(
    ("call", "error", "message", "hint"),
    [
        (
            "rollup.query(null::lab.visits, '2024-06-01 10:02Z', '2024-06-01 11:01Z')",
            errors.InvalidParameterValue,
            "no rollup of this family has buckets that begin at 2024-06-01 10:02:00+00"
            " and end at 2024-06-01 11:01:00+00",
            "The finest is visits, of 00:05:00: ask from 2024-06-01 10:00:00+00"
            " to 2024-06-01 11:05:00+00.",
        ),
        (
            "rollup.query(null::lab.visits, '2024-06-02', '2024-06-01')",
            errors.InvalidParameterValue,
            "the range must end after it begins, not from 2024-06-02 00:00:00+00"
            " to 2024-06-01 00:00:00+00",
            "None",
        ),
        (
            "rollup.query(null::lab.e)",
            errors.WrongObjectType,
            "lab.e is not the row type of a rollup's table",
            "For example null::lab.visits.",
        ),
        ("rollup.query(1)", errors.WrongObjectType,
         "integer is not the row type of a rollup's table", "For example null::lab.visits."),
        (
            "rollup.gapfill('nothing', 'n', '2024-06-01', '2024-06-02')",
            errors.UndefinedObject, "there is no rollup nothing", "There are: visits, hours",
        ),
        (
            "rollup.gapfill('visits', 'nix', '2024-06-01', '2024-06-02')",
            errors.UndefinedColumn,
            "rollup visits has no measure nix", "There are: n, amount, devices",
        ),
        (
            "rollup.gapfill('visits', 'n', '2024-06-01', null)",
            errors.InvalidParameterValue,
            "a series needs a time at which it begins and one at which it ends", "None",
        ),
        (
            "rollup.gapfill('visits', 'n', '2024-06-01', '2024-06-02', step => '7 minutes')",
            errors.InvalidParameterValue,
            "the buckets of rollup visits, 00:05:00, do not add up to steps of 00:07:00", "None",
        ),
        (
            "rollup.gapfill('hours', 'n', '2024-06-01', '2024-06-02', step => '1 day',"
            " time_zone => 'Asia/Kolkata')",
            errors.InvalidParameterValue,
            "the buckets of rollup hours, 01:00:00, do not add up to steps of 1 day"
            " in Asia/Kolkata", "None",
        ),
        (
            "rollup.gapfill('visits', 'n', '2024-06-01', '2024-06-02', step => '1 week')",
            errors.InvalidParameterValue,
            "the bucket must be whole seconds, from 1 second to 1 day, not '7 days'",
            "Longer ones are days, weeks or months of a time zone: add time_zone => 'UTC', say.",
        ),
        (
            "rollup.gapfill('visits', 'n', '2024-06-01', '2024-06-02',"
            """ dimensions => '{"browser": 1}')""",
            errors.UndefinedColumn, "rollup visits has no dimension browser", "None",
        ),
        (
            "rollup.buckets('visits', '-infinity', '2024-06-02')",
            errors.InvalidParameterValue,
            "a series needs a time at which it begins and one at which it ends", "None",
        ),
    ],
)  # fmt: skip
def test_wrong_questions_get_one_clear_error(
    plain_lab: Lab, call: str, error: type[psycopg.Error], message: str, hint: str
) -> None:
    lab = plain_lab
    declare(lab, "visits", "hours")
    with pytest.raises(error) as caught:
        lab.connect().execute(f"select * from {call}".encode())
    assert caught.value.diag.message_primary == message
    assert str(caught.value.diag.message_hint) == hint


def series(db: Connection, *args: Any, **named: Any) -> list[tuple[datetime, Any]]:
    marks = ["%s"] * len(args) + [f"{name} => %s" for name in named]
    return rows(
        db,
        f"select bucket, value from rollup.gapfill({', '.join(marks)})",
        *args,
        *named.values(),
    )


def test_series_has_every_bucket_and_zeros_where_nothing_was(lab: Lab) -> None:
    lab.source()
    measures = MEASURES | {
        "highest": {"max": "amount"},
        "cheap": {"count": "*", "where": "amount < 3"},
    }
    lab.declare(measures=measures)
    lab.declare("hours", bucket="1 hour", measures=measures)
    db = lab.connect()
    insert(db, 5, event_time="2024-06-01 10:01Z", amount=2)
    insert(db, 5, event_time="2024-06-01 10:04Z", amount=7, country=None)
    insert(db, 7, event_time="2024-06-01 10:17Z", customer_id=2)
    db.execute("call rollup.run_all()")

    def values(measure: str, **named: Any) -> list[Any]:
        end = "2024-06-01 10:18Z"
        found = series(db, "visits", measure, "2024-06-01 10:00Z", end, **named)
        first = datetime(2024, 6, 1, 10, tzinfo=UTC)
        assert [at for at, _ in found] == [first + timedelta(minutes=5 * n) for n in range(4)]
        return [number if number is None else float(number) for _, number in found]

    assert values("n") == [10, 0, 0, 7]
    assert values("n", tenant="1") == [10, 0, 0, 0]
    assert values("n", tenant="3") == [0, 0, 0, 0]
    assert values("amount") == [45, 0, 0, 21]
    assert values("devices") == [5, 0, 0, 7]  # united over countries
    assert values("highest") == [7, None, None, 3]
    assert values("cheap") == [5, 0, 0, 0]
    assert values("n", dimensions='{"country": "de"}') == [5, 0, 0, 7]
    assert values("n", dimensions='{"country": null}') == [5, 0, 0, 0]
    assert values("devices", dimensions='{"country": null}', tenant="1") == [5, 0, 0, 0]
    insert(db, 2, event_time="2024-06-01 10:09Z")
    assert values("n") == [10, 0, 0, 7]
    assert values("n", live=True) == [10, 2, 0, 7]
    assert values("highest", live=True) == [7, 3, None, 3]


def test_series_of_every_number_that_is_shown(lab: Lab) -> None:
    """Averages and quantiles of a step are of its events, not of its rows."""
    lab.source()
    measures = {
        "place": {"count": "*"},
        "price": {"avg": "amount"},
        "spread": {"quantiles": "amount"},
        "latest": {"last": "amount"},
        "best": {"top": "country", "weight": "amount"},
    }
    for name, bucket in (("visits", "5 minutes"), ("hours", "1 hour")):
        lab.declare(name, bucket=bucket, measures=measures, dimensions=["country"])
    db = lab.connect()
    for minute, amount, number in ((1, 2, 1), (2, 8, 3), (31, 4, 2), (70, 5, 1), (190, 7, 1)):
        insert(
            db, number, amount=amount, country="de" if minute % 2 else "fr",
            event_time=f"2024-06-01 {10 + minute // 60}:{minute % 60:02}Z",
        )  # fmt: skip
    db.execute("call rollup.run_all()")

    def values(number: str, **named: Any) -> list[Any]:
        found = series(
            db, "visits", number, "2024-06-01 10:00Z", "2024-06-01 13:10Z", step="1 hour", **named
        )
        return [number if number is None else round(float(number), 3) for _, number in found]

    for tenant in (None, "1"):
        assert values("place", tenant=tenant) == [6, 1, 0, 1]
        assert values("price", tenant=tenant) == [5.667, 5, None, 7]
        assert values("price_sum", tenant=tenant) == [34, 5, 0, 7]
        assert values("price_count", tenant=tenant) == [6, 1, 0, 1]
        assert values("spread_p50", tenant=tenant)[1:] == [5, None, 7]
        assert 4 <= values("spread_p50", tenant=tenant)[0] <= 8
        assert values("latest", tenant=tenant) == [4, 5, None, 7]
        assert values("best_value", tenant=tenant) == [24, 5, None, 7]
    assert values("price", dimensions='{"country": "de"}') == [3.333, None, None, None]
    with pytest.raises(errors.DatatypeMismatch, match="best_item of rollup visits is no number"):
        values("best_item")
    with pytest.raises(errors.UndefinedColumn) as caught:
        values("spread")
    assert "spread_p50" in str(caught.value.diag.message_hint)


@pytest.mark.parametrize(
    ("step", "zone"),
    [
        ("1 hour", None), ("3 hours", None), ("1 day", None), ("1 day", "Europe/Berlin"),
        ("1 day", "America/New_York"), ("1 week", "UTC"), ("1 month", "Europe/Berlin"),
        ("1 week", "Asia/Kathmandu"),
    ],
)  # fmt: skip
def test_series_of_steps_are_exact_in_time_zones(lab: Lab, step: str, zone: str | None) -> None:
    """Over the days on which clocks change, whichever members can answer."""
    declare(lab)
    db = lab.connect()
    chance = random.Random(step)
    start = datetime(2024, 10, 24, tzinfo=UTC)
    for _ in range(80):
        time = start + timedelta(seconds=chance.randrange(12 * 86400))
        insert(db, chance.randrange(1, 3), event_time=time, customer_id=chance.randrange(2))
    db.execute("call rollup.run_all()")
    found = series(db, "visits", "n", start, start + timedelta(days=12), step=step, time_zone=zone)
    borders = [at for at, _ in found]
    ends = rows(
        db,
        "select bucket, bucket_to from rollup.buckets('visits', %s, %s, %s, %s)",
        start, start + timedelta(days=12), step, zone,
    )  # fmt: skip
    assert [at for at, _ in ends] == borders
    assert [end for _, end in ends][:-1] == borders[1:]
    for (at, number), (_, end) in zip(found, ends, strict=True):
        count = "select count(*) from lab.e where event_time >= %s and event_time < %s"
        assert number == value(db, count, at, end)
    if zone:
        local = [at.astimezone(ZoneInfo(zone)) for at in borders]
        assert {(at.hour, at.minute) for at in local} == {(0, 0)}
        lengths = {round((end - at).total_seconds() / 3600) for at, end in ends}
        if (step, zone) in {("1 day", "Europe/Berlin"), ("1 day", "America/New_York")}:
            assert lengths == {24, 25}
    tenants = [
        series(db, "visits", "n", start, start + timedelta(days=12), tenant, step, zone)
        for tenant in ("0", "1")
    ]
    assert [a + b for (_, a), (_, b) in zip(*tenants, strict=True)] == [n for _, n in found]


def test_series_without_a_tenant_and_over_a_month_long_rollup(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare("months", bucket="1 month", time_zone="Europe/Berlin", tenant=None, dimensions=[])
    db = lab.connect()
    insert(db, 3, event_time="2024-06-30 22:00Z")
    run(db, "months")
    found = series(db, "months", "n", "2024-04-30 22:00Z", "2024-07-01 00:00Z")
    assert [(f"{at.astimezone(UTC):%m-%d %H}", int(number)) for at, number in found] == [
        ("04-30 22", 0),
        ("05-31 22", 0),
        ("06-30 22", 3),
    ]
    yearly = series(db, "months", "n", "2024-04-30 22:00Z", "2024-07-01 00:00Z", step="1 year")
    assert [int(number) for _, number in yearly] == [3]
    query = "select n from rollup.query(null::lab.months, '2024-06-30 22:00Z', '2024-07-31 22:00Z')"
    assert rows(db, query) == [(3,)]
    with pytest.raises(errors.InvalidParameterValue, match="has no tenants"):
        db.execute("select * from rollup.query(null::lab.months, tenant => '1')")


def test_one_tenants_query_reaches_one_shard(citus_lab: Lab) -> None:
    lab = citus_lab
    declare(lab)
    db = lab.connect()
    fill(db, 20)
    db.execute("call rollup.run_all()")
    for live in (False, True):
        (text,) = row(
            db,
            """select string_agg(rollup_internal.query_part_text('visits', rollup, part_from, part_to, '1', %s),
                                 ' union all ')
                 from rollup.parts('visits', '2024-05-24 11:55Z', '2024-06-04 12:05Z', %s)""",
            live, live,
        )  # fmt: skip
        plan = "\n".join(line for (line,) in rows(db, f"explain {text}"))
        assert "Task Count: 1\n" in plan
        assert "Distributed Subplan" not in plan


def test_series_of_what_several_columns_hold(plain_lab: Lab) -> None:
    # An average of averages is wrong: sums and counts are added up, then divided.
    plain_lab.source()
    plain_lab.declare(measures={"mean": {"avg": "amount"}, "top": {"top": "device_id"}})
    db = plain_lab.connect()
    insert(db, 1, country="a", amount=10)
    insert(db, 3, country="b", amount=2)
    db.execute("call rollup.run_all()")
    series = "select value::float from rollup.gapfill('visits', %s, '2024-06-01 12:00Z', '2024-06-01 12:05Z')"
    assert value(db, series, "mean") == 4.0
    assert value(db, series, "mean_sum") == 16
    assert value(db, series, "top_value") == 2
    with pytest.raises(psycopg.errors.UndefinedColumn) as caught:
        db.execute(series.encode(), ["meen"])
    assert caught.value.diag.message_hint == (
        "There are: mean, mean_sum, mean_count, top_item, top_list, top_value"
    )
    with pytest.raises(
        psycopg.errors.DatatypeMismatch, match="top_list of rollup visits is no number"
    ):
        db.execute(series.encode(), ["top_list"])


def test_member_whose_added_measure_is_not_filled_in_takes_no_part(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    measures = {"n": {"count": "*"}}
    lab.declare(measures=measures)
    lab.declare("hours", bucket="1 hour", measures=measures)
    db = lab.connect()
    for minute in (5, 65, 125):
        insert(db, 2, event_time=f"2024-06-01 {10 + minute // 60}:{minute % 60:02}Z")
    db.execute("call rollup.run_all()")
    for name in ("visits", "hours"):
        db.execute(
            """select rollup.alter_rollup(%s, add_measures => '{"total": {"sum": "amount"}}')""",
            [name],
        )
    insert(db, 1, event_time="2024-06-01 13:30Z")
    insert(db, 1, event_time="2024-06-01 10:05Z")
    db.execute("call rollup.run_all()")

    def total(name: str) -> list[Any]:
        found = series(
            db, name, "total", "2024-06-01 10:00Z", "2024-06-01 14:00Z", step="1 hour", tenant="1"
        )
        return [number if number is None else int(number) for _, number in found]

    assert total("visits") == total("hours") == [None, None, None, 3]
    db.execute("call rollup.backfill_measures('visits')")
    assert total("visits") == [9, 6, 6, 3]
    assert total("hours") == [None, None, None, 3]
    query = """select sum(n)::int, sum(total)::int
                 from rollup.query(null::lab.visits, '2024-06-01 10:00Z', '2024-06-01 14:00Z')"""
    assert rows(db, query) == [(8, 24)]
    assert {name for name, *_ in parts(db, "2024-06-01 10:00Z", "2024-06-01 14:00Z")} == {
        "visits", "hours",
    }  # fmt: skip
    db.execute("call rollup.backfill_measures('hours')")
    assert total("hours") == [9, 6, 6, 3]
    assert rows(db, query) == [(8, 24)]
    assert {name for name, *_ in parts(db, "2024-06-01 10:00Z", "2024-06-01 14:00Z")} == {"hours"}
