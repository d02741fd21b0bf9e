"""Events as lines of COPY's text format."""

from __future__ import annotations

from typing import Any

import msgspec
from psycopg import sql

from rollupctl.serve.events import COLUMNS

COPY = sql.SQL("copy public.events ({}) from stdin").format(
    sql.SQL(", ").join(map(sql.Identifier, ("event_time", "customer_id", *COLUMNS)))
)
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def line(event: dict[str, Any], customer_id: int) -> str:
    """An event as a line of COPY's text format."""
    values = [event["event_time"], customer_id, *map(event.get, COLUMNS)]
    fields = [
        "\\N" if value is None else value if isinstance(value, str) else _text(value)
        for value in values
    ]
    text = "\t".join(fields)
    # Nearly all lines have nothing to escape, which is faster to see of a line than of its fields.
    if (
        text.count("\\") != values.count(None)
        or text.count("\t") != len(values) - 1
        or "\n" in text
        or "\r" in text
    ):
        text = "\t".join(
            field if value is None else field.translate(_ESCAPES)
            for field, value in zip(fields, values, strict=True)
        )
    return text + "\n"


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode() if isinstance(value, dict) else str(value)
