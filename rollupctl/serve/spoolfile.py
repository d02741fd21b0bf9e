"""The file of a spool."""

from __future__ import annotations

import sqlite3
from pathlib import Path

FILE = "spool.sqlite"
SCHEMA = """
create table if not exists spool (id text not null, database text);
create table if not exists events (position integer primary key autoincrement, body blob not null);
create table if not exists answers (
    key text primary key, digest blob not null, status integer not null, body blob not null,
    position integer not null, answered_at real not null) without rowid;
"""


def connect(file: Path) -> sqlite3.Connection:
    """A connection whose commits are synced to disk, and that `with` closes."""
    db = sqlite3.connect(file, timeout=30, isolation_level=None, factory=_Closing)
    db.execute("pragma journal_mode = wal")
    db.execute("pragma synchronous = full")
    return db


class _Closing(sqlite3.Connection):
    """A connection that `with` closes."""

    def __exit__(self, *failure: object) -> None:  # type: ignore[override]
        self.close()


def one(db: sqlite3.Connection, query: str) -> object:
    """The first value of a query; None without rows."""
    row = db.execute(query).fetchone()
    return row[0] if row else None
