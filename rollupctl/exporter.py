"""An HTTP server for Prometheus: each GET /metrics asks the database and answers in its format."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from rollupctl.errors import UsageError, explain, mask, one_line

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
REUSED = 1.0  # seconds for which an answer serves further requests


class Exporter:
    """Answers with `read()`, at most once a second however many ask."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._text = ""
        self._read_at = -REUSED

    def text(self) -> str:
        """The metrics; raises what `read` raises."""
        with self._lock:
            if time.monotonic() - self._read_at > REUSED:
                self._text = self._read()
                self._read_at = time.monotonic()
            return self._text


def parse_address(text: str) -> tuple[str, int]:
    """HOST:PORT or PORT, which is on 127.0.0.1. Raises UsageError for anything else."""
    host, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise UsageError(f'--listen: "{text}" is not an address', "write 9187 or 0.0.0.0:9187")
    return host.strip("[]") or "127.0.0.1", int(port)


def serve(address: tuple[str, int], read: Callable[[], str]) -> ThreadingHTTPServer:
    """A server that listens on `address`; call serve_forever.

    Raises OSError if the address cannot be used. A failure of `read` is answered with status 503
    and the reason in one line.
    """
    exporter = Exporter(read)

    class Handler(BaseHTTPRequestHandler):
        server_version = "rollupctl"
        sys_version = ""

        def do_GET(self) -> None:
            if self.path.split("?")[0] != "/metrics":
                self._answer(404, "see /metrics\n")
                return
            try:
                text = exporter.text()
            except Exception as error:
                told = explain(error)
                self._answer(503, one_line(mask(told.message)) + "\n")
                return
            self._answer(200, text)

        def _answer(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", CONTENT_TYPE if status == 200 else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Scrapes are not logged."""

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        daemon_threads = True

    return Server(address, Handler)
