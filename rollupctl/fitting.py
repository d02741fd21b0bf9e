"""Fit the parameters of models by maximum likelihood or least squares; the scores are SQL.

Needs scipy: pip install 'rollupctl[fit]'.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from types import ModuleType
from typing import Any

from rollupctl.errors import RollupError

_FEW = "fit a longer range, or more users; --penalizer 0.001 helps with few"


class FitError(RollupError):
    """A model cannot be fitted to the data; nothing is stored."""


@dataclass(frozen=True)
class Fit:
    """Parameters of a model, and how well they describe what they were fitted to."""

    parameters: dict[str, float]
    quality: dict[str, float]


@dataclass(frozen=True)
class Customer:
    """What clv tells of a user: repeat purchases, days, mean value of repeat purchase days."""

    x: int
    t_x: int
    t: int
    m: float | None


def _scipy() -> tuple[ModuleType, ModuleType, ModuleType]:
    """numpy, scipy.optimize and scipy.special; raises RollupError where scipy is missing."""
    try:
        import numpy
        import scipy.optimize
        import scipy.special
    except ImportError:
        raise RollupError("fitting needs scipy", "pip install 'rollupctl[fit]'") from None
    return numpy, scipy.optimize, scipy.special


def fit_clv(customers: Sequence[Customer], penalizer: float = 0.0) -> Fit:
    """BG/NBD for purchases and Gamma-Gamma for their values (Fader, Hardie and Lee).

    Raises FitError if either does not converge, or the data cannot determine it.
    """
    paying = [c for c in customers if c.x > 0 and c.m is not None and c.m > 0]
    if len({(c.x, c.t_x) for c in customers if c.x > 0}) < 2 or len({c.m for c in paying}) < 2:
        raise FitError("there are too few repeat purchases to fit a model to", _FEW)
    purchases, likelihood = _fit_bgnbd(customers, penalizer)
    values, value_likelihood = _fit_gamma_gamma(paying, penalizer)
    quality = {
        "users": len(customers),
        "repeaters": sum(c.x > 0 for c in customers),
        "log_likelihood": likelihood,
        "value_log_likelihood": value_likelihood,
        # Gamma-Gamma assumes that how often and how much are independent.
        "correlation": _correlation(paying),
        "penalizer": penalizer,
    }
    return Fit(purchases | values, quality)


def _fit_bgnbd(customers: Sequence[Customer], penalizer: float) -> tuple[dict[str, float], float]:
    np, _, special = _scipy()
    gammaln = special.gammaln
    same = Counter((c.x, c.t_x, c.t) for c in customers)
    x, t_x, t = np.array([*same], float).T
    weights = np.array([*same.values()], float)
    scale = 1 / max(t.max(), 1)  # so that a penalizer means the same for days and weeks
    t_x, t = t_x * scale, t * scale

    def cost(logs: Any) -> float:
        r, alpha, a, b = np.exp(logs)
        alive = -(r + x) * np.log(alpha + t)
        left = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x)
        each = (
            gammaln(r + x) - gammaln(r) + r * np.log(alpha)
            + gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
            + np.where(x > 0, np.logaddexp(alive, left), alive)
        )  # fmt: skip
        return float(-(weights * each).sum() / weights.sum() + _penalty(penalizer, logs))

    best = _minimize(cost, [[0.1] * 4, [-1.0, 0.0, -1.0, 1.0], [0.0, 1.0, 0.0, 2.0]], "BG/NBD")
    r, alpha, a, b = (float(v) for v in np.exp(best))
    likelihood = -(cost(best) - _penalty(penalizer, best)) * float(weights.sum())
    return {"r": r, "alpha": alpha / scale, "a": a, "b": b}, likelihood


def _fit_gamma_gamma(
    paying: Sequence[Customer], penalizer: float
) -> tuple[dict[str, float], float]:
    np, _, special = _scipy()
    gammaln = special.gammaln
    x = np.array([c.x for c in paying], float)
    m = np.array([c.m for c in paying], float)
    scale = 1 / m.mean()
    m = m * scale

    def cost(logs: Any) -> float:
        # The mean value is finite for q above 1 only.
        p, q, v = np.exp(logs) + np.array((0, 1, 0))
        each = (
            gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v)
            + (p * x - 1) * np.log(m) + p * x * np.log(x) - (p * x + q) * np.log(x * m + v)
        )  # fmt: skip
        return float(-each.mean() + _penalty(penalizer, logs))

    best = _minimize(cost, [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0], [2.0, 1.0, 1.0]], "Gamma-Gamma")
    p, q, v = (float(value) for value in np.exp(best) + np.array((0, 1, 0)))
    if q < 1.001:
        raise FitError(
            "the values differ too much for a Gamma-Gamma model: its mean is infinite",
            "leave out the few orders of extreme values, by a condition for orders",
        )
    likelihood = -(cost(best) - _penalty(penalizer, best)) * len(paying)
    return {"p": p, "q": q, "v": v / scale}, likelihood + len(paying) * float(np.log(scale))


def _penalty(penalizer: float, logs: Any) -> float:
    np, _, _ = _scipy()
    return penalizer * float((np.exp(logs) ** 2).sum()) if penalizer else 0.0


def _minimize(
    cost: Callable[[Any], float], starts: Sequence[Sequence[float]], model: str
) -> Any:  # numpy's array
    """The best of the minima that are reached from some starts.

    Raises FitError if none is one: a parameter that runs away is no estimate.
    """
    np, optimize, _ = _scipy()
    found = []
    with np.errstate(all="ignore"):
        for start in starts:
            rough = optimize.minimize(
                cost,
                start,
                method="Nelder-Mead",
                options={"maxiter": 4000, "fatol": 1e-10, "xatol": 1e-6},
            )
            done = optimize.minimize(cost, rough.x, method="L-BFGS-B", options={"ftol": 1e-13})
            best = min((rough, done), key=lambda each: float(each.fun))
            if rough.success and np.isfinite(best.fun) and np.abs(best.x).max() < 12:
                found.append(best)
    if not found:
        raise FitError(f"the {model} model does not converge on these data", _FEW)
    return min(found, key=lambda each: float(each.fun)).x


def _correlation(paying: Sequence[Customer]) -> float:
    """Pearson's correlation of the number and the mean value of repeat purchases."""
    np, _, _ = _scipy()
    x, m = [c.x for c in paying], [c.m for c in paying]
    return float(np.corrcoef(x, m)[0, 1]) if len({*x}) > 1 else 0.0


def fit_holt_winters(series: Sequence[float], period: int) -> Fit:
    """alpha, beta and gamma of rollup_analytics.holt_winters by least squares of the errors one
    step ahead.

    The first season sets the states, so errors count from the second on. Raises FitError for a
    series that is shorter than two seasons and one value more.
    """
    np, optimize, _ = _scipy()
    if len(series) < 2 * period + 1:
        raise FitError(
            f"a fit needs more than two periods of {period} values, and there are {len(series)}",
            "fit a longer range, or a shorter period",
        )
    scale = float(np.std(series)) or 1.0
    values = [(value - series[0]) / scale for value in series]

    def cost(smoothing: Any) -> float:
        return sum(e * e for e in errors(values, period, *smoothing)[period:])

    bounds = [(0.0, 1.0)] * 3
    best = min(
        (
            optimize.minimize(cost, start, method="L-BFGS-B", bounds=bounds)
            for start in ((0.3, 0.05, 0.1), (0.1, 0.01, 0.5), (0.8, 0.1, 0.1), (0.05, 0.0, 0.05))
        ),
        key=lambda each: float(each.fun),
    )
    smoothing = [min(max(float(v), 0.0), 1.0) for v in best.x]
    left = [e * scale for e in errors(values, period, *smoothing)[period:]]
    naive = [abs(b - a) for a, b in zip(series[:-period], series[period:], strict=True)]
    mae, naive_mae = sum(map(abs, left)) / len(left), sum(naive) / len(naive)
    quality = {
        "values": len(series),
        "rmse": sqrt(sum(e * e for e in left) / len(left)),
        "mae": mae,
        # Below 1 the forecast is better than the value of the season before.
        "mase": mae / naive_mae if naive_mae else 0.0,
    }
    parameters = dict(zip(("alpha", "beta", "gamma"), smoothing, strict=True))
    return Fit(parameters | {"period": period}, quality)


def errors(
    series: Sequence[float], period: int, alpha: float, beta: float, gamma: float
) -> list[float]:
    """The differences between each value and what was forecast for it one step before, by the
    recursion of rollup_analytics.holt_winters.
    """
    level = sum(series[:period]) / period
    trend = (sum(series[period : 2 * period]) / period - level) / period
    seasonal = [value - level for value in series[:period]]
    left = []
    for place, value in enumerate(series):
        season = seasonal[place % period]
        left.append(value - level - trend - season)
        before = level + trend
        level_before, level = level, alpha * (value - season) + (1 - alpha) * before
        seasonal[place % period] = gamma * (value - before) + (1 - gamma) * season
        trend = beta * (level - level_before) + (1 - beta) * trend
    return left
