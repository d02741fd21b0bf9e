"""No operation of the package makes an insert wait over 100 ms for a lock, or a reader over 200 ms.

The server itself measures the waits: the writer's and the reader's lock_timeout are these limits, so
that a longer wait is an error, and a slow client is none. A busy machine can slow down whoever holds
a lock. An operation therefore has three attempts: what is slow by design is slow in each of them.

On Citus, DDL is carried out on all nodes in one transaction, and its locks are held until all have
answered; the limits are those of one server.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import psycopg
import pytest

from tests import servers
from tests.conftest import Connection
from tests.helpers import rows, value

pytestmark = pytest.mark.parametrize("server", ["plain"], indirect=True)

WRITES = """
insert into events (event_time, customer_id, event_type, device_id)
values (now() - %s::interval, 1, 'click', 1)
"""
READS = (
    "select count(*) from events where event_time > now() - interval '1 minute'",
    "select sum(event_count) from rollup_events_5min where customer_id = 1",
    "select sum(event_count) from rollup_events_1hr_live where customer_id = 1",
)
AGES = ("0", "0", "3 days", "0", "20 days")


class Client(threading.Thread):
    """Repeats statements with a pause of a few milliseconds; notes each wait above the limit."""

    def __init__(self, connection: Connection, limit: str, statements: list[tuple[str, list[str]]]):
        super().__init__(daemon=True)
        self.connection = connection
        self.statements = statements
        self.over: list[str] = []
        self.repeated = 0
        self.stopped = threading.Event()
        connection.execute("select set_config('lock_timeout', %s, false)", [limit])

    def run(self) -> None:
        while not self.stopped.is_set():
            text, values = self.statements[self.repeated % len(self.statements)]
            try:
                self.connection.execute(text.encode(), values)
            except psycopg.errors.LockNotAvailable as error:
                self.over.append(str(error))
            except psycopg.errors.UndefinedTable:
                pass  # uninstalled meanwhile
            self.repeated += 1
            self.stopped.wait(0.003)


@contextmanager
def clients(connect: Callable[..., Connection], ages: Sequence[str]) -> Iterator[list[Client]]:
    """A writer of events of these ages, and a reader of events, table and live view."""
    both = [
        Client(connect(), "100ms", [(WRITES, [age]) for age in ages]),
        Client(connect(), "200ms", [(text, []) for text in READS]),
    ]
    for client in both:
        client.start()
    try:
        yield both
    finally:
        for client in both:
            client.stopped.set()
        for client in both:
            client.join(30)


def waits(
    connect: Callable[..., Connection],
    operation: Callable[[], object],
    ages: Sequence[str] = AGES,
) -> list[str]:
    """Waits above the limits while the operation goes on."""
    with clients(connect, ages) as both:
        began = time.monotonic()
        while min(client.repeated for client in both) < 5:
            assert time.monotonic() - began < 30
            time.sleep(0.01)
        operation()
    return [wait for client in both for wait in client.over]


def old_events(db: Connection, number: int, age: str = "3 days") -> None:
    db.execute(
        "insert into events (event_time, customer_id, event_type, device_id)"
        " select now() - %s::interval, n %% 5 + 1, 'click', 1 from generate_series(1, %s) n",
        [age, number],
    )


def run(db: Connection) -> None:
    db.execute("call rollup.run_all()")


# What is done before, which is not measured, and the operation. rollup.alter_source is not among
# them: its ALTER TABLE, which is the user's own, takes as long as it takes.
OPERATIONS: dict[str, tuple[str, str]] = {
    "run": ("", "call rollup.run_all()"),
    "create_rollup": (
        "",
        "select rollup.create_rollup('by_day', 'events', '1 day', '{\"n\": {\"count\": \"*\"}}')",
    ),
    "alter_rollup": (
        "select rollup.alter_rollup('rollup_events_1hr', drop_measures => '{newest}')"
        " from rollup.measures where measure = 'newest'",
        "select rollup.alter_rollup('rollup_events_1hr',"
        ' add_measures => \'{"newest": {"max": "event_time"}}\')',
    ),
    "backfill_measures": ("", "call rollup.backfill_measures('rollup_events_1hr')"),
    "verify": ("", "select * from rollup.verify('rollup_events_1hr')"),
    "rebuild": ("", "select rollup.rebuild('rollup_events_1hr', now() - interval '1 hour', now())"),
    "repair": ("", "select * from rollup.repair('rollup_events_5min')"),
    "set_retention": ("", "select rollup.set_retention('rollup_events_5min', '30 days')"),
    "expire_rollup": ("", "select * from rollup.expire_rollup('rollup_events_5min')"),
    "maintain_partitions": ("", "select rollup.maintain_partitions()"),
    "status": ("", "select * from rollup.status"),
    "doctor": ("", "select * from rollup.doctor()"),
    "drop_rollup": (
        "select rollup.create_rollup('gone', 'events', '1 day', '{\"n\": {\"count\": \"*\"}}')",
        "select rollup.drop_rollup('gone')",
    ),
    "accept_source": ("", "select rollup.accept_source('rollup_events_5min')"),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_trap_62_nobody_waits_for(
    db: Connection, connect: Callable[..., Connection], name: str
) -> None:
    before, operation = OPERATIONS[name]
    old_events(db, 20_000)
    run(db)

    def attempt() -> list[str]:
        if before:
            db.execute(before.encode())
        return waits(connect, lambda: db.execute(operation.encode()))

    assert_short(attempt)


def test_trap_62_nobody_waits_for_an_installation(
    db: Connection, connect: Callable[..., Connection], dsn: str
) -> None:
    def install() -> None:
        done = servers.rollupctl(dsn, "install")
        assert done.returncode == 0, done.stderr

    assert_short(lambda: waits(connect, install))


def test_trap_62_nobody_waits_for_partitions_beside_a_full_default_partition(
    db: Connection, connect: Callable[..., Connection]
) -> None:
    db.execute("select rollup.maintain_partitions()")
    coming = "select partition::text from rollup.partitions('events') where range_from > now() + interval '1 day'"
    made = len(rows(db, coming))

    def attempt() -> list[str]:
        for (name,) in rows(db, coming):
            db.execute(f"drop table {name}".encode())
        for age in ("-3 days", "-10 days", "200 days"):  # to be moved, and to stay
            old_events(db, 20_000, age)
        run(db)
        found = waits(connect, lambda: db.execute("select rollup.maintain_partitions()"))
        assert len(rows(db, coming)) == made
        run(db)
        events = value(db, "select count(*) from events")
        gone = value(db, "select sum(event_count) from rollup_events_1hr") - events
        assert gone % 20_000 == 0  # those of the partitions that were dropped before
        in_range = "select count(*) from events where event_time between now() and now() + '4 days'"
        assert value(db, in_range) >= 20_000
        default = "select count(*) from events_default where event_time > now()"
        assert value(db, default) % 20_000 == 0
        return found

    assert_short(attempt)


def test_trap_62_nobody_waits_for_an_expiry_of_many_events(
    db: Connection, connect: Callable[..., Connection]
) -> None:
    def expire() -> None:
        # What is not counted keeps a partition, so no old events come in meanwhile. What is in use stays.
        for _ in range(20):
            found = rows(db, "select action from rollup.expire('events', %s)", "2 days")
            if any(action in ("dropped", "rows deleted") for (action,) in found):
                return
        raise AssertionError("nothing was dropped")

    def attempt() -> list[str]:
        # The partition is dropped once; the same events are in the default partition then.
        old_events(db, 1_500_000)
        run(db)
        return waits(connect, expire, ages=AGES[:1])

    assert_short(attempt)


def assert_short(attempt: Callable[[], list[str]]) -> None:
    """At least one of three attempts has no long wait."""
    seen: list[list[str]] = []
    for _ in range(3):
        seen.append(attempt())
        if not seen[-1]:
            return
    raise AssertionError(seen)
