"""The parts of a content: each ends at the end of a record, and is one transaction."""

from __future__ import annotations

import hashlib
import itertools
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from rollupctl.loading.content import Content
from rollupctl.loading.csvfile import BOM, CHUNK, CsvFile
from rollupctl.loading.dialect import Dialect
from rollupctl.loading.records import Spool

PART = 64 << 20  # bytes: commits cost nothing, and an interruption costs little
_IN_MEMORY = 32 << 20  # bytes that are kept in memory while it is unknown whether they are loaded


@dataclass(frozen=True)
class Known:
    """A part in the ledger: the digest and the size of its content from the beginning."""

    load_id: int
    sha256: bytes
    bytes: int


class Parts:
    """Reads a file part by part, forwards only.

    Two readers of one content cut it at the same places, however it reaches them.
    """

    def __init__(self, file: CsvFile, size: int = PART) -> None:
        """A part ends with the first record at or beyond `size` bytes."""
        self.file = file
        self.position = 0  # bytes of text that were handed out or passed over
        self.lines = 0  # lines before the position
        self._size = size
        self._source = file.rows()
        self._pending = b""
        self._sha = hashlib.sha256()
        self.keeps = False  # the text of a part, so that it can be read once more
        self._kept: list[bytes] = []
        self._before = (0, 0, self._sha)
        self._line_end = file.line_end
        self._mark = re.compile(
            re.escape(file.dialect.quote.encode()) + b"|" + re.escape(self._line_end)
        )

    def digest(self) -> bytes:
        """SHA-256 of the text up to the position."""
        return self._sha.digest()

    def file_digest(self) -> bytes:
        """SHA-256 of the file as it is, at its end."""
        return self.file.content.raw_digest() or self._sha.digest()

    def is_at_end(self) -> bool:
        """Whether nothing follows the position. Waits for a pipe."""
        if not self._pending:
            self._pending = next(self._source, b"")
        return not self._pending

    def next(self) -> Part:
        """The part that begins at the position; nothing is read yet."""
        dialect = self.file.dialect
        if self.position:
            dialect = replace(dialect, columns=tuple(self.file.header), fields={})
        return Part(self, dialect, self.position, self.lines)

    def read_part(self) -> Iterator[bytes]:
        """Chunks up to the end of the part that begins at the position."""
        end = self.position + self._size
        inside = False
        self._before = (self.position, self.lines, self._sha.copy())
        self._kept.clear()
        while not self.is_at_end():
            chunk, self._pending = self._pending, b""
            if chunk.endswith(b"\r") and self._line_end == b"\r\n":
                chunk += next(self._source, b"")
            cut = None
            if self.position + len(chunk) >= end:
                cut = self.end_of_record(chunk, max(0, end - self.position), inside)
            if cut is not None:
                chunk, self._pending = chunk[:cut], chunk[cut:]
            inside ^= chunk.count(self.file.dialect.quote.encode()) % 2 == 1
            self._pass(chunk)
            if self.keeps:
                self._kept.append(chunk)
            yield chunk
            if cut is not None:
                return

    def go_back(self) -> None:
        """Back to the beginning of the part that was read last; only if `keeps` is set."""
        self.position, self.lines, self._sha = self._before
        self._source = itertools.chain(self._kept, [self._pending], self._source)
        self._pending, self._kept = b"", []

    def pass_known(self, known: Iterable[Known]) -> Known | None:
        """Pass over all parts at the position that are in the ledger; the last of them, or None.

        What was read in vain is read again.
        """
        ahead: dict[int, list[Known]] = {}
        size = None if self.file.content.is_recoded else self.file.size
        for each in sorted(known, key=lambda part: part.bytes):
            if self.position < each.bytes <= (size or each.bytes):
                ahead.setdefault(each.load_id, []).append(each)
        found: Known | None = None
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
            before = (self.position, self.lines, self._sha.copy())
            while ahead:
                end = min(parts[0].bytes for parts in ahead.values())
                while self.position < end and not self.is_at_end():
                    chunk = self._pending[: end - self.position]
                    self._pending = self._pending[len(chunk) :]
                    self._pass(chunk)
                    spool.write(chunk)
                for load_id, parts in list(ahead.items()):
                    if parts[0].bytes == end:
                        part = parts.pop(0)
                        if self.position == end and part.sha256 == self._sha.digest():
                            found = part
                        else:
                            parts.clear()
                    if not parts:
                        del ahead[load_id]
                if found and found.bytes == self.position:
                    before = (self.position, self.lines, self._sha.copy())
                    spool.seek(0)
                    spool.truncate()
                if self.is_at_end():
                    break
            if spool.tell():
                self.position, self.lines, self._sha = before
                self._push_back(spool)
        return found

    def _push_back(self, spool: tempfile.SpooledTemporaryFile[bytes]) -> None:
        rest, self._pending = self._pending, b""
        source = self._source
        kept: tempfile.SpooledTemporaryFile[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 -- closed when it is read
        spool.seek(0)
        while chunk := spool.read(CHUNK):
            kept.write(chunk)
        kept.seek(0)

        def again() -> Iterator[bytes]:
            with kept:
                while chunk := kept.read(CHUNK):
                    yield chunk
            if rest:
                yield rest
            yield from source

        self._source = again()

    def _pass(self, chunk: bytes) -> None:
        self.position += len(chunk)
        self.lines += chunk.count(self._line_end[-1:])
        self._sha.update(chunk)

    def end_of_record(self, chunk: bytes, at: int, inside: bool) -> int | None:
        """The first end of a record in `chunk` at or beyond `at`; None if there is none."""
        start = max(0, at - len(self._line_end))
        inside ^= chunk.count(self.file.dialect.quote.encode(), 0, start) % 2 == 1
        for mark in self._mark.finditer(chunk, start):
            if mark[0] != self._line_end:
                inside = not inside
            elif not inside and mark.end() >= at:
                return mark.end()
        return None


@dataclass
class Part:
    """One part of a file. For messages it is the file, except that its lines are counted from
    `lines_before` and that it has a header only at the beginning of the file.
    """

    parts: Parts
    dialect: Dialect
    start: int
    lines_before: int
    # The server does not count line breaks in quotes before it has seen the first end of a record,
    # which usually is that of the header.
    uncounted: int = 0
    bom: int = 0  # bytes that were left out at its beginning
    spool: Spool | None = None  # where its text is kept, if it may have to be read again

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.parts.file.name

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        return self.parts.file.header

    @property
    def content(self) -> Content:
        """The content of the file."""
        return self.parts.file.content

    @property
    def line_end(self) -> bytes:
        """The line end of the file."""
        return self.parts.file.line_end

    def rows(self) -> Iterator[bytes]:
        """Its text, once."""
        counts = bool(self.dialect.columns) and self.line_end == b"\n"
        inside = False
        text = self._without_bom(self.parts.read_part())
        for chunk in text if self.spool is None else self.spool.through(text):
            if counts:
                end = self.parts.end_of_record(chunk, 0, inside)
                self.uncounted += chunk.count(b"\n", 0, end) - (end is not None)
                inside ^= chunk.count(self.dialect.quote.encode()) % 2 == 1
                counts = end is None
            yield chunk

    def again(self) -> Iterator[bytes]:
        """Its text: all of it if it was kept, otherwise up to where it was read, and nothing for a
        pipe.
        """
        if self.spool:
            return self.spool.chunks()
        return self._without_bom(self._read_again())

    def _without_bom(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Without a header, a BOM would belong to the first value."""
        first = next(chunks, b"")
        if self.dialect.columns and not self.start and first.startswith(BOM):
            first, self.bom = first.removeprefix(BOM), len(BOM)
        yield first
        yield from chunks

    def _read_again(self) -> Iterator[bytes]:
        at, end = 0, self.parts.position
        for chunk in self.parts.file.again():
            yield chunk[max(0, self.start - at) : max(0, end - at)]
            at += len(chunk)
            if at >= end:
                return

    def file_again(self) -> Iterator[bytes]:
        """The whole file, and nothing for a pipe."""
        return self.parts.file.again()
