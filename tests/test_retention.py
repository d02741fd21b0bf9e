"""What is declared to be kept for a time goes after that time, and nothing before it was counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.helpers import (
    Connection,
    Lab,
    Task,
    insert,
    pid,
    row,
    rows,
    run,
    until,
    until_waiting,
    value,
)

# Tests look for the processes of their sessions.
pytestmark = pytest.mark.own_session

PARTITION = "1 month"
BEGAN: list[datetime] = []  # the server's time when a test first asked for it


@pytest.fixture(params=[None, PARTITION], ids=["whole", "partitioned"])
def shape(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Options of a rollup whose table is not partitioned, or is."""
    return {} if request.param is None else {"partition_interval": request.param}


def prepare(lab: Lab, **options: Any) -> Connection:
    """An events table, and a rollup by 5 minutes that is kept for 90 days."""
    lab.source()
    lab.declare(**{"keep": "90 days"} | options)
    return lab.connect()


@pytest.fixture(autouse=True)
def _start_the_clock() -> None:
    BEGAN.clear()


def insert_ago(db: Connection, age: str, number: int = 1, **columns: Any) -> None:
    """Write events of an age. It counts from one moment for the whole test: events of one age are of
    one bucket, also when the clock meanwhile steps into the next one."""
    if not BEGAN:
        BEGAN.append(value(db, "select now()"))
    when = value(db, "select %s::timestamptz - %s::interval", BEGAN[0], age)
    insert(db, number, event_time=when, **columns)


def total(db: Connection, target: str = "lab.visits", where: str = "true") -> int:
    return int(value(db, f"select coalesce(sum(n), 0) from {target} where {where}"))


def expire(db: Connection, name: str = "visits", **options: Any) -> list[tuple[Any, ...]]:
    """What went, in all: partition, rows, action."""
    found: list[tuple[Any, ...]] = []
    named = "".join(f", {key} => {text}" for key, text in options.items())
    more = True
    while more:
        told = rows(
            db,
            f"select partition, rows, action, more from rollup.expire_rollup(%s{named})",
            name,
        )
        found += [each[:3] for each in told]
        more = any(each[3] for each in told)
    return found


def expire_all(db: Connection) -> None:
    db.execute("call rollup.expire_all()")


def state(db: Connection) -> Any:
    """All there is: rows, partitions, events, and what is remembered of what went."""
    return (
        rows(db, "select customer_id, bucket, country, n from lab.visits order by 1, 2, 3"),
        rows(db, "select partition::text from rollup.partitions('lab.visits')"),
        rows(db, "select partition::text from rollup.partitions('lab.e')"),
        total_events(db),
        rows(db, "select name, keep, expired_before from rollup.retention"),
    )


def total_events(db: Connection) -> int:
    return int(value(db, "select count(*) from lab.e"))


def verified(db: Connection, name: str = "visits") -> int:
    return int(value(db, "select count(*) from rollup.verify(%s)", name))


# What is declared


@pytest.mark.no_hostile("it reads intervals as the server writes them")
def test_retention_is_declared_and_shown(lab: Lab) -> None:
    lab.source()
    lab.declare(keep="90 days")
    lab.declare("hours", bucket="1 hour")
    db = lab.connect()
    shown = "select kind, name, relation::text, keep::text from rollup.retention"
    assert rows(db, shown) == [
        ("source", "lab.e", "lab.e", None),
        ("rollup", "hours", "lab.hours", None),
        ("rollup", "visits", "lab.visits", "90 days"),
    ]
    assert value(db, "select rollup.set_retention('lab.e', '7 days')") == "lab.e keeps 7 days"
    assert value(db, "select rollup.set_retention('e', '8 days')") == "lab.e keeps 8 days"
    said = value(db, "select rollup.set_retention('hours', '2 years')")
    assert said == "rollup hours keeps 2 years"
    said = value(db, "select rollup.set_retention('visits', null)")
    assert said == "rollup visits keeps everything"
    assert [keep for *_, keep in rows(db, shown)] == ["8 days", "2 years", None]
    # A declaration that says nothing of it leaves what is set, one that says otherwise is another.
    assert lab.declare("hours", bucket="1 hour") == "rollup hours is there already"
    assert lab.declare("hours", bucket="1 hour", keep="2 years") == "rollup hours is there already"
    with pytest.raises(errors.DuplicateObject) as told:
        lab.declare("hours", bucket="1 hour", keep="1 year")
    assert "rollup.set_retention('hours', '1 year')" in str(told.value.diag.message_hint)


@pytest.mark.no_hostile("it reads intervals as the server writes them")
@pytest.mark.parametrize(
    ("name", "keep", "said"),
    [
        ("visits", "0", "must be longer than zero, not '00:00:00'"),
        ("visits", "-1 day", "must be longer than zero, not '-1 days'"),
        ("visits", "4 minutes", "must not be shorter than a bucket, 00:05:00, as 00:04:00 is"),
        ("visits", "200000 years", "is too long: '200000 years'"),
        ("lab.e", "0", "must be longer than zero"),
        ("lab.e", "-3 months", "must be longer than zero"),
        ("nowhere", "1 day", "there is no rollup nowhere, and no source of that name"),
        ("lab.visits", "1 day", "there is no rollup"),
    ],
)
def test_a_retention_that_makes_no_sense(plain_lab: Lab, name: str, keep: str, said: str) -> None:
    db = prepare(plain_lab)
    before = state(db)
    with pytest.raises(psycopg.Error, match=said) as told:
        db.execute("select rollup.set_retention(%s, %s::interval)", [name, keep])
    assert told.value.diag.message_hint
    assert state(db) == before
    if name == "visits":
        with pytest.raises(errors.InvalidParameterValue, match=said):
            plain_lab.declare("others", keep=keep)
        assert value(db, "select to_regclass('lab.others')") is None


def test_a_source_that_has_no_partitions_cannot_be_kept_for_a_time(plain_lab: Lab) -> None:
    db = plain_lab.connect()
    db.execute(
        "create table lab.flat (event_id bigserial, event_time timestamptz not null,"
        " customer_id bigint not null, country text, device_id bigint, amount int)"
    )
    plain_lab.declare(source="lab.flat")
    with pytest.raises(errors.WrongObjectType, match="is not partitioned by range"):
        db.execute("select rollup.set_retention('lab.flat', '1 day')")
    # Its rollups' rows may go.
    db.execute("select rollup.set_retention('visits', '1 day')")
    expire_all(db)


# What goes


def test_rows_go_once_their_bucket_is_too_old(lab: Lab, shape: dict[str, Any]) -> None:
    db = prepare(lab, **shape)
    insert_ago(db, "200 days", 5)
    insert_ago(db, "150 days", 4)
    insert_ago(db, "89 days", 3)
    insert_ago(db, "1 minute", 2)
    run(db)
    told = expire(db)
    assert sum(number for _, number, _ in told) == 2
    assert {action for *_, action in told} <= {"dropped", "rows deleted"}
    assert total(db) == 5
    # The events stay, and are not counted again.
    assert total_events(db) == 14
    assert run(db).status == "nothing new"
    assert verified(db) == 0
    before = state(db)
    assert expire(db) == []
    assert state(db) == before


def test_whole_buckets_go_to_the_second(plain_lab: Lab) -> None:
    db = prepare(plain_lab, keep="1 hour")
    with db.transaction():
        limit = value(db, "select date_bin('5 min', now() - interval '1 hour', '2000-01-01Z')")
        for seconds in (-300, -1, 0, 299):
            time = value(db, "select %s + make_interval(secs => %s)", limit, seconds)
            insert(db, event_time=time)
        run(db)
        expire(db)
        assert rows(db, "select bucket, n from lab.visits") == [(limit, 2)]
        assert value(db, "select expired_before from rollup.rollups") == limit


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu"])
def test_age_does_not_follow_the_session_time_zone(plain_lab: Lab, zone: str) -> None:
    # A month before the end of March is not the same hour where the clocks change between.
    db = prepare(plain_lab, keep="5 months")
    plain_lab.source("lab.other")
    insert(db, table="lab.other", event_time="2020-01-01 00:00Z")
    with db.transaction():
        cutoffs, ages = set(), set()
        for each in ("UTC", zone):
            db.execute(f"set local timezone = '{each}'".encode())
            ages.add(
                value(
                    db,
                    "select extract(epoch from range_to) from rollup.expire('lab.other', '5 months',"
                    " true) where partition = 'lab.other_default'",
                )
            )
            cutoffs.add(
                value(
                    db,
                    "select extract(epoch from rollup_internal.retention_cutoff(r)) from rollup_internal.rollups r",
                )
            )
        assert (len(cutoffs), len(ages)) == (1, 1)
        insert_ago(db, "6 months", 2)
        insert_ago(db, "4 months", 3)
        db.execute("set local datestyle = 'SQL, DMY'")
        run(db)
        db.execute("select rollup.expire_rollup('visits')")
        assert total(db) == 3


def test_partitions_are_dropped_whole_and_not_before(lab: Lab) -> None:
    db = prepare(lab, partition_interval=PARTITION)
    insert(db, event_time=value(db, "select now()"))
    months = rows(
        db,
        "select partition::text, range_from, range_to,"
        " (now() at time zone 'UTC' - interval '90 days') at time zone 'UTC',"
        " (now() at time zone 'UTC' + interval '4 months') at time zone 'UTC'"
        " from rollup.partitions('lab.visits') where not is_default order by 2",
    )
    # From what is kept of the history to four ahead, by the calendar of UTC.
    assert months[0][1] <= months[0][3] < months[0][2]
    assert months[-1][1] <= months[-1][4] < months[-1][2]
    assert [month[2] for month in months[:-1]] == [month[1] for month in months[1:]]
    for _, since, *_ in months[:2]:
        insert(db, 10, event_time=since)
    run(db)
    name = months[0][0]
    # All of it must be too old, and the rows of the month after stay with it.
    assert expire(db) == []
    db.execute("update rollup.rollups set keep = now() - %s", [months[0][2]])
    assert expire(db) == [(name, 1, "dropped")]
    assert value(db, "select to_regclass(%s)", name) is None
    assert value(db, "select expired_before = %s from rollup.rollups", months[0][2])
    assert total(db) == 11
    assert verified(db) == 0
    # Nor is what is left of the next one taken for something that has gone.
    insert_ago(db, "400 days", 4)
    run(db)
    db.execute("update rollup.rollups set keep = now() - %s - interval '9 days'", [months[0][2]])
    assert expire(db) == [("lab.visits_default", 1, "rows deleted")]
    assert value(db, "select expired_before = %s from rollup.rollups", months[0][2])
    db.execute("update lab.visits set n = 7 where bucket = %s", [months[1][1]])
    assert verified(db) == 1


def test_buckets_across_the_bounds_of_partitions(lab: Lab) -> None:
    db = prepare(lab, bucket="7 hours", partition_interval="1 day", keep="20 days")
    for hours in range(0, 480, 3):
        insert_ago(db, f"{hours} hours")
    run(db)
    # Once in seven days a day begins with a bucket: just after that midnight one partition more can
    # go, and a day later none.
    gone = 0
    for keep in ("10 days", "9 days", "8 days"):
        db.execute("select rollup.set_retention('visits', %s::interval)", [keep])
        gone += len(expire(db))
        assert verified(db) == 0
        since = value(db, "select expired_before from rollup.rollups")
        assert value(db, "select min(bucket) >= %s from lab.visits", since)
        # What is asked for from here on is all there.
        assert value(db, "select date_bin('7 hours', %s, '2000-01-01Z') = %s", since, since)
    assert gone >= 2


def test_long_history_goes_in_bounded_parts(lab: Lab) -> None:
    db = prepare(lab)
    for days in range(100, 110):
        insert_ago(db, f"{days} days", 2)
        insert_ago(db, f"{days} days", 2, customer_id=2)
    insert_ago(db, "1 day", 2)
    run(db)
    told = expire(db, max_rows="5")
    # Two rows a bucket: whole buckets, so four.
    assert [number for _, number, _ in told] == [4, 4, 4, 4, 4]
    assert total(db) == 2
    assert verified(db) == 0
    with pytest.raises(errors.InvalidParameterValue):
        expire(db, max_rows="0")


def test_dry_run_changes_nothing(lab: Lab, shape: dict[str, Any]) -> None:
    db = prepare(lab, **shape)
    db.execute("select rollup.set_retention('lab.e', '7 days')")
    insert_ago(db, "200 days", 5)
    insert_ago(db, "1 day", 5)
    run(db)
    before = state(db)
    assert [action for *_, action in expire(db, dry_run="true")] == ["would delete rows"]
    told = rows(db, "select kind, name, rows, action from rollup.expirable()")
    assert ("rollup", "visits", 1, "would delete rows") in told
    assert ("source", "lab.e", 5, "would delete rows") in told
    assert {action for kind, *_, action in told} <= {"would drop", "would delete rows"}
    assert state(db) == before
    expire_all(db)
    assert (total(db), total_events(db)) == (5, 5)
    assert rows(db, "select * from rollup.expirable()") == []


def test_every_tier_is_kept_for_its_time(lab: Lab, shape: dict[str, Any]) -> None:
    db = prepare(lab, **shape)
    lab.declare("hours", bucket="1 hour")
    db.execute("select rollup.set_retention('lab.e', '7 days')")
    for age in ("400 days", "100 days", "80 days", "8 days", "6 days", "1 hour"):
        insert_ago(db, age, 10)
    db.execute("call rollup.run_all()")
    expire_all(db)
    expire_all(db)
    assert total_events(db) == 20
    assert total(db, where="bucket < now() - interval '125 days'") == 0
    assert total(db, where="bucket > now() - interval '90 days'") == 40
    assert total(db, "lab.hours") == 60
    assert (verified(db), verified(db, "hours")) == (0, 0)


def test_events_that_are_not_counted_hold_up_only_themselves(lab: Lab) -> None:
    db = prepare(lab)
    lab.source("lab.other")
    lab.declare("others", source="lab.other")
    for source in ("lab.e", "lab.other"):
        db.execute("select rollup.set_retention(%s, '7 days')", [source])
    insert_ago(db, "200 days", 5)
    insert_ago(db, "30 days", 5, table="lab.other")
    db.execute("call rollup.run_all()")
    insert_ago(db, "30 days", 3)
    with pytest.raises(errors.RaiseException, match=r"rollup visits has not counted 3 events"):
        expire_all(db)
    assert total_events(db) == 8
    assert total(db) == 0
    assert value(db, "select count(*) from lab.other") == 0
    kept = "select action from rollup.expirable()"
    assert rows(db, kept)[-1] == ("kept: rollup visits has not counted 3 events of lab.e_default",)
    db.execute("call rollup.run_all()")
    expire_all(db)
    assert total_events(db) == 0


def test_a_source_whose_rollups_are_gone_is_left_alone(lab: Lab) -> None:
    db = prepare(lab)
    db.execute("select rollup.set_retention('lab.e', '7 days')")
    insert_ago(db, "30 days", 3)
    db.execute("select rollup.drop_rollup('visits', true)")
    expire_all(db)
    assert rows(db, "select * from rollup.expirable()") == []
    assert total_events(db) == 3
    lab.declare()
    run(db)
    expire_all(db)
    assert (total_events(db), total(db)) == (0, 3)


# Late events, verify, rebuild


def test_late_event_into_an_expired_bucket(lab: Lab, shape: dict[str, Any]) -> None:
    db = prepare(lab, **shape)
    insert_ago(db, "200 days", 5)
    insert_ago(db, "1 day", 5)
    run(db)
    expire(db)
    assert total(db) == 5
    insert_ago(db, "200 days", 2)
    assert run(db).events == 2
    # Counted, once; not whole, which nothing takes for a difference; and gone again.
    assert total(db) == 7
    assert verified(db) == 0
    assert rows(db, "select * from rollup.repair('visits')") == []
    expire(db)
    assert total(db) == 5
    assert verified(db) == 0


def test_verify_still_finds_what_differs_later(lab: Lab, shape: dict[str, Any]) -> None:
    db = prepare(lab, **shape)
    insert_ago(db, "200 days", 5)
    insert_ago(db, "1 day", 5)
    run(db)
    expire(db)
    db.execute("update lab.visits set n = n + 1")
    assert verified(db) == 1


def test_rebuild_refuses_what_has_expired(lab: Lab, shape: dict[str, Any]) -> None:
    db = prepare(lab, **shape)
    insert_ago(db, "200 days", 5)
    insert_ago(db, "1 day", 5)
    run(db)
    expire(db)
    before = state(db)
    since = value(db, "select expired_before from rollup.rollups")
    for call in (
        "rollup.rebuild('visits')",
        "rollup.rebuild('visits', tenant => '1')",
        "rollup.rebuild('visits', now() - interval '201 days', now() - interval '199 days')",
    ):
        with pytest.raises(errors.ObjectNotInPrerequisiteState, match="have expired") as told:
            db.execute(f"select * from {call}".encode())
        assert "Rebuild from " in str(told.value.diag.message_hint)
    assert state(db) == before
    assert row(db, "select * from rollup.rebuild('visits', %s)", since) == (5, 1, 1)
    assert state(db) == before


def test_expired_rows_come_back_where_the_retention_is_lengthened(
    lab: Lab, shape: dict[str, Any]
) -> None:
    db = prepare(lab, **shape)
    insert_ago(db, "300 days", 3)
    insert_ago(db, "200 days", 5)
    insert_ago(db, "1 day", 5)
    run(db)
    insert_ago(db, "250 days")
    expire(db)
    db.execute("select rollup.set_retention('visits', '220 days')")
    since = "now() - interval '210 days'"
    # Not beside a gap, not for one tenant, not beyond the retention.
    for arguments in (
        f"{since}, now() - interval '190 days'",
        f"{since}, tenant => '1'",
        "now() - interval '310 days'",
    ):
        with pytest.raises(errors.ObjectNotInPrerequisiteState):
            db.execute(f"select * from rollup.rebuild('visits', {arguments})".encode())
    assert row(db, f"select * from rollup.rebuild('visits', {since})") == (10, 1, 2)
    assert (total(db), verified(db)) == (10, 0)
    assert expire(db) == []
    db.execute("select rollup.set_retention('visits', null)")
    assert row(db, "select * from rollup.rebuild('visits')") == (13, 2, 3)
    assert value(db, "select expired_before from rollup.rollups") is None
    run(db)
    assert (total(db), verified(db)) == (14, 0)


def test_expiry_between_the_look_and_the_work_of_rebuild(lab: Lab) -> None:
    db = prepare(lab, keep=None)
    db.execute("select rollup.set_retention('lab.e', '7 days')")
    insert_ago(db, "30 days", 5)
    run(db)
    holder, rebuilder = lab.connect(autocommit=False), lab.connect()
    holder.execute("select rollup_internal.wait_for_run_lock('visits')")
    task = Task(lambda: rebuilder.execute("select rollup.rebuild('visits')"))
    until_waiting(db, rebuilder, task, "Lock")
    expire_all(db)
    holder.rollback()
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="raw events were dropped"):
        task.result()
    assert total(db) == 5


def test_expiry_between_the_look_and_the_work_of_verify(plain_lab: Lab) -> None:
    db = prepare(plain_lab)
    # Dropping a partition would wait for the one who verifies.
    db.execute("drop table lab.e_1, lab.e_2")
    insert_ago(db, "200 days", 5)
    insert_ago(db, "89 days", 5)
    insert_ago(db, "1 day", 5)
    run(db)
    for call in ("rollup.expire_rollup('visits')", "rollup.expire('lab.e', '7 days')"):
        holder, verifier = plain_lab.connect(autocommit=False), plain_lab.connect()
        holder.execute("lock table lab.visits in access exclusive mode")
        task = Task(lambda verifier=verifier: verified(verifier))  # type: ignore[misc]
        until_waiting(db, verifier, task, "Lock")
        assert len(rows(holder, f"select {call}")) >= 1
        holder.commit()
        assert task.result() == 0
    assert (total(db), total_events(db)) == (10, 5)


# With others at work


@pytest.mark.no_hostile("at repeatable read a wait may end with a serialization failure")
def test_expiry_and_a_run_take_turns(lab: Lab, shape: dict[str, Any]) -> None:
    db = prepare(lab, **shape)
    insert_ago(db, "200 days", 5)
    run(db)
    insert_ago(db, "200 days", 3)
    runner, expirer = lab.connect(autocommit=False), lab.connect()
    assert run(runner).events == 3
    task = Task(lambda: expire(expirer))
    until_waiting(db, expirer, task, "advisory")
    runner.commit()
    assert [number for _, number, _ in task.result()] == [1]
    assert total(db) == 0

    insert_ago(db, "200 days", 3)
    run(db)
    insert_ago(db, "1 day", 1)
    expirer = lab.connect(autocommit=False)
    expire(expirer)
    assert run(db).status == "busy"
    expirer.rollback()
    assert run(db).events == 1
    assert total(db) == 4


def test_a_long_run_puts_it_off_and_the_rest_goes(lab: Lab) -> None:
    db = prepare(lab)
    lab.declare("hours", bucket="1 hour", keep="90 days")
    insert_ago(db, "200 days", 5)
    db.execute("call rollup.run_all()")
    runner = lab.connect(autocommit=False)
    insert_ago(db, "200 days", 1)
    run(runner)
    db.execute("set rollup.max_wait = '100ms'")
    with pytest.raises(errors.LockNotAvailable, match="rollup visits: rollup visits is being run"):
        expire_all(db)
    assert (total(db), total(db, "lab.hours")) == (5, 0)
    runner.rollback()
    expire_all(db)
    assert total(db) == 0


def test_readers_are_waited_for_a_bounded_time(lab: Lab) -> None:
    db = prepare(lab, keep=None, partition_interval=PARTITION)
    insert_ago(db, "100 days", 5)
    run(db)
    first = value(db, "select partition::text from rollup.partitions('lab.visits') limit 1")
    db.execute(
        "update rollup.rollups set keep = now() - (select range_to from"
        " rollup.partitions('lab.visits') where partition = %s::regclass)",
        [first],
    )
    reader = lab.connect(autocommit=False)
    rows(reader, "select count(*) from lab.visits")
    db.execute("set rollup.max_wait = '300ms'")
    with pytest.raises(errors.LockNotAvailable, match="lab.visits is in use"):
        expire_all(db)
    assert value(db, "select to_regclass(%s)::text", first) == first
    reader.rollback()
    expire_all(db)
    assert value(db, "select to_regclass(%s)", first) is None


def test_two_at_once_do_no_harm(lab: Lab, shape: dict[str, Any]) -> None:
    db = prepare(lab, **shape)
    db.execute("select rollup.set_retention('lab.e', '7 days')")
    for days in range(100, 130):
        insert_ago(db, f"{days} days", 2)
    insert_ago(db, "1 day", 5)
    run(db)

    def one(connection: Connection) -> Callable[[], str]:
        def call() -> str:
            try:
                connection.execute("call rollup.expire_all(3)")
            except errors.LockNotAvailable:
                return "deferred"
            return "done"

        return call

    tasks = [Task(one(lab.connect())) for _ in range(4)]
    assert {task.result() for task in tasks} <= {"done", "deferred"}
    expire_all(db)
    assert (total(db, where="bucket < now() - interval '125 days'"), total_events(db)) == (0, 5)
    assert total(db, where="bucket > now() - interval '90 days'") == 5
    assert verified(db) == 0


def test_killed_half_way_it_goes_on_where_it_was(lab: Lab) -> None:
    db = prepare(lab)
    for days in range(100, 110):
        insert_ago(db, f"{days} days", 1)
    run(db)
    # Stopped before the third part's rows go, by a lock on one of them.
    third = value(db, "select bucket from lab.visits order by bucket offset 2 limit 1")
    holder, expirer = lab.connect(autocommit=False), lab.connect()
    rows(holder, "select 1 from lab.visits where bucket = %s and customer_id = 1 for update", third)
    task: Task[Any] = Task(lambda: expirer.execute("call rollup.expire_all(1)"))
    until(lambda: total(db) == 8, "two parts are gone")
    db.execute("select pg_terminate_backend(%s::int)", [pid(expirer)])
    with pytest.raises(psycopg.OperationalError):
        task.result()
    holder.rollback()
    assert total(db) == 8
    assert value(db, "select expired_before = %s from rollup.rollups", third)
    assert verified(db) == 0
    expire_all(db)
    assert total(db) == 0


# Partitioned rollups


def test_partitioned_rollup_counts_and_maintains(lab: Lab) -> None:
    db = prepare(lab, partition_interval="1 day", keep="30 days")
    for age in ("-2 days", "1 hour", "20 days", "400 days"):
        insert_ago(db, age, 10)
    run(db)
    for age in ("-2 days", "1 hour", "20 days", "400 days"):
        insert_ago(db, age, 10)
    run(db)
    assert rows(db, "select n from lab.visits") == [(20,)] * 4
    assert value(db, "select count(*) from lab.visits_default") == 1
    assert verified(db) == 0
    assert row(db, "select * from rollup.rebuild('visits')") == (80, 4, 4)

    # As if maintenance had not run for days: rows that lie ahead wait in the default partition.
    ahead = rows(
        db,
        "select partition::text from rollup.partitions('lab.visits')"
        " where range_to > now() - interval '1 hour' order by range_from",
    )
    for (name,) in ahead:
        db.execute(f"drop table {name}".encode())
    db.execute("select rollup.rebuild('visits')")
    assert value(db, "select count(*) from lab.visits_default") == 3
    maintained = lab.connect()
    maintained.execute("select rollup.maintain_partitions()")
    assert value(maintained, "show search_path") == value(db, "show search_path")
    assert value(db, "select count(*) from lab.visits_default") == 1
    assert ahead == rows(
        db,
        "select partition::text from rollup.partitions('lab.visits')"
        " where range_to > now() - interval '1 hour' order by range_from",
    )
    for age in ("-2 days", "1 hour", "20 days", "400 days"):
        insert_ago(db, age, 10)
    run(db)
    assert rows(db, "select n from lab.visits") == [(30,)] * 4
    assert verified(db) == 0


def test_declaring_a_partitioned_rollup_leaves_the_search_path(lab: Lab) -> None:
    lab.source()
    db = lab.connect()
    before = value(db, "show search_path")
    lab.declare(partition_interval="1 day", db=db)
    assert value(db, "show search_path") == before


@pytest.mark.no_hostile("it reads intervals as the server writes them")
@pytest.mark.parametrize(
    ("width", "said"),
    [
        ("0", "a partition must be whole minutes"),
        ("-1 day", "a partition must be whole minutes"),
        ("4 minutes", "not shorter than a bucket, 00:05:00; not '00:04:00'"),
        ("1 month 1 day", "whole months"),
        ("90 seconds", "whole minutes"),
    ],
)
def test_partition_interval_that_makes_no_sense(plain_lab: Lab, width: str, said: str) -> None:
    plain_lab.source()
    with pytest.raises(errors.InvalidParameterValue, match=said):
        plain_lab.declare(partition_interval=width)
    assert value(plain_lab.connect(), "select count(*) from rollup.rollups") == 0


@pytest.mark.parametrize("width", ["5 minutes", "7 hours", "1 week", "2 months", "1 year"])
def test_partitions_of_any_length_join_up(plain_lab: Lab, width: str) -> None:
    db = prepare(plain_lab, partition_interval=width, keep=None)
    db.execute("set timezone = 'Australia/Lord_Howe'")
    ahead = "select partition::text from rollup.partitions('lab.visits') where range_from > now()"
    made = rows(db, ahead)
    assert len(made) == 4
    for (name,) in made:
        db.execute(f"drop table {name}".encode())
    db.execute("select rollup.maintain_partitions()")
    assert rows(db, ahead) == made
    bounds = rows(
        db,
        "select range_from, range_to, range_from + %s::interval from"
        " rollup.partitions('lab.visits') where not is_default",
        width,
    )
    assert len(bounds) <= 55
    assert [until for _, until, _ in bounds[:-1]] == [since for since, *_ in bounds[1:]]


def test_maintenance_waits_for_readers_and_runs_a_bounded_time(lab: Lab) -> None:
    db = prepare(lab, partition_interval="1 day")
    lab.declare("hours", bucket="1 hour", partition_interval="1 day")
    ahead = "select count(*) from rollup.partitions(%s) where range_from > now()"
    reader, runner = lab.connect(autocommit=False), lab.connect(autocommit=False)
    db.execute("set rollup.max_wait = '200ms'")
    # With nothing to make it takes no lock.
    rows(reader, "select count(*) from lab.visits")
    insert_ago(db, "-30 days")
    run(runner)
    db.execute("select rollup.maintain_partitions()")
    for held in (reader, runner):
        runner.rollback()
        for name in ("visits", "hours"):
            (last,) = row(
                db,
                "select partition::text from rollup.partitions(%s)"
                " where not is_default order by range_from desc limit 1",
                f"lab.{name}",
            )
            held.rollback()
            db.execute(f"drop table {last}".encode())
        if held is reader:
            rows(reader, "select count(*) from lab.visits")
        else:
            run(runner)
        db.execute("select rollup.maintain_partitions()")
        # Only the one in use goes without.
        assert [value(db, ahead, f"lab.{name}") for name in ("visits", "hours")] == [3, 4]
        held.rollback()
        db.execute("select rollup.maintain_partitions()")
        assert [value(db, ahead, f"lab.{name}") for name in ("visits", "hours")] == [4, 4]


@pytest.mark.no_hostile("at repeatable read a wait may end with a serialization failure")
def test_rows_that_come_while_maintenance_waits_move_too(lab: Lab) -> None:
    db = prepare(lab, partition_interval="1 day")
    (last, start) = row(
        db,
        "select partition::text, range_from from rollup.partitions('lab.visits')"
        " where not is_default order by range_from desc limit 1",
    )
    db.execute(f"drop table {last}".encode())
    insert(db, event_time=start)
    runner, keeper = lab.connect(autocommit=False), lab.connect()
    run(runner)
    task = Task(lambda: keeper.execute("select rollup.maintain_partitions()"))
    until_waiting(db, keeper, task, "advisory")
    runner.commit()
    task.result()
    assert value(db, f"select count(*) from {last}") == 1
    assert verified(db) == 0


def test_long_and_odd_names_of_partitioned_rollups(plain_lab: Lab) -> None:
    plain_lab.source()
    for name in ('Visits "by" Ö', "x" * 58, "ö" * 29):
        plain_lab.declare(name, partition_interval="1 day", keep="3 days")
        db = plain_lab.connect()
        target = value(db, "select target::text from rollup.rollups where name = %s", name)
        insert_ago(db, "1 day")
        run(db, name)
        number = "select count(*) from rollup.partitions(%s::text::regclass) where not is_default"
        assert value(db, number, target) >= 8
        db.execute("select rollup.maintain_partitions()")
        expire(db, name)
        db.execute("select rollup.drop_rollup(%s, true)", [name])


def test_a_table_partitioned_by_hand_is_adopted(lab: Lab) -> None:
    lab.source()
    db = lab.connect()
    db.execute(
        "create table lab.visits (customer_id bigint not null, bucket timestamptz not null,"
        " country text, n bigint, amount bigint, devices hll) partition by range (bucket)"
    )
    lab.distribute(db, "lab.visits")
    db.execute(
        "create table lab.visits_old partition of lab.visits"
        " for values from (minvalue) to ('2024-06-02 00:00Z')"
    )
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="no default partition"):
        lab.declare()
    db.execute("create table lab.visits_rest partition of lab.visits default")
    lab.declare(keep="90 days")
    insert(db, 5)
    insert(db, 4, event_time="2024-06-02 12:00Z")
    insert_ago(db, "1 day", 3)
    run(db)
    assert verified(db) == 0
    assert expire(db) == [("lab.visits_old", 1, "dropped"), ("lab.visits_rest", 1, "rows deleted")]
    assert (total(db), verified(db)) == (3, 0)


def test_a_partition_without_a_beginning_or_an_end_stays_until_all_of_it_is_too_old(
    plain_lab: Lab,
) -> None:
    plain_lab.source()
    db = plain_lab.connect()
    db.execute(
        "create table lab.visits (customer_id bigint not null, bucket timestamptz not null,"
        " country text, n bigint, amount bigint, devices hll) partition by range (bucket)"
    )
    for name, bounds in (
        ("past", "from (minvalue) to ('2024-06-02 00:00Z')"),
        ("rest", "from ('2024-06-02 00:00Z') to (maxvalue)"),
    ):
        db.execute(f"create table lab.{name} partition of lab.visits for values {bounds}".encode())
    db.execute("create table lab.default partition of lab.visits default")
    plain_lab.declare(keep="90 days")
    insert(db, 5)
    insert_ago(db, "100 days", 5)
    run(db)
    db.execute("update rollup.rollups set keep = now() - '2024-05-01 00:00Z'")
    assert expire(db) == []
    db.execute("update rollup.rollups set keep = '90 days'")
    assert expire(db) == [("lab.past", 1, "dropped")]
    assert expire(db) == []
    assert (total(db), verified(db)) == (5, 0)
    db.execute("update lab.visits set n = 0")
    assert verified(db) == 1


def test_a_table_that_is_not_partitioned_is_no_partitioned_rollup(plain_lab: Lab) -> None:
    plain_lab.source()
    db = plain_lab.connect()
    db.execute(
        "create table lab.visits (customer_id bigint not null, bucket timestamptz not null,"
        " country text, n bigint, amount bigint, devices hll)"
    )
    with pytest.raises(errors.WrongObjectType, match="is not partitioned by range of bucket"):
        plain_lab.declare(partition_interval="1 day")


@pytest.mark.no_hostile("a plain owner drops no extension of another")
def test_partitions_need_no_pg_partman(plain_lab: Lab) -> None:
    db = prepare(plain_lab, partition_interval="1 day")
    db.execute("drop extension pg_partman cascade")
    db.execute("select rollup.maintain_partitions()")


def test_families_count_into_partitioned_rollups(lab: Lab, shape: dict[str, Any]) -> None:
    db = prepare(lab, **shape)
    lab.declare("hours", bucket="1 hour", partition_interval="1 month")
    lab.declare("days", bucket="1 day", tenant="customer_id")
    for _ in range(2):
        for age in ("200 days", "30 days", "1 day"):
            insert_ago(db, age, 20)
        db.execute("call rollup.run_all()")
    for name in ("visits", "hours", "days"):
        assert total(db, f"lab.{name}") == 120
        assert verified(db, name) == 0


@pytest.mark.parametrize("bucket", ["1 day", "1 week", "1 month"])
def test_calendar_buckets_expire_whole(lab: Lab, bucket: str, shape: dict[str, Any]) -> None:
    db = prepare(lab, bucket=bucket, keep="3 months", time_zone="America/New_York", **shape)
    for days in range(0, 240, 5):
        insert_ago(db, f"{days} days")
    run(db)
    assert verified(db) == 0
    expire(db)
    expire(db)
    assert verified(db) == 0
    unit = bucket.split()[1]
    (since, is_start, oldest) = row(
        db,
        "select expired_before, date_trunc(%s, expired_before at time zone 'America/New_York')"
        " = expired_before at time zone 'America/New_York', (select min(bucket) from lab.visits)"
        " from rollup.rollups",
        unit,
    )
    assert is_start
    assert since <= oldest < value(db, "select now() - interval '85 days'")
    assert total(db) < 48
    db.execute("select rollup.rebuild('visits', %s)", [since])
    assert verified(db) == 0


def test_measure_added_to_what_has_expired_in_part(lab: Lab, shape: dict[str, Any]) -> None:
    db = prepare(lab, **shape)
    for age in ("200 days", "80 days", "1 day"):
        insert_ago(db, age, 5)
    run(db)
    expire(db)
    insert_ago(db, "200 days", 2)
    db.execute('select rollup.alter_rollup(\'visits\', add_measures => \'{"m": {"count": "*"}}\')')
    run(db)
    db.execute("call rollup.backfill_measures('visits')")
    since = value(db, "select expired_before from rollup.rollups")
    assert rows(db, "select m from lab.visits where bucket >= %s", since) == [(5,), (5,)]
    assert verified(db) == 0
    expire(db)
    assert (total(db), verified(db)) == (10, 0)


def test_live_view_of_what_has_expired_in_part(lab: Lab, shape: dict[str, Any]) -> None:
    db = prepare(lab, **shape)
    insert_ago(db, "200 days", 5)
    insert_ago(db, "1 day", 5)
    run(db)
    insert_ago(db, "1 day", 3)
    assert total(db, "lab.visits_live") == 13
    expire(db)
    assert total(db, "lab.visits_live") == 8
    run(db)
    assert total(db, "lab.visits_live") == 8


# Doctor


def test_doctor_tells_what_is_overdue(lab: Lab, shape: dict[str, Any]) -> None:
    db = prepare(lab, **shape)
    db.execute("select rollup.set_retention('lab.e', '7 days')")
    told = (
        "select check_name, status from rollup.doctor() where check_name ~ 'retention|of lab.vis'"
    )
    insert_ago(db, "200 days")
    run(db)
    found = dict(rows(db, told))
    assert found["retention of visits"] == "warn"
    assert found["retention of lab.e"] == "warn"
    expire_all(db)
    found = dict(rows(db, told))
    assert set(found.values()) == {"ok"}
    assert len(found) == (4 if shape else 2)
