"""show, plan, apply, create, alter, drop: rollups as code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from rollupctl.confirm import require_confirmation
from rollupctl.connect import Session, query
from rollupctl.declared import names_in, read_declarations
from rollupctl.errors import BEHIND, DONE
from rollupctl.options import Settings, dsn_option, pass_settings, shared_options
from rollupctl.output import Table, note
from rollupctl.rolling import names_of

_PLAN = "select * from rollup.plan(%s::json, %s)"
_APPLY = "select * from rollup.apply(%s::json, %s, %s, %s::text[])"

files_argument = click.argument(
    "files", nargs=-1, metavar="[FILE…]", type=click.Path(path_type=Path)
)
others_option = click.option(
    "--drop-others", is_flag=True, help="Drop rollups that the files do not declare."
)
loss_option = click.option(
    "--accept-loss", is_flag=True, help="Do also what loses data; plan says what that is."
)


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME…]")
@dsn_option
@pass_settings
def show(settings: Settings, names: tuple[str, ...]) -> None:
    """Print the statements that would declare the given rollups, or all, as they are now.

    The output is a file for `rollupctl plan` and `rollupctl apply`.

    \b
    Example:
      rollupctl show > rollups.sql
    """
    with settings.connect() as session:
        for number, name in enumerate(names_of(session, names)):
            (text,) = query(session, "select rollup.declaration_sql(%s) as text", name).column(
                "text"
            )
            click.echo(("\n" if number else "") + text)


@click.command()
@files_argument
@others_option
@shared_options
@pass_settings
def plan(settings: Settings, files: tuple[Path, ...], drop_others: bool) -> None:
    """Show what `apply` would do, and change nothing.

    FILEs are TOML with a table [rollups.NAME] for each rollup, whose keys are the parameters of
    rollup.create_rollup, or SQL with calls of that function; without FILE it is rollups.toml. The
    exit code is 3 if there is something to do.

    A rollup that is not there is created. Measures, work_mem and retention of an existing one are
    altered. Any other difference means that its table is dropped and counted again.

    \b
    Example:
      rollupctl plan rollups.toml
    """
    with settings.connect() as session:
        steps = query(session, _PLAN, read_declarations(session, files), drop_others)
    _print(settings, steps)
    todo = [step for step in steps.column("action") if step != "unchanged"]
    click.get_current_context().exit(BEHIND if todo else DONE)


@click.command()
@files_argument
@others_option
@loss_option
@shared_options
@pass_settings
def apply(
    settings: Settings, files: tuple[Path, ...], drop_others: bool, accept_loss: bool
) -> None:
    """Make rollups as the files declare them, all of them or none. A second time does nothing.

    See `rollupctl plan` for the files. What would lose data is refused without --accept-loss:
    dropping a measure or a declaration, counting a table again, a shorter retention.

    \b
    Example:
      rollupctl apply rollups.toml
    """
    with settings.connect() as session:
        _apply(settings, session, files, drop_others, accept_loss, None)


@click.command()
@files_argument
@shared_options
@pass_settings
def create(settings: Settings, files: tuple[Path, ...]) -> None:
    """Create the rollups of the files that are not there yet; refuse any other change.

    \b
    Example:
      rollupctl create rollups.toml
    """
    with settings.connect() as session:
        _apply(settings, session, files, False, False, ["create"])


@click.command()
@files_argument
@loss_option
@shared_options
@pass_settings
def alter(settings: Settings, files: tuple[Path, ...], accept_loss: bool) -> None:
    """Alter the rollups of the files: measures, work_mem and retention; refuse any other change.

    \b
    Example:
      rollupctl alter rollups.toml
    """
    with settings.connect() as session:
        _apply(settings, session, files, False, accept_loss, ["alter"])


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME|FILE…")
@click.option("--drop-tables", is_flag=True, help="Also drop the tables with what was counted.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@shared_options
@pass_settings
def drop(settings: Settings, names: tuple[str, ...], drop_tables: bool, yes: bool) -> None:
    """Drop rollups, given by name or by the files that declare them. Their tables stay.

    Asks for confirmation; without a terminal, that needs --yes.

    \b
    Example:
      rollupctl drop orders_by_hour --yes
    """
    with settings.connect() as session:
        wanted = names_of(session, names_in(names, session))
        if not yes:
            what = " with their tables" if drop_tables else ""
            require_confirmation([f"{', '.join(wanted)} would be dropped{what}"], "say --yes")
        dropped = Table(("rollup", "outcome"))
        said = query(
            session,
            "select n, rollup.drop_rollup(n, %s) from unnest(%s::text[]) with ordinality x (n, p)"
            " order by p",
            drop_tables,
            wanted,
        )
        for row in said.rows:
            dropped.add(*row)
    settings.emit(dropped)


def _apply(
    settings: Settings,
    session: Session,
    files: Sequence[Path],
    drop_others: bool,
    accept_loss: bool,
    only: list[str] | None,
) -> None:
    declarations = read_declarations(session, files)
    allowed = [*only, "unchanged"] if only else None
    _print(settings, query(session, _APPLY, declarations, drop_others, accept_loss, allowed))


def _print(settings: Settings, steps: Table) -> None:
    """Steps with their statements; on a terminal and in files those below the table."""
    if settings.form == "table":
        shown = Table(("rollup", "action", "loses"))
        for step in steps.records():
            shown.add(step["rollup"], step["action"], step["loses"])
        settings.emit(shown)
        for step in steps.records():
            for statement in step["statements"]:
                note(f"{statement};")
    else:
        settings.emit(steps)


COMMANDS = (show, plan, apply, create, alter, drop)
