"""Types and collations whose equality or order is not that of plain text."""

from __future__ import annotations

import pytest
from psycopg import errors

from tests.conftest import Connection
from tests.helpers import Lab, rows, run, value

CASE_BLIND = (
    "create collation lab.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
)


def source(lab: Lab, column: str, tenant: str = "bigint") -> Connection:
    """An events table with a column v of some type."""
    db = lab.connect()
    for extension in ("citext", "ltree", "hstore"):
        db.execute(f"create extension if not exists {extension} schema public".encode())
    db.execute(CASE_BLIND)
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


@pytest.mark.parametrize("column", ["json", "point", "xml"])
def test_trap_36_what_cannot_be_compared_is_refused(plain_lab: Lab, column: str) -> None:
    source(plain_lab, column)
    with pytest.raises(errors.DatatypeMismatch, match="cannot tell rows apart") as refused:
        plain_lab.declare(dimensions=["v"], measures={"n": {"count": "*"}})
    assert "::text" in str(refused.value.diag.message_hint)


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
