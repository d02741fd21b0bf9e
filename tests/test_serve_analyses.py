"""Funnels, cohorts, unusual buckets and alerts over HTTP: the answers of the analytics, without SQL from outside."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest

from tests.helpers import until, value
from tests.servers import ANALYTICS, SERVING, Server
from tests.serving import Reply, Serving, serving
from tests.test_serve_keys import Guarded

BEGIN = datetime(2024, 5, 6, tzinfo=timezone.utc)  # a Monday
DAYS = {"site_id": "shop", "from": "2024-05-06", "to": "2024-06-03"}
FUNNEL = [("step", "pageview"), ("step", "path:/cart*"), ("step", "order")]
BEHIND = "select coalesce(sum(lag_events), 0) = 0 from rollup.status where name like 'site_%'"
SPIKE = BEGIN + timedelta(days=27, hours=9)


def event(user: str, days: float, kind: str, path: str | None = None) -> dict[str, Any]:
    return {"site_id": "shop", "event_type": kind, "user_id": user, "path": path,
            "timestamp": (BEGIN + timedelta(days=days)).isoformat()}  # fmt: skip


EVENTS = [
    event("a", 0.1, "pageview", "/"), event("a", 0.2, "click", "/cart/1"), event("a", 0.3, "order"),
    event("b", 0.1, "pageview", "/"), event("b", 0.2, "click", "/cart"),
    event("c", 0.1, "pageview", "/"), event("c", 2.0, "click", "/cart"),  # too late
    event("d", 0.1, "click", "/cart"), event("d", 0.2, "order"),  # not from the beginning
    event("a", 7.5, "click"), event("b", 14.5, "click"), event("e", 8.0, "click"),
]  # fmt: skip


@pytest.fixture(scope="module")
def service(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    name = server.database(ANALYTICS)
    with serving(server.dsn(name), tmp_path_factory.mktemp("spool")) as service:
        usual = [
            {"site_id": "shop", "event_type": "pageview", "user_id": None,
             "timestamp": (BEGIN + timedelta(hours=hour, minutes=n)).isoformat()}
            for hour in range(28 * 24)
            for n in range(hour % 24 // 4 + hour // 168 + (50 if BEGIN + timedelta(hours=hour) == SPIKE else 0))
        ]  # fmt: skip
        for batch in (EVENTS, usual):
            assert service.post("/events?wait=true", batch).status == 200
        with psycopg.connect(service.dsn, autocommit=True) as db:
            until(lambda: value(db, BEHIND) is True, "rollups have run")
        yield service
    server.drop(name)


def ask(service: Serving, kind: str, *more: tuple[str, str], **headers: str) -> Reply:
    query = urlencode([*DAYS.items(), *more])
    return service.get(f"/analytics/{kind}?{query}", headers or None)


def test_a_funnel(service: Serving) -> None:
    answer = ask(service, "funnel", *FUNNEL)
    assert answer.status == 200, answer.body
    rows = answer.json["rows"]
    assert [(row["name"], row["users"]) for row in rows] == [
        ("pageview", 3), ("path:/cart*", 2), ("order", 1),
    ]  # fmt: skip
    assert [row["of_first"] for row in rows] == [
        1,
        pytest.approx(2 / 3, abs=1e-6),
        pytest.approx(1 / 3, abs=1e-6),
    ]
    assert rows[1]["median_seconds"] == pytest.approx(8640)
    longer = ask(service, "funnel", *FUNNEL, ("within", "3 days")).json["rows"]
    assert [row["users"] for row in longer] == [3, 3, 1]
    broken = ask(service, "funnel", *FUNNEL, ("breakdown", "path")).json["rows"]
    assert {row["breakdown"] for row in broken} == {"/"}
    lines = ask(service, "funnel", *FUNNEL, Accept="text/csv").body.decode()
    assert [row["users"] for row in csv.DictReader(io.StringIO(lines))] == ["3", "2", "1"]


def test_cohorts(service: Serving) -> None:
    rows = ask(service, "retention", ("period", "1 week")).json["rows"]
    found = {(row["cohort"][:10], row["n"]): row["users"] for row in rows}
    assert [found["2024-05-06", n] for n in range(4)] == [4, 1, 1, 0]
    assert [found["2024-05-13", n] for n in range(3)] == [1, 0, 0]
    ordered = ask(service, "retention", ("period", "1 week"), ("first", "order")).json["rows"]
    assert [(row["cohort"][:10], row["size"]) for row in ordered if row["n"] == 0] == [
        ("2024-05-06", 2)
    ]


def test_an_unusual_hour(service: Serving) -> None:
    asked = [("rollup", "site_views_1hr"), ("measure", "views"), ("weeks", "3")]
    rows = ask(service, "anomalies", *asked, ("least", "4")).json["rows"]
    assert [row["bucket"] for row in rows] == [SPIKE.isoformat()]
    assert rows[0]["value"] - rows[0]["median"] >= 49
    everything = ask(service, "anomalies", *asked).json["rows"]
    assert len(everything) > 100
    with psycopg.connect(service.dsn) as db:
        ((tenant,),) = db.execute("select rollup.site_id('shop')::text").fetchall()
        found = db.execute(
            "select round(max(z)::numeric, 2) from rollup_analytics.anomalies("
            " 'site_views_1hr', 'views', 3, %s, '2024-05-06Z', '2024-06-03Z')", [tenant]
        ).fetchone()  # fmt: skip
    assert max(row["z"] for row in everything) == pytest.approx(float(found[0]))  # type: ignore[index]


def test_alerts(service: Serving) -> None:
    with psycopg.connect(service.dsn, autocommit=True) as db:
        db.execute(
            """insert into rollup_analytics.alert_rules (rule, rollup, measure, comparison, threshold, scope, within)
               values ('many views', 'site_views_1hr', 'views', '>=', 50, 'each', '1 hour')"""
        )
        db.execute(
            "select count(*) from rollup_analytics.evaluate_alerts(%s)",
            [SPIKE + timedelta(hours=1)],
        )
    answer = service.get("/analytics/alerts?site_id=shop")
    assert [(row["rule"], row["state"], row["value"] >= 50) for row in answer.json["rows"]] == [
        ("many views", "firing", True)
    ]
    tag = answer.headers["etag"]
    assert service.get("/analytics/alerts?site_id=shop", {"If-None-Match": tag}).status == 304


def test_what_has_not_changed_is_not_counted_again(service: Serving) -> None:
    def is_settled() -> bool:
        tag = ask(service, "funnel", *FUNNEL).headers["etag"]
        path = f"/analytics/funnel?{urlencode([*DAYS.items(), *FUNNEL])}"
        return service.get(path, {"If-None-Match": tag}).status == 304

    until(is_settled, "nothing is written")
    new = [event("f", 0.1, "pageview", "/")]
    before = ask(service, "funnel", *FUNNEL).json["rows"][0]["users"]
    assert service.post("/events?wait=true", new).status == 200
    until(
        lambda: bool(ask(service, "funnel", *FUNNEL).json["rows"][0]["users"] == before + 1),
        "it is counted",
    )


@pytest.mark.parametrize(
    ("kind", "more", "status", "said"),
    [
        ("funnel", [], 400, "step required"),
        ("funnel", [("step", "colour:red")], 400, "events have no column colour"),
        ("funnel", [("step", "1=1) or (1:1")], 400, "events have no column 1=1) or (1"),
        ("funnel", [*FUNNEL, ("breakdown", "now()")], 400, "events have no column now()"),
        ("funnel", [*FUNNEL, ("mode", "fast")], 400, "mode must be one of"),
        ("funnel", [*FUNNEL, ("within", "a while")], 400, "invalid input syntax"),
        ("funnel", [*FUNNEL, ("where", "1=1")], 400, "there is no parameter where"),
        ("funnel", [("step", "x")] * 21, 400, "a funnel has 1 to 20 steps"),
        ("retention", [("period", "5 parsecs")], 400, "invalid input syntax"),
        ("anomalies", [("rollup", "site_views_1hr")], 400, "measure required"),
        ("anomalies", [("rollup", "nothing"), ("measure", "x")], 404, "nothing"),
        ("anomalies", [("rollup", "site_views_1hr"), ("measure", "x")], 400, "x"),
        ("horoscope", [], 404, "there is no question horoscope"),
    ],
)  # fmt: skip
def test_questions_that_are_wrong(
    service: Serving, kind: str, more: list[tuple[str, str]], status: int, said: str
) -> None:
    answer = ask(service, kind, *more)
    assert (answer.status, said in answer.json["error"]) == (status, True), answer.body


def test_values_of_steps_are_not_sql(service: Serving) -> None:
    for step in ("x' or true --", "path:x') or ('a' = 'a", "event_type:%"):
        assert ask(service, "funnel", ("step", step)).json["rows"][0]["users"] == 0


def test_without_a_site_there_is_no_funnel(service: Serving) -> None:
    answer = service.get("/analytics/funnel?step=pageview")
    assert (answer.status, answer.json["error"]) == (400, "site_id required")


@pytest.mark.parametrize("server", ["plain"], indirect=True)
def test_a_key_of_one_site(server: Server, tmp_path: Any) -> None:
    name = server.database(ANALYTICS)
    with serving(server.dsn(name), tmp_path) as service:
        assert service.post("/events?wait=true", EVENTS).status == 200
        with psycopg.connect(service.dsn, autocommit=True) as db:
            db.execute(
                """insert into rollup_analytics.alert_rules (rule, rollup, measure, threshold, scope, tenant)
                   select 'shop', 'site_views_1hr', 'views', 1, 'tenant', rollup.site_id('shop')::text"""
            )
            db.execute("select count(*) from rollup_analytics.evaluate_alerts()")
        guarded = Guarded(service)
        query = urlencode([*DAYS.items(), *FUNNEL])
        for kind, asked in (("funnel", query), ("retention", urlencode(DAYS)), ("alerts", "site_id=shop"),
                            ("anomalies", query.partition("&step")[0] + "&rollup=site_views_1hr&measure=views")):  # fmt: skip
            answer = guarded.get("reader", f"/analytics/{kind}?{asked}")
            assert (answer.status, answer.json["error"]) == (403, "the key is for another site"), (
                kind
            )
            own = guarded.get("reader", f"/analytics/{kind}?{asked.replace('shop', 'a.example')}")
            assert own.status == 200, own.body
        assert guarded.get("reader", "/analytics/alerts").json["rows"] == []
        assert guarded.get("all", "/analytics/alerts").json["rows"] != []
        assert guarded.get("", "/analytics").status == 401
        assert guarded.get("writer", "/analytics/alerts").status == 403
        assert service.logged("not_isolated") == []
    server.drop(name)


def test_where_the_analytics_are_not_installed(plain: Server, tmp_path: Any) -> None:
    name = plain.database(SERVING)
    with serving(plain.dsn(name), tmp_path) as service:
        assert service.get("/analytics").json == {"analyses": []}
        answer = service.get("/analytics/alerts")
        assert (answer.status, answer.json["error"]) == (404, "the analytics are not installed")
        assert "rollupctl install --analytics" in answer.json["hint"]
    plain.drop(name)
