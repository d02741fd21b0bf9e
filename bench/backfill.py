"""A backlog filled in by two sessions side by side, and by one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial

from bench.lab import Lab, say
from bench.peers import fill_between
from bench.scenarios import Row, Sizes, compare, counted

NAMES = {"history_5min": "5 minutes", "history_1hr": "1 hour"}
MEASURES = (
    '{"event_count": {"count": "*"}, "devices": {"distinct": "device_id"},'
    ' "sessions": {"distinct": "session_id"}, "top_devices": {"top": "device_id"}}'
)


def backfill(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """Two new rollups of one family, over events of 23 hours."""
    database = "bench_backfill"
    lab.make(database)
    say(f"{sizes.events} events over 23 hours ", end="")
    fill_between(lab, database, sizes.events, "23 hours")
    two, one = lab.alternate(
        partial(fill_in, lab, database, sizes.events, 2),
        partial(fill_in, lab, database, sizes.events, 1),
    )
    yield compare("a backlog filled in by two sessions", two, "by one", one, 0.6)
    lab.drop(database)


def fill_in(lab: Lab, database: str, events: int, sessions: int) -> float:
    with lab.connect(database) as db:
        for name, bucket in NAMES.items():
            db.execute(
                "select rollup.create_rollup(%s, 'events', %s, %s,"
                " dimensions => '{event_type, country, browser}', newest_first => true)",
                [name, bucket, MEASURES],
            )
        db.execute("checkpoint")
    call = "call rollup.backfill('history_1hr')"
    threads = [threading.Thread(target=lab.seconds, args=(database, call)) for _ in range(sessions)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    with lab.connect(database) as db:
        for name in NAMES:
            assert counted(lab, database, name) == events
            db.execute("select rollup.drop_rollup(%s)", [name])
            db.execute(f"drop table {name}".encode())
    return seconds
