"""Several sessions fill in one backlog: each event is counted once, and none waits for another."""

from __future__ import annotations

import signal
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
    until,
    until_waiting,
    value,
)
from tests.servers import rollupctl, start_rollupctl

# Tests look for the processes of their sessions.
pytestmark = pytest.mark.own_session

MINUTE = "2024-06-01 {:02}:{:02}Z"


def spread(db: Connection, number: int, minutes: int = 10) -> None:
    """Events whose times rise with their ids, as many in each bucket of five minutes."""
    for half_hour in range(number // minutes):
        insert(db, minutes, event_time=MINUTE.format(half_hour // 2, half_hour % 2 * 30))


def backlog(lab: Lab, events: int = 200) -> Connection:
    """Rollup "visits" of lab.e with a backlog."""
    lab.source()
    db = lab.connect()
    spread(db, events)
    lab.declare(newest_first=True)
    return db


def start(db: Connection) -> str:
    return str(value(db, "select rollup.start_job('backfill', '{visits}')::text"))


def step(db: Connection, job: str, max_size: int = 10) -> tuple[str, Any, Any, bool]:
    """Returns job, report, failure and more."""
    query = "select job::text, report, failure, more from rollup.next_step(%s::rollup.job, %s)"
    said = row(db, query, job, max_size)
    return said[0], said[1], said[2], said[3]


def events(report: Any) -> int:
    return sum(each["events"] for each in report)


def fill(session: Connection, name: str, max_events: int) -> Task[Any]:
    return Task(lambda: session.execute("call rollup.backfill(%s, %s)", [name, max_events]))


def finish(db: Connection, job: str, max_size: int = 10) -> None:
    more = True
    while more:
        job, _, failure, more = step(db, job, max_size)
        assert failure is None


def live(db: Connection) -> int:
    return int(value(db, "select sum(n) from lab.visits_live"))


def parts(db: Connection) -> tuple[Any, ...]:
    """Number of parts of the backlog, and of their ids."""
    return row(db, "select count(*), sum(through_id - after_id) from rollup.backlogs")


WINDOWS = """select (r ->> 'after_id')::bigint, (r ->> 'through_id')::bigint
               from rollup.runs, jsonb_array_elements(id_ranges) r where rollup = 'visits' order by id"""


def test_two_sessions_count_different_parts_at_the_same_time(plain_lab: Lab) -> None:
    db = backlog(plain_lab)
    one, other = plain_lab.connect(autocommit=False), plain_lab.connect(autocommit=False)
    job, report, _, more = step(one, start(one))
    assert report == []
    assert more
    one.commit()
    assert parts(db) == (16, 200)
    _, first, _, _ = step(one, job)
    # The other one has counted when it waits, and then moves the tails on top of what is committed.
    stepping = Task(lambda: step(other, start(other)))
    until_waiting(db, other, stepping, "advisory")
    assert live(db) == 200
    one.commit()
    _, second, _, _ = stepping.result()
    assert (events(first), events(second)) == (10, 10)
    assert (live(db), value(db, "select sum(n) from lab.visits")) == (200, 10)
    other.commit()
    assert (live(db), value(db, "select sum(n) from lab.visits")) == (200, 20)
    assert parts(db) == (16, 180)
    status = "select backlog_ids, filled_percent from rollup.status"
    assert rows(db, status) == [(180, 10)]
    db.execute("call rollup.backfill('visits', 10)")
    assert rows(db, "select * from rollup.backlogs") == []
    assert_exact(db)
    assert rows(db, "select * from rollup.verify('visits')") == []


def test_sessions_share_a_backlog_until_it_is_filled(lab: Lab) -> None:
    db = backlog(lab, 400)
    sessions = [lab.connect() for _ in range(3)]
    tasks = [fill(session, "visits", 7) for session in sessions]
    insert(db, 5, country="new")
    for task in tasks:
        task.result()
    run(db)
    assert rows(db, "select * from rollup.backlogs") == []
    assert_exact(db)
    assert rows(db, "select * from rollup.verify('visits')") == []
    assert value(db, "select sum(events) from rollup.runs") == 405


def test_one_session_counts_part_after_part_from_the_newest_back(plain_lab: Lab) -> None:
    db = backlog(plain_lab)
    db.execute("call rollup.backfill('visits', 10)")
    windows = rows(db, WINDOWS)
    assert len(windows) > 16
    assert windows[0][1] == 200
    assert [after for after, _ in windows[:-1]] == [through for _, through in windows[1:]]
    assert windows[-1][0] == 0
    assert_exact(db)


def test_what_is_left_is_divided_again(plain_lab: Lab) -> None:
    db = backlog(plain_lab, 400)
    job, _, _, _ = step(db, start(db))
    assert parts(db) == (16, 400)
    db.execute(
        "delete from rollup_internal.backlogs where through_id <> (select max(through_id) from rollup_internal.backlogs)"
    )
    db.execute("update rollup_internal.backlogs set after_id = 300")
    job, report, _, _ = step(db, job)
    assert (report, parts(db)) == ([], (8, 100))


# What is above the watermark


def test_history_of_a_rollup_that_has_not_run_becomes_a_backlog(lab: Lab) -> None:
    lab.source()
    db = lab.connect()
    spread(db, 200)
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    insert(db, 3, country="new")
    sessions = [lab.connect() for _ in range(2)]
    tasks = [fill(session, "hours", 10) for session in sessions]
    for task in tasks:
        task.result()
    db.execute("call rollup.run_all()")
    assert_exact(db)
    assert counted(db, "lab.hours") == expected(db, bucket="1 hour")
    assert live(db) == 203
    assert rows(db, "select * from rollup.verify('visits')") == []
    assert rows(db, "select distinct backlog_ids from rollup.status") == [(0,)]


def test_history_that_a_run_is_counting_stays_with_it(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    db, one = lab.connect(), lab.connect(autocommit=False)
    spread(db, 200)
    lab.declare()
    assert run(one, max_events=10).events == 10
    _, report, _, more = step(db, start(db))
    assert [each["status"] for each in report] == ["busy"]
    assert not more
    one.commit()
    _, report, _, more = step(db, start(db))
    assert (report, more, parts(db)) == ([], True, (16, 190))
    assert rows(db, "select * from rollup.verify('visits')") == []
    db.execute("call rollup.backfill('visits', 10)")
    assert_exact(db)


def test_history_with_an_open_writer_is_not_counted_before_it_ends(lab: Lab) -> None:
    lab.source()
    db, writer = lab.connect(), lab.connect(autocommit=False)
    spread(db, 100)
    insert(writer, 10, country="slow")
    spread(db, 100)
    lab.declare()
    job, _, _, more = step(db, start(db))
    assert more
    db.execute("set rollup.max_wait = '50ms'")
    with pytest.raises(errors.LockNotAvailable, match="still writing"):
        step(db, job)
    writer.commit()
    finish(db, job)
    assert_exact(db)
    assert value(db, "select sum(n) from lab.visits") == 210


def test_history_is_postponed_on_top_of_what_another_session_counts(plain_lab: Lab) -> None:
    lab = plain_lab
    db = backlog(lab)
    first, second = lab.connect(autocommit=False), lab.connect(autocommit=False)
    job, _, _, _ = step(db, start(db))
    step(first, job)  # has the new events until it commits
    stepping = Task(lambda: step(second, job))
    until_waiting(db, second, stepping, "advisory")
    first.commit()
    assert events(stepping.result()[1]) == 10
    spread(db, 100)
    postponing = lab.connect()
    postponed = Task(lambda: step(postponing, job))
    until_waiting(db, postponing, postponed, "advisory")
    second.commit()
    assert postponed.result()[1] == []
    assert value(db, "select sum(through_id - after_id) from rollup.backlogs") == 280
    assert live(db) == 300
    assert rows(db, "select * from rollup.verify('visits')") == []
    finish(db, job)
    assert_exact(db)


def test_few_new_events_become_no_backlog(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()
    lab.declare()
    insert(db, 20)
    _, report, _, more = step(db, start(db))
    assert (events(report), more) == (10, False)
    assert rows(db, "select * from rollup.backlogs") == []


# Failures


def test_part_of_a_killed_session_is_counted_by_another(plain_lab: Lab) -> None:
    db = backlog(plain_lab)
    victim = plain_lab.connect(autocommit=False)
    job, _, _, _ = step(db, start(db))
    _, report, _, _ = step(victim, job)
    assert events(report) == 10
    value(db, "select pg_terminate_backend(%s, 60000)", pid(victim))
    with pytest.raises(psycopg.OperationalError):
        victim.execute("select 1")
    _, report, _, _ = step(db, job)
    assert events(report) == 10
    assert (
        value(db, "select max((id_ranges -> 0 ->> 'through_id')::bigint) from rollup.runs") == 200
    )
    finish(db, job)
    assert_exact(db)


def test_run_beside_another_one_counts_no_new_events(plain_lab: Lab) -> None:
    db = backlog(plain_lab)
    one = plain_lab.connect(autocommit=False)
    insert(db, 4, country="new")
    assert run(one, max_events=10).events == 14
    # The backlog is one part, which the first run has.
    assert run(db, max_events=10) == ("busy", 0, 0, False)
    one.commit()
    assert run(db, max_events=10).events == 10
    db.execute("call rollup.backfill('visits')")
    assert_exact(db)


def test_set_aside_events_are_retried_by_one_session(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()
    spread(db, 100)
    lab.declare(measures={"n": {"count": "*"}, "amount": {"sum": "10 / amount"}}, newest_first=True)
    insert(db, 1, amount=0)
    run(db, max_events=10)
    assert value(db, "select count(*) from rollup.set_aside") == 1
    db.execute("update lab.e set amount = 1 where amount = 0")
    step(db, start(db))
    db.execute("update rollup_internal.set_aside set last_tried_at = '-infinity'")
    one, other = lab.connect(autocommit=False), lab.connect()
    job = start(db)
    assert events(step(one, job)[1]) == 11
    stepping = Task(lambda: step(other, job))
    until_waiting(db, other, stepping, "advisory")
    one.commit()
    assert events(stepping.result()[1]) == 10
    finish(db, job)
    assert value(db, "select sum(n) from lab.visits") == 101
    assert rows(db, "select * from rollup.verify('visits')") == []


def test_events_that_were_set_aside_are_not_retried_beside_a_run(plain_lab: Lab) -> None:
    lab = plain_lab
    db = backlog(lab)
    one = lab.connect(autocommit=False)
    step(db, start(db))
    db.execute(
        "insert into rollup_internal.set_aside (rollup, event_id, sqlstate, reason)"
        " values ('visits', 1000, '22012', 'made up')"
    )
    run(one, max_events=10)
    db.execute("set statement_timeout = '5s'")
    assert row(db, "select * from rollup.retry_set_aside('visits')") == (0, 1)
    assert parts(db) == (16, 200)
    one.commit()
    assert row(db, "select * from rollup.retry_set_aside('visits')") == (1, 0)


def test_family_is_divided_at_the_same_id(lab: Lab) -> None:
    lab.source()
    db = lab.connect()
    spread(db, 200)
    lab.declare(newest_first=True)
    lab.declare("hours", bucket="1 hour", newest_first=True)
    sessions = [lab.connect() for _ in range(2)]
    tasks = [fill(session, "hours", 10) for session in sessions]
    for task in tasks:
        task.result()
    assert rows(db, "select * from rollup.backlogs") == []
    assert_exact(db)
    assert counted(db, "lab.hours") == expected(db, bucket="1 hour")
    # Windows were counted for both at once.
    ledger = "select id_ranges from rollup.runs where rollup = %s order by id_ranges::text"
    assert rows(db, ledger, "visits") == rows(db, ledger, "hours")


@pytest.mark.parametrize("divided", ["visits", "hours"])
def test_part_that_shrinks_while_it_is_divided(plain_lab: Lab, divided: str) -> None:
    lab = plain_lab
    lab.source()
    db, counting, dividing = lab.connect(), lab.connect(autocommit=False), lab.connect()
    spread(db, 200)
    lab.declare(newest_first=True)
    lab.declare("hours", bucket="1 hour", newest_first=True)
    # The division of the first member's row lasts until the other member's has changed.
    db.execute(
        "create function lab.linger() returns trigger language plpgsql as $$ begin"
        " if current_setting('lab.lingers', true) = 'on' then perform pg_advisory_xact_lock_shared(1); end if;"
        " return new; end $$"
    )
    db.execute(
        "create trigger linger before insert or update on rollup_internal.backlogs"
        " for each row execute function lab.linger()"
    )
    dividing.execute("set default_transaction_isolation = 'read committed'")
    dividing.execute("set lab.lingers = on")
    db.execute("select pg_advisory_lock(1)")
    run(counting, "hours" if divided == "visits" else "visits", max_events=10)
    stepping = Task(
        lambda: dividing.execute("select rollup_internal.divide_backlog(%s, 10)", [divided])
    )
    until_waiting(db, dividing, stepping, "advisory")
    counting.commit()
    db.execute("select pg_advisory_unlock(1)")
    stepping.result()
    db.execute("drop trigger linger on rollup_internal.backlogs")
    sizes = (
        "select sum(through_id - after_id), (select sum(upper(r) - lower(r))"
        " from unnest(range_agg(int8range(after_id, through_id))) r)"
        " from rollup_internal.backlogs group by rollup order by 1"
    )
    assert rows(db, sizes) == [(190, 190), (200, 200)]
    db.execute("call rollup.backfill('hours', 10)")
    db.execute("call rollup.backfill('visits', 10)")
    assert_exact(db)
    assert counted(db, "lab.hours") == expected(db, bucket="1 hour")


def test_change_of_a_rollup_waits_for_all_sessions_and_keeps_others_out(plain_lab: Lab) -> None:
    db = backlog(plain_lab)
    one, other, changer = (plain_lab.connect(autocommit=False) for _ in range(3))
    job, _, _, _ = step(db, start(db))
    step(one, job)
    stepping = Task(lambda: step(other, job))
    until_waiting(db, other, stepping, "advisory")
    add = """select rollup.alter_rollup('visits', '{"most": {"max": "amount"}}')"""
    change = Task(lambda: changer.execute(add))
    until_waiting(db, changer, change, "advisory")
    assert run(db).status == "busy"
    one.commit()
    stepping.result()
    until_waiting(db, changer, change, "advisory")
    other.commit()
    change.result()
    changer.commit()
    finish(db, job)
    assert_exact(db)
    assert rows(db, "select * from rollup.verify('visits')") == []


@pytest.mark.no_hostile("deadlock_timeout needs a superuser")
def test_victim_of_a_deadlock_goes_on(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db, other = lab.connect(), lab.connect(autocommit=False)
    insert(db, 1, customer_id=1)
    insert(db, 1, customer_id=2)
    run(db)
    insert(db, 1, customer_id=1)
    insert(db, 1, customer_id=2)
    other.execute("set deadlock_timeout = '1min'")
    other.execute("update lab.visits set n = n where customer_id = 2")
    runner = lab.connect()
    runner.execute("set deadlock_timeout = '2s'")  # the victim is who looks first
    job = str(value(db, "select rollup.start_job('run')::text"))
    stepping = Task(lambda: step(runner, job))
    until_waiting(db, runner, stepping, "transactionid")
    other.execute("update lab.visits set n = n where customer_id = 1")
    job, report, failure, more = stepping.result()
    assert (report, failure, more) == ([], None, True)
    other.commit()
    job, report, failure, more = step(runner, job)
    assert (events(report), failure) == (2, None)
    assert_exact(db)
    assert rows(db, "select status from rollup.runs") == [("done",), ("done",)]


def test_command_is_the_victim_of_a_deadlock_on_citus(citus_lab: Lab) -> None:
    lab = citus_lab
    lab.source()
    lab.declare()
    db, other = lab.connect(), lab.connect(autocommit=False)
    for count in range(2):
        for tenant in range(1, 9):
            insert(db, 1, customer_id=tenant)
        if count == 0:
            run(db)
    other.execute("update lab.visits set n = n where customer_id = 2")
    command = start_rollupctl(lab.server.dsn(lab.database), "rollup")
    until(lambda: bool(rows(db, "select from citus_lock_waits")), "the run waits for a row")
    for tenant in (1, *range(3, 9)):
        other.execute("update lab.visits set n = n where customer_id = %s", [tenant])
    other.commit()
    _, said = command.communicate(timeout=60)
    assert command.returncode == 0, said
    assert_exact(db)


@pytest.mark.parametrize("max_events", [0, -1])
def test_window_without_ids_is_refused(plain_lab: Lab, max_events: int) -> None:
    db = backlog(plain_lab)
    with pytest.raises(errors.InvalidParameterValue, match="max_events must be at least 1, not"):
        db.execute("call rollup.backfill('visits', %s)", [max_events])
    assert parts(db) == (1, 200)


def test_window_without_a_limit_counts_everything(plain_lab: Lab) -> None:
    db = backlog(plain_lab)
    db.execute("call rollup.backfill('visits', null)")
    assert_exact(db)


def test_unreachable_backlog_is_told_of(plain_lab: Lab) -> None:
    db = backlog(plain_lab)
    db.execute("update rollup_internal.backlogs set through_id = 300")
    with pytest.raises(
        errors.ObjectNotInPrerequisiteState, match="has a backlog that no run can reach"
    ):
        finish(db, start(db))
    assert value(db, "select sum(n) from lab.visits") > 150


def test_command_line_fills_in_with_several_sessions(lab: Lab) -> None:
    db = backlog(lab, 400)
    dsn = lab.server.dsn(lab.database)
    done = rollupctl(dsn, "backfill", "visits", "--max-events", "20", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert "ids are left" in done.stderr
    assert rows(db, "select * from rollup.backlogs") == []
    assert_exact(db)


def test_command_line_stops_all_sessions_when_one_fails(plain_lab: Lab) -> None:
    db = backlog(plain_lab, 400)
    db.execute("alter table lab.visits add constraint lucky check (bucket <> '2024-06-01 02:00Z')")
    dsn = plain_lab.server.dsn(plain_lab.database)
    failed = rollupctl(dsn, "backfill", "visits", "--max-events", "10", "--jobs", "2")
    assert failed.returncode == 1
    assert "lucky" in failed.stderr
    assert "Traceback" not in failed.stderr
    left = value(db, "select sum(through_id - after_id) from rollup.backlogs")
    assert left > 0
    db.execute("alter table lab.visits drop constraint lucky")
    assert rollupctl(dsn, "backfill", "visits", "--jobs", "2").returncode == 0
    assert_exact(db)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_interruption_ends_a_pause(plain_lab: Lab, jobs: str) -> None:
    db = backlog(plain_lab)
    dsn = plain_lab.server.dsn(plain_lab.database)
    command = start_rollupctl(
        dsn, "backfill", "visits", "--max-events", "10", "--pause", "1 day", "--jobs", jobs
    )
    until(lambda: value(db, "select count(*) from rollup.runs") >= int(jobs), "a pause begins")
    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=60)
    assert command.returncode == 130
    assert said.decode().splitlines()[-1] == "rollupctl: error: interrupted"
    assert value(db, "select sum(through_id - after_id) from rollup.backlogs") > 0
    db.execute("call rollup.backfill('visits')")
    assert_exact(db)


def test_jobs_must_be_a_number(plain_lab: Lab) -> None:
    backlog(plain_lab, 10)
    dsn = plain_lab.server.dsn(plain_lab.database)
    for wrong in (["0"], ["many"], ["2", "--tenant", "1"]):
        failed = rollupctl(dsn, "backfill", "visits", "--jobs", *wrong)
        assert failed.returncode == 2
        assert "--jobs" in failed.stderr
