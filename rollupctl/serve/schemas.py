"""Schemas of what the service takes and answers, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from rollupctl.serve import events

TEXT = {"type": "string"}
_NUMBER = {"type": ["number", "null"]}
_ERROR = {
    "type": "object",
    "required": ["detail"],
    "properties": {"line": {"type": "integer"}, "pointer": TEXT, "detail": TEXT},
}
# What a number may be written as, in place of a number.
_DIGITS = r"^[-+]?[0-9]{1,%s}$"
_DECIMAL = r"^[-+]?[0-9]{1,30}(\.[0-9]{1,30})?$"
_TIME = (
    r"^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
    r"([T ]([01][0-9]|2[0-2]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[-+]0[0-9]:[0-5][0-9])?)?$"
)
NAME = r"^[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"  # of a site
NO_NUL = r"^[^\x00]*$"
SITE = {
    "type": ["string", "integer"],
    "minLength": 1,
    "maxLength": events.MAX_SITE,
    "pattern": NAME,
    "description": "The name of a site. The one of the key, if that is for one site.",
}


def _text(longest: int) -> dict[str, Any]:
    return {"type": ["string", "integer", "null"], "maxLength": longest, "pattern": NO_NUL}


def _whole(bits: int) -> dict[str, Any]:
    most = 2 ** (bits - 1)
    digits = len(str(most)) - 1
    return {
        "type": ["integer", "string", "null"],
        "minimum": -most,
        "maximum": most - 1,
        "pattern": _DIGITS % digits,
    }


EVENT = {
    "type": "object",
    "required": ["site_id", "event_type"],
    "properties": {
        "site_id": SITE,
        "timestamp": {
            "type": ["string", "null"],
            "pattern": _TIME,
            "description": "ISO 8601, from 1970 on; now, if left out.",
        },
        **{name: _text(longest) for name, longest in events.TEXTS.items()},
        "event_type": {
            "type": ["string", "integer"],
            "minLength": 1,
            "maxLength": events.TEXTS["event_type"],
            "pattern": NO_NUL,
        },
        "device_id": _whole(64),
        "session_id": _whole(64),
        "quantity": _whole(32),
        "amount": {
            "type": ["number", "string", "null"],
            "pattern": _DECIMAL,
        },
        "currency": {"type": ["string", "null"], "pattern": "^[A-Z]{3}$"},
        "value": _NUMBER,
        "properties": {
            "type": ["object", "null"],
            "description": f"Nested at most {events.MAX_DEPTH} levels deep.",
        },
    },
    "additionalProperties": {
        "description": "Is stored in the column properties.",
    },
}
ACCEPTED = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"enum": ["accepted", "stored"]}},
}
COUNTS = {
    "type": "object",
    "required": ["status", "accepted", "rejected"],
    "properties": {
        "status": {"enum": ["accepted", "stored"]},
        "accepted": {"type": "integer"},
        "rejected": {"type": "integer"},
        "errors": {"type": "array", "items": _ERROR},
        "set_aside": {"type": "integer", "description": "Events that the database rejects."},
        "reasons": {"type": "array", "items": TEXT},
    },
}
ANSWER = {
    "type": "object",
    "required": ["from", "to", "grain", "dimensions", "measures", "rows", "next"],
    "properties": {
        "rollup": TEXT,
        "site_id": {"type": ["string", "null"]},
        "from": {"type": ["string", "null"]},
        "to": {"type": ["string", "null"]},
        "grain": {"type": ["string", "null"]},
        "time_zone": TEXT,
        "dimensions": {"type": "array", "items": TEXT},
        "measures": {"type": "array", "items": TEXT},
        "rows": {"type": "array", "items": {"type": "object"}},
        "next": {"type": ["string", "null"], "description": "The cursor of the next page."},
    },
}
STATS = {
    "type": "object",
    "required": ["site_id", "date", "total_views", "unique_users", "top_paths"],
    "properties": {
        "site_id": TEXT,
        "date": {"type": "string", "format": "date"},
        "total_views": {"type": "integer"},
        "unique_users": {"type": "integer"},
        "top_paths": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "views"],
                "properties": {"path": TEXT, "views": {"type": "integer"}},
            },
        },
    },
}
PROBLEM = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "error": TEXT,
        "hint": TEXT,
        "errors": {"type": "array", "items": _ERROR},
    },
}
QUERY = {
    "type": "object",
    "required": ["query"],
    "properties": {
        "query": TEXT,
        "variables": {"type": ["object", "null"]},
        "operationName": {"type": ["string", "null"]},
    },
}
RESULT = {
    "type": "object",
    "properties": {
        "data": {"type": ["object", "null"]},
        "errors": {"type": "array", "items": {"type": "object", "required": ["message"]}},
    },
}
READY = {
    "type": "object",
    "required": ["status", "spool_events", "spool_bytes"],
    "properties": {
        "status": {"enum": ["ready", "not ready"]},
        "spool_events": {"type": "integer"},
        "spool_bytes": {"type": "integer"},
        "problem": TEXT,
    },
}
SCHEMAS = {
    "Event": EVENT,
    "Accepted": ACCEPTED,
    "Counts": COUNTS,
    "Answer": ANSWER,
    "Stats": STATS,
    "Query": QUERY,
    "Result": RESULT,
    "Ready": READY,
    "Problem": PROBLEM,
}
