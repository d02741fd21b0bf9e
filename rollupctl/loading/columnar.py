"""Parquet and Arrow files, read by pyarrow in batches and loaded as CSV."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from rollupctl.errors import BadFileError
from rollupctl.exporting.columnar import import_pyarrow
from rollupctl.loading.ahead import Ahead
from rollupctl.loading.content import NOTHING_LOADED, STDIN, Content

_BATCH = 1 << 12  # rows
_AHEAD = 4  # batches that are converted before they are sent
_SIGNS = ((b"PAR1", "parquet"), (b"ARROW1", "arrow"), (b"\xff\xff\xff\xff", "arrow"))


def columnar_form(head: bytes) -> str | None:
    """The format of a content that begins with `head`: parquet, arrow, or None."""
    return next((form for sign, form in _SIGNS if head.startswith(sign)), None)


class ColumnarContent(Content):
    """The rows of a Parquet or Arrow file as CSV with a header, forwards only.

    The text is that of the values in the columns' types. It is identified by the digest of the file
    itself. What cannot be read again, a pipe or a compressed file, is first copied to a temporary
    one, because these formats have their directory at the end.
    """

    def __init__(self, content: Content, head: bytes, form: str) -> None:
        """Reads from `content`, of which `head` has been read. Raises BadFileError."""
        self._pa = import_pyarrow(f"{content.name}: a file of this format")
        self.name = content.name
        self.is_compressed = True  # the length of the text is unknown until the end
        self._content = content
        self._form = form
        self._digest: bytes | None = None
        self._texts: Ahead | None = None
        can_seek = content.is_regular and not content.is_compressed and content.name != STDIN
        self._source = content.file if can_seek else _copied(content, head)
        self.rewind()

    @property
    def is_regular(self) -> bool:
        """Whether the file, not only its copy, can be read again."""
        return self._content.is_regular

    @property
    def is_recoded(self) -> bool:
        """The text is another one than that of the file."""
        return True

    def state(self) -> tuple[int, ...]:
        """As Content.state."""
        return self._content.state()

    def raw_digest(self) -> bytes:
        """SHA-256 of the file."""
        if self._digest is None:
            sha, at = hashlib.sha256(), 0
            # Not read(), which would move what the rows are read from.
            while chunk := os.pread(self._source.fileno(), 1 << 20, at):
                sha.update(chunk)
                at += len(chunk)
            self._digest = sha.digest()
        return self._digest

    def known_digest(self) -> bytes:
        """The same."""
        return self.raw_digest()

    def rewind(self) -> None:
        """Go back to the first row."""
        self._end_reading()
        self._source.seek(0)
        self._texts = Ahead(self._read_texts(), _AHEAD)

    def _end_reading(self) -> None:
        if self._texts is not None:
            self._texts.close()

    def close(self) -> None:
        """Close the file and its copy."""
        self._end_reading()
        if self._source is not self._content.file:
            self._source.close()
        self._content.close()

    def read(self, size: int) -> bytes:
        """The next rows as CSV, of whatever `size`; none at the end. Raises BadFileError for
        damaged content.
        """
        assert self._texts
        return self._texts.read()

    def _read_texts(self) -> Iterator[bytes]:
        pa = self._pa
        try:
            is_first = True
            for batch in self._batches():
                yield self._csv(batch, header=is_first)
                is_first = False
        except (pa.ArrowException, OSError, ValueError) as error:
            raise BadFileError(
                f"{self.name}: is damaged, or no file of this format",
                f"{NOTHING_LOADED}: get the file again",
                detail=str(error).split("\n")[0],
            ) from None

    def _batches(self) -> Iterator[Any]:
        """The batches, at least one of them, if only to have the names of the columns."""
        pa = self._pa
        if self._form == "parquet":
            file = pa.parquet.ParquetFile(
                self._source, pre_buffer=False, page_checksum_verification=True
            )
            schema = file.schema_arrow
            batches = file.iter_batches(_BATCH, use_threads=False)
        else:
            magic = self._source.read(6)
            self._source.seek(0)
            open_arrow = pa.ipc.open_file if magic == b"ARROW1" else pa.ipc.open_stream
            reader = open_arrow(self._source)
            schema = reader.schema
            batches = (
                (reader.get_batch(at) for at in range(reader.num_record_batches))
                if magic == b"ARROW1"
                else iter(reader)
            )
        yield pa.RecordBatch.from_pylist([], schema)
        yield from batches

    def _csv(self, batch: Any, *, header: bool) -> bytes:
        pa = self._pa
        table = pa.Table.from_batches([batch])
        while any(pa.types.is_struct(field.type) for field in table.schema):
            table = table.flatten()
        columns = [self._plain(column) for column in table.columns]
        table = pa.Table.from_arrays(columns, names=table.schema.names)
        sink = io.BytesIO()
        options = pa.csv.WriteOptions(include_header=header, quoting_style="needed")
        pa.csv.write_csv(table, sink, options)
        return sink.getvalue()

    def _plain(self, column: Any) -> Any:
        """A column in a type that CSV can have, and with values that PostgreSQL reads as meant."""
        pa, kind = self._pa, column.type
        types = pa.types
        is_uuid = str(kind) == "extension<arrow.uuid>"
        if types.is_dictionary(kind):
            return self._plain(column.cast(kind.value_type))
        if types.is_run_end_encoded(kind):
            import pyarrow.compute

            return self._plain(pyarrow.compute.run_end_decode(column))
        if isinstance(kind, pa.BaseExtensionType) and not is_uuid:
            storage = [chunk.storage for chunk in column.chunks]
            return self._plain(pa.chunked_array(storage, kind.storage_type))
        if types.is_string_view(kind):
            return column.cast(pa.large_string())
        coarse = _in_microseconds(pa, kind)
        if coarse != kind:
            return self._plain(column.cast(coarse, safe=False))
        if types.is_nested(kind):
            text: Callable[[Any], str] = _json
        elif types.is_duration(kind):
            column, text = column.cast(pa.duration("us")).cast(pa.int64()), _interval
        elif (
            any(
                is_it(kind)
                for is_it in (
                    types.is_binary,
                    types.is_large_binary,
                    types.is_fixed_size_binary,
                    types.is_binary_view,
                    types.is_interval,
                )
            )
            or is_uuid
        ):
            text = _text
        else:
            return column
        values = [None if value is None else text(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(values, pa.string())])


def _in_microseconds(pa: Any, kind: Any) -> Any:
    """A type with microseconds, which PostgreSQL and Python have, in place of nanoseconds."""
    types = pa.types
    if types.is_timestamp(kind) and kind.unit == "ns":
        return pa.timestamp("us", kind.tz)
    if types.is_duration(kind) and kind.unit == "ns":
        return pa.duration("us")
    if types.is_time64(kind):
        return pa.time64("us")
    if types.is_struct(kind):
        return pa.struct([field.with_type(_in_microseconds(pa, field.type)) for field in kind])
    if types.is_map(kind):
        held = kind.key_type, kind.item_type
        coarse = [_in_microseconds(pa, each) for each in held]
        return kind if coarse == [*held] else pa.map_(*coarse)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        item = kind.value_field.with_type(_in_microseconds(pa, kind.value_type))
        if types.is_fixed_size_list(kind):
            return pa.list_(item, kind.list_size)
        return pa.large_list(item) if types.is_large_list(kind) else pa.list_(item)
    return kind


def _json(value: Any) -> str:
    return json.dumps(value, default=_text)


def _interval(microseconds: int) -> str:
    return f"{microseconds} microseconds"


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if hasattr(value, "nanoseconds"):  # months, days and these
        return f"{value.months} months {value.days} days {value.nanoseconds // 1000} microseconds"
    return str(value)


def _copied(content: Content, head: bytes) -> BinaryIO:
    copy: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by close()
    copy.write(head)
    while chunk := content.read(1 << 20):
        copy.write(chunk)
    copy.flush()
    return copy
