"""Writers with bad habits: small inserts, COPY, long transactions, rollbacks, savepoints,
back-dated events, NULLs, events that no rollup can count, and a privileged role that writes into
partitions."""

from __future__ import annotations

import base64
import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import psycopg
from psycopg import sql

from tests.chaos.ledger import Event, Ledger, is_down

Connection = psycopg.Connection[tuple[Any, ...]]
COLUMNS = "event_time, customer_id, event_type, country, browser, device_id, session_id"
INSERT = f"insert into {{}} ({COLUMNS}) values "
ROW = "(%s, %s, %s, %s, %s, %s, %s)"


class Writer(threading.Thread):
    """Writes batches until told to stop, and notes in the ledger what was committed."""

    def __init__(
        self, dsn: Callable[[], str], ledger: Ledger, seed: int, stop: threading.Event, direct: bool
    ) -> None:
        super().__init__(daemon=True)
        self.dsn = dsn
        self.ledger = ledger
        self.random = random.Random(seed)
        self.stop = stop
        self.direct = direct
        self.trouble: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                try:
                    with psycopg.connect(self.dsn(), connect_timeout=5) as connection:
                        while not self.stop.is_set():
                            self.write(connection)
                except (psycopg.Error, psycopg.Rollback) as error:
                    # A savepoint cannot be rolled back on a connection that is gone.
                    if isinstance(error, psycopg.Error) and not is_down(error):
                        raise
                    self.ledger.note("writers' connections lost")
                    self.stop.wait(0.2)
        except BaseException as error:  # told by the main thread
            self.trouble = error

    def write(self, connection: Connection) -> None:
        """One transaction of a random kind."""
        habit = self.random.choice(
            [self.insert, self.insert, self.insert, self.copy, self.linger, self.savepoints]
            + ([self.into_partition] if self.direct else [])
        )
        batch = self.ledger.new_batch()
        try:
            events = habit(connection, batch)
        except psycopg.Error as error:
            if connection.broken or is_down(error):
                raise
            # Such as a partition dropped under a direct writer: an ordinary failure.
            connection.rollback()
            self.ledger.note("transactions failed")
            return
        if self.random.random() < 0.1:
            connection.rollback()
            self.ledger.note("transactions rolled back")
            return
        self.ledger.unsure[batch] = events
        connection.commit()
        self.ledger.committed[batch] = self.ledger.unsure.pop(batch)
        self.ledger.note("transactions committed")
        self.ledger.note("events committed", len(events))

    def events(self, number: int) -> list[Event]:
        """Some events; one of them may have a country that is too long for an index entry."""
        uncountable = self.random.randrange(number) if self.random.random() < 0.01 else None
        return [
            (
                self.time(),
                self.random.randint(1, 12),
                self.random.choice(["click", "buy", None]),
                base64.b64encode(self.random.randbytes(6000)).decode()
                if index == uncountable
                else self.random.choice(["India", "Peru", None]),
                self.random.choice(["chrome", "opera"]),
                self.random.choice([None, *range(30)]),
            )
            for index in range(number)
        ]

    def time(self) -> datetime:
        now = datetime.now(timezone.utc)
        if self.random.random() < 0.1:
            return now - timedelta(
                days=45 if self.random.random() < 0.01 else self.random.randint(1, 30),
                minutes=self.random.randint(0, 99),
            )
        return now

    def send(self, connection: Connection, batch: int, events: list[Event], table: str) -> None:
        connection.execute(
            sql.SQL(INSERT).format(sql.Identifier(table))
            + sql.SQL(", ").join([sql.SQL(ROW)] * len(events)),
            [value for event in events for value in (*event, batch)],
        )

    def insert(self, connection: Connection, batch: int) -> list[Event]:
        events = self.events(self.random.randint(1, 5))
        self.send(connection, batch, events, "events")
        return events

    def copy(self, connection: Connection, batch: int) -> list[Event]:
        events = self.events(self.random.randint(50, 800))
        with (
            connection.cursor() as cursor,
            cursor.copy(f"copy events ({COLUMNS}) from stdin".encode()) as copy,
        ):
            for event in events:
                copy.write_row((*event, batch))
        return events

    def linger(self, connection: Connection, batch: int) -> list[Event]:
        """A transaction left open between its inserts."""
        first = self.insert(connection, batch)
        self.stop.wait(self.random.uniform(0.1, 2.5))
        return first + self.insert(connection, batch)

    def savepoints(self, connection: Connection, batch: int) -> list[Event]:
        """Some subtransactions are rolled back, the rest commit."""
        kept: list[Event] = []
        connection.execute("select")  # opens the transaction, so that the blocks are savepoints
        for _ in range(self.random.randint(1, 4)):
            with connection.transaction() as savepoint:
                events = self.insert(connection, batch)
                if self.random.random() < 0.4:
                    raise psycopg.Rollback(savepoint)
                kept += events
        return kept or self.insert(connection, batch)

    def into_partition(self, connection: Connection, batch: int) -> list[Event]:
        row = connection.execute(
            "select c.relname from pg_class c where c.oid = (select p.partition from"
            " rollup.partitions('public.events') p where now() >= p.range_from"
            " and now() < p.range_to)"
        ).fetchone()
        events = [(datetime.now(timezone.utc), *e[1:]) for e in self.events(3)]
        self.send(connection, batch, events, row[0] if row else "events")
        return events
