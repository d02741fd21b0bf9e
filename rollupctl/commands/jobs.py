"""expire, retention, schedule, unschedule: scheduled work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from rollupctl import expiry, rolling
from rollupctl.archiving.archive import archive_next, require_directory
from rollupctl.confirm import announce_confirmation, require_confirmation
from rollupctl.connect import positive_interval, query
from rollupctl.errors import DEFERRED, DONE, UsageError, tell
from rollupctl.loading.target import find_target
from rollupctl.options import Settings, pass_settings, shared_options
from rollupctl.output import Table

_MAX_ROWS = 1_000_000  # rows deleted at a time from a rollup that is not partitioned, approximately
_COLUMNS = ("kind", "name", "partition", "range_from", "range_to", "rows", "bytes", "action")
_START = "select rollup.start_job('expire', %s, older_than => %s::interval)::text as job"


@click.command()
@click.option(
    "--older-than",
    metavar="INTERVAL",
    help="Age of events to drop: '30 days'.  [default: what retention says, of everything]",
)
@click.option("--table", help="With --older-than: table to drop events of.  [default: events]")
@click.option(
    "--archive",
    metavar="DIRECTORY",
    type=click.Path(path_type=Path),
    help="Write raw events to Parquet files in it before they are removed.",
)
@click.option("--dry-run", is_flag=True, help="List what would be removed; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@shared_options
@pass_settings
def expire(
    settings: Settings,
    older_than: str | None,
    table: str | None,
    archive: Path | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Remove raw events and rows of rollups that have exceeded their retention.

    Raw events are removed only if every rollup has counted all of them: whole partitions, and rows
    of the same age in the default partition. If a rollup has not counted some of them, nothing of
    that table is removed and the exit code is 1. A partition that is in use, or holds an event that
    was set aside, is named with the reason, the others are removed, and the exit code is 1. With
    --older-than only events of one table are removed, regardless of `rollupctl retention`.

    Asks for confirmation before the first removal from a table, and before a removal that covers a
    longer time than the age itself; without a terminal, that needs --yes.

    With --archive, each partition becomes a file, which is read back and compared with the events
    before these are removed. Events that arrive meanwhile are kept. `rollupctl restore` loads such
    a file. That needs pip install 'rollupctl[parquet]'.

    \b
    Example:
      rollupctl expire --dry-run
      rollupctl expire --archive /var/archive
      rollupctl expire --older-than '30 days'
    """
    if older_than is None and table is not None:
        raise UsageError("--table goes with --older-than", "see `rollupctl retention`")
    code = DONE
    if archive is not None:
        require_directory(archive)
    with settings.connect() as session:

        def before(job: str) -> str:
            return job if archive is None else archive_next(session, job, archive)

        if older_than is not None:
            age = positive_interval(session, older_than, "--older-than")
            source = find_target(session, table or "events").qualified
            call = "select * from rollup.expire(%s::regclass, %s::interval, %s)"
            gone = query(session, call, source, age, True)
            reasons = expiry.reasons_of_one(session, source, age, gone)
            if not dry_run:
                require_confirmation([] if yes else reasons)
                (job,) = query(session, _START, [source], age).column("job")
                gone, code = _enforce(
                    rolling.perform(session, job, _MAX_ROWS, before), gone.columns
                )
        else:
            reasons = [] if yes else expiry.reasons_of_all(session)
            if dry_run:
                gone = query(session, "select * from rollup.expirable()")
            else:
                require_confirmation(reasons)
                steps = rolling.steps(session, "expire", None, _MAX_ROWS, before)
                gone, code = _enforce(steps, _COLUMNS)
    if dry_run and not yes:
        announce_confirmation(reasons)
    if gone.rows or code == DONE or settings.form != "table":
        settings.emit(gone)
    click.get_current_context().exit(code)


def _enforce(steps: Iterable[rolling.Step], columns: Sequence[str]) -> tuple[Table, int]:
    """Part after part, each committed; what must stay is reported, and the rest is removed."""
    gone = Table(tuple(columns))
    codes: set[int] = set()
    for step in steps:
        for part in step.report:
            gone.add(*(part["rows" if name == "events" else name] for name in gone.columns))
        if step.failure:
            codes.add(tell(step.failure))
    return gone, min(codes - {DEFERRED} or codes, default=DONE)


@click.command()
@click.argument("name", required=False)
@click.argument("keep", required=False, metavar="[INTERVAL|forever]")
@click.option(
    "--keys",
    is_flag=True,
    help="Of the keys of events, by which loaders recognize events that come again.",
)
@shared_options
@pass_settings
def retention(settings: Settings, name: str | None, keep: str | None, keys: bool) -> None:
    """Show all retentions, after setting that of NAME, a rollup or a table of events.

    `rollupctl expire` enforces them, and so does the schedule.

    \b
    Example:
      rollupctl retention events '7 days'
      rollupctl retention rollup_events_5min '90 days'
      rollupctl retention rollup_events_1hr forever
      rollupctl retention events '30 days' --keys
    """
    if (name is not None or keys) and keep is None:
        raise UsageError("say how long it is kept", "write '90 days', or forever")
    with settings.connect() as session:
        if keep is not None:
            age = None if keep == "forever" else positive_interval(session, keep, "INTERVAL")
            call = "select rollup.set_retention(%s, %s::interval, keys => %s)"
            query(session, call, name, age, keys)
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
    """Schedule pg_cron jobs that run rollups, maintain partitions and enforce retention.

    Jobs are identified by name, so running it again changes the existing ones. --retention applies
    to all partitioned tables of events; without it, `rollupctl retention` stays as it is.

    \b
    Example:
      rollupctl schedule --every '1 minute' --retention '90 days'
    """
    with settings.connect() as session:
        if len(every.split()) != 5:  # five fields: cron notation
            positive_interval(session, every, "--every")
        if retention is not None:
            positive_interval(session, retention, "--retention")
        call = "select * from rollup.schedule(every => %s, retention => %s)"
        settings.emit(query(session, call, every, retention))


@click.command()
@shared_options
@pass_settings
def unschedule(settings: Settings) -> None:
    """Remove the pg_cron jobs that `schedule` created.

    \b
    Example:
      rollupctl unschedule
    """
    with settings.connect() as session:
        settings.emit(query(session, "select * from rollup.unschedule()"))


COMMANDS = (expire, retention, schedule, unschedule)
