"""The events in an archive, and how they are compared with those of a table."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from psycopg import sql

from rollupctl.connect import Session, query
from rollupctl.errors import BadFileError
from rollupctl.exporting.columnar import import_pyarrow

MARK = b"rollup"  # key of the metadata in which an archive says what it holds

STAGED = "pg_temp.rollup_archive"
_BATCH = 10_000  # rows
# Workers of Citus make text of values in the settings of their own sessions.
_SETTINGS = {
    "citus.propagate_set_commands": "local",
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}


@dataclass(frozen=True)
class Facts:
    """What tells whether two sets of events are the same."""

    rows: int
    ids: Decimal
    checksum: Decimal


def rows_of(path: Path) -> Iterator[bytes]:
    """The events of an archive as CSV without a header; raises BadFileError if it is damaged."""
    pa = import_pyarrow("an archive")
    options = pa.csv.WriteOptions(include_header=False)
    try:
        with pa.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH):
                text = io.BytesIO()
                pa.csv.write_csv(batch, text, options)
                yield text.getvalue()
    except pa.ArrowException as error:
        raise BadFileError(f"{path}: is damaged, or not Parquet", detail=str(error)) from None


def stage(session: Session, source: str, columns: str, rows: Iterator[bytes]) -> str:
    """Copy `rows` into a temporary table with the columns of `source`; return its name."""
    session.execute(
        sql.SQL(
            "create temp table rollup_archive on commit drop as select {} from {} limit 0"
        ).format(sql.SQL(columns), sql.SQL(source))
    )
    statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(
        sql.SQL(STAGED), sql.SQL(columns)
    )
    with session.cursor() as cursor, cursor.copy(statement) as copy:
        for chunk in rows:
            copy.write(chunk)
    return STAGED


def facts_of(session: Session, table: str, conditions: str, columns: str, id_column: str) -> Facts:
    """Number, sum of ids, and checksum of the rows of `table` that meet `conditions`."""
    for name, value in _SETTINGS.items():
        session.execute(sql.SQL("set local {} = {}").format(sql.SQL(name), value))
    text = sql.SQL(
        "select count(*), coalesce(sum({id}), 0), coalesce(sum(hash), 0)"
        " from (select {id}, hashtextextended(row({columns})::text, 0)::numeric as hash"
        " from {table} where {conditions}) x"
    ).format(
        id=sql.Identifier(id_column),
        columns=sql.SQL(columns),
        table=sql.SQL(table),
        conditions=sql.SQL(conditions),
    )
    ((number, ids, checksum),) = query(session, text.as_string(session)).rows
    return Facts(int(number), Decimal(ids), Decimal(checksum))
