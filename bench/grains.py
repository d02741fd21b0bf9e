"""Several grains in one pass, and late events."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.lab import Lab, say
from bench.scenarios import (
    COLUMNS,
    REST,
    Row,
    Sizes,
    compare,
    counted,
    drop_topn,
    make_history,
)

GRAINS = {"1min": "1 minute", "5min": "5 minutes", "1hr": "1 hour", "1day": "1 day"}
MEASURES = (
    '{"event_count": {"count": "*"}, "device_distinct_count": {"distinct": "device_id"},'
    ' "session_distinct_count": {"distinct": "session_id"},'
    ' "top_devices_1000": {"top": "device_id", "counters": 1000}}'
)
# The start of a day, so that all events are in the same day, hour and five minutes.
DAWN = "date_trunc('day', now(), 'UTC')"
# Shape of the events: customers, and the minutes over which they are distributed.
SHAPES = {
    "in one minute": (1000, 1),
    "over two hours": (1000, 120),
    "of 20 customers in ten minutes": (20, 10),
}


def grains(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """Four rollups that differ only in their bucket, compared with the finest of them alone.

    The events are the tutorial's: they make many groups, of few events each, or, with fewer
    customers, of many. Where they are of one minute, a second million of the next minute follows,
    for which the coarser rollups have their rows already.
    """
    kinds = ["SQL TopN"]
    lab.make("grains_base")
    if lab.value("grains_base", "select exists (select from pg_extension where extname = 'topn')"):
        kinds.append("C topn")
    lab.drop("grains_base")
    for kind in kinds:
        for shape, (customers, minutes) in SHAPES.items():
            databases = {"alone": "grains_alone", "four": "grains_four"}
            for name, members in zip(databases.values(), (["1min"], list(GRAINS)), strict=True):
                lab.make(name)
                declare(lab, name, members, kind)
                fill_spread(lab, name, sizes.events, customers, minutes)
            say(f"{sizes.events} events {shape}, {kind} ", end="")
            one, four = lab.alternate(*(partial(first_run, lab, n) for n in databases.values()))
            yield compare(f"four grains, events {shape}, {kind}", four, "1 minute alone", one, 1.3)
            if minutes == 1:
                say("and the minute after ", end="")
                one, four = lab.alternate(
                    *(partial(next_run, lab, n, sizes.events) for n in databases.values())
                )
                yield compare(
                    f"four grains, the minute after, {kind}", four, "1 minute alone", one, 1.3
                )
            for name in databases.values():
                lab.drop(name)


def declare(lab: Lab, database: str, members: list[str], kind: str) -> None:
    """Declare only these rollups, instead of the example's."""
    if kind == "SQL TopN":
        with lab.connect(database) as db:
            there = db.execute("select from pg_extension where extname = 'topn'").fetchall()
        if there:
            drop_topn(lab, database)
    with lab.connect(database) as db:
        db.execute("select rollup.drop_rollup(name) from rollup.rollups")
        for member in members:
            db.execute(
                "select rollup.create_rollup(%s, 'events', %s, %s::json,"
                " '{event_type,country,browser}')",
                [f"grain_{member}", GRAINS[member], MEASURES],
            )


def fill_spread(lab: Lab, database: str, events: int, customers: int, minutes: int) -> None:
    with lab.connect(database) as db:
        db.execute("select setseed(0.5)")
        db.execute(events_of(events, customers, f"n * interval '{minutes} minutes' / {events + 1}"))
        db.execute("vacuum analyze events")


def events_of(events: int, customers: int, after: str) -> bytes:
    """An insert of events at a time after the start of the day, an expression over their number."""
    return (
        f"insert into events (event_time, {COLUMNS}) select {DAWN} + {after},"
        f" 1 + floor(random() * {customers})::bigint, {REST} from generate_series(1, {events}) n"
    ).encode()


def first_run(lab: Lab, database: str) -> float:
    with lab.connect(database) as db:
        for (table,) in db.execute("select target::regclass::text from rollup.rollups").fetchall():
            db.execute(f"truncate {table}".encode())
        db.execute("truncate rollup_internal.watermarks, rollup_internal.runs")
    seconds = lab.seconds(database, "call rollup.run_all()")
    events = lab.value(database, "select count(*) from events")
    assert counted(lab, database, "grain_1min") == events
    return seconds


def next_run(lab: Lab, database: str, events: int) -> float:
    """New events of another minute, in groups that the coarser rollups already have."""
    with lab.connect(database) as db:
        db.execute("truncate grain_1min")
        db.execute(events_of(events, 1000, "interval '1 minute'"))
        db.execute("vacuum (analyze)")
    return lab.seconds(database, "call rollup.run_all()")


def backdated(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """A run over events of the last 24 hours, compared with one over current events."""
    name = "bench_backdated"
    say(f"making a history of {sizes.past} events")
    make_history(lab, name, sizes.past, 1)
    say(f"{sizes.late} events, current or back-dated ", end="")
    late, current = lab.alternate(
        partial(run_late, lab, name, sizes.late, "random() * interval '24 hours'"),
        partial(run_late, lab, name, sizes.late, "interval '0'"),
    )
    yield compare(
        f"{sizes.late:,} events back-dated over 24 hours, {sizes.past:,} of history",
        late,
        f"{sizes.late:,} current events",
        current,
        1.5,
    )
    lab.drop(name)


def run_late(lab: Lab, database: str, events: int, ago: str) -> float:
    with lab.connect(database) as db:
        db.execute(
            f"insert into events (event_time, {COLUMNS}) select now() - {ago},"
            f" 1 + floor(random() * 1000)::bigint, {REST}"
            f" from generate_series(1, {events})".encode()
        )
    return lab.seconds(database, "call rollup.run_all()")
