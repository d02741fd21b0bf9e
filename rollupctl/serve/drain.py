"""From the spool into the table of events: batches by COPY, each in one transaction with the
position of the spool in the ledger of loads, where the spool is a channel.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import msgspec
import psycopg

from rollupctl.connect import Session, query, transaction
from rollupctl.errors import ConnectError, explain
from rollupctl.rolling import pauses
from rollupctl.serve import log
from rollupctl.serve.events import stored
from rollupctl.serve.intake import Totals
from rollupctl.serve.spool import Spool
from rollupctl.serve.storing import Aside, Sites, insert, may_be_of_event
from rollupctl.serve.writer import Event, Writer

MAX_EVENTS = 20_000  # in one transaction
_LARGE = 2_000
MAX_BYTES = 16 * 1024**2
_EVERY = 0.05  # seconds from one batch to the next, unless it is large or somebody waits for it
LONGEST_PAUSE = 5.0  # seconds between attempts to reach the database

_BEGIN = """
select load_id, part, position, after_id,
       (select keys::text from rollup.event_keys where source = 'public.events'::regclass) as keys
  from rollup.begin_part('public.events', 'rollupctl serve', channel => %s, expected_position => %s)
"""
_RECORD = """
select rollup.record_part(%s, %s, %s, %s, rejected_count => %s, new_position => %s, duration => %s,
                          duplicate_count => %s)
"""
_SET_ASIDE = """
select rollup_serve.set_aside_event(%s::pg_catalog.uuid, %s, %s::pg_catalog.jsonb, %s, %s)
"""


@dataclass
class Drain:
    """The thread that drains a spool. `wait_for` may be called from any thread."""

    spool: Spool
    open: Callable[[], Session]
    on_stored: Callable[[], None] = lambda: None
    totals: Totals = field(default_factory=Totals)
    problem: str | None = "not connected yet"
    position: int = 0
    _wake: threading.Event = field(default_factory=threading.Event)
    _hurry: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _waiting: list[tuple[int, Future[bool]]] = field(default_factory=list)
    _set_aside: dict[int, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None
    _sites: Sites = field(default_factory=Sites)

    def start(self) -> None:
        """Begin to drain."""
        self.spool.on_commit = self._wake.set
        self._thread = threading.Thread(target=self._run, name="drain", daemon=True)
        self._thread.start()

    def stop(self, seconds: float) -> bool:
        """Drain what is there, for at most `seconds`; False if events are left in the spool."""
        deadline = time.monotonic() + seconds
        while self.spool.events and time.monotonic() < deadline:
            time.sleep(0.02)
        self._stop.set()
        self._wake.set()
        self._hurry.set()
        if self._thread is not None:
            self._thread.join(max(1.0, deadline - time.monotonic()))
        return not self.spool.events

    def wait_for(self, position: int) -> Future[bool]:
        """Resolved as soon as the database has committed all events up to `position`."""
        done: Future[bool] = Future()
        with self._lock:
            if position <= self.position:
                done.set_result(True)
            else:
                self._waiting.append((position, done))
                self._hurry.set()
        return done

    def reasons(self, after: int, through: int) -> dict[int, str]:
        """Why events of these positions were set aside, those of the last thousand."""
        with self._lock:
            return {p: reason for p, reason in self._set_aside.items() if after < p <= through}

    def _run(self) -> None:
        attempts = pauses()
        while not self._stop.is_set():
            try:
                with self.open() as session:
                    self._claim(session)
                    if self.problem:
                        log.info("database_connected", position=self.position)
                    self.problem = None
                    attempts = pauses()
                    while not self._stop.is_set():
                        self._wake.clear()
                        began = time.monotonic()
                        loaded = self._drain(session)
                        if not loaded:
                            self._wake.wait(1.0)
                        elif loaded < _LARGE:
                            # Fewer and larger transactions leave more time to the event loop.
                            self._hurry.wait(max(0.0, began + _EVERY - time.monotonic()))
                        self._hurry.clear()
                return
            except Exception as error:
                self.totals.failures += 1
                pause = min(next(attempts), LONGEST_PAUSE)
                self._tell(error, pause)
                self._stop.wait(pause)

    def _tell(self, error: Exception, pause: float) -> None:
        told = explain(error)
        message = f"{told.message} ({told.detail})" if told.detail else told.message
        if message != self.problem:
            log.error("drain_failed", message=message, hint=told.hint, retry_seconds=pause)
        self.problem = message
        if not isinstance(error, ConnectError | psycopg.Error | OSError):
            log.traceback(error)

    def _claim(self, session: Session) -> None:
        """Learn what the database has of this spool.

        A spool that has issued fewer positions than the database has was restored from a copy: it
        goes on under another identity, without the events that the database has.
        """
        position = self._position(session)
        if position > self.spool.first_position:
            log.warning("spool_is_a_copy", position=position, issued=self.spool.first_position)
            self.spool.renew(self.spool.first_position)
            position = self._position(session)
        self.spool.remove(position)
        self._advance(position)
        self._sites.known.clear()

    def _position(self, session: Session) -> int:
        """The position in the ledger, after a transaction of an earlier process has ended."""
        (found,) = query(session, _BEGIN, self._channel, None).column("position")
        return int(found or 0)

    @property
    def _channel(self) -> str:
        return f"spool {self.spool.id}"

    def _drain(self, session: Session) -> int:
        """Load one batch; returns the number of its events."""
        batch = self.spool.read(MAX_EVENTS, MAX_BYTES)
        if not batch:
            return 0
        began = time.monotonic()
        events = [(position, stored(body)) for position, body in batch]
        good, aside = self._sites.divide(session, events)
        through = batch[-1][0]
        expected = str(self.position) if self.position else None
        is_divided = False
        while True:
            try:
                with transaction(session):
                    begun = query(session, _BEGIN, self._channel, expected).records()[0]
                    writer = Writer(session, self._sites.known, begun["load_id"], begun["keys"])
                    write = insert if is_divided else self._write
                    loaded = write(writer, good, aside)
                    self._keep_aside(session, aside)
                    seconds = time.monotonic() - began
                    again = len(events) - len(aside) - loaded
                    ids = (begun["load_id"], begun["part"], loaded, begun["after_id"], len(aside))
                    query(session, _RECORD, *ids, str(through), seconds, again)
                break
            except psycopg.Error as error:
                # Savepoints hide from the ledger which ids are those of the batch, so they are for
                # batches that need them.
                if is_divided or not may_be_of_event(error):
                    raise
                is_divided = True
        with self._lock:
            self._set_aside.update({event[0]: reason for event, _, reason in aside})
            for old in list(self._set_aside)[:-1000]:
                del self._set_aside[old]
        self.totals.stored += loaded
        self.totals.set_aside += len(aside)
        for (position, _), sqlstate, reason in aside:
            log.warning("event_set_aside", position=position, sqlstate=sqlstate, reason=reason)
        self.spool.remove(through, [body for _, body in batch])
        self._advance(through)
        self.on_stored()
        return len(batch)

    def _keep_aside(self, session: Session, aside: Sequence[Aside]) -> None:
        for (position, event), sqlstate, reason in aside:
            body = msgspec.json.encode(event).decode()
            query(session, _SET_ASIDE, self.spool.id, position, body, sqlstate, reason)

    def _write(self, writer: Writer, events: Sequence[Event], _: list[Aside]) -> int:
        return writer.write(events)

    def _advance(self, position: int) -> None:
        with self._lock:
            self.position = position
            ready = [done for at, done in self._waiting if at <= position]
            self._waiting = [(at, done) for at, done in self._waiting if at > position]
        for done in ready:
            if done.set_running_or_notify_cancel():  # its client may have gone
                done.set_result(True)
