"""Load files into a table, part by part, each content exactly once."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import psycopg

from rollupctl.connect import Session, transaction
from rollupctl.errors import BadFileError, UsageError
from rollupctl.loading import ledger, past
from rollupctl.loading.content import NOTHING_LOADED, STDIN, find_files, printable
from rollupctl.loading.copyerror import explain
from rollupctl.loading.csvfile import CsvFile
from rollupctl.loading.dialect import CSV, Dialect
from rollupctl.loading.eventkeys import require_keys
from rollupctl.loading.inputs import open_input
from rollupctl.loading.ledger import Entry
from rollupctl.loading.outcome import LOADED, SKIPPED, Loaded
from rollupctl.loading.parts import PART, Known, Part, Parts
from rollupctl.loading.passedover import note_skipped, passed_over
from rollupctl.loading.progress import Board, Tracker
from rollupctl.loading.receive import Received, Receiver
from rollupctl.loading.rejects import RejectFile, rows_of_part
from rollupctl.loading.target import Target, find_target
from rollupctl.loading.timerange import TimeRange, default_range
from rollupctl.loading.timevalue import ISO, reads_times
from rollupctl.output import Table, note
from rollupctl.zones import require_time_zone

RESULT = ("file", "status", "rows", "rejected", "duplicates", "seconds", "rows_per_second")


@dataclass(frozen=True)
class Options:
    """The options that apply to all files."""

    table: str = "events"
    dialect: Dialect = CSV
    time_zone: str = "UTC"
    time_format: str = ISO
    again: bool = False
    dry_run: bool = False
    part_size: int = PART
    time_range: TimeRange = field(default_factory=default_range)
    rejects: RejectFile | None = None
    board: Board = field(default_factory=Board)


AS_IS = Options()


class _LoadedElsewhereError(Exception):
    """Another session has loaded the content concurrently: roll back."""


def load_files(
    session: Session, names: Iterable[str], options: Options = AS_IS, *, report: Table
) -> None:
    """Load each file of `names`, in parts that are transactions; "-" is standard input.

    All headers are checked before the first file is loaded. Adds a row to `report` for each
    completed file, so that the caller can print them even if a later file is invalid. Raises
    BadFileError or BadTableError; the part that is invalid leaves no rows, what was before it
    stays.
    `session` must be in autocommit mode.
    """
    listed = find_files(list(names))
    if listed.count(STDIN) > 1:
        raise UsageError("standard input (-) can be loaded once")
    require_time_zone(session, options.time_zone)
    target = find_target(session, options.table)
    if options.rejects:
        options.rejects.clear_uncommitted(session)
    pipes: dict[str, CsvFile] = {}
    skipped: list[tuple[str, Entry]] = []
    try:
        for name in dict.fromkeys(listed):
            file = open_input(name, options.dialect)
            try:
                receiver_of(file, target, options)
            except BaseException:
                file.close()
                raise
            if options.dry_run or (file.content.is_regular and name != STDIN):
                file.close()  # opened again when it is loaded; a pipe must stay open
            else:
                pipes[name] = file
        if options.dry_run:
            for name in listed:
                report.add(printable(name), "header fits", *[None] * 5)
            return
        target = require_keys(session, target, options.dialect)
        for name in listed:
            file = pipes.pop(name) if name in pipes else open_input(name, options.dialect)
            try:
                began = time.monotonic()
                with options.board.file(file.name, file.size) as tracker:
                    done = _load(session, file, target, options, tracker)
                seconds = time.monotonic() - began
            finally:
                file.close()
            if done.status == SKIPPED and done.entry:
                skipped.append((file.name, done.entry))
            rate = round(done.rows / seconds) if done.rows and seconds else None
            counts = (done.rows, done.rejected, done.duplicates)
            report.add(file.name, done.status, *counts, round(seconds, 3), rate)
    finally:
        note_skipped(skipped)
        for file in pipes.values():
            file.close()


def _load(
    session: Session, file: CsvFile, target: Target, options: Options, tracker: Tracker
) -> Loaded:
    """Load what is not yet in the ledger of one file, part by part."""
    receiver = receiver_of(file, target, options)
    earlier = ledger.find(session, file, target)
    if earlier and not (options.again and earlier.is_gone):
        return passed_over(file, target, earlier)
    parts = Parts(file, options.part_size)
    found = parts.pass_known(_beginnings(session, target, options))
    follows = None if found is None else found.load_id
    if follows is not None and (begun := ledger.find_id(session, target, follows)):
        if begun.rows_left < begun.rows:
            return passed_over(file, target, begun)
        if not parts.is_at_end():
            since = f"{begun.loaded_at:%Y-%m-%d %H:%M} UTC"
            note(f"{file.name}: goes on after line {parts.lines}; it was loaded so far on {since}")
        tracker.advance(parts.position)
    so_far = Loaded(LOADED, 0)
    parts.keeps = has_times = file.source is not None or bool(target.time_columns(receiver.columns))
    while not (parts.position and parts.is_at_end()):
        start = parts.position
        try:
            done = _load_part(session, parts, target, receiver, follows, earlier, options, tracker)
        except past.NoPartitionsError as needed:
            tracker.advance(start - parts.position)
            parts.go_back()
            parts.keeps = False  # whatever comes of it, this part is loaded now
            if made := past.create_partitions(session, target, needed.ranges):
                what = "partition was" if made == 1 else "partitions were"
                note(f"{file.name}: {made} {what} made for events of the past")
            continue
        except _LoadedElsewhereError:
            if parts.position != start:
                entry = ledger.find_digest(session, target, parts.digest())
                entry = entry or ledger.find_digest(session, target, parts.file_digest())
                if entry is None or entry.rows_left < entry.rows:
                    return passed_over(file, target, entry)
                follows = entry.load_id
            later = ledger.parts_after(session, follows, start) if follows is not None else []
            if parts.pass_known(later) is None and parts.position == start:
                follows = None  # the other content ends here, or goes on differently
            continue
        earlier = None
        parts.keeps = has_times
        so_far = so_far.plus(done.received)
        tracker.committed(done.received.rows)
        follows = done.load_id
        if done.is_last:
            return so_far
    if follows is not None and _finish(session, parts, target, follows):
        return so_far
    entry = ledger.find_digest(session, target, parts.digest())
    return passed_over(file, target, entry) if so_far == Loaded(LOADED, 0) else so_far


def receiver_of(file: CsvFile, target: Target, options: Options) -> Receiver:
    """What gets the parts of a file into the table; raises as Receiver."""
    return Receiver(
        file,
        target,
        options.dialect,
        options.time_format,
        options.time_range,
        rejects=options.rejects is not None,
    )


def _beginnings(session: Session, target: Target, options: Options) -> list[Known]:
    """The parts with which a content may begin; with --again only those that have rows left."""
    parts = ledger.in_parts(session, target)
    if options.again:
        entries = {
            load: ledger.find_id(session, target, load) for load in {p.load_id for p in parts}
        }
        parts = [p for p in parts if (found := entries[p.load_id]) and not found.is_gone]
    return parts


@dataclass(frozen=True)
class _Done:
    """Outcome of one part."""

    load_id: int
    received: Received
    is_last: bool


def _load_part(
    session: Session,
    parts: Parts,
    target: Target,
    receiver: Receiver,
    follows: int | None,
    earlier: Entry | None,
    options: Options,
    tracker: Tracker,
) -> _Done:
    """Load the part at the position, in one transaction; with bad rows, in a second or third one.

    It belongs to the load that it `follows`, or to a new one. Raises _LoadedElsewhereError if it is
    loaded already, or, before anything is read, if that load does not end at the position.
    """
    file, part = parts.file, parts.next()

    def attempt(level: int) -> _Done:
        with transaction(session, reads_times(options.time_format, options.time_zone)):
            if earlier:
                ledger.forget(session, target, earlier)
            began = time.monotonic()
            begun = ledger.begin(session, file, target, follows)
            if follows is not None and (begun.is_finished or begun.position != part.start):
                raise _LoadedElsewhereError
            received = receiver.receive(session, part, tracker.advance, level, begun.load_id)
            if parts.keeps:
                past.require_partitions(session, target, begun.after_id)
            is_last = parts.is_at_end()
            if file.content.state() != file.state:
                raise BadFileError(
                    f"{file.name}: changed while it was being loaded",
                    f"{NOTHING_LOADED}: load it again when it is complete",
                )
            seconds = time.monotonic() - began

            def recorded() -> bool:
                return ledger.record(session, begun, parts, received, seconds) and (
                    not is_last or ledger.finish(session, begun.load_id, parts)
                )

            if not recorded():
                entry = ledger.find_digest(session, target, parts.digest())
                if not (options.again and entry and entry.is_gone):
                    raise _LoadedElsewhereError
                ledger.forget(session, target, entry)
                if not recorded():
                    raise _LoadedElsewhereError
            if options.rejects:
                options.rejects.write(rows_of_part(begun.load_id, part, received.rejected))
            return _Done(begun.load_id, received, is_last)

    try:
        done = receiver.with_care(part, attempt)
        if options.rejects:
            options.rejects.committed(len(done.received.rejected))
        return done
    except psycopg.Error as error:
        bad = explain(error, session, part, target, receiver.columns)
        if bad is None:
            raise
        raise _so_far(bad, part) from error
    except BadFileError as error:
        raise _so_far(error, part) from error.__cause__


def _finish(session: Session, parts: Parts, target: Target, load_id: int) -> bool:
    """Finish a load all of whose parts are there; False if it goes on, or is finished."""
    with transaction(session):
        begun = ledger.begin(session, parts.file, target, load_id)
        if begun.is_finished or begun.position != parts.position:
            return False
        return ledger.finish(session, load_id, parts)


def _so_far(error: BadFileError, part: Part) -> BadFileError:
    """`error` with a hint that says what of the file is loaded."""
    if part.start and error.hint:
        kept = (
            f"its first {part.lines_before} lines are loaded, the others are not: when it is "
            "corrected, load it again, and it goes on there"
        )
        error.hint = error.hint.replace(NOTHING_LOADED, kept)
    return error
