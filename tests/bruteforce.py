"""What rollups of the tutorial's shape must hold, counted from CSV rows in plain Python."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tests.conftest import Connection

# Sketches of 2^11 registers count exactly while they are small; beyond that their standard error
# is 1.04 / sqrt(2048), and this is four times that.
EXACT_UP_TO = 128
HLL_ERROR = 0.092

# Seconds since 1970 of a bucket's start, and customer, event type, country, browser.
Key = tuple[int, int, str | None, str | None, str | None]


@dataclass(frozen=True)
class Event:
    time: float  # seconds since 1970
    customer: int
    event_type: str | None
    country: str | None
    browser: str | None
    device: int
    session: int


@dataclass
class Group:
    """One row of a rollup, exactly; or several together."""

    events: int = 0
    devices: Counter[str] = field(default_factory=Counter)
    sessions: set[int] = field(default_factory=set)

    def add(self, event: Event) -> None:
        self.events += 1
        self.devices[str(event.device)] += 1
        self.sessions.add(event.session)


def read_events(path: Path, time: float | None = None) -> Iterator[Event]:
    """The rows of a file, as COPY reads them; `time` is for a file without an event_time."""
    with path.open(newline="") as lines:
        for row in csv.DictReader(lines):
            yield Event(
                datetime.fromisoformat(row["event_time"]).timestamp() if time is None else time,
                int(row["customer_id"]),
                row["event_type"] or None,
                row["country"] or None,
                row["browser"] or None,
                int(row["device_id"]),
                int(row["session_id"]),
            )


def bucket(time: float, seconds: int) -> int:
    """Start of the bucket of `seconds` that a time falls into; both in seconds since 1970."""
    return int(time) // seconds * seconds


def group(events: Iterable[Event], key: Callable[[Event], Key]) -> dict[Key, Group]:
    groups: dict[Key, Group] = defaultdict(Group)
    for event in events:
        groups[key(event)].add(event)
    return dict(groups)


def roll_up(events: Iterable[Event], seconds: int) -> dict[Key, Group]:
    """All rows of a rollup with buckets of `seconds`."""
    return group(
        events,
        lambda e: (bucket(e.time, seconds), e.customer, e.event_type, e.country, e.browser),
    )


def together(events: Iterable[Event]) -> Group:
    whole = Group()
    for event in events:
        whole.add(event)
    return whole


def about(number: int) -> object:
    """Equal to what a sketch may answer for this many distinct values."""
    if number <= EXACT_UP_TO:
        return pytest.approx(number, abs=0.001)
    return pytest.approx(number, rel=HLL_ERROR)


def assert_rollup_is_exact(
    db: Connection, table: str, bucket_column: str, seconds: int, events: Iterable[Event]
) -> None:
    """Compare every row of a rollup table with the brute-force groups of the events."""
    found = {
        (int(start), customer, event_type, country, browser): rest
        for start, customer, event_type, country, browser, *rest in db.execute(
            f"select extract(epoch from {bucket_column}), customer_id, event_type, country,"
            " browser, event_count, hll_cardinality(device_distinct_count),"
            f" hll_cardinality(session_distinct_count), top_devices_1000 from {table}".encode()
        )
    }
    expected = roll_up(events, seconds)
    assert {key: rest[0] for key, rest in found.items()} == {
        key: one.events for key, one in expected.items()
    }
    for key, (_, devices, sessions, top) in found.items():
        assert devices == about(len(expected[key].devices)), key
        assert sessions == about(len(expected[key].sessions)), key
        assert top == expected[key].devices, key


def assert_are_top(devices: list[str], among: Counter[str], number: int) -> None:
    """`devices` are `number` of the most frequent; ties may fall either way."""
    assert len(set(devices)) == len(devices) == min(number, len(among))
    counts = sorted((among[device] for device in devices), reverse=True)
    assert counts == [count for _, count in among.most_common(number)]


def utc(seconds: float) -> str:
    """A time as PostgreSQL prints it in time zone UTC."""
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%d %H:%M:%S}+00"
