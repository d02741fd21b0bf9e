"""The COPY of a CSV file."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from rollupctl.loading.dialect import Dialect


def copy_csv(
    table: sql.Composable,
    columns: Sequence[str],
    dialect: Dialect,
    *,
    header: bool,
    not_text: Sequence[str],
) -> sql.Composed:
    """The command that reads records of a dialect into `columns`, of which some are `not_text`."""
    options = [
        sql.SQL("format csv, header {}, delimiter {}, quote {}").format(
            header, dialect.delimiter, dialect.quote
        )
    ]
    if dialect.null is not None:
        options.append(sql.SQL("null {}").format(dialect.null))
        if not_text:  # "" is a valid text, but not a number
            options.append(sql.SQL("force_null ({})").format(listed(not_text)))
    return sql.SQL("copy {} ({}) from stdin ({})").format(
        table, listed(columns), sql.SQL(", ").join(options)
    )


def listed(names: Sequence[str]) -> sql.Composed:
    """Names of columns, quoted, in a row."""
    return sql.SQL(", ").join(map(sql.Identifier, names))
