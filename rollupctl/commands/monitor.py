"""status, top, metrics: how rollups are, once or on a live screen."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click
from rich.live import Live

from rollupctl.cluster import Cluster
from rollupctl.connect import Session, find_dsn
from rollupctl.errors import BEHIND, DONE, RollupError, UsageError
from rollupctl.exporter import parse_address, serve
from rollupctl.monitoring import (
    Thresholds,
    current_numbers,
    metrics_text,
    read_status,
    remarks,
    summary,
)
from rollupctl.options import Settings, dsn_option, pass_settings, shared_options
from rollupctl.output import console, framed, json_line, note
from rollupctl.rolling import names_of
from rollupctl.screen import History, draw

Function = TypeVar("Function", bound=Callable[..., Any])

WIDTH = 100  # where no terminal says how wide it is


def threshold_options(command: Function) -> Function:
    """Add the limits beyond which the exit code is 3."""
    for option in (
        click.option(
            "--max-set-aside",
            type=click.IntRange(0),
            metavar="EVENTS",
            help="Exit code 3 if a rollup could not count more events than this.",
        ),
        click.option(
            "--max-events-behind",
            type=click.IntRange(0),
            metavar="EVENTS",
            help="Exit code 3 if a rollup has more uncounted events than this.",
        ),
        click.option(
            "--max-lag",
            type=click.FloatRange(0),
            default=600.0,
            show_default=True,
            metavar="SECONDS",
            help="Exit code 3 if a rollup is further behind than this.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@threshold_options
@click.option("--watch", is_flag=True, help="A live screen with charts, until Ctrl-C.")
@click.option("--once", is_flag=True, help="With --watch: draw the screen once.")
@click.option(
    "--every",
    type=click.FloatRange(0.2),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="With --watch: the time between two looks.",
)
@shared_options
@pass_settings
def status(
    settings: Settings,
    max_lag: float,
    max_events_behind: int | None,
    max_set_aside: int | None,
    watch: bool,
    once: bool,
    every: float,
) -> None:
    """Show how far behind each rollup is, and the outcome of its last run.

    The exit code is 3 if one is past a threshold, its last run failed or its source no longer
    exists. The answer takes about a second at most, writes nothing and waits for no lock: what this
    role may not read, or a Citus node that does not answer, is left out and named. JSON and CSV
    have all columns of the view rollup.status.

    With --watch, a screen shows charts of ingest, lag, counted events and run times, and which
    sessions wait for which. With --watch and -o json, each look is one line for each rollup.

    \b
    Example:
      rollupctl status --max-lag 300 || page-someone
      rollupctl status --watch
    """
    thresholds = Thresholds(max_lag, max_events_behind, max_set_aside)
    if once and not watch:
        raise UsageError("--once goes with --watch")
    if settings.form == "csv" and watch:
        raise UsageError("--watch draws a screen, or prints JSON", "use -o json")
    with settings.connect() as session:
        if watch:
            code = _watch(session, settings.form, thresholds, once, every)
        else:
            code = _print(session, settings, thresholds)
    found = find_dsn(settings.dsn)
    if found and found[1] == "the embedded PostgreSQL":
        note(f"log of the embedded PostgreSQL: {Cluster.default().log}")
    click.get_current_context().exit(code)


def _print(session: Session, settings: Settings, thresholds: Thresholds) -> int:
    table = read_status(session)
    if settings.form == "table":
        settings.emit(summary(table))
        for line in remarks(table):
            click.echo(line)
    else:
        settings.emit(table)
    return _exit_code(table.records(), thresholds)


def _exit_code(rows: list[dict[str, Any]], thresholds: Thresholds) -> int:
    return BEHIND if any(thresholds.exceeded(row) for row in rows) else DONE


def _watch(session: Session, form: str, thresholds: Thresholds, once: bool, every: float) -> int:
    """Look again and again, until interrupted; with `once` a single time."""
    history = History()
    if form == "json":
        while True:
            sample = history.look(session)
            click.echo(json_line(sample.status), nl=False)
            if once:
                return _exit_code(sample.status.records(), thresholds)
            time.sleep(every)
    where = f"{session.info.dbname} on {session.info.host or 'this server'}"
    screen = console()
    if once:
        sample = history.look(session)
        width = screen.width if sys.stdout.isatty() else WIDTH
        screen.width = width
        screen.print(draw(history, where, thresholds, width, 1000))
        return _exit_code(sample.status.records(), thresholds)
    if not sys.stdout.isatty():
        raise UsageError("--watch needs a terminal", "use --once, or -o json")
    history.look(session)
    with Live(console=screen, screen=True, auto_refresh=False) as live:
        while True:
            live.update(draw(history, where, thresholds, screen.width, screen.height), refresh=True)
            time.sleep(every)
            history.look(session)


@click.command()
@click.argument("name", required=False, metavar="[ROLLUP]")
@click.option("--tenant", help="The numbers of one tenant, by its dimensions.")
@click.option(
    "--buckets",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="The current bucket and those before it, added up.",
)
@click.option("--rows", type=click.IntRange(1), default=20, show_default=True, help="At most.")
@click.option(
    "--every",
    type=click.FloatRange(0.2),
    metavar="SECONDS",
    help="On a terminal: the time between two looks.  [default: 2]",
)
@click.option("--once", is_flag=True, help="Look once, also on a terminal.")
@shared_options
@pass_settings
def top(
    settings: Settings,
    name: str | None,
    tenant: str | None,
    buckets: int,
    rows: int,
    every: float | None,
    once: bool,
) -> None:
    """Show the live numbers of a rollup: the tenants with the most, or one tenant by dimensions.

    Events that are not counted yet are included. Without ROLLUP it is the first one declared. On a
    terminal the numbers are updated until Ctrl-C; elsewhere they are printed once.

    \b
    Example:
      rollupctl top rollup_events_5min --tenant 7
    """
    with settings.connect() as session:
        names = names_of(session, [name] if name else [])
        if not names:
            raise RollupError("there is no rollup", "declare one with rollup.create_rollup")
        asked = (names[0], tenant, buckets, rows)
        if once or settings.form != "table" or not sys.stdout.isatty():
            settings.emit(current_numbers(session, *asked))
            return
        title = f"{names[0]}{'' if tenant is None else f', tenant {tenant}'}"
        with Live(console=console(), screen=True, auto_refresh=False) as live:
            while True:
                table = framed(current_numbers(session, *asked))
                table.title = f"{title}  {datetime.now():%H:%M:%S}"
                live.update(table, refresh=True)
                time.sleep(every or 2.0)


@click.command()
@click.option(
    "--listen",
    metavar="[HOST:]PORT",
    help="Serve them at /metrics until Ctrl-C, on 127.0.0.1 unless HOST is given.",
)
@dsn_option
@pass_settings
def metrics(settings: Settings, listen: str | None) -> None:
    """Print the numbers of the view rollup.metrics in the text format of Prometheus.

    They cover lag, runs and their durations, events set aside, sizes, partitions and loads, never
    single tenants. What this role may not read is left out and counted in rollup_hidden. With
    --listen, each request asks the database, at most once a second; while it cannot be reached the
    answer is status 503.

    \b
    Example:
      rollupctl metrics --listen 9187
    """
    if listen is None:
        with settings.connect() as session:
            click.echo(metrics_text(session), nl=False)
        return

    def read() -> str:
        with settings.connect() as session:
            return metrics_text(session)

    server = serve(parse_address(listen), read)
    host, port = str(server.server_address[0]), server.server_address[1]
    shown = f"[{host}]" if ":" in host else host
    note(f"listening on http://{shown}:{port}/metrics")
    with server:
        server.serve_forever()


COMMANDS = (status, top, metrics)
