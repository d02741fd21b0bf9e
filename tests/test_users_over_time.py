"""Cohorts, RFM, lifetime value, attribution and velocity against brute force and other libraries."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.analytics import BEGIN, END, Event, Shop, open_shop
from tests.servers import Server

FUZZ = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
BERLIN = ZoneInfo("Europe/Berlin")
CLV = {"r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4258, "p": 6.249, "q": 3.745, "v": 15.448}
users = st.sampled_from(["u1", "u2", "u3", "u4", "u5", None])


@pytest.fixture(scope="module")
def shop(server: Server) -> Iterator[Shop]:
    with open_shop(server) as shop:
        yield shop


def times(first: datetime, last: datetime) -> st.SearchStrategy[datetime]:
    """Times between two, often exactly at midnight or on the edges."""
    hours = int((last - first).total_seconds() // 3600)
    return st.builds(
        lambda hour, second: first + timedelta(hours=hour, seconds=second),
        st.integers(-48, hours + 48),
        st.sampled_from([0, 0, 1, 1800, 3599]),
    )


# Cohorts

# Both changes of the clocks of 2024 lie in it.
YEAR = (datetime(2024, 1, 1, tzinfo=BERLIN), datetime(2025, 1, 1, tzinfo=BERLIN))


def month(at: datetime) -> int:
    local = at.astimezone(BERLIN)
    return local.year * 12 + local.month - 1


def day(at: datetime) -> int:
    return at.astimezone(BERLIN).date().toordinal()


@FUZZ
@given(
    history=st.lists(
        st.tuples(users, times(*YEAR), st.sampled_from(["signup", "order", "view"])), max_size=40
    ),
    mode=st.sampled_from(["on", "unbounded"]),
)
def test_retention_by_month_equals_brute_force(
    shop: Shop, history: list[tuple[str | None, datetime, str]], mode: str
) -> None:
    tenant = shop.insert(Event(u, t, kind) for u, t, kind in history)
    found = shop.ask(
        "cohort_retention",
        tenant,
        first="event_type = 'signup'",
        recurring="event_type = 'order'",
        period="1 month",
        time_zone="Europe/Berlin",
        mode=mode,
        range_from=YEAR[0],
        range_to=YEAR[1],
    )
    first: dict[str, datetime] = {}
    for u, t, kind in history:
        if u is not None and kind == "signup" and t < YEAR[1]:
            first[u] = min(first.get(u, t), t)
    first = {u: t for u, t in first.items() if t >= YEAR[0]}
    expected = []
    for cohort in sorted({month(t) for t in first.values()}):
        members = {u for u, t in first.items() if month(t) == cohort}
        for n in range(2024 * 12 + 12 - cohort):
            came = {
                u
                for u, t, kind in history
                if u in members
                and kind == "order"
                and t < YEAR[1]
                and (month(t) == cohort + n if mode == "on" else month(t) >= cohort + n)
            }
            expected.append((cohort, n, len(members), len(came)))
    assert [(month(r["cohort"]), r["n"], r["size"], r["users"]) for r in found] == expected
    assert all(float(r["rate"]) == pytest.approx(r["users"] / r["size"], abs=1e-6) for r in found)


def test_period_that_is_not_over_is_unknown(shop: Shop) -> None:
    tenant = shop.insert([Event("u1", BEGIN), Event("u1", BEGIN + timedelta(days=1))])
    found = shop.ask(
        "cohort_retention", tenant, first="true", recurring="true", period="1 day",
        range_to=BEGIN + timedelta(days=2, hours=1), relative_to="previous",
    )  # fmt: skip
    assert [(r["n"], r["users"], r["rate"]) for r in found] == [
        (0, 1, 1),
        (1, 1, 1),
        (2, None, None),
    ]


def test_old_users_are_not_new(shop: Shop) -> None:
    tenant = shop.insert([Event("old", BEGIN - timedelta(days=700)), Event("old", BEGIN)])
    answer = shop.ask("cohort_retention", tenant, first="true", recurring="true", period="1 month")
    assert answer == []


# RFM

amounts = st.sampled_from([Decimal("10"), Decimal("20.5"), Decimal("0"), Decimal("-3"), None])
orders = st.lists(
    st.builds(
        Event,
        user_id=users,
        event_time=times(BEGIN, END),
        event_type=st.sampled_from(["order", "view", "refund"]),
        amount=amounts,
        currency=st.sampled_from(["EUR", "USD"]),
        status=st.sampled_from(["paid", None, "failed"]),
    ),
    max_size=40,
)


def is_order(e: Event) -> bool:
    ordered = (e.amount or 0) > 0 or (e.event_type == "order" and not e.amount)
    return ordered and e.status != "failed"


def is_refund(e: Event) -> bool:
    return e.amount is not None and e.amount < 0 and e.status != "failed"


def in_range(e: Event) -> bool:
    return e.user_id is not None and BEGIN <= e.event_time < END


def quintiles(rows: list[dict[str, Any]], key: str, sign: int) -> dict[str, int]:
    """ntile(5) by a key, ties by user: the first groups take the remainder."""
    ordered = sorted(rows, key=lambda r: (sign * r[key], r["user_id"]))
    size, more = divmod(len(ordered), 5)
    sizes = [size + (n < more) for n in range(5)]
    tiles = [n + 1 for n, s in enumerate(sizes) for _ in range(s)]
    return {r["user_id"]: tile for r, tile in zip(ordered, tiles, strict=True)}


def customers(events: list[Event], currency: str) -> list[dict[str, Any]]:
    rows = []
    mine = [e for e in events if in_range(e) and e.currency == currency]
    for u in sorted({str(e.user_id) for e in mine if is_order(e)}):
        paid = [e for e in mine if e.user_id == u and is_order(e)]
        back = [e for e in mine if e.user_id == u and is_refund(e)]
        rows.append({
            "user_id": u,
            "recency_days": (END.date() - max(e.event_time for e in paid).date()).days,
            "frequency": len(paid),
            "monetary": sum((e.amount or Decimal(0) for e in paid + back), Decimal(0)),
        })  # fmt: skip
    return rows


@FUZZ
@given(events=orders)
def test_rfm_equals_brute_force_and_duckdb(shop: Shop, events: list[Event]) -> None:
    # An order below zero would be an order and a refund.
    events = [e for e in events if not (is_order(e) and is_refund(e))]
    found = shop.ask("rfm", shop.insert(events), currency="EUR")
    rows = customers(events, "EUR")
    tiles = {
        "r": quintiles(rows, "recency_days", -1),
        "f": quintiles(rows, "frequency", 1),
        "m": quintiles(rows, "monetary", 1),
    }
    expected = [row | {name: tile[row["user_id"]] for name, tile in tiles.items()} for row in rows]
    names = ["user_id", "recency_days", "frequency", "monetary", "r", "f", "m"]
    assert [[row[n] for n in names] for row in found] == [
        [row[n] for n in names] for row in expected
    ]


def test_rfm_equals_duckdb(shop: Shop) -> None:
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    events = [
        Event(f"u{n * 7 % 23}", BEGIN + timedelta(hours=n * 31 % 700), "order", amount=Decimal(n % 5), currency="EUR")
        for n in range(90)
    ]  # fmt: skip
    found = shop.ask("rfm", shop.insert(events), currency="EUR")
    values = ",".join(
        f"('{r['user_id']}', {r['recency_days']}, {r['frequency']}, {r['monetary']})" for r in found
    )
    tiles = duckdb.sql(
        f"""select ntile(5) over (order by recency desc, u), ntile(5) over (order by f, u),
                   ntile(5) over (order by m, u) from (values {values}) t (u, recency, f, m) order by u"""
    ).fetchall()
    assert [(r["r"], r["f"], r["m"]) for r in found] == tiles


def test_currencies_are_scored_by_themselves(shop: Shop) -> None:
    tenant = shop.insert(
        Event("u1", BEGIN, "order", amount=Decimal(n), currency=c)
        for n, c in [(1, "EUR"), (5, "USD")]
    )
    found = shop.ask("rfm", tenant)
    assert [(r["of_currency"], r["monetary"], r["m"]) for r in found] == [
        ("EUR", 1, 1),
        ("USD", 5, 1),
    ]


def test_users_name_segments(shop: Shop) -> None:
    tenant = shop.insert([Event("u1", BEGIN, "order", amount=Decimal(1), currency="EUR")])
    assert [r["segment"] for r in shop.ask("rfm", tenant)] == ["hibernating"]
    with shop.db.transaction(force_rollback=True):
        shop.db.execute(
            "update rollup_analytics.segments set segment = 'it''s 100 %' where priority = 7"
        )
        assert [r["segment"] for r in shop.ask("rfm", tenant)] == ["it's 100 %"]
        shop.db.execute("delete from rollup_analytics.segments")
        assert [r["segment"] for r in shop.ask("rfm", tenant)] == [None]


# Lifetime value


@FUZZ
@given(events=orders)
def test_clv_summary_equals_brute_force(shop: Shop, events: list[Event]) -> None:
    events = [e for e in events if not (is_order(e) and is_refund(e))]
    found = shop.ask("clv", shop.insert(events), horizon="30 days", currency="EUR")
    expected = []
    for row in customers(events, "EUR"):
        days: dict[date, Decimal] = defaultdict(Decimal)
        for e in events:
            if in_range(e) and e.user_id == row["user_id"] and e.currency == "EUR" and is_order(e):
                days[e.event_time.date()] += e.amount or 0
        later = [total for at, total in days.items() if at > min(days)]
        mean = sum(later, Decimal(0)) / len(later) if later else None
        expected.append((row["user_id"], len(later), (max(days) - min(days)).days,
                         (END.date() - min(days)).days, mean and pytest.approx(mean), row["monetary"], None))  # fmt: skip
    names = ["user_id", "x", "t_x", "t", "m", "historic", "p_alive"]
    assert [tuple(r[n] for n in names) for r in found] == expected


def test_clv_equals_lifetimes(shop: Shop) -> None:
    lifetimes = pytest.importorskip("lifetimes", reason="lifetimes is not installed")
    tenant = shop.insert(
        Event(f"u{u}", BEGIN + timedelta(days=(u * 3 + k * k) % 30), "order", amount=Decimal(u + k + 1), currency="EUR")
        for u in range(25)
        for k in range(u % 6 + 1)
    )  # fmt: skip
    import json

    found = shop.ask("clv", tenant, horizon="90 days", currency="EUR", model=json.dumps(CLV))
    bgf = lifetimes.BetaGeoFitter()
    bgf.params_ = {name: CLV[name] for name in ("r", "alpha", "a", "b")}
    for r in found:
        x, t_x, t = r["x"], r["t_x"], r["t"]
        bgf_alive = float(bgf.conditional_probability_alive(x, t_x, t)[0]) if x else 1.0
        purchases = float(bgf.conditional_expected_number_of_purchases_up_to_time(90, x, t_x, t))
        mean = CLV["p"] * (CLV["v"] + x * float(r["m"] or 0)) / (CLV["p"] * x + CLV["q"] - 1)
        assert r["p_alive"] == pytest.approx(bgf_alive, rel=1e-9)
        assert r["expected_purchases"] == pytest.approx(purchases, rel=1e-9)
        assert r["expected_value"] == pytest.approx(purchases * mean, rel=1e-9)


def test_hypergeometric_series_equals_scipy(shop: Shop) -> None:
    special = pytest.importorskip("scipy.special", reason="scipy is not installed")
    for a, b, c, z in [(0.3, 2.4, 2.2, 0.5), (30, 32, 31, 0.9), (0.2, 2, 1.7, 0.999), (5, 1, 3, 0)]:
        found = shop.db.execute(
            "select rollup_analytics_internal.hyp2f1(%s, %s, %s, %s) as it", [a, b, c, z]
        ).fetchone()
        assert found
        assert found["it"] == pytest.approx(special.hyp2f1(a, b, c, z), rel=1e-9)


# Attribution

DAYS = timedelta(days=1)
visits = st.lists(
    st.builds(
        Event,
        user_id=users,
        event_time=st.integers(-40 * 24, 40 * 24).map(lambda h: BEGIN + timedelta(hours=h)),
        event_type=st.sampled_from(["visit", "visit", "order"]),
        source=st.sampled_from(["google", "mail", "direct", None]),
        amount=st.sampled_from([None, Decimal(100), Decimal("9.99")]),
        currency=st.sampled_from(["EUR", None]),
    ),
    max_size=25,
    unique_by=lambda e: (e.user_id, e.event_time),
)


def weights(model: str, touches: list[tuple[datetime, str]], at: datetime) -> list[float]:
    n = len(touches)
    known = [i for i, (_, channel) in enumerate(touches) if channel != "(direct)"]
    if model == "position":
        return [[1.0], [0.5, 0.5], [0.4, *[0.2 / max(n - 2, 1)] * (n - 2), 0.4]][min(n, 3) - 1]
    if model == "time_decay":
        raw = [2 ** -((at - t) / (7 * DAYS)) for t, _ in touches]
        return [w / math.fsum(raw) for w in raw]
    chosen = {"first": 0, "last": n - 1, "last_non_direct": known[-1] if known else n - 1}
    return [1 / n if model == "linear" else float(i == chosen[model]) for i in range(n)]


@FUZZ
@given(
    events=visits,
    model=st.sampled_from(["first", "last", "last_non_direct", "linear", "position", "time_decay"]),
)
def test_attribution_equals_brute_force(shop: Shop, events: list[Event], model: str) -> None:
    found = shop.ask(
        "attribution", shop.insert(events), conversion="event_type = 'order'", model=model
    )
    conversions: dict[tuple[str, str | None], float] = defaultdict(float)
    values: dict[tuple[str, str | None], float] = defaultdict(float)
    total: Counter[str | None] = Counter()
    for e in events:
        if not in_range(e) or e.event_type != "order":
            continue
        touches = sorted(
            (t.event_time, t.source if t.source in ("google", "mail") else "(direct)")
            for t in events
            if t.user_id == e.user_id and t.event_type == "visit"
            and e.event_time - 30 * DAYS <= t.event_time <= e.event_time
        ) or [(e.event_time, "(direct)")]  # fmt: skip
        total[e.currency] += 1
        for (_, channel), weight in zip(
            touches, weights(model, touches, e.event_time), strict=True
        ):
            conversions[channel, e.currency] += weight
            values[channel, e.currency] += weight * float(e.amount or 0)
    expected: dict[Any, Any] = {key: (pytest.approx(n, abs=1e-3), pytest.approx(values[key], abs=1e-3))
                for key, n in conversions.items() if n}  # fmt: skip
    answer = {
        (r["channel"], r["currency"]): (float(r["conversions"]), float(r["value"])) for r in found
    }
    assert answer == expected
    for currency in total:
        mine = [r for r in found if r["currency"] == currency]
        assert sum(r["conversions"] for r in mine) == total[currency]
        assert sum(r["value"] for r in mine) == sum(
            e.amount or 0
            for e in events
            if in_range(e) and e.event_type == "order" and e.currency == currency
        )


def test_no_amount_counts_twice_and_what_is_free_is_an_order_only_if_it_says_so(shop: Shop) -> None:
    tenant = shop.insert([
        Event("a", BEGIN, "order", amount=Decimal(10), currency="EUR"),
        Event("a", BEGIN + DAYS, "order", amount=Decimal(-4), currency="EUR"),
        Event("a", BEGIN + DAYS, "order", amount=Decimal(0), currency="EUR"),
        Event("b", BEGIN, "view", amount=Decimal(0), currency="EUR"),
    ])  # fmt: skip
    (row,) = shop.ask("rfm", tenant)
    assert (row["user_id"], row["frequency"], row["monetary"]) == ("a", 2, 6)
    (row,) = shop.ask("clv", tenant, horizon="1 day")
    assert (row["x"], row["m"], row["historic"]) == (1, 0, 6)


@pytest.mark.filterwarnings("ignore")
def test_scores_equal_lifetimes_also_for_users_who_bought_hundreds_of_times(shop: Shop) -> None:
    lifetimes = pytest.importorskip("lifetimes", reason="lifetimes is not installed")
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    fitter = lifetimes.BetaGeoFitter()
    for r, alpha, a, b in itertools.product((0.05, 8), (0.5, 200), (0.1, 2.5), (2.4, 9)):
        model = {"r": r, "alpha": alpha, "a": a, "b": b}
        fitter.params_ = pandas.Series(model)
        for x, t_x, t, horizon in (
            (0, 0, 0, 365),
            (1, 1, 2000, 1),
            (40, 41, 42, 30),
            (900, 900, 2900, 365),
        ):
            (row,) = shop.db.execute(
                """select rollup_analytics_internal.expected_purchases(%s, %s, %s, %s, %s) as purchases,
                          rollup_analytics_internal.p_alive(%s, %s, %s, %s) as alive""",
                [horizon, x, t_x, t, json.dumps(model), x, t_x, t, json.dumps(model)],
            ).fetchall()
            purchases = fitter.conditional_expected_number_of_purchases_up_to_time(
                horizon, x, t_x, t
            )
            alive = fitter.conditional_probability_alive(x, t_x, t)
            assert row["alive"] == pytest.approx(
                float(alive.item() if hasattr(alive, "item") else alive), abs=1e-9
            )
            assert row["purchases"] == pytest.approx(float(purchases), rel=1e-6, abs=1e-12)


def test_decay_over_many_half_lives(shop: Shop) -> None:
    tenant = shop.insert([
        Event("u", BEGIN, "visit", source="a"),
        Event("u", BEGIN + DAYS, "visit", source="b"),
        Event("u", BEGIN + 20 * DAYS, "order", amount=Decimal(9), currency="EUR"),
    ])  # fmt: skip
    found = shop.ask(
        "attribution",
        tenant,
        conversion="event_type = 'order'",
        model="time_decay",
        half_life="1 second",
    )
    assert [(r["channel"], r["conversions"], r["value"]) for r in found] == [("b", 1, 9)]


def test_remainder_goes_to_the_last_touch(shop: Shop) -> None:
    tenant = shop.insert([
        *(Event("u", BEGIN + n * DAYS, "visit", source=s) for n, s in enumerate("abc")),
        Event("u", BEGIN + 3 * DAYS, "order", amount=Decimal(100), currency="EUR"),
    ])  # fmt: skip
    found = shop.ask("attribution", tenant, conversion="event_type = 'order'", model="linear")
    share = (Decimal(100) / 3).quantize(Decimal("0.000001"), ROUND_DOWN)
    assert [(r["channel"], r["value"]) for r in found] == [
        ("a", share), ("b", share), ("c", 100 - 2 * share),
    ]  # fmt: skip


# Velocity


@FUZZ
@given(
    history=st.lists(
        st.tuples(users, st.integers(-100, 100), st.sampled_from([None, 1, 5])), max_size=30
    )
)
def test_velocity_equals_brute_force(
    shop: Shop, history: list[tuple[str | None, int, int | None]]
) -> None:
    second = timedelta(seconds=1)
    tenant = shop.insert(
        Event(u, BEGIN + t * second, "card", amount=None if a is None else Decimal(a))
        for u, t, a in history
    )
    with shop.db.transaction(force_rollback=True):
        shop.db.execute(
            "insert into rollup_analytics.velocity_rules (rule, key, within, events, value, total)"
            " values ('fast', 'user_id', '20 seconds', 3, null, null),"
            " ('high', 'user_id', '20 seconds', null, 'amount', 10)"
        )
        found = shop.ask("velocity", tenant)
    expected: Counter[tuple[str, str, datetime]] = Counter()
    for u, t, _ in history:
        near = [a for v, s, a in history if v == u and t - 20 <= s <= t]
        if u is not None and t >= 0:
            expected["fast", u, BEGIN + t * second] += len(near) >= 3
            expected["high", u, BEGIN + t * second] += sum(a or 0 for a in near) >= 10
    assert Counter((r["of_rule"], r["key"], r["at"]) for r in found) == +expected


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        ("cohort_retention", {"period": "1 hour"}, "period must be whole days, or whole months"),
        ("cohort_retention", {"time_zone": "+03"}, "time zone '+03' is an offset"),
        ("cohort_retention", {"time_zone": "Mars/Base"}, 'time zone "Mars/Base" not recognized'),
        ("cohort_retention", {"mode": "off"}, "mode must be one of on, unbounded"),
        ("attribution", {"model": "magic"}, "model must be one of first"),
        ("attribution", {"half_life": "0"}, "half_life must be longer than zero"),
        ("attribution", {"lookback": "1 month"}, "lookback must be a length of time in days"),
        ("clv", {"horizon": "1 year"}, "horizon must be a length of time in days"),
        ("clv", {"horizon": "1 day", "model": '{"r": 1}'}, "model has no number"),
        ("velocity", {"rule": "none"}, "there is no velocity rule 'none'"),
    ],
)
def test_bad_parameters_are_one_clear_line(
    shop: Shop, function: str, options: dict[str, Any], message: str
) -> None:
    needed = {
        "cohort_retention": {"first": "true", "recurring": "true", "period": "1 day"},
        "attribution": {"conversion": "true", "model": "first"},
    }
    with pytest.raises(psycopg.Error) as raised:
        shop.ask(function, "1", **needed.get(function, {}) | options)
    assert message in str(raised.value.diag.message_primary)
