"""What every request passes, preflight, host, rate limit, key and scope, and every answer has."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollupctl.serve.keys import ANYBODY, Key, require_scope
from rollupctl.serve.problems import ProblemError, respond
from rollupctl.serve.service import Service

# Pages of any site may send events; nothing else is for other origins.
_COLLECTING = ("/event", "/events")
_CORS = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"content-type, authorization, idempotency-key"),
    (b"access-control-max-age", b"86400"),
]
_SAFE = [(b"x-content-type-options", b"nosniff")]
# Messages with the headers of an answer.
_BEGINS = ("http.response.start", "websocket.http.response.start", "websocket.accept")
_KEY_PROTOCOL = "key."  # of a WebSocket
_LOCAL = ("127.0.0.1", "::1")
_LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")


def scope_of(path: str) -> str | None:
    """The scope that a path needs; None for what is open to all."""
    if path in _COLLECTING:
        return "write"
    if path in ("/stats", "/sites", "/graphql") or path.startswith(("/rollups", "/analytics")):
        return "read"
    return "admin" if path == "/metrics" else None


class Gate:
    """The outermost layer of the application."""

    def __init__(
        self,
        app: ASGIApp,
        service: Service,
        paths: Mapping[object, str],
        direct: Mapping[str, ASGIApp],
    ) -> None:
        """`direct` are the paths whose POST requests do not pass through `app`."""
        self._app = app
        self._direct = direct
        self._service = service
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        extra = _SAFE + _CORS if scope["path"] in _COLLECTING else list(_SAFE)
        status = 500

        async def send_more(message: Message) -> None:
            nonlocal status
            if message["type"] in _BEGINS:
                status = message.get("status", 101)
                message["headers"] = [*message.get("headers", ()), *extra]
            await send(message)

        try:
            if scope.get("method") == "OPTIONS" and scope["path"] in _COLLECTING:
                await Response(status_code=204)(scope, receive, send_more)
                return
            try:
                limits = self._admit(scope)
            except ProblemError as problem:
                await respond(HTTPConnection(scope), problem)(scope, receive, send_more)
                return
            extra += [(name.lower().encode(), value.encode()) for name, value in limits.items()]
            direct = self._direct.get(scope["path"]) if scope.get("method") == "POST" else None
            await (direct or self._app)(scope, receive, send_more)
        finally:
            route = self._paths.get(scope.get("endpoint", self), "other")
            self._service.metrics.request(route, status, time.perf_counter() - began)

    def _admit(self, scope: Scope) -> dict[str, str]:
        """Find the key, and count the request; the key is in scope["state"] afterwards.

        Raises ProblemError: 401, 403, 429.
        """
        needed = scope_of(scope["path"])
        if needed is None:
            return {}
        client = scope["client"][0] if scope.get("client") else ""
        limit = self._service.rate_limit
        limits: dict[str, str] = {}
        try:
            key = self._service.keys.find(_headers(scope))
        except ProblemError:
            if limit is not None:
                limit.take(client)  # guesses are limited as well
            raise
        if key is ANYBODY:
            _require_local_name(scope)
        if scope["type"] == "websocket":
            _require_own_origin(scope)
        state = scope.setdefault("state", {})
        if limit is not None and (key is not ANYBODY or client not in _LOCAL):
            state["limited"] = key.key_id or client
            limits = limit.take(key.key_id or client)
        require_scope(key, needed)
        state["key"] = key
        return limits


def _require_local_name(scope: Scope) -> None:
    """Without keys, a page of another site must not reach the service under a name of its own."""
    if scope["path"] in _COLLECTING:
        return
    host = _header(scope, b"host")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name.lower() not in _LOCAL_NAMES:
        raise ProblemError(
            403,
            "without keys only localhost is answered",
            hint="Create a key with rollupctl keys.",
        )


def _require_own_origin(scope: Scope) -> None:
    """Browsers let a page of any site open a WebSocket, and read from it."""
    origin = _header(scope, b"origin")
    if origin and origin.lower().partition("://")[2] != _header(scope, b"host").lower():
        raise ProblemError(403, "pages of other sites may not open a WebSocket")


def _header(scope: Scope, wanted: bytes) -> str:
    return next((v.decode("latin-1") for name, v in scope["headers"] if name == wanted), "")


def _headers(scope: Scope) -> Iterator[tuple[bytes, bytes]]:
    """The headers of a request. A browser can send no key with a WebSocket but as a protocol."""
    yield from scope["headers"]
    for protocol in scope.get("subprotocols", ()):
        if protocol.startswith(_KEY_PROTOCOL):
            yield b"authorization", f"Bearer {protocol.removeprefix(_KEY_PROTOCOL)}".encode()


def count_more(request: HTTPConnection, questions: int) -> None:
    """Count what a request asked beside its first question; the next request is told the limit."""
    service: Service = request.app.state.service
    client = request.scope["state"].get("limited")
    if service.rate_limit is not None and client is not None:
        with contextlib.suppress(ProblemError):
            for _ in range(questions):
                service.rate_limit.take(client)


def key_of(request: HTTPConnection) -> Key:
    """The key with which a request came."""
    key: Key = request.scope["state"]["key"]
    return key
