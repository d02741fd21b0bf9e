"""Runs, jobs and live views where a source has many partitions, and many rollups.

Planning and the engine's own queries take most of the time there, so that the processor time of the
session is compared: other work on the machine hardly changes it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.lab import Connection, Lab, say
from bench.scenarios import COLUMNS, REST, Row, Sizes, compare

FEW, MANY = 10, 400
ROLLUPS = 50
QUESTION = "select * from {} where customer_id = 5 and hour >= now() - interval '1 day'"


def partitions(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """Ten new events after 20,000, over 10 and over 400 daily partitions."""
    databases = {count: f"bench_partitions_{count}" for count in (FEW, MANY)}
    for count, name in databases.items():
        say(f"making {count} partitions")
        make_partitions(lab, name, count)
    run = {
        n: after_ten_events(lab, d, "select five_minutely_aggregation()")
        for n, d in databases.items()
    }
    yield compare_ms(f"run of ten events, {MANY} partitions", run[MANY], f"{FEW}", run[FEW], 2.0)
    gaps = {
        n: after_ten_events(lab, d, "select five_minutely_aggregation()", gap=True)
        for n, d in databases.items()
    }
    yield compare_ms(
        f"the same, an id is missing, {MANY} partitions", gaps[MANY], f"{FEW}", gaps[FEW], None
    )
    table = ask(lab, databases[MANY], "rollup_events_1hr")
    yield Row(
        f"the table, a tenant's day, {MANY} partitions", table, "", None, table, unit="ms CPU"
    )
    for what, prepared in (
        (f"live view, a tenant's day, {MANY} partitions", False),
        ("the same, prepared, generic plan", True),
    ):
        live = ask(lab, databases[MANY], "rollup_events_1hr_live", prepared=prepared)
        yield Row(what, live, "", None, live, 5.0, unit="ms CPU")
    for name in databases.values():
        with lab.connect(name) as db:
            for number in range(ROLLUPS):
                db.execute(
                    "select rollup.create_rollup(%s, source => 'events', bucket => '1 hour',"
                    " dimensions => '{country}', measures => json_build_object(%s::text,"
                    " json_build_object('count', '*')))",
                    [f"r_{number}", f"n_{number}"],
                )
            db.execute("call rollup.run_all()")
    job = {n: after_ten_events(lab, d, "call rollup.run_all()") for n, d in databases.items()}
    yield compare_ms(
        f"run_all of {ROLLUPS + 2} rollups, {MANY} partitions", job[MANY], f"{FEW}", job[FEW], 2.0
    )
    for name in databases.values():
        lab.drop(name)


def compare_ms(what: str, mine: float, against: str, other: float, target: float | None) -> Row:
    row = compare(what, mine, against, other, target)
    return Row(row.what, mine, against, other, row.ratio, target, unit="ms CPU")


def make_partitions(lab: Lab, name: str, count: int) -> None:
    lab.make(name)
    with lab.connect(name) as db:
        row = db.execute(
            "select count(*), min(range_from)::date from rollup.partitions('events')"
        ).fetchone()
        assert row is not None
        for number in range(1, count - row[0] + 1):
            bounds = db.execute(
                "select (%(first)s::timestamptz - %(n)s * interval '1 day')::text,"
                " (%(first)s::timestamptz - (%(n)s - 1) * interval '1 day')::text",
                {"first": row[1], "n": number},
            ).fetchone()
            assert bounds is not None
            db.execute(
                f"create table events_day_{number} partition of events"
                f" for values from ('{bounds[0]}') to ('{bounds[1]}')".encode()
            )
        db.execute(
            f"insert into events (event_time, {COLUMNS})"
            f" select now() - interval '{count - 8} days' * random(),"
            f" 1 + (random() * 49)::bigint, {REST}"
            " from generate_series(1, 20000)".encode()
        )
        db.execute("vacuum analyze events")
        db.execute("call rollup.run_all()")
        db.execute("vacuum analyze")


def after_ten_events(lab: Lab, name: str, statement: str, gap: bool = False) -> float:
    with lab.connect(name) as db:

        def once() -> float:
            db.execute(
                f"insert into events ({COLUMNS}) select 1 + (random() * 49)::bigint, {REST}"
                " from generate_series(1, 10)".encode()
            )
            if gap:
                db.execute("select nextval('events_event_id_seq')")
            began = processor(db)
            db.execute(statement.encode())
            return processor(db) - began

        once()
        return median(once() for _ in range(max(3 * lab.runs, 3)))


def ask(lab: Lab, name: str, relation: str, prepared: bool = False) -> float:
    """A session that stays asks again and again."""
    with lab.connect(name) as db:
        db.prepare_threshold = None  # otherwise the sixth would be prepared
        question = QUESTION.format(relation)
        if prepared:
            db.execute("set plan_cache_mode = force_generic_plan")
            db.execute(f"prepare question as {question}".encode())
            question = "execute question"

        def once() -> float:
            began = processor(db)
            db.execute(question.encode())
            return processor(db) - began

        once()
        return median(once() for _ in range(max(5 * lab.runs, 5)))


def processor(db: Connection) -> float:
    """Processor time of a session's server process in ms; elsewhere than on Linux, the clock."""
    path = Path(f"/proc/{db.info.backend_pid}/schedstat")
    if path.exists():
        return int(path.read_text().split()[0]) / 1e6
    return time.perf_counter() * 1000
