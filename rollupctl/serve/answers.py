"""Answers that several clients ask for, kept while they are right; results of threads."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field

KEPT = 256
MAX_BYTES = 1024**2  # of an answer that is kept
BRIEFLY = 0.5  # seconds for which an answer with events that are not counted yet is kept


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


@dataclass
class Answers:
    """A cache. A key says all that an answer depends on: who asks, what, and of which rows."""

    _kept: OrderedDict[Hashable, tuple[float, Body]] = field(default_factory=OrderedDict)
    _under_way: dict[Hashable, asyncio.Task[Body]] = field(default_factory=dict)

    async def once(self, key: Hashable, make: Callable[[], Awaitable[Body]]) -> Body:
        """The answer of a key, made if it is not kept. Those who ask meanwhile share it."""
        return await self._get(key, float("inf"), make)

    async def briefly(self, key: Hashable, make: Callable[[], Awaitable[Body]]) -> Body:
        """As `once`, for an answer that is right for half a second."""
        return await self._get(key, BRIEFLY, make)

    async def _get(
        self, key: Hashable, seconds: float, make: Callable[[], Awaitable[Body]]
    ) -> Body:
        if key in self._kept:
            made_at, body = self._kept[key]
            if time.monotonic() - made_at < seconds:
                self._kept.move_to_end(key)
                return body
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.ensure_future(self._make(key, make))
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        # A client that goes away does not take the answer from the others.
        return await asyncio.shield(task)

    async def _make(self, key: Hashable, make: Callable[[], Awaitable[Body]]) -> Body:
        body = await make()
        if len(body.content) <= MAX_BYTES:
            self._kept[key] = (time.monotonic(), body)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return body
