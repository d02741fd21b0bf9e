"""Upgrades from 0.1.0: what comes out equals a fresh installation, and nothing is lost on the way."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors

from rollupctl import __version__
from rollupctl import install as installing
from rollupctl.connect import open_session
from rollupctl.errors import InstallError
from rollupctl.install import STEPS
from rollupctl.sqlscript import read_script
from tests import servers, upgrades
from tests.data.upgrade.make import parts
from tests.helpers import Connection, Task, row, rows, until, value
from tests.servers import EMPTY, ROOT, Server

Upgrade = Callable[[str], object]


def by_rollupctl(dsn: str) -> None:
    done = servers.rollupctl(dsn, "install")
    assert done.returncode == 0, done.stderr


def by_psql(dsn: str) -> None:
    upgrades.run_script(dsn, "setup_rollup.sql")


WAYS = pytest.mark.parametrize("upgrade", [by_rollupctl, by_psql])


@pytest.fixture(scope="module")
def roles(server: Server) -> Iterator[None]:
    """Removes the roles that databases of 0.1.0 bring along, when these are gone."""
    yield
    upgrades.drop_roles(server)


@pytest.fixture(scope="module")
def restored(server: Server, roles: None) -> Iterator[str]:
    """Name of the database of 0.1.0; nobody may change it, but copy it."""
    name = upgrades.restore(server)
    yield name
    server.drop(name)


@pytest.fixture
def old_dsn(server: Server, restored: str) -> Iterator[str]:
    """Conninfo of a copy of the database of 0.1.0."""
    name = server.copy_of(restored)
    yield server.dsn(name)
    server.drop(name)


@pytest.fixture
def old(old_dsn: str) -> Iterator[Connection]:
    """An autocommit connection to that copy, which every name is spelled out for."""
    with psycopg.connect(old_dsn, autocommit=True) as connection:
        connection.execute("set search_path = ''")
        connection.execute("set statement_timeout = '60s'")
        yield connection


@pytest.fixture(scope="module")
def fresh(server: Server) -> Iterator[dict[tuple[str, str], str]]:
    """The catalog of a fresh installation in which users have done the same."""
    name = server.database(EMPTY)
    dsn = server.dsn(name)
    done = servers.rollupctl(dsn, "install", "--example", "sales")
    assert done.returncode == 0, done.stderr
    with psycopg.connect(dsn, autocommit=True) as db:
        steps = parts()
        for part in ("declare", "events", "alter", "more", "uncounted", "views"):
            if part == "alter":
                db.execute("call rollup.run_all()")
            for statement in steps[part]:
                db.execute(statement.encode())
        db.execute("set search_path = ''")
        found = upgrades.catalog(db)
    yield found
    server.drop(name)


def comparable(found: dict[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    """A catalog without what differs for a reason."""
    same = {}
    for (kind, name), text in found.items():
        if name == "rollup.max_wait":  # the fixture's own
            continue
        if name.startswith("reports."):  # views on state that was a table go on reading the table
            text = text.replace("rollup_internal.", "rollup.")
        # The day on which the measure was added.
        same[kind, name] = re.sub(r"omplete from the bucket of \S+ \S+ on\.", "omplete …", text)
    return same


@WAYS
def test_an_upgraded_database_equals_a_fresh_one(
    old: Connection, old_dsn: str, fresh: dict[tuple[str, str], str], upgrade: Upgrade
) -> None:
    upgrade(old_dsn)
    found = upgrades.catalog(old)
    differing = "\n".join(upgrades.differences(comparable(found), comparable(fresh)))
    assert differing == ""


@WAYS
def test_an_upgrade_keeps_rows_and_state(old: Connection, old_dsn: str, upgrade: Upgrade) -> None:
    before = upgrades.state(old), upgrades.contents(old), upgrades.live(old)
    assert {status for (status,) in rows(old, "select status from rollup.runs")} == {
        "done", "put off", "failed"}  # fmt: skip
    upgrade(old_dsn)
    assert (upgrades.state(old), upgrades.contents(old), upgrades.live(old)) == before
    applied = rows(old, "select version from rollup.migrations order by applied_at")
    assert applied == [("0.1.0",), (__version__,)]
    # Each load of before is one of a single part.
    parts = """select l.channel, p.part, p.sha256 = l.sha256 and p.rows = l.rows and p.bytes = l.bytes, p.ids
                 from rollup.loads l left join rollup.load_parts p using (load_id)"""
    assert {row[:3] for row in rows(old, parts)} == {(None, 1, True)}


@WAYS
def test_an_upgrade_keeps_rights(old: Connection, old_dsn: str, upgrade: Upgrade) -> None:
    def split(found: set[upgrades.Fact]) -> tuple[set[upgrades.Fact], set[upgrades.Fact]]:
        """Rights of the fixture's roles in the schema rollup, and all in users' schemas."""
        ours = {right for right in found if re.search(r" (public|shop|reports)\b", right[0])}
        return {r for r in found - ours if r[2].startswith("upgrade_")}, ours

    granted, of_users = split(upgrades.rights(old))
    assert ("relation rollup.loads", "INSERT", "upgrade_loader", "false") in granted
    upgrade(old_dsn)
    found = upgrades.rights(old)
    assert split(found)[1] == of_users
    # State has moved, and what users read of it is a view of the old name.
    relations = {name for (name,) in rows(old, "select oid::regclass::text from pg_class")}
    for name, *right in granted:
        moved = name.replace("rollup.", "rollup_internal.").replace("samples", "horizons")
        now = {new for new in (name, moved) if new.split()[1] in relations or "relation" not in new}
        assert now, name
        assert {(new, *right) for new in now} <= found
    # Who could load before can load in parts.
    for relation in ("rollup.loads", "rollup.load_parts"):
        for privilege in ("SELECT", "INSERT", "UPDATE"):
            assert (f"relation {relation}", privilege, "upgrade_loader", "false") in found
    # What the owner had taken away was not given back.
    public = {name for name, _, role, _ in upgrades.rights(old) if role == "public"}
    for name in (
        "relation shop.orders_1hr_bi",
        "function rollup.drop_rollup(text,boolean)",
        "function public.five_minutely_aggregation(bigint)",
    ):
        assert name not in public


WHAT_ROLES_DO = {
    "upgrade_writer": [
        "insert into public.events (customer_id) values (1)",
        "insert into shop.orders (ordered_at, customer_id) values (now(), 1)",
        "select * from shop.orders_1hr_bi",
    ],
    "upgrade_loader": [
        "insert into rollup.loads (source_table, sha256, file_name, rows, bytes)"
        " values ('public.events', sha256('x'), 'x.csv', 1, 1)",
        "insert into public.events (customer_id) values (1)",
    ],
    "upgrade_runner": [
        "select * from rollup.run('rollup_events_5min')",
        "select * from rollup.run('rollup_events_1hr')",
        "select * from public.five_minutely_aggregation()",
        "select rollup.set_retention('rollup_events_5min', '1 year')",
        "select rollup.drop_rollup('rollup_events_5min')",
    ],
    "upgrade_reader": [
        "select * from public.rollup_events_5min",
        "select * from public.rollup_events_5min_live",
        "select hour, event_count from public.rollup_events_1hr_live",
        "select country from public.rollup_events_1hr_live",
        "select * from shop.orders_1hr_live",
        "select * from shop.orders_1hr_bi",
        "select * from shop.prices_bi",
        "select * from rollup.runs",
        "select * from rollup.rollups",
        "select * from rollup.watermarks",
        "select * from rollup.loads",
        "select * from rollup.retention",
        "select * from rollup.measures",
        "select * from reports.revenue",
        "select * from reports.now",
        "select * from reports.freshness",
        "select * from reports.history",
        "select * from reports.busiest(1)",
        "select public.five_minutely_aggregation()",
        "delete from rollup.runs",
    ],
}


def what_roles_can_do(db: Connection) -> set[tuple[str, str]]:
    """The statements that roles may run; each is rolled back."""
    done = set()
    for role, statements in WHAT_ROLES_DO.items():
        for statement in statements:
            with contextlib.suppress(errors.InsufficientPrivilege):
                with db.transaction(force_rollback=True):
                    db.execute(f"set local role {role}".encode())
                    db.execute(statement.encode())
                done.add((role, statement))
    return done


def test_roles_can_do_what_they_could(old: Connection, old_dsn: str) -> None:
    before = what_roles_can_do(old)
    assert {role for role, _ in before} == set(WHAT_ROLES_DO)
    assert len(before) < sum(map(len, WHAT_ROLES_DO.values()))
    by_rollupctl(old_dsn)
    # status answers for a role that may not read events, too.
    assert what_roles_can_do(old) == before | {
        ("upgrade_reader", "select * from reports.freshness")
    }


def test_counting_goes_on_after_an_upgrade(old: Connection, old_dsn: str) -> None:
    by_rollupctl(old_dsn)
    old.execute("insert into public.events (customer_id, event_type) values (1, 'order')")
    old.execute(
        "insert into shop.orders (ordered_at, customer_id, country, amount, price)"
        " values ('2024-03-31 00:00Z', 1, 'de', 1, 2)"
    )
    done = servers.rollupctl(old_dsn, "rollup", "-o", "csv")
    assert done.returncode == 0, done.stderr
    counted = {line.split(",")[0]: line.split(",")[2] for line in done.stdout.splitlines()[1:]}
    assert counted == {
        "rollup_events_5min": "16", "rollup_events_1hr": "16", "sales_1hr": "1", "sales_1day": "1",
        "orders_1hr": "13", "Orders by day": "13", "orders_in_berlin": "13", "prices": "13",
        "orders_backwards": "44"}  # fmt: skip
    assert rows(old, "select * from rollup.backlogs") == []
    done = servers.rollupctl(old_dsn, "verify")
    assert done.returncode == 0, done.stdout


def test_what_went_is_gone(old: Connection, old_dsn: str) -> None:
    left = """
        select oid::regprocedure::text from pg_proc where pronamespace = 'rollup'::regnamespace
           and (proname ~ '^run_family_[0-9]' or obj_description(oid, 'pg_proc') like 'Internal.%')
        union all
        select oid::regclass::text from pg_class where relnamespace = 'rollup'::regnamespace
           and relkind <> 'v' and relname !~ '_[0-9]{6}$' and oid::regclass::text <> 'rollup.job'"""
    assert len(rows(old, left)) > 100
    by_rollupctl(old_dsn)
    assert rows(old, left) == []


def test_a_function_of_another_signature_is_replaced(old: Connection, old_dsn: str) -> None:
    by_rollupctl(old_dsn)
    old.execute("create function rollup.version(long boolean) returns text return 'x'")
    old.execute("create function rollup_internal.was_needed_once() returns int return 1")
    old.execute("create function rollup.mine() returns int return 1")
    by_rollupctl(old_dsn)
    names = (
        "select proname::text from pg_proc where proname in ('version', 'was_needed_once', 'mine')"
    )
    own = f"{names} and pronamespace::regnamespace::text in ('rollup', 'rollup_internal')"
    assert sorted(rows(old, own)) == [("mine",), ("version",)]


def test_a_view_on_an_internal_function_keeps_the_old_ones(old: Connection, old_dsn: str) -> None:
    upgrades.run_script(old_dsn, upgrades.DATA / "internal_view.sql")
    done = servers.rollupctl(old_dsn, "install")
    assert done.returncode == 0, done.stderr
    (warning,) = [line for line in done.stderr.splitlines() if "earlier version" in line]
    assert "view reports.local_times depends on function rollup.local_bucket" in warning
    assert value(old, "select count(*) from reports.local_times") == 9
    assert servers.rollupctl(old_dsn, "rollup").returncode == 0
    old.execute("drop view reports.local_times")
    done = servers.rollupctl(old_dsn, "install")
    assert "earlier version" not in done.stderr
    assert value(old, "select to_regproc('rollup.local_bucket')") is None


def test_trap_63_what_a_user_has_altered_stays(old: Connection, old_dsn: str) -> None:
    measures = "select measures::text from rollup.rollups where name = 'rollup_events_1hr'"
    before = value(old, measures)
    assert "last_session" in before
    done = servers.rollupctl(old_dsn, "install")
    assert done.returncode == 0
    (note,) = [line for line in done.stderr.splitlines() if "hourly_aggregation.sql:" in line]
    assert note.endswith("left as it is")
    assert value(old, measures) == before
    assert value(old, "select rollup.version()") == __version__
    # Dropped, with its rows kept: declared again it would count them a second time.
    old.execute("select rollup.drop_rollup('rollup_events_5min')")
    done = servers.rollupctl(old_dsn, "install")
    assert done.returncode == 0
    assert "already has rows" in done.stderr
    assert len(rows(old, "select from rollup.rollups")) == 8


def test_trap_63_a_first_installation_tells_of_a_table_in_its_place(empty_dsn: str) -> None:
    for step in ("schema-1.sql", "schema-2.sql"):
        upgrades.run_script(empty_dsn, step)
    with psycopg.connect(empty_dsn, autocommit=True) as db:
        db.execute("insert into rollup_events_1hr (customer_id, hour) values (1, now())")
        done = servers.rollupctl(empty_dsn, "install")
        assert done.returncode == 1
        assert "already has rows" in done.stderr
        assert value(db, "select to_regnamespace('rollup') is null")


# Interrupted upgrades


def everything(db: Connection) -> list[object]:
    return [
        upgrades.catalog(db),
        upgrades.rights(db),
        upgrades.state(db),
        upgrades.contents(db),
        upgrades.live(db),
    ]


def still_works(db: Connection) -> None:
    """The old version counts. The transaction is rolled back, so that it can be asked again."""
    with db.transaction(force_rollback=True):
        assert value(db, "select rollup.version()") == "0.1.0"
        assert row(db, "select status, events from rollup.run('orders_1hr')") == ("done", 12)
        assert row(db, "select status, events from rollup.run('rollup_events_1hr')") == ("done", 15)


def test_an_error_at_any_statement_changes_nothing(
    old: Connection, old_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(old)
    run = installing._run
    total = sum(len(list(read_script(ROOT / step))) for step in STEPS)

    def fail_at(last: int) -> Callable[..., None]:
        numbers = itertools.count(1)

        def counting(*args: Any) -> None:
            if next(numbers) == last:
                raise InstallError("broken on purpose")
            run(*args)

        return counting

    # While state moves, while code is replaced, and at each of the last statements.
    for last in (30, 35, 40, 45, 60, total // 2, *range(total - 12, total + 1, 2)):
        monkeypatch.setattr(installing, "_run", fail_at(last))
        with (
            open_session(old_dsn, "test") as session,
            pytest.raises(InstallError, match="broken on purpose"),
        ):
            installing.install(session)
        assert value(old, "select rollup.version()") == "0.1.0", last
        assert value(old, "select to_regnamespace('rollup_internal') is null"), last
    assert everything(old) == before
    still_works(old)
    monkeypatch.setattr(installing, "_run", run)
    by_rollupctl(old_dsn)


@pytest.mark.parametrize("with_psql", [False, True])
def test_an_upgrade_that_is_killed_changes_nothing(
    old: Connection, old_dsn: str, with_psql: bool
) -> None:
    # It is held up late, where it would replace the view, and killed there.
    old.execute("alter view shop.orders_1hr_bi set (security_barrier = true)")
    before = everything(old)
    reader = psycopg.connect(old_dsn)
    reader.execute("select * from shop.orders_1hr_bi")
    command = [sys.executable, "-m", "rollupctl", "install", "--engine-only"]
    if with_psql:
        command = ["psql", "-Xq", "-f", "setup_rollup.sql", old_dsn]
    started = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"ROLLUPCTL_DSN": old_dsn, "PGAPPNAME": "killed"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    held_up = "select count(*) from pg_stat_activity where application_name = 'killed' and query like '%family_id%'"
    until(lambda: value(old, held_up) == 1, "the upgrade is held up")
    started.send_signal(signal.SIGKILL)
    started.wait()
    reader.close()
    until(
        lambda: (
            value(old, "select count(*) from pg_stat_activity where application_name = 'killed'")
            == 0
        ),
        "the server has noticed",
    )
    assert everything(old) == before
    still_works(old)


def test_an_upgrade_waits_for_a_run_for_a_moment(old: Connection, old_dsn: str) -> None:
    with psycopg.connect(old_dsn) as runner:
        runner.execute("select * from rollup.run('orders_1hr')")
        waiting = {"PGOPTIONS": "-c rollup.max_wait=2s"}
        started = Task(lambda: servers.rollupctl(old_dsn, "install", env=waiting))
        old.execute("set statement_timeout = '1s'")
        while not started.is_done():  # others read and run meanwhile
            old.execute("select * from rollup.status, shop.prices_live")
            assert value(old, "select status from rollup.run('prices')") in ("done", "nothing new")
        done = started.result()
        assert done.returncode == 4
        assert 'could not lock the tables of schema "rollup"' in done.stderr
        runner.rollback()
    still_works(old)
    by_rollupctl(old_dsn)


# Jobs


@pytest.mark.usefixtures("roles")
def test_an_upgrade_keeps_jobs(server: Server) -> None:
    with server.cron_database(EMPTY) as dsn:
        name = server.cron_name()
        upgrades.restore(server, name)
        with psycopg.connect(dsn, autocommit=True) as db:
            db.execute("set citus.enable_ddl_propagation to off")
            db.execute("create extension pg_cron")
            upgrades.run_script(dsn, upgrades.DATA / "jobs.sql")
            jobs = "select jobid, jobname, schedule, command, active from cron.job order by jobid"
            before = rows(db, jobs)
            assert len(before) == 3
            by_rollupctl(dsn)
            assert rows(db, jobs) == before
            for _, name, _, command, _ in before:
                if name != "rollup-partitions":
                    db.execute(command.encode())
            db.execute("drop schema reports cascade")
            done = servers.rollupctl(dsn, "uninstall", "--yes")
            assert done.returncode == 0, done.stderr
            assert rows(db, jobs) == []
