"""`rollupctl serve --queue`: accepted events wait in Redis, and workers store each exactly once."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.helpers import alter_in_use, until
from tests.servers import SERVING, Server, rollupctl, start_rollupctl
from tests.serving import Serving, serving, stored
from tests.test_consume import free_port

SITE = "queued.example"
WORKER = ("--field", "event", "--site", "customer_id=site_id", "--rest", "properties")
COUNT = "select count(*) from public.events"


class Redis:
    """A server whose entries are on disk before it answers."""

    def __init__(self, directory: Path) -> None:
        redis = pytest.importorskip("redis", reason="redis-py is not installed")
        if shutil.which("redis-server") is None:
            pytest.skip("redis-server is not installed")
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/events"
        self.directory = directory
        self.client = redis.Redis(port=self.port)
        self.errors = redis.RedisError

    def start(self) -> Redis:
        options = {"port": self.port, "save": "", "appendonly": "yes", "appendfsync": "always",
                   "bind": "127.0.0.1", "dir": self.directory}  # fmt: skip
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self.process = subprocess.Popen(["redis-server", *words], stdout=subprocess.DEVNULL)
        until(self._answers, "redis answers")
        return self

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except self.errors:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    (tmp_path / "redis").mkdir()
    server = Redis(tmp_path / "redis").start()
    yield server
    server.kill()
    server.client.close()


@pytest.fixture
def service(server: Server, redis: Redis, tmp_path: Path) -> Iterator[Serving]:
    name = server.database(SERVING)
    with serving(server.dsn(name), tmp_path / "spool", "--queue", redis.url) as service:
        yield service
    server.drop(name)


def events(first: int, last: int) -> list[dict[str, Any]]:
    return [{"site_id": SITE, "event_type": "pageview", "path": "/", "device_id": n, "plan": "pro"}
            for n in range(first, last)]  # fmt: skip


def work(service: Serving, redis: Redis, *more: str) -> Any:
    """A worker that ends when nothing comes."""
    done = rollupctl(service.dsn, "consume", redis.url, *WORKER, "--once", "--every", "0.5", *more)
    assert done.returncode == 0, done.stderr
    return done


def test_workers_that_are_killed(service: Serving, redis: Redis) -> None:
    def is_stored(number: int) -> bool:
        with psycopg.connect(service.dsn) as db:
            return bool(db.execute(COUNT).fetchone()[0] >= number)  # type: ignore[index]

    accepted = 0

    def send(number: int) -> None:
        nonlocal accepted
        for _ in range(number):
            assert service.post("/events", events(accepted, accepted + 10)).status == 202
            accepted += 10

    options = (*WORKER, "--batch", "30", "--every", "0.1")
    beside = start_rollupctl(service.dsn, "consume", redis.url, *options)
    for _ in range(3):
        worker = start_rollupctl(service.dsn, "consume", redis.url, *options)
        send(20)
        until(functools.partial(is_stored, accepted - 150), "events are stored")
        worker.kill()
        worker.communicate(timeout=60)
    # The service and Redis are killed too: what was accepted is on disk.
    send(5)
    service.kill()
    redis.kill()
    beside.kill()
    beside.communicate(timeout=60)
    redis.start()
    service.start()
    send(5)
    work(service, redis)
    assert [row["device_id"] for row in stored(service.dsn, SITE)] == list(range(accepted))
    # What is stored leaves the queue.
    until(lambda: service.get("/readyz").json["spool_events"] == 0, "the queue is empty")
    until(lambda: bool(redis.client.xlen("events") <= 1), "entries are removed")


def test_waiting_and_idempotency(service: Serving, redis: Redis) -> None:
    first = service.post("/events", events(0, 5), Idempotency_Key="k")
    again = service.post("/events", events(0, 5), Idempotency_Key="k")
    assert (first.status, again.status, again.body) == (202, 202, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    assert service.post("/events", events(0, 6), Idempotency_Key="k").status == 422
    options = (*WORKER, "--every", "0.1", "--reject", str(redis.directory / "rejected"))
    worker = start_rollupctl(service.dsn, "consume", redis.url, *options)
    try:
        answer = service.post("/event?wait=true", events(5, 6)[0])
        assert (answer.status, answer.json) == (200, {"status": "stored"})
        assert [row["device_id"] for row in stored(service.dsn, SITE)] == list(range(6))
        assert service.stats(SITE)["total_views"] == 6
        # Of an event that the worker rejects, nobody says that it is stored.
        with psycopg.connect(service.dsn, autocommit=True) as db:
            odd = "add constraint odd check (device_id % 2 = 0) not valid"
            alter_in_use(db, f"alter table public.events {odd}")
        answer = service.post("/event?wait=true", events(7, 8)[0])
        assert (answer.status, answer.json) == (202, {"status": "accepted"})
    finally:
        worker.kill()
        worker.communicate(timeout=60)
    rejected = json.loads((redis.directory / "rejected").read_text())
    assert '"device_id":7' in rejected["row"]


def test_properties_and_keys_of_events_are_kept(service: Serving, redis: Redis) -> None:
    event = {**events(1, 2)[0], "event_key": "k1", "amount": "1.50", "currency": "EUR"}
    assert service.post("/event", event).status == 202
    work(service, redis)
    (row,) = stored(service.dsn, SITE)
    assert row["properties"] == {"plan": "pro", "event_key": "k1"}  # as by the spool
    assert (row["amount"], row["currency"]) == (1.5, "EUR")


def test_without_redis_nothing_is_accepted(service: Serving, redis: Redis) -> None:
    redis.kill()
    answer = service.post("/event", events(0, 1)[0])
    assert (answer.status, "retry-after" in answer.headers) == (503, True)
    assert "the queue does not " in answer.json["error"]  # answer, or take events
    assert service.post("/event", events(0, 1)[0], Idempotency_Key="k").status == 503
    assert service.get("/readyz").status == 503
    redis.start()
    until(lambda: service.post("/event", events(0, 1)[0]).status == 202, "events are accepted")


def test_a_full_queue_answers_503(service: Serving, redis: Redis) -> None:
    service.stop()
    service.options = (*service.options, "--spool-limit", "1")
    service.start()
    large = [{**each, "text": "x" * 10_000} for each in events(0, 150)]
    assert service.post("/events", large).status == 202
    until(lambda: service.post("/event", events(0, 1)[0]).status == 503, "it is full")
    assert "the queue is full" in service.post("/event", events(0, 1)[0]).json["error"]
    work(service, redis)
    until(lambda: service.post("/event", events(0, 1)[0]).status == 202, "there is room")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("kafka://localhost/events", "is no queue"),
        ("redis://localhost", "names no stream"),
        ("redis://localhost:1/events", "redis at localhost:1"),
        ("redis://localhost:x/events", "is no queue"),
    ],
)
def test_queues_that_are_wrong(plain: Server, tmp_path: Path, url: str, said: str) -> None:
    pytest.importorskip("redis", reason="redis-py is not installed")
    done = rollupctl(plain.dsn("postgres"), "serve", "--queue", url, "--spool", str(tmp_path / "s"))
    assert done.returncode != 0
    assert said in done.stderr
    assert len(done.stderr.splitlines()) <= 2
