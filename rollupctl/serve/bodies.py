"""Reading the body of a request within limits of size and time."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from rollupctl.serve.problems import ProblemError

SECONDS = 15.0  # for the whole body


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The body. Raises ProblemError: 413 if it is too long, 408 if it takes too long, 415 if it is
    compressed.
    """
    coding = request.headers.get("content-encoding", "identity").strip()
    if coding.lower() != "identity":
        raise ProblemError(
            415,
            f"bodies with Content-Encoding {coding[:100]} are not read",
            hint="Send it as it is.",
            headers={"Accept-Encoding": "identity"},
        )
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > max_bytes:
        raise _too_long(max_bytes)
    # A timer, and not wait_for, which makes a task for each piece; Python 3.10 has no timeout.
    task = asyncio.current_task()
    assert task is not None
    is_late = False

    def expire() -> None:
        nonlocal is_late
        is_late = True
        task.cancel()

    timer = asyncio.get_running_loop().call_later(SECONDS, expire)
    try:
        return await _read(request, max_bytes)
    except asyncio.CancelledError:
        if not is_late:
            raise
        if hasattr(task, "uncancel"):  # Python 3.11
            task.uncancel()
        raise ProblemError(
            408, f"the body took longer than {SECONDS:.0f} seconds", headers={"Connection": "close"}
        ) from None
    finally:
        timer.cancel()


async def _read(request: Request, max_bytes: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ProblemError(400, "the client closed the connection")
        piece: bytes = message.get("body", b"")
        size += len(piece)
        if size > max_bytes:
            raise _too_long(max_bytes)
        pieces.append(piece)
        if not message.get("more_body", False):
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _too_long(max_bytes: int) -> ProblemError:
    return ProblemError(
        413, f"the body is longer than {max_bytes} bytes", headers={"Connection": "close"}
    )
