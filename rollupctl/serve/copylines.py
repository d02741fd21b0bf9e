"""Events as lines of COPY's text format."""

from __future__ import annotations

from typing import Any

import msgspec
from psycopg import sql

from rollupctl.serve.events import COLUMNS

_COLUMNS = sql.SQL(", ").join(map(sql.Identifier, ("event_time", "customer_id", *COLUMNS)))
COPY = sql.SQL("copy public.events ({}) from stdin").format(_COLUMNS)
INSERT = sql.SQL("insert into public.events ({}) values ({})").format(
    _COLUMNS, sql.SQL(", ").join([sql.Placeholder()] * (2 + len(COLUMNS)))
)
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def values(event: dict[str, Any], customer_id: int) -> list[Any]:
    """The values of an event in the order of the columns."""
    found = [event["event_time"], customer_id, *map(event.get, COLUMNS)]
    if found[-1] is not None:
        found[-1] = msgspec.json.encode(found[-1]).decode()  # properties
    return found


def line(event: dict[str, Any], customer_id: int) -> str:
    """An event as a line of COPY's text format."""
    found = values(event, customer_id)
    fields = [
        "\\N" if value is None else value if isinstance(value, str) else str(value)
        for value in found
    ]
    text = "\t".join(fields)
    # Nearly all lines have nothing to escape, which is faster to see of a line than of its fields.
    if (
        text.count("\\") != found.count(None)
        or text.count("\t") != len(found) - 1
        or "\n" in text
        or "\r" in text
    ):
        text = "\t".join(
            field if value is None else field.translate(_ESCAPES)
            for field, value in zip(fields, found, strict=True)
        )
    return text + "\n"
