"""Remove the SQL package from a database, after confirmation."""

from __future__ import annotations

from rollupctl.confirm import require_confirmation
from rollupctl.connect import Session, query
from rollupctl.errors import RollupError
from rollupctl.output import Table
from rollupctl.versions import installed_version

_CALL = "select * from rollup.uninstall(drop_tables => %s, dry_run => %s)"
_ROLLUPS = "select name from rollup.rollups order by id"


def uninstall(session: Session, *, drop_tables: bool, dry_run: bool, confirmed: bool) -> Table:
    """Remove the package and its objects. Returns kind and name of each.

    Declarations and watermarks cannot be restored, so removing them is confirmed on a terminal
    unless `confirmed`; `drop_tables` drops the tables of the rollups as well. `dry_run` lists the
    objects. Raises RollupError if the package is not installed, without a terminal to ask on, or
    if the answer is no.
    """
    if installed_version(session) is None:
        raise RollupError("the SQL package is not in this database", "there is nothing to remove")
    found = query(session, _CALL, drop_tables, True)
    if dry_run:
        return found
    if not confirmed:
        require_confirmation(_reasons(session, found))
    return query(session, _CALL, drop_tables, False)


def _reasons(session: Session, found: Table) -> list[str]:
    """What an uninstallation loses for good; `found` is the result of a dry run."""
    rollups = query(session, _ROLLUPS).column("name")
    reasons = []
    if rollups:
        reasons.append(f"uninstalling forgets what was counted for {', '.join(rollups)}")
    tables = [str(name) for kind, name in found.rows if kind == "table"]
    if tables:
        reasons.append(f"--drop-tables would drop {', '.join(tables)} with all rows")
    return reasons
