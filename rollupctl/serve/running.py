"""Runs the rollups in the background, and maintains partitions, where pg_cron does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg

from rollupctl import rolling
from rollupctl.connect import Session, query, transaction
from rollupctl.errors import RollupError, explain
from rollupctl.serve import log
from rollupctl.serve.drain import LONGEST_PAUSE
from rollupctl.serve.keys import Keys

_MAX_EVENTS = 1_000_000
_PARTITIONS_EVERY = 3600.0  # seconds
_REFRESH_EVERY = 3.0  # seconds
_KEYS_EVERY = 3.0  # seconds
_LOCK_TIMEOUT = "500ms"
READER = "rollup_serve_reader"  # the role that rollup_serve.isolate_reader makes
_ISOLATE = "select rollup_serve.isolate_reader() as problem"
_LEAST_PAUSE = 0.25  # seconds from the start of a round to that of the next
_SCHEDULED = "select pg_catalog.to_regclass('cron.job') is not null as there"
_JOBS = """
select exists (select from cron.job
                where jobname = 'rollup-run' and active
                  and database = pg_catalog.current_database()) as active
"""


@dataclass
class Runner:
    """The thread that runs the rollups every `seconds`; None leaves that to pg_cron.

    In any case it reads keys, and describes new rollups for those who ask about them.
    """

    open: Callable[[], Session]
    keys: Keys
    seconds: float | None
    last_success: float | None = None
    rounds: int = 0  # in which something was counted
    reader: str | None = None  # the role that sees the rows of one tenant only
    _not_isolated: str | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _wake: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="rollups", daemon=True)
        self._thread.start()

    def poke(self) -> None:
        """Events have been stored: run soon."""
        self._wake.set()

    def stop(self) -> None:
        """End after the step that is being performed."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(10)

    def _run(self) -> None:
        pause_of_round = _REFRESH_EVERY if self.seconds is None else self.seconds
        attempts = rolling.pauses()
        said: str | None = None
        while not self._stop.is_set():
            try:
                with self.open() as session:
                    maintained = refreshed = 0.0
                    while not self._stop.is_set():
                        began = time.monotonic()
                        query(session, "select rollup_serve.refresh_fields()")
                        if began - refreshed > _KEYS_EVERY:
                            self.keys.refresh(session)
                            self._isolate(session)
                            refreshed = began
                        if self.seconds is not None:
                            if not maintained or began - maintained > _PARTITIONS_EVERY:
                                query(session, "select rollup.maintain_partitions()")
                                maintained = began
                            self._run_once(session)
                        attempts, said = rolling.pauses(), None
                        if self._wake.wait(pause_of_round):
                            self._wake.clear()
                            self._stop.wait(max(0.0, _LEAST_PAUSE - (time.monotonic() - began)))
            except (psycopg.Error, RollupError, OSError) as error:
                told = explain(error)
                pause = min(next(attempts), LONGEST_PAUSE)
                if told.message != said:
                    log.error("rollups_failed", message=told.message, hint=told.hint)
                said = told.message
                self._stop.wait(pause)

    def _isolate(self, session: Session) -> None:
        """Have row-level security keep the key of one site from others, where that is possible."""
        if not self.keys.has_tenants:
            return
        try:
            with transaction(session, {"lock_timeout": _LOCK_TIMEOUT}):
                (problem,) = query(session, _ISOLATE).column("problem")
        except (psycopg.errors.LockNotAvailable, psycopg.errors.InsufficientPrivilege) as error:
            problem = explain(error).message
        self.reader = READER if problem is None else None
        if problem is not None and problem != self._not_isolated:
            log.warning("not_isolated", reason=problem)
        self._not_isolated = problem

    def _run_once(self, session: Session) -> None:
        failed = False
        has_counted = False
        for step in rolling.steps(session, "run", None, _MAX_EVENTS):
            for row in step.report:
                has_counted |= row["status"] != "nothing new"
            if step.failure:
                failed = True
                log.warning("run_failed", message=step.failure.message, hint=step.failure.hint)
            if self._stop.is_set():
                return
        self.rounds += has_counted
        if not failed:
            self.last_success = time.time()


def is_scheduled(session: Session) -> bool:
    """Whether pg_cron runs the rollups of this database."""
    try:
        if not all(query(session, _SCHEDULED).column("there")):
            return False
        return all(query(session, _JOBS).column("active"))
    except psycopg.errors.InsufficientPrivilege:
        return False
