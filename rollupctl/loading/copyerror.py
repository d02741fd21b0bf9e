"""Translate the server's error about a COPY into a message about the user's file."""

from __future__ import annotations

import re

import psycopg
from psycopg import sql

from rollupctl.connect import Session, transaction
from rollupctl.errors import BadFileError, primary
from rollupctl.loading.advice import NOT_UTF8, advice
from rollupctl.loading.content import NOTHING_LOADED, STDIN
from rollupctl.loading.csvfile import opening_quote_line
from rollupctl.loading.dialect import Constants
from rollupctl.loading.parts import Part
from rollupctl.loading.target import Check, Target

# 'COPY events, line 3, column country: "…"'; the words are in the server's language, and the value
# may contain line breaks.
_CONTEXT = re.compile(
    r"^COPY [^\n]+?, \w+ (?P<line>\d+)(?:, \w+ (?P<column>[^:\n]+?))?"
    r"(?:: (?P<rest>[\"»«„“”].*[\"»«„“”]|[^\n]*))?$",
    re.MULTILINE | re.DOTALL,
)
_BAD_VALUE = ("22P02", "22007", "22008", "22003", "22P05", "22023")
_BAD_LINE = "22P04"
_BAD_BYTE = "22021"
_NULL = "23502"
_CHECK = "23514"
_TOO_LONG = "54000"
_TOO_DEEP = "54001"
# The form of a Citus worker's error: without SQLSTATE, line and column.
_FROM_WORKER = "XX000"


def explain(
    error: psycopg.Error, session: Session, file: Part, target: Target, columns: list[str]
) -> BadFileError | None:
    """What is wrong with `file`, whose `columns` were loaded; None if the error does not concern
    its content.
    """
    return explain_copy(error, target, file) or explain_worker(
        error, session, file, target, columns
    )


def explain_copy(error: psycopg.Error, target: Target, file: Part) -> BadFileError | None:
    """What is wrong with `file`, or None if the error does not concern its content.

    Classes 22 (data) and 23 (constraints), PL/pgSQL's own (triggers) and what is beyond the
    server's limits are about content; a lost connection or a missing privilege are not. Line
    numbers are those of the file, the header being line 1; for a record with line breaks in
    quotes it is the line on which it ends.
    """
    state = error.sqlstate or ""
    diag = error.diag
    if not (state[:2] in ("22", "23", "P0") or state in (_TOO_LONG, _TOO_DEEP)):
        return None
    said = primary(error)
    found = _CONTEXT.search(diag.context or "")
    line = int(found["line"]) + file.uncounted + file.lines_before if found else None
    column = (found and found["column"]) or diag.column_name
    value = _value(found["rest"]) if found else None
    place = (
        file.name + (f", line {line}" if line else "") + (f", column {column}" if column else "")
    )
    hint = "; ".join(filter(None, (diag.message_hint, NOTHING_LOADED)))
    is_stdin = file.name == STDIN
    if state in (*_BAD_VALUE, _TOO_DEEP) and column and value is not None:
        type_name = target.type_of(column)
        message, detail = f"{place}: {value} is not a valid {type_name}", diag.message_detail
        if advised := advice(value[1:-1], type_name):
            hint = f"{advised}; {NOTHING_LOADED}"
        if state in ("22003", "22008"):
            message = f"{place}: {value} is out of range for {type_name}"
        if state == _TOO_DEEP:
            message, hint = f"{place}: {value} is nested too deeply", NOTHING_LOADED
    elif state == _NULL and column:
        message, detail = (
            f"{place}: no value, where one of type {target.type_of(column)} must be",
            None,
        )
    elif state == _CHECK and (check := _broken(target, diag.constraint_name)):
        column = check.columns[0] if len(check.columns) == 1 else None
        place += f", column {column}" if column else ""
        message = f"{place}: does not meet {check.name}: {check.definition}"
        detail = f"the line reads {value}" if value is not None else None
    elif state == _BAD_BYTE:
        byte = said.rsplit(": ", 1)[-1]
        if byte == "0x00":
            return BadFileError(f"{place}: a zero byte: this is not text", NOTHING_LOADED)
        hint = f"{NOTHING_LOADED}; {NOT_UTF8}"
        return BadFileError(f"{place}: not UTF-8: {byte}", hint)
    elif state in (_BAD_LINE, _TOO_LONG) and not is_stdin and (opened := _unclosed(file)):
        return BadFileError(
            f"{file.name}, line {opened}: a quote ({file.dialect.quote}) opens here and never "
            "closes",
            NOTHING_LOADED,
        )
    elif state == _TOO_LONG:
        message, detail = f"{place}: longer than PostgreSQL takes, 1 GB with its quotes", None
    else:
        message, detail = f"{place}: {said}", diag.message_detail
        if state == _BAD_LINE and value is not None:
            detail = f"the line reads {value}"
    return BadFileError(message, hint, detail=detail)


def explain_worker(
    error: psycopg.Error, session: Session, file: Part, target: Target, columns: list[str]
) -> BadFileError | None:
    """As explain_copy, for an error of a Citus worker, outside of the transaction that failed.

    The coordinator leaves parsing some types and all check constraints to the workers, whose errors
    contain no line. The coordinator therefore reads the file again, into a local table with the
    same columns and constraints.
    """
    if error.sqlstate != _FROM_WORKER:
        return None
    table = sql.Identifier("pg_temp", "rollupctl_replay")
    source = sql.Identifier(target.schema, target.name)
    left_out = [c.name for c in target.columns if c.name not in columns]
    try:
        with transaction(session, force_rollback=True):
            session.execute(
                sql.SQL("create temp table {} (like {} including constraints)").format(
                    sql.Identifier("rollupctl_replay"), source
                )
            )
            for name in left_out:
                session.execute(
                    sql.SQL("alter table {} alter {} drop not null").format(
                        table, sql.Identifier(name)
                    )
                )
            with session.cursor().copy(target.copy_command(columns, file.dialect, table)) as copy:
                constants = Constants(file.dialect, file.line_end)
                for chunk in file.again():
                    copy.write(constants.add(chunk))
                copy.write(constants.end())
    except psycopg.Error as told:
        if found := explain_copy(told, target, file):
            return found
    return BadFileError(
        f"{file.name}: {primary(error)}", NOTHING_LOADED, detail=error.diag.message_detail
    )


def _broken(target: Target, constraint: str | None) -> Check | None:
    return next((check for check in target.checks if check.name == constraint), None)


def _value(rest: str | None) -> str | None:
    """The quoted value in the context, with the quotes of any server language."""
    found = re.fullmatch(r'["»«„“”](.*)["»«„“”]', rest or "", re.DOTALL)
    return f'"{found[1]}"' if found else None


def _unclosed(file: Part) -> int | None:
    if not file.content.is_regular:
        return None
    return opening_quote_line(file.file_again(), file.dialect.quote)
