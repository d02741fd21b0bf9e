"""install, uninstall, generate: everything needed before events can be loaded."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from pathlib import Path

import click

from rollupctl.files import examples
from rollupctl.generate import Sample
from rollupctl.install import install as install_package
from rollupctl.options import Settings, output_option, pass_settings, shared_options
from rollupctl.output import note
from rollupctl.uninstall import uninstall as uninstall_package
from rollupctl.versions import installed_version


@click.command()
@click.option(
    "--partition-interval",
    metavar="INTERVAL",
    help="Length of a partition of events, such as '1 day' or '5 minutes'; used when the "
    "table is created.",
)
@click.option(
    "--shard-count",
    metavar="NUMBER",
    type=click.IntRange(min=1),
    help="On Citus: number of shards of events and of all that is colocated; used when the table "
    "is distributed.",
)
@click.option(
    "--engine-only", is_flag=True, help="Install the package only, without the example's tables."
)
@click.option(
    "--analytics",
    is_flag=True,
    help="Also install the analytics, schema rollup_analytics; later installations upgrade them.",
)
@click.option(
    "--sites",
    is_flag=True,
    help="Also create the table of sites, for tenants that come as names; see `rollupctl sites`.",
)
@click.option(
    "--serve",
    is_flag=True,
    help="Also install what `rollupctl serve` needs, schema rollup_serve.",
)
@click.option(
    "--example",
    "chosen",
    type=click.Choice(examples()),
    multiple=True,
    help="Also install this example (may be repeated).",
)
@shared_options
@pass_settings
def install(
    settings: Settings,
    partition_interval: str | None,
    shard_count: int | None,
    engine_only: bool,
    analytics: bool,
    sites: bool,
    serve: bool,
    chosen: tuple[str, ...],
) -> None:
    """Install or upgrade the SQL package and the example application.

    Everything is installed in one transaction. Running it again changes nothing; concurrent
    installations run one after the other.

    \b
    Example:
      rollupctl install --partition-interval '1 day'
      rollupctl install --example page_views --example sales
      rollupctl install --analytics
    """
    if engine_only and partition_interval is not None:
        raise click.UsageError("--partition-interval means nothing with --engine-only")
    if engine_only and shard_count is not None:
        raise click.UsageError("--shard-count means nothing with --engine-only")
    if engine_only and chosen:
        raise click.UsageError("--example means nothing with --engine-only: it needs the events")
    with settings.connect(any_version=True) as session:
        done = install_package(
            session,
            partition_interval=partition_interval,
            shard_count=shard_count,
            engine_only=engine_only,
            analytics=analytics,
            sites=sites,
            serve=serve,
            examples=chosen,
        )
        settings.emit(done)
        note(f'rollup {installed_version(session)} is in database "{session.info.dbname}"')


@click.command()
@click.option("--drop-tables", is_flag=True, help="Drop the tables of the rollups too.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--dry-run", is_flag=True, help="List what would be removed; change nothing.")
@shared_options
@pass_settings
def uninstall(settings: Settings, drop_tables: bool, yes: bool, dry_run: bool) -> None:
    """Remove the SQL package, and everything that it has created, from the database.

    Declarations and watermarks, jobs, counting functions and the views of the rollups are removed
    in one transaction. The tables of the rollups stay, unless --drop-tables is given. Events and
    extensions always stay. If other objects depend on those to be removed, nothing is removed, and
    the dependent objects are listed.

    Asks for confirmation if rollups are declared; without a terminal, --yes is required.

    \b
    Example:
      rollupctl uninstall --dry-run
      rollupctl uninstall --drop-tables
    """
    with settings.connect() as session:
        gone = uninstall_package(session, drop_tables=drop_tables, dry_run=dry_run, confirmed=yes)
        settings.emit(gone)
        if not dry_run:
            note(f'rollup is no longer in database "{session.info.dbname}"')


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--files", type=click.IntRange(1, 100_000), default=10, show_default=True)
@click.option(
    "--rows", type=click.IntRange(0), default=200_000, show_default=True, help="Rows in each file."
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--customers", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--skew", is_flag=True, help="Few customers and devices make most events.")
@click.option(
    "--shop", is_flag=True, help="Page views and sales, with the columns of the examples."
)
@click.option("--event-time", is_flag=True, help="Add a column event_time, for history.")
@click.option(
    "--days",
    type=click.FloatRange(0, 36_500, min_open=True),
    default=7.0,
    show_default=True,
    help="With --event-time: how far back times go.",
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]),
    help="With --event-time: where times end, in UTC.  [default: the hour that has begun]",
)
@click.option("--force", is_flag=True, help="Overwrite existing files.")
@output_option
@pass_settings
def generate(
    settings: Settings,
    directory: Path,
    files: int,
    rows: int,
    seed: int,
    customers: int,
    skew: bool,
    shop: bool,
    event_time: bool,
    days: float,
    until: datetime | None,
    force: bool,
) -> None:
    """Write sample CSV files, 1.csv and so on, into DIRECTORY.

    They have the tutorial's columns or, with --shop, page views, carts, orders and refunds for the
    examples. The same seed gives the same bytes on every machine (with --event-time, if --until is
    given too).

    \b
    Example:
      rollupctl generate data --files 2 --rows 1000
    """
    if until is not None and not event_time:
        raise click.UsageError("--until means nothing without --event-time")
    if event_time:
        now = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0)
        until = now if until is None else until.replace(tzinfo=timezone.utc)
        if math.isnan(days) or until.replace(tzinfo=None) - datetime.min < timedelta(days + 1):
            raise click.UsageError(f"--days: {days:g} days before {until:%Y-%m-%d} is no date")
    if shop and skew:
        raise click.UsageError("--skew means nothing with --shop")
    sample = Sample(files, rows, seed, customers, until, days, skew, shop)
    settings.emit(sample.write(directory, force=force))


COMMANDS = (install, uninstall, generate)
