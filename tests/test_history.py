"""Events of the past get partitions, which expire can drop, whatever their dates are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Connection, Rollupctl
from tests.helpers import Lab, rows, value

HEADER = "event_time,customer_id,event_type\n"
IN_DEFAULT = "select count(*) from events_default"
PAST = "select range_from::date::text, range_to::date::text from rollup.partitions('{}') where {} order by 1"
VERIFY = "select count(*) from rollup.verify('rollup_events_1hr')"


def commits(number: int) -> str:
    """Events from 2013 to the end of 2025."""
    days = [f"{2013 + i * 13 // number}-{i % 12 + 1:02}-{i % 28 + 1:02}" for i in range(number)]
    return "".join(f"{day} 12:00:00+00,{i % 50},commit\n" for i, day in enumerate(days))


@pytest.mark.parametrize("form", ["file", "pipe"])
def test_commits_from_2013_to_today(
    db: Connection, rollupctl: Rollupctl, database: str, tmp_path: Path, form: str
) -> None:
    db.execute(f"alter database {database} set rollup.max_partitions = 30".encode())
    text = HEADER + commits(5_000 if form == "file" else 500) + "1901-02-03 00:00:00,1,clock\n"
    path = tmp_path / "commits.csv"
    path.write_text(text)
    number = text.count("\n") - 1
    before = value(db, "select count(*) from rollup.partitions('events')")
    name = "-" if form == "pipe" else str(path)
    loaded = rollupctl("load", name, "--time-range", "1900-01-01..2100-01-01", input=text)
    assert loaded.returncode == 0, loaded.stderr
    assert "14 partitions were made for events of the past" in loaded.stderr
    assert (value(db, "select count(*) from events"), value(db, IN_DEFAULT)) == (number, 0)
    assert value(db, "select count(*) from rollup.partitions('events')") == before + 14
    assert value(db, "select rows from rollup.load_parts") == number
    if form == "pipe":
        return
    db.execute("call rollup.run_all()")
    assert value(db, "select sum(event_count) from rollup_events_1hr") == number
    # The years between the absurd date and the others are not taken for dropped.
    assert value(db, "select rollup.missing_ranges('events') = '{}'") is True
    gone = rollupctl("expire", "--older-than", "3000 days", "--yes", "-o", "csv")
    assert gone.returncode == 0, gone.stderr
    dropped = [line for line in gone.stdout.splitlines() if line.endswith(",dropped")]
    assert len(dropped) >= 5
    assert value(db, "select min(event_time) >= now() - interval '3367 days' from events") is True
    assert value(db, "select sum(event_count) from rollup_events_1hr") == number
    assert value(db, VERIFY) == 0
    # A partition for events that have expired would count as complete, and repair would remove what is counted.
    late = rollupctl("load", "-", input=HEADER + "2013-05-06 00:00:00,1,late\n")
    assert (late.returncode, value(db, IN_DEFAULT)) == (0, 1)
    db.execute("call rollup.run_all()")
    assert value(db, VERIFY) == 0


def test_absurd_dates(lab: Lab) -> None:
    """Each costs one partition at most; what is ahead of the partitions stays where it is."""
    lab.source()
    lab.declare()
    with lab.connect() as db:
        for time in [
            "0001-01-01",
            "0044-03-15 BC",
            "1970-01-01",
            "2024-05-31 23:59:59",
            "9999-12-31",
        ]:
            db.execute(
                "insert into lab.e (event_time, customer_id) values (%s, 1)", [f"{time} UTC"]
            )
        db.execute(
            "insert into lab.e (event_time, customer_id) values ('infinity', 1), ('-infinity', 1)"
        )
        assert rows(db, "select status from rollup.run('visits')") == [("done",)]
        db.execute("call rollup.create_history_partitions('lab.e')")
        db.execute("call rollup.create_history_partitions('lab.e')")
        assert rows(db, PAST.format("lab.e", "not is_default")) == [
            ("0001-01-01", "0001-01-02"), ("1970-01-01", "1970-01-02"), ("2024-05-31", "2024-06-01"),
            ("2024-06-01", "2024-06-02"), ("2024-06-02", "2024-06-03"),
        ]  # fmt: skip
        assert value(db, "select count(*) from lab.e_default") == 4
        assert value(db, "select count(*) from lab.e") == 7
        assert rows(db, "select status from rollup.run('visits')") == [("nothing new",)]
        assert value(db, "select count(*) from rollup.verify('visits')") == 0
        # What is dropped by hand is missing from then on, what never was is not.
        db.execute("drop table lab.e_p19700101")
        assert value(db, "select count(*) from rollup.verify('visits')") == 0
        assert value(
            db, "select rollup.missing_ranges('lab.e') = '{[1970-01-01 00:00Z,1970-01-02 00:00Z)}'"
        )
        # A range, before its events are there; longer partitions where these would be too many.
        db.execute("set rollup.max_partitions = 20")
        db.execute("call rollup.create_history_partitions('lab.e', '2023-02-03', '2024-03-01')")
        found = rows(db, PAST.format("lab.e", "range_from between '2022-01-01' and '2024-05-01'"))
        assert (len(found), found[0], found[-1]) == (
            13, ("2023-02-03", "2023-03-01"), ("2024-02-01", "2024-03-01"))  # fmt: skip
        db.execute("call rollup.create_history_partitions('lab.e', '2000-01-01', '2024-06-01')")
        assert (
            value(db, "select count(*) from rollup.partitions('lab.e') where not is_default") == 20
        )


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_partitions_made_by_hand(lab: Lab, zone: str) -> None:
    """They join those that exist without a gap, also where these begin at another zone's midnight."""
    with lab.connect() as db:
        db.execute(f"set timezone = '{zone}'".encode())
        db.execute(
            "create table lab.e (event_id bigserial, event_time timestamptz not null, customer_id bigint)"
            " partition by range (event_time)"
        )
        lab.distribute(db, "lab.e")
        db.execute(
            "create table lab.e_may partition of lab.e for values from ('2024-05-01') to ('2024-06-01')"
        )
        db.execute("create table lab.e_rest partition of lab.e default")
        db.execute(
            "insert into lab.e (event_time, customer_id) select t, 1"
            " from generate_series('2024-02-11', '2024-05-03', interval '1 hour') t"
        )
        events = rows(db, "select event_id, event_time from lab.e order by 1")
        db.execute("call rollup.create_history_partitions('lab.e')")
        made = rows(
            db, "select range_from, range_to from rollup.partitions('lab.e') where not is_default order by 1")  # fmt: skip
        assert [until for _, until in made[:-1]] == [since for since, _ in made[1:]]
        assert len(made) == 4
        assert value(db, "select count(*) from lab.e_rest") == 0
        assert rows(db, "select event_id, event_time from lab.e order by 1") == events


def test_events_are_loaded_where_no_partition_can_be_made(
    db: Connection, rollupctl: Rollupctl, database: str, connect: Callable[..., Connection]
) -> None:
    db.execute(f"alter database {database} set rollup.max_wait = '300 ms'".encode())
    with connect(autocommit=False) as reader:
        reader.execute("select * from events limit 1")
        loaded = rollupctl("load", "-", input=HEADER + "2024-05-06 00:00:00,1,x\n")
    assert loaded.returncode == 0
    assert "events of the past go to the default partition of public.events" in loaded.stderr
    assert "hint: later, `call rollup.create_history_partitions('public.events')`" in loaded.stderr
    assert value(db, IN_DEFAULT) == 1
    db.execute(f"alter database {database} set rollup.max_partitions = 0".encode())
    assert rollupctl("load", "-", input=HEADER + "2024-05-07 00:00:00,1,x\n").stderr == ""
    assert value(db, IN_DEFAULT) == 2
    db.execute("call rollup.create_history_partitions('events')")
    assert value(db, IN_DEFAULT) == 0


def test_lines_of_json(db: Connection, rollupctl: Rollupctl) -> None:
    lines = '{"event_time": "2024-05-06T07:08:09Z", "customer_id": 1}\n'
    loaded = rollupctl("load", "-", "--format", "ndjson", input=lines)
    assert (value(db, "select count(*) from events"), value(db, IN_DEFAULT)) == (1, 0), loaded
