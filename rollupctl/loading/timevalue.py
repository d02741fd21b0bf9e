"""Times in files: values that PostgreSQL accepts although they are probably wrong, and epochs."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from rollupctl.errors import BadRowError
from rollupctl.loading.content import NOTHING_LOADED
from rollupctl.loading.dialect import Dialect
from rollupctl.loading.parts import Part
from rollupctl.loading.timerange import TimeRange

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
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
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
_FIELD = "(?:{quote}(?:[^{quote}]|{quote}{quote})*{quote}|[^{delimiter}{quote}\r\n])*"


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
    if _NUMBER.fullmatch(text) and not _is_compact(text):
        return "is a number, not a time", _EPOCH_HINT
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


_EPOCH_HINT = (
    "for seconds since 1970 say --time-format epoch, for milliseconds epoch_ms, "
    "for microseconds epoch_us"
)
_OFFSET_HINT = "write the offset alone, as in 2024-12-31 23:59:59+03 for three hours ahead of UTC"


def _is_compact(text: str) -> bool:
    """Whether the value is a date such as 20241231; an epoch is longer."""
    return len(text) == 8 and text.isdigit() and _is_sensible(int(text[:4]))


def _is_month(word: str) -> bool:
    return word.lower()[:3] in _MONTHS


def _is_sensible(year: int) -> bool:
    return FIRST_YEAR <= year <= LAST_YEAR


def _problem_of_year(text: str) -> tuple[str, str] | None:
    dated = _OFFSET.sub("", text) if ":" in text or "T" in text else text
    # Not the fraction of a second, but the year of 31.12.2024.
    numbers: list[str] = re.findall(r"(?<![\d:T])(?<!:\d\d\.)(?<!T\d{6}\.)\d{4,}", dated)
    years = [int(n[:4]) if len(n) == 8 else int(n) for n in numbers]
    if not years:
        return "has no year of four digits", _WRITE
    for year in years:
        if not _is_sensible(year):
            hint = "if it is meant, say --time-format any"
            return f"is not between the years {FIRST_YEAR} and {LAST_YEAR}", hint
    return None


class TimeColumns:
    """Checks the time columns of one part of a file, and converts epochs to times."""

    def __init__(
        self, file: Part, form: str, columns: Sequence[tuple[int, str, bool]], limits: TimeRange
    ) -> None:
        """`columns` has the position, from 0, and the name of each, and whether its times must be
        in the range `limits`; `form` is one of FORMATS.
        """
        self._file = file
        self._limits = limits
        self._columns = columns
        self._ticks = EPOCHS.get(form)
        quote, delimiter = map(re.escape, (file.dialect.quote, file.dialect.delimiter))
        self._field = re.compile(_FIELD.format(quote=quote, delimiter=delimiter))
        self._plain_lines = re.compile(
            _plain_lines(
                file.dialect,
                {at: limits.pattern() if is_limited else DATE for at, _, is_limited in columns},
            )
        )

    @property
    def rewrites(self) -> bool:
        """Whether `converted` must be sent instead of the file itself."""
        return self._ticks is not None

    def check(self, chunks: Iterable[bytes]) -> None:
        """Raise BadFileError for the first value that is not a plausible time.

        Requests a chunk only after checking all records that the previous one completes. Lines with
        common values only are matched in batches; from the first other line on, records are parsed
        one by one.
        """
        texts = _texts(chunks)
        rest, passed = "", 0
        headless = bool(self._file.dialect.columns)
        for text in texts:
            rest += text
            if any("\n" in name for name in self._file.header):
                break
            plain = self._plain_lines.match(rest, 0 if passed or headless else _end_of_line(rest))
            end = plain.end() if plain else 0
            passed += rest.count("\n", 0, end)
            rest = rest[end:]
            if "\n" in rest or "\r" in rest or len(rest) > _LONG_LINE:
                break
        for line, record in self._records(_lines(itertools.chain([rest], texts)), passed):
            self._look(record, line, problem)

    def converted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The file record by record, with epochs converted to times. Raises like check."""
        read: list[str] = []

        def lines() -> Iterator[str]:
            for line in _lines(_texts(chunks)):
                read.append(line)
                yield line

        for line, record in self._records(lines(), 0):
            self._look(record, line, self._problem_of_epoch)
            text = "".join(read)
            read.clear()
            yield (text if line == 0 else self._rewritten(text)).encode(errors="surrogateescape")

    def _records(self, lines: Iterator[str], passed: int) -> Iterator[tuple[int, list[str]]]:
        """Fields of each record and the line on which it ends, after the given number of skipped
        lines; the header's line is called 0.
        """
        csv.field_size_limit(sys.maxsize)
        dialect = self._file.dialect
        headless = bool(dialect.columns)
        reader = csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote)
        for number, record in enumerate(reader):
            is_header = not (number or passed or headless)
            yield (0 if is_header else self._file.lines_before + passed + reader.line_num), record

    def _look(
        self, record: list[str], line: int, judge: Callable[[str], tuple[str, str] | None]
    ) -> None:
        if line == 0:
            return
        null = self._file.dialect.null or ""
        for at, name, is_limited in self._columns:
            if at >= len(record) or record[at] == null:
                continue
            wrong = judge(record[at])
            if wrong is None and is_limited and self._is_beyond(record[at]):
                wrong = f"is not between {self._limits}", "if it is meant, say --time-range"
            if wrong:
                place = f"{self._file.name}, line {line}, column {name}"
                hint = f"{wrong[1]}; {NOTHING_LOADED}"
                raise BadRowError(f'{place}: "{record[at]}" {wrong[0]}', hint)

    def _is_beyond(self, value: str) -> bool:
        if self._ticks is None:
            return self._limits.is_beyond(value)
        moment = self._time(value)
        return moment is not None and moment.date() not in self._limits

    def _problem_of_epoch(self, value: str) -> tuple[str, str] | None:
        if not _NUMBER.fullmatch(value.strip()):
            return "is not a number", "times that are written out need no --time-format"
        if self._time(value) is None:
            return (
                f"is not between the years {FIRST_YEAR} and {LAST_YEAR} in this unit",
                _EPOCH_HINT,
            )
        return None

    def _time(self, epoch: str) -> datetime | None:
        seconds = Decimal(epoch.strip()) / (self._ticks or 1)
        if abs(seconds) > _FAR:
            return None
        moment = _EPOCH + timedelta(microseconds=int(seconds * 1_000_000))
        return moment if _is_sensible(moment.year) else None

    def _rewritten(self, text: str) -> str:
        """A record with its epochs converted and all other bytes unchanged."""
        delimiter, quote = self._file.dialect.delimiter, self._file.dialect.quote
        null = self._file.dialect.null or ""
        fields: list[str] = []
        end = -1
        while end < 0 or text[end : end + 1] == delimiter:
            field = self._field.match(text, end + 1)
            fields.append(field[0] if field else "")
            end = field.end() if field else end + 1
        for at, _, _ in self._columns:
            value = fields[at].strip(quote) if at < len(fields) else null
            if value != null and (moment := self._time(value)):
                fields[at] = moment.isoformat(sep=" ") + "+00"
        return delimiter.join(fields) + text[end:]


_EPOCH = datetime(1970, 1, 1)
_FAR = 300 * 366 * 86400  # seconds: beyond all plausible years, within the range of timedelta


def _texts(chunks: Iterable[bytes]) -> Iterator[str]:
    """Texts that never end within \\r\\n; surrogates represent bytes that are not UTF-8."""
    utf8 = codecs.getincrementaldecoder("utf-8-sig")(errors="surrogateescape")
    decoder = io.IncrementalNewlineDecoder(utf8, translate=False)
    for chunk in chunks:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _lines(texts: Iterable[str]) -> Iterator[str]:
    """Lines with their line endings, of all three kinds."""
    begun: list[str] = []  # an incomplete line
    for text in texts:
        for part in io.StringIO(text, newline=""):
            begun.append(part)
            if part.endswith(("\n", "\r")):
                yield "".join(begun)
                begun.clear()
    if begun:
        yield "".join(begun)


_LONG_LINE = 1 << 20  # characters


def _end_of_line(text: str) -> int:
    return text.find("\n") + 1


def _plain_lines(dialect: Dialect, dates: Mapping[int, str]) -> str:
    """Matches whole lines, each a record, whose fields at positions of `dates` are empty or usual
    times on such dates.
    """
    quote, delimiter = re.escape(dialect.quote), re.escape(dialect.delimiter)
    line = []
    for at in range(max(dates) + 1):
        plain = PLAIN.replace(DATE, dates.get(at, ""))
        time = f"(?:{plain}|{re.escape(dialect.null or '')})"
        inside = time if at in dates else f"[^{delimiter}{quote}\\r\\n]*"
        quoted = inside if at in dates else f"[^{quote}\\r\\n]*"
        line.append(f"(?:{quote}{quoted}{quote}|{inside})")
    others = f"(?:{delimiter}(?:{quote}[^{quote}\\r\\n]*{quote}|[^{delimiter}{quote}\\r\\n]*))*"
    return f"(?:{delimiter.join(line)}{others}\\r?\\n)*"
