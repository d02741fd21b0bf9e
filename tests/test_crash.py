"""A run that dies anywhere has counted nothing, and the next one counts it all."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests import servers
from tests.helpers import (
    Connection,
    Lab,
    Task,
    assert_exact,
    catch_up,
    counted,
    expected,
    insert,
    pid,
    rows,
    run,
    run_family,
    until,
    until_waiting,
    value,
    watermarks,
)
from tests.servers import Server

# Where a run of the family can be stopped, by a lock on what it writes next: before the
# first member is written, before the second, after the watermarks, before the end.
POINTS = {
    "first member": "lab.visits",
    "second member": "lab.hours",
    "watermarks": "rollup.watermarks",
    "ledger": "rollup.runs",
}


def prepare(lab: Lab) -> Connection:
    """Two rollups that have counted something, and events they have not."""
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    db = lab.connect()
    insert(db, 5)
    db.execute("call rollup.run_all()")
    insert(db, 3)
    insert(db, 4, event_time="2024-06-02 01:02:03Z", country=None)
    return db


def state(db: Connection) -> list[Any]:
    return [counted(db), counted(db, "lab.hours"), watermarks(db), watermarks(db, "hours")]


def stop_at(lab: Lab, point: str) -> tuple[Connection, Task[Any], Connection]:
    """A run_all that waits at a point, and who holds it back."""
    db, holder, runner = lab.connect(), lab.connect(autocommit=False), lab.connect()
    table = POINTS[point]
    holder.execute(f"lock table {table} in exclusive mode".encode())
    task: Task[Any] = Task(lambda: runner.execute("call rollup.run_all()"))
    until_waiting(db, runner, task, "Lock")
    return runner, task, holder


def assert_all_counted(db: Connection) -> None:
    db.execute("call rollup.run_all()")
    assert_exact(db)
    assert counted(db, "lab.hours") == expected(db, bucket="1 hour")
    outcomes = run_family(db, "visits")
    assert {outcome.status for outcome in outcomes.values()} == {"nothing new"}


@pytest.mark.parametrize("point", POINTS)
def test_trap_18_terminated_run_has_counted_nothing(lab: Lab, point: str) -> None:
    db = prepare(lab)
    before = state(db)
    runner, task, holder = stop_at(lab, point)
    db.execute("select pg_terminate_backend(%s::int)", [pid(runner)])
    with pytest.raises(psycopg.OperationalError):
        task.result()
    holder.rollback()
    assert state(db) == before
    assert_all_counted(db)


@pytest.fixture(scope="module")
def crashing() -> Iterator[Server]:
    """A server that nobody else's test stands on."""
    cluster = servers.private_cluster({}, [], trust_tcp=False)
    server = Server("crashing", [cluster.dsn()], [cluster.log], [cluster])
    try:
        yield server
    finally:
        server.discard()


@pytest.fixture
def crashing_lab(crashing: Server) -> Iterator[Lab]:
    lab = Lab.make(crashing)
    yield lab
    lab.close()
    crashing.drop(lab.database)


def postmaster(lab: Lab) -> int:
    (cluster,) = lab.server.clusters
    return int((cluster.data / "postmaster.pid").read_text().splitlines()[0])


def is_gone(process: int) -> bool:
    stat = Path(f"/proc/{process}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):  # before it is opened, or before it is read
        return True


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize("victim", ["backend", "postmaster"])
@pytest.mark.parametrize("point", ["second member", "ledger"])
def test_trap_18_kill_9_leaves_exact_totals(crashing_lab: Lab, victim: str, point: str) -> None:
    lab = crashing_lab
    db = prepare(lab)
    before = state(db)
    runner, task, _ = stop_at(lab, point)
    (cluster,) = lab.server.clusters
    backend = pid(runner)
    if victim == "backend":  # the server restarts itself, without a clean shutdown
        os.kill(backend, signal.SIGKILL)
    else:
        process = postmaster(lab)
        os.kill(process, signal.SIGKILL)
        until(lambda: is_gone(process) and is_gone(backend), "the server is gone")
    with pytest.raises(psycopg.OperationalError):
        task.result()
    cluster.up()

    def answers() -> bool:
        try:
            lab.connect()
        except psycopg.OperationalError:
            return False
        return True

    until(answers, "the server is back")
    db = lab.connect()
    assert state(db) == before
    assert_all_counted(db)


def test_trap_10_prepared_writer_survives_a_crash_and_is_waited_for(crashing_lab: Lab) -> None:
    lab = crashing_lab
    db = prepare(lab)
    writer = lab.connect(autocommit=False)
    insert(writer)
    writer.execute("prepare transaction 'survivor'")
    process = postmaster(lab)
    os.kill(process, signal.SIGKILL)
    until(lambda: is_gone(process), "the server is gone")
    (cluster,) = lab.server.clusters
    cluster.up()
    db = lab.connect()
    db.execute("set rollup.max_wait = '10ms'")
    with pytest.raises(errors.LockNotAvailable, match="prepared transaction 'survivor'"):
        run(db)
    db.execute("commit prepared 'survivor'")
    assert_all_counted(db)


def test_trap_19_backlog_is_resumed_after_a_failure(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    db.execute("alter table lab.visits add constraint lucky check (customer_id <> 13)")
    insert(db, 25)
    insert(db, customer_id=13)
    insert(db, 24)
    with pytest.raises(errors.RaiseException, match=r"visits failed: .*violates check"):
        db.execute("call rollup.run_all(10)")
    # What was committed window by window stays.
    assert value(db, "select sum(n) from lab.visits") == 20
    ledger = "select status, events from rollup.runs order by id"
    assert rows(db, ledger) == [("done", 10), ("done", 10), ("failed", 0)]
    db.execute("alter table lab.visits drop constraint lucky")
    db.execute("call rollup.run_all(10)")
    assert rows(db, ledger)[3:] == [("done", 10)] * 3
    assert_exact(db)


def test_failed_run_is_rolled_back_whole(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db, runner = lab.connect(), lab.connect(autocommit=False)
    insert(db, 3)
    run(runner)
    runner.rollback()
    assert counted(db).total() == 0
    assert watermarks(db) == []
    assert [outcome.events for outcome in catch_up(db)] == [3]
    assert_exact(db)
