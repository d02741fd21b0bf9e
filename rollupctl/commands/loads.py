"""load: events from files; loads: what was loaded."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import click

from rollupctl.commands.dialectoptions import dialect_options, pairs
from rollupctl.connect import query
from rollupctl.errors import BEHIND, DONE, UsageError
from rollupctl.loading.dialect import Dialect
from rollupctl.loading.load import RESULT, Options, load_files
from rollupctl.loading.outcome import GONE, total
from rollupctl.loading.rejects import RejectFile
from rollupctl.loading.target import find_target
from rollupctl.loading.timerange import parse_range
from rollupctl.loading.timevalue import FORMATS, ISO
from rollupctl.options import Settings, pass_settings, shared_options
from rollupctl.output import Table


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
@click.option(
    "--time-range",
    metavar="FROM..TO",
    help="First and last day on which events may lie: 2000-01-01..2030-12-31.  [default: the last "
    "20 years, and tomorrow]",
)
@dialect_options
@click.option(
    "--reject",
    metavar="FILE",
    help="Write bad rows into this file instead of stopping at the first.",
)
@click.option(
    "--max-rejects",
    type=click.IntRange(0),
    default=1000,
    show_default=True,
    help="Stop when more rows are bad.",
)
@click.option(
    "--follow",
    is_flag=True,
    help="Go on with what one file, or standard input, gets; commit about once a second.",
)
@click.option(
    "--channel",
    metavar="NAME",
    help="Name under which the position of --follow is kept.  [default: the file's path; stdin]",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Files that are loaded side by side, each in a session of its own.",
)
@click.option("--again", is_flag=True, help="Load a file again if none of its rows exist any more.")
@click.option("--dry-run", is_flag=True, help="Check the files' headers; load nothing.")
@shared_options
@pass_settings
def load(
    settings: Settings,
    /,
    files: tuple[str, ...],
    delimiter: str,
    quote: str,
    decimal: str,
    null: str | None,
    encoding: str,
    columns: str | None,
    fields: tuple[str, ...],
    constants: tuple[str, ...],
    sites: tuple[str, ...],
    rest: str | None,
    ignore_unknown: bool,
    event_key: str | None,
    file_format: str,
    time_range: str | None,
    reject: str | None,
    max_rejects: int,
    follow: bool,
    channel: str | None,
    jobs: int,
    **others: Any,
) -> None:
    """Load files of events, each exactly once; - is standard input.

    FILE may also be a directory, or a pattern in quotes. CSV, JSON lines, Parquet, Arrow and logs
    of web servers are recognized by their content, and so is compression by gzip, bzip2, xz or
    zstd. Columns may be in any order; omitted columns get their
    defaults. A file whose content was loaded before is skipped, whatever its name; if rows of it
    no longer exist (deleted, truncated, expired), a note says so and the exit code is 3. The first
    invalid file ends the command; run it again when the file is corrected.

    Each file is one transaction. One of more than 64 MB is loaded in parts of that size: after an
    interruption, run the command again, and it goes on after the last part. An invalid row leaves
    nothing of its part.

    \b
    Example:
      rollupctl load data/*.csv
      rollupctl load archive/ && ssh web cat today.csv | rollupctl load -
      rollupctl load 2015.csv.gz --map country=land --set source=archive
      rollupctl load events.ndjson --map user_id=user.id --rest properties --reject bad.ndjson
      rollupctl load --follow /var/log/nginx/access.log --set customer_id=7
      rollupctl load export.csv --delimiter ';' --decimal , --time-format dmy --encoding cp1252
    """
    columns_of = pairs("--map", fields)
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
        pairs("--set", constants),
        pairs("--site", sites),
        rest,
        ignore_unknown,
        file_format,
        event_key,
        decimal=decimal,
    )
    if follow and len(files) > 1:
        raise UsageError("--follow takes one file", "start one loader for each")
    if follow and jobs > 1:
        raise UsageError("--follow does not go with --jobs", "start one loader for each file")
    if channel and not follow:
        raise UsageError("--channel is for --follow")
    report = Table(RESULT)
    with ExitStack() as opened:
        rejects = (
            opened.enter_context(RejectFile(reject, max_rejects)) if reject is not None else None
        )
        options = Options(
            dialect=dialect, time_range=parse_range(time_range), rejects=rejects, **others
        )
        try:
            with opened:  # closed before the report, and told of an interruption
                if not options.dry_run:
                    opened.enter_context(options.board.shown())
                if jobs > 1:
                    from rollupctl.loading.jobs import load_side_by_side

                    load_side_by_side(settings.connect, files, options, jobs, report=report)
                else:
                    session = opened.enter_context(settings.connect())
                    if follow:
                        from rollupctl.loading.follow import follow_file

                        follow_file(session, files[0], channel, options, report=report)
                    else:
                        load_files(session, files, options, report=report)
        finally:
            if report.rows:
                settings.emit(report)
                options.board.summary(len(report.rows), total(report))
    click.get_current_context().exit(BEHIND if GONE in report.column("status") else DONE)


_LISTED = """
select load_id, file_name, channel, position, rows, rejected, bytes,
       case when unloaded_at is not null then 'unloaded' when channel is not null then 'open'
            when sha256 is null then 'unfinished' else 'loaded' end as status,
       duplicates, begun_at, loaded_at, loaded_by
  from rollup.loads
 where source_table = %s::pg_catalog.regclass
   and (%s::pg_catalog.text is null or channel = %s)
 order by load_id
"""


@click.command()
@click.option("--table", default="events", show_default=True, help="Table that was loaded into.")
@click.option("--channel", metavar="NAME", help="Only this channel; nothing if it has no events.")
@shared_options
@pass_settings
def loads(settings: Settings, table: str, channel: str | None) -> None:
    """Show what was loaded: files, pipes, and channels with their positions.

    A load that was interrupted is unfinished: load the same content again, and it goes on. The
    position of a channel is committed with its events, so a producer goes on from there.

    \b
    Example:
      rollupctl loads
      rollupctl loads --channel orders -o json
    """
    with settings.connect() as session:
        qualified = find_target(session, table).qualified
        settings.emit(query(session, _LISTED, qualified, channel, channel))


COMMANDS = (load, loads)
