"""The command line: exit codes, one line an error, no secret ever, and what each command does."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from rollupctl import __version__, errors
from rollupctl.cli import main
from rollupctl.connect import find_dsn
from tests import servers
from tests.conftest import Connection, Rollupctl
from tests.servers import Server, start_rollupctl

COMMANDS = sorted(main.commands)
SECRET = "hunter2-tiger"


def alone(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command line where no server is configured and no embedded one is up."""
    return servers.rollupctl(None, *args, env={"ROLLUPCTL_HOME": "/nonexistent/pg"} | env)


def is_told_well(done: subprocess.CompletedProcess[str], code: int, lines: int = 2) -> bool:
    """An error line, a hint where `lines` is 2, nothing else, and the exit code."""
    told = done.stderr.splitlines()
    starts = ["rollupctl: error: ", "hint: "][:lines]
    assert done.returncode == code, done
    assert len(told) == lines, told
    assert all(line.startswith(start) for line, start in zip(told, starts, strict=True)), told
    return True


def add_events(db: Connection, number: int, **columns: str) -> None:
    columns = {"customer_id": "1", "event_type": "'buy'", "device_id": "n"} | columns
    db.execute(
        f"insert into events ({', '.join(columns)}) select {', '.join(columns.values())}"
        f" from generate_series(1, {number}) n"
    )


def counted(db: Connection, table: str = "rollup_events_5min") -> int:
    row = db.execute(f"select coalesce(sum(event_count), 0) from {table}").fetchone()
    assert row is not None
    return int(row[0])


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


# Help and usage


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    done = alone(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: rollupctl {name} ")
    assert f"Example:\n    rollupctl {name}" in done.stdout
    for parameter in main.commands[name].params:
        takes_nothing = isinstance(parameter, click.Option) and parameter.name in UNEXPLAINED
        assert isinstance(parameter, click.Argument) or takes_nothing or parameter.help


UNEXPLAINED = {"files", "seed", "customers"}  # say all by their names


def test_group_lists_every_command() -> None:
    told = alone().stderr + alone("--help").stdout
    assert all(f"  {name} " in told for name in COMMANDS)
    assert alone("--version").stdout == f"rollupctl, version {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["--frobnicate", "status"],
        ["status", "--frobnicate"],
        ["status", "extra"],
        ["status", "-o", "xml"],
        ["status", "--max-lag", "-1"],
        ["status", "--max-lag", "soon"],
        ["load"],
        ["expire", "--table", "events"],
        ["retention", "events"],
        ["rollup", "--max-events", "0"],
        ["rollup", "--watch", "--every", "0"],
        ["rebuild", "rollup_events_1hr"],
        ["rebuild", "rollup_events_1hr", "--all", "--from", "2024-01-01"],
        ["install", "--engine-only", "--partition-interval", "1 day"],
        ["status", "--dsn", ""],
        ["status", "--dsn", "mysql://root@localhost/db"],
        ["status", "--dsn", "just_a_name"],
    ],
)
def test_usage_errors(arguments: list[str]) -> None:
    done = alone(*arguments)
    assert is_told_well(done, 2)
    assert done.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["expire", "--older-than", "0 days"],
        ["expire", "--older-than=-3 days"],
        ["expire", "--older-than", "a while"],
        ["retention", "events", "0 days"],
        ["retention", "events", "for ever"],
        ["schedule", "--every", "0 seconds"],
        ["schedule", "--every=-1 minute"],
        ["schedule", "--retention", "0"],
    ],
)
def test_intervals_must_be_above_zero(rollupctl: Rollupctl, arguments: list[str]) -> None:
    assert is_told_well(rollupctl(*arguments), 2)


# Connecting


def test_where_the_connection_comes_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ROLLUPCTL_HOME", str(tmp_path / "nothing"))
    monkeypatch.delenv("ROLLUPCTL_DSN", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert find_dsn(None) is None
    monkeypatch.setenv("PGPASSWORD", "says nothing about where")
    assert find_dsn(None) is None
    monkeypatch.setenv("PGSERVICE", "events")
    assert find_dsn(None) == ("", "PGSERVICE")
    monkeypatch.setenv("DATABASE_URL", "dbname=c")
    assert find_dsn(None) == ("dbname=c", "DATABASE_URL")
    assert find_dsn(None, deliberate=True) is None
    monkeypatch.setenv("ROLLUPCTL_DSN", "dbname=b")
    assert find_dsn(None) == ("dbname=b", "ROLLUPCTL_DSN")
    assert find_dsn(None, deliberate=True) == ("dbname=b", "ROLLUPCTL_DSN")
    assert find_dsn("dbname=a") == ("dbname=a", "--dsn")


def test_embedded_server_is_found(plain: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    if not plain.clusters:
        pytest.skip("the server is not an embedded one")
    env = {"ROLLUPCTL_HOME": str(plain.clusters[0].home)}
    done = servers.rollupctl(None, "install", "--engine-only", env=env)
    try:
        assert done.returncode == 0, done.stderr
        assert 'is in database "rollup"' in done.stderr
    finally:
        with psycopg.connect(plain.clusters[0].dsn(), autocommit=True) as db:
            db.execute("drop schema rollup cascade")


def test_no_server_named() -> None:
    done = alone("status")
    assert is_told_well(done, 1)
    assert "rollupctl up" in done.stderr


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port of this machine on which someone listens and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


def test_server_that_is_not_there(silent_port: int, tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as gone:
        port = gone.getsockname()[1]
    for dsn, expected in (
        (f"host=127.0.0.1 port={port}", "refused"),
        (f"host=localhost port={port}", "refused"),
        (f"host={tmp_path} dbname=x", "No such file"),
        ("host=no.such.host.invalid", "cannot connect to no.such.host.invalid"),
        (f"host=127.0.0.1 port={silent_port} connect_timeout=2", "timeout"),
    ):
        done = alone("status", "--dsn", dsn)
        assert is_told_well(done, 1)
        assert expected in done.stderr
        assert "connection comes from --dsn" in done.stderr


def test_server_that_refuses(plain: Server) -> None:
    if not plain.clusters:
        pytest.skip("the server is not an embedded one")
    dsn, tcp = plain.clusters[0].dsn(), plain.clusters[0].dsn(tcp=True)
    for changed, expected in (
        (make_conninfo(tcp, password=SECRET), "password authentication failed"),
        (make_conninfo(tcp, passfile="/nonexistent"), "no password supplied"),
        (make_conninfo(dsn, dbname="nowhere"), 'database "nowhere" does not exist'),
        (make_conninfo(dsn, user="nobody"), 'role "nobody" does not exist'),
    ):
        done = alone("status", DATABASE_URL=changed)
        assert is_told_well(done, 1)
        assert expected in done.stderr
        assert SECRET not in done.stderr


@pytest.mark.parametrize(
    "dsn",
    [
        f"postgresql://me:{SECRET}@127.0.0.1:1/db",
        f"postgresql://me:x@{SECRET}@127.0.0.1:1/db",
        f"postgresql://me:x/{SECRET}@127.0.0.1:1/db",
        f"postgresql://me:x:{SECRET}@127.0.0.1:1/db",
        f"postgresql://me:x%{SECRET}@127.0.0.1:1/db",
        f"postgresql://me:x {SECRET}@127.0.0.1:1/db",
        f"postgres://127.0.0.1:1/db?password={SECRET}&user=me",
        f"postgres://127.0.0.1:1/db?user=me&pasword={SECRET}",
        f"postgresql+psycopg://me:{SECRET}@127.0.0.1:1/db",
        f"mysql://me:{SECRET}@127.0.0.1:1/db",
        f"host=127.0.0.1 port=1 password={SECRET}",
        f"host=127.0.0.1 port=1 password='{SECRET} more'",
        f"host=127.0.0.1 port=1 password = x {SECRET}",
        f"host=127.0.0.1 port=1 password={SECRET} nonsense",
        f"host=127.0.0.1 port=1 passwort={SECRET}",
        f"password={SECRET} host=/nowhere/{SECRET}",
    ],
)
def test_passwords_are_never_printed(dsn: str) -> None:
    done = alone("status", "--dsn", dsn)
    assert is_told_well(done, done.returncode)
    debugged = alone("status", DATABASE_URL=dsn, ROLLUPCTL_DEBUG="1")
    for each in (done, debugged):
        assert each.returncode in (1, 2)
        assert SECRET not in each.stdout + each.stderr


def test_masking() -> None:
    for text, expected in (
        ("at postgresql://me:x@host/db", "at postgresql://me:***@host/db"),
        ("host=h password='a b' user=u", "host=h password=*** user=u"),
        ("password = abc", "password = ***"),
        ("url?password=abc&user=u", "url?password=***&user=u"),
        ("password authentication failed", "password authentication failed"),
    ):
        assert errors.mask(text) == expected


def test_options_before_and_after_the_command(rollupctl: Rollupctl, dsn: str) -> None:
    before = alone("--dsn", dsn, "-o", "json", "status")
    after = alone("status", "-o", "json", "--dsn", dsn)
    both = alone("--dsn", "host=/nowhere", "-o", "csv", "status", "--dsn", dsn, "-o", "json")
    names = ["rollup_events_5min", "rollup_events_1hr"]
    for done in (before, after, both):
        assert done.returncode == 0, done.stderr
        assert [row["name"] for row in json.loads(done.stdout)] == names


def test_database_whose_default_is_repeatable_read(
    db: Connection, database: str, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    db.execute(
        f"alter database {database} set default_transaction_isolation = 'repeatable read'".encode()
    )
    path = tmp_path / "1.csv"
    path.write_text("customer_id\n1\n")
    assert rollupctl("load", str(path)).returncode == 0
    done = rollupctl("rollup")
    assert (done.returncode, done.stderr) == (0, "")
    assert counted(db) == 1


@pytest.mark.no_hostile("it takes seconds and depends on no setting")
def test_database_without_the_package(empty_dsn: str) -> None:
    for command in (["status"], ["rollup"], ["schedule"], ["unschedule"], ["verify"]):
        done = servers.rollupctl(empty_dsn, *command)
        assert is_told_well(done, 1)
        assert "hint: run `rollupctl install`" in done.stderr


# Ending early


def test_closed_pipe_is_silent(dsn: str) -> None:
    for command in (["--help"], ["status"]):
        with start_rollupctl(dsn, *command) as running:
            assert running.stdout is not None
            assert running.stderr is not None
            running.stdout.close()
            assert running.stderr.read() == b""
        assert running.returncode == 1


def test_terminal_that_lacks_a_character() -> None:
    done = alone("load", "--help", PYTHONIOENCODING="latin-1")
    assert done.returncode == 0
    assert "FILE\\u2026" in done.stdout


def test_ctrl_c(db: Connection, dsn: str, connect: Callable[..., Connection]) -> None:
    writer = connect(autocommit=False)
    add_events(writer, 1)
    add_events(db, 1)
    running = start_rollupctl(dsn, "rollup")
    waits = (
        "select 1 from pg_stat_activity where application_name = 'rollupctl'"
        " and state = 'active' and datname = current_database()"
    )
    wait_until(lambda: db.execute(waits).fetchone() is not None)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=30)
    assert (running.returncode, told) == (130, b"rollupctl: error: interrupted\n")
    assert counted(db) == 0


def test_children_of_a_suite_in_the_background_can_be_interrupted(dsn: str) -> None:
    inherited = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with start_rollupctl(dsn, "load", "-", stdin=subprocess.PIPE, forked=False) as running:
            ignored = Path(f"/proc/{running.pid}/status").read_text().split("SigIgn:")[1].split()[0]
            running.kill()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, inherited)
    assert int(ignored, 16) >> signal.SIGINT - 1 & 1 == 0


def test_defect_shows_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def broken() -> None:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr(main.commands["down"], "callback", broken)
    with pytest.raises(SystemExit) as ended:
        main(["down"])
    assert ended.value.code == 1
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "rollupctl: error: internal error: ZeroDivisionError: boom"
    assert [line.split(":")[0] for line in told] == ["rollupctl", "hint"]


# rollup and status


def test_rollup_counts_everything_once(db: Connection, rollupctl: Rollupctl) -> None:
    add_events(db, 2500)
    done = rollupctl("rollup", "--max-events", "1000", "-o", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert [(r["rollup"], r["status"], r["events"]) for r in json.loads(done.stdout)] == [
        ("rollup_events_5min", "done", 2500), ("rollup_events_1hr", "done", 2500)]  # fmt: skip
    again = rollupctl("rollup", "-o", "csv")
    assert [line.split(",")[1] for line in again.stdout.splitlines()[1:]] == ["nothing new"] * 2
    assert counted(db) == counted(db, "rollup_events_1hr") == 2500


def test_rollup_by_name(db: Connection, rollupctl: Rollupctl) -> None:
    add_events(db, 10)
    assert rollupctl("rollup", "rollup_events_1hr").returncode == 0
    assert (counted(db), counted(db, "rollup_events_1hr")) == (0, 10)
    done = rollupctl("rollup", "rollup_events_1hr", "nope")
    assert is_told_well(done, 1)
    assert 'there is no rollup "nope"' in done.stderr
    assert "there are: rollup_events_5min, rollup_events_1hr" in done.stderr


@pytest.mark.no_hostile("PgBouncer refuses PGOPTIONS")
def test_deferred_rollup_does_not_hold_up_the_others(
    db: Connection, rollupctl: Rollupctl, connect: Callable[..., Connection]
) -> None:
    db.execute("create table visits (event_id bigserial, event_time timestamptz default now(), "
               "customer_id bigint)")  # fmt: skip
    if db.execute("select 1 from pg_extension where extname = 'citus'").fetchone():
        db.execute("select create_distributed_table('visits', 'customer_id')")
    measures = '{"n": {"count": "*"}}'
    db.execute("select rollup.create_rollup('by_day', 'visits', '1 day', %s)", [measures])
    db.execute("insert into visits (customer_id) values (1)")
    writer = connect(autocommit=False)
    add_events(writer, 1)
    add_events(db, 1)
    done = rollupctl("rollup", "-o", "json", env={"PGOPTIONS": "-c rollup.max_wait=200ms"})
    assert is_told_well(done, 4)
    pid = writer.info.backend_pid
    assert f"pid {pid}" in done.stderr
    statuses = {r["rollup"]: r["status"] for r in json.loads(done.stdout)}
    both = dict.fromkeys(("rollup_events_5min", "rollup_events_1hr"), "deferred")
    assert statuses == both | {"by_day": "done"}
    last = "select last_status from rollup.status order by name"
    assert db.execute(last).fetchall() == [("done",), ("deferred",), ("deferred",)]
    writer.rollback()
    assert rollupctl("rollup").returncode == 0
    assert counted(db) == 1


def test_busy_rollup(
    db: Connection, rollupctl: Rollupctl, connect: Callable[..., Connection]
) -> None:
    add_events(db, 1)
    other = connect(autocommit=False)
    other.execute("select rollup.run('rollup_events_5min')")
    done = rollupctl("rollup", "rollup_events_5min", "-o", "json")
    assert (done.returncode, json.loads(done.stdout)[0]["status"]) == (4, "busy")
    other.commit()
    assert counted(db) == 1


def test_broken_rollup_holds_up_only_itself(db: Connection, rollupctl: Rollupctl) -> None:
    add_events(db, 5)
    db.execute("alter table rollup_events_1hr drop column session_distinct_count cascade")
    done = rollupctl("rollup", "-o", "json")
    assert is_told_well(done, 1, lines=len(done.stderr.splitlines()))
    assert [(r["rollup"], r["status"]) for r in json.loads(done.stdout)] == [
        ("rollup_events_5min", "done"), ("rollup_events_1hr", "failed")]  # fmt: skip
    assert counted(db) == 5
    status = rollupctl("status", "-o", "json")
    assert status.returncode == 3
    assert "session_distinct_count" in json.loads(status.stdout)[1]["last_message"]


@pytest.mark.no_hostile("it ends sessions of the pooler")
def test_watch_goes_on_and_comes_back(db: Connection, dsn: str, tmp_path: Path) -> None:
    path = tmp_path / "told"

    def events_told() -> int:
        """A commit shows before the command has told of it, so wait for its lines."""
        lines = [json.loads(line) for line in path.read_bytes().splitlines() if line[:1] == b"{"]
        return sum(line["events"] for line in lines if line["rollup"] == "rollup_events_5min")

    with path.open("wb") as told:
        watching = start_rollupctl(
            dsn, "rollup", "--watch", "--every", "0.1", "-o", "json", output=told.fileno()
        )
    add_events(db, 3)
    wait_until(lambda: events_told() == 3)
    db.execute(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        " where application_name = 'rollupctl' and datname = current_database()"
    )
    add_events(db, 4)
    wait_until(lambda: events_told() == 7)
    watching.send_signal(signal.SIGINT)
    assert watching.wait(timeout=30) == 130
    assert counted(db, "rollup_events_1hr") == 7
    assert b"trying again in 1 s" in path.read_bytes()
    assert b"Traceback" not in path.read_bytes()


@pytest.mark.no_hostile("it takes seconds and depends on no setting")
def test_watch_does_not_wait_for_a_mistake_to_mend(rollupctl: Rollupctl, tmp_path: Path) -> None:
    assert is_told_well(rollupctl("rollup", "--watch", "nope"), 1)
    assert is_told_well(alone("rollup", "--watch", "--dsn", f"host={tmp_path}"), 1)


def test_status_tells_who_is_behind(db: Connection, rollupctl: Rollupctl) -> None:
    assert rollupctl("status").returncode == 0
    add_events(db, 2, event_time="now() - interval '1 hour'")
    db.execute("update rollup.rollups set created_at = now() - interval '20 minutes'")
    done = rollupctl("status", "-o", "json")
    assert done.returncode == 3
    row = json.loads(done.stdout)[0]
    assert (row["name"], row["lag_events"]) == ("rollup_events_5min", 2)
    assert 1190 < row["lag_seconds"] < 1260
    assert rollupctl("status", "--max-lag", "1300").returncode == 0
    assert rollupctl("rollup").returncode == 0
    assert rollupctl("status", "--max-lag", "0").returncode == 0
    # A table that is dropped fails the pager's check, before any run does, and the run in one line.
    db.execute("drop table events cascade")
    done = rollupctl("status", "-o", "json")
    assert done.returncode == 3
    assert json.loads(done.stdout)[0]["lag_events"] is None
    done = rollupctl("rollup", "rollup_events_1hr")
    assert done.returncode == 1
    assert "the source of rollup rollup_events_" in done.stderr


# expire, schedule, demo


def test_expire_only_what_is_counted(db: Connection, rollupctl: Rollupctl) -> None:
    add_events(db, 7, event_time="now() - interval '60 days'")
    add_events(db, 1)
    done = rollupctl("expire", "--older-than", "30 days")
    assert is_told_well(done, 1)
    assert "rollup_events_1hr" in done.stderr
    assert "7 events" in done.stderr
    assert rollupctl("rollup").returncode == 0
    listed = rollupctl("expire", "--older-than", "30 days", "--dry-run", "-o", "json")
    assert [row["events"] for row in json.loads(listed.stdout)] == [7]
    assert db.execute("select count(*) from events").fetchone() == (8,)
    assert rollupctl("expire", "--yes", "--older-than", "30 days").returncode == 0
    assert db.execute("select count(*) from events").fetchone() == (1,)
    assert counted(db) == 8
    assert is_told_well(rollupctl("expire", "--older-than", "1 day", "--table", "nope"), 1)


@pytest.mark.no_hostile("PgBouncer refuses PGOPTIONS")
def test_expire_goes_by_what_retention_says(db: Connection, rollupctl: Rollupctl) -> None:
    assert json.loads(rollupctl("expire", "-o", "json").stdout) == []
    for name, keep in (("events", "7 days"), ("rollup_events_5min", "90 days")):
        done = rollupctl("retention", name, keep, "-o", "json")
        assert done.returncode == 0, done.stderr
    told = {row["name"]: row["keep"] for row in json.loads(done.stdout)}
    assert set(told) == {"public.events", "rollup_events_5min", "rollup_events_1hr"}
    assert told["rollup_events_1hr"] is None
    assert is_told_well(rollupctl("retention", "nope", "1 day"), 1)

    for age in ("100 days", "60 days"):
        add_events(db, 7, event_time=f"now() - interval '{age}'")
    add_events(db, 1)
    # What is not counted stays, and is told of; the rest goes.
    done = rollupctl("expire", "-o", "json")
    assert is_told_well(done, 1)
    assert "rollup rollup_events_5min has not counted 14 events" in done.stderr
    assert json.loads(done.stdout) == []
    assert rollupctl("rollup").returncode == 0
    listed = rollupctl("expire", "--dry-run", "-o", "json")
    assert db.execute("select count(*) from events").fetchone() == (15,)
    gone = rollupctl("expire", "--yes", "-o", "json")
    assert (listed.returncode, gone.returncode) == (0, 0), gone.stderr
    names = ("kind", "name", "rows", "action")
    found = sorted([row[name] for name in names] for row in json.loads(gone.stdout))
    assert found == [
        ["rollup", "rollup_events_5min", 1, "rows deleted"],
        ["source", "public.events", 14, "rows deleted"],
    ]
    assert [row["rows"] for row in json.loads(listed.stdout)] == [14, 1]
    assert db.execute("select count(*) from events").fetchone() == (1,)
    assert rollupctl("verify").returncode == 0
    assert rollupctl("retention", "events", "forever").returncode == 0

    # Someone else's lock is another exit code.
    add_events(db, 7, event_time="now() - interval '100 days'")
    assert rollupctl("rollup").returncode == 0
    with db.transaction():
        db.execute("select rollup_internal.wait_for_run_lock('rollup_events_5min')")
        done = rollupctl("expire", "--yes", env={"PGOPTIONS": "-c rollup.max_wait=10ms"})
    assert is_told_well(done, 4)


def test_schedule_where_pg_cron_is_elsewhere(rollupctl: Rollupctl) -> None:
    done = rollupctl("schedule")
    assert is_told_well(done, 1)
    assert "pg_cron" in done.stderr
    done = rollupctl("unschedule", "-o", "json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


@pytest.mark.no_hostile("it has a server of its own")
def test_demo_twice(db: Connection, dsn: str) -> None:
    first = servers.rollupctl(None, "demo", "--dsn", dsn, "-o", "json")
    assert first.returncode == 0, first.stderr
    (told,) = json.loads(first.stdout)
    assert [step["step"] for step in told["steps"]] == ["install", "generate", "load", "rollup"]
    boards = told["dashboards"]
    assert len(boards) == 4
    assert all(board["title"] and board["rows"] for board in boards)
    events = db.execute("select count(*) from events").fetchone()
    assert events == (200_000,)
    assert counted(db) == counted(db, "rollup_events_1hr") == 200_000
    mine = db.execute("select count(*) from events where customer_id = 1").fetchone()
    assert mine == (boards[1]["rows"][0]["events"],)
    second = servers.rollupctl(dsn, "demo")
    assert second.returncode == 0, second.stderr
    assert "10 files had been loaded before" in second.stdout
    assert db.execute("select count(*) from events").fetchone() == (200_000,)
    assert counted(db) == counted(db, "rollup_events_1hr") == 200_000


def test_demo_leaves_other_databases_alone(dsn: str, db: Connection) -> None:
    # Neither DATABASE_URL nor PG* says where a demo may write; the embedded server cannot be made.
    done = alone("demo", DATABASE_URL=dsn, ROLLUPCTL_HOME="/proc/nowhere")
    assert done.returncode == 1
    assert db.execute("select count(*) from events").fetchone() == (0,)


# verify, rebuild, doctor


def test_verify_finds_and_repairs(db: Connection, rollupctl: Rollupctl) -> None:
    add_events(db, 20, customer_id="n % 2")
    assert rollupctl("rollup").returncode == 0
    fine = rollupctl("verify", "-o", "json")
    assert (fine.returncode, json.loads(fine.stdout)) == (0, [])
    db.execute("update rollup_events_1hr set event_count = event_count + 1 where customer_id = 1")
    wrong = rollupctl("verify", "-o", "json")
    assert wrong.returncode == 5
    (row,) = json.loads(wrong.stdout)
    found = (row["rollup"], row["tenant_id"], row["measure"])
    assert found == ("rollup_events_1hr", "1", "event_count")
    assert rollupctl("verify", "rollup_events_5min").returncode == 0
    assert rollupctl("verify", "--tenant", "0").returncode == 0
    assert rollupctl("verify", "--to", "2020-01-01").returncode == 0
    mended = rollupctl("verify", "--repair", "-o", "json")
    assert (mended.returncode, json.loads(mended.stdout)) == (0, [])
    assert counted(db, "rollup_events_1hr") == 20
    assert is_told_well(rollupctl("verify", "nope"), 1)
    assert is_told_well(rollupctl("verify", "--from", "soon"), 1, lines=1)


@pytest.mark.parametrize("step", [(), ("--step", "1 day")])
def test_rebuild(db: Connection, rollupctl: Rollupctl, step: tuple[str, ...]) -> None:
    add_events(db, 20)
    assert rollupctl("rollup").returncode == 0
    db.execute("update rollup_events_1hr set event_count = 0")
    listed = rollupctl("rebuild", "rollup_events_1hr", "--all", "--dry-run", "-o", "json")
    assert listed.returncode == 0
    assert len(json.loads(listed.stdout)) > 0
    assert counted(db, "rollup_events_1hr") == 0
    done = rollupctl("rebuild", "rollup_events_1hr", "--all", *step)
    assert (done.returncode, done.stderr) == (0, "")
    assert counted(db, "rollup_events_1hr") == 20


def test_doctor(rollupctl: Rollupctl) -> None:
    done = rollupctl("doctor", "-o", "json")
    checks = json.loads(done.stdout)
    assert checks
    assert {check["status"] for check in checks} <= {"ok", "warn", "fail"}
    assert done.returncode == (3 if "fail" in {check["status"] for check in checks} else 0)


def test_without_a_command_the_help_is_printed_as_it_is(rollupctl: Rollupctl) -> None:
    done = rollupctl()
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Usage: rollupctl ")
    assert "\nCommands:\n  up " in done.stderr


def test_garbage_is_collected_from_the_command_on() -> None:
    program = """
import gc
from rollupctl import cli
gc.disable()  # as __main__ does
cli.main.resolve_command(cli.click.Context(cli.main), ["status"])
assert gc.isenabled()
"""
    subprocess.run([sys.executable, "-c", program], check=True)
