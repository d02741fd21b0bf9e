"""Run rollups until they have caught up, once or until interrupted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg

from rollupctl.connect import Session, query
from rollupctl.errors import (
    DEFERRED,
    DONE,
    ERROR,
    Explanation,
    RollupError,
    explain_failure,
    tell,
)
from rollupctl.output import Table

RESULT = ("rollup", "status", "events", "rows", "seconds")

# A report has one row for each rollup that ran, or each part that expired.
_STEP = """
select s.job::text as job, s.failure, s.more, r.*
  from rollup.next_step(%s::rollup.job, %s) s
  left join lateral jsonb_to_recordset(s.report) r (
           rollup text, status text, events bigint, rows bigint,
           backlog_ids bigint, filled_percent numeric, filled text, position text,
           kind text, name text, partition text, range_from timestamptz, range_to timestamptz,
           bytes bigint, action text, rows_before bigint, rows_after bigint) on true
"""

_LONGEST_PAUSE = 30.0  # seconds between attempts to reach an unavailable server


@dataclass(frozen=True)
class Step:
    """Report, failure and duration of a step of a job."""

    report: list[dict[str, Any]]
    failure: Explanation | None
    seconds: float


@dataclass
class Outcome:
    """Outcome of one rollup: done, nothing new, busy, deferred or failed."""

    rollup: str
    status: str = "nothing new"
    events: int = 0
    rows: int = 0
    seconds: float = 0.0
    backlog_ids: int | None = None
    filled_percent: Decimal | None = None

    def add(self, window: dict[str, Any], seconds: float) -> None:
        """Add one window: a row of a step's report."""
        self.events += window["events"]
        self.rows += window["rows"]
        self.seconds = round(self.seconds + seconds, 3)
        self.backlog_ids = window["backlog_ids"]
        self.filled_percent = window["filled_percent"]
        if window["status"] != "nothing new":
            self.status = window["status"]

    @property
    def exit_code(self) -> int:
        """The exit code of this outcome."""
        return {"failed": ERROR, "deferred": DEFERRED, "busy": DEFERRED}.get(self.status, DONE)


def names_of(session: Session, wanted: Sequence[str]) -> list[str]:
    """The rollups `wanted`, or all in the order of declaration.

    Raises RollupError for an unknown name.
    """
    known: list[str] = query(session, "select name from rollup.rollups order by id").column("name")
    for name in wanted:
        if name not in known:
            there = f"there are: {', '.join(known)}" if known else "none is declared yet"
            raise RollupError(f'there is no rollup "{name}"', there)
    return list(dict.fromkeys(wanted)) or known


def catch_up_all(session: Session, wanted: Sequence[str], max_events: int) -> list[Outcome]:
    """Run the rollups `wanted`, or all, window after window, until all events are counted.

    A run that is deferred or fails is reported on stderr, and recorded in the run ledger by
    rollup.next_step; previous windows stay counted, and the other rollups continue. Raises
    psycopg.Error when a step cannot be performed at all, RollupError for an unknown name.
    """
    names = names_of(session, wanted)
    outcomes = {name: Outcome(name) for name in names}
    for step in steps(session, "run", names if wanted else None, max_events):
        for row in step.report:
            if row["rollup"] in outcomes:  # otherwise it has just joined the family
                outcomes[row["rollup"]].add(row, step.seconds)
        if step.failure:
            tell(step.failure)
    return list(outcomes.values())


def steps(
    session: Session,
    kind: str,
    names: Sequence[str] | None,
    max_size: int,
    before: Callable[[str], str] = str,
) -> Iterator[Step]:
    """Begin a job of `kind`, run, expire or backfill, and perform it as `perform` does.

    `names` are rollups or sources; None means all. Raises psycopg.Error like rollup.start_job and
    rollup.next_step.
    """
    start = "select rollup.start_job(%s, %s)::text as job"
    (job,) = query(session, start, kind, names).column("job")
    yield from perform(session, job, max_size, before)


def perform(
    session: Session, job: str, max_size: int, before: Callable[[str], str] = str
) -> Iterator[Step]:
    """Perform a job step by step, each in a transaction of its own.

    `before` is called with the job before each step, and returns the job to perform. A step that
    was the victim of a deadlock is repeated. Raises psycopg.Error like rollup.next_step.
    """
    more = True
    while more:
        began = time.monotonic()
        try:
            table = query(session, _STEP, before(job), max_size)
        except psycopg.errors.DeadlockDetected:
            continue  # the server repeats the step itself, but Citus tells only clients of this
        job, failure, more = table.rows[0][:3]
        yield Step(
            report=[row for row in table.records() if row["rollup"] or row["name"]],
            failure=explain_failure(**failure) if failure else None,
            seconds=time.monotonic() - began,
        )


def backlogs(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A line for each of these rollups with a backlog: its progress."""
    for each in outcomes:
        if each.backlog_ids:
            yield (
                f"rollup {each.rollup}: {each.filled_percent} % of its backlog is counted, "
                f"{each.backlog_ids} ids are left; each run counts a window of them"
            )


def as_table(outcomes: Sequence[Outcome]) -> Table:
    """Outcomes as a result to print."""
    table = Table(RESULT)
    for each in outcomes:
        table.add(each.rollup, each.status, each.events, each.rows, each.seconds)
    return table


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """1 when one failed, else 4 when one was deferred, else 0."""
    codes = {each.exit_code for each in outcomes}
    return next((code for code in (ERROR, DEFERRED) if code in codes), DONE)


def pauses() -> Iterator[float]:
    """Seconds to wait before each next attempt: 1, 2, 4, … up to 30."""
    pause = 1.0
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE)
