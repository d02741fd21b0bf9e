"""What is accepted as an event, and how the spool keeps it: without a server."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")

from rollupctl.serve import bodies
from rollupctl.serve.batches import read_batch
from rollupctl.serve.copylines import line
from rollupctl.serve.events import InvalidEventError, read_event, stored
from rollupctl.serve.problems import ProblemError
from rollupctl.serve.spool import Spool, SpoolError, SpoolFullError
from rollupctl.serve.spoolfile import Answer

NOW = datetime(2024, 6, 1, 12, tzinfo=timezone.utc)


def read(**fields: Any) -> dict[str, Any]:
    event = {"site_id": "s", "event_type": "pageview", **fields}
    return stored(read_event(json.dumps(event).encode(), NOW))


def reason(body: bytes) -> str:
    with pytest.raises(InvalidEventError) as raised:
        read_event(body, NOW)
    return raised.value.reason


def test_fields_that_are_no_column_become_properties() -> None:
    found = read(path="/a", plan="pro", properties={"n": 1, "plan": "free"}, user_id=7)
    assert found == {
        "site_id": "s",
        "event_time": "2024-06-01T12:00:00+00:00",
        "event_type": "pageview",
        "path": "/a",
        "user_id": "7",
        "properties": {"n": 1, "plan": "pro"},
    }


@pytest.mark.parametrize(
    ("given", "time"),
    [
        ("2024-01-15T10:30:00Z", "2024-01-15T10:30:00+00:00"),
        ("2024-01-15T10:30:00.25+05:45", "2024-01-15T04:45:00.250000+00:00"),
        ("2024-01-15T10:30:00", "2024-01-15T10:30:00+00:00"),
        ("2024-01-15", "2024-01-15T00:00:00+00:00"),
    ],
)
def test_times(given: str, time: str) -> None:
    assert read(timestamp=given)["event_time"] == time


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"site_id": None}, "site_id required"),
        ({"site_id": " \t"}, "site_id required"),
        ({"site_id": "a\u0000b"}, "a text contains the character U+0000"),
        ({"site_id": "a\nb"}, "site_id contains control characters"),
        ({"site_id": "x" * 1000}, "site_id is longer than 200 characters"),
        ({"site_id": ["a"]}, "site_id is not a string"),
        ({"event_type": None}, "event_type required"),
        ({"event_type": ""}, "event_type required"),
        ({"path": "x" * 501}, "path is longer than 500 characters"),
        ({"path": {"a": 1}}, "path is not a string"),
        ({"user_id": True}, "user_id is not a string"),
        ({"timestamp": "yesterday"}, "timestamp is not a time in ISO 8601"),
        ({"timestamp": 1705314600}, "timestamp is not a time in ISO 8601"),
        ({"timestamp": "0001-01-01T00:00:00+14:00"}, "timestamp is not a time in ISO 8601"),
        ({"timestamp": "1969-12-31T23:59:59Z"}, "timestamp is before 1970"),
        ({"quantity": 2**31}, "quantity is not a whole number of 32 bits"),
        ({"device_id": 2**63}, "device_id is not a whole number of 64 bits"),
        ({"session_id": 1.5}, "session_id is not a whole number of 64 bits"),
        ({"amount": "NaN"}, "amount is not a number"),
        ({"amount": "1e9999"}, "amount is not a number"),
        ({"currency": "eur"}, "currency is not a code of three letters"),
        ({"value": "12"}, "value is not a number"),
        ({"properties": [1]}, "properties is not an object"),
        ({"properties": {"a": ["x", {"b\u0000": 1}]}}, "a name contains the character U+0000"),
    ],
)
def test_events_that_are_rejected(fields: dict[str, Any], said: str) -> None:
    event = {"site_id": "s", "event_type": "e", **fields}
    assert reason(json.dumps(event).encode()).startswith(said)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"site_id": NaN}',
        b'{"site_id": "\\ud800"}',
        b'{"site_id": "\xff"}',
        b'{"site_id": "a", "event_type": "b", "x": 1e999}',
        b"[" * 100_000,
    ],
)
def test_bodies_that_are_no_json(body: bytes) -> None:
    said = reason(body)
    assert said.startswith(
        ("the body is not valid JSON", "the JSON is nested", "an event is at most")
    )


def test_nesting_has_a_limit() -> None:
    body = b'{"site_id": "a", "event_type": "b", "x": ' + b"[" * 40 + b"]" * 40 + b"}"
    assert reason(body) == "properties are nested more than 32 levels deep"
    deeper = body[: body.index(b"[")] + b'{"x": ' * 5000 + b"1" + b"}" * 5001
    # What the decoder can take depends on the version of Python.
    assert reason(deeper).endswith(("nested too deeply", "nested more than 32 levels deep"))


def test_long_numbers_keep_their_digits() -> None:
    assert (
        read(amount="12345678901234567890.123456789")["amount"] == "12345678901234567890.123456789"
    )


@pytest.mark.parametrize("is_lines", [False, True])
def test_batches_name_the_lines_that_are_wrong(is_lines: bool) -> None:
    events = ['{"site_id": "a", "event_type": "b"}', "3", '{"site_id": ""}', '{"a": "\\ud800"}']
    if not is_lines:
        events.pop()  # an array with it is no JSON
    body = ("\n".join(events) if is_lines else f"[{','.join(events)}]").encode()
    batch = asyncio.run(read_batch(body, is_lines, NOW))
    assert len(batch.accepted) == 1
    assert [each.line for each in batch.rejected] == [2, 3, 4][: len(events) - 1]
    assert batch.rejected[1].reason == "site_id required"


def test_a_batch_has_a_limit() -> None:
    with pytest.raises(InvalidEventError, match="at most 10000 events"):
        asyncio.run(read_batch(b"[" + b",".join([b"{}"] * 10_001) + b"]", False, NOW))
    with pytest.raises(InvalidEventError, match="not an array of events"):
        asyncio.run(read_batch(b'"x"', False, NOW))


def test_lines_of_copy_escape_what_copy_reads() -> None:
    event = read(path="a\tb\\N\r\n", properties={"x": "\\\n"})
    text = line(event, 7)
    assert text.count("\n") == 1
    assert text[:-1].split("\t")[1:4] == ["7", "pageview", r"a\tb\\N\r\n"]
    assert text[:-1].split("\t")[-1] == r'{"x":"\\\\\\n"}'


# The spool


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool.open(tmp_path, 10_000)
    yield spool
    spool.close()


def test_what_was_appended_is_there_after_a_restart(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path, 10_000)
    assert spool.append([b"a", b"b"]).result(30) == 2
    assert spool.append([b"c"]).result(30) == 3
    assert (spool.events, spool.used_bytes) == (3, 3)
    spool.close()
    spool = Spool.open(tmp_path, 10_000)
    assert spool.read(10, 1000) == [(1, b"a"), (2, b"b"), (3, b"c")]
    assert spool.read(10, 1) == [(1, b"a")]
    spool.remove(2)
    assert spool.read(2, 1000) == [(3, b"c")]
    spool.remove(3, [b"c"])
    assert (spool.events, spool.used_bytes, spool.oldest_at) == (0, 0, None)
    assert spool.append([b"d"]).result(30) == 4  # positions are not used again
    spool.close()


def test_positions_go_on_after_an_empty_spool_is_opened_again(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path, 10_000)
    spool.append([b"a"] * 5).result(30)
    spool.remove(5)
    spool.close()
    spool = Spool.open(tmp_path, 10_000)
    assert spool.append([b"b"]).result(30) == 6
    spool.close()


def test_a_spool_has_one_owner(spool: Spool) -> None:
    with pytest.raises(SpoolError, match="another serve has the spool"):
        Spool.open(spool.directory, 1)


def test_a_full_spool_takes_no_more(spool: Spool) -> None:
    spool.append([b"x" * 9_000]).result(30)
    with pytest.raises(SpoolFullError):
        spool.append([b"y" * 2_000]).result(30)
    spool.append([b"z" * 500]).result(30)
    spool.remove(1, [b"x" * 9_000])
    assert spool.append([b"y" * 2_000]).result(30) == 3


def test_a_full_disk_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = Spool.connect

    def connect_to_small_disk(self: Spool) -> sqlite3.Connection:
        db = connect(self)
        db.execute("pragma max_page_count = 30")
        return db

    monkeypatch.setattr(Spool, "connect", connect_to_small_disk)
    spool = Spool.open(tmp_path, 10**9)
    stored: list[Future[int]] = [spool.append([b"x" * 20_000]) for _ in range(20)]
    done = [future for future in stored if future.exception(30) is None]
    assert 0 < len(done) < 20 or spool.events == 0
    assert spool.events == len(done) == len(spool.read(100, 10**9))
    spool.remove(spool.last_position)
    assert spool.append([b"x" * 20_000]).exception(30) is None
    spool.close()


def test_a_damaged_spool_is_named(tmp_path: Path) -> None:
    (tmp_path / "spool.sqlite").write_bytes(b"not a database" * 1000)
    with pytest.raises(SpoolError, match="cannot open the spool") as raised:
        Spool.open(tmp_path, 1)
    opened = [each.resolve() for each in Path("/proc/self/fd").glob("*")]
    assert tmp_path / "spool.sqlite" not in opened, raised


def test_answers_are_kept_with_the_events(spool: Spool) -> None:
    assert spool.answer("k") is None
    spool.append([b"a", b"b"], Answer("k", b"digest", 202, b"body")).result(30)
    assert spool.answer("k") == Answer("k", b"digest", 202, b"body", 2)


def test_a_copy_of_a_spool_gets_another_identity(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path / "a", 10_000)
    spool.append([b"a"]).result(30)
    first = spool.id
    spool.close()
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    copy = Spool.open(tmp_path / "b", 10_000)
    assert copy.id == first
    assert copy.first_position == 1
    copy.append([b"new"]).result(30)
    copy.renew(copy.first_position)
    assert copy.id != first
    assert copy.read(10, 1000) == [(2, b"new")]
    copy.close()


# Bodies


class FakeRequest:
    def __init__(self, pieces: list[bytes], headers: dict[str, str], is_slow: bool = False) -> None:
        self.headers = headers
        self.pieces = pieces
        self.is_slow = is_slow

    async def receive(self) -> dict[str, Any]:
        if not self.pieces and self.is_slow:
            await asyncio.Event().wait()
        piece = self.pieces.pop(0) if self.pieces else b""
        return {
            "type": "http.request",
            "body": piece,
            "more_body": bool(self.pieces or self.is_slow),
        }


def status_of(request: Any, max_bytes: int) -> int:
    with pytest.raises(ProblemError) as raised:
        asyncio.run(bodies.read_body(request, max_bytes))
    return raised.value.status


def test_bodies_have_a_limit_of_size_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    fits: Any = FakeRequest([b"ab", b"", b"cd"], {})
    assert asyncio.run(bodies.read_body(fits, 4)) == b"abcd"
    assert status_of(FakeRequest([b"ab", b"cde"], {}), 4) == 413
    assert status_of(FakeRequest([], {"content-length": "100000000"}), 4) == 413
    monkeypatch.setattr(bodies, "SECONDS", 0.01)
    assert status_of(FakeRequest([b"a"], {}, is_slow=True), 4) == 408
