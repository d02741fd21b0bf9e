"""install, uninstall, generate, load: everything needed before events can be counted."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar

import click

from rollupctl.errors import BEHIND, DONE, UsageError
from rollupctl.files import examples
from rollupctl.generate import Sample
from rollupctl.install import install as install_package
from rollupctl.loading.dialect import Dialect
from rollupctl.loading.load import GONE, RESULT, Options, load_files
from rollupctl.loading.timevalue import FORMATS, ISO
from rollupctl.options import Settings, output_option, pass_settings, shared_options
from rollupctl.output import Table, note
from rollupctl.uninstall import uninstall as uninstall_package
from rollupctl.versions import installed_version

Function = TypeVar("Function", bound=Callable[..., Any])


@click.command()
@click.option(
    "--partition-interval",
    metavar="INTERVAL",
    help="Length of a partition of events, such as '1 day' or '5 minutes'; used when the "
    "table is created.",
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
    engine_only: bool,
    analytics: bool,
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
    if engine_only and chosen:
        raise click.UsageError("--example means nothing with --engine-only: it needs the events")
    with settings.connect(any_version=True) as session:
        done = install_package(
            session,
            partition_interval=partition_interval,
            engine_only=engine_only,
            analytics=analytics,
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


def _dialect_options(command: Function) -> Function:
    """Add the options for the format of a CSV file; see csvfile.Dialect."""
    for option in (
        click.option(
            "--null",
            metavar="TEXT",
            help="Text that stands for no value: NULL, '\\N', or '' so that \"\" does in columns "
            "that are not text.  [default: an empty field without quotes]",
        ),
        click.option(
            "--encoding",
            default="utf-8",
            show_default=True,
            metavar="NAME",
            help="Encoding of the text: latin1, cp1252, utf-16.",
        ),
        click.option(
            "--columns",
            metavar="NAMES",
            help="Names of the fields of files without a header: customer_id,event_type.",
        ),
        click.option(
            "--map",
            "fields",
            metavar="COLUMN=FIELD",
            multiple=True,
            help="Load a field into the column of another name (may be repeated).",
        ),
        click.option(
            "--set",
            "constants",
            metavar="COLUMN=VALUE",
            multiple=True,
            help="A column that the files lack, and its value in all rows (may be repeated).",
        ),
        click.option("--quote", default='"', metavar="CHAR", help='[default: "]'),
        click.option(
            "--delimiter", default=",", metavar="CHAR", help="';', '|' or tab.  [default: ,]"
        ),
    ):
        command = option(command)
    return command


def _pairs(option: str, given: tuple[str, ...]) -> dict[str, str]:
    """What stands on both sides of the = of each value of an option that may be repeated."""
    pairs: dict[str, str] = {}
    for each in given:
        column, mark, value = each.partition("=")
        if not mark or not column.strip():
            raise UsageError(f"{option}: {each!r} has no column", f"write {option} country=DE, say")
        if column.strip() in pairs:
            raise UsageError(f"{option}: column {column.strip()} is named twice")
        pairs[column.strip()] = value
    return pairs


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--table", default="events", show_default=True, help="Table to load into.")
@click.option(
    "--time-zone",
    default="UTC",
    show_default=True,
    help="Zone of times that come without an offset, by name: Europe/Berlin.",
)
@click.option(
    "--time-format",
    type=click.Choice(FORMATS),
    default=ISO,
    show_default=True,
    help="Times as numbers since 1970 (epoch: seconds), dates with the day first (dmy: 31.12.2024) "
    "or the month (mdy), or any: all that PostgreSQL takes for a time, such as now or the year "
    "20000.",
)
@_dialect_options
@click.option("--again", is_flag=True, help="Load a file again if its rows no longer exist.")
@click.option("--dry-run", is_flag=True, help="Check the files' headers; load nothing.")
@shared_options
@pass_settings
def load(
    settings: Settings,
    /,
    files: tuple[str, ...],
    delimiter: str,
    quote: str,
    null: str | None,
    encoding: str,
    columns: str | None,
    fields: tuple[str, ...],
    constants: tuple[str, ...],
    **others: Any,
) -> None:
    """Load CSV files, each exactly once; - is standard input.

    FILE may also be a directory, or a pattern in quotes. Files compressed with gzip, bzip2, xz or
    zstd are recognized by their content. Columns may be in any order; omitted columns get their
    defaults. Each file is one transaction. A
    file whose content was loaded before is skipped, whatever its name; if rows of it no longer
    exist (deleted, truncated, expired), a note says so and the exit code is 3. The first invalid
    file ends the command and leaves no rows; run the command again when the file is corrected.

    \b
    Example:
      rollupctl load data/*.csv
      rollupctl load archive/ && ssh web cat today.csv | rollupctl load -
      rollupctl load 2015.csv.gz --map country=land --set source=archive
      rollupctl load export.csv --delimiter ';' --null NULL --time-format epoch_ms
    """
    columns_of = _pairs("--map", fields)
    mapped = {field: column for column, field in columns_of.items()}
    if len(mapped) < len(columns_of):
        raise UsageError("--map: a field can be loaded into one column only")
    dialect = Dialect(
        "\t" if delimiter in ("tab", "\\t") else delimiter,
        quote,
        null,
        encoding,
        tuple(name.strip() for name in (columns or "").split(",")) if columns else (),
        mapped,
        _pairs("--set", constants),
    )
    report = Table(RESULT)
    with settings.connect() as session:
        try:
            load_files(session, files, Options(dialect=dialect, **others), report=report)
        finally:
            if report.rows:
                settings.emit(report)
    click.get_current_context().exit(BEHIND if GONE in report.column("status") else DONE)


COMMANDS = (install, uninstall, generate, load)
