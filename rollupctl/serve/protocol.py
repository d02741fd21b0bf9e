"""HTTP with limits that uvicorn does not have: to how long and how much a client may send or leave
unread.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

HEADER_SECONDS = 10.0  # in which a client has to send the headers of a request
HEADER_BYTES = 64 * 1024
REST_SECONDS = 15.0  # in which it has to send what is left of a body after the answer
UNREAD_SECONDS = 30.0  # in which it has to read something of an answer
_CHUNK_BYTES = 24  # around the bytes of a chunk
_TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 26\r\nconnection: close\r\n\r\n"
    b"The headers are too long.\n"
)


class _Watched(asyncio.Protocol):
    """Ends a connection whose client reads nothing for a while, and keeps what it was sent."""

    transport: Any
    loop: asyncio.AbstractEventLoop
    _unread: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """The client does not read as fast as it is answered."""
        super().pause_writing()
        self._watch(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """It has read nearly all."""
        self._unwatch()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._unwatch()
        super().connection_lost(exc)

    def _watch(self, left: int) -> None:
        def look() -> None:
            now_left = self.transport.get_write_buffer_size()
            if now_left >= left:
                self.transport.abort()
            else:
                self._watch(now_left)

        self._unread = self.loop.call_later(UNREAD_SECONDS, look)

    def _unwatch(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _leave(self) -> None:
        """Drop what the client has not read: closing would wait for it."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()


class Socket(_Watched, WebSocketsSansIOProtocol):
    """A WebSocket."""

    def keepalive_timeout(self) -> None:
        """The client does not answer pings."""
        super().keepalive_timeout()
        self._leave()


class Protocol(_Watched, HttpToolsProtocol):
    """A connection."""

    def connection_made(self, transport: Any) -> None:
        """A client has connected."""
        super().connection_made(transport)
        self._beside = 0  # bytes of a request that are not of its body
        self._expect(HEADER_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._deadline.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request."""
        if self._beside > HEADER_BYTES:
            cycle: Any = self.cycle  # None before the first request
            if cycle is None or cycle.response_complete:
                self.transport.write(_TOO_LONG)
            self.transport.close()
            return
        self._beside += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._beside = 0
        if self._deadline.cancelled():
            self._expect(HEADER_SECONDS)

    def on_headers_complete(self) -> None:
        """The headers are complete."""
        self._deadline.cancel()
        self._beside = 0
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """The size of a chunk."""
        self._beside -= min(self._beside, _CHUNK_BYTES)

    def on_body(self, body: bytes) -> None:
        """Bytes of a body."""
        self._beside -= min(self._beside, len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The last byte of a request."""
        self._deadline.cancel()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The last byte of an answer; the client may still be sending what nobody reads."""
        super().on_response_complete()
        if not self.transport.is_closing() and self.cycle.more_body:
            self._expect(REST_SECONDS)

    def timeout_keep_alive_handler(self) -> None:
        """No further request has come. What the client has not read by now is not kept."""
        super().timeout_keep_alive_handler()
        self._leave()

    def _expect(self, seconds: float) -> None:
        self._deadline = self.loop.call_later(seconds, self.transport.close)
