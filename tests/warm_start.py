"""Runs of the command line that do not import it again.

A run takes a fifth of a second to import Python modules, and the suite makes thousands of runs. So
they are forked from a process that has imported the package and nothing of the suite. Otherwise
each is a process as a user starts it: with its own arguments, environment, streams and exit code.
Shells find a program `rollupctl` that has such a run in its place: tests/warm_client.py.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import marshal
import os
import pkgutil
import runpy
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from io import TextIOWrapper
from pathlib import Path

LIMIT = 300  # seconds that a run may take
STREAMS = 3


class WarmStart:
    """The process that runs are forked from; one for a session of the suite."""

    def __init__(self) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="rollup-warm-")
        self._path = str(Path(self._place.name) / "socket")
        self.program = Path(self._place.name) / "bin" / "rollupctl"
        self._make_program(self.program)
        ours, theirs = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm_start", self._path],
            stdin=ours,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).resolve().parent.parent,
            start_new_session=True,
        )
        os.close(ours)
        self._alive = theirs
        assert self._process.stdout is not None
        self._process.stdout.readline()  # it listens

    def _make_program(self, path: Path) -> None:
        """Write the program that shells and others start as `rollupctl`."""
        client = Path(__file__).with_name("warm_client.py")
        # Without the directories of packages, Python starts in a fraction of the time.
        command = shlex.join([sys.executable, "-I", "-S", str(client), self._path])
        path.parent.mkdir()
        path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        path.chmod(0o755)

    def close(self) -> None:
        """End the process; runs that go on are not affected."""
        os.close(self._alive)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._place.cleanup()

    def run(
        self, args: list[str], environment: dict[str, str], stdin: bytes
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the command line with these arguments, as subprocess.run would."""
        what = marshal.dumps([args, environment, str(Path.cwd())])
        reading, writing = os.pipe()
        with (
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as errors,
            socket.socket(socket.AF_UNIX) as channel,
        ):
            feeder = threading.Thread(target=_feed, args=(writing, stdin))
            try:
                channel.connect(self._path)
                fds = array.array("i", [reading, out.fileno(), errors.fileno()])
                channel.sendmsg(
                    [len(what).to_bytes(8, "big")],
                    [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)],
                )
                channel.sendall(what)
            finally:
                os.close(reading)
                feeder.start()
            with channel.makefile("r") as answers:
                pid = int(answers.readline())
                if not select.select([channel], [], [], LIMIT)[0]:
                    os.kill(pid, signal.SIGKILL)
                    raise subprocess.TimeoutExpired(args, LIMIT)
                code = int(answers.readline())
            feeder.join()
            out.seek(0)
            errors.seek(0)
            return subprocess.CompletedProcess(args, code, out.read(), errors.read())


def _feed(pipe: int, content: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), os.fdopen(pipe, "wb", buffering=0) as stream:
        while content:
            content = content[stream.write(content) :]


def serve(path: str) -> None:
    """Fork a process for each connection until standard input is closed."""
    import rollupctl

    for module in pkgutil.walk_packages(rollupctl.__path__, "rollupctl."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError, SystemExit):  # of an extra
                importlib.import_module(module.name)
    gc.freeze()  # otherwise the first collection of each run copies everything
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        os.write(1, b"ready\n")
        while True:
            ready, _, _ = select.select([listener.fileno(), 0], [], [])
            if 0 in ready:
                return
            channel, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _attend(channel)
            channel.close()


def _attend(channel: socket.socket) -> None:
    """In a process of its own: start a run, and tell what became of it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, ancillary, _, _ = channel.recvmsg(
        8, socket.CMSG_SPACE(STREAMS * array.array("i").itemsize)
    )
    fds = array.array("i")
    fds.frombytes(ancillary[0][2])
    with channel.makefile("rb") as stream:
        args, environment, directory = marshal.loads(stream.read(int.from_bytes(size, "big")))
    pid = os.fork()
    if pid == 0:
        channel.close()
        for number, fd in enumerate(fds):
            os.dup2(fd, number)
            os.close(fd)
        os._exit(_run(args, environment, directory))
    for fd in fds:
        os.close(fd)
    with contextlib.suppress(OSError):  # the client was killed, and the thread sees it
        channel.sendall(f"{pid}\n".encode())
    ended = threading.Event()
    threading.Thread(target=_end_with, args=(channel, pid, ended), daemon=True).start()
    _, status = os.waitpid(pid, 0)
    ended.set()
    with contextlib.suppress(OSError):  # the client was killed
        channel.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _end_with(channel: socket.socket, pid: int, ended: threading.Event) -> None:
    """Kill a run whose client has been killed."""
    with contextlib.suppress(ConnectionResetError):  # it had not read the number of the process
        channel.recv(1)
    if not ended.is_set():
        os.kill(pid, signal.SIGKILL)


def _run(args: list[str], environment: dict[str, str], directory: str) -> int:
    """What `python -m rollupctl` does between its start and its exit."""
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.stdin, sys.stdout, sys.stderr = (
        TextIOWrapper(open(n, mode, buffering), "utf-8", errors, line_buffering=n == 2)  # noqa: SIM115, PTH123
        for n, mode, buffering, errors in (
            (0, "rb", -1, "strict"),
            (1, "wb", -1, "strict"),
            (2, "wb", -1, "backslashreplace"),
        )
    )
    sys.argv = ["rollupctl", *args]
    code: object = 0
    try:
        runpy.run_module("rollupctl", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    except BaseException:  # as the interpreter shows it
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined] # waits for threads, as the interpreter does
    with contextlib.suppress(BrokenPipeError, ValueError):
        sys.stdout.flush()
    with contextlib.suppress(BrokenPipeError, ValueError):
        sys.stderr.flush()
    return code if isinstance(code, int) else int(code is not None)


if __name__ == "__main__":
    serve(sys.argv[1])
