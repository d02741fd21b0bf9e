"""Results on stdout as a table, JSON or CSV; notes on stderr."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

import click

FORMATS = ("table", "json", "csv")


@dataclass
class Table:
    """Named columns and rows of Python values, as psycopg returns them."""

    columns: Sequence[str]
    rows: list[Sequence[Any]] = field(default_factory=list)

    def add(self, *values: Any) -> None:
        """Append one row, which must have a value for each column."""
        if len(values) != len(self.columns):
            raise ValueError(f"{len(values)} values for {len(self.columns)} columns")
        self.rows.append(values)

    def column(self, name: str) -> list[Any]:
        """The values of one column; raises ValueError if there is no such column."""
        at = list(self.columns).index(name)
        return [row[at] for row in self.rows]

    def jsonable(self) -> list[dict[str, Any]]:
        """As records; floats without a JSON representation are strings."""
        return [
            {
                name: str(value) if isinstance(value, float) and not isfinite(value) else value
                for name, value in record.items()
            }
            for record in self.records()
        ]

    def records(self) -> list[dict[str, Any]]:
        """Rows as dictionaries by column name."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def emit(table: Table, form: str) -> None:
    """Print `table` on stdout in one of FORMATS."""
    click.echo(render(table, form), nl=False)


def note(text: str) -> None:
    """Print progress or a remark on stderr, separate from results."""
    click.echo(text, err=True)


def render(table: Table, form: str, *, header: bool = True) -> str:
    """`table` as text ending with a newline; `header` applies to CSV only."""
    if form == "json":
        return json.dumps(table.jsonable(), default=_jsonable, ensure_ascii=False, indent=2) + "\n"
    if form == "csv":
        return _csv(table, header)
    return _aligned(table)


def json_line(table: Table) -> str:
    """Each row of `table` as a JSON object on its own line, for unbounded output."""
    return "".join(
        json.dumps(record, default=_jsonable, ensure_ascii=False) + "\n"
        for record in table.jsonable()
    )


def _jsonable(value: Any) -> Any:
    """Serialize values that json does not support: exact numbers as numbers, times as ISO 8601."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            return str(value)
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return _text(value)


def _text(value: Any) -> str:
    """One value for a table or CSV; NULL is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict | list):
        return json.dumps(value, default=_jsonable, ensure_ascii=False)
    return str(value)


def shown(value: Any) -> str:
    """One value in a table: floats with three decimals, times in whole seconds."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.3f}"
    return str(int(value)) if isinstance(value, float) else _text(value)


def _csv(table: Table, header: bool) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if header:
        writer.writerow(table.columns)
    for row in table.rows:
        writer.writerow([_text(value) for value in row])
    return out.getvalue()


def _aligned(table: Table) -> str:
    if not table.columns:
        return "(no rows)\n"
    cells = [[_printable(shown(value)) for value in row] for row in table.rows]
    numeric = [
        any(is_number(row[i]) for row in table.rows)
        and all(row[i] is None or is_number(row[i]) for row in table.rows)
        for i in range(len(table.columns))
    ]
    widths = [
        max([_width(name), *(_width(row[i]) for row in cells)])
        for i, name in enumerate(table.columns)
    ]
    lines = [_line(table.columns, widths, numeric), "  ".join("-" * width for width in widths)]
    lines += [_line(row, widths, numeric) for row in cells]
    if not cells:
        lines.append("(no rows)")
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[str], widths: list[int], numeric: list[bool]) -> str:
    padded = []
    for cell, width, right in zip(cells, widths, numeric, strict=True):
        space = " " * (width - _width(cell))
        padded.append(space + cell if right else cell + space)
    return "  ".join(padded).rstrip()


def is_number(value: Any) -> bool:
    """Whether a value is a number, which booleans are not."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _printable(text: str) -> str:
    """`text` without the line breaks and terminal escapes that stored values may contain."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _width(text: str) -> int:
    """Columns that `text` occupies on a terminal: East Asian wide characters occupy two."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
