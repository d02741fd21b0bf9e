"""The file of a spool, and how events get into it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

FILE = "spool.sqlite"
SCHEMA = """
create table if not exists spool (id text not null, database text);
create table if not exists events (position integer primary key autoincrement, body blob not null);
create table if not exists answers (
    key text primary key, digest blob not null, status integer not null, body blob not null,
    position integer not null, answered_at real not null) without rowid;
"""


@dataclass(frozen=True)
class Answer:
    """The answer to an idempotency key: that of the first request with it."""

    key: str
    digest: bytes
    status: int
    body: bytes
    position: int = 0


@dataclass
class Write:
    """The events of a request on their way to disk."""

    bodies: Sequence[bytes]
    answer: Answer | None
    done: Future[int]
    size: int


def connect(file: Path) -> sqlite3.Connection:
    """A connection whose commits are synced to disk, and that `with` closes."""
    db = sqlite3.connect(file, timeout=30, isolation_level=None, factory=_Closing)
    try:
        db.execute("pragma journal_mode = wal")
        db.execute("pragma synchronous = full")
    except BaseException:
        db.close()
        raise
    return db


class _Closing(sqlite3.Connection):
    """A connection that `with` closes."""

    def __exit__(self, *failure: object) -> None:  # type: ignore[override]
        self.close()


def one(db: sqlite3.Connection, query: str) -> object:
    """The first value of a query; None without rows."""
    row = db.execute(query).fetchone()
    return row[0] if row else None


def insert(db: sqlite3.Connection, writes: Sequence[Write], position: int) -> list[int]:
    """Store events after a position in one transaction; returns the last position of each write.

    Raises sqlite3.Error, and nothing is stored.
    """
    positions = []
    try:
        db.execute("begin immediate")
        for write in writes:
            db.executemany(
                "insert into events (position, body) values (?, ?)",
                [(position + n, body) for n, body in enumerate(write.bodies, 1)],
            )
            position += len(write.bodies)
            positions.append(position)
            if write.answer is not None:
                a = write.answer
                db.execute(
                    "insert or replace into answers values (?, ?, ?, ?, ?, ?)",
                    [a.key, a.digest, a.status, a.body, position, time.time()],
                )
        db.execute("commit")
    except sqlite3.Error:
        if db.in_transaction:
            db.execute("rollback")
        raise
    return positions
