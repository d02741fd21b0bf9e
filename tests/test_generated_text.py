"""The functions that declarations turn into, beside the text a reader can look at: tests/expected.

After a change of the generator: ROLLUP_REWRITE_EXPECTED=1 ./run test tests/test_generated_text.py,
then read what the change did with git diff.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.conftest import Connection
from tests.helpers import rows, value

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
    """Which file to compare with: there is one for servers with the topn extension, and a family
    passes through a table on Citus."""
    has_topn = value(db, "select rollup_internal.extension_schema('topn') is not null")
    on_citus = name == FAMILY and value(db, "select rollup_internal.is_distributed('events')")
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
        f"{name}{suffix}.sql" for name in (*FUNCTIONS, FAMILY) for suffix in ("", WITH_TOPN)
    } | {f"{FAMILY}{ON_CITUS}{WITH_TOPN}.sql"}


def test_a_stranger_sees_the_text_with_sf(db: Connection) -> None:
    # \sf asks this; the comments inside the body must have survived.
    (shown,) = rows(db, "select pg_get_functiondef('five_minutely_aggregation'::regproc)")[0]
    assert "Counts new events of public.events into public.rollup_events_5min." in shown
    assert "on conflict (customer_id, minute, event_type, country, browser) do update" in shown
