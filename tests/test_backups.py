"""Backups that are made while rollups run: counting goes on in the copy, and no event is lost or
counted twice."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests import servers
from tests.backups import (
    archiving_server,
    base_backup,
    dump,
    kill_server,
    restore,
    until_replayed,
)
from tests.helpers import (
    Connection,
    Lab,
    assert_exact,
    counted,
    expected,
    insert,
    rows,
    until,
    value,
)
from tests.servers import EMPTY, Server, rollupctl


@contextlib.contextmanager
def busy(lab: Lab) -> Iterator[Connection]:
    """A source whose changes are followed, amid all that can be under way: a run that has not
    committed, an open writer, a run that was deferred, changes that are not corrected."""
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    lab.source("lab.f")
    lab.declare("others", source="lab.f")
    db, writer, runner = (lab.connect(autocommit=autocommit) for autocommit in (True, False, False))
    insert(db, 40)
    insert(db, 10, event_time="2024-06-02 01:02:03Z", country=None)
    db.execute("select rollup.follow_changes('lab.e')")
    db.execute("call rollup.run_all()")
    insert(writer, 7, country="open")
    insert(db, 3, country="late")
    db.execute("set rollup.max_wait = '20ms'")
    with pytest.raises(psycopg.Error, match="still writing"):
        db.execute("call rollup.run_all()")
    db.execute("update lab.e set amount = 9 where device_id = 5")
    db.execute("truncate lab.e_2")
    insert(db, 4, table="lab.f")
    runner.execute("select rollup.run('others')")
    yield db
    for session in (writer, runner):
        with contextlib.suppress(psycopg.OperationalError):  # the server is gone
            session.rollback()


def assert_goes_on(lab: Lab) -> None:
    """A copy counts what it has and what comes in, once."""
    db = lab.connect()
    marks = "select max(last_id) from rollup.watermarks where node_group = 0"
    sequence = value(db, "select rollup.id_sequence('lab.e', 'event_id')::text")
    assert value(db, f"select last_value from {sequence}") >= value(db, marks)
    assert value(db, f"select last_value from {sequence}") >= value(
        db, "select max(event_id) from lab.e"
    )
    insert(db, 5, country="after")
    db.execute("call rollup.run_all()")
    assert rows(db, "select * from rollup.pending_changes") == []
    assert_exact(db)
    assert counted(db, "lab.hours") == expected(db, bucket="1 hour")
    assert counted(db, "lab.others") == expected(db, "lab.f")
    for name in ("visits", "hours", "others"):
        assert rows(db, "select * from rollup.verify(%s)", name) == []
    # Changes are followed as before.
    db.execute("update lab.e set amount = 4 where country = 'after'")
    db.execute("truncate lab.e_default")
    db.execute("call rollup.run_all()")
    assert_exact(db)
    # The partitions of the laboratory end in 2024.
    wrong = "status = 'fail' and check_name not like 'partitions of %'"
    assert rows(db, f"select check_name, finding from rollup.doctor() where {wrong}") == []


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Server]:
    """A second server, where every oid and transaction is another one."""
    with servers.plain_server(own=True) as server:
        with server.admin() as admin:
            for number in range(20):
                admin.execute(f"create table passing_{number} (id serial)".encode())
        yield server


def test_dump_of_a_busy_database_goes_on_elsewhere(
    plain_lab: Lab, elsewhere: Server, tmp_path: Path
) -> None:
    with busy(plain_lab):
        dsn = plain_lab.server.superuser_dsn(plain_lab.database)
        file = dump(dsn, tmp_path / "analytics.dump")
    copy = Lab(elsewhere, elsewhere.database(EMPTY))
    try:
        restore(file, elsewhere.dsn(copy.database), "--jobs=2")
        done = rollupctl(elsewhere.dsn(copy.database), "install")
        assert done.returncode == 0, done.stderr
        db = copy.connect()
        # What was noted of a partition means this partition here.
        emptied = "select emptied::regclass::text from rollup_internal.changes where emptied <> 0"
        assert value(db, emptied) == "lab.e_2"
        assert value(db, "select count(*) from lab.e where country = 'open'") == 0
        assert_goes_on(copy)
    finally:
        copy.close()
        elsewhere.drop(copy.database)


@pytest.fixture(scope="module")
def archiving() -> Iterator[Server]:
    """A server that may be killed, and whose write-ahead log is kept."""
    with archiving_server() as server:
        yield server


@pytest.fixture
def archiving_lab(archiving: Server) -> Iterator[Lab]:
    lab = Lab.make(archiving)
    yield lab
    lab.close()
    archiving.drop(lab.database)


def test_standby_that_is_promoted_goes_on(archiving_lab: Lab) -> None:
    lab = archiving_lab
    (cluster,) = lab.server.clusters
    with base_backup(cluster, "standby", "-R") as standby:
        standby.start("standby.signal")
        copy = Lab(standby.server(), lab.database)
        with busy(lab) as db:
            until_replayed(db, copy.server.dsn(lab.database))
            # Readers and monitors need no primary.
            done = rollupctl(copy.server.dsn(lab.database), "status", "-o", "json")
            assert done.returncode == 0, done.stderr
            kill_server(cluster.data)
            standby.promote()
        try:
            assert_goes_on(copy)
            copy.close()
        finally:
            cluster.up()


def test_recovery_to_a_point_in_time_goes_on(archiving_lab: Lab, tmp_path: Path) -> None:
    """Files that were loaded later are loaded again, files that were loaded before are skipped."""
    lab = archiving_lab
    (cluster,) = lab.server.clusters
    dsn = lab.server.dsn(lab.database)
    lines = "event_time,customer_id,country,device_id\n"
    files = [tmp_path / "before.csv", tmp_path / "after.csv"]
    for number, file in enumerate(files):
        file.write_text(lines + f"2024-06-01 10:00Z,{number},de,{number}\n")
    load = ["load", "--table", "lab.e"]
    with base_backup(cluster, "recovered") as recovered:
        with busy(lab) as db:
            assert rollupctl(dsn, *load, str(files[0])).returncode == 0
            db.execute("select pg_create_restore_point('before the mistake')")
            mark = value(db, "select max(last_id) from rollup.watermarks")
        assert rollupctl(dsn, *load, str(files[1])).returncode == 0
        db.execute("call rollup.run_all()")
        db.execute("delete from lab.e where customer_id = 1")  # the mistake
        db.execute("call rollup.run_all()")
        assert value(db, "select max(last_id) from rollup.watermarks") > mark
        db.execute("select pg_switch_wal()")
        recovered.start(
            "recovery.signal",
            restore_command=f'cp "{cluster.home}/archive/%f" "%p"',
            recovery_target_name="before the mistake",
            recovery_target_action="promote",
        )
        copy = Lab(recovered.server(), lab.database)
        restored = copy.connect()
        until(lambda: not value(restored, "select pg_is_in_recovery()"), "it is recovered")
        assert value(restored, "select max(last_id) from rollup.watermarks") == mark
        done = rollupctl(copy.server.dsn(lab.database), *load, *map(str, files), "-o", "json")
        assert [line["status"] for line in json.loads(done.stdout)] == ["skipped", "loaded"]
        assert_goes_on(copy)
        copy.close()


# Columns that name relations and roles, and keep what was dropped. A declaration has the names beside the numbers and is
# compared with them; a policy with a dropped table of members shows nothing; a partition that was emptied and then dropped
# matches no partition.
KEPT = {
    ("rollups", "source"),
    ("rollups", "target"),
    ("rollups", "id_sequence"),
    ("isolations", "members"),
    ("changes", "emptied"),
}
NAMING_COLUMNS = """
    select n.nspname, c.relname, a.attname
      from pg_attribute a
      join pg_class c on c.oid = a.attrelid
      join pg_namespace n on n.oid = c.relnamespace
     where n.nspname ~ '^rollup' and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
       and (a.atttypid::regtype::text ~ '^reg' or a.atttypid = 'oid'::regtype)
       and c.relname !~ '^changes_'
"""
# What is known of a table lab.gone, of its keys, and of a role.
KNOWN = """
    insert into rollup_internal.sources (source) select 'lab.gone' on conflict do nothing;
    insert into rollup_internal.expiries values ('lab.gone', now(), '{}');
    insert into rollup_internal.horizons values ('lab.gone', now(), '{}', '{}');
    insert into rollup_internal.isolations (source, setting) values ('lab.gone', 'a.b');
    insert into rollup_internal.loads (source_table, file_name) values ('lab.gone', 'a.csv');
    insert into rollup_internal.load_parts (load_id, part, source_table)
        select load_id, 1, source_table from rollup_internal.loads;
    insert into rollup_internal.event_keys values ('lab.gone', 'lab.here'), ('lab.here', 'lab.gone_keys');
    insert into rollup_internal.followed_sources values ('lab.gone');
    insert into rollup_internal.changes (source) values ('lab.gone');
    select rollup.grant_role('rollup_test_gone', 'reader');
"""


def columns_with_numbers(db: Connection) -> set[tuple[str, str]]:
    """The columns of state that name something by its number, because it is not there any more."""
    found = set()
    for schema, table, column in rows(db, NAMING_COLUMNS):
        query = f"select exists (select from {schema}.{table} where {column}::text ~ '^[0-9]+$')"
        if value(db, query):
            found.add((table, column))
    return found


def test_rollups_are_declared_again_in_a_copy_without_rows(plain_lab: Lab, tmp_path: Path) -> None:
    """The structure of a database is copied for tests and staging. Functions and views are there, declarations are not."""
    lab = plain_lab
    lab.source()
    copy = lab.server.database(EMPTY)
    try:
        lab.declare()
        lab.declare("hours", bucket="1 hour")
        dsn = lab.server.superuser_dsn(copy)
        restore(dump(lab.server.superuser_dsn(lab.database), tmp_path / "dump", "-s"), dsn)
        with psycopg.connect(dsn, autocommit=True) as db:
            db.execute("drop view lab.hours_bi")
            db.execute("create view lab.hours_bi as select * from lab.hours")
            db.execute("comment on view lab.hours_bi is 'Hours, by hand'")
            lab.declare(db=db)
            insert(db, 5)
            assert value(db, "select sum(n)::int from lab.visits_live") == 5
            db.execute("call rollup.run_all()")
            assert_exact(db)
            with pytest.raises(psycopg.errors.DuplicateTable, match="hours_bi"):
                lab.declare("hours", bucket="1 hour", db=db)
            db.execute("drop view lab.hours_bi")
            lab.declare("hours", bucket="1 hour", db=db)
            db.execute("call rollup.run_all()")
            assert value(db, "select sum(n)::int from lab.hours_bi") == 5
            with pytest.raises(psycopg.errors.DuplicateFunction, match="count_hours"):
                lab.declare("other", bucket="2 hours", function_name="lab.count_hours", db=db)
    finally:
        lab.server.drop(copy)


@pytest.mark.parametrize("way", ["expiry", "installation"])
def test_a_dump_names_nothing_that_was_dropped(
    server: Server, database: str, tmp_path: Path, way: str
) -> None:
    dsn = server.dsn(database)
    name = server.database(EMPTY)
    try:
        with psycopg.connect(dsn, autocommit=True) as db:
            db.execute("create schema lab")
            for table in ("gone", "gone_keys", "here"):
                db.execute(f"create table lab.{table} ()".encode())
            for node in range(len(server.nodes)):
                with server.admin(node) as admin:
                    admin.execute("drop role if exists rollup_test_gone")
            db.execute("create role rollup_test_gone")
            for statement in KNOWN.split(";"):
                db.execute(statement.encode())
            assert columns_with_numbers(db) == set()
            db.execute("drop table lab.gone, lab.gone_keys")
            db.execute("drop owned by rollup_test_gone")
            db.execute("drop role rollup_test_gone")
            # Whoever adds such a column decides what becomes of it.
            columns = {(table, column) for _, table, column in rows(db, NAMING_COLUMNS)}
            assert columns_with_numbers(db) == columns - KEPT
            others = "select count(*) from rollup_internal.sources"
            assert value(db, others) == 2
        done = rollupctl(dsn, *(["expire", "--yes"] if way == "expiry" else ["install"]))
        assert done.returncode == 0, done.stderr
        file = dump(dsn, tmp_path / "dump")
        if not server.is_citus:
            restore(file, server.dsn(name))
            with psycopg.connect(server.dsn(name), autocommit=True) as db:
                assert columns_with_numbers(db) == set()
                assert rows(db, "select source::text from rollup.sources") == [("events",)]
                assert rows(db, "select * from rollup.roles") == []
        with psycopg.connect(dsn, autocommit=True) as db:
            assert columns_with_numbers(db) == set()
            assert value(db, others) == 1
    finally:
        server.drop(name)
