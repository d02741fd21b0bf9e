"""What is wrong with a staged row that cannot be loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from rollupctl.connect import Session
from rollupctl.errors import primary
from rollupctl.loading.advice import advice
from rollupctl.loading.fields import LONGEST_KEY, Fields
from rollupctl.loading.qualified import qualified
from rollupctl.loading.source import Source
from rollupctl.loading.target import Column, Target
from rollupctl.loading.timevalue import problem

NO_ROW = "no value, without which the row that it corrects cannot be found"


@dataclass(frozen=True)
class Flaw:
    """Why a row cannot be loaded, and the column, if it is one's."""

    column: str | None
    reason: str
    hint: str | None = None


class Flaws:
    """Finds the flaw of one row, in the transaction that has staged it."""

    def __init__(self, session: Session, target: Target, source: Source, fields: Fields) -> None:
        self._session = session
        self._target = target
        self._source = source
        self._fields = fields

    def of(self, line: int, error: psycopg.Error | None) -> Flaw:
        """What is wrong with a line that was refused."""
        rows = self._fields.rows(f"line = {line}")
        for column in self._fields.columns:
            value = self._fields.value(column)
            try:
                with self._session.transaction(force_rollback=True):
                    self._session.execute(
                        sql.SQL("select {} from ({}) r{}").format(value, rows, self._fields.joins())
                    )
            except psycopg.Error as wrong:
                if error is not None and wrong.sqlstate == error.sqlstate:
                    (text,) = self._one(
                        sql.SQL("select {} from ({}) r").format(self._fields.text(column), rows)
                    )
                    advised = advice(text, column.type) if isinstance(text, str) else None
                    hint = advised or wrong.diag.message_hint
                    return Flaw(column.name, primary(wrong), hint)
        if error is not None:
            return self.told(error)
        return self._flaw_of_good(rows)

    def _flaw_of_good(self, rows: sql.Composable) -> Flaw:
        """What is wrong with a row that the server takes."""
        fields = self._fields
        (is_valid,) = self._one(sql.SQL("select {} from ({}) r").format(self._source.valid, rows))
        if not is_valid:
            return Flaw(None, self._source.flaw)
        if fields.key is not None:
            found = sql.SQL("select {}, {} from ({}) r").format(
                fields.has_good_key(fields.key), fields.key, rows
            )
            is_good, key = self._one(found)
            if not is_good:
                too_long = f"its event key is longer than {LONGEST_KEY} bytes"
                return Flaw(None, too_long if key else "has no event key")
        for column in fields.corrected:
            value = sql.SQL("select {} from ({}) r{}").format(
                fields.value(column), rows, fields.joins()
            )
            if self._one(value)[0] is None:
                return Flaw(column.name, NO_ROW)
        if not fields.takes_unknown:
            known = qualified(
                "select {}, (select k from pg_catalog.jsonb_object_keys({}) k limit 1) from ({}) r"
            ).format(self._source.is_known(fields.known), self._source.rest(fields.known), rows)
            is_known, name = self._one(known)
            if not is_known:
                reason = f"{self._target.qualified} has no column {name!r}"
                if any(each.name == name and each.is_loadable for each in self._target.columns):
                    reason = f"no column takes field {name!r}: {name} is loaded from elsewhere"
                return Flaw(
                    None,
                    reason,
                    f"--map COLUMN={name} loads it into one, --rest COLUMN keeps all others as "
                    "jsonb, --ignore-unknown leaves them out",
                )
        for column in fields.times:
            (text,) = self._one(sql.SQL("select {} from ({}) r").format(fields.text(column), rows))
            if text is not None and column in fields.judged_times and (said := problem(text)):
                return Flaw(column.name, f'"{text}" {said[0]}', said[1])
            if text is not None and not self._is_in_range(column, rows):
                first, last = fields.range_text
                return Flaw(
                    column.name,
                    f'"{text}" is not between {first} and {last}',
                    "if it is meant, say --time-range or --time-format any",
                )
        return Flaw(None, "is refused")

    def _is_in_range(self, column: Column, rows: sql.Composable) -> bool:
        value = sql.SQL("select {} as {} from ({}) r{}").format(
            self._fields.value(column), sql.Identifier(column.name), rows, self._fields.joins()
        )
        condition = self._fields.in_range([column])
        (found,) = self._one(sql.SQL("select {} from ({}) v").format(condition, value))
        return bool(found)

    def _one(self, query: sql.Composed) -> tuple[Any, ...]:
        return self._session.execute(query).fetchone() or (None, None)

    def told(self, error: psycopg.Error) -> Flaw:
        """The server's error in terms of the table."""
        diag = error.diag
        if error.sqlstate == "23502" and diag.column_name:
            type_name = self._target.type_of(diag.column_name)
            return Flaw(diag.column_name, f"no value, where one of type {type_name} must be")
        if check := next((c for c in self._target.checks if c.name == diag.constraint_name), None):
            column = check.columns[0] if len(check.columns) == 1 else None
            return Flaw(column, f"does not meet {check.name}: {check.definition}")
        reason = primary(error) + (f" ({diag.message_detail})" if diag.message_detail else "")
        return Flaw(diag.column_name, reason, diag.message_hint)
