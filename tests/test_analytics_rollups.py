"""Rollups that answer for events that are gone, and how the analytics are installed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from tests.analytics import BEGIN, END, Event, Shop, open_shop
from tests.conftest import Connection, Rollupctl
from tests.helpers import rows, value
from tests.servers import ROOT, Server
from tests.upgrades import catalog, differences, rights


@pytest.fixture
def shop(server: Server) -> Iterator[Shop]:
    with open_shop(server) as shop:
        shop.db.execute("select rollup_analytics.create_user_day()")
        shop.db.execute("select rollup_analytics.create_basket_day()")
        yield shop


def purchases() -> list[Event]:
    return [
        Event(
            f"u{n % 7}",
            BEGIN + timedelta(hours=n * 17 % 700),
            ["view", "order", "refund"][n % 3],
            product_id=f"p{n % 4}",
            amount=[None, Decimal(n), Decimal(-1)][n % 3],
            currency="EUR",
            quantity=2,
        )
        for n in range(80)
    ] + [Event("old", BEGIN - timedelta(days=40), "view")]


QUESTIONS: dict[str, dict[str, Any]] = {
    "cohort_retention": {"first": "event_type = 'view'", "recurring": "event_type = 'order'", "period": "7 days"},
    "rfm": {"currency": "EUR"},
    "clv": {"horizon": "30 days"},
    "basket": {"min_support": 0.01},
    "similar": {"product_id": "p1"},
    "recommend": {"user_id": "stranger"},
    "stock_forecast": {"lead_time": "3 days"},
}  # fmt: skip


def answers(shop: Shop, tenant: str) -> dict[str, list[dict[str, Any]]]:
    return {name: shop.ask(name, tenant, **options) for name, options in QUESTIONS.items()}


def test_answers_stay_after_events_expired(shop: Shop) -> None:
    tenant = shop.insert(purchases())
    with shop.db.transaction(force_rollback=True):
        shop.db.execute("select rollup.drop_rollup(name, true) from rollup.rollups")
        from_events = answers(shop, tenant)
    assert all(from_events.values())
    assert answers(shop, tenant) == from_events  # nothing is counted yet: by the live views
    shop.db.execute("call rollup.run_all()")
    assert answers(shop, tenant) == from_events
    shop.db.execute("delete from events")  # as expiry does
    assert answers(shop, tenant) == from_events


def test_questions_that_a_rollup_cannot_answer_are_asked_of_the_events(shop: Shop) -> None:
    tenant = shop.insert(purchases())
    shop.db.execute("call rollup.run_all()")
    noon = BEGIN + timedelta(hours=12)
    path = {"first": "path is null", "recurring": "true", "period": "7 days"}
    before = shop.ask("rfm", tenant, range_from=noon), shop.ask("cohort_retention", tenant, **path)
    assert all(before)
    shop.db.execute("delete from events")
    after = shop.ask("rfm", tenant, range_from=noon), shop.ask("cohort_retention", tenant, **path)
    assert after == ([], [])
    assert shop.ask("rfm", tenant)


@pytest.mark.parametrize("server", ["citus"], indirect=True)
@pytest.mark.parametrize("counted", [False, True])
def test_questions_are_asked_of_one_shard(server: Server, shop: Shop, counted: bool) -> None:
    tenant = shop.insert(purchases())
    if counted:
        shop.db.execute("call rollup.run_all()")
    more: dict[str, dict[str, Any]] = {
        "funnel": {"steps": ["event_type = 'view'", "event_type = 'order'"], "within": "1 day"},
        "attribution": {"conversion": "event_type = 'order'", "model": "linear"},
    }
    remote: list[str] = []
    shop.db.add_notice_handler(lambda notice: remote.append(notice.message_primary or ""))
    shop.db.execute("set citus.log_remote_commands to on")
    shop.db.execute("set citus.enable_local_execution to off")
    for name, options in (QUESTIONS | more).items():
        remote.clear()
        assert shop.ask(name, tenant, **options), name
        selects = [said for said in remote if "events_" in said or "_day_" in said]
        assert len(selects) == 1, (name, selects)
        assert not any("intermediate" in said for said in selects), name


def test_psql_installs_the_same(
    server: Server,
    dsn: str,
    rollupctl: Rollupctl,
    psql: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = psql("-f", str(ROOT / "setup_analytics.sql"))
    assert done.returncode == 0, done.stderr
    with psycopg.connect(dsn, autocommit=True) as db:
        by_psql = catalog(db), rights(db)
        db.execute("drop schema rollup_analytics, rollup_analytics_internal cascade")
        done = rollupctl("install", "--analytics")
        assert done.returncode == 0, done.stderr
        assert list(differences(by_psql[0], catalog(db))) == []
        assert by_psql[1] == rights(db)


@pytest.mark.parametrize("by", ["rollupctl", "psql"])
def test_later_installations_upgrade_them(
    db: Connection,
    rollupctl: Rollupctl,
    psql: Callable[..., subprocess.CompletedProcess[str]],
    by: str,
) -> None:
    assert rollupctl("install").returncode == 0
    assert value(db, "select to_regnamespace('rollup_analytics')") is None
    assert rollupctl("install", "--analytics").returncode == 0
    fresh = catalog(db)
    db.execute("delete from rollup_analytics.segments where priority = 1")
    db.execute("drop function rollup_analytics.locf")
    db.execute("create function rollup_analytics.gone() returns int language sql as 'select 1'")
    db.execute("comment on function rollup_analytics.gone() is 'Of an earlier version.'")
    db.execute("create function rollup_analytics.mine() returns int language sql as 'select 1'")
    done = rollupctl("install") if by == "rollupctl" else psql("-f", "setup_rollup.sql")
    assert done.returncode == 0, done.stderr
    db.execute("drop function rollup_analytics.mine()")
    assert list(differences(fresh, catalog(db))) == []
    assert value(db, "select count(*) from rollup_analytics.segments") == 6


def test_uninstall_removes_them(db: Connection, rollupctl: Rollupctl) -> None:
    assert rollupctl("install", "--analytics").returncode == 0
    done = rollupctl("uninstall", "--dry-run")
    assert "rollup_analytics_internal" in done.stdout
    db.execute("create view uses_it as select * from rollup_analytics.segments")
    done = rollupctl("uninstall", "--yes")
    assert done.returncode == 1
    assert "uses_it" in done.stderr
    db.execute("drop view uses_it")
    assert rollupctl("uninstall", "--yes").returncode == 0
    assert rows(db, "select nspname from pg_namespace where nspname like 'rollup%%'") == []


def test_analytics_need_the_package(
    empty_dsn: str, psql: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = subprocess.run(
        ["psql", "-X", "-f", "setup_analytics.sql", empty_dsn],
        capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "the analytics need the rollup package" in done.stderr


def test_rollups_of_users_follow_the_calendar_of_a_zone(shop: Shop) -> None:
    shop.db.execute(
        "select rollup_analytics.create_user_day('berlin_day', time_zone => 'Europe/Berlin')"
    )
    tenant = shop.insert(purchases())
    options = QUESTIONS["cohort_retention"] | {
        "time_zone": "Europe/Berlin",
        "range_from": BEGIN - timedelta(hours=2),
        "range_to": END - timedelta(hours=2),
    }
    before = shop.ask("cohort_retention", tenant, **options)
    shop.db.execute("call rollup.run_all()")
    shop.db.execute("delete from events")
    assert before
    assert shop.ask("cohort_retention", tenant, **options) == before
