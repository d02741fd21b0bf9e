"""Dashboards for Grafana: every query of every panel, with its macros filled in as Grafana does.

Those for Superset: tests/test_superset.py.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.conftest import Rollupctl
from tests.helpers import Connection, Lab, rows, run, value
from tests.servers import ROOT

RANGE = ("2024-06-01T00:00:00Z", "2024-06-02T00:00:00Z")
MEASURES = {
    "n": {"count": "*"},
    "devices": {"distinct": "device_id"},
    "countries": {"top": "country"},
    "mean": {"avg": "amount"},
    "latest": {"last": "country"},
}


def as_grafana(query: str, tenants: list[str], step: int = 3600) -> str:
    """The query that Grafana sends: https://grafana.com/docs/grafana/latest/datasources/postgres/."""
    query = re.sub(r"\$__timeFilter\((.*?)\)", rf"\1 BETWEEN '{RANGE[0]}' AND '{RANGE[1]}'", query)
    query = re.sub(
        r"\$__timeGroup\((.*?), ?\$__interval\)",
        rf"floor(extract(epoch from \1)/{step})*{step}",
        query,
    )
    chosen = ",".join("'" + tenant.replace("'", "''") + "'" for tenant in tenants)
    query = re.sub(r"\$\{tenant_\w+:sqlstring\}", lambda _: chosen, query)
    assert "$" not in query
    return query


def dashboard(lab: Lab, *args: str) -> dict[str, Any]:
    done = servers.rollupctl(lab.server.dsn(lab.database), "export-dashboard", "grafana", *args)
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def answers(db: Connection, made: dict[str, Any], tenants: list[str]) -> dict[str, list[Any]]:
    return {
        f"{panel['type']} {panel['title']}": rows(db, as_grafana(target["rawSql"], tenants))
        for panel in made["panels"]
        for target in panel.get("targets", [])
    }


def test_panels_show_what_brute_force_counts(lab: Lab) -> None:
    lab.source()
    lab.declare(measures=MEASURES, dimensions=["country"], bucket="1 hour")
    db = lab.connect()
    insert = (
        "insert into lab.e (event_time, customer_id, country, device_id, amount)"
        " select timestamptz '2024-06-01 09:30Z' + n * interval '7 minutes', n % 3,"
        " (array['de', 'fr', null])[1 + n % 3], n % 5, n from generate_series(1, 60) n"
    )
    db.execute(insert.encode())
    run(db)
    db.execute(insert.encode())  # a live view has these too
    made = dashboard(lab, "visits")
    found = answers(db, made, ["0", "2"])
    events = "from lab.e where customer_id in (0, 2)"
    assert found["stat n"] == rows(db, f"select count(*)::numeric {events}")
    # A sum over buckets and countries would be far more than the five devices that there are.
    assert found["stat devices"] == [(5,)]
    assert found["stat mean"] == [(pytest.approx(value(db, f"select avg(amount) {events}")),)]
    series = rows(
        db,
        "select floor(extract(epoch from event_time)/3600)*3600, count(*)::numeric,"
        f" count(distinct device_id)::numeric {events} group by 1 order by 1",
    )
    assert found["timeseries n"] == [(at, n) for at, n, _ in series]
    assert found["timeseries devices"] == [(at, n) for at, _, n in series]
    assert sorted(found["barchart n by country"], key=str) == sorted(
        rows(db, f"select country, count(*)::numeric {events} group by 1"), key=str
    )
    assert dict(found["table countries"]) == dict(
        rows(db, f"select country, count(*) {events} and country is not null group by 1")
    )
    assert not any("latest" in name for name in found)
    stored = answers(db, dashboard(lab, "--stored"), ["0", "1", "2"])
    assert stored["stat n"] == [(60,)]


def test_panels_fill_the_grid_without_overlapping(lab: Lab) -> None:
    lab.source()
    lab.declare(measures=MEASURES, dimensions=["country", "device_id as device"])
    lab.declare("days", bucket="1 day", dimensions=[])
    made = dashboard(lab)
    taken: set[tuple[int, int]] = set()
    for panel in made["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in made["panels"]}) == len(made["panels"])
    source, tenant = made["templating"]["list"]
    assert (source["type"], tenant["name"]) == ("datasource", "tenant_customer_id")
    db = lab.connect()
    db.execute("insert into lab.e (customer_id) values (7), (8)")
    db.execute("call rollup.run_all()")
    assert rows(db, tenant["query"]) == [("7",), ("8",)]
    intervals = {p["title"]: p["interval"] for p in made["panels"] if p["type"] == "timeseries"}
    assert intervals["n"] in {"300s", "86400s"}


def test_the_dashboard_of_the_compose_file_is_that_of_the_example(
    db: Connection, rollupctl: Rollupctl
) -> None:
    kept = json.loads((ROOT / "docker" / "grafana" / "dashboards" / "rollups.json").read_text())
    made = json.loads(rollupctl("export-dashboard", "grafana").stdout)
    if not value(db, "select count(*) from pg_extension where extname = 'topn'"):
        # The image has topn, which unites top lists by another function.
        for panel in [*kept["panels"], *made["panels"]]:
            if panel["type"] == "table":
                del panel["targets"]
    assert made == kept


def test_what_is_refused(lab: Lab, tmp_path: Path) -> None:
    lab.source()
    lab.declare()
    dsn = lab.server.dsn(lab.database)
    done = servers.rollupctl(dsn, "export-dashboard", "grafana", "nothing")
    assert (done.returncode, "there is no rollup nothing" in done.stderr) == (2, True)
    file = tmp_path / "dashboard.json"
    file.write_text("mine")
    done = servers.rollupctl(dsn, "export-dashboard", "grafana", "-f", str(file))
    assert (done.returncode, file.read_text()) == (1, "mine")
