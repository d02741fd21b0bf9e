"""Remove the SQL package from a database, with confirmation where data would be lost."""

from __future__ import annotations

import sys

import click

from rollupctl.connect import Session, query
from rollupctl.errors import RollupError, UsageError
from rollupctl.output import Table
from rollupctl.versions import installed_version

_CALL = "select * from rollup.uninstall(drop_tables => %s, dry_run => %s)"


def uninstall(session: Session, *, drop_tables: bool, dry_run: bool, confirmed: bool) -> Table:
    """Remove the package and its objects. Returns kind and name of each.

    Tables of rollups are dropped only with `drop_tables`, which asks for confirmation on a terminal
    unless `confirmed`. `dry_run` lists the objects. Raises UsageError without a terminal to ask on,
    click.Abort if the answer is no, and RollupError if the package is not installed.
    """
    if installed_version(session) is None:
        raise RollupError("the SQL package is not in this database", "there is nothing to remove")
    found = query(session, _CALL, drop_tables, True)
    if dry_run:
        return found
    tables = [str(name) for kind, name in found.rows if kind == "table"]
    if tables and not confirmed:
        what = f"drop {', '.join(tables)} with all rows"
        if not sys.stdin.isatty():
            raise UsageError(f"--drop-tables would {what}", "say --yes to do so without a question")
        click.confirm(f"This will {what}. Go on?", abort=True, err=True)
    return query(session, _CALL, drop_tables, False)
