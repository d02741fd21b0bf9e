"""Answers that several clients ask for, kept while they are right; results of threads."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

KEPT = 1000
MAX_BYTES = 1024**2  # of an answer that is kept
MAX_KEPT_BYTES = 64 * 1024**2  # of all of them
BRIEFLY = 0.5  # seconds for which what may change at any time is kept

T = TypeVar("T")


@dataclass(frozen=True)
class Body:
    """The body of an answer, and the cursor of the next page."""

    content: bytes
    cursor: str | None


@dataclass
class Results:
    """Results of threads for the event loop, which is woken once for all that come together."""

    _ready: deque[tuple[asyncio.Future[int], Future[int]]] = field(default_factory=deque)
    _is_woken: bool = False

    async def of(self, done: Future[int]) -> int:
        """The result, or the exception, of a thread."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[int] = loop.create_future()

        def tell(_: Future[int]) -> None:
            self._ready.append((waiter, done))
            if not self._is_woken:
                self._is_woken = True
                loop.call_soon_threadsafe(self._tell)

        done.add_done_callback(tell)
        return await waiter

    def _tell(self) -> None:
        self._is_woken = False  # before the first is taken: what comes later wakes the loop again
        while self._ready:
            waiter, done = self._ready.popleft()
            if waiter.done():
                continue  # its client has gone
            if (failure := done.exception()) is not None:
                waiter.set_exception(failure)
            else:
                waiter.set_result(done.result())


@dataclass(frozen=True)
class _Kept:
    """What was read, and when that began: nothing in it is older."""

    read_at: float
    value: Any
    size: int


@dataclass
class Answers:
    """A cache. A key says all that an answer depends on: who asks, what, and of which rows."""

    _kept: OrderedDict[Hashable, _Kept] = field(default_factory=OrderedDict)
    _under_way: dict[Hashable, tuple[float, asyncio.Task[Any]]] = field(default_factory=dict)
    _bytes: int = 0

    async def once(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """The answer of a key, made if it is not kept. Those who ask meanwhile share it."""
        return await self._get(key, float("inf"), make)

    async def briefly(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """As `once`, for an answer that is right for half a second before it is asked for.

        One that is asked for again and again is made again meanwhile, so that nobody waits for it.
        """
        return await self._get(key, BRIEFLY, make)

    async def _get(self, key: Hashable, seconds: float, make: Callable[[], Awaitable[T]]) -> T:
        now = time.monotonic()
        while True:
            kept = self._kept.get(key)
            if kept is not None and now - kept.read_at < seconds:
                self._kept.move_to_end(key)
                if now - kept.read_at > seconds / 2 and key not in self._under_way:
                    self._start(key, make)
                value: T = kept.value
                return value
            began, task = self._under_way.get(key) or self._start(key, make)
            # A client that goes away does not take the answer from the others.
            value = await asyncio.shield(task)
            # One that began too long before is followed by another, never by several at a time.
            if now - began < seconds:
                return value

    def _start(
        self, key: Hashable, make: Callable[[], Awaitable[Any]]
    ) -> tuple[float, asyncio.Task[Any]]:
        began = time.monotonic()
        task = asyncio.ensure_future(self._make(key, began, make))
        self._under_way[key] = (began, task)

        def end(ended: asyncio.Task[Any]) -> None:
            del self._under_way[key]
            if not ended.cancelled():
                ended.exception()  # is seen, even if nobody waits for it any more

        task.add_done_callback(end)
        return began, task

    async def _make(self, key: Hashable, began: float, make: Callable[[], Awaitable[Any]]) -> Any:
        value = await make()
        size = len(value.content) if isinstance(value, Body) else 0
        if size <= MAX_BYTES:
            self._drop(key)
            self._kept[key] = _Kept(began, value, size)
            self._bytes += size
            while len(self._kept) > KEPT or self._bytes > MAX_KEPT_BYTES:
                self._drop(next(iter(self._kept)))
        return value

    def _drop(self, key: Hashable) -> None:
        if (old := self._kept.pop(key, None)) is not None:
            self._bytes -= old.size
