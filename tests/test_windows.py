"""What a run counts: every committed event once, whatever writers do meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from psycopg import errors

from tests.helpers import (
    DAY,
    Connection,
    Lab,
    Outcome,
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
    script,
    until,
    until_waiting,
    value,
    watermarks,
)

# Tests look for the processes of their sessions.
pytestmark = pytest.mark.own_session


def by_insert(writer: Connection) -> None:
    insert(writer, 2)


def by_copy(writer: Connection) -> None:
    copy = "copy lab.e (event_time, customer_id, country, device_id) from stdin"
    with writer.cursor() as cursor, cursor.copy(copy) as stream:
        for device in (1, 2):
            stream.write_row((DAY, 1, None, device))


def by_savepoint(writer: Connection) -> None:
    # The lock is taken by a subtransaction, and kept when that ends well.
    writer.execute("savepoint kept")
    insert(writer)
    writer.execute("release kept")
    writer.execute("savepoint lost")
    insert(writer, 5)
    writer.execute("rollback to lost")
    insert(writer)


def by_prepared_statement(writer: Connection) -> None:
    for device in (1, 2):
        writer.execute(
            "insert into lab.e (customer_id, device_id) values (%s, %s)", [1, device], prepare=True
        )


@pytest.mark.parametrize("write", [by_insert, by_copy, by_savepoint, by_prepared_statement])
@pytest.mark.parametrize("max_events", [None, 1])
def test_trap_01_out_of_order_commit(
    lab: Lab, write: Callable[[Connection], None], max_events: int | None
) -> None:
    lab.source()
    lab.declare()
    db, first, runner = lab.connect(), lab.connect(autocommit=False), lab.connect()
    write(first)
    insert(db, 3)  # draws later ids and commits first

    task = Task(lambda: catch_up(runner, max_events=max_events))
    until_waiting(db, runner, task)
    assert watermarks(db) == []
    first.commit()
    assert sum(outcome.events for outcome in task.result()) == 5
    assert_exact(db)
    assert run(db).status == "nothing new"


def test_trap_01_rolled_back_writer_leaves_a_gap(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db, first, runner = lab.connect(), lab.connect(autocommit=False), lab.connect()
    insert(first, 2)
    insert(db, 3)
    task = Task(lambda: run(runner))
    until_waiting(db, runner, task)
    first.rollback()
    assert task.result() == Outcome("done", 3, 1, False)
    insert(db)
    assert run(db).events == 1
    assert_exact(db)


def test_trap_01_last_id_is_read_before_writers_are_looked_for(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db, writer, runner = lab.connect(), lab.connect(autocommit=False), lab.connect()
    insert(db)
    # Whoever reads the sequence stops before it. A writer who comes just then draws an id that
    # the window will hold, so it must be seen afterwards.
    db.execute(
        """alter function rollup_internal.last_issued_id(regclass) rename to real_last_id;
           create function rollup_internal.last_issued_id(sequence pg_catalog.regclass) returns bigint language plpgsql as $$
           begin
               perform pg_advisory_xact_lock_shared(4711);
               return rollup_internal.real_last_id(sequence);
           end $$"""
    )
    db.execute("select pg_advisory_lock(4711)")
    task = Task(lambda: run(runner))
    until_waiting(db, runner, task, "advisory")
    insert(writer)
    insert(db)
    db.execute("select pg_advisory_unlock(4711)")
    until_waiting(db, runner, task)
    writer.commit()
    assert task.result().events == 3
    assert_exact(db)


def test_trap_01_own_uncommitted_events_are_counted_with_the_transaction(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db, own = lab.connect(), lab.connect(autocommit=False)
    for end in (own.rollback, own.commit):
        insert(own, 2)
        assert run(own).events == 2
        end()
        assert_exact(db)
    assert sum(counted(db).values()) == 1


def test_trap_03_cancel_while_waiting_moves_nothing(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db, writer, runner = lab.connect(), lab.connect(autocommit=False), lab.connect()
    insert(db)
    run(db)
    before = watermarks(db)
    insert(writer)
    insert(db)
    for start in (lambda: run(runner), lambda: runner.execute("call rollup.run_all()")):
        task: Task[Any] = Task(start)
        until_waiting(db, runner, task)
        db.execute("select pg_cancel_backend(%s::int)", [pid(runner)])
        with pytest.raises(errors.QueryCanceled):
            task.result()
        assert watermarks(db) == before
    writer.commit()
    assert run(db).events == 2
    assert_exact(db)


@pytest.mark.parametrize("setting", ["statement_timeout", "lock_timeout"])
def test_trap_03_timeouts_move_nothing(plain_lab: Lab, setting: str) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db, other, runner = lab.connect(), lab.connect(autocommit=False), lab.connect()
    insert(db)
    if setting == "lock_timeout":
        runner.execute("set lock_timeout = '100ms'")
        other.execute("lock table lab.visits in exclusive mode")
    else:
        runner.execute("set statement_timeout = '2s'")  # half of it is for the wait
        insert(other)
    with pytest.raises(errors.LockNotAvailable):
        run(runner)
    with pytest.raises(errors.LockNotAvailable):
        runner.execute("call rollup.run_all()")
    assert watermarks(db) == []
    other.commit()
    catch_up(db)
    assert_exact(db)


def test_trap_03_run_that_statement_timeout_cancels_moves_nothing(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db, other, runner = lab.connect(), lab.connect(autocommit=False), lab.connect()
    insert(db)
    runner.execute("set statement_timeout = '100ms'")
    other.execute("lock table lab.visits in exclusive mode")
    with pytest.raises(errors.QueryCanceled):
        run(runner)
    assert watermarks(db) == []
    other.commit()
    catch_up(db)
    assert_exact(db)


def test_trap_04_wait_is_bounded_and_names_the_writer(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db, runner = lab.connect(), lab.connect()
    writer = lab.connect(autocommit=False, application_name="night load")
    insert(writer)
    insert(db)
    runner.execute("set rollup.max_wait = '0.2s'")
    with pytest.raises(errors.LockNotAvailable) as caught:
        run(runner)
    diag = caught.value.diag
    node = "the coordinator" if lab.server.is_citus else "this server"
    assert diag.message_primary == (
        f"rollup visits was deferred: pid {pid(writer)} on {node}, user {writer.info.user},"
        " application night load, is still writing to lab.e"
    )
    assert diag.message_detail is not None
    # Intervals are written as the session writes them.
    assert re.fullmatch(
        "Its transaction is idle in transaction and (00:00:0|PT)[0-9.S]* old;"
        " the run waited (00:00:00.2|PT0.2S)[.]",
        diag.message_detail,
    )
    assert diag.message_hint == (
        "Nothing was counted; the next run tries again. To end that transaction:"
        f" select pg_terminate_backend({pid(writer)})"
    )
    assert watermarks(db) == []
    writer.commit()
    assert run(runner).events == 2
    assert_exact(db)


def test_trap_04_oldest_of_several_writers_is_named(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db = lab.connect()
    writers = [lab.connect(autocommit=False) for _ in range(3)]
    for writer in reversed(writers):
        insert(writer)
    db.execute("set rollup.max_wait = '1ms'")
    with pytest.raises(errors.LockNotAvailable, match=f"pid {pid(writers[2])} ") as caught:
        run(db)
    assert "and 2 more are open" in str(caught.value.diag.message_detail)


@pytest.mark.no_hostile("it waits for time limits")
def test_trap_04_deferral_is_recorded_once_and_others_go_on(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.source("lab.other")
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    lab.declare("others", source="lab.other")
    db, writer = lab.connect(), lab.connect(autocommit=False)
    db.execute("set rollup.max_wait = '10ms'")
    insert(writer)
    insert(db)
    for number in range(1, 4):
        insert(db, table="lab.other")
        with pytest.raises(errors.LockNotAvailable, match="rollups visits, hours were deferred"):
            db.execute("call rollup.run_all()")
        assert value(db, "select sum(n) from lab.others") == number
    ledger = "select rollup, status, message is null, finished_at > started_at from rollup.runs"
    assert sorted(rows(db, ledger)) == [
        ("hours", "deferred", False, True),
        ("others", "done", True, True),
        ("others", "done", True, True),
        ("others", "done", True, True),
        ("visits", "deferred", False, True),
    ]
    writer.commit()
    db.execute("call rollup.run_all()")
    assert_exact(db)
    # Deferred by another one, or again after it went well, is news.
    insert(writer)
    with pytest.raises(errors.LockNotAvailable):
        db.execute("call rollup.run_all()")
    query = "select count(*) from rollup.runs where rollup = 'visits' and status = 'deferred'"
    assert value(db, query) == 2


@pytest.mark.no_hostile("its sessions do again at read committed what is refused")
@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_trap_05_old_snapshots_are_refused(plain_lab: Lab, level: str) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db, runner = lab.connect(), lab.connect(autocommit=False)
    insert(db)
    runner.execute(f"set transaction isolation level {level}".encode())
    with pytest.raises(errors.InvalidTransactionState, match=f"at isolation level {level}") as e:
        run(runner)
    assert e.value.diag.message_hint == "Run it at read committed."
    runner.rollback()
    runner.execute(f"set default_transaction_isolation = '{level}'".encode())
    runner.commit()
    runner.autocommit = True
    with pytest.raises(errors.InvalidTransactionState, match=f"at isolation level {level}"):
        run(runner)
    assert watermarks(db) == []
    assert run(db).events == 1


@pytest.mark.parametrize("change", ["cache 10", "increment -1", "cycle", "minvalue -5"])
def test_trap_06_sequences_that_hand_out_ids_in_another_way_are_refused(
    plain_lab: Lab, change: str
) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db, other = lab.connect(), lab.connect()
    insert(db, 3)
    db.execute(f"alter sequence lab.e_event_id_seq {change}".encode())
    insert(other)  # may have cached some ids now
    expected = "sequence lab.e_event_id_seq must hand out ids one by one and upwards"
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match=expected) as caught:
        run(db)
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match=expected):
        lab.declare("after")
    assert watermarks(db) == []
    hint = str(caught.value.diag.message_hint)
    assert hint.startswith("alter sequence lab.e_event_id_seq cache 1 ")
    db.execute(hint.encode())
    run(db)
    insert(other)
    insert(db)
    assert run(db).events >= 2
    assert_exact(db)
    assert "counts lab.e" in lab.declare("after")


@pytest.mark.parametrize("server_is", ["running", "restarted"])
def test_trap_10_prepared_transactions_are_open_writers(plain_lab: Lab, server_is: str) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db, writer = lab.connect(), lab.connect(autocommit=False)
    writer.execute("savepoint s")  # a subtransaction has a transaction id of its own
    insert(writer)
    writer.execute("release s")
    insert(writer)
    user = writer.info.user
    writer.execute("prepare transaction 'it''s mine'")
    writer.close()
    insert(db)
    if server_is == "restarted":  # its virtual transaction is another one then
        (cluster,) = lab.server.clusters
        cluster.down()
        cluster.up()
        db = lab.connect()
    db.execute("set rollup.max_wait = '10ms'")
    with pytest.raises(errors.LockNotAvailable) as caught:
        run(db)
    diag = caught.value.diag
    assert diag.message_primary == (
        "rollup visits was deferred: prepared transaction 'it''s mine' on this server,"
        f" user {user}, application unnamed, is still writing to lab.e"
    )
    assert re.match("Its transaction is prepared and (00:00:|PT)", str(diag.message_detail))
    assert str(diag.message_hint).endswith("rollback prepared 'it''s mine'")
    assert watermarks(db) == []
    db.execute("commit prepared 'it''s mine'")
    assert run(db).events == 3
    assert_exact(db)


def test_trap_10_writer_that_prepares_during_the_wait_is_waited_for(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db, writer, runner = lab.connect(), lab.connect(autocommit=False), lab.connect()
    insert(writer)
    runner.execute("set rollup.max_wait = '0.5s'")
    task = Task(lambda: run(runner))
    until_waiting(db, runner, task)
    writer.execute("prepare transaction 'later'")
    writer.close()
    with pytest.raises(errors.LockNotAvailable, match="prepared transaction 'later'"):
        task.result()
    db.execute("commit prepared 'later'")
    assert run(db).events == 1
    assert_exact(db)


def test_trap_11_writer_to_a_partition_is_waited_for(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db, writer, runner = lab.connect(), lab.connect(autocommit=False), lab.connect()
    insert(writer, table="lab.e_1")
    insert(db)
    task = Task(lambda: run(runner))
    until_waiting(db, runner, task)
    writer.commit()
    assert task.result().events == 2
    assert_exact(db)


@pytest.mark.no_hostile("a plain owner creates no roles")
def test_trap_11_ordinary_roles_write_to_the_parent_only(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    db.execute("drop role if exists lab_writer; create role lab_writer login")
    try:
        db.execute("grant usage on schema lab to lab_writer")
        db.execute("grant insert on lab.e to lab_writer")
        db.execute("grant usage on sequence lab.e_event_id_seq to lab_writer")
        db.execute("set role lab_writer")
        insert(db, 2)
        for table in ("lab.e_1", "lab.e_default"):
            with pytest.raises(errors.InsufficientPrivilege):
                insert(db, table=table)
        db.execute("reset role")
        assert run(db).events == 2
    finally:
        db.execute("reset role; drop owned by lab_writer; drop role lab_writer")


def test_run_over_nothing_new_writes_nothing(lab: Lab) -> None:
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    db, idle = lab.connect(), lab.connect(autocommit=False)
    insert(db, 3)
    catch_up(db)
    catch_up(db, "hours")
    state = "select xmin::text, ctid::text, as_of from rollup_internal.watermarks order by 1, 2"
    before = rows(db, state)
    runs = value(db, "select count(*) from rollup.runs")
    for query in ("rollup.run('visits')", "rollup.run_family('visits')"):
        outcomes = rows(idle, f"select status, events, rows, more from {query}")
        assert set(outcomes) == {("nothing new", 0, 0, False)}
        assert value(idle, "select pg_current_xact_id_if_assigned()") is None
        idle.commit()

    # The server may take a transaction id of its own meanwhile, but not each time.
    def takes_none() -> bool:
        newest = value(db, "select pg_snapshot_xmax(pg_current_snapshot())")
        db.execute("call rollup.run_all()")
        return bool(newest == value(db, "select pg_snapshot_xmax(pg_current_snapshot())"))

    assert any(takes_none() for _ in range(5))
    assert rows(db, state) == before
    assert value(db, "select count(*) from rollup.runs") == runs


def test_empty_source_and_empty_window(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db, writer = lab.connect(), lab.connect(autocommit=False)
    assert run(db) == Outcome("nothing new", 0, 0, False)
    insert(writer, 5)
    writer.rollback()
    assert run(db) == Outcome("done", 0, 0, False)  # ids drawn, events none
    assert watermarks(db) == [(0, 5)]
    assert run(db) == Outcome("nothing new", 0, 0, False)


def test_trap_16_rows_moved_out_of_the_default_partition_are_not_counted_again(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 3, event_time="2020-02-02 00:00Z")
    run(db)
    counts = counted(db)
    script(
        db,
        """alter table lab.e detach partition lab.e_default;
           create table lab.e_2020 partition of lab.e
               for values from ('2020-01-01 00:00Z') to ('2021-01-01 00:00Z');
           insert into lab.e select * from lab.e_default;
           truncate lab.e_default;
           alter table lab.e attach partition lab.e_default default""",
    )
    assert value(db, "select count(*) from lab.e_2020") == 3
    assert run(db) == Outcome("nothing new", 0, 0, False)
    assert counted(db) == counts == expected(db)


def test_trap_19_windows_are_bounded(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 25)
    outcomes = catch_up(db, max_events=10)
    assert [(o.events, o.more) for o in outcomes] == [(10, True), (10, True), (5, False)]
    assert_exact(db)
    for wrong in (0, -1):
        with pytest.raises(errors.InvalidParameterValue, match="max_events must be at least 1"):
            run(db, max_events=wrong)


def test_trap_19_run_all_takes_turns(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.source("lab.other")
    lab.declare()
    lab.declare("others", source="lab.other")
    db = lab.connect()
    insert(db, 25)
    insert(db, 15, table="lab.other")
    db.execute("call rollup.run_all(10)")
    assert rows(db, "select rollup, events from rollup.runs order by id") == [
        ("visits", 10),
        ("others", 10),
        ("visits", 10),
        ("others", 5),
        ("visits", 5),
    ]
    assert_exact(db)


@pytest.mark.parametrize(
    "count",
    [
        lambda db: [run(db)],
        lambda db: catch_up(db, max_events=1000),
        lambda db: [run_family(db, "visits")["visits"]],
    ],
)
def test_trap_24_cost_of_a_run_does_not_depend_on_history(
    lab: Lab, count: Callable[[Connection], list[Outcome]]
) -> None:
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    nodes = range(len(lab.server.nodes))
    # On Citus the events are in shards, which sessions do not show otherwise.
    shown = "-c citus.override_table_visibility=off"
    watched = [lab.connect(node, options=shown) for node in nodes]

    def close(session: Connection) -> None:
        """End a session, and on Citus the sessions it has on workers: they report what they have
        read when they end."""
        known = pid(session)
        session.close()
        sessions = """select exists (select from pg_stat_activity
                                      where pid = %s or application_name ~ %s)"""
        for connection in watched:
            until(
                lambda: not value(connection, sessions, known, f"gpid=[0-9]+0{known}$"),  # noqa: B023
                "the session has ended",
            )

    def blocks() -> int:
        """Blocks of events that sessions have asked for, on all nodes."""
        asked = """select coalesce(sum(heap_blks_read + heap_blks_hit), 0)
                     from pg_statio_user_tables where relname ~ '^e_'"""
        return sum(int(value(connection, asked)) for connection in watched)

    loader = lab.connect()
    for customer in range(8):
        insert(loader, 20_000, customer_id=customer)
    loader.execute("call rollup.run_all()")
    insert(loader, 10)
    close(loader)
    size = """select coalesce(sum(pg_relation_size(oid)) / 8192, 0) from pg_class
               where relname ~ '^e_' and relkind = 'r'"""
    history = sum(int(value(connection, size)) for connection in watched)
    before = blocks()
    runner = lab.connect()
    assert [outcome.events for outcome in count(runner)] == [10]
    close(runner)
    touched = blocks() - before
    # Two scans, of the last block range of each shard.
    assert 0 < touched < history / 4, (touched, history)


# Settings

TOP: dict[str, Any] = {"n": {"count": "*"}, "top": {"top": "device_id", "counters": 20}}


def settings_of(db: Connection) -> dict[str, str]:
    query = """select name, setting from pg_settings where name <> 'transaction_isolation'
               union all
               select name, current_setting(name, true) from rollup_internal.counting_settings()"""
    return dict(rows(db, query))


@pytest.mark.no_hostile(
    "only a superuser's functions can set a parameter that no extension has registered"
)
@pytest.mark.parametrize(
    "statement",
    [
        "select rollup.run('visits')",
        "select rollup.run_family('visits')",
        "select rollup.verify('visits')",
        "select rollup.rebuild('visits')",
        "select rollup.repair('visits')",
        "select rollup_internal.fill_measures('visits', '-infinity', 'infinity', null)",
    ],
)
def test_settings_of_counting_end_with_the_call(lab: Lab, statement: str) -> None:
    lab.source()
    lab.declare("hours", bucket="1 hour", measures=TOP)
    lab.declare("visits", measures=TOP)
    caller = lab.connect(autocommit=False)
    insert(caller)
    caller.execute("select rollup.run('visits', 1), rollup.run('hours', 1)")
    caller.execute(
        """select rollup.alter_rollup('visits', add_measures => '{"m": {"max": "amount"}}')"""
    )
    caller.commit()
    insert(caller)
    caller.execute("update lab.visits set n = 7")
    caller.execute("set local jit = on")
    caller.execute("set local timezone = 'Asia/Kolkata'")
    caller.execute("set local topn.number_of_counters = 77")
    before = settings_of(caller)
    caller.execute(statement.encode())
    assert settings_of(caller) == before
