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
        sorted(
            rows(db, f"select customer_id, bucket, country, {columns} from lab.{table} t"), key=str
        )
        for table in ("visits", "fresh")
    ]
    assert found[0] == found[1]
    db.execute("select rollup.drop_rollup('fresh', true)")


def test_added_measure_counts_what_comes_and_is_valid_from_the_next_bucket(lab: Lab) -> None:
    db = prepare(lab)
    before = rows(
        db,
        "select customer_id, bucket, country, n, amount, devices::text from lab.visits order by 1, 2, 3",
    )
    assert alter(db, EXTRA) == "rollup visits is altered"
    assert (
        rows(
            db,
            "select customer_id, bucket, country, n, amount, devices::text from lab.visits order by 1, 2, 3",
        )
        == before
    )
    # The last event counted is of 2024-06-02 16:00.
    assert since(db) == "2024-06-02 16:05"
    assert value(db, "select count(biggest) from lab.visits") == 0
    assert differences(db) == []
    insert(db, 3, event_time="2024-06-02 17:00Z", amount=7)
    assert run(db).events == 3
    assert row(
        db, "select biggest, cheap, top ->> '2' from lab.visits where bucket = '2024-06-02 17:00Z'"
    ) == (7, 0, "1")
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
    db.execute("update rollup_internal.added_measures set valid_since = '-infinity'")
    assert differences(db) != []


@pytest.mark.no_hostile("reads a time in a notice")
def test_backfill_makes_it_as_if_it_had_been_declared(lab: Lab) -> None:
    db = prepare(lab)
    alter(db, EXTRA)
    insert(db, 3, event_time="2024-06-01 00:07Z", customer_id=2, amount=7)
    catch_up(db)
    said = backfill(db)
    assert since(db) is None
    assert differences(db) == []
    as_if_declared(lab, db, MEASURES | EXTRA)
    assert (
        said[0]
        == "rollup visits: biggest, top, cheap complete from 2024-06-02 00:00:00+00 on; step 1 of 3"
    )
    assert said[-1] == "rollup visits: biggest, top, cheap complete in all buckets; step 3 of 3"
    assert backfill(db) == []


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ("'nosuch'", errors.UndefinedObject, "there is no rollup nosuch"),
        ("'visits', bucket => '1 hour'", errors.FeatureNotSupported, "cannot have another bucket"),
        ("'visits', dimensions => '{device_id}'", errors.FeatureNotSupported, "another dimensions"),
        ("'visits', tenant => 'device_id'", errors.FeatureNotSupported, "another tenant"),
        ("'visits', filter => 'true'", errors.FeatureNotSupported, "another filter"),
        ("'visits', '[1]'", errors.InvalidParameterValue, "must be an object"),
        ('\'visits\', \'{"x": {"wild": "*"}}\'', errors.InvalidParameterValue, "measure x"),
        ('\'visits\', \'{"x": {"sum": "wild"}}\'', errors.UndefinedColumn, "wild"),
        ('\'visits\', \'{"country": {"count": "*"}}\'', errors.DuplicateColumn, "country is named"),
        ('\'visits\', \'{"n": {"count": "amount"}}\'', errors.DuplicateObject, "n already"),
        ('\'visits\', \'{"own": {"count": "*"}}\'', errors.DuplicateColumn, "not the rollup's"),
        ("'visits', null, '{n,amount,devices}'", errors.InvalidParameterValue, "at least one"),
        ("'visits', work_mem => 'lots'", errors.InvalidParameterValue, "work_mem"),
    ],
)
def test_bad_input_changes_nothing(
    plain_lab: Lab, arguments: str, error: type[psycopg.Error], message: str
) -> None:
    plain_lab.source()
    plain_lab.declare()
    db = plain_lab.connect()
    db.execute("alter table lab.visits add column own int")
    before = row(db, "select x from rollup.rollups x"), state_of(db)
    with pytest.raises(error, match=message) as caught:
        db.execute(f"select rollup.alter_rollup({arguments})".encode())
    assert "\n" not in str(caught.value.diag.message_primary)
    assert before == (row(db, "select x from rollup.rollups x"), state_of(db))


def state_of(db: Connection) -> list[tuple[Any, ...]]:
    """What describes a rollup: its functions, its views, its columns, its measures."""
    return rows(
        db,
        """select 'function', p.oid::regprocedure::text, prosrc from pg_proc p
            where proname like 'count_visits%' or proname like 'run_family_%'
           union all select 'view', c.oid::regclass::text, pg_get_viewdef(c.oid) from pg_class c
            where relkind = 'v' and relnamespace = 'lab'::regnamespace
           union all select 'column', attname::text, format_type(atttypid, atttypmod) from pg_attribute
            where attrelid = 'lab.visits'::regclass and attnum > 0 and not attisdropped
           union all select 'measure', m::text, '' from rollup.measures m order by 1, 2""",
    )


def test_the_same_again_changes_nothing(lab: Lab) -> None:
    db = prepare(lab)
    alter(db, BIGGEST, ["devices"])
    before = state_of(db)
    assert alter(db, BIGGEST, ["devices"]) == "rollup visits is like that already"
    # Named in both lists, but as it is already: not lost.
    assert alter(db, BIGGEST, ["biggest"]) == "rollup visits is like that already"
    assert state_of(db) == before


def test_declarations_know_what_was_altered(lab: Lab) -> None:
    db = prepare(lab)
    alter(db, BIGGEST, ["devices"])
    with pytest.raises(errors.DuplicateObject, match="declared differently") as caught:
        lab.declare(db=db)
    hint = str(caught.value.diag.message_hint)
    assert "rollup.alter_rollup('visits'" in hint
    new = {"n": MEASURES["n"], "amount": MEASURES["amount"]} | BIGGEST
    assert lab.declare(db=db, measures=new) == "rollup visits is there already"
    # What the hint says leads to the declaration.
    db.execute(hint[hint.index("select") :].encode())
    assert lab.declare(db=db) == "rollup visits is there already"
    with pytest.raises(errors.DuplicateObject) as caught:
        lab.declare(db=db, bucket="1 hour")
    assert "drop_rollup" in str(caught.value.diag.message_hint)


def test_dropped_measure_is_gone_and_the_others_count_on(lab: Lab) -> None:
    db = prepare(lab)
    assert alter(db, drop=["devices"]) == "rollup visits is altered"
    with pytest.raises(errors.UndefinedColumn):
        db.execute("select devices from lab.visits")
    assert value(db, "select sum(n) from lab.visits_live") == 400
    insert(db, 3)
    assert run(db).events == 3
    assert value(db, "select sum(n) from lab.visits") == 403
    assert differences(db) == []
    assert rows(db, "select measure from rollup.measures") == [("n",), ("amount",)]


def test_measure_can_be_declared_anew(lab: Lab) -> None:
    db = prepare(lab)
    alter(db, {"n": {"count": "*", "where": "amount < 5"}}, ["n"])
    assert since(db, "n") == "2024-06-02 16:05"
    assert value(db, "select count(n) from lab.visits") == 0
    assert differences(db) == []
    backfill(db)
    assert value(db, "select sum(n) from lab.visits") == value(
        db, "select count(*) from lab.e where amount < 5"
    )
    assert differences(db) == []


def test_a_table_of_ones_own_can_be_altered(lab: Lab) -> None:
    lab.source()
    db = lab.connect()
    db.execute(
        "create table lab.mine (note text, devices hll, n bigint, country varchar,"
        " bucket timestamptz not null, amount bigint, customer_id bigint not null)"
    )
    lab.declare(target="lab.mine")
    fill(db)
    catch_up(db)
    alter(db, BIGGEST, ["amount"])
    backfill(db)
    insert(db, 3, country=None)
    catch_up(db)
    assert differences(db) == []
    assert value(db, "select count(*) = count(biggest) from lab.mine")


def test_own_view_is_never_pulled_away(lab: Lab) -> None:
    db = prepare(lab)
    for own in (
        "create view lab.own as select n, devices from lab.visits",
        "create view lab.own as select n from lab.visits_live",
        "create view lab.own as select n from lab.visits_bi",
    ):
        db.execute(own.encode())
        before = state_of(db)
        with pytest.raises(errors.DependentObjectsStillExist, match="depend on") as caught:
            alter(db, drop=["devices"])
        assert "lab.own" in str(caught.value.diag.message_detail)
        assert state_of(db) == before
        # Adding leaves views where they are.
        alter(db, BIGGEST)
        assert value(db, "select sum(n) from lab.own") == 400
        db.execute("drop view lab.own")
        alter(db, drop=["biggest"])


def test_views_keep_their_readers(lab: Lab) -> None:
    db = prepare(lab)
    db.execute("grant select on lab.visits_live to pg_monitor")
    db.execute("grant select (n) on lab.visits_live to pg_signal_backend")
    db.execute("revoke select on lab.visits_bi from public")
    db.execute("grant select on lab.visits_bi to pg_monitor")
    alter(db, BIGGEST)
    alter(db, drop=["devices"])
    assert value(db, "select has_table_privilege('pg_monitor', 'lab.visits_live', 'select')")
    assert value(db, "select has_table_privilege('pg_monitor', 'lab.visits_bi', 'select')")
    assert not value(db, "select has_table_privilege('public', 'lab.visits_bi', 'select')")
    assert value(
        db, "select has_column_privilege('pg_signal_backend', 'lab.visits_live', 'n', 'select')"
    )
    assert value(db, "select sum(n) from lab.visits_bi") == 400


def test_comments_say_from_when_on(lab: Lab) -> None:
    db = prepare(lab)
    comments = """select col_description('lab.visits'::regclass, attnum),
                         obj_description('lab.visits_bi'::regclass, 'pg_class'),
                         obj_description('lab.visits_live'::regclass, 'pg_class')
                    from pg_attribute where attrelid = 'lab.visits'::regclass and attname = 'biggest'"""
    alter(db, BIGGEST)
    for said in row(db, comments):
        assert "omplete from the bucket of 2024-06-02 16:05:00+00 on." in said
    backfill(db)
    column, *views = row(db, comments)
    assert column is None
    for said in views:
        assert "omplete from" not in said


def test_family_is_left_and_joined_again(lab: Lab) -> None:
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    db = lab.connect()
    fill(db)
    db.execute("call rollup.run_all()")
    families = "select count(distinct family) from rollup.rollups"
    assert value(db, families) == 1
    alter(db, BIGGEST)
    assert value(db, families) == 2
    fill(db)
    db.execute("call rollup.run_all()")
    alter(db, BIGGEST, name="hours")
    assert value(db, families) == 1
    assert value(db, "select count(*) from rollup.families") == 1
    assert lab.server.is_citus or value(db, "select function_name from rollup.families") is not None
    fill(db)
    db.execute("call rollup.run_all()")
    backfill(db)
    backfill(db, "hours")
    for name in ("visits", "hours"):
        assert differences(db, name) == []
        assert since(db, name=name) is None
        assert value(db, f"select sum(n) from lab.{name}") == 1200
        assert value(db, f"select count(*) = count(biggest) from lab.{name}")
