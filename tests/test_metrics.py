"""The metrics: complete, in Prometheus' format, and for a monitor; the rules that ship with them."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rollupctl.errors import UsageError
from rollupctl.exporter import Exporter, parse_address
from tests import servers
from tests.helpers import Lab, insert, row, rows, run, until, value
from tests.servers import ROOT

MONITORING = ROOT / "examples" / "monitoring"


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (package prometheus)")
    return found


def metric(db: psycopg.Connection[Any], sample: str, **labels: str) -> float | None:
    found = rows(
        db,
        "select value from rollup.metrics where sample = %s and labels @> %s",
        sample,
        json.dumps(labels),
    )
    assert len(found) <= 1, found
    return float(found[0][0]) if found else None


def test_what_is_measured(lab: Lab) -> None:
    lab.source()
    lab.declare()
    lab.declare("broken", filter="1 / (amount - 3) > 0", db=lab.connect())
    db = lab.connect()
    assert metric(db, "rollup_runs_total", rollup="visits", status="failed") == 0
    insert(db, 5, event_time="now")
    assert metric(db, "rollup_lag_events", rollup="visits") == 5
    assert metric(db, "rollup_source_ids_total", source="lab.e") == 5
    db.execute("call rollup.run_all()")
    assert metric(db, "rollup_lag_events", rollup="visits") == 0
    assert metric(db, "rollup_lag_seconds", rollup="visits") == 0
    assert metric(db, "rollup_run_events_total", rollup="visits") == 5
    assert metric(db, "rollup_runs_total", rollup="visits", status="done") == 1
    assert metric(db, "rollup_set_aside_events", rollup="broken") == 5
    assert metric(db, "rollup_partitions", table="lab.e") == 3
    assert metric(db, "rollup_partitions_ahead", table="lab.e") == 0
    assert metric(db, "rollup_run_duration_seconds_count", rollup="visits") == 1
    assert metric(db, "rollup_run_duration_seconds_bucket", rollup="visits", le="+Inf") == 1
    assert metric(db, "rollup_run_duration_seconds_bucket", rollup="visits", le="1800") == 1
    db.execute("analyze lab.e")
    size = metric(db, "rollup_partition_bytes", table="lab.e")
    assert size is not None
    assert size >= 8192
    nodes = len(lab.server.nodes)
    assert value(db, "select count(*) from rollup.metrics where sample = 'rollup_node_up'") == nodes


def test_counters_never_fall(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    for _ in range(3):
        insert(db, 2)
        run(db)
    db.execute("update rollup_internal.runs set started_at = now() - interval '8 days'")
    insert(db, 1)
    run(db)
    assert value(db, "select count(*) from rollup.runs") == 1
    assert metric(db, "rollup_runs_total", rollup="visits", status="done") == 4
    assert metric(db, "rollup_run_events_total", rollup="visits") == 7
    assert metric(db, "rollup_run_duration_seconds_count", rollup="visits") == 4
    db.execute("select rollup.drop_rollup('visits')")
    assert rows(db, "select * from rollup_internal.run_totals") == []


def test_each_attempt_of_a_deferred_run_counts(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    writer = lab.connect(autocommit=False)
    insert(writer)
    insert(db)
    db.execute("set rollup.max_wait = '10ms'")
    for _ in range(3):
        with pytest.raises(psycopg.errors.LockNotAvailable):
            db.execute("call rollup.run_all()")
    assert metric(db, "rollup_runs_total", rollup="visits", status="deferred") == 3
    assert row(db, "select count(*), max(attempts) from rollup.runs") == (1, 3)


def test_the_text_is_what_prometheus_reads(lab: Lab) -> None:
    lab.source()
    lab.declare('a "quoted"\\ na\nme', target="lab.odd")
    insert(lab.connect(), 3)
    done = servers.rollupctl(lab.server.dsn(lab.database), "metrics")
    assert done.returncode == 0, done.stderr
    assert 'rollup_lag_events{rollup="a \\"quoted\\"\\\\ na\\nme"} 3' in done.stdout.splitlines()
    for line in done.stdout.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) \w+ .+|\w+\{.*\} [0-9.e+-]+", line), line
    checked = subprocess.run(
        [program("promtool"), "check", "metrics"],
        input=done.stdout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_the_rules_that_ship_are_tested() -> None:
    promtool = program("promtool")
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run(
            [promtool, *command], cwd=MONITORING, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_use_metrics_that_exist(lab: Lab) -> None:
    lab.source()
    lab.declare()
    insert(lab.connect(), 3)
    run(lab.connect())
    text = (MONITORING / "alerts.yml").read_text()
    used = set(re.findall(r"(?<![:\w])rollup_\w+", text)) - {"rollup_ingest"}
    there = {name for (name,) in rows(lab.connect(), "select sample from rollup.metrics")}
    assert used - there == set()


def test_names_that_were_agreed(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db)
    run(db)
    db.execute(
        "insert into rollup.loads (source_table, sha256, file_name, rows, bytes)"
        " values ('lab.e', sha256('x'), 'x.csv', 12, 1)"
    )
    there = {name for (name,) in rows(db, "select metric from rollup.metrics")}
    assert {
        "rollup_lag_seconds", "rollup_lag_events", "rollup_last_success_timestamp_seconds",
        "rollup_runs_total", "rollup_run_duration_seconds", "rollup_partition_bytes",
        "rollup_partitions_ahead", "rollup_load_rows_total", "rollup_build_info",
    } <= there  # fmt: skip
    assert metric(db, "rollup_load_rows_total", table="lab.e") == 12
    labels = {key for (keys,) in rows(db, "select labels from rollup.metrics") for key in keys}
    assert labels <= {
        "rollup", "source", "table", "status", "le", "node", "version", "postgresql", "metric"
    }  # fmt: skip


# HTTP


@contextmanager
def listening(dsn: str) -> Iterator[str]:
    """rollupctl metrics --listen on a free port; gives its URL."""
    started = servers.start_rollupctl(dsn, "metrics", "--listen", "0")
    assert started.stderr
    said = started.stderr.readline().decode()
    try:
        yield said.split()[-1]
    finally:
        started.send_signal(signal.SIGINT)
        _, told = started.communicate(timeout=30)
        assert started.returncode == 130, told


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_server_answers_and_comes_back(lab: Lab) -> None:
    lab.source()
    lab.declare()
    with listening(lab.server.dsn(lab.database)) as url:
        status, text = get(url)
        assert (status, 'rollup_lag_events{rollup="visits"} 0' in text) == (200, True)
        assert get(url.replace("/metrics", "/"))[0] == 404
        with lab.server.admin() as admin:
            name = psycopg.sql.Identifier(lab.database)
            admin.execute(psycopg.sql.SQL("alter database {} allow_connections off").format(name))
            until(lambda: get(url)[0] == 503, "the failure is answered")
            assert "password" not in get(url)[1]
            admin.execute(psycopg.sql.SQL("alter database {} allow_connections on").format(name))
        until(lambda: get(url)[0] == 200, "it answers again")


def test_an_answer_serves_all_who_ask_within_a_second() -> None:
    asked = 0

    def read() -> str:
        nonlocal asked
        asked += 1
        return str(asked)

    exporter = Exporter(read)
    assert [exporter.text() for _ in range(3)] == ["1"] * 3


@pytest.mark.parametrize(
    ("text", "address"),
    [("9187", ("127.0.0.1", 9187)), ("0.0.0.0:1", ("0.0.0.0", 1)), ("[::1]:2", ("::1", 2))],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "x", "h:", "h:99999", "-1"])
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(UsageError):
        parse_address(text)


@pytest.mark.parametrize("server", ["plain"], indirect=True)
def test_prometheus_scrapes_and_alerts(lab: Lab, tmp_path: Path) -> None:
    prometheus = program("prometheus")
    lab.source()
    lab.declare()
    insert(lab.connect(), 3)
    rules = (MONITORING / "alerts.yml").read_text()
    assert "rollup_lag_seconds > 600\n        for: 5m" in rules
    rules = rules.replace("rollup_lag_seconds > 600\n        for: 5m", "rollup_lag_events > 2")
    (tmp_path / "alerts.yml").write_text(rules)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with listening(lab.server.dsn(lab.database)) as url:
        target = url.removeprefix("http://").removesuffix("/metrics")
        (tmp_path / "prometheus.yml").write_text(
            f"""global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [alerts.yml]
scrape_configs: [{{job_name: rollup, static_configs: [{{targets: ["{target}"]}}]}}]
"""
        )
        log = (tmp_path / "log").open("w")
        started = subprocess.Popen(
            [
                prometheus,
                f"--config.file={tmp_path / 'prometheus.yml'}",
                f"--storage.tsdb.path={tmp_path / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
        try:

            def fires() -> bool:
                try:
                    status, text = get(f"http://127.0.0.1:{port}/api/v1/alerts")
                except OSError:
                    return False
                found = json.loads(text)["data"]["alerts"] if status == 200 else []
                return any(
                    each["labels"]["alertname"] == "RollupLagging"
                    and each["labels"]["rollup"] == "visits"
                    for each in found
                )

            until(fires, "Prometheus fires the alert")
        finally:
            started.terminate()
            started.wait(timeout=30)
            log.close()
