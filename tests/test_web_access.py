"""Real requests of 2015: loaded once, counted exactly, expired only after they were counted."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.bruteforce import Event, assert_rollup_is_exact, read_events
from tests.conftest import Connection, Rollupctl
from tests.servers import Server

FILE = Path(__file__).parent / "data" / "web_access_2015.csv"
REQUESTS = 9999


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return list(read_events(FILE))


@pytest.fixture(scope="module")
def loaded(server: Server) -> Iterator[str]:
    """Name of a database that holds the file, not rolled up; for tests that copy it."""
    name = server.database()
    with server.admin() as admin:
        # All events stay in the default partition.
        admin.execute(f"alter database {name} set rollup.max_partitions = 0".encode())
    done = servers.rollupctl(server.dsn(name), "load", str(FILE), "-o", "json")
    assert done.returncode == 0, done.stderr
    assert [(r["status"], r["rows"]) for r in json.loads(done.stdout)] == [("loaded", REQUESTS)]
    yield name
    server.drop(name)


@pytest.fixture
def database(server: Server, loaded: str) -> Iterator[str]:
    """Name of a database of the test's own that holds the file, not rolled up."""
    name = server.copy_of(loaded)
    yield name
    server.drop(name)


def scalar(db: Connection, query: str) -> object:
    row = db.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_file_is_what_its_readme_says() -> None:
    with FILE.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == REQUESTS
    times = [row["event_time"] for row in rows]
    assert times != sorted(times)
    assert {time[:4] for time in times} == {"2015"}
    assert {row["country"] for row in rows} == {""}
    assert "" in {row["browser"] for row in rows}


def test_every_count_equals_brute_force(
    db: Connection, rollupctl: Rollupctl, events: list[Event]
) -> None:
    done = rollupctl("rollup", "-o", "json")
    assert done.returncode == 0, done.stderr
    assert [(r["status"], r["events"]) for r in json.loads(done.stdout)] == [("done", REQUESTS)] * 2
    assert_rollup_is_exact(db, "rollup_events_5min", "minute", 300, events)
    assert_rollup_is_exact(db, "rollup_events_1hr", "hour", 3600, events)


def test_small_windows_give_the_same(
    db: Connection, rollupctl: Rollupctl, events: list[Event]
) -> None:
    # One rollup ahead of the other, then both in windows that cut through minutes.
    assert rollupctl("rollup", "rollup_events_1hr", "--max-events", "3333").returncode == 0
    assert rollupctl("rollup", "--max-events", "777").returncode == 0
    assert_rollup_is_exact(db, "rollup_events_5min", "minute", 300, events)
    assert_rollup_is_exact(db, "rollup_events_1hr", "hour", 3600, events)
    windows = "select count(*) from rollup.runs where rollup = 'rollup_events_5min'"
    assert scalar(db, windows) == -(-REQUESTS // 777)


def test_sketches_of_all_customers_and_hours_unite(db: Connection, events: list[Event]) -> None:
    db.execute("call rollup.run_all()")
    for table in ("rollup_events_5min", "rollup_events_1hr"):
        row = db.execute(
            "select sum(event_count), hll_cardinality(hll_union_agg(device_distinct_count)),"
            " hll_cardinality(hll_union_agg(session_distinct_count)),"
            f" topn_union_agg(top_devices_1000) from {table}".encode()
        ).fetchone()
        assert row is not None
        assert row[0] == REQUESTS
        assert row[1] == pytest.approx(len({e.device for e in events}), rel=0.092)
        assert row[2] == pytest.approx(len({e.session for e in events}), rel=0.092)
        # The list is cut at 1000 devices; those at its head have their true counts.
        true = Counter(str(e.device) for e in events)
        head = sorted(row[3].items(), key=lambda item: -item[1])[:50]
        assert all(true[device] == count for device, count in head)
        assert [count for _, count in head] == [count for _, count in true.most_common(50)]


def test_loading_again_is_skipped(db: Connection, rollupctl: Rollupctl) -> None:
    done = rollupctl("load", str(FILE), "-o", "json")
    assert [(r["status"], r["rows"]) for r in json.loads(done.stdout)] == [("skipped", 0)]
    assert scalar(db, "select count(*) from events") == REQUESTS


def test_old_events_expire_only_after_they_were_counted(
    db: Connection, rollupctl: Rollupctl, events: list[Event]
) -> None:
    in_default = "select count(*) from events_default"
    assert scalar(db, in_default) == REQUESTS

    refused = rollupctl("expire", "--yes", "--older-than", "1 year")
    assert refused.returncode == 1
    told, hint = refused.stderr.splitlines()
    for name in ("rollup_events_5min", "rollup_events_1hr"):
        assert re.search(rf"\b{name} has not counted {REQUESTS} events\b", told)
    assert "rollup.run_all()" in hint
    assert scalar(db, in_default) == REQUESTS

    # One rollup is not all.
    assert rollupctl("rollup", "rollup_events_1hr").returncode == 0
    refused = rollupctl("expire", "--yes", "--older-than", "1 year")
    assert refused.returncode == 1
    assert "rollup_events_5min has not" in refused.stderr
    assert "rollup_events_1hr has not" not in refused.stderr
    assert scalar(db, in_default) == REQUESTS

    assert rollupctl("rollup").returncode == 0
    done = rollupctl("expire", "--yes", "--older-than", "1 year", "-o", "json")
    assert done.returncode == 0, done.stderr
    (gone,) = json.loads(done.stdout)
    assert (gone["events"], gone["action"]) == (REQUESTS, "rows deleted")
    assert scalar(db, in_default) == 0

    # What was counted stays counted, and nothing is counted twice.
    assert rollupctl("rollup").returncode == 0
    assert_rollup_is_exact(db, "rollup_events_5min", "minute", 300, events)
    assert_rollup_is_exact(db, "rollup_events_1hr", "hour", 3600, events)
