"""What grows: a file that is written to, truncated and rotated, or a pipe."""

from __future__ import annotations

import os
import select
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rollupctl.errors import BadFileError, RollupError
from rollupctl.loading.content import printable
from rollupctl.output import note

_READ = 1 << 18  # bytes at a time
_WAIT = 0.2  # seconds until a file is looked at again
_QUIET = 1.0  # seconds after which nobody writes to a rotated file any more
_CHECKED = 64  # bytes before a position that tell whether the file is the same


@dataclass(frozen=True)
class Place:
    """A position in a file: the offset, which file it is, and a checksum of what is before it."""

    offset: int
    file: str
    checksum: int

    def __str__(self) -> str:
        return f"{self.offset} {self.file} {self.checksum:08x}"

    @classmethod
    def parse(cls, text: str | None) -> Place | None:
        """The place that str() has written; None for none. Raises RollupError for another one."""
        if text is None:
            return None
        try:
            offset, file, checksum = text.split(" ")
            return cls(int(offset), file, int(checksum, 16))
        except ValueError:
            raise RollupError(
                f"the channel is at {text}, which is no position in a file",
                "something else loads into this channel: name another with --channel",
            ) from None


class Growing(Protocol):
    """Where text comes from. `read` returns None at the end, and nothing while there is no more."""

    def read(self) -> bytes | None:
        """The next bytes."""
        ...

    def wait(self, seconds: float) -> None:
        """Wait for more, at most so long."""
        ...

    def place(self, consumed: int) -> str:
        """The position after so many bytes, which the next reader goes on from."""
        ...


class GrowingFile:
    """One file, also after it got another name. It ends when another one has taken its name, or
    when it became shorter.
    """

    def __init__(self, path: Path, followed: Path, offset: int) -> None:
        """Reads `path` from `offset`; the name `followed` may belong to another file already."""
        self.path = path
        self._followed = followed
        self._file = path.open("rb", buffering=0)
        self._start = self._offset = offset
        self._file.seek(offset)
        self._quiet_since: float | None = None
        self._last = os.pread(self._file.fileno(), min(_CHECKED, offset), max(0, offset - _CHECKED))
        self._changed = 0

    def read(self) -> bytes | None:
        """The next bytes; see Growing."""
        if data := self._file.read(_READ):
            self._offset += len(data)
            self._last = (self._last + data)[-_CHECKED:]
            self._quiet_since = None
            return data
        return None if self._has_ended() else b""

    def _has_ended(self) -> bool:
        own = os.fstat(self._file.fileno())
        if own.st_size < self._offset or not self._is_same(own.st_mtime_ns):
            note(f"{printable(str(self.path))}: was truncated; it is read from its beginning")
            return True
        try:
            named = self._followed.stat()
        except FileNotFoundError:
            return False  # the next one is not there yet
        if _identity(named) == _identity(own):
            return False
        self._quiet_since = self._quiet_since or time.monotonic()
        return time.monotonic() - self._quiet_since > _QUIET

    def _is_same(self, changed: int) -> bool:
        """Whether what was read last is still there."""
        if changed == self._changed:
            return True
        self._changed = changed
        size = len(self._last)
        return os.pread(self._file.fileno(), size, self._offset - size) == self._last

    def wait(self, seconds: float) -> None:
        """Wait for more; see Growing."""
        time.sleep(max(0, min(_WAIT, seconds)))

    def place(self, consumed: int) -> str:
        """The position; see Growing."""
        offset = self._start + consumed
        fileno = self._file.fileno()
        before = os.pread(fileno, min(_CHECKED, offset), offset - min(_CHECKED, offset))
        return str(Place(offset, _identity(os.fstat(fileno)), zlib.crc32(before)))

    def __enter__(self) -> GrowingFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


class GrowingPipe:
    """Standard input, whose beginning has been read."""

    def __init__(self, head: bytes, before: int) -> None:
        """`before` bytes of the channel came from earlier pipes."""
        self._head = head
        self._before = before
        self._stream = sys.stdin.buffer

    def read(self) -> bytes | None:
        """The next bytes; see Growing."""
        if self._head:
            head, self._head = self._head, b""
            return head
        if not select.select([self._stream], [], [], 0)[0]:
            return b""
        return getattr(self._stream, "read1", self._stream.read)(_READ) or None

    def wait(self, seconds: float) -> None:
        """Wait for more; see Growing."""
        select.select([self._stream], [], [], max(0, seconds))

    def place(self, consumed: int) -> str:
        """The number of bytes of all pipes; see Growing."""
        return str(self._before + consumed)


def _identity(facts: os.stat_result) -> str:
    return f"{facts.st_dev}:{facts.st_ino}"


def find_place(followed: Path, place: Place | None) -> Iterator[tuple[Path, int]]:
    """The files that are to be read, in their order, and where to begin in each: first the one of
    the place and those after it, if it was rotated, then the one that has the name.
    """
    if place is None:
        yield followed, 0
        return
    name = printable(str(followed))
    if _is_at(followed, place):
        yield followed, place.offset
        return
    others = sorted(_others(followed), key=lambda path: path.stat().st_mtime_ns)
    for at, path in enumerate(others):
        if _is_at(path, place):
            note(f"{name}: was rotated; goes on in {path.name}")
            yield path, place.offset
            yield from ((later, 0) for later in others[at + 1 :])
            break
    else:
        note(
            f"{name}: is not the file that was read up to byte {place.offset}; it is read from "
            "its beginning"
        )
    yield followed, 0


def _others(followed: Path) -> Iterator[Path]:
    """Files that may have had the name: those that begin with it, as in access.log.1."""
    for path in followed.parent.iterdir():
        if path.name.startswith(followed.name) and path != followed and path.is_file():
            yield path


def _is_at(path: Path, place: Place) -> bool:
    try:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            if _identity(facts) != place.file or facts.st_size < place.offset:
                return False
            size = min(_CHECKED, place.offset)
            file.seek(place.offset - size)
            return zlib.crc32(file.read(size)) == place.checksum
    except OSError as error:
        if path.exists():
            raise BadFileError(f"{printable(str(path))}: {error.strerror}") from None
        return False
