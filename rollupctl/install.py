"""Put the SQL package and the example application into a database, all of it or nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from pathlib import Path

import psycopg

from rollupctl.connect import Session, positive_interval, query, transaction
from rollupctl.errors import INSTALL_HINT, InstallError, explain, primary
from rollupctl.files import project_root
from rollupctl.output import Table, note
from rollupctl.sqlscript import Statement, read_script, shown

ENGINE = "setup_rollup.sql"
STEPS = (
    "schema-1.sql",
    "schema-2.sql",
    ENGINE,
    "5minutely_aggregation.sql",
    "hourly_aggregation.sql",
)

# The lock that sql/lock.sql takes, so that installations by psql and by rollupctl take turns too.
_LOCK = "pg_catalog.hashtextextended('rollup.install', 0)"

# Would end the one transaction half-way.
_CONTROL = re.compile(
    r"(begin|start\s+transaction|commit|end|rollback|abort)\b(?!\s+to\b)", re.IGNORECASE
)


def install(
    session: Session,
    *,
    partition_interval: str | None = None,
    engine_only: bool = False,
    examples: Iterable[str] = (),
    root: Path | None = None,
) -> Table:
    """Run the steps in one transaction, taking turns with other installations.

    `session` must be in autocommit mode; `partition_interval` is handed to the SQL as the setting
    rollup.partition_interval; `examples` are names of files in examples/. Returns file, statements
    and seconds for each step. Raises InstallError with file and line for a statement that fails;
    nothing is changed then.
    """
    root = root or project_root()
    wanted = (f"examples/{name}.sql" for name in dict.fromkeys(examples))
    steps = ((ENGINE,) if engine_only else STEPS) + tuple(wanted)
    scripts = {step: list(read_script(root / step)) for step in steps}
    done = Table(("file", "statements", "seconds"))
    if partition_interval is not None:
        positive_interval(session, partition_interval, "--partition-interval")
    with transaction(session):
        _take_turn(session)
        if partition_interval is not None:
            name = "rollup.partition_interval"
            query(session, "select set_config(%s, %s, true)", name, partition_interval)
        for step, statements in scripts.items():
            began = time.monotonic()
            for statement in statements:
                _run(session, statement)
            done.add(step, len(statements), round(time.monotonic() - began, 3))
        # sql/compat/search_path.sql sets it for psql's session, whose later files need it.
        session.execute("reset search_path")
    return done


def version(session: Session) -> str:
    """The version of the SQL package in the database."""
    (found,) = query(session, "select rollup.version()").column("version")
    return str(found)


def _take_turn(session: Session) -> None:
    """Wait for another installation of this database to end, and say so when there is one."""
    lock = f"select pg_catalog.pg_try_advisory_xact_lock({_LOCK}) as mine"
    (mine,) = query(session, lock).column("mine")
    if not mine:
        note("another installation is going on: waiting for it")
        query(session, f"select pg_catalog.pg_advisory_xact_lock({_LOCK})")


def _run(session: Session, statement: Statement) -> None:
    """Run one statement; its error names the file and the line."""
    if _CONTROL.match(statement.text):
        word = statement.text.split()[0]
        place = f"{shown(statement.path)}:{statement.line}"
        raise InstallError(f"{place}: {word}: all files run in one transaction")
    try:
        session.execute(statement.text.encode())
    except psycopg.Error as error:
        told = explain(error)
        diag = error.diag
        if diag.message_primary is None or told.exit_code != InstallError.exit_code:
            raise
        line = statement.line_at(int(diag.statement_position or 1))
        raise InstallError(
            f"{shown(statement.path)}:{line}: {primary(error)}",
            None if told.hint == INSTALL_HINT else told.hint,
            detail=diag.message_detail or (diag.context or "").split("\n")[0] or None,
        ) from error
