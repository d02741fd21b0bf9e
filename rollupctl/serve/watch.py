"""What workers have stored of the stream in place of the spool, by the ledger of loads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

import psycopg

from rollupctl.connect import Session, query
from rollupctl.errors import ConnectError, explain
from rollupctl.serve.intake import Totals
from rollupctl.serve.redisqueue import RedisQueue, number

_SOON, _LATER = 0.05, 1.0  # seconds between looks at the ledger
_MOST_LOOKS = 1000
_STATE = """
select l.position, l.rows, l.rejected
  from rollup.loads l
 where l.source_table = 'public.events'::pg_catalog.regclass and l.channel = %s
"""


@dataclass
class Watch:
    """A Loader, see there: follows in the ledger what workers have stored."""

    queue: RedisQueue
    open: Callable[[], Session]
    on_stored: Callable[[], None] = lambda: None
    totals: Totals = field(default_factory=Totals)
    problem: str | None = "not connected yet"
    # Positions, and how many messages had been rejected then.
    _looks: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=_MOST_LOOKS))
    _waiting: list[tuple[int, Future[bool]]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _wake: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """See Loader."""
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def stop(self, seconds: float) -> bool:
        """See Loader. Workers go on without the service."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(seconds)
        return True

    def wait_for(self, position: int) -> Future[bool]:
        """See Loader."""
        done: Future[bool] = Future()
        with self._lock:
            if self._looks and position <= self._looks[-1][0]:
                done.set_result(self._is_sure(position))
            else:
                self._waiting.append((position, done))
        self._wake.set()
        return done

    def reasons(self, after: int, through: int) -> dict[int, str]:
        """See Loader. What workers reject is in their files."""
        return {}

    def _is_sure(self, position: int) -> bool:
        """Whether nothing was rejected between the looks before and after a position."""
        before = [rejected for at, rejected in self._looks if at < position]
        after = [rejected for at, rejected in self._looks if at >= position]
        return bool(before) and before[-1] == after[0]

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self.open() as session:
                    self.problem = None
                    while not self._stop.is_set():
                        self._look(session)
                        self._wake.wait(_SOON if self._waiting else _LATER)
                        self._wake.clear()
            except (ConnectError, psycopg.Error, OSError) as error:
                self.totals.failures += 1
                self.problem = explain(error).message
                self._stop.wait(_LATER)

    def _look(self, session: Session) -> None:
        state = query(session, _STATE, self.queue.stream.channel).rows
        position, stored, rejected = state[0] if state else (None, 0, 0)
        at = number(position) if position else 0
        has_moved = bool(self._looks) and at != self._looks[-1][0]
        with self._lock:
            if not self._looks or has_moved:
                self._looks.append((at, rejected))
            ready = [(p, done) for p, done in self._waiting if p <= at]
            self._waiting = [(p, done) for p, done in self._waiting if p > at]
            results = [(done, self._is_sure(p)) for p, done in ready]
        for done, is_sure in results:
            if done.set_running_or_notify_cancel():
                done.set_result(is_sure)
        self.totals.stored, self.totals.set_aside = stored, rejected
        self.queue.looked(position)
        if has_moved:
            self.on_stored()
