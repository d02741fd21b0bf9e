"""The cost of one tenant's late data, and of filling in a measure instead of counting again."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.lab import Lab, say
from bench.scenarios import Row, Sizes, compare

# One day, a hundred tenants, 1,000 devices each.
EVENTS = """insert into events (event_time, customer_id, event_type, country, browser, device_id)
    select date_trunc('day', now()) - interval '1 day' + n % 86400 * interval '1 s',
           1 + n * 31 % 100,
           (n % 3)::text, 'de', (n % 4)::text, n % 1000
      from generate_series(1, {0}) n"""
NAME = "rollup_events_5min"
YESTERDAY = "date_trunc('day', now()) - interval '1 day', date_trunc('day', now())"
ONE = f"select * from rollup.rebuild('{NAME}', {YESTERDAY}, '7')"
ALL = f"select * from rollup.rebuild('{NAME}', {YESTERDAY})"
ADD = f"""select rollup.alter_rollup('{NAME}', '{{"first_session": {{"min": "session_id"}}}}')"""
DROP = f"select rollup.alter_rollup('{NAME}', drop_measures => '{{first_session}}')"


def care(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """Rebuild a day for one tenant of a hundred, and for all; then fill in a measure."""
    database = "bench_care"
    lab.make(database)
    say(f"counting {sizes.events} events of a day")
    lab.seconds(database, EVENTS.format(sizes.events), "call rollup.run_all()", "vacuum analyze")
    one, everyone = lab.alternate(
        partial(lab.seconds, database, ONE), partial(lab.seconds, database, ALL)
    )
    yield compare("a day rebuilt, one tenant of 100", one, "all tenants", everyone, None)
    filled, everyone = lab.alternate(
        partial(fill, lab, database), partial(lab.seconds, database, ALL)
    )
    yield compare("a day of an added minimum filled in", filled, "rebuilt", everyone, None)
    lab.drop(database)


def fill(lab: Lab, database: str) -> float:
    lab.seconds(database, ADD)
    seconds = lab.seconds(database, f"call rollup.backfill_measures('{NAME}')")
    lab.seconds(database, DROP)
    return seconds
