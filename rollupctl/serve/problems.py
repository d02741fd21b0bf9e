"""Errors as answers: application/problem+json (RFC 9457), with the member `error` in one sentence.

The addresses of a small analytics service that people already use, /event and /stats, answer with
`error` alone, unless the client accepts problem+json.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
import psycopg
from starlette.requests import HTTPConnection
from starlette.responses import Response

from rollupctl.errors import ConnectError, mask, primary
from rollupctl.serve import log

MEDIA_TYPE = "application/problem+json"
SHORT = ("/event", "/stats")  # paths that answer with `error` alone
RETRY_SECONDS = 2


class ProblemError(Exception):
    """A request that cannot be answered: the status, and what is wrong in one sentence."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        pointer: str = "",
        hint: str | None = None,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.hint = hint
        self.headers = dict(headers or {})
        self.errors = list(errors)
        if pointer:
            self.errors.append({"pointer": pointer, "detail": detail})


def unavailable(detail: str) -> ProblemError:
    """503: the client should try again."""
    return ProblemError(503, detail, headers={"Retry-After": str(RETRY_SECONDS)})


# What the caller of a question did wrong, by SQLSTATE; other errors are defects or failures.
_STATUS = {"22": 400, "42703": 400, "42704": 404, "42P01": 404, "55000": 410, "42501": 403}


def from_server(error: Exception) -> ProblemError:
    """The problem of an error of the database, or of one that is a problem already."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, ConnectError):
        return unavailable("the database cannot be reached")
    if not isinstance(error, psycopg.Error):
        log.traceback(error)
        return ProblemError(500, "internal error: see the log of rollupctl serve")
    state = error.sqlstate or "08"
    status = _STATUS.get(state) or _STATUS.get(state[:2])
    if status is not None:
        return ProblemError(status, mask(primary(error)), hint=error.diag.message_hint)
    if state == "57014":
        return ProblemError(504, "the question takes too long: ask for a shorter range")
    if state[:2] in ("08", "53", "57", "40", "55"):
        return unavailable("the database cannot answer now")
    log.error("query_failed", sqlstate=state, message=primary(error))
    return ProblemError(500, "internal error: see the log of rollupctl serve")


def respond(request: HTTPConnection, problem: ProblemError) -> Response:
    """The answer to a request with a problem."""
    accepts = request.headers.get("accept", "")
    if request.scope["path"] in SHORT and MEDIA_TYPE not in accepts:
        body: dict[str, Any] = {"error": problem.detail}
        media_type = "application/json"
    else:
        body = {
            "type": "about:blank",
            "title": HTTPStatus(problem.status).phrase,
            "status": problem.status,
            "detail": problem.detail,
            "error": problem.detail,
        }
        if problem.hint:
            body["hint"] = problem.hint
        if problem.errors:
            body["errors"] = problem.errors
        media_type = MEDIA_TYPE
    return Response(
        msgspec.json.encode(body), problem.status, media_type=media_type, headers=problem.headers
    )
