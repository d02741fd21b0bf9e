"""Hints of rejected declarations: the statements in them are run, and then it is accepted."""

from __future__ import annotations

import psycopg
import pytest

from tests.helpers import Connection, Lab, rows, run, value


def declare(db: Connection, id_column: str, name: str = "r") -> None:
    db.execute(
        "select rollup.create_rollup(name => %s, source => 'lab.t', target => 'lab.r',"
        " bucket => '1 hour', tenant => 'org', id_column => %s, time_column => 'at',"
        """ measures => '{"n": {"count": "*"}}')""",
        [name, id_column],
    )


@pytest.mark.parametrize(
    ("id_type", "time_type", "id_default"),
    [
        ("bigint", "timestamptz", ""),
        ("uuid", "timestamptz", "default gen_random_uuid()"),
        ("serial", "timestamptz", ""),
        ("bigserial", "timestamp", ""),
        ("bigint", "date", ""),
        ("text", "timestamptz", "default 'a'"),
    ],
)
def test_hints_lead_to_a_rollup_that_counts(
    plain_lab: Lab, id_type: str, time_type: str, id_default: str
) -> None:
    db = plain_lab.connect()
    db.execute(
        f"create table lab.t (id {id_type} {id_default}, at {time_type} not null default now(),"
        " org bigint not null)".encode()
    )
    if id_type == "bigint":
        db.execute("insert into lab.t (id, org) select i, 1 from generate_series(1, 100) i")
    else:
        db.execute("insert into lab.t (org) select 1 from generate_series(1, 100) i")
    id_column = "id"
    for _ in range(4):
        try:
            declare(db, id_column)
            break
        except psycopg.Error as error:
            hint = str(error.diag.message_hint)
            hint, _, named = hint.partition(", and declare with id_column => ")
            id_column = named.strip("'") or id_column
            for statement in hint.split("; "):
                db.execute(statement.encode())
    else:
        pytest.fail("the hints do not end")
    db.execute("insert into lab.t (org) values (1)")
    assert run(db, "r").events == 101
    assert (
        rows(db, "select * from rollup.doctor() where check_name like 'ids of%' and status <> 'ok'")
        == []
    )


def test_a_sequence_that_ends_early_is_named(plain_lab: Lab) -> None:
    db = plain_lab.connect()
    db.execute("create table lab.t (id serial, at timestamptz not null, org bigint not null)")
    db.execute("alter table lab.t alter column id type bigint")
    declare(db, "id")
    query = "select status, finding, todo from rollup.doctor() where check_name = 'ids of lab.t'"
    ((status, finding, todo),) = rows(db, query)
    assert (status, finding) == ("warn", "sequence lab.t_id_seq ends at 2147483647")
    db.execute(todo.encode())
    assert rows(db, query)[0][0] == "ok"
    assert value(db, "select max_value from pg_sequences where sequencename = 't_id_seq'") > 2**62


@pytest.mark.parametrize("base", ["numeric(10, 2)", "integer", "real", "double precision"])
def test_a_domain_over_a_number_is_a_number(plain_lab: Lab, base: str) -> None:
    db = plain_lab.connect()
    db.execute(f"create domain lab.price as {base}".encode())
    db.execute(
        "create table lab.t (id bigserial, at timestamptz not null default now(), org bigint not null, price lab.price)"
    )
    db.execute(
        """select rollup.create_rollup(name => 'r', source => 'lab.t', bucket => '1 hour', tenant => 'org',
             id_column => 'id', time_column => 'at',
             measures => '{"a": {"avg": "price"}, "s": {"stddev": "price"},
                           "t": {"top": "id", "weight": "price"}}')"""
    )
    for _ in range(2):
        db.execute("insert into lab.t (org, price) values (1, 2), (1, 4)")
        assert run(db, "r").events == 2
    assert rows(db, "select * from rollup.verify('r')") == []
    assert value(db, "select a::float8 from lab.r_bi") == 3


@pytest.mark.parametrize("column", ["js json", "pt point", "lt ltree", "hs hstore"])
def test_dimensions_of_other_types_are_grouped_or_refused_in_one_line(
    plain_lab: Lab, column: str
) -> None:
    db = plain_lab.connect()
    db.execute("create extension if not exists ltree schema public")
    db.execute("create extension if not exists hstore schema public")
    db.execute(
        f"create table lab.t (id bigserial, at timestamptz not null default now(), org bigint not null, {column})".encode()
    )
    text = """select rollup.create_rollup(name => 'r', source => 'lab.t', bucket => '1 hour', tenant => 'org',
                id_column => 'id', time_column => 'at', dimensions => %s, measures => '{"n": {"count": "*"}}')"""
    name = column.split()[0]
    if name in ("js", "pt"):
        with pytest.raises(
            psycopg.errors.DatatypeMismatch, match="cannot tell rows apart"
        ) as caught:
            db.execute(text.encode(), [[name]])
        assert caught.value.diag.message_hint == f'Take its text: "(…)::text as {name}".'
        db.execute(text.encode(), [[f"({name})::text as {name}"]])
    else:
        db.execute(text.encode(), [[name]])
    for _ in range(2):
        db.execute("insert into lab.t (org) values (1)")
        run(db, "r")
    assert value(db, "select sum(n)::int from lab.r") == 2
