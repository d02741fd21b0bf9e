"""A bundle for Superset, in the format of its export: a zip file of YAML.

Superset writes the queries itself. Each rollup is a dataset, whose columns are those to group by,
and whose metrics unite distinct counts and quantiles. Each top list is a dataset with a row for
each item.
"""

from __future__ import annotations

import io
import re
import uuid
import zipfile
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from rollupctl.connect import Session, query
from rollupctl.dashboards import superset_parts as parts
from rollupctl.dashboards.layout import grid
from rollupctl.dashboards.shared import chosen_rollups, yaml_lines

_SOURCE = """
select schema_name, relation, columns, metrics, lists from rollup_internal.chart_source(%s, %s)
"""
_NAMESPACE = uuid.UUID("6f2b6c0e-4d0f-5f0c-9d55-0f7a53c4d2a1")
_TIME = "2024-01-01T00:00:00+00:00"  # the same declarations make the same file


def bundle(
    session: Session, names: Sequence[str], *, title: str, uri: str | None, live: bool = True
) -> bytes:
    """The zip file of a dashboard of some rollups, or of all where none is named.

    Its datasets are the live views, or with `live` false the tables. `uri` is how Superset reaches
    the database: by default that of the session, without a password. Raises UsageError for a name
    that no rollup has.
    """
    made = _Bundle(title)
    for rollup in chosen_rollups(session, names):
        (source,) = query(session, _SOURCE, rollup["name"], live).records()
        made.add(rollup, source)
    made.finish(uri or _uri(session))
    return made.zipped()


def _uri(session: Session) -> str:
    info = session.info
    if info.host.startswith("/"):
        return (
            f"postgresql+psycopg2://{quote(info.user)}@/{quote(info.dbname)}"
            f"?host={quote(info.host, safe='')}&port={info.port}"
        )
    return f"postgresql+psycopg2://{quote(info.user)}@{info.host}:{info.port}/{quote(info.dbname)}"


class _Bundle:
    """The files of a bundle by their paths, and what the dashboard shows."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.files: dict[str, dict[str, Any]] = {}
        self.rows: list[tuple[str, list[dict[str, Any]]]] = []
        self.tenants: dict[str, str] = {}

    def add(self, rollup: dict[str, Any], source: dict[str, Any]) -> None:
        """Add the datasets and the charts of one rollup, and its part of the dashboard."""
        name = rollup["name"]
        dataset = self._dataset(name, parts.dataset(rollup, source))
        shown = [self._chart(name, dataset, chart) for chart in parts.charts(rollup, source)]
        for items in source["lists"]:
            of_items = self._dataset(name, parts.list_dataset(rollup, source, items))
            shown.append(self._chart(name, of_items, parts.list_chart(rollup, items["name"])))
        self.rows.append((f"{name} ({rollup['bucket']})", shown))
        if rollup["tenant"]:
            self.tenants.setdefault(rollup["tenant"], dataset)

    def finish(self, uri: str) -> None:
        """Add the files that the bundle has once."""
        self.files["metadata.yaml"] = {"version": "1.0.0", "type": "Dashboard", "timestamp": _TIME}
        self.files["databases/rollups.yaml"] = {
            "database_name": self.title,
            "sqlalchemy_uri": uri,
            "expose_in_sqllab": True,
            # Without this, hours and days would be those of the server's zone.
            "extra": {"engine_params": {"connect_args": {"options": "-c TimeZone=UTC"}}},
            "uuid": self._identity("database"),
            "version": "1.0.0",
        }
        self.files["dashboards/rollups.yaml"] = {
            "dashboard_title": self.title,
            "uuid": self._identity("dashboard"),
            "position": grid(self.title, self.rows),
            "metadata": {
                "color_scheme": "supersetColors",
                "cross_filters_enabled": True,
                "native_filter_configuration": [*parts.filters(self.tenants)],
            },
            "published": True,
            "version": "1.0.0",
        }

    def zipped(self) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in self.files.items():
                text = "".join(f"{line}\n" for line in yaml_lines(content))
                archive.writestr(zipfile.ZipInfo(f"rollups/{path}"), text)
        return out.getvalue()

    def _identity(self, *names: str) -> str:
        """The same for the same dashboard: a second import finds the first."""
        return str(uuid.uuid5(_NAMESPACE, "\n".join([self.title, *names])))

    def _dataset(self, rollup: str, content: dict[str, Any]) -> str:
        identity = self._identity("dataset", rollup, content["table_name"])
        self.files[f"datasets/rollups/{_file_name(content['table_name'], identity)}"] = {
            **content,
            "uuid": identity,
            "database_uuid": self._identity("database"),
        }
        return identity

    def _chart(self, rollup: str, dataset: str, chart: dict[str, Any]) -> dict[str, Any]:
        form = chart.pop("form")
        title = chart["slice_name"]
        identity = self._identity("chart", rollup, form, title)
        made = {**chart, "uuid": identity, "dataset_uuid": dataset}
        self.files[f"charts/{_file_name(f'{form} {title}', identity)}"] = made
        return {"uuid": identity, "slice_name": title, "form": form}


def _file_name(text: str, identity: str) -> str:
    return f"{re.sub('[^0-9A-Za-z]+', '_', text)}_{identity[:8]}.yaml"
