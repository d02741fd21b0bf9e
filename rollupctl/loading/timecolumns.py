"""Checks the times in the columns of a CSV file, and converts epochs."""

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
from rollupctl.loading.timerange import TimeRange, day_of
from rollupctl.loading.timevalue import (
    DATE,
    DATE_ORDERS,
    EPOCH_HINT,
    EPOCHS,
    FIRST_YEAR,
    LAST_YEAR,
    NUMBER,
    PLAIN,
    is_sensible,
    problem,
    years,
)

_FIELD = "(?:{quote}(?:[^{quote}]|{quote}{quote})*{quote}|[^{delimiter}{quote}\r\n])*"


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
        self._order = DATE_ORDERS.get(form)
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
            if day := day_of(value, self._order):
                return day not in self._limits
            # Of a date with words, the year is compared.
            first, last = self._limits.first.year, self._limits.last.year
            return any(not first <= year <= last for year in years(value))
        moment = self._time(value)
        return moment is not None and moment.date() not in self._limits

    def _problem_of_epoch(self, value: str) -> tuple[str, str] | None:
        if not NUMBER.fullmatch(value.strip()):
            return "is not a number", "times that are written out need no --time-format"
        if self._time(value) is None:
            return (
                f"is not between the years {FIRST_YEAR} and {LAST_YEAR} in this unit",
                EPOCH_HINT,
            )
        return None

    def _time(self, epoch: str) -> datetime | None:
        seconds = Decimal(epoch.strip()) / (self._ticks or 1)
        if abs(seconds) > _FAR:
            return None
        moment = _EPOCH + timedelta(microseconds=int(seconds * 1_000_000))
        return moment if is_sensible(moment.year) else None

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
