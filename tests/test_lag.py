"""How far behind a rollup is: true, and cheap to ask."""

from __future__ import annotations

import time

from tests.helpers import DAY, Connection, Lab, insert, row, rows, run, value

LAG = "select lag_events, lag_seconds, note from rollup.status where name = %s"


def recent_creation(db: Connection, hours: int) -> None:
    db.execute(
        "update rollup_internal.rollups set created_at = now() - make_interval(hours => %s)",
        [hours],
    )


def test_a_short_tail_is_counted_exactly(lab: Lab) -> None:
    lab.source()
    lab.declare()
    lab.declare("cheap", filter="amount < 10", db=lab.connect())
    db = lab.connect()
    insert(db, 7, amount=20)
    insert(db, 3)
    db.execute("begin")
    insert(db, 5)
    db.execute("rollback")
    assert row(db, LAG, "visits")[0] == 10
    assert row(db, LAG, "cheap")[0] == 3
    run(db)
    assert row(db, LAG, "visits") == (0, 0, None)
    assert row(db, LAG, "cheap")[0] == 3


def test_trap_54_the_lag_of_a_long_tail_is_that_of_its_first_events(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    for number in range(60):
        lab.declare(f"r{number}", filter=f"amount > {number % 3}", db=lab.connect())
    db = lab.connect()
    recent_creation(db, 5)
    age = "extract(epoch from now() - event_time)"
    insert(db, 2000)
    db.execute("update lab.e set event_time = now() - interval '3 hours'")
    insert(db, 1_000_000, event_time="now")
    began = time.monotonic()
    found = rows(db, "select lag_events, lag_seconds, note from rollup.status")
    assert time.monotonic() - began < 2
    assert {(events, note) for events, _, note in found} == {(1_002_000, None)}
    oldest = value(db, f"select max({age})::float8 from lab.e")
    assert all(abs(float(lag) - oldest) < 30 for _, lag, _ in found)


def test_an_event_that_a_filter_cannot_take_hides_no_other_lag(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    lab.declare("ratio", filter="1 / amount = 0", db=lab.connect())
    db = lab.connect()
    insert(db, 4, amount=0)
    assert row(db, LAG, "visits")[0] == 4
    events, _, note = row(db, LAG, "ratio")
    assert events == 4
    assert "events could not be read: division by zero" in note


def test_nothing_is_read_when_nothing_is_new(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 4, event_time=DAY)
    run(db)
    lock = lab.connect(autocommit=False)
    lock.execute("lock table lab.e in access exclusive mode")
    db.execute("set lock_timeout = '1s'")
    assert row(db, LAG, "visits") == (0, 0, None)
    lock.rollback()
