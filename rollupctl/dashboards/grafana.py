"""A dashboard for Grafana, in the format of its "Import" page and of provisioning."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from rollupctl.connect import Session, query
from rollupctl.dashboards.shared import chosen_rollups

_COLUMNS = 24  # of Grafana's grid
_SOURCE = {"type": "grafana-postgresql-datasource", "uid": "${datasource}"}
_CHARTS = "select number, chart, dimension, query from rollup.chart_queries(%s, %s, %s, %s, %s)"
# Widths and heights of a chart in the grid, and Grafana's name for it.
_FORMS = {
    "total": (4, 4, "stat"),
    "series": (12, 8, "timeseries"),
    "breakdown": (8, 8, "barchart"),
    "list": (8, 8, "table"),
}


def dashboard(
    session: Session, names: Sequence[str], *, title: str, live: bool = True
) -> dict[str, Any]:
    """The dashboard of some rollups, or of all where none is named.

    Its panels ask the live views, or with `live` false the tables of the rollups. Raises UsageError
    for a name that no rollup has.
    """
    chosen = chosen_rollups(session, names)
    zones = {each["time_zone"] for each in chosen}
    panels: list[dict[str, Any]] = []
    for each in chosen:
        panels += _panels(session, each, live=live, top=_bottom(panels))
    for number, panel in enumerate(panels, 1):
        panel["id"] = number
    return {
        "title": title,
        "uid": hashlib.sha256(
            "\n".join([title, *(e["name"] for e in chosen)]).encode()
        ).hexdigest()[:20],
        "tags": ["rollup"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s" if live else "1m",
        "timezone": zones.pop() if len(zones) == 1 else "utc",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [_data_source(), *_variables(chosen)]},
        "panels": panels,
    }


def _data_source() -> dict[str, Any]:
    return {
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "query": _SOURCE["type"],
    }


def _variables(rollups: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """One for each column of tenants: its values, of which several or all can be chosen."""
    for tenant in dict.fromkeys(each["tenant"] for each in rollups if each["tenant"]):
        tables = dict.fromkeys(each["table_name"] for each in rollups if each["tenant"] == tenant)
        column = '"' + tenant.replace('"', '""') + '"'
        yield {
            "type": "query",
            "name": _variable(tenant),
            "label": tenant,
            "datasource": _SOURCE,
            "query": " union ".join(f"select {column}::text from {table}" for table in tables)  # noqa: S608 -- quoted
            + " order by 1 limit 1000",
            "refresh": 1,
            "sort": 3,
            "multi": True,
            "includeAll": True,
            "current": {"text": ["All"], "value": ["$__all"]},
        }


def _variable(tenant: str) -> str:
    """Names of variables consist of letters, digits and underscores."""
    return "tenant_" + "".join(c if c.isascii() and c.isalnum() else "_" for c in tenant)


def _panels(
    session: Session, rollup: dict[str, Any], *, live: bool, top: int
) -> Iterator[dict[str, Any]]:
    grid = {"h": 1, "w": _COLUMNS, "x": 0, "y": top}
    yield {
        "type": "row",
        "title": "{name} ({bucket})".format(**rollup),
        "gridPos": grid,
        "panels": [],
    }
    tenants = "%s in (${" + _variable(rollup["tenant"] or "") + ":sqlstring})"
    charts = query(
        session,
        _CHARTS,
        rollup["name"],
        "$__timeFilter(%s)",
        "$__timeGroup(%s, $__interval)",
        tenants,
        live,
    ).records()
    y = top + 1
    for form, (width, height, kind) in _FORMS.items():
        x = 0
        of_form = [c for c in charts if c["chart"] == form]
        if form == "breakdown":  # of the first number; the others have the same form
            of_form = [c for c in of_form if c["number"] == of_form[0]["number"]]
        for chart in of_form:
            if x + width > _COLUMNS:
                x, y = 0, y + height
            yield {
                "type": kind,
                "title": "{number} by {dimension}".format(**chart)
                if chart["dimension"]
                else chart["number"],
                "gridPos": {"h": height, "w": width, "x": x, "y": y},
                "datasource": _SOURCE,
                "interval": "{seconds}s".format(**rollup),  # a finer step would have gaps
                "targets": [
                    {
                        "refId": "A",
                        "datasource": _SOURCE,
                        "format": "time_series" if form == "series" else "table",
                        "rawQuery": True,
                        "editorMode": "code",
                        "rawSql": chart["query"],
                    }
                ],
                **_appearance(kind),
            }
            x += width
        y += height if of_form else 0


def _appearance(kind: str) -> dict[str, Any]:
    if kind == "stat":
        return {
            "options": {
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "/.*/", "values": False}
            }
        }
    if kind == "barchart":
        return {"options": {"orientation": "horizontal", "legend": {"showLegend": False}}}
    return {}


def _bottom(panels: Sequence[dict[str, Any]]) -> int:
    return max((p["gridPos"]["y"] + p["gridPos"]["h"] for p in panels), default=0)
