"""Series, forecasts, baskets, recommendations and stock against other libraries and brute force."""

from __future__ import annotations

import itertools
import math
import statistics
import warnings
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.analytics import BEGIN, Event, Shop, open_shop
from tests.servers import Server

FUZZ = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
HOURLY = """
    select rollup.create_rollup(name => 'hourly', source => 'events', bucket => '1 hour',
        measures => '{"n": {"count": "*"}, "total": {"sum": "amount"}, "mean": {"avg": "amount"},
                      "people": {"distinct": "user_id"}}')"""


@pytest.fixture(scope="module")
def shop(server: Server) -> Iterator[Shop]:
    with open_shop(server) as shop:
        shop.db.execute(HOURLY)
        yield shop


def hours(counts: list[int], begin: datetime = BEGIN) -> list[Event]:
    """So many events in each hour, of users 0, 1, 2, …, each worth the number of the hour."""
    return [
        Event(f"u{n}", begin + hour * HOUR + n * timedelta(seconds=1), amount=Decimal(hour))
        for hour, count in enumerate(counts)
        for n in range(count)
    ]


def series(
    shop: Shop, function: str, events: list[Event], length: int, measure: str = "n", **options: Any
) -> list[dict[str, Any]]:
    tenant = shop.insert(events)
    return shop.ask(
        function, tenant, **{"rollup": "hourly", "measure": measure, "live": True,
                             "range_to": BEGIN + length * HOUR} | options
    )  # fmt: skip


History = list[tuple[str | None, int, str | None]]  # user, day, product
counts = st.lists(st.integers(0, 4), min_size=1, max_size=40)


@FUZZ
@given(counts=counts, buckets=st.integers(1, 12))
def test_rolling_equals_brute_force(shop: Shop, counts: list[int], buckets: int) -> None:
    windows = [counts[max(0, n - buckets + 1) : n + 1] for n in range(len(counts))]
    starts = [max(0, n - buckets + 1) for n in range(len(counts))]
    found = series(shop, "rolling", hours(counts), len(counts), buckets=buckets)
    assert [(r["bucket"], r["value"]) for r in found] == [
        (BEGIN + n * HOUR, sum(window)) for n, window in enumerate(windows)
    ]
    people = series(shop, "rolling", hours(counts), len(counts), "people", buckets=buckets)
    # A user who comes in every hour is one user.
    assert [round(r["value"] or 0) for r in people] == [max(window) for window in windows]
    means = series(shop, "rolling", hours(counts), len(counts), "mean", buckets=buckets)
    for row, window, start in zip(means, windows, starts, strict=True):
        weighted = sum(c * (start + i) for i, c in enumerate(window))
        expected = pytest.approx(weighted / sum(window)) if sum(window) else None
        assert (None if row["value"] is None else float(row["value"])) == expected


@FUZZ
@given(counts=counts)
def test_locf_and_interpolate_equal_pandas(shop: Shop, counts: list[int]) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    means = pandas.Series([float(n) if c else math.nan for n, c in enumerate(counts)])
    for function, expected in (
        ("locf", means.ffill()),
        ("interpolate", means.interpolate(limit_area="inside")),
    ):
        found = series(shop, function, hours(counts), len(counts), "mean")
        answer = [math.nan if r["value"] is None else float(r["value"]) for r in found]
        assert answer == pytest.approx(list(expected), nan_ok=True)


def test_locf_and_interpolate_by_hand(shop: Shop) -> None:
    events = hours([0, 1, 0, 0, 1, 0])
    locf = series(shop, "locf", events, 6, "mean")
    assert [r["value"] for r in locf] == [None, 1, 1, 1, 4, 4]
    interpolated = series(shop, "interpolate", events, 6, "mean")
    assert [r["value"] for r in interpolated] == [None, 1, 2, 3, 4, None]


@FUZZ
@given(data=st.data(), weeks=st.integers(1, 4))
def test_anomalies_equal_brute_force(shop: Shop, data: st.DataObject, weeks: int) -> None:
    weekly = [data.draw(st.integers(0, 9)) for _ in range(6)]
    other = [1] * 6  # an hour later, always the same
    events = [
        Event(f"u{n}", BEGIN + week * WEEK + hour * HOUR)
        for hour, values in enumerate([weekly, other])
        for week, count in enumerate(values)
        for n in range(count)
    ]
    events.append(Event("first", BEGIN - 1 * HOUR))
    found = series(shop, "anomalies", events, 0, weeks=weeks, range_to=BEGIN + 5 * WEEK + 2 * HOUR)
    by_bucket = {r["bucket"]: r for r in found}
    for week in range(6):
        row = by_bucket[BEGIN + week * WEEK]
        before = weekly[max(0, week - weeks) : week]
        assert row["value"] == weekly[week]
        if len(before) < weeks:
            assert (row["median"], row["mad"], row["z"]) == (None, None, None)
            continue
        median = statistics.median(before)
        mad = statistics.median(abs(x - median) for x in before)
        assert (row["median"], row["mad"]) == (median, mad)
        expected = (
            pytest.approx((weekly[week] - median) / (1.482602218505602 * mad)) if mad else None
        )
        assert row["z"] == expected
        assert by_bucket[BEGIN + week * WEEK + HOUR]["z"] is None


def test_mad_is_scaled_as_by_scipy(shop: Shop) -> None:
    stats = pytest.importorskip("scipy.stats", reason="scipy is not installed")
    weekly = [3, 9, 4, 6, 20]
    events = [Event("u", BEGIN + w * WEEK) for w, count in enumerate(weekly) for _ in range(count)]
    found = series(
        shop,
        "anomalies",
        events,
        0,
        weeks=4,
        range_from=BEGIN + 4 * WEEK,
        range_to=BEGIN + 4 * WEEK + HOUR,
    )
    deviation = stats.median_abs_deviation(weekly[:4], scale="normal")
    assert [r["z"] for r in found] == [
        pytest.approx((20 - statistics.median(weekly[:4])) / deviation)
    ]


def test_same_hour_of_the_week_is_local(shop: Shop) -> None:
    # The clocks of Berlin changed on 2024-03-31: nine o'clock was 08:00Z before and 07:00Z after.
    berlin = ZoneInfo("Europe/Berlin")
    nine = [
        datetime(2024, 3, 25 - 7, 9, tzinfo=berlin),
        datetime(2024, 3, 25, 9, tzinfo=berlin),
        datetime(2024, 4, 1, 9, tzinfo=berlin),
    ]
    tenant = shop.insert(
        [Event("u", t) for t, n in zip(nine, [5, 7, 6], strict=True) for _ in range(n)]
    )
    start = nine[2].astimezone(timezone.utc)
    found = shop.ask("seasonal_baseline", tenant, rollup="hourly", measure="n", weeks=2, live=True,
                     time_zone="Europe/Berlin", range_from=start, range_to=start + HOUR)  # fmt: skip
    assert [(r["bucket"], r["value"], r["baseline"]) for r in found] == [(start, 6, 6.0)]


def smoothed(
    values: list[float], m: int, alpha: float, beta: float, gamma: float
) -> Iterator[float]:
    """Forecasts by the equations of additive Holt-Winters, states indexed by time."""
    level = {-1: statistics.fmean(values[:m])}
    trend = {-1: (statistics.fmean(values[m : 2 * m]) - level[-1]) / m}
    season = {n - m: values[n] - level[-1] for n in range(m)}
    for t, y in enumerate(values):
        expected = level[t - 1] + trend[t - 1]
        level[t] = alpha * (y - season[t - m]) + (1 - alpha) * expected
        trend[t] = beta * (level[t] - level[t - 1]) + (1 - beta) * trend[t - 1]
        season[t] = gamma * (y - expected) + (1 - gamma) * season[t - m]
    last = len(values) - 1
    for h in itertools.count(1):
        yield level[last] + h * trend[last] + season[last + h - m * ((h - 1) // m + 1)]


@FUZZ
@given(
    values=st.lists(st.integers(0, 20), min_size=8, max_size=24),
    period=st.integers(2, 4),
    parameters=st.tuples(*[st.floats(0.05, 0.95)] * 3),
)
def test_forecast_equals_statsmodels(
    shop: Shop, values: list[int], period: int, parameters: tuple[float, float, float]
) -> None:
    holtwinters = pytest.importorskip(
        "statsmodels.tsa.holtwinters", reason="statsmodels is not installed"
    )
    alpha, beta, gamma = parameters
    found = series(shop, "forecast", hours(values), len(values), period=period, horizon=6,
                   alpha=alpha, beta=beta, gamma=gamma)  # fmt: skip
    level = statistics.fmean(values[:period])
    model = holtwinters.ExponentialSmoothing(
        [float(v) for v in values], trend="add", seasonal="add", seasonal_periods=period,
        initialization_method="known", initial_level=level,
        initial_trend=(statistics.fmean(values[period : 2 * period]) - level) / period,
        initial_seasonal=[v - level for v in values[:period]],
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it takes the logarithm of a perfect fit
        theirs = model.fit(alpha, beta, gamma, optimized=False).forecast(6)
    # statsmodels leaves the last value out of the seasonal state of its own place: where a whole period
    # has passed, it forecasts from the state before.
    equal = [n for n in range(6) if (n + 1) % period]
    assert [found[n]["forecast"] for n in equal] == pytest.approx(
        [theirs[n] for n in equal], abs=1e-8
    )
    states = smoothed([float(v) for v in values], period, alpha, beta, gamma)
    assert [r["forecast"] for r in found] == pytest.approx(list(itertools.islice(states, 6)))
    assert [r["bucket"] for r in found] == [BEGIN + (len(values) + n) * HOUR for n in range(6)]


def test_steady_season_is_forecast_exactly(shop: Shop) -> None:
    found = series(
        shop,
        "forecast",
        hours([1, 5, 3] * 4),
        12,
        period=3,
        horizon=4,
        alpha=0.5,
        beta=0.1,
        gamma=0.3,
    )
    assert [r["forecast"] for r in found] == pytest.approx([1, 5, 3, 1])


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        ("forecast", {"period": 4, "horizon": 1, "alpha": 0.5, "beta": 0.5, "gamma": 0.5}, "at least two periods of 4 values"),
        ("forecast", {"period": 1, "horizon": 1, "alpha": 1.5, "beta": 0.5, "gamma": 0.5}, "must lie between 0 and 1"),
        ("forecast", {"period": 1, "horizon": 1}, "no forecast of hourly.n with a period of 1 is fitted"),
        ("rolling", {"buckets": 0}, "buckets must be from 1 to 10000"),
        ("anomalies", {"weeks": 0}, "weeks must be from 1 to 520"),
        ("locf", {"rollup": "none"}, 'there is no rollup "none"'),
    ],
)  # fmt: skip
def test_bad_parameters_are_one_clear_line(
    shop: Shop, function: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(psycopg.Error) as raised:
        series(shop, function, [], 3, **options)
    assert message in str(raised.value.diag.message_primary)


# Products

baskets = st.lists(
    st.tuples(
        st.sampled_from(["u1", "u2", "u3", "u4", None]),
        st.integers(0, 3),
        st.sampled_from(["p1", "p2", "p3", "p4", None]),
    ),
    max_size=30,
)


def bought(history: History) -> list[Event]:
    return [
        Event(u, BEGIN + d * timedelta(days=1), "order", product_id=p, quantity=2)
        for u, d, p in history
    ]


def sets(history: History, by_day: bool) -> dict[Any, set[str]]:
    found: dict[Any, set[str]] = defaultdict(set)
    for u, d, p in history:
        if u is not None and p is not None:
            found[(u, d) if by_day else u].add(p)
    return found


@FUZZ
@given(history=baskets, support=st.sampled_from([0.05, 0.2, 0.5, 1]))
def test_baskets_equal_brute_force(shop: Shop, history: History, support: float) -> None:
    found = shop.ask("basket", shop.insert(bought(history)), min_support=support)
    all_baskets = list(sets(history, by_day=True).values())
    n = len(all_baskets)
    expected = {}
    for a, c in itertools.permutations(["p1", "p2", "p3", "p4"], 2):
        together = sum({a, c} <= b for b in all_baskets)
        if together and together >= Decimal(str(support)) * n:
            of_a, of_c = (sum(x in b for b in all_baskets) for x in (a, c))
            confidence = together / of_a
            conviction = math.inf if together == of_a else (1 - of_c / n) / (1 - confidence)
            expected[a, c] = pytest.approx(
                (together, together / n, confidence, confidence / (of_c / n), conviction)
            )
    names = ["baskets", "support", "confidence", "lift", "conviction"]
    assert {
        (r["antecedent"], r["consequent"]): tuple(float(r[name]) for name in names) for r in found
    } == expected


def test_baskets_equal_mlxtend(shop: Shop) -> None:
    patterns = pytest.importorskip("mlxtend.frequent_patterns", reason="mlxtend is not installed")
    import pandas as pd

    history: History = [(f"u{n % 9}", n % 4, f"p{n * n % 7}") for n in range(120)]
    products = sorted({str(p) for _, _, p in history})
    table = pd.DataFrame([{p: p in b for p in products} for b in sets(history, True).values()])
    frequent = patterns.fpgrowth(table, min_support=0.1, use_colnames=True, max_len=2)
    rules = patterns.association_rules(frequent, metric="support", min_threshold=0.1)
    names = ["support", "confidence", "lift", "conviction"]
    expected = {
        (min(r["antecedents"]), min(r["consequents"])): pytest.approx(tuple(r[n] for n in names))
        for _, r in rules.iterrows()
    }
    found = shop.ask("basket", shop.insert(bought(history)), min_support=0.1)
    assert found
    assert {
        (r["antecedent"], r["consequent"]): tuple(float(r[n]) for n in names) for r in found
    } == expected
    assert len(shop.ask("basket", shop.insert(bought(history)), min_support=0.1, max_pairs=3)) == 3


@FUZZ
@given(history=baskets)
def test_recommendations_equal_brute_force(shop: Shop, history: History) -> None:
    tenant = shop.insert(bought(history))
    owners: dict[str, set[str]] = defaultdict(set)
    for u, products in sets(history, by_day=False).items():
        for p in products:
            owners[p].add(u)

    def cosine(a: str, b: str) -> float:
        return len(owners[a] & owners[b]) / math.sqrt(len(owners[a]) * len(owners[b]))

    similar = {
        p: pytest.approx(cosine("p1", p))
        for p in owners
        if p != "p1" and owners.get("p1", set()) & owners[p]
    }
    assert {
        r["product_id"]: r["score"] for r in shop.ask("similar", tenant, product_id="p1")
    } == similar

    own = sets(history, by_day=False).get("u1", set())
    users = {u for u, _, p in history if u and p}
    if own:
        scores = {p: sum(cosine(o, p) for o in own) for p in owners if p not in own}
        expected = {p: pytest.approx(score) for p, score in scores.items() if score}
    else:
        expected = {p: pytest.approx(len(who) / len(users)) for p, who in owners.items()}
    assert {
        r["product_id"]: r["score"] for r in shop.ask("recommend", tenant, user_id="u1")
    } == expected


@FUZZ
@given(history=baskets, level=st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_stock_equals_brute_force(shop: Shop, history: History, level: float) -> None:
    tenant = shop.insert(bought(history))
    shop.db.execute("insert into rollup_analytics.stock values (%s, 'p1', 30)", [tenant])
    found = shop.ask(
        "stock_forecast", tenant, lead_time="4 days", service_level=level,
        range_to=BEGIN + timedelta(days=5),
    )  # fmt: skip
    products = {p for u, _, p in history if u and p} | {"p1"}
    assert [r["product_id"] for r in found] == sorted(products)
    for row in found:
        daily = [0.0] * 5
        for u, d, p in history:
            daily[d] += 2 * (u is not None and p == row["product_id"])
        mean, deviation = statistics.fmean(daily), statistics.stdev(daily)
        point = 4 * mean + statistics.NormalDist().inv_cdf(level) * deviation * 2
        assert row["daily_demand"] == pytest.approx(mean)
        assert row["deviation"] == pytest.approx(deviation)
        assert row["reorder_point"] == pytest.approx(point)
        if row["product_id"] == "p1":
            assert row["days_left"] == (pytest.approx(30 / mean) if mean else None)
            assert row["reorder"] == (point >= 30)


@pytest.mark.parametrize("probability", ["0.5", "0.93", "0.07", "0.999999", "0.0001"])
def test_normal_quantile_equals_the_standard_library(shop: Shop, probability: str) -> None:
    found = shop.db.execute(
        "select rollup_analytics_internal.normal_quantile(%s) as z", [Decimal(probability)]
    ).fetchone()
    assert found
    assert found["z"] == pytest.approx(
        statistics.NormalDist().inv_cdf(float(probability)), abs=1e-9
    )


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        ("basket", {"min_support": None}, "min_support must be above 0"),
        ("basket", {"min_support": 0.1, "max_pairs": 0}, "max_pairs must be at least 1"),
        (
            "stock_forecast",
            {"lead_time": "1 day", "service_level": 1},
            "service_level must lie between",
        ),
        (
            "similar",
            {"product_id": "p", "product_column": "colour"},
            'column "colour" does not exist',
        ),
    ],
)
def test_bad_questions_are_one_clear_line(
    shop: Shop, function: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(psycopg.Error) as raised:
        shop.ask(function, "1", **options)
    assert message in str(raised.value.diag.message_primary)
