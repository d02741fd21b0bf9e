"""roles: who may do what."""

from __future__ import annotations

import click

from rollupctl.connect import Session, query
from rollupctl.errors import BEHIND, DONE, UsageError
from rollupctl.options import Settings, pass_settings, shared_options
from rollupctl.output import Table, note

PURPOSES = ("admin", "runner", "writer", "loader", "reader", "monitor")


@click.command()
@click.argument("name", required=False)
@click.argument("purpose", required=False, type=click.Choice(PURPOSES))
@click.option("--create", is_flag=True, help="Create the role, which may log in, if it is missing.")
@click.option("--all", "everything", is_flag=True, help="Complete the privileges of all roles.")
@shared_options
@pass_settings
def roles(
    settings: Settings, name: str | None, purpose: str | None, create: bool, everything: bool
) -> None:
    """Check all roles, after granting NAME what it needs for PURPOSE.

    \b
    admin    does everything: a member of the package's owner
    runner   runs rollups
    writer   inserts events
    loader   inserts events, and maintains the ledger of files
    reader   reads rollups and their views
    monitor  sees how rollups are, without reading events

    A rollup that is declared later needs further privileges: --all grants them to every role. The
    exit code is 3 if a role lacks a privilege or has one that it should not have. No password is
    set.

    \b
    Example:
      rollupctl roles dashboards reader --create
      rollupctl roles
    """
    if name is not None and purpose is None:
        raise UsageError(f"what is {name} for?", f"one of {', '.join(PURPOSES)}")
    if create and name is None:
        raise UsageError("--create goes with a NAME")
    with settings.connect() as session:
        if name is not None and purpose is not None:
            if create:
                _create(session, name)
            _grant(session, name, purpose)
        if everything:
            for row in query(session, "select role, purpose from rollup.check_roles()").rows:
                _grant(session, *row)
        found = query(session, "select * from rollup.check_roles()")
    settings.emit(found)
    code = DONE if _is_well(found) else BEHIND
    click.get_current_context().exit(code)


def _is_well(found: Table) -> bool:
    return set(found.column("status")) <= {"ok"}


def _create(session: Session, name: str) -> None:
    exists = "select from pg_catalog.pg_roles where rolname = %s"
    if not query(session, exists, name).rows:
        (statement,) = query(
            session, "select format('create role %%I login', %s::text)", name
        ).rows[0]
        query(session, statement)
        note(f"{statement};")


def _grant(session: Session, name: str, purpose: str) -> None:
    for row in query(session, "select * from rollup.grant_role(%s, %s)", name, purpose).rows:
        note(f"{row[0]};")


COMMANDS = (roles,)
