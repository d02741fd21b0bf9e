"""The same work in TimescaleDB, and in DuckDB with the sketches that it has."""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from bench import timescale
from bench.lab import Lab, say
from bench.scenarios import COLUMNS, REST, Row, Sizes, compare, counted, fill, forget, ours
from rollupctl.generate import Sample

# Its aggregate approx_top_k takes four times as long as counting every device and keeping 1,000.
GROUP = """
create table {name} as
with devices as (
    select customer_id, time_bucket(interval '{bucket}', event_time) as bucket,
           event_type, country, browser, device_id, count(*) as n
      from events group by all),
tops as (
    select customer_id, bucket, event_type, country, browser,
           list(struct_pack(item := device_id, n := n) order by n desc)[1:1000] as top_devices
      from devices group by all),
counts as (
    select customer_id, time_bucket(interval '{bucket}', event_time) as bucket,
           event_type, country, browser, count(*) as event_count,
           approx_count_distinct(device_id) as device_distinct_count,
           approx_count_distinct(session_id) as session_distinct_count
      from events group by all)
select c.*, t.top_devices
  from counts c
  join tops t
    on c.customer_id = t.customer_id and c.bucket = t.bucket
   and c.event_type is not distinct from t.event_type
   and c.country is not distinct from t.country and c.browser is not distinct from t.browser
"""


# All events in five minutes, or few in each group: both rollups of the example.
SHAPES = {"in five minutes": "5 minutes", "over 23 hours": "23 hours"}
# The aggregates are refreshed for whole buckets that have ended.
DAY = date.today() - timedelta(days=1)
EVENTS = f"""insert into events (event_time, {COLUMNS})
    select timestamptz '{DAY} 00:00Z' + n * interval '{{length}}' / {{number}},
           1 + floor(random() * 1000)::bigint, {REST} from generate_series(0, {{number}} - 1) n"""


def peers(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    yield from with_timescale(lab, sizes)
    yield from with_duckdb(lab, sizes)


def with_timescale(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """Both rollups of the example, from nothing, against aggregates of the same sketches.

    The larger number of events is measured once.
    """
    if not timescale.is_installed():
        return
    with timescale.server(lab) as peer:
        for (shape, length), number, runs, target in zip(
            SHAPES.items(), (sizes.events, sizes.past), (lab.runs, 1), (0.5, 0.4), strict=True
        ):
            say(f"{number} events {shape}, and in TimescaleDB ", end="")
            mine, theirs = replace(lab, runs=runs).alternate(
                partial(ours_from_nothing, lab, number, length),
                partial(in_timescale, peer, number, length),
            )
            yield compare(
                f"both rollups, {number:,} events {shape}", mine, "TimescaleDB", theirs, target
            )


def ours_from_nothing(lab: Lab, number: int, length: str) -> float:
    name = "bench_peers"
    lab.make(name)
    fill_between(lab, name, number, length)
    seconds = lab.seconds(name, "call rollup.run_all()")
    assert counted(lab, name, "rollup_events_1hr") == number
    lab.drop(name)
    return seconds


def in_timescale(peer: Lab, number: int, length: str) -> float:
    name = "bench_timescale"
    timescale.make(peer, name)
    fill_between(peer, name, number, length)
    with timescale.connect(peer, name) as db:
        db.execute("checkpoint")
        began = time.perf_counter()
        for aggregate in ("five_minutes", "hours"):
            call = timescale.refresh(aggregate, f"{DAY} 00:00Z", f"{DAY} 23:00Z")
            db.execute(call.encode())
        seconds = time.perf_counter() - began
        assert db.execute("select sum(event_count) from hours").fetchone() == (number,)
    peer.drop(name)
    return seconds


def fill_between(lab: Lab, name: str, number: int, length: str) -> None:
    with lab.connect(name) as db:
        db.execute("select setseed(0.5)")
        db.execute(EVENTS.format(number=number, length=length).encode())
        db.execute("vacuum analyze events")


def with_duckdb(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """A million events in both rollups of the example.

    DuckDB keeps numbers, not sketches that could be merged, and counts everything again next time.
    """
    if importlib.util.find_spec("duckdb") is None:
        say("peers: skipped, duckdb is not installed")
        return
    name = "bench_peers"
    lab.make(name)
    fill(lab, name, sizes.events)
    with tempfile.TemporaryDirectory(prefix="rollup-bench-") as folder:
        Sample(files=1, rows=sizes.events).write(Path(folder))
        say(f"both rollups over {sizes.events} events, and in DuckDB ", end="")
        mine, theirs = lab.alternate(
            partial(ours, lab, name, sizes.events),
            partial(in_duckdb, f"{folder}/1.csv", sizes.events),
        )
    yield compare("both rollups, run_all", mine, "DuckDB, two groupings", theirs, None)
    forget(lab, name)
    lab.seconds(name, "call rollup.run_all()")
    with lab.connect(name) as db:
        db.execute(
            b"insert into events (customer_id, event_type, country, browser, device_id, session_id)"
            b" select customer_id, event_type, country, browser, device_id, session_id"
            b" from events limit 10000"
        )
    again = lab.seconds(name, "call rollup.run_all()")
    assert counted(lab, name, "rollup_events_1hr") == sizes.events + 10_000
    yield compare("10,000 events more", again, "DuckDB, all again", theirs, None)
    lab.drop(name)


def in_duckdb(file: str, events: int) -> float:
    import duckdb

    db = duckdb.connect(config={"threads": 2})
    db.execute("create table events as select now() as event_time, * from read_csv(?)", [file])
    began = time.perf_counter()
    for name, bucket in (("five_minutes", "5 minutes"), ("hours", "1 hour")):
        db.execute(GROUP.format(name=name, bucket=bucket))
    seconds = time.perf_counter() - began
    found = db.execute("select sum(event_count) from hours").fetchone()
    assert found is not None
    assert found[0] == events
    db.close()
    return seconds
