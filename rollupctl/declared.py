"""Declarations in files: TOML with a table for each rollup, or SQL calling create_rollup."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from rollupctl.connect import Session, query, transaction
from rollupctl.errors import RollupError, UsageError
from rollupctl.sqlscript import read_script

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DEFAULT = Path("rollups.toml")
_CALL = re.compile(r"(?is)\A(?:\s|--[^\n]*\n)*select\s+rollup\s*\.\s*create_rollup\s*(?=\()")


def read_declarations(session: Session, files: Sequence[Path]) -> str:
    """The declarations of all `files`, or of rollups.toml, as a JSON array for rollup.plan.

    SQL is evaluated by the server, which changes nothing. Raises RollupError for a file that
    contains anything else than declarations.
    """
    declarations: list[Any] = []
    for path in files or [DEFAULT]:
        if not path.is_file():
            hint = None if files else "name the files with declarations"
            raise RollupError(f"{path}: no such file", hint)
        read = _from_toml if path.suffix == ".toml" else _from_sql
        declarations += read(session, path)
    return json.dumps(declarations)


def _from_toml(_session: Session, path: Path) -> list[Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RollupError(f"{path}: {error}", "the file must be TOML in UTF-8") from None
    rollups = content.pop("rollups", {})
    if content or not isinstance(rollups, dict):
        unknown = f'"{next(iter(content))}" is unknown' if content else '"rollups" is not a table'
        raise RollupError(f"{path}: {unknown}", "write a table for each rollup: [rollups.NAME]")
    declarations = []
    for name, given in rollups.items():
        if not isinstance(given, dict):
            raise RollupError(f"{path}: rollups.{name} is not a table")
        declarations.append({"name": name, **given})
    try:
        json.dumps(declarations)
    except TypeError:
        raise RollupError(f"{path}: dates and times are not values of a declaration") from None
    return declarations


def _from_sql(session: Session, path: Path) -> list[Any]:
    declarations: list[Any] = []
    for statement in read_script(path):
        call = _CALL.match(statement.text)
        if not call:
            raise RollupError(
                f"{path}:{statement.line}: not a declaration",
                "the file may contain calls select rollup.create_rollup(…) only",
            )
        text = f"select rollup.declaration{statement.text[call.end() :]}"
        try:
            with transaction(session, {"transaction_read_only": "on"}):
                declarations += query(session, text).rows[0][:1]
        except psycopg.Error as error:
            said = error.diag.message_primary or str(error)
            raise RollupError(f"{path}:{statement.line}: {said}", error.diag.message_hint) from None
    return declarations


def names_in(given: Sequence[str], session: Session) -> list[str]:
    """Names of rollups, of which some are given as files with their declarations."""
    names: list[str] = []
    for each in given:
        path = Path(each)
        if path.suffix in (".toml", ".sql"):
            names += [each["name"] for each in json.loads(read_declarations(session, [path]))]
        else:
            names.append(each)
    if not names:
        raise UsageError("which rollup?", "name rollups, or files with their declarations")
    return list(dict.fromkeys(names))
