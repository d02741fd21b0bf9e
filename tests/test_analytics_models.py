"""Rollups of requests and sales, and events as entities, dimensions and facts with their reports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.analytics import Shop, open_shop
from tests.helpers import script
from tests.servers import Server

JUNE = {"range_from": "2024-06-01", "range_to": "2024-07-01"}


@pytest.fixture(scope="module")
def shop(server: Server) -> Iterator[Shop]:
    with open_shop(server) as shop:
        yield shop


def report(shop: Shop, name: str, tenant: int, **parameters: str) -> list[dict[str, Any]]:
    given = json.dumps({"tenant": tenant} | JUNE | parameters)
    found = shop.db.execute("select * from rollup_analytics.run_report(%s, %s)", [name, given])
    return [r["run_report"] for r in found]


def test_requests_and_sales_by_minute(shop: Shop) -> None:
    shop.db.execute("select rollup_analytics.create_perf_1min()")
    shop.db.execute("select rollup_analytics.create_sales_1min()")
    shop.db.execute(
        """insert into events (customer_id, event_time, event_type, path, status, value) values
               (1, '2024-06-01 00:00:01Z', 'request', '/api', '200', 0.1),
               (1, '2024-06-01 00:00:59Z', 'request', '/api', '204', 0.5),
               (1, '2024-06-01 00:00:59Z', 'request', '/api', '503', 2),
               (1, '2024-06-01 00:01:00Z', 'request', '/api', 'odd', null),
               (1, '2024-06-01 00:01:00Z', 'view', '/api', '200', 9)"""
    )
    shop.db.execute(
        """insert into events (customer_id, event_time, event_type, status, category, country, currency, amount, user_id) values
               (1, '2024-06-01 00:00:01Z', 'order', 'paid', 'food', 'de', 'EUR', 12, 'a'),
               (1, '2024-06-01 00:00:02Z', 'order', 'paid', 'food', 'de', 'EUR', 8, 'a'),
               (1, '2024-06-01 00:00:03Z', 'order', 'failed', 'food', 'de', 'EUR', 99, 'b'),
               (1, '2024-06-01 00:00:04Z', 'order', 'paid', 'food', 'de', 'USD', 7, 'b'),
               (1, '2024-06-01 00:00:05Z', 'refund', null, 'food', 'de', 'EUR', -2, 'a')"""
    )
    columns = "extract(minute from minute)::int as m, path, status_class, requests, errors, seconds, slowest"
    for _ in range(2):  # from the events, then counted
        found = shop.db.execute(
            f"select {columns} from perf_1min_live where requests > 0 order by 1, 3".replace(
                "seconds, ", "seconds_sum / seconds_count as seconds, "
            ).encode()
        )
        assert [tuple(r.values()) for r in found] == [
            (0, "/api", "2xx", 2, 0, pytest.approx(0.3), 0.5),
            (0, "/api", "5xx", 1, 1, 2, 2),
            (1, "/api", None, 1, 0, None, None),
        ]
        sales = shop.db.execute(
            "select currency, orders, revenue, refunded from sales_1min_live order by 1"
        )
        assert [tuple(r.values()) for r in sales] == [("EUR", 2, 20, -2), ("USD", 1, 7, None)]
        shop.db.execute("call rollup.run_all()")


def test_entities_are_views_over_events(shop: Shop) -> None:
    for _ in range(2):  # running it again changes nothing
        made = shop.db.execute(
            "select * from rollup_analytics.create_event_model('model')"
        ).fetchall()
        assert [(r["kind"], r["name"]) for r in made] == [("table", "model.users")] + [
            ("view", f"model.{name}")
            for name in ("event", "page_view", "purchase", "transaction", "data")
        ]
    shop.db.execute("insert into model.users values (2, 'u', 'Uma', 'uma@example.com')")
    shop.db.execute(
        """insert into events (customer_id, event_type, user_id, path, product_id, quantity, amount, currency, status, value) values
               (2, 'view', 'u', '/home', null, null, null, null, null, 3),
               (2, 'order', 'u', null, 'tea', 2, 5, 'EUR', 'paid', null),
               (2, 'order', 'u', null, 'tea', 2, 5, 'EUR', 'failed', null)"""
    )
    query = """select u.username, p.product_id, p.amount
                 from model.purchase p
                 join model.event e on e.customer_id = p.customer_id and e.event_id = p.event_id
                 join model.users u on u.customer_id = p.customer_id and u.user_id = p.user_id
                where p.customer_id = 2"""
    assert [tuple(r.values()) for r in shop.db.execute(query.encode())] == [("Uma", "tea", 5)]
    for view, expected in (("event", 3), ("page_view", 1), ("transaction", 2), ("data", 1)):
        found = shop.db.execute(f"select from model.{view} where customer_id = 2".encode())
        assert found.rowcount == expected, view


def test_five_questions_from_awareness_to_advocacy(shop: Shop) -> None:
    shop.db.execute(
        "select rollup_analytics.create_visitor_model('visits', time_zone => 'Europe/Berlin')"
    )
    shop.db.execute(
        "select rollup_analytics.create_visitor_model('visits', time_zone => 'Europe/Berlin')"
    )
    script(
        shop.db,  # type: ignore[arg-type]
        """
        insert into visits.dim_content values (3, '/tea', 'article', 'About tea', 'x', 'y'), (3, '/jam', 'article', 'About jam', 'x', 'y');
        insert into visits.dim_ad_affiliate values (3, 'ad1', 'summer', 'mail', 'banner'), (3, 'ad2', 'winter', 'mail', 'banner');
        insert into visits.dim_subscription values (3, 's1', 'ann', 'monthly', '2024-06-02', null), (3, 's2', 'ann', 'yearly', '2024-06-02', null),
               (3, 's3', 'bob', 'monthly', '2024-05-01', '2024-06-01'), (3, 's4', 'eve', 'monthly', '2024-05-01', null);
        insert into visits.dim_social_media values (3, 'm1', 'Chatter', 'positive');
        insert into events (customer_id, event_time, event_type, user_id, source, path, value, properties) values
            (3, '2024-06-01 10:00Z', 'view', 'ann', 'mail', '/tea', null, null),
            (3, '2024-06-01 11:00Z', 'view', 'ann', 'mail', '/tea', null, null),
            (3, '2024-06-01 10:00Z', 'view', 'bob', 'search', '/tea', null, null),
            (3, '2024-06-03 10:00Z', 'view', 'ann', 'search', '/jam', null, null),
            (3, '2024-06-30 23:00Z', 'view', 'bob', 'late', '/jam', null, null),
            (3, '2024-06-01 12:00Z', 'click', 'ann', 'mail', '/ad', null, '{"ad_affiliate_id": "ad1"}'),
            (3, '2024-06-02 12:00Z', 'click', 'bob', 'mail', '/ad', null, '{"ad_affiliate_id": "ad1"}'),
            (3, '2024-06-02 12:00Z', 'click', 'eve', 'mail', '/ad', null, '{"ad_affiliate_id": "ad1"}'),
            (3, '2024-06-02 12:00Z', 'mention', null, null, null, 0.5, '{"social_media_id": "m1"}'),
            (3, '2024-06-03 12:00Z', 'mention', null, null, null, 1, '{"social_media_id": "m1"}'),
            (4, '2024-06-03 12:00Z', 'view', 'other', 'mail', '/tea', null, null)
        """,
    )
    # Visitors, not rows; a day begins at midnight in Berlin.
    assert report(shop, "awareness", 3) == [
        {"source": "mail", "visitors": 3},
        {"source": "search", "visitors": 2},
    ]
    # Two subscriptions at once do not double, and one that is over does not count.
    assert report(shop, "consideration", 3) == [
        {"content_title": "About jam", "interactions": 1, "subscribers": 1}
    ]
    assert report(shop, "conversion", 3) == [
        {"campaign": "summer", "conversions": 1, "clicks": 3, "conversion_rate": 0.3333}
    ]
    assert report(shop, "loyalty", 3, range_to="2024-08-01") == [
        {
            "year": 2024,
            "month": 6,
            "returning_visitors": 2,
            "visitors": 3,
            "retention_rate": 0.6667,
        },
        {"year": 2024, "month": 7, "returning_visitors": 1, "visitors": 1, "retention_rate": 1},
    ]
    assert report(shop, "advocacy", 3) == [
        {
            "social_media_name": "Chatter",
            "sentiment_category": "positive",
            "mentions": 2,
            "mean_score": 0.75,
        }
    ]
    assert report(shop, "awareness", 5) == []
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="tenant must be of type bigint"):
        report(shop, "awareness", "x")  # type: ignore[arg-type]
