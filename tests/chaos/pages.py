"""`rollupctl serve` under a steady rate of events with many open streams, while the database and the
service are killed in turn: what was accepted is counted exactly once, and no stream tells otherwise.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.chaos.storm import PATIENCE, Report, revive
from tests.servers import Server
from tests.serving import Serving, serving

BATCH = 250
CLIENTS = 4
SITE = "storm.example"
STREAM = f"/rollups/site_views_1min/stream?site_id={SITE}&grain=total&range=1%20day&measures=views"
COUNTS = """
select count(*), count(distinct e.device_id), coalesce(max(e.device_id), -1)
  from public.events e where e.customer_id = %s
"""
VIEWS = "select coalesce(sum(views), 0)::bigint from {} where customer_id = %s"
ROLLUPS = ("site_views_1min", "site_views_1hr", "site_views_1day")


@dataclass
class Sending:
    """What clients have sent and what was accepted; numbers of events begin at 0."""

    rate: float  # events a second, of all clients
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    begun: int = 0
    accepted: int = 0
    tally: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    streams: set[socket.socket] = field(default_factory=set)

    def end(self) -> None:
        """Have all clients stop, also those whose stream has nothing more to tell."""
        self.stop.set()
        for stream in list(self.streams):
            with contextlib.suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)

    def send(self, service: Serving) -> None:
        """Batches at their times, each with a key and repeated until it is accepted."""
        began = time.monotonic()
        number = 0
        while not self.stop.wait(began + number * BATCH * CLIENTS / self.rate - time.monotonic()):
            number += 1
            with self.lock:
                first = self.begun
                self.begun += BATCH
            events = [
                {"site_id": SITE, "event_type": "pageview", "path": f"/{n % 9}", "device_id": n}
                for n in range(first, first + BATCH)
            ]
            while not self._is_accepted(service, events):
                time.sleep(0.05)
            with self.lock:
                self.accepted += BATCH

    def _is_accepted(self, service: Serving, events: list[dict[str, Any]]) -> bool:
        try:
            answer = service.post("/events", events, Idempotency_Key=str(events[0]["device_id"]))
        except (OSError, http.client.HTTPException):
            self.tally["requests without an answer"] += 1
            return False
        if answer.status not in (202, 409, 503):
            self.wrong.append(f"POST /events: {answer.status} {answer.body!r}")
        self.tally["requests repeated"] += answer.status != 202
        return answer.status == 202

    def follow(self, service: Serving) -> None:
        """An open page, which comes back where it was. What it is told only grows."""
        last_id = ""
        told = 0
        while not self.stop.is_set():
            try:
                for known, views in _told(service, last_id, self.streams):
                    last_id = known
                    with self.lock:
                        if not told <= views <= self.begun:
                            self.wrong.append(f"told {views} after {told}, of {self.begun} sent")
                        self.tally["answers told"] += 1
                    told = views
                    if self.stop.is_set():
                        break
            except (OSError, ValueError, http.client.HTTPException):
                self.tally["streams resumed"] += 1
                time.sleep(0.1)


def serve_storm(
    server: Server,
    database: str,
    seconds: float,
    spool: Path,
    *,
    rate: float,
    pages: int,
    seed: int,
) -> Report:
    """Events at a rate and open pages for so many seconds, in which the database and the service
    are killed twice each; then everything is counted.
    """
    dice = random.Random(seed)
    sending = Sending(rate)
    with serving(server.dsn(database), spool, "--rate-limit", "0") as service:
        works = [sending.send] * CLIENTS + [sending.follow] * pages
        threads = [threading.Thread(target=w, args=(service,), daemon=True) for w in works]
        for thread in threads:
            thread.start()
        for kill in (_kill_database, _kill_service) * 2:
            time.sleep(seconds / 5 * dice.uniform(0.8, 1.2))
            kill(server, service, dice)
            sending.tally[kill.__name__[1:].replace("_", " ")] += 1
        time.sleep(seconds / 5)
        sending.end()
        for thread in threads:
            thread.join(PATIENCE)
        if any(thread.is_alive() for thread in threads):
            sending.wrong.append("a client does not stop")
        _until_counted(service, sending)
        sending.wrong += [
            f"the log says {entry}" for entry in service.logged("internal_error")
        ] + _differences(server.dsn(database), service, sending)
    figures = {**sending.tally, "events accepted": sending.accepted}
    return Report(dict(sorted(figures.items())), sending.wrong)


def _told(service: Serving, last_id: str, streams: set[socket.socket]) -> Any:
    """The answers of a stream, whose connection is in `streams` meanwhile."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    with contextlib.closing(connection), contextlib.ExitStack() as closed:
        connection.connect()
        streams.add(connection.sock)
        closed.callback(streams.discard, connection.sock)
        connection.request("GET", STREAM, headers={"Last-Event-ID": last_id} if last_id else {})
        answer = connection.getresponse()
        if answer.status != 200:
            raise http.client.HTTPException(answer.status)
        while line := answer.readline():
            if line.startswith(b"id: "):
                last_id = line[4:].decode().strip()
            elif line.startswith(b"data: {"):
                yield last_id, json.loads(line[6:])["rows"][0]["views"]


def _kill_database(server: Server, _: Serving, dice: random.Random) -> None:
    cluster = dice.choice(server.clusters)
    os.kill(int((cluster.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    revive(cluster)


def _kill_service(_: Server, service: Serving, __: random.Random) -> None:
    service.kill()
    service.start()


def _until_counted(service: Serving, sending: Sending) -> None:
    path = STREAM.replace("/stream", "")
    until = time.monotonic() + PATIENCE
    with contextlib.suppress(OSError, http.client.HTTPException):
        while time.monotonic() < until:
            answer = service.get(path)
            if answer.status == 200 and answer.json["rows"][0]["views"] >= sending.accepted:
                return
            time.sleep(0.2)
    sending.wrong.append("not everything was counted in time")


def _differences(dsn: str, service: Serving, sending: Sending) -> list[str]:
    wrong = []
    expected = sending.accepted
    with psycopg.connect(dsn, autocommit=True) as db:
        site = db.execute("select rollup.site_id(%s, make => false)", [SITE]).fetchone()
        found = db.execute(COUNTS, site).fetchone()
        if found != (expected, expected, expected - 1):
            wrong.append(f"{expected} events were accepted, stored are {found}")
        for name in ROLLUPS:
            views = db.execute(VIEWS.format(name).encode(), site).fetchone()
            if views != (expected,):
                wrong.append(f"{name} has {views} of {expected} views")
            wrong += [
                f"verify: {row}" for row in db.execute("select * from rollup.verify(%s)", [name])
            ]
    (_, told) = next(iter(_told(service, "", set())))
    if told != expected:
        wrong.append(f"the stream tells {told} of {expected}")
    return wrong
