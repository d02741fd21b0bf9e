"""Do several things side by side, each in a session of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TypeVar

import psycopg

from rollupctl.connect import Session

_CANCEL = 5.0  # seconds in which the server must take a request to cancel

T = TypeVar("T")


def side_by_side(
    connect: Callable[[], Session],
    tasks: Sequence[Callable[[Session], T]],
    sessions: int,
    stop: threading.Event | None = None,
) -> list[Future[T]]:
    """Perform the tasks in as many sessions at a time; returns those that were begun, all ended.

    After an error no further task is begun, and those that were are completed. An interruption
    cancels their statements, and sets `stop` for tasks that do something else.
    """
    connected: list[Session] = []

    def perform(task: Callable[[Session], T]) -> T:
        with connect() as session:
            connected.append(session)
            return task(session)

    with ThreadPoolExecutor(sessions) as pool:
        futures = [pool.submit(perform, task) for task in tasks]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            if stop is not None:
                stop.set()
            for session in connected:
                with suppress(psycopg.Error):
                    session.cancel_safe(timeout=_CANCEL)
            raise
        pool.shutdown(wait=True, cancel_futures=True)
    return [future for future in futures if not future.cancelled()]
