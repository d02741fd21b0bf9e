"""Fitted models: against published parameters, lifetimes and statsmodels, and what scores make of them."""

from __future__ import annotations

import json
import random
import statistics
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from rollupctl.fitting import Customer, FitError, errors, fit_clv, fit_holt_winters
from tests.analytics import BEGIN, Event, Shop, open_shop
from tests.servers import Server, rollupctl

pytest.importorskip("scipy", reason="scipy is not installed")
DAY = timedelta(days=1)
YEAR = {"range_from": BEGIN, "range_to": BEGIN + 365 * DAY}
RANGE = ("--tenant", "1", "--from", "2024-06-01Z", "--to", "2025-06-01Z")


@pytest.fixture(scope="module")
def shop(server: Server) -> Iterator[Shop]:
    with open_shop(server) as shop:
        yield shop


def fit(shop: Shop, *args: str) -> subprocess.CompletedProcess[str]:
    return rollupctl(shop.db.info.dsn, "fit", *args)


# Without a database


def test_the_cdnow_customers_have_the_published_parameters() -> None:
    datasets = pytest.importorskip("lifetimes.datasets", reason="lifetimes is not installed")
    table = datasets.load_cdnow_summary_data_with_monetary_value()
    # In weeks, as published; days are the unit of clv.
    customers = [Customer(*row) for row in table.itertuples(index=False)]
    found = fit_clv(customers).parameters
    assert {k: found[k] for k in ("r", "alpha", "a", "b")} == pytest.approx(
        {"r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4258}, rel=2e-3
    )
    assert {k: found[k] for k in ("p", "q", "v")} == pytest.approx(
        {"p": 6.2496, "q": 3.7446, "v": 15.4473}, rel=5e-3
    )


@pytest.mark.filterwarnings("ignore")
def test_the_penalizer_is_that_of_lifetimes() -> None:
    lifetimes = pytest.importorskip("lifetimes", reason="lifetimes is not installed")
    datasets = pytest.importorskip("lifetimes.datasets", reason="lifetimes is not installed")
    table = datasets.load_cdnow_summary_data_with_monetary_value().head(300)
    fitter = lifetimes.BetaGeoFitter(penalizer_coef=0.01)
    fitter.fit(table["frequency"], table["recency"], table["T"])
    found = fit_clv([Customer(*row) for row in table.itertuples(index=False)], 0.01).parameters
    expected = dict(fitter.params_)
    assert {k: found[k] for k in expected} == pytest.approx(expected, rel=1e-2)


def test_data_that_determine_no_model_are_an_error_with_advice() -> None:
    for customers in (
        [],
        [Customer(0, 0, 10, None)] * 5,
        [Customer(1, 5, 10, 3.0)] * 50,  # all alike
        [Customer(1, n, 10, 0.0) for n in range(1, 9)],  # nothing was paid
    ):
        with pytest.raises(FitError, match="too few repeat purchases") as raised:
            fit_clv(customers)
        assert "--penalizer" in str(raised.value.hint)


def test_holt_winters_finds_the_smoothing_that_statsmodels_finds() -> None:
    holtwinters = pytest.importorskip(
        "statsmodels.tsa.holtwinters", reason="statsmodels is not installed"
    )
    rand = random.Random(1)
    series, level = [], 100.0
    for n in range(140):
        level += rand.gauss(0.3, 1.5)
        series.append(level + 10 * (n % 7) + rand.gauss(0, 4))
    found = fit_holt_winters(series, 7)
    level0 = statistics.mean(series[:7])
    model = holtwinters.ExponentialSmoothing(
        series, trend="add", seasonal="add", seasonal_periods=7, initialization_method="known",
        initial_level=level0, initial_trend=(statistics.mean(series[7:14]) - level0) / 7,
        initial_seasonal=[value - level0 for value in series[:7]],
    )  # fmt: skip
    smoothing = {
        "smoothing_level": found.parameters["alpha"],
        "smoothing_trend": found.parameters["beta"],
        "smoothing_seasonal": found.parameters["gamma"],
    }
    ours = model.fit(optimized=False, **smoothing)
    assert [float(r) for r in ours.resid] == pytest.approx(errors(series, 7, *smoothing.values()))
    theirs = model.fit()
    squares = [float(sum(r * r for r in fitted.resid[7:])) for fitted in (ours, theirs)]
    assert squares[0] <= squares[1] * 1.001
    assert found.quality["mase"] < 1


def test_a_short_or_flat_series() -> None:
    with pytest.raises(FitError, match="more than two periods of 7 values"):
        fit_holt_winters([1.0] * 14, 7)
    flat = fit_holt_winters([5.0] * 30, 7)
    assert flat.quality["rmse"] == 0
    assert all(0 <= flat.parameters[name] <= 1 for name in ("alpha", "beta", "gamma"))


# In the database


def purchases(number: int, currency: str, scale: int, seed: int) -> list[Event]:
    """Customers who buy at rates of their own until they leave, as the model has it."""
    rand = random.Random(seed)
    events = []
    for n in range(number):
        rate, leave = rand.gammavariate(1.5, 0.03), rand.betavariate(1.2, 3)
        mean = scale / rand.gammavariate(6, 1 / 5)
        day: float = rand.randrange(200)
        while day < 364:
            amount = Decimal(round(rand.gammavariate(6, mean / 6), 2)) + Decimal("0.01")
            events.append(
                Event(
                    f"{currency}{n}",
                    BEGIN + int(day) * DAY,
                    "order",
                    amount=amount,
                    currency=currency,
                )
            )
            day += rand.expovariate(rate) + 1
            if rand.random() < leave:
                break
    return events


def test_fitted_lifetime_values_are_stored_and_used_by_currency(shop: Shop) -> None:
    assert shop.insert(purchases(250, "EUR", 20, 1) + purchases(250, "JPY", 3000, 2)) == "1"
    done = fit(shop, "clv", *RANGE, "-o", "json")
    assert done.returncode == 0, done.stderr
    fitted = {row["subject"]: row for row in json.loads(done.stdout)}
    assert [*fitted] == ["EUR", "JPY"]
    assert fitted["EUR"]["quality"]["users"] == 250
    assert -1 <= fitted["EUR"]["quality"]["correlation"] <= 1
    assert fitted["JPY"]["parameters"]["v"] > 20 * fitted["EUR"]["parameters"]["v"]
    together = shop.ask("clv", "1", horizon="90 days", **YEAR)
    for currency in ("EUR", "JPY"):
        alone = shop.ask("clv", "1", horizon="90 days", currency=currency, **YEAR)
        assert alone == [row for row in together if row["of_currency"] == currency]
        assert len(alone) == 250
        given = fitted[currency]["parameters"]
        assert alone == shop.ask(
            "clv", "1", horizon="90 days", currency=currency, model=json.dumps(given), **YEAR
        )
        assert all(0 < row["p_alive"] <= 1 and row["expected_value"] > 0 for row in alone)
    # Every user buys a few times a year: expected values are of the size of what was paid.
    paid = sum(float(r["historic"]) for r in together if r["of_currency"] == "EUR")
    expected = sum(r["expected_value"] for r in together if r["of_currency"] == "EUR")
    assert 0.02 * paid < expected < 0.6 * paid


def test_a_fit_that_fails_stores_nothing(shop: Shop) -> None:
    before = shop.db.execute("select from rollup_analytics.models").rowcount
    shop.db.execute(
        "delete from events where customer_id = 1 and currency = 'JPY' and user_id <> 'JPY1'"
    )
    done = fit(shop, "clv", *RANGE)
    assert done.returncode == 1
    assert "too few repeat purchases" in done.stderr
    assert "--penalizer" in done.stderr
    assert "has no orders" in fit(shop, "clv", *RANGE, "--currency", "XXX").stderr
    assert fit(shop, "clv", *RANGE, "--currency", "EUR", "--dry-run").returncode == 0
    assert shop.db.execute("select from rollup_analytics.models").rowcount == before


def test_a_fitted_forecast_is_used(shop: Shop) -> None:
    shop.db.execute(
        """select rollup.create_rollup(name => 'days', source => 'events', bucket => '1 day',
                                       measures => '{"n": {"count": "*"}, "mean": {"avg": "amount"}}')"""
    )
    rand = random.Random(3)
    tenant = shop.insert(
        [
            Event("u", BEGIN + day * DAY)
            for day in range(90)
            for _ in range(20 + 5 * (day % 7) + rand.randrange(6))
        ]
    )
    shop.db.execute("call rollup.run_all()")
    dsn_range = ("--tenant", tenant, "--from", "2024-06-01Z", "--to", "2024-08-25 12:00Z")
    done = fit(shop, "forecast", "days", "n", *dsn_range, "--period", "7", "-o", "json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert row["quality"]["values"] == 85  # the day that the range cuts is left out
    given: dict[str, Any] = {
        "rollup": "days",
        "measure": "n",
        "period": 7,
        "horizon": 14,
        "range_to": BEGIN + 85 * DAY,
    }
    fitted = shop.ask("forecast", tenant, **given)
    smoothing = {name: row["parameters"][name] for name in ("alpha", "beta", "gamma")}
    assert fitted == shop.ask("forecast", tenant, **given, **smoothing)
    assert [r["forecast"] for r in fitted][:7] == pytest.approx(
        [22.5 + 5 * ((85 + n) % 7) for n in range(7)], abs=3
    )
    done = fit(shop, "forecast", "days", "mean", *dsn_range, "--period", "7")
    assert "mean has 85 buckets without a value" in done.stderr
    done = fit(shop, "forecast", "days", "n", *dsn_range, "--period", "80")
    assert "more than two periods of 80 values" in done.stderr
