"""GET /rollups/{name}/stream: an answer, again whenever it changes, as server-sent events.

sockets.py sends the same through a WebSocket.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response, StreamingResponse

from rollupctl.serve import formats, questions
from rollupctl.serve.answers import Body
from rollupctl.serve.asking import answer, ask, resolve, tenant_of
from rollupctl.serve.gate import key_of
from rollupctl.serve.problems import ProblemError, unavailable
from rollupctl.serve.service import Service

MAX_STREAMS = 2000
_CHECK_SECONDS = 0.2  # how often a channel looks whether something was counted
_ASK_SECONDS = 2.0  # how often it asks the database anyway: others may run rollups
_COMMENT_SECONDS = 15.0
_MEDIA_TYPE = "text/event-stream"
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # proxies must not collect what is sent
}
LAST_ID = "last_event_id"  # browsers cannot send headers with a WebSocket
REVOKED = "the key is no longer valid"
_TOO_MANY = unavailable(f"there are {MAX_STREAMS} streams already")

Key = tuple[questions.Question, str]


@dataclass(frozen=True)
class Told:
    """What listeners are told: an answer in JSON and its id, a problem, or nothing for a while."""

    id: str = ""
    answer: bytes = b""
    problem: str = ""


@dataclass
class Channel:
    """One question that any number of clients listen to; one task asks it for all of them."""

    listeners: int = 0
    id: str = ""
    body: Body | None = None
    problem: str | None = None
    # Of the next change. Not a condition: a listener cancelled twice would release others' lock.
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    def tell(self) -> None:
        """Wake all listeners."""
        self.changed.set()
        self.changed = asyncio.Event()


@dataclass
class Channels:
    """The channels that somebody listens to."""

    _open: dict[Key, Channel] = field(default_factory=dict)
    streams: int = 0  # listeners of all channels

    def __len__(self) -> int:
        return len(self._open)

    async def listen(
        self,
        service: Service,
        question: questions.Question,
        connection: HTTPConnection,
        last_id: str,
    ) -> AsyncGenerator[Told, None]:
        """Answers after the one of `last_id`, until the service stops or the client's key is no
        longer valid.
        """
        key, tenant = key_of(connection), tenant_of(connection)
        name = (question, tenant)
        channel = self._open.setdefault(name, Channel())
        channel.listeners += 1
        self.streams += 1
        if channel.task is None:
            channel.task = asyncio.ensure_future(_follow(service, channel, question, tenant))
        try:
            while not service.stopping:
                if not service.keys.holds(key):
                    yield Told(problem=REVOKED)
                    return
                if channel.body is not None and channel.id != last_id:
                    last_id = channel.id
                    yield Told(last_id, channel.body.content)
                    continue
                try:
                    await asyncio.wait_for(channel.changed.wait(), _COMMENT_SECONDS)
                except asyncio.TimeoutError:
                    yield Told()
                if channel.problem:
                    yield Told(problem=channel.problem)
        finally:
            self.streams -= 1
            channel.listeners -= 1
            if not channel.listeners:
                self._open.pop(name, None)
                channel.task.cancel()


async def begin(connection: HTTPConnection) -> AsyncGenerator[Told, None]:
    """What a client that asks is told. Raises ProblemError if the question is wrong."""
    service: Service = connection.app.state.service
    given = connection.query_params
    last_id = given.get(LAST_ID) or connection.headers.get("last-event-id", "")
    asked = [(name, value) for name, value in given.multi_items() if name != LAST_ID]
    question = questions.parse(connection.path_params["name"], asked)
    channels: Channels = connection.app.state.channels
    if channels.streams >= MAX_STREAMS:
        raise _TOO_MANY
    await resolve(service, tenant_of(connection), question)
    return channels.listen(service, question, connection, last_id)


async def get_stream(request: Request) -> Response:
    """The stream of a question, as server-sent events."""
    all_told = await begin(request)
    if request.method == "HEAD":
        return Response(media_type=_MEDIA_TYPE, headers=_HEADERS)
    events = _events(all_told)
    return StreamingResponse(events, media_type=_MEDIA_TYPE, headers=_HEADERS)


async def _events(all_told: AsyncGenerator[Told, None]) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n"
    async with contextlib.aclosing(all_told):
        async for told in all_told:
            if told.id:
                yield b"id: %s\ndata: %s\n\n" % (told.id.encode(), told.answer)
            elif told.problem:
                yield b"event: problem\ndata: %s\n\n" % told.problem.encode()
            else:
                yield b": still here\n\n"


async def _follow(
    service: Service, channel: Channel, question: questions.Question, tenant: str
) -> None:
    """Ask whenever something was counted, and tell those who listen if the answer has changed."""
    seen = -1
    asked_at = 0.0
    keys = service.keys.version
    while True:
        if service.changes != seen or time.monotonic() - asked_at > _ASK_SECONDS:
            seen, asked_at = service.changes, time.monotonic()
            try:
                await _refresh(service, channel, question, tenant)
            except ProblemError as error:
                channel.problem = error.detail
                channel.tell()
        if service.stopping or service.keys.version != keys:
            keys = service.keys.version
            channel.tell()
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
        resolved = await resolve(service, tenant, question)
        tag = resolved.tag(formats.JSON, tenant).strip('"')
        if tag == channel.id:
            channel.problem = None
            return
        body = await answer(service, tenant, resolved, formats.JSON)
    channel.id, channel.body, channel.problem = tag, body, None
    channel.tell()
