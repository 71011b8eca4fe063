"""What WebSockets of the server have in common: waiting for a message, and leaving with a reason."""

import asyncio
from contextlib import suppress

from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect

#: Hz that a microphone or a telephone may have.
RATES = (8_000, 192_000)
#: Of a message: half a second of 16-bit samples at the highest rate.
MAX_CHUNK_BYTES = 200_000
#: Of a text message, and of whatever comes first: who has not said what he will send needs no more.
MAX_TEXT_BYTES = 10_000
#: Codes of RFC 6455 with which a connection ends: what came is not what was agreed; try again later.
POLICY, AGAIN = 1008, 1013


async def receive(socket: WebSocket) -> str | bytes:
    """Return the next message of an accepted socket.

    Raises:
        WebSocketDisconnect: if the other side left.
    """
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    text, data = message.get("text"), message.get("bytes")
    return str(text) if text is not None else bytes(data or b"")


async def receive_within(socket: WebSocket, seconds: float) -> str | bytes:
    """Return the next message of an accepted socket.

    Raises:
        TimeoutError: if nothing came for so long.
        WebSocketDisconnect: if the other side left.
    """
    async with asyncio.timeout(seconds):
        return await receive(socket)


async def refuse(socket: WebSocket, reason: str, code: int = POLICY) -> None:
    """Say why, also in the close frame as far as it fits there, and leave."""
    with suppress(WebSocketDisconnect):  # who left need not be told
        await socket.send_json({"event": "error", "reason": reason})
        await socket.close(code=code, reason=reason)
