"""SQL whose operators are those of PostgreSQL, whatever schemas stand before pg_catalog."""

from __future__ import annotations

import re

from psycopg import sql

_OPERATOR = re.compile(r" (->>|->|#>>|#>|#-|\|\||<>|>=|<=|!~|\?|~|=|<|>|-|\*|/|\+) ")


def qualified(text: str) -> sql.SQL:
    """`text`, in which the operators that stand between spaces name their schema.

    Qualified operators all have one precedence: parentheses say what belongs together.
    """
    return as_sql(_OPERATOR.sub(r" operator(pg_catalog.\1) ", text))


def as_sql(text: str) -> sql.SQL:
    """`text` that this program, or the server's catalog, has written."""
    return sql.SQL(text)
