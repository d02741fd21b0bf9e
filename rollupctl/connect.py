"""Finding the server, and a session with it."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import conninfo
from psycopg.abc import Buffer
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from psycopg.types.datetime import TimestamptzLoader

from rollupctl.errors import (
    ConnectError,
    NoServerError,
    RollupError,
    UsageError,
    remember_secret,
)
from rollupctl.intervals import IntervalWords, number_without_unit
from rollupctl.output import Table, note

CONNECT_TIMEOUT = 10  # seconds, unless the connection string or PGCONNECT_TIMEOUT says otherwise
OLDEST_SERVER = 150000

Session = psycopg.Connection[TupleRow]

# What psycopg ignores while it closes a connection, such as a rollback that an interruption
# overtook, would be printed by the last resort of `logging`. The error itself is reported.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


class _AnyTime(TimestamptzLoader):
    """A timestamptz as datetime or, outside Python's range (infinity, year 20000), as text."""

    def load(self, data: Buffer) -> Any:
        try:
            return super().load(data)
        except psycopg.DataError:
            return bytes(data).decode()


# Settings that each transaction sets for itself if the server, the database or the role has other
# values: all that affect the meaning of text, times and numbers, or cancel a statement. They are
# not set for the session, which behind a pooler is shared with other clients, nor in the start-up
# packet, where PgBouncer rejects them.
_SETTINGS: Mapping[str, str] = {
    "array_nulls": "on",
    "bytea_output": "hex",
    "check_function_bodies": "on",
    "client_min_messages": "notice",
    "DateStyle": "ISO, MDY",
    "extra_float_digits": "1",
    "IntervalStyle": "postgres",
    "plpgsql.extra_errors": "none",
    "plpgsql.extra_warnings": "none",
    "quote_all_identifiers": "off",
    "standard_conforming_strings": "on",
    "TimeZone": "UTC",
    "transform_null_equals": "off",
    "xmloption": "content",
    "idle_in_transaction_session_timeout": "0",
    "lock_timeout": "0",
    "statement_timeout": "0",
    "transaction_timeout": "0",  # since PostgreSQL 17
}
_NONE: Mapping[str, str] = {}
# A timeout from PGOPTIONS is meant for this command; one of a role or a database is not.
_SET_LOCAL = """
select pg_catalog.set_config(x.name, x.value, true)
  from rows from (pg_catalog.unnest(%s::pg_catalog.text[]),
                  pg_catalog.unnest(%s::pg_catalog.text[])) x (name, value)
 where pg_catalog.current_setting(x.name, true) operator(pg_catalog.<>) x.value
   and not exists (select from pg_catalog.pg_settings s
                    where s.name operator(pg_catalog.=) x.name
                      and s.name operator(pg_catalog.~~) '%%_timeout'
                      and s.source operator(pg_catalog.=) 'client')
"""

_FORMS = "write postgresql://user@host:5432/database or 'host=… dbname=… user=…'"
_PG_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE", "PGDATABASE")

# Messages of the server or libpq for a failed connection, and the hint for each.
_HINTS: tuple[tuple[str, str], ...] = (
    ("password authentication failed", "check the user name and the password"),
    ("no password supplied", "put the password into PGPASSWORD or ~/.pgpass"),
    (
        "no pg_hba.conf entry",
        "this server does not let this user in from here: see its pg_hba.conf",
    ),
    ("authentication failed", "check the user name, and pg_hba.conf of the server"),
    ("role .* does not exist", "create the user, or name another one"),
    ("database .* does not exist", "create it first, with `createdb`, or name another one"),
    ("permission denied for database", "have CONNECT on the database granted"),
    (
        "unsupported startup parameter",
        "behind PgBouncer leave out PGOPTIONS, and options in the connection string",
    ),
    ("no such (?:user|database)", "PgBouncer does not know it: see its pgbouncer.ini and userlist"),
    ("no more connections|too many", "close other sessions, or raise max_connections"),
    ("starting up|shutting down|recovery mode", "wait a moment and try again"),
    ("translate host name|resolve|Name or service", "check the host name"),
    ("timeout|timed out", "check host and port, and whether a firewall is in between"),
    ("refused|No such file|not accept", "start it; `rollupctl up` starts an embedded one"),
)


def find_dsn(given: str | None, *, deliberate: bool = False) -> tuple[str, str] | None:
    """The connection string to use and its origin, or None if none is specified.

    In order: `given` (--dsn), ROLLUPCTL_DSN, DATABASE_URL, the PG* variables and service files (an
    empty string: libpq reads them), the embedded cluster if it is running. With `deliberate` only
    the first two are used, because the others may name a database that is not meant for rollupctl.
    """
    if given is not None:
        if not given.strip():
            raise UsageError("--dsn is empty", _FORMS)
        return given, "--dsn"
    if dsn := os.environ.get("ROLLUPCTL_DSN"):
        return dsn, "ROLLUPCTL_DSN"
    if deliberate:
        return None
    if dsn := os.environ.get("DATABASE_URL"):
        return dsn, "DATABASE_URL"
    if named := [name for name in _PG_VARIABLES if os.environ.get(name)]:
        return "", "/".join(named)
    from rollupctl.cluster import Cluster

    embedded = Cluster.default().dsn_if_running()
    return (embedded, "the embedded PostgreSQL") if embedded else None


def connect(given: str | None = None) -> Session:
    """A session with the server that `find_dsn` names. What is run by `query` and in `transaction`
    is in UTF-8, UTC and read committed, whatever the server's settings are.

    Raises NoServerError when no server is specified, ConnectError when it cannot be reached or
    refuses, RollupError when it is too old.
    """
    found = find_dsn(given)
    if found is None:
        raise NoServerError(
            "no database to talk to",
            "start the embedded PostgreSQL with `rollupctl up`, or name a server "
            "with --dsn, ROLLUPCTL_DSN, DATABASE_URL or the PG* variables",
        )
    return open_session(*found)


def open_session(dsn: str, origin: str) -> Session:
    """A session with the server of `dsn`; messages contain `origin`. Raises as connect."""
    params = _parameters(dsn, origin)
    where = _where(params)
    try:
        session = psycopg.connect(autocommit=True, **params)
    except (psycopg.Error, UnicodeError) as error:
        reason = _reason(str(error))
        hint = next((h for pattern, h in _HINTS if re.search(pattern, reason)), None)
        said = f"the connection comes from {origin}"
        raise ConnectError(
            f"cannot connect to {where}", f"{hint}; {said}" if hint else said, detail=reason
        ) from None
    if session.info.server_version < OLDEST_SERVER:
        version = session.info.parameter_status("server_version")
        session.close()
        raise RollupError(f"PostgreSQL {version} is too old", "PostgreSQL 15 or later is needed")
    session.add_notice_handler(_show_warning)
    session.adapters.register_loader("timestamptz", _AnyTime)
    session.adapters.register_loader("interval", IntervalWords)
    # Behind a pooler the next statement may run in another server process, without the prepared
    # statement.
    session.prepare_threshold = None
    # Explicit in each BEGIN, because the role and the database may have other defaults.
    session.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    session.deferrable = False
    if session.info.parameter_status("in_hot_standby") != "on":
        session.read_only = False
    return session


@contextmanager
def transaction(
    session: Session, settings: Mapping[str, str] = _NONE, *, force_rollback: bool = False
) -> Iterator[None]:
    """A transaction, or a savepoint in one, with the settings that this program relies on.

    `settings` (such as TimeZone) are set as well. None of them remains in the session.
    """
    with session.transaction(force_rollback=force_rollback):
        wanted = {**_SETTINGS, **settings}
        session.execute(_SET_LOCAL.encode(), [list(wanted), list(wanted.values())])
        yield


def query(session: Session, text: str, *values: Any) -> Table:
    """Run one statement and return all its rows, with the names of its columns.

    Outside a transaction the statement gets its own.
    """
    if session.info.transaction_status == TransactionStatus.IDLE:
        with transaction(session):
            return _run(session, text, values)
    return _run(session, text, values)


def _run(session: Session, text: str, values: tuple[Any, ...]) -> Table:
    with session.cursor() as cursor:
        cursor.execute(text.encode(), values or None)
        names = [column.name for column in cursor.description or ()]
        return Table(names, list(cursor.fetchall()) if names else [])


def positive_interval(session: Session, text: str, option: str) -> str:
    """`text`, if the server parses it as an interval above zero; else raises UsageError.

    A number without a unit is refused: it would mean seconds, where most users intend days.
    """
    if number := number_without_unit(text):
        raise UsageError(
            f'{option}: "{text}" is not an interval: {number} of what?',
            f"write '{number.lstrip('+-')} days', say",
        )
    try:
        (positive,) = query(session, "select %s::interval > interval '0'", text).column("?column?")
    except psycopg.DataError:
        raise UsageError(f'{option}: "{text}" is not an interval', "write '30 days'") from None
    if not positive:
        raise UsageError(f'{option}: "{text}" is not above zero', "write '30 days'")
    return text


def _parameters(dsn: str, origin: str) -> dict[str, Any]:
    """Connection parameters from `dsn` and rollupctl's own. Messages never contain the string,
    because it may contain a secret.

    With an unescaped @, / or : in a password, libpq parses a part of it as the host, the port or
    the database, and includes that part in its message; such strings are refused here.
    """
    plain = re.sub(r"^(postgres(?:ql)?)\+\w+://", r"\1://", dsn.strip())
    is_uri = "://" in plain
    if is_uri and not re.match(r"postgres(ql)?://", plain):
        raise UsageError(f"{origin} is not a PostgreSQL URL", _FORMS)
    try:
        params: dict[str, Any] = conninfo.conninfo_to_dict(plain)
    except psycopg.Error as error:
        secret = (is_uri and "@" in plain) or re.search("pass", plain, re.IGNORECASE)
        detail = None if secret else str(error)
        raise UsageError(f"cannot read {origin}", _FORMS, detail=detail) from None
    if is_uri:
        ports = str(params.get("port", "0"))
        places = f"{params.get('host', '')}{params.get('dbname', '')}"
        if "@" in places or not re.fullmatch(r"\d*(,\d*)*", ports):
            hint = "in a password write @ as %40, / as %2F, : as %3A, # as %23, ? as %3F"
            raise UsageError(f"cannot read {origin}", hint)
    for secret_name in ("password", "sslpassword"):
        remember_secret(params.get(secret_name))
    remember_secret(os.environ.get("PGPASSWORD"))
    params["client_encoding"] = "UTF8"
    params.setdefault("fallback_application_name", "rollupctl")
    if not (
        params.get("service") or "PGSERVICE" in os.environ or "PGCONNECT_TIMEOUT" in os.environ
    ):
        params.setdefault("connect_timeout", CONNECT_TIMEOUT)
    return params


def _where(params: dict[str, Any]) -> str:
    """A description of the server without secrets."""
    if service := params.get("service") or os.environ.get("PGSERVICE"):
        return f"service {service}"
    host = params.get("host") or params.get("hostaddr") or os.environ.get("PGHOST")
    port = params.get("port") or os.environ.get("PGPORT", "5432")
    dbname = params.get("dbname") or os.environ.get("PGDATABASE")
    server = f"{host}, port {port}" if host else f"the local server, port {port}"
    return f'database "{dbname}" on {server}' if dbname else server


def _reason(text: str) -> str:
    """The first of libpq's reasons, without its preamble and its own advice."""
    text = text.split("\nMultiple connection attempts failed")[0]
    text = re.sub(r"\n\s+Is the server running.*", "", text)
    text = re.sub(r"^connection (?:failed|to server at .*? failed): ", "", text.strip())
    text = re.sub(r"^connection to server (?:at|on) .*? failed: ", "", text)
    return re.sub(r"^(FATAL|ERROR):\s+", "", text).strip()


def _show_warning(diag: psycopg.errors.Diagnostic) -> None:
    """Print the server's warnings, one line each; its notices contain nothing that users need."""
    if (diag.severity_nonlocalized or diag.severity) == "WARNING":
        hint = f" (hint: {diag.message_hint})" if diag.message_hint else ""
        note(f"rollupctl: warning: {diag.message_primary}{hint}")
