"""The whole of it: start everything, kill at random, stop, count twice; then correct the events that
could not be counted, and count again."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from rollupctl.cluster import Cluster
from rollupctl.errors import ClusterError
from tests.chaos.changers import Changer
from tests.chaos.ledger import CORRECTED_COUNTRY, LONGEST_COUNTRY, Ledger, differences
from tests.chaos.runners import BACKFILLS, ROLLUPS, UPKEEP, Reader, Runner
from tests.chaos.writers import Writer
from tests.servers import Server

WRITERS = 6
CHANGERS = 3
PATIENCE = 600.0  # seconds
ROLLUP_NAMES = ("rollup_events_5min", "rollup_events_1hr")


@dataclass
class Report:
    """Figures of a storm, and what was wrong after it: nothing, if all is well."""

    figures: dict[str, int]
    wrong: list[str]


def storm(server: Server, database: str, seconds: float, seed: int, *, kill: bool = True) -> Report:
    """Let writers, runs, upkeep and (with `kill`) murder go on for so many seconds, then count.

    `server` is one whose processes this one may kill, `database` one with everything installed.
    """
    dice = random.Random(seed)
    ledger = Ledger()
    stop = threading.Event()
    threads: list[Writer | Runner] = []
    with psycopg.connect(server.dsn(database), autocommit=True) as connection:
        connection.execute("select rollup.follow_changes('public.events')")
    for number in range(CHANGERS):
        node = number % len(server.nodes)
        threads.append(
            Changer(
                lambda node=node: server.dsn(database, node),  # type: ignore[misc]
                ledger,
                dice.getrandbits(32),
                stop,
                direct=node == 0,
            )
        )
    for number in range(WRITERS):
        # On Citus every node is written to.
        node = number % len(server.nodes)
        threads.append(
            Writer(
                lambda node=node: server.dsn(database, node),  # type: ignore[misc]
                ledger,
                dice.getrandbits(32),
                stop,
                direct=node == 0 and number < 4,
            )
        )
    for statements, pause, timeout in (
        (ROLLUPS, 0.05, "0"),
        (ROLLUPS, 0.2, "0"),
        (BACKFILLS, 0.5, "5s"),
        (BACKFILLS, 0.7, "5s"),
        (UPKEEP, 1.0, "0"),
    ):
        threads.append(
            Runner(
                lambda: server.dsn(database),
                ledger,
                statements,
                dice.getrandbits(32),
                stop,
                pause,
                timeout,
            )
        )
    for node in range(len(server.nodes)):
        threads.append(
            Reader(
                lambda node=node: server.dsn(database, node),  # type: ignore[misc]
                ledger,
                dice.getrandbits(32),
                stop,
            )
        )
    for thread in threads:
        thread.start()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(min(dice.uniform(1.0, 5.0), max(0.0, until - time.monotonic())))
        if kill and time.monotonic() < until:
            _kill_something(server, database, dice, ledger)
    stop.set()
    for thread in threads:
        thread.join(PATIENCE)  # a busy machine has a backlog, and run_all counts all of it
    wrong = [f"{type(t).__name__}: {t.trouble!r}" for t in threads if t.trouble is not None]
    wrong += [f"{type(t).__name__} does not stop" for t in threads if t.is_alive()]
    with _patiently(server, database) as connection:
        _settle(connection, ledger)
        ledger.note("events that could not be counted", ledger.uncountable())
        wrong += _set_aside(connection, ledger.uncountable())
        wrong += _verified(connection)
        _correct(connection)
        wrong += _set_aside(connection, 0)
        wrong += _verified(connection)
        wrong += differences(connection, ledger)
    return Report(dict(sorted(ledger.tally.items())), wrong)


def _settle(connection: psycopg.Connection[tuple[Any, ...]], ledger: Ledger) -> None:
    """Wait for what the dead have left, count everything, look up unanswered commits."""
    connection.execute("set rollup.max_wait = '60s'")
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        connection.execute("call rollup.run_all()")
        # What another run is busy with, such as one of pg_cron's, is not counted yet.
        left = "select sum(lag_events) + sum(coalesce(backlog_ids, 0)) from rollup.status"
        if connection.execute(left.encode()).fetchone() == (0,):
            break
        time.sleep(0.5)
    ledger.settle(connection)


def _set_aside(connection: psycopg.Connection[tuple[Any, ...]], expected: int) -> Iterator[str]:
    """Rollups that have not set aside exactly the events that they cannot count."""
    for name in ROLLUP_NAMES:
        row = connection.execute(
            "select count(*) from rollup.set_aside where rollup = %s", [name]
        ).fetchone()
        if row != (expected,):
            yield f"{name} has set aside {row}, not {expected} events"


def _correct(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Make countable what could not be counted, and have it counted."""
    connection.execute(
        "update events set country = %s where length(country) > %s",
        [CORRECTED_COUNTRY, LONGEST_COUNTRY],
    )
    for name in ROLLUP_NAMES:
        connection.execute("select * from rollup.retry_set_aside(%s)", [name])


def _verified(connection: psycopg.Connection[tuple[Any, ...]]) -> Iterator[str]:
    """Differences that the package finds by itself."""
    for name in ROLLUP_NAMES:
        for row in connection.execute("select * from rollup.verify(%s)", [name]).fetchall():
            yield f"verify: {row}"


@contextlib.contextmanager
def _patiently(server: Server, database: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A connection to a server that may still be recovering."""
    until = time.monotonic() + 60
    for node in range(len(server.nodes)):
        while True:
            try:
                psycopg.connect(server.dsn(database, node), connect_timeout=5).close()
                break
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
    with psycopg.connect(server.dsn(database), autocommit=True) as connection:
        yield connection


def revive(cluster: Cluster, failed: Callable[[], None] = lambda: None) -> None:
    """Start a server again; one that falls over meanwhile gets two more tries, then its log says."""
    for _ in range(2):
        try:
            cluster.up()
            return
        except ClusterError:
            failed()
            time.sleep(1)
    try:
        cluster.up()
    except ClusterError as error:
        raise RuntimeError("\n".join(cluster.log.read_text().splitlines()[-30:])) from error


def _kill_something(server: Server, database: str, dice: random.Random, ledger: Ledger) -> None:
    node = dice.randrange(len(server.nodes))
    how = dice.choice(["terminate", "terminate", "kill -9 a backend", "kill -9 the server"])
    if how == "kill -9 the server":
        cluster = server.clusters[node]
        pid = int((cluster.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        ledger.note("servers killed with -9")
        revive(cluster, lambda: ledger.note("starts that failed at first"))
        return
    with (
        contextlib.suppress(psycopg.OperationalError, ProcessLookupError),
        psycopg.connect(server.dsn("postgres", node), autocommit=True) as connection,
    ):
        pids = connection.execute(
            "select pid from pg_stat_activity where datname = %s"
            " and backend_type = 'client backend' order by backend_start",
            [database],
        ).fetchall()
        if not pids:
            return
        (pid,) = dice.choice(pids)
        if how == "terminate":
            connection.execute("select pg_terminate_backend(%s)", [pid])
            ledger.note("backends terminated")
        else:
            os.kill(pid, signal.SIGKILL)
            ledger.note("backends killed with -9")
