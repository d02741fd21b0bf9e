"""Declarations as other people's databases have them: odd expressions, names, targets and columns."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.conftest import Connection
from tests.helpers import Lab, assert_exact, insert, row, rows, run, value


@pytest.mark.parametrize(
    "expression",
    [
        "country = 'a') or (country = 'b'",
        "true end, case when true then false",
        "amount > 0; drop table lab.e",
        "amount > 0 -- and more",
        "amount > 0 /* and more",
        "amount, country",
        "amount > 0) t, (select 1",
        "'",
        "",
    ],
)
@pytest.mark.parametrize("place", ["filter", "dimension", "argument", "where", "weight"])
def test_trap_34_text_that_is_not_one_expression_is_refused(
    plain_lab: Lab, expression: str, place: str
) -> None:
    lab = plain_lab
    lab.source()
    options: dict[str, object] = {
        "filter": {"filter": expression},
        "dimension": {"dimensions": [f"{expression} as c"]},
        "argument": {"measures": {"m": {"sum": expression}}},
        "where": {"measures": {"m": {"count": "*", "where": expression}}},
        "weight": {"measures": {"m": {"top": "country", "weight": expression}}},
    }[place]  # type: ignore[assignment]
    with pytest.raises((errors.SyntaxError, errors.InvalidParameterValue, errors.UndefinedColumn)):
        lab.declare(**options)  # type: ignore[arg-type]
    assert value(lab.connect(), "select count(*) from rollup.rollups") == 0
    assert value(lab.connect(), "select to_regclass('lab.e') is not null")


@pytest.mark.parametrize(
    "name", ["e.amount", "lab.e.amount", "r.amount", "t.amount", "excluded.amount"]
)
def test_trap_33_an_expression_cannot_name_a_table(plain_lab: Lab, name: str) -> None:
    plain_lab.source()
    with pytest.raises(errors.UndefinedTable, match="is not one expression over the columns") as e:
        plain_lab.declare(filter=f"{name} > 0")
    assert "without the name of the table" in str(e.value.diag.message_hint)
    with pytest.raises(errors.UndefinedColumn):  # the whole row
        plain_lab.declare(filter=f"{name.split('.')[0]} is not null")


def test_trap_33_what_is_accepted_works_in_every_statement(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare(filter="amount > 0 and country like '%'")
    db = lab.connect()
    insert(db, 3)
    insert(db, 2, amount=-1)
    assert value(db, "select sum(n) from lab.visits_live") == 3
    assert run(db).events == 3
    for statement in (
        "select * from rollup.verify('visits')",
        "select * from rollup.repair('visits')",
    ):
        assert rows(db, statement) == []
    db.execute("select rollup.rebuild('visits')")
    assert value(db, "select sum(n) from lab.visits") == 3


OWN_COLUMNS = "customer_id bigint not null, bucket timestamptz not null"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("country text, n bigint, unique nulls not distinct (customer_id, bucket, country) deferrable",
         "deferrable"),
        ("country text not null, n bigint", "country is NOT NULL"),
        ("country text, n bigint, extra int not null", "extra is NOT NULL and has no default"),
        ("country text, n bigint check (n < 10)", "could refuse a row"),
        ("country text, n bigint, unique (bucket)", "would refuse rows that differ"),
        ("country text, n bigint generated always as (1) stored", "is generated"),
        ("country text, n int", "n is integer, but the rollup needs bigint"),
    ],
)  # fmt: skip
def test_trap_41_a_table_that_cannot_take_every_row_is_not_adopted(
    plain_lab: Lab, columns: str, message: str
) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()
    db.execute(f"create table lab.visits ({OWN_COLUMNS}, {columns})".encode())
    with pytest.raises(errors.Error, match=message) as refused:
        lab.declare(measures={"n": {"count": "*"}})
    assert "name another table with target =>" in str(refused.value.diag.message_hint)
    assert value(db, "select count(*) from rollup.rollups") == 0


def test_trap_41_neither_is_a_view_or_the_source(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.connect().execute("create view lab.visits as select 1 as n")
    for target in ("lab.visits", "lab.e"):
        with pytest.raises(errors.WrongObjectType, match="cannot hold a rollup of lab.e"):
            lab.declare(target=target)


def test_trap_41_a_table_that_can_is_adopted(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()
    db.execute(
        f"create table lab.visits ({OWN_COLUMNS}, country varchar, n bigint not null,"
        " note text default 'x', seen timestamptz not null default now())".encode()
    )
    lab.declare(measures={"n": {"count": "*"}})
    insert(db, 3, country=None)
    assert run(db).events == 3
    insert(db, 2, country=None)
    assert run(db).events == 2
    assert row(db, "select n, note from lab.visits") == (5, "x")


def test_trap_40_events_without_a_tenant_are_a_group(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()
    db.execute("alter table lab.e alter customer_id drop not null")
    lab.declare()
    for _ in range(2):
        insert(db, 2, customer_id=None)
        insert(db, 1)
        live = rows(db, "select customer_id, n from lab.visits_live order by 1")
        assert run(db).events == 3
        assert rows(db, "select customer_id, n from lab.visits order by 1") == live
        assert_exact(db)
    assert rows(db, "select * from rollup.verify('visits')") == []
    db.execute("update lab.visits set n = 7 where customer_id is null")
    assert len(rows(db, "select * from rollup.verify('visits')")) == 1
    db.execute("select * from rollup.repair('visits')")
    assert_exact(db)


def test_trap_53_a_function_is_never_shared_or_replaced(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    with pytest.raises(errors.DuplicateFunction, match="is that of rollup visits"):
        lab.declare("other", function_name="lab.count_visits")
    db = lab.connect()
    db.execute("create function lab.mine(bigint) returns int language sql return 1")
    with pytest.raises(errors.DuplicateFunction, match="exists already, and is not a rollup's"):
        lab.declare("other", function_name="lab.mine")
    assert value(db, "select lab.mine(1::bigint)") == 1


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        ({"name": ""}, "a rollup needs a name"),
        ({"measures": {"": {"count": "*"}}}, "empty name"),
        ({"measures": {"ctid": {"count": "*"}}}, "column ctid has a name that is not free"),
        ({"dimensions": ["country as xmin"]}, "column xmin has a name that is not free"),
        ({"dimensions": ['country as "(events)"']}, "has a name that is not free"),
        ({"dimensions": ["country as " + "x" * 64]}, "the name x{64} is too long"),
        ({"target": "lab." + "x" * 60}, "the name x{60}_live is too long"),
        *[
            ({kind: "x" * 64}, "the name x{64} is too long")
            for kind in ("bucket_column", "tenant", "id_column", "time_column")
        ],
        ({"function_name": "nosuch.f"}, "nosuch.f is not SCHEMA.NAME"),
        ({"function_name": "lab.f.g"}, "lab.f.g is not SCHEMA.NAME"),
        ({"target": "lab.in_the_way"}, "lab.in_the_way is a type"),
        ({"target": "lab.of_view"}, "lab.of_view_bi is there already"),
    ],
)
def test_trap_53_names_that_are_not_free(
    plain_lab: Lab, declaration: dict[str, Any], message: str
) -> None:
    plain_lab.source()
    db = plain_lab.connect()
    db.execute("create domain lab.in_the_way as int")
    db.execute("create domain lab.of_view_bi as int")
    with pytest.raises(psycopg.Error, match=message) as refused:
        plain_lab.declare(**{"measures": {"n": {"count": "*"}}} | declaration)
    assert "\n" not in str(refused.value.diag.message_primary)
    assert rows(db, "select name from rollup.rollups") == []


@pytest.mark.parametrize(
    "name",
    ["is_raw", "has_rows", "rows_3", "e", "r", "t", "b", "u", "ids", "batch", "stored", "at"],
)
def test_trap_53_names_within_the_engine_are_free_for_columns(plain_lab: Lab, name: str) -> None:
    plain_lab.source(columns=f", {name} bigint default 7")
    for rollup, bucket in (("visits", "1 hour"), ("days", "1 day")):
        plain_lab.declare(
            rollup,
            bucket=bucket,
            dimensions=[name, f"({name} + 1) as tenant_id"],
            measures={"measure": {"sum": "amount"}, "counted": {"count": name}},
            filter=f"{name} > 0",
        )
    db = plain_lab.connect()
    insert(db, 3, amount=2)
    assert value(db, "select counted from lab.visits_live") == 3
    db.execute("select rollup.run_family('visits')")
    assert rows(db, "select * from rollup.verify('visits')") == []
    db.execute("update lab.visits set counted = 1")
    assert len(rows(db, "select * from rollup.verify('visits')")) == 1
    assert len(rows(db, "select * from rollup.repair('visits')")) == 1
    db.execute("select rollup.rebuild('days')")
    assert rows(db, f"select {name}, counted from lab.days") == [(7, 3)]


def test_trap_53_long_names_are_told_apart(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()
    names = ["x" * 57, "x" * 58, "x" * 70 + "1", "x" * 70 + "2", "ü" * 40]
    for number, name in enumerate(names):
        lab.declare(name, target=f"lab.t{number}")
        assert "already" in lab.declare(name, target=f"lab.t{number}")
    functions = {
        value(db, "select to_regprocedure(%s || '(bigint)')", function)
        for (function,) in rows(db, "select function_name from rollup.rollups")
    }
    assert len(functions - {None}) == len(names)
    insert(db, 3)
    for number, name in enumerate(names):
        db.execute("select rollup.run(%s)", [name])
        assert value(db, f"select sum(n)::int from lab.t{number}") == 3
    with pytest.raises(errors.NameTooLong) as refused:
        lab.declare("other", function_name=f"lab.{'x' * 64}")
    assert "63 bytes" in str(refused.value.diag.message_hint)


def test_trap_58_parameters_of_a_rollup_that_is_there(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db = lab.connect()
    assert lab.declare(work_mem="64MB") == "rollup visits is altered"
    assert value(db, "select work_mem from rollup.rollups") == "64MB"
    assert "set work_mem to '64mb'" in str(
        value(db, "select lower(pg_get_functiondef('lab.count_visits(bigint)'::regprocedure))")
    )
    assert "already" in lab.declare()  # it stays
    assert value(db, "select work_mem from rollup.rollups") == "64MB"
    with pytest.raises(errors.FeatureNotSupported, match="newest_first => f"):
        lab.declare(newest_first=True)
    assert "already" in lab.declare(newest_first=False)
    insert(db, 3)
    assert run(db).events == 3


# Trap 33: expressions that cannot be evaluated again

UNREPEATABLE = [
    ("country || random()", "random"),
    ("event_time < now() - interval '1 day'", "now"),
    ("event_time < 'yesterday'", "current time"),
    ("event_time < current_date", "current time"),
    ("current_setting('app.org', true)", "current_setting"),
    ("country = current_user", "current time, user or schema"),
    ("extract(epoch from clock_timestamp())", "clock_timestamp"),
    ("age(event_time)", "age"),
    ("to_tsvector(country)", "to_tsvector"),
    ("lab.unmarked(amount)", "lab.unmarked"),
    ("gen_random_uuid()", "gen_random_uuid"),
]
REPEATABLE = [
    "to_char(event_time, 'HH24')",
    "event_time::text",
    "event_time::date",
    "date_trunc('hour', event_time)",
    "extract(hour from event_time)",
    "country = 'today'",
    "event_time > '2024-01-01'",
    "concat(country, amount)",
    "age(event_time, '2024-01-01 00:00Z')",
    "to_tsvector('simple', country)",
    "lab.marked(amount)",
]


def functions(lab: Lab) -> Connection:
    lab.source()
    db = lab.connect()
    for name, volatility in (("unmarked", "volatile"), ("marked", "stable")):
        db.execute(
            f"create function lab.{name}(x int) returns int language plpgsql {volatility}"
            " as $$ begin return x + 1; end $$".encode()
        )
    return db


@pytest.mark.parametrize(("expression", "named"), UNREPEATABLE)
def test_trap_33_an_expression_that_cannot_be_evaluated_again_is_refused(
    plain_lab: Lab, expression: str, named: str
) -> None:
    db = functions(plain_lab)
    refused: list[dict[str, Any]] = [
        {"dimensions": [f"{expression} as d"]},
        {"measures": {"d": {"max": f"({expression})::text"}}},
        {"measures": {"d": {"count": "*", "where": f"({expression}) is not null"}}},
        {"filter": f"({expression}) is not null"},
    ]
    for options in refused:
        with pytest.raises(errors.InvalidParameterValue, match=named) as failure:
            plain_lab.declare(**options)
        assert failure.value.diag.message_hint
    assert rows(db, "select * from rollup.rollups") == []
    plain_lab.declare()
    with pytest.raises(errors.InvalidParameterValue, match=named):
        added = json.dumps({"d": {"max": f"({expression})::text"}})
        db.execute("select rollup.alter_rollup('visits', add_measures => %s)", [added])


def test_trap_33_the_hint_makes_a_function_of_ones_own_acceptable(plain_lab: Lab) -> None:
    db = functions(plain_lab)
    with pytest.raises(errors.InvalidParameterValue) as failure:
        plain_lab.declare(dimensions=["lab.unmarked(amount) as d"])
    hint = str(failure.value.diag.message_hint)
    db.execute(hint[hint.index("alter function") : -1].encode())
    plain_lab.declare(dimensions=["lab.unmarked(amount) as d"])


@pytest.mark.parametrize("expression", REPEATABLE)
def test_trap_33_settings_that_a_run_fixes_are_no_obstacle(lab: Lab, expression: str) -> None:
    db = functions(lab)
    if lab.server.is_citus and "tsvector" in expression:
        pytest.skip("no dimension on the shards")
    lab.declare(dimensions=[f"{expression} as d"], measures={"n": {"count": "*"}})
    db.execute("insert into lab.e (customer_id, country, amount) values (1, 'today', 3)")
    assert tuple(rows(db, "select status, events from rollup.run('visits')")[0]) == ("done", 1)
    db.execute("set timezone = 'America/New_York'")
    assert rows(db, "select * from rollup.verify('visits')") == []


def test_trap_53_names_that_the_engine_uses_itself(plain_lab: Lab) -> None:
    db = plain_lab.connect()
    create = (
        'create table lab."{}" (event_id bigserial, event_time timestamptz not null,'
        " customer_id bigint not null, country text, device_id bigint, amount int)"
    )
    for name in (
        "ids",
        "batch",
        "groups",
        "new",
        "excluded",
        "stored",
        "run",
        "member_1",
        "e",
        "r",
    ):
        db.execute(create.format(name).encode())
        plain_lab.declare("hours", source=f'lab."{name}"', bucket="1 hour", target="lab.hours")
        plain_lab.declare("days", source=f'lab."{name}"', bucket="1 day", target="lab.days")
        insert(db, 3, table=f'lab."{name}"')
        db.execute("select rollup.run_family('days')")
        insert(db, 2, table=f'lab."{name}"')
        assert value(db, "select sum(n)::int from lab.hours_live") == 5, name
        run(db, "hours")
        assert rows(db, "select * from rollup.verify('hours')") == []
        db.execute("select rollup.rebuild('hours')")
        assert value(db, "select sum(n)::int from lab.hours") == 5, name
        db.execute("select rollup.drop_rollup(n, true) from unnest('{hours,days}'::varchar[]) n")
        db.execute(f'drop table lab."{name}" cascade')
    db.execute(create.format("(tail)").encode())
    with pytest.raises(errors.ReservedName, match="has a name that is not free"):
        plain_lab.declare(source='lab."(tail)"')
