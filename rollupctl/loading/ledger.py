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
from rollupctl.loading.parts import Known, Parts
from rollupctl.loading.qualified import as_sql
from rollupctl.loading.receive import Received
from rollupctl.loading.target import Target
from rollupctl.output import Table

_OF_SIZE = """
select load_id, sha256, rows, loaded_at, after_id, through_id
  from rollup.loads
 where source_table = %s::pg_catalog.regclass and sha256 is not null and (bytes = %s or %s)
"""
_OF_DIGEST = """
select load_id, sha256, rows, loaded_at, after_id, through_id
  from rollup.loads
 where source_table = %s::pg_catalog.regclass
   and (sha256 = %s
        or load_id = (select load_id from rollup.load_parts
                       where source_table = %s::pg_catalog.regclass and sha256 = %s))
 order by sha256 = %s desc nulls last
 limit 1
"""
_OF_ID = """
select load_id, sha256, rows, loaded_at, after_id, through_id from rollup.loads where load_id = %s
"""

# A content of one part is known by its digest. If it were passed over where another content merely
# begins with it, short files with equal rows would be taken for one.
_IN_PARTS = """
select p.load_id, p.sha256, p.bytes
  from rollup.load_parts p
  join rollup.loads l using (load_id)
 where l.source_table = %s::pg_catalog.regclass
   and p.sha256 is not null
   and (l.sha256 is null
        or exists (select from rollup.load_parts o where o.load_id = l.load_id and o.part > 1))
"""
_PARTS_AFTER = """
select load_id, sha256, bytes
  from rollup.load_parts
 where load_id = %s and bytes > %s and sha256 is not null
"""

_BEGIN = "select * from rollup.begin_part(%s::pg_catalog.regclass, %s, %s)"

_RECORD = """
select rollup.record_part(%s, %s, %s, %s, %s, digest => %s, size => %s, duration => %s,
                          duplicate_count => %s) as is_new
"""
_FINISH = "select rollup.finish_load(%s, %s) as is_new"


@dataclass(frozen=True)
class Entry:
    """A content that was loaded: when, its number of rows, and how many of them remain."""

    load_id: int
    loaded_at: datetime
    rows: int
    rows_left: int
    is_finished: bool

    @property
    def is_gone(self) -> bool:
        """Whether none of its rows remain, so that it can be loaded again without duplicates."""
        return self.rows_left == 0


def find(session: Session, file: CsvFile, target: Target) -> Entry | None:
    """The entry of a regular file's content. Reads the file only if one of its size was loaded; one
    that is compressed or recoded, whose size is unknown, if any was.
    """
    if not file.content.is_regular:
        return None
    size_is_unknown = file.content.is_compressed or file.content.is_recoded
    alike = query(session, _OF_SIZE, target.qualified, file.size, size_is_unknown).records()
    if not alike:
        return None
    digest = file.sha256()
    found = next((each for each in alike if bytes(each["sha256"]) == digest), None)
    return None if found is None else _entry(session, target, found)


def find_digest(session: Session, target: Target, digest: bytes) -> Entry | None:
    """The entry of a content, or of one that begins with a part of this digest."""
    values = (target.qualified, digest, target.qualified, digest, digest)
    found = query(session, _OF_DIGEST, *values).records()
    return _entry(session, target, found[0]) if found else None


def find_id(session: Session, target: Target, load_id: int) -> Entry | None:
    """The entry of a load."""
    found = query(session, _OF_ID, load_id).records()
    return _entry(session, target, found[0]) if found else None


def in_parts(session: Session, target: Target) -> list[Known]:
    """The parts of all loads that were interrupted, are going on, or have more than one part."""
    return _parts(query(session, _IN_PARTS, target.qualified))


def parts_after(session: Session, load_id: int, position: int) -> list[Known]:
    """The parts of a load that end beyond a position."""
    return _parts(query(session, _PARTS_AFTER, load_id, position))


def _parts(found: Table) -> list[Known]:
    return [Known(load_id, bytes(sha256), size) for load_id, sha256, size in found.rows]


def _entry(session: Session, target: Target, found: dict[str, Any]) -> Entry:
    return Entry(
        found["load_id"],
        found["loaded_at"],
        found["rows"],
        _rows_left(session, target, found),
        found["sha256"] is not None,
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
    """A part that has begun, in the transaction of its rows. `position` is where its load goes on,
    in bytes of text.
    """

    load_id: int
    part: int
    after_id: int | None
    position: int
    is_finished: bool


def begin(session: Session, file: CsvFile, target: Target, load_id: int | None) -> Begun:
    """Begin a part of a load, or of a new one; see rollup.begin_part."""
    (row,) = query(session, _BEGIN, target.qualified, file.name, load_id).records()
    return Begun(row["load_id"], row["part"], row["after_id"], row["bytes"], row["is_finished"])


def record(
    session: Session, begun: Begun, parts: Parts, received: Received, seconds: float
) -> bool:
    """Record the part that ends at the position; False if it is already loaded.

    Waits for a concurrent load of the same part, which takes precedence.
    """
    bad = len(received.rejected)
    values = (begun.load_id, begun.part, received.rows, begun.after_id, bad, parts.digest())
    more = (parts.position, seconds, received.duplicates)
    return all(query(session, _RECORD, *values, *more).column("is_new"))


def finish(session: Session, load_id: int, parts: Parts) -> bool:
    """Record that all of a content is loaded; False if it already is, by another load."""
    return all(query(session, _FINISH, load_id, parts.file_digest()).column("is_new"))


def forget(session: Session, target: Target, entry: Entry) -> None:
    """Remove the entry of a content whose rows no longer exist, before it is loaded again, and the
    keys of its events.
    """
    if target.keys:
        remove = sql.SQL("delete from {} where load_id = {}")
        session.execute(remove.format(as_sql(target.keys), entry.load_id))
    query(session, "delete from rollup.loads where load_id = %s", entry.load_id)
