"""A CSV file, or standard input, with its header read and checked before any of it is loaded."""

from __future__ import annotations

import csv
import hashlib
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rollupctl.errors import BadFileError, BadRowError
from rollupctl.loading.advice import NOT_UTF8
from rollupctl.loading.content import STDIN, Content
from rollupctl.loading.dialect import CSV, Dialect
from rollupctl.loading.source import Source

CHUNK = 1 << 16  # bytes read, hashed and sent at a time
LONGEST_HEADER = 1 << 20  # bytes
BOM = b"\xef\xbb\xbf"

_EXCEL = "save it as CSV UTF-8 there"
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "is a zip archive", "unpack it on the way: `unzip -p {} | rollupctl load -`"),
    (b"\xd0\xcf\x11\xe0", "is a workbook of Excel", _EXCEL),
    (b"\xff\xfe\0\0", "is UTF-32", "say --encoding utf-32"),
    (b"\xff\xfe", "is UTF-16", "say --encoding utf-16"),
    (b"\xfe\xff", "is UTF-16", "say --encoding utf-16"),
    (b"\x1f\x8b", "is compressed twice", "unpack it on the way: `zcat {} | rollupctl load -`"),
)
DELIMITERS = ((",", "','"), (";", "';'"), ("\t", "tab"), ("|", "'|'"))  # and how to say them

_END_MARK = re.compile(rb"[\r\n]\\\.[\r\n]")


@dataclass
class CsvFile:
    """An open CSV file: its name (printable), its header, and the bytes read to find the header."""

    name: str
    content: Content
    header: list[str]
    head: bytes
    dialect: Dialect = CSV
    source: Source | None = None  # of the fields of what is not CSV

    def __post_init__(self) -> None:
        """Remember what tells whether the file changes."""
        self.state = self.content.state()
        self.tolerates_end_marks = False  # as rows that are looked at one by one
        self.has_end_mark = False

    @property
    def size(self) -> int | None:
        """Length in bytes, or None where it is unknown until the end: compressed, or a pipe."""
        return self.content.size

    def chunks(self) -> Iterator[bytes]:
        """The whole content, first byte to last. A pipe can be read once."""
        yield self.head
        while chunk := self.content.read(CHUNK):
            yield chunk

    def again(self) -> Iterator[bytes]:
        """The content again, in chunks; nothing for a pipe."""
        if self.content.is_regular:
            self.content.rewind()
            while chunk := self.content.read(CHUNK):
                yield chunk

    def rows(self) -> Iterator[bytes]:
        r"""In chunks; raises BadRowError at a line \., or remembers it where that is tolerated.

        PostgreSQL up to 17 would silently treat it as the end of the data; 18 treats it as a row.
        """
        tail = b""
        for chunk in self.chunks():
            window = tail + chunk
            if b"\\." in window and _END_MARK.search(window):  # `in` is ten times as fast
                self.has_end_mark = True
                if not self.tolerates_end_marks:
                    break
            yield chunk
            tail = window[-4:]
        else:
            self.has_end_mark |= tail.endswith((b"\n\\.", b"\r\\."))
            if self.tolerates_end_marks or not self.has_end_mark:
                return
        raise BadRowError(
            f"{self.name}: a line holds nothing but \\.",
            "to PostgreSQL that ends the data: remove the line, or quote the value",
        )

    @property
    def line_end(self) -> bytes:
        """The line end of the first record."""
        at = _end_of_record(self.head, self.dialect.quote)
        if at is None:
            return b"\n"
        return b"\r\n" if self.head[at : at + 2] == b"\r\n" else self.head[at : at + 1]

    @property
    def header_size(self) -> int:
        """The number of bytes before the first row."""
        if self.dialect.columns:
            return len(BOM) if self.head.startswith(BOM) else 0
        end = _end_of_record(self.head, self.dialect.quote)
        return len(self.head) if end is None else end + len(self.line_end)

    def sha256(self) -> bytes:
        """The digest of a regular file's whole content; leaves the file as it found it."""
        if known := self.content.known_digest():
            return known
        self.content.rewind()
        sha = hashlib.sha256()
        while chunk := self.content.read(CHUNK):
            sha.update(chunk)
        digest = self.content.raw_digest() or sha.digest()
        self.content.rewind()
        self.head = read_head(self.content, self.dialect.quote)
        return digest

    def close(self) -> None:
        """Close the file; standard input stays open."""
        self.content.close()


def open_csv(content: Content, head: bytes, dialect: Dialect = CSV) -> CsvFile:
    """The file of `content`, whose first record `head` contains.

    Raises BadFileError if that is not a line of column names in UTF-8.
    """
    header = _parse_header(head, content.name, dialect)
    return CsvFile(content.name, content, header, head, dialect)


def opening_quote_line(chunks: Iterable[bytes], quote: str) -> int | None:
    """The line, from 1, of an opening quote that is never closed; None if all are closed.

    Reads the whole file again, so this is for the error path only. In CSV a quote inside a quoted
    field is doubled, so an odd number of quotes on a line opens or closes a field.
    """
    opened: int | None = None
    number, quotes = 1, 0  # of the line that has begun
    for chunk in chunks:
        for at, text in enumerate(chunk.split(b"\n")):
            if at:
                if quotes % 2:
                    opened = number if opened is None else None
                number, quotes = number + 1, 0
            quotes += text.count(quote.encode())
    if quotes % 2:
        opened = number if opened is None else None
    return opened


def read_head(content: Content, quote: str = CSV.quote) -> bytes:
    """Bytes from the start of `content`, at least up to the end of its first record."""
    head = b""
    while len(head) < LONGEST_HEADER:
        more = content.read(CHUNK)
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
    if head.startswith(b"PK") and b"[Content_Types].xml" in head:
        raise BadFileError(f"{name}: is a workbook of Excel", _EXCEL)
    for magic, what, hint in _MAGIC:
        if head.startswith(magic):
            raise BadFileError(f"{name}: {what}", hint.format("FILE" if name == STDIN else name))
    end = _end_of_record(head, dialect.quote)
    if end is None and len(head) >= LONGEST_HEADER:
        raise BadFileError(f"{name}, line 1: is longer than {LONGEST_HEADER} bytes", expected)
    record = head[:end].removeprefix(BOM)
    if b"\0" in record:
        raise BadFileError(
            f"{name}: is not text: it holds zero bytes",
            "CSV, JSON lines, logs, Parquet and Arrow can be loaded; for UTF-16 without a mark at "
            "the beginning, say --encoding utf-16-le",
        )
    if found := re.fullmatch(rb'"?sep=(.)"?\1*\r?', record, re.IGNORECASE):
        raise BadFileError(
            f"{name}, line 1: is for Excel only, not the names of the columns",
            f"load the file without it: `tail -n +2 FILE | rollupctl load - --delimiter "
            f"{shlex.quote(found[1].decode(errors='replace'))}`",
        )
    if dialect.columns:
        return _named(dialect.columns, name, dialect)
    try:
        (names,) = csv.reader(
            [record.decode("utf-8")],
            strict=True,
            delimiter=dialect.delimiter,
            quotechar=dialect.quote,
        )
    except UnicodeDecodeError as error:
        byte = record[error.start]
        raise BadFileError(f"{name}, line 1: is not UTF-8: byte 0x{byte:02x}", NOT_UTF8) from None
    except (csv.Error, ValueError) as error:
        reason = str(error) if isinstance(error, csv.Error) and record.strip() else "is blank"
        hint = _other_delimiter(record.decode(), dialect) or expected
        raise BadFileError(f"{name}, line 1: {reason}", hint) from None
    if not any(column.strip() for column in names):
        raise BadFileError(f"{name}, line 1: is blank", expected)
    return _named([column.strip() for column in names], name, dialect)


def _other_delimiter(record: str, dialect: Dialect) -> str | None:
    """The hint if another delimiter stands between fields in quotes."""
    for mark, spelled in DELIMITERS:
        if mark != dialect.delimiter and f"{dialect.quote}{mark}{dialect.quote}" in record:
            return f"perhaps --delimiter {spelled} is meant"
    return None


def _named(header: Sequence[str], name: str, dialect: Dialect) -> list[str]:
    """The names of the fields with those that are mapped replaced by their columns."""
    for wanted in dialect.fields:
        if wanted not in header:
            raise BadFileError(
                f"{name}: there is no field {wanted!r} to map",
                f"the fields are {', '.join(header)}",
            )
    return [dialect.fields.get(field, field) for field in header]
