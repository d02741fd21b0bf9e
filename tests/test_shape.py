"""The shape of a rollup: buckets of any length and in time zones, dimensions of any kind, sources
without tenants. Time zones are compared with Python's own."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from psycopg import errors

from tests.helpers import (
    Connection,
    Lab,
    catch_up,
    counted,
    expected,
    insert,
    row,
    rows,
    run,
    run_family,
    script,
    value,
)

UTC = timezone.utc
COUNT: dict[str, Any] = {"n": {"count": "*"}}
BUCKETS = ("1 day", "3 days", "1 week", "1 month", "3 months", "5 months", "1 year")

# Their clocks change at midnight or close to it, by half an hour, by a whole day, or not at all.
ZONES = (
    "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "America/Havana", "Asia/Beirut",
    "Africa/Cairo", "Atlantic/Azores", "Asia/Amman", "Australia/Lord_Howe", "Pacific/Apia",
    "Asia/Kathmandu", "America/Toronto", "UTC",
)  # fmt: skip


def first_date(day: date, bucket: str) -> date:
    """The day with which the bucket of a day begins."""
    number = int(bucket.split()[0])
    if "day" in bucket or "week" in bucket:
        length = number * (7 if "week" in bucket else 1)
        origin = date(2000, 1, 3)  # a Monday
        return origin + timedelta(days=(day - origin).days // length * length)
    length = number * (12 if "year" in bucket else 1)
    months = (day.year * 12 + day.month - 1 - 24000) // length * length + 24000
    return date(months // 12, months % 12 + 1, 1)


def label(time: datetime, bucket: str, zone: str) -> date:
    return first_date(time.astimezone(ZoneInfo(zone)).date(), bucket)


def changes(zone: str, first: int = 1900, last: int = 2030) -> list[datetime]:
    """When a zone's clocks change, to the second."""

    def offset(seconds: int) -> timedelta | None:
        return (
            (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
            .astimezone(ZoneInfo(zone))
            .utcoffset()
        )

    found = []
    week = 7 * 86400
    start, end = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (first, last))
    for low in range(start, end, week):
        before, after = low, low + week
        if offset(before) != offset(after):
            was = offset(before)
            while after - before > 1:
                middle = (before + after) // 2
                before, after = (middle, after) if offset(middle) == was else (before, middle)
            found.append(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=after))
    return found


@pytest.mark.parametrize("zone", ZONES)
def test_buckets_of_a_zone_are_those_of_its_calendar(plain_lab: Lab, zone: str) -> None:
    chance = random.Random(zone)
    times = [
        datetime(1900, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(130 * 365 * 86400))
        for _ in range(300)
    ]
    for change in changes(zone):
        for seconds in (-86400, -7200, -3600, -1800, -1, 0, 1, 1799, 1800, 3599, 3600, 7200, 86399):
            times.append(change + timedelta(seconds=seconds))
    db = plain_lab.connect()
    db.execute("set timezone = 'America/Los_Angeles'")
    for bucket in BUCKETS:
        query = """select t, rollup.bucket_start(%(b)s, %(z)s, t), rollup.bucket_end(%(b)s, %(z)s, t)
                     from unnest(%(t)s::timestamptz[]) t"""
        found = db.execute(query.encode(), {"b": bucket, "z": zone, "t": times}).fetchall()
        second = timedelta(seconds=1)
        for time, start, end in found:
            mine = label(time, bucket, zone)
            assert start <= time < end, (bucket, time)
            assert label(start, bucket, zone) == label(end - second, bucket, zone) == mine, (
                bucket, time, start, end,
            )  # fmt: skip
            assert label(start - second, bucket, zone) < mine < label(end, bucket, zone), (
                bucket, time, start, end,
            )  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("America/Sao_Paulo", "2018-11-04 12:00Z", "2018-11-04 03:00Z", 23),  # no midnight
        ("America/Havana", "2023-11-05 12:00Z", "2023-11-05 04:00Z", 25),  # two midnights
        ("Asia/Beirut", "2023-10-28 12:00Z", "2023-10-27 21:00Z", 25),
        ("Africa/Cairo", "2023-04-28 12:00Z", "2023-04-27 22:00Z", 23),
        ("Pacific/Apia", "2011-12-31 00:00Z", "2011-12-30 10:00Z", 24),  # after a day left out
        ("Europe/Berlin", "1890-06-01 12:00Z", "1890-05-31 23:06:32Z", 24),  # local mean time
        # 23:30 became 00:30, and the day lost its first half-hour.
        ("America/Toronto", "1919-03-31 12:00Z", "1919-03-31 04:30Z", 23.5),
        # At 00:01 clocks went back to 23:01: the new day begins when the old one is over.
        ("America/St_Johns", "2010-11-07 12:00Z", "2010-11-07 03:30Z", 24),
        ("America/St_Johns", "2010-11-07 02:30:30Z", "2010-11-06 02:30Z", 25),
    ],
)
def test_days_whose_midnight_is_odd(
    plain_lab: Lab, zone: str, day: str, start: str, hours: float
) -> None:
    db = plain_lab.connect()
    assert row(
        db,
        """select rollup.bucket_start('1 day', %s, t) = %s::timestamptz,
                  extract(epoch from rollup.bucket_end('1 day', %s, t)
                                     - rollup.bucket_start('1 day', %s, t))::float / 3600
             from (select %s::timestamptz) x (t)""",
        *(zone, start, zone, zone, day),
    ) == (True, hours)


def test_infinite_and_null_times_stay_as_they_are(plain_lab: Lab) -> None:
    db = plain_lab.connect()
    for time in ("infinity", "-infinity", None):
        for zone in ("Europe/Berlin", None):
            query = "select rollup.bucket_start('1 day', %s, %s)::text"
            assert value(db, query, zone, time) == time


# 1890 is local mean time; 1969 lies before 1970, and all before 2000 before the origin.
TIMES = [
    "1890-01-01 00:00:01Z", "1890-01-01 23:06:31Z", "1890-01-01 23:06:32Z", "1890-01-01 23:07:00Z",
    "1969-12-31 22:59:59.999999Z", "1969-12-31 23:00Z", "1999-12-31 22:59:59Z",
    "1999-12-31 23:00Z", "2024-03-30 22:59:59Z", "2024-03-30 23:00Z", "2024-03-31 21:59:59Z",
    "2024-03-31 22:00Z", "2024-06-01 12:03Z", "2024-10-26 21:59Z", "2024-10-26 22:00Z",
    "2024-10-27 22:59Z", "2024-10-27 23:00Z", "2024-12-31 22:59Z", "2024-12-31 23:00Z",
]  # fmt: skip


def in_zone(db: Connection, bucket: str, zone: str) -> Counter[tuple[Any, ...]]:
    """What a rollup of Lab.declare should hold, its bucket as the label of the zone's calendar."""
    found: Counter[tuple[Any, ...]] = Counter()
    for time, customer, country in rows(db, "select event_time, customer_id, country from lab.e"):
        found[label(time, bucket, zone), customer, country] += 1
    return found


def labelled(db: Connection, table: str, bucket: str, zone: str) -> Counter[tuple[Any, ...]]:
    found: Counter[tuple[Any, ...]] = Counter()
    for time, customer, country, n in rows(
        db, f"select bucket, customer_id, country, n from lab.{table}"
    ):
        mine = label(time, bucket, zone)
        assert label(time - timedelta(microseconds=1), bucket, zone) < mine  # it is the start
        assert (mine, customer, country) not in found
        found[mine, customer, country] = n
    return found


GRAINS = {
    "days": ("1 day", "Europe/Berlin"),
    "weeks": ("1 week", "Europe/Berlin"),
    "months": ("1 month", "Europe/Berlin"),
    "years": ("1 year", "Europe/Berlin"),
    "ny": ("1 day", "America/New_York"),
    "utc": ("1 week", "UTC"),
}


@pytest.mark.parametrize("fine", ["5 minutes", "15 minutes", "1 second", None])
def test_zones_are_counted_exactly_alone_and_in_a_family(lab: Lab, fine: str | None) -> None:
    lab.source()
    lab.declare("quarters", bucket="3 months", time_zone="Europe/Berlin")
    if fine:
        lab.declare(bucket=fine)
    for name, (bucket, zone) in GRAINS.items():
        lab.declare(name, bucket=bucket, time_zone=zone)
    db = lab.connect()
    db.execute("set timezone = 'Asia/Kathmandu'")
    grains = GRAINS | {"quarters": ("3 months", "Europe/Berlin")}
    number_of_families = value(db, "select count(distinct family) from rollup.rollups")
    assert number_of_families == (1 if fine else 3)
    for _ in range(2):
        for n, time in enumerate(TIMES):
            insert(db, 1 + n % 2, event_time=time, customer_id=n % 2)
        db.execute("call rollup.run_all()")
    insert(db, 3, event_time="2024-02-29 23:30Z", country=None)
    insert(db, 3, event_time="2024-06-01 12:03Z")
    for name, (bucket, zone) in grains.items():
        assert labelled(db, f"{name}_live", bucket, zone) == in_zone(db, bucket, zone), name
    run_family(db, "weeks")
    db.execute("call rollup.run_all()")
    for name, (bucket, zone) in grains.items():
        assert labelled(db, name, bucket, zone) == in_zone(db, bucket, zone), name
        assert rows(db, "select * from rollup.verify(%s)", name) == []
    if fine:
        assert counted(db) == expected(db, bucket=fine)
        assert rows(db, "select * from rollup.verify('visits')") == []


def test_families_across_zones(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()

    def declare(name: str, bucket: str, zone: str | None) -> None:
        lab.declare(name, bucket=bucket, time_zone=zone, db=db)

    def together(*names: str) -> bool:
        query = "select count(distinct family) = 1 from rollup.rollups where name = any(%s)"
        return bool(value(db, query, list(names)))

    declare("hour", "1 hour", None)
    declare("berlin", "1 day", "Europe/Berlin")
    declare("month", "1 month", "Europe/Berlin")
    assert together("hour", "berlin", "month")
    declare("kolkata", "1 day", "Asia/Kolkata")  # half an hour off
    assert not together("hour", "kolkata")
    declare("half", "30 minutes", None)  # now finer than all in the first family
    assert together("half", "hour", "berlin")
    declare("mumbai", "1 week", "Asia/Kolkata")
    assert together("half", "mumbai")
    declare("kathmandu", "1 week", "Asia/Kathmandu")
    assert not together("half", "kathmandu")
    declare("seven", "7 minutes", None)
    assert not together("seven", "half")


def test_zone_rollup_is_rebuilt_and_repaired_by_whole_buckets(lab: Lab) -> None:
    lab.source()
    lab.declare("weeks", bucket="1 week", time_zone="America/Havana")
    db = lab.connect()
    db.execute("set timezone = 'Pacific/Apia'")
    for day in range(1, 30):
        insert(db, 2, event_time=f"2023-11-{day:02} 04:30Z", customer_id=day % 2)
    catch_up(db, "weeks")
    right = labelled(db, "weeks", "1 week", "America/Havana")
    assert right == in_zone(db, "1 week", "America/Havana")
    db.execute("update lab.weeks set n = n + 1 where customer_id = 1")
    found = rows(db, "select distinct bucket from rollup.verify('weeks') order by 1")
    assert len(found) == 5
    assert len(rows(db, "select * from rollup.verify('weeks', '2023-11-07', '2023-11-14')")) == 2
    # One day is enough to name a week.
    rebuilt = row(
        db, "select events, rows_before, rows_after from rollup.rebuild('weeks', %s, %s)",
        "2023-11-08 00:00Z", "2023-11-09 00:00Z",
    )  # fmt: skip
    assert rebuilt == (14, 2, 2)
    repaired = rows(db, "select bucket, rows_before, rows_after from rollup.repair('weeks')")
    assert repaired == [(bucket, 1, 1) for (bucket,) in found if bucket.day != 6]
    db.execute("update lab.weeks set n = n + 1")
    db.execute("call rollup.rebuild_in_steps('weeks')")
    db.execute("call rollup.rebuild_in_steps('weeks', step => '14 days')")
    assert labelled(db, "weeks", "1 week", "America/Havana") == right
    with pytest.raises(errors.InvalidParameterValue, match="a step must be a multiple of the"):
        db.execute("call rollup.rebuild_in_steps('weeks', step => '10 days')")


def test_expired_events_are_not_missed_in_a_zone(plain_lab: Lab) -> None:
    """The bucket that reaches into what was dropped is left out, those after it are compared."""
    lab = plain_lab
    lab.source()
    lab.declare("days", bucket="1 day", time_zone="Europe/Berlin")
    db = lab.connect()
    for time in ("2024-06-01 10:00Z", "2024-06-01 22:30Z", "2024-06-02 10:00Z"):
        insert(db, 5, event_time=time)
    catch_up(db, "days")
    insert(db, 5, event_time="2024-06-02 22:30Z")
    catch_up(db, "days")
    db.execute("alter table lab.e detach partition lab.e_1")
    assert rows(db, "select * from rollup.verify('days')") == []
    db.execute("update lab.days set n = n + 1")
    found = rows(db, "select bucket from rollup.verify('days')")
    assert found == [(datetime(2024, 6, 2, 22, tzinfo=UTC),)]
    with pytest.raises(errors.ObjectNotInPrerequisiteState):
        db.execute("select rollup.rebuild('days', '2024-06-02 10:00Z', '2024-06-02 12:00Z')")


def test_month_that_reaches_into_what_was_dropped_is_left_out(plain_lab: Lab) -> None:
    """From 29 February 23:00 UTC a month of Berlin goes on to 31 March 22:00 UTC."""
    lab = plain_lab
    lab.source()
    db = lab.connect()
    db.execute(
        """create table lab.e_0 partition of lab.e
               for values from ('2024-03-30 00:00Z') to ('2024-03-31 00:00Z')"""
    )
    lab.declare("months", bucket="1 month", time_zone="Europe/Berlin")
    for time in ("2024-03-10 10:00Z", "2024-03-30 10:00Z", "2024-04-30 10:00Z"):
        insert(db, 5, event_time=time)
    catch_up(db, "months")
    db.execute("alter table lab.e detach partition lab.e_0")
    assert rows(db, "select * from rollup.verify('months')") == []


def test_zone_is_part_of_the_declaration(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare("months", bucket="1 month", time_zone="europe/berlin")
    db = lab.connect()
    assert value(db, "select time_zone from rollup.rollups") == "Europe/Berlin"
    again = lab.declare("months", bucket="1 month", time_zone="Europe/Berlin")
    assert again == "rollup months is there already"
    others: tuple[dict[str, Any], ...] = (
        {"bucket": "30 days", "time_zone": "Europe/Berlin"},  # equal, as intervals go
        {"bucket": "1 month", "time_zone": "Europe/Paris"},
        {"bucket": "1 day"},
    )
    for other in others:
        with pytest.raises(errors.DuplicateObject):
            lab.declare("months", **other)


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (
            {"bucket": "1 month"},
            "Longer ones are days, weeks or months of a time zone: add time_zone => 'UTC', say.",
        ),
        (
            {"bucket": "48 hours", "time_zone": "UTC"},
            "Shorter ones are the same in all time zones: leave time_zone out. Or say '2 days'.",
        ),
        ({"bucket": "1 day", "time_zone": "Berlin"}, "There are Europe/Berlin."),
        ({"bucket": "1 day", "time_zone": "CET"}, "Name a place in it, such as 'Europe/Berlin'."),
        ({"bucket": "1 day", "time_zone": ""}, "See the view pg_timezone_names."),
        (
            {"dimensions": ["count(*) as n2"]},
            "Aggregates, window functions and functions that return rows cannot be in it.",
        ),
        (
            {"dimensions": ["row_number() over () as r"]},
            "Aggregates, window functions and functions that return rows cannot be in it.",
        ),
    ],
)
def test_what_is_wrong_with_a_shape_comes_with_a_hint(
    plain_lab: Lab, options: dict[str, Any], hint: str
) -> None:
    lab = plain_lab
    lab.source()
    with pytest.raises(errors.Error) as caught:
        lab.declare(**options)
    assert caught.value.diag.message_hint == hint


def test_volatile_expression_on_citus_is_refused(citus_lab: Lab) -> None:
    lab = citus_lab
    lab.source()
    with pytest.raises(errors.FeatureNotSupported) as caught:
        lab.declare(dimensions=["(random() > 0.5) as heads"])
    assert "without volatile functions" in str(caught.value.diag.message_hint)
    assert rows(lab.connect(), "select name from rollup.rollups") == []


@pytest.mark.parametrize("bucket", ["1 second", "90 minutes", "7 minutes", "23 hours", "86399 s"])
def test_any_bucket_up_to_a_day_is_exact(lab: Lab, bucket: str) -> None:
    lab.source()
    lab.declare(bucket=bucket)
    db = lab.connect()
    chance = random.Random(bucket)
    for day in ("1999-12-31", "2024-06-01", "2024-06-02"):
        for _ in range(40):
            seconds = chance.randrange(86400 * 1000) / 1000
            time = datetime.fromisoformat(f"{day}T00:00+00:00") + timedelta(seconds=seconds)
            insert(db, chance.randrange(1, 4), event_time=time, customer_id=chance.randrange(3))
    insert(db, 2, event_time="2000-01-01 00:00Z")
    catch_up(db, max_events=50)
    assert_exact_bucket(db, bucket)
    assert rows(db, "select * from rollup.verify('visits')") == []
    db.execute("update lab.visits set n = n + 1 where customer_id = 1")
    db.execute("select rollup.repair('visits')")
    assert_exact_bucket(db, bucket)


def assert_exact_bucket(db: Connection, bucket: str) -> None:
    assert counted(db) == expected(db, bucket=bucket)


def test_dimensions_and_filter_over_properties(lab: Lab) -> None:
    lab.source(columns=", properties jsonb")
    db = lab.connect()
    lab.declare(
        "plans",
        bucket="1 hour",
        dimensions=[
            "properties->>'plan' as plan",
            "(properties #>> '{utm,source}') as \"Utm Source\"",
            "coalesce((properties->>'seats')::int > 5, false) as big",
            "country",
        ],
        measures={"n": {"count": "*"}, "seats": {"sum": "(properties->>'seats')::int"}},
        filter="properties ? 'plan'",
    )
    lab.declare(
        "plan_days",
        bucket="1 day",
        time_zone="Europe/Berlin",
        dimensions=["properties->>'plan' as plan"],
        measures=COUNT,
    )
    for plan, seats, source in (
        ('"free"', 1, "ad"), ('"free"', 9, None), ('"pro"', 9, "ad"), ("null", None, "x"),
    ):  # fmt: skip
        for customer in (1, 2):
            extra = "" if seats is None else f', "seats": {seats}'
            extra += "" if source is None else f', "utm": {{"source": "{source}"}}'
            insert(db, 3, customer_id=customer, properties=f'{{"plan": {plan}{extra}}}')
    insert(db, 5, properties="{}")
    insert(db, 5)
    db.execute("call rollup.run_all()")
    found = rows(
        db,
        """select customer_id, plan, "Utm Source", big, country, n, seats from lab.plans
            order by 1, 2, 3""",
    )
    assert found == [
        (customer, plan, source, big, "de", 3, seats)
        for customer in (1, 2)
        for plan, source, big, seats in (
            ("free", "ad", False, 3),
            ("free", None, True, 27),
            ("pro", "ad", True, 27),
            (None, "x", False, None),
        )
    ]
    shown = "select plan, sum(n)::int from lab.plan_days group by 1 order by 1"
    assert rows(db, shown) == [("free", 12), ("pro", 6), (None, 16)]
    for name in ("plans", "plan_days"):
        assert rows(db, "select * from rollup.verify(%s)", name) == []
    db.execute("update lab.plans set n = 0 where plan = 'pro' and customer_id = 1")
    assert len(rows(db, "select * from rollup.repair('plans', tenant => '1')")) == 1
    assert rows(db, "select * from rollup.verify('plans')") == []


def test_rollups_without_a_tenant(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()
    options: dict[str, Any] = {"tenant": None, "dimensions": ["country"], "measures": COUNT}
    lab.declare("fine", bucket="1 minute", **options)
    lab.declare("days", bucket="1 day", **options)
    lab.declare("berlin", bucket="1 day", time_zone="Europe/Berlin", **options)
    lab.declare("all", bucket="1 day", **options | {"dimensions": []})
    for day in ("2024-06-01", "2024-06-02"):
        for country in ("de", None):
            insert(db, 4, event_time=f"{day} 23:30Z", country=country)
    assert set(run_family(db, "fine")) == {"fine", "days", "berlin"}
    run(db, "all")
    assert [n for (n,) in rows(db, "select n from lab.fine")] == [4, 4, 4, 4]
    assert rows(db, "select bucket::date, n from lab.all order by 1") == [
        (date(2024, 6, 1), 8),
        (date(2024, 6, 2), 8),
    ]
    for name in ("fine", "days", "berlin", "all"):
        assert rows(db, "select * from rollup.verify(%s)", name) == []
        db.execute(f"update lab.{name} set n = n + 1".encode())
        assert len(rows(db, "select * from rollup.verify(%s)", name)) > 0
        assert rows(db, "select tenant_id from rollup.repair(%s) limit 1", name) == [(None,)]
        assert rows(db, "select * from rollup.verify(%s)", name) == []
        db.execute("select rollup.rebuild(%s)", [name])
        with pytest.raises(errors.InvalidParameterValue, match="has no tenants"):
            db.execute("select * from rollup.verify(%s, tenant => '1')", [name])
    assert value(db, "select sum(n) from lab.all") == 16
    insert(db, 1, event_time="2024-06-01 10:00Z")
    with pytest.raises(errors.ObjectNotInPrerequisiteState):
        db.execute("select * from rollup.expire('lab.e', now() - timestamptz '2024-06-02 00:00Z')")
    db.execute("call rollup.run_all()")
    db.execute("select * from rollup.expire('lab.e', now() - timestamptz '2024-06-02 00:00Z')")
    assert value(db, "select count(*) from lab.e") == 8
    for name in ("fine", "days", "berlin", "all"):
        assert rows(db, "select * from rollup.verify(%s)", name) == []
    assert value(db, "select sum(n) from lab.all") == 17


@pytest.mark.no_hostile("compares times as the server writes them")
def test_zone_rollup_with_names_that_need_quotes(lab: Lab) -> None:
    db = lab.connect()
    db.execute('drop schema if exists "Odd" cascade')
    db.execute('create schema "Odd"')
    script(
        db,
        """create table "Odd"."E %" ("Id" bigserial, "At" timestamptz not null default now(),
               "Who" bigint not null, "What's" text)""",
    )
    if lab.server.is_citus:
        db.execute("""select create_distributed_table('"Odd"."E %"', 'Who')""")
    options: dict[str, Any] = {
        "source": '"Odd"."E %"', "tenant": "Who", "id_column": "Id", "time_column": "At",
        "dimensions": ["What's"], "measures": COUNT,
    }  # fmt: skip
    lab.declare("Fine %s", bucket="15 minutes", bucket_column="From", **options)
    lab.declare(
        "Week", bucket="1 week", time_zone="Asia/Kathmandu", bucket_column="to \"'", **options
    )
    lab.declare(
        "Zone", bucket="1 month", time_zone="Europe/Berlin", bucket_column="to \"'", **options
    )
    query = """insert into "Odd"."E %%" ("Who", "At", "What's") values (1, %s, 'x%%')"""
    for time in ("1880-01-31 23:10Z", "2024-01-31 23:10Z", "2024-02-01 00:00Z"):
        db.execute(query, [time])
        db.execute("call rollup.run_all()")
    for name in ("Fine %s", "Week", "Zone"):
        assert rows(db, "select * from rollup.verify(%s)", name) == []
    assert rows(db, """select "to ""'"::text, n from "Odd"."Zone" order by 1""") == [
        ("1880-01-31 23:06:32+00", 1),
        ("2024-01-31 23:00:00+00", 2),
    ]
    for (name,) in rows(db, "select name from rollup.rollups"):
        db.execute("select rollup.drop_rollup(%s, true)", [name])
    db.execute('drop schema "Odd" cascade')


def test_day_of_utc_is_24_hours_in_every_session(plain_lab: Lab) -> None:
    db = plain_lab.connect()
    db.execute("set timezone = 'America/New_York'")
    query = """select rollup.bucket_end('1 day', null, t) - rollup.bucket_start('1 day', null, t)
                      = interval '24:00'
                 from (values (timestamptz '2024-03-10 12:00Z'), ('2024-11-03 12:00Z')) x (t)"""
    assert rows(db, query) == [(True,), (True,)]
