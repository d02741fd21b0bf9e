"""The stream of a question through a WebSocket, at the address of the server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from rollupctl.serve import log
from rollupctl.serve.live import REVOKED, Told, begin

PROTOCOL = "rollup"  # that a client which offers any has to offer
MAX_MESSAGE = 1024  # bytes that a client may send; they are not read
_NOT_EXPECTED = (1008, "nothing is expected from clients")
_REVOKED = (1008, REVOKED)
_DEFECT = (1011, "internal error: see the log of rollupctl serve")
_STOPPING = (1012, "the service is stopping")


async def follow(websocket: WebSocket) -> None:
    """Send each answer as {"id": …, "data": …}, and failures as {"problem": …}."""
    all_told = await begin(websocket)
    offered = websocket.scope["subprotocols"]
    await websocket.accept(PROTOCOL if PROTOCOL in offered else None)
    sending = asyncio.ensure_future(_send(websocket, all_told))
    receiving = asyncio.ensure_future(websocket.receive())
    try:
        await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
        with contextlib.suppress(WebSocketDisconnect):  # the client has gone
            if not sending.done():
                if receiving.result()["type"] == "websocket.receive":
                    await websocket.close(*_NOT_EXPECTED)
            else:
                sending.result()
                is_stopping = websocket.app.state.service.stopping
                await websocket.close(*(_STOPPING if is_stopping else _REVOKED))
    except Exception as error:
        log.traceback(error)
        await websocket.close(*_DEFECT)
    finally:
        sending.cancel()
        receiving.cancel()
        await asyncio.wait({sending, receiving})


async def _send(websocket: WebSocket, all_told: AsyncGenerator[Told, None]) -> None:
    async with contextlib.aclosing(all_told):
        async for told in all_told:
            if told.id:
                message = {"id": told.id, "data": msgspec.Raw(told.answer)}
                await websocket.send_text(msgspec.json.encode(message).decode())
            elif told.problem:
                await websocket.send_json({"problem": told.problem})
