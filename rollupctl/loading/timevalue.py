"""Times as they are written: what PostgreSQL accepts although it is probably wrong."""

from __future__ import annotations

import re

ISO, ANY = "iso", "any"
EPOCHS = {"epoch": 1, "epoch_ms": 1_000, "epoch_us": 1_000_000}  # units per second
DATE_ORDERS = {"dmy": "DMY", "mdy": "MDY"}  # 31.12.2024 and 12/31/2024, as DateStyle
FORMATS = (ISO, *EPOCHS, *DATE_ORDERS, ANY)
FIRST_YEAR, LAST_YEAR = 1900, 2199

# Nearly all values match this and need no further check.
DATE = r"(?:19|20|21)\d\d-\d\d-\d\d"
CLOCK = r"[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?"
ZONE = r"(?: ?(?:Z|UTC|GMT|[-+]\d\d(?::?\d\d(?::?\d\d)?)?))?"
_PLAIN = re.compile(f"{DATE}(?:{CLOCK}{ZONE})?")
PLAIN = _PLAIN.pattern  # PostgreSQL reads it too
NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_WORDS = {"allballs", "epoch", "infinity", "now", "today", "tomorrow", "yesterday"}
_MARKS = {"", "t", "z", "utc", "gmt", "am", "pm", "ad"}
# UTC+3, GMT-0500, EST5, <+03>-3: POSIX reads UTC+3 as west of Greenwich, elsewhere UTC-3.
_POSIX = re.compile(
    r"(?<![/\w])(?P<zone>(?:[A-Za-z]+|<[^>]*>)(?: ?[-+] ?|(?<=\w{3})))\d+(?::?\d\d)*\w*"
)
_OFFSET = re.compile(r"(?<=[\d.]) ?[-+]\d\d?(?::?\d\d){0,2}$")
_WRITE = "write it as in 2024-12-31 23:59:59+00"


def reads_times(time_format: str, time_zone: str) -> dict[str, str]:
    """The settings of a transaction that reads times; those without an offset are of the zone."""
    # Unless an order is named, 01/02/2024 may be in January or in February, so it is refused.
    return {"DateStyle": f"ISO, {DATE_ORDERS.get(time_format, 'YMD')}", "TimeZone": time_zone}


def problem(value: str) -> tuple[str, str] | None:
    """What is wrong with `value` as the time of an event, and the hint; None if it is valid.

    Values that PostgreSQL rejects are not checked.
    """
    text = value.strip()
    if _PLAIN.fullmatch(text) or not text:
        return None
    if NUMBER.fullmatch(text) and not _is_compact(text):
        return "is a number, not a time", EPOCH_HINT
    if set(re.findall(r"\w+", text.lower())) & _WORDS:
        return "is a word, not a time", f"{_WRITE}, or leave the field empty"
    if not re.search(r"\d", text):
        return None
    if (found := _POSIX.search(text)) and not _is_month(found["zone"]):
        what = f'has the offset "{found[0]}", which PostgreSQL reads with the opposite sign'
        return what, _OFFSET_HINT
    for word in re.findall(r"(?<![/\w])[A-Za-z]+(?![/\w])", text):
        lower = word.lower()
        if not (lower in _MARKS or _is_month(word) or lower[:3] in _DAYS):
            return f'has "{word}" where an offset from UTC must be', _OFFSET_HINT
    return _problem_of_year(text)


EPOCH_HINT = (
    "for seconds since 1970 say --time-format epoch, for milliseconds epoch_ms, "
    "for microseconds epoch_us"
)
_OFFSET_HINT = "write the offset alone, as in 2024-12-31 23:59:59+03 for three hours ahead of UTC"


def _is_compact(text: str) -> bool:
    """Whether the value is a date such as 20241231; an epoch is longer."""
    return len(text) == 8 and text.isdigit() and is_sensible(int(text[:4]))


def _is_month(word: str) -> bool:
    return word.lower()[:3] in _MONTHS


def is_sensible(year: int) -> bool:
    """Whether an event can be of the year at all."""
    return FIRST_YEAR <= year <= LAST_YEAR


def years(text: str) -> list[int]:
    """The years in `text`, a time: its numbers of four digits and more."""
    dated = _OFFSET.sub("", text) if ":" in text or "T" in text else text
    # Not the fraction of a second, but the year of 31.12.2024.
    numbers: list[str] = re.findall(r"(?<![\d:T])(?<!:\d\d\.)(?<!T\d{6}\.)\d{4,}", dated)
    return [int(n[:4]) if len(n) == 8 else int(n) for n in numbers]


def _problem_of_year(text: str) -> tuple[str, str] | None:
    found = years(text)
    if not found:
        return "has no year of four digits", _WRITE
    for year in found:
        if not is_sensible(year):
            hint = "if it is meant, say --time-format any"
            return f"is not between the years {FIRST_YEAR} and {LAST_YEAR}", hint
    return None
