"""Run rollups until they have caught up, once or for ever."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from rollupctl.connect import Session, query
from rollupctl.errors import DEFERRED, DONE, ERROR, RollupError, explain, report
from rollupctl.output import Table

RESULT = ("rollup", "status", "events", "rows", "seconds")

_ONE = "select name as rollup, r.* from (values (%s)) x (name), rollup.run(name, %s) r"
_FAMILY = "select * from rollup.run_family(%s, %s)"
_FAMILIES = (
    "select array_agg(name order by bucket, time_zone nulls first, id) as members"
    " from rollup.rollups group by family"
)

_BACKLOGS = """
select rollup, sum(through_id - after_id) as ids_left,
       round(100 * (1 - sum(through_id - after_id) / sum(first_size)), 1) as percent
  from rollup.backlogs where rollup = any (%s) group by rollup order by rollup
"""

_LONGEST_PAUSE = 30.0  # seconds between attempts to reach a server that is gone


@dataclass
class Outcome:
    """What became of one rollup: done, nothing new, busy, deferred or failed."""

    rollup: str
    status: str = "nothing new"
    events: int = 0
    rows: int = 0
    seconds: float = 0.0

    def add(self, window: dict[str, Any]) -> None:
        """Count in one window: a row of rollup.run or rollup.run_family."""
        self.events += window["events"]
        self.rows += window["rows"]
        if window["status"] != "nothing new":
            self.status = window["status"]

    @property
    def exit_code(self) -> int:
        """The exit code that this outcome asks for."""
        return {"failed": ERROR, "deferred": DEFERRED, "busy": DEFERRED}.get(self.status, DONE)


def names_of(session: Session, wanted: Sequence[str]) -> list[str]:
    """The rollups meant: those `wanted`, or all in the order in which they were declared.

    Raises RollupError for a name that is not a rollup's.
    """
    known: list[str] = query(session, "select name from rollup.rollups order by id").column("name")
    for name in wanted:
        if name not in known:
            there = f"there are: {', '.join(known)}" if known else "none is declared yet"
            raise RollupError(f'there is no rollup "{name}"', there)
    return list(dict.fromkeys(wanted)) or known


def catch_up_all(session: Session, wanted: Sequence[str], max_events: int) -> list[Outcome]:
    """Run the rollups `wanted`, or all, window after window, until nothing is waiting.

    A family (rollups that differ only in their bucket) is run as one when all of it is meant. A
    run that is deferred or fails is told on stderr and recorded in the run ledger; windows before
    it stay counted, and the other rollups go on. Raises psycopg.Error only when the session is
    lost, RollupError for a name that is not a rollup's.
    """
    names = names_of(session, wanted)
    outcomes = {name: Outcome(name) for name in names}
    for crew in _crews(session, names):
        if _catch_up(session, [outcomes[name] for name in crew], max_events) or len(crew) == 1:
            continue
        # A broken rollup holds up only itself.
        for name in crew:
            _catch_up(session, [outcomes[name]], max_events)
    return list(outcomes.values())


def _crews(session: Session, names: Sequence[str]) -> list[list[str]]:
    """The rollups in groups to be run as one: whole families, and single ones."""
    families: list[list[str]] = query(session, _FAMILIES).column("members")
    crews: list[list[str]] = []
    for name in names:
        if any(name in crew for crew in crews):
            continue
        family = next((members for members in families if name in members), [name])
        crews.append(family if set(family) <= set(names) else [name])
    return crews


def _catch_up(session: Session, crew: list[Outcome], max_events: int) -> bool:
    """Run one crew until nothing is waiting; False when several together failed.

    What became of each is noted in its outcome, and a failure of a single rollup told.
    """
    began = time.monotonic()
    text = _ONE if len(crew) == 1 else _FAMILY
    by_name = {each.rollup: each for each in crew}
    more, fine = True, True
    try:
        while more:
            began_window = time.monotonic()
            more = False
            for row in query(session, text, crew[0].rollup, max_events).records():
                if row["rollup"] in by_name:  # else it has joined the family just now
                    by_name[row["rollup"]].add(row)
                more = more or (row["more"] and row["status"] == "done")
    except psycopg.Error as error:
        if session.closed or session.broken:
            raise
        deferred = error.sqlstate == "55P03"
        fine = deferred or len(crew) == 1
        if fine:
            report(error)
            for each in crew:
                each.status = "deferred" if deferred else "failed"
                _record(session, each, explain(error).message, time.monotonic() - began_window)
    for each in crew:
        each.seconds = round(each.seconds + time.monotonic() - began, 3)
    return fine


def backlogs(session: Session, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A line for each of these rollups that is being filled newest first: how far that is."""
    names = [each.rollup for each in outcomes]
    for row in query(session, _BACKLOGS, names).records():
        yield (
            f"rollup {row['rollup']}: {row['percent']} % of its backlog is counted, "
            f"{row['ids_left']} ids are left; each run counts a window of them"
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


def _record(session: Session, outcome: Outcome, message: str, seconds: float) -> None:
    """Note a failure in the run ledger, so that rollup.status tells of it."""
    try:
        query(
            session,
            "select rollup_internal.record_failure("
            "%s, %s, clock_timestamp() - %s * interval '1 s', %s)",
            outcome.rollup,
            outcome.status,
            seconds,
            message,
        )
    except psycopg.Error as error:
        if session.closed or session.broken:
            raise
        report(error)
