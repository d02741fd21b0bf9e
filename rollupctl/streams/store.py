"""Batches of messages into a table, each in one transaction with the position of its channel."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from rollupctl.connect import Session, query, transaction
from rollupctl.errors import RollupError
from rollupctl.loading import past
from rollupctl.loading.corrections import require_followed
from rollupctl.loading.dialect import Dialect
from rollupctl.loading.documents import Documents
from rollupctl.loading.eventkeys import require_keys
from rollupctl.loading.fields import STAGE, Fields
from rollupctl.loading.flaws import Flaw
from rollupctl.loading.receive import MOST_DEADLOCKS
from rollupctl.loading.refused import is_about_data
from rollupctl.loading.rejects import RejectFile, as_it_came
from rollupctl.loading.staging import Stage
from rollupctl.loading.target import Target
from rollupctl.loading.timerange import TimeRange
from rollupctl.loading.timevalue import reads_times
from rollupctl.streams.feed import Batch, Message

_BEGIN = "select * from rollup.begin_part(%s::pg_catalog.regclass, %s, channel => %s)"
_RECORD = """
select rollup.record_part(%s, %s, %s, %s, rejected_count => %s, new_position => %s, duration => %s,
                          duplicate_count => %s)
"""
_POSITION = """
select position from rollup.loads where source_table = %s::pg_catalog.regclass and channel = %s
"""


class FencedError(Exception):
    """Another consumer has moved the channel: nothing of the batch was stored."""


class _BadError(Exception):
    """Some messages are bad."""


@dataclass
class Store:
    """Stores messages that are JSON objects."""

    session: Session
    target: Target
    dialect: Dialect
    time_format: str
    time_zone: str
    time_range: TimeRange
    rejects: RejectFile | None = None
    rejected: int = field(default=0, init=False)
    duplicates: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Raises UsageError if table and options do not go together."""
        self.target = require_keys(self.session, self.target, self.dialect)
        if self.corrects:
            require_followed(self.session, self.target)
        self._source = Documents()
        self._fields = Fields(
            self.target, self._source, self.dialect, self.time_format, self.time_range
        )

    @property
    def corrects(self) -> bool:
        """Whether messages replace events."""
        return bool(self.dialect.corrects)

    def position(self, channel: str) -> str | None:
        """Where a channel is, or None for a new one."""
        found = query(self.session, _POSITION, self.target.qualified, channel).column("position")
        return found[0] if found else None

    def store(self, batch: Batch) -> int:
        """Store a batch; the number of its events. Raises FencedError.

        A message that cannot be stored raises RollupError, unless there is a file for it.
        """
        one_by_one = careful = made = False
        deadlocks = 0
        while True:
            try:
                return self._attempt(batch, careful=careful, one_by_one=one_by_one, looks=not made)
            except past.NoPartitionsError as needed:
                past.create_partitions(self.session, self.target, needed.ranges)
                made = True
            except _BadError:
                careful = True
            except psycopg.errors.DeadlockDetected:
                deadlocks += 1
                if deadlocks > MOST_DEADLOCKS:
                    raise
            except psycopg.Error as error:
                if one_by_one or not is_about_data(error):
                    raise
                careful, one_by_one = True, careful

    def _attempt(self, batch: Batch, *, careful: bool, one_by_one: bool, looks: bool) -> int:
        began = time.monotonic()
        with transaction(self.session, reads_times(self.time_format, self.time_zone)):
            values = (self.target.qualified, batch.channel, batch.channel)
            (begun,) = query(self.session, _BEGIN, *values).records()
            if begun["position"] != batch.after:
                raise FencedError
            bad: dict[int, Flaw] = {}
            deletions = [n for n, m in enumerate(batch.messages) if m.deletes and not m.flaw]
            what = (self.session, self.target, self._source, self._fields)
            stage = Stage(*what, begun["load_id"], deletions)
            rows = self._move(stage, batch.messages, bad, careful=careful, one_by_one=one_by_one)
            if looks:
                past.require_partitions(self.session, self.target, begun["after_id"])
            self._reject(begun["load_id"], batch, bad)
            seconds = time.monotonic() - began
            done = (begun["load_id"], begun["part"], rows, begun["after_id"], len(bad))
            query(self.session, _RECORD, *done, batch.position, seconds, stage.duplicates)
        if self.rejects:
            self.rejects.committed(len(bad))
        self.rejected += len(bad)
        self.duplicates += stage.duplicates
        return rows

    def _move(
        self,
        stage: Stage,
        messages: Sequence[Message],
        bad: dict[int, Flaw],
        *,
        careful: bool,
        one_by_one: bool,
    ) -> int:
        statement = sql.SQL("copy {} (line, document) from stdin").format(STAGE)
        with self.session.cursor() as cursor:
            with cursor.copy(statement) as copy:
                for number, message in enumerate(messages):
                    if message.body is None:
                        continue
                    if reason := message.flaw or _no_text(message.body):
                        bad[number] = Flaw(None, reason)
                    else:
                        copy.write(b"%d\t%s\n" % (number, _escaped(message.body)))
            staged = cursor.rowcount
        if bad and not careful:
            raise _BadError
        if careful:
            return stage.move_good(bad.__setitem__, one_by_one=one_by_one)
        moved = stage.move(staged)
        if moved is None:
            raise _BadError
        return moved

    def _reject(self, load_id: int, batch: Batch, bad: Mapping[int, Flaw]) -> None:
        found = [(batch.messages[number], flaw) for number, flaw in sorted(bad.items())]
        if self.rejects is None:
            for message, flaw in found[:1]:
                column = f", column {flaw.column}" if flaw.column else ""
                raise RollupError(
                    f"{batch.channel}, {message.place}{column}: {flaw.reason}",
                    "what was before it is stored; --reject FILE sets bad messages aside",
                )
            return
        self.rejects.write(
            [
                {
                    "load": load_id,
                    "source": batch.channel,
                    "place": message.place,
                    "after": batch.after,
                    "column": flaw.column,
                    "reason": flaw.reason,
                    **as_it_came(message.body or b""),
                }
                for message, flaw in found
            ]
        )


def _no_text(body: bytes) -> str | None:
    if b"\0" in body:
        return "holds a zero byte"
    if not body.strip():
        return "is empty"
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return f"is not UTF-8: byte 0x{body[error.start]:02x}"
    return None


def _escaped(body: bytes) -> bytes:
    """A document as a value of COPY; between the tokens of JSON, a line break is a blank."""
    body = body.replace(b"\n", b" ").replace(b"\r", b" ").replace(b"\t", b" ")
    return body.replace(b"\\", b"\\\\")
