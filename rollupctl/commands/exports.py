"""export: rows of rollups and events, into files."""

from __future__ import annotations

from typing import Any

import click

from rollupctl.exporting.export import FORMATS, Options
from rollupctl.exporting.export import export as export_rows
from rollupctl.exporting.outfile import STDOUT
from rollupctl.options import Settings, pass_settings, shared_options
from rollupctl.output import note


@click.command()
@click.argument("name")
@click.argument("file", default=STDOUT, type=click.Path(allow_dash=True))
@click.option("--from", "since", metavar="TIME", help="Buckets or events from this time on.")
@click.option("--to", "until", metavar="TIME", help="Buckets or events before this time.")
@click.option("--tenant", help="One tenant only.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(FORMATS),
    help="[default: as FILE ends: .ndjson, .jsonl, .parquet, .arrow; otherwise csv]",
)
@click.option(
    "--time-zone",
    default="UTC",
    show_default=True,
    metavar="ZONE",
    help="Zone of times, also of --from and --to, by name: Europe/Berlin.",
)
@click.option(
    "--sketches", is_flag=True, help="The columns of the rollup's table instead of plain numbers."
)
@click.option("--live", is_flag=True, help="With the events that are not counted yet.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@shared_options
@pass_settings
def export(settings: Settings, /, name: str, file: str, **options: Any) -> None:
    """Write the rows of rollup NAME, or the events of the source NAME, to FILE.

    Without FILE, or with -, they go to standard output. Rows of a rollup are those whose buckets
    begin in the range, with numbers as in its view of plain numbers. Rows are streamed, in no
    particular order, and FILE appears when it is complete. Parquet and Arrow need pyarrow:
    pip install 'rollupctl[parquet]'.

    \b
    Example:
      rollupctl export rollup_events_1hr 2024.csv --from 2024-01-01 --to 2025-01-01
      rollupctl export events day.parquet --from 2024-05-01 --to 2024-05-02 --tenant 7
      rollupctl export rollup_events_5min --live --format ndjson | jq .event_count
    """
    with settings.connect() as session:
        done = export_rows(session, name, file, Options(**options))
    if file != STDOUT:
        settings.emit(done)
    else:
        note(f"{done.column('rows')[0]} rows")


COMMANDS = (export,)
