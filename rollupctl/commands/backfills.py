"""backfill: count the history that a rollup lacks."""

from __future__ import annotations

import click
from psycopg.errors import Diagnostic

from rollupctl import rolling
from rollupctl.connect import call, positive_interval, query
from rollupctl.options import Settings, pass_settings, shared_options
from rollupctl.output import note

_MEASURES = """
select measure, valid_since, still_to_fill from rollup.measures
 where rollup = %s and added_at is not null
"""


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
@click.option("--pause", metavar="INTERVAL", help="Rest after each step: '1 second'.")
@shared_options
@pass_settings
def backfill(
    settings: Settings,
    name: str,
    tenant: str | None,
    step: str,
    max_events: int,
    pause: str | None,
) -> None:
    """Fill in the history that rollup NAME lacks, newest first, while it is in use.

    That is the backlog of a rollup that is filled newest first, and measures added by
    rollup.alter_rollup. Each step is committed and reported on stderr; an interrupted backfill
    resumes where it stopped. Finally prints from which bucket on each added measure is complete.

    \b
    Example:
      rollupctl backfill rollup_events_1hr --pause '1 second'
    """
    with settings.connect() as session:
        rolling.names_of(session, [name])
        positive_interval(session, step, "--step")
        rest = "0" if pause is None else positive_interval(session, pause, "--pause")
        session.add_notice_handler(_tell)
        if tenant is None:
            call(session, "call rollup.backfill(%s, %s, %s)", name, max_events, rest)
        call(session, "call rollup.backfill_measures(%s, %s, %s, %s)", name, step, rest, tenant)
        settings.emit(query(session, _MEASURES, name))


def _tell(said: Diagnostic) -> None:
    """Print the server's notices as progress."""
    if (said.severity_nonlocalized or said.severity) == "NOTICE":
        note(said.message_primary or "")


COMMANDS = (backfill,)
