"""Put archived events back, with their ids, so that rollups that have counted them do not again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from rollupctl.archiving.rows import MARK, rows_of, stage
from rollupctl.connect import Session, query, transaction
from rollupctl.errors import BadFileError, RollupError
from rollupctl.exporting.columnar import import_pyarrow
from rollupctl.output import Table

RESULT = ("file", "table", "range_from", "range_to", "events", "restored")

_UNCOUNTED = """
select w.rollup, pg_catalog.count(*) as events
  from {staged} s
  join rollup.watermarks w on w.node_group = s.{id} >> 48 and s.{id} > w.last_id
  join rollup.rollups r on r.name = w.rollup and r.source = {source}::pg_catalog.regclass
 group by w.rollup order by w.rollup limit 1
"""
_CREATE = """
select rollup_internal.create_history_step(
    %s::pg_catalog.regclass, array[pg_catalog.tstzrange(%s::timestamptz, %s::timestamptz)])
"""
_INSERT = """
with there as materialized (
    select {id} from {source} where {id} between {lowest} and {highest}
)
insert into {source} ({columns}) overriding system value
select {columns} from {staged} s
 where not exists (select from there t where t.{id} = s.{id})
"""


def restore(session: Session, files: list[str]) -> Table:
    """Restore each file in a transaction; events that exist are left out.

    Raises BadFileError for a file that is no archive, RollupError where rollups would count events.
    """
    table = Table(RESULT)
    for name in files:
        path = Path(name)
        mark = _mark(path)
        try:
            with transaction(session, {"search_path": "pg_catalog, pg_temp"}):
                there, restored = _restore(session, path, mark)
        except psycopg.errors.UndefinedTable as error:
            raise RollupError(f"there is no table {mark['source']}, of which {path} is") from error
        where = (mark["source"], mark["range_from"], mark["range_to"])
        table.add(name, *where, there, restored)
    return table


def _mark(path: Path) -> dict[str, Any]:
    pa = import_pyarrow("an archive")
    try:
        with path.open("rb") as stream:
            schema = pa.parquet.read_schema(stream)
    except OSError as error:
        raise BadFileError(f"{path}: {error.strerror or error}") from None
    except pa.ArrowException as error:
        raise BadFileError(f"{path}: is not Parquet", detail=str(error)) from None
    if MARK not in (schema.metadata or {}):
        raise BadFileError(
            f"{path}: was not written by `rollupctl expire --archive`", "load it as new events"
        )
    found: dict[str, Any] = json.loads(schema.metadata[MARK])
    return found | {"columns": schema.names}


def _restore(session: Session, path: Path, mark: dict[str, Any]) -> tuple[int, int]:
    """The number of events in the file, and of those that were missing."""
    # What the file says is taken for a name only: resolved, and quoted where necessary.
    (name,) = query(session, "select %s::pg_catalog.regclass::text as name", mark["source"]).column(
        "name"
    )
    source = sql.SQL(name)
    columns = sql.SQL(", ").join(map(sql.Identifier, mark["columns"]))
    staged = stage(session, name, columns.as_string(session), rows_of(path))
    names = {
        "staged": sql.SQL(staged),
        "id": sql.Identifier(mark["id_column"]),
        "source": source,
        "columns": columns,
    }
    text = sql.SQL("select count(*), min({id}), max({id}) from {staged}").format(**names)
    ((number, lowest, highest),) = query(session, text.as_string(session)).rows
    names |= {"lowest": sql.Literal(lowest), "highest": sql.Literal(highest)}
    uncounted = sql.SQL(_UNCOUNTED).format(**names | {"source": sql.Literal(mark["source"])})
    for rollup, events in query(session, uncounted.as_string(session)).rows:
        raise RollupError(
            f"{path}: rollup {rollup} has not counted {events} of its events, and would count them",
            "an archive goes back into the database that it comes from; nothing was restored",
        )
    if mark["range_to"]:
        query(session, _CREATE, mark["source"], mark["range_from"], mark["range_to"])
    with session.cursor() as cursor:
        cursor.execute(sql.SQL(_INSERT).format(**names))
        return number, cursor.rowcount
