"""Runs beside writers, other runs, declarations and expiry: nobody waits who need not."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import pytest
from psycopg import errors

from tests.helpers import (
    Connection,
    Lab,
    Outcome,
    Task,
    assert_exact,
    catch_up,
    counted,
    expected,
    insert,
    rows,
    run,
    run_family,
    until_waiting,
    value,
    watermarks,
)

BUSY = Outcome("busy", 0, 0, False)


def at_once(lab: Lab) -> Connection:
    """A connection whose statements fail when they wait for a lock, or for long."""
    return lab.connect(options="-c lock_timeout=1s -c statement_timeout=10s")


def hold_back(lab: Lab, table: str = "rollup.runs") -> Connection:
    """Stops runs where they write to a table, until the answered connection commits."""
    holder = lab.connect(autocommit=False)
    holder.execute(f"lock table {table} in exclusive mode".encode())
    return holder


def test_trap_02_writers_do_not_wait_while_a_run_waits(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db, slow, runner = lab.connect(), lab.connect(autocommit=False), lab.connect()
    insert(slow)
    task = Task(lambda: run(runner))
    until_waiting(db, runner, task)
    for number in range(3):
        writer = at_once(lab)
        insert(writer, 2)
        with (
            writer.cursor() as cursor,
            cursor.copy("copy lab.e (customer_id, device_id) from stdin") as stream,
        ):
            stream.write_row((1, number))
    assert value(db, "select count(*) from lab.e") == 9
    assert not task.is_done()
    slow.commit()
    assert task.result().events >= 1
    catch_up(db)
    assert_exact(db)


def test_trap_02_later_writers_are_not_waited_for(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db, slow, runner = lab.connect(), lab.connect(autocommit=False), lab.connect()
    later = lab.connect(autocommit=False)
    insert(slow)
    task = Task(lambda: run(runner))
    until_waiting(db, runner, task)
    insert(later)
    slow.commit()
    assert task.result() == Outcome("done", 1, 1, False)
    later.commit()
    assert run(db).events == 1
    assert_exact(db)


def test_readers_and_writers_elsewhere_are_not_waited_for(lab: Lab) -> None:
    lab.source()
    lab.source("lab.other")
    lab.declare()
    db, reader, writer = lab.connect(), lab.connect(autocommit=False), lab.connect(autocommit=False)
    insert(db)
    reader.execute("select count(*) from lab.e")
    insert(writer, table="lab.other")
    db.execute("set rollup.max_wait = '1ms'")
    assert run(db).events == 1


@pytest.mark.parametrize("first", ["run", "run_family"])
@pytest.mark.parametrize("second", ["run", "run_family", "run_all"])
def test_trap_17_second_run_steps_aside_at_once(plain_lab: Lab, first: str, second: str) -> None:
    lab = plain_lab
    lab.source()
    lab.source("lab.other")
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    lab.declare("others", source="lab.other")
    db, one, two = lab.connect(), lab.connect(autocommit=False), at_once(lab)
    insert(db)
    insert(db, table="lab.other")
    one.execute(f"select * from rollup.{first}('visits')".encode())
    if second == "run":
        assert run(two) == BUSY
    elif second == "run_family":
        assert run_family(two, "hours") == {"visits": BUSY, "hours": BUSY}
    else:
        two.execute("call rollup.run_all()")
        assert rows(db, "select rollup from rollup.runs") == [("others",)]
    assert run(two, "others").status in ("done", "nothing new")
    one.rollback()  # nothing was lost by stepping aside
    two.execute("call rollup.run_all()")
    assert_exact(db)
    assert counted(db, "lab.hours") == expected(db, bucket="1 hour")


def test_trap_17_second_run_steps_aside_while_the_first_waits_for_a_writer(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db, writer, one = lab.connect(), lab.connect(autocommit=False), lab.connect()
    insert(writer)
    task = Task(lambda: run(one))
    until_waiting(db, one, task)
    assert run(at_once(lab)) == BUSY
    writer.commit()
    assert task.result().events == 1
    assert run(db).status == "nothing new"


@pytest.mark.parametrize("seed", [1, 2])
def test_writers_and_runs_at_random(lab: Lab, seed: int) -> None:
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    nodes = len(lab.server.nodes)
    db = lab.connect()

    def write(number: int) -> None:
        chance = random.Random(seed * 100 + number)
        with lab.connect(number % nodes, autocommit=False) as writer:
            for _ in range(12):
                for part in range(chance.randint(1, 3)):
                    writer.execute(f"savepoint s{part}".encode())
                    insert(
                        writer,
                        chance.randint(1, 5),
                        customer_id=chance.randint(1, 4),
                        country=chance.choice(["de", "fr", None]),
                        event_time=f"2024-06-01 {chance.randint(0, 23)}:{chance.randint(0, 59)}Z",
                    )
                    if chance.random() < 0.2:
                        writer.execute(f"rollback to s{part}".encode())
                (writer.commit if chance.random() < 0.8 else writer.rollback)()

    def count(number: int) -> None:
        chance = random.Random(seed * 100 + number)
        with lab.connect() as runner:
            while not all(writer.is_done() for writer in writers):
                wait = f"set rollup.max_wait = '{chance.choice(['5ms', '5s'])}'"
                runner.execute(wait.encode())
                limit = chance.choice([None, 1, 7, 100])
                way = chance.choice(["visits", "hours", "family", "all"])
                with contextlib.suppress(errors.LockNotAvailable):
                    if way == "all":
                        runner.execute("call rollup.run_all(20)")
                    elif way == "family":
                        run_family(runner, "visits", limit)
                    else:
                        run(runner, way, limit)

    writers = [Task(lambda n=n: write(n)) for n in range(4)]  # type: ignore[misc]
    runners = [Task(lambda n=n: count(n)) for n in range(10, 12)]  # type: ignore[misc]
    for task in [*writers, *runners]:
        task.result()
    db.execute("call rollup.run_all()")
    assert_exact(db)
    assert counted(db, "lab.hours") == expected(db, bucket="1 hour")
    assert len(counted(db)) > 20


def test_declared_twice_at_once_is_declared_once(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    first, second, db = lab.connect(autocommit=False), lab.connect(), lab.connect()
    assert lab.declare(db=first) == "rollup visits counts lab.e into lab.visits"
    task = Task(lambda: lab.declare(db=second))
    until_waiting(db, second, task, "Lock")
    first.commit()
    assert task.result() == "rollup visits is there already"


def test_members_declared_at_once_join_one_family(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    first, second, db = lab.connect(autocommit=False), lab.connect(), lab.connect()
    lab.declare(db=first)
    task = Task(lambda: lab.declare("hours", bucket="1 hour", db=second))
    until_waiting(db, second, task, "Lock")
    first.commit()
    task.result()
    insert(db, 3)
    assert {name: o.events for name, o in run_family(db, "visits").items()} == {
        "visits": 3,
        "hours": 3,
    }


def test_member_declared_during_a_family_run_counts_everything(lab: Lab) -> None:
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    db, runner = lab.connect(), lab.connect()
    insert(db, 3)
    holder = hold_back(lab)
    task = Task(lambda: run_family(runner, "visits"))
    until_waiting(db, runner, task, "Lock")
    lab.declare("days", bucket="1 day", db=at_once(lab))
    holder.commit()
    assert task.result()["hours"].events == 3
    insert(db, 2)
    outcomes = run_family(db, "visits")
    assert {name: o.events for name, o in outcomes.items()} == {"visits": 2, "hours": 2, "days": 5}
    assert counted(db, "lab.days") == expected(db, bucket="1 day")
    assert_exact(db)


def test_drop_waits_for_a_run_and_leaves_no_watermark(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db, runner, dropper = lab.connect(), lab.connect(), lab.connect()
    insert(db, 3)
    holder = hold_back(lab, "lab.visits")
    task = Task(lambda: run(runner))
    until_waiting(db, runner, task, "Lock")
    drop: Task[Any] = Task(lambda: value(dropper, "select rollup.drop_rollup('visits')"))
    until_waiting(db, dropper, drop, "advisory")
    holder.commit()
    assert task.result().events == 3
    assert drop.result() == "rollup visits is gone; its table lab.visits stays"
    assert watermarks(db) == []
    db.execute("truncate lab.visits")
    lab.declare()
    assert run(db).events == 3
    assert_exact(db)


def test_drop_gives_up_on_a_run_that_does_not_end(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db, runner = lab.connect(), lab.connect(autocommit=False)
    insert(db)
    run(runner)
    db.execute("set rollup.max_wait = '10ms'")
    with pytest.raises(errors.LockNotAvailable, match="rollup visits is being run"):
        db.execute("select rollup.drop_rollup('visits')")
    runner.commit()
    assert_exact(db)


def test_run_that_was_overtaken_by_a_drop_counts_nothing(plain_lab: Lab) -> None:
    # A function of the family that began before the drop still names both.
    lab = plain_lab
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db)
    with pytest.raises(errors.UndefinedObject):
        db.execute("select rollup_internal.begin_run('{visits,hours}', null)")


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_trap_15_expire_refuses_old_snapshots(plain_lab: Lab, level: str) -> None:
    # It would not see an event that came while it waited for the lock, and drop it.
    lab = plain_lab
    lab.source()
    lab.declare()
    db, writer = lab.connect(), lab.connect(autocommit=False)
    insert(db)
    run(db)
    insert(writer)
    expirer = lab.connect(autocommit=False)
    expirer.execute(f"set transaction isolation level {level}".encode())
    expirer.execute("set local rollup.max_wait = '10ms'")
    with pytest.raises(errors.InvalidTransactionState, match=f"at isolation level {level}"):
        expirer.execute("select rollup.expire('lab.e', '1 day')")
    writer.commit()
    expirer.rollback()
    assert value(db, "select count(*) from lab.e_1") == 2
