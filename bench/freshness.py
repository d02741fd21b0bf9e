"""Ten minutes of events, brought up to date as they come, here and in TimescaleDB."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from statistics import median

from bench import timescale
from bench.dashboards import LIVE_INDEX
from bench.lab import Connection, Lab, say
from bench.scenarios import REST, Row, Sizes, compare

SECONDS = 600
DAY = datetime.now(timezone.utc).date()
# Of 200 tenants, the first has a sixth of all events.
COLUMNS = "event_time, customer_id, event_type, country, browser, device_id, session_id"
EVENTS = f"""insert into events ({COLUMNS})
    select timestamptz '{DAY} 10:00Z' + interval '1 second' * ({{since}} + n::float8 / {{rate}}),
           1 + (power(random(), 3) * 199)::bigint, {REST}
      from generate_series(0, {{rate}} * {{seconds}} - 1) n"""


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
    if not timescale.is_installed():
        for every in (10, 60):
            yield compare(f"{rate:,} events/s, a run every {every} s", mine[every],
                          "every 300 s", mine[300], None)  # fmt: skip
        return
    with timescale.server(lab) as peer:
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
            db.execute(LIVE_INDEX)
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
    timescale.make(lab, name)
    with timescale.connect(lab, name) as db:
        fine, coarse = (
            timescale.refresh(aggregate, f"{DAY} 10:00Z", f"{DAY} 11:00Z")
            for aggregate in ("five_minutes", "hours")
        )
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
