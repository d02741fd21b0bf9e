"""Questions about rollups over HTTP, compared with brute force over the events."""

from __future__ import annotations

import contextlib
import csv
import http.client
import io
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest

from tests.helpers import SECONDS, Task, until, value
from tests.servers import SERVING, Server
from tests.serving import Serving, serving

BEGIN = datetime(2024, 5, 1, tzinfo=timezone.utc)
SOURCES = ["ads", "mail", None]
BEHIND = "select coalesce(sum(lag_events), 0) = 0 from rollup.status where name like 'site_%'"


def view(number: int) -> dict[str, Any]:
    return {
        "site_id": "shop",
        "event_type": "pageview" if number % 5 else "click",
        "path": f"/{number % 4}",
        "user_id": f"u{number % 17}",
        "source": SOURCES[number % 3],
        "country": "de" if number % 2 else "fr",
        "timestamp": (BEGIN + timedelta(minutes=number * 37)).isoformat(),
    }


EVENTS = [view(number) for number in range(389)]  # of ten days
VIEWS = [event for event in EVENTS if event["event_type"] == "pageview"]


@pytest.fixture(scope="module")
def service(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A service whose rollups have counted all events."""
    name = server.database(SERVING)
    with serving(server.dsn(name), tmp_path_factory.mktemp("spool")) as service:
        other = {"site_id": "other", "event_type": "pageview", "timestamp": BEGIN.isoformat()}
        assert service.post("/events", [*EVENTS, other]).json["accepted"] == 390
        service.until_drained()
        with psycopg.connect(service.dsn, autocommit=True) as db:
            until(lambda: value(db, BEHIND) is True, "rollups have run")
        yield service
    server.drop(name)


def ask(service: Serving, rollup: str = "site_views_1min", **query: str) -> Any:
    asked = {"site_id": "shop", "from": "2024-05-01", "to": "2024-05-11", **query}
    answer = service.get(f"/rollups/{rollup}", None, **asked)
    assert answer.status == 200, answer.body
    return answer.json


def users(events: list[dict[str, Any]]) -> int:
    return len({event["user_id"] for event in events})


def time_of(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["timestamp"])


def test_totals(service: Serving) -> None:
    found = ask(service, grain="total", measures="views,users,top_paths", items="2")
    paths = Counter(event["path"] for event in VIEWS).most_common()
    assert found["rows"] == [
        {
            "views": len(VIEWS),
            "users": users(VIEWS),
            "top_paths": [
                {"item": path, "value": n}
                for path, n in sorted(paths, key=lambda p: (-p[1], p[0]))[:2]
            ],
        }
    ]
    assert (found["from"], found["to"]) == (
        "2024-05-01T00:00:00+00:00",
        "2024-05-11T00:00:00+00:00",
    )


@pytest.mark.parametrize(
    ("grain", "step"),
    [("6 hours", timedelta(hours=6)), ("1 day", timedelta(days=1)), ("auto", timedelta(hours=3))],
)
def test_a_series_has_every_step(service: Serving, grain: str, step: timedelta) -> None:
    found = ask(service, grain=grain, to="2024-05-12")["rows"]
    assert [row["bucket"] for row in found] == [
        (BEGIN + n * step).isoformat() for n in range(int(timedelta(days=11) / step))
    ]
    for row in found:
        start = datetime.fromisoformat(row["bucket"])
        events = [event for event in VIEWS if start <= time_of(event) < start + step]
        assert (row["views"], row["users"]) == (len(events), users(events)), row


def test_distinct_counts_of_a_series_are_united_and_not_added(service: Serving) -> None:
    days = ask(service, grain="1 day")["rows"]
    assert sum(day["users"] for day in days) > ask(service, grain="total")["rows"][0]["users"] == 17


def test_a_breakdown(service: Serving) -> None:
    found = ask(service, grain="total", dimensions="source", order="-views")["rows"]
    per_source = [[event for event in VIEWS if event["source"] == s] for s in SOURCES]
    expected = [
        {"source": s, "views": len(events), "users": users(events)}
        for s, events in zip(SOURCES, per_source, strict=True)
    ]
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert [row["views"] for row in found] == sorted((len(e) for e in per_source), reverse=True)
    kinds = ask(
        service, "site_events_1hr", grain="total", dimensions="event_type", measures="events"
    )
    assert {row["event_type"]: row["events"] for row in kinds["rows"]} == Counter(
        event["event_type"] for event in EVENTS
    )


@pytest.mark.parametrize("source", ["ads", ""])
def test_a_filter(service: Serving, source: str) -> None:
    found = ask(service, grain="total", **{"filter.source": source, "filter.country": "de"})["rows"]
    events = [e for e in VIEWS if e["source"] == (source or None) and e["country"] == "de"]
    assert found == [{"views": len(events), "users": users(events)}]


def test_steps_without_events_can_be_left_out(service: Serving) -> None:
    found = ask(service, grain="1 hour", fill="false", dimensions="country")["rows"]
    assert sum(row["views"] for row in found) == len(VIEWS)
    assert all(row["views"] for row in found)


def test_a_comparison_with_the_range_before(service: Serving) -> None:
    asked = {"from": "2024-05-03", "to": "2024-05-05", "compare": "previous"}
    found = ask(service, grain="1 day", measures="views", **asked)

    def on(day: int) -> int:
        return sum(time_of(event).day == day for event in VIEWS)

    assert found["previous_from"] == "2024-05-01T00:00:00+00:00"
    assert [(row["views"], row["previous"]["views"]) for row in found["rows"]] == [
        (on(3), on(1)),
        (on(4), on(2)),
    ]
    rows = ask(service, grain="total", dimensions="country", **asked)["rows"]
    for row in rows:
        events = [e for e in VIEWS if e["country"] == row["country"] and time_of(e).day in (1, 2)]
        assert row["previous"] == {"views": len(events), "users": users(events)}


def test_a_list_has_the_values_of_the_range_before(service: Serving) -> None:
    asked = {"from": "2024-05-03", "to": "2024-05-05", "compare": "previous"}
    ((row),) = ask(service, grain="total", measures="top_paths", **asked)["rows"]
    assert row["top_paths"]
    in_order = sorted(row["top_paths"], key=lambda each: (-each["value"], each["item"]))
    assert row["top_paths"] == in_order
    for each in row["top_paths"]:
        of_path = [e for e in VIEWS if e["path"] == each["item"]]
        before = sum(time_of(e).day in (1, 2) for e in of_path)
        assert each["value"] == sum(time_of(e).day in (3, 4) for e in of_path)
        assert each["previous"] == (before or None)
    wrong = service.get(
        "/rollups/site_views_1min",
        grain="total",
        measures="top_paths",
        dimensions="country",
        order="top_paths",
    )
    assert (wrong.status, wrong.json["error"]) == (400, "the answer cannot be ordered by top_paths")
    both = ask(service, grain="total", measures="top_paths,views", dimensions="country", **asked)[
        "rows"
    ]
    assert [row["views"] for row in both] == sorted((row["views"] for row in both), reverse=True)


def test_days_of_another_zone(service: Serving) -> None:
    found = ask(service, grain="1 day", time_zone="Asia/Kathmandu", measures="views")["rows"]
    assert found[0]["bucket"] == "2024-04-30T18:15:00+00:00"
    for row in found:
        start = datetime.fromisoformat(row["bucket"])
        assert row["views"] == sum(start <= time_of(e) < start + timedelta(days=1) for e in VIEWS)


@pytest.mark.parametrize(
    "query",
    [
        {"grain": "1 hour", "dimensions": "country,source"},
        {"grain": "total", "dimensions": "source,country", "order": "-users"},
        {"grain": "total", "dimensions": "source,country", "order": "views"},
        {"grain": "6 hours", "order": "-bucket"},
        {"grain": "1 day", "dimensions": "country", "order": "country"},
    ],
)
def test_pages_put_together_are_the_whole(service: Serving, query: dict[str, str]) -> None:
    whole = ask(service, **query, limit="10000")
    assert whole["next"] is None
    limit = max(1, len(whole["rows"]) // 3)
    pages: list[Any] = []
    cursor: Any = ""
    while len(pages) < len(whole["rows"]):
        page = ask(service, **query, limit=str(limit), cursor=cursor)
        pages += page["rows"]
        cursor = page["next"]
    assert cursor is None
    assert pages == whole["rows"]


def test_links_lead_to_the_next_page(service: Serving) -> None:
    answer = service.get(
        "/rollups/site_views_1min?site_id=shop&from=2024-05-01&to=2024-05-03&limit=5"
    )
    address = answer.headers["link"].partition("<")[2].partition(">")[0]
    assert service.get(address).json["rows"][0]["bucket"] > answer.json["rows"][-1]["bucket"]


def test_csv_and_arrow(service: Serving) -> None:
    asked = {
        "site_id": "shop",
        "from": "2024-05-01",
        "to": "2024-05-03",
        "grain": "1 day",
        "compare": "previous",
    }
    path = "/rollups/site_views_1min"
    rows = service.get(path, **asked).json["rows"]  # type: ignore[arg-type]
    answer = service.get(path, {"Accept": "text/csv"}, **asked)
    assert answer.headers["content-type"].startswith("text/csv")
    found = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert list(found[0]) == ["bucket", "views", "users", "previous_views", "previous_users"]
    assert [int(row["views"]) for row in found] == [row["views"] for row in rows]
    assert service.get(path, {"Accept": "image/png"}, **asked).status == 406
    pyarrow = pytest.importorskip("pyarrow")
    answer = service.get(path, {"Accept": "application/vnd.apache.arrow.stream"}, **asked)
    table = pyarrow.ipc.open_stream(answer.body).read_all()
    assert table.column("views").to_pylist() == [row["views"] for row in rows]
    assert table.column("bucket").to_pylist()[0] == BEGIN


def test_what_has_not_changed_is_not_read_again(service: Serving) -> None:
    path = "/rollups/site_views_1min?site_id=shop&from=2024-05-01&to=2024-05-11&grain=total"
    tag = service.get(path).headers["etag"]
    with psycopg.connect(service.dsn) as db:
        db.execute(
            "lock table site_views_1day, site_views_1hr, site_views_1min in access exclusive mode"
        )
        answer = service.get(path, {"If-None-Match": tag})
        assert (answer.status, answer.body) == (304, b"")
        db.rollback()
    late = {**VIEWS[0], "timestamp": "2024-05-02T00:00:00Z", "site_id": "etag"}
    path = path.replace("shop", "etag")
    assert service.post("/event?wait=true", late).status == 200

    def counted() -> bool:
        return bool(service.get(path).json["rows"][0]["views"] == 1)

    until(counted, "the event is counted")
    first = service.get(path)
    service.post("/event?wait=true", late)
    until(
        lambda: service.get(path, {"If-None-Match": first.headers["etag"]}).status == 200,
        "it changes",
    )
    until(lambda: bool(service.get(path).json["rows"][0]["views"] == 2), "it is counted, too")


def test_what_others_count_is_answered_within_half_a_second(plain: Server, tmp_path: Any) -> None:
    name = plain.database(SERVING)
    path = "/rollups/site_views_1min?site_id=shop&from=2024-05-01&to=2024-05-11&grain=total"
    with serving(plain.dsn(name), tmp_path, "--rollup-every", "0") as service:
        for views in range(1, 4):
            assert service.post("/event?wait=true", VIEWS[0]).status == 200
            known = service.get(path).headers["etag"]
            with psycopg.connect(service.dsn, autocommit=True) as db:
                db.execute("call rollup.run_all()")
            counted = asked = time.monotonic()
            while (answer := service.get(path, {"If-None-Match": known})).status == 304:
                assert asked - counted < 0.5
                asked = time.monotonic()
            assert answer.json["rows"][0]["views"] == views
    plain.drop(name)


def test_stored_events_are_in_the_next_answer(service: Serving) -> None:
    """Whatever was asked at the same time, and is kept for half a second."""
    event = {"site_id": "next", "event_type": "pageview", "timestamp": "2024-05-01T12:00:00Z"}
    stats = "/stats?site_id=next&date=2024-05-01"
    live = (
        "/rollups/site_views_1min?site_id=next&from=2024-05-01&to=2024-05-02&grain=total&live=true"
    )
    assert service.post("/event?wait=true", event).status == 200
    stop = threading.Event()

    def go_on() -> int:
        number = 0
        while not stop.is_set():
            assert service.get(stats).status == service.get(live).status == 200
            number += 1
        return number

    others = [Task(go_on) for _ in range(2)]
    for views in range(2, 22):
        assert service.post("/event?wait=true", event).json == {"status": "stored"}
        assert service.get(stats).json["total_views"] == views
        assert service.get(live).json["rows"][0]["views"] == views
    stop.set()
    assert all(other.result() for other in others)


def test_live_answers_include_what_no_run_has_counted(service: Serving) -> None:
    with psycopg.connect(service.dsn) as db:
        for name in ("site_views_1min", "site_views_1hr", "site_views_1day"):
            db.execute("select rollup_internal.wait_for_run_lock(%s)", [name])  # no run begins
        late = {**VIEWS[0], "site_id": "live"}
        service.post("/event?wait=true", late)
        path = "/rollups/site_views_1min?site_id=live&from=2024-05-01&to=2024-05-02&grain=total&live=true"
        until(lambda: bool(service.get(path).json["rows"][0]["views"] == 1), "it is seen")
        counted = service.get(path.replace("live=true", "live=false")).json
        assert counted["rows"][0]["views"] == 0


def test_catalog(service: Serving) -> None:
    rollups = {each["name"]: each for each in service.get("/rollups").json["rollups"]}
    views = rollups["site_views_1hr"]
    assert views["family"] == "site_views_1min"
    assert [each["name"] for each in views["dimensions"]] == ["source", "country", "browser"]
    assert [(each["name"], each["type"]) for each in views["measures"]] == [
        ("views", "number"),
        ("users", "number"),
        ("top_paths", "list"),
    ]
    assert "rollup_events_5min" in rollups
    found = service.get("/sites", search="sh").json["sites"]
    assert found == [{"site_id": "shop", "name": "shop", "time_zone": "UTC"}]


def test_a_rollup_that_is_declared_later(service: Serving) -> None:
    with psycopg.connect(service.dsn, autocommit=True) as db:
        db.execute(
            "select rollup.create_rollup('late_rollup', 'events', '1 hour',"
            """ '{"n": {"count": "*"}, "worth": {"avg": "amount"}, "last_path": {"last": "path"}}')"""
        )
    asked = {"site_id": "shop", "from": "2024-05-01", "to": "2024-05-02", "grain": "total"}
    path = "/rollups/late_rollup"

    def found() -> Any:
        return service.get(path, None, **asked, measures="n,worth,last_path").json["rows"]

    first = [event for event in EVENTS if time_of(event).day == 1]
    until(
        lambda: bool(found() == [{"n": len(first), "worth": None, "last_path": first[-1]["path"]}]),
        "it counts",
    )


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"site_id": "nobody"}, 404, "there is no site nobody"),
        ({"grain": "5"}, 400, "grain 5 has no unit"),
        ({"grain": "7 minutes 3 parsecs"}, 400, "invalid input syntax"),
        (
            {"grain": "1 second", "to": "2024-05-01 01:00"},
            400,
            "the buckets of rollup site_views_1min",
        ),
        ({"range": "7", "from": ""}, 400, "range 7 has no unit"),
        ({"from": "2024-05-02", "to": "2024-05-01"}, 400, "the range must end after it begins"),
        ({"from": "then"}, 400, "invalid input syntax"),
        ({"from": "-infinity"}, 400, "the range must end after it begins"),
        ({"measures": "views,profit"}, 400, "rollup site_views_1min has no measure profit"),
        ({"dimensions": "city"}, 400, "rollup site_views_1min has no dimension city"),
        ({"filter.city": "x"}, 400, "rollup site_views_1min has no dimension city"),
        ({"order": "-country"}, 400, "the answer cannot be ordered by -country"),
        ({"time_zone": "Mars/Base"}, 400, "time zone"),
        ({"compare": "future"}, 400, "there is no comparison with future"),
        ({"limit": "many"}, 400, "limit is a whole number"),
        ({"cursor": "abc"}, 400, "cursor is not one"),
        ({"where": "1=1"}, 400, "there is no parameter where"),
        ({"tenant": "5"}, 400, "site_id and tenant exclude each other"),
        ({"grain": "1 minute", "to": "2025-05-01"}, 400, "525600 steps of 00:01:00 are too many"),
        ({"measures": "views; drop table events"}, 400, "rollup site_views_1min has no measure"),
        ({"site_id": "x\0"}, 400, "site_id is too long"),
    ],
)
def test_questions_that_are_wrong(
    service: Serving, query: dict[str, str], status: int, said: str
) -> None:
    asked = {"site_id": "shop", "from": "2024-05-01", "to": "2024-05-11", **query}
    answer = service.get("/rollups/site_views_1min", None, **asked)
    assert answer.status == status, answer.body
    assert said in answer.json["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_rollup_that_is_none(service: Serving) -> None:
    answer = service.get("/rollups/nothing")
    assert (answer.status, answer.json["error"]) == (404, "there is no rollup nothing")


# Streams


class Stream:
    """Server-sent events, one after the other."""

    def __init__(
        self,
        service: Serving,
        path: str,
        last_id: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        known = {"Last-Event-ID": last_id} if last_id else {}
        self.connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=SECONDS)
        self.connection.request("GET", path, headers=known | (headers or {}))
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()
        assert self.response.getheader("content-type", "").startswith("text/event-stream")

    def next(self) -> tuple[str, Any]:
        """The id and the data of the next event."""
        found: dict[str, str] = {}
        while line := self.response.readline().decode():
            name, _, text = line.rstrip("\n").partition(": ")
            if name:
                found[name] = text
            elif "data" in found:
                return found["id"], json.loads(found["data"])
            else:
                found = {}
        raise AssertionError("the stream has ended")

    def close(self) -> None:
        self.response.close()
        self.connection.close()


def test_a_stream_tells_what_was_counted(service: Serving) -> None:
    event = {"site_id": "stream", "event_type": "pageview", "timestamp": "2024-05-02T00:00:00Z"}
    service.post("/event?wait=true", event)
    path = (
        "/rollups/site_views_1min/stream?site_id=stream&from=2024-05-01&to=2024-05-03&grain=total"
    )
    with contextlib.closing(Stream(service, path)) as stream:
        number, told = "", {"rows": [{"views": 0}]}
        while told["rows"][0]["views"] < 1:
            number, told = stream.next()
        service.post("/event?wait=true", event)
        while told["rows"][0]["views"] < 2:
            number, told = stream.next()
    # One that comes back is not told again what it knows.
    with contextlib.closing(Stream(service, path, number)) as stream:
        service.post("/event?wait=true", event)
        while told["rows"][0]["views"] < 3:
            last, told = stream.next()
            assert last != number


def test_a_stream_of_nothing_is_an_error(service: Serving) -> None:
    assert service.get("/rollups/nothing/stream").status == 404
    assert service.get("/rollups/site_views_1min/stream", site_id="nobody").status == 404
