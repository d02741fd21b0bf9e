"""What a format offers for rows that are staged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from psycopg import sql


class Source(Protocol):
    """How the fields of a format's staged rows are written in SQL."""

    row: str  # whether a staged line is a row
    has_header: bool
    flaw: str  # what is said of a row that is not valid
    are_fixed: bool  # whether all rows have the same fields, which have been looked at
    usual_time: str | None  # the field with the time of an event

    @property
    def columns(self) -> Sequence[str]:
        """The columns of the stage."""
        ...

    @property
    def valid(self) -> sql.Composable:
        """Whether a row is as rows are in this format."""
        ...

    def rows(self, stage: sql.Identifier, condition: sql.Composable) -> sql.Composed:
        """The staged rows of a condition, with their line and what their fields are read from."""
        ...

    def offers(self, field: str) -> bool:
        """Whether a row may have the field."""
        ...

    def has(self, field: str) -> sql.Composable:
        """Whether the row has the field."""
        ...

    def json(self, field: str) -> sql.Composable:
        """The field as jsonb."""
        ...

    def text(self, field: str) -> sql.Composable:
        """The field as text."""
        ...

    def rest(self, known: Sequence[str]) -> sql.Composable:
        """What the row has besides the fields `known`, as jsonb."""
        ...

    def is_known(self, known: Sequence[str]) -> sql.Composable:
        """Whether the row has the fields `known` only."""
        ...
