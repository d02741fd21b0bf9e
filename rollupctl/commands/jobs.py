"""expire, schedule, unschedule: what runs by the calendar."""

from __future__ import annotations

import click

from rollupctl.connect import positive_interval, query
from rollupctl.options import Settings, pass_settings, shared_options
from rollupctl.target import find_target


@click.command()
@click.option(
    "--older-than", required=True, metavar="INTERVAL", help="Age of events to drop: '30 days'."
)
@click.option("--table", default="events", show_default=True, help="Table to drop events of.")
@click.option("--dry-run", is_flag=True, help="List what would go; drop nothing.")
@shared_options
@pass_settings
def expire(settings: Settings, older_than: str, table: str, dry_run: bool) -> None:
    """Drop raw events of an age, if every rollup has counted every one of them.

    Whole partitions go, and rows of that age in the default partition. If some rollup has not
    counted something there, nothing is dropped and the exit code is 1.

    \b
    Example:
      rollupctl expire --older-than '30 days' --dry-run
    """
    with settings.connect() as session:
        age = positive_interval(session, older_than, "--older-than")
        source = find_target(session, table).qualified
        call = "select * from rollup.expire(%s::regclass, %s::interval, %s)"
        settings.emit(query(session, call, source, age, dry_run))


@click.command()
@click.option(
    "--every",
    default="1 minute",
    show_default=True,
    metavar="INTERVAL",
    help="How often rollups run: '1 minute', '10 seconds', or a cron schedule '*/5 * * * *'.",
)
@click.option("--retention", metavar="INTERVAL", help="Expire events of this age: '30 days'.")
@shared_options
@pass_settings
def schedule(settings: Settings, every: str, retention: str | None) -> None:
    """Have pg_cron run the rollups, look after partitions and, if told to, expire events.

    Jobs go by name: run again, it changes them and adds none.

    \b
    Example:
      rollupctl schedule --every '1 minute' --retention '90 days'
    """
    with settings.connect() as session:
        if len(every.split()) != 5:  # five fields are cron notation
            positive_interval(session, every, "--every")
        if retention is not None:
            positive_interval(session, retention, "--retention")
        call = "select * from rollup.schedule(every => %s, retention => %s)"
        settings.emit(query(session, call, every, retention))


@click.command()
@shared_options
@pass_settings
def unschedule(settings: Settings) -> None:
    """Remove the pg_cron jobs that `schedule` made.

    \b
    Example:
      rollupctl unschedule
    """
    with settings.connect() as session:
        settings.emit(query(session, "select * from rollup.unschedule()"))


COMMANDS = (expire, schedule, unschedule)
