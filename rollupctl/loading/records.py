"""The records of a part, one by one, with their places: for parts that have bad rows."""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rollupctl.loading.csvfile import CHUNK
from rollupctl.loading.dialect import Dialect

NOT_TEXT = "is not UTF-8"  # with which a flaw begins
_IN_MEMORY = 32 << 20  # bytes of a part that are kept in memory


class Spool:
    """Keeps the text of a part, so that it can be read again where its source cannot."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 -- closed by __exit__()
        self._source: Iterator[bytes] = iter(())

    def through(self, source: Iterator[bytes]) -> Iterator[bytes]:
        """What `source` has, which is kept."""
        self._source = source
        for chunk in source:
            self._file.write(chunk)
            yield chunk

    def complete(self) -> None:
        """Read the rest of the source."""
        for chunk in self._source:
            self._file.write(chunk)

    def chunks(self) -> Iterator[bytes]:
        """The text that was kept."""
        self._file.seek(0)
        while chunk := self._file.read(CHUNK):
            yield chunk

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@dataclass(frozen=True)
class Record:
    """A record as it came, without its line end. `line` counts from 1, `start` from 0, both from
    the beginning of the part. `flaw` is why it cannot be loaded, if that shows already.
    """

    line: int
    start: int
    raw: bytes
    flaw: str | None = None


def lines(chunks: Iterable[bytes], line_end: bytes) -> Iterator[tuple[int, bytes]]:
    """Position and text of each line, without its end."""
    rest, at = b"", 0
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(line_end)
        for line in whole:
            yield at, line
            at += len(line) + len(line_end)
    if rest:
        yield at, rest


def documents(chunks: Iterable[bytes]) -> Iterator[Record]:
    """The lines of a file of JSON."""
    for number, (start, raw) in enumerate(lines(chunks, b"\n"), 1):
        yield Record(number, start, raw, _not_text(raw))


def csv_records(
    chunks: Iterable[bytes], dialect: Dialect, line_end: bytes, fields: int, *, header: bool
) -> Iterator[Record]:
    """The records of a CSV file that should have so many `fields`.

    A record of several lines that is malformed is most likely a quote too many in its first line:
    only that line is bad, and the next begins a record.
    """
    csv.field_size_limit(sys.maxsize)
    quote = dialect.quote.encode()
    source = enumerate(lines(chunks, line_end), 1)
    waiting: list[tuple[int, tuple[int, bytes]]] = []  # lines to be looked at again
    while waiting or (more := next(source, None)):
        taken = [waiting.pop(0) if waiting else more]
        assert taken[0] is not None
        number, (start, raw) = taken[0]
        while raw.count(quote) % 2 and len(taken) < _MOST_LINES:
            following = waiting.pop(0) if waiting else next(source, None)
            if following is None:
                break
            taken.append(following)
            raw += line_end + following[1][1]
        if header:
            header = False
            continue
        flaw = _flaw_of_csv(raw, dialect, fields)
        if flaw and len(taken) > 1:
            waiting[:0] = [line for line in taken[1:] if line is not None]
            raw = taken[0][1][1]
        yield Record(number, start, raw, flaw)


_MOST_LINES = 1000  # of one record, while bad rows are looked for


def _not_text(raw: bytes) -> str | None:
    if b"\0" in raw:
        return "holds a zero byte"
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return f"{NOT_TEXT}: byte 0x{raw[error.start]:02x}"
    return None


def _flaw_of_csv(raw: bytes, dialect: Dialect, fields: int) -> str | None:
    if flaw := _not_text(raw):
        return flaw
    if raw.count(dialect.quote.encode()) % 2:
        return "a quote opens and never closes"
    if raw == b"\\.":
        return "holds nothing but \\."
    outside = raw.split(dialect.quote.encode())[::2]
    if any(b"\r" in text or b"\n" in text for text in outside):
        return "holds another line end than the lines before"
    reader = csv.reader(
        [raw.decode()], strict=True, delimiter=dialect.delimiter, quotechar=dialect.quote
    )
    try:
        found = next(reader, [])
    except csv.Error as error:
        return str(error)
    if len(found) != max(fields, 1) and not (not raw and fields == 1):
        return f"has {len(found)} fields instead of {fields}"
    return None
