"""A machine that takes in events at a steady rate, while runs go on and dashboards are read."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from bench.dashboards import LIVE_INDEX, autovacuum
from bench.lab import Lab, say
from bench.scenarios import COLUMNS, Row, Sizes
from rollupctl.generate import Sample

RATE = 16_667  # events per second: a million a minute
WRITERS = 2
EVERY = 60.0  # seconds between two runs
ASKED = 20  # questions a second
QUESTION = """
select sum(event_count), hll_cardinality(hll_union_agg(session_distinct_count))
  from rollup_events_1hr_live
 where customer_id = %s and hour >= now() - interval '2 hours'
"""


def sustained(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """A million events a minute through COPY, both rollups of the example, a run every 10 s."""
    name = "bench_sustained"
    lab.make(name)
    with lab.connect(name) as db:
        db.execute(LIVE_INDEX)
    autovacuum(lab, "on")
    seconds = sizes.minutes * 60
    say(f"{RATE} events a second for {seconds:.0f} seconds")
    stop = threading.Event()
    written: list[int] = []
    late: list[float] = []
    runs: list[float] = []
    answers: list[float] = []
    threads = [
        *(
            threading.Thread(target=write, args=(lab, name, n, stop, written, late))
            for n in range(WRITERS)
        ),
        threading.Thread(target=roll, args=(lab, name, stop, runs)),
        *(threading.Thread(target=ask, args=(lab, name, stop, answers)) for _ in range(ASKED)),
    ]
    wal = lab.value(name, "select pg_current_wal_lsn()")
    began, cores = time.monotonic(), processor_seconds(lab)
    for thread in threads:
        thread.start()
    stop.wait(seconds)
    took, cores = time.monotonic() - began, processor_seconds(lab) - cores
    stop.set()
    for thread in threads:
        thread.join()
    millions = sum(written) / 1e6
    wal_mb = float(lab.value(name, f"select pg_current_wal_lsn() - '{wal}'::pg_lsn")) / 1e6
    with lab.connect(name) as db:
        db.execute("call rollup.run_all()")
    for table in ("rollup_events_5min", "rollup_events_1hr"):
        counted = int(lab.value(name, f"select sum(event_count) from {table}"))
        assert counted == sum(written), f"{table} has {counted} of {sum(written)} events"
    answers.sort()
    yield figure(
        f"events a second for {seconds:.0f} s, all counted",
        sum(written) / took,
        "",
        RATE,
        at_least=True,
    )
    yield figure("a writer was late by at most", max(late, default=0.0), "s", None)
    yield figure("a run, the longest", max(runs, default=0.0), "s", EVERY)
    yield figure(
        f"live view, 95 % of {len(answers)}", answers[int(len(answers) * 0.95)] * 1000, "ms", 50
    )
    yield figure("processor time of the server, cores", cores / took, "", 1.0)
    yield figure("WAL for a million events", wal_mb / millions, "MB", 120)
    for table in ("events", "rollup_events_5min", "rollup_events_1hr"):
        size, count = size_of(lab, name, table)
        yield figure(f"{table}, bytes a row", size / count, "B", None)
        yield figure(f"{table}, for a million events", size / 1e6 / millions, "MB", None)
    autovacuum(lab, "off")
    lab.drop(name)


def figure(what: str, found: float, unit: str, target: float | None, at_least: bool = False) -> Row:
    # Slightly fewer than the rate: the first and the last second are not full.
    return Row(what, found, "", None, found * (1.02 if at_least else 1), target, at_least, unit)


def size_of(lab: Lab, name: str, table: str) -> tuple[int, int]:
    """Bytes with indexes, and rows, after a vacuum."""
    with lab.connect(name) as db:
        db.execute(f"vacuum {table}".encode())
        row = db.execute(
            f"select (select sum(pg_total_relation_size(relid)) from pg_partition_tree('{table}')),"
            f" (select count(*) from {table})".encode()
        ).fetchone()
        assert row is not None
        return int(row[0] or lab.value(name, f"select pg_total_relation_size('{table}')")), int(
            row[1]
        )


def write(
    lab: Lab, name: str, number: int, stop: threading.Event, written: list[int], late: list[float]
) -> None:
    """COPY events of 1,000 tenants of unequal size, those of a fifth of a second at a time."""
    batch = RATE // WRITERS // 5
    texts = list(Sample(files=1, rows=20 * batch, seed=number, skew=True).text(0))
    lines = "".join(texts).splitlines(keepends=True)[1:]
    parts = ["".join(lines[i * batch : (i + 1) * batch]) for i in range(20)]
    dice = random.Random(number)
    with lab.connect(name) as db:
        due = time.monotonic()
        while not stop.is_set():
            with db.cursor().copy(f"copy events ({COLUMNS}) from stdin csv".encode()) as copy:
                copy.write(dice.choice(parts))
            written.append(batch)
            due += 0.2
            late.append(time.monotonic() - due)
            time.sleep(max(0.0, due - time.monotonic()))


def roll(lab: Lab, name: str, stop: threading.Event, runs: list[float]) -> None:
    while not stop.wait(max(0.0, EVERY - (runs[-1] if runs else 0.0))):
        began = time.monotonic()
        with lab.connect(name) as db:  # a session for each run, as by pg_cron
            db.execute("call rollup.run_all()")
        runs.append(time.monotonic() - began)


def ask(lab: Lab, name: str, stop: threading.Event, answers: list[float]) -> None:
    """Once a second, if the last answer has come."""
    dice = random.Random(1)
    stop.wait(dice.random())
    with lab.connect(name) as db:
        while not stop.is_set():
            began = time.perf_counter()
            db.execute(QUESTION, [dice.randint(1, 1000)])
            answers.append(time.perf_counter() - began)
            stop.wait(max(0.0, 1 - answers[-1]))


def processor_seconds(lab: Lab) -> float:
    """Processor time of the server's processes so far, with those that have ended."""
    ticks = 0
    with lab.connect("postgres") as db:
        row = db.execute("select pg_read_file('postmaster.pid')").fetchone()
        assert row is not None
    postmaster = row[0].split()[0]
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if path.parent.name == postmaster:
            ticks += sum(int(each) for each in fields[11:15])
        elif fields[1] == postmaster:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / float(os.sysconf("SC_CLK_TCK"))
