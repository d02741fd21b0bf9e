"""Where the charts of a dashboard for Superset stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_COLUMNS = 12
# How many fit beside each other, and heights in Superset's units, by what a chart shows.
_SIZES = {"total": (4, 18), "series": (3, 40), "breakdown": (4, 45), "list": (4, 45)}


def grid(title: str, parts: Sequence[tuple[str, list[dict[str, Any]]]]) -> dict[str, Any]:
    """The positions of the charts of each part below its heading, in the format of Superset.

    Charts of one size stand beside each other, and each row is filled.
    """
    made: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "GRID_ID": {
            "id": "GRID_ID",
            "type": "GRID",
            "children": [],
            "parents": ["ROOT_ID"],
        },
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": title}},
    }
    children: list[str] = made["GRID_ID"]["children"]
    number = 0
    for heading, charts in parts:
        key = f"HEADER-{len(children)}"
        children.append(key)
        made[key] = {
            "id": key,
            "type": "HEADER",
            "children": [],
            "parents": ["ROOT_ID", "GRID_ID"],
            "meta": {
                "text": heading,
                "headerSize": "MEDIUM_HEADER",
                "background": "BACKGROUND_TRANSPARENT",
            },
        }
        for row in _rows(charts):
            key = f"ROW-{len(children)}"
            children.append(key)
            places = []
            for chart in row:
                number += 1
                place = f"CHART-{number}"
                places.append(place)
                made[place] = {
                    "id": place,
                    "type": "CHART",
                    "children": [],
                    "parents": ["ROOT_ID", "GRID_ID", key],
                    "meta": {
                        "uuid": chart["uuid"],
                        "chartId": number,
                        "sliceName": chart["slice_name"],
                        "width": _COLUMNS // len(row),
                        "height": _SIZES[chart["form"]][1],
                    },
                }
            made[key] = {
                "id": key,
                "type": "ROW",
                "children": places,
                "parents": ["ROOT_ID", "GRID_ID"],
                "meta": {"background": "BACKGROUND_TRANSPARENT"},
            }
    return made


def _rows(charts: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The charts, as many in a row as fit; small and large ones do not mix."""
    rows: list[list[dict[str, Any]]] = []
    size: tuple[int, int] | None = None
    for chart in charts:
        most, height = _SIZES[chart["form"]]
        if size != (most, height) or len(rows[-1]) == most:
            rows.append([])
            size = (most, height)
        rows[-1].append(chart)
    return rows
