"""What updates and deletes cost, and that inserts pay nothing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.lab import Lab, say
from bench.scenarios import Row, Sizes, compare

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
    lab.drop(database)


def one_update(lab: Lab, database: str) -> float:
    lab.seconds(database, UPDATE)
    return lab.seconds(database, RUN)
