"""Run rollups until they have caught up, once or for ever."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg

from rollupctl.connect import Session, query
from rollupctl.errors import DONE, ERROR, PUT_OFF, RollupError, explain, report
from rollupctl.output import Table

RESULT = ("rollup", "status", "events", "rows", "seconds")

_LONGEST_PAUSE = 30.0  # seconds between attempts to reach a server that is gone


@dataclass
class Outcome:
    """What became of one rollup: done, nothing new, busy, put off or failed."""

    rollup: str
    status: str = "nothing new"
    events: int = 0
    rows: int = 0
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """The exit code that this outcome asks for."""
        return {"failed": ERROR, "put off": PUT_OFF, "busy": PUT_OFF}.get(self.status, DONE)


def names_of(session: Session, wanted: Sequence[str]) -> list[str]:
    """The rollups to run: those `wanted`, or all in the order in which they were declared.

    Raises RollupError for a name that is not a rollup's.
    """
    known: list[str] = query(session, "select name from rollup.rollups order by id").column("name")
    for name in wanted:
        if name not in known:
            there = f"there are: {', '.join(known)}" if known else "none is declared yet"
            raise RollupError(f'there is no rollup "{name}"', there)
    return list(dict.fromkeys(wanted)) or known


def catch_up(session: Session, name: str, max_events: int) -> Outcome:
    """Run one rollup, window after window, until nothing is waiting.

    A run that is put off or fails is told on stderr and recorded in the run ledger; windows before
    it stay counted. Raises psycopg.Error only when the session is lost.
    """
    outcome = Outcome(name)
    began = time.monotonic()
    more = True
    try:
        while more:
            began_window = time.monotonic()
            window = query(session, "select * from rollup.run(%s, %s)", name, max_events).records()
            status, more = window[0]["status"], window[0]["more"]
            outcome.events += window[0]["events"]
            outcome.rows += window[0]["rows"]
            if status != "nothing new":
                outcome.status = status
            if status == "busy":
                break
    except psycopg.Error as error:
        if session.closed or session.broken:
            raise
        outcome.status = "put off" if report(error) == PUT_OFF else "failed"
        _record(session, outcome, explain(error).message, time.monotonic() - began_window)
    outcome.seconds = round(time.monotonic() - began, 3)
    return outcome


def catch_up_all(session: Session, wanted: Sequence[str], max_events: int) -> list[Outcome]:
    """Run the rollups `wanted`, or all; one that is put off does not keep the others waiting."""
    return [catch_up(session, name, max_events) for name in names_of(session, wanted)]


def as_table(outcomes: Sequence[Outcome]) -> Table:
    """Outcomes as a result to print."""
    table = Table(RESULT)
    for each in outcomes:
        table.add(each.rollup, each.status, each.events, each.rows, each.seconds)
    return table


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """1 when one failed, else 4 when one was put off, else 0."""
    codes = {each.exit_code for each in outcomes}
    return next((code for code in (ERROR, PUT_OFF) if code in codes), DONE)


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
            "select rollup.record_failure(%s, %s, clock_timestamp() - %s * interval '1 s', %s)",
            outcome.rollup,
            outcome.status,
            seconds,
            message,
        )
    except psycopg.Error as error:
        if session.closed or session.broken:
            raise
        report(error)
