"""Stream CSV files into a table: one transaction for each file, each content exactly once."""

from __future__ import annotations

import collections
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
from psycopg import errors, sql

from rollupctl.connect import Session, query, transaction
from rollupctl.errors import BadFileError, UsageError, primary
from rollupctl.loading import ledger
from rollupctl.loading.content import NOTHING_LOADED, STDIN, find_files, printable
from rollupctl.loading.copyerror import explain_copy, explain_worker
from rollupctl.loading.csvfile import CsvFile, open_csv
from rollupctl.loading.dialect import CSV, Constants, Dialect
from rollupctl.loading.ledger import Entry
from rollupctl.loading.target import Target, find_target
from rollupctl.loading.timevalue import ANY, DATE_ORDERS, ISO, TimeColumns
from rollupctl.output import Table, note

RESULT = ("file", "status", "rows", "seconds", "rows_per_second")

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Options:
    """The options that apply to all files."""

    table: str = "events"
    dialect: Dialect = CSV
    time_zone: str = "UTC"
    time_format: str = ISO
    again: bool = False
    dry_run: bool = False


AS_IS = Options()


class _LoadedElsewhereError(Exception):
    """Another session has loaded the content concurrently: roll back."""


@dataclass(frozen=True)
class Loaded:
    """Outcome of one file: LOADED, SKIPPED or GONE, and how many rows this load added."""

    status: str
    rows: int


LOADED, SKIPPED, GONE = "loaded", "skipped", "rows gone"


def load_files(
    session: Session, names: Iterable[str], options: Options = AS_IS, *, report: Table
) -> None:
    """Load each file of `names` in a transaction of its own; "-" is standard input.

    All headers are checked before the first file is loaded. Adds a row to `report` for each
    completed file, so that the caller can print them even if a later file is invalid. Raises
    BadFileError or BadTableError; the invalid file leaves no rows, the files before it stay.
    `session` must be in autocommit mode.
    """
    listed = find_files(list(names))
    if listed.count(STDIN) > 1:
        raise UsageError("standard input (-) can be loaded once")
    _require_time_zone(session, options.time_zone)
    target = find_target(session, options.table)
    pipes: dict[str, CsvFile] = {}
    try:
        for name in dict.fromkeys(listed):
            file = open_csv(name, options.dialect)
            target.match(file)
            if options.dry_run or file.content.is_regular:
                file.close()  # opened again when it is loaded; a pipe must stay open
            else:
                pipes[name] = file
        if options.dry_run:
            for name in listed:
                report.add(printable(name), "header fits", None, None, None)
            return
        for name in listed:
            file = pipes.pop(name) if name in pipes else open_csv(name, options.dialect)
            try:
                began = time.monotonic()
                with _bar(file) as advance:
                    done = _load(session, file, target, options, advance)
                seconds = time.monotonic() - began
            finally:
                file.close()
            rate = round(done.rows / seconds) if done.rows and seconds else None
            report.add(file.name, done.status, done.rows, round(seconds, 3), rate)
    finally:
        for file in pipes.values():
            file.close()


def _load(
    session: Session, file: CsvFile, target: Target, options: Options, advance: Progress
) -> Loaded:
    """Load one file unless its content is in the ledger."""
    columns = target.match(file)
    times = None
    if options.time_format != ANY and (positions := target.time_columns(columns)):
        times = TimeColumns(file, options.time_format, positions)
    earlier = ledger.find(session, file, target)
    if earlier and not (options.again and earlier.is_gone):
        return _passed_over(file, target, earlier)
    before = file.content.state()
    # Unless an order is named, 01/02/2024 may be in January or in February, so it is refused.
    order = DATE_ORDERS.get(options.time_format, "YMD")
    settings = {"DateStyle": f"ISO, {order}", "TimeZone": options.time_zone}
    try:
        with transaction(session, settings):
            if earlier:
                ledger.forget(session, earlier)
            began = time.monotonic()
            begun = ledger.begin(session, file, target)
            command = target.copy_command(columns, options.dialect)
            rows = _copy(session, file, command, advance, times)
            if file.content.state() != before:
                raise BadFileError(
                    f"{file.name}: changed while it was being loaded",
                    f"{NOTHING_LOADED}: load it again when it is complete",
                )
            if not ledger.record(session, begun, file, rows, time.monotonic() - began):
                raise _LoadedElsewhereError
            return Loaded(LOADED, rows)
    except psycopg.Error as error:
        bad = explain_copy(error, target, file)
        bad = bad or explain_worker(error, session, file, target, columns)
        if bad is None:
            raise
        raise bad from error
    except _LoadedElsewhereError:
        pass
    return _passed_over(file, target, ledger.find(session, file, target, file.content.digest()))


def _passed_over(file: CsvFile, target: Target, earlier: Entry | None) -> Loaded:
    """Print a note if the rows of a file that was loaded before no longer exist."""
    if earlier is None or earlier.rows == earlier.rows_left:
        return Loaded(SKIPPED, 0)
    loaded = f"{earlier.loaded_at:%Y-%m-%d %H:%M}"
    left = f"{earlier.rows_left} of its {earlier.rows} rows are left"
    note(f"{file.name}: was loaded on {loaded} UTC, but {left} in {target.qualified}")
    if earlier.is_gone:
        note(
            "hint: `rollupctl load --again` loads it as new events, which rollups count although "
            "they have counted the rows that are gone"
        )
    return Loaded(GONE, 0)


def _copy(
    session: Session,
    file: CsvFile,
    command: sql.Composed,
    advance: Progress,
    times: TimeColumns | None,
) -> int:
    """Stream the file through COPY; return the number of its rows.

    Raises BadFileError, or the server's error.
    """
    constants = Constants(file.dialect, file.line_end)
    cut_short = False
    wrong: BadFileError | None = None

    def chunks() -> Iterator[bytes]:
        """The file's content, in chunks; ends early if the server has refused it."""
        nonlocal cut_short
        for chunk in file.rows():
            if times is None or not times.rewrites:
                copy.write(constants.add(chunk))
            advance(len(chunk))
            refused = _refused(session)
            yield chunk
            if refused:
                cut_short = True
                return

    with session.cursor() as cursor:
        try:
            with cursor.copy(command) as copy:
                try:
                    if times is None:
                        collections.deque(chunks(), maxlen=0)
                    elif times.rewrites:
                        for record in times.converted(chunks()):
                            copy.write(constants.add(record))
                    else:
                        times.check(chunks())
                    copy.write(constants.end())
                except BadFileError as error:
                    # An incomplete record cannot be checked.
                    wrong = None if cut_short else error
            # Leaving the block raises the server's error; nothing before that may commit.
        except psycopg.Error:
            if wrong is None:
                raise
        if wrong:
            raise wrong
        if cut_short:
            raise BadFileError(f"{file.name}: the server refused the data", NOTHING_LOADED)
        return cursor.rowcount


def _refused(session: Session) -> bool:
    """Whether the server has reported an error while a COPY is still being sent.

    libpq reads it only at the end, so an error on line 2 of a huge file would be reported after the
    last line was sent. Waits until the server accepts or sends data, then inspects the pending
    messages (type byte, length, body) without consuming them. With TLS they cannot be inspected:
    False.
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


def _require_time_zone(session: Session, time_zone: str) -> None:
    """Raise UsageError for an unknown time zone; see rollup.validate_time_zone."""
    try:
        query(session, "select rollup.validate_time_zone(%s)", time_zone)
    except errors.InvalidParameterValue as error:
        hint = (error.diag.message_hint or "").rstrip(".") or None
        raise UsageError(f"--time-zone: {primary(error)}", hint) from None


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
