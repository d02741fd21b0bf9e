"""The same answers whatever the server, the database and the role have set."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from rollupctl.connect import open_session, query
from rollupctl.intervals import interval_words
from rollupctl.output import render
from tests import servers
from tests.conftest import Connection, Rollupctl
from tests.helpers import rows, value
from tests.hostile import MEANINGS
from tests.servers import EMPTY, ROOT, Server
from tests.test_load import HEADER

# All that changes what text, times and numbers mean, or ends a statement. (A search_path has tests of its own.)
HOSTILE = MEANINGS | {
    "TimeZone": "Asia/Kolkata",
    "default_transaction_read_only": "on",
    "statement_timeout": "700ms",
    "lock_timeout": "700ms",
    "idle_in_transaction_session_timeout": "700ms",
}
# What stands in the way of anybody who writes with psql.
LIMITS = {"default_transaction_read_only", "statement_timeout", "lock_timeout"}


def set_for(dsn: str, settings: dict[str, str]) -> None:
    """Give the database of `dsn` these defaults."""
    with psycopg.connect(
        dsn, autocommit=True, options="-c default_transaction_read_only=off"
    ) as db:
        for name, setting in settings.items():
            db.execute(
                sql.SQL("alter database {} set {} = {}").format(
                    sql.Identifier(db.info.dbname),
                    sql.SQL(name),
                    setting,
                )
            )


def times_file(folder: Path, number: int = 50) -> str:
    lines = [
        f"{n % 3 + 1},buy,Österreich,op\\era,{n},{n},2024-06-0{n % 3 + 1} 10:00"
        for n in range(number)
    ]
    path = folder / "events.csv"
    path.write_text(HEADER.strip() + ",event_time\n" + "\n".join(lines) + "\n")
    return str(path)


def test_trap_43_commands_answer_the_same_under_any_settings(
    rollupctl: Rollupctl, dsn: str, db: Connection, tmp_path: Path
) -> None:
    for name, keep in (("events", "1 month"), ("rollup_events_1hr", "1 year 2 months")):
        assert rollupctl("retention", name, keep).returncode == 0
    assert rollupctl("load", times_file(tmp_path)).returncode == 0
    assert rollupctl("rollup").returncode == 0
    asked = [
        ["retention"],
        ["verify"],
        ["doctor"],
        ["expire", "--dry-run"],
        ["verify", "rollup_events_1hr", "--from", "2024-06-01", "--to", "2024-06-02"],
        ["load", times_file(tmp_path)],
    ]
    db.execute("update rollup_events_1hr set event_count = event_count + 1 where customer_id = 1")

    def answers() -> list[tuple[int, str, str]]:
        told = [rollupctl(*a, "-o", form) for a in asked for form in ("json", "csv", "table")]
        return [(done.returncode, _timeless(done.stdout), done.stderr) for done in told]

    before = answers()
    set_for(dsn, HOSTILE)
    for now, then in zip(answers(), before, strict=True):
        assert now == then
    assert rollupctl("status", "-o", "json").returncode == 0
    assert rollupctl("verify", "--repair").returncode == 0


def _timeless(text: str) -> str:
    """Without what differs from one moment to the next."""
    text = re.sub(r"\d{4}-\d\d-\d\d[T ][0-9:.+]+", "TIME", text)
    return re.sub(r"\d+(\.\d+)?( seconds?| s\b)|\d+\.\d+", "NUMBER", text)


def test_trap_43_from_nothing_under_any_settings(server: Server, tmp_path: Path) -> None:
    database = server.database(EMPTY)
    dsn = server.dsn(database)
    try:
        set_for(dsn, HOSTILE)
        path = times_file(tmp_path)
        for command in (
            ["install", "--example", "page_views"],
            ["install"],
            ["load", path],
            ["rollup"],
            ["backfill", "rollup_events_1hr"],
            ["verify"],
            ["rebuild", "rollup_events_1hr", "--all"],
            ["rebuild", "rollup_events_1hr", "--all", "--step", "1 day"],
            ["retention", "rollup_events_1hr", "1 month"],
            ["expire", "--yes"],
            ["retention", "-o", "json"],
        ):
            done = servers.rollupctl(dsn, *command)
            assert done.returncode == 0, (command, done.stderr)
        kept = {row["name"]: row["keep"] for row in json.loads(done.stdout)}
        assert kept["rollup_events_1hr"] == "1 month"
        with psycopg.connect(dsn, autocommit=True, client_encoding="UTF8") as db:
            assert rows(db, "select country, browser from events limit 1") == [
                ("Österreich", "op\\era")
            ]
            assert rows(db, "select sum(event_count) from rollup_events_5min") == [(50,)]
            for procedure in ("run_all", "expire_all"):
                db.execute(f"call rollup.{procedure}()".encode())
    finally:
        server.drop(database)


# '~' and like are where a backslash means something.
BACKSLASHES = r"""
select rollup.create_rollup(
    name => 'odd', source => 'events', bucket => '1 hour',
    dimensions => '{"coalesce(country, $$x$$) as c"}',
    measures => '{"n": {"count": "*"}, "digits": {"count": "*", "where": "browser ~ $$^[0-9]+$$"}}',
    filter => $$ browser like 'a\%' or browser ~ '^[0-9]' $$);
"""


def test_trap_43_expressions_mean_the_same_with_old_strings(server: Server, tmp_path: Path) -> None:
    """standard_conforming_strings = off, at the installation by psql and ever after."""
    database = server.database(EMPTY)
    dsn = server.dsn(database)
    try:
        set_for(dsn, {k: v for k, v in HOSTILE.items() if k not in LIMITS})
        for step in (
            "schema-1.sql",
            "schema-2.sql",
            "setup_rollup.sql",
            "5minutely_aggregation.sql",
        ):
            done = subprocess.run(
                [str(shutil.which("psql")), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", step, dsn],
                capture_output=True,
                text=True,
                cwd=ROOT,
                check=False,
            )
            assert done.returncode == 0, done.stderr
        # What any writer needs by itself: Citus hands on times as the session spells them.
        own = "-c default_transaction_isolation=read\\ committed -c datestyle=ISO"
        with psycopg.connect(dsn, autocommit=True, client_encoding="UTF8", options=own) as db:
            db.execute(
                "insert into events (customer_id, event_type, country, browser, device_id, session_id)"
                " values (1, 'buy', null, E'a%', 1, 1), (1, 'buy', 'de', 'ab', 1, 1),"
                "        (1, 'buy', 'de', '77', 1, 1)"
            )
            db.execute(BACKSLASHES.encode())
            assert rows(db, "select status, events from rollup.run('odd')") == [("done", 2)]
            assert rows(db, "select c, n, digits from odd order by c") == [
                ("de", 1, 1),
                ("x", 1, 0),
            ]
            assert rows(db, "select c, n from odd_live order by c") == [("de", 1), ("x", 1)]
            assert rows(db, "select * from rollup.verify('odd')") == []
            db.execute("select * from rollup.rebuild('odd')")
            assert rows(db, "select c, n, digits from odd order by c") == [
                ("de", 1, 1),
                ("x", 1, 0),
            ]
            for every, schedule in (("*/5 * * * *", "*/5 * * * *"), ("5 minutes", "*/5 * * * *")):
                said = value(db, "select rollup_internal.cron_schedule(%s)", every)
                assert said == schedule
    finally:
        server.drop(database)


def test_trap_43_no_literal_depends_on_how_strings_are_read() -> None:
    """A backslash in '…' is one character or the beginning of two, unless the function settles it."""
    wrong = []
    for path in sorted((ROOT / "sql").rglob("*.sql")):
        text = path.read_text(encoding="utf-8")
        if "    set standard_conforming_strings = on\n" in text:
            continue
        text = re.sub(r"--[^\n]*|\$\$[^\n$]*\$\$", "", text)
        for found in re.finditer(r"(?P<before>[eE]?)'(?:[^']|'')*'", text):
            if "\\" in found[0] and not found["before"]:
                wrong.append(f"{path.relative_to(ROOT)}: {found[0][:60]}")
    assert wrong == []


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_trap_43_a_database_that_is_not_utf8_is_refused(plain: Server, encoding: str) -> None:
    name = f"test_{encoding.lower()}"
    with plain.admin() as admin:
        admin.execute(f"drop database if exists {name}".encode())
        admin.execute(
            f"create database {name} encoding '{encoding}' locale 'C' template template0".encode()
        )
    try:
        done = servers.rollupctl(plain.dsn(name), "install", "--engine-only")
        assert done.returncode == 1
        assert f"rollup needs a database in encoding UTF8, not {encoding}" in done.stderr
        assert len(done.stderr.splitlines()) == 2
    finally:
        plain.drop(name)


@pytest.fixture
def utc(plain: Server) -> Iterator[Connection]:
    with plain.admin() as db:
        db.execute("set intervalstyle = postgres")
        yield db


def test_trap_43_intervals_keep_their_words(utc: Connection) -> None:
    for text, words in (
        ("1 month", "1 month"),
        ("1 year", "1 year"),
        ("15 months 3 days", "1 year 3 months 3 days"),
        ("90 minutes", "1 hour 30 minutes"),
        ("30 days", "30 days"),
        ("-1 day 00:00:01.50", "-1 days 1.5 seconds"),
        ("100 hours", "100 hours"),
        ("0", "0 seconds"),
        ("0.000001 s", "0.000001 seconds"),
        ("1 month -1 day -00:05", "1 month -1 days -5 minutes"),
    ):
        spelled = value(utc, "select %s::interval::text", text)
        assert interval_words(spelled) == words
        assert value(utc, "select %s::interval = %s::interval", text, words)


def test_trap_43_intervals_in_every_form(dsn: str) -> None:
    with open_session(dsn, "test") as session:
        table = query(session, "select interval '1 month' as keep")
    assert json.loads(render(table, "json")) == [{"keep": "1 month"}]
    assert render(table, "csv") == "keep\n1 month\n"
    assert render(table, "table").splitlines()[2] == "1 month"


def test_trap_43_a_time_limit_of_ones_own_counts(dsn: str) -> None:
    asked = "select current_setting('statement_timeout') as s, current_setting('lock_timeout') as l"
    set_for(dsn, {"statement_timeout": "5s", "lock_timeout": "5s"})
    with open_session(dsn, "test") as session:
        assert query(session, asked).rows == [("0", "0")]
    with open_session(f"{dsn} options='-c statement_timeout=7s'", "test") as session:
        assert query(session, asked).rows == [("7s", "0")]


@pytest.mark.parametrize("server", ["plain"], indirect=True)
@pytest.mark.parametrize("given", ["30", " 1.5 ", "1 day 30", "-1 day", "soon"])
@pytest.mark.parametrize("name", ["max_wait", "keep_runs", "retry_interval", "partition_interval"])
def test_trap_61_a_setting_without_a_unit_is_ignored_with_a_warning(
    db: Connection, name: str, given: str
) -> None:
    standard = value(db, "select rollup_internal.setting(%s)", f"rollup.{name}")
    said: list[str] = []
    db.add_notice_handler(lambda diag: said.append(f"{diag.severity}: {diag.message_primary}"))
    db.execute("select set_config(%s, %s, false)", [f"rollup.{name}", given])
    assert value(db, "select rollup_internal.setting(%s)", f"rollup.{name}") == standard
    (warning,) = said
    assert warning.startswith(f"WARNING: rollup.{name} = '{given}' ")
    assert f"is ignored: {standard} applies" in warning
    for unit in ("30 s", "00:00:30", "P7D", "1 month"):
        db.execute("select set_config(%s, %s, false)", [f"rollup.{name}", unit])
        assert value(db, "select rollup_internal.setting(%s)", f"rollup.{name}") == unit
    assert len(said) == 1


@pytest.mark.parametrize("server", ["plain"], indirect=True)
def test_trap_61_a_run_keeps_its_ledger_although_the_setting_lacks_a_unit(db: Connection) -> None:
    db.execute("insert into events (customer_id) values (1)")
    db.execute("call rollup.run_all()")
    db.execute("update rollup_internal.runs set started_at = now() - interval '1 hour'")
    db.execute("set rollup.keep_runs = '30'")
    db.execute("insert into events (customer_id) values (1)")
    db.execute("call rollup.run_all()")
    assert value(db, "select count(*) from rollup.runs") == 4
