"""Options that every command shares, before or after its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from rollupctl import output
from rollupctl.connect import Session, connect
from rollupctl.versions import require_same_version

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass
class Settings:
    """Values of the shared options."""

    dsn: str | None = None
    form: str = "table"

    def connect(self, *, any_version: bool = False) -> Session:
        """A session in autocommit mode with the server of the options and the environment.

        Raises VersionError if its SQL package is older or newer than rollupctl, unless
        `any_version`.
        """
        session = connect(self.dsn)
        if not any_version:
            try:
                require_same_version(session)
            except BaseException:
                session.close()
                raise
        return session

    def emit(self, table: output.Table) -> None:
        """Print a result on stdout in the requested format."""
        output.emit(table, self.form)


def _keep(ctx: click.Context, option: click.Parameter, value: Any) -> None:
    """Store the value of a shared option; one after the command's name has precedence."""
    settings = ctx.ensure_object(Settings)
    if value is not None:
        setattr(settings, str(option.name), value)


def output_option(command: Function) -> Function:
    """Add -o/--output; its value goes to Settings, not to the command."""
    return click.option(
        "-o",
        "--output",
        "form",
        type=click.Choice(output.FORMATS),
        expose_value=False,
        callback=_keep,
        help="How to print results.  [default: table]",
    )(command)


def dsn_option(command: Function) -> Function:
    """Add --dsn; its value goes to Settings, not to the command."""
    return click.option(
        "--dsn",
        metavar="DSN",
        expose_value=False,
        callback=_keep,
        help="The server: a URL, or 'host=… dbname=…'.  [default: ROLLUPCTL_DSN, DATABASE_URL, "
        "PG* variables, the embedded PostgreSQL]",
    )(command)


def shared_options(command: Function) -> Function:
    """Add the options of every command that talks to a server."""
    return dsn_option(output_option(command))


pass_settings = click.make_pass_decorator(Settings, ensure=True)
