"""The service as a client sees it: the workflow of a small analytics service, command by command."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import psycopg
import pytest

from tests.helpers import until, value
from tests.servers import EMPTY, SERVING, Server, rollupctl
from tests.serving import Serving, serving, stored

pytest.importorskip("prometheus_client")

from prometheus_client.parser import text_string_to_metric_families


@pytest.fixture(scope="module")
def service(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A service of a database that was empty: it makes what it needs."""
    name = server.database(EMPTY)
    with serving(server.dsn(name), tmp_path_factory.mktemp("spool")) as service:
        yield service
    server.drop(name)


def curl(service: Serving, command: str) -> Any:
    """What a command of a README answers, on the port of the service."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    arguments = shlex.split(command.replace(":5000", f":{service.port}").replace("\\\n", " "))
    done = subprocess.run([*arguments, "-sS"], capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


WORKFLOW = [
    """curl -X POST http://localhost:5000/event \\
  -H "Content-Type: application/json" \\
  -d '{"site_id": "test-site", "event_type": "pageview", "path": "/home", "user_id": "user1"}'""",
    """curl -X POST http://localhost:5000/event \\
  -H "Content-Type: application/json" \\
  -d '{"site_id": "test-site", "event_type": "pageview", "path": "/about", "user_id": "user1"}'""",
    """curl -X POST http://localhost:5000/event \\
  -H "Content-Type: application/json" \\
  -d '{"site_id": "test-site", "event_type": "pageview", "path": "/home", "user_id": "user2"}'""",
]


def test_workflow(service: Serving) -> None:
    day = datetime.now(timezone.utc).date()
    for command in WORKFLOW:
        assert curl(service, command) == {"status": "accepted"}
    service.until_drained()
    found = curl(service, 'curl "http://localhost:5000/stats?site_id=test-site"')
    if datetime.now(timezone.utc).date() != day:
        pytest.skip("midnight")
    assert list(found) == ["site_id", "date", "total_views", "unique_users", "top_paths"]
    assert found == {
        "site_id": "test-site",
        "date": str(day),
        "total_views": 3,
        "unique_users": 2,
        "top_paths": [{"path": "/home", "views": 2}, {"path": "/about", "views": 1}],
    }


def test_an_event_with_a_time_is_counted_on_its_day(service: Serving) -> None:
    command = """curl -X POST http://localhost:5000/event \\
  -H "Content-Type: application/json" \\
  -d '{
    "site_id": "example-site",
    "event_type": "pageview",
    "path": "/home",
    "user_id": "user123",
    "timestamp": "2024-01-15T10:30:00Z"
  }'"""
    assert curl(service, command) == {"status": "accepted"}
    service.until_drained()
    asked = 'curl "http://localhost:5000/stats?site_id=example-site&date=2024-01-15"'
    assert curl(service, asked) == {
        "site_id": "example-site",
        "date": "2024-01-15",
        "total_views": 1,
        "unique_users": 1,
        "top_paths": [{"path": "/home", "views": 1}],
    }
    (event,) = stored(service.dsn, "example-site")
    assert event["event_time"] == "2024-01-15T10:30:00+00:00"
    assert event["user_id"] == "user123"


def test_clicks_are_no_views(service: Serving) -> None:
    for kind in ("pageview", "click", "purchase"):
        event = {"site_id": "kinds", "event_type": kind, "path": "/products", "user_id": "user456"}
        assert service.post("/event", event).json == {"status": "accepted"}
    assert service.post("/event", {"site_id": "kinds", "event_type": "pageview"}).status == 202
    service.until_drained()
    found = service.stats("kinds")
    assert (found["total_views"], found["unique_users"]) == (2, 1)
    assert found["top_paths"] == [{"path": "/products", "views": 1}]


def test_errors_have_the_words_of_the_workflow(service: Serving) -> None:
    answer = service.post("/event", {"event_type": "pageview"})
    assert (answer.status, answer.json) == (400, {"error": "site_id required"})
    assert answer.headers["content-type"] == "application/json"
    answer = service.get("/stats")
    assert (answer.status, answer.json) == (400, {"error": "site_id required"})
    problem = service.post("/event", {}, Accept="application/problem+json")
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "site_id required",
        "error": "site_id required",
        "errors": [{"pointer": "/site_id", "detail": "site_id required"}],
    }


def test_a_site_without_events_has_none(service: Serving) -> None:
    assert service.stats("nobody", "2024-02-29") == {
        "site_id": "nobody",
        "date": "2024-02-29",
        "total_views": 0,
        "unique_users": 0,
        "top_paths": [],
    }


@pytest.mark.parametrize("day", ["2024-02-30", "yesterday", "20240101", "0000-01-01", "9999-12-31"])
def test_a_date_that_is_none(service: Serving, day: str) -> None:
    answer = service.get("/stats", site_id="x", date=day)
    assert (answer.status, answer.json) == (400, {"error": "date is not a day such as 2024-01-15"})


def test_days_begin_in_the_time_zone_of_the_site(service: Serving) -> None:
    for time in ("2024-03-09T18:14:59Z", "2024-03-09T18:15:00Z", "2024-03-10T18:14:59Z"):
        event = {"site_id": "kathmandu", "event_type": "pageview", "timestamp": time}
        assert service.post("/event", event).status == 202
    service.until_drained()
    with psycopg.connect(service.dsn, autocommit=True) as db:
        db.execute("select rollup.set_site('kathmandu', time_zone => 'Asia/Kathmandu')")
    assert [
        service.stats("kathmandu", f"2024-03-{n}")["total_views"] for n in ("09", "10", "11")
    ] == [1, 2, 0]


def test_stats_are_the_same_after_rollups_have_run(service: Serving) -> None:
    events = [
        {"site_id": "runs", "event_type": "pageview", "path": f"/{n % 7}", "user_id": f"u{n % 11}",
         "timestamp": f"2024-05-0{1 + n % 2}T{n % 24:02}:00:00Z"}
        for n in range(200)
    ]  # fmt: skip
    answer = service.post("/events", events)
    assert answer.json == {"status": "accepted", "accepted": 200, "rejected": 0}
    service.until_drained()
    behind = "select coalesce(sum(lag_events), 0) = 0 from rollup.status where name like 'site_%'"
    with psycopg.connect(service.dsn, autocommit=True) as db:
        until(lambda: value(db, behind) is True, "rollups have run")
    found = service.stats("runs", "2024-05-01")
    expected = [event for event in events if event["timestamp"].startswith("2024-05-01")]
    assert found["total_views"] == len(expected)
    assert found["unique_users"] == len({event["user_id"] for event in expected})
    views = {path["path"]: path["views"] for path in found["top_paths"]}
    assert views == {f"/{n}": sum(event["path"] == f"/{n}" for event in expected) for n in range(7)}


def test_health(service: Serving) -> None:
    assert service.get("/healthz").json == {"status": "ok"}
    service.until_drained()
    assert service.get("/readyz").status == 200


def metrics_of(service: Serving) -> list[str]:
    """The names of the metrics, in the order in which they are told."""
    answer = service.get("/metrics")
    assert answer.status == 200
    assert "test-site" not in answer.body.decode()
    return [found.name for found in text_string_to_metric_families(answer.body.decode())]


def test_metrics_are_those_of_the_service_and_of_the_database(service: Serving) -> None:
    service.post("/event?wait=true", {"site_id": "test-site", "event_type": "pageview"})
    found = metrics_of(service)
    own = {"rollup_http_request_duration_seconds", "rollup_spool_stored", "rollup_http_streams"}
    listed = "select metric from rollup.metrics group by metric order by min(place)"
    with psycopg.connect(service.dsn, autocommit=True) as db:
        told = [name.removesuffix("_total") for (name,) in db.execute(listed).fetchall()]
        assert {"rollup_lag_seconds", "rollup_runs", "rollup_build_info"} <= {*told} <= {*found}
        assert own <= {*found} - {*told}
        assert len(found) == len({*found})  # each is told once
        # What the service knows itself is told during an outage too.
        db.execute("alter function rollup.metrics_text() rename to metrics_text_later")
        try:
            until(lambda: not {*told} & {*metrics_of(service)}, "the database has failed")
            assert own <= {*metrics_of(service)}
        finally:
            db.execute("alter function rollup.metrics_text_later() rename to metrics_text")


def test_addresses_that_are_none(service: Serving) -> None:
    answer = service.get("/nothing")
    assert answer.status == 404
    assert answer.json["error"] == "there is nothing at this address"
    assert service.get("/event").status == 405


def test_pages_of_other_sites_may_send_events_only(service: Serving) -> None:
    asked = {"Origin": "https://example.com", "Access-Control-Request-Method": "POST"}
    answer = service.request("OPTIONS", "/event", headers=asked)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in service.get("/stats", asked, site_id="x").headers


def test_uninstalling_takes_it_along(plain: Server) -> None:
    name = plain.database(SERVING)
    done = rollupctl(plain.dsn(name), "uninstall", "--yes")
    assert done.returncode == 0, done.stderr
    with plain.connect(name) as db:
        assert value(db, "select to_regnamespace('rollup_serve') is null") is True
    plain.drop(name)
