"""Bodies with several events."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

import msgspec

from rollupctl.serve.events import InvalidEventError, parsed, read_event

MAX_EVENTS = 10_000  # in one request
_MAX_VALUES = 64 * MAX_EVENTS  # between commas; each may be an event, of a hundred bytes in memory
_AT_ONCE = 15  # events, after which other requests have their turn
_decode = msgspec.json.Decoder(list[msgspec.Raw]).decode


@dataclass(frozen=True)
class Rejected:
    """An event of a request that was not accepted: its line, from 1, and why."""

    line: int
    reason: str
    pointer: str


@dataclass
class Batch:
    """The events of a request: those accepted, as the spool stores them, and the others."""

    accepted: list[bytes] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


async def read_batch(body: bytes, is_lines: bool, now: datetime, site: str | None = None) -> Batch:
    """The events of a JSON array or, with `is_lines`, of lines of JSON. Raises InvalidEventError
    if the array as a whole cannot be read, or has too many events.
    """
    pieces = list(islice(_lines(body) if is_lines else _elements(body), MAX_EVENTS + 1))
    if len(pieces) > MAX_EVENTS:
        raise InvalidEventError(f"a request has at most {MAX_EVENTS} events")
    batch = Batch()
    for number, (line, piece) in enumerate(pieces, 1):
        try:
            batch.accepted.append(read_event(piece, now, site))
        except InvalidEventError as error:
            batch.rejected.append(Rejected(line, error.reason, error.pointer))
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
    return batch


def _lines(body: bytes) -> Iterable[tuple[int, bytes]]:
    return ((n, line) for n, line in enumerate(io.BytesIO(body), 1) if line.strip())


def _elements(body: bytes) -> Iterable[tuple[int, bytes]]:
    if body.count(b",") > _MAX_VALUES:
        raise InvalidEventError(f"a request has at most {_MAX_VALUES} values")
    try:
        found = _decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        whole = parsed(body)  # says what is wrong with it
        what = "an array of events" if not isinstance(whole, list) else "valid JSON"
        raise InvalidEventError(f"the body is not {what}") from None
    return ((n, bytes(raw)) for n, raw in enumerate(found, 1))
