"""An open loop of HTTP requests: each is sent when it is due, whatever became of those before, and
timed from that moment; and clients that follow a stream.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from typing import cast

import uvloop

CONNECTIONS = 64


@dataclass
class Timing:
    """Seconds from when a request was due to the end of its answer; answers without success."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0

    def percentile(self, share: float) -> float:
        """In milliseconds."""
        ordered = sorted(self.seconds)
        if not ordered:
            return float("nan")
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass
class Load:
    """One kind of request: its bytes, how often a second, and when which were accepted."""

    request: bytes
    rate: float
    timing: Timing = field(default_factory=Timing)
    due: list[float] = field(default_factory=list)  # of answers, in their order

    def next(self) -> bytes:
        return self.request

    def note(self, head: bytes, due: float) -> None:
        self.timing.seconds.append(time.perf_counter() - due)
        self.timing.failed += head[9:10] not in b"23"
        self.due.append(due)


@dataclass
class Polling(Load):
    """A question that is asked again with the tag of its last answer; answers of 304 are timed."""

    path: str = ""
    tag: str = ""
    changed: int = 0

    def next(self) -> bytes:
        return get(self.path, self.tag)

    def note(self, head: bytes, due: float) -> None:
        if b" 304 " in head[:13]:
            super().note(head, due)
            return
        self.changed += 1
        found = re.search(rb"(?i)\r\netag: ([^\r]+)", head)
        self.tag = found[1].decode() if found else ""


@dataclass
class Follower:
    """A page that is open: when it was told which number of events."""

    path: str
    told: list[tuple[float, int]] = field(default_factory=list)

    async def follow(self, port: int, until: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
        writer.write(get(self.path))
        while (left := until - time.perf_counter()) > 0:
            try:
                line = await asyncio.wait_for(reader.readline(), left)
            except asyncio.TimeoutError:
                break
            if found := re.search(rb"data: (\{.*\})", line):
                rows = json.loads(found[1])["rows"]
                self.told.append((time.perf_counter(), sum(row["views"] for row in rows)))
        writer.close()

    def delays(self, due: list[float], batch: int, before: int) -> list[float]:
        """Seconds from when each batch was due until it was told."""
        found = []
        told = iter(self.told)
        at, number = next(told, (0.0, -1))
        for n, moment in enumerate(due, 1):
            while number < before + n * batch:
                at, number = next(told, (float("inf"), 2**62))
            found.append(at - moment)
        return found


def post(path: str, body: object) -> bytes:
    text = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(text)}\r\n\r\n"
    return head.encode() + text


def get(path: str, tag: str = "") -> bytes:
    match = f"If-None-Match: {tag}\r\n" if tag else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{match}\r\n".encode()


def drive(
    port: int, loads: list[Load], seconds: float, followers: list[Follower] | None = None
) -> None:
    """Send every kind of request at its rate, over connections that are kept."""
    uvloop.run(_drive(port, loads, seconds, followers or []))


async def _drive(port: int, loads: list[Load], seconds: float, followers: list[Follower]) -> None:
    start = time.perf_counter() + (1.0 if followers else 0.2)
    shares = [max(1, min(CONNECTIONS // len(loads), int(load.rate))) for load in loads]
    await asyncio.gather(
        *(follower.follow(port, start + seconds + 10) for follower in followers),
        *(
            _connection(port, load, n, share, start, seconds)
            for load, share in zip(loads, shares, strict=True)
            for n in range(share)
        ),
    )


async def _connection(
    port: int, load: Load, n: int, share: int, start: float, seconds: float
) -> None:
    """Every `share`-th request of a kind, from the n-th on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    number = n
    while (due := start + number / load.rate) < start + seconds:
        if (pause := due - time.perf_counter()) > 0:
            await asyncio.sleep(pause)
        writer.write(load.next())
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if length and int(length[1]) and b" 304 " not in head:
            await reader.readexactly(int(length[1]))
        load.note(head, due)
        number += share
    writer.close()


class _Null(asyncio.Protocol):
    """Accepts everything and does nothing: what the generator and the loop take by themselves."""

    _ANSWER = b"HTTP/1.1 202 Accepted\r\ncontent-length: 21\r\n\r\n" + b'{"status":"accepted"}'

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(self._ANSWER * data.count(b"POST "))


async def _answer_nothing() -> None:
    server = await asyncio.get_running_loop().create_server(_Null, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_answer_nothing())
