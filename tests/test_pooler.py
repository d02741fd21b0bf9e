"""Through PgBouncer in transaction mode: each transaction may meet another server session, and what
is left in one, somebody else finds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests import servers
from tests.conftest import Connection
from tests.helpers import rows, until, value
from tests.pooler import pooled
from tests.test_load import HEADER

# What a session may hold that a transaction's end does not take away. PgBouncer itself sets the first two.
LEFT = """
select format('setting %s = %s', name, setting) from pg_settings
 where source = 'session' and name not in ('application_name', 'client_encoding')
   and name not like 'transaction%'  -- belongs to the transaction that looks
union all select 'prepared statement ' || name from pg_prepared_statements
union all select 'cursor ' || name from pg_cursors where is_holdable
union all select 'channel ' || c from pg_listening_channels() c
union all select 'temporary ' || relname from pg_class where relnamespace = pg_my_temp_schema()
union all select 'advisory lock' from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()
"""


def left_behind(pool: str) -> list[str]:
    with psycopg.connect(pool, autocommit=True, prepare_threshold=None) as session:
        return [said for (said,) in rows(session, LEFT)]


@pytest.fixture
def pool(dsn: str) -> Iterator[str]:
    """The fresh database through a pool of one session, in which everything shows."""
    with pooled(dsn, 1) as through:
        yield through


def events_file(folder: Path, name: str, number: int) -> str:
    lines = [f"{n % 3 + 1},buy,de,opera,{n},{n},2024-06-01 10:00" for n in range(number)]
    path = folder / name
    path.write_text(HEADER.strip() + ",event_time\n" + "\n".join(lines) + "\n")
    return str(path)


def test_trap_45_every_command_through_a_pooler_leaves_nothing(
    pool: str, db: Connection, tmp_path: Path
) -> None:
    path = events_file(tmp_path, "1.csv", 300)
    bad = tmp_path / "bad.csv"
    bad.write_text(HEADER + "x,buy,de,opera,1,1\n")
    commands: list[tuple[int, list[str]]] = [
        (0, ["load", path]),
        (0, ["load", path, "--time-zone", "Europe/Berlin"]),
        (1, ["load", str(bad)]),
        (0, ["rollup", "--max-events", "100"]),
        (0, ["status", "--max-lag", "1e9"]),
        (0, ["verify"]),
        (0, ["verify", "--repair"]),
        (0, ["rebuild", "rollup_events_5min", "--all"]),
        (0, ["rebuild", "rollup_events_5min", "--all", "--step", "1 day"]),
        (0, ["backfill", "rollup_events_1hr"]),
        (0, ["retention", "events", "1 year"]),
        (0, ["expire", "--yes"]),
        (0, ["doctor"]),
        (2, ["expire", "--older-than", "30"]),
        (1, ["rollup", "nope"]),
    ]
    assert left_behind(pool) == []
    for code, arguments in commands:
        done = servers.rollupctl(pool, *arguments)
        assert done.returncode == code, (arguments, done.stderr)
        assert left_behind(pool) == [], arguments
    with psycopg.connect(pool, autocommit=True, prepare_threshold=None) as session:
        session.execute("call rollup.run_all()")
        session.execute("call rollup.expire_all()")
        session.execute("select rollup.maintain_partitions()")
    assert left_behind(pool) == []
    assert value(db, "select sum(event_count) from rollup_events_1hr") == 300


def test_trap_45_install_and_upgrade_through_a_pooler(empty_dsn: str) -> None:
    with pooled(empty_dsn, 1) as pool:
        for _ in range(2):
            done = servers.rollupctl(pool, "install", "--example", "sales")
            assert done.returncode == 0, done.stderr
            assert left_behind(pool) == []


def test_trap_45_install_that_fails_leaves_no_lock(empty_dsn: str) -> None:
    with psycopg.connect(empty_dsn, autocommit=True) as db:
        db.execute("create schema rollup; create function rollup.version() returns int return 1")
    with pooled(empty_dsn, 1) as pool:
        assert servers.rollupctl(pool, "install").returncode == 1
        assert left_behind(pool) == []


@pytest.mark.parametrize("size", [1, 2])
def test_trap_45_two_that_watch_share_a_pool(
    dsn: str, db: Connection, tmp_path: Path, size: int
) -> None:
    with pooled(dsn, size) as pool:
        watchers = [
            subprocess.Popen(
                [sys.executable, "-m", "rollupctl", "rollup", "--watch", "--every", "0.1"],
                env=os.environ | {"ROLLUPCTL_DSN": pool},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )
            for _ in range(2)
        ]
        try:
            for number in range(1, 6):
                path = events_file(tmp_path, f"{number}.csv", number * 100)
                done = servers.rollupctl(pool, "load", path)
                assert done.returncode == 0, done.stderr
                counted = "select coalesce(sum(event_count), 0) from rollup_events_1hr"
                total = sum(n * 100 for n in range(1, number + 1))
                until(lambda: value(db, counted) == total, "the watchers have counted")  # noqa: B023
        finally:
            for watcher in watchers:
                watcher.send_signal(signal.SIGINT)
            told = [watcher.communicate(timeout=60) for watcher in watchers]
        for watcher, (out, errors) in zip(watchers, told, strict=True):
            assert watcher.returncode == 130, errors
            # Of the interrupted statement: it may be a CALL that has just committed.
            lines = [
                line for line in errors.splitlines() if "no transaction in progress" not in line
            ]
            assert lines == ["rollupctl: error: interrupted"]
            assert all("  done  " in line or "  busy  " in line for line in out.splitlines())
        assert left_behind(pool) == []
    assert rows(db, "select * from rollup.verify('rollup_events_5min')") == []


def test_trap_45_interrupted_load_is_cancelled_at_the_server(pool: str, db: Connection) -> None:
    db.execute("begin; lock events in access exclusive mode")
    load = subprocess.Popen(
        [sys.executable, "-m", "rollupctl", "load", "--dsn", pool, "-"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert load.stdin is not None
    load.stdin.write(f"{HEADER}1,buy,de,opera,1,1\n".encode())
    load.stdin.flush()
    waiting = "select exists (select from pg_locks where not granted and locktype = 'relation')"
    until(lambda: bool(value(db, waiting)), "the load waits")
    load.send_signal(signal.SIGINT)
    _, errors = load.communicate(timeout=30)
    assert (load.returncode, errors) == (130, b"rollupctl: error: interrupted\n")
    until(lambda: not value(db, waiting), "the server has been told")
    db.execute("rollback")
    assert left_behind(pool) == []


def test_trap_45_schedule_through_a_pooler(cron_dsn: str) -> None:
    with pooled(cron_dsn, 1) as pool:
        for command in (["schedule", "--retention", "90 days"], ["unschedule"]):
            done = servers.rollupctl(pool, *command)
            assert done.returncode == 0, done.stderr
            assert left_behind(pool) == []


def test_trap_45_a_pooler_that_refuses_is_explained(pool: str) -> None:
    done = servers.rollupctl(pool, "status", env={"PGOPTIONS": "-c work_mem=8MB"})
    assert done.returncode == 1
    assert "hint: behind PgBouncer leave out PGOPTIONS" in done.stderr
