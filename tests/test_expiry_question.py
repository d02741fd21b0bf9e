"""An age needs a unit, and what is not usual is asked about before it is removed."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import psycopg
import pytest

from tests.conftest import Connection, Rollupctl
from tests.helpers import rows, value
from tests.test_load import count


def events_of(db: Connection, *days: int) -> None:
    """Old events in the default partition, one for each number of days ago, all counted."""
    for ago in days:
        db.execute(
            "insert into events (customer_id, event_type, event_time)"
            " values (1, 'buy', now() - %s * interval '1 day')",
            [ago],
        )
    db.execute("call rollup.run_all()")


@pytest.mark.parametrize(
    "arguments",
    [
        ["expire", "--older-than", "30"],
        ["expire", "--older-than", " 30 "],
        ["expire", "--older-than", "1e3"],
        ["expire", "--older-than", "1 day 30"],
        ["retention", "events", "9000"],
        ["retention", "rollup_events_1hr", "90.5"],
        ["schedule", "--retention", "90"],
        ["schedule", "--every", "10"],
        ["backfill", "rollup_events_1hr", "--step", "1"],
        ["backfill", "rollup_events_1hr", "--pause", "1"],
        ["rebuild", "rollup_events_1hr", "--all", "--step", "7"],
        ["install", "--partition-interval", "1"],
    ],
)
def test_trap_61_an_age_needs_a_unit(
    db: Connection, rollupctl: Rollupctl, arguments: list[str]
) -> None:
    events_of(db, 1, 400)
    done = rollupctl(*arguments)
    assert (done.returncode, count(db)) == (2, 2)
    assert "of what?" in done.stderr
    assert " days', say" in done.stderr


@pytest.mark.parametrize(
    "call",
    [
        "rollup.set_retention('events', '90')",
        "rollup.set_retention('events', '3650')",
        "rollup.set_retention('rollup_events_1hr', '3650')",
        "rollup.expire('events', '30')",
        "rollup.expire('events', '30', true)",
    ],
)
def test_trap_61_an_interval_that_looks_like_a_number(db: Connection, call: str) -> None:
    events_of(db, 1, 400)
    with pytest.raises(psycopg.errors.InvalidParameterValue) as told:
        db.execute(f"select {call}".encode())
    assert " days'" in (told.value.diag.message_hint or "")
    assert count(db) == 2
    assert rows(db, "select name from rollup.retention where keep is not null") == []


def test_trap_61_ages_that_are_meant(db: Connection) -> None:
    for age in ("1 hour", "90 minutes", "1 day 00:00:07.5", "30 days", "1 month"):
        assert value(db, "select rollup_internal.validate_age(%s)::text", age)


@pytest.mark.parametrize("every", ["10", " 60 ", "300.0"])
def test_trap_61_every_so_often_needs_a_unit(db: Connection, every: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="needs a unit"):
        db.execute("select rollup_internal.cron_schedule(%s)", [every])


def test_trap_61_the_first_expiry_and_a_long_one_need_a_yes(
    db: Connection, rollupctl: Rollupctl
) -> None:
    events_of(db, 1, 300, 400)
    assert rollupctl("retention", "events", "350 days").returncode == 0
    shown = rollupctl("expire", "--dry-run")
    assert (shown.returncode, count(db)) == (0, 3)
    assert "nothing of public.events has expired before: it would be asked about" in shown.stderr
    for arguments in (["expire"], ["expire", "--older-than", "350 days"]):
        done = rollupctl(*arguments)
        assert (done.returncode, done.stdout, count(db)) == (1, "", 3)
        assert "nothing of public.events has expired before: nothing was removed" in done.stderr
        assert "--yes" in done.stderr
    assert rollupctl("expire", "--yes").returncode == 0
    assert count(db) == 2
    # As usual: a day more, or half as much again.
    assert rollupctl("retention", "events", "200 days").returncode == 0
    assert rollupctl("expire").returncode == 0
    assert count(db) == 1
    # From 200 days to 20: 180 days at once.
    events_of(db, 30)
    done = rollupctl("expire", "--older-than", "20 days")
    assert (done.returncode, count(db)) == (1, 2)
    assert "180 days of public.events would expire at once" in done.stderr
    # Jobs that somebody scheduled are never asked.
    db.execute("select rollup.set_retention('events', '20 days')")
    db.execute("call rollup.expire_all()")
    assert count(db) == 1


def test_trap_61_rollups_are_asked_about_too(db: Connection, rollupctl: Rollupctl) -> None:
    events_of(db, 1, 400)
    assert rollupctl("retention", "rollup_events_1hr", "1 year").returncode == 0
    done = rollupctl("expire")
    assert done.returncode == 1
    assert "nothing of public.rollup_events_1hr has expired before" in done.stderr
    assert value(db, "select sum(event_count) from rollup_events_1hr") == 2
    assert rollupctl("expire", "--yes").returncode == 0
    assert rollupctl("expire").returncode == 0
    assert value(db, "select sum(event_count) from rollup_events_1hr") == 1


@pytest.mark.parametrize(("answer", "code", "left"), [("n", 1, 2), ("y", 0, 1)])
def test_trap_61_on_a_terminal_it_is_asked(
    db: Connection, dsn: str, answer: str, code: int, left: int
) -> None:
    events_of(db, 1, 400)
    ours, theirs = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "rollupctl", "expire", "--older-than", "300 days"],
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=os.environ | {"ROLLUPCTL_DSN": dsn},
    )
    os.close(theirs)
    said = b""
    while b"Remove it?" not in said:
        said += os.read(ours, 1000)
    assert b"nothing of public.events has expired before" in said
    os.write(ours, f"{answer}\n".encode())
    assert done.wait(60) == code
    os.close(ours)
    assert count(db) == left


def test_trap_61_nothing_to_remove_is_not_asked_about(db: Connection, rollupctl: Rollupctl) -> None:
    events_of(db, 1)
    assert rollupctl("retention", "events", "1 year").returncode == 0
    done = rollupctl("expire")
    assert (done.returncode, done.stderr) == (0, "")
