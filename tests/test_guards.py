"""Rules of this project that a person might forget: one test for each."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from rollupctl.cli import main
from rollupctl.pgbinaries import find_binaries
from tests.conftest import Connection, Rollupctl
from tests.helpers import rows, value
from tests.servers import ANALYTICS, EMPTY, ROOT, Server
from tests.test_house import FOR_PEOPLE, defined_routines

SQL = ROOT / "sql"
STEPS = [
    "schema-1.sql",
    "schema-2.sql",
    "setup_rollup.sql",
    "setup_analytics.sql",
    "setup_serve.sql",
    "5minutely_aggregation.sql",
    "hourly_aggregation.sql",
    "copy.sql",
    "queries.sql",
]
EXAMPLES = sorted((ROOT / "examples").glob("*.sql"))


def project_files() -> list[Path]:
    """What git keeps or would keep; in an unpacked archive, everything but hidden folders."""
    git = shutil.which("git") or "false"
    listed = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0 and listed.stdout:
        paths = [ROOT / name for name in listed.stdout.rstrip("\0").split("\0")]
    else:
        paths = [
            path
            for path in ROOT.rglob("*")
            if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
        ]
    return [path for path in paths if path.is_file()]


def without_comments(sql: str) -> str:
    return re.sub(r"--[^\n]*", "", sql)


def without_literals(sql: str) -> str:
    """SQL without what stands in quotes; a function's body is not a quote here."""
    sql = re.sub(r"\$(\w+)\$.*?\$\1\$", "''", sql, flags=re.S)
    return re.sub(r"'(?:[^']|'')*'", "''", sql)


def outside_parentheses(text: str) -> str:
    inner = re.compile(r"\([^()]*\)")
    while inner.search(text):
        text = inner.sub("", text)
    return text


# SQL files


def test_migrations_hold_no_function() -> None:
    for path in (SQL / "migrations").iterdir():
        assert not re.search(
            r"\bcreate\s+(or\s+replace\s+)?(function|procedure|view)", path.read_text()
        )


def test_sql_is_never_glued_together() -> None:
    # What is executed comes from format(), with %I, %L and %s where each belongs.
    for path in [*SQL.rglob("*.sql"), *(ROOT / step for step in STEPS), *EXAMPLES]:
        text = without_literals(without_comments(path.read_text()))
        for said in re.findall(r"\bexecute\b.*?(?:;|\bloop\b)", text, re.I | re.S):
            assert "||" not in outside_parentheses(said), f"{path.relative_to(ROOT)}: {said}"


def test_sql_keeps_its_form() -> None:
    words = r"SELECT|FROM|WHERE|CREATE|BEGIN|RETURNS|LANGUAGE|INSERT|UPDATE|DELETE"
    for path in [*SQL.rglob("*.sql"), *(ROOT / step for step in STEPS), *EXAMPLES]:
        text = path.read_text()
        assert "\t" not in text, path
        assert not re.search(r"[ \t]+$", text, re.M), path
        assert text.endswith("\n"), path
        assert not re.search(rf"^\s*({words})\b", without_comments(text), re.M), path


# Rooms whose texts are still made of positions, and whose formats have a place for both values and both rows.
BY_POSITION = {"finish", "kinds", "measures"}


def calls_of_format(sql: str) -> Iterator[tuple[str, int]]:
    """Each call of format() and the number of values that it is given."""
    for call in re.finditer(r"(?<!\w)format\(", sql):
        depth, commas, end = 1, 0, call.end()
        token = re.compile(
            r"'(?:[^']|'')*'|\"[^\"]*\"|(\$\w+\$).*?\1|[()\[\],]|[^'\"$()\[\],]+|.", re.S
        )
        while depth > 0:
            found = token.match(sql, end)
            assert found, sql[call.start() :]
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(found[0], 0)
            commas += found[0] == "," and depth == 1
            end = found.end()
        yield sql[call.start() : end], commas


def wide_formats(sql: str) -> list[str]:
    """Calls of format() that give more than three values, or name a fourth one, in what is no text for people."""
    sql = FOR_PEOPLE.sub("", re.sub(r"^\s*--[^\n]*|  -- [^\n]*$", "", sql, flags=re.M))
    return [
        call
        for call, values in calls_of_format(sql)
        if values > 3 or re.search(r"%(?:[4-9]|\d\d+)\$", call)
    ]


def test_generated_sql_has_named_placeholders() -> None:
    # Three values can be told apart by their positions; more of them go into rollup_internal.fill_template.
    for path in SQL.rglob("*.sql"):
        if path.parent.name not in BY_POSITION:
            assert wide_formats(path.read_text()) == [], path.relative_to(ROOT)


def test_guard_sees_a_wide_format() -> None:
    assert wide_formats("execute format('%s %s %s', a, f(b, c), array[d, e])") == []
    assert wide_formats("execute format($x$, %4$s$x$, a)") == ["format($x$, %4$s$x$, a)"]
    assert wide_formats("x := format('(,', a, b, c, d);") == ["format('(,', a, b, c, d)"]
    assert (
        wide_formats(
            "raise exception using\n    message = format('%s', a, b, c, d),\n    hint = 'x';"
        )
        == []
    )


def test_finished_sql_is_not_searched_for_text_to_replace() -> None:
    # What a name or a value holds would be replaced as well. (The percent signs of names are doubled in formats.)
    for path in SQL.rglob("*.sql"):
        text = without_comments(path.read_text()).replace("or replace", "")
        for call in re.findall(r"(?<![\w.])replace\([^;]*", text):
            assert call.endswith("'%', '%%')") or "'%', '%%')" in call, path.relative_to(ROOT)


def test_the_order_of_a_family_stands_in_one_place() -> None:
    ordered = [
        path.relative_to(SQL).as_posix()
        for path in SQL.rglob("*.sql")
        if re.search(r"\btime_zone (?:desc )?nulls (?:first|last)\b", path.read_text())
    ]
    assert ordered == ["base/family_members.sql"]


def test_counting_settings_stand_in_one_place(plain_db: Connection) -> None:
    listed = {
        name: (value, only_for)
        for name, value, only_for in rows(
            plain_db, "select * from rollup_internal.counting_settings()"
        )
    }
    for function, purpose in (
        ("rollup.verify", None),
        ("rollup.rebuild", None),
        ("rollup_internal.fill_measures", "filling in"),
        ("public.hourly_aggregation", "runs"),
    ):
        config = value(plain_db, "select proconfig from pg_proc where oid = %s::regproc", function)
        settings = {name.lower(): said for name, said in (entry.split("=", 1) for entry in config)}
        del settings["search_path"]
        assert settings == {
            name: said for name, (said, only_for) in listed.items() if only_for in (None, purpose)
        }, function
    for path in SQL.rglob("*.sql"):
        if path.name != "counting_settings.sql":
            text = without_comments(path.read_text())
            assert not re.search(r"\benable_hashagg\b", text), path


# Objects in the database

PACKAGE = "('rollup', 'rollup_internal', 'rollup_compat', 'rollup_analytics', 'rollup_analytics_internal', 'rollup_serve')"
# Functions that declarations have made are not the package's.
OWN_ROUTINES = f"""
    select p.oid, p.oid::regprocedure::text as name, p.prokind, p.proconfig, p.prosrc, p.proname,
           p.prosqlbody is not null as is_inline, l.lanname
      from pg_proc p
      join pg_language l on l.oid = p.prolang
     where p.pronamespace in (select oid from pg_namespace where nspname in {PACKAGE})
       and p.proname !~ '^run_family_[0-9]+$'
"""


@pytest.fixture
def plain_db(plain: Server) -> Iterator[Connection]:
    """Guards look at definitions, which are the same everywhere: one kind of server will do."""
    name = plain.database(ANALYTICS)
    with psycopg.connect(plain.dsn(name), autocommit=True) as connection:
        yield connection
    plain.drop(name)


def test_every_function_is_defined_in_its_file(plain_db: Connection) -> None:
    found = {
        name
        for (name,) in rows(
            plain_db,
            "select pronamespace::regnamespace || '.' || proname from pg_proc"
            f" where pronamespace in (select oid from pg_namespace where nspname in {PACKAGE})"
            " and pronamespace <> 'rollup_compat'::regnamespace"
            " and proname !~ '^run_family_[0-9]+$'",
        )
    }
    assert found == {name for names in defined_routines().values() for name in names}


def test_every_object_has_a_comment(plain_db: Connection) -> None:
    silent = rows(
        plain_db,
        f"""
        select 'routine', name from ({OWN_ROUTINES}) r
         where obj_description(oid, 'pg_proc') is null
        union all
        select 'relation', oid::regclass::text from pg_class
         where relnamespace in (select oid from pg_namespace where nspname in {PACKAGE})
           and relkind in ('r', 'p', 'v', 'm', 'f')
           and obj_description(oid, 'pg_class') is null
        union all
        select 'type', oid::regtype::text from pg_type t
         where typnamespace in (select oid from pg_namespace where nspname in {PACKAGE})
           and (typtype in ('d', 'e') or typtype = 'c'
                and (select relkind from pg_class c where c.oid = t.typrelid) = 'c')
           and obj_description(oid, 'pg_type') is null
        union all
        select 'schema', nspname from pg_namespace
         where nspname in {PACKAGE} and obj_description(oid, 'pg_namespace') is null
        union all
        select 'table of the example', c::text
          from unnest('{{events,rollup_events_5min,rollup_events_1hr}}'::regclass[]) c
         where obj_description(c, 'pg_class') is null
        union all
        select 'generated function', p.oid::regprocedure::text from pg_proc p
         where (p.proname ~ '^run_family_[0-9]+$'
                or p.proname in ('five_minutely_aggregation', 'hourly_aggregation'))
           and obj_description(p.oid, 'pg_proc') is null
        """,
    )
    assert silent == []


def test_every_engine_function_fixes_its_search_path(plain_db: Connection) -> None:
    loose = []
    for name, kind, config, source, is_inline, language in rows(
        plain_db,
        f"select name, prokind, proconfig, prosrc, is_inline, lanname from ({OWN_ROUTINES}) r",
    ):
        settings = dict(entry.split("=", 1) for entry in config or [])
        path = settings.get("search_path")
        if path is not None:
            assert re.split(r",\s*", path) == ["pg_catalog", "pg_temp"], name
        elif kind == "a" or is_inline or language == "internal":
            continue  # names in it were resolved when it was made
        else:
            loose.append(name)
            assert unqualified(source) == [], name
    # A procedure that commits cannot have the setting, one function must undo what pg_partman does
    # to the path, and functions that make or unite lists or moments would pay for it once a group.
    assert {name.split("(")[0].split(".")[-1] for name in loose} <= {
        "perform_job",
        "run_all",
        "backfill",
        "expire_all",
        "check_samples",
        "rebuild_in_steps",
        "backfill_measures",
        "unload",
        "create_history_partitions",
        "maintain_partitions",
        "topn_add_final",
        "topn_union_final",
        "mean_final",
        "keep_first",
        "m2_final",
        "exact_numeric",
        "top_list",
        "top_merge",
        "top_union",
    }


def test_command_line_reads_no_private_state() -> None:
    """It reads the views that users read. Of the private schema it calls functions only, by name."""
    private = re.compile(r"\brollup_internal\s*\.\s*(\w+)\s*(\(?)")
    calls = [
        (path.name, *called)
        for path in (ROOT / "rollupctl").rglob("*.py")
        for called in private.findall(path.read_text())
    ]
    assert [call for call in calls if not call[2]] == []
    assert len({name for _, name, _ in calls}) <= 10


NOT_FUNCTIONS = {"in", "as", "and", "or", "not", "values", "exists", "coalesce", "any", "all",
                 "array", "format", "returns", "by", "if", "when", "then", "numeric", "least",
                 "greatest", "nullif", "using", "on", "from", "select", "with", "operator"}  # fmt: skip


def unqualified(body: str) -> list[str]:
    """Names called or read from without a schema in a function's body."""
    body = without_literals(without_comments(body))
    # What stands between two pairs of parentheses is no call but an alias, with its columns.
    body = re.sub(
        r"\brows from (?=\()", "", re.sub(r"\)(?: with ordinality)? \w+ (?=\()", ") ", body)
    )
    called = re.findall(r"(?<![\w.])([a-z_]\w*)\s*\(", body, re.I)
    read = re.findall(
        r"\b(?:from|join|into|update)\s+(?!pg_catalog\.|rollup\.|rollup_internal\.)([a-z_]\w*)",
        body,
    )
    local = set(re.findall(r"^\s*([a-z_]\w*)\s+(?:constant\s+)?[\w.\[\]]+(?:\s*:=|;)", body, re.M))
    return [name for name in called + read if name.lower() not in NOT_FUNCTIONS | local]


def test_guard_sees_an_unqualified_name() -> None:
    assert unqualified("begin perform rollup.x(); perform now(); end") == ["now"]
    assert unqualified("begin select 1 from rollups; end") == ["rollups"]
    assert unqualified("declare t rollup.job;\nbegin t := rollup.f(t, pg_catalog.g()); end") == []


def test_everything_works_under_a_hostile_search_path(plain_db: Connection) -> None:
    plain_db.execute("create schema evil")
    for name, arguments, returns in (
        ("now", "", "timestamptz"),
        ("format", "text, variadic text[]", "text"),
        ("count", "bigint", "bigint"),
        ("clock_timestamp", "", "timestamptz"),
        ("array_to_string", "text[], text", "text"),
    ):
        plain_db.execute(
            f"create function evil.{name}({arguments}) returns {returns} language plpgsql"
            " as 'begin raise exception ''the evil one''; end'".encode()
        )
    plain_db.execute("create operator evil.= (leftarg = text, rightarg = text, function = textne)")
    plain_db.execute("create table evil.events (customer_id bigint)")
    plain_db.execute("create view evil.rollups as select 1 / 0 as name")
    plain_db.execute("insert into public.events (customer_id, device_id) values (1, 2)")
    plain_db.execute("set search_path = evil, pg_catalog")
    plain_db.execute("call rollup.run_all()")
    plain_db.execute("select rollup.maintain_partitions()")
    plain_db.execute("select rollup.expire('public.events', '1 day')")
    plain_db.execute("select rollup.set_retention('events', '1 day')")
    plain_db.execute("select rollup.set_retention('rollup_events_1hr', '1 day')")
    plain_db.execute("select rollup.expirable()")
    plain_db.execute("call rollup.expire_all()")
    plain_db.execute("select * from rollup.status, rollup.retention")
    plain_db.execute("reset search_path")
    assert value(plain_db, "select sum(event_count) from rollup_events_1hr") == 1


# The whole tree


def test_public_names_are_where_the_tutorial_expects_them() -> None:
    for name in [*STEPS, *(f"data/{number}.csv" for number in range(1, 11)), "README.md", "run",
                 "LICENSE", "pyproject.toml", ".ci/run"]:  # fmt: skip
        assert (ROOT / name).is_file(), name
    for name in ("run", ".ci/run"):
        assert os.access(ROOT / name, os.X_OK), name
        assert (ROOT / name).read_text().startswith("#!/bin/sh\n"), name


def test_no_file_names_a_machine() -> None:
    # Somebody's own directories; assembled here, so that this file does not name them itself.
    places = [f"/{place}/" for place in ("work", "root", "Users")]
    for path in project_files():
        if path.suffix == ".csv":
            continue
        text = path.read_text(errors="replace")
        for place in places:
            found = re.search(rf"(?<![\w.~$}}-]){place}\S*", text)
            assert found is None, f"{path.relative_to(ROOT)}: {found}"


def test_modules_stay_small() -> None:
    for path in (ROOT / "rollupctl").rglob("*.py"):
        assert len(path.read_text().splitlines()) <= 300, path


def test_every_command_is_in_the_reference() -> None:
    reference = ROOT / "docs" / "cli.md"
    if reference.exists():
        text = reference.read_text()
        for name in main.commands:
            assert f"rollupctl {name}" in text, name


# What users get


@pytest.fixture(scope="module")
def wheel(wheel_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(wheel_file) as archive:
        archive.extractall(folder)
    return folder


def test_wheel_carries_the_files_it_installs(wheel: Path) -> None:
    inside = wheel / "rollupctl" / "_project"
    shipped = [*(ROOT / "data").rglob("*.*"), *(ROOT / "examples").rglob("*.*")]
    expected = [*SQL.rglob("*.*"), *(ROOT / step for step in STEPS), *shipped]
    assert {path.relative_to(inside): path.read_bytes() for path in inside.rglob("*.*")} == {
        path.relative_to(ROOT): path.read_bytes() for path in expected
    }
    assert sorted(path.name for path in wheel.iterdir() if not path.suffix) == ["rollupctl"]


def test_wheel_installs_into_a_database(wheel: Path, plain: Server) -> None:
    name = plain.database(EMPTY)
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "rollupctl", "install"]
            if sys.version_info >= (3, 11)
            else [sys.executable, "-m", "rollupctl", "install"],
            env=os.environ | {"PYTHONPATH": str(wheel), "ROLLUPCTL_DSN": plain.dsn(name)},
            cwd=wheel,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        with psycopg.connect(plain.dsn(name)) as db:
            assert value(db, "select count(*) from rollup.rollups") == 2
    finally:
        plain.drop(name)


@pytest.mark.parametrize("server", ["plain"], indirect=True)
def test_dump_restores_and_goes_on(
    server: Server, db: Connection, dsn: str, rollupctl: Rollupctl
) -> None:
    db.execute(
        "insert into events (customer_id, event_type, device_id, session_id)"
        " select n % 9 + 1, 'click', n % 50, n from generate_series(1, 500) n"
    )
    db.execute("call rollup.run_all()")
    # Not counted yet when the dump is made.
    db.execute("insert into events (customer_id) select 1 from generate_series(1, 11)")
    state = [
        "select customer_id, minute, event_type, event_count, device_distinct_count::text,"
        " top_devices_1000 from rollup_events_5min order by 1, 2, 3",
        "select name, source::text, target::text, function_name, measures::text, id_sequence::text,"
        " family from rollup.rollups order by 1",
        "select rollup, node_group, last_id from rollup.watermarks order by 1, 2",
        "select id, function_name from rollup.families",
        "select rollup, status, events, rows from rollup.runs order by id",
        "select name, lag_events from rollup.status order by 1",
        "select partition::text, range_from from rollup.partitions('events')",
        "select event_id, event_time, customer_id from events order by 1",
        "select version from rollup.migrations",
    ]
    before = [rows(db, query) for query in state]

    name = server.database(EMPTY)
    try:
        copy = dump_and_restore(dsn, server.dsn(name))
        assert copy == ""
        with psycopg.connect(server.dsn(name), autocommit=True) as restored:
            assert [rows(restored, query) for query in state] == before
            restored.execute("insert into events (customer_id) values (1)")
            restored.execute("call rollup.run_all()")
            totals = "select sum(event_count) from rollup_events_5min"
            assert value(restored, totals) == 500 + 11 + 1
            # Names of its own: the function counts in this database's tables.
            assert value(restored, "select status from five_minutely_aggregation()") == (
                "nothing new"
            )
    finally:
        server.drop(name)
    assert value(db, "select sum(event_count) from rollup_events_5min") == 500


def dump_and_restore(source: str, target: str) -> str:
    """What the restore complained of."""
    binaries = find_binaries()
    dump = subprocess.run(
        [binaries.program("pg_dump"), "--no-owner", "-d", source],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert dump.returncode == 0, dump.stderr
    restore = subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, target],
        input=dump.stdout,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return restore.stderr
