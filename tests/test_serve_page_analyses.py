"""What the page shows of the analytics: alerts, unusual hours, funnels, cohorts, trends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest

from tests.helpers import until, value
from tests.servers import ANALYTICS, Server
from tests.serving import Serving, serving
from tests.test_serve_analyses import BEHIND
from tests.test_serve_page import changed_address, query_of, visit

__all__ = ["visit"]

SITE = "shop.example"
NOW = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0)
SPIKE = NOW - timedelta(hours=30)
DAY = f"&from={NOW - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}&to={NOW:%Y-%m-%dT%H:%M:%SZ}"
FUNNEL = "&step=pageview&step=path%3A%2Fcart*&step=order"


def event(hours: float, user: str, kind: str = "pageview", path: str = "/") -> dict[str, Any]:
    return {"site_id": SITE, "event_type": kind, "user_id": user, "path": path,
            "timestamp": (NOW - timedelta(hours=hours)).isoformat()}  # fmt: skip


@pytest.fixture(scope="module")
def service(plain: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    name = plain.database(ANALYTICS)
    with serving(plain.dsn(name), tmp_path_factory.mktemp("spool")) as service:
        usual = [
            event(hour + 0.5, f"u{hour % 40}")
            for hour in range(1, 9 * 7 * 24)
            for _ in range(1 + hour % 3 + hour // 168 % 2 + (60 if hour == 29 else 0))
        ]
        bought = [
            event(3.0, "a"), event(2.5, "a", "click", "/cart/7"), event(2.0, "a", "order"),
            event(3.0, "b"), event(2.5, "b", "click", "/cart"), event(9 * 7 * 24 - 0.5, "once"),  # as early as any
        ]  # fmt: skip
        assert service.post("/events?wait=true", usual).status == 200
        assert service.post("/events?wait=true", bought).status == 200
        with psycopg.connect(service.dsn, autocommit=True) as db:
            until(lambda: value(db, BEHIND) is True, "rollups have run")
            db.execute(
                """insert into rollup_analytics.alert_rules
                          (rule, rollup, measure, comparison, threshold, scope, within, description)
                   values ('many views', 'site_views_1hr', 'views', '>=', 50, 'each', '1 hour',
                           'more than <b>usual</b>')"""
            )
            evaluate = "select count(*) from rollup_analytics.evaluate_alerts(%s)"
            db.execute(evaluate, [SPIKE + timedelta(hours=1)])
        yield service
    plain.drop(name)


def test_a_firing_alert_is_shown(visit: Callable[..., Any]) -> None:
    page = visit(f"?site={SITE}")
    shown = page.locator(".alert.firing")
    shown.wait_for()
    text = shown.inner_text()
    assert text.startswith("firing: many views 6")
    assert "(>= 50)" in text
    assert "more than <b>usual</b>" in text


def test_an_unusual_hour_is_marked(visit: Callable[..., Any]) -> None:
    page = visit(f"?site={SITE}&range=7+days")
    page.locator("#unusual-told li").first.wait_for()
    assert page.locator("#unusual-told li").count() == 1
    said = page.locator("#unusual-told li").inner_text()
    assert ": 6" in said
    assert "usually" in said
    marked = "() => chart.plot.data[4].filter((v) => v != null).length"
    page.wait_for_function(f"{marked} === 1")
    assert page.evaluate("chart.plot.data[4].findIndex((v) => v != null)") == page.evaluate(
        "chart.plot.data[1].indexOf(Math.max(...chart.plot.data[1].filter((v) => v != null)))"
    )
    with changed_address(page):
        page.locator("#unusual").uncheck()
    page.wait_for_function(f"{marked} === 0")
    assert query_of(page)["unusual"] == ["off"]
    assert page.locator("#unusual-told").is_hidden()


def funnel(page: Any) -> list[list[str]]:
    page.locator("#funnel-answer:not([aria-busy]) tbody tr").first.wait_for()
    rows = page.locator("#funnel-answer tbody tr")
    return [row.locator("td").all_inner_texts() for row in rows.all()]


def test_a_funnel(visit: Callable[..., Any]) -> None:
    page = visit(f"?site={SITE}{DAY}&open=funnel{FUNNEL}")
    rows = funnel(page)
    assert [(row[0], row[1]) for row in rows] == [
        ("pageview", "25"), ("path:/cart*", "2"), ("order", "1"),
    ]  # fmt: skip
    assert rows[2][2:] == ["4 %", "50 %", "1 h"]
    # The address has the steps that were typed, and going back shows those of before.
    last = page.locator("#steps input").nth(3)
    last.fill("refund")
    assert page.locator("#steps input").count() == 5
    with changed_address(page):
        last.press("Enter")
    assert query_of(page)["step"] == ["pageview", "path:/cart*", "order", "refund"]
    page.locator("#funnel-answer td", has_text="refund").wait_for()
    page.go_back()
    page.locator("#funnel-answer td", has_text="refund").wait_for(state="detached")
    assert page.locator("#steps input").count() == 4


def test_a_step_that_is_wrong_is_told(visit: Callable[..., Any]) -> None:
    page = visit(f"?site={SITE}{DAY}&open=funnel&step=colour:red")
    page.locator("#funnel-answer .failed", has_text="Step colour:red: events have no column colour").wait_for()  # fmt: skip
    page.locator("#steps input").first.fill("pageview")
    page.locator("#funnel-form button").click()
    assert funnel(page)[0][:2] == ["pageview", "25"]


def test_cohorts(visit: Callable[..., Any]) -> None:
    page = visit(f"?site={SITE}")
    page.locator("#main").focus()
    with changed_address(page):
        page.keyboard.press("r")
    assert query_of(page)["open"] == ["cohorts"]
    page.locator("#cohorts-answer .rate").first.wait_for()
    assert page.locator("#cohorts-answer tbody tr").first.locator(".rate").first.inner_text() == "100 %"  # fmt: skip
    shade = "e => getComputedStyle(e).backgroundColor"
    whole = page.locator("#cohorts-answer .rate", has_text="100 %").first.evaluate(shade)
    later = page.locator("#cohorts-answer tbody tr").first.locator(".rate").nth(1)
    assert later.inner_text() != "100 %"  # one came once
    assert whole != later.evaluate(shade)
    # The last week of a cohort is not over.
    assert page.locator("#cohorts-answer tbody tr").first.locator("td").last.inner_text() == "…"
    with changed_address(page):
        page.locator("#period").select_option("1 month")
    page.locator("#cohorts-answer th", has_text="this month").wait_for()
    assert query_of(page)["period"] == ["1 month"]


def test_lists_show_how_they_changed(visit: Callable[..., Any]) -> None:
    page = visit(f"?site={SITE}{DAY}&compare=1")
    changed = page.locator("[data-name=top_paths] .change")
    changed.first.wait_for()
    texts = changed.all_inner_texts()
    assert texts[0].startswith("▼")  # the unusual hour was the day before
    page.locator("[data-name=country] .change").first.wait_for()


def test_without_a_site_the_page_says_what_to_choose(visit: Callable[..., Any]) -> None:
    page = visit("?site=&open=funnel,cohorts")
    for name in ("funnel", "cohorts"):
        page.locator(f"#{name}-answer", has_text="Choose a site").wait_for()
    assert page.locator("#unusual").is_disabled()


def test_a_question_that_fails_is_told(visit: Callable[..., Any]) -> None:
    page = visit(f"?site={SITE}")
    page.route("**/analytics/**", lambda route: route.abort())
    page.locator("#cohorts summary").click()
    page.locator("#cohorts-answer .failed", has_text="The service cannot be reached.").wait_for()
    page.unroute("**/analytics/**")
    page.locator("#period").select_option("1 month")
    page.locator("#cohorts-answer .rate").first.wait_for()
    page.locator("#period").select_option("1 day")
    page.locator("#cohorts-answer", has_text="this day").wait_for()


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_scrolls_the_grid_only(visit: Callable[..., Any], width: int) -> None:
    page = visit(
        f"?site={SITE}&open=funnel,cohorts&compare=1{FUNNEL}",
        viewport={"width": width, "height": 700},
        color_scheme="dark",
    )
    page.locator("#cohorts-answer .rate").first.wait_for()
    funnel(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
