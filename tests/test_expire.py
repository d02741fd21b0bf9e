"""Raw events go only when every rollup has counted them, and nobody else is held up by it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.conftest import Connection, Rollupctl
from tests.helpers import Task, rows, until, value

# Partitions are days; those that pg_partman makes at the beginning reach four days back.
AGE = "2 days"


def insert(db: Connection, age: str, number: int = 1) -> None:
    db.execute(
        "insert into events (event_time, customer_id, event_type, device_id)"
        " select now() - %s::interval, n %% 5 + 1, 'click', n from generate_series(1, %s) n",
        [age, number],
    )


def run(db: Connection) -> None:
    db.execute("call rollup.run_all()")


def expire(db: Connection, age: str = AGE, dry_run: bool = False) -> list[tuple[Any, ...]]:
    """Partition, whether its range ends in time, events, whether it has a size, what was done."""
    return rows(
        db,
        "select partition, range_to <= now() - %s::interval, events, bytes > 0, action"
        " from rollup.expire('events', %s::interval, %s)",
        age,
        age,
        dry_run,
    )


def partitions(db: Connection, condition: str = "true") -> list[str]:
    query = f"select 'public.' || partition from rollup.partitions('events') where {condition}"
    return [name for (name,) in rows(db, query)]


def old_partitions(db: Connection) -> list[str]:
    return partitions(db, f"range_to <= now() - interval '{AGE}'")


def totals(db: Connection) -> tuple[int, int, int]:
    """Raw events, and events in each rollup."""
    return (
        value(db, "select count(*) from events"),
        value(db, "select coalesce(sum(event_count), 0) from rollup_events_5min"),
        value(db, "select coalesce(sum(event_count), 0) from rollup_events_1hr"),
    )


def test_partitions_go_once_every_rollup_has_counted_them(db: Connection) -> None:
    for age, number in (("3 days", 30), ("4 days", 40), ("2 days", 20), ("1 hour", 10)):
        insert(db, age, number)
    run(db)
    old = old_partitions(db)
    kept = set(partitions(db)) - set(old)
    assert len(old) >= 1

    end = value(
        db,
        "select max(range_to) from rollup.partitions('events')"
        " where partition = any (%s::regclass[])",
        old,
    )
    gone = value(db, "select count(*) from events where event_time < %s", end)
    told = expire(db)

    assert [(name, True, True, "dropped") for name in old] == [
        (name, in_time, has_size, action) for name, in_time, _, has_size, action in told
    ]
    assert sum(events for _, _, events, _, _ in told) == gone > 0
    assert set(partitions(db)) == kept
    assert totals(db) == (100 - gone, 100, 100)

    # Nothing is left to do, and nothing is counted again.
    assert expire(db) == []
    run(db)
    assert totals(db) == (100 - gone, 100, 100)


def test_refusal_names_rollups_and_events(db: Connection, rollupctl: Rollupctl) -> None:
    insert(db, "3 days", 30)
    run(db)
    insert(db, "3 days", 7)
    db.execute("select rollup.run('rollup_events_1hr')")
    insert(db, "4 days", 1)
    before = partitions(db)

    done = rollupctl("expire", "--yes", "--older-than", AGE)
    assert done.returncode == 1
    assert done.stdout == ""
    line, hint = done.stderr.splitlines()
    assert line.startswith("rollupctl: error: nothing older than 2 days was dropped: ")
    for said in (
        r"rollup rollup_events_5min has not counted 7 events of public.events_p",
        r"rollup rollup_events_5min has not counted 1 event of public.events_p",
        r"rollup rollup_events_1hr has not counted 1 event of public.events_p",
    ):
        assert said in line
    assert "rollup_events_1hr has not counted 7" not in line
    assert hint == "hint: Run the rollups first: call rollup.run_all()"
    assert partitions(db) == before
    assert totals(db) == (38, 30, 37)

    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        expire(db)
    run(db)
    assert rollupctl("expire", "--yes", "--older-than", AGE).returncode == 0
    assert old_partitions(db) == []
    assert totals(db) == (0, 38, 38)


def test_events_that_a_rollup_filters_out_do_not_hold_up(db: Connection) -> None:
    db.execute("select rollup.drop_rollup('rollup_events_5min')")
    db.execute("select rollup.drop_rollup('rollup_events_1hr')")
    db.execute(
        "select rollup.create_rollup('buys', 'events', '1 hour', '{\"n\": {\"count\": \"*\"}}',"
        " filter => 'event_type = ''buy''')"
    )
    insert(db, "3 days", 5)
    assert [action for *_, action in expire(db) if action != "dropped"] == []
    assert value(db, "select count(*) from events") == 0


def test_dry_run_lists_and_changes_nothing(db: Connection, rollupctl: Rollupctl) -> None:
    insert(db, "3 days", 30)
    run(db)
    insert(db, "400 days", 2)
    before = partitions(db), totals(db)

    done = rollupctl("expire", "--yes", "--older-than", AGE, "--dry-run", "-o", "json")
    assert done.returncode == 0, done.stderr
    told = {row["partition"]: row for row in json.loads(done.stdout)}
    assert list(told) == [*old_partitions(db), "public.events_default"]
    counted = [row for name, row in told.items() if name != "public.events_default"]
    assert {row["action"] for row in counted} == {"would drop"}
    assert sum(row["events"] for row in counted) == 30
    assert told["public.events_default"]["events"] == 2
    assert told["public.events_default"]["action"] == (
        "kept: rollup rollup_events_5min has not counted 2 events of public.events_default,"
        " rollup rollup_events_1hr has not counted 2 events of public.events_default"
    )
    assert (partitions(db), totals(db)) == before

    run(db)
    after = expire(db, dry_run=True)
    assert after[-1][2:] == (2, True, "would delete rows")
    assert totals(db) == (32, 32, 32)


def test_rows_of_the_default_partition_fall_under_the_same_rule(db: Connection) -> None:
    insert(db, "400 days", 4)
    insert(db, "20 days", 2)
    insert(db, "-1 year", 1)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="counted 4 events of"):
        expire(db, "30 days")
    assert totals(db) == (7, 0, 0)

    run(db)
    assert expire(db, "30 days") == [("public.events_default", True, 4, True, "rows deleted")]
    assert totals(db) == (3, 7, 7)
    # The partition itself stays, also when all of it is old.
    expire(db, "10 days")
    assert totals(db) == (1, 7, 7)
    assert "public.events_default" in partitions(db)


def test_an_age_must_be_above_zero(db: Connection, rollupctl: Rollupctl) -> None:
    insert(db, "3 days")
    run(db)
    for age in ("0", "0 days", "-1 day", "soon", ""):
        done = rollupctl("expire", "--yes", f"--older-than={age}")
        assert done.returncode == 2
        assert done.stderr.startswith(f'rollupctl: error: --older-than: "{age}" is not ')
        assert len(done.stderr.splitlines()) == 2
    for interval in ("interval '0'", "interval '-1 day'", "null::interval"):
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            db.execute(f"select rollup.expire('events', {interval})".encode())
    assert totals(db) == (1, 1, 1)


def test_what_is_not_partitioned_by_time_cannot_expire(
    db: Connection, rollupctl: Rollupctl
) -> None:
    db.execute("create table flat (event_time timestamptz)")
    db.execute("create table by_id (id bigint) partition by range (id)")
    for table in ("flat", "by_id", "rollup_events_1hr"):
        done = rollupctl("expire", "--yes", "--older-than", AGE, "--table", table)
        assert done.returncode == 1
        assert "is not partitioned by range of one timestamptz column" in done.stderr
    done = rollupctl("expire", "--yes", "--older-than", AGE, "--table", "nowhere")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) <= 2


@pytest.mark.no_hostile("PGOPTIONS do not pass a pooler")
def test_an_open_writer_puts_it_off_for_a_bounded_time(
    db: Connection, connect: Callable[..., Connection], rollupctl: Rollupctl
) -> None:
    insert(db, "3 days", 30)
    run(db)
    before = partitions(db)
    writer = connect(autocommit=False)
    insert(writer, "1 minute")

    began = time.monotonic()
    done = rollupctl(
        "expire", "--yes", "--older-than", AGE, env={"PGOPTIONS": "-c rollup.max_wait=1s"}
    )
    took = time.monotonic() - began
    assert done.returncode == 4
    assert done.stderr.splitlines() == [
        "rollupctl: error: public.events is in use: no lock on it within 1s",
        "hint: Nothing was changed. Try again when the longest transaction on it has ended.",
    ]
    assert 1 <= took < 15
    assert partitions(db) == before

    writer.rollback()
    assert rollupctl("expire", "--yes", "--older-than", AGE).returncode == 0
    assert old_partitions(db) == []


@pytest.mark.own_session
def test_other_writers_go_on_while_it_waits(
    db: Connection, connect: Callable[..., Connection]
) -> None:
    insert(db, "3 days", 30)
    run(db)
    open_writer = connect(autocommit=False)
    insert(open_writer, "1 minute")
    expirer, other = connect(), connect()
    expirer.execute("set rollup.max_wait = '3s'")
    waiting = Task(lambda: expire(expirer))

    # A lock that is queued for holds up others for a tenth of a second, not for as long as the
    # open writer; on Citus once for each node.
    slowest, written = 0.0, 0
    while not waiting.is_done():
        began = time.monotonic()
        insert(other, "1 minute")
        slowest = max(slowest, time.monotonic() - began)
        written += 1
    with pytest.raises(psycopg.errors.LockNotAvailable):
        waiting.result()
    assert slowest < 1.5
    assert written > 5


@pytest.mark.own_session
def test_an_event_that_comes_while_it_waits_is_not_lost(
    db: Connection, connect: Callable[..., Connection]
) -> None:
    insert(db, "3 days", 30)
    run(db)
    writer = connect(autocommit=False)
    insert(writer, "3 days")
    expirer = connect()
    waiting = Task(lambda: expire(expirer))
    pid = expirer.info.backend_pid
    is_sleeping = (
        "select exists (select from pg_stat_activity where pid = %s and wait_event = 'PgSleep')"
    )
    until(lambda: bool(value(db, is_sleeping, pid)), "expire waits for the writer")
    assert not waiting.is_done()

    writer.commit()
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="counted 1 event of"):
        waiting.result()
    assert totals(db) == (31, 30, 30)
    run(db)
    expire(db)
    assert totals(db) == (0, 31, 31)


@pytest.mark.parametrize("server", ["citus"], indirect=True)
def test_shards_go_with_their_partition(db: Connection) -> None:
    insert(db, "3 days", 30)
    run(db)
    names = [name.removeprefix("public.") + "%" for name in old_partitions(db)]

    def tables_on_workers() -> list[int]:
        patterns = ",".join(names)
        query = f"select count(*) from pg_class where relname like any ('{{{patterns}}}')"
        found = rows(db, "select success, result from run_command_on_workers(%s)", query)
        assert [success for success, _ in found] == [True, True]
        return [int(number) for _, number in found]

    # On each worker its half of the four shards of each partition, besides what all nodes have.
    assert min(tables_on_workers()) >= 3 * len(names)
    expire(db)
    assert tables_on_workers() == [0, 0]
    orphans = (
        "select count(*) from pg_dist_shard where logicalrelid not in (select oid from pg_class)"
    )
    assert value(db, orphans) == 0
