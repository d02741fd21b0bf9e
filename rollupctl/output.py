"""Results on stdout as a table, JSON or CSV, notes on stderr; for terminals, rich draws tables."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any

import click
from rich.cells import cell_len

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

FORMATS = ("table", "json", "csv")
# Colors of the states that commands report.
STYLES = {
    "ok": "green",
    "done": "green",
    "warn": "yellow",
    "busy": "yellow",
    "deferred": "yellow",
    "fail": "bold red",
    "failed": "bold red",
}


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
    """Print `table` on stdout in one of FORMATS; a terminal gets colors and folded columns."""
    if form == "table" and table.columns and table.rows and sys.stdout.isatty():
        console().print(framed(table))
        return
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
    """For files, pipes and pages: no colors, no lines, each row on one line however long it is."""
    if not table.columns:
        return "(no rows)\n"
    cells = [[_printable(shown(value)) for value in row] for row in table.rows]
    right = _right_aligned(table)
    widths = [
        max(cell_len(text) for text in column) for column in zip(table.columns, *cells, strict=True)
    ]
    lines = []
    for row in (table.columns, ["-" * width for width in widths], *cells):
        padding = [" " * (width - cell_len(t)) for t, width in zip(row, widths, strict=True)]
        padded = [
            blank + text if is_right else text + blank
            for text, blank, is_right in zip(row, padding, right, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    if not cells:
        lines.append("(no rows)")
    return "\n".join(lines) + "\n"


def framed(table: Table, *, fold: int | None = None) -> RichTable:
    """`table` for a terminal: cells that do not fit are folded, known states are colored.

    `fold` is the largest width of a column of text, in characters.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    frame = RichTable(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name, right in zip(table.columns, _right_aligned(table), strict=True):
        frame.add_column(
            Text(name), justify="right" if right else "left", overflow="fold", max_width=fold
        )
    for row in table.rows:
        cells = [_printable(shown(value)) for value in row]
        frame.add_row(*[Text(cell, style=STYLES.get(cell, "")) for cell in cells])
    return frame


def console() -> Console:
    """The terminal, or whatever standard output is."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, soft_wrap=False)


def _right_aligned(table: Table) -> list[bool]:
    """For each column, whether all of it are numbers."""
    return [
        any(is_number(row[i]) for row in table.rows)
        and all(row[i] is None or is_number(row[i]) for row in table.rows)
        for i in range(len(table.columns))
    ]


def is_number(value: Any) -> bool:
    """Whether a value is a number, which booleans are not."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _printable(text: str) -> str:
    """`text` without the line breaks and terminal escapes that stored values may contain."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
