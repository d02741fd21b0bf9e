"""What partitions of a rollup's table save when rows expire, and cost when events are counted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.lab import Lab, say
from bench.scenarios import Row, Sizes, compare

# A rollup by 5 minutes like the example's, with a table partitioned by month or not partitioned.
DECLARE = """select rollup.create_rollup(
    name => '{0}', source => 'events', bucket => '5 minutes', bucket_column => 'minute',
    dimensions => '{{event_type,country,browser}}', partition_interval => {1},
    measures => '{{"event_count": {{"count": "*"}}, "devices": {{"distinct": "device_id"}}}}')"""
ROWS = """insert into {0}
    select n % 100,
           date_bin('5 min', since + n % 25 * interval '1 day' + n % 86400 * interval '1 s',
                    '2000-01-01Z'),
           n::text, null, null, 1, hll_add(hll_empty(11, 5, -1, 1), hll_hash_bigint(n))
      from generate_series(1, {1}) n,
           (select date_trunc('month', now()) - interval '{2}' as since) x"""
EVENTS = """insert into events (event_time, customer_id, event_type, country, browser, device_id)
    select now() - n % 7200 * interval '1 s', n % 5, (n % 3)::text, 'de', (n % 4)::text, n % 1000
      from generate_series(1, {0}) n"""
KINDS = {"partitioned by month": "parts", "in one": "whole"}


def expiry(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """Expire the rows of one month and keep two; then count events into existing rows."""
    database = "bench_expiry"
    lab.make(database)
    with lab.connect(database) as db:
        db.execute("select rollup.drop_rollup(name, true) from rollup.rollups")
        for kind, name in KINDS.items():
            interval = "null" if name == "whole" else "'1 month'"
            db.execute(DECLARE.format(name, interval).encode())
            db.execute("select rollup.set_retention(%s, '35 days')", [name])
            say(f"filling a table {kind}")
            for age in ("0 months", "-1 month"):
                db.execute(ROWS.format(name, sizes.events, age).encode())
    say(f"{sizes.events} rows expire ", end="")
    parts, whole = lab.alternate(
        *(partial(expire, lab, database, name, sizes.events) for name in KINDS.values())
    )
    yield compare(f"{sizes.events:,} rows expire, by month", parts, "in one", whole, None)
    say(f"{sizes.new} events are counted ", end="")
    parts, whole = lab.alternate(
        *(partial(count, lab, database, name, sizes.new) for name in KINDS.values())
    )
    yield compare(f"{sizes.new:,} events into a table by month", parts, "in one", whole, None)
    lab.drop(database)


def expire(lab: Lab, database: str, name: str, number: int) -> float:
    with lab.connect(database) as db:
        if name == "parts":
            bounds = db.execute(
                "select (date_trunc('month', now()) - interval '3 months')::text,"
                " (date_trunc('month', now()) - interval '2 months')::text"
            ).fetchone()
            assert bounds is not None
            db.execute(
                "create table parts_old partition of parts"
                f" for values from ('{bounds[0]}') to ('{bounds[1]}')".encode()
            )
        db.execute(ROWS.format(name, number, "3 months").encode())
        db.execute(f"vacuum analyze {name}".encode())
        before = rows(lab, database, name)
    seconds = lab.seconds(database, f"select rollup.expire_rollup('{name}', max_rows => 10000000)")
    assert before - rows(lab, database, name) == number
    return seconds


def rows(lab: Lab, database: str, name: str) -> int:
    return int(lab.value(database, f"select count(*) from {name}"))


def count(lab: Lab, database: str, name: str, number: int) -> float:
    with lab.connect(database) as db:
        db.execute(EVENTS.format(number).encode())
        db.execute("vacuum analyze events")
    return lab.seconds(database, f"select rollup.run('{name}')")
