"""Unload: a load's events, and only they, are out of the table and out of every rollup."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from psycopg import errors

from tests.conftest import Connection, Rollupctl
from tests.helpers import row, rows, script, value
from tests.servers import start_rollupctl

HEADER = "event_time,customer_id,event_type,device_id\n"
COUNTED = """select customer_id, hour, event_type, event_count, hll_cardinality(device_distinct_count)
  from rollup_events_1hr order by 1, 2, 3"""


def write(path: Path, hours: range, customers: int, kind: str) -> Path:
    path.write_text(
        HEADER
        + "".join(
            f"2024-06-01 {hour:02}:{minute:02}:00+00,{customer},{kind},{minute}\n"
            for hour in hours
            for minute in (5, 25, 45)
            for customer in range(1, customers + 1)
        )
    )
    return path


@pytest.fixture
def three(db: Connection, rollupctl: Rollupctl, tmp_path: Path) -> dict[str, int]:
    """Three loads that share buckets, tenants and groups; the second is to go."""
    files = [
        write(tmp_path / "a.csv", range(8, 12), 3, "click"),
        write(tmp_path / "b.csv", range(10, 16), 3, "click"),
        write(tmp_path / "c.csv", range(10, 12), 3, "buy"),
    ]
    for file in files:
        done = rollupctl("load", str(file))
        assert done.returncode == 0, done.stderr
        db.execute("call rollup.run_all()")
    return {
        Path(name).name: load
        for name, load in rows(db, "select file_name, load_id from rollup.loads")
    }


def differences(db: Connection) -> int:
    return sum(
        len(rows(db, "select from rollup.verify(%s)", name))
        for (name,) in rows(db, "select name from rollup.rollups")
    )


def test_a_load_is_out_and_can_be_loaded_again(
    db: Connection, rollupctl: Rollupctl, three: dict[str, int], tmp_path: Path
) -> None:
    before = rows(db, COUNTED)
    load = str(three["b.csv"])
    planned = rollupctl("unload", load, "--dry-run", "--max-events", "20", "-o", "json")
    assert planned.returncode == 0, planned.stderr
    assert [each["events"] for each in json.loads(planned.stdout)] == [18, 18, 18]
    asked = rollupctl("unload", load)
    assert asked.returncode == 1
    assert "54 events of" in asked.stderr
    assert value(db, "select count(*) from events") == 36 + 54 + 18

    done = rollupctl("unload", load, "--yes", "--max-events", "20", "-o", "json")
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)
    assert (told["rows"], told["unloaded_rows"], told["unloaded_at"] is None) == (54, 54, False)
    assert value(db, "select count(*) from events") == 36 + 18
    assert value(db, "select max(hour) from rollup_events_1hr where event_type = 'click'") == value(
        db, "select timestamptz '2024-06-01 11:00+00'")  # fmt: skip
    assert value(db, "select sum(event_count) from rollup_events_5min") == 54
    assert differences(db) == 0

    again = rollupctl("unload", load, "--yes")
    assert again.returncode == 1
    assert f"load {load} was unloaded at" in again.stderr
    reloaded = rollupctl("load", str(tmp_path / "b.csv"), "-o", "csv")
    assert ",loaded,54," in reloaded.stdout
    db.execute("call rollup.run_all()")
    assert rows(db, COUNTED) == before
    assert differences(db) == 0


def test_many_tenants_and_events_that_are_not_counted_yet(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    """Of the load, some events are counted and some are not; nothing of others is counted twice."""
    for name, customers in (("keep.csv", 15), ("go.csv", 14)):
        assert rollupctl("load", str(write(tmp_path / name, range(8, 11), customers, "click"))).returncode == 0  # fmt: skip
    db.execute("select rollup.run('rollup_events_1hr', 200)")
    (load,) = row(db, "select load_id from rollup.loads where file_name like '%%go.csv'")
    db.execute("call rollup.unload(%s)", [load])
    assert value(db, "select count(*) from events") == 3 * 3 * 15
    assert differences(db) == 0
    db.execute("call rollup.run_all()")
    assert value(db, "select sum(event_count) from rollup_events_1hr") == 3 * 3 * 15
    assert value(db, "select sum(event_count) from rollup_events_5min") == 3 * 3 * 15
    assert differences(db) == 0


def test_an_unload_that_was_killed_goes_on(
    db: Connection, dsn: str, rollupctl: Rollupctl, three: dict[str, int], tmp_path: Path
) -> None:
    load = str(three["b.csv"])
    program = start_rollupctl(dsn, "unload", load, "--yes", "--max-events", "1")
    try:
        assert program.stderr is not None
        assert b"9 events before 2024-06-01 11:00" in program.stderr.readline()
    finally:
        program.kill()
        program.communicate()
    left = value(db, "select rows - unloaded_rows from rollup.loads where load_id = %s", load)
    assert 0 <= left <= 45
    assert value(db, "select count(*) from events") == 36 + 18 + left
    assert differences(db) == 0
    if left:
        # Until it is completed, the content is neither loaded nor free.
        again = rollupctl("load", str(tmp_path / "b.csv"))
        assert f"{left} of its 54 rows are left" in again.stderr
        with pytest.raises(errors.ObjectNotInPrerequisiteState, match="is being unloaded"):
            db.execute("select rollup.begin_part('events', 'b.csv', %s)", [load])
        done = rollupctl("unload", load, "--yes")
        assert done.returncode == 0, done.stderr
    assert value(db, "select count(*) from events") == 36 + 18
    assert differences(db) == 0
    assert value(db, "select count(*) from rollup.loads where unloaded_at is not null") == 1


def test_an_event_that_was_set_aside_goes_too(
    db: Connection, rollupctl: Rollupctl, three: dict[str, int]
) -> None:
    db.execute("""insert into rollup_internal.set_aside (rollup, event_id, sqlstate, reason)
        select 'rollup_events_1hr', max(e.event_id), '22000', 'test'
          from events e join rollup.load_parts p on e.event_id <@ p.ids where p.load_id = %s""",
        [three["b.csv"]])  # fmt: skip
    assert value(db, "select count(*) from rollup.set_aside") == 1
    db.execute("call rollup.unload(%s)", [three["b.csv"]])
    assert value(db, "select count(*) from rollup.set_aside") == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("update rollup.load_parts set ids = null", "which events of public.events are its own is not known"),
        ("delete from events where customer_id = 1", "36 of its 54 events are in public.events"),
        ("select rollup.declare_purged('events', '2024-06-01 12:00+00', '2024-06-01 12:30+00')",
         "raw events from 2024-06-01 12:00:00+00 to 2024-06-01 13:00:00+00 have been dropped"),
        ("update rollup.loads set channel = 'c', sha256 = null", "which goes on at its position"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_exactly_is_refused(
    db: Connection, rollupctl: Rollupctl, three: dict[str, int], change: str, said: str
) -> None:
    load = three["b.csv"]
    others = f" where load_id = {load}" if change.startswith("update") else ""
    script(db, change + others)
    events = value(db, "select count(*) from events")
    before = rows(db, COUNTED)
    done = rollupctl("unload", str(load), "--yes")
    assert done.returncode == 1
    assert said in done.stderr
    assert value(db, "select count(*) from events") == events
    assert rows(db, COUNTED) == before


def test_rows_whose_events_are_gone_already_are_kept(
    db: Connection, rollupctl: Rollupctl, three: dict[str, int]
) -> None:
    db.execute("delete from events where event_type = 'buy'")
    before = rows(db, COUNTED)
    done = rollupctl("unload", str(three["b.csv"]), "--yes")
    assert done.returncode == 1
    assert "whose raw events no longer exist" in done.stderr
    assert rows(db, COUNTED) == before
    assert value(db, "select count(*) from events where event_type = 'click'") == 36 + 54


def test_an_unknown_load(rollupctl: Rollupctl) -> None:
    done = rollupctl("unload", "77")
    assert (done.returncode, "there is no load 77" in done.stderr) == (1, True)


def test_a_table_without_rollups(db: Connection, rollupctl: Rollupctl, tmp_path: Path) -> None:
    db.execute("create table plain_events (id bigint generated always as identity, n int)")
    for name in ("a", "b"):
        (tmp_path / name).write_text("n\n" + "".join(f"{ord(name)}\n" for _ in range(7)))
        assert rollupctl("load", str(tmp_path / name), "--table", "plain_events").returncode == 0
    done = rollupctl("unload", value(db, "select min(load_id)::text from rollup.loads"), "--yes")
    assert done.returncode == 0, done.stderr
    assert rows(db, "select distinct n from plain_events") == [(ord("b"),)]
