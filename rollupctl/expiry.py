"""Asking before what is not usual is removed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from rollupctl.connect import Session, query
from rollupctl.errors import RollupError
from rollupctl.output import Table, note

_KEPT = """
select r.kind, r.name, rollup.unusual_expiry(r.relation, r.keep) as reason
  from rollup.retention r
 where r.keep is not null and r.is_enforced
"""
_LISTED = "select action from rollup.expirable() where kind = %s and name = %s"


def reasons_of_one(session: Session, source: str, age: str, listed: Table) -> list[str]:
    """Why to ask before events of `source` older than `age` go; `listed` is what a dry run says."""
    text = "select rollup.unusual_expiry(%s::pg_catalog.regclass, %s::interval) as reason"
    reasons = query(session, text, source, age).column("reason")
    return [reason for reason in reasons if reason and _would_go(listed)]


def reasons_of_all(session: Session) -> list[str]:
    """Why to ask before everything that is older than it is to be kept goes."""
    return [
        row["reason"]
        for row in query(session, _KEPT).records()
        if row["reason"] and _would_go(query(session, _LISTED, row["kind"], row["name"]))
    ]


def _would_go(listed: Table) -> bool:
    """Whether anything would be removed: something that must stay keeps the rest too."""
    actions: list[str] = listed.column("action")
    return any(a.startswith("would") for a in actions) and not any(
        a.startswith("kept") for a in actions
    )


def ask(reasons: Sequence[str]) -> None:
    """Ask on a terminal whether to go on; elsewhere, or for a no, raise RollupError."""
    if not reasons:
        return
    hint = "see what would go with --dry-run, then say --yes"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise RollupError(f"{'; '.join(reasons)}: nothing was removed", hint)
    for reason in reasons:
        note(reason)
    if not click.confirm("Remove it?", err=True):
        raise RollupError("nothing was removed", hint)


def tell(reasons: Sequence[str]) -> None:
    """What a dry run says of the question that would be asked."""
    for reason in reasons:
        note(f"{reason}: it would be asked about, or need --yes")
