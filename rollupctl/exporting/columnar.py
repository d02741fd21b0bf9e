"""Parquet and Arrow files from the CSV of a COPY, in batches of bounded size, by pyarrow."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

import psycopg

from rollupctl.errors import RollupError

PARQUET, ARROW = "parquet", "arrow"
INSTALL = "install pyarrow: pip install 'rollupctl[parquet]'"

_BLOCK = 2 << 20  # bytes of CSV that become one batch
_ROW_GROUP = 4  # batches


def import_pyarrow(purpose: str) -> Any:
    """The module pyarrow; raises RollupError, with how to install it, for `purpose`."""
    try:
        with _without_numpy():
            import pyarrow as pa
            import pyarrow.csv
            import pyarrow.parquet
    except ImportError:
        raise RollupError(f"{purpose} needs pyarrow, which is not installed", INSTALL) from None
    return pa


@contextmanager
def _without_numpy() -> Iterator[None]:
    """Import pyarrow, for which numpy is optional, without it: nothing here needs it, and it takes
    longer than all the rest.
    """
    if "numpy" in sys.modules:
        yield
        return
    sys.modules["numpy"] = None  # type: ignore[assignment] # which is how Python is told so
    try:
        yield
    finally:
        sys.modules.pop("numpy", None)


def schema_of(
    columns: Sequence[psycopg.Column], time_zone: str, *, numbers_as_double: bool = False
) -> Any:
    """The Arrow schema of a query's columns.

    Exact numbers without a declared precision are text, because Arrow has no type for them, or
    with `numbers_as_double` doubles. Types without a counterpart are their text, which PostgreSQL
    reads back: sketches, bytea, intervals, arrays, JSON.
    """
    pa = import_pyarrow("this format")
    simple = {
        "bool": pa.bool_(),
        "int2": pa.int16(),
        "int4": pa.int32(),
        "int8": pa.int64(),
        "oid": pa.int64(),
        "float4": pa.float32(),
        "float8": pa.float64(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
        "timestamptz": pa.timestamp("us", tz=time_zone),
    }

    def type_of(column: psycopg.Column) -> Any:
        info = psycopg.adapters.types.get(column.type_code)
        # A number of an array's oid would be the type of its elements.
        name = info.name if info and info.oid == column.type_code else ""
        if name == "numeric":
            digits, scale = column.precision, column.scale
            if digits is None or scale is None:
                return pa.float64() if numbers_as_double else pa.string()
            if 0 <= scale <= digits <= 76:
                return (
                    pa.decimal128(digits, scale) if digits <= 38 else pa.decimal256(digits, scale)
                )
        return simple.get(name, pa.string())

    return pa.schema([pa.field(column.name, type_of(column)) for column in columns])


class Columnar:
    """A Parquet or Arrow file that is written from CSV without a header, in whole rows.

    NULL is an empty field without quotes.
    """

    def __init__(self, sink: io.RawIOBase | BinaryIO, schema: Any, form: str) -> None:
        self._pa = pa = import_pyarrow(form)
        self._schema = schema
        self._form = form
        self._options = {
            "parse_options": pa.csv.ParseOptions(newlines_in_values=True),
            "convert_options": pa.csv.ConvertOptions(
                column_types=schema,
                null_values=[""],
                true_values=["t"],
                false_values=["f"],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        }
        if form == PARQUET:
            self._writer = pa.parquet.ParquetWriter(sink, schema, compression="zstd")
        else:
            self._writer = pa.ipc.new_file(sink, schema)
        self._batches: list[Any] = []

    def write(self, chunks: Iterable[bytes]) -> int:
        """Write the rows, each chunk of which holds whole ones; return their number."""
        rows = 0
        block, size = [], 0
        for chunk in chunks:
            block.append(chunk)
            size += len(chunk)
            if size >= _BLOCK:
                rows += self._add(b"".join(block), size)
                block, size = [], 0
        if block:
            rows += self._add(b"".join(block), size)
        self._write_out()
        self._writer.close()
        return rows

    def _add(self, block: bytes, size: int) -> int:
        pa = self._pa
        read = pa.csv.ReadOptions(
            column_names=self._schema.names, use_threads=False, block_size=size + 1
        )
        try:
            table = pa.csv.read_csv(io.BytesIO(block), read_options=read, **self._options)
        except pa.ArrowInvalid as error:
            raise RollupError(
                f"a value has no form in {self._form}: {error}",
                "export as csv or ndjson, which have the values of all types",
            ) from None
        self._batches.append(table)
        if len(self._batches) >= _ROW_GROUP:
            self._write_out()
        return int(table.num_rows)

    def _write_out(self) -> None:
        """Batches together become one row group; in Arrow, each stays a record batch."""
        if self._batches:
            table = self._pa.concat_tables(self._batches)
            self._batches = []
            self._writer.write_table(table, table.num_rows)
