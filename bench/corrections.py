"""What updates and deletes cost, and that inserts pay nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial

from bench.lab import Lab, say
from bench.scenarios import Row, Sizes, compare
from bench.sustained import EVERY, figure, roll

# Ten days of a hundred tenants: 1,000 tenant-days.
EVENTS = """insert into events (event_time, customer_id, event_type, country, browser, device_id)
    select date_trunc('day', now()) - interval '10 days' + n * interval '10 days' / {0},
           n * 31 % 100, (n % 3)::text, 'de', (n % 4)::text, n % 1000
      from generate_series(1, {0} - 1) n"""
# One bucket of a tenant with 10,000 events.
BUCKET = """insert into events (event_time, customer_id, event_type, country, browser, device_id)
    select date_trunc('day', now()) - interval '5 days' + n * interval '20 ms', 100,
           (n % 3)::text, 'de', 'x', n % 1000
      from generate_series(1, 10000) n"""
INSERT = """insert into events (event_time, customer_id, event_type, device_id)
    select now(), n % 100, 'new', n from generate_series(1, {0}) n"""
DELETE = "delete from events where customer_id < 100 and event_id % {0} = 0"
UPDATE = """update events set browser = 'y' where event_id = (
    select max(event_id) from events where customer_id = 100) and event_time < now()"""
RUN = "call rollup.run_all()"
# What a stream of changes does to events of the last day.
CHANGES = 1_000  # a second
STATEMENT = 100  # rows of one statement
CHANGE = """update events e
     set device_id = (random() * 1000)::bigint, browser = (random() < 0.5)::text
    from (select {0} - 1 - (random() * ({0} / 10 - 2))::bigint as n
            from generate_series(1, %s)) x
   where e.event_id = x.n
     and e.event_time >= date_trunc('day', now()) - interval '25 hours'
     and e.event_time = date_trunc('day', now()) - interval '10 days'
                        + x.n * interval '10 days' / {0}"""


def corrections(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """Insert with and without triggers; correct one bucket; correct 1,000 tenant-days."""
    database = "bench_corrections"
    lab.make(database)
    say(f"{sizes.events} events of 1,000 tenant-days ")
    lab.seconds(database, EVENTS.format(sizes.events), "vacuum analyze")
    counted = lab.seconds(database, RUN)
    lab.seconds(database, BUCKET, RUN)
    (inserted,) = lab.alternate(partial(lab.seconds, database, INSERT.format(sizes.new)))
    lab.seconds(database, "select rollup.follow_changes('public.events')", RUN)
    (followed,) = lab.alternate(partial(lab.seconds, database, INSERT.format(sizes.new)))
    yield compare(
        f"{sizes.new:,} inserts, changes followed", followed, "not followed", inserted, None
    )
    lab.seconds(database, RUN)
    (nothing,) = lab.alternate(partial(lab.seconds, database, RUN))
    (one,) = lab.alternate(partial(one_update, lab, database))
    yield compare("one update in a bucket of 10,000 corrected", one, "nothing to do", nothing, None)
    deleted = sizes.events // 10
    lab.seconds(database, DELETE.format(10))
    corrected = lab.seconds(database, RUN)
    yield compare(f"{deleted:,} deletes in 1,000 tenant-days corrected", corrected,
                  "counting these days once", counted, 2.0)  # fmt: skip
    yield from only_changes(lab, database, sizes)
    lab.drop(database)


def one_update(lab: Lab, database: str) -> float:
    lab.seconds(database, UPDATE)
    return lab.seconds(database, RUN)


def only_changes(lab: Lab, database: str, sizes: Sizes) -> Iterator[Row]:
    """Rows are updated at a steady rate and none are added, with a run every 10 s."""
    seconds = 60 * min(sizes.minutes, 1.0)
    say(f"{CHANGES} updates a second for {seconds:.0f} seconds")
    stop = threading.Event()
    changed: list[int] = []
    runs: list[float] = []
    threads = [
        threading.Thread(target=change, args=(lab, database, sizes.events, stop, changed)),
        threading.Thread(target=roll, args=(lab, database, stop, runs)),
    ]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    rate = sum(changed) / (time.monotonic() - began)
    yield figure("updates a second, and nothing else", rate, "", CHANGES, at_least=True)
    yield figure("a run meanwhile, the longest", max(runs, default=0.0), "s", EVERY)
    lab.seconds(database, RUN)
    for name in ("rollup_events_5min", "rollup_events_1hr"):
        different = lab.value(database, f"select count(*) from rollup.verify('{name}')")
        assert different == 0, f"{name} differs in {different} rows"


def change(lab: Lab, database: str, events: int, stop: threading.Event, changed: list[int]) -> None:
    statement = CHANGE.format(events).encode()
    with lab.connect(database) as db:
        due = time.monotonic()
        while not stop.is_set():
            changed.append(db.execute(statement, [STATEMENT]).rowcount)
            due += STATEMENT / CHANGES
            time.sleep(max(0.0, due - time.monotonic()))
