"""The server process of a data directory: whether it exists, where it listens, and its remains."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

PID_FILE = "postmaster.pid"


@dataclass(frozen=True)
class Postmaster:
    """A running postmaster, as described by its lock file."""

    pid: int
    port: int
    socket_dir: str
    ready: bool
    stopping: bool

    @property
    def listening(self) -> bool:
        """Whether it has created its sockets; before that, its lock file does not contain them."""
        return self.socket_dir != ""


def find_postmaster(data: Path) -> Postmaster | None:
    """The postmaster that runs on the data directory `data`, or None.

    A lock file alone is not sufficient: after kill -9 or a power failure it contains the id of a
    process that has ended, or an unrelated one with the same id. Raises PermissionError for a data
    directory of another user.
    """
    try:
        lines = (data / PID_FILE).read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None
    # pid, data directory, start time, port, socket directory, address, shared memory, status:
    # the server writes them one after the other while it starts.
    lines += [""] * (8 - len(lines))
    if not lines[0].isdigit() or not _is_at(int(lines[0]), data):
        return None
    status = lines[7].strip()
    return Postmaster(
        pid=int(lines[0]),
        port=int(lines[3]) if lines[3].isdigit() else 0,
        socket_dir=lines[4],
        ready=status == "ready",
        stopping=status == "stopping",
    )


def clear_leftovers(data: Path, patience: float = 3.0) -> None:
    """Wait until all server processes of a dead postmaster on `data` have ended.

    Backends detect the death of their postmaster by themselves, but not during a long computation.
    Until then they hold the shared memory, so that no new server can start. After `patience`
    seconds such backends are told to quit at once, and killed if that does not help: their
    uncommitted changes are lost anyway.
    """
    for sign in (None, signal.SIGQUIT, signal.SIGKILL):
        pids = _server_processes(data)
        for pid in pids:
            if sign is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, sign)
        until = time.monotonic() + patience
        while pids and time.monotonic() < until:
            time.sleep(0.05)
            pids = _server_processes(data)
        if not pids:
            return


def _is_at(pid: int, data: Path) -> bool:
    """Whether process `pid` exists and is a server running in the directory `data`."""
    process = Path(f"/proc/{pid}")
    try:
        return (process / "cwd").samefile(data)
    except PermissionError:
        # Root in a container may not read another user's working directory, but any user may read a
        # command line, and pg_ctl includes the data directory in it.
        with contextlib.suppress(OSError):
            return os.fsencode(data) in (process / "cmdline").read_bytes().split(b"\0")
        return False
    except OSError:
        if Path("/proc/self").is_dir():
            return False
    # Without /proc, only the existence of the process can be checked.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _server_processes(data: Path) -> list[int]:
    """The ids of all server processes, postmaster or backend, running in `data`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").samefile(data) and _is_server(entry):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _is_server(entry: Path) -> bool:
    """Whether the process of this /proc entry is PostgreSQL, not a shell in the same directory."""
    return (entry / "comm").read_text().strip() in ("postgres", "postmaster")
