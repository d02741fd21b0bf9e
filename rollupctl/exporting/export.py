"""Stream the rows of a rollup or the events of a source with COPY, in bounded memory."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, BinaryIO

import psycopg
from psycopg import sql

from rollupctl.connect import Session, query, transaction
from rollupctl.errors import UsageError
from rollupctl.exporting.columnar import ARROW, PARQUET, Columnar, import_pyarrow, schema_of
from rollupctl.exporting.outfile import STDOUT, writing
from rollupctl.output import Table
from rollupctl.zones import require_time_zone

CSV, NDJSON = "csv", "ndjson"
FORMATS = (CSV, NDJSON, PARQUET, ARROW)
RESULT = ("file", "rows", "bytes", "seconds")

_ENDINGS = {".ndjson": NDJSON, ".jsonl": NDJSON, ".parquet": PARQUET, ".arrow": ARROW}
_QUERY = """
select rollup_internal.export_query(
           %s, %s::timestamptz, %s::timestamptz, %s, sketches => %s, live => %s) as query
"""
_COPY_CSV = sql.SQL("copy ({}) to stdout (format csv, header true)")
_COPY_ROWS = sql.SQL("copy ({}) to stdout (format csv)")
# JSON contains neither of these control characters, so CSV leaves it as it is. A line break may
# stand between the tokens of a value of type json. The object is put together by name, because
# Citus forgets the names of the columns of a subquery.
_COPY_NDJSON = sql.SQL(
    r"""
copy (select pg_catalog.translate(pg_catalog.array_to_string(array[{}], ''), E'\n\r', '  ')
        from ({}) q) to stdout (format csv, quote E'\x01', delimiter E'\x02')
"""
)
_JSON_VALUE = sql.SQL("{}, coalesce(pg_catalog.to_json(q.{})::text, 'null')")
# With the first, Citus applies the second on its workers, where JSON is made.
_SET_ZONE = (
    sql.SQL("select pg_catalog.set_config('citus.propagate_set_commands', 'local', true)"),
    sql.SQL("set local time zone {}"),
)
# Nothing before pg_catalog, so that operators and functions are those that are meant.
_SEARCH_PATH = {"search_path": "pg_catalog, pg_temp"}


@dataclass(frozen=True)
class Options:
    """What is exported, and how."""

    since: str | None = None
    until: str | None = None
    tenant: str | None = None
    file_format: str | None = None  # one of FORMATS; None: by the ending of the file's name
    time_zone: str = "UTC"
    sketches: bool = False
    live: bool = False
    force: bool = False


class Counted(io.RawIOBase):
    """Passes on to `stream` what is written, and counts the bytes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.written = 0

    def writable(self) -> bool:
        """Always; pyarrow asks."""
        return True

    def write(self, data: Any) -> int:
        """Pass on all of `data`."""
        size = memoryview(data).nbytes
        self._stream.write(data)
        self.written += size
        return size


def export(session: Session, name: str, file: str, options: Options) -> Table:
    """Write the rows of rollup `name`, or the events of the source `name`, to `file`.

    Returns a row for the file. Raises RollupError if the file exists or pyarrow is missing,
    UsageError for an option that does not fit, psycopg.Error like rollup.export_query.
    """
    form = options.file_format or _ENDINGS.get(PurePath(file).suffix.lower(), CSV)
    if form in (PARQUET, ARROW):
        import_pyarrow(form)
        if file == STDOUT and sys.stdout.isatty():
            raise UsageError(f"{form} is not for a terminal", "name a file")
    require_time_zone(session, options.time_zone)
    began = time.monotonic()
    with transaction(session, {**_SEARCH_PATH, "TimeZone": options.time_zone}):
        where = (options.since, options.until, options.tenant)
        (text,) = query(session, _QUERY, name, *where, options.sketches, options.live).column(
            "query"
        )
        is_plain = not options.sketches and is_rollup(session, name)
        with writing(file, force=options.force) as stream:
            counted = Counted(stream)
            rows = write_rows(session, text, counted, form, options.time_zone, is_plain=is_plain)
    table = Table(RESULT)
    table.add(file, rows, counted.written, round(time.monotonic() - began, 3))
    return table


def write_rows(
    session: Session,
    text: str,
    stream: BinaryIO | Counted,
    form: str,
    time_zone: str,
    *,
    is_plain: bool,
) -> int:
    """Stream the rows of the query `text` in the caller's transaction; return their number.

    `is_plain`: exact numbers need not stay exact in formats that have none. Raises RollupError for
    a value that the format cannot hold.
    """
    with session.cursor() as cursor:
        if form == CSV:
            for chunk in _copy(cursor, _COPY_CSV.format(sql.SQL(text))):
                stream.write(chunk)
            return cursor.rowcount
        cursor.execute(sql.SQL("select * from ({}) q limit 0").format(sql.SQL(text)))
        columns = cursor.description or ()
        if form == NDJSON:
            for chunk in _copy(cursor, _as_json(cursor, columns, text, time_zone)):
                stream.write(chunk)
            return cursor.rowcount
        schema = schema_of(columns, time_zone, numbers_as_double=is_plain)
        # The zone of a column says how its times are shown; they are stored in UTC.
        cursor.execute("set local time zone 'UTC'")
        return Columnar(stream, schema, form).write(copy_out(cursor, text))


def copy_out(cursor: psycopg.Cursor[tuple[object, ...]], text: str) -> Iterator[bytes]:
    """The rows of the query `text` as CSV without a header, each whole."""
    return _copy(cursor, _COPY_ROWS.format(sql.SQL(text)))


def _as_json(
    cursor: psycopg.Cursor[tuple[object, ...]],
    columns: Sequence[psycopg.Column],
    text: str,
    time_zone: str,
) -> sql.Composed:
    """The COPY of JSON objects, one a line; sets the time zone of the transaction."""
    for statement in _SET_ZONE:
        cursor.execute(statement.format(time_zone))
    parts = [
        _JSON_VALUE.format(
            f"{',' if at else '{'}{json.dumps(column.name, ensure_ascii=False)}:",
            sql.Identifier(column.name),
        )
        for at, column in enumerate(columns)
    ]
    values = sql.SQL(", ").join([*parts, sql.Literal("}")])
    return _COPY_NDJSON.format(values, sql.SQL(text))


def _copy(cursor: psycopg.Cursor[tuple[object, ...]], statement: sql.Composed) -> Iterator[bytes]:
    """The output of a COPY; the server sends each row in a message of its own."""
    with cursor.copy(statement) as copy:
        for chunk in copy:
            yield bytes(chunk)


def is_rollup(session: Session, name: str) -> bool:
    """Whether a name is that of a rollup."""
    return name in query(session, "select name from rollup.rollups").column("name")
