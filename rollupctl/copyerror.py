"""From the server's error about a COPY to one line about the user's file."""

from __future__ import annotations

import re

import psycopg

from rollupctl.csvfile import NOT_UTF8, STDIN, opening_quote_line
from rollupctl.errors import BadFileError, primary
from rollupctl.target import Target

# 'COPY events, line 3, column country: "…"'; the words are in the server's language.
_CONTEXT = re.compile(
    r"^COPY .+?, \w+ (?P<line>\d+)(?:, \w+ (?P<column>[^:]+?))?(?:: (?P<rest>.*))?$",
    re.MULTILINE,
)
_BAD_VALUE = ("22P02", "22007", "22008", "22003")
_BAD_LINE = "22P04"
_BAD_BYTE = "22021"
_NULL = "23502"
_TOO_LONG = "54000"

NOTHING_LOADED = "nothing of this file was loaded"


def explain_copy(error: psycopg.Error, target: Target, file: str) -> BadFileError | None:
    """What is wrong with `file`, or None when the error is not about its content.

    Classes 22 (data) and 23 (constraints), PL/pgSQL's own (triggers) and lines beyond the
    server's limit are about content; a lost connection or a missing privilege are not. Line
    numbers are those of the file, the header being line 1; for a record with line breaks in
    quotes it is the line on which it ends.
    """
    state = error.sqlstate or ""
    diag = error.diag
    if not (state[:2] in ("22", "23", "P0") or state == _TOO_LONG):
        return None
    said = primary(error)
    found = _CONTEXT.search(diag.context or "")
    line = found["line"] if found else None
    column = (found and found["column"]) or diag.column_name
    value = _value(found["rest"]) if found else None
    place = file + (f", line {line}" if line else "") + (f", column {column}" if column else "")
    if state in _BAD_VALUE and column and value is not None:
        message, detail = f"{place}: {value} is not a valid {target.type_of(column)}", None
        if state in ("22003", "22008"):
            message = f"{place}: {value} is out of range for {target.type_of(column)}"
    elif state == _NULL and column:
        message, detail = (
            f"{place}: no value, where one of type {target.type_of(column)} must be",
            None,
        )
    elif state == _BAD_BYTE:
        byte = said.rsplit(": ", 1)[-1]
        if byte == "0x00":
            return BadFileError(f"{place}: a zero byte: this is not text", NOTHING_LOADED)
        hint = f"{NOTHING_LOADED}; {NOT_UTF8.format('FILE' if file == STDIN else file)}"
        return BadFileError(f"{place}: not UTF-8: {byte}", hint)
    elif state in (_BAD_LINE, _TOO_LONG) and file != STDIN and (opened := _unclosed(file)):
        return BadFileError(
            f'{file}, line {opened}: a quote (") opens here and never closes', NOTHING_LOADED
        )
    else:
        message, detail = f"{place}: {said}", diag.message_detail
        if state == _BAD_LINE and value is not None:
            detail = f"the line reads {value}"
    hint = f"{diag.message_hint}; {NOTHING_LOADED}" if diag.message_hint else NOTHING_LOADED
    return BadFileError(message, hint, detail=detail)


def _value(rest: str | None) -> str | None:
    """The value in quotes as the context gives it, whatever quotes the server's language uses."""
    found = re.fullmatch(r'["»«„“”](.*)["»«„“”]', rest or "", re.DOTALL)
    return f'"{found[1]}"' if found else None


def _unclosed(file: str) -> int | None:
    try:
        return opening_quote_line(file)
    except OSError:
        return None
