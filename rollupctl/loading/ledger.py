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
select sha256, rows, loaded_at, after_id, through_id
  from rollup.loads
 where source_table = %s::pg_catalog.regclass and (bytes = %s or sha256 = %s or %s)
"""

# Without the privilege to read the sequence, the ids of a load are unknown.
_LAST_ID = """
select case when pg_catalog.has_sequence_privilege(s.oid, 'usage, select')
            then coalesce(pg_catalog.pg_sequence_last_value(s.oid::pg_catalog.regclass),
                          q.seqstart - q.seqincrement) end as last_id
  from pg_catalog.pg_class s
  join pg_catalog.pg_sequence q on q.seqrelid = s.oid
 where s.oid = rollup.id_sequence(%s::pg_catalog.regclass, %s)
"""

_ENTER = """
insert into rollup.loads (source_table, sha256, file_name, rows, bytes, after_id, through_id)
values (%s::pg_catalog.regclass, %s, %s, %s, %s, %s, %s)
    on conflict do nothing
returning 1
"""


@dataclass(frozen=True)
class Entry:
    """A content that was loaded: when, its number of rows, and how many of them remain."""

    sha256: bytes
    table: str
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
        digest,
        target.qualified,
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


def last_id(session: Session, target: Target) -> int | None:
    """The last id that the table's sequence has handed out; None if unknown."""
    if target.id_column is None:
        return None
    found: list[int | None] = query(session, _LAST_ID, target.qualified, target.id_column).column(
        "last_id"
    )
    return found[0] if found else None


def enter(
    session: Session,
    file: CsvFile,
    target: Target,
    rows: int,
    ids: tuple[int | None, int | None],
) -> bool:
    """Write the entry, in the transaction of the rows; False if it already exists.

    Waits for a concurrent load of the same content, which takes precedence.
    """
    after_id, through_id = ids if None not in ids else (None, None)
    values = (
        target.qualified,
        file.content.digest(),
        file.name,
        rows,
        file.content.bytes_read,
        after_id,
        through_id,
    )
    return bool(query(session, _ENTER, *values).rows)


def forget(session: Session, entry: Entry) -> None:
    """Remove the entry of a content whose rows no longer exist, before it is loaded again."""
    query(
        session,
        "delete from rollup.loads where source_table = %s::pg_catalog.regclass and sha256 = %s"
        " and loaded_at = %s",
        entry.table,
        entry.sha256,
        entry.loaded_at,
    )
