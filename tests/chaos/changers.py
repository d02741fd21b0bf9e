"""Sessions that change what others have counted: updates, deletes, MERGE, upserts in all but name,
events that move to another time, long transactions, rollbacks, and the erasure of a person.

They have tenants of their own: what these must hold is what is in the table at the end."""

from __future__ import annotations

import psycopg

from tests.chaos.ledger import FIRST_CHANGED
from tests.chaos.writers import Connection, Writer

MINE = f"customer_id >= {FIRST_CHANGED} and session_id % 20 = %s"


class Changer(Writer):
    """Writes events and changes them, as a Writer writes."""

    def write(self, connection: Connection) -> None:
        """One transaction of a few changes."""
        connection.execute("set local lock_timeout = '2s'")
        try:
            for _ in range(self.random.randint(1, 4)):
                habit = self.random.choice(
                    [self.add, self.add, self.update, self.move, self.delete]
                    + ([self.merge, self.erase] if self.direct else [])
                )
                habit(connection)
                if self.random.random() < 0.05:
                    self.stop.wait(self.random.uniform(0.1, 1.5))
            if self.random.random() < 0.1:
                connection.rollback()
            else:
                connection.commit()
                self.ledger.note("transactions that changed events")
        except psycopg.Error as error:
            # Such as a deadlock, or a row that another one has moved: an ordinary failure.
            if connection.broken or (
                isinstance(error, psycopg.OperationalError)
                and not isinstance(
                    error, (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
                )
            ):
                raise
            connection.rollback()
            self.ledger.note("changes that failed")

    def tenant(self) -> int:
        return FIRST_CHANGED + self.random.randrange(3)

    def number(self) -> int:
        return self.random.randrange(20)

    def add(self, connection: Connection) -> None:
        connection.execute(
            "insert into events (event_time, customer_id, event_type, country, device_id, session_id)"
            " select now() - %s * interval '7 minutes', %s, 'click', 'Peru', i, i"
            " from generate_series(1, %s) i",
            [self.random.randrange(200), self.tenant(), self.random.randint(1, 60)],
        )

    def update(self, connection: Connection) -> None:
        connection.execute(
            f"update events set country = %s where {MINE}".encode(),
            [self.random.choice(["India", "Chile", None]), self.number()],
        )

    def move(self, connection: Connection) -> None:
        connection.execute(
            "update events set event_time = event_time - interval '1 hour'"
            f" where {MINE} and event_time > now() - interval '3 days'".encode(),
            [self.number()],
        )

    def delete(self, connection: Connection) -> None:
        connection.execute(f"delete from events where {MINE}".encode(), [self.number()])

    def merge(self, connection: Connection) -> None:
        connection.execute(
            b"merge into events e using (values (%s, %s)) v (customer, number)"
            b" on e.customer_id = v.customer and e.session_id = v.number"
            b" when matched and e.country is null then delete"
            b" when matched then update set event_type = 'buy'"
            b" when not matched then insert (event_time, customer_id, session_id, device_id)"
            b" values (now(), v.customer, v.number, 1)",
            [self.tenant(), self.random.randint(1, 60)],
        )

    def erase(self, connection: Connection) -> None:
        connection.execute(
            "select rollup.erase('public.events', %s, %s)",
            [str(self.tenant()), f"device_id = {self.random.randint(1, 60)}"],
        )
        self.ledger.note("persons erased")
