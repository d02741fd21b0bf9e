"""What tests of the engine share: a database with a small source in it, and calls that run beside
the test. Nothing here sleeps for a fixed time: tests look at what the server says it waits for."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

import psycopg

from tests.servers import BARE, Begun, Server, empty

Connection = psycopg.Connection[tuple[Any, ...]]
T = TypeVar("T")

SECONDS = 30.0
MOST_BEGINNINGS = 24  # databases that a server keeps to copy them, of 11 MB each
DAY = "2024-06-01 12:00:00+00"
MEASURES: dict[str, Any] = {
    "n": {"count": "*"},
    "amount": {"sum": "amount"},
    "devices": {"distinct": "device_id"},
}


class Outcome(NamedTuple):
    status: str
    events: int
    rows: int
    more: bool


class Task(Generic[T]):
    """A call that runs in a thread of its own; result() waits for it, and raises what it raised."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._future: Future[T] = Future()
        threading.Thread(target=self._run, args=(call,), daemon=True).start()

    def _run(self, call: Callable[[], T]) -> None:
        try:
            self._future.set_result(call())
        except BaseException as error:
            self._future.set_exception(error)

    def is_done(self) -> bool:
        return self._future.done()

    def result(self) -> T:
        return self._future.result(SECONDS)


def until(condition: Callable[[], bool], what: str, every: float = 0.005) -> None:
    """Wait for a condition, which is tried again after so many seconds."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(every)


def script(db: Connection, text: str) -> None:
    """Run statements one by one: Citus passes some on with all the text they came in."""
    for statement in text.split(";"):
        if statement.strip():
            db.execute(statement.encode())


def rows(db: Connection, query: str, *params: object) -> list[tuple[Any, ...]]:
    return db.execute(query.encode(), params or None).fetchall()


def row(db: Connection, query: str, *params: object) -> tuple[Any, ...]:
    (found,) = rows(db, query, *params)
    return found


def value(db: Connection, query: str, *params: object) -> Any:
    (found,) = row(db, query, *params)
    return found


def pid(connection: Connection) -> int:
    return connection.info.backend_pid


def waits(db: Connection, connection: Connection, event: str) -> bool:
    """Whether a connection's query waits for an event, or an event of a type, now."""
    query = """select exists (select from pg_stat_activity where pid = %s and state = 'active'
                              and %s in (wait_event, wait_event_type))"""
    return bool(value(db, query, pid(connection), event))


def until_waiting(
    db: Connection, connection: Connection, task: Task[Any], event: str = "PgSleep"
) -> None:
    """A run that waits for writers is in PgSleep. When the task ends instead, say how."""

    def seen() -> bool:
        if task.is_done():
            raise AssertionError(f"did not wait for {event} but answered {task.result()!r}")
        return waits(db, connection, event)

    until(seen, f"the run waits for {event}")


def alter_in_use(db: psycopg.Connection[Any], statement: str) -> None:
    """Alter a table that runs read meanwhile, which lock its partitions in another order."""
    for attempt in range(5):
        try:
            db.execute(statement.encode())
            return
        except psycopg.errors.DeadlockDetected:
            if attempt == 4:
                raise


def run(db: Connection, name: str = "visits", max_events: int | None = None) -> Outcome:
    return Outcome(*row(db, "select * from rollup.run(%s, %s)", name, max_events))


def run_family(db: Connection, name: str, max_events: int | None = None) -> dict[str, Outcome]:
    found = rows(db, "select * from rollup.run_family(%s, %s)", name, max_events)
    return {name: Outcome(*outcome) for name, *outcome in found}


def catch_up(db: Connection, name: str = "visits", max_events: int | None = None) -> list[Outcome]:
    """Run until there is no more. Returns what each run answered."""
    outcomes = [run(db, name, max_events)]
    while outcomes[-1].more:
        outcomes.append(run(db, name, max_events))
        assert len(outcomes) < 1000, "does not come to an end"
    return outcomes


def watermarks(db: Connection, name: str = "visits") -> list[tuple[Any, ...]]:
    return rows(
        db,
        "select node_group, last_id from rollup.watermarks where rollup = %s order by node_group",
        name,
    )


def insert(db: Connection, number: int = 1, table: str = "lab.e", **columns: object) -> None:
    """Write events, all alike but for their device."""
    shown = {"event_time": DAY, "customer_id": 1, "country": "de", "amount": 3} | columns
    names = ", ".join(shown)
    places = ", ".join(["%s"] * len(shown))
    db.execute(
        f"insert into {table} ({names}, device_id)"
        f" select {places}, i from generate_series(1, %s) i".encode(),
        [*shown.values(), number],
    )


def counted(db: Connection, target: str = "lab.visits") -> Counter[tuple[Any, ...]]:
    """The rows of a rollup made by Lab.declare with its defaults."""
    query = f"select customer_id, bucket, country, n, amount, devices::text from {target}"
    return Counter(rows(db, query))


def expected(
    db: Connection, source: str = "lab.e", bucket: str = "5 minutes", where: str = "true"
) -> Counter[tuple[Any, ...]]:
    """What they should be, by grouping all events in one go."""
    return Counter(
        rows(
            db,
            f"""select customer_id, date_bin('{bucket}', event_time, timestamptz '2000-01-01 00:00Z'),
                       country, count(*), sum(amount),
                       hll_add_agg(hll_hash_bigint(device_id), 11, 5, -1, 1)::text
                  from {source} where {where} group by 1, 2, 3""",
        )
    )


def assert_exact(db: Connection) -> None:
    assert counted(db) == expected(db)


@dataclass
class Lab:
    """A database with the engine, a schema "lab" and no rollups, and connections to it.

    Many tests begin with the same source and the same declarations, which take longer than to copy
    a database that has them. Such a beginning is done twice; from then on tests get a copy of the
    second. The database is therefore made when the first connection needs it.

    A session that has declared something does the next thing several times faster than a new one.
    So a test begins in one session, and its first connection goes on with that one.
    """

    server: Server
    _database: str | None
    own_session: bool = True
    # The calls of begin, source and declare that made the database; None once anything else was done.
    _beginning: tuple[str, ...] | None = None
    _beginner: Connection | None = None  # until the first connection of the test
    _has_connected: bool = False
    _opened: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @classmethod
    def make(cls, server: Server, own_session: bool = True) -> Lab:
        # What a given server keeps would stay there.
        return cls(server, None, own_session, () if server.clusters else None)

    @property
    def database(self) -> str:
        """Name of the database, in which anything may be done from now on."""
        if self._database is None:
            begun = self.server.begun.get(self._beginning or ())
            if begun is None or begun.database is None:
                self._database = self.server.database(BARE)
            else:
                self._database = self.server.copy_of(begun.database)
        self._beginning = None
        return self._database

    def _begin(self, call: Callable[[], str], *what: object) -> str:
        """Make a call, or remember that a copy has its outcome. Returns what it answers."""
        if self._beginning is None:
            return call()
        beginning = (*self._beginning, repr(what))
        begun = self.server.begun.get(beginning)
        if begun is None or begun.database is None:
            said = call()
            if begun is None:
                self.server.begun[beginning] = Begun(said)
            elif sum(b.database is not None for b in self.server.begun.values()) < MOST_BEGINNINGS:
                self._end_beginner()
                begun.database, self._database = self._database, None
        else:
            said = begun.said
            self.drop()
        self._beginning = beginning
        return said

    def drop(self) -> None:
        """Drop the database, if there is one."""
        self._end_beginner()
        if self._database is not None:
            self.server.drop(self._database)
            self._database = None

    def connect(self, node: int = 0, *, autocommit: bool = True, **options: Any) -> Connection:
        """A connection to one node (0: the coordinator), closed when the test ends.

        A statement that takes minutes fails: what never ends must not hang the suite.
        """
        if node == 0 and autocommit and not options and not self._has_connected:
            self._has_connected = True
            connection = self._begun_session()
            self._beginner = None
            return connection
        self._has_connected = True
        return self._open(node, autocommit=autocommit, **options)

    def _open(self, node: int = 0, *, autocommit: bool = True, **options: Any) -> Connection:
        settings = "-c statement_timeout=60s " + options.pop("options", "")
        connection = self.server.connect(
            self.database,
            node,
            own_session=self.own_session,
            autocommit=autocommit,
            options=settings,
            **options,
        )
        self._opened.callback(connection.close)
        return connection

    def _begun_session(self) -> Connection:
        """The session that has begun the test, or a new one if there is none."""
        database = self.database
        if self._beginner is not None:
            try:
                self._beginner.execute("select")
            except psycopg.OperationalError:  # the test has restarted the server
                self._end_beginner()
        if self._beginner is None:
            self._beginner = self._open()
        assert self._beginner.info.dbname == database
        return self._beginner

    def _end_beginner(self) -> None:
        if self._beginner is not None:
            self._beginner.close()
            self._beginner = None

    @contextlib.contextmanager
    def _session(self) -> Iterator[Connection]:
        """What begins a test, and the one connection that a later declaration needs."""
        if self._has_connected:
            with self._open() as connection:
                yield connection
        else:
            yield self._begun_session()

    def close(self) -> None:
        """Close connections, and forget transactions that a test left prepared."""
        self._opened.close()
        self._beginner = None
        self._has_connected = False
        if self._database is None:
            return
        for node, gids in enumerate(self.server.prepared(self._database)):
            for gid in gids:
                with self.server.connect(self._database, node, autocommit=True) as db:
                    db.execute(psycopg.sql.SQL("rollback prepared {}").format(gid))

    def empty(self) -> None:
        """Remove what tests make."""
        # What is set must not stay in a session of a pooler.
        with self.server.connect(self.database, own_session=True, autocommit=True) as db:
            empty(db)

    def begin(self, *statements: str) -> None:
        """Execute what many tests begin with."""
        self._begin(lambda: self._execute(statements), *statements)

    def _execute(self, statements: tuple[str, ...]) -> str:
        with self._session() as db:
            for statement in statements:
                db.execute(statement.encode())
        return ""

    def source(self, name: str = "lab.e", columns: str = "", distribute: bool = True) -> None:
        """An events table with two daily partitions and a default one."""
        self._begin(lambda: self._make_source(name, columns, distribute), name, columns, distribute)

    def _make_source(self, name: str, columns: str, distribute: bool) -> str:
        with self._session() as db:
            script(
                db,
                f"""create table {name} (
                        event_id bigserial, event_time timestamptz not null default '{DAY}',
                        customer_id bigint not null, country text, device_id bigint, amount int
                        {columns}) partition by range (event_time);
                    create index on {name} using brin (event_id) with (pages_per_range = 32)
                """,
            )
            if distribute:
                self.distribute(db, name)
            script(
                db,
                f"""create table {name}_1 partition of {name}
                        for values from ('2024-06-01 00:00Z') to ('2024-06-02 00:00Z');
                    create table {name}_2 partition of {name}
                        for values from ('2024-06-02 00:00Z') to ('2024-06-03 00:00Z');
                    create table {name}_default partition of {name} default
                """,
            )
            self.server.complete_source(db, name)
        return name

    def distribute(self, db: Connection, table: str) -> None:
        if self.server.is_citus:
            db.execute("select create_distributed_table(%s, 'customer_id')", [table])

    def declare(
        self,
        name: str = "visits",
        *,
        source: str = "lab.e",
        bucket: str = "5 minutes",
        measures: dict[str, Any] | None = None,
        dimensions: list[str] | None = None,
        db: Connection | None = None,
        **options: object,
    ) -> str:
        """Declare a rollup. Returns what rollup.create_rollup says."""
        arguments: dict[str, object] = {
            "name": name,
            "bucket": bucket,
            "measures": json.dumps(MEASURES if measures is None else measures),
            "dimensions": ["country"] if dimensions is None else dimensions,
        } | options
        arguments["source"] = source
        # What is made relative to the time of day would be of another day.
        if db is None and "partition_interval" not in options:
            return self._begin(lambda: self._create_rollup(arguments), arguments)
        return self._create_rollup(arguments, db)

    def _create_rollup(self, arguments: dict[str, object], db: Connection | None = None) -> str:
        named = ", ".join(f"{key} => %({key})s" for key in arguments if key != "source")
        with contextlib.ExitStack() as opened:
            db = db or opened.enter_context(self._session())
            said = db.execute(
                f"select rollup.create_rollup(source => %(source)s::regclass, {named})".encode(),
                arguments,
            ).fetchone()
        assert said is not None
        return str(said[0])
