"""TimescaleDB with hierarchical continuous aggregates of the same sketches."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from bench.lab import Connection, Lab, laboratory, say
from rollupctl.pgbinaries import find_binaries

# Lists are those of the C extension. Hash aggregates of sketches take all memory.
TABLES = """
create extension timescaledb;
create extension hll;
create extension topn;
create table events (event_time timestamptz not null default now(), customer_id bigint not null,
                     event_type text, country text, browser text, device_id bigint,
                     session_id bigint);
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
SESSION = (
    "set topn.number_of_counters = 1000",
    "set enable_hashagg = off",
    "set work_mem = '256MB'",
)


def is_installed() -> bool:
    if all(find_binaries().has_library(name) for name in ("timescaledb", "topn")):
        return True
    say("TimescaleDB: skipped, timescaledb or topn is not installed")
    return False


def server(lab: Lab) -> contextlib.AbstractContextManager[Lab]:
    """A server of its own, which loads the library."""
    return laboratory(lab.runs, preload=["timescaledb"])


def make(peer: Lab, name: str) -> None:
    """A database with a hypertable of events and an aggregate for each rollup of the example."""
    with peer.connect("postgres") as admin:
        admin.execute(f"create database {name}".encode())
    with connect(peer, name) as db:
        for statement in TABLES.split(";\n"):
            db.execute(statement.encode())


@contextlib.contextmanager
def connect(peer: Lab, name: str) -> Iterator[Connection]:
    """A session with the settings that are best for the aggregates."""
    with peer.connect(name) as db:
        for setting in SESSION:
            db.execute(setting.encode())
        yield db


def refresh(aggregate: str, since: str, until: str) -> str:
    return f"call refresh_continuous_aggregate('{aggregate}', '{since}', '{until}')"
