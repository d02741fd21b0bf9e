"""What `status` shows: the state of rollups in few columns, and what is past a threshold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from rollupctl.connect import Session, query
from rollupctl.output import Table

STATUS = "select * from rollup.status"
WAITING = "select waiter, waits_for, relation, seconds from rollup.waiting"
# Runs of the last half hour, by minute.
RECENT = """
select minute,
       coalesce(sum(r.events), 0)::float8 as events,
       coalesce(max(extract(epoch from r.duration)), 0)::float8 as seconds
  from generate_series(date_trunc('minute', now()) - interval '29 minutes',
                       date_trunc('minute', now()), interval '1 minute') minute
  left join rollup.runs r on date_trunc('minute', r.finished_at) = minute and r.status = 'done'
 group by minute order by minute
"""

_LONGEST_NAME = 36  # characters
_UNITS = ((86400.0, " d"), (3600.0, " h"), (60.0, " min"))


@dataclass(frozen=True)
class Thresholds:
    """Beyond which a rollup is reported by exit code 3; None means no limit."""

    lag_seconds: float = 600.0
    lag_events: int | None = None
    set_aside: int | None = None

    def exceeded(self, row: dict[str, Any]) -> str | None:
        """What is wrong with a row of rollup.status, or None."""
        if row["last_status"] == "failed":
            return "its last run failed"
        if row["lag_seconds"] is None:
            return row["note"] or "its source no longer exists"
        if row["lag_seconds"] > self.lag_seconds:
            return f"{duration(row['lag_seconds'])} behind"
        if self.lag_events is not None and row["lag_events"] > self.lag_events:
            return f"{row['lag_events']} events behind"
        if self.set_aside is not None and row["set_aside"] > self.set_aside:
            return f"{row['set_aside']} events set aside"
        return None


def read_status(session: Session) -> Table:
    """The view rollup.status."""
    return query(session, STATUS)


def summary(table: Table, now: datetime | None = None) -> Table:
    """The columns of rollup.status that fit on a terminal of 100 columns."""
    shown = Table(("rollup", "events behind", "lag", "last run", "status", "filled", "set aside"))
    for row in table.records():
        shown.add(
            _fitting(row["name"]),
            row["lag_events"],
            duration(row["lag_seconds"]),
            _ago(row["last_run"], now),
            row["last_status"],
            f"{row['filled_percent']} %" if row["backlog_ids"] else None,
            row["set_aside"],
        )
    return shown


def remarks(table: Table) -> Iterator[str]:
    """A line for each rollup whose last run did not succeed, or whose lag is incomplete."""
    for row in table.records():
        for text in (row["last_message"], row["note"]):
            if text:
                yield f"{row['name']}: {text}"


def metrics_text(session: Session) -> str:
    """What rollup.metrics_text returns."""
    (text,) = query(session, "select rollup.metrics_text() as text").column("text")
    return str(text)


def current_numbers(
    session: Session, name: str, tenant: str | None, buckets: int, rows: int
) -> Table:
    """What rollup.current_numbers returns, with a column for each group and each number."""
    found = query(
        session, "select * from rollup.current_numbers(%s, %s, %s, %s)", name, tenant, buckets, rows
    )
    records = [{**groups, **numbers} for groups, numbers in found.rows]
    table = Table(list(records[0]) if records else ["number"])
    for record in records:
        table.add(*record.values())
    return table


def duration(seconds: Any) -> str | None:
    """A number of seconds as people read it: "0.4 s", "12 s", "3.5 min", "2.1 h"."""
    if seconds is None:
        return None
    seconds = float(seconds)
    for size, unit in _UNITS:
        if seconds >= size * (1 if size > 60 else 2):
            return f"{seconds / size:.1f}{unit}"
    return f"{seconds:.0f} s" if seconds >= 10 or seconds == 0 else f"{seconds:.1f} s"


def _fitting(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _ago(time: Any, now: datetime | None) -> str | None:
    if not isinstance(time, datetime):
        return None if time is None else str(time)
    passed = ((now or datetime.now(timezone.utc)) - time).total_seconds()
    return f"{duration(max(passed, 0.0))} ago"
