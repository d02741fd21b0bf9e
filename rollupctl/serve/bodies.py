"""Reading the body of a request within limits of size and time."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

from rollupctl.serve.problems import ProblemError

SECONDS = 15.0  # for the whole body


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The body. Raises ProblemError: 413 if it is too long, 408 if it takes too long."""
    too_long = ProblemError(
        413, f"the body is longer than {max_bytes} bytes", headers={"Connection": "close"}
    )
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > max_bytes:
        raise too_long
    pieces: list[bytes] = []
    size = 0
    try:
        # wait_for and not timeout: Python 3.10 does not have the latter.
        stream = request.stream().__aiter__()
        deadline = asyncio.get_running_loop().time() + SECONDS
        while True:
            left = deadline - asyncio.get_running_loop().time()
            try:
                piece = await asyncio.wait_for(stream.__anext__(), max(left, 0))
            except StopAsyncIteration:
                return pieces[0] if len(pieces) == 1 else b"".join(pieces)
            if piece:
                size += len(piece)
                if size > max_bytes:
                    raise too_long
                pieces.append(piece)
    except asyncio.TimeoutError:
        raise ProblemError(
            408, f"the body took longer than {SECONDS:.0f} seconds", headers={"Connection": "close"}
        ) from None
    except ClientDisconnect:
        raise ProblemError(400, "the client closed the connection") from None
