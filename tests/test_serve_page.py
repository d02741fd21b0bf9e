"""The page: its files, and what a person does with it in a browser."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

from tests.servers import SERVING, Server
from tests.serving import Serving, serving

SITE = "shop.example"
HOURS = 48


@pytest.fixture(scope="module")
def service(plain: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    name = plain.database(SERVING)
    with serving(plain.dsn(name), tmp_path_factory.mktemp("spool")) as service:
        now = datetime.now(timezone.utc)
        events = [
            {
                "site_id": SITE,
                "event_type": "pageview",
                "path": f"/{n % 3}",
                "user_id": f"u{n % 9}",
                "country": ["de", "fr"][n % 2],
                "timestamp": (now - timedelta(hours=n)).isoformat(),
            }
            for n in range(HOURS)
        ]
        assert service.post("/events?wait=true", events).status == 200
        yield service
    plain.drop(name)


def files(service: Serving) -> dict[str, bytes]:
    """The files that the page consists of, compressed as they are sent."""
    page = service.get("/").body.decode()
    names = [part.partition('"')[0] for part in page.split('src="')[1:] + page.split('href="')[1:]]
    paths = ["/", *(f"/{name}" for name in names if name.endswith((".js", ".css", ".svg")))]
    return {path: service.get(path, {"Accept-Encoding": "gzip"}).body for path in paths}


def test_files_are_small_and_come_from_here(service: Serving) -> None:
    found = files(service)
    assert len(found) >= 7
    assert sum(map(len, found.values())) < 120_000
    for path, body in found.items():
        text = re.sub(r"^/[*].*?[*]/|http://www.w3.org/", "", gzip.decompress(body).decode())
        assert "://" not in text, path
    policy = service.get("/").headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    tag = service.get("/app.js").headers["etag"]
    assert service.get("/app.js", {"If-None-Match": tag}).status == 304
    assert "MIT" in service.get("/uplot.LICENSE.txt").body.decode()


def test_the_tracker_is_tiny(service: Serving) -> None:
    answer = service.get("/tracker.js", {"Accept-Encoding": "gzip"})
    assert len(answer.body) < 1000
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


# In a browser


@pytest.fixture
def visit(browser: Any, service: Serving) -> Iterator[Callable[..., Any]]:
    """Opens the page and waits for its numbers; a request elsewhere or an error fails the test."""
    contexts: list[Any] = []
    wrong: list[str] = []
    home = f"http://localhost:{service.port}"

    def open_page(query: str = f"?site={SITE}", path: str = "/", **options: Any) -> Any:
        context = browser.new_context(locale="en-US", timezone_id="UTC", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda r: wrong.extend([] if r.url.startswith(home) else [r.url]))
        page.goto(home + path + query)
        page.wait_for_selector("body:not(.waiting)")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def totals(page: Any) -> list[str]:
    return list(page.locator(".total .number").all_inner_texts())


def wait_for_total(page: Any, number: str) -> None:
    page.locator(".total .number").filter(has_text=number).first.wait_for()


def query_of(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlparse(page.url).query)


@contextmanager
def changed_address(page: Any) -> Iterator[None]:
    before = page.url
    yield
    while page.url == before:
        page.wait_for_timeout(20)


def test_numbers_chart_and_lists(visit: Callable[..., Any]) -> None:
    page = visit(f"?site={SITE}&range=30+days")
    assert totals(page) == [str(HOURS), "9"]
    assert page.locator("#chart canvas").count() == 1
    page.locator("#lists h2", has_text="Country").wait_for()
    assert page.locator("[data-name=country] .n").all_inner_texts() == ["24", "24"]
    assert page.locator("[data-name=top_paths] tr").count() == 3
    page.locator("#details summary").click()
    page.locator("#table tbody tr").nth(20).wait_for()
    # A row of a breakdown is a filter, which the address keeps.
    page.locator("[data-name=country] button").first.click()
    wait_for_total(page, "24")
    assert query_of(page)["filter.country"] == ["de"]
    page.go_back()
    wait_for_total(page, str(HOURS))


def test_a_test_event_arrives(visit: Callable[..., Any]) -> None:
    page = visit("?site=new.example")
    page.locator("#problem-text", has_text="There is no site new.example").wait_for()
    page.locator("#send button").click()
    page.locator("#sent", has_text="Stored.").wait_for()
    wait_for_total(page, "1")
    page.locator("#send button").click()
    wait_for_total(page, "2")
    assert page.locator("#live.on").count() == 1
    page.locator("#send [name=event_type]").fill(" ")
    page.locator("#send button").click()
    page.locator("#sent.bad", has_text="Event_type required.").wait_for()


def test_the_keyboard(visit: Callable[..., Any]) -> None:
    page = visit()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "site"
    page.locator("#main").focus()
    for key, name, value in (("5", "range", "7 days"), ("c", "compare", "1")):
        with changed_address(page):
            page.keyboard.press(key)
        assert query_of(page)[name] == [value]
    theme = page.evaluate("document.documentElement.dataset.theme")
    page.keyboard.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") != theme


def test_zoom_and_back(visit: Callable[..., Any]) -> None:
    page = visit(f"?site={SITE}&range=7+days")
    box = page.locator("#chart .u-over").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 60, steps=5)
    with changed_address(page):
        page.mouse.up()
    assert "from" in query_of(page)
    page.locator("#reset").wait_for()
    with changed_address(page):
        page.locator("#reset").click()
    assert "from" not in query_of(page)


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_needs_no_scrolling_sideways(visit: Callable[..., Any], width: int) -> None:
    page = visit(viewport={"width": width, "height": 700}, color_scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_range_without_events(visit: Callable[..., Any]) -> None:
    page = visit(f"?site={SITE}&from=2001-01-01&to=2001-01-03")
    page.locator("#empty").wait_for()
    assert totals(page)[0] == "0"


def test_an_error_is_told_and_can_be_tried_again(visit: Callable[..., Any]) -> None:
    page = visit(f"?site={SITE}&grain=2+parsecs")
    page.locator("#problem-text", has_text="invalid input syntax").wait_for()
    page.locator("#grain").select_option("1 hour")
    page.locator("#problem").wait_for(state="hidden")


def test_the_tracker_counts_a_page(visit: Callable[..., Any], service: Serving) -> None:
    page = visit()
    page.evaluate(
        """() => new Promise((done) => {
            const script = document.createElement("script");
            script.src = "/tracker.js";
            script.dataset.site = "tracked.example";
            script.onload = done;
            document.head.append(script);
        })"""
    )
    page.evaluate("rollup('signup', {plan: 'pro'}); history.pushState({}, '', '/next')")
    while service.stats("tracked.example")["total_views"] < 2:
        page.wait_for_timeout(50)
    found = {each["path"]: each["views"] for each in service.stats("tracked.example")["top_paths"]}
    assert found == {"/": 1, "/next": 1}


def test_without_the_analytics_nothing_is_shown_of_them(visit: Callable[..., Any]) -> None:
    page = visit(f"?site={SITE}&open=funnel")
    for hidden in ("#analyses", "#unusual-label", "#alerts"):
        assert page.locator(hidden).is_hidden()
