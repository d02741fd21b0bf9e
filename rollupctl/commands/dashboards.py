"""export-dashboard, export-dbt: what other tools read, written from declarations."""

from __future__ import annotations

import json

import click

from rollupctl.dashboards import dbt, grafana, superset
from rollupctl.errors import UsageError
from rollupctl.exporting.outfile import STDOUT, writing
from rollupctl.options import Settings, dsn_option, pass_settings

file_option = click.option(
    "--file",
    "-f",
    default=STDOUT,
    type=click.Path(allow_dash=True),
    help="[default: standard output]",
)
force_option = click.option("--force", is_flag=True, help="Overwrite an existing file.")


@click.command("export-dashboard")
@click.argument("tool", type=click.Choice(["grafana", "superset"]))
@click.argument("names", nargs=-1, metavar="[NAME]...")
@file_option
@click.option("--title", default="Rollups", show_default=True, help="The dashboard's title.")
@click.option("--uri", help="superset: how it reaches the database.  [default: as this command]")
@click.option("--stored", is_flag=True, help="Read the tables instead of the live views.")
@force_option
@dsn_option
@pass_settings
def export_dashboard(
    settings: Settings,
    tool: str,
    names: tuple[str, ...],
    file: str,
    title: str,
    uri: str | None,
    stored: bool,
    force: bool,
) -> None:
    """Write a dashboard of the rollups NAME, or of all of them, for Grafana or Superset.

    It has totals, series, breakdowns by dimension and top lists, and a variable or filter for
    tenants. Distinct counts and quantiles are united in every chart, never added.

    For Grafana 10 or later it is a JSON file: import it under Dashboards, New, Import, or put it
    into a folder of its provisioning. For Superset 6 it is a zip file with a database, datasets,
    charts and a dashboard: import it under Dashboards, Import, or by `superset import-dashboards`.

    \b
    Example:
      rollupctl export-dashboard grafana > rollups.json
      rollupctl export-dashboard grafana rollup_events_1hr --stored -f hourly.json
      rollupctl export-dashboard superset -f rollups.zip
    """
    if uri and tool != "superset":
        raise UsageError("--uri is for superset only", "leave it out")
    with settings.connect() as session:
        if tool == "superset":
            content = superset.bundle(session, names, title=title, uri=uri, live=not stored)
        else:
            made = grafana.dashboard(session, names, title=title, live=not stored)
            content = json.dumps(made, indent=1, ensure_ascii=False).encode() + b"\n"
    with writing(file, force=force) as stream:
        stream.write(content)


@click.command("export-dbt")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@file_option
@click.option("--owner", default="analytics", show_default=True, help="Owner of the exposures.")
@force_option
@dsn_option
@pass_settings
def export_dbt(
    settings: Settings, names: tuple[str, ...], file: str, owner: str, force: bool
) -> None:
    """Write the rollups NAME, or all of them, as sources and exposures of dbt.

    The sources are tables of events with their freshness, tables of rollups with their columns, and
    the views that say how far these have counted.

    \b
    Example:
      rollupctl export-dbt -f models/sources.yml --force
    """
    with settings.connect() as session:
        made = dbt.properties(session, names, owner=owner)
    with writing(file, force=force) as stream:
        stream.write(made.encode())


COMMANDS = [export_dashboard, export_dbt]
