"""Listeners of one question that leave do not disturb each other."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("starlette")

from rollupctl.serve import live
from rollupctl.serve.keys import ANYBODY


def test_a_listener_may_be_cancelled_again_while_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    # As an event loop does with a request whose client has gone, until the request has ended.
    async def never(*_: Any) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(live, "_follow", never)
    keys = SimpleNamespace(holds=lambda _: True)
    service: Any = SimpleNamespace(stopping=False, keys=keys)
    connection: Any = SimpleNamespace(scope={"state": {"key": ANYBODY}})
    question: Any = "question"

    async def leave() -> list[bool]:
        channels = live.Channels()

        async def listen() -> None:
            async for _ in channels.listen(service, question, connection, ""):
                pass

        listening = [asyncio.ensure_future(listen()) for _ in range(8)]
        await asyncio.sleep(0.01)
        for _ in range(3):
            for task in listening:
                task.cancel()
            await asyncio.sleep(0)
        ended, _ = await asyncio.wait(listening, timeout=5)
        assert len(ended) == 8
        return [task.cancelled() for task in listening]

    def in_a_loop() -> list[bool]:
        loop = asyncio.new_event_loop()  # asyncio.run would wait for tasks that do not end
        try:
            return loop.run_until_complete(leave())
        finally:
            loop.close()

    # A thread of its own: a browser's loop may be running in this one.
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(in_a_loop).result() == [True] * 8
