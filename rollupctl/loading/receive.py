"""How the rows of a part get into the table: straight by COPY, or staged."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TYPE_CHECKING, TypeVar

import psycopg

from rollupctl.connect import Session
from rollupctl.errors import BadRowError
from rollupctl.loading.advice import NOT_UTF8
from rollupctl.loading.content import NOTHING_LOADED
from rollupctl.loading.csvfields import CsvFields
from rollupctl.loading.csvfile import CsvFile
from rollupctl.loading.dialect import Dialect
from rollupctl.loading.documents import Documents
from rollupctl.loading.fields import Fields
from rollupctl.loading.flaws import Flaw
from rollupctl.loading.parts import Part
from rollupctl.loading.progress import Advance
from rollupctl.loading.records import NOT_TEXT, Record, Spool
from rollupctl.loading.refused import is_about_data
from rollupctl.loading.source import Source
from rollupctl.loading.stagedtext import StagedText
from rollupctl.loading.staging import Stage
from rollupctl.loading.target import Target
from rollupctl.loading.timecolumns import TimeColumns
from rollupctl.loading.timerange import TimeRange
from rollupctl.loading.timevalue import ANY
from rollupctl.loading.transfer import copy_part, copy_texts

if TYPE_CHECKING:
    from rollupctl.loading.plainlines import PlainLines

Outcome = TypeVar("Outcome")
MOST_DEADLOCKS = 10  # after which a part is given up
WHOLE, GOOD_ROWS, ONE_BY_ONE = range(3)  # how much is done to find bad rows


class RefusedError(Exception):
    """The part has bad rows: it must be loaded again, with more care."""


@dataclass(frozen=True)
class Rejected:
    """A row that cannot be loaded, as it came."""

    record: Record
    flaw: Flaw


@dataclass(frozen=True)
class Received:
    """What came of a part."""

    rows: int
    rejected: list[Rejected]
    duplicates: int = 0  # rows whose event keys were loaded before


class Receiver:
    """Gets the parts of one file into the table.

    Plain CSV goes straight into it, as long as no bad rows are to be rejected. All else is staged.
    """

    def __init__(
        self,
        file: CsvFile,
        target: Target,
        dialect: Dialect,
        time_format: str,
        time_range: TimeRange,
        *,
        rejects: bool,
    ) -> None:
        """Raises BadFileError or UsageError if file, table and options do not go together."""
        self._target = target
        self._time_format = time_format
        self._time_range = time_range
        self._rejects = rejects
        self._file = file
        self.columns = [] if file.source else target.match(file)
        self._is_direct = not (file.source or dialect.is_staged)
        self.can_retry = rejects or not self._is_direct
        file.tolerates_end_marks = self.can_retry
        own = CsvFields(self.columns[: len(file.header)])
        self._source: Source = own if file.source is None else file.source
        self._text = StagedText(file, self._source, target, self.columns)
        if not file.source:
            key = dialect.fields.get(dialect.event_key or "", dialect.event_key)
            if key in file.header:
                key = self.columns[file.header.index(key)]
            # The header has the names of columns already.
            dialect = replace(dialect, fields={}, event_key=key)
        self._dialect = dialect
        self._fields = None
        if self.can_retry:
            self._fields = Fields(target, self._source, dialect, time_format, time_range)
        self._plain: PlainLines | None = None
        if self._fields and type(file.source) is Documents:
            from rollupctl.loading.plainlines import PlainLines

            given = target, self._fields, dialect, time_format
            self._plain = PlainLines(*given, time_range) if PlainLines.suits(*given) else None

    def with_care(self, part: Part, attempt: Callable[[int], Outcome]) -> Outcome:
        """Load a part by `attempt`, a transaction, with as much care as its rows need.

        Raises what the last attempt raises.
        """
        if not self.can_retry:
            return attempt(WHOLE)
        with Spool() as spool:
            part.spool = spool
            level, deadlocks = WHOLE, 0
            while True:
                try:
                    return attempt(level)
                except (RefusedError, BadRowError):
                    if level != WHOLE:
                        raise
                    level = GOOD_ROWS
                except psycopg.errors.DeadlockDetected:
                    # Of loaders that meet each other's event keys.
                    deadlocks += 1
                    if deadlocks > MOST_DEADLOCKS:
                        raise
                    level = max(level, GOOD_ROWS)  # its text has been read
                except psycopg.Error as error:
                    if level == ONE_BY_ONE or not is_about_data(error):
                        raise
                    level += 1
                spool.complete()

    def receive(
        self, session: Session, part: Part, advance: Advance, level: int, load_id: int
    ) -> Received:
        """Load the part of a load, in the session's transaction.

        Raises RefusedError when it must be tried at a higher level; BadFileError or the server's
        error when it cannot be loaded.
        """
        if level != WHOLE:
            return self._good_rows(session, part, load_id, one_by_one=level == ONE_BY_ONE)
        if self._is_direct:
            times = None
            positions = self._target.time_columns(self.columns)
            if self._time_format != ANY and positions:
                times = TimeColumns(part, self._time_format, positions, self._time_range)
            command = self._target.copy_command(self.columns, part.dialect)
            rows = copy_part(session, part, command, advance, times)
            self._require_all_read()
            return Received(rows, [])
        if self._plain and session.info.parameter_status("server_encoding") == "UTF8":
            return self._lines(self._plain, session, part, advance, load_id)
        stage = self._stage(session, load_id)
        part.dialect = replace(part.dialect, constants={})
        command = self._text.command(part.dialect, header=not part.dialect.columns)
        staged = copy_part(session, part, command, advance, None)
        self._require_all_read()
        moved = stage.move(staged)
        if moved is None:
            raise RefusedError
        return Received(moved, [], stage.duplicates)

    def _lines(
        self, plain: PlainLines, session: Session, part: Part, advance: Advance, load_id: int
    ) -> Received:
        """Send plain lines straight to the table, and stage those between them."""

        def chunks() -> Iterator[bytes]:
            for chunk in part.rows():
                advance(len(chunk))
                yield chunk

        rows = 0
        stage: Stage | None = None
        for command, group in itertools.groupby(plain.read(chunks()), itemgetter(0)):
            texts = map(itemgetter(1), group)
            if command is not None:
                rows += copy_texts(session, command, texts)
                continue
            if stage is None:
                stage = self._stage(session, load_id)
            else:
                stage.clear()
            command = self._text.command(self._file.dialect, header=False)
            moved = stage.move(copy_texts(session, command, texts))
            if moved is None:
                raise RefusedError
            rows += moved
        self._require_all_read()
        return Received(rows, [])

    def _stage(self, session: Session, load_id: int) -> Stage:
        assert self._fields
        return Stage(session, self._target, self._source, self._fields, load_id)

    def _require_all_read(self) -> None:
        """The server takes an end mark for the end of the data."""
        if self._file.has_end_mark:
            raise RefusedError

    def _good_rows(
        self, session: Session, part: Part, load_id: int, *, one_by_one: bool
    ) -> Received:
        """Load the rows that can be loaded, or raise BadFileError for the first that cannot."""
        flaws: dict[int, Flaw] = {}

        def on_flaw(line: int, flaw: Flaw) -> None:
            if not self._rejects:
                raise _stopped_by(part, line, flaw)
            flaws[line] = flaw

        stage = self._stage(session, load_id)
        with session.cursor() as cursor, cursor.copy(self._text.numbered_command()) as copy:
            for record in self._text.records(part):
                if record.flaw:
                    hint = NOT_UTF8 if record.flaw.startswith(NOT_TEXT) else None
                    on_flaw(record.line, Flaw(None, record.flaw, hint))
                else:
                    copy.write(self._text.numbered(record))
        rows = stage.move_good(on_flaw, one_by_one=one_by_one)
        found = [r for r in self._text.records(part) if r.line in flaws] if flaws else []
        return Received(rows, [Rejected(r, flaws[r.line]) for r in found], stage.duplicates)


def _stopped_by(part: Part, line: int, flaw: Flaw) -> BadRowError:
    place = f"{part.name}, line {part.lines_before + line}"
    if flaw.column:
        place += f", column {flaw.column}"
    hint = "; ".join(filter(None, (flaw.hint, NOTHING_LOADED)))
    return BadRowError(f"{place}: {flaw.reason}", hint)
