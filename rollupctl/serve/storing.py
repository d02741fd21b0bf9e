"""Writing events so that one which the database rejects does not hold up the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg

from rollupctl.connect import Session, query
from rollupctl.serve.writer import Event, Writer

_SITES = "select name, customer_id from rollup.site_ids(%s)"
_MOST_SITES = 100_000  # remembered

# What is wrong with the event itself, by SQLSTATE: values, constraints, errors that triggers raise.
# All other errors concern the database, and the batch is tried again.
_OF_EVENT = ("22", "23", "P0001", "54000", "42804")
_OF_WORKER = "XX000"  # COPY on Citus gives errors of workers without their SQLSTATE

Aside = tuple[Event, str, str]  # SQLSTATE and reason


@dataclass
class Sites:
    """The numbers of sites."""

    known: dict[str, int] = field(default_factory=dict)

    def divide(self, session: Session, events: Sequence[Event]) -> tuple[list[Event], list[Aside]]:
        """The events whose sites have numbers, made if they are new, in a transaction of its own
        unless there is one; and the others with the reasons.
        """
        if len(self.known) > _MOST_SITES:
            self.known.clear()
        names = sorted({event["site_id"] for _, event in events} - self.known.keys())
        refused: dict[str, tuple[str, str]] = {}
        if names:
            try:
                found = _numbers(session, names)
            except psycopg.Error as error:
                if not is_of_event(error):
                    raise
                found = []
                for name in names:
                    try:
                        found += _numbers(session, [name])
                    except psycopg.Error as error:
                        if not is_of_event(error):
                            raise
                        refused[name] = (error.sqlstate or "", reason(error))
            self.known.update(found)
        good = [event for event in events if event[1]["site_id"] not in refused]
        return good, [(e, *refused[e[1]["site_id"]]) for e in events if e[1]["site_id"] in refused]


def _numbers(session: Session, names: list[str]) -> list[tuple[str, int]]:
    with session.transaction():  # a savepoint, if there is one
        return [(str(name), int(n)) for name, n in query(session, _SITES, names).rows]


def insert(writer: Writer, events: Sequence[Event], aside: list[Aside]) -> int:
    """Write events, and return how many; those that the database rejects are added to `aside`.

    A batch that fails is divided until the events that make it fail stand alone.
    """
    if not events:
        return 0
    try:
        with writer.session.transaction():  # a savepoint
            return writer.write(events)
    except psycopg.Error as error:
        if not may_be_of_event(error):
            raise
        if len(events) == 1:
            return _insert_alone(writer, events[0], error, aside)
        middle = len(events) // 2
        written = insert(writer, events[:middle], aside)
        return written + insert(writer, events[middle:], aside)


def _insert_alone(writer: Writer, event: Event, error: psycopg.Error, aside: list[Aside]) -> int:
    """Set an event aside, unless a node could not be reached, which is seen by inserting it."""
    if error.sqlstate == _OF_WORKER:
        try:
            with writer.session.transaction():
                return writer.write([event], copies=False)
        except psycopg.Error as told:
            if not is_of_event(told):
                raise
            error = told
    aside.append((event, error.sqlstate or "", reason(error)))
    return 0


def may_be_of_event(error: psycopg.Error) -> bool:
    """Whether smaller parts of a batch should be tried."""
    return is_of_event(error) or error.sqlstate == _OF_WORKER


def is_of_event(error: psycopg.Error) -> bool:
    """Whether an event is wrong, and not the database."""
    return (error.sqlstate or "").startswith(_OF_EVENT)


def reason(error: psycopg.Error) -> str:
    """What the database said."""
    diag = error.diag
    return ": ".join(filter(None, [diag.message_primary, diag.message_detail])) or str(error)
