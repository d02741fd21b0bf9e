"""The HTTP service: events one by one and in batches, questions and open pages meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.httpload import Follower, Load, Polling, Timing, drive, get, post
from bench.lab import Lab, say
from bench.scenarios import Row, Sizes

RATE = 2_000  # single events a second
BATCH = 500
BATCHES = 120  # a second, more than the goal
LIVE_BATCHES = 10  # a second, while pages are open
PAGES = 50
EVENT = {"site_id": "bench", "event_type": "pageview", "path": "/home", "user_id": "u1"}
ASKED = "/rollups/site_views_1min?site_id=bench"
WINDOW = ("/stats?site_id=bench", f"{ASKED}&range=1%20hour")
RANGES = ("1 hour", "3 hours", "6 hours", "24 hours", "7 days")


@dataclass
class Service:
    """A running service."""

    process: subprocess.Popen[str]
    port: int

    def seconds(self) -> float:
        """Processor time that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start_service(dsn: str, spool: str) -> Service:
    command = [sys.executable, "-m", "rollupctl", "serve", "--port", "0", "--spool", spool]
    process = subprocess.Popen(
        [*command, "--rate-limit", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"ROLLUPCTL_DSN": dsn},
    )
    assert process.stderr
    for line in process.stderr:
        entry = json.loads(line)
        if entry["event"] == "listening":
            return Service(process, entry["port"])
    raise RuntimeError("rollupctl serve has ended")


def serving(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """Single events, batches, and questions and open pages meanwhile."""
    database = "bench_serving"
    lab.make(database)
    seconds = 60.0 if sizes.events >= 1_000_000 else 10.0
    yield from null(seconds / 4)
    with tempfile.TemporaryDirectory(prefix="rollup-bench-") as spool:
        service = start_service(lab.dsn(database), spool)
        try:
            bench = Bench(lab, database, service)
            yield from bench.singles(seconds)
            yield from bench.pages(seconds / 2)
            yield from bench.batches(seconds / 2)
        finally:
            service.process.terminate()
            service.process.communicate(timeout=120)
    lab.drop(database)


def null(seconds: float) -> Iterator[Row]:
    """The load generator against a server that does nothing: no figure can be better."""
    say(f"the load generator alone, {seconds:.0f} s")
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.httpload"], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout
    load = Load(post("/event", EVENT), RATE)
    try:
        drive(int(server.stdout.readline()), [load], seconds)
    finally:
        server.kill()
        server.communicate()
    for share in (0.5, 0.95, 0.99):
        yield latency(f"an endpoint that does nothing, {RATE:,} a second", load.timing, share)


@dataclass
class Bench:
    """The measurements of one service, which add up."""

    lab: Lab
    database: str
    service: Service
    sent: int = 0

    def singles(self, seconds: float) -> Iterator[Row]:
        say(f"{RATE} events a second, one by one, for {seconds:.0f} s")
        single = Load(post("/event", EVENT), RATE)
        questions = [Load(get(path), 5) for path in WINDOW]
        before = self.service.seconds()
        drive(self.service.port, [single, *questions], seconds)
        used = (self.service.seconds() - before) / len(single.due)
        self._count(single, 1)
        for share, target in ((0.5, 3), (0.95, 10), (0.99, 30)):
            yield latency(f"POST /event, {RATE:,} a second", single.timing, share, target)
        yield Row("processor time of an event", used * 1e6, "", None, 0, unit="µs")
        yield from self._questions(questions)

    def pages(self, seconds: float) -> Iterator[Row]:
        rate = LIVE_BATCHES * BATCH
        say(f"{rate} events a second with {PAGES} open pages, for {seconds:.0f} s")
        self._until_stored()
        batch = Load(post("/events", [EVENT] * BATCH), LIVE_BATCHES)
        questions = [Load(get(path), 5) for path in WINDOW]
        polling = Polling(b"", 20, path=WINDOW[1])
        stream = ASKED.replace("?", "/stream?")
        pages = [
            Follower(f"{stream}&grain=total&range={RANGES[n % len(RANGES)].replace(' ', '%20')}")
            for n in range(PAGES)
        ]
        before = self.sent
        drive(self.service.port, [batch, *questions, polling], seconds, pages)
        self._count(batch, BATCH)
        delays = Timing([d for page in pages for d in page.delays(batch.due, BATCH, before)])
        for share, target in ((0.5, None), (0.95, 1000)):
            what = f"event → stream, {rate:,} a second, {PAGES} streams"
            yield latency(what, delays, share, target)
        yield from self._questions(questions)
        what = f"304 of /rollups/NAME, which changed {polling.changed} times"
        yield latency(what, polling.timing, 0.95, 3)

    def batches(self, seconds: float) -> Iterator[Row]:
        say(f"{BATCHES * BATCH} events a second in batches, for {seconds:.0f} s")
        self._until_stored()
        batch = Load(post("/events", [EVENT] * BATCH), BATCHES)
        began = time.perf_counter()
        drive(self.service.port, [batch], seconds)
        self._count(batch, BATCH)
        found = self._until_stored()
        took = time.perf_counter() - began
        yield latency(f"POST /events, {BATCHES} a second of {BATCH}", batch.timing, 0.95)
        rate = BATCH * (len(batch.due) - batch.timing.failed) / took
        yield Row("events a second until stored", rate, "", None, rate, 50_000, True, "events/s")
        wrong = abs(found - self.sent)
        yield Row("events that are lost or doubled", wrong, "", None, wrong, 0, unit="events")

    def _questions(self, questions: list[Load]) -> Iterator[Row]:
        for load, path in zip(questions, WINDOW, strict=True):
            yield latency(f"GET {path.partition('?')[0]} meanwhile", load.timing, 0.95, 50)

    def _count(self, load: Load, events: int) -> None:
        self.sent += events * (len(load.due) - load.timing.failed)

    def _until_stored(self) -> int:
        deadline = time.perf_counter() + 300
        while True:
            found = int(self.lab.value(self.database, "select count(*) from events"))
            if found >= self.sent or time.perf_counter() > deadline:
                return found
            time.sleep(0.1)


def latency(what: str, timing: Timing, share: float, target: float | None = None) -> Row:
    figure = timing.percentile(share)
    failed = f" ({timing.failed} failed)" if timing.failed else ""
    named = f"{what}, p{share * 100:.0f}{failed}"
    return Row(named, figure, "", None, figure, target, unit="ms")
