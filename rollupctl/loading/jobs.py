"""Load several files side by side, each in a session of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace

import psycopg

from rollupctl.connect import Session
from rollupctl.errors import UsageError
from rollupctl.loading.content import STDIN, find_files
from rollupctl.loading.load import RESULT, Options, load_files
from rollupctl.output import Table

_CANCEL = 5.0  # seconds in which the server must take a request to cancel


def load_side_by_side(
    connect: Callable[[], Session],
    names: Sequence[str],
    options: Options,
    jobs: int,
    *,
    report: Table,
) -> None:
    """Load the files of `names`, as load_files does, in as many sessions as `jobs`.

    After an error no further file is begun; those that are being loaded are completed, and the
    error of the first file that has one is raised. An interruption ends all at once.
    """
    listed = list(dict.fromkeys(find_files(list(names))))
    if STDIN in listed or options.rejects or options.dry_run:
        raise UsageError("--jobs does not go with standard input, --reject and --dry-run")
    with connect() as session:
        check = replace(options, dry_run=True)
        load_files(session, listed, check, report=Table(RESULT))
    open_sessions: list[Session] = []

    def load(name: str) -> Table:
        own = Table(RESULT)
        with connect() as session:
            open_sessions.append(session)
            load_files(session, [name], options, report=own)
        return own

    with ThreadPoolExecutor(jobs) as pool:
        futures: list[Future[Table]] = [pool.submit(load, name) for name in listed]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for session in open_sessions:
                with suppress(psycopg.Error):
                    session.cancel_safe(timeout=_CANCEL)
            raise
        pool.shutdown(wait=True, cancel_futures=True)
    done = [future for future in futures if not future.cancelled()]
    for future in done:
        if future.exception() is None:
            for row in future.result().rows:
                report.add(*row)
    for future in done:
        future.result()
