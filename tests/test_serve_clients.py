"""Clients that are careless or mean: headers, addresses, connections and frames."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import http.client
import json
import re
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from tests.helpers import SECONDS, Task, until
from tests.servers import SERVING, Server
from tests.serving import Reply, Serving, serving

pytest.importorskip("starlette")

import uvicorn
from uvicorn.server import ServerState

from rollupctl.serve import formats, protocol

PAST = "site_id=shop&from=2024-05-01&to=2024-05-02"
QUESTION = f"/rollups/site_views_1min?{PAST}&grain=total"
STATS = "/stats?site_id=shop&date=2024-05-01"
VIEW = {"site_id": "shop", "event_type": "pageview", "timestamp": "2024-05-01T12:00:00Z"}
COUNTED = [{"views": 1, "users": 0}]


@pytest.fixture(scope="module")
def service(plain: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A service with one page view, which is counted."""
    name = plain.database(SERVING)
    with serving(plain.dsn(name), tmp_path_factory.mktemp("spool")) as service:
        assert service.post("/event?wait=true", VIEW).status == 200
        until(lambda: bool(service.get(QUESTION).json["rows"] == COUNTED), "it is counted")
        yield service
        assert service.logged("internal_error") == []
        assert service.logged("text") == [], "the log is JSON"
    plain.drop(name)


def raw(service: Serving, sent: bytes, end: bytes = b"") -> bytes:
    """What is answered to bytes: until `end`, or until the connection ends."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=SECONDS) as client:
        told = b""
        with contextlib.suppress(ConnectionError):
            client.sendall(sent)
            while not end or end not in told:
                if not (more := client.recv(65536)):
                    break
                told += more
        return told


def request(line: str, *headers: str) -> bytes:
    return "\r\n".join([f"{line} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()


# Headers


@pytest.mark.parametrize("path", [QUESTION, STATS, "/rollups", "/app.js"])
def test_what_a_client_knows_is_not_sent_again(service: Serving, path: str) -> None:
    def asked(*lines: str) -> int:
        head = request(f"GET {path}", "Connection: close", *(f"If-None-Match: {x}" for x in lines))
        return int(raw(service, head).split()[1])

    def tag() -> str:
        return service.get(path).headers["etag"]

    # The version of rollups may still change when all is counted.
    until(lambda: asked(tag()) == 304, "it is known")
    until(lambda: asked(f"W/{tag()}") == 304, "a weak tag will do")
    until(lambda: asked(f'"other", {tag()} ,"more"') == 304, "it is one of several")
    until(lambda: asked('"other"', tag()) == 304, "it is in the second line")
    assert asked("*") == 304
    assert asked('"other"') == asked(tag().strip('"')) == 200


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", formats.JSON),
        ("*/*", formats.JSON),
        ("text/csv", formats.CSV),
        ("text/csv;q=0, */*", formats.JSON),
        ("text/csv;q=0.2, application/json;q=0.9", formats.JSON),
        ("application/json;q=0.2, TEXT/*;q=0.5", formats.CSV),
        ("text/csv, application/json", formats.CSV),
        ("application/json, text/csv", formats.JSON),
        ("text/html, */*;q=0.1", formats.JSON),
        ("application/json;q=0", None),
        ("*/*;q=0", None),
        ("image/png", None),
        ("text/csv;q=nan", formats.CSV),
    ],
)
def test_the_media_type_that_is_wanted_most(
    service: Serving, accept: str, kind: str | None
) -> None:
    answer = service.get(QUESTION, {"Accept": accept})
    if kind is None:
        assert (answer.status, answer.json["error"][:10]) == (406, "there are:")
    else:
        assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, kind)


def test_who_does_not_want_gzip_does_not_get_it(service: Serving) -> None:
    for wanted, coding in (("gzip", "gzip"), ("br, gzip;q=0.1", "gzip"), ("gzip;q=0", None)):
        answer = service.get("/app.js", {"Accept-Encoding": wanted})
        assert answer.headers.get("content-encoding") == coding


@pytest.mark.parametrize("path", ["/event", "/events", "/graphql"])
def test_compressed_bodies_are_not_read(service: Serving, path: str) -> None:
    """They would have to be written out to be checked, at a thousand times their size."""
    for content in (json.dumps(VIEW).encode(), b"0" * 10_000_000):
        body = gzip.compress(content)
        answer = service.post(path, body, Content_Encoding="gzip", Content_Type="application/json")
        assert answer.status == 415, answer.body
        assert answer.json["error"] == "bodies with Content-Encoding gzip are not read"


def test_ranges_are_not_for_answers(service: Serving) -> None:
    whole = service.get("/app.js")
    part = service.get("/app.js", {"Range": "bytes=0-9,5-"})
    assert (part.status, part.body) == (200, whole.body)


def test_headers_that_are_too_long(service: Serving) -> None:
    for sent in (
        request("GET /" + "x" * 400_000),
        request("GET /healthz", "X: " + "x" * 400_000),
        request("GET /healthz", *[f"X{n}: {n}" for n in range(40_000)]),
    ):
        told = raw(service, sent)
        assert told.startswith(b"HTTP/1.1 431 ") or not told  # a reset may overtake it
    assert service.get("/healthz").status == 200


def test_trailers_have_the_limit_of_headers(service: Serving) -> None:
    """They come after a body, and would be kept until the request ends."""
    head = request("POST /event", "Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n"
    line = b"X: " + b"x" * 1000 + b"\r\n"
    sent = 0
    with (
        socket.create_connection(("127.0.0.1", service.port), timeout=SECONDS) as client,
        contextlib.suppress(ConnectionError),
    ):
        client.sendall(head)
        while sent < 20_000_000:
            client.sendall(line * 10)
            sent += len(line) * 10
    assert sent < 20_000_000
    # Chunks of a byte have more around them than in them.
    body = json.dumps({**VIEW, "site_id": "chunks", "x": "y" * 30_000}).encode()
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    sent_all = request("POST /event", "Transfer-Encoding: chunked", "Connection: close") + chunks
    assert b"accepted" in raw(service, sent_all + b"0\r\n\r\n")


# Addresses


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/rollups/%00", 404),
        ("/rollups/a%00b/stream", 404),
        ("/rollups/%ff%fe", 404),
        ("/rollups/%ed%a0%80", 404),
        ("/rollups/..%2f..%2fetc%2fpasswd", 404),
        ("/rollups/" + "x" * 5000, 404),
        ("/analytics/%00", 404),
        (f"{QUESTION}&filter.country=%ff", 200),
        (f"{QUESTION}&filter.%00=x", 400),
        (f"{QUESTION}&measures=%00", 400),
        (f"{QUESTION}&cursor=WyIwIiwgIlx1MDAwMCJd", 400),
        ("/sites?search=%00%ed%a0%80", 200),
        (f"{STATS}%00", 400),
        ("/stats?site_id=%e2%80%ae%d7%a9%d7%9c%d7%95%d7%9d", 200),
        ("/stats?site_id=" + "x" * 1000, 400),
        ("//rollups", 404),
        ("/%00", 404),
    ],
)
def test_odd_addresses(service: Serving, path: str, status: int) -> None:
    answer = service.get(path)
    assert answer.status == status, answer.body
    if status != 200:
        assert "\n" not in answer.json["error"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"{QUESTION}&site_id=other", "site_id"),
        (f"{QUESTION}&filter.country=a&filter.country=b", "filter.country"),
        (f"{QUESTION}&limit=1&limit=2", "limit"),
        (f"{STATS}&site_id=other", "site_id"),
        (f"{STATS}&date=2024-05-02", "date"),
    ],
)
def test_parameters_that_are_given_twice(service: Serving, path: str, name: str) -> None:
    """One of them would be left out, and the answer be to another question."""
    answer = service.get(path)
    assert (answer.status, answer.json["error"]) == (400, f"{name} is given twice")


@pytest.mark.parametrize("host", ["[::1", "", "a b", "\xff", "localhost:99999", "x@localhost"])
def test_odd_names_of_the_host(service: Serving, host: str) -> None:
    body = json.dumps({**VIEW, "site_id": "host"}).encode()
    lines = (f"Host: {host}", "Connection: close", f"Content-Length: {len(body)}")
    for start in (f"GET {QUESTION}", "GET /nothing", "GET /rollups", "GET /"):
        head = "\r\n".join([f"{start} HTTP/1.1", *lines[:2], "", ""]).encode("latin-1")
        assert raw(service, head).split()[1] in (b"200", b"400", b"403", b"404")
    for more in ("Idempotency-Key: x", "Idempotency-Key: x y"):
        head = "\r\n".join(["POST /event HTTP/1.1", *lines, more, "", ""]).encode("latin-1")
        assert raw(service, head + body).split()[1] in (b"202", b"400")


def test_links_to_rollups_with_odd_names(service: Serving) -> None:
    with psycopg.connect(service.dsn, autocommit=True) as db:
        for name in ('my "first"', "möwe", "数"):
            measures = json.dumps({"n": {"count": "*"}})
            db.execute("select rollup.create_rollup(%s, 'events', '1 hour', %s)", [name, measures])
            answer = service.get(f"/rollups/{quote(name)}?{PAST}&limit=1")
            assert answer.status == 200, answer.body
            address = answer.headers["link"].partition("<")[2].partition(">")[0]
            assert len(service.get(address).json["rows"]) == 1
            db.execute("select rollup.drop_rollup(%s)", [name])


# Methods and connections


def test_other_methods(service: Serving) -> None:
    for path in (QUESTION, STATS, "/", "/healthz"):
        answer = service.request("HEAD", path)
        assert (answer.status, answer.body) == (200, b"")
        assert int(answer.headers["content-length"]) > 0
        answer = service.request("OPTIONS", path)
        assert answer.status == 405
        assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert service.request("HEAD", "/event").status == 405
    assert raw(service, request("OPTIONS *", "Connection: close")).startswith(b"HTTP/1.1 4")
    assert raw(service, request("CONNECT a:1")).startswith(b"HTTP/1.1 400 ")


def test_the_head_of_a_stream_has_an_end(service: Serving) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    with contextlib.closing(connection):
        connection.request("HEAD", QUESTION.replace("?", "/stream?"))
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
        assert answer.getheader("content-type", "").startswith("text/event-stream")
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
    until(lambda: service.metric("rollup_http_streams") == 0, "nobody follows it")


def test_requests_that_do_not_wait_for_answers(service: Serving) -> None:
    """Answers come in the order of the requests, whatever they are."""
    body = json.dumps({**VIEW, "site_id": "pipeline"})
    post = request("POST /event?wait=true", f"Content-Length: {len(body)}") + body.encode()
    last = request("GET /nothing", "Connection: close")
    told = raw(service, (post + request(f"GET {QUESTION}") + request("HEAD /healthz")) * 20 + last)
    found = re.findall(rb"HTTP/1.1 (\d+) ", told)
    assert found == [b"200"] * 60 + [b"404"]
    assert service.stats("pipeline", "2024-05-01")["total_views"] == 20


def test_bytes_that_are_no_request(service: Serving) -> None:
    for sent in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\0",
    ):
        assert raw(service, sent).startswith(b"HTTP/1.1 400 ")
    smuggled = request("POST /event", "Content-Length: 4", "Transfer-Encoding: chunked")
    assert raw(service, smuggled + b"0\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_a_body_that_nobody_reads_has_an_end(service: Serving) -> None:
    """The answer does not wait for it, but the connection is not kept for it.

    Nor for headers that go on, which take as long to see.
    """
    headers = Task(lambda: raw(service, b"GET /" + b"x" * 70_000))
    head = request("GET /healthz", "Content-Length: 1000000")
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as client:
        client.sendall(head)
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
        began = time.monotonic()
        with pytest.raises(ConnectionError):
            while time.monotonic() - began < 40:
                client.sendall(b"x")
                time.sleep(0.5)
                client.settimeout(0.01)
                with contextlib.suppress(TimeoutError):
                    if not client.recv(10):
                        raise ConnectionResetError
                client.settimeout(60)
    headers.result()
    assert service.get("/healthz").status == 200


async def _flood(_: Any, __: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _number in range(1000):
        await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize("reads", [False, True])
def test_a_client_that_reads_nothing_is_left(monkeypatch: pytest.MonkeyPatch, reads: bool) -> None:
    monkeypatch.setattr(protocol, "UNREAD_SECONDS", 1.0)

    async def check() -> bool:
        config = uvicorn.Config(_flood, http=protocol.Protocol, lifespan="off", log_config=None)
        config.load()
        state = ServerState()
        server = await asyncio.get_running_loop().create_server(
            lambda: protocol.Protocol(config, state, {}), "127.0.0.1", 0
        )
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request("GET /"))
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline:
            if reads:
                await reader.read(1_000_000)
            await asyncio.sleep(0.02)
        is_there = bool(state.connections)
        writer.transport.abort()
        server.close()
        for task in list(state.tasks):
            await task
        return is_there

    assert asyncio.run(check()) is reads


# Frames of a WebSocket


def frame(first: int, body: bytes, *, masked: bool = True, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    mask = b"\1\2\3\4" if masked else b""
    bit = 0x80 if masked else 0
    head = (
        bytes([first, bit | size])
        if size < 126
        else struct.pack("!BBH", first, bit | 126, size)
        if size < 65536
        else struct.pack("!BBQ", first, bit | 127, size)
    )
    if masked:
        body = bytes(byte ^ mask[n % 4] for n, byte in enumerate(body))
    return head + mask + body


TEXT = frame(0x81, b"text")


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(0x82, b"binary"), 1008),
        (TEXT, 1008),
        (frame(0x81, b"\xff\xfe"), 1007),
        (frame(0x81, b"unmasked", masked=False), 1002),
        (frame(0x83, b"reserved opcode"), 1002),
        (frame(0xC1, b"compressed"), 1002),
        (frame(0x80, b"nothing to continue"), 1002),
        (frame(0x09, b"a ping in parts"), 1002),
        (frame(0x89, b"x" * 200), 1002),
        (frame(0x81, b"x" * 2000), 1009),
        (frame(0x82, b"", length=2**62), 1009),
        (frame(0x01, b"x" * 900) + frame(0x80, b"x" * 900), 1009),
        (frame(0x88, b"\x03"), 1002),
        (frame(0x88, struct.pack("!H", 9)), 1002),
        (frame(0x88, struct.pack("!H", 1000) + b"bye"), 1000),
    ],
)
def test_frames_that_are_not_expected(service: Serving, sent: bytes, code: int) -> None:
    head = request(
        f"GET {QUESTION.replace('?', '/stream?')}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version: 13",
    )
    with socket.create_connection(("127.0.0.1", service.port), timeout=SECONDS) as client:
        client.sendall(head)
        assert client.recv(65536).startswith(b"HTTP/1.1 101 ")
        client.sendall(frame(0x89, b"hello") + sent)
        told = b""
        end = struct.pack("!H", code)
        with contextlib.suppress(ConnectionError):
            while more := client.recv(65536):
                told += more
                if sent is TEXT and end in told.rpartition(b"}")[2]:
                    client.sendall(frame(0x88, end))  # so it is not waited for
    assert end in told.rpartition(b"}")[2], told
    until(lambda: service.metric("rollup_http_streams") == 0, "nobody follows it")


# The database


def test_sessions_that_were_lost_are_replaced_before_anybody_notices(service: Serving) -> None:
    def ask(_: int = 0) -> Reply:
        return service.get("/sites", search="shop")

    for _ in range(2):
        asked = [Task(ask) for _ in range(16)]
        assert {each.result().status for each in asked} == {200}
        with psycopg.connect(service.dsn, autocommit=True) as db:
            db.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
                " and datname = current_database() and query ilike 'commit'"
            )


def test_a_session_that_is_lost_during_a_question(service: Serving) -> None:
    path = f"{QUESTION}&items=7"  # of which no answer is kept
    with psycopg.connect(service.dsn) as db:
        db.execute("lock table site_views_1min, site_views_1hr, site_views_1day")
        asking = Task(lambda: service.get(path).status)
        waits = "select pid from pg_stat_activity where query like '%rollup_serve.answer%' and wait_event_type = 'Lock'"
        found: list[Any] = []

        def is_waiting() -> bool:
            with psycopg.connect(service.dsn, autocommit=True) as other:
                found[:] = other.execute(waits).fetchall()
            return bool(found)

        until(is_waiting, "it waits")
        db.execute("select pg_terminate_backend(%s)", found[0])
        assert asking.result() == 503
        db.rollback()
    assert service.get(path).status == 200


def test_a_list_of_millions_of_nothing(service: Serving) -> None:
    """16 MB hold eight million elements; each would take a hundred bytes of memory."""
    process = service.process
    assert process

    def peak() -> int:
        status = Path(f"/proc/{process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found
        return int(found[1]) // 1024

    before = peak()
    for body in (b"[" + b"1," * 8_000_000 + b"1]", b"1\n" * 8_000_000):
        answer = service.post("/events", body, Content_Type="application/x-ndjson")
        assert answer.status == 400
    for body in (b"[" + b"1," * 8_000_000 + b"1]", b"[" + b"{}," * 5_000_000 + b"{}]"):
        answer = service.post("/events", body)
        assert (answer.status, answer.json["error"]) == (
            400,
            "a request has at most 640000 values",
        )
    assert peak() - before < 150, (before, peak())
