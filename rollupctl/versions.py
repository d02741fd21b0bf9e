"""Comparison of the versions of rollupctl and of the SQL package in a database."""

from __future__ import annotations

import re

from psycopg import errors

from rollupctl import __version__
from rollupctl.connect import Session, query
from rollupctl.errors import VersionError

# The package is not installed, or not accessible to this role: a command that needs it reports
# that.
_SILENT = (errors.UndefinedFunction, errors.InvalidSchemaName, errors.InsufficientPrivilege)


def installed_version(session: Session) -> str | None:
    """The version of the SQL package in the database; None if it is not installed.

    `session` must be in autocommit mode, so that a missing package leaves no failed transaction.
    """
    try:
        (found,) = query(session, "select rollup.version()").column("version")
    except _SILENT:
        return None
    return str(found)


def require_same_version(session: Session) -> None:
    """Raises VersionError if the database has another version of the package than rollupctl."""
    found = require_not_newer(session)
    if found is not None and found != __version__:
        raise VersionError(
            f"the database has rollup {found}, older than this rollupctl, {__version__}",
            "run `rollupctl install` to upgrade it",
        )


def require_not_newer(session: Session) -> str | None:
    """The version in the database; raises VersionError if it is newer than rollupctl."""
    found = installed_version(session)
    if found is not None and _numbers(found) > _numbers(__version__):
        raise VersionError(
            f"the database has rollup {found}, newer than this rollupctl, {__version__}",
            f"install rollupctl {found}",
        )
    return found


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]
