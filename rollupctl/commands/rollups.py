"""rollup, status, verify, rebuild, doctor: keep rollups up to date and right."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click
import psycopg

from rollupctl import rolling
from rollupctl.cluster import Cluster
from rollupctl.connect import find_dsn, positive_interval, query
from rollupctl.errors import BEHIND, DIFFERENCE, ConnectError, report
from rollupctl.options import Settings, pass_settings, shared_options
from rollupctl.output import Table, json_line, note, render

_VERIFY = "select * from rollup.verify(%s, %s, %s, %s)"

Function = TypeVar("Function", bound=Callable[..., Any])


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME…]")
@click.option("--watch", is_flag=True, help="Keep going until Ctrl-C.")
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
    """Count new events into the rollups named, or into all, until they have caught up.

    A rollup that another session holds up is put off, the others go on, and the exit code is 4.

    \b
    Example:
      rollupctl rollup
      rollupctl rollup rollup_events_5min --watch --every 30
    """
    if watch:
        _watch(settings, names, every, max_events)
    with settings.connect() as session:
        outcomes = rolling.catch_up_all(session, names, max_events)
    settings.emit(rolling.as_table(outcomes))
    click.get_current_context().exit(rolling.exit_code(outcomes))


def _watch(settings: Settings, names: tuple[str, ...], every: float, max_events: int) -> None:
    """Round after round, for ever; a server that goes away is waited for."""
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
            # What never worked is a mistake in the command; what stopped working may come back.
            if not connected:
                raise
            report(error)
            pause = next(pauses)
            note(f"trying again in {pause:.0f} s")
            time.sleep(pause)


def _print_round(settings: Settings, outcomes: list[rolling.Outcome], header: bool) -> None:
    """What a round did, for rollups that did anything: rows that go on without an end."""
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


@click.command()
@click.option(
    "--max-lag",
    type=click.FloatRange(0),
    default=600.0,
    show_default=True,
    metavar="SECONDS",
    help="A rollup further behind than this makes the exit code 3.",
)
@shared_options
@pass_settings
def status(settings: Settings, max_lag: float) -> None:
    """Show how far behind each rollup is, and how its last run went.

    The exit code is 3 when one is too far behind or its last run failed.

    \b
    Example:
      rollupctl status --max-lag 300 || page-someone
    """
    with settings.connect() as session:
        table = query(session, "select * from rollup.status")
    settings.emit(table)
    found = find_dsn(settings.dsn)
    if found and found[1] == "the embedded PostgreSQL":
        note(f"log of the embedded PostgreSQL: {Cluster.default().log}")
    late = [
        row
        for row in table.records()
        if row["last_status"] == "failed" or (row["lag_seconds"] or 0) > max_lag
    ]
    click.get_current_context().exit(BEHIND if late else 0)


def range_options(command: Function) -> Function:
    """Add --from, --to and --tenant, which bound what is compared or recomputed."""
    for option in (
        click.option("--tenant", help="One tenant only."),
        click.option("--to", "until", metavar="TIME", help="Buckets before this time."),
        click.option(
            "--from",
            "since",
            metavar="TIME",
            help="Buckets from this time on (UTC).",
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME…]")
@range_options
@click.option("--repair", is_flag=True, help="Rebuild what differs, then compare again.")
@shared_options
@pass_settings
def verify(
    settings: Settings,
    names: tuple[str, ...],
    since: str | None,
    until: str | None,
    tenant: str | None,
    repair: bool,
) -> None:
    """Compare the rollups named, or all, with the raw events; print what differs.

    A row for each measure that differs: what the rollup has, and what the events say. The exit
    code is 5 when there is one. With --repair the buckets at fault are rebuilt, and what differs
    after that is printed.

    \b
    Example:
      rollupctl verify rollup_events_1hr --from 2024-05-01 --to 2024-05-02
    """
    differing = Table(())
    with settings.connect() as session:
        for name in rolling.names_of(session, names):
            where = (name, since, until, tenant)
            found = query(session, _VERIFY, *where)
            if found.rows and repair:
                rebuilt = query(session, "select * from rollup.repair(%s, %s, %s, %s)", *where)
                note(f"{name}: {len(rebuilt.rows)} buckets differed and were rebuilt")
                found = query(session, _VERIFY, *where)
            note(f"{name}: {len(found.rows) or 'no'} differences")
            differing = Table(found.columns, [*differing.rows, *found.rows])
    settings.emit(differing)
    click.get_current_context().exit(DIFFERENCE if differing.rows else 0)


@click.command()
@click.argument("name")
@range_options
@click.option("--all", "everything", is_flag=True, help="The whole rollup, not a range of it.")
@click.option(
    "--step",
    metavar="INTERVAL",
    help="Commit after each step of this length, such as '1 day'; for long ranges.",
)
@click.option("--dry-run", is_flag=True, help="Print what differs from the events; change nothing.")
@shared_options
@pass_settings
def rebuild(
    settings: Settings,
    name: str,
    since: str | None,
    until: str | None,
    tenant: str | None,
    everything: bool,
    step: str | None,
    dry_run: bool,
) -> None:
    """Recompute a range of rollup NAME from the raw events, in one transaction.

    \b
    Example:
      rollupctl rebuild rollup_events_1hr --from 2024-05-01 --to 2024-05-02
    """
    bounded = (since, until, tenant) != (None, None, None)
    if bounded == everything:
        raise click.UsageError("say what to rebuild: either --from, --to or --tenant, or --all")
    with settings.connect() as session:
        rolling.names_of(session, [name])
        if step is not None:
            positive_interval(session, step, "--step")
        where = (name, since, until, tenant)
        if dry_run:
            settings.emit(query(session, _VERIFY, *where))
        elif step is None:
            settings.emit(query(session, "select * from rollup.rebuild(%s, %s, %s, %s)", *where))
        else:
            query(session, "call rollup.rebuild_in_steps(%s, %s, %s, %s, %s)", *where, step)


@click.command()
@shared_options
@pass_settings
def doctor(settings: Settings) -> None:
    """Check the installation: what was found, and what to do about it.

    The exit code is 3 when a check failed.

    \b
    Example:
      rollupctl doctor
    """
    with settings.connect() as session:
        table: Table = query(session, "select * from rollup.doctor()")
    settings.emit(table)
    click.get_current_context().exit(BEHIND if "fail" in table.column("status") else 0)


COMMANDS = (rollup, status, verify, rebuild, doctor)
