"""alter_rollup adds and drops measures without counting anything again; backfill_measures fills in
what an added measure lacks."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.helpers import (
    MEASURES,
    Connection,
    Lab,
    catch_up,
    insert,
    row,
    rows,
    run,
    value,
)

BIGGEST: dict[str, Any] = {"biggest": {"max": "amount"}}
EXTRA: dict[str, Any] = {
    "biggest": {"max": "amount"},
    "top": {"top": "device_id", "counters": 20},
    "cheap": {"count": "*", "where": "amount < 5"},
}


def alter(
    db: Connection,
    add: dict[str, Any] | None = None,
    drop: list[str] | None = None,
    name: str = "visits",
) -> str:
    said = value(
        db,
        "select rollup.alter_rollup(%s, add_measures => %s::json, drop_measures => %s::text[])",
        name,
        None if add is None else json.dumps(add),
        drop,
    )
    return str(said)


def backfill(db: Connection, name: str = "visits", *options: str) -> list[str]:
    """Fill in all added measures. Returns what was said on the way."""
    said: list[str] = []

    def listen(diag: psycopg.errors.Diagnostic) -> None:
        said.append(str(diag.message_primary))

    db.add_notice_handler(listen)
    try:
        db.execute(f"call rollup.backfill_measures({', '.join([f'{name!r}', *options])})".encode())
    finally:
        db.remove_notice_handler(listen)
    return [line for line in said if line.startswith("rollup ")]


def differences(db: Connection, name: str = "visits", *arguments: object) -> list[tuple[Any, ...]]:
    marks = "".join(", %s" for _ in arguments)
    return rows(
        db,
        f"select tenant_id, bucket, measure, counted, expected from rollup.verify(%s{marks})",
        name,
        *arguments,
    )


def since(db: Connection, measure: str = "biggest", name: str = "visits") -> str | None:
    found = value(
        db,
        "select to_char(valid_since at time zone 'UTC', 'YYYY-MM-DD HH24:MI')"
        " from rollup.measures where rollup = %s and measure = %s",
        name,
        measure,
    )
    return None if found is None else str(found)


def fill(db: Connection) -> None:
    """Events of three customers over two days, some without a country; not counted yet."""
    db.execute(
        "insert into lab.e (event_time, customer_id, country, device_id, amount)"
        " select timestamptz '2024-06-01 00:00Z' + i * interval '6 minutes', 1 + i % 3,"
        " (array['de', 'fr', null])[1 + i / 7 % 3], i % 11, i % 13 from generate_series(1, 400) i"
    )


def prepare(lab: Lab, **options: Any) -> Connection:
    lab.source()
    lab.declare(**options)
    db = lab.connect()
    fill(db)
    catch_up(db)
    return db


def as_if_declared(lab: Lab, db: Connection, measures: dict[str, Any]) -> None:
    """The rollup holds what one declared with these measures from the start does."""
    lab.declare("fresh", measures=measures)
    catch_up(db, "fresh")
    columns = ", ".join(f"t.{name}::text" for name in measures)
    found = [
        sorted(rows(db, f"select customer_id, bucket, country, {columns} from lab.{table} t"), key=str)
        for table in ("visits", "fresh")
    ]
    assert found[0] == found[1]
    db.execute("select rollup.drop_rollup('fresh', true)")


def test_added_measure_counts_what_comes_and_is_valid_from_the_next_bucket(lab: Lab) -> None:
    db = prepare(lab)
    before = rows(db, "select customer_id, bucket, country, n, amount, devices::text from lab.visits order by 1, 2, 3")
    assert alter(db, EXTRA) == "rollup visits is altered"
    assert rows(db, "select customer_id, bucket, country, n, amount, devices::text from lab.visits order by 1, 2, 3") == before
    # The last event counted is of 2024-06-02 16:00.
    assert since(db) == "2024-06-02 16:05"
    assert value(db, "select count(biggest) from lab.visits") == 0
    assert differences(db) == []
    insert(db, 3, event_time="2024-06-02 17:00Z", amount=7)
    assert run(db).events == 3
    assert row(db, "select biggest, cheap, top ->> '2' from lab.visits where bucket = '2024-06-02 17:00Z'") == (7, 0, "1")
    assert differences(db) == []


def test_late_events_leave_old_buckets_invalid(lab: Lab) -> None:
    db = prepare(lab)
    alter(db, EXTRA)
    insert(db, 3, event_time="2024-06-01 00:07Z", customer_id=2, amount=7)
    insert(db, 1, event_time="2024-06-01 00:07Z", customer_id=9, amount=2)
    catch_up(db)
    # They are in the row, but with them alone it is not what all events of the bucket say.
    assert value(db, "select count(biggest) from lab.visits") == 2
    assert since(db) == "2024-06-02 16:05"
    assert differences(db) == []
    db.execute("update rollup.added_measures set valid_since = '-infinity'")
    assert differences(db) != []


def test_backfill_makes_it_as_if_it_had_been_declared(lab: Lab) -> None:
    db = prepare(lab)
    alter(db, EXTRA)
    insert(db, 3, event_time="2024-06-01 00:07Z", customer_id=2, amount=7)
    catch_up(db)
    said = backfill(db)
    assert since(db) is None
    assert differences(db) == []
    as_if_declared(lab, db, MEASURES | EXTRA)
    assert said[0] == "rollup visits: biggest, top, cheap complete from 2024-06-02 00:00:00+00 on; step 1 of 3"
    assert said[-1] == "rollup visits: biggest, top, cheap complete in all buckets; step 3 of 3"
    assert backfill(db) == []
