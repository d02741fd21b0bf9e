"""A loader that is killed, or whose server is, at one of the moments when something could be lost:
before or after an exchange with the server, or while rejected rows are written.

Run as `python -m tests.dying DSN FILE REJECTS PART_SIZE MOMENT VICTIM`. VICTIM is loader or server;
moment 0 kills nothing.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import psycopg

from rollupctl.connect import open_session
from rollupctl.loading import load
from rollupctl.loading.load import RESULT, Options
from rollupctl.loading.rejects import RejectFile
from rollupctl.output import Table


def main(dsn: str, path: str, rejects: str, part_size: int, moment: int, victim: str) -> None:
    """Load the file, until the moment."""
    left = moment
    process = os.getpid()

    def passing() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(process, signal.SIGKILL)

    def around(method: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            passing()
            try:
                return method(*args, **kwargs)
            finally:
                passing()

        return watched

    with open_session(dsn, "test") as session, RejectFile(rejects, 1000) as file:
        if victim == "server":
            process = session.info.backend_pid
        psycopg.Connection.wait = around(psycopg.Connection.wait)  # type: ignore[method-assign]
        RejectFile.write = around(RejectFile.write)  # type: ignore[method-assign]
        options = Options(part_size=part_size, rejects=file)
        load.load_files(session, [path], options, report=Table(RESULT))


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:6]), sys.argv[6])  # type: ignore[arg-type,call-arg]
