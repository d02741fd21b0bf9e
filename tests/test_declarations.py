"""Declaring rollups: what is made, what is taken over, what is refused and in which words."""

from __future__ import annotations

from collections import Counter
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg.sql import SQL, Identifier

from tests.helpers import (
    MEASURES,
    Connection,
    Lab,
    Outcome,
    assert_exact,
    counted,
    expected,
    insert,
    row,
    rows,
    run,
    run_family,
    script,
    value,
    watermarks,
)

KEY = """select array_agg(a.attname::text order by k.n), i.indnullsnotdistinct
           from pg_index i cross join unnest(i.indkey) with ordinality k (attnum, n)
           join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
          where i.indrelid = %s::regclass and i.indisunique group by i.indexrelid, 2"""


def fails(lab: Lab, error: type[psycopg.Error], message: str, **options: Any) -> str:
    """Declares what is refused, in one clear sentence, and leaves nothing. Returns the hint."""
    with pytest.raises(error) as caught:
        lab.declare(**options)
    diag = caught.value.diag
    assert diag.message_primary == message
    db = lab.connect()
    assert rows(db, "select name from rollup.rollups") == []
    assert value(db, "select to_regclass('lab.visits')") is None
    return str(diag.message_hint)


def test_same_declaration_again_changes_nothing(lab: Lab) -> None:
    lab.source()
    assert lab.declare() == "rollup visits counts lab.e into lab.visits"
    db = lab.connect()
    insert(db)
    run(db)
    before = rows(db, "select * from rollup.rollups"), counted(db), watermarks(db)
    assert lab.declare() == "rollup visits is there already"
    reordered = dict(reversed(MEASURES.items()))
    assert lab.declare(measures=reordered) == "rollup visits is there already"
    assert (rows(db, "select * from rollup.rollups"), counted(db), watermarks(db)) == before
    insert(db)
    assert run(db).events == 1


@pytest.mark.parametrize(
    "other",
    [
        {"bucket": "1 hour"},
        {"dimensions": []},
        {"dimensions": ["country", "amount"]},
        {"measures": {"n": {"count": "*"}}},
        {"filter": "amount > 0"},
        {"target": "lab.elsewhere"},
        {"function_name": "lab.count_it"},
        {"bucket_column": "minute"},
    ],
)
def test_another_declaration_under_the_same_name_is_refused(
    plain_lab: Lab, other: dict[str, Any]
) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    db = lab.connect()
    before = rows(db, "select * from rollup.rollups")
    with pytest.raises(errors.DuplicateObject, match="visits already, declared") as e:
        lab.declare(**other)
    assert e.value.diag.message_hint == (
        "Measures change without losing what is counted: select rollup.alter_rollup("
        "'visits', drop_measures => '{amount,devices}')"
        if "measures" in other
        else "select rollup.drop_rollup('visits') first, or choose another name."
    )
    assert rows(db, "select * from rollup.rollups") == before


def test_drop_forgets_the_rollup_and_keeps_its_table(lab: Lab) -> None:
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    db = lab.connect()
    insert(db, 3)
    run_family(db, "visits")
    assert value(db, "select rollup.drop_rollup('visits')") == (
        "rollup visits is gone; its table lab.visits stays"
    )
    assert counted(db) == expected(db)
    assert value(db, "select to_regprocedure('lab.count_visits(bigint)')") is None
    assert watermarks(db) == []
    with pytest.raises(errors.UndefinedObject, match="there is no rollup visits") as caught:
        run(db)
    assert caught.value.diag.message_hint == "There are: hours"
    insert(db, 2)
    assert run_family(db, "hours") == {"hours": Outcome("done", 2, 1, False)}
    assert counted(db, "lab.hours") == expected(db, bucket="1 hour")
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="already has rows") as refused:
        lab.declare()
    assert str(refused.value.diag.message_hint).startswith("truncate lab.visits")
    db.execute("truncate lab.visits")
    lab.declare()
    assert run(db).events == 5
    assert_exact(db)
    assert value(db, "select rollup.drop_rollup('hours', true)") == (
        "rollup hours is gone, and its table"
    )
    assert value(db, "select to_regclass('lab.hours')") is None
    assert value(db, "select rollup.drop_rollup('hours')") == "there is no rollup hours"


def test_trap_23_key_begins_with_tenant_and_bucket(lab: Lab) -> None:
    lab.source(columns=", kind text")
    lab.declare(dimensions=["kind", "country"])
    db = lab.connect()
    assert rows(db, KEY, "lab.visits") == [(["customer_id", "bucket", "kind", "country"], True)]


def test_existing_table_is_taken_over(lab: Lab) -> None:
    lab.source()
    db = lab.connect()
    db.execute(
        """create table lab.mine (n bigint, note text default 'x', bucket timestamptz not null,
               amount bigint, customer_id bigint not null, country varchar,
               devices hll(11, 5, -1, 1))"""
    )
    lab.distribute(db, "lab.mine")
    assert lab.declare(target="lab.mine") == "rollup visits counts lab.e into lab.mine"
    assert rows(db, KEY, "lab.mine") == [(["customer_id", "bucket", "country"], True)]
    insert(db, 3)
    run(db)
    insert(db, 3, country=None)
    run(db)
    assert counted(db, "lab.mine") == expected(db)
    assert rows(db, "select distinct note from lab.mine") == [("x",)]


@pytest.mark.parametrize(
    ("columns", "error", "message", "hint"),
    [
        (
            "n bigint, amount bigint, devices hll(12, 5, -1, 1)",
            errors.DatatypeMismatch,
            "lab.visits.devices is hll(12,5,-1,1), but the rollup needs public.hll(11,5,-1,1)",
            "Sketches with other parameters do not merge: set log2m in the measure to the table's.",
        ),
        (
            "n int, amount bigint, devices hll(11, 5, -1, 1)",
            errors.DatatypeMismatch,
            "lab.visits.n is integer, but the rollup needs bigint",
            "Change the column's type, or name another table with target => ….",
        ),
        (
            "n bigint, devices hll(11, 5, -1, 1)",
            errors.UndefinedColumn,
            "table lab.visits has no column amount, which the rollup needs",
            "alter table lab.visits add column amount bigint, or name another table with"
            " target => ….",
        ),
    ],
)
def test_trap_20_existing_table_that_does_not_fit_is_refused(
    plain_lab: Lab, columns: str, error: type[psycopg.Error], message: str, hint: str
) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()
    db.execute(
        f"""create table lab.visits (customer_id bigint not null, bucket timestamptz not null,
                                     country text, {columns})""".encode()
    )
    with pytest.raises(error) as caught:
        lab.declare()
    # The schema is only shown where it is not in the search_path.
    said = str(caught.value.diag.message_primary)
    assert said.replace(" is public.hll", " is hll") == message
    assert caught.value.diag.message_hint == hint


WRONG: list[tuple[dict[str, Any], type[psycopg.Error], str]] = [
    (
        {"bucket": "0"},
        errors.InvalidParameterValue,
        "the bucket must be whole seconds, from 1 second to 1 day, not '00:00:00'",
    ),
    (
        {"bucket": "1 month"},
        errors.InvalidParameterValue,
        "the bucket must be whole seconds, from 1 second to 1 day, not '1 mon'",
    ),
    (
        {"bucket": "1.5 seconds"},
        errors.InvalidParameterValue,
        "the bucket must be whole seconds, from 1 second to 1 day, not '00:00:01.5'",
    ),
    (
        {"bucket": "25 hours"},
        errors.InvalidParameterValue,
        "the bucket must be whole seconds, from 1 second to 1 day, not '25:00:00'",
    ),
    (
        {"bucket": "-1 day"},
        errors.InvalidParameterValue,
        "the bucket must be whole seconds, from 1 second to 1 day, not '-1 days'",
    ),
    *(
        (
            {"bucket": bucket, "time_zone": "UTC"},
            errors.InvalidParameterValue,
            f"in a time zone the bucket must be whole days or whole months, not '{shown}'",
        )
        for bucket, shown in {
            "0": "00:00:00",
            "1 hour": "01:00:00",
            "24 hours": "24:00:00",
            "-1 day": "-1 days",
            "1 month 1 day": "1 mon 1 day",
            "1 month -1 day": "1 mon -1 days",
        }.items()
    ),
    (
        {"bucket": "1 day", "time_zone": "Europe/Atlantis"},
        errors.InvalidParameterValue,
        "there is no time zone 'Europe/Atlantis'",
    ),
    (
        {"bucket": "1 day", "time_zone": "XYZ-3"},
        errors.InvalidParameterValue,
        "there is no time zone 'XYZ-3'",
    ),
    (
        {"bucket": "1 day", "time_zone": "CET"},
        errors.InvalidParameterValue,
        "CET is an abbreviation, without daylight saving, and not a time zone",
    ),
    (
        {"bucket": None},
        errors.NullValueNotAllowed,
        "a rollup needs a name, a source, a bucket and measures",
    ),
    (
        {"measures": {}},
        errors.InvalidParameterValue,
        "measures must be an object with at least one measure",
    ),
    (
        {"measures": {"n": "count"}},
        errors.InvalidParameterValue,
        'measure n must be an object such as {"count": "*"}, not "count"',
    ),
    (
        {"measures": {"n": {"average": "amount"}}},
        errors.InvalidParameterValue,
        'measure n does not say what it measures: {"average": "amount"}',
    ),
    (
        {"measures": {"n": {"count": "*", "sum": "amount"}}},
        errors.InvalidParameterValue,
        "measure n: count does not take 'sum'",
    ),
    (
        {"measures": {"n": {"count": "*", "log2m": 12}}},
        errors.InvalidParameterValue,
        "measure n: count does not take 'log2m'",
    ),
    (
        {"measures": {"n": {"count": None}}},
        errors.InvalidParameterValue,
        "measure n: count of what?",
    ),
    (
        {"measures": {"n": {"distinct": "device_id", "log2m": 3}}},
        errors.InvalidParameterValue,
        "measure n: log2m must be a whole number from 4 to 17, not 3",
    ),
    (
        {"measures": {"n": {"top": "device_id", "counters": 0}}},
        errors.InvalidParameterValue,
        "measure n: counters must be a whole number from 1 to 14913080, not 0",
    ),
    (
        {"measures": {"n": {"sum": "nothing"}}},
        errors.UndefinedColumn,
        'column "nothing" does not exist',
    ),
    (
        {"measures": {"n": {"sum": "country"}}},
        errors.DatatypeMismatch,
        "measure n: there is no sum of text",
    ),
    (
        {"measures": {"n": {"max": "flag"}}},
        errors.DatatypeMismatch,
        "measure n: there is no max of boolean",
    ),
    (
        {"measures": {"n": {"count": "*", "where": "amount"}}},
        errors.DatatypeMismatch,
        'measure n: "where" must be a condition',
    ),
    (
        {"measures": {"n": {"sum": "sum(amount)"}}},
        errors.GroupingError,
        "sum(amount) is not an expression over one event",
    ),
    (
        {"measures": {"country": {"count": "*"}}},
        errors.DuplicateColumn,
        "column country is named twice",
    ),
    (
        {"measures": {"bucket": {"count": "*"}}},
        errors.DuplicateColumn,
        "column bucket is named twice",
    ),
    (
        {"dimensions": ["nothing"]},
        errors.UndefinedColumn,
        'column "nothing" does not exist',
    ),
    (
        {"dimensions": ["count(*) as n2"]},
        errors.GroupingError,
        "(count(*)) is not an expression over one event",
    ),
    (
        {"dimensions": ["generate_series(1, amount) as each"]},
        errors.FeatureNotSupported,
        "(generate_series(1, amount)) is not an expression over one event",
    ),
    (
        {"filter": "amount"},
        errors.DatatypeMismatch,
        "the filter must be a condition, not amount",
    ),
    (
        {"filter": "amount > 'many'"},
        errors.InvalidTextRepresentation,
        'invalid input syntax for type integer: "many"',
    ),
    (
        {"time_column": "day"},
        errors.DatatypeMismatch,
        "lab.e.day must be timestamp with time zone",
    ),
    (
        {"id_column": "nothing"},
        errors.UndefinedColumn,
        "lab.e has no column nothing",
    ),
    (
        {"id_column": "device_id"},
        errors.ObjectNotInPrerequisiteState,
        "the ids of lab.e.device_id do not come from a sequence",
    ),
    (
        {"source": "lab.v"},
        errors.WrongObjectType,
        "lab.v is not a table",
    ),
    (
        {"tenant": "nothing"},
        errors.UndefinedColumn,
        'column "nothing" does not exist',
    ),
    (
        {"work_mem": "a lot"},
        errors.InvalidParameterValue,
        'invalid value for parameter "work_mem": "a lot"',
    ),
]


def test_wrong_declarations_get_one_clear_error_and_leave_nothing(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source(columns=", day date, flag boolean")
    lab.connect().execute("create view lab.v as select * from lab.e")
    for options, error, message in WRONG:
        try:
            fails(lab, error, message, **options)
        except (AssertionError, psycopg.Error) as wrong:
            raise AssertionError(f"{options}: {wrong}") from wrong


def test_trap_06_sequence_with_a_cache_is_refused_with_the_cure(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()
    db.execute("alter sequence lab.e_event_id_seq cache 20")
    hint = fails(
        lab,
        errors.ObjectNotInPrerequisiteState,
        "sequence lab.e_event_id_seq must hand out ids one by one and upwards",
    )
    assert hint == "alter sequence lab.e_event_id_seq cache 1 increment 1 minvalue 1 no cycle"
    db.execute(hint.encode())
    lab.declare()


def test_trap_07_int_ids_are_refused_with_the_cure(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()
    db.execute("alter table lab.e alter column event_id type int")
    hint = fails(lab, errors.DatatypeMismatch, "lab.e.event_id is integer, not bigint")
    assert hint.endswith("alter table lab.e alter column event_id type bigint")
    db.execute(hint.rpartition(": ")[2].encode())
    lab.declare()


@pytest.mark.parametrize(
    ("column", "after"),
    [
        ("bigserial", ""),
        ("bigint generated always as identity", ""),
        ("bigint generated by default as identity", ""),
        ("bigint default nextval('lab.shared')", ""),
        # A sequence of its own that nobody asks any more.
        ("bigserial", "alter table lab.e alter event_id set default nextval('lab.shared')"),
    ],
)
def test_sequence_that_fills_the_ids_is_found(plain_lab: Lab, column: str, after: str) -> None:
    lab = plain_lab
    db = lab.connect()
    script(
        db,
        f"""create sequence lab.shared;
            create table lab.e (event_id {column}, event_time timestamptz default now(),
                customer_id bigint, country text, device_id bigint, amount int);
            {after}""",
    )
    if "shared" in column + after:
        db.execute("select nextval('lab.shared') from generate_series(1, 5)")
    lab.declare()
    insert(db, 3)
    assert run(db).events == 3
    assert watermarks(db) == [(0, value(db, "select max(event_id) from lab.e"))]


def test_trap_30_names_that_need_quotes(lab: Lab) -> None:
    db = lab.connect()
    db.execute('drop schema if exists "User" cascade')
    db.execute('create schema "User"')
    script(
        db,
        """create table "User"."Select ""%" (
               "Order" bigserial, "When" timestamptz not null default now(), customer_id bigint,
               "Tenant Id" bigint not null, "from" text, "Group %s" text, "a""b" bigint,
               "run" bigint, "span" text, "r" int, "number" int, "b" int,
               ids bigint, stored int, new_events int, new_rows int, written int, batch int)""",
    )
    if lab.server.is_citus:
        db.execute("""select create_distributed_table('"User"."Select ""%"', 'Tenant Id')""")
    options: dict[str, Any] = {
        "source": '"User"."Select ""%"',
        "tenant": "Tenant Id",
        "id_column": "Order",
        "time_column": "When",
        "dimensions": [
            "from",
            "Group %s",
            'upper("from") as "Big %I"',
            "span",
            "'x%s$1' as odd",
            "b",
            "stored",
            "batch",
        ],
        "measures": {
            "select": {"count": "*"},
            "a'b": {"sum": 'a"b', "where": "\"Group %s\" <> '%1$s'"},
            "Count %L": {"distinct": "run"},
            "user": {"top": "Group %s"},
            "events": {"min": "number"},
            "rows": {"max": "r"},
            "ids": {"sum": "ids"},
            "new_events": {"sum": "new_events", "where": "new_rows > 0"},
            "written": {"last": "written"},
        },
        "filter": "coalesce(\"from\", '') <> '%'",
    }  # fmt: skip
    for name, bucket, column in (
        ("Visits \"of\" 'all' %s", "5 minutes", "Minute %"),
        ("table", "1 hour", "end"),
    ):
        lab.declare(name, bucket=bucket, bucket_column=column, **options)
    query = """insert into "User"."Select ""%%" ("When", "Tenant Id", "from", "Group %%s", "a""b",
                   run, span, r, number, b, ids, stored, new_events, new_rows, written, batch)
               values ('2024-06-01 12:00Z', 1, %s, 'g', 5, 6, 's', 7, 8, 9, 1, 2, 3, 4, 5, 6)"""
    for begin in ("x", "%", None, "x"):
        db.execute(query, [begin])
        outcomes = run_family(db, "table")
        assert {outcome.status for outcome in outcomes.values()} == {"done"}
    db.execute(query, ["x"])
    assert run(db, "Visits \"of\" 'all' %s") == Outcome("done", 1, 1, False)
    db.execute("call rollup.run_all()")
    for table, column in (('"Visits ""of"" \'all\' %s"', "Minute %"), ('"table"', "end")):
        found = rows(
            db,
            f"""select "from", "Group %s", "Big %I", span, odd, b, "select", "a'b", # "Count %L",
                       "user", events, rows, "{column}" is null, ids, stored, new_events, written, batch
                  from "User".{table} order by 1""",
        )
        assert found == [
            ("x", "g", "X", "s", "x%s$1", 9, 3, 15, 1.0, {"g": 3}, 8, 7, False, 3, 2, 9, 5, 6),
            (None, "g", None, "s", "x%s$1", 9, 1, 5, 1.0, {"g": 1}, 8, 7, False, 1, 2, 3, 5, 6),
        ]
    assert rows(db, "select * from rollup.verify('table')") == []
    shown = sorted(rows(db, "select name, lag_events from rollup.status"))
    assert shown == [("Visits \"of\" 'all' %s", 0), ("table", 0)]
    for name, _ in shown:
        db.execute("select rollup.drop_rollup(%s, true)", [name])
    db.execute('drop schema "User" cascade')


@pytest.mark.parametrize("odd", ["line\nbreak", "$function$", "a/*b", "back\\slash", "ünïcode"])
def test_trap_30_names_that_break_out_of_comments_and_quotes(plain_lab: Lab, odd: str) -> None:
    lab = plain_lab
    lab.source()
    db = lab.connect()
    column = "c " + odd.replace("\n", " ")
    new_table, new_column = Identifier(odd), Identifier(column)
    db.execute(SQL("alter table lab.e rename to {}").format(new_table))
    db.execute(SQL("alter table lab.{} rename country to {}").format(new_table, new_column))
    source = SQL("lab.{}").format(new_table).as_string(db)
    for name, bucket in ((f"v {odd}", "5 minutes"), (f"h {odd}", "1 hour")):
        lab.declare(name, bucket=bucket, source=source, dimensions=[column])
    db.execute(f"insert into {source} (customer_id) values (1)".encode())
    assert set(run_family(db, f"v {odd}").values()) == {Outcome("done", 1, 1, False)}
    db.execute(f"insert into {source} (customer_id) values (1)".encode())
    assert run(db, f"h {odd}").status == "done"
    db.execute("call rollup.run_all()")
    assert value(db, "select sum(lag_events) from rollup.status") == 0


# Objects named like pg_catalog's and ours, found first.
EVIL = """
    create schema evil;
    create function evil.fail() returns bool language plpgsql as
        $$ begin raise exception 'evil was called'; end $$;
    create function evil.now() returns timestamptz language sql as 'select null::timestamptz';
    create function evil.format(text, variadic "any") returns text
        language internal as 'text_format';
    create function evil.format(text, text) returns text language sql as 'select ''evil''';
    create function evil.count(bigint) returns bigint language sql as 'select -1::bigint';
    create function evil.clock_timestamp() returns timestamptz language sql as
        'select null::timestamptz';
    create function evil.current_setting(text) returns text language sql as 'select ''evil''';
    create function evil.pg_try_advisory_xact_lock(bigint) returns bool language sql as
        'select false';
    create function evil.date_bin(interval, timestamptz, timestamptz) returns timestamptz
        language sql as 'select $2';
    create function evil.coalesce(text) returns text language sql as 'select ''evil''';
    create function evil.array_to_string(text[], text) returns text
        language sql as 'select ''evil''';
    create function evil.cardinality(anyarray) returns int language sql as 'select 0';
    create function evil.bigger(bigint, bigint) returns bool language sql as 'select false';
    create operator evil.> (leftarg = bigint, rightarg = bigint, function = evil.bigger);
    create operator evil.<= (leftarg = bigint, rightarg = bigint, function = evil.bigger);
    create operator evil.= (leftarg = bigint, rightarg = bigint, function = evil.bigger);
    create function evil.same(text, text) returns bool language sql as 'select false';
    create operator evil.= (leftarg = text, rightarg = text, function = evil.same);
    create operator evil.<> (leftarg = text, rightarg = text, function = evil.same);
    create function evil.added(bigint, bigint) returns bigint language sql as 'select 0::bigint';
    create operator evil.+ (leftarg = bigint, rightarg = bigint, function = evil.added);
    create domain evil.text as pg_catalog.text check (value = 'evil');
    create domain evil.bigint as pg_catalog.int8 check (value < 0);
    create domain evil.jsonb as pg_catalog.text;
    create domain evil.oid as pg_catalog.int4 check (value < 0);
    create domain evil.name as pg_catalog.text check (value = 'evil');
    create domain evil.int8 as pg_catalog.text check (value = 'evil');
    create domain evil.int4 as pg_catalog.text check (value = 'evil');
    create domain evil.bool as pg_catalog.text check (value = 'evil');
    create domain evil.float8 as pg_catalog.text check (value = 'evil');
    create domain evil."char" as pg_catalog.text check (value = 'evil');
    create domain evil.regtype as pg_catalog.text check (value = 'evil');
    create domain evil.regproc as pg_catalog.text check (value = 'evil');
    create domain evil.regprocedure as pg_catalog.text check (value = 'evil');
    create domain evil.json as pg_catalog.text check (value = 'evil');
    create domain evil.bytea as pg_catalog.text check (value = 'evil');
    create domain evil.tstzrange as pg_catalog.text check (value = 'evil');
    create domain evil.tstzmultirange as pg_catalog.text check (value = 'evil');
    create domain evil.interval as pg_catalog.text;
    create domain evil.regclass as pg_catalog.text;
    create table evil.e (event_id bigserial, event_time timestamptz, customer_id pg_catalog.int8);
    create table evil.pg_locks (pid int);
    create table evil.pg_class (oid oid);
    create table evil.visits (n int);
    create table evil.rollups (name pg_catalog.text);
    create table evil.status (name pg_catalog.text)
"""


@pytest.mark.no_hostile("a plain owner uses no language internal")
@pytest.mark.parametrize("where", ["session", "temporary tables"])
def test_trap_29_hostile_search_path(plain_lab: Lab, where: str) -> None:
    lab = plain_lab
    lab.source()
    db, writer = lab.connect(), lab.connect()
    for statement in EVIL.split(";\n"):
        db.execute(statement.encode())
    if where == "session":
        db.execute("set search_path = evil, rollup, pg_catalog, lab")
    else:
        for table in ("pg_locks", "pg_class", "pg_sequence", "rollups", "watermarks", "e", "runs"):
            db.execute(f"create temp table {table} (name int)".encode())
    lab.declare(db=db)
    lab.declare("hours", bucket="1 hour", db=db, filter="amount > 1 or device_id = 2")
    lab.declare("days", bucket="1 day", db=db)
    assert lab.declare(db=db) == "rollup visits is there already"
    insert(writer, 3)
    assert [*run(db)] == ["done", 3, 1, False]
    insert(writer, 2)
    db.execute("call rollup.run_all()")
    insert(writer, 4)
    db.execute("call rollup.run_all(3)")
    insert(writer, 2)
    assert row(db, "select status::varchar, events::int from lab.count_hours()") == ("done", 2)
    assert len(rows(db, "select * from rollup.run_family('days', 1)")) == 2
    db.execute("call rollup.run_all()")
    shown = rows(db, "select name::varchar, lag_events::int from rollup.status order by 1")
    assert shown == [("days", 0), ("hours", 0), ("visits", 0)]
    assert rows(db, "select * from rollup.expire('lab.e', '100 years')") == []
    assert rows(db, "select * from rollup.verify('visits')") == []
    assert rows(db, "select events::int from rollup.rebuild('days', '2024-01-01')") == [(11,)]
    checks = "select check_name::varchar, status::varchar from rollup.doctor()"
    assert rows(db, checks) == rows(writer, checks)
    assert_exact(writer)
    assert counted(writer, "lab.days") == expected(writer, bucket="1 day")
    # What was made meanwhile holds on to nothing in there.
    writer.execute("set client_min_messages to warning")
    writer.execute("drop schema evil cascade")
    insert(writer)
    writer.execute("call rollup.run_all()")
    assert_exact(writer)
    assert "is gone" in value(db, "select rollup.drop_rollup('days', true)")


def families(db: Connection) -> set[frozenset[str]]:
    query = "select array_agg(name order by id) from rollup.rollups group by family"
    return {frozenset(names) for (names,) in rows(db, query)}


def test_family_of_three_grains_equals_brute_force(lab: Lab) -> None:
    lab.source()
    grains = {"days": "1 day", "visits": "5 minutes", "hours": "1 hour"}
    for name, bucket in grains.items():
        lab.declare(name, bucket=bucket, bucket_column="bucket")
    db = lab.connect()
    assert families(db) == {frozenset(grains)}
    for batch in range(3):
        for minute in (0, 3, 7, 61, 1439):
            for country in ("de", None):
                insert(
                    db,
                    5 + 100 * batch,
                    event_time=f"2024-06-0{batch % 2 + 1} {minute // 60:02}:{minute % 60:02}Z",
                    country=country,
                    customer_id=minute % 2,
                )
        outcomes = run_family(db, "hours")
        assert list(outcomes) == ["visits", "hours", "days"]
        assert {(o.status, o.events) for o in outcomes.values()} == {
            ("done", 10 * (5 + 100 * batch))
        }
    for name, bucket in grains.items():
        assert counted(db, f"lab.{name}") == expected(db, bucket=bucket), name


def test_members_that_nest_only_in_the_finest_equal_brute_force(lab: Lab) -> None:
    # 6 minutes are not made of 4, 12 are made of both: each is fed from what it is made of.
    lab.source()
    grains = {f"m{minutes}": f"{minutes} minutes" for minutes in (12, 6, 2, 60, 4)}
    for name, bucket in grains.items():
        lab.declare(name, bucket=bucket, bucket_column=f"{name}_start")
    db = lab.connect()
    assert families(db) == {frozenset(grains)}
    for turn in range(2):
        db.execute(
            "insert into lab.e (event_time, customer_id, country, device_id, amount)"
            " select timestamptz '2024-06-01 12:00Z' + n * interval '17 seconds', n % 3,"
            " nullif(n % 2, 0)::text, n % 7, n from generate_series(1, 500) n"
        )
        if turn == 0:
            run(db, "m6")
        events = {name: outcome.events for name, outcome in run_family(db, "m2").items()}
        assert events == dict.fromkeys(grains, 500) | ({"m6": 0} if turn == 0 else {})
    for name, bucket in grains.items():
        found = rows(
            db,
            f"select customer_id, {name}_start, country, n, amount, devices::text from lab.{name}",
        )
        assert Counter(found) == expected(db, bucket=bucket), name


def test_only_rollups_that_differ_in_nothing_but_nesting_buckets_are_a_family(
    plain_lab: Lab,
) -> None:
    lab = plain_lab
    lab.source()
    lab.source("lab.other")
    lab.declare("five", bucket="5 minutes")
    lab.declare("hours", bucket="1 hour")
    lab.declare("one", bucket="1 minute")
    lab.declare("seven", bucket="7 minutes")
    lab.declare("measures", bucket="1 hour", measures={"n": {"count": "*"}})
    lab.declare("dimensions", bucket="1 hour", dimensions=[])
    lab.declare("filtered", bucket="1 hour", filter="amount > 0")
    lab.declare("others", bucket="1 hour", source="lab.other")
    db = lab.connect()
    assert families(db) == {
        frozenset({"five", "hours", "one", "seven"}),
        *(frozenset({name}) for name in ("measures", "dimensions", "filtered", "others")),
    }
    lab.declare("eleven", bucket="11 seconds")
    assert frozenset({"eleven"}) in families(db)
    insert(db, 7, event_time="2024-06-01 12:34:56Z")
    db.execute("call rollup.run_all()")
    for name, bucket in {"five": "5 minutes", "seven": "7 minutes", "eleven": "11 seconds"}.items():
        assert counted(db, f"lab.{name}") == expected(db, bucket=bucket)


def test_members_at_different_watermarks_fall_into_step(lab: Lab) -> None:
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    db = lab.connect()
    insert(db, 3)
    run(db)  # visits alone
    insert(db, 4)
    run(db, "hours", 5)  # hours alone, not to the end
    insert(db, 2)
    lab.declare("days", bucket="1 day")  # added over events that others have counted
    outcomes = run_family(db, "visits")
    assert {name: outcome.events for name, outcome in outcomes.items()} == {
        "visits": 6,
        "hours": 4,
        "days": 9,
    }
    assert watermarks(db) == watermarks(db, "hours") == watermarks(db, "days")
    assert_exact(db)
    assert counted(db, "lab.hours") == expected(db, bucket="1 hour")
    assert counted(db, "lab.days") == expected(db, bucket="1 day")
    spans = rows(db, "select rollup, id_ranges from rollup.runs where id > 2 order by rollup, id")
    if not lab.server.is_citus:
        assert {name: [(s["after_id"], s["through_id"]) for s in span] for name, span in spans} == {
            "visits": [(3, 5), (5, 9)],
            "hours": [(5, 9)],
            "days": [(0, 3), (3, 5), (5, 9)],
        }


@pytest.mark.parametrize("max_events", [1, 2, 3, 5])
def test_members_fall_into_step_in_small_windows_too(plain_lab: Lab, max_events: int) -> None:
    lab = plain_lab
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour")
    db = lab.connect()
    insert(db, 7)
    run(db, "visits", 4)
    lab.declare("days", bucket="1 day")
    for _ in range(100):
        if not any(outcome.more for outcome in run_family(db, "days", max_events).values()):
            break
    assert_exact(db)
    assert counted(db, "lab.hours") == expected(db, bucket="1 hour")
    assert counted(db, "lab.days") == expected(db, bucket="1 day")


def test_member_added_over_existing_events_counts_each_once(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 3)
    db.execute("call rollup.run_all()")
    lab.declare("hours", bucket="1 hour")
    lab.declare("minutes", bucket="1 minute")  # finer than all others
    insert(db, 4)
    db.execute("call rollup.run_all()")
    for name, bucket in {"visits": "5 minutes", "hours": "1 hour", "minutes": "1 minute"}.items():
        assert counted(db, f"lab.{name}") == expected(db, bucket=bucket)


def test_broken_member_does_not_stop_other_rollups(lab: Lab) -> None:
    lab.source()
    lab.source("lab.other")
    lab.declare("broken", bucket="1 minute")
    lab.declare()
    lab.declare("others", source="lab.other")
    db = lab.connect()
    db.execute("drop table lab.broken cascade")
    for number in (1, 2):
        insert(db, 3)
        insert(db, 2, table="lab.other")
        with pytest.raises(errors.RaiseException) as caught:
            db.execute("call rollup.run_all()")
        said = str(caught.value.diag.message_primary)
        assert said.startswith("rollup broken failed: ")
        assert "broken" not in said.removeprefix("rollup broken failed: ") or "exist" in said
        assert "visits" not in said
        assert_exact(db)
        assert value(db, "select sum(n) from lab.others") == 2 * number
    # The same failure again is one row.
    query = "select status, count(*) from rollup.runs where rollup = 'broken' group by 1"
    assert rows(db, query) == [("failed", 1)]
    assert row(db, "select last_status from rollup.status where name = 'visits'") == ("done",)
    db.execute("select rollup.drop_rollup('broken')")
    db.execute("call rollup.run_all()")
