"""The times that events can have: those outside are most likely mistakes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from rollupctl.errors import UsageError

_YEARS = 20  # how far back events may lie by default
_YEAR_FIRST = re.compile(r"\s*(?P<Y>\d{4})(?P<mark>[-/.]?)(?P<M>\d\d?)(?P=mark)(?P<D>\d\d?)(?!\d)")
_YEAR_LAST = r"\s*(?P<{}>\d\d?)[-/.](?P<{}>\d\d?)[-/.](?P<Y>\d{{4}})(?!\d)"


@dataclass(frozen=True)
class TimeRange:
    """The first and the last day on which events may lie."""

    first: date
    last: date

    @property
    def end(self) -> date:
        """The day after the last."""
        return self.last + timedelta(days=1)

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.first} and {self.last}"

    def pattern(self) -> str:
        """A regular expression for the dates inside, in the form 2024-12-31, and no others.

        The days at both ends may be left out of it.
        """
        return "(?:" + "|".join(_patterns(self.first, self.last)) + ")"


def day_of(text: str, order: str | None) -> date | None:
    """The date that `text` begins with, as it is written: offsets are left aside. None if it is
    written in another way than with numbers, the year first, or last in an `order` such as DMY.
    """
    found = _YEAR_FIRST.match(text)
    if order and not found:
        found = re.match(_YEAR_LAST.format(*order[:2]), text)
    try:
        return date(*(int(found[part]) for part in "YMD")) if found else None
    except ValueError:
        return None  # the server says what is wrong with it


def _patterns(first: date, last: date) -> Iterator[str]:
    """Whole years, then whole months of the first and the last year, then days."""
    years = [f"{year:04}" for year in range(first.year + 1, last.year)]
    if years:
        yield f"(?:{'|'.join(years)})-\\d\\d-\\d\\d"
    for year in {first.year, last.year}:
        low = first.month + 1 if year == first.year else 1
        high = last.month - 1 if year == last.year else 12
        months = [f"{month:02}" for month in range(low, high + 1)]
        if months:
            yield f"{year:04}-(?:{'|'.join(months)})-\\d\\d"
    for year, month in {(first.year, first.month), (last.year, last.month)}:
        is_first, is_last = ((year, month) == (each.year, each.month) for each in (first, last))
        low = first.day if is_first else 1
        high = last.day if is_last else 31
        days = [f"{day:02}" for day in range(low, high + 1)]
        yield f"{year:04}-{month:02}-(?:{'|'.join(days)})"


def default_range() -> TimeRange:
    """The last twenty years, and tomorrow."""
    today = datetime.now(timezone.utc).date()
    day = min(today.day, 28)
    return TimeRange(today.replace(year=today.year - _YEARS, day=day), today + timedelta(days=1))


def parse_range(text: str | None) -> TimeRange:
    """The range of --time-range, as in 2000-01-01..2030-12-31; raises UsageError."""
    if text is None:
        return default_range()
    first, mark, last = text.partition("..")
    try:
        found = TimeRange(date.fromisoformat(first.strip()), date.fromisoformat(last.strip()))
    except ValueError:
        mark = ""
    if not mark or found.first > found.last:
        raise UsageError(
            f"--time-range: {text!r} is not a range of days", "write 2000-01-01..2030-12-31"
        )
    return found
