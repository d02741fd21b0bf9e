"""Sample CSV files: the same seed gives the same bytes on every machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random

from rollupctl import shop
from rollupctl.errors import RollupError
from rollupctl.output import Table

COLUMNS = "customer_id,event_type,country,browser,device_id,session_id"
EVENT_TYPES = ("click", "buy", "scroll", "download")
COUNTRIES = (
    "United States",
    "United Kingdom",
    "India",
    "France",
    "Germany",
    "China",
    "China",  # twice, as in the tutorial: two of seven events
)
BROWSERS = ("chrome", "firefox", "safari", "opera")
DEVICES = 10_000
SESSIONS = 100_000

_BATCH = 10_000  # rows written at a time


@dataclass(frozen=True)
class Sample:
    """The files to write: `files` of `rows` rows each, events of customers 1 to `customers`.

    With `until`, a column event_time leads, rising evenly over the `days` before it from the first
    row of the first file to the last row of the last. With `skew`, low customers and devices are
    far more frequent than high ones (the k-th tenth of a thousand as the cube root goes). With
    `shop`, the events are those of rollupctl/shop.py instead; some of them arrive late.
    """

    files: int = 10
    rows: int = 200_000
    seed: int = 1
    customers: int = 1000
    until: datetime | None = None
    days: float = 7.0
    skew: bool = False
    shop: bool = False

    def write(self, directory: Path, *, force: bool = False) -> Table:
        """Write 1.csv, 2.csv, … into `directory`; returns file, rows and bytes of each.

        Raises RollupError if one of them exists, unless `force`; nothing is written then. A file
        gets its name when it is complete.
        """
        directory.mkdir(parents=True, exist_ok=True)
        paths = [directory / f"{number}.csv" for number in range(1, self.files + 1)]
        if not force and (there := [path for path in paths if path.exists()]):
            raise RollupError(f"{there[0]}: is there already", "write over it with --force")
        written = Table(("file", "rows", "bytes"))
        for number, path in enumerate(paths):
            unfinished = path.with_name(f".{path.name}.{os.getpid()}")
            try:
                with unfinished.open("w", encoding="ascii", newline="") as out:
                    for text in self.text(number):
                        out.write(text)
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
            written.add(str(path), self.rows, path.stat().st_size)
        return written

    def text(self, number: int) -> Iterator[str]:
        """File `number` (from 0) in chunks. It depends on the seed and the number, not on `files`.

        Uses Random.random() only: Python guarantees its sequence for a seed, and products of its
        values are the same on every machine.
        """
        yield (
            ("event_time," if self.until else "") + (shop.COLUMNS if self.shop else COLUMNS) + "\n"
        )
        draw = Random((self.seed << 32) + number).random
        row = self._shop if self.shop else self._skewed if self.skew else self._uniform
        times = self._times(number) if self.until else None
        for start in range(0, self.rows, _BATCH):
            batch = range(min(_BATCH, self.rows - start))
            if times is None:
                yield "".join([row(draw) for _ in batch])
            else:
                yield "".join([f"{self._time(next(times), draw)},{row(draw)}" for _ in batch])

    def _shop(self, draw: Callable[[], float]) -> str:
        return shop.row(draw, self.customers)

    def _uniform(self, draw: Callable[[], float]) -> str:
        return (
            f"{int(draw() * self.customers) + 1},{EVENT_TYPES[int(draw() * 4)]},"
            f"{COUNTRIES[int(draw() * 7)]},{BROWSERS[int(draw() * 4)]},"
            f"{int(draw() * DEVICES) + 1},{int(draw() * SESSIONS) + 1}\n"
        )

    def _skewed(self, draw: Callable[[], float]) -> str:
        """As _uniform; a customer or device at or below x has probability (x / all) ** (1/3)."""
        customer, device = draw(), draw()
        return (
            f"{int(customer * customer * customer * self.customers) + 1},"
            f"{EVENT_TYPES[int(draw() * 4)]},{COUNTRIES[int(draw() * 7)]},"
            f"{BROWSERS[int(draw() * 4)]},{int(device * device * device * DEVICES) + 1},"
            f"{int(draw() * SESSIONS) + 1}\n"
        )

    def _time(self, moment: datetime, draw: Callable[[], float]) -> str:
        if self.shop:
            moment -= timedelta(seconds=shop.seconds_late(draw))
        return moment.isoformat(sep=" ", timespec="seconds") + "+00"

    def _times(self, number: int) -> Iterator[datetime]:
        """The arrival times of the events of file `number`, in UTC without an offset, ascending."""
        assert self.until is not None
        until = self.until.astimezone(timezone.utc).replace(tzinfo=None)
        whole = timedelta(days=self.days) // timedelta(microseconds=1)
        total = self.files * self.rows
        for index in range(number * self.rows, (number + 1) * self.rows):
            yield until - timedelta(microseconds=whole * (total - index) // total)
