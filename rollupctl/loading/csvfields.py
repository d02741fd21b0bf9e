"""How the fields of staged CSV records are written in SQL."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql


class CsvFields:
    """Each field is a column of text; `header` has its name, or that of the column it is for."""

    row = "true"
    valid = sql.SQL("true")
    flaw = "is refused"
    has_header = True
    usual_time: str | None = None
    are_fixed = True

    def __init__(self, header: Sequence[str]) -> None:
        self._header = list(header)
        self.columns = tuple(f"field {number}" for number in range(1, len(header) + 1))

    def _column(self, field: str) -> sql.Identifier:
        return sql.Identifier(self.columns[self._header.index(field)])

    def rows(self, stage: sql.Identifier, condition: sql.Composable) -> sql.Composed:
        """The staged records of a condition."""
        return sql.SQL("select * from {} where {} offset 0").format(stage, condition)

    def offers(self, field: str) -> bool:
        """Whether a row may have the field."""
        return field in self._header

    def has(self, field: str) -> sql.Composable:
        """Whether the row has the field."""
        return sql.SQL("true")

    def json(self, field: str) -> sql.Composable:
        """The field as jsonb; text that is JSON, as it would be copied into such a column."""
        return sql.SQL("{}::pg_catalog.jsonb").format(self._column(field))

    def text(self, field: str) -> sql.Composable:
        """The field as text."""
        return self._column(field)

    def rest(self, known: Sequence[str]) -> sql.Composable:
        """The fields besides `known` that are not empty, as strings of a JSON object."""
        others = [name for name in self._header if name not in known]
        if not others:
            return sql.SQL("'{{}}'::pg_catalog.jsonb").format()
        return sql.SQL(
            "pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_object("
            "{}::pg_catalog.text[], array[{}]::pg_catalog.text[]))"
        ).format(others, sql.SQL(", ").join(map(self._column, others)))

    def is_known(self, known: Sequence[str]) -> sql.Composable:
        """The header has told."""
        return sql.SQL("true")
