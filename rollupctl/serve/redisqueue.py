"""A stream of Redis in place of the spool, which `rollupctl consume` loads.

The position that its workers have stored is in the ledger of loads, which watch.py looks at.
Entries up to there are removed from the stream, so that it holds what is waiting.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from rollupctl.errors import UsageError
from rollupctl.serve import log
from rollupctl.serve.intake import NotAcceptedError
from rollupctl.serve.spool import KEEP_ANSWERS
from rollupctl.serve.spoolfile import Answer
from rollupctl.streams.redisurl import RedisStream, open_stream

_WRITERS = 8
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
