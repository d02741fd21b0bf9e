"""What the writers of dashboards and of other tools' files share."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from rollupctl.connect import Session, query
from rollupctl.errors import UsageError

_ROLLUPS = """
select r.name, r.target::text as table_name, n.nspname as schema, c.relname as relation, r.tenant,
       r.bucket_column, r.bucket::text as bucket, r.time_zone,
       pg_catalog.round(extract(epoch from r.bucket))::bigint as seconds
  from rollup.rollups r
  join pg_catalog.pg_class c on c.oid = r.target
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 order by r.name
"""


def chosen_rollups(session: Session, names: Sequence[str]) -> list[dict[str, Any]]:
    """The declarations of some rollups, in that order, or of all where none is named.

    Raises UsageError for a name that no rollup has.
    """
    declared = {each["name"]: each for each in query(session, _ROLLUPS).records()}
    require_known(names, declared)
    return [declared[name] for name in dict.fromkeys(names or declared)]


def require_known(names: Sequence[str], declared: Collection[str]) -> None:
    """Raise UsageError for a name that is not among those of declared rollups."""
    for name in names:
        if name not in declared:
            raise UsageError(
                f"there is no rollup {name}", f"there are: {', '.join(declared) or 'none'}"
            )


def yaml_lines(value: object, indent: str = "") -> Iterator[str]:
    """Lines of YAML. A scalar is written as JSON, which YAML includes."""
    items = value.items() if isinstance(value, dict) else enumerate(value)  # type: ignore[arg-type]
    for key, item in items:
        head = f"{indent}{key}:" if isinstance(value, dict) else f"{indent}-"
        if not isinstance(item, dict | list) or not item:
            yield f"{head} {json.dumps(item, ensure_ascii=False)}"
        elif isinstance(value, dict):
            yield head
            yield from yaml_lines(item, indent + "  ")
        else:
            first, *rest = yaml_lines(item, indent + "  ")
            yield f"{head} {first.lstrip()}"
            yield from rest
