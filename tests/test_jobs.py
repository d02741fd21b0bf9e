"""Jobs: one next step after the other, for procedures, clients and the command line."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.helpers import (
    Connection,
    Lab,
    Task,
    assert_exact,
    counted,
    expected,
    insert,
    pid,
    row,
    rows,
    run,
    run_family,
    script,
    until_waiting,
    value,
    watermarks,
)

# Tests look for the processes of their sessions.
pytestmark = pytest.mark.own_session


def two_sources(lab: Lab) -> Connection:
    """Rollup "visits" of lab.e and after it "others" of lab.other, an event in each."""
    for name, source in (("visits", "lab.e"), ("others", "lab.other")):
        lab.source(source)
        lab.declare(name, source=source)
    db = lab.connect()
    insert(db)
    insert(db, table="lab.other")
    return db


def step(db: Connection, job: str, max_size: int = 1_000_000) -> tuple[str, Any, Any, bool]:
    """Pass a job as text, as a client does; returns job, report, failure and more."""
    query = "select job::text, report, failure, more from rollup.next_step(%s::rollup.job, %s)"
    said = row(db, query, job, max_size)
    return said[0], said[1], said[2], said[3]


def start(db: Connection, kind: str = "run", names: list[str] | None = None) -> str:
    return str(value(db, "select rollup.start_job(%s, %s)::text", kind, names))


def ledger(db: Connection) -> list[tuple[Any, ...]]:
    return rows(db, "select rollup, status, events from rollup.runs order by id")


# Steps


def test_client_keeps_the_job_as_text(lab: Lab) -> None:
    db = two_sources(lab)
    lab.declare("hours", bucket="1 hour")
    insert(db, 14)
    job, report, failure, more = step(db, start(db), 10)
    one = {"status": "done", "events": 10, "rows": 1}
    assert (failure, more) == (None, True)
    assert report == [one | {"rollup": "visits"}, one | {"rollup": "hours"}]
    job, report, failure, more = step(db, job, 10)
    assert [each["rollup"] for each in report] == ["others"]
    job, report, failure, more = step(db, job, 10)
    assert [each["events"] for each in report] == [5, 5]
    assert (failure, more) == (None, False)
    assert step(db, job)[1:] == ([], None, False)
    assert_exact(db)


def test_only_what_is_named_is_done(plain_lab: Lab) -> None:
    lab = plain_lab
    db = two_sources(lab)
    lab.declare("hours", bucket="1 hour")
    job, report, _, more = step(db, start(db, names=["hours", "others", "hours"]))
    assert [each["rollup"] for each in report] == ["others"]
    job, report, _, more = step(db, job)
    assert [each["rollup"] for each in report] == ["hours"]
    assert not more
    assert watermarks(db) == []
    script(db, "select rollup.set_retention('visits', '1 day')")
    script(db, "select rollup.set_retention('others', '1 day')")
    job, report, _, more = step(db, start(db, "expire", ["others"]))
    assert not more
    assert value(db, "select count(*) from lab.others") == 0
    run(db)
    assert counted(db) == expected(db)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            "'clean'",
            errors.InvalidParameterValue,
            "a job is run, expire, backfill, backfill measures, check or rebuild, not 'clean'",
        ),
        ("'run', '{nosuch}'", errors.UndefinedObject, "there is no rollup nosuch"),
        ("'expire', '{nosuch}'", errors.UndefinedObject, "there is nothing called nosuch that"),
        ("'backfill', '{nosuch}'", errors.UndefinedObject, "there is no rollup nosuch"),
        ("'backfill measures', '{nosuch}'", errors.UndefinedObject, "there is no rollup nosuch"),
    ],
)
def test_jobs_that_cannot_begin(
    plain_lab: Lab, arguments: str, error: type[psycopg.Error], message: str
) -> None:
    with pytest.raises(error, match=message):
        value(plain_lab.connect(), f"select rollup.start_job({arguments})")


def test_step_refuses_what_it_does_not_know(plain_lab: Lab) -> None:
    db = plain_lab.connect()
    job = value(db, "select row(array['{\"do\": \"shine\"}'::jsonb], '{}')::rollup.job::text")
    with pytest.raises(errors.InvalidParameterValue, match="a job cannot do 'shine'"):
        step(db, job)


def test_rollup_dropped_meanwhile_is_not_missed(plain_lab: Lab) -> None:
    lab = plain_lab
    db = two_sources(lab)
    lab.declare("hours", bucket="1 hour")
    job = start(db)
    db.execute("select rollup.drop_rollup('visits')")
    _, report, failure, more = step(db, job)
    assert ([each["rollup"] for each in report], failure, more) == (["hours"], None, True)


# Failures


def test_broken_member_is_tried_once_and_named_once(lab: Lab) -> None:
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    db = lab.connect()
    break_target(db, "lab.hours")
    insert(db, 95)
    with pytest.raises(errors.RaiseException) as caught:
        db.execute("call rollup.run_all(10)")
    said = str(caught.value.diag.message_primary)
    assert said.startswith("rollup hours failed: ")
    assert said.count("broken_") == 1
    assert caught.value.diag.message_hint == (
        "Everything else is done. See rollup.status, rollup.runs and rollup.retention."
    )
    assert_exact(db)
    assert [each for each in ledger(db) if each[0] == "hours"] == [("hours", "failed", 0)]
    assert len([each for each in ledger(db) if each[0] == "visits"]) == 10


def break_target(db: Connection, target: str) -> None:
    """Have every write to a rollup's table fail."""
    db.execute(f"alter table {target} add constraint broken_ check (n < 0) not valid".encode())


def test_failure_has_all_fields_and_is_in_the_ledger_once(plain_lab: Lab) -> None:
    lab = plain_lab
    db = two_sources(lab)
    break_target(db, "lab.visits")
    job, report, failure, more = step(db, start(db))
    assert report == [{"rollup": "visits", "status": "failed", "events": 0, "rows": 0}]
    assert failure["sqlstate"] == "23514"
    assert "broken_" in failure["message"]
    assert failure["detail"].startswith("Failing row contains")
    assert failure["hint"] is None
    assert more
    assert ledger(db) == [("visits", "failed", 0)]
    job, report, failure, more = step(db, job)
    assert (report[0]["events"], failure, more) == (1, None, False)
    # What failed last time does not go first.
    _, report, _, _ = step(db, start(db))
    assert report[0]["rollup"] == "others"


def test_deferred_is_told_from_failed(plain_lab: Lab) -> None:
    lab = plain_lab
    db, writer = two_sources(lab), lab.connect(autocommit=False)
    db.execute("set rollup.max_wait = '50ms'")
    insert(writer)
    _, report, failure, _ = step(db, start(db))
    assert report[0]["status"] == "deferred"
    assert failure["sqlstate"] == "55P03"
    assert failure["message"].startswith("rollup visits was deferred: pid ")
    assert failure["hint"].startswith("Nothing was counted; the next run tries again.")
    assert ledger(db) == [("visits", "deferred", 0)]
    with pytest.raises(errors.LockNotAvailable):
        db.execute("call rollup.run_all()")
    break_target(db, "lab.others")
    insert(db, table="lab.other")
    with pytest.raises(errors.RaiseException) as caught:
        db.execute("call rollup.run_all()")
    said = str(caught.value.diag.message_primary)
    assert "rollup visits was deferred: pid" in said
    assert "rollup others failed: " in said


def test_failure_that_cannot_be_recorded_ends_nothing(plain_lab: Lab) -> None:
    lab = plain_lab
    db = two_sources(lab)
    break_target(db, "lab.visits")
    db.execute(
        "alter table rollup_internal.runs add check (status operator(pg_catalog.<>) 'failed')"
    )
    notices: list[str] = []
    db.add_notice_handler(lambda said: notices.append(str(said.message_primary)))
    with pytest.raises(errors.RaiseException, match="rollup visits failed: "):
        db.execute("call rollup.run_all()")
    assert any("that rollup visits failed could not be recorded" in said for said in notices)
    assert ledger(db) == [("others", "done", 1)]


def test_cancelled_job_stops(plain_lab: Lab) -> None:
    lab = plain_lab
    db, writer, runner = two_sources(lab), lab.connect(autocommit=False), lab.connect()
    insert(writer)
    task: Task[Any] = Task(lambda: runner.execute("call rollup.run_all()"))
    until_waiting(db, runner, task)
    db.execute("select pg_cancel_backend(%s::int)", [pid(runner)])
    with pytest.raises(errors.QueryCanceled):
        task.result()
    assert ledger(db) == []


# Trap 43: the session's default isolation level


@pytest.mark.no_hostile("its sessions do again at read committed what is refused")
@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_trap_43_isolation_of_the_session_is_none_of_the_jobs_business(
    lab: Lab, level: str
) -> None:
    lab.source()
    lab.declare()
    lab.declare("past", measures={"n": {"count": "*"}})
    db, writer, runner = lab.connect(), lab.connect(autocommit=False), lab.connect()
    insert(db, 30)
    runner.execute(f"set default_transaction_isolation = '{level}'".encode())
    insert(writer)
    task: Task[Any] = Task(lambda: runner.execute("call rollup.run_all(10)"))
    until_waiting(db, runner, task)
    insert(db, 5)
    writer.commit()
    task.result()
    assert value(db, "select sum(n) from lab.visits") >= 31
    runner.execute("call rollup.run_all()")
    assert_exact(db)

    lab.declare("newest", bucket="2 hours", newest_first=True)
    runner.execute("call rollup.backfill('newest', 10)")
    assert value(db, "select sum(n) from lab.newest") == 36
    db.execute("select rollup.alter_rollup('past', %s)", [json.dumps({"total": {"sum": "amount"}})])
    runner.execute("call rollup.backfill_measures('past')")
    assert value(db, "select sum(total) from lab.past") == 3 * 36
    db.execute("delete from lab.visits")
    runner.execute("call rollup.rebuild_in_steps('visits')")
    assert_exact(db)
    db.execute("select rollup.set_retention('visits', '1 day')")
    runner.execute("call rollup.expire_all()")
    assert value(db, "select count(*) from lab.visits") == 0
    # Within a transaction of somebody's own, the level is theirs, and refused.
    with pytest.raises(errors.InvalidTransactionState, match=f"at isolation level {level}"):
        run(runner)
    with pytest.raises(errors.InvalidTransactionTermination), runner.transaction():
        runner.execute("call rollup.run_all()")


# Trap 44: statement_timeout


def test_trap_44_blocked_rollup_leaves_time_for_the_others(lab: Lab) -> None:
    db, writer = two_sources(lab), lab.connect(autocommit=False)
    runner = lab.connect()
    runner.execute("set statement_timeout = '3s'")
    insert(writer)
    began = time.monotonic()
    with pytest.raises(errors.LockNotAvailable) as caught:
        runner.execute("call rollup.run_all()")
    assert 1 < time.monotonic() - began < 3
    assert str(caught.value.diag.message_primary).startswith("rollup visits was deferred: pid ")
    assert ledger(db) == [("visits", "deferred", 0), ("others", "done", 1)]
    message = value(db, "select message from rollup.runs where rollup = 'visits'")
    assert "is still writing to lab.e" in message
    assert value(db, "select n from lab.others") == 1
    writer.commit()
    runner.execute("call rollup.run_all()")
    assert_exact(db)


@pytest.mark.no_hostile("it waits for time limits")
@pytest.mark.parametrize("member", ["visits", "hours"])
def test_trap_44_locked_table_leaves_time_for_the_others(plain_lab: Lab, member: str) -> None:
    lab = plain_lab
    db, other = two_sources(lab), lab.connect(autocommit=False)
    lab.declare("hours", bucket="1 hour")
    runner = lab.connect()
    limit = value(runner, "show lock_timeout")
    runner.execute("set statement_timeout = '2s'")
    other.execute(f"lock table lab.{member} in exclusive mode".encode())
    with pytest.raises(errors.LockNotAvailable) as caught:
        runner.execute("call rollup.run_all()")
    assert str(caught.value.diag.message_primary).startswith(
        "rollups visits, hours were deferred: canceling statement due to lock timeout"
    )
    assert sorted(ledger(db)) == [
        ("hours", "deferred", 0),
        ("others", "done", 1),
        ("visits", "deferred", 0),
    ]
    assert value(runner, "show lock_timeout") == limit
    other.rollback()
    runner.execute("call rollup.run_all()")
    assert_exact(db)


def test_trap_44_expiry_goes_on_where_a_table_is_locked(plain_lab: Lab) -> None:
    lab = plain_lab
    db, reader = two_sources(lab), lab.connect(autocommit=False)
    db.execute("call rollup.run_all()")
    for source in ("lab.e", "lab.other"):
        db.execute("select rollup.set_retention(%s, '1 day')", [source])
    reader.execute("select from lab.e")
    runner = lab.connect()
    runner.execute("set statement_timeout = '2s'")
    with pytest.raises(errors.LockNotAvailable, match="source lab.e: lab.e is in use: no lock"):
        runner.execute("call rollup.expire_all()")
    assert value(db, "select count(*) from lab.e") == 1
    assert value(db, "select count(*) from lab.other") == 0


@pytest.mark.no_hostile("it measures time")
def test_trap_44_window_that_takes_too_long_does_not_starve_the_others(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.source("lab.other")
    db, runner = lab.connect(), lab.connect()
    db.execute(
        "create function lab.slow(double precision) returns boolean immutable"
        " language plpgsql as 'begin perform pg_sleep($1); return true; end'"
    )
    lab.declare(filter="lab.slow(20 + amount * 0)")
    lab.declare("others", source="lab.other")
    insert(db)
    insert(db, table="lab.other")
    runner.execute("set statement_timeout = '1s'")
    with pytest.raises(errors.RaiseException) as caught:
        runner.execute("call rollup.run_all()")
    assert caught.value.diag.message_primary == (
        "rollup visits failed: canceling statement due to statement timeout"
    )
    assert caught.value.diag.message_hint == (
        "statement_timeout left no time for more of others."
        " See rollup.status, rollup.runs and rollup.retention."
    )
    assert ledger(db) == [("visits", "failed", 0)]
    with pytest.raises(errors.RaiseException, match="rollup visits failed"):
        runner.execute("call rollup.run_all()")
    assert ledger(db) == [("visits", "failed", 0), ("others", "done", 1)]
    # A client's steps are statements of their own: each has all of the time.
    insert(db, table="lab.other")
    job, more, seen = start(runner), True, Counter[str]()
    while more:
        job, report, _, more = step(runner, job)
        seen.update({f"{each['rollup']} {each['status']}": 1 for each in report})
    assert seen == {"others done": 1, "visits failed": 1}


def test_trap_44_windows_that_are_left_are_the_next_calls(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db, runner = lab.connect(), lab.connect()
    insert(db, 3000)
    notices: list[str] = []
    runner.add_notice_handler(lambda said: notices.append(str(said.message_primary)))
    runner.execute("set statement_timeout = '2s'")
    runner.execute("call rollup.run_all(1)")
    assert notices == ["statement_timeout leaves no time for more of visits"]
    assert {status for _, status, _ in ledger(db)} == {"done"}
    assert 0 < watermarks(db)[0][1] < 3000
    runner.execute("call rollup.run_all()")
    assert_exact(db)


# Trap 55: a new member of a family


def live(db: Connection, target: str) -> int:
    return int(value(db, f"select sum(n) from {target}_live"))


@pytest.mark.parametrize("by", ["run_family", "run_all"])
def test_trap_55_new_member_catches_up_beside_its_family(lab: Lab, by: str) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 100)
    run(db)
    lab.declare("hours", bucket="1 hour")
    assert value(db, "select count(distinct family) from rollup.rollups") == 1
    total, calls = 100, 0
    while calls == 0 or value(db, "select count(distinct last_id) from rollup.watermarks") > 1:
        insert(db, 3)
        total += 3
        calls += 1
        assert calls < 30
        if by == "run_family":
            outcomes = run_family(db, "hours", 10)
            assert outcomes["visits"].events == 3  # goes on with what is new
            assert outcomes["hours"].events <= 20
        else:
            step(db, start(db), 10)
        assert value(db, "select sum(n) from lab.visits") == total
        assert live(db, "lab.visits") == live(db, "lab.hours") == total
    assert calls > 5
    assert_exact(db)
    assert value(db, "select sum(n) from lab.hours") == total
    assert rows(db, "select * from rollup.verify('hours')") == []


def test_trap_55_backlog_of_a_member_goes_on_beside_a_new_one(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()
    insert(db, 100)
    lab.declare(newest_first=True)
    lab.declare("hours", bucket="1 hour")
    for number in range(1, 4):
        insert(db, 2)
        outcomes = run_family(db, "hours", 10)
        assert outcomes["visits"].events == 12
        assert outcomes["hours"].events == 10
        assert live(db, "lab.visits") == live(db, "lab.hours") == 100 + 2 * number
    db.execute("call rollup.run_all()")
    db.execute("call rollup.backfill('visits')")
    assert_exact(db)
    assert value(db, "select sum(n) from lab.hours") == 106
