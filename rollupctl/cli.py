"""The command group `rollupctl`, and the boundary that turns every error into an exit code."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any

import click

from rollupctl import __version__
from rollupctl.errors import StoppedError, report, silence_stdout
from rollupctl.lazy import Commands
from rollupctl.options import shared_options

# In their order of use.
COMMANDS = Commands(
    {
        "server": ["up", "down", "demo"],
        "data": ["install", "uninstall", "generate"],
        "tenants": ["sites"],
        "declarations": ["show", "plan", "apply", "create", "alter", "drop"],
        "loads": ["load", "loads"],
        "streams": ["consume"],
        "unloads": ["unload"],
        "erasing": ["erase"],
        "rollups": ["rollup"],
        "monitor": ["status", "top", "metrics"],
        "access": ["roles"],
        "backfills": ["backfill"],
        "checks": ["verify", "rebuild", "doctor"],
        "archives": ["restore"],
        "exports": ["export"],
        "dashboards": ["export-dashboard", "export-dbt"],
        "jobs": ["expire", "retention", "schedule", "unschedule"],
        "alerts": ["alerts"],
        "reports": ["report"],
        "fit": ["fit"],
        "http": ["serve", "keys", "set-aside"],
        "shell": ["completion"],
    }
)


class Boundary(click.Group):
    """Commands in their order of use. Errors are never shown as tracebacks."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands in their order of use."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, which is imported. From now on there may be garbage: see __main__.py."""
        found = super().resolve_command(ctx, args)
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; Ctrl-C is reported as an error."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise StoppedError("interrupted") from None

    def main(  # type: ignore[override] # click's own has overloads for what it returns
        self, args: Sequence[str] | None = None, *, standalone_mode: bool = True, **extra: Any
    ) -> Any:
        """Run the command line and exit with its code; rollupctl.errors defines what is printed."""
        extra["prog_name"] = extra.get("prog_name") or "rollupctl"
        if not standalone_mode:
            return super().main(args, standalone_mode=False, **extra)
        # Escape characters that the terminal's encoding lacks, instead of failing.
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            code = super().main(args, standalone_mode=False, **extra)
            sys.stdout.flush()
        except (Exception, KeyboardInterrupt) as error:
            code = report(error)
        silence_stdout()
        # At exit, the interpreter would search everything that was imported for reference cycles,
        # which takes about 40 ms.
        gc.freeze()
        sys.exit(code if isinstance(code, int) else 0)


@click.group(
    cls=Boundary, commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="rollupctl")
@shared_options
def main() -> None:
    """Continuous aggregates for PostgreSQL and Citus.

    Load events, roll them up, and monitor the result. Each command is a thin wrapper around the SQL
    package (schema rollup), which can also be used from psql.

    \b
    Example:
      rollupctl demo
      rollupctl load data/*.csv && rollupctl rollup && rollupctl status

    \b
    Exit codes: 0 done, 1 error, 2 usage, 3 behind or degraded,
    4 deferred by another's lock, 5 verify found a difference.
    """
