"""POST /event and POST /events."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from rollupctl.serve.batches import Batch, read_batch
from rollupctl.serve.bodies import read_body
from rollupctl.serve.events import (
    MAX_EVENT_BYTES,
    ForeignSiteError,
    InvalidEventError,
    read_event,
)
from rollupctl.serve.gate import key_of
from rollupctl.serve.intake import NotAcceptedError
from rollupctl.serve.problems import ProblemError, unavailable
from rollupctl.serve.service import Service
from rollupctl.serve.spoolfile import Answer

MAX_BODY_BYTES = 16 * 1024**2
WAIT_SECONDS = 30.0  # for ?wait=true
_KEY = re.compile(r"[!-~]{1,255}")
_WAIT = {"true": True, "1": True, "false": False, "0": False}
_MAX_ERRORS = 100  # listed in an answer

_ACCEPTED = b'{"status":"accepted"}'
_encode = msgspec.json.encode


async def post_event(request: Request) -> Response:
    """Accept one event."""
    service: Service = request.app.state.service
    waits = _waits(request)
    body = await read_body(request, MAX_EVENT_BYTES)
    try:
        event = read_event(body, datetime.now(timezone.utc), key_of(request).site)
    except InvalidEventError as error:
        service.metrics.rejected("event", 1)
        status = 403 if isinstance(error, ForeignSiteError) else 400
        raise ProblemError(status, error.reason, pointer=error.pointer) from None
    return await _accept(request, waits, body, Batch([event]), _ACCEPTED)


async def post_events(request: Request) -> Response:
    """Accept a batch: a JSON array, or lines of JSON. Those that are invalid are left out."""
    service: Service = request.app.state.service
    waits = _waits(request)
    body = await read_body(request, MAX_BODY_BYTES)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_lines = kind in ("application/x-ndjson", "application/jsonl", "application/ndjson") or (
        body.lstrip()[:1] == b"{"
    )
    try:
        batch = await read_batch(body, is_lines, datetime.now(timezone.utc), key_of(request).site)
    except InvalidEventError as error:
        service.metrics.rejected("events", 1)
        raise ProblemError(400, error.reason, pointer=error.pointer) from None
    service.metrics.rejected("events", len(batch.rejected))
    errors = [
        {"line": each.line, "pointer": each.pointer, "detail": each.reason}
        for each in batch.rejected[:_MAX_ERRORS]
    ]
    if errors and not batch.accepted:
        raise ProblemError(400, "no event of the batch is valid", errors=errors)
    counts: dict[str, Any] = {
        "status": "accepted",
        "accepted": len(batch.accepted),
        "rejected": len(batch.rejected),
    }
    if errors:
        counts["errors"] = errors
    return await _accept(request, waits, body, batch, _encode(counts))


def _waits(request: Request) -> bool:
    """Whether the answer waits for the database."""
    wait = _WAIT.get(request.query_params.get("wait", "false"))
    if wait is None:
        raise ProblemError(400, "wait is true or false", pointer="/wait")
    return wait


async def _accept(
    request: Request, waits: bool, body: bytes, batch: Batch, answer: bytes
) -> Response:
    """Store the events in the spool, then answer; if it waits, after the database has them."""
    service: Service = request.app.state.service
    key = request.headers.get("idempotency-key")
    if key is None:
        position = await _append(service, batch, None)
        return await _answer(service, waits, position, len(batch.accepted), answer, {})
    if not _KEY.fullmatch(key):
        raise ProblemError(400, "an Idempotency-Key has 1 to 255 visible ASCII characters")
    key = f"{request.scope['path']} {key_of(request).key_id} {key}"
    digest = hashlib.sha256(body).digest()
    if key in service.under_way:
        raise ProblemError(
            409,
            "a request with this Idempotency-Key is still under way",
            headers={"Retry-After": "1"},
        )
    service.under_way.add(key)
    try:
        try:
            earlier = await asyncio.to_thread(service.spool.answer, key)
        except NotAcceptedError:
            raise unavailable(service.spool.problem or "the queue does not answer") from None
        if earlier is None:
            new = Answer(key, digest, 202, answer)
            position = await _append(service, batch, new)
            replayed: dict[str, str] = {}
        elif earlier.digest != digest:
            raise ProblemError(422, "this Idempotency-Key was used with another body")
        else:
            position, answer = earlier.position, earlier.body
            replayed = {"Idempotency-Replayed": "true"}
        return await _answer(service, waits, position, len(batch.accepted), answer, replayed)
    finally:
        service.under_way.discard(key)


async def _append(service: Service, batch: Batch, answer: Answer | None) -> int:
    try:
        position = await service.results.of(service.spool.append(batch.accepted, answer))
    except NotAcceptedError:
        service.metrics.refused()
        raise unavailable(
            service.spool.problem
            or "the spool is full: the database does not take events fast enough"
        ) from None
    service.metrics.accepted(len(batch.accepted))
    return position


async def _answer(
    service: Service,
    waits: bool,
    position: int,
    events: int,
    answer: bytes,
    headers: Mapping[str, str],
) -> Response:
    if not waits:
        return Response(answer, 202, media_type="application/json", headers=headers)
    done = asyncio.wrap_future(service.drain.wait_for(position))
    try:
        is_sure = await asyncio.wait_for(done, WAIT_SECONDS)
    except asyncio.TimeoutError:
        is_sure = False
    if not is_sure:
        return Response(answer, 202, media_type="application/json", headers=headers)
    service.told += 1
    told: dict[str, Any] = {**msgspec.json.decode(answer), "status": "stored"}
    if reasons := service.drain.reasons(position - events, position):
        told["set_aside"] = len(reasons)
        told["reasons"] = list(reasons.values())[:_MAX_ERRORS]
        if len(reasons) == events:
            raise ProblemError(422, f"the database rejects it: {next(iter(reasons.values()))}")
    return Response(_encode(told), 200, media_type="application/json", headers=headers)
