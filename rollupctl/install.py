"""Install the SQL package and the example application in a database, atomically."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from pathlib import Path

import psycopg
from psycopg import errors

from rollupctl.connect import Session, positive_interval, query, transaction
from rollupctl.errors import (
    DEFERRED,
    ERROR,
    INSTALL_HINT,
    InstallBusyError,
    InstallError,
    explain,
    primary,
)
from rollupctl.files import project_root
from rollupctl.output import Table, note
from rollupctl.sqlscript import Statement, read_script, shown
from rollupctl.versions import require_not_newer

ENGINE = "setup_rollup.sql"
ANALYTICS = "setup_analytics.sql"
SERVE = "setup_serve.sql"
DECLARATIONS = ("5minutely_aggregation.sql", "hourly_aggregation.sql")
STEPS = (ENGINE, "schema-1.sql", "schema-2.sql", *DECLARATIONS)

# The errors of create_rollup for a rollup, or a table of its name, that differs from the example.
_ALTERED = (errors.DuplicateObject, errors.ObjectNotInPrerequisiteState)

# The lock of sql/prepare/lock.sql, so that installations by psql and rollupctl exclude each other.
_LOCK = "pg_catalog.hashtextextended('rollup.install', 0)"

# Would end the transaction prematurely.
_CONTROL = re.compile(
    r"(begin|start\s+transaction|commit|end|rollback|abort)\b(?!\s+to\b)", re.IGNORECASE
)


def install(
    session: Session,
    *,
    partition_interval: str | None = None,
    shard_count: int | None = None,
    engine_only: bool = False,
    analytics: bool = False,
    sites: bool = False,
    serve: bool = False,
    examples: Iterable[str] = (),
    root: Path | None = None,
) -> Table:
    """Run the steps in one transaction, one installation of a database at a time.

    `session` must be in autocommit mode; `partition_interval` is passed to the SQL as the setting
    rollup.partition_interval, `shard_count` as citus.shard_count; `examples` are names of files in
    examples/. With `analytics` and `serve`, and where these are installed, their files are steps
    too; `sites` creates the table of sites. Returns file, statements and seconds for each step. A
    rollup of the examples that a user has altered is kept, with a note. Raises InstallError with
    file and line for a statement that fails, InstallBusyError when other sessions hold a lock for
    too long, VersionError when the database has a newer version; nothing is changed then.
    """
    root = root or project_root()
    is_upgrade = require_not_newer(session) is not None
    wanted = tuple(f"examples/{name}.sql" for name in dict.fromkeys(examples))
    steps: tuple[str, ...] = (ENGINE,) if engine_only else STEPS
    if analytics or _has_schema(session, "rollup_analytics"):
        steps += (ANALYTICS,)
    if serve or _has_schema(session, "rollup_serve"):
        steps += (SERVE,)
    steps += wanted
    scripts = {step: list(read_script(root / step)) for step in steps}
    done = Table(("file", "statements", "seconds"))
    if partition_interval is not None:
        positive_interval(session, partition_interval, "--partition-interval")
    with transaction(session):
        _take_turn(session)
        if partition_interval is not None:
            name = "rollup.partition_interval"
            query(session, "select set_config(%s, %s, true)", name, partition_interval)
        if shard_count is not None:
            query(session, "select set_config('citus.shard_count', %s, true)", str(shard_count))
        for step, statements in scripts.items():
            began = time.monotonic()
            may_differ = is_upgrade and step in (*DECLARATIONS, *wanted)
            for statement in statements:
                _run(session, statement, may_differ)
            done.add(step, len(statements), round(time.monotonic() - began, 3))
        if sites:
            query(session, "select rollup.create_sites()")
        # sql/finish/search_path.sql sets it for psql's session, because later files need it.
        session.execute("reset search_path")
    return done


def _has_schema(session: Session, name: str) -> bool:
    """Whether an optional part is in the database, which is then upgraded with the package."""
    (found,) = query(
        session, "select pg_catalog.to_regnamespace(%s) is not null as found", name
    ).column("found")
    return bool(found)


def _take_turn(session: Session) -> None:
    """Wait for another installation of this database to end, and print a note while waiting.

    After that no wait for a lock is unbounded, as in sql/prepare/lock.sql.
    """
    lock = f"select pg_catalog.pg_try_advisory_xact_lock({_LOCK}) as mine"
    (mine,) = query(session, lock).column("mine")
    if not mine:
        note("another installation is going on: waiting for it")
        query(session, f"select pg_catalog.pg_advisory_xact_lock({_LOCK})")
    query(
        session,
        "select set_config('lock_timeout', '3s', true) from pg_catalog.pg_settings"
        " where name = 'lock_timeout' and setting = '0'",
    )


def _run(session: Session, statement: Statement, may_differ: bool) -> None:
    """Run one statement; its error names the file and the line.

    `may_differ` means that the statement declares a rollup that a user may have altered.
    """
    if _CONTROL.match(statement.text):
        word = statement.text.split()[0]
        raise InstallError(f"{_place(statement)}: {word}: all files run in one transaction")
    try:
        if may_differ:
            with session.transaction():  # a savepoint
                session.execute(statement.text.encode())
        else:
            session.execute(statement.text.encode())
    except psycopg.Error as error:
        if may_differ and isinstance(error, _ALTERED):
            note(f"{_place(statement)}: {primary(error)}: left as it is")
            return
        if located := _located(error, statement):
            raise located from error
        raise


def _place(statement: Statement) -> str:
    return f"{shown(statement.path)}:{statement.line}"


def _located(error: psycopg.Error, statement: Statement) -> InstallError | None:
    """The error of a statement with its file and line; None if they do not help."""
    told = explain(error)
    diag = error.diag
    kind = {ERROR: InstallError, DEFERRED: InstallBusyError}.get(told.exit_code)
    if diag.message_primary is None or kind is None:
        return None
    line = statement.line_at(int(diag.statement_position or 1))
    return kind(
        f"{shown(statement.path)}:{line}: {primary(error)}",
        None if told.hint == INSTALL_HINT else told.hint,
        detail=diag.message_detail or (diag.context or "").split("\n")[0] or None,
    )
