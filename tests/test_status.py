"""What `status`, `top` and the live screen show, and that asking disturbs nobody."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import time
from typing import Any

import psycopg
import pytest

from rollupctl.charts import bars, short
from rollupctl.monitoring import Thresholds, duration
from tests import servers
from tests.helpers import Connection, Lab, Task, insert, row, rows, run, until, until_waiting


def status(lab: Lab, *options: str) -> subprocess.CompletedProcess[str]:
    return servers.rollupctl(lab.server.dsn(lab.database), "status", *options)


def test_status_fits_a_terminal_of_100_columns(lab: Lab) -> None:
    lab.source()
    lab.declare("a_name_that_is_as_long_as_people_make_them", target="lab.long")
    lab.declare("broken", filter="1 / amount > 0", db=lab.connect())
    db = lab.connect()
    insert(db, 30_000)
    db.execute("alter table lab.broken drop column n cascade")
    with pytest.raises(psycopg.Error):
        db.execute("call rollup.run_all()")
    done = status(lab)
    assert done.returncode == 3
    table = done.stdout.split("\nbroken: ")[0].splitlines()
    assert len(table) == 4
    assert max(len(line) for line in table) <= 100
    assert "broken: " in done.stdout
    whole = json.loads(status(lab, "-o", "json").stdout)
    assert {"source", "last_message", "backlog_ids", "issued_ids"} <= whole[0].keys()
    assert [each["issued_ids"] for each in whole] == [30_000, 30_000]


def test_the_exit_code_tells_what_is_past_a_threshold(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 3, event_time="now")
    assert status(lab).returncode == 0
    assert status(lab, "--max-events-behind", "3").returncode == 0
    assert status(lab, "--max-events-behind", "2").returncode == 3
    assert status(lab, "--max-lag", "0").returncode == 3


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"last_status": "failed"}, "its last run failed"),
        ({"lag_seconds": None}, "its source no longer exists"),
        ({"lag_seconds": 90.5}, "90 s behind"),
        ({"lag_events": 11}, "11 events behind"),
        ({"set_aside": 2}, "2 events set aside"),
        ({}, None),
    ],
)
def test_thresholds(row: dict[str, Any], said: str | None) -> None:
    fine = {"last_status": "done", "lag_seconds": 1, "lag_events": 10, "set_aside": 1, "note": None}
    assert Thresholds(60, 10, 1).exceeded(fine | row) == said


def test_the_screen_can_be_drawn_once(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 1234)
    run(db)
    done = status(lab, "--watch", "--once")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert max(len(line) for line in lines) <= 100
    assert "counted by minute: 1.23 k, most 1.23 k" in done.stdout
    assert "█" in done.stdout
    assert any(line.split()[:1] == ["visits"] for line in lines)
    done = status(lab, "--watch", "--once", "-o", "json")
    assert json.loads(done.stdout)["name"] == "visits"
    done = status(lab, "--watch")
    assert (done.returncode, "--watch needs a terminal" in done.stderr) == (2, True)
    assert status(lab, "--once").returncode == 2


@pytest.mark.parametrize("server", ["plain"], indirect=True)
def test_the_screen_is_live(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    ours, theirs = pty.openpty()
    watching = servers.start_rollupctl(
        lab.server.dsn(lab.database),
        *("status", "--watch", "--every", "0.2"),
        stdin=theirs,
        output=theirs,
        environment={"TERM": "xterm", "COLUMNS": "100", "LINES": "40"},
    )
    os.close(theirs)
    shown = ""

    def read_until(text: str) -> None:
        nonlocal shown
        deadline = time.monotonic() + 60
        while text not in shown:
            assert time.monotonic() < deadline, shown
            if not select.select([ours], [], [], 5)[0]:
                continue
            shown += os.read(ours, 65536).decode(errors="replace")

    read_until("visits")
    insert(db, 77_777, event_time="now")
    read_until("77777")
    watching.send_signal(signal.SIGINT)
    try:
        while select.select([ours], [], [], 30)[0] and os.read(ours, 65536):
            pass
    except OSError:
        pass  # the other end is closed
    assert watching.wait(timeout=30) == 130
    os.close(ours)
    assert "Traceback" not in shown


def test_who_waits_on_whom(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    assert rows(db, "select * from rollup.waiting") == []
    writer = lab.connect(autocommit=False, application_name="importer")
    insert(writer)
    insert(db)
    runner = lab.connect()
    task = Task(lambda: run(runner))
    until_waiting(db, runner, task)
    query = "select waiter, waits_for, relation, blocker_pid, seconds from rollup.waiting"
    found: tuple[Any, ...] = ()

    def seen() -> bool:
        nonlocal found
        found = next(iter(rows(db, query)), ())  # none while the run looks for writers
        return found != ()

    until(seen, "the run is seen asleep")
    assert found[0] == "run of visits"
    assert ", importer, idle in transaction" in found[1]
    assert found[2:4] == ("lab.e", writer.info.backend_pid)
    assert found[4] >= 0
    until(
        lambda: "run of visits has waited" in status(lab, "--watch", "--once").stdout,
        "the screen shows it",
    )
    writer.commit()
    assert task.result().events == 2
    assert rows(db, "select * from rollup.waiting") == []


def test_a_deferred_rollup_waits_although_no_run_does(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    writer = lab.connect(autocommit=False)
    insert(writer)
    insert(db)
    db.execute("set rollup.max_wait = '50ms'")
    for _ in range(2):
        with pytest.raises(psycopg.errors.LockNotAvailable):
            db.execute("call rollup.run_all()")
    waiter, waits_for = row(db, "select waiter, waits_for from rollup.waiting")
    assert waiter == "run of visits"
    assert f"pid {writer.info.backend_pid} on" in waits_for
    state, attempts, duration, sqlstate, detail = row(
        db,
        "select status, attempts, extract(epoch from duration), sqlstate, detail from rollup.runs",
    )
    assert (state, attempts, sqlstate) == ("deferred", 2, "55P03")
    assert 0.05 <= duration < 30
    assert "idle in transaction" in detail


ANSWERS = (
    "select * from rollup.status",
    "select * from rollup.doctor()",
    "select * from rollup.metrics",
    "select rollup.metrics_text()",
    "select * from rollup.waiting",
)


@pytest.mark.parametrize("query", ANSWERS)
def test_asking_writes_nothing_and_waits_for_no_lock(lab: Lab, query: str) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 5)
    locker = lab.connect(autocommit=False)
    locker.execute("lock table lab.e, lab.visits in access exclusive mode")
    asking = lab.connect(autocommit=False)
    asking.execute("set transaction read only")
    task = Task(lambda: rows(asking, query))
    task.result()
    assert rows(db, "select pg_locks.* from pg_locks where pid = %s and not granted",
                asking.info.backend_pid) == []  # fmt: skip
    locker.rollback()
    asking.rollback()


def test_what_is_locked_is_named(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 5)
    locker = lab.connect(autocommit=False)
    locker.execute("lock table lab.e in access exclusive mode")
    events, note = row(db, "select lag_events, note from rollup.status")
    assert events == 5
    assert "lag_events counts ids, since events could not be read: " in note
    assert "lock timeout" in note
    found = rows(db, "select finding, todo from rollup.doctor() where finding ~ '^not checked'")
    assert ("not checked: canceling statement due to lock timeout",
            "check again when the table is no longer locked") in found  # fmt: skip
    locker.rollback()
    assert row(db, "select lag_events, note from rollup.status") == (5, None)


def many_partitions(lab: Lab, number: int = 210) -> Connection:
    lab.source(distribute=False)
    db = lab.connect()
    db.execute(
        f"""do $$ begin for i in 1..{number} loop
            execute format('create table lab.e_old_%s partition of lab.e for values from (%L) to (%L)',
                           i, date '2020-01-01' + i, date '2020-01-02' + i);
            end loop; end $$""".encode()
    )
    db.execute(
        "create table lab.e_now partition of lab.e for values from ('2026-01-01') to ('2126-01-01')"
    )
    lab.declare()
    db.execute("update rollup_internal.rollups set created_at = now() - interval '3 days'")
    return db


LAG = "select lag_events, lag_seconds::float8, note from rollup.status"


@pytest.mark.parametrize("single_server", ["plain"], indirect=True)
def test_only_the_newest_of_many_partitions_are_read(plain_lab: Lab) -> None:
    db = many_partitions(plain_lab)
    insert(db, 4, event_time="now")
    events, seconds, note = row(db, LAG)
    assert (events, note) == (4, None)
    assert seconds < 3600
    locker = plain_lab.connect(autocommit=False)
    locker.execute("lock table lab.e_old_7 in access exclusive mode")
    assert row(db, LAG)[2] is None
    locker.rollback()


@pytest.mark.parametrize("single_server", ["plain"], indirect=True)
def test_late_events_in_many_partitions_wait_since_the_last_window(plain_lab: Lab) -> None:
    db = many_partitions(plain_lab)
    insert(db, 4, event_time="now")
    insert(db, 3, event_time="2020-01-05")
    events, seconds, note = row(db, LAG)
    assert (events, note) == (7, None)
    assert abs(seconds - 3 * 86400) < 3600
    run(db)
    insert(db, 2, event_time="2020-01-05")
    events, seconds, _ = row(db, LAG)
    assert events == 2
    assert seconds < 3600


def test_the_numbers_of_the_current_bucket(lab: Lab) -> None:
    lab.source()
    lab.declare(bucket="1 day")
    db = lab.connect()
    query = "select groups, numbers from rollup.current_numbers('visits', %s, 2)"
    assert rows(db, query, None) == []
    insert(db, 5, event_time="now", customer_id=1)
    insert(db, 3, event_time="now", customer_id=1, country="fr")
    run(db)
    insert(db, 9, event_time="now", customer_id=2)
    insert(db, 1, event_time="2024-06-01", customer_id=3)
    numbers = {"n": 9, "amount": 27, "devices": 9}
    found = rows(db, query, None)
    assert [groups for groups, _ in found] == [{"customer_id": 2}, {"customer_id": 1}]
    assert found[0][1] == numbers
    assert found[1][1] == {"n": 8, "amount": 24, "devices": 5}  # the devices of fr are among those
    assert [groups for groups, _ in rows(db, query, "1")] == [{"country": "de"}, {"country": "fr"}]
    done = servers.rollupctl(
        lab.server.dsn(lab.database), "top", "visits", "--buckets", "2", "-o", "json"
    )
    assert json.loads(done.stdout)[0] == {"customer_id": 2, **numbers}
    with pytest.raises(psycopg.errors.UndefinedObject):
        db.execute("select rollup.current_numbers('nope')")


# Text


def test_bars() -> None:
    assert bars([], 5, 2) == ["", ""]
    assert bars([0, 0], 5, 2) == ["  ", "▁▁"]
    assert bars([1, 2, 4], 5, 2) == ["  █", "▄██"]
    assert bars([9, 1000], 5, 1) == ["▁█"]
    assert bars([1, 2, 4], 2, 1) == ["▄█"]


def test_numbers_are_short() -> None:
    assert [short(v) for v in (0, 7, 1500, 1_234_567)] == ["0", "7", "1.5 k", "1.23 M"]
    assert [duration(v) for v in (None, 0, 0.44, 12, 300, 7200, 86400 * 3)] == [
        None, "0 s", "0.4 s", "12 s", "5.0 min", "2.0 h", "3.0 d"]  # fmt: skip
