"""The ledger of loads: parts, channels, and the ids that a part has when others write meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from tests.conftest import Connection
from tests.helpers import Task, row, rows, until_waiting, value
from tests.servers import Server

BEGIN = "select load_id, part, after_id from rollup.begin_part('events', 'a.csv', %s)"
RECORD = "select rollup.record_part(%s, %s, %s, %s, digest => sha256(%s), size => %s)"
CHANNEL = "select * from rollup.begin_part('events', 'here', null, 'orders', %s)"
INSERT = "insert into events (customer_id) select n from generate_series(1, %s) n"


@pytest.fixture
def other(dsn: str) -> Iterator[Connection]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def observer(dsn: str) -> Iterator[Connection]:
    """Outside of transactions, which see the activity of others as it was when they first looked."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def load(db: Connection, count: int, content: bytes, load_id: int | None = None) -> int | None:
    """Load a part of so many rows in one transaction; its load, or None if it was loaded before."""
    found: int | None = None
    with db.transaction() as transaction:
        found, part, after_id = row(db, BEGIN, load_id)
        db.execute(INSERT, [count])
        if not value(db, RECORD, found, part, count, after_id, content, len(content)):
            found = None
            raise psycopg.Rollback(transaction)
    return found


def test_a_load_of_several_parts(db: Connection) -> None:
    first = load(db, 3, b"abc")
    assert first is not None
    assert load(db, 2, b"abcdef", first) == first
    with db.transaction():
        assert value(db, "select rollup.finish_load(%s, sha256('abcdef'))", first)
    assert rows(db, "select part, rows, bytes, ids = int8multirange(int8range(after_id, through_id, '(]'))"
                " from rollup.load_parts order by part") == [(1, 3, 3, True), (2, 2, 6, True)]  # fmt: skip
    found = "select rows, bytes, through_id - after_id, sha256 = sha256('abcdef') from rollup.loads"
    assert rows(db, found) == [(5, 6, 5, True)]


def test_a_part_is_loaded_once(db: Connection) -> None:
    assert load(db, 3, b"abc")
    assert load(db, 3, b"abc") is None
    assert load(db, 3, b"other")
    assert value(db, "select count(*) from events") == 6
    assert value(db, "select count(*) from rollup.loads") == 2


def test_two_loaders_of_one_content_take_turns(
    db: Connection, other: Connection, observer: Connection
) -> None:
    with db.transaction():
        load_id, part, after_id = row(db, BEGIN, None)
        assert value(db, RECORD, load_id, part, 0, after_id, b"abc", 3)
        second = Task(lambda: load(other, 3, b"abc"))
        until_waiting(observer, other, second, "Lock")
    assert second.result() is None
    with db.transaction():
        row(db, BEGIN, load_id)
        third = Task(lambda: row(other, BEGIN, load_id))
        until_waiting(observer, other, third, "Lock")
        assert value(db, RECORD, load_id, 2, 0, after_id, b"abcdef", 6)
    assert third.result()[1] == 3


def test_a_content_is_finished_once(db: Connection) -> None:
    loads = [load(db, 1, content) for content in (b"utf-8", b"as latin1")]
    assert [value(db, "select rollup.finish_load(%s, sha256('raw'))", each) for each in loads] == [
        True, False]  # fmt: skip


@pytest.mark.parametrize("beginning", ["before", "meanwhile"])
def test_the_ids_of_a_part_are_exact_when_others_write(
    db: Connection, other: Connection, beginning: str
) -> None:
    with other.transaction():
        if beginning == "before":
            other.execute(INSERT, [2])
        with db.transaction():
            load_id, part, after_id = row(db, BEGIN, None)
            for _ in range(3):
                db.execute(INSERT, [4])
                other.execute(INSERT, [2])
            assert value(db, RECORD, load_id, part, 12, after_id, b"x", 1)
    ids = "select ids, through_id - after_id from rollup.load_parts"
    held, width = row(db, ids)
    assert width > 12
    own = value(db, "select count(*) from events, rollup.load_parts where event_id <@ ids")
    assert (own, sum(each.upper - each.lower for each in held)) == (12, 12)
    other.execute("delete from events e using rollup.load_parts p where e.event_id <@ p.ids")
    assert value(db, "select count(*) from events") == 6 + 2 * (beginning == "before")


def test_ids_that_alternate_between_partitions_are_put_together(
    db: Connection, other: Connection
) -> None:
    alternating = """
        insert into events (customer_id, event_type, event_time)
        select 7, 'click', now() + i % 2 * interval '1 day' from generate_series(1, 6) i"""
    with db.transaction():
        load_id, part, after_id = row(db, BEGIN, None)
        db.execute(alternating)
        other.execute(INSERT, [2])
        db.execute(alternating)
        assert value(db, RECORD, load_id, part, 12, after_id, b"x", 1)
    (held,) = row(db, "select ids from rollup.load_parts")
    assert [each.upper - each.lower for each in held] == [6, 6]
    own = "select count(*), count(distinct tableoid) from events, rollup.load_parts where event_id <@ ids"
    assert row(db, own) == (12, 2)


def test_ids_are_unknown_to_a_role_that_may_not_read(
    db: Connection, other: Connection, server: Server
) -> None:
    db.execute("drop role if exists ledger_loader")
    db.execute("create role ledger_loader login")
    try:
        db.execute("select rollup.grant_role('ledger_loader', 'loader')")
        db.execute("grant insert on events to ledger_loader")
        db.execute("grant usage on sequence events_event_id_seq to ledger_loader")
        with db.transaction():
            db.execute("set local role ledger_loader")
            load_id, part, after_id = row(db, BEGIN, None)
            db.execute(INSERT, [4])
            other.execute(INSERT, [2])
            assert value(db, RECORD, load_id, part, 4, after_id, b"x", 1)
        found = "select rows, ids, loaded_by, through_id >= after_id + 4 from rollup.load_parts"
        assert rows(db, found) == [(4, None, "ledger_loader", True)]
    finally:
        db.execute("drop owned by ledger_loader")
        db.execute("drop role ledger_loader")


def receive(db: Connection, expected: str | None, position: str, count: int = 2) -> None:
    with db.transaction():
        found = db.execute(CHANNEL, [expected]).fetchone()
        assert found
        load_id, part, *_, after_id = found
        db.execute(INSERT, [count])
        record = "select rollup.record_part(%s, %s, %s, %s, new_position => %s, duration => 0.5)"
        assert value(db, record, load_id, part, count, after_id, position)


def test_a_channel_goes_on_at_its_position(db: Connection) -> None:
    for expected, position in ((None, "10"), ("10", "20"), (None, "30")):
        receive(db, expected, position)
    assert rows(db, "select channel, position, rows, seconds, sha256 from rollup.loads") == [
        ("orders", "30", 6, 1.5, None)]  # fmt: skip
    # A part each second would be too many.
    (part,) = rows(db, "select position, rows, ids from rollup.load_parts")
    assert part[:2] == ("30", 6)
    assert value(db, "select count(*) from events, rollup.load_parts where event_id <@ ids") == 6
    db.execute("update rollup_internal.load_parts set begun_at = now() - interval '2 hours'")
    receive(db, "30", "40")
    assert rows(db, "select part, rows from rollup.load_parts order by 1") == [(1, 6), (2, 2)]


def test_a_consumer_that_was_overtaken_is_fenced(db: Connection, other: Connection) -> None:
    receive(db, None, "10")
    receive(other, "10", "20")
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="is at position 20, not 10"):
        receive(db, "10", "20")
    assert value(db, "select count(*) from events") == 4


def test_two_consumers_of_a_new_channel_take_turns(
    db: Connection, other: Connection, observer: Connection
) -> None:
    with db.transaction():
        db.execute(CHANNEL, [None])
        second = Task(lambda: receive(other, None, "10"))
        until_waiting(observer, other, second, "Lock")
    second.result()
    assert rows(db, "select position, rows from rollup.loads") == [("10", 2)]


def test_a_load_that_does_not_exist(db: Connection) -> None:
    with pytest.raises(errors.UndefinedObject, match="there is no load 99"):
        db.execute(BEGIN, [99])
    with pytest.raises(errors.UndefinedObject, match="there is no load 99"):
        value(db, RECORD, 99, 1, 0, None, b"", 0)
    with pytest.raises(errors.UndefinedObject, match="there is no load 99"):
        value(db, "select rollup.finish_load(99, sha256(''))")
