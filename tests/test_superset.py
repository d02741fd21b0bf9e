"""The bundle for Superset: the query of every chart, as Superset writes it, and Superset itself on request."""

from __future__ import annotations

import io
import os
import subprocess
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests import servers
from tests.helpers import Connection, Lab, rows, value
from tests.servers import EMPTY, Server, needs_tdigest

yaml = pytest.importorskip("yaml")
RANGE = ("2024-05-31 00:00+00", "2024-06-08 00:00+00")
MEASURES = {
    "n": {"count": "*"},
    "devices": {"distinct": "device_id"},
    "countries": {"top": "country"},
    "mean": {"avg": "amount"},
    "spread": {"stddev": "amount"},
    "latest": {"last": "country"},
}
INSERT = (
    "insert into lab.e (event_time, customer_id, country, device_id, amount)"
    " select timestamptz '2024-06-01 09:30Z' + n * interval '97 minutes', n % 3,"
    " (array['de', 'fr', null])[1 + n % 3], n % 5, n from generate_series(1, 60) n"
)
EVENTS = "from lab.e where customer_id in (0, 2)"
SUPERSET = os.environ.get("ROLLUP_TEST_SUPERSET")  # a virtual environment with apache-superset
PICTURE = os.environ.get("ROLLUP_TEST_PICTURE")  # where the test on request leaves a screenshot


def export(lab: Lab, *args: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rollups.zip"
        dsn = lab.server.dsn(lab.database)
        done = servers.rollupctl(dsn, "export-dashboard", "superset", "-f", str(file), *args)
        assert done.returncode == 0, done.stderr
        return file.read_bytes()


class Bundle:
    """What is in the file, by kind and uuid."""

    def __init__(self, content: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = {name: yaml.safe_load(archive.read(name)) for name in archive.namelist()}
        self.parts: dict[str, dict[str, Any]] = {
            kind: {f["uuid"]: f for name, f in files.items() if name.startswith(f"rollups/{kind}/")}
            for kind in ("databases", "datasets", "charts", "dashboards")
        }
        assert files["rollups/metadata.yaml"]["type"] == "Dashboard"

    def __getitem__(self, kind: str) -> dict[str, Any]:
        return self.parts[kind]

    @property
    def dashboard(self) -> Any:
        (made,) = self["dashboards"].values()
        return made

    def query(self, chart: dict[str, Any], tenants: list[int]) -> str:
        """The query that Superset sends for a chart with a range and tenants chosen."""
        dataset = self["datasets"][chart["dataset_uuid"]]
        params = chart["params"]
        metrics = {m["metric_name"]: m["expression"] for m in dataset["metrics"]}
        columns = {c["column_name"]: c for c in dataset["columns"]}

        def text_of(name: str) -> str:
            return columns[name]["expression"] or quoted(name)

        chosen = params.get("metrics") or [params["metric"]]
        grouped = [*params.get("groupby", [])]
        if "x_axis" in params:
            grouped.insert(0, params["x_axis"])
        keys = [text_of(name) for name in grouped]
        if params.get("time_grain_sqla"):
            assert params["time_grain_sqla"] == "PT1H"
            keys[0] = f"date_trunc('hour', {keys[0]})"
        shown = [f"{key} as {quoted(name)}" for key, name in zip(keys, grouped, strict=True)]
        shown += [f"{metrics[name]} as {quoted(name)}" for name in chosen]
        if dataset["sql"]:
            source = f"({dataset['sql']}) as virtual_table"
        else:
            source = sql.Identifier(dataset["schema"], dataset["table_name"]).as_string()
        (in_range,) = params["adhoc_filters"]
        at = text_of(in_range["subject"])
        tenant = columns["customer_id"]["column_name"]
        text = (
            f"select {', '.join(shown)} from {source}"
            f" where {at} >= '{RANGE[0]}' and {at} < '{RANGE[1]}'"
            f" and {quoted(tenant)} in ({', '.join(map(str, tenants))})"
        )
        if keys:
            text += f" group by {', '.join(keys)} order by {quoted(chosen[0])} desc"
        return text + f" limit {params.get('row_limit', 1000)}"


def quoted(name: str) -> str:
    return sql.Identifier(name).as_string()


def answers(db: Connection, bundle: Bundle, tenants: list[int]) -> dict[str, list[Any]]:
    return {
        f"{chart['viz_type']} {chart['slice_name']}": rows(db, bundle.query(chart, tenants))
        for chart in bundle["charts"].values()
    }


def told(lab: Lab, **declaration: Any) -> Connection:
    """A source with events, half of them counted."""
    lab.source()
    lab.declare(
        **{"measures": MEASURES, "dimensions": ["country"], "bucket": "1 hour"} | declaration
    )
    db = lab.connect()
    db.execute(INSERT.encode())
    db.execute("call rollup.run_all()")
    db.execute(INSERT.encode())
    return db


def test_charts_show_what_brute_force_counts(lab: Lab) -> None:
    db = told(lab)
    found = answers(db, Bundle(export(lab, "visits")), [0, 2])
    assert found["big_number_total n"] == [(value(db, f"select count(*) {EVENTS}"),)]
    # A sum over hours and countries would be far more than the five devices that there are.
    assert found["big_number_total devices"] == [(5,)]
    assert found["big_number_total mean"] == [
        (pytest.approx(value(db, f"select avg(amount) {EVENTS}")),)
    ]
    assert found["big_number_total spread_stddev"] == [
        (pytest.approx(float(value(db, f"select stddev(amount) {EVENTS}"))),)
    ]
    hours = rows(
        db,
        "select date_trunc('hour', event_time), count(*), count(distinct device_id)"
        f" {EVENTS} group by 1",
    )
    assert dict(found["echarts_timeseries_line n"]) == {at: n for at, n, _ in hours}
    assert dict(found["echarts_timeseries_line devices"]) == {at: n for at, _, n in hours}
    assert dict(found["echarts_timeseries_bar n by country"]) == dict(
        rows(db, f"select country, count(*) {EVENTS} group by 1")
    )
    assert dict(found["table countries"]) == dict(
        rows(db, f"select country, count(*) {EVENTS} and country is not null group by 1")
    )
    assert not any("latest" in name or "mean_sum" in name for name in found)
    stored = answers(db, Bundle(export(lab, "--stored")), [0, 1, 2])
    assert stored["big_number_total n"] == [(60,)]


@needs_tdigest
def test_quantiles_are_united(lab: Lab) -> None:
    db = told(lab, measures={"q": {"quantiles": "amount"}}, bucket="1 day")
    found = answers(db, Bundle(export(lab)), [0, 1, 2])
    assert found["big_number_total q_p50"] == [
        (
            pytest.approx(
                value(db, "select percentile_cont(0.5) within group (order by amount) from lab.e"),
                rel=0.05,
            ),
        )
    ]


def test_days_of_a_zone_are_shown_in_it(lab: Lab) -> None:
    db = told(lab, bucket="1 day", time_zone="Asia/Tokyo")
    found = answers(db, Bundle(export(lab)), [0, 1, 2])
    assert dict(found["echarts_timeseries_line n"]) == dict(
        rows(
            db,
            "select date_trunc('day', event_time at time zone 'Asia/Tokyo'), count(*) from lab.e group by 1",
        )
    )


def test_parts_of_the_bundle_belong_together(lab: Lab) -> None:
    lab.source()
    odd = {'odd %s"name': {"avg": "amount"}, "n": {"count": "*"}, "l'ist": {"top": "country"}}
    lab.declare(measures=odd, dimensions=["country", 'device_id as "a: b"'])
    lab.declare("days", bucket="1 day", dimensions=[])
    content = export(lab)
    bundle = Bundle(content)
    (database,) = bundle["databases"].values()
    assert {d["database_uuid"] for d in bundle["datasets"].values()} == {database["uuid"]}
    assert {c["dataset_uuid"] for c in bundle["charts"].values()} == set(bundle["datasets"])
    position = bundle.dashboard["position"]
    placed = [
        p["meta"]["uuid"] for p in position.values() if isinstance(p, dict) and p["type"] == "CHART"
    ]
    assert sorted(placed) == sorted(bundle["charts"])
    for part in position.values():
        if isinstance(part, dict) and part["type"] == "ROW":
            assert sum(position[child]["meta"]["width"] for child in part["children"]) <= 12
            assert {position[child]["parents"][-1] for child in part["children"]} == {part["id"]}
    reached = {"ROOT_ID", "HEADER_ID", "DASHBOARD_VERSION_KEY"}
    waiting = [*position["ROOT_ID"]["children"]]
    while waiting:
        reached.add(key := waiting.pop())
        waiting += position[key].get("children", [])
    assert reached == set(position)
    chosen = bundle.dashboard["metadata"]["native_filter_configuration"][1]["targets"][0]
    assert chosen["column"]["name"] == "customer_id"
    assert chosen["datasetUuid"] in bundle["datasets"]
    # No column of measures: none can be added up by mistake.
    (rollup,) = [d for d in bundle["datasets"].values() if d["table_name"] == "visits_live"]
    assert [c["column_name"] for c in rollup["columns"]] == [
        "customer_id",
        "bucket",
        "country",
        "a: b",
    ]
    db = lab.connect()
    db.execute(INSERT.encode())
    db.execute("call rollup.run_all()")
    found = answers(db, bundle, [0, 1, 2])
    assert found['big_number_total odd %s"name'] == [(pytest.approx(30.5),)]
    assert found["table l'ist"] == [("de", 20), ("fr", 20)] or found["table l'ist"] == [
        ("fr", 20),
        ("de", 20),
    ]
    assert export(lab) == content  # so that it can be kept under version control


def test_how_superset_reaches_the_database(lab: Lab) -> None:
    lab.source()
    lab.declare()
    (database,) = Bundle(export(lab))["databases"].values()
    uri = database["sqlalchemy_uri"]
    assert uri.startswith("postgresql+psycopg2://")
    assert lab.database in uri
    given = "postgresql+psycopg2://reader@db.example.com/shop"
    (database,) = Bundle(export(lab, "--uri", given))["databases"].values()
    assert database["sqlalchemy_uri"] == given
    dsn = lab.server.dsn(lab.database)
    done = servers.rollupctl(dsn, "export-dashboard", "grafana", "--uri", given)
    assert (done.returncode, "superset only" in done.stderr) == (2, True)
    done = servers.rollupctl(dsn, "export-dashboard", "superset", "nothing")
    assert (done.returncode, "there is no rollup nothing" in done.stderr) == (2, True)


class Superset:
    """Superset of a virtual environment, with a database of its own in a directory."""

    def __init__(self, place: str, folder: Path, dsn: str) -> None:
        self.program = str(Path(place) / "bin" / "superset")
        self.folder = folder
        config = folder / "superset_config.py"
        config.write_text(
            "SECRET_KEY = 'of a test'\nWTF_CSRF_ENABLED = False\nTALISMAN_ENABLED = False\n"
            f"SQLALCHEMY_DATABASE_URI = 'sqlite:///{folder}/superset.db'\n"
        )
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | {
            "SUPERSET_CONFIG_PATH": str(config),
            "SUPERSET_HOME": str(folder),
            "FLASK_APP": "superset",
            "PGPASSFILE": str(conninfo_to_dict(dsn).get("passfile", "")),
        }

    def __call__(self, *args: str) -> None:
        done = subprocess.run(
            [self.program, *args],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=580,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]

    def start(self, port: int) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen(
                [self.program, "run", "-p", str(port)],
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )


@pytest.fixture
def shop(plain: Server) -> Iterator[str]:
    """A database with the example of page views."""
    name = plain.database(EMPTY)
    dsn = plain.dsn(name)
    assert servers.rollupctl(dsn, "install", "--example", "page_views").returncode == 0
    yield dsn
    plain.drop(name)


@pytest.mark.skipif(
    not SUPERSET,
    reason="on request: ROLLUP_TEST_SUPERSET names a virtual environment with Superset",
)
def test_superset_imports_and_shows_it(shop: str, browser: Any, tmp_path: Path) -> None:
    assert SUPERSET
    made = servers.rollupctl(
        shop, "generate", str(tmp_path), "--files", "1", "--rows", "30000", "--shop", "--customers", "3",
        "--event-time", "--days", "6",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    for args in (["load", str(tmp_path / "1.csv")], ["rollup"]):
        done = servers.rollupctl(shop, *args)
        assert done.returncode == 0, done.stderr
    bundle = tmp_path / "rollups.zip"
    done = servers.rollupctl(
        shop, "export-dashboard", "superset", "page_views_1hr", "-f", str(bundle)
    )
    assert done.returncode == 0, done.stderr
    superset = Superset(SUPERSET, tmp_path, shop)
    superset("db", "upgrade")
    superset("fab", "create-admin", "--username", "admin", "--firstname", "a", "--lastname", "b",
             "--email", "a@example.com", "--password", "admin")  # fmt: skip
    superset("init")
    superset("import-dashboards", "-p", str(bundle), "-u", "admin")
    port = 20000 + os.getpid() % 10000
    home = f"http://127.0.0.1:{port}"
    process = superset.start(port)
    try:
        until_up(f"{home}/health")
        page = browser.new_page(viewport={"width": 1400, "height": 1450})
        page.set_default_timeout(120_000)
        page.goto(f"{home}/login/")
        page.fill("input[name=username], #username", "admin")
        page.fill("input[name=password], #password", "admin")
        with page.expect_response(lambda r: r.request.method == "POST" and "/login" in r.url):
            page.keyboard.press("Enter")
        page.wait_for_selector("text=Settings")
        page.goto(f"{home}/superset/dashboard/1/")
        page.wait_for_selector("canvas >> nth=4")
        page.wait_for_selector("table td")
        page.wait_for_function("() => !document.querySelector('.loading, [aria-label=Loading]')")
        page.mouse.move(0, 0)
        page.wait_for_timeout(3000)
        text = page.inner_text("body")
        assert "error" not in text.lower()
        assert "No results" not in text
        page.screenshot(path=PICTURE or str(tmp_path / "superset.png"))
        page.close()
    finally:
        process.terminate()
        process.wait(30)


def until_up(url: str) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(1)
    pytest.fail(f"{url} does not answer")
