"""Intervals in readable form, and the validation of their units."""

from __future__ import annotations

import re

from psycopg.abc import Buffer
from psycopg.adapt import Loader

_UNITS = {"mon": "month", "mons": "months"}
_CLOCK = re.compile(r"(?P<sign>[-+]?)(?P<hours>\d+):(?P<minutes>\d\d):(?P<seconds>\d\d(\.\d+)?)")


def interval_words(text: str) -> str:
    """An interval in words, from IntervalStyle postgres: "1 mon 01:30:00" is "1 month 1 hour 30
    minutes". PostgreSQL reads it back as the same.
    """
    words: list[str] = []
    for word in text.split():
        clock = _CLOCK.fullmatch(word)
        if clock is None:
            words.append(_UNITS.get(word, word))
            continue
        sign = clock["sign"].replace("+", "")
        seconds = clock["seconds"].rstrip("0").rstrip(".") if "." in word else clock["seconds"]
        for number, unit in (
            (clock["hours"], "hour"),
            (clock["minutes"], "minute"),
            (seconds, "second"),
        ):
            number = number.lstrip("0")
            if number:
                number = f"0{number}" if number.startswith(".") else number
                words += [f"{sign}{number}", unit if number == "1" else f"{unit}s"]
    return " ".join(words) or "0 seconds"


class IntervalWords(Loader):
    """An interval as it was declared, "1 month" or "90 minutes".

    A timedelta would turn a month into 30 days.
    """

    def load(self, data: Buffer) -> str:
        """The interval in words; needs IntervalStyle postgres."""
        return interval_words(bytes(data).decode())


_NO_UNIT = re.compile(
    r"(?<![\w:.+-])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.:])(?=\s*$|\s+[-+.\d]|[-+])"
)


def number_without_unit(text: str) -> str | None:
    """A number without a unit in an interval, which PostgreSQL reads as seconds."""
    found = _NO_UNIT.search(text.strip())
    return found[0].strip() if found else None
