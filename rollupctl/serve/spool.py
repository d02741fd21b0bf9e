"""The spool: accepted events on disk until the database has them.

SQLite in WAL mode with synchronous = full: an event is synced to disk before its request is
answered. One thread writes; requests that arrive during a commit share the next one.
"""

from __future__ import annotations

import fcntl
import sqlite3
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from rollupctl.errors import RollupError
from rollupctl.serve.intake import NotAcceptedError
from rollupctl.serve.reserve import Reserve, is_full
from rollupctl.serve.spoolfile import FILE, SCHEMA, Answer, Write, connect, insert, one

KEEP_ANSWERS = 24 * 3600  # seconds for which the answer to an idempotency key is kept
_PRUNE_EVERY = 600.0  # seconds
_RESERVE = 32 * 1024**2  # bytes on disk; less for a small spool


class SpoolError(RollupError):
    """The spool cannot be opened: another process has it, or it cannot be written."""


class SpoolFullError(NotAcceptedError):
    """The spool has reached its limit, or its disk is full."""


@dataclass
class Spool:
    """An open spool. `append` and `answer` may be called from any thread."""

    directory: Path
    max_bytes: int
    id: str = ""
    used_bytes: int = 0
    events: int = 0
    last_position: int = 0
    first_position: int = 0  # the last position at the time of opening
    oldest_at: float | None = None  # when the oldest event was accepted, or the spool opened
    on_commit: Callable[[], None] = lambda: None
    _reserve: Reserve = field(init=False)
    _lock: IO[str] | None = None
    _waiting: deque[Write] = field(default_factory=deque)
    _waiting_bytes: int = 0
    _wake: threading.Condition = field(default_factory=threading.Condition)
    _closing: bool = False
    _thread: threading.Thread | None = None

    @classmethod
    def open(cls, directory: Path, max_bytes: int) -> Spool:
        """Open the spool in `directory`, creating both if needed.

        Raises SpoolError if another process has it open, or it cannot be written.
        """
        spool = cls(directory, max_bytes)
        spool._reserve = Reserve(directory / "reserve", min(_RESERVE, 2 * max_bytes + 1024**2))
        try:
            spool._open()
        except BaseException:
            if spool._lock is not None:
                spool._lock.close()
            raise
        spool._thread = threading.Thread(target=spool._write_all, name="spool", daemon=True)
        spool._thread.start()
        return spool

    def _open(self) -> None:
        directory = self.directory
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = (directory / "lock").open("a+")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SpoolError(
                f"another serve has the spool {directory}",
                "give each one a directory of its own with --spool",
            ) from None
        except OSError as error:
            raise SpoolError(f"cannot write the spool {directory}: {error.strerror}") from None
        try:
            self._load()
        except sqlite3.Error as error:
            raise SpoolError(
                f"cannot open the spool {directory / 'spool.sqlite'}: {error}",
                "move it away if it is damaged; events in it are then not counted",
            ) from None

    @property
    def problem(self) -> str | None:
        """Why no events are accepted, if so."""
        return None if self._reserve.hold() else "the disk of the spool is full"

    @property
    def database(self) -> str | None:
        """The database that a service with this spool was last started for; None before."""
        with self.connect() as db:
            return str(found) if (found := one(db, "select database from spool")) else None

    @database.setter
    def database(self, identity: str) -> None:
        with self.connect() as db:
            db.execute("update spool set database = ?", [identity])

    def connect(self) -> sqlite3.Connection:
        """A connection to the file, for the thread that asks for it."""
        return connect(self.directory / FILE)

    def append(self, bodies: Sequence[bytes], answer: Answer | None = None) -> Future[int]:
        """Store events, and the answer to the request; the result is the position of the last one.

        Its exception is SpoolFullError when there is no room. The future is resolved after the
        events have been synced.
        """
        done: Future[int] = Future()
        size = sum(map(len, bodies))
        with self._wake:
            is_full = self.used_bytes + self._waiting_bytes + size > self.max_bytes
            if is_full or self._closing or not self._reserve.hold():
                done.set_exception(SpoolFullError())
                return done
            self._waiting_bytes += size
            self._waiting.append(Write(bodies, answer, done, size))
            self._wake.notify()
        return done

    def read(self, max_events: int, max_bytes: int) -> list[tuple[int, bytes]]:
        """The oldest events with their positions: at least one, if there is any."""
        with self.connect() as db:
            found: list[tuple[int, bytes]] = []
            size = 0
            for position, body in db.execute(
                "select position, body from events order by position limit ?", [max_events]
            ):
                size += len(body)
                if found and size > max_bytes:
                    break
                found.append((position, body))
            return found

    def remove(self, through: int, removed: Iterable[bytes] | None = None) -> None:
        """Remove events up to a position, which the database has; `removed` are their bodies."""
        self._change(lambda db: db.execute("delete from events where position <= ?", [through]))
        if removed is None:
            with self.connect() as db:
                self._measure(db)
            return
        sizes = [len(body) for body in removed]
        with self._wake:
            self.used_bytes -= sum(sizes)
            self.events -= len(sizes)
            self.oldest_at = time.time() if self.events else None

    def _change(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Remove events or change the spool, even if its disk is full."""
        try:
            with self.connect() as db:
                work(db)
        except sqlite3.OperationalError as error:
            if not is_full(error):
                raise
            self._reserve.use(lambda: self._shrink(work))
        else:
            if not self._reserve.is_held:
                self._reserve.use(self._shrink)

    def _shrink(self, work: Callable[[sqlite3.Connection], object] = lambda _: None) -> None:
        """Make the files as small as they can be, after a change."""
        with self.connect() as db:
            work(db)
            if not one(db, "select exists (select 1 from events)"):
                db.execute("vacuum")
            db.execute("pragma wal_checkpoint(truncate)")

    def renew(self, through: int) -> None:
        """Give the spool another identity, without the events up to a position.

        For a spool that is older than what the database knows of it, because its file was restored
        from a copy: positions after `through` are other events than those that the database has.
        """
        new_id = str(uuid.uuid4())

        def work(db: sqlite3.Connection) -> None:
            db.execute("begin immediate")
            db.execute("delete from events where position <= ?", [through])
            db.execute("update spool set id = ?", [new_id])
            db.execute("commit")

        self._change(work)
        self.id = new_id
        with self.connect() as db:
            self._measure(db)

    def answer(self, key: str) -> Answer | None:
        """The answer that was given to an idempotency key, unless it has expired."""
        with self.connect() as db:
            row = db.execute(
                "select key, digest, status, body, position from answers"
                " where key = ? and answered_at > ?",
                [key, time.time() - KEEP_ANSWERS],
            ).fetchone()
            return Answer(*row) if row else None

    def close(self) -> None:
        """Write what is waiting, and give the spool free."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()
        if self._lock is not None:
            self._lock.close()

    def _load(self) -> None:
        with self.connect() as db:
            db.executescript(SCHEMA)
            if not (found := one(db, "select id from spool")):
                found = str(uuid.uuid4())
                db.execute("insert into spool (id) values (?)", [found])
            self.id = str(found)
            issued = one(db, "select seq from sqlite_sequence where name = 'events'")
            self.last_position = self.first_position = int(str(issued or 0))
            self._measure(db)
        (self.directory / FILE).chmod(0o600)
        self._reserve.hold()

    def _measure(self, db: sqlite3.Connection) -> None:
        count, size = db.execute(
            "select count(*), coalesce(sum(length(body)), 0) from events"
        ).fetchone()
        with self._wake:
            self.events, self.used_bytes = count, size
            self.oldest_at = time.time() if count else None

    def _write_all(self) -> None:
        """Commit what has been appended, until the spool is closed."""
        with self.connect() as db:
            pruned_at = 0.0
            while True:
                with self._wake:
                    while not self._waiting and not self._closing:
                        self._wake.wait()
                    if not self._waiting:
                        return
                    writes = list(self._waiting)
                    self._waiting.clear()
                    self._waiting_bytes = 0
                if time.monotonic() - pruned_at > _PRUNE_EVERY:
                    pruned_at = time.monotonic()
                    self._prune(db)
                self._commit(db, writes)

    def _commit(self, db: sqlite3.Connection, writes: list[Write]) -> None:
        """One transaction for all of `writes`. One that fails fails all of them: nothing of them
        is stored, and their senders are told so.
        """
        try:
            positions = insert(db, writes, self.last_position)
        except sqlite3.Error as error:
            for write in writes:
                write.done.set_exception(SpoolFullError(str(error)))
            return
        self.last_position = positions[-1]
        with self._wake:
            if self.oldest_at is None:
                self.oldest_at = time.time()
            self.used_bytes += sum(write.size for write in writes)
            self.events += sum(len(write.bodies) for write in writes)
        for write, at in zip(writes, positions, strict=True):
            write.done.set_result(at)
        self.on_commit()

    def _prune(self, db: sqlite3.Connection) -> None:
        try:
            db.execute("delete from answers where answered_at < ?", [time.time() - KEEP_ANSWERS])
        except sqlite3.Error:
            return  # a full disk: tried again later
