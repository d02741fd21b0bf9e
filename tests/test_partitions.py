"""Partitions of events: their length is a setting, coming ones are made ahead, on Citus for all."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests import servers
from tests.conftest import Connection
from tests.helpers import Task, rows, until_waiting, value
from tests.servers import ROOT, Server

Psql = Callable[..., "subprocess.CompletedProcess[str]"]


def step_one(dsn: str, before: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", dsn],
        input=f"{before};\n\\i schema-1.sql\n",
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )


def run_step(dsn: str, step: str) -> None:
    done = subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", step, dsn],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def ranges(db: Connection, condition: str = "true") -> list[tuple[datetime, datetime]]:
    """Where partitions begin and end, but for the default one; in order."""
    return [
        (since, until)
        for since, until in rows(
            db,
            "select range_from, range_to from rollup.partitions('events')"
            f" where not is_default and {condition} order by 1",
        )
    ]


def settle(db: Connection) -> None:
    """
    Make what maintenance makes now: pg_partman 4 rounds, so from the middle of an interval on it
    makes one partition more than it did at the beginning, or than create_parent does.
    """
    db.execute("select rollup.maintain_partitions()")


def drop_coming(db: Connection, number: int) -> list[tuple[datetime, datetime]]:
    """As if maintenance had not run for so many intervals; returns the ranges then missing."""
    settle(db)
    last = rows(
        db,
        "select partition::text, range_from, range_to from rollup.partitions('events')"
        " where not is_default order by range_from desc limit %s",
        number,
    )
    for name, *_ in last:
        db.execute(f"drop table {name}".encode())
    return sorted((since, until) for _, since, until in last)


def assert_seamless(found: list[tuple[datetime, datetime]]) -> None:
    assert [until for _, until in found[:-1]] == [since for since, _ in found[1:]]


@pytest.mark.parametrize(
    ("setting", "length"),
    [
        (None, timedelta(days=1)),
        ("5 minutes", timedelta(minutes=5)),
        ("1 week", timedelta(weeks=1)),
    ],
)
def test_length_is_a_setting(empty_dsn: str, setting: str | None, length: timedelta) -> None:
    done = step_one(empty_dsn, f"set rollup.partition_interval = '{setting}'" if setting else "")
    assert done.returncode == 0, done.stderr
    with psycopg.connect(empty_dsn, autocommit=True) as db:
        bounds = rows(
            db,
            "select pg_get_expr(c.relpartbound, c.oid) from pg_inherits i"
            " join pg_class c on c.oid = i.inhrelid where i.inhparent = 'events'::regclass",
        )
        found = []
        for (bound,) in bounds:
            if bound != "DEFAULT":
                since, until = bound.split("'")[1::2]
                found.append(rows(db, "select %s::timestamptz, %s::timestamptz", since, until)[0])
        assert len(found) == len(bounds) - 1
        assert {until - since for since, until in found} == {length}
        assert_seamless(sorted(found))
        # From some before now to some after.
        now = value(db, "select now()")
        assert min(found)[0] <= now - 4 * length
        assert max(found)[1] >= now + 4 * length


def test_length_that_makes_no_sense(empty_dsn: str) -> None:
    for setting in ("0", "-1 day", "soon"):
        done = step_one(empty_dsn, f"set rollup.partition_interval = '{setting}'")
        assert done.returncode == 3
        assert "rollup.partition_interval" in done.stderr
        assert "set rollup.partition_interval = '1 day'" in done.stderr
        with psycopg.connect(empty_dsn) as db:
            assert value(db, "select count(*) from partman.part_config") == 0


def test_maintenance_makes_what_is_coming(db: Connection) -> None:
    missing = drop_coming(db, 3)
    assert missing[0][0] not in [since for since, _ in ranges(db)]
    db.execute("select rollup.maintain_partitions()")
    found = ranges(db)
    assert found[-3:] == missing
    assert_seamless(found)
    db.execute("select rollup.maintain_partitions()")
    assert ranges(db) == found


def test_maintenance_makes_it_also_while_no_events_come(db: Connection) -> None:
    # All that is still to come, and the one that is now.
    settle(db)
    coming = len(ranges(db, "range_to > now()"))
    missing = drop_coming(db, coming)
    for _ in range(2):
        db.execute("select rollup.maintain_partitions()")
    assert ranges(db)[-coming:] == missing


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Auckland"])
def test_boundaries_do_not_follow_the_session_time_zone(empty_dsn: str, zone: str) -> None:
    # A day begun elsewhere would have the name of the day before or after.
    session = make_conninfo(empty_dsn, options=f"-c timezone={zone}")
    for step in ("schema-1.sql", "schema-2.sql", "setup_rollup.sql", "hourly_aggregation.sql"):
        run_step(session, step)
    with psycopg.connect(session, autocommit=True) as db:
        db.execute("set timezone = 'UTC'")
        settle(db)
        made = ranges(db)
        assert {since.hour for since, _ in made} == {0}
        drop_coming(db, 3)
        db.execute(f"set timezone = '{zone}'".encode())
        db.execute("select rollup.maintain_partitions()")
        assert value(db, "show timezone") == zone
        db.execute("set timezone = 'UTC'")
        assert ranges(db) == made


def test_maintenance_finds_pg_partman_in_any_schema(empty_dsn: str) -> None:
    with psycopg.connect(empty_dsn, autocommit=True) as db:
        db.execute("create schema upkeep")
        db.execute("create extension pg_partman schema upkeep")
        for step in ("schema-1.sql", "schema-2.sql", "setup_rollup.sql", "hourly_aggregation.sql"):
            run_step(empty_dsn, step)
        missing = drop_coming(db, 2)
        db.execute("select rollup.maintain_partitions()")
        assert ranges(db)[-2:] == missing


def test_maintenance_leaves_the_callers_search_path(db: Connection) -> None:
    db.execute("set search_path = public, pg_catalog")
    db.execute("select rollup.maintain_partitions()")
    assert value(db, "show search_path") == "public, pg_catalog"


def test_events_that_wait_in_the_default_partition_move_to_theirs(db: Connection) -> None:
    missing = drop_coming(db, 2)
    soon = missing[0][0] + timedelta(hours=1)
    insert = (
        "insert into events (event_time, customer_id, event_type, device_id, session_id)"
        " select %s, n, 'click', n, n from generate_series(1, 20) n"
    )
    db.execute(insert, [soon])
    db.execute(insert, [datetime.fromisoformat("2015-05-17T10:05:03+00:00")])
    assert value(db, "select count(*) from events_default") == 40
    db.execute("call rollup.run_all()")
    before = rows(db, "select * from events order by event_id")

    db.execute("select rollup.maintain_partitions()")
    assert ranges(db)[-2:] == missing
    assert value(db, "select count(*) from events_default") == 20
    in_range = "select count(*) from events where event_time = %s"
    assert value(db, in_range, soon) == 20

    # The same events, ids included, and not counted again.
    assert rows(db, "select * from events order by event_id") == before
    db.execute("call rollup.run_all()")
    assert value(db, "select sum(event_count) from rollup_events_5min") == 40
    assert value(db, "select sum(lag_events) from rollup.status") == 0


def test_moving_events_is_deferred_by_an_open_writer(
    db: Connection, connect: Callable[..., Connection]
) -> None:
    missing = drop_coming(db, 1)
    db.execute("insert into events (event_time, customer_id) values (%s, 1)", [missing[0][0]])
    writer = connect(autocommit=False)
    writer.execute("insert into events (customer_id) values (1)")
    keeper = connect()
    keeper.execute("set rollup.max_wait = '500ms'")
    keeping: Task[Any] = Task(lambda: keeper.execute("select rollup.maintain_partitions()"))
    with pytest.raises(psycopg.errors.LockNotAvailable):
        keeping.result()
    assert value(db, "select count(*) from events_default") == 1
    writer.rollback()
    keeper.execute("select rollup.maintain_partitions()")
    assert value(db, "select count(*) from events_default") == 0
    assert value(db, "select count(*) from events") == 1


def ahead(db: Connection, when: datetime, number: int) -> None:
    db.execute(
        "insert into events (event_time, customer_id, event_type, device_id)"
        " select %s, n, 'click', n from generate_series(1, %s) n",
        [when, number],
    )


def test_trap_62_events_that_come_while_maintenance_waits_move_too(
    db: Connection, connect: Callable[..., Connection], server: Server
) -> None:
    missing = drop_coming(db, 2)
    soon = missing[0][0] + timedelta(hours=1)
    ahead(db, soon, 5)
    db.execute("call rollup.run_all()")
    # A snapshot from before sees every event once, also when it reads after the move. (Citus has no
    # snapshot across nodes.)
    before = connect(autocommit=False)
    before.execute("set transaction isolation level repeatable read")
    assert value(before, "select 1") == 1
    reader, keeper, late = connect(autocommit=False), connect(), connect()
    assert value(reader, "select count(*) from events") == 5
    keeping: Task[Any] = Task(lambda: keeper.execute("select rollup.maintain_partitions()"))
    until_waiting(db, keeper, keeping)
    ahead(late, missing[1][0], 2)
    ahead(late, soon, 1)
    assert value(late, "select count(distinct event_id) from events") == 8
    reader.rollback()
    keeping.result()
    if not server.is_citus:
        assert value(before, "select count(*) from events") == 5
    before.rollback()
    assert value(db, "select count(*) from events_default") == 0
    assert value(db, "select count(*) from events") == 8
    assert ranges(db)[-2:] == missing
    for view in ("rollup_events_5min_live", "rollup_events_1hr_live"):
        assert value(db, f"select sum(event_count) from {view}") == 8
    db.execute("call rollup.run_all()")
    assert value(db, "select sum(event_count) from rollup_events_5min") == 8
    assert value(db, "select count(*) from rollup.verify('rollup_events_5min')") == 0
    # Nothing of the move is left in the tables.
    left = "select count(*) from pg_constraint where conname in ('rollup_range', 'rollup_nothing_ahead')"
    assert value(db, left) == 0


def test_events_far_ahead_stay_and_make_no_partitions(db: Connection) -> None:
    settle(db)
    made = ranges(db)
    ahead(db, made[-1][1] + timedelta(days=20_000), 1)
    db.execute("select rollup.maintain_partitions()")
    assert ranges(db) == made
    missing = drop_coming(db, 1)
    ahead(db, missing[0][0], 1)
    db.execute("select rollup.maintain_partitions()")
    assert ranges(db) == made
    assert value(db, "select count(*) from events_default") == 1


def test_new_partitions_are_like_the_others(db: Connection) -> None:
    drop_coming(db, 1)
    ahead(db, value(db, "select max(range_to) from rollup.partitions('events')"), 1)
    db.execute("select rollup.maintain_partitions()")
    like = """
    select array(select format('%s %s %s', a.attname, a.atttypid, a.attnotnull) from pg_attribute a
                  where a.attrelid = p.partition and a.attnum > 0 order by a.attnum),
           array(select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d where d.adrelid = p.partition),
           array(select pg_get_constraintdef(c.oid) from pg_constraint c where c.conrelid = p.partition order by 1),
           array(select i.indkey::text from pg_index i where i.indrelid = p.partition),
           (select c.reloptions from pg_class c where c.oid = p.partition)
      from rollup.partitions('events') p where not p.is_default order by p.range_from
    """
    found = rows(db, like)
    assert found[-1] == found[0]


def test_events_that_others_refer_to_do_not_move(db: Connection) -> None:
    missing = drop_coming(db, 1)
    db.execute("alter table events add primary key (event_id, event_time, customer_id)")
    db.execute(
        "create table notes (id bigint, at timestamptz, customer_id bigint, foreign key (id, at, customer_id)"
        " references events (event_id, event_time, customer_id) on delete cascade)"
    )
    ahead(db, missing[0][0], 1)
    db.execute("insert into notes select event_id, event_time, customer_id from events")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as told:
        db.execute("select rollup.maintain_partitions()")
    assert "foreign key notes_id_at_customer_id_fkey of public.notes refers to them" in str(
        told.value
    )
    assert value(db, "select count(*) from notes") == 1
    hint = str(told.value.diag.message_hint)
    db.execute(hint.split(", then ")[0].encode())
    db.execute("select rollup.maintain_partitions()")
    assert (value(db, "select count(*) from notes"), ranges(db)[-1:]) == (1, missing)


def test_a_table_that_has_the_name_of_a_partition(db: Connection) -> None:
    missing = drop_coming(db, 1)
    name = value(
        db,
        "select format('%I.%I', partition_schema, partition_name)"
        " from rollup_internal.upcoming_partitions('events') limit 1",
    )
    db.execute(f"create table {name} (x int)".encode())
    with pytest.raises(psycopg.errors.DuplicateTable, match="is not a partition of") as told:
        db.execute("select rollup.maintain_partitions()")
    db.execute(str(told.value.diag.message_hint).encode())
    db.execute("select rollup.maintain_partitions()")
    assert ranges(db)[-1:] == missing


@pytest.mark.parametrize("server", ["plain"], indirect=True)
def test_events_that_move_are_published_as_rows_of_their_table(db: Connection) -> None:
    # A subscriber of a table gets the deletes of rows that move, and must get them again.
    missing = drop_coming(db, 1)
    for statement in (
        "alter table events replica identity full",
        "alter table events_default replica identity full",
        "create publication p for table events",
    ):
        db.execute(statement.encode())
    ahead(db, missing[0][0], 3)
    assert value(db, "select rollup_internal.is_published_by_root('events')") is True
    db.execute("select rollup.maintain_partitions()")
    assert value(db, "select count(*) from events") == 3
    assert value(db, "select count(*) from events_default") == 0
    db.execute("drop publication p")
    db.execute("create publication p for all tables")
    assert value(db, "select rollup_internal.is_published_by_root('events')") is False
    db.execute("drop publication p")
    db.execute("create publication p for all tables with (publish_via_partition_root)")
    assert value(db, "select rollup_internal.is_published_by_root('events')") is True


def test_without_pg_partman_maintenance_says_so(db: Connection) -> None:
    db.execute("drop extension pg_partman cascade")
    with pytest.raises(
        psycopg.errors.UndefinedObject,
        match="nothing creates the partitions of public.events: pg_partman is not installed",
    ) as told:
        db.execute("select rollup.maintain_partitions()")
    hint = "select rollup.set_partition_interval('public.events', '1 day')"
    assert told.value.diag.message_hint == hint
    before = drop_coming_by_hand(db)
    db.execute(hint.encode())
    assert ranges(db)[-len(before) :] == before


def drop_coming_by_hand(db: Connection) -> list[tuple[datetime, datetime]]:
    """The ranges of those partitions that were still to come, which are dropped."""
    coming = ranges(db, "range_from > now()")
    for (name,) in rows(
        db, "select partition::text from rollup.partitions('events') where range_from > now()"
    ):
        db.execute(f"drop table {name}".encode())
    return coming


def test_the_package_leaves_to_pg_partman_what_it_manages(db: Connection) -> None:
    config = rows(db, "select to_jsonb(c) from partman.part_config c")
    with pytest.raises(
        psycopg.errors.ObjectNotInPrerequisiteState,
        match="pg_partman creates the partitions of public.events",
    ) as told:
        db.execute("select rollup.set_partition_interval('events', '1 day')")
    assert value(db, "select partition_interval from rollup.sources") is None
    assert rows(db, "select to_jsonb(c) from partman.part_config c") == config
    # The hint's way from pg_partman to the package.
    hint = told.value.diag.message_hint
    assert hint is not None
    db.execute(hint.removeprefix("To have the package create them: ").split(", then")[0].encode())
    before = ranges(db)
    db.execute("select rollup.set_partition_interval('events', '1 day')")
    assert ranges(db)[: len(before)] == before
    assert_seamless(ranges(db))


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        ("(null, '1 day')", psycopg.errors.NullValueNotAllowed, "NULL"),
        ("('flat', '1 day')", psycopg.errors.WrongObjectType, "partition by range"),
        ("('listed', '1 day')", psycopg.errors.WrongObjectType, "partition by range"),
        ("('rollup_of_days', '1 day')", psycopg.errors.WrongObjectType, "create_rollup"),
        ("('mine', '90 seconds')", psycopg.errors.InvalidParameterValue, "'1 day' or '1 month'"),
        ("('mine', '-1 day')", psycopg.errors.InvalidParameterValue, "'1 day' or '1 month'"),
        ("('mine', '1 month 1 day')", psycopg.errors.InvalidParameterValue, "'1 day'"),
    ],
)
@pytest.mark.parametrize("server", ["plain"], indirect=True)
def test_partitions_that_the_package_cannot_create(
    db: Connection, call: str, error: type[psycopg.Error], said: str
) -> None:
    db.execute("create table flat (t timestamptz)")
    db.execute("create table listed (t timestamptz) partition by list (t)")
    db.execute("create table mine (t timestamptz) partition by range (t)")
    db.execute(
        "select rollup.create_rollup(name => 'rollup_of_days', source => 'events', bucket => '1 day',"
        """ measures => '{"n": {"count": "*"}}', partition_interval => '1 month')"""
    )
    with pytest.raises(error) as told:
        db.execute(f"select rollup.set_partition_interval{call}".encode())
    assert said in f"{told.value.diag.message_primary} {told.value.diag.message_hint}"
    assert value(db, "select count(*) from rollup.sources where source <> 'events'::regclass") == 0


@pytest.mark.parametrize("server", ["plain"], indirect=True)
def test_an_owner_who_may_not_create_pg_partman(server: Server, empty_dsn: str) -> None:
    owner, as_owner = "rollup_test_partitions_owner", "-c role=rollup_test_partitions_owner"
    with psycopg.connect(empty_dsn, autocommit=True) as admin:
        may_create = "select bool_or(trusted or not superuser) from pg_available_extension_versions where name = 'pg_partman'"
        if value(admin, may_create):
            pytest.skip("owners of databases may create this pg_partman")
        database = str(value(admin, "select current_database()"))
        admin.execute("create extension hll")
        admin.execute(f"create role {owner}".encode())
        try:
            admin.execute(f"alter database {database} owner to {owner}".encode())
            admin.execute(f"grant create on schema public to {owner}".encode())
            for extension in (None, "create extension pg_partman"):
                if extension is not None:
                    admin.execute(extension.encode())
                done = servers.rollupctl(empty_dsn, "install", env={"PGOPTIONS": as_owner})
                assert done.returncode == 0, done.stderr
                with psycopg.connect(empty_dsn, autocommit=True, options=as_owner) as db:
                    db.execute("select rollup.maintain_partitions()")
                    assert len(ranges(db)) >= 8
                    assert_seamless(ranges(db))
            # What the package has begun it goes on with.
            assert value(admin, "select count(*) from part_config") == 0
        finally:
            admin.execute(f"alter database {database} owner to current_user".encode())
            admin.execute(f"drop owned by {owner} cascade".encode())
            admin.execute(f"drop role {owner}".encode())


@pytest.mark.parametrize("server", ["citus"], indirect=True)
def test_partitions_are_distributed_with_their_table(db: Connection, server: Server) -> None:
    drop_coming(db, 2)
    db.execute("select rollup.maintain_partitions()")
    colocation = rows(
        db,
        "select count(*), count(d.logicalrelid), count(distinct d.colocationid)"
        " from pg_partition_tree('events') t left join pg_dist_partition d"
        " on d.logicalrelid = t.relid",
    )
    ((tables, distributed, groups),) = colocation
    assert tables == distributed > 5
    assert groups == 1
    # A writer on a worker finds them too.
    with psycopg.connect(server.dsn(db.info.dbname, 1), autocommit=True) as worker:
        worker.execute(
            "insert into events (event_time, customer_id) values (now() + interval '4 days', 1)"
        )
    assert value(db, "select count(*) from events where event_time > now()") == 1
    assert value(db, "select count(*) from events_default") == 0


def test_partitions_that_pg_partman_has_forgotten_are_kept(plain: Server) -> None:
    # So they come out of a dump of another version of pg_partman, under other names.
    name = plain.database()
    dsn = plain.dsn(name)
    try:
        with psycopg.connect(dsn, autocommit=True) as db:
            db.execute("insert into events (customer_id) values (1)")
            db.execute("delete from partman.part_config")
            before = db.execute(
                "select partition::text, range_from from rollup.partitions('events')"
                " where not is_default"
            ).fetchall()
            for number, (partition, _) in enumerate(before):
                db.execute(f"alter table {partition} rename to old_{number}".encode())
            (version,) = rows(
                db, "select extversion from pg_extension where extname = 'pg_partman'"
            )
            if version[0].startswith("4"):
                done = servers.rollupctl(dsn, "install")
                assert "pg_partman 4 cannot take over the partitions" in done.stderr
                assert "Restore partman.part_config" in done.stderr
                return
            for _ in range(2):
                done = servers.rollupctl(dsn, "install")
                assert done.returncode == 0, done.stderr
            db.execute("select rollup.maintain_partitions()")
            after = db.execute(
                "select partition::text, range_from, range_to from rollup.partitions('events')"
                " where not is_default"
            ).fetchall()
            assert [start for _, start, _ in after][: len(before)] == [s for _, s in before]
            ends = [end for _, _, end in after]
            assert [start for _, start, _ in after][1:] == ends[:-1]
            assert after[len(before) - 1][0] == f"old_{len(before) - 1}"
            db.execute("insert into events (customer_id) values (1)")
            assert db.execute("select count(*) from events_default").fetchone() == (0,)
            db.execute("call rollup.run_all()")
            assert db.execute("select * from rollup.verify('rollup_events_1hr')").fetchall() == []
    finally:
        plain.drop(name)
