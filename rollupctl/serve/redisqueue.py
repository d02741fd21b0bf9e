"""A stream of Redis in place of the spool, which `rollupctl consume` loads.

The position that its workers have stored is in the ledger of loads. Entries up to there are
removed from the stream, so that it holds what is waiting.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import psycopg

from rollupctl.connect import Session, query
from rollupctl.errors import ConnectError, UsageError, explain
from rollupctl.serve import log
from rollupctl.serve.intake import NotAcceptedError, Totals
from rollupctl.serve.spool import KEEP_ANSWERS
from rollupctl.serve.spoolfile import Answer
from rollupctl.streams.redisurl import RedisStream, open_stream

_WRITERS = 8
_SOON, _LATER = 0.05, 1.0  # seconds between looks at the ledger
_MOST_LOOKS = 1000
# All events of a request and its answer, or none.
_APPEND = """
local last
for i = 5, #ARGV do last = redis.call('xadd', KEYS[1], '*', 'event', ARGV[i]) end
if KEYS[2] then
  redis.call('hset', KEYS[2], 'digest', ARGV[1], 'status', ARGV[2], 'body', ARGV[3],
             'position', last)
  redis.call('expire', KEYS[2], ARGV[4])
end
return last
"""
_STATE = """
select l.position, l.rows, l.rejected
  from rollup.loads l
 where l.source_table = 'public.events'::pg_catalog.regclass and l.channel = %s
"""


class QueueUnavailableError(NotAcceptedError):
    """Redis does not take events."""


def number(entry: str) -> int:
    """The id of an entry as a number in the same order; 0 stands before all."""
    milliseconds, _, place = entry.partition("-")
    return int(milliseconds) << 64 | int(place or 0)


@dataclass
class RedisQueue:
    """An Intake, see there. `looked` is called by the thread that watches the ledger."""

    stream: RedisStream
    max_bytes: int
    events: int = 0
    used_bytes: int = 0
    oldest_at: float | None = None
    _failure: str | None = None
    _executor: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_WRITERS, thread_name_prefix="queue")
    )

    @classmethod
    def open(cls, url: str, max_bytes: int) -> RedisQueue:
        """The queue of a URL. Raises RollupError if the server does not answer."""
        parts = urlsplit(url)
        try:
            is_redis = parts.scheme == "redis" and parts.port != 0
        except ValueError:
            is_redis = False
        if not is_redis:
            raise UsageError(f"{url!r} is no queue", "write --queue redis://host:6379/STREAM")
        stream = open_stream(parts, dict(parse_qsl(parts.query, keep_blank_values=True)))
        queue = cls(stream, max_bytes)
        try:
            stream.client.ping()
        except stream.error as error:
            raise stream.problem(error) from None
        log.info("queue", channel=stream.channel)
        queue._require_durability()
        return queue

    def _require_durability(self) -> None:
        try:
            found = self.stream.client.config_get("append*")
            is_durable = (found.get("appendonly"), found.get("appendfsync")) == ("yes", "always")
        except self.stream.error:
            is_durable = False  # it does not say
        if not is_durable:
            log.warning("queue_may_lose_events", hint="set appendonly yes and appendfsync always")

    @property
    def problem(self) -> str | None:
        """See Intake."""
        if self._failure is None and self.used_bytes > self.max_bytes:
            return "the queue is full: workers do not take events fast enough"
        return self._failure

    @property
    def database(self) -> str | None:
        """See Intake."""
        found = self.stream.client.get(f"{self.stream.name}:database")
        return None if found is None else found.decode()

    @database.setter
    def database(self, identity: str) -> None:
        self.stream.client.set(f"{self.stream.name}:database", identity)

    def append(self, bodies: Sequence[bytes], answer: Answer | None = None) -> Future[int]:
        """See Intake."""
        if self.used_bytes > self.max_bytes:
            refused: Future[int] = Future()
            refused.set_exception(QueueUnavailableError())
            return refused
        return self._executor.submit(self._append, bodies, answer)

    def _append(self, bodies: Sequence[bytes], answer: Answer | None) -> int:
        keys = [self.stream.name] + ([self._key(answer.key)] if answer else [])
        told = (answer.digest, answer.status, answer.body) if answer else ("", "", "")
        try:
            last = self.stream.client.eval(
                _APPEND, len(keys), *keys, *told, int(KEEP_ANSWERS), *bodies
            )
        except self.stream.error as error:
            self._failure = f"the queue does not take events: {error}"
            raise QueueUnavailableError(str(error)) from None
        self._failure = None
        return number(last.decode())

    def answer(self, key: str) -> Answer | None:
        """See Intake."""
        try:
            found = self.stream.client.hgetall(self._key(key))
        except self.stream.error as error:
            self._failure = f"the queue does not answer: {error}"
            raise QueueUnavailableError(str(error)) from None
        if not found:
            return None
        position = number(found[b"position"].decode())
        return Answer(key, found[b"digest"], int(found[b"status"]), found[b"body"], position)

    def _key(self, key: str) -> str:
        return f"{self.stream.name}:answer:{key}"

    def looked(self, position: str | None) -> None:
        """Remove entries that are stored, and measure what is left."""
        client, name = self.stream.client, self.stream.name
        try:
            if position is not None:
                client.xtrim(name, minid=position, approximate=False)
            first = client.xrange(name, min=f"({position}" if position else "-", count=1)
            stored = position is not None and bool(client.xrange(name, position, position))
            self.events = client.xlen(name) - stored
            self.used_bytes = (client.memory_usage(name) or 0) if self.events else 0
            self.oldest_at = int(first[0][0].split(b"-")[0]) / 1000 if first else None
            self._failure = None
        except self.stream.error as error:
            self._failure = f"the queue does not answer: {error}"

    def close(self) -> None:
        """See Intake."""
        self._executor.shutdown()
        self.stream.client.close()


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
