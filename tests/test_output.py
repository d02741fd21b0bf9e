"""Results as a table, JSON and CSV: nothing a value holds can break the form."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timezone
from decimal import Decimal

from rollupctl.connect import open_session, query
from rollupctl.output import Table, render

VALUES = Table(
    ("name", "n", "x"),
    [
        ('a,"b"\n\x1b[31m', 1, 1.5),
        ("日本", None, 2.0),
        (None, Decimal("12345678901234567890"), float("nan")),
    ],
)


def test_table_is_aligned_and_harmless_to_a_terminal() -> None:
    assert render(VALUES, "table").splitlines() == [
        "name                                n      x",
        "---------------  --------------------  -----",
        'a,"b"\\n\\x1b[31m                     1  1.500',
        "日本                                       2",
        "                 12345678901234567890    nan",
    ]  # fmt: skip
    assert render(Table(("a", "b")), "table") == "a  b\n-  -\n(no rows)\n"


def test_json_is_json() -> None:
    told = json.loads(render(VALUES, "json"), parse_constant=lambda word: f"not JSON: {word}")
    assert told[0] == {"name": 'a,"b"\n\x1b[31m', "n": 1, "x": 1.5}
    assert told[2] == {"name": None, "n": 12345678901234567890, "x": "nan"}


def test_csv_reads_back() -> None:
    rows = list(csv.reader(io.StringIO(render(VALUES, "csv"))))
    assert rows[0] == ["name", "n", "x"]
    assert rows[1:] == [
        ['a,"b"\n\x1b[31m', "1", "1.5"], ["日本", "", "2.0"],
        ["", "12345678901234567890", "nan"]]  # fmt: skip


def test_times_that_python_has_not(dsn: str) -> None:
    with open_session(dsn, "test") as session:
        text = "select t::timestamptz as t from unnest(%s::text[]) t"
        table = query(session, text, ["infinity", "20000-01-01", "2024-05-01 12:00+02"])
    day = datetime(2024, 5, 1, 10, tzinfo=timezone.utc)
    assert table.column("t") == ["infinity", "20000-01-01 00:00:00+00", day]
    assert json.loads(render(table, "json"))[2] == {"t": "2024-05-01T10:00:00+00:00"}
