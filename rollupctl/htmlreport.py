"""A table as an HTML page with a chart: one file that loads nothing, from no other host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from rollupctl.output import Table, is_number, shown

WIDTH, HEIGHT = 800.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 70.0, 10.0, 15.0, 60.0
_COLORS = ("#1f77b4", "#d95f02", "#2ca02c", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f")
_MAX_LABELS = 12
_MAX_POINTS = 500  # of a chart: more cannot be told apart

_STYLE = """
body { font-family: system-ui, sans-serif; margin: 2rem; color: #222; background: #fff }
table { border-collapse: collapse; margin-top: 1rem }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #ddd; text-align: left }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
svg text { font-size: 12px; fill: #444 }
svg .axis { stroke: #bbb }
p.note { color: #666 }
"""


@dataclass(frozen=True)
class Chart:
    """What a chart shows: the column along its axis, and columns of numbers."""

    kind: str
    x: str
    y: Sequence[str]


@dataclass(frozen=True)
class _Place:
    """Where a chart draws the values of one of its columns: `number` of `of`."""

    low: float
    high: float
    labels: int
    of: int
    number: int = 0

    @property
    def step(self) -> float:
        return (WIDTH - _LEFT - _RIGHT) / self.labels

    @property
    def color(self) -> str:
        return _COLORS[self.number % len(_COLORS)]

    def x(self, place: float) -> float:
        return round(_LEFT + (place + 0.5) * self.step, 2)

    def y(self, value: float) -> float:
        height = HEIGHT - _TOP - _BOTTOM
        return round(_TOP + height * (1 - (value - self.low) / (self.high - self.low)), 2)


def chart_of(table: Table, wanted: dict[str, Any] | None) -> Chart | None:
    """The chart that a report asks for, or else one of its numbers over its first column.

    None if a column does not exist or there is nothing to draw.
    """
    wanted = wanted or {}
    numeric = [name for name in table.columns if any(is_number(v) for v in table.column(name))]
    x = wanted.get("x", table.columns[0] if table.columns else None)
    y = [name for name in wanted.get("y", numeric) if name in numeric and name != x]
    if x not in table.columns or not y or not table.rows:
        return None
    return Chart("line" if wanted.get("kind") == "line" else "bar", str(x), y)


def page(
    title: str, description: str, facts: Sequence[str], table: Table, chart: Chart | None
) -> str:
    """The whole page. Values are text, whatever they contain."""
    numeric = {name for name in table.columns if any(is_number(v) for v in table.column(name))}
    head = "".join(_cell("th", name, name in numeric) for name in table.columns)
    rows = "\n".join(
        "<tr>"
        + "".join(
            _cell("td", shown(value), name in numeric)
            for name, value in zip(table.columns, row, strict=True)
        )
        + "</tr>"
        for row in table.rows
    )
    told = "".join(f"<p class='note'>{escape(fact)}</p>\n" for fact in facts)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p>{escape(description)}</p>
{svg(table, chart) if chart else ""}
<table>
<thead><tr>{head}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
{told}</body>
</html>
"""


def _cell(tag: str, text: str, number: bool) -> str:
    kind = " class='number'" if number else ""
    return f"<{tag}{kind}>{escape(text)}</{tag}>"


def svg(table: Table, chart: Chart) -> str:
    """The chart as SVG: lines with points, or groups of bars, over evenly spaced places."""
    labels = [shown(value) for value in table.column(chart.x)][:_MAX_POINTS]
    series = {name: [_number(v) for v in table.column(name)][:_MAX_POINTS] for name in chart.y}
    known = [v for values in series.values() for v in values if v is not None]
    low, high = min(0.0, *known), max(0.0, *known)
    if low == high:
        high = low + 1
    grid = _Place(low, high, len(labels), len(series))
    parts = [
        f"<svg role='img' viewBox='0 0 {WIDTH:g} {HEIGHT:g}' width='{WIDTH:g}' "
        f"height='{HEIGHT:g}' xmlns='http://www.w3.org/2000/svg'>",
        f"<title>{escape(', '.join(chart.y))} by {escape(chart.x)}</title>",
    ]
    for value in sorted({low, (low + high) / 2, high, 0.0}):
        y = grid.y(value)
        parts.append(f"<line class='axis' x1='{_LEFT}' x2='{WIDTH - _RIGHT}' y1='{y}' y2='{y}'/>")
        parts.append(f"<text x='{_LEFT - 6}' y='{y + 4}' text-anchor='end'>{value:g}</text>")
    every = -(-len(labels) // _MAX_LABELS)
    for place, label in enumerate(labels):
        if place % every == 0:
            short = label if len(label) <= 16 else label[:15] + "…"
            parts.append(
                f"<text x='{grid.x(place)}' y='{HEIGHT - _BOTTOM + 18}' text-anchor='middle'>"
                f"{escape(short)}</text>"
            )
    for number, (name, values) in enumerate(series.items()):
        drawn = _line if chart.kind == "line" else _bars
        place_of = replace(grid, number=number)
        parts += drawn(values, place_of)
        parts.append(
            f"<text x='{_LEFT + 10 + 140 * (number % 5)}' "
            f"y='{HEIGHT - 22 + 14 * (number // 5)}' style='fill: {place_of.color}'>"
            f"{escape(name[:20])}</text>"
        )
    return "\n".join([*parts, "</svg>"])


def _line(values: Sequence[float | None], place_of: _Place) -> list[str]:
    """Points, and lines between neighbors; a missing value interrupts the line."""
    parts = []
    for place, value in enumerate(values):
        if value is None:
            continue
        x, y = place_of.x(place), place_of.y(value)
        before = values[place - 1] if place else None
        if before is not None:
            parts.append(
                f"<line x1='{place_of.x(place - 1)}' y1='{place_of.y(before)}' "
                f"x2='{x}' y2='{y}' stroke='{place_of.color}' stroke-width='2'/>"
            )
        parts.append(f"<circle cx='{x}' cy='{y}' r='2.5' fill='{place_of.color}'/>")
    return parts


def _bars(values: Sequence[float | None], place_of: _Place) -> list[str]:
    """A bar for each value, beside those of the other columns."""
    width = place_of.step * 0.8 / place_of.of
    parts = []
    for place, value in enumerate(values):
        if value is None:
            continue
        left = round(place_of.x(place) - place_of.step * 0.4 + place_of.number * width, 2)
        top, bottom = sorted((place_of.y(value), place_of.y(0.0)))
        parts.append(
            f"<rect x='{left}' y='{top}' width='{width:.2f}' height='{bottom - top:.2f}' "
            f"fill='{place_of.color}'/>"
        )
    return parts


def _number(value: Any) -> float | None:
    """A value as a height; None for what has none."""
    if not is_number(value):
        return None
    number = float(value)
    return number if abs(number) < float("inf") else None
