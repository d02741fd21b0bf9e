"""Databases made by 0.1.0, and what the tests of upgrades compare: the catalogs, rights and rows."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import psycopg

from tests.helpers import rows
from tests.servers import EMPTY, ROOT, Server

Connection = psycopg.Connection[tuple[Any, ...]]
Fact = tuple[str, ...]

DATA = ROOT / "tests" / "data" / "upgrade"
ROLES = ("upgrade_loader", "upgrade_writer", "upgrade_runner", "upgrade_reader")


def restore(server: Server, name: str | None = None) -> str:
    """Make the database of 0.1.0 that tests/data/upgrade holds. Returns its name."""
    database = server.database(EMPTY, name)
    scripts = ["roles.sql", "dump.sql", "settings.sql"]
    for script in [*scripts, "citus.sql"] if server.is_citus else scripts:
        run_script(server.dsn(database), DATA / script)
    return database


def run_script(dsn: str, *files: object, stop: bool = True) -> subprocess.CompletedProcess[str]:
    """Have psql run files one after the other in one session; with `stop` each must succeed."""
    command = ["psql", "-Xq", "-v", f"ON_ERROR_STOP={int(stop)}", "-d", dsn]
    for file in files:
        command += ["-f", str(file)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert not stop or done.returncode == 0, done.stderr
    return done


def drop_roles(server: Server) -> None:
    """Drop the roles of the fixture, which no database may still mention."""
    for role in ROLES:
        for node in range(len(server.nodes)):
            with server.admin(node) as connection:
                connection.execute(f"drop role if exists {role}".encode())


# What an object is, whatever its oid. Partitions and what pg_partman has made follow the calendar.
_CATALOG = """
with own as (
    select oid, nspname from pg_namespace
     where nspname in ('public', 'shop', 'reports', 'rollup', 'rollup_internal', 'rollup_compat', 'rollup_analytics', 'rollup_analytics_internal', 'rollup_serve')),
member as (select classid, objid from pg_depend where deptype = 'e'),
relations as (
    select c.* from pg_class c join own on own.oid = c.relnamespace
     where not c.relispartition and c.relname !~ '_p?[0-9]{6,}$' and c.relkind <> 'I'
       and (c.relkind <> 'i' or exists (select from pg_index i join pg_class t on t.oid = i.indrelid
                                         where i.indexrelid = c.oid and not t.relispartition))
       and ('pg_class'::regclass, c.oid) not in (select classid, objid from member)),
comments as (select classoid, objoid, objsubid, description from pg_description)
select 'schema', nspname, '' from own
union all
select 'routine', p.oid::regprocedure::text,
       concat_ws(E'\\n', p.prokind, case p.prokind when 'a' then null else pg_get_functiondef(p.oid) end,
                 obj_description(p.oid, 'pg_proc'))
  from pg_proc p join own on own.oid = p.pronamespace
 where ('pg_proc'::regclass, p.oid) not in (select classid, objid from member)
union all
select 'aggregate', a.aggfnoid::regprocedure::text,
       concat_ws(' ', aggtransfn, aggfinalfn, aggcombinefn, aggtranstype::regtype, agginitval)
  from pg_aggregate a join pg_proc p on p.oid = a.aggfnoid join own on own.oid = p.pronamespace
 where ('pg_proc'::regclass, p.oid) not in (select classid, objid from member)
union all
select 'operator', o.oid::regoperator::text, o.oprcode::text
  from pg_operator o join own on own.oid = o.oprnamespace
 where ('pg_operator'::regclass, o.oid) not in (select classid, objid from member)
union all
select 'type', t.oid::regtype::text, concat_ws(' ', t.typtype, obj_description(t.oid, 'pg_type'))
  from pg_type t join own on own.oid = t.typnamespace
 where t.typcategory <> 'A' and t.typrelid in (0, (select oid from pg_class where relkind = 'c' and oid = t.typrelid))
   and ('pg_type'::regclass, t.oid) not in (select classid, objid from member)
union all
select 'relation', c.oid::regclass::text,
       concat_ws(E'\\n', c.relkind, c.reloptions, obj_description(c.oid, 'pg_class'),
                 case when c.relkind = 'v' then pg_get_viewdef(c.oid) end,
                 case when c.relkind = 'i' then pg_get_indexdef(c.oid) end)
  from relations c
union all
select 'column', c.oid::regclass || '.' || a.attname,
       concat_ws(' ', a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
                 pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum))
  from relations c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
 where c.relkind in ('r', 'p', 'v', 'c')
union all
select 'constraint', coalesce(nullif(x.conrelid, 0)::regclass::text, '') || '.' || x.conname, pg_get_constraintdef(x.oid)
  from pg_constraint x join relations c on c.oid = x.conrelid
 where x.contype <> 'n'  -- PostgreSQL 18 names these after the column, as it was called at first
union all
select 'setting', split_part(entry, '=', 1), entry
  from pg_db_role_setting r cross join unnest(r.setconfig) entry
 where r.setrole = 0 and r.setdatabase = (select oid from pg_database where datname = current_database())
"""

# Each right that somebody has on something: what, privilege, to whom, with grant option or not.
_RIGHTS = """
select x.name, a.privilege_type, case a.grantee when 0 then 'public' else a.grantee::regrole::text end,
       a.is_grantable::text
  from (select format('%s %s', case prokind when 'p' then 'procedure' else 'function' end, p.oid::regprocedure) as name,
               coalesce(proacl, acldefault('f', proowner)) as acl, proowner as owner, pronamespace as namespace, p.oid
          from pg_proc p
        union all
        select format('relation %s', c.oid::regclass), relacl, relowner, relnamespace, c.oid from pg_class c
         where not relispartition
        union all
        select format('column %s.%I', attrelid::regclass, attname), attacl, relowner, relnamespace, c.oid
          from pg_attribute join pg_class c on c.oid = attrelid
        union all
        select format('schema %I', nspname), nspacl, nspowner, oid, oid from pg_namespace) x
 cross join lateral aclexplode(x.acl) a
 where x.namespace in (select oid from pg_namespace
                        where nspname in ('public', 'shop', 'reports', 'rollup', 'rollup_internal', 'rollup_compat', 'rollup_analytics', 'rollup_analytics_internal', 'rollup_serve'))
   and a.grantee <> x.owner
   and x.oid not in (select objid from pg_depend where deptype = 'e')
"""


def catalog(db: Connection) -> dict[tuple[str, str], str]:
    """Every definition in the schemas of the package and of the fixture, by kind and name."""
    return {(str(kind), str(name)): str(text) for kind, name, text in rows(db, _CATALOG)}


def rights(db: Connection) -> set[Fact]:
    """What is granted to others than owners."""
    return set(rows(db, _RIGHTS))


def state(db: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """The package's state, by the names of 0.2.0, whichever version is installed."""
    found = {}
    for table in [
        "families",
        "rollups",
        "sources",
        "watermarks",
        "added_measures",
        "backlogs",
        "tails",
        "runs",
        "horizons",
        "loads",
    ]:
        name = f"rollup_internal.{table}"
        if not rows(db, "select 1 where to_regclass(%s) is not null", name):
            name = f"rollup.{'samples' if table == 'horizons' else table}"
        described = db.execute(f"select * from {name}".encode())
        names = [column.name for column in described.description or ()]
        new = (
            {"newest_first", "source_name", "target_name", "after_id", "through_id"}
            | {"load_id", "channel", "position", "rejected", "seconds", "begun_at"}
            | {"unloaded_rows", "unloaded_at", "duplicates"}
            if table in ("rollups", "loads")
            else {
                "purged",
                "never_covered",
                "partition_interval",
                "sequence",
                "sqlstate",
                "detail",
                "attempts",
                "duration",
            }
        )
        renamed = {"spans": "id_ranges", "heads": "last_ids"}
        found[table] = [
            tuple(
                (renamed.get(column, column), _today(table, column, value))
                for column, value in zip(names, row, strict=True)
                if column not in new  # of 0.2.0
            )
            for row in described
        ]
        found[table].sort(key=str)
    return found


def _today(table: str, column: str, value: object) -> object:
    """A value of 0.1.0 as 0.2.0 has it."""
    if (table, column, value) == ("runs", "status", "put off"):
        return "deferred"
    if (table, column) == ("families", "function_name") and value is not None:
        return str(value).replace("rollup.", "rollup_internal.")
    return value


def contents(db: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of sources and targets, and where sequences stand."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for (table,) in rows(
        db,
        "select oid::regclass::text from pg_class where relkind in ('r', 'p') and not relispartition"
        " and relnamespace in ('public'::regnamespace, 'shop'::regnamespace)",
    ):
        found[table] = sorted(rows(db, f"select t::text from {table} t"))
    for (sequence,) in rows(
        db,
        "select oid::regclass::text from pg_class where relkind = 'S'"
        " and relnamespace::regnamespace::text in ('public', 'shop', 'rollup', 'rollup_internal')"
        " and relname !~ '^(loads_load|changes|changed_buckets|erasures)_id_seq$'",  # of 0.2.0
    ):
        name = sequence.split(".")[-1]
        found[name] = rows(db, f"select last_value, is_called from {sequence}")
    return found


def live(db: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """What live views and views of plain numbers show, and the users' views on them."""
    return {
        view: sorted(rows(db, f"select v::text from {view} v"))
        for (view,) in rows(
            db,
            "select oid::regclass::text from pg_class where relkind = 'v'"
            " and (relname ~ '_(live|bi)$' or relnamespace = 'reports'::regnamespace"
            " and relname in ('revenue', 'now', 'marks'))",
        )
    }


def differences(
    one: dict[tuple[str, str], str], other: dict[tuple[str, str], str]
) -> Iterator[str]:
    """What differs between two catalogs, a line each."""
    for key in sorted(one.keys() | other.keys()):
        if one.get(key) != other.get(key):
            yield f"{' '.join(key)}: {one.get(key)!r} / {other.get(key)!r}"
