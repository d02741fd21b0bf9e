"""How far loaders are, on a terminal: rows, megabytes, rates and the time that is left."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rollupctl.output import note

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from rollupctl.loading.outcome import Loaded

Advance = Callable[[int], None]
_LONGEST_NAME = 40  # characters


class Tracker:
    """How far one file is: bytes as they are sent, rows as they are committed."""

    def __init__(self, board: Board, name: str, size: int | None) -> None:
        self._board = board
        self._bars = board.bars
        self._rows = 0
        if self._bars:
            shown = name if len(name) <= _LONGEST_NAME else f"…{name[1 - _LONGEST_NAME :]}"
            self._task = self._bars.add_task(shown, total=size, rows="")

    def advance(self, size: int) -> None:
        """So many bytes more; fewer if they are sent again."""
        self._board.count(size)
        if self._bars:
            self._bars.advance(self._task, size)

    def committed(self, rows: int) -> None:
        """So many rows more."""
        self._rows += rows
        if self._bars:
            self._bars.update(self._task, rows=f"{self._rows:,} rows")

    def end(self) -> None:
        """Nothing more comes. A compressed file turns out to be as large as it was."""
        if self._bars:
            done = self._bars.tasks[self._bars.task_ids.index(self._task)].completed
            self._bars.update(self._task, total=done)


class Board:
    """The progress of all files, which may be loaded side by side. Silent unless it is shown."""

    def __init__(self) -> None:
        self.bars: Bars | None = None
        self._bytes = 0
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def count(self, size: int) -> None:
        """So many bytes more, of any file."""
        with self._lock:
            self._bytes += size

    @contextmanager
    def file(self, name: str, size: int | None) -> Iterator[Tracker]:
        """The progress of one file; `size` is None where it is unknown until the end."""
        tracker = Tracker(self, name, size)
        try:
            yield tracker
        finally:
            tracker.end()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show it on stderr, and a summary at the end, if that is a terminal."""
        if not sys.stderr.isatty():
            yield
            return
        from rich import progress
        from rich.console import Console

        self.bars = progress.Progress(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(),
            progress.DownloadColumn(),
            progress.TransferSpeedColumn(),
            progress.TextColumn("{task.fields[rows]}", markup=False),
            progress.TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            console=Console(stderr=True),
        )
        with self.bars:
            yield

    def summary(self, files: int, loaded: Loaded) -> None:
        """One line about all files, on a terminal."""
        if self.bars is None:
            return
        seconds = max(time.monotonic() - self._began, 0.001)
        megabytes = self._bytes / 1e6
        what = "1 file" if files == 1 else f"{files} files"
        more = [
            f"{number:,} {kind}"
            for number, kind in (
                (loaded.rejected, "rejected"),
                (loaded.duplicates, "repeated"),
            )
            if number
        ]
        note(
            f"{what}: {loaded.rows:,} rows, {megabytes:,.1f} MB in {seconds:,.1f} s, "
            f"{loaded.rows / seconds:,.0f} rows/s, {megabytes / seconds:,.1f} MB/s"
            + "".join(f"; {each}" for each in more)
        )
