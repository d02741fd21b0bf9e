"""Which removals are unusual, and are confirmed first."""

from __future__ import annotations

from rollupctl.connect import Session, query
from rollupctl.output import Table

_KEPT = """
select r.kind, r.name, rollup_internal.unusual_expiry(r.relation, r.keep) as reason
  from rollup.retention r
 where r.keep is not null and r.is_enforced
"""
_LISTED = "select action from rollup.expirable() where kind = %s and name = %s"


def reasons_of_one(session: Session, source: str, age: str, listed: Table) -> list[str]:
    """Why removing events of `source` older than `age` needs confirmation; `listed` is the result
    of a dry run.
    """
    text = "select rollup_internal.unusual_expiry(%s::pg_catalog.regclass, %s::interval) as reason"
    reasons = query(session, text, source, age).column("reason")
    return [reason for reason in reasons if reason and _would_go(listed)]


def reasons_of_all(session: Session) -> list[str]:
    """Why enforcing all retentions needs confirmation."""
    return [
        row["reason"]
        for row in query(session, _KEPT).records()
        if row["reason"] and _would_go(query(session, _LISTED, row["kind"], row["name"]))
    ]


def _would_go(listed: Table) -> bool:
    """Whether anything would be removed."""
    return any(action.startswith("would") for action in listed.column("action"))
