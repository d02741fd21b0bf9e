"""JSON lines of the usual kind, as CSV: they go straight to the table.

A library parses many lines at a time. They become CSV where the server would make the same row of
each document. Blocks of lines with anything out of the ordinary are left to the server, so that
what is bad, and why, is decided in one place. The rows keep the order of the lines.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any

import msgspec
from psycopg import sql

from rollupctl.loading.copycommand import listed
from rollupctl.loading.dialect import Dialect
from rollupctl.loading.fields import Fields
from rollupctl.loading.plainvalues import UnusualError, count, kind_of, no_value
from rollupctl.loading.target import Column, Target
from rollupctl.loading.timerange import TimeRange
from rollupctl.loading.timevalue import ANY, EPOCHS

BLOCK = 1 << 18  # bytes that are parsed at a time
_LONGEST_NUMBER = 300  # characters, in fields that are left out: jsonb takes all of these

_ESCAPE = re.compile(rb"\\(?:u00..|.)", re.DOTALL)
_MEANT = {rb"\n": b"\n", rb"\r": b"\r", rb"\t": b"\t", rb"\b": b"\b", rb"\f": b"\f"}
# What the library raises where it finds something else than it is told to expect.
_UNUSUAL = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError, UnusualError)


class PlainLines:
    """The fields of documents for the columns of a table."""

    def __init__(
        self, target: Target, fields: Fields, dialect: Dialect, time_format: str, limits: TimeRange
    ) -> None:
        self.table = sql.Identifier(target.schema, target.name)
        self.columns = [c for c in fields.columns if c.name not in dialect.constants]
        self.field_of = fields.field_of
        self.takes_unknown = fields.takes_unknown
        self.constants = dialect.constants
        self.limits = None if time_format == ANY else limits
        self._writer = _Writer(self, [])

    @staticmethod
    def suits(target: Target, fields: Fields, dialect: Dialect, time_format: str) -> bool:
        """Whether documents can be loaded in this way, with these options."""
        names = [fields.field_of[c.name] for c in fields.columns]
        return (
            target.takes_copy
            and len(set(names)) == len(names)
            and not any(set(name) & set('."\\') for name in names)  # a dot leads into an object
            and time_format not in EPOCHS
            and dialect.null is None
            and not (dialect.sites or dialect.rest or dialect.event_key or dialect.corrects)
        )

    def read(self, chunks: Iterable[bytes]) -> Iterator[tuple[sql.Composed | None, bytes]]:
        """Whole lines in their order: the COPY that they are for, and their text; no COPY for those
        that the server must judge.
        """
        for block in _blocks(chunks):
            text = self._writer.csv(block)
            if text is None and (sent := self._sent(block)) != self._writer.sent:
                other = _Writer(self, sent)
                if (text := other.csv(block)) is not None:
                    self._writer = other
            yield (None, block) if text is None else (self._writer.command, text)

    def _sent(self, block: bytes) -> list[Column]:
        """The columns that the lines of a block fill, as far as it shows at once."""
        try:
            first = msgspec.json.decode(block.partition(b"\n")[0])
        except _UNUSUAL:
            first = None
        names = first if isinstance(first, dict) else {}
        return [
            c
            for c in self.columns
            if (field := self.field_of[c.name]) in names
            # A column gets its default in rows that lack its field; COPY does so for all or none.
            or (c.default_text is None and (c in self._writer.sent or count(field, block)))
        ]


class _Writer:
    """Makes CSV of documents that fill the columns `sent`, all of those that have a default."""

    def __init__(self, lines: PlainLines, sent: list[Column]) -> None:
        self.sent = sent
        self.command = sql.SQL(
            "copy {} ({}) from stdin (format csv, null 'null', escape '\\')"
        ).format(lines.table, listed([*(c.name for c in sent), *lines.constants]))
        fields: list[tuple[str, Any, Any]] = []
        self._columns = []
        for at, column in enumerate(lines.columns):
            attribute, field = f"f{at}", lines.field_of[column.name]
            kind = kind_of(column, lines.limits) if column in sent else no_value(column)
            default = msgspec.NODEFAULT if column in sent and column.default_text else None
            fields.append((attribute, kind.type, msgspec.field(name=field, default=default)))
            if column in sent:
                self._columns.append((field, attrgetter(attribute), kind.read))
        document = msgspec.defstruct(
            "Document",
            fields,
            forbid_unknown_fields=not lines.takes_unknown,
            kw_only=True,
            gc=False,
        )
        self._constants = list(lines.constants.values())
        self._takes_unknown = lines.takes_unknown
        self._decode = msgspec.json.Decoder(document).decode_lines
        self._decode_all = msgspec.json.Decoder(float_hook=_require_short).decode_lines
        self._encode = msgspec.json.Encoder().encode_lines

    def csv(self, block: bytes) -> bytes | None:
        """The lines of a block as CSV; None if anything in them is unusual."""
        # So many lines, and each is a document: between documents, only a break can stand so.
        number = block.count(b"}\n{") + 1
        if b"\r" in block:  # to look for one character is ten times as fast
            number += block.count(b"}\r\n{")
        if number != block.count(b"\n") or not (self._columns or self._constants):
            return None
        if b"\\" in block and rb"\u0000" in block:
            return None
        try:
            documents = self._decode(block)
            if len(documents) != number:
                return None
            if self._takes_unknown:
                self._decode_all(block)  # what is left out must be JSON, too
            columns: list[Iterable[Any]] = [
                read(block, field, map(get, documents)) for field, get, read in self._columns
            ]
            columns += [itertools.repeat(value, number) for value in self._constants]
            # A list: of what iterates, the library keeps all in memory.
            rows = self._encode(list(zip(*columns, strict=False)))
        except _UNUSUAL:
            return None
        return _as_csv(rows)


def _require_short(number: str) -> float:
    mantissa, _, exponent = number.lower().partition("e")
    if len(mantissa) > _LONGEST_NUMBER or len(exponent) > 4:
        raise UnusualError
    return 0.0


def _as_csv(rows: bytes) -> bytes:
    """Lines of JSON arrays as CSV, in which a backslash stands before quotes and backslashes."""
    text = rows[1:-2].replace(b"]\n[", b"\n") + b"\n"
    if b"\\" in text and b"\\" in text.replace(rb"\\", b"").replace(rb"\"", b""):
        text = _ESCAPE.sub(_meant, text)
    return text


def _meant(escape: re.Match[bytes]) -> bytes:
    text = escape[0]
    return bytes([int(text[4:], 16)]) if text[1:2] == b"u" else _MEANT.get(text, text)


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines, many at a time, each with its end."""
    begun: list[bytes] = []
    size = 0
    for chunk in chunks:
        at = 0
        while end := chunk.find(b"\n", at + max(0, BLOCK - size - 1)) + 1:
            yield b"".join([*begun, chunk[at:end]])
            begun, size, at = [], 0, end
        begun.append(chunk[at:])
        size += len(chunk) - at
    if rest := b"".join(begun):
        yield rest if rest.endswith(b"\n") else rest + b"\n"
