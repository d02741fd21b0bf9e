"""Clients and circumstances that nobody wishes for: each gets an answer, and nothing is lost."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.helpers import Task, until, value
from tests.servers import SERVING, Server
from tests.serving import Serving, serving, stored

pytest.importorskip("starlette")

from rollupctl.serve.spool import Spool
from rollupctl.serve.spoolfile import Answer


@pytest.fixture(scope="module")
def service(plain: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    name = plain.database(SERVING)
    with serving(plain.dsn(name), tmp_path_factory.mktemp("spool")) as service:
        yield service
    plain.drop(name)


EVENT = '"site_id": "hostile", "event_type": "pageview"'


def with_member(member: str) -> str:
    return f"{{{EVENT}, {member}}}"


@pytest.mark.parametrize(
    "body",
    [
        with_member('"value": NaN'),
        with_member('"value": -Infinity'),
        with_member('"value": ' + "9" * 400),
        with_member('"amount": ' + "9" * 420),
        with_member('"amount": 1e999'),
        with_member('"device_id": ' + "9" * 400),
        with_member('"path": ' + "9" * 5000),
        with_member('"x": ' + "9" * 5000),
        with_member('"x": 1e400'),
        with_member('"path": "\\ud800"'),
        with_member('"x": "\\udc00\\ud800"'),
        with_member('"x": "\\u0000"'),
        with_member('"x": ' + "[" * 20_000 + "]" * 20_000),
        with_member('"x": ' + '{"a":' * 9_000 + "1" + "}" * 9_000),
        "[" * 60_000,
        f'{{"site_id": "{"x" * 1000}", "event_type": "e"}}',
        "",
        "null",
        "{}",
    ],
)
def test_bodies_that_mean_harm_are_told_what_is_wrong(service: Serving, body: str) -> None:
    answer = service.post("/event", body)
    assert answer.status == 400, answer.body
    assert answer.json["error"]
    batch = f"[{{{EVENT}}}, {body}]" if body else "["
    answer = service.post("/events", batch)
    assert answer.status in (202, 400), answer.body
    if answer.status == 202:
        assert (answer.json["accepted"], answer.json["rejected"]) == (1, 1)
    assert service.logged("internal_error") == []


def test_a_long_body_without_a_length_is_not_kept(service: Serving) -> None:
    """100 MB in chunks: the answer comes as soon as there are too many bytes."""
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    sent = 0
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as client:
        client.sendall(
            b"POST /events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        with contextlib.suppress(ConnectionError):
            while sent < 100 * 1024**2:
                client.sendall(chunk)
                sent += 65536
        with contextlib.suppress(ConnectionError):
            assert b" 413 " in client.recv(4096)
    assert sent < 40 * 1024**2
    assert service.get("/healthz").status == 200


def slowly(service: Serving, head: bytes, byte: bytes) -> tuple[float, bytes]:
    """How long a client may send a byte a second, and what it is told."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as client:
        client.sendall(head)
        client.settimeout(1.0)
        began = time.monotonic()
        told = b""
        while time.monotonic() - began < 60:
            try:
                client.sendall(byte)
                while more := client.recv(4096):
                    told += more
                break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        return time.monotonic() - began, told


def test_a_client_that_sends_a_byte_a_second_is_cut_off(service: Serving) -> None:
    head = b"POST /event HTTP/1.1\r\nHost: localhost\r\n"
    in_headers = Task(lambda: slowly(service, head, b"x"))
    in_body = Task(lambda: slowly(service, head + b"Content-Length: 1000\r\n\r\n", b" "))
    assert service.post("/event", f"{{{EVENT}}}").status == 202  # others are served meanwhile
    seconds, told = in_headers.result()
    assert seconds < 30
    assert told == b""
    seconds, told = in_body.result()
    assert seconds < 40
    assert b" 408 " in told
    assert b"took longer than" in told


def test_ten_thousand_sites(service: Serving) -> None:
    names = [f"site {n}.example" for n in range(10_000)]
    batch = [{"site_id": name, "event_type": "pageview"} for name in names]
    answer = service.post("/events?wait=true", batch)
    assert answer.status in (200, 202), answer.body
    service.until_drained()
    for name in (names[0], names[-1]):
        assert service.stats(name)["total_views"] == 1
    with psycopg.connect(service.dsn, autocommit=True) as db:
        assert value(db, "select count(*) from sites where name like 'site %.example'") == 10_000
    assert len(service.get("/sites", search="site ").json["sites"]) == 100


SITES_RULE = """
alter table sites add check (slug not like 'odd%' or length(name) < 20);
create function refuse() returns trigger language plpgsql as
    $$ begin if new.slug = 'evil' then raise 'no %', new.slug; end if; return new; end $$;
create trigger refuse before insert on sites for each row execute function refuse();
"""


def test_sites_that_the_database_rejects_hold_up_nothing(service: Serving) -> None:
    """The table of sites is the user's: it may have constraints and triggers."""
    with psycopg.connect(service.dsn, autocommit=True) as db:
        db.execute(SITES_RULE.encode())
    # The longest names that are accepted, when they are normalized and in UTF-8.
    longest = ["\U0001d160" * 200, "\ufb2c" * 200, "\u202e\u05e9" * 100]
    names = ["good", "odd but long enough to be refused", "evil", *longest, "good too"]
    batch = [{"site_id": name, "event_type": "pageview"} for name in names]
    answer = service.post("/events?wait=true", batch)
    assert answer.status == 200, answer.body
    for name in ("good", "good too"):
        assert service.stats(name)["total_views"] == 1
    assert any("violates check constraint" in reason for reason in answer.json["reasons"])
    assert "no evil" in answer.json["reasons"]


def test_a_clock_that_is_set_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Positions go on, and the answer to a key is kept: its events are not stored twice."""
    spool = Spool.open(tmp_path, 10_000)
    spool.append([b"a"], Answer("k", b"digest", 202, b"body")).result(30)
    day_before = time.time() - 86_400
    monkeypatch.setattr(time, "time", lambda: day_before)
    assert spool.append([b"b"]).result(30) == 2
    assert spool.answer("k") == Answer("k", b"digest", 202, b"body", 1)
    spool.close()
    spool = Spool.open(tmp_path, 10_000)
    assert [position for position, _ in spool.read(10, 1000)] == [1, 2]
    assert spool.answer("k") is not None
    spool.close()


def test_a_key_is_free_again_when_its_answer_has_expired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool.open(tmp_path, 10_000)
    spool.append([b"a"], Answer("k", b"digest", 202, b"body")).result(30)
    next_day = time.time() + 86_401
    monkeypatch.setattr(time, "time", lambda: next_day)
    assert spool.answer("k") is None
    assert spool.append([b"b"], Answer("k", b"other", 202, b"new")).result(30) == 2
    assert spool.answer("k") == Answer("k", b"other", 202, b"new", 2)
    spool.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 48 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system cannot be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=False)


def test_a_full_disk_answers_503_and_loses_nothing(plain: Server, small_disk: Path) -> None:
    name = plain.database(SERVING)
    dsn = plain.dsn(name)
    with serving(dsn, small_disk) as service:
        accepted = 0

        def send() -> int:
            nonlocal accepted
            batch = [{"site_id": "disk", "event_type": "e", "note": "x" * 900} for _ in range(500)]
            status = service.post("/events", batch).status
            accepted += 500 if status == 202 else 0
            return status

        with psycopg.connect(dsn) as other:
            other.execute("lock table events in share row exclusive mode")
            statuses: list[Any] = []
            while len(statuses) < 200 and 503 not in statuses:
                statuses.append(send())
            assert statuses[-1] == 503, statuses
            assert json.loads(service.get("/readyz").body)["spool_events"] == accepted
            other.rollback()
        service.until_drained()
        until(lambda: send() == 202, "it accepts events again")
        service.until_drained()
        assert len(stored(dsn, "disk")) == accepted
    plain.drop(name)
