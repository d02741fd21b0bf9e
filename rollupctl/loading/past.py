"""Partitions for events of the past, made before these are loaded."""

from __future__ import annotations

import psycopg

from rollupctl.connect import Session, query
from rollupctl.errors import primary
from rollupctl.loading.target import Target
from rollupctl.output import note

_RANGES = """
select r.ranges::text, pg_catalog.cardinality(r.ranges) as number
  from rollup_internal.history_ranges(%s::pg_catalog.regclass, %s) r (ranges)
"""
_STEP = """
select s.created, s.remaining::text, pg_catalog.cardinality(s.remaining) as left
  from rollup_internal.create_history_step(%s::pg_catalog.regclass, %s::pg_catalog.tstzrange[]) s
"""


class NoPartitionsError(Exception):
    """Events of a part have no partitions: roll back, create `ranges`, and load it again."""

    def __init__(self, ranges: str) -> None:
        super().__init__(ranges)
        self.ranges = ranges


def require_partitions(session: Session, target: Target, after_id: int | None) -> None:
    """Raise NoPartitionsError if events with ids above `after_id` lie in the default partition and
    partitions can be made for them.
    """
    if after_id is not None:
        ((ranges, number),) = query(session, _RANGES, target.qualified, after_id).rows
        if number:
            raise NoPartitionsError(ranges)


def create_partitions(session: Session, target: Target, ranges: str) -> int:
    """Create partitions for `ranges`, a few in each transaction; return how many.

    Says so if that is not possible, because events can be loaded all the same.
    """
    created, left = 0, 1
    while left:
        try:
            ((more, ranges, left),) = query(session, _STEP, target.qualified, ranges).rows
        except psycopg.errors.DatabaseError as error:
            if session.closed:
                raise
            note(
                f"events of the past go to the default partition of {target.qualified}: "
                f"{primary(error)}"
            )
            call = f"call rollup.create_history_partitions('{target.qualified}')"
            note(f"hint: later, `{call}` moves them")
            break
        created += more
    return created
