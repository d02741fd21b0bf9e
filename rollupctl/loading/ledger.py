"""The ledger of loads, rollup.loads: the contents loaded into a table, and how many of their rows
remain.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import sql

from rollupctl.connect import Session, query
from rollupctl.loading.csvfile import CsvFile
from rollupctl.loading.target import Target

_OF_SIZE = """
select load_id, sha256, rows, loaded_at, after_id, through_id
  from rollup.loads
 where source_table = %s::pg_catalog.regclass and sha256 is not null
   and (bytes = %s or sha256 = %s or %s)
"""

_BEGIN = "select * from rollup.begin_part(%s::pg_catalog.regclass, %s)"

_RECORD = """
select rollup.record_part(%s, %s, %s, %s, digest => %s, size => %s, duration => %s)
   and rollup.finish_load(%s, %s) as is_new
"""


@dataclass(frozen=True)
class Entry:
    """A content that was loaded: when, its number of rows, and how many of them remain."""

    load_id: int
    loaded_at: datetime
    rows: int
    rows_left: int

    @property
    def is_gone(self) -> bool:
        """Whether none of its rows remain, so that it can be loaded again without duplicates."""
        return self.rows_left == 0


def find(
    session: Session, file: CsvFile, target: Target, digest: bytes | None = None
) -> Entry | None:
    """The entry of this content; reads the file only if one of its size was loaded, a compressed
    one, whose size is unknown, if any was.

    `digest` is its SHA-256, if known.
    """
    size_is_unknown = digest is None and file.content.is_regular and file.content.is_compressed
    values = (target.qualified, file.size, digest, size_is_unknown)
    alike = query(session, _OF_SIZE, *values).records()
    if not alike:
        return None
    digest = digest or file.sha256()
    entry = next((each for each in alike if bytes(each["sha256"]) == digest), None)
    if entry is None:
        return None
    return Entry(
        entry["load_id"],
        entry["loaded_at"],
        entry["rows"],
        _rows_left(session, target, entry),
    )


def _rows_left(session: Session, target: Target, entry: dict[str, Any]) -> int:
    """Upper bound of the remaining rows of a load: a concurrent load has ids in the same range.

    If its ids are unknown, all rows remain unless the table is empty. A role without the privilege
    to read cannot know, so all rows remain.
    """
    table = sql.Identifier(target.schema, target.name)
    rows: int = entry["rows"]
    may_read = "select pg_catalog.has_table_privilege(%s, 'select') as may_read"
    if not all(query(session, may_read, target.qualified).column("may_read")):
        return rows
    if target.id_column and entry["through_id"] is not None:
        text = sql.SQL(
            "select pg_catalog.count(*)"
            " from (select 1 from {} where {} > {} and {} <= {} limit {}) x"
        ).format(
            table,
            sql.Identifier(target.id_column),
            entry["after_id"],
            sql.Identifier(target.id_column),
            entry["through_id"],
            rows,
        )
    else:
        text = sql.SQL("select case when exists (select 1 from {}) then {} else 0 end").format(
            table, rows
        )
    ((left,),) = query(session, text.as_string(session)).rows
    return int(left)


@dataclass(frozen=True)
class Begun:
    """A part that has begun, in the transaction of its rows."""

    load_id: int
    part: int
    after_id: int | None


def begin(session: Session, file: CsvFile, target: Target) -> Begun:
    """Begin a load; see rollup.begin_part."""
    (row,) = query(session, _BEGIN, target.qualified, file.name).records()
    return Begun(row["load_id"], row["part"], row["after_id"])


def record(session: Session, begun: Begun, file: CsvFile, rows: int, seconds: float) -> bool:
    """Record the load, in the transaction of its rows; False if the content is already loaded.

    Waits for a concurrent load of the same content, which takes precedence.
    """
    digest = file.content.digest()
    values = (begun.load_id, begun.part, rows, begun.after_id, digest, file.content.bytes_read)
    return all(query(session, _RECORD, *values, seconds, begun.load_id, digest).column("is_new"))


def forget(session: Session, entry: Entry) -> None:
    """Remove the entry of a content whose rows no longer exist, before it is loaded again."""
    query(session, "delete from rollup.loads where load_id = %s", entry.load_id)
