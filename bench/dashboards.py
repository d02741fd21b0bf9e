"""Latency of a dashboard: of a rollup's table at rest, and of its live view under load."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

from bench.lab import Lab, say
from bench.scenarios import COLUMNS, REST, Row, Sizes

CUSTOMERS = 100
RATE = 10_000  # events per second while the live view is read
QUESTIONS = 300
# What docs/performance.md advises where live views are asked about one tenant.
LIVE_INDEX = b"create index on events (customer_id, event_id)"
# The tutorial's second question: events and sessions of one customer over a week.
QUESTION = """
select sum(event_count), hll_cardinality(hll_union_agg(session_distinct_count)) from {}
 where customer_id = %s and hour >= now() - interval '7 days' and hour <= now()
"""


def dashboards(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """One customer's week, by hour and three dimensions; the 95th percentile of many queries.

    A dashboard asks again and again, over connections that stay: every customer has been asked
    about once before. How long that takes, in a new connection, is told beside it.
    """
    name = "bench_dashboards"
    lab.make(name)
    say(f"making a week of {sizes.past} events")
    with lab.connect(name) as db:
        db.execute("select rollup.drop_rollup('rollup_events_5min')")
        db.execute("select setseed(0.5)")
        db.execute(
            f"insert into events (event_time, {COLUMNS})"
            f" select now() - interval '7 days' * (1 - n::float8 / {sizes.past}),"
            f" 1 + floor(random() * {CUSTOMERS})::bigint, {REST}"
            f" from generate_series(1, {sizes.past}) n".encode()
        )
        db.execute("vacuum analyze events")
        db.execute("call rollup.run_all()")
        db.execute("vacuum analyze")
        db.execute("checkpoint")
    say(
        f"{QUESTIONS} questions of the table and of the live view, also with {RATE} events a second"
    )
    # As on a server in use, where frequently updated tables are vacuumed.
    autovacuum(lab, "on")
    first, table = ask(lab, name, "rollup_events_1hr")
    yield Row(
        f"a customer's week, table, {sizes.past:,} events, 95 % within", table.most, "", None,
        table.most, 10.0, unit="ms",
    )  # fmt: skip
    yield Row(
        "the same, the first time", first.most, "again", table.most, first.most / table.most,
        unit="ms",
    )  # fmt: skip
    for indexed in ("", ", with the index"):
        with lab.connect(name) as db:
            if indexed:
                db.execute("call rollup.run_all()")
                db.execute(LIVE_INDEX)
            db.execute(insertion(sizes.late * 2))
            db.execute("vacuum analyze events")
        _, live = ask(lab, name, "rollup_events_1hr_live")
        what = f"live view, {2 * sizes.late:,} events uncounted{indexed}"
        for share, found, at_rest in (
            ("half", live.half, table.half),
            ("95 %", live.most, table.most),
        ):
            yield Row(
                f"{what}, {share} within", found, "table", at_rest, found / at_rest, 2.0, unit="ms"
            )
        rate, live, meanwhile = ask_under_load(lab, name)
        what = f"live view, {rate:,.0f} events/s coming in{indexed}, 95 % within"
        yield Row(what, live.most, "table", table.most, live.most / table.most, 2.0, unit="ms")
        yield Row(
            "the same", live.most, "table meanwhile", meanwhile.most, live.most / meanwhile.most,
            unit="ms",
        )  # fmt: skip
    autovacuum(lab, "off")
    lab.drop(name)


def autovacuum(lab: Lab, state: str) -> None:
    with lab.connect("postgres") as db:
        db.execute(f"alter system set autovacuum = {state}".encode())
        db.execute("select pg_reload_conf()")


class Answered(NamedTuple):
    """Milliseconds within which half of some questions were answered, and 95 % of them."""

    half: float
    most: float


def ask(lab: Lab, database: str, relation: str, pause: float = 0.0) -> tuple[Answered, Answered]:
    """Questions about each customer for the first time, then about any of them."""
    dice = random.Random(1)
    question = QUESTION.format(relation).encode()
    with lab.connect(database) as db:

        def within(customers: list[int]) -> Answered:
            found = []
            for customer in customers:
                began = time.perf_counter()
                db.execute(question, [customer])
                found.append((time.perf_counter() - began) * 1000)
                time.sleep(pause)
            found.sort()
            return Answered(found[len(found) // 2], found[int(len(found) * 0.95)])

        return (
            within(list(range(1, CUSTOMERS + 1))),
            within([dice.randint(1, CUSTOMERS) for _ in range(QUESTIONS)]),
        )


def ask_under_load(lab: Lab, database: str) -> tuple[float, Answered, Answered]:
    """Events a second that came in while runs went on, and how live view and table answered."""
    stop = threading.Event()
    written: list[int] = []
    threads = [
        threading.Thread(target=write, args=(lab, database, stop, written)),
        threading.Thread(target=roll, args=(lab, database, stop)),
    ]
    for thread in threads:
        thread.start()
    time.sleep(3)
    began, before = time.monotonic(), sum(written)
    _, live = ask(lab, database, "rollup_events_1hr_live", pause=0.05)
    _, table = ask(lab, database, "rollup_events_1hr", pause=0.05)
    rate = (sum(written) - before) / (time.monotonic() - began)
    stop.set()
    for thread in threads:
        thread.join()
    return rate, live, table


def insertion(events: int) -> bytes:
    return (
        f"insert into events ({COLUMNS})"
        f" select 1 + floor(random() * {CUSTOMERS})::bigint, {REST}"
        f" from generate_series(1, {events})"
    ).encode()


def write(lab: Lab, database: str, stop: threading.Event, written: list[int]) -> None:
    """Insert events at the rate, those of a tenth of a second in each transaction, if the machine
    can.
    """
    batch = RATE // 10
    text = insertion(batch)
    with lab.connect(database) as db:
        due = time.monotonic()
        while not stop.is_set():
            db.execute(text)
            written.append(batch)
            due += 0.1
            time.sleep(max(0.0, due - time.monotonic()))


def roll(lab: Lab, database: str, stop: threading.Event) -> None:
    with lab.connect(database) as db:
        while not stop.is_set():
            db.execute("call rollup.run_all()")
            stop.wait(0.5)
