"""The content of a file: uncompressed, in UTF-8, and identified by its digest."""

from __future__ import annotations

import codecs
import hashlib
import os
import shlex
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from rollupctl.errors import BadFileError, UsageError
from rollupctl.loading.unpack import Readable, is_of_unpacking, unpack

STDIN = "-"
LONGEST_NAME = 4096  # characters: no system takes a longer path
NOTHING_LOADED = "nothing of this file was loaded"
UTF8 = "utf-8"

_LONGEST_MAGIC = 6  # bytes


class Content:
    """Reads a file or standard input, forwards only, in UTF-8.

    A content is identified by the digest of its uncompressed bytes before they are recoded: a file,
    its compressed copy and a pipe of it are one content.
    """

    def __init__(self, path: str, encoding: str = UTF8) -> None:
        """Open `path` ("-" is standard input). Raises BadFileError if it cannot be read."""
        self.name = printable(path)
        self._is_stdin = path == STDIN
        self.file: BinaryIO  # as it is
        try:
            # Closed by close().
            self.file = sys.stdin.buffer if self._is_stdin else Path(path).open("rb")  # noqa: SIM115
        except IsADirectoryError:
            raise BadFileError(f"{self.name}: is a directory", "name a file") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise BadFileError(f"{self.name}: {reason}") from None
        self._encoding = encoding
        try:
            # The shell may have read the first lines of standard input.
            self._start = self.file.tell() if self.is_regular else 0
            self._begin()
        except BaseException:
            self.close()
            raise

    @property
    def shell_name(self) -> str:
        """The name of the file in a command that is suggested."""
        return "FILE" if self._is_stdin else shlex.quote(self.name)

    def _begin(self) -> None:
        magic = b""
        while len(magic) < _LONGEST_MAGIC and (
            more := self._read_file(_LONGEST_MAGIC - len(magic))
        ):
            magic += more
        raw = _Prefixed(magic, self._read_file)
        unpacked = unpack(magic, raw, self.name, self.shell_name)
        self.is_compressed = unpacked is not None
        self._stream: Readable = unpacked or raw
        self._decoder = (
            None
            if self._encoding == UTF8
            else codecs.getincrementaldecoder(self._encoding)(errors="strict")
        )
        self._raw = None if self._decoder is None else hashlib.sha256()

    def _read_file(self, size: int) -> bytes:
        try:
            if self._is_stdin:  # what has come, without waiting until it is so much
                return getattr(self.file, "read1", self.file.read)(size)
            return self.file.read(size)
        except OSError as error:
            raise BadFileError(f"{self.name}: {error.strerror}") from None

    def read(self, size: int) -> bytes:
        """About `size` bytes in UTF-8, none at the end. Raises BadFileError for damaged content."""
        while True:
            try:
                data = self._stream.read(size)
            except Exception as error:
                if not is_of_unpacking(error):
                    raise
                raise _damaged(self.name, error) from None
            if self._decoder is None or self._raw is None:
                return data
            self._raw.update(data)
            try:
                recoded = self._decoder.decode(data, final=not data).encode()
            except UnicodeDecodeError as error:
                raise BadFileError(
                    f"{self.name}: is not {self._encoding}: byte 0x{error.object[error.start]:02x}",
                    f"{NOTHING_LOADED}: name its encoding with --encoding",
                ) from None
            if recoded or not data:
                return recoded

    def raw_digest(self) -> bytes | None:
        """SHA-256 of everything that was read so far, as it is in the file; None if that is what
        `read` returned.
        """
        return self._raw.digest() if self._raw else None

    def known_digest(self) -> bytes | None:
        """SHA-256 of the file, if it is known before it is read."""
        return None

    @property
    def is_recoded(self) -> bool:
        """Whether `read` returns other bytes than the file has."""
        return self._decoder is not None

    @property
    def is_regular(self) -> bool:
        """Whether it can be read again from its beginning."""
        return stat.S_ISREG(os.fstat(self.file.fileno()).st_mode)

    @property
    def size(self) -> int | None:
        """Length in bytes, or None where it is unknown until the end: compressed, or a pipe."""
        if not self.is_regular or self.is_compressed:
            return None
        return os.fstat(self.file.fileno()).st_size - self._start

    def state(self) -> tuple[int, ...]:
        """A value that changes when a regular file is written to; constant for a pipe."""
        facts = os.fstat(self.file.fileno())
        return (facts.st_size, facts.st_mtime_ns) if stat.S_ISREG(facts.st_mode) else ()

    def rewind(self) -> None:
        """Go back to the beginning of a regular file."""
        self.file.seek(self._start)
        self._begin()

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if not self._is_stdin:
            self.file.close()


class _Prefixed:
    """A stream whose first bytes have been read already."""

    def __init__(self, begin: bytes, read: Callable[[int], bytes]) -> None:
        self._begin = begin
        self._read = read

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; empty at the end."""
        if not self._begin:
            return self._read(size)
        data, self._begin = self._begin[:size], self._begin[size:]
        return data + self._read(size - len(data)) if len(data) < size else data


def _damaged(name: str, error: Exception) -> BadFileError:
    return BadFileError(
        f"{name}: its compressed content is damaged or cut off",
        f"{NOTHING_LOADED}: get the file again",
        detail=str(error) or type(error).__name__,
    )


def validate_encoding(name: str) -> str:
    """The canonical name of a text encoding; raises UsageError if Python has none of this name."""
    try:
        found = codecs.lookup(name)
        "".encode(found.name)  # not rot13, base64 and the like
    except (LookupError, ValueError):
        raise UsageError(
            f"--encoding: there is no encoding {name!r}", "write latin1, cp1252 or utf-16, say"
        ) from None
    return UTF8 if found.name in ("utf-8", "ascii", "utf-8-sig") else found.name


def printable(path: str) -> str:
    """`path` for messages and the ledger, on one line; bytes that are not UTF-8 are replaced.

    An overlong path is abbreviated in the middle, so that the rest of the message fits on the line.
    """
    text = os.fsencode(path).decode("utf-8", "replace")
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return shown if len(shown) <= LONGEST_NAME else f"{shown[:150]}…{shown[-50:]}"


# What Spark and Hadoop leave beside their files.
_MARKS = ("_SUCCESS", "_metadata", "_common_metadata")


def _is_meant(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and path.name not in _MARKS


def find_files(names: list[str]) -> list[str]:
    """The files that `names` mean: a directory its files, a pattern such as 'data/*.csv' what it
    matches, both in the order of their names; hidden files and marks of Spark are left out.

    Raises BadFileError for an empty directory and a pattern without a match.
    """
    found: list[str] = []
    for name in names:
        path = Path(name)
        try:
            is_directory = name not in ("", STDIN) and path.is_dir()
            is_pattern = not is_directory and any(c in name for c in "*?[") and not path.exists()
        except (OSError, ValueError):
            is_directory = is_pattern = False  # opening it says what is wrong
        if is_directory:
            inside = sorted(filter(_is_meant, path.iterdir()))
            if not inside:
                raise BadFileError(f"{printable(name)}: a directory without files")
        elif is_pattern:
            start = Path(path.anchor)
            pattern = str(path.relative_to(path.anchor)) if path.anchor else name
            inside = sorted(filter(_is_meant, start.glob(pattern)))
            if not inside:
                raise BadFileError(f"{printable(name)}: no file matches")
        else:
            found.append(name)
            continue
        found += map(str, inside)
    return found
