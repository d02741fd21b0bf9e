"""The live screen of `status --watch`: charts, the state of each rollup, and who waits for whom."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from rollupctl.charts import bars, short
from rollupctl.connect import Session, query
from rollupctl.monitoring import (
    RECENT,
    WAITING,
    Thresholds,
    duration,
    read_status,
    remarks,
    summary,
)
from rollupctl.output import Table, framed

KEPT = 120  # samples
_CHART_LINES = 4


@dataclass
class Sample:
    """What one look at the server found."""

    status: Table
    waiting: Table
    recent: Table
    seconds: float
    ids_per_second: float | None = None

    @property
    def lag(self) -> float:
        """The largest lag of a rollup, in seconds."""
        return max(
            (float(s) for s in self.status.column("lag_seconds") if s is not None), default=0
        )


@dataclass
class History:
    """The samples of a watch, from which rates are calculated."""

    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=KEPT))
    _last: tuple[float, dict[str, int]] | None = None

    def look(self, session: Session) -> Sample:
        """Take a sample and remember it."""
        began = time.monotonic()
        status = read_status(session)
        sample = Sample(
            status,
            query(session, WAITING),
            query(session, RECENT),
            time.monotonic() - began,
        )
        issued = {
            str(row["source"]): row["issued_ids"]
            for row in status.records()
            if row["issued_ids"] is not None
        }
        if self._last:
            then, before = self._last
            new = sum(max(n - before.get(source, n), 0) for source, n in issued.items())
            sample.ids_per_second = new / max(began - then, 1e-3)
        self._last = began, issued
        self.samples.append(sample)
        return sample


def draw(
    history: History, where: str, thresholds: Thresholds, width: int, height: int
) -> RenderableType:
    """The screen for the last sample, in `width` columns and at most `height` lines."""
    sample = history.samples[-1]
    now = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    title = Text.assemble(
        ("rollupctl ", "bold"), where, "   ", now, f"   answered in {sample.seconds:.2f} s"
    )
    charts = _charts(history, sample, width)
    rest = height - 1 - (_CHART_LINES + 3) * (2 if width >= 60 else 4)
    waiting = sample.waiting.records()[: max(rest // 4, 1)]
    wrong = [
        f"{row['name']}: {said}"
        for row in sample.status.records()
        if (said := thresholds.exceeded(row))
    ]
    lines = [*wrong, *remarks(sample.status)][: max(rest // 4, 1)]
    rows = max(rest - len(waiting) - len(lines) - 6, 3)
    parts: list[RenderableType] = [title, charts, _rollups(sample.status, thresholds, rows)]
    if waiting:
        parts.append(Panel(_waits(waiting), title="waiting", title_align="left", width=width))
    if lines:
        text = Text("\n".join(lines), no_wrap=True, overflow="ellipsis", style="yellow")
        parts.append(Panel(text, title="attention", title_align="left", width=width))
    return Group(*parts)


def _charts(history: History, sample: Sample, width: int) -> RenderableType:
    ingest = [s.ids_per_second or 0.0 for s in history.samples]
    lag = [s.lag for s in history.samples]
    counted = [float(v) for v in sample.recent.column("events")]
    seconds = [float(v) for v in sample.recent.column("seconds")]
    each = width // 2 if width >= 60 else width
    rate = "…" if sample.ids_per_second is None else f"{short(ingest[-1])}/s"
    panels = [
        _chart("ingest", f"{rate}, most {short(max(ingest))}/s", ingest, each, "cyan"),
        _chart("lag", f"{duration(lag[-1])}, most {duration(max(lag))}", lag, each, "magenta"),
        _chart("counted by minute", f"{short(counted[-1])}, most {short(max(counted))}", counted,
               each, "green"),
        _chart("run time by minute", f"most {duration(max(seconds))}", seconds, each, "blue"),
    ]  # fmt: skip
    return Columns(panels, padding=0, width=each)


def _chart(name: str, said: str, values: Sequence[float], width: int, color: str) -> Panel:
    lines = bars(values, width - 4, _CHART_LINES)
    lines = [line.rjust(width - 4) for line in lines]
    text = Text("\n".join(lines), style=color, no_wrap=True)
    return Panel(text, title=f"{name}: {said}", title_align="left", width=width)


def _rollups(status: Table, thresholds: Thresholds, rows: int) -> RenderableType:
    """The rollups that are furthest behind, as many as there is room for."""
    order = sorted(
        status.records(),
        key=lambda row: (
            thresholds.exceeded(row) is None,
            -float(row["lag_seconds"] or 0),
            row["name"],
        ),
    )
    shown = Table(status.columns, [tuple(row.values()) for row in order[:rows]])
    frame = framed(summary(shown), fold=40)
    left = len(order) - rows
    if left > 0:
        return Group(frame, Text(f"and {left} more", style="dim"))
    return frame


def _waits(waiting: Sequence[dict[str, object]]) -> Text:
    lines = [
        f"{row['waiter']} has waited {duration(row['seconds']) or ''} for {row['waits_for']}"
        f" on {row['relation']}"
        for row in waiting
    ]
    return Text("\n".join(lines), no_wrap=True, overflow="ellipsis")
