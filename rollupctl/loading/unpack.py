"""Unpack gzip, zstd, xz and bzip2: whole frames one after the other, and nothing else."""

from __future__ import annotations

import bz2
import importlib.util
import lzma
import re
import zlib
from collections.abc import Callable
from typing import Any, Protocol

from rollupctl.errors import BadFileError

_INPUT = 1 << 16  # bytes that are read at a time
_ZSTD_INPUT = 1 << 12  # few, because all that they expand to, a thousandfold, comes at once


class Readable(Protocol):
    """Where bytes come from."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; empty at the end."""
        ...


class _Frame(Protocol):
    """A decompressor of one frame, as in the standard library."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """A member of gzip; its checksum and length are verified."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(31)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inflate.unconsumed_tail

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)


class _Zstd:
    """A frame of zstd."""

    def __init__(self) -> None:
        import zstandard

        self._frame: Any = zstandard.ZstdDecompressor().decompressobj()
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return bool(self._frame.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._frame.unused_data)

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return bytes(self._frame.decompress(data))


class Frames:
    """The content of frames that follow each other.

    Raises EOFError where the last one is cut off, and the library's error for what is no frame.
    The classes of the standard library for files would take that for the end, and so lose the rest.
    """

    def __init__(self, raw: Readable, open_frame: Callable[[], _Frame], size: int) -> None:
        """Reads from `raw`, `size` bytes at a time."""
        self._raw = raw
        self._open = open_frame
        self._size = size
        self._frame: _Frame | None = None
        self._packed = b""
        self._ready = b""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; empty at the end."""
        while not self._ready:
            if self._frame is None and not self._begin():
                return b""
            assert self._frame
            packed = b""
            if self._frame.needs_input:
                packed, self._packed = self._packed or self._raw.read(self._size), b""
            self._ready = self._frame.decompress(packed, size)
            if self._frame.eof:
                self._packed, self._frame = self._frame.unused_data, None
            elif not packed and not self._ready:
                raise EOFError("the last frame is incomplete")
        data, self._ready = self._ready[:size], self._ready[size:]
        return data

    def _begin(self) -> bool:
        """Open the next frame; False if there is none."""
        # Zeros may fill up the last block.
        while not (packed := self._packed.lstrip(b"\0")):
            self._packed = self._raw.read(self._size)
            if not self._packed:
                return False
        self._packed, self._frame = packed, self._open()
        return True


def unpack(magic: bytes, raw: Readable, name: str, shell_name: str) -> Frames | None:
    """The unpacked content of `raw`, which begins with `magic`; None if it is not compressed.

    Raises BadFileError if the library for it is not installed. The file is called `name`, in
    commands `shell_name`.
    """
    if magic.startswith(b"\x1f\x8b"):
        return Frames(raw, _Gzip, _INPUT)
    if magic.startswith(b"BZh"):
        return Frames(raw, bz2.BZ2Decompressor, _INPUT)
    if magic.startswith(b"\xfd7zXZ\0"):
        return Frames(raw, lzma.LZMADecompressor, _INPUT)
    # A frame, or one that is to be skipped, with which pzstd begins.
    if magic.startswith(b"\x28\xb5\x2f\xfd") or re.match(rb"[\x50-\x5f]\x2a\x4d\x18", magic):
        if importlib.util.find_spec("zstandard") is None:
            raise BadFileError(
                f"{name}: is compressed with zstd",
                "pip install 'rollupctl[zstd]', or unpack it: "
                f"`zstdcat {shell_name} | rollupctl load -`",
            )
        return Frames(raw, _Zstd, _ZSTD_INPUT)
    return None


def is_of_unpacking(error: Exception) -> bool:
    """Whether an error says that compressed content is damaged or cut off."""
    known = (EOFError, zlib.error, lzma.LZMAError, OSError)
    return isinstance(error, known) or type(error).__name__ == "ZstdError"
