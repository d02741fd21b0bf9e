"""rollupctl load --follow: files that grow, are truncated and rotated, and pipes."""

from __future__ import annotations

import contextlib
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollupctl.connect import open_session
from rollupctl.errors import BadFileError, RollupError, UsageError
from rollupctl.loading.dialect import Dialect
from rollupctl.loading.follow import Follower
from rollupctl.loading.load import Options
from rollupctl.loading.rejects import RejectFile
from tests.conftest import Connection, Rollupctl
from tests.helpers import Task, rows, until, value
from tests.test_load import start_load
from tests.test_load_documents import rejected
from tests.test_load_formats import columnar

HEADER = "customer_id,event_type\n"


@contextlib.contextmanager
def following(dsn: str, path: Path, options: Options | None = None) -> Iterator[Task[None]]:
    """A follower beside the test, which is stopped at the end."""
    with open_session(dsn, "test") as session:
        follower = Follower(session, str(path), None, options or Options())
        task = Task(follower.run)
        try:
            yield task
        finally:
            follower.stop()
            with contextlib.suppress(RollupError):
                task.result()


def customers(db: Connection) -> list[int]:
    return [row[0] for row in rows(db, "select customer_id from events order by event_id")]


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_a_file_that_grows(db: Connection, dsn: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"

    def come(*wanted: int) -> None:
        until(lambda: customers(db) == list(wanted), f"{wanted} are loaded")

    with following(dsn, path):
        path.write_text(HEADER + '1,a\n2,"b\n')
        come(1)
        append(path, 'c"\n3')
        come(1, 2)
        # Rotated, with an end without a line end; the next file has its columns in another order.
        append(path, ",c")
        path.rename(tmp_path / "a.csv.1")
        path.write_text("event_type,customer_id\nx,4\n")
        come(1, 2, 3, 4)
        # Truncated, and as long as before.
        path.write_text("event_type,customer_id\nx,5\n")
        come(1, 2, 3, 4, 5)
    # Meanwhile it is rotated twice.
    append(path, "x,6\n")
    path.rename(tmp_path / "a.csv.2")
    path.write_text(HEADER + "7,x\n")
    with following(dsn, path) as task:
        come(1, 2, 3, 4, 5, 6, 7)
        # Another loader of the channel is told, and loads nothing.
        append(path, "8,x\n")
        come(1, 2, 3, 4, 5, 6, 7, 8)
        db.execute("update rollup_internal.loads set position = 'elsewhere'")
        with pytest.raises(RollupError, match="is at elsewhere"):
            append(path, "9,x\n")
            task.result()
    with following(dsn, path) as task, pytest.raises(RollupError, match="is no position in a file"):
        task.result()
    assert customers(db) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert rows(db, "select rows, channel from rollup.loads") == [(8, str(path))]
    assert value(db, "select sum(rows) from rollup.load_parts") == 8


def test_bad_rows_of_a_file_that_grows(db: Connection, dsn: str, tmp_path: Path) -> None:
    path, file = tmp_path / "a.ndjson", tmp_path / "bad"
    path.write_text('{"customer_id":1}\n{"customer_id":"x"}\n')
    with following(dsn, path) as task, pytest.raises(BadFileError, match="line 2, column"):
        task.result()
    assert customers(db) == []
    with (
        RejectFile(str(file), 10) as rejects,
        following(dsn, path, Options(rejects=rejects)),
    ):
        until(lambda: customers(db) == [1], "the good line is loaded")
        append(path, 'no\n{"customer_id":2}\n')
        until(lambda: customers(db) == [1, 2], "the next is loaded")
    assert [row for *_, row in rejected(file)] == [b'{"customer_id":"x"}', b"no"]
    assert [line for line, *_ in rejected(file)] == [2, 3]
    assert rows(db, "select rows, rejected from rollup.loads") == [(2, 2)]


def test_a_pipe(db: Connection, dsn: str, rollupctl: Rollupctl) -> None:
    args = ("--format", "ndjson", "--follow", "-", "--channel", "web")
    with start_load(dsn, *args) as process:
        assert process.stdin
        for number in range(3):
            process.stdin.write(b'{"customer_id":%d}\n{"customer_id"' % number)
            process.stdin.flush()
            until(lambda: customers(db) == list(range(number + 1)), "it is committed")  # noqa: B023
            process.stdin.write(b":%d}\n" % number)
            db.execute("truncate events")
            process.stdin.flush()
            until(lambda: customers(db) == [number], "it is committed")  # noqa: B023
            db.execute("delete from events")
            db.execute("insert into events (customer_id) select generate_series(0, %s)", [number])
        process.stdin.write(b'{"customer_id":3}\n{"incomp')
        process.stdin.flush()
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        output, said = process.communicate()
    assert process.returncode == 0, (output, said)
    done = rollupctl("load", *args, input='{"customer_id":4}\n{"customer_id":5}')
    assert done.returncode == 0, done.stderr
    assert customers(db)[-2:] == [4, 5]
    shown = rollupctl("loads", "--channel", "web", "-o", "csv").stdout.splitlines()
    assert "web" in shown[1]


def test_what_cannot_be_followed(dsn: str, tmp_path: Path) -> None:
    with open_session(dsn, "test") as session:
        for options in (
            Options(dry_run=True),
            Options(again=True),
            Options(dialect=Dialect(encoding="latin1")),
        ):
            with pytest.raises(UsageError):
                Follower(session, str(tmp_path / "a"), None, options)
    os.mkfifo(tmp_path / "pipe")
    for path, said in ((tmp_path / "pipe", "is not a regular"), (tmp_path, "is not a regular")):
        with following(dsn, path) as task, pytest.raises(UsageError, match=said):
            task.result()
    (tmp_path / "a.parquet").write_bytes(columnar("parquet", {"customer_id": [1, 2]}) + b"\n")
    with following(dsn, tmp_path / "a.parquet") as task, pytest.raises(RollupError):
        task.result()


def test_a_file_that_does_not_exist_yet(
    db: Connection, dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.csv"
    said = ""

    def says() -> bool:
        nonlocal said
        said += capsys.readouterr().err
        return "a.csv: does not exist yet; waiting for it" in said

    with following(dsn, path):
        until(says, "it is told")
        path.write_text(HEADER + "1,a\n")
        until(lambda: customers(db) == [1], "it is loaded")


@pytest.mark.parametrize("seed", range(1))
def test_each_line_once_though_killed(db: Connection, dsn: str, tmp_path: Path, seed: int) -> None:
    """The file is written, rotated and truncated at random; its follower is killed at random."""
    chosen = random.Random(seed)
    path = tmp_path / "log"
    path.write_text("")
    written = 0
    for round_number in range(3):
        with start_load(dsn, "--format", "ndjson", "--follow", str(path)) as process:
            for _ in range(chosen.randint(1, 4)):
                count = chosen.randint(1, 50)
                append(path, "".join(f'{{"customer_id":{written + n}}}\n' for n in range(count)))
                written += count
                if chosen.random() < 0.5 or not round_number:
                    until(lambda: value(db, "select count(*) from events") > 0, "some are loaded")
            if chosen.random() < 0.5:
                path.rename(tmp_path / f"log.{round_number}")
                path.write_text("")
            process.kill()
            process.communicate()
    with following(dsn, path, Options(dialect=Dialect(form="ndjson"))):
        append(path, f'{{"customer_id":{written}}}\n')
        until(lambda: written in customers(db), "the last is loaded")
    assert customers(db) == list(range(written + 1))
