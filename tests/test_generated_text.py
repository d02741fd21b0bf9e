"""The functions that declarations turn into, beside the text a reader can look at: tests/expected.

After a change of the generator: ROLLUP_REWRITE_EXPECTED=1 ./run test tests/test_generated_text.py,
then read what the change did with git diff.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from psycopg import errors
from psycopg.types.json import Jsonb

from tests.conftest import Connection
from tests.helpers import Lab, rows, value
from tests.servers import needs_tdigest

EXPECTED = Path(__file__).parent / "expected"
FUNCTIONS = {
    "five_minutely_aggregation": "rollup_events_5min",
    "hourly_aggregation": "rollup_events_1hr",
}
FAMILY = "run_family"
ON_CITUS = "_on_citus"
WITH_TOPN = "_with_topn"


def check(name: str, text: str) -> None:
    """Compare with the expected file, or write it when asked to."""
    path = EXPECTED / f"{name}.sql"
    text = f"-- Generated; see tests/test_generated_text.py.\n{text}\n"
    if os.environ.get("ROLLUP_REWRITE_EXPECTED"):
        path.write_text(text)
    assert text == path.read_text()


def text_of(db: Connection, name: str) -> str:
    """What the engine writes for one of the expected files."""
    if name == FAMILY:
        query = """select rollup_internal.counting_function_text(
                       'rollup_internal.run_family_1', array(select rollup.family_members('rollup_events_5min')), true)"""
        return str(value(db, query))
    query = """select rollup_internal.counting_function_text(function_name, array[name], false)
                 from rollup.rollups where name = %s"""
    return str(value(db, query, FUNCTIONS[name]))


def file_of(db: Connection, name: str) -> str:
    """Which file to compare with: there is one for servers with the topn extension, and Citus is fed
    by other statements."""
    has_topn = value(db, "select rollup_internal.extension_schema('topn') is not null")
    on_citus = value(db, "select rollup_internal.is_distributed('events')")
    return f"{name}{ON_CITUS if on_citus else ''}{WITH_TOPN if has_topn else ''}"


def source_of(db: Connection, name: str) -> str:
    """The body of the function that is there."""
    query = "select prosrc from pg_proc where proname ~ %s"
    return str(value(db, query, f"^{name}{'_[0-9]+' if name == FAMILY else ''}$"))


def test_text_is_the_expected_one(db: Connection) -> None:
    for name in (*FUNCTIONS, FAMILY):
        check(file_of(db, name), text_of(db, name))


def test_function_in_the_database_is_that_text(db: Connection) -> None:
    for name in (*FUNCTIONS, FAMILY):
        assert f"$function${source_of(db, name)}$function$" in text_of(db, name)


def test_text_runs_as_it_stands(db: Connection) -> None:
    # Somebody may paste it into psql: it makes the function that is there already.
    for name in FUNCTIONS:
        before = value(db, "select pg_get_functiondef(%s::regproc)", name)
        db.execute(text_of(db, name).encode())
        assert value(db, "select pg_get_functiondef(%s::regproc)", name) == before


def test_settings_do_not_change_the_text(db: Connection) -> None:
    before = {name: text_of(db, name) for name in (*FUNCTIONS, FAMILY)}
    for setting in (
        "intervalstyle = iso_8601",
        "datestyle = 'German, DMY'",
        "timezone = 'Asia/Kolkata'",
        "search_path = rollup, partman, public",
        "extra_float_digits = 0",
        "bytea_output = escape",
    ):
        db.execute(f"set {setting}".encode())
        assert {name: text_of(db, name) for name in (*FUNCTIONS, FAMILY)} == before, setting
        db.execute("reset all")


def test_every_expected_file_is_compared() -> None:
    assert {path.name for path in EXPECTED.iterdir()} == {
        f"{name}{suffix}.sql"
        for name in (*FUNCTIONS, FAMILY)
        for suffix in ("", WITH_TOPN, f"{ON_CITUS}{WITH_TOPN}")
    }


def test_a_stranger_sees_the_text_with_sf(db: Connection) -> None:
    # \sf asks this; the comments inside the body must have survived.
    (shown,) = rows(db, "select pg_get_functiondef('five_minutely_aggregation'::regproc)")[0]
    assert "Counts new events of public.events into public.rollup_events_5min." in shown
    assert "on conflict (customer_id, minute, event_type, country, browser) do update" in shown


# Fragments


def fill(db: Connection, template: str, **fills: object) -> str:
    query = "select rollup_internal.fill_template(%s, %s)"
    return str(value(db, query, template, Jsonb(fills)))


def test_placeholders_are_filled_in_one_pass(plain_lab: Lab) -> None:
    db = plain_lab.connect()
    assert fill(db, "{a} {b} {a} '{}' {1,2}", a="{b}", b="{a}\\1&") == "{b} {a}\\1& {b} '{}' {1,2}"
    assert fill(db, "no placeholder") == "no placeholder"


def test_a_placeholder_without_a_value_raises(plain_lab: Lab) -> None:
    db = plain_lab.connect()
    for fills in ({"a": "x"}, {"a": "x", "b": None}):
        with pytest.raises(
            errors.InvalidParameterValue, match=r"no value for the placeholder \{b\}"
        ):
            fill(db, "{a} {b}", **fills)


def test_a_value_without_a_placeholder_raises(plain_lab: Lab) -> None:
    with pytest.raises(errors.InvalidParameterValue, match='no placeholder for the value "b"'):
        fill(plain_lab.connect(), "{a}", a="x", b="y")


def test_only_lines_of_the_template_are_indented(plain_lab: Lab) -> None:
    query = "select rollup_internal.fill_template(%s, %s, 4)"
    filled = value(plain_lab.connect(), query, "a\n  {b}\nc", Jsonb({"b": "'x\ny'"}))
    assert filled == "a\n      'x\ny'\n    c"


@pytest.mark.parametrize(
    "text",
    [
        "a_rather_long_name = coalesce(f(stored.a_rather_long_name, excluded.a_rather_long_name), 1)",
        "(select case when count(*) > 10 and true then f(a, b) else 'x  and  y' end from t group by 1)",
        'case when a is null or (b, c) > (d, e) then f(a) when b then c else "or  (" end as "end"',
        "(array_agg(x order by y desc, z) filter (where x is not null and y between 1 and 2))[1]",
        "array['a', 'b,c', 'd', 'e', 'f', 'g''h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r']",
    ],
)
def test_long_expressions_are_broken_where_a_space_may_stand(plain_lab: Lab, text: str) -> None:
    wrapped = str(value(plain_lab.connect(), "select rollup_internal.wrap_sql(%s, 4, 40)", text))
    assert max(map(len, wrapped.splitlines())) < max(len(text), 60)
    assert wrapped.count("\n") > 1
    quoted = r"""('[^']*'|"[^"]*")"""
    assert re.findall(quoted, wrapped) == re.findall(quoted, text)
    assert re.sub(r"\s", "", wrapped) == re.sub(r"\s", "", text)


@pytest.mark.parametrize(
    "text",
    [
        "f(a, -- b\nc)",
        "f(a, /* b, c */ d)",
        "f(a, E'\\', b, c', d)",
        "f(a, $x$ b, c $x$, d)",
        "f(a, 'b)",
    ],
)
def test_what_may_hold_a_comment_or_an_odd_string_is_left_alone(plain_lab: Lab, text: str) -> None:
    found = value(plain_lab.connect(), "select rollup_internal.wrap_sql(%s, 4, 5)", text)
    assert found == text


def longest_line(text: str) -> str:
    return max(text.splitlines(), key=len)


def generated(db: Connection) -> list[str]:
    """The texts of all functions that count."""
    return [
        str(text)
        for (text,) in rows(
            db,
            """select rollup_internal.counting_function_text(r.function_name, array[r.name], false)
                 from rollup.rollups r
               union all
               select rollup_internal.counting_function_text(f.function_name, array(
                          select rollup.family_members(min(r.name))), true)
                 from rollup.families f join rollup.rollups r on r.family = f.id
                where f.function_name is not null group by f.id, f.function_name""",
        )
    ]


KINDS: dict[str, Any] = {
    "number_of_visits": {"count": "*", "where": "amount > 10 and country is not null"},
    "sum_of_amounts": {"sum": "amount"},
    "smallest_amount": {"min": "amount"},
    "largest_amount": {"max": "amount"},
    "average_of_all_amounts": {"avg": "amount", "where": "country <> 'de'"},
    "distinct_devices_of_visitors": {"distinct": "device_id"},
    "distinct_countries_of_visitors": {"distinct": "country", "log2m": 12},
    "most_frequent_countries": {"top": "country", "counters": 100, "where": "amount > 0"},
    "most_frequent_devices_of_visitors": {"top": "device_id"},
    "countries_with_the_largest_amounts": {"top": "country", "weight": "amount"},
    "first_country_of_a_visitor": {"first": "country", "where": "amount is not null"},
    "last_country_of_a_visitor": {"last": "country"},
}


@pytest.mark.parametrize(
    "more", [{}, {"filter": "country is distinct from 'zz' and amount is not null"}]
)
def test_no_line_of_a_generated_function_is_too_long(lab: Lab, more: dict[str, Any]) -> None:
    lab.source()
    db = lab.connect()
    lab.declare(
        "visits_by_five_minutes", measures=KINDS, dimensions=["country", "device_id"], **more
    )
    lab.declare(
        "visits_by_hours",
        measures=KINDS,
        dimensions=["country", "device_id"],
        bucket="1 hour",
        **more,
    )
    lab.declare(
        "visits_by_days_in_berlin", measures=KINDS, dimensions=["country", "device_id"],
        bucket="1 day", time_zone="Europe/Berlin", **more,
    )  # fmt: skip
    texts = generated(db)
    assert len(texts) == 4
    for text in texts:
        assert len(longest_line(text)) <= 110, longest_line(text)


@needs_tdigest
def test_no_line_about_quantiles_is_too_long(lab: Lab) -> None:
    lab.source()
    measures = {"distribution_of_amounts": {"quantiles": "amount", "where": "country is not null"}}
    for bucket in ("5 minutes", "1 hour"):
        lab.declare(f"amounts_{bucket[0]}", bucket=bucket, measures=measures)
    for text in generated(lab.connect()):
        assert len(longest_line(text)) <= 110, longest_line(text)


def test_no_line_about_many_long_names_is_too_long(lab: Lab) -> None:
    names = [
        f"dimension_number_{n}_with_a_name_that_is_as_long_as_names_may_be_"[:63] for n in range(6)
    ]
    lab.source(columns="".join(f", {name} text" for name in names))
    for n in range(8):
        lab.declare(
            f"a_member_of_the_family_with_the_number_{n}", bucket=f"{5 * 2**n} minutes" if n < 2 else
            f"{n - 1} hours", dimensions=names, measures={f"measure_of_{names[0]}"[:55]: {"count": "*"}},
        )  # fmt: skip
    for text in generated(lab.connect()):
        assert len(longest_line(text)) <= 110, longest_line(text)
