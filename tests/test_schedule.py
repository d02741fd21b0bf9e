"""pg_cron jobs: by name, with schedules that this pg_cron keeps, and really run by it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest

from tests import servers
from tests.conftest import Connection, Rollupctl
from tests.servers import Server

RUN = ("rollup-run", "call rollup.run_all()")
PARTITIONS = ("rollup-partitions", "select rollup.maintain_partitions()")
EXPIRE = ("rollup-expire", "call rollup.expire_all()")
CHECK = ("rollup-check", "call rollup.check_samples()")


@pytest.fixture
def cron(cron_dsn: str) -> Iterator[Connection]:
    """A connection to a fresh database with everything installed, in which pg_cron works."""
    with psycopg.connect(cron_dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def cron_rollupctl(cron_dsn: str) -> Rollupctl:
    def run(*args: str, **extra: Any) -> Any:
        return servers.rollupctl(cron_dsn, *args, **extra)

    return run


def jobs(db: Connection) -> list[tuple[str, str, str]]:
    """All jobs in the order in which they were made: name, schedule, command."""
    if db.execute("select to_regclass('cron.job')").fetchone() == (None,):
        return []
    return db.execute("select jobname, schedule, command from cron.job order by jobid").fetchall()


def cron_version(db: Connection) -> tuple[int, ...]:
    row = db.execute(
        "select coalesce((select extversion from pg_extension where extname = 'pg_cron'),"
        " (select default_version from pg_available_extensions where name = 'pg_cron'))"
    ).fetchone()
    assert row is not None
    return tuple(int(part) for part in re.findall(r"\d+", row[0]))


def test_jobs_have_names_and_twice_is_once(cron: Connection) -> None:
    for every, schedule in (("1 minute", "* * * * *"), ("5 minutes", "*/5 * * * *")):
        told = cron.execute("select * from rollup.schedule(%s)", [every]).fetchall()
        assert [(job, command) for job, _, command in told] == [RUN, PARTITIONS, EXPIRE, CHECK]
        assert told[0][1] == schedule
        assert jobs(cron) == told


def test_a_retention_is_that_of_the_events_until_another_is_set(cron: Connection) -> None:
    kept = "select keep::text from rollup.retention where kind = 'source'"
    told = cron.execute("select * from rollup.schedule(retention => '30 days')").fetchall()
    assert [job for job, _, _ in told] == [
        "rollup-run",
        "rollup-partitions",
        "rollup-expire",
        "rollup-check",
    ]
    assert jobs(cron) == told
    assert cron.execute(kept).fetchall() == [("30 days",)]
    # What pg_cron will run is something that runs.
    cron.execute(told[2][2].encode())

    cron.execute("select rollup.schedule()")
    assert jobs(cron) == told
    assert cron.execute(kept).fetchall() == [("30 days",)]
    cron.execute("select rollup.set_retention('events', null)")
    assert cron.execute(kept).fetchall() == [(None,)]


def test_unschedule_removes_what_schedule_made(cron: Connection) -> None:
    cron.execute("select rollup.schedule(retention => '30 days')")
    cron.execute("select cron.schedule('mine', '0 0 * * *', 'select 1')")
    removed = [job for job, *_ in cron.execute("select * from rollup.unschedule()")]
    assert removed == ["rollup-run", "rollup-partitions", "rollup-expire", "rollup-check"]
    assert [job for job, _, _ in jobs(cron)] == ["mine"]
    assert cron.execute("select * from rollup.unschedule()").fetchall() == []


def test_unschedule_without_pg_cron_has_nothing_to_do(db: Connection) -> None:
    assert db.execute("select * from rollup.unschedule()").fetchall() == []


def test_time_spans_become_cron_notation(db: Connection) -> None:
    for every, schedule in (
        ("1 minute", "* * * * *"),
        ("60 seconds", "* * * * *"),
        ("15 minutes", "*/15 * * * *"),
        ("1 hour", "0 * * * *"),
        ("6 hours", "0 */6 * * *"),
        ("1 day", "0 0 * * *"),
        ("24 hours", "0 0 * * *"),
        (" 3,33 * * * 1-5 ", "3,33 * * * 1-5"),
        ("*/5 * * jan sun", "*/5 * * jan sun"),
    ):
        assert db.execute("select rollup_internal.cron_schedule(%s)", [every]).fetchone() == (
            schedule,
        )


def test_seconds_take_a_pg_cron_that_has_them(cron: Connection, cron_rollupctl: Rollupctl) -> None:
    cron.execute("select rollup.schedule()")
    before = jobs(cron)
    done = cron_rollupctl("schedule", "--every", "30 seconds")
    if cron_version(cron) >= (1, 5):
        assert done.returncode == 0, done.stderr
        assert jobs(cron)[0][1] == "30 seconds"
    else:
        assert done.returncode == 1
        assert done.stderr.splitlines()[0] == (
            "rollupctl: error: cannot schedule every '30 seconds': pg_cron before 1.5 has no"
            " seconds"
        )
        assert jobs(cron) == before


BAD_VALUES = [
    (["--every", "soon"], 2, '--every: "soon" is not an interval'),
    (["--every", "0 minutes"], 2, '--every: "0 minutes" is not above zero'),
    (["--every", "-1 minute"], 2, '--every: "-1 minute" is not above zero'),
    (["--every", ""], 2, '--every: "" is not an interval'),
    (["--every", "7 minutes"], 1, "cannot schedule every '7 minutes': cron can keep only"),
    (["--every", "90 seconds"], 1, "cannot schedule every '90 seconds': cron can keep only"),
    (["--every", "5 hours"], 1, "cannot schedule every '5 hours': cron can keep only"),
    (["--every", "1 month"], 1, "cannot schedule every '1 month': cron can keep only"),
    (["--every", "61 * * * *"], 1, "invalid schedule: 61 * * * *"),
    (["--every", "a b c d e"], 1, "invalid schedule: a b c d e"),
    (["--retention", "0 days"], 2, '--retention: "0 days" is not above zero'),
    (["--retention", "ever"], 2, '--retention: "ever" is not an interval'),
]


def test_bad_values_get_one_clear_line(cron: Connection, cron_rollupctl: Rollupctl) -> None:
    for arguments, code, said in BAD_VALUES:
        done = cron_rollupctl("schedule", *arguments)
        assert (done.returncode, done.stdout) == (code, ""), arguments
        line, *hint = done.stderr.splitlines()
        assert line.startswith(f"rollupctl: error: {said}")
        assert len(hint) <= 1
        assert jobs(cron) == []


def test_sql_refuses_bad_values_too(cron: Connection) -> None:
    for call in (
        "rollup.schedule('soon')",
        "rollup.schedule('0 seconds')",
        "rollup.schedule(null)",
        "rollup.schedule(retention => '0')",
        "rollup.schedule(retention => '-1 day')",
    ):
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            cron.execute(f"select {call}".encode())
    assert jobs(cron) == []


def test_another_database_is_told_where_pg_cron_works(
    db: Connection, rollupctl: Rollupctl, server: Server
) -> None:
    done = rollupctl("schedule")
    assert done.returncode == 1
    line, hint = done.stderr.splitlines()
    assert line == "rollupctl: error: pg_cron is not installed in this database"
    assert f"pg_cron works from database {server.cron_name()} here" in hint
    assert "rollupctl rollup --watch" in hint


def test_commands_print_the_jobs(cron: Connection, cron_rollupctl: Rollupctl) -> None:
    made = cron_rollupctl(
        "schedule", "--every", "5 minutes", "--retention", "90 days", "-o", "json"
    )
    assert made.returncode == 0, made.stderr
    told = [(row["job"], row["schedule"], row["command"]) for row in json.loads(made.stdout)]
    assert told == jobs(cron)
    assert len(told) == 4
    gone = cron_rollupctl("unschedule", "-o", "json")
    assert json.loads(gone.stdout) == json.loads(made.stdout)
    assert jobs(cron) == []


def test_a_role_without_superuser_can_schedule(cron: Connection, server: Server) -> None:
    cron.execute("create extension if not exists pg_cron")
    cron.execute("create role scheduler")
    try:
        cron.execute("grant usage on schema cron to scheduler")
        cron.execute("grant select on cron.job to scheduler")
        cron.execute("set role scheduler")
        cron.execute("select rollup.schedule()")
        assert [job for job, _, _ in jobs(cron)] == [RUN[0], PARTITIONS[0], EXPIRE[0], CHECK[0]]
        cron.execute("select rollup.unschedule()")
        assert jobs(cron) == []
    finally:
        cron.execute("reset role")
        cron.execute("drop owned by scheduler")
        cron.execute("drop role scheduler")


def test_old_runs_of_the_jobs_expire(cron: Connection, server: Server) -> None:
    """pg_cron keeps them permanently; those of other jobs and of other roles are left alone."""
    cron.execute("select rollup.schedule()")
    cron.execute("select cron.schedule('mine', '0 0 1 1 *', 'select 1')")
    cron.execute("create role scheduler; grant usage on schema cron to scheduler")
    try:
        cron.execute("grant select on cron.job, cron.job_run_details to scheduler")
        cron.execute(
            "insert into cron.job_run_details (jobid, runid, database, username, command, status, start_time, end_time)"
            " select j.jobid, 1000 * j.jobid + n, j.database, j.username, j.command, 'succeeded', at,"
            " case when n <> 1 then at end"
            "   from cron.job j, generate_series(1, 10) n, lateral (select now() - n * interval '1 day') t (at)"
        )
        kept = "select j.jobname, count(*) from cron.job_run_details join cron.job j using (jobid) group by 1"
        expire = "select rollup_internal.expire_job_runs()"
        cron.execute("set role scheduler")
        cron.execute("call rollup.expire_all()")
        cron.execute("reset role")
        assert set(dict(cron.execute(kept).fetchall()).values()) == {10}
        cron.execute("set rollup.keep_runs = '3 days 1 hour'")
        cron.execute("call rollup.expire_all()")
        mine = {RUN[0]: 3, PARTITIONS[0]: 3, EXPIRE[0]: 3, CHECK[0]: 3}
        assert dict(cron.execute(kept).fetchall()) == mine | {"mine": 10}
        assert cron.execute(expire).fetchone() == (0,)
    finally:
        cron.execute("reset role")
        cron.execute("drop owned by scheduler; drop role scheduler")


def wait_for(condition: Callable[[], object], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.2)


def test_pg_cron_itself_runs_the_jobs(request: pytest.FixtureRequest) -> None:
    # pg_cron before 1.5 wakes up once a minute: all servers share one wait.
    names = ["plain", *(["citus"] if servers.citus_is_installed() else [])]
    found: list[Server] = [request.getfixturevalue(name) for name in names]
    with ExitStack() as opened:
        databases: list[Connection] = []
        for server in found:
            dsn = opened.enter_context(server.cron_database(awake=True))
            db = opened.enter_context(psycopg.connect(dsn, autocommit=True))
            databases.append(db)
            db.execute(
                "insert into events (customer_id, event_type, device_id, session_id)"
                " select n % 7 + 1, 'click', n, n from generate_series(1, 1000) n"
            )
            # Counted before the jobs begin: too old for the events, and for the finer rollup.
            db.execute(
                "insert into events (event_time, customer_id, event_type)"
                " select now() - interval '50 days', n % 7 + 1, 'old' from generate_series(1, 50) n"
            )
            db.execute("call rollup.run_all()")
            db.execute("select rollup.set_retention('rollup_events_5min', '30 days')")
            every = "1 second" if cron_version(db) >= (1, 5) else "1 minute"
            db.execute("select rollup.schedule(%s, retention => '7 days')", [every])
            # Hourly and daily by themselves: every minute for this test.
            db.execute(
                "select cron.alter_job(jobid, '* * * * *') from cron.job"
                " where jobname in ('rollup-partitions', 'rollup-expire', 'rollup-check')"
            )
        for db in databases:
            runs = (
                "select j.jobname, d.status, d.return_message from cron.job_run_details d"
                " join cron.job j using (jobid) where d.status in ('succeeded', 'failed')"
            )
            wait_for(
                lambda db=db, runs=runs: (
                    {  # type: ignore[misc]
                        job for job, *_ in db.execute(runs)
                    }
                    == {"rollup-run", "rollup-partitions", "rollup-expire", "rollup-check"}
                ),
                65,
            )
            db.execute("select rollup.unschedule()")
            assert {status for _, status, _ in db.execute(runs)} <= {"succeeded"}
            for table, events in (("rollup_events_5min", 1000), ("rollup_events_1hr", 1050)):
                counted = db.execute(f"select sum(event_count) from {table}".encode())
                assert counted.fetchone() == (events,)
            assert db.execute("select count(*) from events").fetchone() == (1000,)
            status = db.execute("select lag_events, last_status from rollup.status").fetchall()
            assert status == [(0, "done"), (0, "done")]
