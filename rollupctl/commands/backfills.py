"""backfill: count the history that a rollup lacks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import click

from rollupctl import rolling
from rollupctl.connect import Session, positive_interval, query
from rollupctl.errors import UsageError
from rollupctl.options import Settings, pass_settings, shared_options
from rollupctl.output import note
from rollupctl.sidebyside import side_by_side

_MEASURES = """
select measure, valid_since, still_to_fill from rollup.measures
 where rollup = %s and added_at is not null
"""
_START = "select rollup.start_job('backfill measures', %s, %s, %s)::text as job"
_SECONDS = "select extract(epoch from %s::interval)::float8 as seconds"


@click.command()
@click.argument("name")
@click.option("--tenant", help="Added measures of one tenant only.")
@click.option(
    "--step",
    default="1 day",
    show_default=True,
    metavar="INTERVAL",
    help="Added measures: buckets filled in at a time.",
)
@click.option(
    "--max-events",
    type=click.IntRange(1),
    default=100_000,
    show_default=True,
    help="Events counted at a time.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 16),
    default=1,
    show_default=True,
    help="Sessions that count side by side.",
)
@click.option("--pause", metavar="INTERVAL", help="Rest after each step: '1 second'.")
@shared_options
@pass_settings
def backfill(
    settings: Settings,
    name: str,
    tenant: str | None,
    step: str,
    max_events: int,
    jobs: int,
    pause: str | None,
) -> None:
    """Fill in the history that rollup NAME lacks, newest first, while it is in use.

    That is events that it has not counted, and measures added by rollup.alter_rollup. Each step is
    committed and reported on stderr; an interrupted backfill resumes where it stopped. Finally
    prints from which bucket on each added measure is complete.

    A history that the first runs have still to count becomes a backlog. With --jobs, several
    sessions count different parts of it.

    \b
    Example:
      rollupctl backfill rollup_events_1hr --pause '1 second'
    """
    if tenant is not None and jobs > 1:
        raise UsageError(
            "--jobs does not go with --tenant: added measures are filled in one by one"
        )
    with settings.connect() as session:
        rolling.names_of(session, [name])
        positive_interval(session, step, "--step")
        rest = 0.0
        if pause is not None:
            positive_interval(session, pause, "--pause")
            (rest,) = query(session, _SECONDS, pause).column("seconds")
        stop = threading.Event()
        if tenant is None:
            backlog = partial(_fill_backlog, name, max_events, rest, stop)
            for ended in side_by_side(settings.connect, [backlog] * jobs, jobs, stop):
                ended.result()
        (job,) = query(session, _START, [name], step, tenant).column("job")
        _show(rolling.perform(session, job, max_events), name, rest, stop)
        settings.emit(query(session, _MEASURES, name))


def _fill_backlog(
    name: str, max_events: int, pause: float, stop: threading.Event, session: Session
) -> None:
    """Fill in the backlog as one of several sessions, which stop when one of them fails."""
    try:
        _show(rolling.steps(session, "backfill", [name], max_events), name, pause, stop)
    except BaseException:
        stop.set()
        raise


def _show(steps: Iterator[rolling.Step], name: str, pause: float, stop: threading.Event) -> None:
    """Perform the steps; after each that has filled in something, print the progress and pause.

    A run between two steps may fail: that is the business of the next run.
    """
    for step in steps:
        for row in step.report:
            progress = _progress(row) if row["rollup"] == name else None
            if progress:
                note(f"rollup {name}: {progress}")
                stop.wait(pause)
        if stop.is_set():
            return


def _progress(row: dict[str, Any]) -> str | None:
    """What a row of a report says of the history that is still lacking, if anything."""
    if row["filled"]:
        return f"{row['filled']}; {row['position']}"
    if row["status"] == "done" and row["backlog_ids"]:
        percent, left = row["filled_percent"], row["backlog_ids"]
        return f"{percent} % of its backlog is counted, {left} ids are left"
    return None


COMMANDS = (backfill,)
