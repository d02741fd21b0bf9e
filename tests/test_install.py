"""rollupctl install: the same files as psql runs, all of them or nothing, as often as one likes."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from rollupctl.connect import open_session
from rollupctl.errors import InstallError
from rollupctl.install import STEPS, install
from rollupctl.sqlscript import read_script
from tests import servers
from tests.conftest import Connection, Rollupctl

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


def test_twenty_at_once_do_no_harm(empty_dsn: str, dsn: str) -> None:
    started = [servers.start_rollupctl(empty_dsn, "install") for _ in range(20)]
    told = [process.communicate(timeout=300)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0] * 20, told
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
    assert done.stderr.startswith("rollupctl: error: schema-1.sql:")
    assert "permission denied" in done.stderr
    assert len(done.stderr.splitlines()) == 2


def package(root: Path, **files: str) -> Path:
    """A directory with every step, most of them empty, and `files` (step_1 is schema-1.sql)."""
    for step in STEPS:
        (root / step).write_text("")
    for name, text in files.items():
        name = {"step_1": STEPS[0], "step_2": STEPS[1]}.get(name, f"{name}.sql")
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
