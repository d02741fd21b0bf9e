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
    fields = [event["event_time"], str(customer_id)]
    for name in COLUMNS:
        value = event.get(name)
        if value is None:
            fields.append("\\N")
        elif isinstance(value, str):
            fields.append(value.translate(_ESCAPES))
        elif isinstance(value, dict):
            fields.append(msgspec.json.encode(value).decode().translate(_ESCAPES))
        else:
            fields.append(str(value))
    return "\t".join(fields) + "\n"
