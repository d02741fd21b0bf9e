"""The cache of answers: who shares one, for how long, and who makes it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

pytest.importorskip("starlette")

from rollupctl.serve import answers
from rollupctl.serve.answers import Answers, Body


class Database:
    """Answers the number of questions so far, after a while."""

    def __init__(self) -> None:
        self.asked = 0
        self.seconds = 0.0
        self.at_once = self.most_at_once = 0
        self.fails = False

    async def ask(self) -> int:
        self.asked += 1
        number = self.asked
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.seconds)
        self.at_once -= 1
        if self.fails:
            raise LookupError
        return number


def run(test: Callable[[Answers, Database], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(_run(test), 30))


async def _run(test: Callable[[Answers, Database], Awaitable[None]]) -> None:
    await test(Answers(), Database())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in a list of one."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(answers, "time", time)
    return now


def test_an_answer_is_shared_for_half_a_second(clock: list[float]) -> None:
    async def test(cache: Answers, database: Database) -> None:
        assert await cache.briefly("a", database.ask) == 1
        clock[0] += 0.2
        assert await cache.briefly("a", database.ask) == 1
        assert await cache.briefly("b", database.ask) == 2
        clock[0] += 0.31
        assert await cache.briefly("a", database.ask) == 3

    asyncio.run(_run(test))


def test_an_answer_that_is_asked_for_often_is_made_again_meanwhile(clock: list[float]) -> None:
    async def test(cache: Answers, database: Database) -> None:
        assert await cache.briefly("a", database.ask) == 1
        clock[0] += 0.3
        for _ in range(3):
            assert await cache.briefly("a", database.ask) == 1  # which is not waited for
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert database.asked == 2
        clock[0] += 0.3
        assert await cache.briefly("a", database.ask) == 2

    asyncio.run(_run(test))


def test_slow_answers_are_made_one_after_the_other_and_are_not_old() -> None:
    async def test(cache: Answers, database: Database) -> None:
        database.seconds = 0.7
        told: list[tuple[float, int]] = []

        async def ask() -> None:
            asked_at = time.monotonic()
            number = await cache.briefly("a", database.ask)
            told.append((asked_at - began, number))

        began = time.monotonic()
        tasks = []
        for _ in range(14):
            tasks.append(asyncio.ensure_future(ask()))
            await asyncio.sleep(0.1)
        await asyncio.gather(*tasks)
        assert database.most_at_once == 1
        for asked_at, number in told:
            # The n-th begins 0.7 seconds after the one before it.
            assert (number - 1) * 0.7 > asked_at - answers.BRIEFLY

    run(test)


def test_failures_are_not_kept_and_clients_that_go_spoil_nothing() -> None:
    async def test(cache: Answers, database: Database) -> None:
        database.fails = True
        for _ in range(2):
            with pytest.raises(LookupError):
                await cache.once("a", database.ask)
        database.fails, database.seconds = False, 0.05
        gone = asyncio.ensure_future(cache.once("a", database.ask))
        other = asyncio.ensure_future(cache.once("a", database.ask))
        await asyncio.sleep(0.01)
        gone.cancel()
        assert await other == 3
        assert await cache.once("a", database.ask) == 3

    run(test)


def test_the_size_of_what_is_kept_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(cache: Answers, _: Database) -> None:
        made = 0

        def make(size: int) -> Callable[[], Awaitable[Any]]:
            async def body() -> Body:
                nonlocal made
                made += 1
                return Body(b"x" * size, None)

            return body

        for key in ("a", "b", "a", "c", "b", "c", "a"):  # a was asked for last before c came
            await cache.once(key, make(40))
        assert made == 5
        for _time in range(2):
            await cache.once("large", make(51))
        assert made == 7

    monkeypatch.setattr(answers, "MAX_BYTES", 50)
    monkeypatch.setattr(answers, "MAX_KEPT_BYTES", 100)
    run(test)
