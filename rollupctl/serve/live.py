"""GET /rollups/{name}/stream: an answer, again whenever it changes, as server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import StreamingResponse

from rollupctl.serve import formats, questions
from rollupctl.serve.answers import Body
from rollupctl.serve.asking import ask, tenant_of
from rollupctl.serve.problems import ProblemError, unavailable
from rollupctl.serve.service import Service

MAX_STREAMS = 2000
_CHECK_SECONDS = 0.2  # how often a channel looks whether something was counted
_ASK_SECONDS = 2.0  # how often it asks the database anyway: others may run rollups
_COMMENT_SECONDS = 15.0
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # proxies must not collect what is sent
}
_TOO_MANY = unavailable(f"there are {MAX_STREAMS} streams already")

Key = tuple[questions.Question, str]


@dataclass
class Channel:
    """One question that any number of clients listen to; one task asks it for all of them."""

    listeners: int = 0
    id: str = ""
    body: Body | None = None
    problem: str | None = None
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    task: asyncio.Task[None] | None = None


@dataclass
class Channels:
    """The channels that somebody listens to."""

    _open: dict[Key, Channel] = field(default_factory=dict)
    streams: int = 0

    async def listen(
        self, service: Service, question: questions.Question, tenant: str, last_id: str
    ) -> AsyncIterator[bytes]:
        """Server-sent events, from the one after `last_id` on."""
        key = (question, tenant)
        channel = self._open.setdefault(key, Channel())
        channel.listeners += 1
        self.streams += 1
        if channel.task is None:
            channel.task = asyncio.ensure_future(_follow(service, channel, question, tenant))
        try:
            yield b"retry: 2000\n\n"
            while not service.stopping:
                if channel.body is not None and channel.id != last_id:
                    last_id = channel.id
                    yield b"id: %s\ndata: %s\n\n" % (last_id.encode(), channel.body.content)
                    continue
                try:
                    async with channel.changed:
                        await asyncio.wait_for(channel.changed.wait(), _COMMENT_SECONDS)
                except asyncio.TimeoutError:
                    yield b": still here\n\n"
                if channel.problem:
                    yield b"event: problem\ndata: %s\n\n" % channel.problem.encode()
        finally:
            self.streams -= 1
            channel.listeners -= 1
            if not channel.listeners:
                self._open.pop(key, None)
                channel.task.cancel()


async def get_stream(request: Request) -> StreamingResponse:
    """The stream of a question. What is wrong with the question is said before it begins."""
    service: Service = request.app.state.service
    question = questions.parse(request.path_params["name"], request.query_params)
    channels: Channels = request.app.state.channels
    if channels.streams >= MAX_STREAMS:
        raise _TOO_MANY
    tenant = tenant_of(request)
    await service.read(tenant, lambda session: questions.resolve(session, question))
    last_id = request.headers.get("last-event-id", "")
    stream = channels.listen(service, question, tenant, last_id)
    return StreamingResponse(stream, media_type="text/event-stream", headers=_HEADERS)


async def _follow(
    service: Service, channel: Channel, question: questions.Question, tenant: str
) -> None:
    """Ask whenever something was counted, and tell those who listen if the answer has changed."""
    seen = -1
    asked_at = 0.0
    while True:
        if service.changes != seen or time.monotonic() - asked_at > _ASK_SECONDS:
            seen, asked_at = service.changes, time.monotonic()
            try:
                await _refresh(service, channel, question, tenant)
            except ProblemError as error:
                async with channel.changed:
                    channel.problem = error.detail
                    channel.changed.notify_all()
        if service.stopping:
            async with channel.changed:
                channel.changed.notify_all()
        await asyncio.sleep(_CHECK_SECONDS)


async def _refresh(
    service: Service, channel: Channel, question: questions.Question, tenant: str
) -> None:
    if question.is_live:
        body = await ask(service, tenant, question, formats.JSON)
        # The time of the answer changes always; its rows need not.
        tag = questions.digest(body.content)
        if tag == channel.id:
            return
    else:
        resolved = await service.read(tenant, lambda session: questions.resolve(session, question))
        tag = resolved.tag("stream", tenant).strip('"')
        if tag == channel.id:
            channel.problem = None
            return

        async def make() -> Body:
            return await ask(service, tenant, question, formats.JSON)

        body = await service.answers.once((tag, "stream"), make)
    async with channel.changed:
        channel.id, channel.body, channel.problem = tag, body, None
        channel.changed.notify_all()
