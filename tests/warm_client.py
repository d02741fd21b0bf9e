"""The program `rollupctl` of tests/warm_start.py: starts a run and stands for it.

It hands over its arguments, environment, directory and streams, passes signals on, and ends with the
exit code of the run, which ends when this process is killed. It imports only modules that are part of
the interpreter: to start faster than the command line is its purpose.
"""

from __future__ import annotations

import _socket
import marshal
import os
import signal
import sys


def main(path: str, args: list[str]) -> int:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    channel = _socket.socket(_socket.AF_UNIX)
    channel.connect(path)
    what = marshal.dumps([args, dict(os.environ), os.getcwd()])  # noqa: PTH109
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    channel.sendmsg(
        [len(what).to_bytes(8, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)]
    )
    while what:
        what = what[channel.send(what) :]
    pid = int(_line(channel))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: os.kill(pid, received))
    code = int(_line(channel))
    if code < 0:  # of a signal
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def _line(channel: _socket.socket) -> bytes:
    found = b""
    while not found.endswith(b"\n"):
        received = channel.recv(1)
        if not received:
            raise ConnectionError("the warm process has ended")
        found += received
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
