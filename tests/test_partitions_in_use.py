"""A partition that cannot be dropped keeps none of the others, and says what is to be done."""

from __future__ import annotations

import pytest
from psycopg import errors

from tests.conftest import Connection, Rollupctl
from tests.helpers import Lab, Task, insert, row, rows, run, until, value

EXPIRE = "select partition, action from rollup.expire('lab.e', '1 day')"


def prepare(lab: Lab) -> Connection:
    """A source with events in two old partitions, all counted."""
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 3)
    insert(db, 4, event_time="2024-06-02 12:00Z")
    run(db)
    return db


def verified(db: Connection) -> int:
    return int(value(db, "select count(*) from rollup.verify('visits')"))


def test_trap_60_a_view_on_a_partition_keeps_that_partition_only(lab: Lab) -> None:
    db = prepare(lab)
    db.execute("create view lab.v as select count(*) as n from lab.e_1")
    said = dict(rows(db, EXPIRE))
    assert said["lab.e_2"] == "dropped"
    assert said["lab.e_1"] == (
        "kept: view lab.v depends on table lab.e_1:"
        " alter table lab.e detach partition lab.e_1 keeps it as a table of its own"
    )
    assert value(db, "select to_regclass('lab.e_2')") is None
    assert value(db, "select count(*) from lab.e") == 3
    assert verified(db) == 0
    db.execute(
        said["lab.e_1"].split(": ")[2].removesuffix(" keeps it as a table of its own").encode()
    )
    assert rows(db, EXPIRE) == []
    assert (value(db, "select n from lab.v"), verified(db)) == (3, 0)


def test_trap_60_an_event_that_was_set_aside_keeps_its_partition_only(lab: Lab) -> None:
    lab.source()
    lab.declare(filter="10 / amount > 0")
    db = lab.connect()
    insert(db, 3, amount=5)
    insert(db, 4, event_time="2024-06-02 12:00Z", amount=5)
    insert(db, 1, amount=0)
    run(db)
    assert dict(rows(db, EXPIRE)) == {
        "lab.e_1": "kept: rollup visits has not counted 1 event of lab.e_1",
        "lab.e_2": "dropped",
    }
    with pytest.raises(errors.ObjectNotInPrerequisiteState) as caught:
        db.execute(EXPIRE.encode())
    assert "rollup.retry_set_aside" in str(caught.value.diag.message_hint)
    db.execute("update lab.e set amount = 5 where amount = 0")
    db.execute("select * from rollup.retry_set_aside('visits')")
    assert rows(db, EXPIRE) == [("lab.e_1", "dropped")]
    assert (value(db, "select sum(n) from lab.visits"), verified(db)) == (8, 0)


def test_a_rollup_that_is_behind_keeps_everything(lab: Lab) -> None:
    db = prepare(lab)
    insert(db, 2)
    with pytest.raises(errors.ObjectNotInPrerequisiteState) as caught:
        db.execute(EXPIRE.encode())
    assert "rollup visits has not counted 2 events of lab.e_1" in str(caught.value)
    assert caught.value.diag.message_hint == "Run the rollups first: call rollup.run_all()"
    assert value(db, "select count(*) from lab.e") == 9
    run(db)
    assert dict(rows(db, EXPIRE)) == {"lab.e_1": "dropped", "lab.e_2": "dropped"}
    assert (value(db, "select sum(n) from lab.visits"), verified(db)) == (9, 0)


def test_trap_60_a_partition_that_is_read_keeps_itself_only(plain_lab: Lab) -> None:
    db = prepare(plain_lab)
    reader = plain_lab.connect(autocommit=False)
    rows(reader, "select 1 from lab.e_1")
    said = dict(rows(db, EXPIRE))
    number = reader.info.backend_pid
    assert said == {
        "lab.e_2": "dropped",
        "lab.e_1": f"kept: it is in use by pid {number}: select pg_terminate_backend({number})",
    }
    reader.rollback()
    assert rows(db, EXPIRE) == [("lab.e_1", "dropped")]


def test_trap_60_the_job_and_the_ledger_of_failures_name_it(lab: Lab) -> None:
    db = prepare(lab)
    db.execute("select rollup.set_retention('lab.e', '1 day')")
    db.execute("create view lab.v as select count(*) as n from lab.e_1")
    with pytest.raises(Exception, match=r"lab.e_1 was kept: view lab.v depends on table lab.e_1"):
        db.execute("call rollup.expire_all()")
    # The rest is gone although the call failed.
    assert value(db, "select to_regclass('lab.e_2')") is None
    assert value(db, "select to_regclass('lab.e_1')::text") == "lab.e_1"


def test_trap_60_a_view_on_a_partition_of_a_rollup(lab: Lab) -> None:
    lab.source()
    lab.declare(partition_interval="1 month", keep="90 days")
    db = lab.connect()
    names = [
        n
        for (n,) in rows(
            db,
            "select partition::text from rollup.partitions('lab.visits')"
            " where not is_default order by range_from limit 2",
        )
    ]
    db.execute(
        "update rollup.rollups set keep = now() - (select max(range_to) from"
        " rollup.partitions('lab.visits') where partition = %s::regclass)",
        [names[1]],
    )
    db.execute(f"create view lab.v as select count(*) as n from {names[0]}".encode())
    said = dict(rows(db, "select partition, action from rollup.expire_rollup('visits')"))
    assert said[names[1]] == "dropped"
    assert said[names[0]].startswith(f"kept: view lab.v depends on table {names[0]}: alter table")
    db.execute("drop view lab.v")


def test_trap_60_the_command_line(db: Connection, rollupctl: Rollupctl) -> None:
    db.execute("insert into events (event_time, customer_id) values (now() - interval '3 days', 1)")
    db.execute("call rollup.run_all()")
    old = value(
        db,
        "select 'public.' || partition from rollup.partitions('events')"
        " where range_to <= now() - interval '2 days' order by range_from limit 1",
    )
    db.execute(f"create view public.v as select count(*) as n from {old}".encode())
    done = rollupctl("expire", "--yes", "--older-than", "2 days")
    assert done.returncode == 1
    assert f"{old} was kept: view public.v depends on table" in done.stderr
    assert "dropped" in done.stdout


def test_trap_62_events_are_looked_for_by_their_index_under_the_lock(plain_lab: Lab) -> None:
    # While the whole partition is counted, writers to it go on: their events keep the partition.
    db = prepare(plain_lab)
    writer, expirer = plain_lab.connect(autocommit=False), plain_lab.connect()
    insert(writer, 1)
    task = Task(lambda: rows(expirer, EXPIRE))
    until(
        lambda: bool(
            value(
                db,
                "select exists (select from pg_stat_activity where pid = %s and wait_event = 'PgSleep')",
                expirer.info.backend_pid,
            )
        ),
        "expire waits for the writer",
    )
    insert(db, 1, event_time="2024-06-02 12:00Z")  # nobody waits for the expiry that waits
    writer.commit()
    with pytest.raises(Exception, match="has not counted 1 event of lab.e_1"):
        task.result()
    assert row(db, "select count(*) from lab.e") == (9,)


def test_trap_60_names_with_commas_and_partitions_below_partitions(plain_lab: Lab) -> None:
    db = plain_lab.connect()
    for statement in (
        'create table lab."a, b" (event_id bigint generated always as identity, event_time timestamptz not null,'
        " customer_id bigint not null) partition by range (event_time)",
        'create table lab."old, older" partition of lab."a, b"'
        " for values from ('2024-01-01 00:00Z') to ('2024-02-01 00:00Z') partition by range (event_time)",
        'create table lab."half, 1" partition of lab."old, older"'
        " for values from ('2024-01-01 00:00Z') to ('2024-01-16 00:00Z')",
        'create table lab."half, 2" partition of lab."old, older"'
        " for values from ('2024-01-16 00:00Z') to ('2024-02-01 00:00Z')",
        'create table lab."old, too" partition of lab."a, b"'
        " for values from ('2024-02-01 00:00Z') to ('2024-03-01 00:00Z')",
        'create view lab.v as select count(*) as n from lab."half, 1"',
    ):
        db.execute(statement.encode())
    # Without half of it, a late event of January would have no partition.
    said = dict(rows(db, """select partition, action from rollup.expire('lab."a, b"', '1 day')"""))
    assert said['lab."old, too"'] == "dropped"
    cure = said['lab."old, older"'].split(": ")[2].removesuffix(" keeps it as a table of its own")
    assert cure == 'alter table lab."a, b" detach partition lab."old, older"'
    db.execute(cure.encode())
    assert value(db, "select n from lab.v") == 0


def parts(db: Connection) -> list[str]:
    return [name for (name,) in rows(db, "select partition::text from rollup.partitions('lab.e')")]


def test_trap_60_each_partition_is_a_transaction(lab: Lab) -> None:
    db = prepare(lab)
    db.execute("select rollup.set_retention('lab.e', '1 day')")
    job = value(db, "select rollup.start_job('expire', '{lab.e}')::text")
    dropped: list[list[str]] = []
    more = True
    while more:
        job, report, failure, more = row(
            db, "select job::text, report, failure, more from rollup.next_step(%s)", job
        )
        assert failure is None
        dropped.append([part["partition"] for part in report])
    assert dropped == [[], ["lab.e_1"], ["lab.e_2"]]
    assert parts(db) == ["lab.e_default"]
    assert (value(db, "select sum(n) from lab.visits"), verified(db)) == (7, 0)


def test_trap_60_an_event_that_comes_between_two_steps_keeps_its_partition(lab: Lab) -> None:
    db = prepare(lab)
    db.execute("select rollup.set_retention('lab.e', '1 day')")
    job = value(db, "select rollup.start_job('expire', '{lab.e}')::text")
    step = "select job::text, report, failure, more from rollup.next_step(%s)"
    job = row(db, step, job)[0]
    insert(db, 1)
    job, report, failure, _ = row(db, step, job)
    assert [(part["action"], part["sqlstate"]) for part in report] == [
        ("kept: rollup visits has not counted 1 event of lab.e_1", "55000")
    ]
    assert failure["hint"] == "Run the rollups first: call rollup.run_all()"
    # Nor is a table dropped that is no partition any more.
    db.execute("alter table lab.e detach partition lab.e_2")
    job, report, failure, more = row(db, step, job)
    assert (report, failure, more) == ([], None, False)
    assert value(db, "select count(*) from lab.e_2") == 4
    run(db)
    assert rows(db, EXPIRE) == [("lab.e_1", "dropped")]
    assert value(db, "select sum(n) from lab.visits") == 8


def test_trap_60_what_was_kept_is_recorded(lab: Lab) -> None:
    db = prepare(lab)
    db.execute("select rollup.set_retention('lab.e', '1 day')")
    db.execute("create view lab.v as select count(*) as n from lab.e_1")
    shown = "select kept, ended_at > now() - interval '1 hour' from rollup.retention where name = 'lab.e'"
    with pytest.raises(errors.RaiseException):
        db.execute("call rollup.expire_all()")
    ((kept, is_recent),) = rows(db, shown)
    assert is_recent
    assert [text.split(": alter")[0] for text in kept] == [
        "lab.e_1: view lab.v depends on table lab.e_1"
    ]
    found = row(
        db, "select status, finding from rollup.doctor() where check_name = 'retention of lab.e'"
    )
    assert found[0] == "warn"
    assert "view lab.v depends on table lab.e_1" in found[1]
    # A rollup that is behind, too.
    db.execute("drop view lab.v")
    insert(db, 2)
    with pytest.raises(errors.RaiseException, match="has not counted 2 events"):
        db.execute("call rollup.expire_all()")
    assert "has not counted 2 events" in rows(db, shown)[0][0][0]
    run(db)
    db.execute("call rollup.expire_all()")
    assert rows(db, shown) == [([], True)]


def test_trap_60_a_session_in_the_way_is_waited_for_once(plain_lab: Lab) -> None:
    db = prepare(plain_lab)
    db.execute("select rollup.set_retention('lab.e', '1 day')")
    reader = plain_lab.connect(autocommit=False)
    rows(reader, "select 1 from lab.e_1")
    rows(reader, "select 1 from lab.e_2")
    db.execute("set rollup.max_wait = '300ms'")
    with pytest.raises(errors.LockNotAvailable, match="lab.e_1 was kept: it is in use by pid"):
        db.execute("call rollup.expire_all()")
    assert len(value(db, "select kept from rollup.retention where name = 'lab.e'")) == 2
    reader.rollback()
    db.execute("call rollup.expire_all()")
    assert parts(db) == ["lab.e_default"]


def test_trap_62_a_large_partition_without_an_index_on_the_id_stays(plain_lab: Lab) -> None:
    db = prepare(plain_lab)
    db.execute("drop index lab.e_event_id_idx")
    filler = "insert into lab.e (event_time, customer_id, country) select %s, 1, repeat('x', 1500)"
    db.execute(f"{filler} from generate_series(1, 13000)".encode(), ["2024-06-01 12:00Z"])
    run(db)
    said = dict(rows(db, EXPIRE))
    assert said["lab.e_2"] == "dropped"
    assert "no index of lab.e_1 begins with event_id" in said["lab.e_1"]
    cure = said["lab.e_1"].split(": ")[2]
    db.execute(cure.encode())
    assert rows(db, EXPIRE) == [("lab.e_1", "dropped")]
