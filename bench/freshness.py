"""Ten minutes of events, brought up to date as they come, here and in TimescaleDB."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from statistics import median

from bench.lab import Connection, Lab, laboratory, say
from bench.scenarios import REST, Row, Sizes, compare
from rollupctl.pgbinaries import find_binaries

SECONDS = 600
DAY = datetime.now(timezone.utc).date()
# Of 200 tenants, the first has a sixth of all events.
COLUMNS = "event_time, customer_id, event_type, country, browser, device_id, session_id"
EVENTS = f"""insert into events ({COLUMNS})
    select timestamptz '{DAY} 10:00Z' + interval '1 second' * ({{since}} + n::float8 / {{rate}}),
           1 + (power(random(), 3) * 199)::bigint, {REST}
      from generate_series(0, {{rate}} * {{seconds}} - 1) n"""

INDEX = "create index on events (customer_id, event_id)"

# The same sketches. Lists are those of the C extension.
HYPERTABLE = """
create extension timescaledb;
create extension hll;
create extension topn;
set topn.number_of_counters = 1000;
set enable_hashagg = off;
create table events (event_time timestamptz not null, customer_id bigint not null, event_type text,
                     country text, browser text, device_id bigint, session_id bigint);
select create_hypertable('events', 'event_time', chunk_time_interval => interval '1 day');
create materialized view five_minutes
with (timescaledb.continuous, timescaledb.materialized_only = true) as
select customer_id, time_bucket('5 minutes', event_time) as minute, event_type, country, browser,
       count(*) as event_count, hll_add_agg(hll_hash_bigint(device_id)) as devices,
       hll_add_agg(hll_hash_bigint(session_id)) as sessions,
       topn_add_agg(device_id::text) as top_devices
  from events group by 1, 2, 3, 4, 5 with no data;
create materialized view hours
with (timescaledb.continuous, timescaledb.materialized_only = true) as
select customer_id, time_bucket('1 hour', minute) as hour, event_type, country, browser,
       sum(event_count) as event_count, hll_union_agg(devices) as devices,
       hll_union_agg(sessions) as sessions, topn_union_agg(top_devices) as top_devices
  from five_minutes group by 1, 2, 3, 4, 5 with no data
"""
REFRESH = f"call refresh_continuous_aggregate('{{}}', '{DAY} 10:00Z', '{DAY} 11:00Z')"
SESSION = (
    "set topn.number_of_counters = 1000",
    "set enable_hashagg = off",
    "set work_mem = '256MB'",
)


def freshness(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """The sum of all runs, or refreshes, of both rollups of the example."""
    rate = sizes.events // 500
    say(f"{SECONDS} seconds of {rate} events each")
    found = {every: ours(lab, rate, every) for every in (10, 60, 300)}
    mine = {every: each.runs for every, each in found.items()}
    indexed = ours(lab, rate, 300, index=True)
    seldom = indexed.runs + indexed.inserts - found[300].inserts
    what = "a run every 300 s, and an index for live views"
    yield compare(f"{what}, with what it costs inserts", seldom, "a run every 10 s", mine[10], None)
    for text, each in (("with the index", indexed), ("without", found[300])):
        asked_what = f"live view of a tenant's hour, {300 * rate:,} events uncounted, {text}"
        yield Row(asked_what, each.live * 1000, "the table", each.table * 1000,
                  each.live / each.table, unit="ms")  # fmt: skip
    if not all(find_binaries().has_library(name) for name in ("timescaledb", "topn")):
        say("TimescaleDB: skipped, timescaledb or topn is not installed")
        for every in (10, 60):
            yield compare(f"{rate:,} events/s, a run every {every} s", mine[every],
                          "every 300 s", mine[300], None)  # fmt: skip
        return
    with laboratory(lab.runs, preload=["timescaledb"]) as peer:
        once = theirs(peer, rate, 300, finish=True)
        for every, as_fresh, cheapest in ((10, 0.1, 1.5), (60, 0.35, 1.3)):
            fresh = theirs(peer, rate, every)
            what = f"{rate:,} events/s, a run every {every} s"
            yield compare(what, mine[every], "TimescaleDB, as fresh", fresh, as_fresh)
            yield compare(what, mine[every], "TimescaleDB, each bucket once", once, cheapest)
            if every == 10:
                what = f"{rate:,} events/s, a run every 300 s, an index for live views"
                yield compare(what, seldom, "TimescaleDB, as fresh", fresh, as_fresh)
                yield compare(what, seldom, "TimescaleDB, each bucket once", once, cheapest)
        yield compare(f"{rate:,} events/s, a run every 300 s", mine[300],
                      "TimescaleDB, each bucket once", once, None)  # fmt: skip


@dataclass
class Sums:
    """Seconds of all inserts and of all runs, and of one question just before the last run."""

    inserts: float = 0
    runs: float = 0
    table: float = 0
    live: float = 0


def ours(lab: Lab, rate: int, every: int, *, index: bool = False) -> Sums:
    name = f"bench_every_{every}"
    lab.make(name)
    found = Sums()
    with lab.connect(name) as db:
        db.execute("set client_min_messages = warning")
        if index:
            db.execute(INDEX)
        for since in range(0, SECONDS, every):
            found.inserts += insert(db, rate, since, every)
            if since + every >= SECONDS:
                db.execute("vacuum analyze events")
                found.table = asked(db, "rollup_events_1hr")
                found.live = asked(db, "rollup_events_1hr_live")
            found.runs += timed(db, "call rollup.run_all()")
        assert_counted(db, "rollup_events_1hr", rate)
    lab.drop(name)
    say(f"every {every} s: {found.runs:.1f} s, inserts {found.inserts:.1f} s")
    return found


def asked(db: Connection, relation: str) -> float:
    """The median for ten tenants."""
    return median(
        timed(db, f"select sum(event_count) from {relation}"
                  f" where customer_id = {tenant} and hour >= '{DAY} 10:00Z'")
        for tenant in range(20, 200, 18)
    )  # fmt: skip


def theirs(lab: Lab, rate: int, every: int, *, finish: bool = False) -> float:
    """With `finish`, hours are refreshed after the last bucket of five minutes only."""
    name = f"bench_peer_{every}_{finish}".lower()
    with lab.connect("postgres") as admin:
        admin.execute(f"create database {name}".encode())
    with lab.connect(name) as db:
        for statement in HYPERTABLE.split(";\n"):
            db.execute(statement.encode())
        for setting in SESSION:
            db.execute(setting.encode())
        fine, coarse = REFRESH.format("five_minutes"), REFRESH.format("hours")
        seconds = 0.0
        for since in range(0, SECONDS, every):
            last = since + every >= SECONDS
            insert(db, rate, since, every)
            seconds += timed(db, fine, *([coarse] if last or not finish else []))
        assert_counted(db, "hours", rate)
    lab.drop(name)
    say(f"TimescaleDB every {every} s{', hours at the end' if finish else ''}: {seconds:.1f} s")
    return seconds


def insert(db: Connection, rate: int, since: int, seconds: int) -> float:
    return timed(db, EVENTS.format(since=since, rate=rate, seconds=seconds))


def timed(db: Connection, *statements: str) -> float:
    began = time.perf_counter()
    for statement in statements:
        db.execute(statement.encode())
    return time.perf_counter() - began


def assert_counted(db: Connection, table: str, rate: int) -> None:
    row = db.execute(f"select sum(event_count) from {table}".encode()).fetchone()
    assert row == (rate * SECONDS,), row
