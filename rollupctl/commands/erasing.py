"""erase: the events of a person, out of the source and out of every rollup."""

from __future__ import annotations

import json

import click

from rollupctl.confirm import require_confirmation
from rollupctl.connect import Session, query
from rollupctl.options import Settings, pass_settings, shared_options
from rollupctl.output import Table

_ERASE = "select events, rollups::text from rollup.erase(%s, %s, %s, %s, %s)"


@click.command()
@click.argument("source", metavar="SOURCE")
@click.option("--tenant", metavar="TENANT", help="Whose events; not for sources without tenants.")
@click.option("--where", required=True, metavar="CONDITION", help="Which events, in SQL.")
@click.option("--reference", metavar="TEXT", help="Kept with the proof, such as a ticket's number.")
@click.option("--dry-run", is_flag=True, help="Count events and list buckets; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@shared_options
@pass_settings
def erase(
    settings: Settings,
    source: str,
    tenant: str | None,
    where: str,
    reference: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Delete events of SOURCE that meet a condition, and count the rollups again.

    Events and rollups change in one transaction: distinct counts, top lists and quantiles forget
    what is erased. rollup.erasures keeps a proof of when, by whom and how much, but not of whom.

    Refuses, and changes nothing, where raw events of the same buckets have expired. Asks for
    confirmation; without a terminal, --yes is required.

    \b
    Example:
      rollupctl erase events --tenant 7 --where "user_id = '42'" --dry-run
      rollupctl erase events --tenant 7 --where "user_id = '42'" --reference T-1001 --yes
    """
    with settings.connect() as session:
        found = _erase(session, source, tenant, where, reference, dry_run=True)
        if dry_run:
            settings.emit(found)
            return
        if found.rows and not yes:
            events = found.rows[0][0]
            require_confirmation([f"{events} events would be erased from {source}"])
        settings.emit(_erase(session, source, tenant, where, reference, dry_run=False))


def _erase(
    session: Session,
    source: str,
    tenant: str | None,
    where: str,
    reference: str | None,
    *,
    dry_run: bool,
) -> Table:
    """Erase, or see what would be: one row for each rollup."""
    ((events, told),) = query(session, _ERASE, source, tenant, where, dry_run, reference).rows
    last = ("buckets",) if dry_run else ("rows_before", "rows_after")
    table = Table(("events", "rollup", *last))
    for name, said in json.loads(told).items():
        if dry_run:
            table.add(events, name, ", ".join(f"{each['from']} to {each['to']}" for each in said))
        else:
            table.add(events, name, said["rows_before"], said["rows_after"])
    if not table.rows:
        table.add(events, None, *(None for _ in last))
    return table


COMMANDS = (erase,)
