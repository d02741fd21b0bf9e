"""The table that events are loaded into, and the columns that a file may contain."""

from __future__ import annotations

import difflib
import shlex
from dataclasses import dataclass, replace

import psycopg
from psycopg import sql

from rollupctl.connect import Session, query, transaction
from rollupctl.errors import BadFileError, BadTableError
from rollupctl.loading.copycommand import copy_csv
from rollupctl.loading.csvfile import DELIMITERS, CsvFile
from rollupctl.loading.dialect import Dialect

_TABLE = """
select c.oid::bigint as oid, c.relkind::text as kind, n.nspname as schema, c.relname as name,
       pg_catalog.format('%%I.%%I', n.nspname, c.relname) as qualified,
       (select i.inhparent::regclass::text from pg_catalog.pg_inherits i
        where i.inhrelid = c.oid and c.relispartition) as parent,
       -- Rules are for INSERT only, triggers may see its statements, row security knows no COPY.
       not (pg_catalog.row_security_active(c.oid)
            or exists (select from pg_catalog.pg_rewrite r where r.ev_class = c.oid)
            or exists (select from pg_catalog.pg_trigger t
                        where t.tgrelid = c.oid and t.tgtype & 4 <> 0 and not t.tgisinternal))
       as takes_copy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = pg_catalog.to_regclass(%s)
  -- Raises for an invalid name; since version 16 to_regclass returns NULL for one as well.
  and pg_catalog.cardinality(pg_catalog.parse_ident(%s)) > 0
"""

_COLUMNS = """
select a.attname as name,
       pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
       -- An explicit cast to a type with a length cuts what is longer; assignment refuses it.
       case when coalesce(nullif(b.typelem, 0), b.oid)
                 = any ('{varchar, bpchar, bit, varbit}'::pg_catalog.regtype[])
            then pg_catalog.format_type(b.oid, -1)
            else pg_catalog.format_type(a.atttypid, a.atttypmod) end as cast_type,
       b.oid = 'timestamptz'::pg_catalog.regtype as is_instant,
       a.attnotnull as not_null,
       a.attnotnull and not a.atthasdef and a.attidentity = '' as required,
       a.attgenerated <> '' as computed,
       a.attidentity <> ''
       or coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid) like '%%nextval(%%', false)
       as numbered,
       b.oid = any ('{date, timestamp, timestamptz}'::pg_catalog.regtype[]) as is_time,
       t.typcategory = 'S' as is_text,
       b.typcategory = 'N' as is_number,
       not exists (select from pg_catalog.pg_cast s where s.casttarget = b.oid and s.castfunc <> 0
                   and s.castsource = 'text'::pg_catalog.regtype) as reads_text,
       case when a.attgenerated = '' and a.attidentity = ''
            then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end as default_text,
       case when b.oid = any ('{json, jsonb}'::pg_catalog.regtype[]) then 'json'
            when t.typcategory in ('A', 'C') then 'nested' else 'plain' end as form,
       (select a.attnum = p.partattrs[0] from pg_catalog.pg_partitioned_table p
         where p.partrelid = a.attrelid and p.partnatts = 1) is true as is_partition_key
from pg_catalog.pg_attribute a
join pg_catalog.pg_type t on t.oid = a.atttypid
cross join lateral (select rollup_internal.base_type(a.atttypid) as oid offset 0) x
join pg_catalog.pg_type b on b.oid = x.oid
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = %s and a.attnum > 0 and not a.attisdropped
order by a.attnum
"""

_CHECKS = """
select conname as name, pg_catalog.pg_get_constraintdef(oid) as definition,
       array(select a.attname::text from pg_catalog.pg_attribute a
             where a.attrelid = conrelid and a.attnum = any (conkey)) as columns
from pg_catalog.pg_constraint
where conrelid = %s and contype = 'c'
"""

_KEYS = """
select keys::text as keys, tenant from rollup.event_keys where source = %s::pg_catalog.oid
"""

_NAMES = "every column needs a name, and one of its own"


@dataclass(frozen=True)
class Column:
    """A column: its type in SQL, and how its values are generated."""

    name: str
    type: str
    cast_type: str  # what a value is cast to before it is assigned to the column
    is_instant: bool  # a timestamp with time zone
    required: bool  # NOT NULL without a default
    computed: bool  # generated always as (…)
    numbered: bool  # drawn from a sequence
    is_time: bool  # a date or a timestamp
    is_text: bool
    is_number: bool
    reads_text: bool  # a cast of text calls the type's input function, as COPY does
    default_text: str | None = None  # an expression
    form: str = "plain"  # json, nested (an array or a record), or plain
    is_partition_key: bool = False
    not_null: bool = False

    @property
    def is_loadable(self) -> bool:
        """Whether files may have values for it."""
        return not (self.numbered or self.computed)


@dataclass(frozen=True)
class Check:
    """A check constraint: its definition in SQL, and the columns that it refers to."""

    name: str
    definition: str
    columns: list[str]


@dataclass(frozen=True)
class Target:
    """A table to load into; `qualified` is its quoted name with the schema."""

    schema: str
    name: str
    qualified: str
    columns: tuple[Column, ...]
    checks: tuple[Check, ...]
    takes_copy: bool = True  # with the same effects as an INSERT
    keys: str | None = None  # the qualified name of the table of event keys, if there is one
    tenant: str | None = None  # the column to whose values the keys belong

    def copy_command(
        self, columns: list[str], dialect: Dialect, into: sql.Identifier | None = None
    ) -> sql.Composed:
        """The COPY of a CSV file whose fields are `columns` in this order.

        Into this table, or another table `into` with the same columns.
        """
        return copy_csv(
            into or sql.Identifier(self.schema, self.name),
            columns,
            dialect,
            header=not dialect.columns,
            not_text=[c.name for c in self.columns if c.name in columns and not c.is_text],
        )

    def time_columns(self, columns: list[str]) -> list[tuple[int, str, bool]]:
        """Position, from 0, and name of the `columns` of type date or timestamp, and whether the
        table is partitioned by it.
        """
        times = {c.name: c.is_partition_key for c in self.columns if c.is_time}
        return [(at, name, times[name]) for at, name in enumerate(columns) if name in times]

    @property
    def id_column(self) -> str | None:
        """The id column, if rollups can use it."""
        return next((c.name for c in self.columns if c.numbered and c.type == "bigint"), None)

    def column(self, name: str) -> Column | None:
        """The column of a name, as it is written."""
        return next((c for c in self.columns if c.name == name), None)

    def type_of(self, column: str) -> str:
        """The type of `column`, for a message."""
        return next((c.type for c in self.columns if c.name == column), "value")

    def match(self, file: CsvFile) -> list[str]:
        """The table's columns in the order of the file's fields and the constants.

        Raises BadFileError for an unknown or generated column.

        Names match exactly or, if that is unambiguous, ignoring case.
        """
        dialect = file.dialect
        header = [*file.header, *dialect.constants]
        place = f"{file.name}, line 1"
        matched: list[str] = []
        for position, field in enumerate(header, 1):
            if not field:
                raise BadFileError(f"{place}: column {position} of the header has no name", _NAMES)
            column = self._find(field)
            taken = (*dialect.sites.values(), dialect.event_key)
            if column is None and (dialect.takes_unknown or field in taken):
                matched.append(field)
                continue
            if column is None:
                raise self._unknown(place, field, header)
            if column.name in matched:
                raise BadFileError(f"{place}: column {field} is named twice", _NAMES)
            if column.numbered:
                raise BadFileError(
                    f"{place}: column {field} cannot be loaded",
                    f"{self.qualified} draws it from a sequence, in the order in which events "
                    "arrive, and rollups count by it: leave the column out",
                )
            if column.computed:
                raise BadFileError(
                    f"{place}: column {field} cannot be loaded",
                    f"{self.qualified} computes it from other columns: leave the column out",
                )
            matched.append(column.name)
        given = [*matched, *dialect.sites, dialect.rest]
        missing = [c.name for c in self.columns if c.required and c.name not in given]
        if missing:
            raise BadFileError(
                f"{place}: no column {', '.join(missing)}",
                f"{self.qualified} needs a value for it in every row",
            )
        return matched

    def _find(self, field: str) -> Column | None:
        alike = [c for c in self.columns if c.name.lower() == field.lower()]
        exact = [c for c in alike if c.name == field]
        return exact[0] if exact else alike[0] if len(alike) == 1 else None

    def _unknown(self, place: str, field: str, header: list[str]) -> BadFileError:
        known = [c.name for c in self.columns if c.is_loadable]
        if len(header) == 1:
            for mark, spelled in DELIMITERS:
                if mark in field:
                    hint = f"perhaps --delimiter {spelled} is meant"
                    return BadFileError(f"{place}: one column only: {field!r}", hint)
        if close := difflib.get_close_matches(field.lower(), known, 1):
            hint = f"perhaps {close[0]} is meant"
        else:
            hint = (
                f"--map COLUMN={shlex.quote(field)} loads it into one of {', '.join(known)}; "
                "--rest COLUMN keeps unknown fields as jsonb, --ignore-unknown leaves them out"
            )
            if others := [name for name in header if name != field and not self._find(name)]:
                hint += f"; unknown too: {', '.join(others)}"
        return BadFileError(f"{place}: {self.qualified} has no column {field!r}", hint)


def find_target(session: Session, name: str) -> Target:
    """The table `name`, which may be quoted and qualified as in SQL.

    Raises BadTableError if it does not exist, is a partition, or is not a table.
    """
    with transaction(session):
        return _find_target(session, name)


def _find_target(session: Session, name: str) -> Target:
    try:
        found = query(session, _TABLE, name, name).records()
    except psycopg.Error as error:
        if error.sqlstate not in ("22023", "42601", "42602", "0A000", "22P02"):
            raise
        raise BadTableError(
            f'"{name}" is not the name of a table', "write events or schema.events"
        ) from None
    if not found:
        raise BadTableError(
            f'there is no table "{name}"', "run `rollupctl install` to make the example's, events"
        )
    table = found[0]
    if table["parent"]:
        raise BadTableError(
            f"{table['qualified']} is a partition",
            f"load into its table, {table['parent']}: the rows find their partitions",
        )
    if table["kind"] not in ("r", "p"):
        raise BadTableError(
            f"{table['qualified']} is not a table", "views and the like cannot be loaded"
        )
    columns = tuple(Column(**row) for row in query(session, _COLUMNS, table["oid"]).records())
    checks = tuple(Check(**row) for row in query(session, _CHECKS, table["oid"]).records())
    names = table["schema"], table["name"], table["qualified"]
    target = Target(*names, columns, checks, table["takes_copy"])
    for keys, tenant in query(session, _KEYS, table["oid"]).rows:
        target = replace(target, keys=keys, tenant=tenant)
    return target
