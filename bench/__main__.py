"""Run the benchmarks, and print a table with every ratio and its target."""

from __future__ import annotations

import os
import platform
from dataclasses import replace

import click

from bench.analytics import analytics
from bench.backfill import backfill
from bench.care import care
from bench.citus import citus
from bench.corrections import corrections
from bench.dashboards import dashboards
from bench.expiry import expiry
from bench.freshness import freshness
from bench.grains import backdated, grains
from bench.lab import Lab, laboratory
from bench.loading import loading
from bench.partitions import partitions
from bench.peers import peers
from bench.scenarios import QUICK, Row, Sizes, history, load, rollups
from bench.serving import serving
from bench.sustained import sustained
from rollupctl.output import Table, render

SCENARIOS = {
    "rollups": rollups,
    "grains": grains,
    "history": history,
    "backdated": backdated,
    "freshness": freshness,
    "dashboards": dashboards,
    "load": load,
    "formats": loading,
    "partitions": partitions,
    "peers": peers,
    "citus": citus,
    "sustained": sustained,
    "expiry": expiry,
    "care": care,
    "backfill": backfill,
    "corrections": corrections,
    "serve": serving,
    "analytics": analytics,
}
HEADER = ("scenario", "median", "compared with", "median of that", "ratio", "target", "")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("scenarios", nargs=-1, metavar=f"[{'|'.join(SCENARIOS)}]…")
@click.option("--runs", type=click.IntRange(1), default=3, show_default=True, help="Runs of each.")
@click.option("--quick", is_flag=True, help="Small sizes: whether it works, not how fast it is.")
@click.option(
    "--minutes",
    type=click.FloatRange(0.1),
    default=None,
    help="Length of sustained.  [default: 10]",
)
def bench(scenarios: tuple[str, ...], runs: int, quick: bool, minutes: float | None) -> None:
    """Measure speed on a private server, and print ratios within this run.

    \b
    Example:
      ./run bench
      ./run bench history --runs 5
    """
    for name in scenarios:
        if name not in SCENARIOS:
            raise click.UsageError(f"no scenario {name}; there are: {', '.join(SCENARIOS)}")
    sizes = QUICK if quick else Sizes()
    if minutes is not None:
        sizes = replace(sizes, minutes=minutes)
    small = ", small sizes: the targets are meant for the full ones" if quick else ""
    rows: list[Row] = []
    with laboratory(runs) as lab:
        click.echo(f"{describe(lab)}; median of {runs}{small}\n")
        for name in scenarios or SCENARIOS:
            rows += SCENARIOS[name](lab, sizes)
    click.echo(render(as_table(rows), "table"), nl=False)


def describe(lab: Lab) -> str:
    """Description of the server and the machine."""
    offered = (
        "select string_agg(name || ' ' || default_version, ', ' order by name)"
        " from pg_available_extensions where name in ('hll', 'topn')"
    )
    server = lab.value("postgres", "select 'PostgreSQL ' || split_part(version(), ' ', 2)")
    extensions = lab.value("postgres", offered)
    return f"{server}, {extensions}, {os.cpu_count()} cores, Python {platform.python_version()}"


def as_table(rows: list[Row]) -> Table:
    table = Table(HEADER)
    for row in rows:
        standard = "" if row.standard is None else f"{row.standard:.2f} {row.unit}"
        ratio = "" if row.standard is None else f"{row.ratio:.2f}"
        target = ""
        if row.target is not None:
            unit = f" {row.unit}" if row.standard is None else ""
            target = f"{'≥' if row.at_least else '≤'} {row.target:g}{unit}"
        figure = f"{row.figure:.2f} {row.unit}"
        table.add(row.what, figure, row.against, standard, ratio, target, row.verdict)
    return table


if __name__ == "__main__":
    bench()
