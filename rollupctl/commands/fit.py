"""fit: parameters of the models of lifetime value and forecasts."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

import click

from rollupctl.connect import Session, query
from rollupctl.fitting import Customer, Fit, FitError, fit_clv, fit_holt_winters
from rollupctl.options import Settings, pass_settings, shared_options
from rollupctl.output import Table

Function = TypeVar("Function", bound=Callable[..., Any])

_STORE = "select rollup_analytics.store_model(%s, %s, %s, %s, %s, %s::timestamptz, %s::timestamptz)"
_CLV = """
select of_currency, x, t_x, t, m::float8
  from rollup_analytics.clv(
           interval '1 day', currency => %s, tenant => %s, range_from => %s::timestamptz,
           range_to => %s::timestamptz, source => %s, user_column => %s, orders => %s,
           time_zone => %s)
"""
_SERIES = """
select value::float8
  from rollup_analytics.whole_buckets(%s, %s, %s, %s::timestamptz, %s::timestamptz)
 order by bucket
"""


def _range_options(command: Function) -> Function:
    """Add the options that every question needs."""
    for option in (
        click.option("--to", "range_to", required=True, metavar="TIME", help="Its end, excluded."),
        click.option("--from", "range_from", required=True, metavar="TIME", help="Its beginning."),
        click.option("--tenant", required=True, help="Whose events to fit."),
    ):
        command = option(command)
    return command


@click.group()
def fit() -> None:
    """Fit the models that rollup_analytics.clv and rollup_analytics.forecast use.

    Needs scipy: pip install 'rollupctl[fit]'. Parameters are stored in rollup_analytics.models with
    their range and quality; the latest are used.

    \b
    Example:
      rollupctl fit clv --tenant 1 --from 2023-01-01 --to 2024-01-01
    """


@fit.command()
@_range_options
@click.option("--currency", help="Only this one.  [default: each one by itself]")
@click.option("--penalizer", type=click.FloatRange(0), default=0.0, show_default=True,
              help="Keeps parameters small where there are few users.")  # fmt: skip
@click.option("--source", default="events", show_default=True, help="The table of events.")
@click.option("--user-column", default="user_id", show_default=True, help="The user of an event.")
@click.option("--orders", metavar="CONDITION", help="What an order is.  [default: as of clv]")
@click.option("--time-zone", default="UTC", show_default=True, help="Where days begin.")
@click.option("--dry-run", is_flag=True, help="Show the parameters; store nothing.")
@shared_options
@pass_settings
def clv(
    settings: Settings, tenant: str, range_from: str, range_to: str, currency: str | None,
    penalizer: float, source: str, user_column: str, orders: str | None, time_zone: str,
    dry_run: bool,
) -> None:  # fmt: skip
    """Fit BG/NBD and Gamma-Gamma to the orders of a tenant, for each currency.

    quality has the number of users and repeaters, the log-likelihoods, and the correlation of how
    often and how much, which Gamma-Gamma takes for none.

    \b
    Example:
      rollupctl fit clv --tenant 1 --from 2023-01-01 --to 2024-01-01 --currency EUR
    """
    customers: dict[str | None, list[Customer]] = defaultdict(list)
    with settings.connect() as session:
        asked = (currency, tenant, range_from, range_to, source, user_column, orders, time_zone)
        for of_currency, *facts in query(session, _CLV, *asked).rows:
            customers[of_currency].append(Customer(*facts))
        if not customers:
            raise FitError(f"tenant {tenant} has no orders from {range_from} to {range_to}")
        found = {name or "": fit_clv(each, penalizer) for name, each in customers.items()}
        _store(session, settings, "clv", tenant, found, range_from, range_to, dry_run)


@fit.command()
@click.argument("rollup")
@click.argument("measure")
@_range_options
@click.option("--period", type=click.IntRange(1), required=True, metavar="BUCKETS",
              help="Length of a season: 24 for days of hours, 7 for weeks of days.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show the parameters; store nothing.")
@shared_options
@pass_settings
def forecast(
    settings: Settings, rollup: str, measure: str, tenant: str, range_from: str, range_to: str,
    period: int, dry_run: bool,
) -> None:  # fmt: skip
    """Fit additive Holt-Winters smoothing to MEASURE of ROLLUP.

    quality has the errors one step ahead; mase is below 1 if they are smaller than those of
    repeating the season before.

    \b
    Example:
      rollupctl fit forecast hourly views --period 24 --tenant 1 --from 2024-05-01 --to 2024-06-01
    """
    with settings.connect() as session:
        asked = (rollup, measure, tenant, range_from, range_to)
        series = query(session, _SERIES, *asked).column("value")
        if None in series:
            raise FitError(
                f"{measure} has {series.count(None)} buckets without a value",
                "fit a range without gaps, or a count or sum",
            )
        found = {f"{rollup}.{measure}": fit_holt_winters(series, period)}
        _store(session, settings, "forecast", tenant, found, range_from, range_to, dry_run)


def _store(
    session: Session, settings: Settings, kind: str, tenant: str, found: dict[str, Fit],
    range_from: str, range_to: str, dry_run: bool,
) -> None:  # fmt: skip
    """Store and print the models of some subjects: all of them, or none."""
    told = Table(("subject", "parameters", "quality"))
    with session.transaction():
        for subject, each in found.items():
            parameters, quality = json.dumps(each.parameters), json.dumps(each.quality)
            if not dry_run:
                query(
                    session,
                    _STORE,
                    kind,
                    tenant,
                    subject,
                    parameters,
                    quality,
                    range_from,
                    range_to,
                )
            told.add(subject, each.parameters, each.quality)
    settings.emit(told)


COMMANDS = (fit,)
