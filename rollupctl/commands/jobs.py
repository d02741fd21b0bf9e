"""expire, retention, schedule, unschedule: what runs by the calendar."""

from __future__ import annotations

import click

from rollupctl import expiry, rolling
from rollupctl.connect import Session, positive_interval, query
from rollupctl.errors import DEFERRED, DONE, UsageError, tell
from rollupctl.options import Settings, pass_settings, shared_options
from rollupctl.output import Table
from rollupctl.target import find_target

_MAX_ROWS = 1_000_000  # of a rollup that is not partitioned, about so many are deleted at a time


@click.command()
@click.option(
    "--older-than",
    metavar="INTERVAL",
    help="Age of events to drop: '30 days'.  [default: what retention says, of everything]",
)
@click.option("--table", help="With --older-than: table to drop events of.  [default: events]")
@click.option("--dry-run", is_flag=True, help="List what would go; drop nothing.")
@click.option("--yes", is_flag=True, help="Do not ask, also where it is not usual.")
@shared_options
@pass_settings
def expire(
    settings: Settings, older_than: str | None, table: str | None, dry_run: bool, yes: bool
) -> None:
    """Remove what is older than it is to be kept: raw events and rows of rollups.

    Raw events go only if every rollup has counted every one of them: whole partitions, and rows
    of that age in the default partition. If some rollup has not counted something there, nothing
    of that table is dropped and the exit code is 1. With --older-than only events of one table
    go, whatever `rollupctl retention` says.

    Asks before the first time that something of a table goes, and before a longer time goes at
    once than stays; where there is no terminal to ask on, that needs --yes.

    \b
    Example:
      rollupctl expire --dry-run
      rollupctl expire --older-than '30 days'
    """
    if older_than is None and table is not None:
        raise UsageError("--table goes with --older-than", "see `rollupctl retention`")
    code = DONE
    with settings.connect() as session:
        if older_than is not None:
            age = positive_interval(session, older_than, "--older-than")
            source = find_target(session, table or "events").qualified
            call = "select * from rollup.expire(%s::regclass, %s::interval, %s)"
            gone = query(session, call, source, age, True)
            reasons = expiry.reasons_of_one(session, source, age, gone)
            if not dry_run:
                expiry.ask([] if yes else reasons)
                gone = query(session, call, source, age, False)
        else:
            reasons = [] if yes else expiry.reasons_of_all(session)
            if dry_run:
                gone = query(session, "select * from rollup.expirable()")
            else:
                expiry.ask(reasons)
                gone, code = _enforce(session)
    if dry_run and not yes:
        expiry.tell(reasons)
    settings.emit(gone)
    click.get_current_context().exit(code)


def _enforce(session: Session) -> tuple[Table, int]:
    """Part after part, each committed; what must stay is reported, and the rest goes."""
    gone = Table(("kind", "name", "partition", "range_from", "range_to", "rows", "bytes", "action"))
    codes: set[int] = set()
    for step in rolling.steps(session, "expire", None, _MAX_ROWS):
        for part in step.report:
            gone.add(*(part[name] for name in gone.columns))
        if step.failure:
            codes.add(tell(step.failure))
    return gone, min(codes - {DEFERRED} or codes, default=DONE)


@click.command()
@click.argument("name", required=False)
@click.argument("keep", required=False, metavar="[INTERVAL|forever]")
@shared_options
@pass_settings
def retention(settings: Settings, name: str | None, keep: str | None) -> None:
    """Show how long everything is kept, after setting it for NAME, a rollup or a table of events.

    `rollupctl expire` enforces it, and so does the schedule.

    \b
    Example:
      rollupctl retention events '7 days'
      rollupctl retention rollup_events_5min '90 days'
      rollupctl retention rollup_events_1hr forever
    """
    if name is not None and keep is None:
        raise UsageError("say how long it is kept", "write '90 days', or forever")
    with settings.connect() as session:
        if keep is not None:
            age = None if keep == "forever" else positive_interval(session, keep, "INTERVAL")
            query(session, "select rollup.set_retention(%s, %s::interval)", name, age)
        settings.emit(query(session, "select * from rollup.retention"))


@click.command()
@click.option(
    "--every",
    default="1 minute",
    show_default=True,
    metavar="INTERVAL",
    help="How often rollups run: '1 minute', '10 seconds', or a cron schedule '*/5 * * * *'.",
)
@click.option(
    "--retention", metavar="INTERVAL", help="How long to keep events, as by `retention`: '30 days'."
)
@shared_options
@pass_settings
def schedule(settings: Settings, every: str, retention: str | None) -> None:
    """Have pg_cron run the rollups, look after partitions and expire what is too old.

    Jobs go by name: run again, it changes them and adds none. With --retention all tables of
    events are kept that long; without, what `rollupctl retention` says stays as it is.

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


COMMANDS = (expire, retention, schedule, unschedule)
