"""What the writers know to be committed, kept outside the database."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import psycopg

_DOWN = re.compile(
    "did not answer|could not commit transaction for shard|closed the connection|failed to connect|could not connect|connection to the"
    # Of a connection that broke within a savepoint or a pipeline, the server and psycopg say this.
    "|unexpected state SUBBEGIN|received \\d+ results from command"
    "|terminat|shut down|marked as essential|shutting down|starting up|not yet accepting|recovery|connection not open",
    re.IGNORECASE,
)
EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)

# event_time, customer_id, event_type, country, browser, device_id
Event = tuple[datetime, int, str | None, str | None, str | None, int | None]
Group = tuple[int, datetime, str | None, str | None, str | None]

# A country longer than this fits into no index entry, so that the event cannot be counted.
LONGEST_COUNTRY = 1000
CORRECTED_COUNTRY = "Atlantis"
# Tenants from this one on are those of sessions that change their events.
FIRST_CHANGED = 13


def bucket_of(at: datetime, seconds: int) -> datetime:
    """The start of the bucket of that many seconds that a time falls into."""
    start = int((at - EPOCH).total_seconds() // seconds) * seconds
    return datetime.fromtimestamp(EPOCH.timestamp() + start, timezone.utc)


def is_down(error: psycopg.Error) -> bool:
    """Whether an error says no more than that a server or a node is gone for the moment."""
    return isinstance(error, psycopg.OperationalError) or bool(_DOWN.search(str(error)))


@dataclass
class Ledger:
    """Batches of events by number. A batch is one transaction; all its events carry its number as
    their session_id, so that a commit whose answer was lost can be looked up afterwards."""

    committed: dict[int, list[Event]] = field(default_factory=dict)
    unsure: dict[int, list[Event]] = field(default_factory=dict)
    tally: Counter[str] = field(default_factory=Counter)
    _number: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def new_batch(self) -> int:
        with self._lock:
            self._number += 1
            return self._number

    def note(self, what: str, times: int = 1) -> None:
        with self._lock:
            self.tally[what] += times

    def settle(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        """Look up the batches whose commit was not answered: all of it is there, or nothing."""
        for batch, events in self.unsure.items():
            row = connection.execute(
                "select count(*) from events where session_id = %s and customer_id < %s",
                [batch, FIRST_CHANGED],
            ).fetchone()
            assert row is not None
            if row[0]:
                assert row[0] == len(events), f"batch {batch} is torn: {row[0]} of {len(events)}"
                self.committed[batch] = events
        self.unsure.clear()

    def uncountable(self) -> int:
        """How many committed events no rollup can count."""
        return sum(
            len(event[3] or "") > LONGEST_COUNTRY
            for events in self.committed.values()
            for event in events
        )

    def groups(self, seconds: int) -> Counter[Group]:
        """Events by customer, bucket of that many seconds, type, country and browser, after the
        correction of those that could not be counted.
        """
        counted: Counter[Group] = Counter()
        for events in self.committed.values():
            for at, customer, kind, country, browser, _ in events:
                bucket = bucket_of(at, seconds)
                if len(country or "") > LONGEST_COUNTRY:
                    country = CORRECTED_COUNTRY
                counted[(customer, bucket, kind, country, browser)] += 1
        return counted


def differences(connection: psycopg.Connection[tuple[Any, ...]], ledger: Ledger) -> Iterable[str]:
    """Every group whose count in a rollup is not the writers' own."""
    for table, column, seconds in (
        ("rollup_events_5min", "minute", 300),
        ("rollup_events_1hr", "hour", 3600),
    ):
        rows = connection.execute(
            f"select customer_id, {column}, event_type, country, browser, event_count"
            f" from {table}".encode()
        ).fetchall()
        found: Counter[Group] = Counter()
        for customer, bucket, kind, country, browser, number in rows:
            found[(customer, bucket.astimezone(timezone.utc), kind, country, browser)] += number
        expected = ledger.groups(seconds)
        for at, customer, kind, country, browser in connection.execute(
            "select event_time, customer_id, event_type, country, browser from events"
            " where customer_id >= %s",
            [FIRST_CHANGED],
        ):
            expected[(customer, bucket_of(at, seconds), kind, country, browser)] += 1
        for group in sorted(found.keys() | expected.keys(), key=str):
            if found[group] != expected[group]:
                yield f"{table} {group}: counted {found[group]}, written {expected[group]}"
