"""What tests of `rollupctl serve` share: a running service, and requests to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest

from tests.helpers import until
from tests.servers import start_rollupctl

for needed in (
    "starlette",
    "uvicorn",
    "httptools",
    "uvloop",
    "msgspec",
    "prometheus_client",
    "websockets",
):
    pytest.importorskip(needed)


START_SECONDS = 180.0  # to install everything, on a busy machine


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Serving:
    """A process of `rollupctl serve` on a free port of localhost."""

    dsn: str
    spool: Path
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    port: int = 0
    log: list[dict[str, Any]] = field(default_factory=list)
    _reader: threading.Thread | None = None

    def start(self) -> Serving:
        """Start it, and wait until it listens."""
        self.port = 0
        self.process = start_rollupctl(
            self.dsn, "serve", "--port", "0", "--spool", str(self.spool), *self.options
        )
        self.log.clear()
        self._reader = threading.Thread(target=self._read_log, args=(self.process,), daemon=True)
        self._reader.start()
        deadline = time.monotonic() + START_SECONDS
        while not self.port and not self.has_ended():
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)
        assert self.port, self.log
        return self

    def _read_log(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr
        with process.stderr:
            for line in process.stderr:
                try:
                    entry = json.loads(line)
                except ValueError:
                    entry = {"event": "text", "text": line.decode()}
                self.log.append(entry)
                if entry["event"] == "listening":
                    self.port = entry["port"]

    def has_ended(self) -> bool:
        assert self.process
        return self.process.poll() is not None

    def logged(self, event: str) -> list[dict[str, Any]]:
        return [entry for entry in list(self.log) if entry["event"] == event]

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self._wait()

    def _wait(self) -> int:
        """The exit code, when the log has been read to its end."""
        assert self.process
        assert self.process.stdout
        self.process.stdout.close()
        code = self.process.wait(60)
        if self._reader is not None:
            self._reader.join(60)
        return code

    def stop(self) -> int:
        """End it as a service manager does; returns the exit code."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self._wait()

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """Anything but bytes and text is sent as JSON."""
        if body is not None and not isinstance(body, bytes):
            body = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, found, answer.read())

    def get(self, path: str, headers: dict[str, str] | None = None, **query: str) -> Reply:
        return self.request("GET", f"{path}?{urlencode(query)}" if query else path, None, headers)

    def post(self, path: str, body: Any, **headers: str) -> Reply:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", path, body, names)

    def stats(self, site: str, day: str | None = None) -> Any:
        answer = self.get("/stats", site_id=site, date=day or "")
        assert answer.status == 200, answer.body
        return answer.json

    def until_drained(self) -> None:
        """Until all events that were accepted are in the database."""

        def drained() -> bool:
            state = self.get("/readyz").json
            return bool(state["status"] == "ready" and state["spool_events"] == 0)

        until(drained, "the spool is empty")

    def metric(self, name: str) -> float:
        for line in self.get("/metrics").body.decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[-1])
        raise AssertionError(f"no metric {name}")


@contextlib.contextmanager
def serving(dsn: str, spool: Path, *options: str) -> Iterator[Serving]:
    """A running service, ended by force."""
    service = Serving(dsn, spool, options)
    try:
        yield service.start()
    finally:
        service.kill()


def stored(dsn: str, site: str) -> list[dict[str, Any]]:
    """The events of a site in the order in which they were stored."""
    with psycopg.connect(dsn, autocommit=True) as db:
        known = db.execute("select rollup.site_id(%s, make => false)", [site]).fetchone()
        found = db.execute(
            "select pg_catalog.to_jsonb(e) from public.events e"
            " where customer_id = %s order by event_id",
            known,
        )
        return [row[0] for row in found]
