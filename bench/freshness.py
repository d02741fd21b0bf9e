"""Ten minutes of events, brought up to date as they come, here and in TimescaleDB."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timezone

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
    mine = {every: ours(lab, rate, every) for every in (10, 60, 300)}
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
        yield compare(f"{rate:,} events/s, a run every 300 s", mine[300],
                      "TimescaleDB, each bucket once", once, None)  # fmt: skip


def ours(lab: Lab, rate: int, every: int) -> float:
    name = f"bench_every_{every}"
    lab.make(name)
    with lab.connect(name) as db:
        db.execute("set client_min_messages = warning")
        seconds = sum(
            timed(db, rate, since, every, "call rollup.run_all()")
            for since in range(0, SECONDS, every)
        )
        assert_counted(db, "rollup_events_1hr", rate)
    lab.drop(name)
    say(f"every {every} s: {seconds:.1f} s")
    return seconds


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
            seconds += timed(
                db, rate, since, every, fine, *([coarse] if last or not finish else [])
            )
        assert_counted(db, "hours", rate)
    lab.drop(name)
    say(f"TimescaleDB every {every} s{', hours at the end' if finish else ''}: {seconds:.1f} s")
    return seconds


def timed(db: Connection, rate: int, since: int, seconds: int, *statements: str) -> float:
    db.execute(EVENTS.format(since=since, rate=rate, seconds=seconds).encode())
    began = time.perf_counter()
    for statement in statements:
        db.execute(statement.encode())
    return time.perf_counter() - began


def assert_counted(db: Connection, table: str, rate: int) -> None:
    row = db.execute(f"select sum(event_count) from {table}".encode()).fetchone()
    assert row == (rate * SECONDS,), row
