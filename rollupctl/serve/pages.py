"""The page at /, its files and the tracker: read once, compressed once, with entity tags."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rollupctl.serve.headers import is_known, weighted

_WEB = Path(__file__).with_name("web")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
# Nothing from other hosts, nothing inline, no frames.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_FILES = {
    "/": "index.html",
    "/analyses.js": "analyses.js",
    "/app.css": "app.css",
    "/app.js": "app.js",
    "/chart.js": "chart.js",
    "/data.js": "data.js",
    "/uplot.css": "uplot.css",
    "/uplot.js": "uplot.js",
    "/uplot.LICENSE.txt": "uplot.LICENSE.txt",
    "/icon.svg": "icon.svg",
    "/tracker.js": "tracker.js",
}


@dataclass(frozen=True)
class _File:
    body: bytes
    compressed: bytes
    media_type: str
    tag: str

    @classmethod
    def read(cls, name: str) -> _File:
        body = (_WEB / name).read_bytes()
        tag = '"' + hashlib.sha256(body).hexdigest()[:32] + '"'
        return cls(body, gzip.compress(body, 9, mtime=0), _TYPES[Path(name).suffix], tag)

    def respond(self, request: Request) -> Response:
        headers = {
            "ETag": self.tag,
            "Cache-Control": "no-cache",
            "Vary": "Accept-Encoding",
            "Content-Security-Policy": POLICY,
            "Referrer-Policy": "no-referrer",
        }
        if request.scope["path"] == "/tracker.js":  # pages of other sites load it
            headers |= {
                "Cache-Control": "max-age=3600",
                "Cross-Origin-Resource-Policy": "cross-origin",
            }
        if is_known(request, self.tag):
            return Response(status_code=304, headers=headers)
        if weighted(request, "accept-encoding").get("gzip", 0):
            headers["Content-Encoding"] = "gzip"
            return Response(self.compressed, headers=headers, media_type=self.media_type)
        return Response(self.body, headers=headers, media_type=self.media_type)


def _route(path: str, name: str) -> Route:
    file = _File.read(name)

    async def get(request: Request) -> Response:
        return file.respond(request)

    return Route(path, get, methods=["GET"])


def routes() -> list[Route]:
    """A route for each file."""
    return [_route(path, name) for path, name in _FILES.items()]
