"""A reserve of disk space, for what has to be written when the disk of a spool is full."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Reserve:
    """A file that takes up space, so that events can be removed when the disk is full: that writes
    to the log of SQLite, whose pages have to fit into its file afterwards.
    """

    file: Path
    size: int
    is_held: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hold(self) -> bool:
        """Take up the space; False if there is not enough, or it is in use."""
        if not self.is_held and self._lock.acquire(blocking=False):
            try:
                self._hold()
            finally:
                self._lock.release()
        return self.is_held

    def use(self, work: Callable[[], None]) -> None:
        """Do something that needs the space, and take it up again."""
        with self._lock:
            self._give_up()
            work()
            self._hold()

    def _hold(self) -> None:
        try:
            with self.file.open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, self.size)
            self.is_held = True
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        self.is_held = False
        if self.file.exists():
            os.truncate(self.file, 0)


def is_full(error: sqlite3.Error) -> bool:
    """Whether an error says that the disk is full, as the log of SQLite does by an I/O error."""
    return "full" in str(error) or "disk I/O" in str(error)
