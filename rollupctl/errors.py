"""Domain errors, and the boundary that turns any error into a message, a hint and an exit code."""

from __future__ import annotations

import os
import re
import sys
import traceback
from dataclasses import dataclass
from typing import ClassVar

import click
import psycopg

DONE = 0
ERROR = 1
USAGE = 2
BEHIND = 3
DEFERRED = 4
DIFFERENCE = 5
INTERRUPTED = 130

_MAX_LINE = 2000
_SECRETS: set[str] = set()


class RollupError(Exception):
    """An error that the user can act on.

    `message` is one line without a full stop, `detail` (optional) adds facts in parentheses and
    `hint` (optional) says what to do next. `exit_code` is a property of the class.
    """

    exit_code: ClassVar[int] = ERROR

    def __init__(self, message: str, hint: str | None = None, *, detail: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.detail = detail


class UsageError(RollupError):
    """The command line is invalid."""

    exit_code = USAGE


class ConnectError(RollupError):
    """No session with the server: it is down, unreachable, or refuses this user."""


class NoServerError(ConnectError):
    """No server is specified, and the embedded one is not running."""


class ClusterError(RollupError):
    """The embedded PostgreSQL cannot be created, started or stopped."""


class InstallError(RollupError):
    """A statement of the SQL files failed; the message begins with file:line."""


class InstallBusyError(InstallError):
    """Other sessions held a lock that an installation needs; nothing was changed."""

    exit_code = DEFERRED


class VersionError(RollupError):
    """The database has an older or a newer version of the SQL package than this rollupctl."""


class BadFileError(RollupError):
    """A file cannot be loaded; the message names the file and, if known, line and column."""


class BadRowError(BadFileError):
    """A row of a file cannot be loaded; others may be."""


class BadTableError(RollupError):
    """The table does not exist, is not a table, or cannot store events."""


class StoppedError(RollupError):
    """The user pressed Ctrl-C; uncommitted changes are rolled back."""

    exit_code = INTERRUPTED


@dataclass(frozen=True)
class Explanation:
    """The message that the boundary prints, and the exit code."""

    message: str
    detail: str | None = None
    hint: str | None = None
    exit_code: int = ERROR


# Hints by SQLSTATE, used if the server provides none.
_HINTS: dict[str, str] = {
    "08": "the connection was lost; what was not committed is rolled back: run the command again",
    "25006": "the server is read-only: connect to the primary, not to a standby",
    "40": "nothing was changed: run the command again",
    "42501": "connect as a user that has the right, or have it granted: docs/operations.md, Roles",
    "53": "the server has run out of something: see its log",
    "57014": "cancelled by statement_timeout or pg_cancel_backend; nothing of it was kept",
    "57": "the server ended the session; nothing uncommitted was kept: run the command again",
}

# Names of relations, functions and schemas that do not exist when the package is not installed.
_OF_PACKAGE = re.compile(r'"?\brollup(?:_internal)?"?\.|schema "rollup(?:_internal)?"')
_OF_ANALYTICS = re.compile(r'"?\brollup_analytics"?\.|schema "rollup_analytics"')
_UNDEFINED = {"42P01", "42883", "3F000"}
INSTALL_HINT = "run `rollupctl install` to put the SQL package into this database"
_ANALYTICS_HINT = "run `rollupctl install --analytics` to put them into this database"

_URI_PASSWORD = re.compile(r"((?:postgres(?:ql)?|redis|kafka)://[^\s:/@]*):[^\s]*@")
_KEYWORD_PASSWORD = re.compile(
    r"((?:ssl|[?&])?password\s*=\s*)('(?:[^'\\]|\\.|'')*'?|(?:\\.|[^\s&'])+)", re.IGNORECASE
)


def remember_secret(secret: str | None) -> None:
    """Mask `secret` (a password of this process) in all messages from now on."""
    if secret:
        _SECRETS.add(secret)


def mask(text: str) -> str:
    """`text` with the passwords of connection strings, URI or keyword form, replaced by ***."""
    text = _URI_PASSWORD.sub(r"\1:***@", text)
    text = _KEYWORD_PASSWORD.sub(r"\1***", text)
    for secret in sorted(_SECRETS, key=len, reverse=True):
        # Masking a one-letter password would make messages unreadable and reveal it by the gaps.
        if len(secret) > 3:
            text = text.replace(secret, "***")
    return text


def one_line(text: str) -> str:
    """`text` on one line: white space collapsed, unprintable characters escaped, length bounded."""
    text = " ".join(text.split())
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return text if len(text) <= _MAX_LINE else text[: _MAX_LINE - 1] + "…"


def explain(error: BaseException) -> Explanation:
    """The message for any `error`, and its exit code."""
    if isinstance(error, RollupError):
        return Explanation(error.message, error.detail, error.hint, error.exit_code)
    if isinstance(error, psycopg.Error):
        return _explain_server(error)
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx else "rollupctl"
        message = error.format_message().strip().rstrip(".")
        return Explanation(message, None, f"see `{where} --help`", USAGE)
    if isinstance(error, click.ClickException):
        return Explanation(error.format_message(), exit_code=error.exit_code)
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return Explanation("interrupted", exit_code=INTERRUPTED)
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return Explanation(f"{name}{error.strerror or error}")
    return Explanation(
        f"internal error: {type(error).__name__}: {error}",
        hint="this is a defect of rollupctl: please report it with what ROLLUPCTL_DEBUG=1 shows",
    )


def report(error: BaseException) -> int:
    """Print `error` on stderr, one line and at most one more for the hint; return the exit code."""
    if isinstance(error, BrokenPipeError):
        return ERROR  # the reader of the output has closed the pipe
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)  # the help, as it is
        return USAGE
    if os.environ.get("ROLLUPCTL_DEBUG"):
        click.echo(mask("".join(traceback.format_exception(error))), err=True)
    return tell(explain(error))


def tell(told: Explanation) -> int:
    """Print an explanation as `report` does; return its exit code."""
    line = f"rollupctl: error: {told.message}"
    if told.detail:
        line += f" ({told.detail})"
    click.echo(one_line(mask(line)), err=True)
    if told.hint:
        click.echo(one_line(mask(f"hint: {told.hint}")), err=True)
    return told.exit_code


def silence_stdout() -> None:
    """Redirect stdout to the null device, so that the interpreter's exit cannot fail on a closed
    pipe.
    """
    devnull = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(devnull, stream.fileno())


def primary(error: psycopg.Error) -> str:
    """The message itself, without the context that PL/pgSQL code (pg_partman) appends to it."""
    said = error.diag.message_primary or str(error).strip() or type(error).__name__
    return said.split("\nCONTEXT:")[0].strip()


def _explain_server(error: psycopg.Error) -> Explanation:
    """The message of the server (or of libpq, without SQLSTATE), with a hint of ours if needed."""
    if error.sqlstate is None:
        lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return Explanation(primary(error), None, _HINTS["08"] if lost else None)
    diag = error.diag
    return explain_failure(error.sqlstate, primary(error), diag.message_detail, diag.message_hint)


def explain_failure(
    sqlstate: str, message: str, detail: str | None, hint: str | None
) -> Explanation:
    """The server's message, from an error or a failed step, with a hint of ours if needed."""
    if sqlstate in _UNDEFINED and _OF_PACKAGE.search(message):
        older = ", or is older than rollupctl" if sqlstate == "42883" else ""
        return Explanation(f"the SQL package is not in this database{older}", message, INSTALL_HINT)
    if sqlstate in _UNDEFINED and _OF_ANALYTICS.search(message):
        return Explanation("the analytics are not in this database", message, _ANALYTICS_HINT)
    code = DEFERRED if sqlstate == "55P03" else ERROR
    ours = _HINTS.get(sqlstate) or _HINTS.get(sqlstate[:2])
    return Explanation(message, detail, hint or ours, code)
