"""Columns of a source change under its rollups: trap 52."""

from __future__ import annotations

import pytest
from psycopg import errors

from tests.conftest import Connection
from tests.helpers import Lab, rows, run, value

NAMES = ("visits", "days")


def used(lab: Lab, **options: object) -> Connection:
    lab.source(columns=", code varchar(50)")
    measures = {
        "n": {"count": "*"},
        "s": {"sum": "amount"},
        "m": {"max": "code"},
        "l": {"last": "amount"},
    }
    for name, bucket in (("visits", "5 minutes"), ("days", "1 day")):
        given = {"dimensions": ["code", "amount"], "measures": measures} | options
        lab.declare(name, bucket=bucket, **given)  # type: ignore[arg-type]
    db = lab.connect()
    db.execute("set client_min_messages = warning")
    add(db, "abc", 3)
    return db


def add(db: Connection, code: str, amount: int) -> None:
    db.execute("insert into lab.e (customer_id, code, amount) values (1, %s, %s)", [code, amount])
    db.execute("select * from rollup.run_family('visits')")


def alter(db: Connection, action: str) -> None:
    db.execute("select rollup.alter_source('lab.e', %s)", [action])


def assert_right(db: Connection, events: int) -> None:
    for name in NAMES:
        assert value(db, f"select sum(n)::int from lab.{name}") == events
        assert value(db, f"select sum(n)::int from lab.{name}_live") == events
        assert rows(db, "select * from rollup.verify(%s)", name) == []


@pytest.mark.parametrize(
    "action",
    [
        "alter column code type varchar(100)",
        "alter column code type text",
        'alter column code type text collate "C"',
        "alter column amount type bigint",
        "alter column amount type numeric(20, 2), alter column code type text",
        "alter column device_id type numeric",
        "add column more text",
        "rename column code to label",
        "rename amount to price",
        "rename column event_time to at",
    ],
)
def test_trap_52_a_column_that_rollups_use_is_altered(lab: Lab, action: str) -> None:
    db = used(lab)
    if lab.server.is_citus and "event_time" in action:
        pytest.skip("the test inserts by the old name")
    db.execute("grant select on lab.visits_live to pg_monitor")
    alter(db, action)
    assert value(db, "select has_table_privilege('pg_monitor', 'lab.visits_live', 'select')")
    names = dict(
        rows(db, "select attnum, attname from pg_attribute where attrelid = 'lab.e'::regclass")
    )
    code, amount = names[7], names[6]
    db.execute(
        f"insert into lab.e (customer_id, {code}, {amount}) values (1, %s, 4)".encode(),
        ["abcd"],
    )
    assert sum(row[-1] for row in rows(db, "select n from lab.visits_live")) == 2
    assert {status for (status,) in rows(db, "select status from rollup.run_family('visits')")} == {
        "done"
    }
    assert_right(db, 2)
    db.execute("select rollup.rebuild('days')")
    assert_right(db, 2)


def test_trap_52_longer_values_and_larger_numbers_are_counted(lab: Lab) -> None:
    db = used(lab)
    alter(db, "alter column code type text, alter column amount type bigint")
    add(db, "x" * 200, 10**15)
    assert_right(db, 2)
    assert value(db, "select sum(s)::bigint from lab.days") == 10**15 + 3


def test_trap_52_renamed_back_the_declaration_is_as_before(plain_lab: Lab) -> None:
    db = used(plain_lab)
    before = rows(db, "select dimensions, measures::text from rollup.rollups order by id")
    alter(db, "rename column code to label")
    assert value(db, "select dimensions from rollup.rollups limit 1") == ["label as code", "amount"]
    alter(db, "rename column label to code")
    after = rows(db, "select dimensions, measures::text from rollup.rollups order by id")
    assert [d for d, _ in after] == [d for d, _ in before]
    assert_right(db, 1)


def test_trap_52_a_renamed_tenant(plain_lab: Lab) -> None:
    db = used(plain_lab)
    alter(db, "rename customer_id to org")
    db.execute("insert into lab.e (org, code, amount) values (2, 'b', 1)")
    db.execute("select * from rollup.run_family('visits')")
    assert rows(db, "select org, n from lab.days order by 1") == [(1, 1), (2, 1)]
    assert_right(db, 2)


def test_trap_52_what_is_in_the_way_is_named_and_nothing_changes(plain_lab: Lab) -> None:
    db = used(plain_lab)
    db.execute("create view lab.mine as select * from lab.days_live")
    with pytest.raises(errors.DependentObjectsStillExist, match="lab.days_live") as kept:
        alter(db, "alter column code type text")
    assert "view lab.mine" in str(kept.value.diag.message_detail)
    db.execute("drop view lab.mine")
    for action in ("drop column code", "drop column event_id"):
        with pytest.raises(errors.UndefinedColumn, match=f'column "{action.split()[-1]}"'):
            alter(db, action)
    with pytest.raises(errors.UndefinedColumn, match="no_such"):
        alter(db, "alter column no_such type text")
    assert_right(db, 1)
    alter(db, "drop column device_id")
    assert_right(db, 1)


def test_trap_52_sketches_of_another_type_are_not_merged(plain_lab: Lab) -> None:
    db = used(plain_lab, measures={"n": {"count": "*"}, "d": {"distinct": "amount"}})
    with pytest.raises(errors.FeatureNotSupported, match="do not merge") as kept:
        alter(db, "alter column amount type bigint")
    assert "rollup.alter_rollup" in str(kept.value.diag.message_hint)
    for name in NAMES:
        db.execute(
            "select rollup.alter_rollup(%s, drop_measures => '{d}',"
            """ add_measures => '{"d": {"distinct": "(amount)::bigint"}}')""",
            [name],
        )
        db.execute("call rollup.backfill_measures(%s)", [name])
    alter(db, "alter column amount type bigint")
    add(db, "abc", 3)
    assert value(db, "select hll_cardinality(hll_union_agg(d)) from lab.days") == 1
    assert_right(db, 2)


def test_trap_52_a_reader_makes_it_give_up(plain_lab: Lab) -> None:
    db = used(plain_lab)
    reader = plain_lab.connect(autocommit=False)
    reader.execute("select * from lab.visits_live")
    db.execute("set rollup.max_wait = '0.3s'")
    with pytest.raises(errors.LockNotAvailable, match="could not lock lab.e"):
        alter(db, "alter column code type text")
    reader.rollback()
    alter(db, "alter column code type text")
    assert run(db).status == "nothing new"


def test_trap_52_a_table_without_rollups(plain_lab: Lab) -> None:
    plain_lab.source()
    with pytest.raises(errors.UndefinedObject, match="not the source") as refused:
        alter(plain_lab.connect(), "add column x int")
    assert refused.value.diag.message_hint == "alter table lab.e add column x int"


@pytest.mark.parametrize("column", ["code", "event_id", "event_time", "customer_id"])
def test_trap_52_a_rename_behind_its_back_stops_the_run_with_the_way_back(
    plain_lab: Lab, column: str
) -> None:
    db = used(plain_lab)
    db.execute(f"alter table lab.e rename {column} to renamed".encode())
    with pytest.raises(errors.UndefinedColumn, match=f"no longer has a column {column}") as stopped:
        run(db)
    hint = str(stopped.value.diag.message_hint)
    with pytest.raises(errors.RaiseException, match=f"no longer has a column {column}"):
        db.execute("call rollup.run_all()")
    assert value(db, "select last_status from rollup.status limit 1") == "failed"
    assert any("fail" in found for found in rows(db, "select * from rollup.doctor()"))
    db.execute(f"alter table lab.e rename renamed to {column}".encode())
    statement = hint[hint.index("select rollup.alter_source") :].split(". If")[0]
    db.execute(statement.encode())
    assert run(db).status == "nothing new"
    assert_right(db, 1)
