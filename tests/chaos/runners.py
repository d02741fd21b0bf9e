"""Rollups, partition maintenance and expiry, each again and again on a connection of its own."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import psycopg

from tests.chaos.ledger import FIRST_CHANGED, LONGEST_COUNTRY, Ledger, is_down


class Runner(threading.Thread):
    """Issues one of its statements at a time until told to stop; being deferred is part of it."""

    def __init__(
        self,
        dsn: Callable[[], str],
        ledger: Ledger,
        statements: dict[str, str],
        seed: int,
        stop: threading.Event,
        pause: float,
        timeout: str = "0",
    ) -> None:
        super().__init__(daemon=True)
        self.dsn = dsn
        self.ledger = ledger
        self.statements = statements
        self.random = random.Random(seed)
        self.stop = stop
        self.pause = pause
        self.timeout = timeout
        self.trouble: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                try:
                    with psycopg.connect(
                        self.dsn(), connect_timeout=5, autocommit=True
                    ) as connection:
                        connection.execute("set rollup.max_wait = '1s'")
                        connection.execute("set rollup.retry_interval = '5s'")
                        connection.execute(f"set statement_timeout = '{self.timeout}'".encode())
                        while not self.stop.is_set():
                            self.step(connection)
                            self.stop.wait(self.pause)
                except psycopg.Error as error:
                    if not is_down(error):
                        raise
                    self.ledger.note("runners' connections lost")
                    self.stop.wait(0.2)
        except BaseException as error:  # told by the main thread
            self.trouble = error

    def step(self, connection: psycopg.Connection) -> None:
        name = self.random.choice(list(self.statements))
        try:
            cursor = connection.execute(self.statements[name].encode())
            rows = cursor.fetchall() if cursor.description else []
        except psycopg.errors.LockNotAvailable:
            self.ledger.note(f"{name}: deferred")
        except psycopg.errors.ObjectNotInPrerequisiteState:
            self.ledger.note(f"{name}: refused")
        except psycopg.errors.DeadlockDetected:
            self.ledger.note(f"{name}: deadlock")
        except psycopg.errors.QueryCanceled:
            self.ledger.note(f"{name}: out of time")
        else:
            busy = any("busy" in row for row in rows)
            self.ledger.note(f"{name}: {'busy' if busy else 'done'}")


class Reader(Runner):
    """Reads the live views' totals, which never fall: whatever is counted was written before.

    Events that cannot be counted are left out, because a live view loses them when they are set
    aside.
    """

    def __init__(self, dsn: Callable[[], str], ledger: Ledger, seed: int, stop: threading.Event):
        super().__init__(dsn, ledger, LIVE, seed, stop, 0.02)
        self.last: dict[str, int] = dict.fromkeys(LIVE, 0)

    def step(self, connection: psycopg.Connection) -> None:
        name = self.random.choice(list(self.statements))
        row = connection.execute(self.statements[name].encode()).fetchone()
        assert row is not None
        total = int(row[0])
        if total < self.last[name]:
            raise AssertionError(f"{name} fell from {self.last[name]} to {total}")
        self.last[name] = total
        self.ledger.note("live totals read")


LIVE = {
    f"{table}_live": f"select coalesce(sum(event_count), 0) from {table}_live"
    f" where coalesce(length(country), 0) <= {LONGEST_COUNTRY} and customer_id < {FIRST_CHANGED}"
    for table in ("rollup_events_5min", "rollup_events_1hr")
}
ROLLUPS = {
    "run_all": "call rollup.run_all(500)",
    "five_minutely_aggregation": "select * from five_minutely_aggregation()",
    "hourly_aggregation": "select * from hourly_aggregation(200)",
    "run_family": "select * from rollup.run_family('rollup_events_1hr', 1000)",
}
# What waits to be counted becomes a backlog, which several sessions count side by side.
BACKFILLS = {
    "backfill": "call rollup.backfill('rollup_events_1hr', 100)",
    "backfill, larger windows": "call rollup.backfill('rollup_events_5min', 700)",
}
UPKEEP = {
    "maintain_partitions": "select rollup.maintain_partitions()",
    "expire": "select * from rollup.expire('public.events', '40 days')",
    "check_samples": "call rollup.check_samples('100 ms')",
    "verify": "select * from rollup.verify('rollup_events_1hr')",
}
