"""Declarations as sources and exposures of dbt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rollupctl.connect import Session, query
from rollupctl.dashboards.shared import require_known, yaml_lines

# What is read of a relation: its place, and its columns in order with their comments.
_RELATION = """
select n.nspname as schema, c.relname as name,
       pg_catalog.obj_description(c.oid, 'pg_class') as description,
       (select pg_catalog.json_agg(pg_catalog.json_build_object(
                   'name', a.attname, 'type', pg_catalog.format_type(a.atttypid, -1),
                   'description', pg_catalog.col_description(c.oid, a.attnum)) order by a.attnum)
          from pg_catalog.pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.oid = %s::pg_catalog.regclass
"""
_ROLLUPS = """
select name, source::text as source, target::text as target, tenant, time_column, bucket_column,
       bucket::text as bucket
  from rollup.rollups
 order by name
"""
_STATE = ("rollup.rollups", "rollup.watermarks", "rollup.status", "rollup.runs")


def properties(session: Session, names: Sequence[str], *, owner: str) -> str:
    """The text of a file of properties: sources, and an exposure for each rollup's dashboard.

    Sources are the tables of events, the tables of the rollups `names` (of all, if there are none),
    and the views that say how far these have counted. Raises UsageError for a name that no rollup
    has.
    """
    declared = {each["name"]: each for each in query(session, _ROLLUPS).records()}
    require_known(names, declared)
    chosen = [each for name, each in declared.items() if not names or name in names]
    sources: dict[str, dict[str, Any]] = {}
    exposures = []
    for each in chosen:
        events = _table(session, sources, each["source"])
        events["loaded_at_field"] = each["time_column"]
        events["freshness"] = {"warn_after": {"count": 1, "period": "hour"}}
        rollup = _table(session, sources, each["target"])
        rollup["meta"] = {"rollup": each["name"], "bucket": each["bucket"]}
        place = query(session, _RELATION, each["target"]).records()[0]
        exposures.append(
            {
                "name": f"{each['name']}_dashboard",
                "type": "dashboard",
                "owner": {"name": owner},
                "description": f"rollupctl export-dashboard grafana {each['name']}",
                "depends_on": [f"source('{place['schema']}', '{place['name']}')"],
            }
        )
    for view in _STATE:
        _table(session, sources, view)
    made = {"version": 2, "sources": [*sources.values()], "exposures": exposures}
    for source in sources.values():
        source["tables"] = [*source["tables"].values()]
    return "".join(
        f"{line}\n" for line in ["# Written by rollupctl export-dbt.", *yaml_lines(made)]
    )


def _table(session: Session, sources: dict[str, dict[str, Any]], relation: str) -> dict[str, Any]:
    """The entry of a relation among `sources`, which is added if it is not there yet."""
    found = query(session, _RELATION, relation).records()[0]
    schema = found["schema"]
    source = sources.setdefault(schema, {"name": schema, "schema": schema, "tables": {}})
    entry: dict[str, Any] = {"name": found["name"]}
    if found["description"]:
        entry["description"] = found["description"]
    entry["columns"] = [_column(column) for column in found["columns"]]
    tables: dict[str, dict[str, Any]] = source["tables"]
    return tables.setdefault(found["name"], entry)


def _column(column: dict[str, Any]) -> dict[str, Any]:
    made = {"name": column["name"], "data_type": column["type"]}
    if column["description"]:
        made["description"] = column["description"]
    return made
