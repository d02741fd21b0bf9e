"""Which values of documents are usual for a column, and what they are in CSV.

The text of a usual value is read by the input function of the column's type, as the server reads
what it takes out of a document, so that the result is the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import msgspec

from rollupctl.loading.target import Column
from rollupctl.loading.timerange import TimeRange
from rollupctl.loading.timevalue import CLOCK, DATE, ZONE

_WHOLE = ("bigint", "integer", "smallint")
# Not -0, which jsonb takes for 0.
_NUMBER = re.compile(
    rb"(?!-0(?:\.0*)?(?![.\d]))-?(?:0|[1-9]\d{0,300})(?:\.\d{1,300})?(?:[eE][-+]?\d{1,3})?"
    rb'|"[^"\\]*"|null'
)
# Not ten hours or more behind UTC, where the last day of a range ends later.
_NEAR_ZONE = r"(?: ?(?:Z|UTC|GMT|(?:\+\d|-0)\d(?::?\d\d(?::?\d\d)?)?))?"
_ESCAPED_KEY = re.compile(rb'\\[^"]*"\s*:')

Values = Iterable[Any]


class UnusualError(Exception):
    """A value is not usual."""


@dataclass(frozen=True)
class ValueKind:
    """What the values of a column are when they are parsed, and how they become those of CSV.

    `read` gets the lines of the values, the name of their field, and the values; it may raise
    UnusualError.
    """

    type: Any
    read: Callable[[bytes, str, Values], Values]


def kind_of(column: Column, limits: TimeRange | None) -> ValueKind:
    """How the values of a column are read; times are only usual within `limits`, if there are."""
    if column.form == "json" and column.type == "jsonb":
        return ValueKind(msgspec.Raw, _documents)
    if column.form != "plain" or not column.reads_text:
        return no_value(column)
    if column.is_time and limits:
        return ValueKind(str | None, _matching(_times(column, limits)))
    if column.is_number and column.type not in _WHOLE:
        return ValueKind(msgspec.Raw, _numbers)
    return ValueKind(str | int | bool | None, _as_they_are)


def no_value(column: Column) -> ValueKind:
    """For a column whose field no line has; NULL is the same where there is no default."""
    none = Literal["\0", None] if column.default_text is None else Literal["\0"]
    return ValueKind(none, _as_they_are)


def count(field: str, lines: bytes) -> int:
    """How often a text is in JSON, without needless escapes."""
    spellings = {json.dumps(field), json.dumps(field, ensure_ascii=False)}
    return sum(lines.count(each.encode()) for each in spellings)


def _times(column: Column, limits: TimeRange) -> re.Pattern[str]:
    if not column.is_partition_key:
        return re.compile(f"{DATE}(?:{CLOCK}{ZONE})?")
    day = timedelta(days=1)
    # The days at its ends depend on time zones.
    dates = TimeRange(limits.first + 2 * day, limits.last - day).pattern()
    return re.compile(f"{dates}(?:{CLOCK}{_NEAR_ZONE})?")


def _as_they_are(lines: bytes, field: str, values: Values) -> Values:
    return values


def _matching(pattern: re.Pattern[str]) -> Callable[[bytes, str, Values], Values]:
    def read(lines: bytes, field: str, values: Values) -> Values:
        found = list(values)
        if not all(map(pattern.fullmatch, [v for v in found if v is not None])):
            raise UnusualError
        return found

    return read


def _numbers(lines: bytes, field: str, values: Values) -> Values:
    found = _each_once(lines, field, values)
    if not all(map(_NUMBER.fullmatch, [v for v in found if v is not None])):
        raise UnusualError
    return found


def _documents(lines: bytes, field: str, values: Values) -> Values:
    texts = [v if v is None else bytes(v) for v in _each_once(lines, field, values)]
    return [None if text is None or text == b"null" else text.decode() for text in texts]


def _each_once(lines: bytes, field: str, values: Values) -> list[Any]:
    """Values of a field that no line has twice: the first would be unseen."""
    found = list(values)
    present = sum(v is not None for v in found)
    if count(field, lines) != present or (b"\\" in lines and _ESCAPED_KEY.search(lines)):
        raise UnusualError
    return found
