"""Every layout of partitions that PostgreSQL allows: it expires, or is refused with one clear line."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.conftest import Connection
from tests.helpers import Lab, Task, row, rows, run, until_waiting, value

COLUMNS = """event_id bigint generated always as identity, event_time timestamptz not null,
    customer_id bigint not null, country text, device_id bigint, amount int"""
JUNE_1 = "for values from ('2024-06-01 00:00Z') to ('2024-06-02 00:00Z')"
JUNE_2 = "for values from ('2024-06-02 00:00Z') to ('2024-06-03 00:00Z')"
EXPIRE = "select partition, events, action from rollup.expire('lab.e', '1 day')"


def make(lab: Lab, *statements: str, key: str = "range (event_time)") -> Connection:
    """The source lab.e with this key, and what the statements make; a rollup; six events."""
    db = lab.connect()
    db.execute(f"create table lab.e ({COLUMNS}) partition by {key}".encode())
    for statement in statements:
        db.execute(statement.encode())
    lab.declare()
    return db


def fill(db: Connection) -> None:
    for day in (1, 2, 3):
        db.execute(
            "insert into lab.e (event_time, customer_id, country)"
            " select %s, n, case n when 1 then 'de' end from generate_series(1, 2) n",
            [f"2024-06-0{day} 12:00Z"],
        )
    run(db)


def state(db: Connection) -> tuple[Any, ...]:
    """Events, those counted, and differences."""
    return (
        value(db, "select count(*) from lab.e"),
        value(db, "select sum(n) from lab.visits"),
        value(db, "select count(*) from rollup.verify('visits')"),
    )


def refused(db: Connection, said: str) -> None:
    """Retention is refused with this message, when it is set and when it is enforced."""
    for call in ("rollup.set_retention('lab.e', '1 day')", "rollup.expire('lab.e', '1 day')"):
        with pytest.raises(psycopg.Error, match=said) as told:
            db.execute(f"select * from {call}".encode())
        assert told.value.diag.message_hint
        assert len(str(told.value.diag.message_primary).splitlines()) == 1
    # Everything else works.
    assert value(db, "select count(*) from rollup.doctor()") > 0
    db.execute("select rollup.maintain_partitions()")


@pytest.mark.parametrize("below", ["list (country)", "hash (customer_id)", "range (customer_id)"])
def test_trap_60_other_partitions_below_those_of_times(plain_lab: Lab, below: str) -> None:
    kind = below.split()[0]
    leaves = {
        "list": ["for values in ('de')", "default"],
        "hash": [f"for values with (modulus 2, remainder {n})" for n in (0, 1)],
        "range": ["for values from (1) to (2)", "default"],
    }[kind]
    statements = []
    for name, bounds in (("e_1", JUNE_1), ("e_2", JUNE_2), ("e_rest", "default")):
        statements.append(
            f"create table lab.{name} partition of lab.e {bounds} partition by {below}"
        )
        statements += [
            f"create table lab.{name}_{n} partition of lab.{name} {leaf}"
            for n, leaf in enumerate(leaves)
        ]
    db = make(plain_lab, *statements)
    fill(db)
    listed = (
        "select partition::text, range_from is null, is_default from rollup.partitions('lab.e')"
    )
    assert rows(db, listed) == [
        ("lab.e_1", False, False),
        ("lab.e_2", False, False),
        ("lab.e_rest", True, True),
    ]
    assert rows(db, EXPIRE) == [
        ("lab.e_1", 2, "dropped"),
        ("lab.e_2", 2, "dropped"),
        ("lab.e_rest", 2, "rows deleted"),
    ]
    assert state(db) == (0, 6, 0)
    # A late event has a partition, is counted and expires.
    db.execute("insert into lab.e (event_time, customer_id) values ('2024-06-01 12:00Z', 3)")
    run(db)
    assert rows(db, EXPIRE) == [("lab.e_rest", 1, "rows deleted")]
    assert value(db, "select sum(n) from lab.visits") == 7


@pytest.mark.parametrize(
    ("key", "bounds", "said"),
    [
        ("list (country)", "for values in ('de')", "It is partitioned by LIST"),
        ("hash (customer_id)", "for values with (modulus 1, remainder 0)", "by HASH"),
        ("range (customer_id)", "for values from (-1000) to (1000)", "by RANGE"),
        (
            "range (event_time, customer_id)",
            "for values from ('2024-01-01 00:00Z', 1) to ('2025-01-01 00:00Z', 1)",
            r"by RANGE \(event_time, customer_id\)",
        ),
        (
            "range (((event_time at time zone 'UTC')::date))",
            "for values from ('2024-01-01') to ('2025-01-01')",
            "by RANGE",
        ),
    ],
)
def test_trap_60_keys_that_are_no_time(plain_lab: Lab, key: str, bounds: str, said: str) -> None:
    db = make(plain_lab, f"create table lab.e_1 partition of lab.e {bounds}", key=key)
    if "hash" not in key:
        db.execute(
            "create table lab.e_rest partition of lab.e default"
            if "maxvalue" not in bounds
            else "select 1"
        )
    fill(db)
    refused(db, "lab.e is not partitioned by range of one timestamptz column")
    with pytest.raises(errors.WrongObjectType) as told:
        db.execute(EXPIRE.encode())
    assert re.search(said, str(told.value.diag.message_detail))
    assert state(db) == (6, 6, 0)
    assert value(db, "select count(*) from rollup.partitions('lab.e') where is_default") == 0


@pytest.mark.parametrize("column_type", ["date", "timestamp", "bigint"])
def test_trap_60_keys_of_another_type(plain_lab: Lab, column_type: str) -> None:
    db = plain_lab.connect()
    bounds = (
        "from (1) to (1000)" if column_type == "bigint" else "from ('2024-06-01') to ('2024-06-03')"
    )
    default = "1" if column_type == "bigint" else "'2024-06-01'"
    db.execute(
        f"create table lab.e ({COLUMNS}, day {column_type} not null default {default}) partition by range (day)".encode()
    )
    db.execute(f"create table lab.e_1 partition of lab.e for values {bounds}".encode())
    db.execute("create table lab.e_rest partition of lab.e default")
    plain_lab.declare()
    fill(db)
    refused(db, "lab.e is not partitioned by range of one timestamptz column")
    assert state(db) == (6, 6, 0)


def test_trap_60_partitions_of_another_time(lab: Lab) -> None:
    db = lab.connect()
    db.execute(
        f"create table lab.e ({COLUMNS}, received timestamptz not null) partition by range (received)".encode()
    )
    lab.distribute(db, "lab.e")
    db.execute(f"create table lab.e_1 partition of lab.e {JUNE_1}".encode())
    db.execute(f"create table lab.e_2 partition of lab.e {JUNE_2}".encode())
    lab.declare()
    insert = "insert into lab.e (event_time, customer_id, received) values (%s, 1, %s)"
    # Both are events of one bucket.
    db.execute(insert, ["2024-06-01 12:00Z", "2024-06-01 12:01Z"])
    db.execute(insert, ["2024-06-01 12:00Z", "2024-06-02 12:01Z"])
    run(db)
    refused(db, "lab.e is partitioned by received, and rollup visits counts by event_time")
    # One of them is dropped by hand: the row is not taken for one of which nothing is left.
    db.execute("drop table lab.e_1")
    assert value(db, "select rollup.missing_ranges('lab.e')::text") == "{}"
    db.execute("select rollup.declare_purged('lab.e', '2024-06-01 00:00Z', '2024-06-02 00:00Z')")
    assert state(db) == (1, 2, 0)
    # A second rollup that counts by the time of the partitions does not change that.
    lab.declare("others", time_column="received")
    refused(db, "rollup visits counts by event_time")


def test_trap_60_bounds_without_an_end(lab: Lab) -> None:
    db = lab.connect()
    db.execute(
        f"create table lab.e ({COLUMNS.replace('generated always as identity', '')}) partition by range (event_time)".encode()
    )
    db.execute("create sequence lab.ids")
    db.execute("alter table lab.e alter event_id set default nextval('lab.ids')")
    db.execute("alter sequence lab.ids owned by lab.e.event_id")
    lab.distribute(db, "lab.e")
    for name, bounds in (
        ("past", "from (minvalue) to ('2024-06-02 00:00Z')"),
        ("day", "from ('2024-06-02 00:00Z') to ('2024-06-03 00:00Z')"),
        ("rest", "from ('2024-06-03 00:00Z') to (maxvalue)"),
    ):
        db.execute(f"create table lab.{name} partition of lab.e for values {bounds}".encode())
    lab.declare()
    fill(db)
    assert rows(db, EXPIRE) == [("lab.past", 2, "dropped"), ("lab.day", 2, "dropped")]
    assert state(db) == (2, 6, 0)
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="raw events were dropped"):
        db.execute("select rollup.rebuild('visits')")
    assert value(db, "select rows_after from rollup.rebuild('visits', '2024-06-03 00:00Z')") == 2


def test_trap_60_a_partition_without_a_beginning_that_is_dropped_by_hand(plain_lab: Lab) -> None:
    db = make(
        plain_lab,
        "create table lab.past partition of lab.e for values from (minvalue) to ('2024-06-02 00:00Z')",
        "create table lab.rest partition of lab.e for values from ('2024-06-02 00:00Z') to (maxvalue)",
    )
    fill(db)
    db.execute("drop table lab.past")
    assert state(db) == (4, 6, 0)


def test_trap_60_foreign_tables(plain_lab: Lab) -> None:
    db = plain_lab.connect()
    db.execute("create extension if not exists file_fdw")
    db.execute("create server lab_files foreign data wrapper file_fdw")
    db = make(
        plain_lab,
        f"create foreign table lab.e_1 partition of lab.e {JUNE_1} server lab_files"
        " options (filename '/nowhere/to/be/found')",
        f"create table lab.e_2 partition of lab.e {JUNE_2}",
    )
    db.execute("insert into lab.e (event_time, customer_id) values ('2024-06-02 12:00Z', 1)")
    assert rows(db, EXPIRE.replace("'1 day'", "'1 day', true")) == [
        (
            "lab.e_1",
            None,
            "kept: it is a foreign table, whose rows are on another server:"
            " alter table lab.e detach partition lab.e_1",
        ),
        ("lab.e_2", 1, "kept: rollup visits has not counted 1 event of lab.e_2"),
    ]
    db.execute("alter table lab.e detach partition lab.e_1")
    run(db)
    assert rows(db, EXPIRE) == [("lab.e_2", 1, "dropped")]


def test_trap_60_a_partition_of_another_owner(plain_lab: Lab) -> None:
    db = make(
        plain_lab,
        f"create table lab.e_1 partition of lab.e {JUNE_1}",
        f"create table lab.e_2 partition of lab.e {JUNE_2}",
        "create table lab.rest partition of lab.e default",
    )
    fill(db)
    role = f"{plain_lab.database}_keeper"
    db.execute(f"create role {role}".encode())
    try:
        db.execute(f"grant usage, create on schema lab to {role}".encode())
        db.execute(f"alter table lab.e owner to {role}".encode())
        db.execute(f"alter table lab.e_2 owner to {role}".encode())
        for schema in ("rollup", "rollup_internal"):
            db.execute(f"grant all on all tables in schema {schema} to {role}".encode())
        db.execute(f"grant all on lab.rest to {role}".encode())
        db.execute(f"set role {role}".encode())
        said = {name: action for name, _, action in rows(db, EXPIRE)}
        db.execute("reset role")
        assert said["lab.e_2"] == "dropped"
        assert said["lab.rest"] == "rows deleted"
        cure = f"alter table lab.e_1 owner to {role}"
        assert said["lab.e_1"] == f"kept: permission denied for table e_1: {cure}"
        db.execute(cure.encode())
        db.execute(f"set role {role}".encode())
        assert rows(db, EXPIRE) == [("lab.e_1", 2, "dropped")]
        db.execute("reset role")
        assert state(db) == (0, 6, 0)
    finally:
        db.execute("reset role")
        db.execute(f"drop owned by {role} cascade; drop role {role}".encode())


def test_trap_60_foreign_keys_to_the_source(plain_lab: Lab) -> None:
    db = plain_lab.connect()
    db.execute(
        f"create table lab.e ({COLUMNS}, primary key (event_id, event_time)) partition by range (event_time)".encode()
    )
    db.execute(f"create table lab.e_1 partition of lab.e {JUNE_1}".encode())
    db.execute("create table lab.e_rest partition of lab.e default")
    plain_lab.declare()
    fill(db)
    db.execute(
        "create table lab.notes (id bigint, at timestamptz,"
        " constraint note_of foreign key (id, at) references lab.e)"
    )
    db.execute("insert into lab.notes select event_id, event_time from lab.e")
    with pytest.raises(errors.ObjectNotInPrerequisiteState) as told:
        db.execute(EXPIRE.encode())
    cure = "alter table lab.notes drop constraint note_of"
    assert f"lab.e_1: foreign key note_of of lab.notes refers to it: {cure}" in str(told.value)
    assert state(db) == (6, 6, 0)
    db.execute(cure.encode())
    assert [action for *_, action in rows(db, EXPIRE)] == ["dropped", "rows deleted"]
    assert state(db) == (0, 6, 0)


def test_trap_60_a_detach_that_is_pending(plain_lab: Lab) -> None:
    db = make(
        plain_lab,
        f"create table lab.e_1 partition of lab.e {JUNE_1}",
        f"create table lab.e_2 partition of lab.e {JUNE_2}",
        "create table lab.e_3 partition of lab.e for values from ('2024-06-03 00:00Z') to (maxvalue)",
    )
    fill(db)
    reader, detacher = plain_lab.connect(autocommit=False), plain_lab.connect()
    rows(reader, "select count(*) from lab.e")
    task = Task(lambda: detacher.execute("alter table lab.e detach partition lab.e_1 concurrently"))
    until_waiting(db, detacher, task, "Lock")
    db.execute("select pg_cancel_backend(%s::int)", [detacher.info.backend_pid])
    with pytest.raises(errors.QueryCanceled):
        task.result()
    reader.rollback()
    # Its events are not read any more, and it is not dropped.
    assert state(db) == (4, 6, 0)
    assert [name for (name, *_) in rows(db, EXPIRE)] == ["lab.e_2"]
    assert value(db, "select count(*) from lab.e_1") == 2
    found = row(
        db,
        "select status, finding, todo from rollup.doctor() where finding like '%%detached%%'".replace(
            "%%", "%"
        ),
    )
    assert found == (
        "warn",
        "lab.e_1 is being detached, and its events are not read",
        "alter table lab.e detach partition lab.e_1 finalize",
    )
    db.execute(found[2].encode())
    assert value(db, "select count(*) from rollup.doctor() where finding ~ 'detached'") == 0


def test_trap_60_a_table_with_inheritance(plain_lab: Lab) -> None:
    db = plain_lab.connect()
    db.execute(
        f"create table lab.e ({COLUMNS.replace('generated always', 'generated by default')})".encode()
    )
    db.execute("create table lab.e_old () inherits (lab.e)")
    db.execute("alter table lab.e_old alter event_id set default nextval('lab.e_event_id_seq')")
    plain_lab.declare()
    writer, runner = plain_lab.connect(autocommit=False), plain_lab.connect()
    insert = "insert into lab.e_old (event_time, customer_id) values ('2024-06-01 12:00Z', 1)"
    writer.execute(insert.encode())
    db.execute("insert into lab.e (event_time, customer_id) values ('2024-06-01 12:00Z', 1)")
    # A writer to the other table is waited for.
    task = Task(lambda: run(runner))
    until_waiting(db, runner, task)
    writer.commit()
    assert task.result().events == 2
    with pytest.raises(errors.WrongObjectType) as told:
        db.execute("select rollup.set_retention('lab.e', '1 day')")
    assert "such as lab.e_old" in str(told.value.diag.message_detail)
    assert state(db) == (2, 2, 0)


def test_trap_60_a_source_that_is_a_partition(plain_lab: Lab) -> None:
    # A writer to the whole table has drawn an id before it locks the partition.
    db = plain_lab.connect()
    db.execute(
        f"create table lab.all_events ({COLUMNS.replace('generated always as identity', '')}) partition by list (customer_id)".encode()
    )
    db.execute("create sequence lab.ids")
    db.execute(
        "create table lab.e partition of lab.all_events for values in (1) partition by range (event_time)"
    )
    db.execute(f"create table lab.e_1 partition of lab.e {JUNE_1}".encode())
    db.execute(f"create table lab.e_2 partition of lab.e {JUNE_2}".encode())
    db.execute("create table lab.others partition of lab.all_events default")
    for table in ("lab.all_events", "lab.e"):
        db.execute(f"alter table {table} alter event_id set default nextval('lab.ids')".encode())
    db.execute("alter sequence lab.ids owned by lab.e.event_id")
    plain_lab.declare()
    writer, runner = plain_lab.connect(autocommit=False), plain_lab.connect()
    insert = (
        "insert into lab.all_events (event_time, customer_id) values ('2024-06-0{} 12:00Z', {})"
    )
    writer.execute(
        insert.format(1, 2).encode()
    )  # not of this partition, so only the whole is locked
    db.execute(insert.format(2, 1).encode())
    task = Task(lambda: run(runner))
    until_waiting(db, runner, task)
    writer.execute(insert.format(1, 1).encode())
    writer.commit()
    assert task.result().events == 1
    assert run(db).events == 1
    assert [action for *_, action in rows(db, EXPIRE)] == ["dropped", "dropped"]
    assert value(db, "select sum(n) from lab.visits") == 2
