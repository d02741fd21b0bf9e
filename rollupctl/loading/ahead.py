"""Read ahead in a thread, so that unpacking and converting go on while the server is sent to."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator


class Ahead:
    """Chunks of bytes, of which a thread takes a few from `chunks` before they are read.

    The thread starts when the second one is read: a file may be opened for its header only. What
    `chunks` raises, `read` raises where the chunk would be.
    """

    def __init__(self, chunks: Iterator[bytes], most: int) -> None:
        self._chunks = chunks
        self._found: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()
        self._room = threading.Semaphore(most)
        self._thread: threading.Thread | None = None
        self._has_begun = self._is_closed = False
        self._end: bytes | Exception | None = None

    def _run(self) -> None:
        try:
            for chunk in self._chunks:
                self._room.acquire()
                if self._is_closed:
                    return
                self._found.put(chunk)
            self._found.put(b"")
        except Exception as error:
            self._found.put(error)

    def read(self, size: int = -1, /) -> bytes:
        """The next chunk, whatever its size; none at the end."""
        if not self._has_begun:
            self._has_begun = True
            return next(self._chunks, b"")
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        found = self._end if self._end is not None else self._found.get()
        if isinstance(found, bytes) and found:
            self._room.release()
            return found
        self._end = found
        if isinstance(found, Exception):
            raise found
        return b""

    def close(self) -> None:
        """End the thread; nothing more is read."""
        self._is_closed = True
        if self._thread is not None:
            self._room.release()
            self._thread.join()
