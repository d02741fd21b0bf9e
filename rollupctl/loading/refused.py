"""Which lines the server refuses: blocks of them are attempted, and halved where that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
from psycopg import sql

from rollupctl.connect import Session
from rollupctl.loading.qualified import as_sql

_BLOCK = 4096  # lines that are tried at once


def is_about_data(error: psycopg.Error) -> bool:
    """Whether an error concerns the content of rows: data, constraints, triggers, limits. Those of
    Citus workers come without SQLSTATE.
    """
    state = error.sqlstate or ""
    return state[:2] in ("22", "23", "P0") or state in ("54000", "54001", "XX000")


def refused(
    session: Session, name: str, table: sql.Composable, attempt: Callable[[int, int], bool]
) -> Iterator[tuple[int, psycopg.Error | None]]:
    """Attempt all lines, in blocks that are halved until each line that fails is alone."""
    bounds = session.execute(
        sql.SQL("select pg_catalog.min({0}), pg_catalog.max({0}) from {1}").format(
            as_sql(name),
            table,
        )
    ).fetchone()
    first, last = bounds or (None, None)
    if first is None:
        return
    todo = [(at, min(at + _BLOCK, last + 1)) for at in range(first, last + 1, _BLOCK)][::-1]
    while todo:
        low, high = todo.pop()
        failed: psycopg.Error | None = None
        try:
            with session.transaction():
                if attempt(low, high):
                    continue
                raise psycopg.Rollback
        except psycopg.Error as error:
            if not is_about_data(error):
                raise
            failed = error
        if high - low > 1:
            middle = (low + high) // 2
            todo += [(middle, high), (low, middle)]
        else:
            yield low, failed


def between_lines(name: str, first: int, last: int) -> str:
    """The condition on lines from `first` on, and before `last`."""
    return f"({name} >= {first} and {name} < {last})"
