"""rollupctl install: the same files as psql runs, all of them or nothing, as often as one likes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from rollupctl import __version__
from rollupctl.cli import main
from rollupctl.connect import open_session
from rollupctl.errors import InstallError
from rollupctl.install import STEPS, install
from rollupctl.sqlscript import read_script
from tests import servers
from tests.conftest import Connection, Rollupctl
from tests.helpers import Lab, Task, rows, value

Connect = Callable[..., Connection]

DEFINITIONS = """
with own as (
    select oid, nspname from pg_namespace
     where nspname in ('public', 'rollup', 'rollup_compat', 'cron', 'partman'))
select 'routine', p.oid::text, pg_get_functiondef(p.oid) || coalesce(p.proacl::text, '')
  from pg_proc p join own on own.oid = p.pronamespace where p.prokind in ('f', 'p')
union all
select 'relation', c.oid::text,
       concat_ws(' ', c.relname, c.relkind, c.relacl, pg_get_viewdef(c.oid), c.relfilenode)
  from pg_class c join own on own.oid = c.relnamespace
union all
select 'column', attrelid || '.' || attnum, concat_ws(' ', attname, atttypid, attnotnull)
  from pg_attribute a join pg_class c on c.oid = a.attrelid join own on own.oid = c.relnamespace
 where attnum > 0
union all
select 'index', indexrelid::text, pg_get_indexdef(indexrelid)
  from pg_index i join pg_class c on c.oid = i.indrelid join own on own.oid = c.relnamespace
union all
select 'constraint', c.oid::text, pg_get_constraintdef(c.oid)
  from pg_constraint c join own on own.oid = c.connamespace
union all
select 'comment', objoid || '.' || objsubid, description from pg_description where objoid > 16384
union all
select 'extension', oid::text, extname || ' ' || extversion from pg_extension
union all
select 'schema', oid::text, concat_ws(' ', nspname, nspacl) from pg_namespace
 where nspname not like 'pg\\_%'
"""


def fingerprint(db: Connection) -> set[tuple[str, ...]]:
    """Every definition, and every row of the package's own tables."""
    found = {tuple(row) for row in db.execute(DEFINITIONS)}
    tables = db.execute(
        "select oid::regclass::text from pg_class where relkind = 'r'"
        " and relnamespace in ('rollup'::regnamespace, 'partman'::regnamespace)"
    )
    for (table,) in tables.fetchall():
        rows = db.execute(f"select t::text from {table} t").fetchall()
        found |= {("row", table, text) for (text,) in rows}
    return found


def names(found: set[tuple[str, ...]]) -> list[tuple[str, str]]:
    """What a fingerprint holds but for numbers that differ from database to database."""
    return sorted((kind, text) for kind, _, text in found if kind in ("routine", "index"))


def test_twice_changes_nothing(db: Connection, rollupctl: Rollupctl) -> None:
    db.execute("insert into events (customer_id) values (1)")
    before = fingerprint(db)
    done = rollupctl("install", "-o", "csv")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1 + len(STEPS))
    after = fingerprint(db)
    assert after - before == set()
    assert before - after == set()


def test_ten_at_once_do_no_harm(empty_dsn: str, dsn: str) -> None:
    started = [servers.start_rollupctl(empty_dsn, "install") for _ in range(10)]
    told = [process.communicate(timeout=300)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0] * 10, told
    with psycopg.connect(empty_dsn, autocommit=True) as many, psycopg.connect(dsn) as one:
        assert names(fingerprint(many)) == names(fingerprint(one))
        found = many.execute("select name from rollup.rollups order by id").fetchall()
        assert found == [("rollup_events_5min",), ("rollup_events_1hr",)]


def test_partition_interval_is_handed_over(empty_dsn: str) -> None:
    done = servers.rollupctl(empty_dsn, "install", "--partition-interval", "5 minutes")
    assert done.returncode == 0, done.stderr
    with psycopg.connect(empty_dsn) as db:
        row = db.execute(
            "select pg_get_expr(relpartbound, oid) from pg_class where relispartition"
            " and relkind = 'r' and relnamespace = 'public'::regnamespace order by 1 desc limit 1"
        ).fetchone()
        assert row is not None
        width = "select ({1})::timestamptz - ({0})::timestamptz = '5 minutes'"
        low, high = (part.split(")")[0] for part in row[0].split("(")[1:3])
        assert db.execute(width.format(low, high)).fetchone() == (True,)


def test_partitions_do_not_follow_the_callers_time_zone(empty_dsn: str) -> None:
    done = servers.rollupctl(empty_dsn, "install", env={"PGTZ": "America/New_York"})
    assert done.returncode == 0, done.stderr
    with psycopg.connect(empty_dsn, options="-c TimeZone=UTC") as db:
        bounds = db.execute(
            "select pg_get_expr(relpartbound, oid) from pg_class"
            " where relispartition and relkind = 'r' and relname like 'events\\_p%'"
        ).fetchall()
        assert bounds
        assert all(bound.count(" 00:00:00+00'") == 2 for (bound,) in bounds)


@pytest.mark.parametrize("interval", ["0", "0 days", "-1 day", "soon", ""])
def test_partition_interval_that_makes_no_sense(empty_dsn: str, interval: str) -> None:
    done = servers.rollupctl(empty_dsn, "install", f"--partition-interval={interval}")
    assert done.returncode == 2
    assert done.stderr.startswith(f'rollupctl: error: --partition-interval: "{interval}" is not')
    assert len(done.stderr.splitlines()) == 2
    with psycopg.connect(empty_dsn) as db:
        assert db.execute("select to_regclass('events'), to_regnamespace('rollup')").fetchone() == (
            None, None)  # fmt: skip


def test_engine_alone(empty_dsn: str) -> None:
    done = servers.rollupctl(empty_dsn, "install", "--engine-only")
    assert done.returncode == 0, done.stderr
    with psycopg.connect(empty_dsn) as db:
        assert db.execute("select to_regclass('events')").fetchone() == (None,)
        assert db.execute("select count(*) from rollup.rollups").fetchone() == (0,)


def test_without_the_right_to(empty_dsn: str) -> None:
    with psycopg.connect(empty_dsn, autocommit=True) as db:
        db.execute("drop role if exists no_rights")
        db.execute("create role no_rights")
        try:
            done = servers.rollupctl(empty_dsn, "install", env={"PGOPTIONS": "-c role=no_rights"})
        finally:
            db.execute("drop role no_rights")
    assert done.returncode == 1
    assert done.stderr.startswith("rollupctl: error: sql/prepare/schemas.sql:")
    assert "permission denied" in done.stderr
    assert len(done.stderr.splitlines()) == 2


def package(root: Path, **files: str) -> Path:
    """A directory with every step, most of them empty, and `files` (step_1 is schema-1.sql)."""
    for step in STEPS:
        (root / step).write_text("")
    for name, text in files.items():
        name = {"step_1": STEPS[1], "step_2": STEPS[2]}.get(name, f"{name}.sql")
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"step_1": "create table made ();", "step_2": "select 1;\nselect\n  1 +\n  wrong\n;"},
            r'schema-2\.sql:4: column "wrong" does not exist',
        ),
        (
            {"step_1": "create table made ();\n\n\\ir inner.sql\n", "inner": "--\nselect 1/0;"},
            r"inner\.sql:2: division by zero",
        ),
        (
            {"step_1": "create table made ();\n/* not\nyet */ commit;\n"},
            r"schema-1\.sql:3: commit: all files run in one transaction",
        ),
    ],
)
def test_error_names_its_line_and_leaves_nothing(
    empty_dsn: str, tmp_path: Path, files: dict[str, str], expected: str
) -> None:
    with open_session(empty_dsn, "test") as session:
        with pytest.raises(InstallError, match=expected):
            install(session, root=package(tmp_path, **files))
        assert session.execute("select to_regclass('made')").fetchone() == (None,)


def texts(root: Path, **files: str) -> list[str]:
    for name, text in files.items():
        (root / f"{name}.sql").write_text(text)
    return [statement.text for statement in read_script(root / "main.sql")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select 1; select 2", ["select 1", "select 2"]),
        (";;\n -- only a comment;\n/* and; /* nested; */ ; */", []),
        ("select ';', $$;$$, $a$;$$;$a$, \"a;b\"", ["select ';', $$;$$, $a$;$$;$a$, \"a;b\""]),
        (r"select e'it\';s', '\', 'a''b;'", [r"select e'it\';s', '\', 'a''b;'"]),
        ("select 1 -- one;\n, 2;", ["select 1 -- one;\n, 2"]),
        ("select x$1, $1; select 2", ["select x$1, $1", "select 2"]),
        (
            "create rule r as on insert to t do also (delete from a; delete from b);",
            ["create rule r as on insert to t do also (delete from a; delete from b)"],
        ),
        (
            "create function f() returns int begin atomic select 1; select case when true then 1 "
            "end; end; select 2",
            [
                "create function f() returns int begin atomic select 1; select case when true "
                "then 1 end; end",
                "select 2",
            ],
        ),
        ("begin; select 1; end;", ["begin", "select 1", "end"]),
    ],
)
def test_statements_end_where_psql_ends_them(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    assert texts(tmp_path, main=text) == expected


def test_ir_is_relative_to_its_file(tmp_path: Path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    (below / "a.sql").write_text("\\ir b.sql\n\\ir ../c.sql\nselect 'a'")
    (below / "b.sql").write_text("select 'b';")
    told = texts(tmp_path, main="select 1;\n\\ir below/a.sql\nselect 2;", c="select 'c'; ")
    assert told == ["select 1", "select 'b'", "select 'c'", "select 'a'", "select 2"]


def test_one_file_included_twice_is_no_circle(tmp_path: Path) -> None:
    assert texts(tmp_path, main="\\ir a.sql\n\\ir a.sql", a="select 1") == ["select 1"] * 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select 1;\n\\i other.sql", r"main\.sql:2: \\i other\.sql: not supported here"),
        ("\\set x 1", r"main\.sql:1: \\set x 1: not supported here"),
        ("\\copy t from 'x'", r"main\.sql:1: \\copy"),
        ("select 1 \\gexec", r"main\.sql:1: psql command inside a statement"),
        ("\n\\ir nowhere.sql", r"main\.sql:2: \\ir nowhere\.sql: no such file"),
        ("\\ir main.sql", r"main\.sql:1: \\ir main\.sql: goes round in a circle"),
        ("\\ir", r"main\.sql:1: \\ir: not supported"),
        ("select 1;\nselect 'open", r"main\.sql:2: unterminated quote"),
        ("select $a$ open", r"main\.sql:1: unterminated quote"),
        ("\n/* open", r"main\.sql:2: unterminated comment"),
    ],
)
def test_what_cannot_be_read_names_its_line(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(InstallError, match=expected):
        texts(tmp_path, main=text)


def test_lines_and_titles(tmp_path: Path) -> None:
    (tmp_path / "main.sql").write_text(
        "-- About the file\n\n-- First\n-- in detail\nselect\n 1;\n\nselect 2; -- not a title\n"
        "\n-- Third\nselect 3;\n"
    )
    told = [(s.line, s.title, s.text) for s in read_script(tmp_path / "main.sql")]
    assert told == [(5, "First", "select\n 1"), (8, "", "select 2"), (11, "Third", "select 3")]


def test_every_file_of_the_project_reads(tmp_path: Path) -> None:
    for step in STEPS:
        assert list(read_script(servers.ROOT / step))


# Other sessions


VIEWS = """
    select c.oid, c.xmin::text, c.relacl::text from pg_class c
     where c.relkind = 'v' and (c.relname ~ '_(live|bi)$' or c.relnamespace = 'rollup'::regnamespace)
     order by c.oid
"""


def test_trap_56_unchanged_views_are_left_alone(db: Connection, connect: Connect) -> None:
    db.execute("revoke select on rollup.runs, rollup_events_5min_bi from public")
    before = rows(db, VIEWS)
    assert len(before) > 10
    # Readers of all of them, who keep their locks; the installation does not even wait for them.
    reader = connect(autocommit=False)
    for (view,) in rows(db, "select oid::regclass::text from pg_class where relkind = 'v' and"
                            " (relname ~ '_(live|bi)$' or relnamespace = 'rollup'::regnamespace)"):  # fmt: skip
        reader.execute(f"select * from {view}".encode())
    done = servers.rollupctl(db.info.dsn, "install", env={"PGOPTIONS": "-c lock_timeout=1ms"})
    assert done.returncode == 0, done.stderr
    assert rows(db, VIEWS) == before


def test_trap_56_a_view_that_changes_is_waited_for_for_a_moment(
    db: Connection, connect: Connect, rollupctl: Rollupctl
) -> None:
    db.execute("create view mine as select * from rollup_events_5min_live")
    db.execute("alter view rollup_events_5min_live set (security_barrier = true)")
    before = rows(db, VIEWS)
    reader, other = connect(autocommit=False), connect()
    reader.execute("select * from rollup_events_5min_live")
    other.execute("set lock_timeout = '1s'")
    started = Task(lambda: rollupctl("install", env={"PGOPTIONS": "-c rollup.max_wait=2s"}))
    while not started.is_done():
        other.execute(
            "select * from rollup_events_5min_live, rollup_events_1hr_bi, rollup.status limit 1"
        )
    done = started.result()
    assert done.returncode == 4
    assert 'could not lock the views of rollup "rollup_events_5min" within 2s' in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert rows(db, VIEWS) == before
    reader.rollback()
    done = rollupctl("install")
    assert done.returncode == 0, done.stderr
    barrier = "select reloptions from pg_class where relname = 'rollup_events_5min_live'"
    assert value(db, barrier) is None


def test_a_run_under_way_does_not_hold_up_an_installation(
    db: Connection, connect: Connect, rollupctl: Rollupctl
) -> None:
    db.execute("insert into events (customer_id) values (1)")
    runner = connect(autocommit=False)
    runner.execute("select * from rollup.run('rollup_events_5min')")
    done = rollupctl("install", env={"PGOPTIONS": "-c lock_timeout=1s"})
    assert done.returncode == 0, done.stderr
    runner.commit()


def test_a_view_that_is_made_again_keeps_owner_and_rights(plain_lab: Lab) -> None:
    db = plain_lab.connect()
    db.execute("drop role if exists dashboard")
    db.execute("create role dashboard")
    try:
        db.execute("create view lab.v as select 1 as a, 2 as b, 3 as c")
        db.execute("alter view lab.v owner to dashboard")
        db.execute("grant create on schema lab to dashboard")
        db.execute("grant select on lab.v to public")
        db.execute("grant update (a), select (b) on lab.v to pg_monitor with grant option")
        db.execute("call rollup_internal.replace_view('lab.v', 'select 1 as a, 4 as d')")
        owner = "select relowner::regrole::text from pg_class where oid = 'lab.v'::regclass"
        assert value(db, owner) == "dashboard"
        granted = """
            select x.on, a.privilege_type, a.grantee::regrole::text, a.is_grantable
              from (select 'view' as on, relacl as acl from pg_class where oid = 'lab.v'::regclass
                    union all
                    select attname, attacl from pg_attribute where attrelid = 'lab.v'::regclass) x,
                   aclexplode(x.acl) a
             where a.grantee::regrole::text <> 'dashboard' order by 1"""
        assert rows(db, granted) == [
            ("a", "UPDATE", "pg_monitor", True),
            ("view", "SELECT", "-", False),
        ]
        db.execute("create view lab.w as select d from lab.v")
        with pytest.raises(errors.DependentObjectsStillExist, match="columns of view lab.v change"):
            db.execute("call rollup_internal.replace_view('lab.v', 'select 1 as a')")
        # Nothing but the options differs; nothing at all.
        db.execute(
            "call rollup_internal.replace_view('lab.v', 'select 1 as a, 4 as d', '{security_invoker=true}')"
        )
        oid = value(db, "select oid::text || xmin from pg_class where oid = 'lab.v'::regclass")
        db.execute(
            "call rollup_internal.replace_view('lab.v', 'select 1 as a, 4 as d', '{security_invoker=true}')"
        )
        assert (
            value(db, "select oid::text || xmin from pg_class where oid = 'lab.v'::regclass") == oid
        )
        assert value(db, "select count(*) from pg_class where relname = 'rollup_candidate'") == 0
    finally:
        db.execute("drop owned by dashboard cascade")
        db.execute("drop role dashboard")


def test_default_privileges_take_nothing_from_the_public(empty_dsn: str) -> None:
    with psycopg.connect(empty_dsn, autocommit=True) as db:
        db.execute("alter default privileges grant select on tables to pg_monitor")
        assert servers.rollupctl(empty_dsn, "install").returncode == 0
        for relation in ("rollup.status", "rollup.runs", "rollup_events_1hr_bi"):
            assert value(db, f"select has_table_privilege('public', '{relation}', 'select')")
        db.execute("revoke select on rollup.status, rollup.runs, rollup_events_1hr_bi from public")
        assert servers.rollupctl(empty_dsn, "install").returncode == 0
        for relation in ("rollup.status", "rollup.runs", "rollup_events_1hr_bi"):
            assert not value(db, f"select has_table_privilege('public', '{relation}', 'select')")


# psql


def psql_run(dsn: str, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["psql", "-X", "-At", *options, dsn],
        input=text,
        cwd=servers.ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_trap_57_psql_stops_at_the_first_error_and_changes_nothing(
    db: Connection, dsn: str
) -> None:
    db.execute("insert into rollup_internal.migrations (version) values ('99.0.0')")
    db.execute("create or replace function rollup.version() returns text return '99.0.0'")
    before = fingerprint(db)
    done = psql_run(dsn, "\\i setup_rollup.sql\nselect 'goes on';\n")
    assert done.stderr.count("psql:sql/") == 1
    assert "this database has rollup 99.0.0, newer than" in done.stderr
    assert "goes on" not in done.stdout
    assert fingerprint(db) == before
    assert subprocess.run(
        ["psql", "-X", "-q", "-f", "setup_rollup.sql", dsn],
        cwd=servers.ROOT, capture_output=True, check=False,
    ).returncode == 3  # fmt: skip


def test_psql_gets_its_settings_back(dsn: str) -> None:
    text = "\\set ON_ERROR_ROLLBACK interactive\n\\i setup_rollup.sql\n\\echo :ON_ERROR_STOP :ON_ERROR_ROLLBACK\n"
    text += "select 1/0;\nshow lock_timeout;\nshow client_min_messages;\n"
    text += (
        "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid();\n"
    )
    done = psql_run(dsn, text, "-q")
    assert done.stdout.splitlines() == ["off interactive", "0", "notice", "0"]


def test_psql_leaves_a_transaction_of_the_callers_open(empty_dsn: str) -> None:
    told = psql_run(empty_dsn, "begin;\n\\i setup_rollup.sql\nrollback;\n", "-q")
    assert told.stderr == ""
    with psycopg.connect(empty_dsn, autocommit=True) as db:
        assert value(db, "select to_regnamespace('rollup') is null")
        told = psql_run(empty_dsn, "\\set AUTOCOMMIT off\n\\i setup_rollup.sql\ncommit;\n", "-q")
        assert told.stderr == ""
        assert value(db, "select to_regnamespace('rollup') is not null")


def test_trap_29_installation_takes_nothing_from_the_callers_path(plain: servers.Server) -> None:
    """Signatures and bodies in standard SQL are resolved when they are created."""
    name = plain.database(servers.EMPTY)
    try:
        with psycopg.connect(plain.dsn(name), autocommit=True) as db:
            db.execute("create schema evil")
            db.execute("create domain evil.name as pg_catalog.name")
            db.execute("create domain evil.oid as pg_catalog.oid")
            for kind, function in (("text", "textne"), ("pg_catalog.oid", "oidne")):
                db.execute(
                    f"create operator evil.= (leftarg = {kind}, rightarg = {kind},"
                    f" function = {function})".encode()
                )
            path = "evil, pg_catalog, public"
            db.execute(f"alter database {name} set search_path = {path}".encode())
        for _ in range(2):
            done = servers.rollupctl(plain.dsn(name), "install", "--engine-only")
            assert done.returncode == 0, done.stderr
        with psycopg.connect(plain.dsn(name), autocommit=True) as db:
            assert db.execute("show search_path").fetchone() == (f"{path}, rollup_compat",)
            db.execute("set search_path = pg_catalog")
            uses = db.execute(
                "select pg_describe_object(d.classid, d.objid, 0) from pg_depend d"
                " where d.refobjid in (select oid from pg_type where typnamespace = 'evil'::regnamespace"
                "                union select oid from pg_operator where oprnamespace = 'evil'::regnamespace)"
                "   and d.deptype = 'n'"
            ).fetchall()
            assert uses == []
    finally:
        plain.drop(name)


def test_the_engine_needs_one_transaction(empty_dsn: str) -> None:
    told = psql_run(empty_dsn, "\\i sql/install.sql\n", "-q", "-v", "ON_ERROR_STOP=1")
    assert "rollup is installed in one transaction" in told.stderr
    with psycopg.connect(empty_dsn) as db:
        assert value(db, "select to_regnamespace('rollup') is null")


# Versions


COMMANDS = [
    ["install"], ["load", "data/1.csv"], ["rollup"], ["status"], ["backfill", "rollup_events_1hr"], ["verify"],
    ["rebuild", "rollup_events_1hr", "--all"], ["doctor"], ["expire"], ["retention"],
    ["schedule"], ["unschedule"], ["uninstall"], ["sites"], ["show"], ["plan", "examples/page_views.sql"],
    ["apply", "examples/page_views.sql"], ["create", "examples/page_views.sql"],
    ["alter", "examples/page_views.sql"], ["drop", "rollup_events_1hr"], ["loads"], ["unload", "1"], ["top"],
    ["metrics"], ["roles"], ["export", "rollup_events_1hr"], ["alerts", "list"], ["report", "list"],
    ["keys"], ["set-aside"], ["consume", "redis://localhost/events"], ["restore", "data/1.csv"], ["export-dashboard", "grafana"],
    ["export-dbt"],
    ["erase", "events", "--tenant", "1", "--where", "true"],
]  # fmt: skip


def test_every_command_that_connects_is_tried() -> None:
    without = {"up", "down", "generate", "demo", "serve", "fit", "completion"}
    assert set(main.commands) - without == {command[0] for command in COMMANDS}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_trap_57_a_newer_database_is_told_plainly(
    plain: servers.Server, command: list[str]
) -> None:
    check_version(plain, command, "99.0.0", "newer than this rollupctl", "install rollupctl 99.0.0")


@pytest.mark.parametrize("command", COMMANDS[1:], ids=lambda command: command[0])
def test_an_older_database_is_told_plainly(plain: servers.Server, command: list[str]) -> None:
    hint = "run `rollupctl install` to upgrade it"
    check_version(plain, command, "0.0.9", "older than this rollupctl", hint)


def check_version(
    server: servers.Server, command: list[str], version: str, expected: str, hint: str
) -> None:
    name = server.database()
    dsn = server.dsn(name)
    try:
        with psycopg.connect(dsn, autocommit=True) as db:
            db.execute(
                f"create or replace function rollup.version() returns text return '{version}'"
            )
        done = servers.rollupctl(dsn, *command)
        assert done.returncode == 1
        told = f"rollupctl: error: the database has rollup {version}, {expected}, {__version__}"
        assert done.stderr.splitlines() == [told, f"hint: {hint}"]
        assert done.stdout == ""
    finally:
        server.drop(name)
