"""Small charts of text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def bars(values: Sequence[float], width: int, height: int) -> list[str]:
    """The last `width` values as columns of blocks, `height` lines from the top down.

    The tallest column is the largest value; a value above zero is at least one eighth of a line.
    """
    shown = list(values)[-width:]
    largest = max(shown, default=0.0)
    if largest <= 0:
        return [" " * len(shown)] * (height - 1) + ["▁" * len(shown)]
    eighths = [max(round(v / largest * height * 8), 1 if v > 0 else 0) for v in shown]
    return [
        "".join(_EIGHTHS[min(max(e - 8 * line, 0), 8)] for e in eighths)
        for line in reversed(range(height))
    ]


def short(value: float) -> str:
    """A number in at most five characters and a unit: 1234567 is "1.23 M"."""
    for size, unit in _UNITS:
        if abs(value) >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g}"
