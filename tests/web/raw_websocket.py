"""A WebSocket client without manners: it sends whatever frames it is told to, and reads when it likes."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import struct
from typing import Any, NamedTuple
from urllib.parse import urlsplit

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
GONE = 1006


class Closed(NamedTuple):
    """How a connection ended; ``GONE`` without a close frame."""

    code: int
    reason: str


def frame(payload: bytes, opcode: int = BINARY, *, final: bool = True, reserved: int = 0, masked: bool = True) -> bytes:
    """Return a frame as clients send it, right or wrong; the mask is zero.

    >>> frame(b"ab", TEXT).hex(" ")
    '81 82 00 00 00 00 61 62'
    """
    size, mask = len(payload), masked << 7
    head = bytes([final << 7 | reserved << 4 | opcode])
    if size < 126:
        head += bytes([mask | size])
    else:
        head += struct.pack("!BH", mask | 126, size) if size < 1 << 16 else struct.pack("!BQ", mask | 127, size)
    return head + bytes(4 * masked) + payload


class RawWebSocket:
    """A connection to a WebSocket.

    Args:
        reader: what comes.
        writer: what is sent.
        head: what the server answered to the handshake.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
        self.reader, self.writer, self.head = reader, writer, head

    @classmethod
    async def open(
        cls, address: str, path: str = "api/stream", *headers: str, receive_bytes: int | None = None
    ) -> RawWebSocket:
        """Connect and shake hands.

        Args:
            address: of the server, ``http://127.0.0.1:8000/``.
            path: behind it.
            headers: more of them.
            receive_bytes: what the system may keep for us unread.
        """
        host, connection = urlsplit(address), socket.socket()
        if receive_bytes is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, (host.hostname, host.port))
        reader, writer = await asyncio.open_connection(sock=connection, limit=1 << 16)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET /{path} HTTP/1.1", f"Host: {host.netloc}", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", *headers, "", "",
        ]  # fmt: skip
        writer.write("\r\n".join(lines).encode())
        return cls(reader, writer, await reader.readuntil(b"\r\n\r\n"))

    @classmethod
    async def begin(cls, address: str, receive_bytes: int | None = None, **begin: object) -> RawWebSocket:
        """Connect, say what will come and wait until the server is ready.

        Raises:
            ConnectionError: if it is not.
        """
        socket = await cls.open(address, receive_bytes=receive_bytes)
        await socket.say({"sample_rate": 8000, **begin})
        if (answer := await socket.next()) != {"event": "ready"}:
            socket.abort()
            raise ConnectionError(answer)
        return socket

    async def send(self, *frames: bytes) -> None:
        """Send frames, or anything else."""
        self.writer.write(b"".join(frames))
        await self.writer.drain()

    async def say(self, value: object) -> None:
        """Send a text, anything but a text as JSON."""
        text = value if isinstance(value, str) else json.dumps(value)
        await self.send(frame(text.encode(), TEXT))

    async def next(self) -> dict[str, Any] | Closed:
        """Return the next event, or the end, and be gone then; pings are answered."""
        while True:
            try:
                opcode, payload = await self.frame()
            except (asyncio.IncompleteReadError, ConnectionError):
                self.abort()
                return Closed(GONE, "")
            if opcode == TEXT:
                return dict(json.loads(payload))
            if opcode == PING:
                self.writer.write(frame(payload, PONG))
            if opcode == CLOSE:
                self.abort()
                return Closed(int.from_bytes(payload[:2], "big"), payload[2:].decode())

    async def rest(self) -> tuple[list[dict[str, Any]], Closed]:
        """Return all events until the end, and the end."""
        events = []
        while not isinstance(answer := await self.next(), Closed):
            events.append(answer)
        return events, answer

    async def frame(self) -> tuple[int, bytes]:
        """Return the opcode and the content of the next frame."""
        first, size = await self.reader.readexactly(2)
        if size >= 126:
            size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
        return first & 15, await self.reader.readexactly(size)

    def abort(self) -> None:
        """Be gone without a word."""
        self.writer.transport.abort()
