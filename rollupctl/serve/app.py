"""The addresses of the service, and what every request passes through."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from rollupctl.monitoring import metrics_text
from rollupctl.serve import log, pages, sockets
from rollupctl.serve.answers import Body
from rollupctl.serve.asking import (
    get_analyses,
    get_analysis,
    get_rollup,
    get_rollups,
    get_sites,
    get_stats,
)
from rollupctl.serve.collect import post_event, post_events
from rollupctl.serve.gate import Gate
from rollupctl.serve.live import Channels, get_stream
from rollupctl.serve.openapi import get_document
from rollupctl.serve.problems import ProblemError, respond
from rollupctl.serve.service import Service

# The extra `graphql` is optional.
_graph = (
    importlib.import_module("rollupctl.serve.graph")
    if importlib.util.find_spec("graphql")
    else None
)


async def healthz(request: Request) -> Response:
    """Whether the process answers."""
    del request
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """Whether events are accepted and reach the database."""
    service: Service = request.app.state.service
    problem = "the service is stopping" if service.stopping else service.problem
    body = {
        "status": "ready" if problem is None else "not ready",
        "spool_events": service.spool.events,
        "spool_bytes": service.spool.used_bytes,
    }
    if problem is not None:
        body["problem"] = problem
    return JSONResponse(body, 200 if problem is None else 503)


async def metrics(request: Request) -> Response:
    """Metrics in Prometheus' text format: of the service, and those of rollup.metrics as long as
    the database answers.
    """
    service: Service = request.app.state.service
    text = service.metrics.text()

    async def read() -> Body:
        return Body((await service.read("", metrics_text)).encode(), None)

    with contextlib.suppress(ProblemError):
        text += (await service.answers.briefly("metrics", read)).content
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


async def post_graphql(request: Request) -> Response:
    """Answer a query in GraphQL, if its library is installed."""
    if _graph is None:
        hint = "pip install 'rollupctl[serve,graphql]' installs it"
        raise ProblemError(501, "GraphQL is not installed", hint=hint)
    answer: Response = await _graph.post(request)
    return answer


async def _problem(request: HTTPConnection, error: Exception) -> Response | None:
    assert isinstance(error, ProblemError)
    if isinstance(request, WebSocket):
        await request.send_denial_response(respond(request, error))
        return None
    return respond(request, error)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    details = {404: "there is nothing at this address", 405: "this address has no such method"}
    headers = error.headers or {}
    detail = details.get(error.status_code, error.detail)
    return respond(request, ProblemError(error.status_code, detail, headers=headers))


async def _defect(request: Request, error: Exception) -> Response:
    log.traceback(error)
    return respond(request, ProblemError(500, "internal error: see the log of rollupctl serve"))


_COLLECTING = {"/event": post_event, "/events": post_events}
ROUTES: list[Route | WebSocketRoute] = [
    *pages.routes(),
    *(Route(path, post, methods=["POST"]) for path, post in _COLLECTING.items()),
    Route("/stats", get_stats, methods=["GET"]),
    Route("/sites", get_sites, methods=["GET"]),
    Route("/rollups", get_rollups, methods=["GET"]),
    Route("/rollups/{name}", get_rollup, methods=["GET"]),
    Route("/rollups/{name}/stream", get_stream, methods=["GET"]),
    WebSocketRoute("/rollups/{name}/stream", sockets.follow),
    Route("/graphql", post_graphql, methods=["POST"]),
    Route("/analytics", get_analyses, methods=["GET"]),
    Route("/analytics/{kind}", get_analysis, methods=["GET"]),
    Route("/openapi.json", get_document, methods=["GET"]),
    Route("/healthz", healthz, methods=["GET"]),
    Route("/readyz", readyz, methods=["GET"]),
    Route("/metrics", metrics, methods=["GET"]),
]
_PATHS: dict[object, str] = {route.endpoint: route.path for route in ROUTES}


_HANDLERS: dict[Any, Any] = {
    ProblemError: _problem,
    HTTPException: _http_error,
    Exception: _defect,
}


def make_app(service: Service) -> ASGIApp:
    """The ASGI application of a service."""
    app = Starlette(routes=ROUTES, exception_handlers=_HANDLERS)
    app.state.service = service
    app.state.channels = channels = Channels()
    if _graph is not None:
        app.state.schemas = _graph.Schemas()
    service.metrics.follow(lambda: channels.streams, channels.__len__)
    direct = {path: _direct(app, post) for path, post in _COLLECTING.items()}
    return Gate(app, service, _PATHS, direct)


def _direct(app: Starlette, post: Callable[[Request], Awaitable[Response]]) -> ASGIApp:
    """The shortest way to an endpoint, for what is called for each event: routes and exception
    handlers take most of the time of a request.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"], scope["endpoint"] = app, post
        request = Request(scope, receive)
        try:
            response = await post(request)
        except ProblemError as problem:
            response = respond(request, problem)
        except Exception as error:
            response = await _defect(request, error)
        await response(scope, receive, send)

    return answer
