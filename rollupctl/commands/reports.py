"""report: stored queries with parameters, for roles that may run them."""

from __future__ import annotations

import json

import click
import psycopg

from rollupctl.connect import Session, query, transaction
from rollupctl.errors import explain
from rollupctl.htmlreport import chart_of, page
from rollupctl.options import Settings, dsn_option, pass_settings, shared_options
from rollupctl.output import FORMATS, Table, render

# Where a report's names are looked for, as in rollup_analytics.run_report.
_SETTINGS = {"search_path": "public, rollup_compat, pg_temp"}
_LIST = """
select report, owner, description,
       (select string_agg(concat_ws(' ', p.key, p.value ->> 'type'), ', ' order by p.key)
          from jsonb_each(parameters) p) as parameters, every
  from rollup_analytics.reports order by report
"""
_RUNS = """
select id, report, run_by, login, started_at, rows, parameters, scheduled, error
  from rollup_analytics.report_runs
 where %s::text is null or report = %s
 order by id desc limit %s
"""


@click.group()
def report() -> None:
    """Run stored queries, and show who has run them.

    Reports are created in SQL, by rollup_analytics.create_report, and granted to roles of the
    database by rollup_analytics.grant_report; see docs/analytics/reports.md.

    \b
    Example:
      rollupctl report list
      rollupctl report run awareness --param tenant=1 --format html > awareness.html
    """


@report.command("list")
@shared_options
@pass_settings
def list_reports(settings: Settings) -> None:
    """Show the reports that this role may run.

    \b
    Example:
      rollupctl report list
    """
    with settings.connect() as session:
        settings.emit(query(session, _LIST))


@report.command()
@click.argument("name")
@click.option(
    "--param", "given", multiple=True, metavar="NAME=VALUE", help="A parameter; may be repeated."
)
@click.option(
    "--format",
    "form",
    type=click.Choice([*FORMATS, "html"]),
    default="table",
    show_default=True,
    help="How to print the rows; html has a chart.",
)
@dsn_option
@pass_settings
def run(settings: Settings, name: str, given: tuple[str, ...], form: str) -> None:
    """Run the report NAME with the privileges of this role, and print its rows.

    The query can only read. The run is kept with its parameters, also if it fails.

    \b
    Example:
      rollupctl report run awareness --param tenant=1 --param range_from=2024-06-01 --format csv
    """
    values = {}
    for each in given:
        key, separator, value = each.partition("=")
        if not separator:
            raise click.UsageError(f'--param {each}: write NAME=VALUE, such as "tenant=1"')
        values[key] = value
    parameters = json.dumps(values)
    with settings.connect() as session:
        call = "select rollup_analytics.report_statement(%s, %s) as statement, now() as began"
        ((statement, began),) = query(session, call, name, parameters).rows
        try:
            rows = _read(session, statement)
        except psycopg.Error as error:
            _record(session, name, parameters, began, None, explain(error).message)
            raise
        _record(session, name, parameters, began, len(rows.rows), None)
        if form != "html":
            click.echo(render(rows, form), nl=False)
            return
        about = "select description, chart from rollup_analytics.reports where report = %s"
        ((description, chart),) = query(session, about, name).rows
    facts = [f"{key} = {value}" for key, value in values.items()]
    facts.append(f"{len(rows.rows)} rows, {began.isoformat(sep=' ', timespec='seconds')}")
    click.echo(page(name, description, facts, rows, chart_of(rows, chart)), nl=False)


def _read(session: Session, statement: str) -> Table:
    """The rows of a query, which can change nothing."""
    with transaction(session, _SETTINGS):
        session.execute("set transaction read only")
        return query(session, statement)


def _record(
    session: Session, name: str, parameters: str, began: object, rows: int | None, error: str | None
) -> None:
    call = "select rollup_analytics.record_report_run(%s, %s, %s, %s, %s)"
    query(session, call, name, parameters, began, rows, error)


@report.command()
@click.argument("name", required=False)
@click.option("--last", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@shared_options
@pass_settings
def runs(settings: Settings, name: str | None, last: int) -> None:
    """Show who ran which report when, the latest first; of one report with NAME.

    A role sees its own runs, and all of the reports that it owns.

    \b
    Example:
      rollupctl report runs awareness --last 5
    """
    with settings.connect() as session:
        settings.emit(query(session, _RUNS, name, name, last))


COMMANDS = (report,)
