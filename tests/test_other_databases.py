"""What other people's databases do to a source, its events and a rollup's table."""

from __future__ import annotations

import pytest
from psycopg import errors

from tests import servers
from tests.conftest import Rollupctl
from tests.helpers import DAY, Lab, assert_exact, insert, row, rows, run, value
from tests.servers import EMPTY, Server

# Trap 38: events are gone on purpose


def test_trap_38_repair_keeps_rows_whose_events_are_gone(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 5, country="de")
    insert(db, 5, country="at")
    run(db)
    db.execute("delete from lab.e where country = 'de'")
    before = rows(db, "select country, n from lab.visits order by 1")
    assert rows(db, "select * from rollup.repair('visits')") == []
    assert rows(db, "select country, n from lab.visits order by 1") == before
    repaired = rows(
        db, "select rows_before, rows_after from rollup.repair('visits', accept_loss => true)"
    )
    assert repaired == [(2, 1)]
    assert rows(db, "select country, n from lab.visits") == [("at", 5)]


def test_trap_38_other_buckets_are_repaired_meanwhile(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 5, customer_id=1)
    insert(db, 5, customer_id=2)
    run(db)
    db.execute("delete from lab.e where customer_id = 1")
    db.execute("update lab.visits set n = 7 where customer_id = 2")
    assert rows(db, "select tenant_id from rollup.repair('visits')") == [("2",)]
    assert rows(db, "select customer_id, n from lab.visits order by 1") == [(1, 5), (2, 5)]


def test_trap_38_a_declared_purge_is_no_difference(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 5)
    insert(db, 5, event_time="2024-06-02 10:00Z")
    run(db)
    db.execute("delete from lab.e where event_time < '2024-06-02 00:00Z'")
    assert rows(db, "select * from rollup.verify('visits')") != []
    db.execute("select rollup.declare_purged('lab.e', '-infinity', '2024-06-02 00:00Z')")
    assert rows(db, "select * from rollup.verify('visits')") == []
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="raw events were dropped"):
        db.execute("select rollup.rebuild('visits')")
    db.execute("select rollup.rebuild('visits', '2024-06-02 00:00Z')")
    assert value(db, "select sum(n)::int from lab.visits") == 10
    with pytest.raises(errors.InvalidParameterValue, match="ends after it begins"):
        db.execute("select rollup.declare_purged('lab.e', now(), now() - interval '1 day')")
    db.execute("create table lab.other (x int)")
    with pytest.raises(errors.UndefinedObject, match="is not the source of a rollup"):
        db.execute("select rollup.declare_purged('lab.other', '-infinity', now())")


@pytest.mark.parametrize(
    "call",
    [
        "select rollup.rebuild('visits'{})",
        "select rollup.rebuild('visits', '2024-06-01 00:00Z', '2024-06-02 00:00Z', '1'{})",
        "call rollup.rebuild_in_steps('visits'{})",
    ],
)
def test_trap_38_a_rebuild_removes_no_row_for_lack_of_events(lab: Lab, call: str) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 5, country="de")
    insert(db, 5, country=None)
    insert(db, 5, country="at", event_time="2024-06-03 10:00Z")
    run(db)
    db.execute("delete from lab.e where country is null")
    before = rows(db, "select * from lab.visits order by country")
    with pytest.raises(errors.DatabaseError, match="would remove 1 rows whose raw events") as kept:
        db.execute(call.format("").encode())
    assert "declare_purged('lab.e'" in str(kept.value.diag.message_hint)
    assert rows(db, "select * from lab.visits order by country") == before
    db.execute(call.format(", accept_loss => true").encode())
    assert rows(db, "select country, n from lab.visits order by 1") == [("at", 5), ("de", 5)]
    assert rows(db, "select * from rollup.verify('visits')") == []


@pytest.mark.parametrize("server", ["plain"], indirect=True)
def test_trap_38_the_command_line_says_what_a_repair_would_do(
    lab: Lab, server: object, rollupctl: Rollupctl
) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 5, customer_id=1)
    insert(db, 5, customer_id=2)
    run(db)
    db.execute("delete from lab.e where customer_id = 1")
    db.execute("update lab.visits set n = 7 where customer_id = 2")
    env = {"ROLLUPCTL_DSN": lab.server.dsn(lab.database)}
    done = rollupctl("verify", "--repair", env=env)
    assert done.returncode == 5
    assert "visits: 0 rows to add, 1 rows to change, 1 rows to remove" in done.stderr
    assert "--accept-loss" in done.stderr
    assert value(db, "select sum(n)::int from lab.visits") == 10
    assert rollupctl("verify", "--accept-loss", env=env).returncode == 2
    done = rollupctl("verify", "--repair", "--accept-loss", env=env)
    assert done.returncode == 0, done.stderr
    assert value(db, "select sum(n)::int from lab.visits") == 5


# Trap 39: the source is not what it was


def test_trap_39_a_renamed_source_stops_the_run(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    db = lab.connect()
    insert(db, 3)
    db.execute("select rollup.run_family('visits')")
    db.execute("alter table lab.e rename to old_e")
    with pytest.raises(
        errors.ObjectNotInPrerequisiteState, match="was lab.e and is called lab.old_e"
    ):
        run(db)
    lab.source("lab.e2")
    db.execute("alter table lab.e2 rename to e")
    with pytest.raises(errors.ObjectNotInPrerequisiteState) as refused:
        run(db)
    assert "another table lab.e" in str(refused.value.diag.message_detail)
    assert "rollup.accept_source('visits')" in str(refused.value.diag.message_hint)
    for name in ("visits", "hours"):
        db.execute("select rollup.accept_source(%s)", [name])
    insert(db, 2, table="lab.old_e")
    live = value(db, "select sum(n)::int from lab.visits_live")
    db.execute("select rollup.run_family('visits')")
    assert value(db, "select sum(n)::int from lab.visits") == live == 5
    assert value(db, "select sum(n)::int from lab.hours") == 5
    assert rows(db, "select * from rollup.verify('visits')") == []


def test_trap_39_so_does_another_schema(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 3)
    run(db)
    db.execute("create schema elsewhere")
    try:
        db.execute("alter table lab.e set schema elsewhere")
        with pytest.raises(errors.ObjectNotInPrerequisiteState, match="is called elsewhere.e now"):
            run(db)
        db.execute("select rollup.accept_source('visits')")
        insert(db, 2, table="elsewhere.e")
        assert run(db).events == 2
    finally:
        db.execute("select rollup.drop_rollup('visits', true)")
        db.execute("drop schema elsewhere cascade")


def test_trap_39_a_restarted_sequence_stops_the_run(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 100)
    run(db)
    db.execute("truncate lab.e restart identity")
    insert(db, 5)
    with pytest.raises(
        errors.ObjectNotInPrerequisiteState, match="ids of lab.e begin again"
    ) as refused:
        run(db)
    assert "rollup.restart_source('lab.e')" in str(refused.value.diag.message_hint)
    with pytest.raises(errors.RaiseException, match="begin again"):
        db.execute("call rollup.run_all()")
    assert value(db, "select last_status from rollup.status") == "failed"
    db.execute("select rollup.restart_source('lab.e')")
    assert value(db, "select sum(n)::int from lab.visits_live") == 105
    assert run(db).events == 5
    assert value(db, "select sum(n)::int from lab.visits") == 105


def test_trap_39_ids_that_are_left_are_not_counted_again(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 100)
    run(db)
    db.execute("alter sequence lab.e_event_id_seq restart")
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="begin again") as refused:
        run(db)
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="was not emptied") as kept:
        db.execute("select rollup.restart_source('lab.e')")
    db.execute(str(kept.value.diag.message_hint).encode())
    assert "setval" in str(refused.value.diag.message_hint)
    insert(db, 5)
    assert run(db).events == 5
    assert_exact(db)


@pytest.mark.parametrize("how", ["beside it", "instead of it"])
def test_trap_39_another_sequence_stops_the_run(plain_lab: Lab, how: str) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 10)
    run(db)
    db.execute("create sequence lab.other_ids start 1000")
    db.execute("alter table lab.e alter event_id set default nextval('lab.other_ids')")
    if how == "instead of it":
        db.execute("drop sequence lab.e_event_id_seq")
    insert(db, 2)
    with pytest.raises(
        errors.ObjectNotInPrerequisiteState, match="another sequence .*: lab.other_ids"
    ) as refused:
        run(db)
    hint = str(refused.value.diag.message_hint)
    db.execute(hint[hint.index("select") : hint.rindex(".")].encode())
    assert run(db).events == 2
    assert_exact(db)


# Trap 42: publications


@pytest.mark.no_hostile("has such a publication already")
def test_trap_42_a_publication_for_all_tables(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour", partition_interval="1 day")
    lab.declare("sums", dimensions=[], measures={"n": {"count": "*"}})
    db, writer = lab.connect(), lab.connect(autocommit=False)
    db.execute("set client_min_messages to error")
    db.execute("create publication everything for all tables")
    try:
        for _ in range(2):
            insert(db, 3)
            db.execute("call rollup.run_all()")
        db.execute("select rollup.rebuild('visits')")
        db.execute(
            """select rollup.alter_rollup('visits', add_measures => '{"m": {"max": "amount"}}')"""
        )
        db.execute("call rollup.backfill_measures('visits')")
        insert(writer)
        db.execute("set rollup.max_wait = '0.05s'")
        with pytest.raises(errors.LockNotAvailable):
            run(db)
        writer.rollback()
        assert rows(db, "select * from rollup.verify('visits')") == []
        state = rows(
            db,
            "select c.oid::regclass::text from pg_class c where relkind = 'r' and relnamespace in"
            " ('rollup_internal'::regnamespace, 'lab'::regnamespace) and relname !~ '^e'"
            " and relreplident = 'd' and not exists (select from pg_index where indrelid = c.oid"
            " and indisprimary)",
        )
        assert state == []
    finally:
        db.execute("drop publication everything")


# Trap 46: times out of the ordinary


@pytest.mark.parametrize(
    "time", ["-infinity", "infinity", "0044-03-15 12:00Z BC", "290000-01-01 00:00Z"]
)
def test_trap_46_status_and_doctor_answer(plain_lab: Lab, time: str) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()
    lab.declare(db=db)  # now: what waits, waits since then
    insert(db, 1, event_time=time)
    insert(db, 1)
    lag_events, lag = row(db, "select lag_events, lag_seconds from rollup.status")
    assert lag_events == 2
    assert 0 <= lag < 60
    assert rows(db, "select * from rollup.doctor()") != []
    assert run(db).events == 2
    assert value(db, "select sum(n)::int from lab.visits") == 2
    assert value(db, "select lag_events from rollup.status") == 0


EXTREME = ("294276-12-31 23:59:59Z", "4714-11-24 00:00Z BC", "4713-01-01 00:00Z BC", "infinity")


@pytest.mark.parametrize(
    ("bucket", "zone"),
    [
        ("1 hour", None),
        ("7 hours", None),
        ("1 day", "Europe/Berlin"),
        ("1 month", "America/New_York"),
        ("1 year", "UTC"),
        ("5 months", "Pacific/Kiritimati"),
    ],
)
def test_trap_46_times_at_the_limits_are_checked_and_counted_again(
    plain_lab: Lab, bucket: str, zone: str | None
) -> None:
    lab = plain_lab
    lab.source()
    lab.declare(bucket=bucket, time_zone=zone, dimensions=[], measures={"n": {"count": "*"}})
    db = lab.connect()
    for time in (*EXTREME, "-infinity", "2024-06-01 10:00Z"):
        insert(db, 1, event_time=time)
    counted_events = run(db).events
    aside = value(db, "select count(*) from rollup.set_aside")
    assert counted_events + aside == len(EXTREME) + 2
    assert value(db, "select count(*) from lab.visits_live") == counted_events
    assert rows(db, "select 1 from rollup.verify('visits')") == []
    step = "7 days" if zone is None else "1 day"
    if zone is None or bucket == "1 day":
        db.execute(f"call rollup.rebuild_in_steps('visits', step => '{step}')".encode())
    db.execute(
        "call rollup.rebuild_in_steps('visits', step => %s)", [step if zone is None else bucket]
    )
    assert value(db, "select sum(n)::int from lab.visits") == counted_events
    db.execute("update lab.visits set n = 0")
    assert value(db, "select count(*) from rollup.repair('visits')") == counted_events
    assert value(db, "select sum(n)::int from lab.visits") == counted_events
    added = """select rollup.alter_rollup('visits', add_measures => '{"m": {"count": "*"}}')"""
    db.execute(added.encode())
    db.execute("call rollup.backfill_measures('visits')")
    assert value(db, "select bool_and(m = n) from lab.visits")
    assert rows(db, "select 1 from rollup.verify('visits')") == []


def test_trap_46_a_series_ends_with_the_last_time(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare(bucket="1 hour")
    db = lab.connect()
    series = "select count(*) from rollup.buckets('visits', '294276-12-31 20:00Z', %s)"
    assert value(db, series, "294276-12-31 23:00Z") == 3
    with pytest.raises(errors.DatetimeFieldOverflow, match="cannot end after the last time"):
        db.execute(series.encode(), ["294276-12-31 23:30Z"])


# Trap 54: lag


def test_trap_54_lag_is_that_of_the_oldest_event_also_after_a_bounded_window(
    plain_lab: Lab,
) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 300, event_time=DAY)
    db.execute("update rollup_internal.rollups set created_at = now() - interval '3 hours'")
    run(db, max_events=100)
    assert value(db, "select lag_seconds > 3 * 3600 - 1 from rollup.status")
    run(db, max_events=100)
    assert value(db, "select lag_seconds > 3 * 3600 - 1 from rollup.status")
    run(db, max_events=100)
    assert value(db, "select lag_seconds from rollup.status") == 0
    insert(db, 1, event_time=DAY)
    assert value(db, "select lag_seconds < 60 from rollup.status")


def test_trap_43_letters_without_case_of_a_language(plain: Server) -> None:
    """In Turkish the small letter of I is a dotless one."""
    name = plain.database(EMPTY)
    plain.drop(name)
    with plain.admin() as admin:
        admin.execute(
            f"create database {name} template template0 encoding 'UTF8' locale 'C.UTF-8'"
            " locale_provider icu icu_locale 'tr-TR'".encode()
        )
        admin.execute("create role of_letters")
    try:
        for more in ("--engine-only", "--analytics"):
            done = servers.rollupctl(plain.dsn(name), "install", more)
            assert done.returncode == 0, done.stderr
        with plain.connect(name, autocommit=True) as db:
            assert value(db, "select lower('I')") == "\u0131"
            zone = "select rollup_internal.validate_time_zone('EUROPE/istanbul')"
            assert value(db, zone) == "Europe/Istanbul"
            with pytest.raises(errors.InvalidParameterValue, match="is an abbreviation"):
                db.execute("select rollup_internal.validate_time_zone('ist')")
            report = "WITH x AS (SELECT 1 AS n) SELECT n FROM x"
            db.execute("select rollup_analytics.create_report('r', 'x', %s)", [report])
            assert value(db, "select rollup_internal.wrap_sql('SELECT a FROM b LIMIT 1', 0)")
            db.execute("set role of_letters")
            settings = rows(db, "select name from rollup_internal.counting_settings()")
            unset = [
                s for (s,) in settings if not value(db, "select rollup_internal.may_set(%s)", s)
            ]
            assert unset in ([], ["topn.number_of_counters"])
    finally:
        plain.drop(name)
        with plain.admin() as admin:
            admin.execute("drop role of_letters")
