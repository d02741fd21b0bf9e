"""Citus: writers on every node, transactions over several, nodes that go away, work on shards."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
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
    pid,
    row,
    rows,
    run,
    run_family,
    script,
    until,
    until_waiting,
    value,
    watermarks,
)
from tests.servers import rollupctl

pytestmark = pytest.mark.citus

NODES = [0, 1, 2]


@pytest.fixture
def lab(citus_lab: Lab) -> Lab:
    citus_lab.source()
    citus_lab.declare()
    return citus_lab


def copy(writer: Connection, number: int, customer: int = 1) -> None:
    with (
        writer.cursor() as cursor,
        cursor.copy("copy lab.e (customer_id, device_id, country) from stdin") as stream,
    ):
        for device in range(number):
            stream.write_row((customer, device, None))


def test_trap_08_writers_on_all_nodes_are_counted_once(lab: Lab) -> None:
    lab.declare("hours", bucket="1 hour")
    db = lab.connect()
    writers = [lab.connect(node, autocommit=False) for node in NODES]
    for turn in range(3):
        for number, writer in enumerate(writers):
            insert(writer, 2, customer_id=number)
            copy(writer, 3, customer=number + 1)
        later = [lab.connect(node) for node in NODES]
        for number, writer in enumerate(later):
            copy(writer, 1, customer=number + 2)
        runner = lab.connect()
        task = Task(lambda runner=runner: run_family(runner, "visits"))  # type: ignore[misc]
        for writer in writers:
            until_waiting(db, runner, task)
            writer.commit()
        assert {outcome.events for outcome in task.result().values()} == {18}, turn
        assert_exact(db)
        assert counted(db, "lab.hours") == expected(db, bucket="1 hour")
    # Each node hands out ids of its own.
    marks = watermarks(db)
    assert [group for group, _ in marks] == NODES
    assert [mark >> 48 for _, mark in marks] == NODES
    top = "select event_id >> 48, max(event_id) from lab.e group by 1 order by 1"
    assert marks == rows(db, top)


@pytest.mark.parametrize("node", [1, 2])
def test_trap_04_writer_on_a_worker_is_named(lab: Lab, node: int) -> None:
    db, writer = lab.connect(), lab.connect(node, autocommit=False, application_name="edge")
    insert(writer)
    insert(db)
    db.execute("set rollup.max_wait = '0.1s'")
    port = writer.info.port
    with pytest.raises(errors.LockNotAvailable) as caught:
        run(db)
    assert caught.value.diag.message_primary == (
        f"rollup visits was deferred: pid {pid(writer)} on localhost:{port}, user"
        f" {writer.info.user}, application edge, is still writing to lab.e"
    )
    assert watermarks(db) == []
    writer.commit()
    assert run(db).events == 2
    assert_exact(db)


def batch_table(db: Connection) -> str | None:
    query = "select 'rollup_internal.batch_' || family from rollup.rollups where name = 'visits'"
    found: str | None = value(db, f"select to_regclass(({query}))::text")
    return found


def test_family_reads_events_once_through_a_table_that_stays_empty(lab: Lab) -> None:
    db = lab.connect()
    assert batch_table(db) is None
    lab.declare("hours", bucket="1 hour")
    lab.declare("minutes", bucket="1 minute", bucket_column="minute")  # finer: other columns
    table = batch_table(db)
    insert(db, 5)
    assert {outcome.events for outcome in run_family(db, "visits").values()} == {5}
    # Every member is fed from the table, by tasks on the shards; nothing stays in it.
    text = value(db, "select prosrc from pg_proc where proname ~ '^run_family_[0-9]+$'")
    assert text.count("from lab.e") == 1
    assert text.count(f"from {table}") == 5  # three members, the sum, the delete
    assert value(db, f"select count(*) from {table}") == 0
    # Nor when a run fails half-way.
    db.execute("set citus.multi_shard_modify_mode = sequential")
    db.execute("alter table lab.hours add constraint few check (n < 6)")
    db.execute("reset citus.multi_shard_modify_mode")
    insert(db, 5)
    with pytest.raises(errors.CheckViolation):
        run_family(db, "visits")
    assert value(db, f"select count(*) from {table}") == 0
    with pytest.raises(errors.RaiseException, match="rollup hours failed"):
        db.execute("call rollup.run_all()")
    assert_exact(db)
    db.execute("alter table lab.hours drop constraint few")
    insert(db, 1)
    events = {name: outcome.events for name, outcome in run_family(db, "visits").items()}
    assert events == {"minutes": 1, "visits": 1, "hours": 6}
    assert_exact(db)
    assert counted(db, "lab.hours") == expected(db, bucket="1 hour")
    db.execute("select rollup.drop_rollup('minutes')")
    assert batch_table(db) == table
    db.execute("select rollup.drop_rollup('hours')")
    assert batch_table(db) is None


def test_trap_08_windows_are_bounded_on_each_node(lab: Lab) -> None:
    db = lab.connect()
    for node, number in zip(NODES, (5, 12, 7), strict=True):
        insert(lab.connect(node), number)
    outcomes = catch_up(db, max_events=5)
    assert [(o.events, o.more) for o in outcomes] == [(15, True), (7, True), (2, False)]
    assert_exact(db)


@contextlib.contextmanager
def stopped(lab: Lab, node: int) -> Iterator[None]:
    cluster = lab.server.clusters[node]
    cluster.down()
    try:
        yield
    finally:
        cluster.up()


def test_trap_08_node_that_is_down_is_an_error_and_nothing_moves(lab: Lab) -> None:
    db = lab.connect()
    insert(db, 2)
    run(db)
    before = watermarks(db), counted(db)
    insert(lab.connect(1), 3)
    insert(db, 4)
    with stopped(lab, 1):
        with pytest.raises(errors.ConnectionException, match="did not answer") as caught:
            run(db)
        assert caught.value.diag.message_hint == (
            "Nothing was changed. Try again when the node is back."
        )
        with pytest.raises(psycopg.Error, match="did not answer"):
            db.execute("call rollup.run_all()")
        assert watermarks(db) == before[0]
    assert counted(db) == before[1]
    assert run(db).events == 7
    assert_exact(db)


def test_status_and_doctor_answer_while_a_node_is_down(lab: Lab) -> None:
    db = lab.connect()
    insert(db, 2)
    run(db)
    insert(db, 4)
    dsn = lab.server.dsn(lab.database)
    port = lab.connect(1).info.port
    with stopped(lab, 1):
        began = time.monotonic()
        lag, note = row(db, "select lag_events, note from rollup.status")
        assert lag == 4
        assert f"without Citus node localhost:{port}, which did not answer" in note
        assert rows(db, "select count(*) from rollup.runs") == [(1,)]
        found = {
            name: (state, said)
            for name, state, said, _ in rows(db, "select * from rollup.doctor()")
        }
        state, said = found[f"Citus node localhost:{port}"]
        assert (state, "did not answer" in said) == ("fail", True)
        assert "lag of visits" in found
        assert found[f"Citus node localhost:{lab.connect(2).info.port}"][0] == "ok"
        status = rollupctl(dsn, "status", "--max-lag", "3600")
        assert (status.returncode, f"localhost:{port}" in status.stdout) == (0, True)
        doctor = rollupctl(dsn, "doctor")
        assert (doctor.returncode, f"localhost:{port}" in doctor.stdout) == (3, True)
        assert time.monotonic() - began < 20
    assert run(db).events == 4
    assert value(db, "select note from rollup.status") is None


def test_trap_14_no_time_reaches_the_shards_in_the_spelling_of_the_session(lab: Lab) -> None:
    # Citus hands a worker '06/05/2024' as it is, which is in June there.
    db = lab.connect()
    for day in ("2024-05-05", "2024-05-20"):
        insert(db, 2, event_time=f"{day} 12:00Z")
    run(db)
    db.execute("set datestyle = 'SQL, DMY'")
    where = "event_time >= timestamptz '2024-05-06 00:00Z'"
    assert lab.declare("later", bucket="1 hour", filter=where, db=db)
    assert value(db, "select lag_events from rollup.status where name = 'later'") == 2
    db.execute("call rollup.run_all()")
    assert value(db, "select sum(n) from lab.later") == 2
    for name in ("visits", "later"):
        assert rows(db, "select * from rollup.verify(%s)", name) == []
    older = "now() - timestamptz '2024-05-06 00:00Z'"
    found = rows(db, f"select partition, events, action from rollup.expire('lab.e', {older})")
    assert found == [("lab.e_default", 2, "rows deleted")]
    db.execute("reset datestyle")
    assert rows(db, "select distinct event_time::date::text from lab.e") == [("2024-05-20",)]


def test_run_on_a_worker_is_refused(lab: Lab) -> None:
    worker = lab.connect(1)
    with pytest.raises(psycopg.Error, match="run on the Citus coordinator, not on a worker") as e:
        worker.execute("select * from rollup_internal.nodes()")
    assert "Events may be written on any node." in str(e.value.diag.message_hint)


def shard_on(db: Connection, node: Connection, table: str) -> tuple[int, int]:
    """A customer whose events a node holds, and the shard of a table they are in."""
    place = """select s.shardid from pg_dist_shard s join pg_dist_placement using (shardid)
                 join pg_dist_node using (groupid)
                where s.shardid = get_shard_id_for_distribution_column(%s, %s) and nodeport = %s"""
    for customer in range(1, 100):
        for (shard,) in rows(db, place, table, customer, node.info.port):
            return customer, int(shard)
    raise AssertionError("the node has no shards")


def in_doubt(lab: Lab, begun_on: int, node: int, is_committed: bool) -> str:
    """A transaction of one node whose part on another one is prepared, with one event in it, and
    whose session is gone. Committed means that the first node has noted that it committed."""
    origin = lab.connect(begun_on)
    (group,) = rows(origin, "select groupid from pg_dist_local_group")[0]
    gid = f"citus_{group}_{pid(origin)}_{node}{begun_on}_1"
    part = lab.connect(node, autocommit=False)
    customer, shard = shard_on(origin, part, "lab.e_1")
    event = value(origin, "select nextval('lab.e_event_id_seq')")
    part.execute("set citus.enable_manual_changes_to_shards to on")
    part.execute(
        f"""insert into lab.e_1_{shard} (event_id, event_time, customer_id, device_id)
            values (%s, '2024-06-01 12:00Z', %s, 1)""".encode(),
        [event, customer],
    )
    part.execute(f"prepare transaction '{gid}'".encode())
    part.close()
    if is_committed:
        note = "insert into pg_dist_transaction (groupid, gid) values (%s, %s)"
        origin.execute(note, [node_group(lab, node), gid])
    origin.close()
    return gid


def node_group(lab: Lab, node: int) -> int:
    return int(value(lab.connect(node), "select groupid from pg_dist_local_group"))


@pytest.mark.parametrize("is_committed", [True, False])
@pytest.mark.parametrize(("begun_on", "node"), [(0, 1), (1, 2)])
def test_trap_09_transaction_in_doubt_is_recovered_first(
    lab: Lab, begun_on: int, node: int, is_committed: bool
) -> None:
    db = lab.connect()
    insert(db)
    gid = in_doubt(lab, begun_on, node, is_committed)
    insert(lab.connect(begun_on), 2)  # later ids, committed
    assert run(db).events == (4 if is_committed else 3)
    assert_exact(db)
    for other in NODES:
        prepared = "select gid from pg_prepared_xacts where gid = %s"
        assert rows(lab.connect(other), prepared, gid) == []
    assert value(db, "select count(*) from lab.e") == (4 if is_committed else 3)
    assert run(db).status == "nothing new"


def test_trap_09_transaction_that_stays_in_doubt_puts_the_run_off(lab: Lab) -> None:
    db, worker = lab.connect(), lab.connect(1, autocommit=False)
    # Begun by a node that is not there to say how it ended.
    worker.execute("set citus.enable_manual_changes_to_shards to on")
    customer, shard = shard_on(db, worker, "lab.e_1")
    event = value(db, "select nextval('lab.e_event_id_seq')")
    worker.execute(
        f"insert into lab.e_1_{shard} (event_id, customer_id) values (%s, %s)".encode(),
        [event, customer],
    )
    worker.execute("prepare transaction 'citus_77_1_1_1'")
    insert(db, 2)
    db.execute("set rollup.max_wait = '0.1s'")
    with pytest.raises(
        errors.LockNotAvailable, match="rollup visits was deferred: participants of"
    ) as e:
        run(db)
    assert "prepared and in doubt" in str(e.value.diag.message_detail)
    assert f"localhost:{worker.info.port}" in str(e.value.diag.message_detail)
    assert watermarks(db) == []
    lab.connect(1).execute("rollback prepared 'citus_77_1_1_1'")
    assert run(db).events == 2
    assert_exact(db)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="kills a process")
@pytest.mark.parametrize("table", ["lab.e", "lab.e_1"])
def test_trap_09_part_that_outlives_its_session_is_waited_for(lab: Lab, table: str) -> None:
    db, writer, worker = lab.connect(), lab.connect(), lab.connect(1)
    worker.execute("set citus.enable_manual_changes_to_shards to on")
    worker.autocommit = False
    customer, shard = shard_on(db, worker, table)
    worker.execute(f"lock table {table}_{shard} in share mode".encode())
    # A single row is one statement on one shard, and commits there by itself.
    query = "insert into lab.e (customer_id, device_id) values (%s, 1)"
    task: Task[Any] = Task(lambda: writer.execute(query, [customer]))
    watcher = lab.connect(1)
    blocked = """select count(*) from pg_stat_activity where wait_event_type = 'Lock'
                   and application_name like 'citus_internal%%'"""
    until(lambda: value(watcher, blocked) == 1, "the part waits for its lock")
    os.kill(pid(writer), signal.SIGKILL)
    with pytest.raises(psycopg.OperationalError):
        task.result()
    db = again(lab, db)
    elsewhere, _ = shard_on(db, lab.connect(2), table)
    insert(db, customer_id=elsewhere)
    db.execute("set rollup.max_wait = '0.1s'")
    with pytest.raises(errors.LockNotAvailable, match="participants of distributed") as caught:
        run(db)
    assert "without the session that began them" in str(caught.value.diag.message_detail)
    assert watermarks(db) == []
    worker.rollback()
    until(lambda: value(watcher, blocked) == 0, "the part goes on")
    db.execute("set rollup.max_wait = '10s'")
    assert run(db).events == value(db, "select count(*) from lab.e") == 2
    assert_exact(db)


def again(lab: Lab, before: Connection) -> Connection:
    """A connection to a coordinator that restarts after a crash, which ended the one before."""
    made: list[Connection] = []

    def ended() -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            before.execute("select")
        return before.broken

    until(ended, "the coordinator has noticed the crash")

    def connected() -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            made.append(lab.connect())
        return bool(made)

    until(connected, "the coordinator is back")
    return made[0]


def generated_inserts(db: Connection) -> list[str]:
    """The statements by which generated functions count, for a window of ids."""
    found = []
    query = """select prosrc from pg_proc where position('rollup_internal.begin_run(array[' in prosrc) > 0
                  and position('rollup_internal.begin_run(array[%' in prosrc) = 0"""
    for (source,) in rows(db, query):
        for statement in re.findall(r"(?:insert into|with batch) .*?;", source, re.DOTALL):
            for variable, number in (
                ("ids.after_id", "0"),
                ("ids.through_id", "10"),
                ("ids.rollups", "array['visits']"),
                ("run.from_time", "timestamptz '2024-06-01'"),
                ("into new_events, new_rows", ""),
            ):
                statement = statement.replace(variable, number)
            found.append(statement)
    return found


def test_trap_22_counting_is_done_on_the_shards(lab: Lab) -> None:
    lab.declare("hours", bucket="1 hour")
    lab.declare(
        "rich",
        dimensions=["country", "amount / 10 as tens", "event_time::date as day"],
        measures={
            "n": {"count": "*", "where": "amount > 1"},
            "top": {"top": "device_id"},
            "devices": {"distinct": "country"},
            "most": {"max": "event_time"},
        },
        filter="amount is distinct from 7",
    )
    db = lab.connect()
    # One for each rollup; and for the family of two the batch, and each member from it.
    statements = generated_inserts(db)
    assert len(statements) == 6
    for statement in statements:
        plan = "\n".join(line for (line,) in rows(db, f"explain (costs off) {statement}"))
        assert plan.startswith("Custom Scan (Citus Adaptive)\n  Task Count: 4\n"), plan
        for wrong in ("pull to coordinator", "repartition", "Subplan"):
            assert wrong not in plan


@pytest.mark.parametrize(
    "how", ["other tenant", "other colocation", "reference table", "volatile", "subquery"]
)
def test_trap_22_what_cannot_be_pushed_down_is_refused(lab: Lab, how: str) -> None:
    db = lab.connect()
    table = """create table lab.mine (customer_id bigint not null, bucket timestamptz not null,
                                      country text, n bigint)"""
    options: dict[str, Any] = {"measures": {"n": {"count": "*"}}}
    if how == "other tenant":
        options |= {"tenant": "device_id"}
    elif how == "other colocation":
        script(db, f"{table}; select create_distributed_table('lab.mine', 'customer_id',"
                   " colocate_with => 'none')")  # fmt: skip
    elif how == "reference table":
        script(db, f"{table}; select create_reference_table('lab.mine')")
    elif how == "volatile":
        options |= {"filter": "random() < 2"}
    else:
        db.execute("create table lab.known (id bigint)")
        options |= {"filter": "device_id in (select id from lab.known)"}
    with pytest.raises(errors.FeatureNotSupported, match=r"not count lab\.e into .* on the shards"):
        lab.declare("mine", target="lab.mine", **options)
    assert rows(db, "select name from rollup.rollups") == [("visits",)]


def test_tenant_is_needed(lab: Lab) -> None:
    with pytest.raises(errors.FeatureNotSupported, match="is distributed: a rollup of it needs"):
        lab.declare("all", tenant=None)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ("select create_reference_table('lab.o')", "is a reference table"),
        ("select create_distributed_table('lab.o', null)", "has a single shard"),
        ("select citus_add_local_table_to_metadata('lab.o')", "is a local table"),
        ("select citus_schema_distribute('lab')", "has a single shard"),
    ],
)
def test_what_citus_does_not_divide_is_refused_and_can_be_counted_as_the_hint_says(
    citus_lab: Lab, made: str, says: str
) -> None:
    db = citus_lab.connect()
    db.execute(
        "create table lab.o (event_id bigserial, event_time timestamptz not null default now(),"
        " customer_id bigint not null)"
    )
    db.execute(made.encode())
    db.execute("insert into lab.o (customer_id) values (1), (2), (2)")

    def declare() -> None:
        db.execute(
            "select rollup.create_rollup('visits', 'lab.o', '1 hour', '{\"n\": {\"count\": \"*\"}}')"
        )

    with pytest.raises(errors.FeatureNotSupported, match=f"lab.o {says}") as refused:
        declare()
    hint = re.search(r"select (?:undistribute_table|citus_schema_undistribute)\('.*?'\)",
                     refused.value.diag.message_hint or "")  # fmt: skip
    assert hint
    db.execute(hint[0].encode())
    declare()
    assert run(db).events == 3
    assert value(db, "select sum(n)::int from lab.visits_live") == 3
    assert rows(db, "select * from rollup.verify('visits')") == []


def test_trap_06_sequence_of_a_worker_is_checked_too(lab: Lab) -> None:
    db = lab.connect()
    insert(db)
    worker = lab.connect(1)
    worker.execute("set citus.enable_metadata_sync to off")
    worker.execute("set citus.enable_ddl_propagation to off")
    worker.execute("alter sequence lab.e_event_id_seq cache 10")
    with pytest.raises(psycopg.Error, match=r"did not answer|one by one"):
        run(db)
    assert watermarks(db) == []


def test_local_table_can_have_rollups_too(citus_lab: Lab) -> None:
    lab = citus_lab
    lab.source("lab.alone", distribute=False)
    lab.declare(source="lab.alone", target="lab.visits")
    lab.declare("hours", source="lab.alone", bucket="1 hour", tenant=None, dimensions=[])
    db = lab.connect()
    insert(db, 10_000, table="lab.alone")
    db.execute("call rollup.run_all()")
    assert counted(db) == expected(db, "lab.alone")
    assert value(db, "select sum(n) from lab.hours") == 10_000


def test_worker_added_later_has_a_watermark_of_its_own(lab: Lab) -> None:
    # A node without a watermark starts at its first id.
    db = lab.connect()
    insert(db, 2)
    run(db)
    db.execute("delete from rollup.watermarks where node_group = 2")
    insert(lab.connect(2), 3)
    assert run(db) == Outcome("done", 3, 1, False)
    assert_exact(db)


def test_new_rollup_counts_what_a_removed_node_has_left(lab: Lab) -> None:
    # Its ids tell: no node draws from that range any more.
    lab.source(name="lab.left")
    db = lab.connect()
    insert(db, 2, table="lab.left")
    insert(db, 1, table="lab.left", event_id=(7 << 48) + 1)
    for newest_first in (False, True):
        name = f"left_{newest_first}".lower()
        lab.declare(name, source="lab.left", newest_first=newest_first)
        run(db, name)
        assert value(db, f"select sum(n) from lab.{name}") == 3
        assert rows(db, "select * from rollup.verify(%s)", name) == []


LOCKING = {
    "alter": "select rollup.alter_source('lab.e', 'alter column country type varchar(99)')",
    "follow": "select rollup.follow_changes('lab.e')",
    "measures": """select rollup.alter_rollup('visits', add_measures => '{"m": {"max": "amount"}}')""",
    "expire": "select * from rollup.expire('lab.e', '1 day')",
}


@pytest.mark.parametrize("operation", LOCKING)
def test_trap_62_a_writer_on_a_worker_keeps_nobody_waiting_for_a_lock(
    citus_lab: Lab, operation: str
) -> None:
    """Locks are asked for briefly on every node, and what asks for them gives up in time."""
    citus_lab.source()
    citus_lab.declare()
    db, other = citus_lab.connect(options="-c rollup.max_wait=1s"), citus_lab.connect()
    for tenant in range(1, 9):
        insert(db, 1, customer_id=tenant)
    run(db)
    holder = citus_lab.connect(node=1, autocommit=False)
    holder.execute("select count(*) from lab.visits")
    for tenant in range(1, 9):
        insert(holder, 1, customer_id=tenant, event_time="2100-01-01")
    db.execute("set statement_timeout = '15s'")
    asking = Task(lambda: db.execute(LOCKING[operation].encode()))
    waited = []
    while not asking.is_done():
        began = time.monotonic()
        insert(other, 1, customer_id=9, event_time="2100-01-01")
        waited.append(time.monotonic() - began)
    with pytest.raises(psycopg.errors.LockNotAvailable):
        asking.result()
    assert max(waited) < 5
    holder.commit()
    for _ in range(3):
        run(db)
    db.execute(LOCKING[operation].encode())
    if operation != "expire":
        assert_exact(db)
