"""Large files are loaded in parts, and go on at the last part that was committed."""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
import pytest

from rollupctl.connect import open_session
from rollupctl.errors import BadFileError, RollupError
from rollupctl.loading import load, receive, transfer
from rollupctl.loading.csvfile import CsvFile
from rollupctl.loading.dialect import CSV, Dialect
from rollupctl.loading.inputs import open_input
from rollupctl.loading.load import RESULT, Options
from rollupctl.loading.outcome import GONE, LOADED, SKIPPED
from rollupctl.loading.parts import Known, Parts
from rollupctl.output import Table
from tests import servers
from tests.conftest import Connection, Rollupctl
from tests.helpers import rows, value
from tests.test_load import wait_until, write

HEADER = "customer_id,event_type,device_id\n"
TEXT = HEADER + "".join(f'1,"a, or ""b""\nc",{device}\n' for device in range(300))
PART = 1000  # bytes: TEXT has several


def load_file(dsn: str, path: str, size: int = PART, **options: Any) -> tuple[str, int]:
    """The status, and the number of rows that this load added."""
    report = Table(RESULT)
    with open_session(dsn, "test") as session:
        load.load_files(session, [path], Options(part_size=size, **options), report=report)
    return report.rows[0][1], report.rows[0][2]


def devices(db: Connection) -> list[int]:
    return [row[0] for row in rows(db, "select device_id from events order by event_id")]


class LostError(Exception):
    """Stands for the end of the loader at a certain point."""


@contextlib.contextmanager
def dying_at(monkeypatch: pytest.MonkeyPatch, part: int) -> Iterator[None]:
    """The loader ends within its nth part."""
    copy_part = transfer.copy_part
    seen = []

    def dying(*args: Any) -> int:
        seen.append(1)
        done = copy_part(*args)
        if len(seen) == part:
            raise LostError
        return done

    with monkeypatch.context() as patch:
        patch.setattr(receive, "copy_part", dying)
        with pytest.raises(LostError):
            yield


def test_a_file_in_parts(db: Connection, dsn: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", TEXT)
    assert load_file(dsn, path) == (LOADED, 300)
    assert devices(db) == list(range(300))
    parts = "select count(*), sum(rows), max(bytes) from rollup.load_parts"
    assert rows(db, "select load_id, rows, bytes, sha256 is null from rollup.loads") == [
        (1, 300, len(TEXT), False)]  # fmt: skip
    ((number, total, size),) = rows(db, parts)
    assert (number > 5, total, size) == (True, 300, len(TEXT))
    assert load_file(dsn, path) == (SKIPPED, 0)
    # A content that begins with the same parts: what follows them is loaded.
    assert load_file(dsn, write(tmp_path / "b.csv", TEXT + "1,x,300\n")) == (LOADED, 1)
    assert sorted(devices(db)) == list(range(301))


@pytest.mark.parametrize("size", [PART, 700], ids=["same parts", "other parts"])
@pytest.mark.parametrize("form", ["file", "pipe", "cp1252"])
def test_it_goes_on_after_the_last_part(
    db: Connection,
    dsn: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    form: str,
    size: int,
) -> None:
    text = TEXT.replace("or", "Ö")
    content = text.encode("cp1252" if form == "cp1252" else "utf-8")
    options = {"dialect": Dialect(encoding="cp1252") if form == "cp1252" else CSV}
    path = write(tmp_path / "a.csv", content)

    def again(part_size: int) -> tuple[str, int]:
        if form != "pipe":
            return load_file(dsn, path, part_size, **options)
        with Pipe(content) as pipe:
            monkeypatch.setattr(sys, "stdin", pipe)
            return load_file(dsn, "-", part_size, **options)

    with dying_at(monkeypatch, 4):
        again(PART)
    before = len(devices(db))
    assert 0 < before < 300
    assert value(db, "select count(*) from rollup.load_parts") == 3
    assert again(size) == (LOADED, 300 - before)
    lines = before * 2 + 1
    assert f"goes on after line {lines}; it was loaded so far on " in capsys.readouterr().err
    assert devices(db) == list(range(300))
    assert rows(db, "select rows, sha256 is null from rollup.loads") == [(300, False)]
    assert again(size) == (SKIPPED, 0)


class Pipe(io.RawIOBase):
    """Bytes that can be read once, a few at a time, from a descriptor that is no file."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)
        self._null = Path("/dev/null").open("rb")  # noqa: SIM115

    def fileno(self) -> int:
        return self._null.fileno()

    def close(self) -> None:
        self._null.close()
        super().close()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        return self._data.read(min(size, 777) if size > 0 else -1)

    @property
    def buffer(self) -> Pipe:
        return self


def test_a_mistake_keeps_the_parts_before_it(db: Connection, dsn: str, tmp_path: Path) -> None:
    lines = TEXT.splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.endswith(",200\n"))
    bad = [*lines[:at], lines[at].replace(",200", ",two hundred"), *lines[at + 1 :]]
    path = write(tmp_path / "a.csv", "".join(bad))
    with pytest.raises(BadFileError) as caught:
        load_file(dsn, path)
    assert f'a.csv, line {at + 1}, column device_id: "two hundred"' in caught.value.message
    kept = len(devices(db))
    assert 0 < kept < 200
    assert f"its first {kept * 2 + 1} lines are loaded, the others are not" in str(
        caught.value.hint
    )
    assert load_file(dsn, write(tmp_path / "a.csv", TEXT)) == (LOADED, 300 - kept)
    assert devices(db) == list(range(300))


def test_the_line_of_a_file_without_a_header(db: Connection, dsn: str, tmp_path: Path) -> None:
    """The server does not count line breaks in quotes before the first end of a record."""
    text = f'1,"{"a" * 70_000}\nb\n",1\n1,"c\nd",2\n1,e,three\n'
    dialect = Dialect(columns=("customer_id", "event_type", "device_id"))
    with pytest.raises(BadFileError, match="line 6, column device_id"):
        load_file(dsn, write(tmp_path / "a.csv", text), dialect=dialect)


def test_a_time_in_a_later_part(db: Connection, dsn: str, tmp_path: Path) -> None:
    lines = ["customer_id,event_type,event_time", *["1,a,2025-01-01 10:00"] * 300]
    lines[250] = "1,a,now"
    # Times are checked by this program, not by the server.
    with pytest.raises(BadFileError, match=r"line 251, column event_time: \"now\" is a word"):
        load_file(dsn, write(tmp_path / "a.csv", "\n".join(lines)))


def test_an_unfinished_load_whose_rows_are_gone(
    db: Connection,
    dsn: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = write(tmp_path / "a.csv", TEXT)
    with dying_at(monkeypatch, 3):
        load_file(dsn, path)
    db.execute("truncate events")
    assert load_file(dsn, path) == (GONE, 0)
    told = capsys.readouterr().err
    assert re.search(r"was loaded in part on .* UTC, but 0 of its \d+ rows are left", told)
    assert "load --again" in told
    assert load_file(dsn, path, again=True) == (LOADED, 300)
    assert devices(db) == list(range(300))
    assert value(db, "select count(*) from rollup.loads") == 1


@pytest.mark.parametrize("loaders", [2, 4])
def test_loaders_of_one_file_take_turns(
    db: Connection, dsn: str, tmp_path: Path, loaders: int
) -> None:
    path = write(tmp_path / "a.csv", TEXT)
    done: list[tuple[str, int]] = []
    threads = [
        threading.Thread(target=lambda: done.append(load_file(dsn, path))) for _ in range(loaders)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(added for _, added in done) == 300, done
    assert sorted(devices(db)) == list(range(300))
    assert rows(db, "select rows, sha256 is null from rollup.loads") == [(300, False)]


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random(
    db: Connection, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """The connection is cut at random statements, until the file is in."""
    path = write(tmp_path / "a.csv", TEXT)
    chance = random.Random(seed)
    for _ in range(200):
        with open_session(dsn, "test") as session:
            report = Table(RESULT)
            left = chance.randrange(4, 40)
            execute = session.execute

            def cut(*args: Any, session: Any = session, execute: Any = execute) -> Any:
                nonlocal left
                left -= 1
                if left == 0:
                    db.execute("select pg_terminate_backend(%s::int)", [session.info.backend_pid])
                return execute(*args)

            monkeypatch.setattr(session, "execute", cut)
            try:
                load.load_files(session, [path], Options(part_size=PART), report=report)
            except (psycopg.OperationalError, RollupError):
                continue
            if report.rows:
                break
    assert sorted(devices(db)) == list(range(300))
    assert rows(db, "select rows, sha256 is null from rollup.loads") == [(300, False)]


def test_the_program_is_killed(db: Connection, dsn: str, rollupctl: Rollupctl) -> None:
    """Parts of the size that users get; the second part is under way."""
    line = b'1,"' + b"x" * 1_000_000 + b'",1\n'
    content = HEADER.encode() + line * 90
    loading = servers.start_rollupctl(dsn, "load", "-", stdin=subprocess.PIPE)
    assert loading.stdin is not None
    loading.stdin.write(content[: 75 * len(line)])
    loading.stdin.flush()
    wait_until(lambda: bool(value(db, "select count(*) from rollup.load_parts")), 120)
    loading.send_signal(signal.SIGKILL)
    loading.communicate()
    assert value(db, "select count(*) from events") == 68
    done = rollupctl("load", "-", input=content)
    assert done.returncode == 0, done.stderr
    assert "goes on after line 69;" in done.stderr
    assert value(db, "select count(*) from events") == 90


FIELDS = ["1", "", '"a\nb"', '"a""b"', '"\r\n"', "ü", '""']


def test_parts_end_with_records(tmp_path: Path) -> None:
    """Whatever the sizes of parts and chunks: parts are the text, cut after ends of records."""
    chance = random.Random(7)
    for _ in range(200):
        end = chance.choice(["\n", "\r\n", "\r"])
        records = ["a,b"] + [
            ",".join(chance.choices(FIELDS, k=chance.randint(1, 3)))
            for _ in range(chance.randint(0, 12))
        ]
        text = (end.join(records) + end * chance.randint(0, 1)).encode()
        path = write(tmp_path / "a.csv", text)
        size, chunk = chance.randint(1, 40), chance.randint(1, 9)
        with opened(path, text, end, size, chunk) as parts:
            cut, known = [], []
            while not parts.is_at_end():
                cut.append(b"".join(parts.next().rows()))
                known.append(Known(1, parts.digest(), parts.position))
        assert b"".join(cut) == text
        ends, at = {len(text)}, 0
        for record in records:
            at += len((record + end).encode())
            ends.add(at)
        assert {part.bytes for part in known} <= ends
        assert all(len(part) >= size for part in cut[:-1])
        # Any beginning that is known is passed over, and the rest is as if it had been read at once.
        for number, last in enumerate(known):
            others = [Known(2, bytes(32), known[0].bytes), Known(3, bytes(32), len(text) * 2)]
            with opened(path, text, end, size, chunk) as again:
                assert again.pass_known([*known[: number + 1], *others]) == last
                rest = []
                while not again.is_at_end():
                    rest.append(b"".join(again.next().rows()))
            assert rest == cut[number + 1 :]
            assert again.lines == parts.lines


@contextlib.contextmanager
def opened(path: str, text: bytes, end: str, size: int, chunk: int) -> Iterator[Parts]:
    """The parts of a file that is read in small chunks."""
    file = open_input(path)
    with mock.patch.object(CsvFile, "line_end", end.encode()):
        parts = Parts(file, size)
    parts._source = (text[at : at + chunk] for at in range(0, len(text), chunk))
    yield parts
    file.close()


def test_what_was_loaded(db: Connection, rollupctl: Rollupctl, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", HEADER + "1,a,1\n")
    assert rollupctl("load", path).returncode == 0
    again = rollupctl("load", path)
    assert re.search(r"a\.csv: loaded before, on .* UTC; `rollupctl unload 1`", again.stderr)
    assert rollupctl("unload", "1", "--yes").returncode == 0
    assert rollupctl("load", path).returncode == 0
    with db.transaction():
        begin = "select load_id, part from rollup.begin_part('events', 'shop', channel => 'orders')"
        ((load_id, part),) = rows(db, begin)
        record = "select rollup.record_part(%s, %s, 0, null, new_position => '7-3')"
        assert value(db, record, load_id, part)
    listed = json.loads(rollupctl("loads", "-o", "json").stdout)
    assert [(x["rows"], x["status"], x["position"]) for x in listed] == [
        (1, "unloaded", None), (1, "loaded", None), (0, "open", "7-3")]  # fmt: skip
    (channel,) = json.loads(rollupctl("loads", "--channel", "orders", "-o", "json").stdout)
    assert (channel["channel"], channel["position"]) == ("orders", "7-3")
    none = rollupctl("loads", "--channel", "parcels", "-o", "json")
    assert (none.returncode, json.loads(none.stdout)) == (0, [])
