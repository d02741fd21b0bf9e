"""A CSV file, or standard input, with its header read and checked before any of it is loaded."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rollupctl.errors import BadFileError, UsageError

CHUNK = 1 << 16  # bytes read, hashed and sent at a time
LONGEST_HEADER = 1 << 20  # bytes
LONGEST_NAME = 4096  # characters: no system takes a longer path
BOM = b"\xef\xbb\xbf"
STDIN = "-"
NOTHING_LOADED = "nothing of this file was loaded"

_ZCAT = "unpack it on the way: `{} {} | rollupctl load -`"
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "is compressed with gzip", _ZCAT.format("zcat", "{}")),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd", _ZCAT.format("zstdcat", "{}")),
    (b"\xfd7zXZ\0", "is compressed with xz", _ZCAT.format("xzcat", "{}")),
    (b"BZh", "is compressed with bzip2", _ZCAT.format("bzcat", "{}")),
    (b"PK\x03\x04", "is a zip archive", _ZCAT.format("unzip -p", "{}")),
    (b"PAR1", "is a Parquet file", "convert it to CSV first"),
    (b"\xff\xfe", "is UTF-16", "recode it: `iconv -f utf-16 -t utf-8 {} | rollupctl load -`"),
    (b"\xfe\xff", "is UTF-16", "recode it: `iconv -f utf-16 -t utf-8 {} | rollupctl load -`"),
)
NOT_UTF8 = "if it is Latin-1, recode it: `iconv -f latin1 -t utf-8 {} | rollupctl load -`"

_END_MARK = re.compile(rb"[\r\n]\\\.[\r\n]")


@dataclass(frozen=True)
class Dialect:
    """The format of a CSV file. With `null`, that text is NULL, also in quotes for columns that are
    not of type text; otherwise an empty field without quotes is NULL.
    """

    delimiter: str = ","
    quote: str = '"'
    null: str | None = None

    def __post_init__(self) -> None:
        """Refuse what COPY would refuse, with a message in terms of the command line."""
        for option, value in (("--delimiter", self.delimiter), ("--quote", self.quote)):
            if len(value) != 1 or not value.isascii() or value in "\r\n\0":
                raise UsageError(
                    f"{option}: {value!r} is not one character", "write --delimiter ';' or tab"
                )
        if self.delimiter == self.quote:
            raise UsageError("--delimiter and --quote are the same character")
        if any(c in f"{self.delimiter}{self.quote}\r\n\0" for c in self.null or ""):
            raise UsageError(
                f"--null: {self.null!r} holds the delimiter, the quote or a line break",
                "write what stands between delimiters, without quotes: --null '' or --null NULL",
            )


CSV = Dialect()


@dataclass
class CsvFile:
    """An open CSV file: its name (printable), its header, and the bytes read to find the header."""

    name: str
    stream: BinaryIO
    header: list[str]
    head: bytes
    dialect: Dialect = CSV

    @property
    def size(self) -> int | None:
        """Length in bytes, or None for a pipe, whose length is unknown until its end."""
        facts = os.fstat(self.stream.fileno())
        return facts.st_size if stat.S_ISREG(facts.st_mode) else None

    def chunks(self) -> Iterator[bytes]:
        """The whole content, first byte to last. A pipe can be read once."""
        yield self.head
        while chunk := self.stream.read(CHUNK):
            yield chunk

    def again(self) -> Iterator[bytes]:
        """The content again, in chunks; nothing for a pipe."""
        if self.size is not None:
            self.stream.seek(len(self.head))
            yield from self.chunks()

    def rows(self) -> Iterator[bytes]:
        r"""In chunks; raises BadFileError at a line \.

        PostgreSQL up to 17 would silently treat it as the end of the data; 18 treats it as a row.
        """
        tail = b""
        for chunk in self.chunks():
            window = tail + chunk
            if b"\\." in window and _END_MARK.search(window):  # `in` is ten times as fast
                break
            yield chunk
            tail = window[-4:]
        else:
            if not tail.endswith((b"\n\\.", b"\r\\.")):
                return
        raise BadFileError(
            f"{self.name}: a line holds nothing but \\.",
            "to PostgreSQL that ends the data: remove the line, or quote the value",
        )

    def sha256(self) -> bytes:
        """The digest of a regular file's whole content; leaves the file as it found it."""
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        self.stream.seek(len(self.head))
        return digest.digest()

    def state(self) -> tuple[int, ...]:
        """A value that changes when a regular file is written to; constant for a pipe."""
        facts = os.fstat(self.stream.fileno())
        return (facts.st_size, facts.st_mtime_ns) if stat.S_ISREG(facts.st_mode) else ()

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self.name != STDIN:
            self.stream.close()


def open_csv(path: str, dialect: Dialect = CSV) -> CsvFile:
    """Open `path` ("-" for standard input) and read its header line.

    Raises BadFileError if the file does not exist, cannot be read, or does not begin with a line of
    column names in UTF-8.
    """
    name = printable(path)
    try:
        # Closed by CsvFile.close, or below when the header is no good.
        stream: BinaryIO = sys.stdin.buffer if path == STDIN else Path(path).open("rb")  # noqa: SIM115
    except IsADirectoryError:
        raise BadFileError(
            f"{name}: is a directory", f"name its files: {name.rstrip('/')}/*.csv"
        ) from None
    except (OSError, ValueError) as error:
        raise BadFileError(f"{name}: {getattr(error, 'strerror', None) or error}") from None
    try:
        head = _read_head(stream, name, dialect.quote)
        return CsvFile(name, stream, _parse_header(head, name, dialect), head, dialect)
    except BaseException:
        if name != STDIN:
            stream.close()
        raise


def printable(path: str) -> str:
    """`path` for messages and the ledger; bytes that are not UTF-8 are replaced.

    An overlong path is abbreviated in the middle, so that the rest of the message fits on the line.
    """
    shown = os.fsencode(path).decode("utf-8", "replace")
    return shown if len(shown) <= LONGEST_NAME else f"{shown[:150]}…{shown[-50:]}"


def opening_quote_line(name: str, quote: str) -> int | None:
    """The line, from 1, of an opening quote that is never closed; None if all are closed.

    Reads the whole file again, so this is for the error path only. In CSV a quote inside a quoted
    field is doubled, so an odd number of quotes on a line opens or closes a field.
    """
    opened: int | None = None
    with Path(name).open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.count(quote.encode()) % 2:
                opened = number if opened is None else None
    return opened


def _read_head(stream: BinaryIO, name: str, quote: str) -> bytes:
    """Bytes from the start of `stream`, at least up to the end of its first record."""
    head = b""
    while len(head) < LONGEST_HEADER:
        try:
            more = stream.read(CHUNK)
        except OSError as error:
            raise BadFileError(f"{name}: {error.strerror}") from None
        head += more
        if not more or _end_of_record(head, quote) is not None:
            break
    return head


def _end_of_record(data: bytes, quote: str) -> int | None:
    """Position of the line break that ends the first record of `data`; None if it is incomplete."""
    quoted = False
    for mark in re.finditer(b"[\r\n]|" + re.escape(quote.encode()), data):
        if mark.group() == quote.encode():
            quoted = not quoted
        elif not quoted:
            return mark.start()
    return None


def _parse_header(head: bytes, name: str, dialect: Dialect) -> list[str]:
    """The column names of the first record, without the spaces around them."""
    expected = "the first line must hold the names of the columns, as in customer_id,event_type,…"
    if not head:
        raise BadFileError(f"{name}: is empty", expected)
    for magic, what, hint in _MAGIC:
        if head.startswith(magic):
            raise BadFileError(f"{name}: {what}", hint.format("FILE" if name == STDIN else name))
    end = _end_of_record(head, dialect.quote)
    if end is None and len(head) >= LONGEST_HEADER:
        raise BadFileError(f"{name}, line 1: is longer than {LONGEST_HEADER} bytes", expected)
    record = head[:end].removeprefix(BOM)
    if b"\0" in head:
        raise BadFileError(f"{name}: is not text: it holds zero bytes", expected)
    try:
        (names,) = csv.reader(
            [record.decode("utf-8")],
            strict=True,
            delimiter=dialect.delimiter,
            quotechar=dialect.quote,
        )
    except UnicodeDecodeError as error:
        byte = record[error.start]
        raise BadFileError(
            f"{name}, line 1: is not UTF-8: byte 0x{byte:02x}", NOT_UTF8.format(name)
        ) from None
    except (csv.Error, ValueError) as error:
        reason = str(error) if isinstance(error, csv.Error) and record.strip() else "is blank"
        raise BadFileError(f"{name}, line 1: {reason}", expected) from None
    if not any(column.strip() for column in names):
        raise BadFileError(f"{name}, line 1: is blank", expected)
    return [column.strip() for column in names]
