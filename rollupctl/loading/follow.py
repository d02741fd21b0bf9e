"""Follow a file that grows, or a pipe: its events are committed about once a second."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from rollupctl.connect import Session, query, transaction
from rollupctl.errors import BadFileError, RollupError, UsageError
from rollupctl.loading.content import NOTHING_LOADED, STDIN, UTF8, printable
from rollupctl.loading.copyerror import explain
from rollupctl.loading.csvfile import CsvFile
from rollupctl.loading.eventkeys import require_keys
from rollupctl.loading.inputs import open_input
from rollupctl.loading.load import Options, receiver_of
from rollupctl.loading.outcome import FOLLOWED, Loaded
from rollupctl.loading.parts import Part, Parts
from rollupctl.loading.progress import Tracker
from rollupctl.loading.receive import Received, Receiver
from rollupctl.loading.rejects import rows_of_part
from rollupctl.loading.tail import Growing, GrowingFile, GrowingPipe, Place, find_place
from rollupctl.loading.target import find_target
from rollupctl.loading.timevalue import reads_times
from rollupctl.output import Table, note
from rollupctl.zones import require_time_zone

EVERY = 1.0  # seconds between commits
MOST_EVENTS = 50_000  # of one commit
_LARGEST = 8 << 20  # bytes of one commit
_WAIT = 0.2  # seconds until a file that is not there is looked for again

_POSITION = """
select position, bytes from rollup.loads
 where source_table = %s::pg_catalog.regclass and channel = %s
"""
_BEGIN = "select * from rollup.begin_part(%s::pg_catalog.regclass, %s, channel => %s)"
_RECORD = """
select rollup.record_part(%s, %s, %s, %s, %s, size => %s, new_position => %s, duration => %s,
                          duplicate_count => %s)
"""


@dataclass
class _Batch(Part):
    """Whole records that are committed together."""

    text: bytes = b""

    def rows(self) -> Iterator[bytes]:
        """Its text."""
        yield self.text

    def again(self) -> Iterator[bytes]:
        """Its text."""
        yield self.text


class Follower:
    """Loads what one file or pipe gets, as a channel: the position commits with the events."""

    def __init__(self, session: Session, name: str, channel: str | None, options: Options) -> None:
        """Raises UsageError for what cannot be followed."""
        if options.dialect.encoding != UTF8:
            raise UsageError("--encoding: only UTF-8 can be followed", "recode it: iconv")
        if options.dry_run or options.again:
            raise UsageError("--follow does not go with --dry-run and --again")
        self._session = session
        self._name = name
        self._options = options
        self._target = require_keys(session, find_target(session, options.table), options.dialect)
        self._is_pipe = name == STDIN
        self._channel = channel or ("stdin" if self._is_pipe else str(Path(name).absolute()))
        self._position: str | None = None
        self._bytes = 0
        self.loaded = Loaded(FOLLOWED, 0)
        self._is_stopping = False
        self._tracker: Tracker

    def stop(self) -> None:
        """Let `run` end, once what was read is committed."""
        self._is_stopping = True

    def run(self) -> None:
        """Follow until the end of the pipe, SIGTERM or Ctrl-C; what was read then is committed."""
        require_time_zone(self._session, self._options.time_zone)
        if self._options.rejects:
            self._options.rejects.clear_uncommitted(self._session)
        for position, size in query(
            self._session, _POSITION, self._target.qualified, self._channel
        ).rows:
            self._position, self._bytes = position, size
        with self._stopping():
            if self._is_pipe:
                file = open_input(STDIN, self._options.dialect)
                try:
                    header = file.header_size
                    pipe = GrowingPipe(file.head[header:], self._bytes)
                    self._follow(pipe, file, 0)
                finally:
                    file.close()
            else:
                self._follow_files(Path(self._name))

    def _follow_files(self, path: Path) -> None:
        if path.exists() and not path.is_file():
            raise UsageError(
                f"--follow: {printable(self._name)} is not a regular file",
                "a pipe is followed as standard input: rollupctl load --follow - < PIPE",
            )
        if not path.exists():
            note(f"{printable(self._name)}: does not exist yet; waiting for it")
        place = Place.parse(self._position)
        # After the end of a file comes another one of the name, or the same from its beginning.
        for each, offset in itertools.chain(find_place(path, place), itertools.repeat((path, 0))):
            if not self._wait_for_text(each):
                return
            file = open_input(str(each), self._options.dialect)
            try:
                start = max(offset, file.header_size)
                with GrowingFile(each, path, start) as growing:
                    self._follow(growing, file, _lines_before(each, start))
            finally:
                file.close()
            if self._is_stopping:
                return

    def _wait_for_text(self, path: Path) -> bool:
        """Wait until the file has its first line; False if stopped before."""
        while not self._is_stopping:
            with suppress(FileNotFoundError), path.open("rb") as file:
                if b"\n" in file.read(1 << 16):
                    return True
            time.sleep(_WAIT)
        return False

    def _follow(self, source: Growing, file: CsvFile, lines: int) -> None:
        """Commit what comes, until it ends."""
        if file.content.is_recoded:
            raise UsageError(
                f"{file.name}: a Parquet or Arrow file does not grow", "load it without --follow"
            )
        if file.content.is_compressed:
            raise UsageError(f"{file.name}: is compressed", "unpack it on the way: zcat, zstdcat")
        with self._options.board.file(file.name, None) as self._tracker:
            self._take(source, file, lines)

    def _take(self, source: Growing, file: CsvFile, lines: int) -> None:
        receiver = receiver_of(file, self._target, self._options)
        parts = Parts(file)
        text, consumed = bytearray(), 0
        since = time.monotonic()
        while True:
            stopping = self._is_stopping
            chunk = source.read()
            if chunk:
                since = since if text else time.monotonic()
                text += chunk
            has_ended = chunk is None
            is_due = (
                time.monotonic() - since >= EVERY
                or len(text) >= _LARGEST
                or text.count(b"\n") >= MOST_EVENTS
            )
            if text and (is_due or has_ended or (stopping and not chunk)):
                cut = len(text) if has_ended else _end_of_records(text, file)
                if cut:
                    consumed += cut
                    dialect = replace(file.dialect, columns=tuple(file.header), fields={})
                    part = _Batch(parts, dialect, self._bytes, lines, text=bytes(text[:cut]))
                    self._commit(part, receiver, source.place(consumed))
                    lines += part.text.count(b"\n")
                    del text[:cut]
                since = time.monotonic()
            if has_ended or (stopping and not chunk):
                return
            if not chunk:
                source.wait(EVERY - (time.monotonic() - since) if text else EVERY)

    def _commit(self, part: _Batch, receiver: Receiver, position: str) -> None:
        """Load a batch, in one transaction; with bad rows, in a second or third one."""
        session, options = self._session, self._options
        size = self._bytes + len(part.text)

        def attempt(level: int) -> Received:
            with transaction(session, reads_times(options.time_format, options.time_zone)):
                began = time.monotonic()
                values = (self._target.qualified, part.name, self._channel)
                (begun,) = query(session, _BEGIN, *values).records()
                if begun["position"] != self._position:
                    raise RollupError(
                        f"channel {self._channel} is at {begun['position']}, not at "
                        f"{self._position or 'its beginning'}",
                        "another loader follows it: end one of them, or give it another --channel",
                    )
                received = receiver.receive(
                    session, part, self._tracker.advance, level, begun["load_id"]
                )
                bad = len(received.rejected)
                ids = (begun["load_id"], begun["part"], received.rows, begun["after_id"], bad)
                seconds = time.monotonic() - began
                query(session, _RECORD, *ids, size, position, seconds, received.duplicates)
                if options.rejects:
                    bad_rows = rows_of_part(begun["load_id"], part, received.rejected)
                    options.rejects.write(bad_rows)
                return received

        try:
            received = receiver.with_care(part, attempt)
        except psycopg.Error as error:
            bad = explain(error, session, part, self._target, receiver.columns)
            if bad is None:
                raise
            raise _so_far(bad) from error
        except BadFileError as error:
            raise _so_far(error) from error.__cause__
        if options.rejects:
            options.rejects.committed(len(received.rejected))
        self.loaded = self.loaded.plus(received)
        self._tracker.committed(received.rows)
        self._position, self._bytes = position, size

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """SIGTERM and Ctrl-C let what was read be committed; a second one ends at once."""

        def stop(number: int, _: Any) -> None:
            self.stop()
            signal.signal(number, before[signal.Signals(number)])

        is_main = threading.current_thread() is threading.main_thread()
        signals = (signal.SIGTERM, signal.SIGINT) if is_main else ()
        before = {each: signal.signal(each, stop) for each in signals}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def follow_file(
    session: Session, name: str, channel: str | None, options: Options, *, report: Table
) -> None:
    """Follow one file, or standard input, and add what was loaded to `report`.

    Raises as load_files does; what was committed before stays, and the next follower goes on there.
    """
    began = time.monotonic()
    follower = Follower(session, name, channel, options)
    try:
        follower.run()
    finally:
        seconds = time.monotonic() - began
        done = follower.loaded
        rate = round(done.rows / seconds) if done.rows else None
        counts = (done.rows, done.rejected, done.duplicates)
        report.add(name, done.status, *counts, round(seconds, 3), rate)


def _end_of_records(text: bytearray, file: CsvFile) -> int:
    """The end of the last whole record; 0 if there is none."""
    quote = file.dialect.quote.encode()
    at = len(text)
    while (at := text.rfind(file.line_end, 0, at)) >= 0:
        if text.count(quote, 0, at) % 2 == 0:
            return at + len(file.line_end)
    return 0


def _lines_before(path: Path, offset: int) -> int:
    lines = 0
    with path.open("rb") as file:
        while offset > 0 and (chunk := file.read(min(1 << 20, offset))):
            lines += chunk.count(b"\n")
            offset -= len(chunk)
    return lines


def _so_far(error: BadFileError) -> BadFileError:
    if error.hint:
        kept = "what came before is loaded: --reject FILE goes on without bad rows"
        error.hint = error.hint.replace(NOTHING_LOADED, kept)
    return error
