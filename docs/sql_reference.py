"""Writes docs/sql.md from the comments in a database that has the package."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Any

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]

STAND_INS = "## Stand-ins for missing extensions"

_HEAD = """\
# SQL reference

<!-- Written by `./run docs` from the comments in the database. Change those, not this. -->

Everything in the schema `rollup`. The schema `rollup_internal` is internal and may change.
In psql, `\\df+ rollup.*` and `\\d+ rollup.*` show the same comments.

"""

_ANALYTICS_HEAD = """\
# Reference of the analytics

<!-- Written by `./run docs` from the comments in the database. Change those, not this. -->

All functions of the schema `rollup_analytics`. [index.md](index.md) lists the questions.

"""

_ROUTINES = """
select p.proname::text as name,
       p.prokind::text as kind,
       (select coalesce(array_agg(a.name || ' ' || pg_catalog.format_type(a.type, null)
                                  || coalesce(' default ' || pg_catalog.pg_get_function_arg_default(
                                         p.oid, a.n::int), '') order by a.n), '{}')
          from rows from (pg_catalog.unnest(p.proargnames), pg_catalog.unnest(p.proargmodes),
                          pg_catalog.unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])))
               with ordinality a (name, mode, type, n)
         where a.name is not null and coalesce(a.mode, 'i') in ('i', 'b', 'v')) as arguments,
       (select array_agg(a.name || ' ' || pg_catalog.format_type(a.type, null) order by a.n)
          from rows from (pg_catalog.unnest(p.proargnames), pg_catalog.unnest(p.proargmodes),
                          pg_catalog.unnest(p.proallargtypes))
               with ordinality a (name, mode, type, n)
         where a.mode in ('o', 't')) as results,
       pg_catalog.pg_get_function_result(p.oid) as result,
       case when p.proargnames is null
            then pg_catalog.pg_get_function_identity_arguments(p.oid) else '' end as unnamed,
       p.proretset as many,
       pg_catalog.obj_description(p.oid, 'pg_proc') as comment
  from pg_catalog.pg_proc p
 where p.pronamespace = %s::regnamespace
 order by p.proname collate "C", p.oid
"""

_RELATIONS = """
select c.relname::text as name,
       pg_catalog.obj_description(c.oid, 'pg_class') as comment,
       (select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(
                   a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
                   coalesce(pg_catalog.col_description(c.oid, a.attnum), '')) order by a.attnum)
          from pg_catalog.pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
  from pg_catalog.pg_class c
 where c.relnamespace = 'rollup'::regnamespace
   and c.relkind = 'v'
 order by c.relname collate "C"
"""


def sql_reference(db: Connection) -> str:
    """The text of docs/sql.md, from a fresh installation in the database of `db`."""
    parts = [_HEAD]
    kinds = (("Functions", "fw"), ("Procedures", "p"))
    routines = db.execute(_ROUTINES, ["rollup"]).fetchall()
    for title, letters in kinds:
        parts.append(f"## {title}\n\n")
        parts += [_routine("rollup", *row) for row in routines if row[1] in letters and _told(row)]
    parts.append("## Views\n\n")
    for name, comment, columns in db.execute(_RELATIONS):
        parts += _relation(name, comment, columns)
    parts.append(f"{STAND_INS}\n\n")
    parts.append(
        "In the schema `rollup_compat`, which comes last in the database's `search_path`, so that\n"
        "they are found without it. Those for TopN go away when the topn extension is installed.\n"
        "\n"
    )
    stand_ins = db.execute(_ROUTINES, ["rollup_compat"]).fetchall()
    parts += [_routine("", *row) for row in stand_ins if _told(row)]
    return "".join(parts).rstrip() + "\n"


def analytics_reference(db: Connection) -> str:
    """The text of docs/analytics/reference.md, from a database that has the analytics."""
    parts = [_ANALYTICS_HEAD]
    routines = db.execute(_ROUTINES, ["rollup_analytics"]).fetchall()
    parts += [_routine("rollup_analytics", *row) for row in routines]
    return "".join(parts).rstrip() + "\n"


def _told(row: tuple[Any, ...]) -> bool:
    """Whether the comment, the last column, is for users."""
    comment = str(row[-1] or "internal.")
    return not comment.startswith(("TopN stand-in, internal.", "internal."))


def _routine(
    schema: str,
    name: str,
    kind: str,
    arguments: list[str],
    results: list[str] | None,
    result: str | None,
    unnamed: str,
    many: bool,
    comment: str,
) -> str:
    full = f"{schema}.{name}" if schema else name
    answer = (result or "").replace("SETOF ", "rows of ")
    inputs = arguments or ([unnamed] if unnamed else [])
    text = f"{full}({', '.join(inputs)})"
    if len(text) > 88:
        text = f"{full}(\n    " + ",\n    ".join(inputs) + ")"
    if results:
        text += f"\n    returns {'rows of ' if many else ''}({', '.join(results)})"
    elif kind != "p":
        text += f"\n    returns {answer}"
    return f"### {full}\n\n```text\n{_short(text)}\n```\n\n{_wrapped(comment)}\n\n"


def _short(signature: str) -> str:
    """A signature without the casts of its defaults, and with types as people write them."""
    signature = signature.replace("timestamp with time zone", "timestamptz")
    return re.sub(r"(NULL|'[^']*')::[\w \[\]]+?(?=[,)]|\n)", _default, signature)


def _default(found: re.Match[str]) -> str:
    return "null" if found[1] == "NULL" else found[1]


def _wrapped(comment: str) -> str:
    return textwrap.fill(comment.removeprefix("TopN. "), 98, break_on_hyphens=False)


def _relation(name: str, comment: str, columns: list[list[str]]) -> Iterator[str]:
    yield f"### rollup.{name}\n\n{_wrapped(comment)}\n\n"
    yield "| column | type | |\n| --- | --- | --- |\n"
    for column, kind, told in columns:
        yield f"| `{column}` | {_short(kind)} | {told} |\n"
    yield "\n"
