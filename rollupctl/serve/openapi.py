"""GET /openapi.json: the interface, described in OpenAPI 3.1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from rollupctl import __version__
from rollupctl.serve import formats
from rollupctl.serve.events import MAX_SITE
from rollupctl.serve.live import LAST_ID
from rollupctl.serve.problems import MEDIA_TYPE
from rollupctl.serve.questions import ANALYSES, NEEDED, PARAMETERS
from rollupctl.serve.schemas import NAME, SCHEMAS, TEXT

_WORDS = r"^[^\x00]{0,1000}$"
_FLAG = {"enum": ["true", "false"]}
_WAIT = {"enum": ["true", "false", "1", "0"]}
_SITE = {"minLength": 1, "maxLength": MAX_SITE, "pattern": NAME}
_DAY = r"^(19[7-9][0-9]|[2-8][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$"
_COUNT = {"type": "integer", "minimum": 0, "maximum": 999999}
_STEPS = {"type": "array", "items": {"type": "string", "pattern": _WORDS, "minLength": 1}}
# What parameters of questions look like, where it can be said.
_SCHEMAS: dict[str, dict[str, Any]] = {
    "fill": _FLAG,
    "live": _FLAG,
    "compare": {"enum": ["previous"]},
    "limit": _COUNT,
    "items": _COUNT,
    "weeks": _COUNT,
    "least": _COUNT,
    "step": _STEPS,
    "exclude": _STEPS,
    "cursor": {"pattern": "^[A-Za-z0-9_-]*$"},
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
            _parameter("wait", "query", "true: answer after the database has committed.", **_WAIT),
            _parameter(
                "Idempotency-Key", "header", "A request with the same key and body is stored once.",
                minLength=1, maxLength=255, pattern="^[!-~]+$",
            ),
        ],
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": _json(_ref(answer), "In the database (with wait=true)."),
            "202": _json(_ref(answer), "On disk; it will be stored exactly once."),
            **_problems(400, 408, 409, 413, 415, 422, media_type=formats.JSON),
        },
    }  # fmt: skip


def _get(
    summary: str,
    responses: dict[str, Any],
    parameters: Sequence[dict[str, Any]] = (),
    **more: Any,
) -> dict[str, Any]:
    return {
        "get": {"summary": summary, "parameters": list(parameters), "responses": responses, **more}
    }


def _asked(known: Mapping[str, str], needed: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Parameters of questions."""
    return [
        _parameter(
            name,
            "query",
            text,
            required=name in needed,
            **_SCHEMAS.get(name, {"pattern": _WORDS}),
        )
        for name, text in known.items()
    ]


def _list_of(name: str, of: Mapping[str, Any] | None = None) -> dict[str, Any]:
    items = {"type": "array", "items": of or {"type": "object"}}
    return {"type": "object", "required": [name], "properties": {name: items}}


_NOT_MODIFIED = {"304": {"description": "The client has the answer."}}
_TEXT = {"schema": TEXT}
_ANSWER = {
    "description": "The answer.",
    "content": {
        formats.JSON: {"schema": _ref("Answer")},
        formats.CSV: _TEXT,
        formats.ARROW: {"schema": {"type": "string", "format": "binary"}},
    },
}
_STREAM = {
    "description": "Answers, one after the other.",
    "content": {"text/event-stream": _TEXT},
}
_METRICS = {"description": "Metrics.", "content": {"text/plain": _TEXT}}


def _paths() -> dict[str, Any]:
    event = {kind: {"schema": _ref("Event")} for kind in (formats.JSON, "text/plain")}
    batch = {
        formats.JSON: {"schema": {"type": "array", "items": _ref("Event")}},
        "application/x-ndjson": _TEXT,
    }
    rollup = _parameter("name", "path", "The rollup.")
    question = [rollup, *_asked(PARAMETERS)]
    site = _parameter("site_id", "query", "The site.", required=True, **_SITE)
    day = _parameter("date", "query", "A day such as 2024-01-15. Today, without.", pattern=_DAY)
    search = _parameter("search", "query", "How the name begins.")
    last_id = _parameter(
        LAST_ID, "query", "The id of the last answer that is known, as the header Last-Event-ID."
    )
    ready = _ref("Ready")
    return {
        "/event": {"post": _collecting("Send an event", event, "Accepted")},
        "/events": {"post": _collecting("Send a batch of events", batch, "Counts")},
        "/stats": _get(
            "Statistics of a site on one day",
            {
                "200": _json(_ref("Stats"), "The statistics."),
                **_NOT_MODIFIED,
                **_problems(400, media_type=formats.JSON),
            },
            [site, day],
        ),
        "/sites": _get(
            "Sites by the beginning of their names",
            {"200": _json(_list_of("sites"), "At most 100."), **_NOT_MODIFIED, **_problems()},
            [search],
        ),
        "/rollups": _get(
            "All rollups with their dimensions and measures",
            {"200": _json(_list_of("rollups"), "All."), **_NOT_MODIFIED, **_problems()},
        ),
        "/rollups/{name}": _get(
            "Ask a rollup",
            {"200": _ANSWER, **_NOT_MODIFIED, **_problems(400, 404, 406, 410)},
            question,
        ),
        "/rollups/{name}/stream": _get(
            "Follow an answer; with Upgrade: websocket through a WebSocket",
            {"200": _STREAM, **_problems(400, 404, 410)},
            [*question, last_id],
        ),
        "/graphql": {
            "post": {
                "summary": "Ask rollups in GraphQL",
                "requestBody": {
                    "required": True,
                    "content": {formats.JSON: {"schema": _ref("Query")}},
                },
                "responses": {
                    "200": _json(_ref("Result"), "Data, or errors."),
                    **_problems(400, 413, 415, 501),
                },
            }
        },
        "/analytics": _get(
            "Questions of the analytics that can be asked",
            {"200": _json(_list_of("analyses", TEXT), "All."), **_NOT_MODIFIED, **_problems()},
        ),
        **{
            f"/analytics/{kind}": _get(
                f"Ask the analytics: {kind}",
                {"200": _ANSWER, **_NOT_MODIFIED, **_problems(400, 404, 406, 410)},
                _asked(known, NEEDED.get(kind, ())),
            )
            for kind, known in ANALYSES.items()
        },
        "/openapi.json": _get(
            "This document", {"200": _json({"type": "object"}, "It.")}, security=[]
        ),
        "/healthz": _get(
            "Whether the process answers",
            {"200": _json({"const": {"status": "ok"}}, "It does.")},
            security=[],
        ),
        "/readyz": _get(
            "Whether events reach the database",
            {"200": _json(ready, "They do."), "503": _json(ready, "They do not.")},
            security=[],
        ),
        "/metrics": _get("Metrics in Prometheus' format", {"200": _METRICS, **_problems()}),
    }


def document() -> dict[str, Any]:
    """The description of every address."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "rollupctl serve",
            "version": __version__,
            "description": "Collects events and answers questions about rollups."
            " A dimension is filtered by filter.NAME=value; an empty value stands for unknown."
            " A key is needed as soon as there is one.",
        },
        "security": [{"key": []}, {}],
        "paths": _paths(),
        "components": {
            "schemas": SCHEMAS,
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
