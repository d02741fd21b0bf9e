"""Events from Redis and Kafka are stored exactly once, whatever is killed."""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rollupctl.connect import open_session
from rollupctl.loading.dialect import CSV
from rollupctl.loading.rejects import RejectFile
from rollupctl.loading.target import find_target
from rollupctl.loading.timerange import default_range
from rollupctl.streams.consume import consume
from rollupctl.streams.debezium import unwrap
from rollupctl.streams.feed import Batch, Message
from rollupctl.streams.store import FencedError, Store
from tests import servers
from tests.conftest import Connection, Rollupctl
from tests.helpers import rows, until, value

DEVICES = "select device_id from events order by 1"
POSITION = "select channel, position, rows, rejected from rollup.loads"
ONCE = ("--once", "--every", "0.1", "-o", "json")  # Redis answers at once


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    redis = pytest.importorskip("redis", reason="redis-py is not installed")
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    port = free_port()
    command = [
        program,
        "--port",
        str(port),
        "--save",
        "",
        "--appendonly",
        "no",
        "--bind",
        "127.0.0.1",
    ]
    running = subprocess.Popen(
        [*command, "--dir", str(tmp_path_factory.mktemp("redis"))], stdout=subprocess.DEVNULL
    )
    client = redis.Redis(port=port)

    def answers() -> bool:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False

    until(answers, "redis answers")
    yield client
    client.close()
    running.terminate()
    running.wait()


@pytest.fixture
def stream(redis_server: Any) -> tuple[Any, str]:
    """A client, and the URL of the empty stream "clicks"."""
    redis_server.flushall()
    port = redis_server.connection_pool.connection_kwargs["port"]
    return redis_server, f"redis://127.0.0.1:{port}/clicks"


@pytest.fixture(scope="module")
def broker() -> Iterator[tuple[Any, str]]:
    """A producer with the cluster that librdkafka simulates, and its address."""
    with simulated() as found:
        yield found


@contextlib.contextmanager
def simulated() -> Iterator[tuple[Any, str]]:
    kafka = pytest.importorskip("confluent_kafka", reason="confluent-kafka is not installed")
    producer = kafka.Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "mock"})
    (found,) = producer.list_topics(timeout=30).brokers.values()
    yield producer, f"{found.host}:{found.port}"
    producer.flush(30)


def click(device: int) -> dict[str, Any]:
    return {"customer_id": device % 7, "event_type": "click", "device_id": device}


def add(client: Any, first: int, last: int) -> None:
    with client.pipeline() as pipeline:
        for device in range(first, last):
            pipeline.xadd("clicks", click(device))
        pipeline.execute()


def test_redis(db: Connection, dsn: str, rollupctl: Rollupctl, stream: tuple[Any, str]) -> None:
    client, url = stream
    done = rollupctl("consume", url, *ONCE)  # a stream that does not exist yet
    assert (done.returncode, json.loads(done.stdout)[0]["messages"]) == (0, 0), done.stderr
    add(client, 0, 500)
    # Consumers that are killed, beside another one.
    beside = servers.start_rollupctl(dsn, "consume", url, "--batch", "30", "--every", "0.1")

    def has(number: int) -> bool:
        return bool(value(db, "select count(*) from events") >= number)

    for kill_at in (100, 250):
        killed = servers.start_rollupctl(dsn, "consume", url, "--batch", "20", "--every", "0.1")
        until(functools.partial(has, kill_at), "events are stored")
        killed.kill()
        killed.communicate(timeout=60)
    beside.kill()
    beside.communicate(timeout=60)
    add(client, 500, 600)
    done = rollupctl("consume", url, *ONCE)
    assert done.returncode == 0, done.stderr
    assert rows(db, DEVICES) == [(device,) for device in range(600)]
    last = client.xrevrange("clicks", count=1)[0][0].decode()
    assert rows(db, POSITION) == [(f"redis {url[8:-7]}/0 clicks", last, 600, 0)]
    done = rollupctl("consume", url.replace("127.0.0.1", "localhost"), *ONCE)
    assert (done.returncode, json.loads(done.stdout)[0]["messages"]) == (0, 0), done.stderr
    listed = json.loads(rollupctl("loads", "-o", "json").stdout)
    assert (listed[0]["position"], listed[0]["status"]) == (last, "open")
    db.execute("call rollup.run_all()")
    assert value(db, "select sum(event_count) from rollup_events_1hr") == 600
    # Entries that are gone before they were read.
    add(client, 600, 700)
    client.xtrim("clicks", maxlen=10, approximate=False)
    done = rollupctl("consume", url, *ONCE)
    assert (done.returncode, "removed before they were read" in done.stderr) == (0, True)
    assert value(db, "select count(*) from events") == 610
    client.delete("clicks")
    client.xadd("clicks", click(1), id="1-1")
    done = rollupctl("consume", url, *ONCE)
    assert (done.returncode, "it was deleted and made again" in done.stderr) == (1, True)


def test_redis_that_may_not_be_written(
    db: Connection, rollupctl: Rollupctl, stream: tuple[Any, str]
) -> None:
    client, url = stream
    add(client, 0, 10)
    client.acl_setuser(
        "a@b", enabled=True, nopass=True, keys=["*"], commands=["+@read", "+@connection"]
    )
    for _ in range(2):
        done = rollupctl("consume", url.replace("//", "//a%40b:x@"), *ONCE)
        assert done.returncode == 0, done.stderr
        assert rows(db, DEVICES) == [(device,) for device in range(10)]
    assert client.get("clicks:channel") is None


def test_entries_that_are_not_text(
    db: Connection, rollupctl: Rollupctl, stream: tuple[Any, str], tmp_path: Path
) -> None:
    client, url = stream
    client.xadd("clicks", click(1) | {"event_type": "caf\u00e9".encode("latin1")})
    client.xadd("clicks", click(2) | {"event_type": "café"})
    client.xadd("clicks", click(3) | {b"\xff": "name"})
    path = tmp_path / "bad"
    done = rollupctl("consume", url, "--reject", str(path), *ONCE)
    assert done.returncode == 0, done.stderr
    assert rows(db, "select device_id, event_type from events") == [(2, "café")]
    told = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["reason"] for row in told] == [
        "is not UTF-8: byte 0xe9",
        "is not UTF-8: byte 0xff",
    ]
    assert b"caf\xe9" in base64.b64decode(told[0]["row_base64"])


def test_bad_messages(
    db: Connection, rollupctl: Rollupctl, stream: tuple[Any, str], tmp_path: Path
) -> None:
    client, url = stream
    good = json.dumps(click(1) | {"event_time": "2020-05-06T07:08:09Z"}, indent=1)
    bad = [
        "{",
        b"\xff",
        b"{}\0",
        '{"customer_id": "x"}',
        "[1]",
        '{"customer_id": 1, "device": 2}',
        "",
    ]
    for body in [good, *bad, json.dumps(click(2))]:
        client.xadd("clicks", {"event": body})
    done = rollupctl("consume", url, "--field", "event", *ONCE)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2
    assert "clicks, entry " in done.stderr
    assert rows(db, DEVICES) == []
    path = tmp_path / "bad.json"
    done = rollupctl("consume", url, "--field", "event", "--reject", str(path), *ONCE)
    assert done.returncode == 0, done.stderr
    assert rows(db, DEVICES) == [(1,), (2,)]
    assert len(path.read_text().splitlines()) == 7
    assert rows(db, POSITION)[0][2:] == (2, 7)
    assert value(db, "select count(*) from events_default") == 0  # of 2020


def test_bad_messages_of_a_batch_that_did_not_commit(
    db: Connection, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "bad"
    batches = [
        Batch("c", after, position, [Message(position, b"\xff"), Message(position, body)])
        for after, position in ((None, "1"), ("1", "2"))
        for body in [json.dumps(click(int(position))).encode()]
    ]

    def store(*batches: Batch) -> None:
        with open_session(dsn, "test") as session, RejectFile(str(file), None) as rejects:
            rejects.clear_uncommitted(session)
            target = find_target(session, "events")
            chosen = Store(session, target, CSV, "iso", "UTC", default_range(), rejects)
            for batch in batches:
                chosen.store(batch)

    class LostError(Exception):
        pass

    write = RejectFile.write

    def dying(self: RejectFile, *args: Any) -> None:
        write(self, *args)
        if len(file.read_bytes().splitlines()) == 2:
            raise LostError

    with monkeypatch.context() as patch:
        patch.setattr(RejectFile, "write", dying)
        with pytest.raises(LostError):
            store(*batches)
    assert [json.loads(line)["after"] for line in file.read_text().splitlines()] == [None, "1"]
    store()  # begins, and has nothing to store
    assert [json.loads(line)["after"] for line in file.read_text().splitlines()] == [None]
    store(batches[1])
    told = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(row["place"], row["row_base64"]) for row in told] == [("1", "/w=="), ("2", "/w==")]
    assert rows(db, POSITION) == [("c", "2", 2, 2)]


def test_passwords_are_not_shown(rollupctl: Rollupctl, stream: tuple[Any, str]) -> None:
    client, url = stream
    client.acl_setuser("reader", enabled=True, passwords=["+p%w"], keys="*", commands=["+@all"])
    done = rollupctl("consume", url.replace("//", "//reader:p%25w@"), *ONCE)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["stream"] == url.replace("//", "//reader:***@")
    for wrong in ("redis://me:hidden@127.0.0.1", "kafka://h/t?sasl.password=hidden"):
        assert "hidden" not in rollupctl("consume", wrong, *ONCE).stderr


def test_wrong_urls(rollupctl: Rollupctl) -> None:
    port = free_port()
    for url, code, said in (
        ("redis://127.0.0.1", 2, "names no stream"),
        ("redis://127.0.0.1/a?x=1", 2, "redis:// has no option x"),
        (f"redis://127.0.0.1:{port}/a", 1, f"redis at 127.0.0.1:{port}: "),
        ("kafka://127.0.0.1/a", 2, "does not name broker, topic and group"),
        ("amqp://127.0.0.1/a", 2, "is not a stream"),
    ):
        done = rollupctl("consume", url, *ONCE)
        assert (done.returncode, said in done.stderr) == (code, True), done.stderr
        assert len(done.stderr.splitlines()) <= 2


def test_kafka(
    db: Connection,
    dsn: str,
    rollupctl: Rollupctl,
    broker: tuple[Any, str],
    tmp_path: Path,
    server: Any,
) -> None:
    producer, address = broker
    topic = f"clicks-{server.name}"
    url = f"kafka://{address}/{topic}?group=rollup&session.timeout.ms=6000"

    def produce(first: int, last: int) -> None:
        for device in range(first, last):
            producer.produce(topic, json.dumps(click(device)), key=str(device))
        producer.produce(topic, None, key="x")
        producer.flush(30)

    produce(0, 300)
    beside = servers.start_rollupctl(dsn, "consume", url, "--batch", "30", "--every", "0.1")
    until(lambda: value(db, "select count(*) from events") >= 100, "events are stored")
    beside.kill()
    beside.communicate(timeout=60)
    produce(300, 400)
    if program := shutil.which("kcat"):
        lines = "".join(json.dumps(click(device)) + "\n" for device in range(400, 450))
        command = [program, "-P", "-b", address, "-t", topic]
        subprocess.run(command, input=lines, text=True, check=True, timeout=60)
    number = 450 if shutil.which("kcat") else 400
    # The group waits for the member that was killed.
    after = servers.start_rollupctl(dsn, "consume", url, "--every", "0.2")
    until(lambda: value(db, "select count(*) from events") >= number, "all events are stored")
    until(
        lambda: value(db, "select sum(position::int) from rollup.loads") == number + 2,
        "the tombstones are passed",
    )
    after.terminate()
    after.communicate(timeout=60)
    assert rows(db, DEVICES) == [(device,) for device in range(number)]
    stored = rows(db, "select position::int, rows from rollup.loads order by channel")
    assert sum(position for position, _ in stored) == number + 2  # with two tombstones
    assert sum(count for _, count in stored) == number


def test_kafka_clusters_with_topics_of_one_name(db: Connection, dsn: str) -> None:
    with simulated() as one, simulated() as two:
        for first, (producer, address) in ((0, one), (5, two)):
            for device in range(first, first + 5):
                producer.produce("same", json.dumps(click(device)), partition=0)
            producer.flush(30)
            url = f"kafka://{address}/same?group=g"
            done = servers.rollupctl(dsn, "consume", url, "--once", "--every", "1.5")
            assert done.returncode == 0, done.stderr
    assert rows(db, DEVICES) == [(device,) for device in range(10)]
    assert value(db, "select count(distinct channel) from rollup.loads") == 2


def test_once_waits_for_the_first_messages_after_a_slow_join(db: Connection, dsn: str) -> None:
    """A group that admits the consumer late has not been asked for messages yet."""

    class Slow:
        is_ready = False
        reads = 0

        def read(self, most: int, seconds: float) -> list[Batch]:
            self.is_ready = True
            self.reads += 1
            message = Message("1", json.dumps(click(1)).encode())
            return [Batch("c", None, "1", [message])] if self.reads == 2 else []

        def stored(self, batch: Batch) -> None: ...

        def go_back(self, channel: str) -> None: ...

        def close(self) -> None: ...

    with open_session(dsn, "test") as session:
        table = find_target(session, "events")
        store = Store(session, table, CSV, "iso", "UTC", default_range())
        consume(store, Slow(), "slow://", most=10, seconds=0.1, once=True, debezium=False)
    assert value(db, "select count(*) from events") == 1


def test_a_channel_that_another_has_moved(db: Connection, dsn: str) -> None:
    """Also one that is new to both."""
    with open_session(dsn, "test") as one, open_session(dsn, "test") as two:
        stores = [
            Store(session, find_target(session, "events"), CSV, "iso", "UTC", default_range())
            for session in (one, two)
        ]
        message = Message("1", json.dumps(click(1)).encode())
        first = Batch("c", stores[0].position("c"), "1", [message])
        assert first == Batch("c", stores[1].position("c"), "1", [message])
        assert stores[0].store(first) == 1
        for again in (first, Batch("c", "0", "2", [message])):
            with pytest.raises(FencedError):
                stores[1].store(again)
        assert stores[1].store(Batch("c", "1", "2", [message])) == 1
    assert rows(db, POSITION) == [("c", "2", 2, 0)]
    assert value(db, "select count(*) from events") == 2


def test_envelopes_of_debezium() -> None:
    row = {"id": 1, "name": "ä"}

    def envelope(op: str, **more: Any) -> bytes:
        return json.dumps({"op": op, "before": None, "after": row, **more}).encode()

    def taken(body: bytes | None, corrects: bool = False) -> Message:
        return unwrap(Message("1", body), corrects=corrects)

    for op in "cru":
        assert json.loads(taken(envelope(op)).body or b"") == row
    wrapped = b'{"schema": {}, "payload": ' + envelope("c") + b"}"
    assert json.loads(taken(wrapped).body or b"") == row
    deletion = envelope("d", after=None, before=row)
    assert taken(deletion).body is None
    assert taken(envelope("t", after=None)).body is None
    assert taken(None).body is None
    # Not envelopes: they are loaded, or refused, as what they are.
    others = (b"{", b'{"a": 1}', b"[]", b"1", b"\xff", b'{"op": "x", "a": 1}', b'{"op": [')
    for other in (*others, b'{"op": "c", "after": ' + b"[" * 100_000):
        assert taken(other) == Message("1", other)
    # Numbers keep their digits, and a change without a row is none to pass over.
    exact = b'{"a": 12345678901234567.89, "b": 1e400, "c": 0.10}'
    assert taken(b'{"op": "c", "after": ' + exact + b"}").body == exact
    assert taken(envelope("u", after=None)).flaw == "has no row after the change"
    found = taken(deletion, corrects=True)
    assert (found.deletes, json.loads(found.body or b"")) == (True, row)
    assert "truncated" in str(taken(envelope("t", after=None), corrects=True).flaw)
    assert taken(None, corrects=True).body is None


def test_changes_of_a_table(db: Connection, rollupctl: Rollupctl, stream: tuple[Any, str]) -> None:
    client, url = stream
    for op, after in (("c", click(1)), ("u", click(1) | {"event_type": "buy"}), ("d", None)):
        client.xadd("clicks", {"value": json.dumps({"payload": {"op": op, "after": after}})})
    done = rollupctl("consume", url, "--field", "value", "--debezium", *ONCE)
    assert done.returncode == 0, done.stderr
    assert rows(db, "select device_id, event_type from events order by event_id") == [
        (1, "click"), (1, "buy")]  # fmt: skip
    assert rows(db, POSITION)[0][2:] == (2, 0)


def test_changes_as_corrections(
    db: Connection, rollupctl: Rollupctl, stream: tuple[Any, str], tmp_path: Path
) -> None:
    client, url = stream
    run = ("consume", url, "--field", "value", "--debezium", "--correct", "device_id", *ONCE)
    counted = "select customer_id, event_type, sum(event_count)::int from rollup_events_1hr group by 1, 2 order by 1, 2"
    stored = "select device_id, customer_id, event_type from events order by 1"

    def send(*changes: tuple[str, int, str | None]) -> None:
        for op, device, kind in changes:
            after = None if kind is None else click(device) | {"event_type": kind}
            before = {"device_id": device} if op == "d" else None
            body = json.dumps({"payload": {"op": op, "before": before, "after": after}})
            client.xadd("clicks", {"value": body})

    send(("c", 1, "click"))
    done = rollupctl(*run)
    assert (done.returncode, "rollup.follow_changes" in done.stderr) == (1, True), done.stderr
    db.execute("select rollup.follow_changes('events')")
    # Several changes of a row in one batch: the last counts. A deletion may come first.
    send(("c", 2, "click"), ("u", 2, "buy"), ("c", 3, "click"), ("d", 3, None), ("d", 9, None))
    bad = tmp_path / "bad"
    done = rollupctl(*run, "--reject", str(bad))
    assert done.returncode == 0, done.stderr
    assert rows(db, stored) == [(1, 1, "click"), (2, 2, "buy")]
    db.execute("call rollup.run_all()")
    assert rows(db, counted) == [(1, "click", 1), (2, "buy", 1)]
    # Events that were counted change, go, and come again; one comes a second time.
    send(("u", 1, "buy"), ("d", 2, None), ("c", 4, "click"), ("c", 4, "click"))
    assert rollupctl(*run, "--reject", str(bad)).returncode == 0
    assert rows(db, stored) == [(1, 1, "buy"), (4, 4, "click")]
    db.execute("call rollup.run_all()")
    assert rows(db, counted.replace("group", "where event_count > 0 group")) == [
        (1, "buy", 1),
        (4, "click", 1),
    ]
    assert rows(db, "select * from rollup.verify('rollup_events_1hr')") == []
    # What cannot be read leaves the row as it was.
    bad.unlink()
    for wrong in (
        {"op": "u", "after": click(1) | {"customer_id": "x"}},
        {"op": "u", "after": {"customer_id": 1}},
        {"op": "d", "before": None},
        {"op": "d", "before": {"device_id": "x"}},
        {"op": "t"},
    ):
        client.xadd("clicks", {"value": json.dumps(wrong)})
    send(("u", 4, "buy"), ("d", 5, None))
    done = rollupctl(*run, "--reject", str(bad))
    assert done.returncode == 0, done.stderr
    assert rows(db, stored) == [(1, 1, "buy"), (4, 4, "buy")]
    reasons = [json.loads(line)["reason"] for line in bad.read_text().splitlines()]
    lost = "no value, without which the row that it corrects cannot be found"
    assert reasons == [
        'invalid input syntax for type bigint: "x"',
        lost,
        lost,
        'invalid input syntax for type bigint: "x"',
        "the table was truncated: remove its events yourself",
    ]
    assert rollupctl(*run[:-4], "--correct", "country,nothing").returncode == 2
    assert rollupctl("consume", url, "--correct", "device_id").returncode == 2


def test_messages_that_come_again(
    db: Connection, rollupctl: Rollupctl, stream: tuple[Any, str]
) -> None:
    client, url = stream
    for device in (1, 2, 1, 8, 2):
        client.xadd("clicks", click(device) | {"id": f"key {device}"})
    done = rollupctl("consume", url, "--event-key", "id", *ONCE)
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)
    assert (told["stored"], told["duplicates"]) == (3, 2)
    assert rows(db, DEVICES) == [(1,), (2,), (8,)]
    assert rows(db, POSITION.replace("rejected", "rejected, duplicates"))[0][2:] == (3, 0, 2)
