"""The HTTP service under an open loop: requests are sent when they are due, whatever became of
those before, and each is timed from that moment.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.lab import Lab, say
from bench.scenarios import Row, Sizes

RATE = 2_000  # single events a second
BATCHES = 100  # batches a second, of BATCH events
BATCH = 500
CONNECTIONS = 64
WINDOW = ("/stats?site_id=bench", "/rollups/site_views_1min?site_id=bench&range=1%20hour")


@dataclass
class Timing:
    """Seconds from when a request was due to the end of its answer; answers without success."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass
class Load:
    """One kind of request: its bytes, and how often a second."""

    request: bytes
    rate: float
    timing: Timing = field(default_factory=Timing)


def post(path: str, body: object) -> bytes:
    text = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(text)}\r\n\r\n"
    return head.encode() + text


def get(path: str, tag: str = "") -> bytes:
    match = f"If-None-Match: {tag}\r\n" if tag else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{match}\r\n".encode()


async def drive(port: int, loads: list[Load], seconds: float) -> None:
    """Send every kind of request at its rate, over connections that are kept."""
    start = time.perf_counter() + 0.2
    share = max(1, CONNECTIONS // len(loads))
    await asyncio.gather(
        *(connection(port, load, n, share, start, seconds) for load in loads for n in range(share))
    )


async def connection(
    port: int, load: Load, n: int, share: int, start: float, seconds: float
) -> None:
    """Every `share`-th request of a kind, from the n-th on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    number = n
    while (due := start + number / load.rate) < start + seconds:
        if (pause := due - time.perf_counter()) > 0:
            await asyncio.sleep(pause)
        writer.write(load.request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if length and int(length[1]) and b" 304 " not in head:
            await reader.readexactly(int(length[1]))
        load.timing.seconds.append(time.perf_counter() - due)
        load.timing.failed += head[9:10] not in b"23"
        number += share
    writer.close()


@dataclass
class Service:
    process: subprocess.Popen[str]
    port: int


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
    """Single events, batches, and questions meanwhile."""
    database = "bench_serving"
    lab.make(database)
    seconds = 60.0 if sizes.events >= 1_000_000 else 10.0
    with tempfile.TemporaryDirectory(prefix="rollup-bench-") as spool:
        service = start_service(lab.dsn(database), spool)
        try:
            yield from measure(lab, database, service.port, seconds)
        finally:
            service.process.terminate()
            service.process.communicate(timeout=120)
    lab.drop(database)


def measure(lab: Lab, database: str, port: int, seconds: float) -> Iterator[Row]:
    event = {"site_id": "bench", "event_type": "pageview", "path": "/home", "user_id": "u1"}
    say(f"{RATE} events a second, one by one, for {seconds:.0f} s")
    single = Load(post("/event", event), RATE)
    questions = [Load(get(path), 5) for path in WINDOW]
    asyncio.run(drive(port, [single, *questions], seconds))
    for share, target in ((0.5, 3), (0.95, 10), (0.99, 30)):
        yield latency(f"POST /event, {RATE:,} a second, p{share * 100:.0f}", single, share, target)
    for load, path in zip(questions, WINDOW, strict=True):
        yield latency(f"GET {path.partition('?')[0]} meanwhile, p95", load, 0.95, 50)
    say(f"{BATCHES * BATCH} events a second in batches")
    batch = Load(post("/events", [event] * BATCH), BATCHES)
    began = time.perf_counter()
    asyncio.run(drive(port, [batch], seconds / 2))
    sent = BATCH * len(batch.timing.seconds)
    wanted = len(single.timing.seconds) - single.timing.failed + sent - BATCH * batch.timing.failed
    while stored(lab, database) < wanted and time.perf_counter() < began + 600:
        time.sleep(0.2)
    took = time.perf_counter() - began
    yield latency(f"POST /events, {BATCHES} a second of {BATCH}, p95", batch, 0.95, None)
    rate = sent / took
    yield Row("events a second until stored", rate, "", None, rate, 50_000, True, "events/s")
    found = stored(lab, database)
    yield Row(
        "events that are lost or doubled",
        abs(found - wanted),
        "",
        None,
        abs(found - wanted),
        0,
        unit="events",
    )


def latency(what: str, load: Load, share: float, target: float | None) -> Row:
    figure = load.timing.percentile(share)
    failed = f" ({load.timing.failed} failed)" if load.timing.failed else ""
    return Row(what + failed, figure, "", None, figure, target, unit="ms")


def stored(lab: Lab, database: str) -> int:
    return int(lab.value(database, "select count(*) from events"))
