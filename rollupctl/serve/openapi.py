"""GET /openapi.json: the interface, described in OpenAPI 3.1."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from rollupctl import __version__
from rollupctl.serve import events, formats
from rollupctl.serve.problems import MEDIA_TYPE
from rollupctl.serve.questions import PARAMETERS

_TEXT = {"type": "string"}
_PROBLEM = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "error": _TEXT,
        "hint": _TEXT,
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(
    schema: dict[str, Any], description: str, media_type: str = formats.JSON
) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _problems(*statuses: int, media_type: str = MEDIA_TYPE) -> dict[str, Any]:
    """The statuses of errors. Any request can be too much, or meet an outage."""
    content = {kind: {"schema": _ref("Problem")} for kind in {media_type, MEDIA_TYPE}}
    told = {"description": "An error, in one sentence.", "content": content}
    return {str(status): told for status in (*statuses, 401, 403, 429, 500, 503, 504)}


def _parameter(name: str, where: str, description: str, **schema: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": where,
        "description": description,
        "required": where == "path" or bool(schema.pop("required", False)),
        "schema": {"type": "string", **schema},
    }


def _collecting(summary: str, content: dict[str, Any], answer: str) -> dict[str, Any]:
    return {
        "summary": summary,
        "parameters": [
            _parameter("wait", "query", "true: answer after the database has committed."),
            _parameter(
                "Idempotency-Key", "header", "A request with the same key and body is stored once.",
                minLength=1, maxLength=255,
            ),
        ],
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": _json(_ref(answer), "In the database (with wait=true)."),
            "202": _json(_ref(answer), "On disk; it will be stored exactly once."),
            **_problems(400, 408, 409, 413, 422, media_type=formats.JSON),
        },
    }  # fmt: skip


_EVENT = {
    "type": "object",
    "required": ["site_id", "event_type"],
    "properties": {
        "site_id": {"type": "string", "minLength": 1, "maxLength": 200},
        "timestamp": {"type": "string", "description": "ISO 8601; now, if left out."},
        **{
            name: {"type": ["string", "null"], "maxLength": longest}
            for name, longest in events.TEXTS.items()
        },
        "event_type": {"type": "string", "minLength": 1, "maxLength": 255},
        "device_id": {"type": ["integer", "null"]},
        "session_id": {"type": ["integer", "null"]},
        "quantity": {"type": ["integer", "null"]},
        "amount": {"type": ["number", "string", "null"]},
        "currency": {"type": ["string", "null"], "pattern": "^[A-Z]{3}$"},
        "value": {"type": ["number", "null"]},
        "properties": {"type": ["object", "null"]},
    },
    "additionalProperties": True,
}
_COUNTS = {
    "type": "object",
    "required": ["status", "accepted", "rejected"],
    "properties": {
        "status": {"enum": ["accepted", "stored"]},
        "accepted": {"type": "integer"},
        "rejected": {"type": "integer"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
_ANSWER = {
    "type": "object",
    "required": ["rollup", "from", "to", "dimensions", "measures", "rows", "next"],
    "properties": {
        "rollup": _TEXT,
        "site_id": {"type": ["string", "null"]},
        "from": _TEXT,
        "to": _TEXT,
        "grain": {"type": ["string", "null"]},
        "time_zone": _TEXT,
        "rows": {"type": "array", "items": {"type": "object"}},
        "next": {"type": ["string", "null"], "description": "The cursor of the next page."},
    },
}
_STATS = {
    "type": "object",
    "required": ["site_id", "date", "total_views", "unique_users", "top_paths"],
    "properties": {
        "site_id": _TEXT,
        "date": {"type": "string", "format": "date"},
        "total_views": {"type": "integer"},
        "unique_users": {"type": "integer"},
        "top_paths": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"path": _TEXT, "views": {"type": "integer"}},
            },
        },
    },
}


def _questions(responses: dict[str, Any], summary: str) -> dict[str, Any]:
    name = _parameter("name", "path", "The rollup.")
    asked = [_parameter(name, "query", text) for name, text in PARAMETERS.items()]
    return {"get": {"summary": summary, "parameters": [name, *asked], "responses": responses}}


def _list_of(name: str) -> dict[str, Any]:
    items = {"type": "array", "items": {"type": "object"}}
    return {"type": "object", "required": [name], "properties": {name: items}}


def document() -> dict[str, Any]:
    """The description of every address."""
    answer = {
        "description": "The answer.",
        "content": {
            formats.JSON: {"schema": _ref("Answer")},
            formats.CSV: {"schema": _TEXT},
            formats.ARROW: {"schema": {"type": "string", "format": "binary"}},
        },
    }
    not_modified = {"description": "The client has the answer."}
    stream = {"description": "Answers, one after the other.", "content": {"text/event-stream": {}}}
    lines = {"schema": _TEXT}
    event = {kind: {"schema": _ref("Event")} for kind in (formats.JSON, "text/plain")}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "rollupctl serve",
            "version": __version__,
            "description": "Collects events and answers questions about rollups."
            " A dimension is filtered by filter.NAME=value; an empty value stands for unknown.",
        },
        "paths": {
            "/event": {"post": _collecting("Send an event", event, "Accepted")},
            "/events": {
                "post": _collecting(
                    "Send a batch of events",
                    {
                        formats.JSON: {"schema": {"type": "array", "items": _ref("Event")}},
                        "application/x-ndjson": lines,
                    },
                    "Counts",
                )
            },
            "/stats": {
                "get": {
                    "summary": "Statistics of a site on one day",
                    "parameters": [
                        _parameter("site_id", "query", "The site.", required=True),
                        _parameter("date", "query", "A day such as 2024-01-15. Today, without."),
                    ],
                    "responses": {
                        "200": _json(_ref("Stats"), "The statistics."),
                        "304": not_modified,
                        **_problems(400, media_type=formats.JSON),
                    },
                }
            },
            "/sites": {
                "get": {
                    "summary": "Sites by the beginning of their names",
                    "parameters": [_parameter("search", "query", "How the name begins.")],
                    "responses": {"200": _json(_list_of("sites"), "At most 100."), **_problems()},
                }
            },
            "/rollups": {
                "get": {
                    "summary": "All rollups with their dimensions and measures",
                    "responses": {"200": _json(_list_of("rollups"), "All."), **_problems()},
                }
            },
            "/rollups/{name}": _questions(
                {"200": answer, "304": not_modified, **_problems(400, 404, 406, 410)},
                "Ask a rollup",
            ),
            "/rollups/{name}/stream": _questions(
                {"200": stream, **_problems(400, 404, 410)}, "Follow an answer"
            ),
        },
        "components": {
            "schemas": {
                "Event": _EVENT,
                "Accepted": {"type": "object", "properties": {"status": _TEXT}},
                "Counts": _COUNTS,
                "Answer": _ANSWER,
                "Stats": _STATS,
                "Problem": _PROBLEM,
            },
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


@cache
def _body() -> bytes:
    return msgspec.json.encode(document())


async def get_document(request: Request) -> Response:
    """The document."""
    del request
    return Response(_body(), media_type=formats.JSON)
