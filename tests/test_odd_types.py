"""Types and collations whose equality or order is not that of plain text."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.conftest import Connection
from tests.helpers import Lab, rows, run, value

CASE_BLIND = (
    "create collation lab.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
)


def source(lab: Lab, column: str, tenant: str = "bigint") -> Connection:
    """An events table with a column v of some type."""
    lab.begin(
        *(
            f"create extension if not exists {e} schema public"
            for e in ("citext", "ltree", "hstore")
        ),
        CASE_BLIND,
    )
    db = lab.connect()
    db.execute(
        "create table lab.e (event_id bigserial, event_time timestamptz not null default"
        f" '2024-06-01 10:00Z', customer_id {tenant} not null, v {column})".encode()
    )
    return db


def events(db: Connection, *values: str) -> None:
    for each in values:
        db.execute("insert into lab.e (customer_id, v) values ('1', %s)", [each])


def check_all(db: Connection) -> None:
    """Rows, live view, verify and a rebuild agree."""
    table, live = (rows(db, f"select * from lab.{name}") for name in ("visits", "visits_live"))
    assert sorted(map(str, live)) == sorted(map(str, table))
    assert rows(db, "select * from rollup.verify('visits')") == []
    db.execute("select rollup.rebuild('visits')")
    assert rows(db, "select * from rollup.verify('visits')") == []


DIMENSIONS = [
    ("citext", ["de", "DE"], 1),
    ("text collate lab.ci", ["de", "DE"], 1),
    ('varchar(9) collate "en-x-icu"', ["de", "DE"], 2),
    ('text collate "C"', ["de", "DE"], 2),
    ("char(4)", ["de", "de  "], 1),
    ("numeric", ["1.0", "1.00"], 1),
    ("double precision", ["0", "-0"], 1),
    ("interval", ["1 day", "24:00"], 1),
    ("text[]", ["{a}", "{a}"], 1),
    ("jsonb", ['{"a":1}', '{"a": 1}'], 1),
    ("ltree", ["a.b", "a.b"], 1),
    ("hstore", ["a=>1", "a=>1"], 1),
    ("uuid", ["00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000A"], 1),
    ("inet", ["10.0.0.1", "10.0.0.1/32"], 1),
    ("int4range", ["[1,3)", "[1,2]"], 1),
]


@pytest.mark.parametrize(("column", "values", "groups"), DIMENSIONS)
def test_trap_36_dimensions_are_grouped_by_the_equality_of_their_type(
    plain_lab: Lab, column: str, values: list[str], groups: int
) -> None:
    db = source(plain_lab, column)
    plain_lab.declare(dimensions=["v"], measures={"n": {"count": "*"}})
    events(db, values[0])
    run(db)
    events(db, values[1])
    shown = "v::text, n" if "text" in column else "n"  # 1.0 and 1.00 are one number
    live = rows(db, f"select {shown} from lab.visits_live")
    run(db)
    assert sorted(rows(db, f"select {shown} from lab.visits")) == sorted(live)
    assert value(db, "select count(*) from lab.visits") == groups
    assert value(db, "select sum(n) from lab.visits") == 2
    check_all(db)


@pytest.mark.parametrize("column", ["citext", "text collate lab.ci", 'text collate "en-x-icu"'])
def test_trap_37_extremes_and_distinct_counts_go_by_the_order_of_the_type(
    plain_lab: Lab, column: str
) -> None:
    db = source(plain_lab, column)
    plain_lab.declare(
        dimensions=[],
        measures={
            "smallest": {"min": "v"},
            "largest": {"max": "v"},
            "different": {"distinct": "v"},
            "latest": {"last": "v"},
        },
    )
    for each in ["B", "a", "b", "A", "c", "C"]:
        events(db, each)
        run(db)
        assert rows(db, "select * from rollup.verify('visits')") == []
        found = rows(
            db,
            "select smallest = (select min(v) from lab.e), largest = (select max(v) from lab.e),"
            " latest::text from lab.visits",
        )
        assert found == [(True, True, each)]
    expected = value(db, "select count(distinct v) from lab.e")
    assert value(db, "select different from lab.visits_bi") == expected
    check_all(db)


def test_trap_43_distinct_counts_of_every_type_where_all_names_are_quoted(plain_lab: Lab) -> None:
    types = (
        "smallint", "int", "bigint", "boolean", "bytea", "text", "varchar(9)", "char(9)", "numeric",
        "uuid", "date", "time", "timestamp", "timestamptz", "interval", "inet", "cidr", "money",
        "oid", "name", "real", "double precision", "jsonb", "macaddr", "pg_lsn", "int4range",
        "datemultirange", "text[]", "numeric[]", "int2vector", "oidvector", "citext", "hstore",
        "text collate lab.ci",
    )  # fmt: skip
    db = source(plain_lab, "int" + "".join(f", v{n} {each}" for n, each in enumerate(types)))
    db.execute("set quote_all_identifiers = on")
    plain_lab.declare(
        db=db, dimensions=[], measures={f"d{n}": {"distinct": f"v{n}"} for n in range(len(types))}
    )
    db.execute("insert into lab.e (customer_id) values (1)")
    run(db)
    assert rows(db, "select * from rollup.verify('visits')") == []


@pytest.mark.parametrize("bucket", ["1 hour", "1 day"])
def test_trap_37_coarser_members_too(plain_lab: Lab, bucket: str) -> None:
    db = source(plain_lab, 'text collate "en-x-icu"')
    measures = {"largest": {"max": "v"}}
    plain_lab.declare(dimensions=[], measures=measures)
    plain_lab.declare("coarse", bucket=bucket, dimensions=[], measures=measures)
    events(db, "B", "a")
    db.execute("call rollup.run_all()")
    assert rows(db, "select largest from lab.coarse") == [("B",)]
    assert rows(db, "select * from rollup.verify('coarse')") == []


@pytest.mark.parametrize("tenant", ["citext", "text collate lab.ci", "text", "uuid"])
def test_trap_36_tenants_too(plain_lab: Lab, tenant: str) -> None:
    db = source(plain_lab, "text", tenant)
    plain_lab.declare(dimensions=["v"], measures={"n": {"count": "*"}})
    a, b = (
        ("00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000A")
        if tenant == "uuid"
        else ("spade", "SPADE")
    )
    for each in (a, b):
        db.execute("insert into lab.e (customer_id, v) values (%s, 'x')", [each])
        live = rows(db, "select n from lab.visits_live")
        run(db)
        assert rows(db, "select n from lab.visits") == live
    groups = 2 if tenant == "text" else 1
    assert value(db, "select count(*) from lab.visits") == groups
    assert rows(db, "select * from rollup.verify('visits', tenant => %s)", b) == []
    events_counted = value(db, "select events from rollup.rebuild('visits', tenant => %s)", b)
    assert events_counted == 2 // groups
    check_all(db)


# Equal values that are not identical: the row shows the spelling that was counted first.
SPELLINGS = [
    ("citext", "de", "DE"),
    ("lab.domain", "de", "DE"),
    ("citext[]", "{de}", "{DE}"),
    ("lab.pair", "(de,1)", "(DE,1)"),
    ("lab.texts", "[de,e)", "[DE,E)"),
    ("text collate lab.ci", "de", "DE"),
    ("numeric", "0.0", "0.00"),
    ("double precision", "0", "-0"),
    ("bpchar", "de", "de  "),
]


@pytest.mark.parametrize(("column", "first", "second"), SPELLINGS)
@pytest.mark.parametrize("is_tenant", [False, True])
def test_trap_36_the_live_view_spells_a_key_as_the_table_does(
    plain_lab: Lab, column: str, first: str, second: str, is_tenant: bool
) -> None:
    db = source(plain_lab, "text")
    db.execute("create domain lab.domain as citext")
    db.execute("create type lab.pair as (a citext, b int)")
    db.execute("create type lab.texts as range (subtype = citext)")
    db.execute(f"alter table lab.e add k {column} not null default '{first}'".encode())
    keys = {"tenant": "k", "dimensions": []} if is_tenant else {"dimensions": ["k"]}
    plain_lab.declare(measures={"n": {"count": "*"}}, **keys)
    events(db, "x")
    run(db)
    db.execute(f"alter table lab.e alter k set default '{second}'".encode())
    events(db, "x")
    live = rows(db, "select k::text, n from lab.visits_live")
    assert [spelling.strip() for spelling, _ in live] == [first]
    run(db)
    assert rows(db, "select k::text, n from lab.visits") == live
    if is_tenant:
        assert rows(db, "select * from rollup.verify('visits', tenant => %s)", second) == []
        assert value(db, "select events from rollup.rebuild('visits', tenant => %s)", second) == 2


@pytest.mark.parametrize("column", ["json", "point", "xml", "point[]", "lab.place", "lab.place[]"])
@pytest.mark.parametrize("is_tenant", [False, True])
def test_trap_36_what_cannot_be_compared_is_refused(
    plain_lab: Lab, column: str, is_tenant: bool
) -> None:
    db = source(plain_lab, "text")
    db.execute("create type lab.place as (at point, name text)")
    db.execute(f"alter table lab.e add k {column}".encode())
    keys = {"tenant": "k", "dimensions": []} if is_tenant else {"dimensions": ["k"]}
    with pytest.raises(errors.DatatypeMismatch, match="cannot tell rows apart") as refused:
        plain_lab.declare(measures={"n": {"count": "*"}}, **keys)
    assert "::text" in str(refused.value.diag.message_hint)


@pytest.mark.parametrize("column", ["xid8", "xid", "point[]", "json", "bit(3)"])
def test_trap_36_what_cannot_be_counted_distinctly_is_refused(plain_lab: Lab, column: str) -> None:
    db = source(plain_lab, column)
    if column in ("xid", "xid8") and db.info.server_version >= 180000:
        pytest.skip("since PostgreSQL 18 these types have a hash function")
    with pytest.raises(errors.DatatypeMismatch, match="cannot be told apart") as refused:
        plain_lab.declare(dimensions=[], measures={"d": {"distinct": "v"}})
    assert '{"distinct": "(…)::text"}' in str(refused.value.diag.message_hint)


@pytest.mark.parametrize(
    ("column", "measure", "values", "shown"),
    [
        ("xid8", {"distinct": "v"}, ["7", "7", "9"], "2"),
        ("xid", {"distinct": "v"}, ["7", "7", "9"], "2"),
        ("bytea", {"max": "encode(v, 'hex')"}, [r"\x01", r"\xff"], "ff"),
        ("bytea", {"max": "v"}, [r"\x01", r"\xff"], r"\xff"),
    ],
)
def test_what_postgresql_18_can_compare(
    plain_lab: Lab, column: str, measure: dict[str, str], values: list[str], shown: str
) -> None:
    db = source(plain_lab, column)
    if measure != {"max": "encode(v, 'hex')"} and db.info.server_version < 180000:
        pytest.skip("PostgreSQL 18 has its hash function, or its max")
    plain_lab.declare(dimensions=[], measures={"m": measure})
    events(db, *values)
    run(db)
    found = value(db, "select m from lab.visits_bi")
    assert (found.hex() if shown == r"\xff" else str(found)) == shown.removeprefix(r"\x")
    assert rows(db, "select * from rollup.verify('visits')") == []


@pytest.mark.parametrize(
    ("column", "cure", "cured"),
    [
        ("boolean", "int", "1"),
        ("bit(3)", "text", "101"),
        ("bytea", "text", r"\x01"),
        ("macaddr", "text", "08:00:2b:01:02:03"),
        ("hstore", "text", '"a"=>"1"'),
    ],
)
def test_trap_36_what_has_no_maximum_is_refused_with_a_cure(
    plain_lab: Lab, column: str, cure: str, cured: str
) -> None:
    db = source(plain_lab, column)
    if column == "bytea" and db.info.server_version >= 180000:
        pytest.skip("PostgreSQL 18 has max(bytea)")
    with pytest.raises(errors.DatatypeMismatch, match="there is no max of") as refused:
        plain_lab.declare(dimensions=[], measures={"m": {"max": "v"}})
    assert f'{{"max": "(…)::{cure}"}}' in str(refused.value.diag.message_hint)
    plain_lab.declare(dimensions=[], measures={"m": {"max": f"(v)::{cure}"}})
    events(db, "true" if column == "boolean" else cured)
    run(db)
    assert str(value(db, "select m from lab.visits")) == cured


@pytest.mark.parametrize(("tenant", "spelling"), [("regclass", "lab.e"), ("lab.pair", "(1,2)")])
def test_trap_36_a_tenant_of_any_type_is_found(plain_lab: Lab, tenant: str, spelling: str) -> None:
    db = source(plain_lab, "text")
    db.execute("create type lab.pair as (a int, b int)")
    db.execute(f"alter table lab.e add k {tenant} not null default '{spelling}'".encode())
    plain_lab.declare(tenant="k", dimensions=[], measures={"n": {"count": "*"}})
    events(db, "x")
    run(db)
    db.execute("update lab.visits set n = 5")
    assert len(rows(db, "select * from rollup.verify('visits', tenant => %s)", spelling)) == 1
    assert value(db, "select events from rollup.rebuild('visits', tenant => %s)", spelling) == 1
    check_all(db)


@pytest.mark.parametrize("tenant", ["varchar(3)", "char(3)", "lab.short"])
def test_trap_36_a_longer_name_is_no_tenant(plain_lab: Lab, tenant: str) -> None:
    db = source(plain_lab, "text")
    db.execute("create domain lab.shorter as varchar(3)")
    db.execute("create domain lab.short as lab.shorter")
    db.execute(f"alter table lab.e add k {tenant} not null default 'abc'".encode())
    db.execute("alter table lab.e replica identity full")
    plain_lab.declare(tenant="k", dimensions=[], measures={"n": {"count": "*"}})
    db.execute("select rollup.follow_changes('lab.e')")
    events(db, "x")
    run(db)
    for found, spelling in ((0, "abcd"), (1, "abc")):
        rebuilt = "select events from rollup.rebuild('visits', tenant => %s)"
        assert value(db, rebuilt, spelling) == found
        erased = "select events from rollup.erase('lab.e', %s, 'true')"
        assert value(db, erased, spelling) == found


# Of citext and ltree as the engine would understand them, and as the schema makes them clear.
FILTERS = [
    ("citext", "v = 'de'", "v operator(public.=) 'de'"),
    (
        "citext",
        "v in ('de', 'at')",
        "v operator(public.=) any (array['de', 'at']::public.citext[])",
    ),
    ("citext", "replace(v, 'd', 't') = 'te'", "public.replace(v, 'd', 't') = 'te'"),
    ("citext", "v like 'd%'", "v operator(public.~~) 'd%'"),
    ("citext", "v is not distinct from 'de'", "coalesce(v operator(public.=) 'de', false)"),
    ("text", "v::public.citext = 'de'", "v::public.citext operator(public.=) 'de'"),
    ("ltree", "v <@ 'de'", "v operator(public.<@) 'de'::public.ltree"),
    ("citext", "v::citext = 'de'", "v::public.citext operator(public.=) 'de'"),
]


@pytest.mark.parametrize(("column", "ambiguous", "clear"), FILTERS)
def test_trap_36_an_expression_means_what_it_means_in_a_query(
    plain_lab: Lab, column: str, ambiguous: str, clear: str
) -> None:
    db = source(plain_lab, column)
    options: dict[str, dict[str, Any]] = {
        "filter": {"filter": ambiguous},
        "dimension": {"dimensions": [f"{ambiguous} as d"]},
        "measure": {"measures": {"m": {"count": "*", "where": ambiguous}}},
        "argument": {"measures": {"m": {"count": f"nullif({ambiguous}, false)"}}},
    }
    for declaration in options.values():
        with pytest.raises(psycopg.Error) as refused:
            plain_lab.declare(**{"dimensions": [], "measures": {"n": {"count": "*"}}} | declaration)
        assert refused.value.sqlstate in ("42725", "42704")
        assert "schema" in str(refused.value.diag.message_hint)
    plain_lab.declare(dimensions=[], measures={"n": {"count": "*"}}, filter=clear)
    events(db, "de", *([] if column == "ltree" else ["DE"]), "x")
    asked = f"select count(*) from lab.e where {ambiguous}".encode()
    in_a_query = db.execute(asked).fetchone()
    run(db)
    assert rows(db, "select n from lab.visits") == [in_a_query]
    check_all(db)


@pytest.mark.parametrize("column", ["citext", "text collate lab.ci"])
def test_trap_36_lists_of_texts_that_are_equal_are_refused(plain_lab: Lab, column: str) -> None:
    db = source(plain_lab, column)
    with pytest.raises(errors.DatatypeMismatch, match="equal values of v") as refused:
        plain_lab.declare(dimensions=[], measures={"t": {"top": "v"}})
    hint = str(refused.value.diag.message_hint)
    spec = hint[hint.index("{") : hint.rindex("}") + 1]
    plain_lab.declare(dimensions=[], measures={"t": {"top": 'lower((v)::text collate "C")'}})
    assert 'lower((v)::text collate \\"C\\")' in spec
    events(db, "a", "A", "b")
    run(db)
    assert value(db, "select rollup.top_item(t) from lab.visits") == "a"
    check_all(db)


def test_trap_37_a_table_with_another_collation_is_not_adopted(plain_lab: Lab) -> None:
    db = source(plain_lab, 'text collate "en-x-icu"')
    db.execute(
        "create table lab.visits (customer_id bigint not null, bucket timestamptz not null,"
        " largest text)"
    )
    with pytest.raises(errors.CollationMismatch, match="compared otherwise") as refused:
        plain_lab.declare(dimensions=[], measures={"largest": {"max": "v"}})
    (mend,) = str(refused.value.diag.message_hint).split(". ")[:1]
    db.execute(mend.encode())
    plain_lab.declare(dimensions=[], measures={"largest": {"max": "v"}})


def test_trap_37_added_measures_have_the_collation(plain_lab: Lab) -> None:
    db = source(plain_lab, 'text collate "en-x-icu"')
    plain_lab.declare(dimensions=[], measures={"n": {"count": "*"}})
    db.execute(
        """select rollup.alter_rollup('visits', add_measures => '{"largest": {"max": "v"}}')"""
    )
    for each in ("B", "a"):
        events(db, each)
        run(db)
    assert value(db, "select largest from lab.visits") == "B"
    check_all(db)
