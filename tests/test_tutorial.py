"""The tutorial's commands, as they are written there, typed into psql in the project's folder."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psycopg

from rollupctl.generate import Sample
from tests.bruteforce import (
    Event,
    about,
    assert_are_top,
    assert_rollup_is_exact,
    bucket,
    group,
    read_events,
    together,
    utc,
)
from tests.conftest import Connection
from tests.servers import ROOT, Server

SCHEMA = ["\\i schema-1.sql", "\\i schema-2.sql"]
SETUP = ["\\i setup_rollup.sql"]
FUNCTIONS = ["\\i 5minutely_aggregation.sql", "\\i hourly_aggregation.sql"]
LOAD = [
    "\\COPY events(customer_id,event_type,country,browser,device_id,session_id) FROM data/1.csv WITH (FORMAT CSV,HEADER TRUE);",
    "\\COPY events(customer_id,event_type,country,browser,device_id,session_id) FROM data/2.csv WITH (FORMAT CSV,HEADER TRUE);",
]
AGGREGATE = ["SELECT five_minutely_aggregation();", "SELECT hourly_aggregation();"]
QUERIES = [
    """\
SELECT sum(event_count), hll_cardinality(sum(device_distinct_count)) 
FROM rollup_events_5min where minute >=now()-interval '5 minutes' AND minute <=now() AND customer_id=1;
""",  # noqa: W291
    """\
SELECT sum(event_count), hll_cardinality(sum(device_distinct_count)) FROM 
rollup_events_1hr where hour >=date_trunc('day',now())-interval '7 days' AND hour <=now() AND customer_id=1;
""",  # noqa: W291
    """\
SELECT hour, sum(event_count) event_count, hll_cardinality(sum(device_distinct_count)) device_count, hll_cardinality(sum(session_distinct_count)) 
session_count FROM rollup_events_1hr where hour >=date_trunc('day',now())-interval '2 days' AND hour <=now() AND customer_id=1 GROUP BY hour;
""",  # noqa: W291
    """\
SELECT (topn(topn_union_agg(top_devices_1000), 10)).item device_id
FROM rollup_events_5min  where minute >=date_trunc('day',now())-interval '30 minutes' AND minute <=now() AND customer_id=2;
""",
]
SCHEDULE = [
    "SELECT cron.schedule('*/5 * * * *', 'SELECT five_minutely_aggregation();');",
    "SELECT cron.schedule('*/5 * * * *', 'SELECT hourly_aggregation();');",
]
EXPIRY = "DROP TABLE {};"

Answers = list[list[str]]  # of each command, the lines it printed
Typist = Callable[[Iterable[str]], Answers]


def run_psql(dsn: str, text: str) -> str:
    """What psql prints; notices that something is there already are all it may say besides."""
    done = subprocess.run(
        ["psql", "-X", "-q", "-At", "-F", "|", "-v", "ON_ERROR_STOP=1", dsn],
        input=text,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PGTZ": "UTC"},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    notices = [line for line in done.stderr.splitlines() if "already exists, skipping" in line]
    assert done.stderr.splitlines() == notices
    return done.stdout


def in_one_session(dsn: str, commands: Iterable[str]) -> Answers:
    mark = "-- next --"
    text = f"\n\\echo {mark}\n".join(commands)
    return [answer.splitlines() for answer in run_psql(dsn, text).split(f"{mark}\n")]


def in_sessions_of_their_own(dsn: str, commands: Iterable[str]) -> Answers:
    return [run_psql(dsn, command).splitlines() for command in commands]


def timed(query: str) -> str:
    """The query, and before its answer a line with the time that it calls now()."""
    return f"begin;\nselect extract(epoch from now());\n{query}commit;"


def loaded_events(db: Connection, files: Iterable[int]) -> list[Event]:
    """The rows of the files that were copied one after the other, at the times they have there."""
    times = db.execute("select distinct extract(epoch from event_time) from events order by 1")
    return [
        event
        for number, (time,) in zip(files, times, strict=True)
        for event in read_events(ROOT / "data" / f"{number}.csv", float(time))
    ]


def assert_dashboards_are_right(
    answers: Answers, events: list[Event], *, corrected: bool = False
) -> None:
    """The answers to the four dashboard queries, each after the time at which it was asked."""
    asked = [float(answer.pop(0)) for answer in answers]
    first = [e for e in events if e.customer == 1]

    recent = together(e for e in first if bucket(e.time, 300) >= asked[0] - 300)
    (number, devices), *rest = (line.split("|") for line in answers[0])
    assert (number, rest) == (str(recent.events) if recent.events else "", [])
    assert float(devices or 0) == about(len(recent.devices))

    week = together(first)
    ((number, distinct),) = (line.split("|") for line in answers[1])
    assert int(number) == week.events
    assert float(distinct) == about(len(week.sessions if corrected else week.devices))

    hours = group(first, lambda e: (bucket(e.time, 3600), e.customer, None, None, None))
    rows = {hour: rest for hour, *rest in (line.split("|") for line in answers[2])}
    assert set(rows) == {utc(key[0]) for key in hours}
    for key, hour in hours.items():
        number, devices, sessions = rows[utc(key[0])]
        assert int(number) == hour.events
        assert float(devices) == about(len(hour.devices))
        assert float(sessions) == about(len(hour.sessions))

    since = asked[3] - 1800 if corrected else bucket(asked[3], 86400) - 1800
    busy = together(e for e in events if e.customer == 2 and bucket(e.time, 300) >= since)
    found = [line.split("|") for line in answers[3]]
    assert_are_top([device for device, *_ in found], busy.devices, 10)
    if corrected:
        assert [int(count) for _, count in found] == [busy.devices[device] for device, _ in found]


def test_tutorial_in_one_session(empty_cron_dsn: str, server: Server) -> None:
    follow_tutorial(empty_cron_dsn, server, in_one_session, "5 minutes")


def test_tutorial_in_a_session_for_each_command(empty_cron_dsn: str, server: Server) -> None:
    follow_tutorial(empty_cron_dsn, server, in_sessions_of_their_own, None)


def follow_tutorial(
    dsn: str,
    server: Server,
    type_in: Callable[[str, Iterable[str]], Answers],
    partition_interval: str | None,
) -> None:
    schema = list(SCHEMA)
    if partition_interval:
        schema[0] = f"set rollup.partition_interval = '{partition_interval}';\n{schema[0]}"
    before = [*schema, *SETUP, *FUNCTIONS, *LOAD, *AGGREGATE]
    answers = type_in(dsn, [*before, *map(timed, QUERIES), *SCHEDULE])
    counted = answers[len(before) - 2 : len(before)]
    dashboards = answers[len(before) : len(before) + 4]
    jobs = answers[len(before) + 4 :]

    with psycopg.connect(dsn, autocommit=True) as db:
        events = loaded_events(db, (1, 2))
        groups = db.execute(
            "select (select count(*) from rollup_events_5min), (select count(*) from"
            " rollup_events_1hr)"
        ).fetchone()
        assert groups is not None
        assert counted == [[f"(done,4000,{number},f)"] for number in groups]
        assert_rollup_is_exact(db, "rollup_events_5min", "minute", 300, events)
        assert_rollup_is_exact(db, "rollup_events_1hr", "hour", 3600, events)
        assert_dashboards_are_right(dashboards, events)

        for (job,), command in zip(jobs, ("five_minutely", "hourly"), strict=True):
            found = db.execute("select command, schedule from cron.job where jobid = %s", [job])
            assert found.fetchall() == [(f"SELECT {command}_aggregation();", "*/5 * * * *")]

        partitions = partitions_with_events(db)
        length = "00:05:00" if partition_interval else "1 day"
        assert {found for _, found in partitions} == {length}
        kept = (
            "select (select sum(event_count) from rollup_events_5min),"
            " (select count(*) from events)"
        )
        assert db.execute(kept).fetchall() == [(4000, 4000)]
        for partition, _ in partitions:
            type_in(dsn, [EXPIRY.format(partition)])
        assert db.execute(kept).fetchall() == [(4000, 0)]
        if server.is_citus:
            assert shards_without_table(db) == []


def partitions_with_events(db: Connection) -> list[tuple[str, str]]:
    """Name and length of the partitions that hold something."""
    ranges = db.execute(
        "select partition::text, range_from, range_to, (range_to - range_from)::text"
        " from rollup.partitions('events') where not is_default"
    ).fetchall()
    held = "select 1 from events where event_time >= %s and event_time < %s limit 1"
    return [
        (partition, length)
        for partition, since, until, length in ranges
        if db.execute(held, [since, until]).fetchone()
    ]


def shards_without_table(db: Connection) -> list[Any]:
    return db.execute(
        "select * from pg_dist_shard s where not exists (select from pg_class c"
        " where c.oid = s.logicalrelid)"
    ).fetchall()


def test_remaining_steps_in_order(empty_dsn: str) -> None:
    # copy.sql and queries.sql, which the tutorial only points at.
    asked = timed("")
    steps = [*SCHEMA, *SETUP, *FUNCTIONS, "\\i copy.sql", *AGGREGATE, f"{asked}\n\\i queries.sql"]
    answers = in_one_session(empty_dsn, steps)
    with psycopg.connect(empty_dsn, autocommit=True) as db:
        events = loaded_events(db, range(1, 11))
        assert len(events) == 20_000
        assert_rollup_is_exact(db, "rollup_events_5min", "minute", 300, events)
        assert_rollup_is_exact(db, "rollup_events_1hr", "hour", 3600, events)

    # The third answer is one line an hour, the last ten devices.
    time, *lines = answers[-1]
    parts = [lines[:1], lines[1:2], lines[2:-10], lines[-10:]]
    assert_dashboards_are_right([[time, *part] for part in parts], events, corrected=True)


def test_steps_may_be_repeated(empty_dsn: str) -> None:
    steps = [*SCHEMA, *SETUP, *FUNCTIONS]
    in_one_session(empty_dsn, [*steps, *LOAD, *AGGREGATE])
    again = in_one_session(empty_dsn, [*steps, *AGGREGATE])
    assert again[-2:] == [['("nothing new",0,0,f)']] * 2
    with psycopg.connect(empty_dsn) as db:
        totals = "select sum(event_count) from rollup_events_5min"
        assert db.execute(totals).fetchone() == (4000,)


def test_steps_run_from_any_folder(empty_dsn: str, tmp_path: Path) -> None:
    steps = [
        f"\\i '{ROOT}/{step.removeprefix(chr(92) + 'i ')}'\n" for step in SCHEMA + SETUP + FUNCTIONS
    ]
    done = subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", empty_dsn],
        input="".join(steps),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    with psycopg.connect(empty_dsn) as db:
        assert db.execute("select count(*) from rollup.rollups").fetchone() == (2,)


def test_sample_files_can_be_made_again(tmp_path: Path) -> None:
    # rollupctl generate data --files 10 --rows 2000 --customers 100 --skew --force
    Sample(files=10, rows=2000, customers=100, skew=True).write(tmp_path)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in (ROOT / "data").glob("*.csv")}
