"""The stand-ins in schema rollup_compat: TopN without the topn extension, and sum(hll)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors, sql
from psycopg.types.json import Jsonb

from tests.conftest import Rollupctl
from tests.servers import ROOT

Connection = psycopg.Connection[tuple[Any, ...]]

SHARED_DATABASE = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
ITEMS = st.one_of(
    st.integers(0, 30).map(str),
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=6),
    st.sampled_from(["é" * 200, "x" * 255, "x" * 256, "漢" * 85 + "x", '"', "\\", "\n"]),
)
COUNTERS = st.dictionaries(ITEMS.filter(lambda key: len(key.encode()) < 256), st.integers(1, 10**6))


@pytest.fixture
def topn(db: Connection) -> Connection:
    """The fresh database, where unqualified names find the stand-ins."""
    db.execute("drop extension if exists topn cascade")
    if value(db, "select to_regprocedure('rollup_compat.topn(jsonb, int)') is null"):
        install(db)
    db.execute("set search_path = public, rollup_compat")
    return db


def install(db: Connection, *files: str) -> None:
    """Run files, named from sql/compat, all of them when none is named."""
    folder = ROOT / "sql" / "compat"
    lines = (folder / "install.sql").read_text().splitlines()
    for name in files or [line.removeprefix("\\ir ") for line in lines]:
        db.execute((folder / name).read_bytes())


def value(db: Connection, query: str, *parameters: object) -> Any:
    """The first column of the first row, or None when there is no row."""
    row = db.execute(query.encode(), parameters or None).fetchone()
    return row[0] if row else None


def set_counters(db: Connection, counters: object) -> None:
    db.execute("select set_config('topn.number_of_counters', %s, false)", [str(counters)])


def key_of(item: str) -> str:
    """What fits of an item into 255 bytes, in whole characters."""
    return item.encode()[:255].decode(errors="ignore")


def add_agg(db: Connection, items: list[str | None]) -> dict[str, int]:
    found: dict[str, int] = value(
        db, "select topn_add_agg(item) from unnest(%s::text[]) item", items
    )
    return found


def union_agg(db: Connection, *objects: dict[str, int] | None) -> dict[str, int]:
    found: dict[str, int] = value(
        db,
        "select topn_union_agg(o) from unnest(%s::jsonb[]) o",
        [None if o is None else Jsonb(o) for o in objects],
    )
    return found


def union(db: Connection, left: dict[str, Any], right: dict[str, Any]) -> dict[str, int]:
    found: dict[str, int] = value(db, "select topn_union(%s, %s)", Jsonb(left), Jsonb(right))
    return found


@pytest.mark.parametrize("query", ["item", "item) filter (where false"])
def test_no_items_make_an_empty_object(topn: Connection, query: str) -> None:
    found = value(topn, f"select topn_add_agg({query}) from (values (null::text), (null)) v(item)")
    assert found == {}
    assert union_agg(topn, None) == union_agg(topn) == {}


def test_an_item_is_counted_under_its_bytes_whatever_the_collation(topn: Connection) -> None:
    topn.execute(
        "create collation careless (provider = icu, locale = 'und-u-ks-level1',"
        " deterministic = false)"
    )
    topn.execute("create table words (word text collate careless)")
    topn.execute("insert into words values ('a'), ('A'), ('á'), ('a')")
    found = value(topn, "select topn_add_agg(word) from words")
    assert found == {"a": 2, "A": 1, "á": 1}


@SHARED_DATABASE
@given(items=st.lists(st.none() | ITEMS, max_size=60), counters=st.sampled_from([1, 3, 1000]))
def test_counts_are_exact_and_the_largest_are_kept(
    topn: Connection, items: list[str | None], counters: int
) -> None:
    set_counters(topn, counters)
    exact = Counter(key_of(item) for item in items if item is not None)
    ranked = sorted(exact.items(), key=lambda pair: (-pair[1], pair[0].encode()))
    assert add_agg(topn, items) == dict(ranked[:counters])


@SHARED_DATABASE
@given(objects=st.lists(COUNTERS, min_size=2, max_size=5))
def test_a_union_sums_by_key(topn: Connection, objects: list[dict[str, int]]) -> None:
    set_counters(topn, 1000)
    exact: Counter[str] = sum((Counter(o) for o in objects), Counter())
    assert union_agg(topn, *objects) == exact
    assert union(topn, objects[0], objects[1]) == Counter(objects[0]) + Counter(objects[1])
    assert value(
        topn,
        "select %s operator(rollup_compat.+) %s",
        *(Jsonb(o) for o in objects[:2]),
    ) == Counter(objects[0]) + Counter(objects[1])


@SHARED_DATABASE
@given(
    batches=st.lists(st.lists(st.integers(0, 12).map(str), max_size=30), min_size=2, max_size=5),
    counters=st.integers(1, 6),
)
def test_the_documented_bound_holds(
    topn: Connection, batches: list[list[str]], counters: int
) -> None:
    """No counter too high; too low, or missing, by no more than the comment in the code says."""
    set_counters(topn, counters)
    exact: Counter[str] = Counter(item for batch in batches for item in batch)
    merged: dict[str, int] = {}
    shortfall = 0
    for batch in batches:
        part = add_agg(topn, list(batch))
        shortfall += min(part.values()) if len(part) == counters else 0
        is_cut = len(merged.keys() | part.keys()) > counters
        merged = union(topn, merged, part)
        assert len(merged) <= counters
        assert all(exact[item] >= n for item, n in merged.items())
        shortfall += min(merged.values()) if is_cut else 0
    for item, n in exact.items():
        assert n - merged.get(item, 0) <= shortfall


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("{}", "{}", {}),
        (None, "{}", None),
        ("{}", None, None),
        ('{"a": 1.9, "b": -3}', '{"a": 1}', {"a": 2, "b": -3}),
        ('{"a": 1.9}', '{"b": 2.0}', {"a": 1, "b": 2}),
        ('{"a": "x", "b": null, "c": [7], "d": true}', '{"a": 1}', {"a": 1}),
        ('{"a": 9223372036854775807}', '{"a": 1}', {"a": 9223372036854775807}),
        ('{"a": 1}', '{"b": 1e30}', {"a": 1, "b": 9223372036854775807}),
        ("[1]", '{"a": 1}', {"a": 1}),
        ("5", "null", {}),
    ],
)
def test_union_of_odd_objects(
    topn: Connection, left: str | None, right: str | None, expected: dict[str, int] | None
) -> None:
    assert value(topn, "select topn_union(%s, %s)", left, right) == expected


@pytest.mark.parametrize(
    ("counters", "top_items", "item", "expected"),
    [
        (9, None, None, {}),
        (9, None, "a", {"a": 1}),
        (9, {"a": 1}, None, {"a": 1}),
        (9, {"a": 1}, "a", {"a": 2}),
        (9, {}, "", {"": 1}),
        (9, {}, "é" * 128, {"é" * 127: 1}),
        (2, {"a": 5, "b": 3}, "c", {"a": 5, "b": 3}),
        (2, {"a": 5, "b": 3, "c": 2}, "c", {"a": 5, "b": 3, "c": 3}),
        (2, {"a": 5, "b": 3, "c": 2}, "d", {"a": 5, "b": 3}),
    ],
)
def test_adding_one_item(
    topn: Connection,
    counters: int,
    top_items: dict[str, int] | None,
    item: str | None,
    expected: dict[str, int],
) -> None:
    set_counters(topn, counters)
    given_items = None if top_items is None else Jsonb(top_items)
    assert value(topn, "select topn_add(%s, %s)", given_items, item) == expected


@pytest.mark.parametrize(
    "call",
    [
        "(select count(*) from topn(%s, 1))",
        "topn_union('{}', %s)",
        "topn_union(%s, '{}')",
        "topn_add(%s, 'a')",
        "(select topn_union_agg(o) from (values (%s::jsonb)) v(o))",
    ],
)
def test_a_stored_key_that_is_too_long_is_an_error(topn: Connection, call: str) -> None:
    with pytest.raises(errors.DataException, match="longer than the 256 bytes") as raised:
        value(topn, f"select {call}", Jsonb({"é" * 129: 1}))
    assert raised.value.diag.message_detail == f'It has 258 bytes and begins with "{"é" * 40}".'
    assert value(topn, f"select {call}", Jsonb({"é" * 127: 1})) is not None


def test_topn_lists_the_largest_first(topn: Connection) -> None:
    objects = Jsonb({"a": 1, "b": 30, "c": 2.9, "d": "x", "e": 10**30})
    rows = topn.execute("select item, frequency from topn(%s, 3)", [objects]).fetchall()
    assert rows == [("e", 2**63 - 1), ("b", 30), ("c", 2)]
    assert topn.execute("select (topn(%s, 9)).*", [objects]).fetchall()[3:] == [("a", 1)]


@pytest.mark.parametrize(("top_items", "n"), [("{}", 5000), (None, 5), ('{"a": 1}', None)])
def test_topn_of_nothing_is_no_rows(topn: Connection, top_items: str | None, n: int | None) -> None:
    assert topn.execute("select topn(%s, %s)", [top_items, n]).fetchall() == []


@pytest.mark.parametrize("n", [0, -1])
def test_topn_of_no_items_is_no_rows(topn: Connection, n: int) -> None:
    assert topn.execute("select topn('{\"a\": 1}', %s)", [n]).fetchall() == []


@pytest.mark.parametrize(
    ("size", "modulus", "order"),
    [
        (6, 2, "1 3 5 2 4 6"),
        (9, 3, "2 5 8 1 4 7 9 3 6"),
        (50, 4, "3 15 43 47 27 19 11 31 35 23 39 7"),
    ],
)
def test_equal_frequencies_come_in_the_extensions_order(
    topn: Connection, size: int, modulus: int, order: str
) -> None:
    top_items = Jsonb({f"k{i:02}": 1 + i % modulus for i in range(1, size + 1)})
    wanted = [f"k{int(i):02}" for i in order.split()]
    rows = topn.execute("select item from topn(%s, %s)", [top_items, len(wanted)]).fetchall()
    assert [item for (item,) in rows] == wanted


def test_topn_refuses_more_items_than_counters(topn: Connection) -> None:
    set_counters(topn, 10)
    with pytest.raises(errors.InvalidParameterValue, match="number_of_counters is 10") as raised:
        value(topn, "select topn('{\"a\": 1}', 11)")
    assert raised.value.diag.message_hint == "Ask for fewer, or: set topn.number_of_counters = 11"
    assert value(topn, "select count(*) from topn('{\"a\": 1}', 10)") == 1


@pytest.mark.parametrize("setting", ["0", "-1", "14913081", "1000000000000", "many", "1.5", " "])
@pytest.mark.parametrize(
    "call",
    ["topn('{\"a\": 1}', 1)", "topn_union('{}', '{}')", "topn_add(null, 'a')", "topn_add_agg('a')"],
)
def test_an_invalid_setting_is_an_error_when_it_is_used(
    topn: Connection, setting: str, call: str
) -> None:
    set_counters(topn, setting)
    with pytest.raises(errors.InvalidParameterValue) as raised:
        value(topn, f"select {call}")
    assert '"topn.number_of_counters"' in str(raised.value)
    assert setting.strip() in str(raised.value)


@pytest.mark.parametrize(
    ("setting", "kept"), [("", 1000), ("1", 1), (" 7 ", 7), ("14913080", 1001)]
)
def test_a_valid_setting_is_how_many_counters_are_kept(
    topn: Connection, setting: str, kept: int
) -> None:
    set_counters(topn, setting)
    many = {str(i): 1 for i in range(1001)}
    assert len(union(topn, many, {})) == len(union_agg(topn, many)) == kept
    assert len(add_agg(topn, list(many))) == kept


def test_unions_slide_over_a_window(topn: Connection) -> None:
    rows = topn.execute(
        "select topn_union_agg(o) over (order by i rows 1 preceding)"
        " from (values (1, %s::jsonb), (2, null), (3, %s)) v(i, o)",
        [Jsonb({"a": 1}), Jsonb({"a": 2, "b": 1})],
    ).fetchall()
    assert rows == [({"a": 1},), ({"a": 1},), ({"a": 2, "b": 1},)]


def test_a_hostile_search_path_changes_nothing(topn: Connection) -> None:
    topn.execute(
        """
        create schema evil;
        create function evil.nothing(jsonb, jsonb) returns jsonb return null::jsonb;
        create operator evil.|| (leftarg = jsonb, rightarg = jsonb, function = evil.nothing);
        create function evil.current_setting(text, boolean) returns text return '1';
        create function evil.jsonb_array_length(jsonb) returns int return 0;
        create function evil.octet_length(text) returns int return 999;
        create function evil.trunc(numeric) returns numeric return 0;
        set search_path = evil, pg_catalog;
        """
    )
    one, two = Jsonb({"a": 1}), Jsonb({"a": 1, "b": 2})
    assert value(topn, "select rollup_compat.topn_union(%s, %s)", one, two) == {"a": 2, "b": 2}
    assert value(topn, "select rollup_compat.topn_add(%s, 'b')", one) == {"a": 1, "b": 1}
    assert value(topn, "select count(*) from rollup_compat.topn(%s, 2)", two) == 2
    union_of_both = "select rollup_compat.topn_union_agg(o) from unnest(%s::jsonb[]) o"
    assert value(topn, union_of_both, [one, two]) == {"a": 2, "b": 2}
    count_of_items = "select rollup_compat.topn_add_agg(i) from unnest(%s::text[]) i"
    assert value(topn, count_of_items, ["a", "b", "b"]) == {"a": 1, "b": 2}


@pytest.fixture
def both(topn: Connection) -> Connection:
    """The extension in schema c beside the stand-ins."""
    if not value(topn, "select count(*) from pg_available_extensions where name = 'topn'"):
        pytest.skip("topn is not installed")
    topn.execute("create schema c")
    topn.execute("create extension topn schema c")
    return topn


def in_both(db: Connection, query: str, *parameters: object) -> tuple[Any, Any]:
    """All rows of a query, where names mean the extension, and where they mean the stand-ins."""
    answers = []
    for schema in ("c", "rollup_compat"):
        db.execute(sql.SQL("set search_path = {}").format(sql.Identifier(schema)))
        answers.append(db.execute(query.encode(), parameters or None).fetchall())
    return answers[0], answers[1]


@SHARED_DATABASE
@given(
    items=st.lists(st.none() | ITEMS, max_size=100),
    objects=st.lists(st.none() | COUNTERS, min_size=2, max_size=4),
    n=st.integers(0, 50),
)
def test_the_extension_answers_the_same(
    both: Connection, items: list[str | None], objects: list[dict[str, int] | None], n: int
) -> None:
    given_objects = [None if o is None else Jsonb(o) for o in objects]
    calls: list[tuple[str, list[object]]] = [
        ("select topn_add_agg(item) from unnest(%s::text[]) item", [items]),
        ("select topn_union_agg(o) from unnest(%s::jsonb[]) o", [given_objects]),
        ("select topn_union(%s, %s)", [*given_objects[:2]]),
        ("select topn_add(%s, %s)", [given_objects[0], items[0] if items else None]),
        ("select * from topn(%s, %s)", [given_objects[0], n]),
    ]
    for query, parameters in calls:
        extension, stand_in = in_both(both, query, *parameters)
        assert extension == stand_in


@SHARED_DATABASE
@given(frequencies=st.lists(st.integers(1, 4), max_size=300), n=st.integers(0, 300))
def test_the_extension_orders_ties_the_same(
    both: Connection, frequencies: list[int], n: int
) -> None:
    top_items = Jsonb({f"k{i}": frequency for i, frequency in enumerate(frequencies)})
    extension, stand_in = in_both(both, "select * from topn(%s, %s)", top_items, n)
    assert extension == stand_in


def test_the_extension_in_public_is_found_first(topn: Connection) -> None:
    if not value(topn, "select count(*) from pg_available_extensions where name = 'topn'"):
        pytest.skip("topn is not installed")
    topn.execute("create extension topn schema public")
    aggregate = "select 'topn_add_agg(text)'::regprocedure::oid = 'public.{}'::regprocedure"
    assert value(topn, aggregate.format("topn_add_agg(text)"))
    assert add_agg(topn, ["a", "a"]) == {"a": 2}


def stand_ins(db: Connection) -> set[str]:
    """Signatures of the functions in rollup_compat that are about TopN."""
    rows = db.execute(
        "select oid::regprocedure::text from pg_proc"
        " where pronamespace = 'rollup_compat'::regnamespace and proname like 'topn%'"
    ).fetchall()
    return {signature.removeprefix("rollup_compat.") for (signature,) in rows}


def pretend_extension(db: Connection) -> None:
    """Make the catalog say that topn is there: all that the package looks at."""
    db.execute("set allow_system_table_mods = on")
    db.execute(
        "insert into pg_extension select 99999, 'topn', extowner, extnamespace, true, '2.7.0',"
        " null, null from pg_extension where extname = 'plpgsql'"
    )


def test_the_stand_ins_step_aside_for_the_extension(topn: Connection) -> None:
    with topn.transaction(force_rollback=True):
        # Their views use the stand-ins until an install writes them anew, with the real extension.
        topn.execute("select rollup.drop_rollup(name) from rollup.rollups")
        pretend_extension(topn)
        install(topn)
        install(topn, "../finish/drop_stand_ins.sql")
        assert stand_ins(topn) == set()
        assert value(topn, "select to_regtype('rollup_compat.topn_record')") is None
        assert value(topn, "select to_regoperator('rollup_compat.+ (jsonb, jsonb)')") is None
        topn.execute("delete from pg_extension where oid = 99999")
        install(topn)
        assert add_agg(topn, ["a"]) == {"a": 1}


def test_while_a_view_uses_one_all_are_kept(topn: Connection) -> None:
    details: list[str | None] = []
    topn.add_notice_handler(lambda notice: details.append(notice.message_detail))
    with topn.transaction(force_rollback=True):
        topn.execute("set local client_min_messages = notice")
        topn.execute("create view mine as select rollup_compat.topn_add_agg('a')")
        pretend_extension(topn)
        install(topn, "../finish/drop_stand_ins.sql")
        assert value(topn, "select * from mine") == {"a": 1}
        assert {"topn_add_agg(text)", "topn_union(jsonb,jsonb)"} < stand_ins(topn)
    assert "view mine depends on function" in str(details[-1])


def test_installing_again_changes_nothing(topn: Connection) -> None:
    everything = (
        "select oid::regprocedure::text, oid,"
        " case prokind when 'f' then pg_get_functiondef(oid) end, obj_description(oid, 'pg_proc')"
        " from pg_proc where pronamespace = 'rollup_compat'::regnamespace order by 2"
    )
    before = topn.execute(everything).fetchall()
    install(topn)
    assert topn.execute(everything).fetchall() == before
    assert all(description for *_, description in before)


def configured_path(db: Connection) -> Any:
    """The database's own search_path."""
    return value(
        db,
        "select substr(entry, 13) from pg_db_role_setting, unnest(setconfig) entry"
        " where setrole = 0 and entry like 'search_path=%%' and setdatabase ="
        " (select oid from pg_database where datname = %s)",
        db.info.dbname,
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, '"$user", public, rollup_compat'),
        ("public", "public, rollup_compat"),
        ('"Odd, name", public', '"Odd, name", public, rollup_compat'),
        ("rollup_compat, public", "rollup_compat, public"),
        ("''", "rollup_compat"),
    ],
)
def test_the_schema_is_found_last(topn: Connection, before: str | None, after: str) -> None:
    database = sql.Identifier(topn.info.dbname)
    topn.execute(
        sql.SQL("alter database {} reset search_path").format(database)
        if before is None
        else sql.SQL("alter database {} set search_path = " + before).format(database)
    )
    topn.execute("set search_path = public")
    for _ in range(2):
        with topn.transaction():
            for step in ("prepare/lock.sql", "finish/search_path.sql"):
                topn.execute((ROOT / "sql" / step).read_bytes())
        assert configured_path(topn) == after
        assert value(topn, "show search_path") == "public, rollup_compat"


def test_sum_unites_sketches_and_skips_nulls(topn: Connection) -> None:
    topn.execute("create table sketches (part int, sketch hll)")
    assert value(topn, "select sum(sketch) is null from sketches")
    topn.execute(
        "insert into sketches select i % 3, hll_add_agg(hll_hash_integer(i))"
        " from generate_series(1, 3000) i group by 1 union all select 9, null"
    )
    same = "select sum(sketch) = hll_union_agg(sketch) from sketches"
    assert value(topn, same)
    assert value(topn, f"{same} where part = 1")
    assert value(topn, "select sum(sketch) is null from sketches where part = 9")
    assert value(topn, "select hll_cardinality(sum(sketch)) from sketches") == pytest.approx(
        3000, rel=0.1
    )
    assert value(topn, "select sum(part) from sketches") == 12


def test_sum_finds_hll_where_it_is(topn: Connection) -> None:
    with topn.transaction(force_rollback=True):
        topn.execute("drop extension hll cascade")
        install(topn, "sum_hll.sql")
        topn.execute('create schema "Odd name"')
        topn.execute('create extension hll schema "Odd name"')
        install(topn, "sum_hll.sql")
        topn.execute('set local search_path = rollup_compat, "Odd name"')
        assert value(topn, "select hll_cardinality(sum(hll_empty()))") == 0


def test_an_install_hands_live_views_to_the_extension(
    topn: Connection, rollupctl: Rollupctl
) -> None:
    if not value(topn, "select count(*) from pg_available_extensions where name = 'topn'"):
        pytest.skip("topn is not installed")
    topn.execute("select rollup_internal.create_views(name) from rollup.rollups")
    topn.execute("insert into events (customer_id, device_id) values (1, 7)")
    listed = "select top_devices_1000 from rollup_events_1hr_live"
    assert value(topn, listed) == {"7": 1}
    done = rollupctl("install")
    assert done.returncode == 0, done.stderr
    assert stand_ins(topn) == set()
    assert value(topn, listed) == {"7": 1}
