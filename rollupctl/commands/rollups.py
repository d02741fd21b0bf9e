"""rollup: keep rollups up to date."""

from __future__ import annotations

import time
from datetime import datetime

import click
import psycopg

from rollupctl import rolling
from rollupctl.errors import ConnectError, report
from rollupctl.options import Settings, pass_settings, shared_options
from rollupctl.output import json_line, note, render


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME…]")
@click.option("--watch", is_flag=True, help="Continue until Ctrl-C.")
@click.option(
    "--every",
    type=click.FloatRange(0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="With --watch: the pause between rounds.",
)
@click.option(
    "--max-events",
    type=click.IntRange(1),
    default=1_000_000,
    show_default=True,
    help="Events counted in one transaction, at most.",
)
@shared_options
@pass_settings
def rollup(
    settings: Settings, names: tuple[str, ...], watch: bool, every: float, max_events: int
) -> None:
    """Count new events into the given rollups, or into all, until they have caught up.

    A rollup that is blocked by another session is deferred, the others continue, and the exit code
    is 4.

    \b
    Example:
      rollupctl rollup
      rollupctl rollup rollup_events_5min --watch --every 30
    """
    if watch:
        _watch(settings, names, every, max_events)
    with settings.connect() as session:
        outcomes = rolling.catch_up_all(session, names, max_events)
    for line in rolling.backlogs(outcomes):
        note(line)
    settings.emit(rolling.as_table(outcomes))
    click.get_current_context().exit(rolling.exit_code(outcomes))


def _watch(settings: Settings, names: tuple[str, ...], every: float, max_events: int) -> None:
    """Round after round, until interrupted; waits for an unavailable server."""
    pauses = rolling.pauses()
    connected = False
    header = True
    while True:
        try:
            with settings.connect() as session:
                if not connected:
                    rolling.names_of(session, names)
                connected, pauses = True, rolling.pauses()
                while True:
                    outcomes = rolling.catch_up_all(session, names, max_events)
                    _print_round(settings, outcomes, header)
                    header = False
                    time.sleep(every)
        except (ConnectError, psycopg.OperationalError, psycopg.InterfaceError) as error:
            # A first attempt that fails indicates a wrong command; a later one may be temporary.
            if not connected:
                raise
            report(error)
            pause = next(pauses)
            note(f"trying again in {pause:.0f} s")
            time.sleep(pause)


def _print_round(settings: Settings, outcomes: list[rolling.Outcome], header: bool) -> None:
    """Outcomes of a round, without rollups that had nothing new: rows of unbounded output."""
    busy = [each for each in outcomes if each.status != "nothing new"]
    if not busy:
        return
    table = rolling.as_table(busy)
    if settings.form == "json":
        click.echo(json_line(table), nl=False)
    elif settings.form == "csv":
        click.echo(render(table, "csv", header=header), nl=False)
    else:
        now = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        for each in busy:
            click.echo(
                f"{now}  {each.rollup}  {each.status}  {each.events} events  "
                f"{each.rows} rows  {each.seconds:.3f} s"
            )


COMMANDS = (rollup,)
