"""Where an export goes: a file that is complete or does not exist, or standard output."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rollupctl.errors import RollupError

STDOUT = "-"


@contextmanager
def writing(name: str, *, force: bool = False) -> Iterator[BinaryIO]:
    """The file `name` for writing, or standard output for "-".

    A new file has a temporary name in the same directory until everything is written and on disk;
    an error removes it. Devices and named pipes are written directly. Raises RollupError if the
    file exists, unless `force`.
    """
    path = Path(name)
    if name == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if path.exists() and not path.is_file() and not path.is_dir():
        with path.open("wb") as stream:
            yield stream
        return
    require_new(path, force=force)
    path = path.resolve()  # a symbolic link stays one
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(handle)
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def require_new(path: Path, *, force: bool = False) -> None:
    """Raise RollupError if a file exists, unless `force`, or if its directory does not."""
    if path.is_dir():
        raise RollupError(f"{path} is a directory", "name a file in it")
    if path.exists() and not force:
        raise RollupError(f"{path} already exists", "name another file, or overwrite it: --force")
    if not path.parent.is_dir():
        raise RollupError(f"there is no directory {path.parent}", "create it first")


def _umask() -> int:
    """The permissions that new files lack; the system tells only while it changes them."""
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
