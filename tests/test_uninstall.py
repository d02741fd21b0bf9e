"""rollupctl uninstall: all that was installed goes, nothing else does."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from tests import servers
from tests.conftest import Connection
from tests.helpers import row, rows, value
from tests.servers import EMPTY, Server

# Every object of the database but for its oid. Citus's shards and indexes on them come and go.
OBJECTS = """
    select pg_describe_object(x.class, x.oid, 0), coalesce(obj_description(x.oid, x.class::regclass::text), '')
      from (select 'pg_namespace'::regclass, oid from pg_namespace where nspname !~ '^pg_(toast_)?temp_'
            union all select 'pg_class'::regclass, oid from pg_class
                       where relnamespace::regnamespace::text not in ('pg_toast')
            union all select 'pg_proc'::regclass, oid from pg_proc
            union all select 'pg_type'::regclass, oid from pg_type where typnamespace::regnamespace::text <> 'pg_toast'
            union all select 'pg_operator'::regclass, oid from pg_operator
            union all select 'pg_constraint'::regclass, oid from pg_constraint
            union all select 'pg_trigger'::regclass, oid from pg_trigger
            union all select 'pg_extension'::regclass, oid from pg_extension) x (class, oid)
    union all
    select 'setting', entry from pg_db_role_setting cross join unnest(setconfig) entry
     where setdatabase = (select oid from pg_database where datname = current_database())
    union all
    select attrelid::regclass::text, attname || coalesce(col_description(attrelid, attnum), '')
      from pg_attribute where attrelid::regclass::text ~ '^shop' and attnum > 0
"""
TABLE = """
    create table shop.events (event_id bigserial, event_time timestamptz not null,
                              customer_id bigint not null, country text, price numeric)
"""
DECLARE = """
    select rollup.create_rollup(
        name => 'by ' || bucket, source => 'shop.events', bucket => bucket::interval, dimensions => '{country}',
        measures => '{"n": {"count": "*"}, "who": {"distinct": "customer_id"}, "top": {"top": "country"}}')
      from unnest('{1 hour,1 day}'::text[]) bucket
"""


@pytest.fixture
def bare_dsn(server: Server) -> Iterator[str]:
    """Conninfo of a database with a table of events and the extensions, but without the package."""
    name = server.database(EMPTY)
    with psycopg.connect(server.dsn(name), autocommit=True) as db:
        db.execute("create extension hll schema public")
        if rows(db, "select from pg_available_extensions where name = 'topn'"):
            db.execute("create extension topn schema public")
        db.execute("create schema shop")
        db.execute(TABLE.encode())
        if server.is_citus:
            db.execute("select create_distributed_table('shop.events', 'customer_id')")
        db.execute(
            "insert into shop.events (event_time, customer_id, country, price)"
            " select '2024-06-01 00:00Z'::timestamptz + i * interval '1 hour', i % 3, 'de', i"
            " from generate_series(1, 50) i"
        )
    yield server.dsn(name)
    server.drop(name)


@pytest.fixture
def bare(bare_dsn: str) -> Iterator[Connection]:
    with psycopg.connect(bare_dsn, autocommit=True) as db:
        yield db


def objects(server: Server, dsn: str) -> list[set[tuple[str, ...]]]:
    """The objects on each node."""
    name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
    found = []
    for node in range(len(server.nodes)):
        with psycopg.connect(server.dsn(str(name), node)) as db:
            found.append({tuple(map(str, fact)) for fact in rows(db, OBJECTS)})
    return found


def install(dsn: str) -> None:
    """The engine, two rollups with all that declarations make, a run and an added measure."""
    done = servers.rollupctl(dsn, "install", "--engine-only")
    assert done.returncode == 0, done.stderr
    with psycopg.connect(dsn, autocommit=True) as db:
        db.execute(DECLARE.encode())
        db.execute("call rollup.run_all()")
        add = """select rollup.alter_rollup('by 1 day', add_measures => '{"most": {"max": "price"}}')"""
        db.execute(add.encode())
        db.execute("call rollup.run_all()")


def uninstall(dsn: str, *options: str) -> list[str]:
    """What it says it has removed."""
    done = servers.rollupctl(dsn, "uninstall", "--yes", "-o", "csv", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[1:]


def test_nothing_is_left(server: Server, bare_dsn: str) -> None:
    before = objects(server, bare_dsn)
    for _ in range(2):
        install(bare_dsn)
        assert objects(server, bare_dsn)[0] > before[0]
        uninstall(bare_dsn, "--drop-tables")
        for there, was in zip(objects(server, bare_dsn), before, strict=True):
            assert there - was == set()
            assert was - there == set()


def test_tables_stay_unless_told_otherwise(bare: Connection, bare_dsn: str) -> None:
    install(bare_dsn)
    tables = ['shop."by 1 hour"', 'shop."by 1 day"', "shop.events"]
    before = [sorted(rows(bare, f"select t::text from {table} t")) for table in tables]
    removed = uninstall(bare_dsn)
    assert 'function,"shop.""count_by 1 hour"""' in removed
    assert 'view,"shop.""by 1 day_live"""' in removed
    assert "schema,rollup_internal" in removed
    assert not [line for line in removed if line.startswith("table")]
    assert [sorted(rows(bare, f"select t::text from {table} t")) for table in tables] == before
    # Where the added measure was complete was said in terms of what is gone.
    comment = "select col_description('shop.\"by 1 day\"'::regclass, attnum) from pg_attribute"
    assert row(bare, f"{comment} where attname = 'most'") == (None,)
    assert value(bare, "select count(*) from pg_class where relname ~ '_(live|bi)$'") == 0
    assert value(bare, "select to_regnamespace('rollup') is null")
    assert servers.rollupctl(bare_dsn, "install", "--engine-only").returncode == 0


def test_a_dry_run_lists_what_would_go(server: Server, bare_dsn: str) -> None:
    install(bare_dsn)
    before = objects(server, bare_dsn)
    listed = uninstall(bare_dsn, "--dry-run", "--drop-tables")
    assert objects(server, bare_dsn) == before
    assert listed == uninstall(bare_dsn, "--drop-tables")


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("create view shop.mine as select n from shop.\"by 1 day_bi\"", "view shop.mine depends on view"),
        ("create view shop.mine as select name from rollup.status", "view shop.mine depends on view"),
        ("create view shop.mine as select rollup.version()", "view shop.mine depends on function"),
        ("create view shop.mine as select rollup from rollup_internal.runs", "view shop.mine depends on table"),
        ("create table shop.mine (t text default rollup.version())", "table shop.mine depends on function"),
        ("create table shop.mine (r rollup.runs)", "table shop.mine depends on type"),
        ("create function shop.mine() returns text return rollup.version()", "function shop.mine() depends on"),
        ("create function rollup.mine() returns int return 1", "function rollup.mine() depends on schema"),
        ("create table rollup_internal.mine ()", "table rollup_internal.mine depends on schema"),
    ],
)  # fmt: skip
def test_objects_that_depend_on_the_package_are_named(
    plain: Server, statement: str, named: str
) -> None:
    name = plain.database(EMPTY)
    dsn = plain.dsn(name)
    try:
        with psycopg.connect(dsn, autocommit=True) as db:
            db.execute("create extension hll schema public")
            db.execute("create schema shop")
            db.execute(TABLE.encode())
            install(dsn)
            db.execute(statement.encode())
            before = objects(plain, dsn)
            done = servers.rollupctl(dsn, "uninstall", "--yes")
            assert done.returncode == 1
            assert "rollup cannot be uninstalled: other objects depend on it" in done.stderr
            assert named in done.stderr
            assert len(done.stderr.splitlines()) == 2
            assert objects(plain, dsn) == before
    finally:
        plain.drop(name)


def test_what_depends_on_a_table_keeps_it_only_where_it_would_go(
    bare: Connection, bare_dsn: str
) -> None:
    install(bare_dsn)
    bare.execute('create view shop.mine as select n from shop."by 1 day"')
    done = servers.rollupctl(bare_dsn, "uninstall", "--drop-tables", "--yes")
    assert done.returncode == 1
    assert 'view shop.mine depends on table shop."by 1 day"' in done.stderr
    uninstall(bare_dsn)
    assert value(bare, "select count(*) from shop.mine") == 9


@pytest.mark.parametrize("options", [[], ["--drop-tables"]])
def test_nothing_is_removed_without_a_question(
    server: Server, bare: Connection, bare_dsn: str, options: list[str]
) -> None:
    install(bare_dsn)
    before = objects(server, bare_dsn)
    done = servers.rollupctl(bare_dsn, "uninstall", *options)
    assert done.returncode == 1
    assert "uninstalling forgets what was counted for by 1 hour, by 1 day" in done.stderr
    dropped = 'would drop shop."by 1 hour", shop."by 1 day" with all rows'
    assert (dropped in done.stderr) == bool(options)
    assert len(done.stderr.splitlines()) == 2
    assert "--yes" in done.stderr
    assert on_a_terminal(bare_dsn, options, b"n\n") == 1
    assert objects(server, bare_dsn) == before
    assert on_a_terminal(bare_dsn, options, b"y\n") == 0
    assert value(bare, "select to_regnamespace('rollup') is null")
    assert value(bare, "select to_regclass('shop.\"by 1 day\"') is null") == bool(options)


def test_without_rollups_there_is_nothing_to_lose(bare: Connection, bare_dsn: str) -> None:
    bare.execute("create extension if not exists hll")
    assert servers.rollupctl(bare_dsn, "install", "--engine-only").returncode == 0
    assert servers.rollupctl(bare_dsn, "uninstall").returncode == 0


def on_a_terminal(dsn: str, options: list[str], answer: bytes) -> int:
    """The exit code of `uninstall` when it is answered so."""
    mine, theirs = pty.openpty()
    try:
        started = subprocess.Popen(
            [sys.executable, "-m", "rollupctl", "uninstall", *options],
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            env=os.environ | {"ROLLUPCTL_DSN": dsn},
        )
        os.write(mine, answer)
        return started.wait(60)
    finally:
        os.close(mine)
        os.close(theirs)


def test_a_run_under_way_is_waited_for_for_a_moment(
    server: Server, bare: Connection, bare_dsn: str
) -> None:
    install(bare_dsn)
    bare.execute(
        "insert into shop.events (event_time, customer_id) values ('2024-06-02 00:00Z', 1)"
    )
    before = objects(server, bare_dsn)
    with psycopg.connect(bare_dsn) as runner:
        runner.execute("select * from rollup.run('by 1 hour')")
        done = servers.rollupctl(
            bare_dsn, "uninstall", "--yes", env={"PGOPTIONS": "-c rollup.max_wait=1s"}
        )
        assert done.returncode == 4
        assert "could not lock the views and tables of rollups within 1s" in done.stderr
        runner.rollback()
    assert objects(server, bare_dsn) == before
    uninstall(bare_dsn)


def test_the_search_path_of_the_database_comes_back(bare: Connection, bare_dsn: str) -> None:
    setting = """select array_agg(s) from pg_db_role_setting cross join unnest(setconfig) s
                  where setdatabase = (select oid from pg_database where datname = current_database())"""
    name = value(bare, "select current_database()")
    bare.execute(f"alter database {name} set search_path = shop, public".encode())
    before = row(bare, setting)
    install(bare_dsn)
    assert "rollup_compat" in str(row(bare, setting))
    uninstall(bare_dsn)
    assert row(bare, setting) == before


def test_there_is_nothing_to_remove(bare_dsn: str) -> None:
    done = servers.rollupctl(bare_dsn, "uninstall")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "rollupctl: error: the SQL package is not in this database",
        "hint: there is nothing to remove",
    ]


def test_only_its_owner_may_remove_it(bare: Connection, bare_dsn: str) -> None:
    install(bare_dsn)
    bare.execute("drop role if exists visitor")
    bare.execute("create role visitor")
    try:
        bare.execute("set role visitor")
        with pytest.raises(errors.InsufficientPrivilege):
            bare.execute("select rollup.uninstall()")
    finally:
        bare.execute("reset role")
        bare.execute("drop role visitor")


def test_triggers_that_note_changes_go_with_the_package(db: Connection) -> None:
    db.execute("select rollup.follow_changes('public.events')")
    listed = rows(db, "select name from rollup.uninstall(dry_run => true) where kind = 'trigger'")
    assert len(listed) >= 3
    db.execute("select rollup.uninstall()")
    db.execute("insert into events (customer_id) values (1)")
    db.execute("update events set country = 'fr'")
    db.execute("delete from events")
