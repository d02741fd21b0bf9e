"""Stream CSV files into a table: one file one transaction, each content exactly once."""

from __future__ import annotations

import hashlib
import os
import select
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click
import psycopg
from psycopg import sql

from rollupctl.connect import Session, query
from rollupctl.copyerror import NOTHING_LOADED, explain_copy, explain_worker
from rollupctl.csvfile import STDIN, CsvFile, open_csv, printable
from rollupctl.errors import BadFileError, UsageError
from rollupctl.output import Table
from rollupctl.target import Target, find_target

RESULT = ("file", "status", "rows", "seconds", "rows_per_second")

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Loaded:
    """What became of one file: status is loaded or skipped, rows were added by this load."""

    status: str
    rows: int


def load_files(
    session: Session,
    names: Iterable[str],
    *,
    table: str = "events",
    time_zone: str = "UTC",
    dry_run: bool = False,
    report: Table,
) -> None:
    """Load each file of `names` in a transaction of its own; "-" is standard input.

    All headers are checked before the first file is loaded. Adds a row to `report` for each file
    as it is done, so that the caller can show them also when a later file is bad. Raises
    BadFileError or BadTableError; the file at fault leaves nothing behind, those before it stay.
    `session` must be in autocommit mode. Times without an offset are read in `time_zone`.
    """
    listed = list(names)
    if listed.count(STDIN) > 1:
        raise UsageError("standard input (-) can be loaded once")
    target = find_target(session, table)
    _set_time_zone(session, time_zone)
    pipes: dict[str, CsvFile] = {}
    try:
        for name in dict.fromkeys(listed):
            file = open_csv(name)
            target.match(file.header, file.name)
            if dry_run or file.size is not None:
                file.close()  # a regular file is opened again in its turn; a pipe must stay open
            else:
                pipes[name] = file
        if dry_run:
            for name in listed:
                report.add(printable(name), "header fits", None, None, None)
            return
        for name in listed:
            file = pipes.pop(name) if name in pipes else open_csv(name)
            try:
                began = time.monotonic()
                with _bar(file) as advance:
                    done = _load(session, file, target, advance)
                seconds = time.monotonic() - began
            finally:
                file.close()
            rate = round(done.rows / seconds) if done.rows and seconds else None
            report.add(file.name, done.status, done.rows, round(seconds, 3), rate)
    finally:
        for file in pipes.values():
            file.close()


def _load(session: Session, file: CsvFile, target: Target, advance: Progress) -> Loaded:
    """Load one file unless its content is in the ledger already."""
    columns = target.match(file.header, file.name)
    if _known(session, file, target):
        return Loaded("skipped", 0)
    before = file.state()
    digest = hashlib.sha256()
    status, added = "skipped", 0
    try:
        with session.transaction():
            rows, size = _copy(session, file, target.copy_command(columns), digest, advance)
            if file.state() != before:
                raise BadFileError(
                    f"{file.name}: changed while it was being loaded",
                    f"{NOTHING_LOADED}: load it again when it is complete",
                )
            # Waits for a load of the same content that is going on elsewhere, and loses to it.
            entered = query(
                session,
                "insert into rollup.loads (source_table, sha256, file_name, rows, bytes) "
                "values (%s::regclass, %s, %s, %s, %s) on conflict do nothing returning 1",
                target.qualified,
                digest.digest(),
                file.name,
                rows,
                size,
            )
            if not entered.rows:
                raise psycopg.Rollback
            status, added = "loaded", rows
    except psycopg.Error as error:
        bad = explain_copy(error, target, file.name)
        bad = bad or explain_worker(error, session, file, target, columns)
        if bad is None:
            raise
        raise bad from error
    return Loaded(status, added)


def _known(session: Session, file: CsvFile, target: Target) -> bool:
    """Whether the ledger has this content; reads the file only if one of its size was loaded."""
    same_size = query(
        session,
        "select sha256 from rollup.loads where source_table = %s::regclass and bytes = %s",
        target.qualified,
        file.size,
    )
    return bool(same_size.rows) and file.sha256() in [bytes(d) for d in same_size.column("sha256")]


def _copy(
    session: Session,
    file: CsvFile,
    command: sql.Composed,
    digest: hashlib._Hash,
    advance: Progress,
) -> tuple[int, int]:
    """Stream the file through COPY; return its rows and bytes.

    Raises BadFileError, or what the server says.
    """
    size = 0
    complete = False
    with session.cursor() as cursor:
        with cursor.copy(command) as copy:
            for chunk in file.rows():
                digest.update(chunk)
                copy.write(chunk)
                size += len(chunk)
                advance(len(chunk))
                if _refused(session):
                    break
            else:
                complete = True
        # Leaving the block raises what the server said; nothing short of that may commit.
        if not complete:
            raise BadFileError(f"{file.name}: the server refused the data", NOTHING_LOADED)
        return cursor.rowcount, size


def _refused(session: Session) -> bool:
    """Whether the server has an error to tell while a COPY is still being sent.

    libpq looks for it only at the end, so a mistake on line 2 of a huge file would show after the
    last line was sent. Waits until the server takes or says something, then looks at the waiting
    messages (type byte, length, body) without taking them. Under TLS they cannot be seen: False.
    """
    pgconn = session.pgconn
    if pgconn.ssl_in_use:
        return False
    readable, _, _ = select.select([pgconn.socket], [pgconn.socket], [])
    if not readable:
        return False
    with socket.socket(fileno=os.dup(pgconn.socket)) as peek:
        waiting = peek.recv(1 << 16, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    at = 0
    while at < len(waiting):
        if waiting[at : at + 1] == b"E":
            return True
        at += 1 + int.from_bytes(waiting[at + 1 : at + 5], "big")
    pgconn.consume_input()  # notices: libpq shows them with the next chunk
    return False


def _set_time_zone(session: Session, time_zone: str) -> None:
    # 01/02/2024 is a day in January to some and in February to others: better refused than guessed.
    query(session, "select set_config('DateStyle', 'ISO, YMD', false)")
    try:
        query(session, "select set_config('TimeZone', %s, false)", time_zone)
    except psycopg.DataError:
        hint = "write a name such as Europe/Berlin, or UTC"
        raise UsageError(f'--time-zone: "{time_zone}" is not a time zone', hint) from None


@contextmanager
def _bar(file: CsvFile) -> Iterator[Progress]:
    """A progress bar in bytes on stderr, if that is a terminal and the length is known."""
    size = file.size
    if size is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    step = max(1, size // 200)
    with click.progressbar(
        length=size, label=file.name, file=sys.stderr, update_min_steps=step
    ) as bar:
        yield bar.update
