"""Parquet and Arrow files, read by pyarrow in batches and loaded as CSV."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
from collections.abc import Iterator
from typing import Any

from rollupctl.errors import BadFileError
from rollupctl.exporting.columnar import import_pyarrow
from rollupctl.loading.content import NOTHING_LOADED, Content

_BATCH = 1 << 14  # rows
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
        self._sha = hashlib.sha256()
        self._copy = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by close()
        self._take(head)
        while chunk := content.read(1 << 20):
            self._take(chunk)
        self.rewind()

    def _take(self, chunk: bytes) -> None:
        self._sha.update(chunk)
        self._copy.write(chunk)

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
        return self._sha.digest()

    def known_digest(self) -> bytes:
        """The same."""
        return self._sha.digest()

    def rewind(self) -> None:
        """Go back to the first row."""
        self._copy.seek(0)
        self._texts = self._read_texts()

    def close(self) -> None:
        """Close the file and its copy."""
        self._copy.close()
        self._content.close()

    def read(self, size: int) -> bytes:
        """The next rows as CSV, of whatever `size`; none at the end. Raises BadFileError for
        damaged content.
        """
        return next(self._texts, b"")

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
            file = pa.parquet.ParquetFile(self._copy, pre_buffer=False)
            schema = file.schema_arrow
            batches = file.iter_batches(_BATCH, use_threads=False)
        else:
            magic = self._copy.read(6)
            self._copy.seek(0)
            open_arrow = pa.ipc.open_file if magic == b"ARROW1" else pa.ipc.open_stream
            reader = open_arrow(self._copy)
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
        """A column in a type that CSV can have."""
        pa, kind = self._pa, column.type
        types = pa.types
        if types.is_dictionary(kind):
            return self._plain(column.cast(kind.value_type))
        if types.is_nested(kind):
            values = [None if v is None else json.dumps(v, default=str) for v in column.to_pylist()]
            return pa.chunked_array([pa.array(values, pa.string())])
        if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
            values = [None if v is None else "\\x" + v.hex() for v in column.to_pylist()]
            return pa.chunked_array([pa.array(values, pa.string())])
        if types.is_timestamp(kind) and kind.unit == "ns":
            return column.cast(pa.timestamp("us", kind.tz), safe=False)
        return column
