"""A Citus coordinator and two workers on this machine, compared with one plain PostgreSQL."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from functools import partial

from psycopg.conninfo import conninfo_to_dict

from bench.lab import Lab, laboratory, say
from bench.scenarios import COLUMNS, Row, Sizes, compare, counted
from rollupctl.generate import Sample
from rollupctl.pgbinaries import find_binaries

DATABASE = "bench_citus"
WORKERS = 2


def citus(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """COPY of a million events, and both rollups of the example: from nothing, then a few more."""
    if not find_binaries().has_library("citus"):
        say("citus: skipped, citus is not installed")
        return
    with contextlib.ExitStack() as stack:
        nodes = [
            stack.enter_context(laboratory(lab.runs, preload=["citus"], trust_tcp=True))
            for _ in range(1 + WORKERS)
        ]
        prepare_nodes(nodes)
        lab.make(DATABASE)
        nodes[0].install(DATABASE)
        say(f"{sizes.events} events, plain and on Citus ", end="")
        for what, work in (
            (f"COPY of {sizes.events:,} events", partial(copy, events=sizes.events)),
            (f"both rollups, {sizes.events:,} events", partial(first_run, events=sizes.events)),
            (f"both rollups, {sizes.late:,} more", partial(next_run, events=sizes.late)),
        ):
            distributed, plain = lab.alternate(partial(work, nodes[0]), partial(work, lab))
            yield compare(
                f"{what}, {WORKERS} workers", distributed, "plain PostgreSQL", plain, None
            )
        lab.drop(DATABASE)


def prepare_nodes(nodes: Sequence[Lab]) -> None:
    """A database with the extension on each node; the first one knows the others."""
    for node in nodes:
        with node.connect("postgres") as admin:
            admin.execute(f"create database {DATABASE}".encode())
        with node.connect(DATABASE) as db:
            db.execute("create extension citus")
    ports = [int(str(conninfo_to_dict(node.cluster.dsn(tcp=True))["port"])) for node in nodes]
    with nodes[0].connect(DATABASE) as db:
        db.execute("select citus_set_coordinator_host('localhost', %s)", [ports[0]])
        for port in ports[1:]:
            db.execute("select citus_add_node('localhost', %s)", [port])


def copy(lab: Lab, events: int) -> float:
    with lab.connect(DATABASE) as db:
        db.execute("truncate events")
        db.execute("checkpoint")
        text = list(Sample(files=1, rows=events).text(0))
        began = time.perf_counter()
        with db.cursor().copy(f"copy events ({COLUMNS}) from stdin csv header".encode()) as stream:
            for part in text:
                stream.write(part)
        return time.perf_counter() - began


def first_run(lab: Lab, events: int) -> float:
    with lab.connect(DATABASE) as db:
        db.execute("truncate rollup_events_5min, rollup_events_1hr")
    copy(lab, events)
    return lab.seconds(DATABASE, "call rollup.run_all()")


def next_run(lab: Lab, events: int) -> float:
    with lab.connect(DATABASE) as db:
        db.execute(
            f"insert into events ({COLUMNS}) select {COLUMNS} from events limit {events}".encode()
        )
    seconds = lab.seconds(DATABASE, "call rollup.run_all()")
    assert counted(lab, DATABASE, "rollup_events_1hr") == lab.value(
        DATABASE, "select count(*) from events"
    )
    return seconds
