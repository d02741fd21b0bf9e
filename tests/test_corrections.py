"""Updates and deletes reach the rollups."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import servers
from tests.conftest import Connection
from tests.helpers import Lab, assert_exact, counted, expected, insert, row, rows, value


def followed(lab: Lab) -> Connection:
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour", target="lab.hours")
    db = lab.connect()
    for tenant in (1, 2, 3):
        for time in ("2024-06-01 10:01Z", "2024-06-01 12:30Z", "2024-06-02 10:00Z", "1999-01-01Z"):
            insert(db, 5, customer_id=tenant, event_time=time, country="de", amount=2)
    db.execute("select rollup.follow_changes('lab.e')")
    db.execute("call rollup.run_all()")
    return db


def corrected(db: Connection) -> None:
    db.execute("call rollup.run_all()")
    assert value(db, "select count(*) from rollup_internal.changes") == 0
    assert value(db, "select count(*) from rollup_internal.changed_buckets") == 0
    assert_exact(db)
    assert counted(db, "lab.hours") == expected(db, bucket="1 hour")
    for name in ("visits", "hours"):
        assert rows(db, "select * from rollup.verify(%s)", name) == []


def test_every_kind_of_change_reaches_the_rollups(lab: Lab) -> None:
    db = followed(lab)
    db.execute("create table lab.people (device_id bigint primary key)")
    db.execute("insert into lab.people select i from generate_series(1, 5) i")
    db.execute("create unique index on lab.e (event_id, event_time, customer_id)")
    if not lab.server.is_citus:
        db.execute(
            "alter table lab.e add foreign key (device_id) references lab.people"
            " on delete cascade on update cascade"
        )
    corrected(db)
    for change in (
        "update lab.e set amount = 7 where customer_id = 1 and event_time = '2024-06-01 10:01Z'",
        "delete from lab.e where customer_id = 2 and device_id < 3",
        "update lab.e set event_time = '2024-06-02 11:11Z' where customer_id = 1 and device_id = 1",
        "update lab.e set customer_id = 9 where customer_id = 3 and device_id = 2",
        "update lab.e_1 set country = 'fr' where customer_id = 3",
        "delete from lab.e_default where customer_id = 3 and device_id = 5",
        "set session_replication_role = replica; delete from lab.e where device_id = 4;"
        " reset session_replication_role",
        "merge into lab.e using (values (1)) v (c) on customer_id = c"
        " when matched and device_id = 3 then update set amount = 70"
        " when matched and device_id = 5 then delete"
        " when not matched then do nothing",
        "insert into lab.e (event_id, event_time, customer_id, amount)"
        " select event_id, event_time, customer_id, 33 from lab.e where customer_id = 1"
        " on conflict (event_id, event_time, customer_id) do update set amount = excluded.amount",
        "delete from lab.people where device_id = 1",
        "update lab.people set device_id = 22 where device_id = 2",
        "truncate lab.e_2",
        "insert into lab.e (customer_id, country) values (4, 'x')",
        "truncate lab.e",
    ):
        if "session_replication_role" in change and lab.server.owner:
            continue  # superusers only
        # Citus moves no event to another tenant, and has no MERGE with a list of values.
        with contextlib.suppress(psycopg.errors.FeatureNotSupported, psycopg.errors.InternalError):
            for statement in change.split(";"):
                db.execute(statement.encode())
        corrected(db)


def test_a_read_only_default_does_not_stop_corrections(lab: Lab) -> None:
    db = followed(lab)
    corrected(db)
    db.execute("delete from lab.e where customer_id = 2")
    careful = lab.connect(options="-c default_transaction_read_only=on")
    careful.execute("call rollup.run_all()")
    corrected(db)


@pytest.mark.own_session
def test_event_counted_while_it_is_updated(lab: Lab) -> None:
    """A run up to a settled horizon counts an event that an open transaction is updating."""
    db = followed(lab)
    corrected(db)
    db.execute("set rollup.max_wait = '20ms'")
    first, second = lab.connect(autocommit=False), lab.connect(autocommit=False)
    insert(db, 1, customer_id=1, amount=1, country="new")
    first.execute("update lab.e set amount = amount where customer_id = 2")
    for _ in range(2):  # deferred, and the horizon is recorded
        with pytest.raises(psycopg.Error, match="still writing"):
            db.execute("call rollup.run_all()")
    second.execute("update lab.e set amount = 9 where country = 'new'")
    first.commit()
    with contextlib.suppress(psycopg.Error):
        db.execute("call rollup.run_all()")
    assert value(db, "select amount from lab.visits where country = 'new'") == 1
    second.commit()
    # What it has counted is known to be out of date.
    assert rows(db, "select * from rollup.verify('visits')") == []
    assert value(db, "select count(*) from rollup.pending_changes where rollup = 'visits'") > 0
    corrected(db)


def test_changes_of_uncounted_events_need_no_correction(lab: Lab) -> None:
    db = followed(lab)
    insert(db, 5, customer_id=1)
    db.execute("update lab.e set amount = 3 where country is null")
    before = value(db, "select coalesce(sum(buckets), 0) from rollup_internal.correction_totals")
    corrected(db)
    after = value(db, "select coalesce(sum(buckets), 0) from rollup_internal.correction_totals")
    assert after == before


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.integers(0, 2), st.integers(1, 3), st.integers(0, 7)),
        st.tuples(st.just("update"), st.integers(0, 2), st.integers(1, 3), st.integers(0, 7)),
        st.tuples(st.just("move"), st.integers(0, 2), st.integers(1, 3), st.integers(0, 7)),
        st.tuples(st.just("delete"), st.integers(0, 2), st.integers(1, 3), st.integers(0, 7)),
        st.tuples(st.just("begin"), st.integers(1, 2)),
        st.tuples(st.just("commit"), st.integers(1, 2)),
        st.tuples(st.just("rollback"), st.integers(1, 2)),
        st.tuples(st.just("run")),
        st.tuples(st.just("one run"), st.sampled_from(["visits", "hours"])),
        st.tuples(st.just("crash")),
        st.tuples(st.just("rebuild"), st.sampled_from(["visits", "hours"])),
    ),
    max_size=25,
)
DAYS = ("1999-01-01", "2024-06-01", "2024-06-02")


def perform(sessions: list[Connection], step: tuple[Any, ...], is_citus: bool) -> None:
    """One step, in session 0, or in the session of a writer; what is in use is left alone."""
    kind = step[0]
    db = sessions[0]
    if kind in ("begin", "commit", "rollback"):
        sessions[step[1]].execute(kind)
    elif kind == "run":
        db.execute("call rollup.run_all(7)")
    elif kind == "one run":
        db.execute("select rollup.run(%s, 3)", [step[1]])
    elif kind == "crash":
        with db.transaction(force_rollback=True):
            job = value(db, "select rollup.start_job('run')::text")
            for _ in range(3):
                job = value(db, "select (rollup.next_step(%s::rollup.job)).job::text", job)
    elif kind == "rebuild":
        db.execute("select rollup.rebuild(%s, accept_loss => true)", [step[1]])
    else:
        _, session, tenant, number = step
        moved = "" if is_citus else f", customer_id = {4 - tenant}"
        time = f"{DAYS[number % 3]} 10:{number * 7:02}Z"
        sessions[session].execute(
            {
                "insert": "insert into lab.e (customer_id, event_time, amount, device_id)"
                f" select {tenant}, '{time}', i, i from generate_series(1, 3) i",
                "update": f"update lab.e set amount = amount + 1, country = 'c{number}'"
                f" where customer_id = {tenant} and device_id = {number % 3 + 1}",
                "move": f"update lab.e set event_time = '{time}'{moved}"
                f" where customer_id = {tenant} and device_id = {number % 3 + 1}",
                "delete": f"delete from lab.e where customer_id = {tenant} and event_time = '{time}'",
            }[kind].encode()
        )


@pytest.mark.no_hostile("many random inputs")
def test_any_interleaving_ends_exact(lab: Lab) -> None:
    db = followed(lab)
    sessions = [db, lab.connect(), lab.connect()]
    for session in sessions:
        session.execute("set rollup.max_wait = '5ms'")
        session.execute("set lock_timeout = '20ms'")
        session.execute("set client_min_messages = error")

    @settings(max_examples=30, deadline=None, derandomize=True, database=None)
    @given(STEPS)
    def check(steps: list[tuple[Any, ...]]) -> None:
        for step in steps:
            with contextlib.suppress(psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected,
                                     psycopg.errors.InFailedSqlTransaction):  # fmt: skip
                perform(sessions, step, lab.server.is_citus)
        for session in sessions[1:]:
            session.rollback()
        corrected(db)

    check()


def test_expiry_is_no_correction_and_waits_for_one(lab: Lab) -> None:
    db = followed(lab)
    corrected(db)
    db.execute("select rollup.set_retention('lab.e', '90 days')")
    before = counted(db)
    db.execute("update lab.e set amount = 8 where event_time < '2024-06-02'")
    with pytest.raises(psycopg.Error, match="has not been corrected for changes of"):
        db.execute("call rollup.expire_all()")
    corrected(db)
    after = counted(db)
    assert after != before
    db.execute("call rollup.expire_all()")
    assert value(db, "select count(*) from lab.e") == 0
    assert value(db, "select count(*) from rollup_internal.changes") == 0
    db.execute("call rollup.run_all()")
    assert counted(db) == after
    # A late event is counted; to count its bucket again would lose the others.
    insert(db, 1, customer_id=1, event_time="2024-06-01 10:01Z", country="de")
    db.execute("call rollup.run_all()")
    late = counted(db)
    db.execute("update lab.e set amount = 100")
    db.execute("call rollup.run_all()")
    assert counted(db) == late
    assert rows(db, "select left_buckets from rollup_internal.correction_totals") == [(1,), (1,)]
    assert ("warn", "corrections of visits") in rows(
        db, "select status, check_name from rollup.doctor()"
    )


def test_samples_find_a_difference_and_repair_nothing(lab: Lab) -> None:
    db = followed(lab)
    corrected(db)
    db.execute("call rollup.check_samples('1 second')")
    assert rows(db, "select count(*), min(differences), min(samples) > 0 from rollup_internal.sample_checks"
                ) == [(2, 0, True)]  # fmt: skip
    db.execute("update lab.visits set n = n + 1 where customer_id = 2")
    wrong = counted(db)
    for _ in range(2):
        with pytest.raises(psycopg.Error, match="rollup visits differs from its events in"):
            db.execute("call rollup.check_samples('20 seconds')")
    assert counted(db) == wrong
    assert ("fail", "samples of visits") in rows(
        db, "select status, check_name from rollup.doctor()"
    )
    db.execute("select count(*) from rollup.repair('visits')")
    db.execute("call rollup.check_samples('1 second')")
    assert value(db, "select max(differences) from rollup_internal.sample_checks") == 0


def test_erasing_forgets_a_person_and_proves_it(lab: Lab) -> None:
    db = followed(lab)
    corrected(db)
    assert value(db, "select events from rollup.erase('lab.e', '1', 'device_id = 3', true)") == 4
    before = counted(db)
    for condition, problem in (
        ("device_id", "is not a condition"),
        ("true) or (true", "syntax error|is not an expression"),
        ("", "must be said"),
    ):
        with pytest.raises(psycopg.Error, match=problem):
            db.execute("select rollup.erase('lab.e', '1', %s)", [condition])
    assert counted(db) == before
    events, told = row(
        db, "select * from rollup.erase('lab.e', '1', 'device_id = 3', false, 'T-1')"
    )
    assert events == 4
    assert set(told) == {"visits", "hours"}
    assert value(db, "select count(*) from rollup_internal.changes") == 0
    corrected(db)
    assert row(db, "select source, reference, events from rollup.erasures") == ("lab.e", "T-1", 4)
    assert "device_id" not in str(rows(db, "select * from rollup_internal.erasures"))


def test_the_command_erases_after_a_question(lab: Lab) -> None:
    db = followed(lab)
    dsn = lab.server.dsn(lab.database)
    erase = ("erase", "lab.e", "--tenant", "2", "--where", "device_id = 3")
    events = value(db, "select count(*) from lab.e where customer_id = 2 and device_id = 3")
    tried = servers.rollupctl(dsn, *erase, "--dry-run", "-o", "json")
    assert tried.returncode == 0, tried.stderr
    assert {line["events"] for line in json.loads(tried.stdout)} == {events}
    refused = servers.rollupctl(dsn, *erase)
    assert (refused.returncode, f"{events} events would be erased" in refused.stderr) == (1, True)
    assert value(db, "select count(*) from lab.e where customer_id = 2 and device_id = 3") == events
    for wrong in (["--where", "device_id"], ["--where", ""], ["--where", "true", "--tenant", "x"]):
        bad = servers.rollupctl(dsn, "erase", "lab.e", "--tenant", "2", *wrong, "--yes")
        assert (bad.returncode, "internal error" in bad.stderr) == (1, False), bad.stderr
    done = servers.rollupctl(dsn, *erase, "--reference", "T-1", "--yes", "-o", "json")
    assert done.returncode == 0, done.stderr
    assert value(db, "select count(*) from lab.e where customer_id = 2 and device_id = 3") == 0
    assert rows(db, "select reference, events from rollup.erasures") == [("T-1", events)]
    corrected(db)


def test_a_partition_without_triggers_is_named(lab: Lab) -> None:
    db = followed(lab)
    db.execute(
        "create table lab.e_3 partition of lab.e for values from ('2024-06-03Z') to ('2024-06-04Z')"
    )
    db.execute("set citus.enable_unsafe_triggers = on")
    db.execute("alter table lab.e_1 disable trigger rollup_changes_update")
    (finding,) = (
        finding
        for name, finding in rows(db, "select check_name, finding from rollup.doctor()")
        if name == "changes of lab.e"
    )
    assert finding.endswith(": lab.e_1, lab.e_3")
    db.execute("select rollup.follow_changes('lab.e')")
    db.execute("update lab.e_1 set amount = 5")
    corrected(db)
    db.execute("select rollup.unfollow_changes('lab.e')")
    db.execute("update lab.e_1 set amount = 6")
    assert value(db, "select count(*) from rollup_internal.changes") == 0
    # By hand, in the transaction that changes them.
    db.execute("select rollup.note_changes('lab.e', null, '2024-06-01Z', '2024-06-02Z')")
    corrected(db)


@pytest.mark.no_hostile("roles of a superuser")
def test_a_runner_corrects_and_a_writer_notes(lab: Lab) -> None:
    if lab.server.is_citus:
        pytest.skip("a role of its own on every node: tests/test_roles.py")
    db = followed(lab)
    for purpose in ("runner", "writer"):
        db.execute(f"create role corrections_{purpose}".encode())
    try:
        db.execute("select rollup.grant_role('corrections_runner', 'runner')")
        db.execute("grant usage on schema lab to corrections_writer")
        db.execute("grant select, update, delete on lab.e to corrections_writer")
        db.execute("set role corrections_writer")
        db.execute("update lab.e set amount = 4 where customer_id = 1")
        db.execute("delete from lab.e where device_id = 2")
        db.execute("set role corrections_runner")
        db.execute("call rollup.run_all()")
        db.execute("reset role")
        corrected(db)
    finally:
        db.execute("reset role")
        for purpose in ("runner", "writer"):
            db.execute(f"drop owned by corrections_{purpose}".encode())
            db.execute(f"drop role corrections_{purpose}".encode())


@pytest.mark.no_hostile("roles of a superuser")
def test_a_trigger_of_ones_own_gains_no_rights(lab: Lab) -> None:
    """The notes are written with the rights of the package's owner, by a statement in the trigger."""
    db = followed(lab)
    db.execute("create role corrections_thief")
    try:
        db.execute("create schema thief authorization corrections_thief")
        db.execute("set role corrections_thief")
        db.execute("create table thief.e (id bigint, at timestamptz)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute(
                "create trigger steal after delete on thief.e referencing old table as old_rows"
                " for each statement execute function rollup_internal.note_change("
                "'changes', '', 'at', 'id', 'delete from rollup_internal.watermarks where $1 > 0')"
            )
    finally:
        db.execute("reset role")
        db.execute("drop owned by corrections_thief; drop role corrections_thief")
    for node in range(len(lab.server.nodes)):
        with lab.server.connect(lab.database, node, autocommit=True) as there:
            assert (
                rows(
                    there,
                    "select p.oid::regprocedure::text from pg_proc p where p.prosecdef"
                    " and p.pronamespace::regnamespace::text like 'rollup%%'"
                    " and has_function_privilege('public', p.oid, 'execute')".replace("%%", "%"),
                )
                == []
            )


def test_trap_40_a_long_tenant_whose_events_change_stops_nobody(plain_lab: Lab) -> None:
    db = plain_lab.connect()
    db.execute(
        "create table lab.e (event_id bigserial, event_time timestamptz not null default"
        " '2024-06-01 10:00Z', customer_id text not null, amount int)"
    )
    plain_lab.server.complete_source(db, "lab.e")
    plain_lab.declare(dimensions=[], measures={"n": {"count": "*"}})
    db.execute("select rollup.follow_changes('lab.e')")
    long = "select string_agg(md5(n::text), '') from generate_series(1, 300) n"
    db.execute(f"insert into lab.e (customer_id) values (({long})), ('short')".encode())
    db.execute("call rollup.run_all()")
    assert value(db, "select count(*) from rollup.set_aside") == 1
    db.execute("update lab.e set amount = 1")
    db.execute("insert into lab.e (customer_id) values ('short')")
    db.execute("call rollup.run_all()")
    assert rows(db, "select customer_id, n from lab.visits") == [("short", 2)]
    db.execute("delete from lab.e where length(customer_id) > 9")
    db.execute("call rollup.run_all()")
    assert value(db, "select count(*) from rollup.set_aside") == 0
    assert value(db, "select count(*) from rollup_internal.changed_buckets") == 0
    assert rows(db, "select * from rollup.verify('visits')") == []


def test_the_first_change_may_concern_all_shards(lab: Lab) -> None:
    """On Citus, connections of one transaction to a node would wait for each other's table."""
    lab.source()
    lab.declare()
    db = lab.connect()
    db.execute("insert into lab.e (customer_id) select i from generate_series(1, 100) i")
    db.execute("select rollup.follow_changes('lab.e')")
    db.execute("call rollup.run_all()")
    db.execute("update lab.e set amount = 5")
    db.execute("call rollup.run_all()")
    assert_exact(db)
