"""Sources, sequences and tables that change under a rollup, and tables that cannot hold one."""

from __future__ import annotations

import pytest
from psycopg import errors

from tests.helpers import Connection, Lab, assert_exact, insert, row, rows, run, value


def hinted(error: pytest.ExceptionInfo[errors.Error], start: str) -> bytes:
    """The statement of a hint that begins so."""
    hint = str(error.value.diag.message_hint)
    found = hint[hint.index(start) :]
    return found[: found.index(")") + 1].encode()


def findings(db: Connection, name: str) -> list[tuple[str, str]]:
    return rows(
        db, "select status, coalesce(todo, '') from rollup.doctor() where check_name = %s", name
    )


# Trap 39: a sequence that was restarted and has passed the watermark


def test_trap_39_a_restarted_sequence_that_overtook_the_watermark_stops_the_run(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 100)
    assert run(db).events == 100
    db.execute("truncate lab.e restart identity")
    insert(db, 150)
    with pytest.raises(
        errors.ObjectNotInPrerequisiteState, match="was restarted .* had counted up to 100"
    ) as stopped:
        run(db)
    node = value(db, "select min(node) from rollup_internal.nodes() where is_local")
    ((status, todo),) = findings(db, f"sequence of lab.e on {node}")
    assert (status, "rollup.restart_source('lab.e')" in todo) == ("fail", True)
    db.execute(hinted(stopped, "select rollup.restart_source"))
    assert run(db).events == 150
    assert value(db, "select sum(n)::int from lab.visits") == 250
    assert run(db).status == "nothing new"


def test_trap_39_a_restart_with_events_left_is_resolved_by_hand(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 10)
    run(db)
    db.execute("alter sequence lab.e_event_id_seq restart")
    insert(db, 15)
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="was restarted"):
        run(db)
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="two events with id"):
        db.execute("select rollup.restart_source('lab.e')")
    assert value(db, "select sum(n)::int from lab.visits") == 10


@pytest.mark.parametrize(
    "change",
    [
        "alter sequence lab.e_event_id_seq maxvalue 1000000000000",
        "select setval('lab.e_event_id_seq', 1000)",
        "alter sequence lab.e_event_id_seq rename to other_seq",
        "vacuum full lab.e",
    ],
)
def test_trap_39_other_changes_of_a_sequence_stop_nothing(plain_lab: Lab, change: str) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 10)
    run(db)
    db.execute(change.encode())
    insert(db, 5)
    assert run(db).events == 5
    assert_exact(db)


def test_trap_39_a_sequence_that_was_rewritten_is_accepted(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 10)
    run(db)
    db.execute("alter sequence lab.e_event_id_seq restart 500")
    insert(db, 5)
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="was restarted") as stopped:
        run(db)
    db.execute(hinted(stopped, "select rollup.accept_source"))
    assert run(db).events == 5
    assert_exact(db)


def test_trap_39_a_restored_copy_has_another_sequence(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 10)
    run(db)
    # What a dump contains: the state of another sequence.
    db.execute(
        """update rollup_internal.watermarks
              set sequence = sequence || '{"oid": 5, "file": 5}'"""
    )
    insert(db, 5)
    assert run(db).events == 5


# Trap 39: the rollup's table


def test_trap_39_a_renamed_table_stops_the_run(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 3)
    run(db)
    db.execute("create view lab.mine as select sum(n)::int as n from lab.visits_live")
    db.execute("alter table lab.visits rename to old_visits")
    insert(db, 2)
    with pytest.raises(
        errors.ObjectNotInPrerequisiteState, match="was lab.visits and is called lab.old_visits"
    ):
        run(db)
    db.execute("create table lab.visits (like lab.old_visits including all)")
    for statement in (
        "select * from rollup.run('visits')",
        "select * from rollup.verify('visits')",
        "select * from rollup.rebuild('visits')",
    ):
        with pytest.raises(
            errors.ObjectNotInPrerequisiteState, match="is called lab.old_visits now"
        ) as stopped:
            db.execute(statement.encode())
        assert "another table lab.visits" in str(stopped.value.diag.message_detail)
    assert findings(db, "table of visits")[0][0] == "fail"
    db.execute(hinted(stopped, "select rollup.accept_source"))
    assert run(db).events == 2
    assert value(db, "select sum(n)::int from lab.old_visits_live") == 5
    assert value(db, "select n from lab.mine") == 5
    db.execute("drop view lab.mine")
    assert value(db, "select count(*) from lab.visits") == 0
    assert rows(db, "select * from rollup.verify('visits')") == []
    assert findings(db, "table of visits")[0][0] == "ok"


@pytest.mark.parametrize("dropped", ["e", "visits"])
@pytest.mark.parametrize(
    "statement",
    [
        "select * from rollup.run('visits')",
        "select * from rollup.verify('visits')",
        "select * from rollup.repair('visits')",
        "select * from rollup.rebuild('visits')",
        "call rollup.rebuild_in_steps('visits')",
        "call rollup.backfill('visits')",
        "call rollup.backfill_measures('visits')",
        "select rollup.accept_source('visits')",
        "select rollup.alter_rollup('visits', work_mem => '64MB')",
    ],
)
def test_trap_39_a_dropped_table_is_named(plain_lab: Lab, dropped: str, statement: str) -> None:
    lab = plain_lab
    lab.source()
    lab.declare(newest_first=True)
    db = lab.connect()
    insert(db, 3)
    run(db)
    db.execute(f"drop table lab.{dropped} cascade".encode())
    with pytest.raises(errors.Error, match="of rollup visits no longer exists") as stopped:
        db.execute(statement.encode())
    assert "rollup.drop_rollup('visits')" in str(stopped.value.diag.message_hint)
    assert rows(db, "select * from rollup.doctor()") != []
    assert rows(db, "select * from rollup.status") != []
    db.execute("select rollup.drop_rollup('visits')")


def test_trap_39_doctor_answers_when_a_sequence_is_gone(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    lab.source("lab.e2")
    lab.declare("others", source="lab.e2")
    db = lab.connect()
    insert(db, 10)
    run(db)
    db.execute("create sequence lab.other_ids start 1000")
    db.execute("alter table lab.e alter event_id set default nextval('lab.other_ids')")
    db.execute("drop sequence lab.e_event_id_seq")
    ((status, todo),) = findings(db, "ids of lab.e")
    assert status == "fail"
    assert findings(db, "ids of lab.e2") == [("ok", "")]
    assert findings(db, "table of visits") == [("ok", "")]
    insert(db, 2)
    db.execute(todo[todo.index("select") : todo.index(")") + 1].encode())
    assert run(db).events == 2
    assert findings(db, "ids of lab.e") == [("ok", "")]


@pytest.mark.parametrize("with_views", [True, False])
def test_trap_39_a_renamed_schema_is_accepted_in_one_statement(
    plain_lab: Lab, with_views: bool
) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    db = lab.connect()
    insert(db, 3)
    db.execute("select rollup.run_family('visits')")
    if with_views:
        db.execute("create view lab.mine as select sum(n)::int as n from lab.visits_live")
    db.execute("drop schema if exists elsewhere cascade")
    db.execute("alter schema lab rename to elsewhere")
    try:
        insert(db, 2, table="elsewhere.e")
        with pytest.raises(
            errors.ObjectNotInPrerequisiteState, match="was lab.e and is called elsewhere.e now"
        ) as stopped:
            run(db)
        db.execute(hinted(stopped, "select rollup.accept_source"))
        db.execute("select rollup.accept_source('hours')")
        assert run(db).events == 2
        assert row(db, "select events from rollup.run('hours')") == (2,)
        assert rows(db, "select function_name from rollup.rollups order by 1") == [
            ("elsewhere.count_hours",),
            ("elsewhere.count_visits",),
        ]
        assert (
            value(
                db,
                "select count(*) from pg_proc where prosrc like '%%begin_run(array[''visits'']%%'",
            )
            == 1
        )
        assert value(db, "select sum(n)::int from elsewhere.visits_live") == 5
        assert rows(db, "select * from rollup.verify('visits')") == []
        assert (
            rows(
                db,
                "select check_name from rollup.doctor() where status = 'fail'"
                " and check_name not like 'partitions%%'",
            )
            == []
        )
    finally:
        db.execute("alter schema elsewhere rename to lab")


def test_trap_39_a_renamed_function_is_accepted(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 3)
    db.execute("alter function lab.count_visits(bigint) rename to my_count")
    with pytest.raises(errors.UndefinedFunction, match="no longer exists") as stopped:
        run(db)
    db.execute(hinted(stopped, "select rollup.accept_source"))
    assert run(db).events == 3
    assert value(db, "select function_name from rollup.rollups") == "lab.my_count"


# Trap 41: tables that change or reject rows

COLUMNS = "customer_id bigint not null, bucket timestamptz not null, n bigint"
UNFIT = {
    "trigger": (
        f"create table lab.visits ({COLUMNS});"
        "create trigger skip before insert on lab.visits for each row execute function lab.skip()",
        "trigger skip",
    ),
    "trigger of a partition": (
        f"create table lab.visits ({COLUMNS}) partition by range (bucket);"
        "create table lab.rest partition of lab.visits default;"
        "create trigger skip before update on lab.rest for each row execute function lab.skip()",
        "trigger skip of table lab.rest",
    ),
    "rule": (
        f"create table lab.visits ({COLUMNS});"
        "create rule no_delete as on delete to lab.visits do instead nothing",
        "rule no_delete",
    ),
    "partition": (
        f"create table lab.all_visits ({COLUMNS}) partition by range (bucket);"
        "create table lab.visits partition of lab.all_visits for values from ('2030-01-01') to ('2031-01-01')",
        "is a partition of lab.all_visits",
    ),
    "child": (
        f"create table lab.parent ({COLUMNS}); create table lab.visits () inherits (lab.parent)",
        "inherits from lab.parent",
    ),
    "parent": (
        f"create table lab.visits ({COLUMNS}); create table lab.child () inherits (lab.visits)",
        "lab.child inherits from lab.visits",
    ),
    "unlogged": (f"create unlogged table lab.visits ({COLUMNS})", "is unlogged"),
    "list": (
        f"create table lab.visits ({COLUMNS}) partition by list (customer_id);"
        "create table lab.five partition of lab.visits for values in (5)",
        "no default partition",
    ),
    "hash": (
        f"create table lab.visits ({COLUMNS}) partition by hash (customer_id);"
        "create table lab.one partition of lab.visits for values with (modulus 2, remainder 0)",
        "lacks partitions",
    ),
    "two levels": (
        f"create table lab.visits ({COLUMNS}) partition by range (bucket);"
        "create table lab.rest partition of lab.visits default partition by list (customer_id);"
        "create table lab.five partition of lab.rest for values in (5)",
        "lab.rest has no default partition",
    ),
    "check of a partition": (
        f"create table lab.visits ({COLUMNS}) partition by range (bucket);"
        "create table lab.rest partition of lab.visits (check (n < 1)) default",
        "of table lab.rest could refuse",
    ),
    "not null of a partition": (
        f"create table lab.visits ({COLUMNS}) partition by range (bucket);"
        "create table lab.rest partition of lab.visits (n not null) default",
        "lab.rest.n is NOT NULL",
    ),
}


def prepare(db: Connection, ddl: str) -> None:
    db.execute(
        "create function lab.skip() returns trigger language plpgsql as 'begin return null; end'"
    )
    for statement in ddl.split(";"):
        db.execute(statement.encode())


@pytest.mark.parametrize("what", UNFIT)
def test_trap_41_a_table_that_changes_or_rejects_rows_is_not_adopted(
    plain_lab: Lab, what: str
) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()
    ddl, message = UNFIT[what]
    prepare(db, ddl)
    with pytest.raises(errors.Error, match=message) as refused:
        lab.declare(dimensions=[], measures={"n": {"count": "*"}})
    assert refused.value.diag.message_hint
    assert rows(db, "select * from rollup.rollups") == []


@pytest.mark.parametrize(
    "ddl",
    [
        "partition by hash (customer_id); create table lab.p0 partition of lab.visits for values"
        " with (modulus 3, remainder 0); create table lab.p1 partition of lab.visits for values"
        " with (modulus 3, remainder 1); create table lab.p2 partition of lab.visits for values"
        " with (modulus 3, remainder 2)",
        "partition by list (customer_id); create table lab.rest partition of lab.visits default",
    ],
)
def test_trap_41_a_partitioned_table_that_takes_every_row_is_adopted(
    plain_lab: Lab, ddl: str
) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()
    prepare(db, f"create table lab.visits ({COLUMNS}) {ddl}")
    lab.declare(dimensions=[], measures={"n": {"count": "*"}})
    for number in (3, 2):
        insert(db, number)
        assert run(db).events == number
    assert findings(db, "table of visits") == [("ok", "")]


def test_trap_41_doctor_finds_what_was_added_later(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db = lab.connect()
    assert findings(db, "table of visits") == [("ok", "")]
    prepare(
        db,
        "create trigger skip before insert on lab.visits for each row execute function lab.skip()",
    )
    ((status, todo),) = findings(db, "table of visits")
    assert status == "fail"
    db.execute(todo[: todo.index(".", todo.index("lab.visits") + 4)].encode())
    assert findings(db, "table of visits") == [("ok", "")]


# Trap 42: deletes that are published


@pytest.mark.no_hostile("has such a publication already")
@pytest.mark.parametrize("published_first", [True, False])
def test_trap_42_events_of_the_default_partition_expire_under_a_publication(
    plain_lab: Lab, published_first: bool
) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()
    db.execute("set client_min_messages to error")
    publish = "create publication everything for all tables"
    if published_first:
        db.execute(publish)
    try:
        lab.declare()
        if not published_first:
            assert findings(db, "default partition of lab.e") == [("ok", "")]
            db.execute(publish)
            ((status, todo),) = findings(db, "default partition of lab.e")
            assert (status, todo) == ("fail", "alter table lab.e_default replica identity full")
            db.execute(todo.encode())
        insert(db, 3, event_time="2020-01-01")
        assert findings(db, "default partition of lab.e")[0][0] == "warn"
        run(db)
        db.execute("select * from rollup.expire('lab.e', '1 year')")
        assert value(db, "select count(*) from lab.e") == 0
    finally:
        db.execute("drop publication everything")


# Trap 39: another table in the place of the source, or of a rollup's own table


def recreate(db: Connection, table: str, options: str = "") -> None:
    """Put a copy of a table in its place, as one does to partition a table otherwise."""
    db.execute(f"create table lab.copy (like lab.{table} including all) {options}".encode())
    if options:
        db.execute(b"create table lab.copy_default partition of lab.copy default")
    db.execute(f"insert into lab.copy select * from lab.{table}".encode())
    if options:
        db.execute(b"alter sequence lab.e_event_id_seq owned by lab.copy.event_id")
    db.execute(f"drop table lab.{table} cascade".encode())
    db.execute(f"alter table lab.copy rename to {table}".encode())


def declare_three(lab: Lab) -> Connection:
    """Two members of a family and a rollup of its own, over counted and new events."""
    lab.source()
    lab.declare()
    lab.declare("hourly", bucket="1 hour")
    lab.declare("large", filter="amount > 2")
    db = lab.connect()
    for tenant in range(1, 6):
        insert(db, 10, customer_id=tenant)
    db.execute("call rollup.run_all()")
    insert(db, 5, customer_id=3)
    return db


def assert_all_counted(db: Connection, events: int) -> None:
    db.execute("call rollup.run_all()")
    for name in ("visits", "hourly", "large"):
        assert value(db, f"select sum(n)::int from lab.{name}") == events
        assert value(db, f"select sum(n)::int from lab.{name}_live") == events
        assert rows(db, "select * from rollup.verify(%s)", name) == []
        assert findings(db, f"table of {name}") == [("ok", "")]
    assert findings(db, "ids of lab.e") == [("ok", "")]


def test_trap_39_a_replaced_source_is_accepted(plain_lab: Lab) -> None:
    db = declare_three(plain_lab)
    db.execute("select rollup.declare_purged('lab.e', '2024-05-01', '2024-05-02')")
    db.execute("select rollup.follow_changes('lab.e')")
    recreate(db, "e", "partition by list (customer_id)")
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="was replaced") as stopped:
        run(db)
    with pytest.raises(errors.RaiseException, match="was replaced by another table"):
        db.execute("call rollup.run_all()")  # jobs forget what is known of dropped tables
    ((status, todo),) = findings(db, "ids of lab.e")
    assert (status, "rollup.accept_source(" in todo) == ("fail", True)
    db.execute(hinted(stopped, "select rollup.accept_source"))
    assert_all_counted(db, 55)
    insert(db, 5)
    db.execute("delete from lab.e where event_id in (select max(event_id) from lab.e)")
    assert_all_counted(db, 59)
    db.execute("delete from lab.e where customer_id = 3")
    assert_all_counted(db, 44)
    purged = "select purged::text from rollup.sources where source = 'lab.e'::regclass"
    assert value(db, purged) != "{}"


def test_trap_39_what_was_loaded_into_a_replaced_source_is_not_loaded_again(plain_lab: Lab) -> None:
    db = declare_three(plain_lab)
    begin = (
        "select load_id, position from rollup.begin_part('lab.e', 'stream', channel => 'stream')"
    )
    ((load, position),) = rows(db, begin)
    assert position is None
    db.execute("select rollup.record_part(%s, 1, 10, 0, new_position => '7')", [load])
    recreate(db, "e", "partition by list (customer_id)")
    for call in (begin, "select * from rollup.begin_part('lab.e', 'file')"):
        with pytest.raises(errors.ObjectNotInPrerequisiteState, match="ledger of loads") as stopped:
            rows(db, call)
    assert value(db, "select count(*) from rollup.loads") == 1
    db.execute(hinted(stopped, "select rollup.accept_source"))
    assert rows(db, begin) == [(load, "7")]
    db.execute("alter table lab.e rename to old; create table lab.e (like lab.old including all)")
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="ledger of loads"):
        rows(db, begin)
    db.execute("select rollup.accept_source(name) from rollup.rollups")
    ((other, position),) = rows(db, begin)  # a table of its own
    assert (other == load, position) == (False, None)


def test_trap_39_a_replaced_table_of_a_rollup_is_accepted(plain_lab: Lab) -> None:
    db = declare_three(plain_lab)
    recreate(db, "visits")
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="was replaced") as stopped:
        run(db)
    ((status, todo),) = findings(db, "table of visits")
    assert (status, "rollup.accept_source('visits')" in todo) == ("fail", True)
    db.execute(hinted(stopped, "select rollup.accept_source"))
    assert_all_counted(db, 55)


def test_trap_39_a_replacement_that_does_not_fit_is_refused(plain_lab: Lab) -> None:
    db = declare_three(plain_lab)
    db.execute("drop table lab.visits cascade")
    db.execute("create table lab.visits (customer_id bigint, bucket timestamptz, n bigint)")
    with pytest.raises(errors.Error, match="country"):
        db.execute("select rollup.accept_source('visits')")
    db.execute("drop table lab.e cascade")
    db.execute("create view lab.e as select 1 as event_id")
    with pytest.raises(errors.Error, match="event_id"):
        db.execute("select rollup.accept_source('visits')")


@pytest.mark.parametrize(
    "calls",
    [
        ["alter_distributed_table('lab.e', shard_count => 8, cascade_to_colocated => true)"],
        [f"undistribute_table('lab.{table}')" for table in ("visits", "hourly", "large", "e")],
    ],
    ids=["shards", "undistributed"],
)
def test_trap_39_a_table_that_citus_distributes_otherwise_is_accepted(
    citus_lab: Lab, calls: list[str]
) -> None:
    db = declare_three(citus_lab)
    for call in calls:
        db.execute(f"select {call}".encode())
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="was replaced") as stopped:
        run(db)
    ((status, _),) = findings(db, "ids of lab.e")
    assert status == "fail"
    db.execute(hinted(stopped, "select rollup.accept_source"))
    assert_all_counted(db, 55)
    if len(calls) == 1:
        insert(citus_lab.connect(node=1), 5, customer_id=4)
        assert_all_counted(db, 60)


def test_trap_39_what_is_distributed_later_is_completed_as_doctor_says(citus_lab: Lab) -> None:
    citus_lab.source(distribute=False)
    citus_lab.declare()
    db = citus_lab.connect()
    insert(db, 10, customer_id=2)
    run(db)
    db.execute("select create_distributed_table('lab.e', 'customer_id')")
    ((status, todo),) = findings(db, "table of visits")
    assert status == "fail"
    db.execute(todo.encode())
    insert(citus_lab.connect(node=2), 5, customer_id=2)
    run(db)
    assert value(db, "select sum(n)::int from lab.visits_live") == 15
    assert rows(db, "select * from rollup.verify('visits')") == []
    db.execute("select undistribute_table('lab.e')")
    db.execute("select rollup.accept_source('visits')")
    ((status, todo),) = findings(db, "table of visits")
    assert (status, todo.startswith("select undistribute_table(")) == ("fail", True)
    for statement in todo.split(", then "):
        db.execute(statement.encode())
    insert(db, 5, customer_id=2)
    run(db)
    assert value(db, "select sum(n)::int from lab.visits_live") == 20
    assert findings(db, "table of visits") == [("ok", "")]
