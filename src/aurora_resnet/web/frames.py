"""uvicorn's WebSocket within bounds, whatever the other side sends or does not read.

wsproto takes frames apart as they come, so a message is judged while it grows. What is added here: one message at a
time, the next one when the application has taken it; a close frame with code and reason for whatever is refused;
an end for those who do not read.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from wsproto.connection import ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, Request, TextMessage

from aurora_resnet.web.sockets import MAX_CHUNK_BYTES, MAX_TEXT_BYTES, POLICY

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent, WebSocketEvent

TOO_LARGE = 1009
#: What waits for the other side must be read so soon, or go below a quarter of the bytes below.
SEND_SECONDS = 20.0
#: So much may wait here before nothing more is sent or read, and as much in the system.
UNREAD_BYTES = 16_384
#: So long the other side has to read why the connection ended, unless it goes on sending so much.
LINGER_SECONDS, LINGER_BYTES = 3.0, 1_000_000
#: Then all other connections have their turn.
FRAMES_AT_ONCE = 64
#: Pings, pongs, and fragments of fewer bytes: at most so many, and so many more each second.
SMALL_BYTES, SMALL_FRAMES, SMALL_FRAMES_A_SECOND = 256, 100, 10


class BoundedWebSocket(WSProtocol):
    """A WebSocket whose memory and share of the time have bounds."""

    _first = True
    _left = False
    _small = _dropped = 0
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let little wait for a reader: he who reads nothing is to be noticed."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=UNREAD_BYTES)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNREAD_BYTES)
        self._since = self.loop.time()

    def data_received(self, data: bytes) -> None:
        """Take what came; after the end it is thrown away."""
        if not self._left:
            super().data_received(data)
            return
        self._dropped += len(data)
        if self._dropped > LINGER_BYTES:
            self.transport.abort()

    def handle_events(self) -> None:
        """Handle a few frames, to the end of a message; read on when there are no more."""
        events = self.conn.events()
        for _ in range(FRAMES_AT_ONCE):
            if self._left or self.read_paused or not self.writable.is_set():
                return
            event = next(events, None)
            if event is None:
                self.transport.resume_reading()
                return
            if isinstance(event, Request):
                self.handle_connect(event)
            elif isinstance(event, CloseConnection):
                self.handle_close(event)
            elif self._count(event) and isinstance(event, TextMessage | BytesMessage):
                self.handle_message(event)
            elif isinstance(event, Ping) and not self._left:
                self.handle_ping(event)
            elif isinstance(event, Pong):
                self.handle_pong(event)
        self.transport.pause_reading()
        self.loop.call_soon(self.handle_events)

    def handle_message(self, event: TextMessage | BytesMessage) -> None:
        """Take a message or the next part of it, unless it is too large already."""
        most = MAX_TEXT_BYTES if self._first or isinstance(event, TextMessage) else MAX_CHUNK_BYTES
        size = len(event.data.encode()) if isinstance(event, TextMessage) else len(event.data)
        if self.buffer.length + size > most:
            kind = "the first message" if self._first else "a text" if most == MAX_TEXT_BYTES else "a message"
            self._end(TOO_LARGE, f"{kind} may have {most:,} bytes")
            return
        self._first = self._first and not event.message_finished
        super().handle_message(event)

    def handle_close(self, event: CloseConnection) -> None:
        """Answer a close frame; wsproto also calls so what is against RFC 6455, which is told."""
        if self.conn.state is ConnectionState.OPEN:
            self._end(event.code, event.reason or "against RFC 6455")
            return
        super().handle_close(event)
        if self.transport.get_write_buffer_size():  # else it is closed now
            self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    async def receive(self) -> WebSocketEvent:
        """Return the next message and look for another one."""
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self.handle_events()
        return message

    async def send(self, message: ASGISendEvent) -> None:
        """Send a message; after the last one stay until the other side has read it."""
        await super().send(message)
        if self.close_timer is not None:
            self._leave()

    def pause_writing(self) -> None:
        """Wait for the reader, and read nothing that would have to be answered."""
        if self._left:
            return
        super().pause_writing()
        self.transport.pause_reading()
        reason = f"what was sent was not read for {SEND_SECONDS:g} s"
        self._unread = self.loop.call_later(SEND_SECONDS, self._end, POLICY, reason)

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        self._stop_waiting()
        self.handle_events()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _stop_waiting(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _count(self, event: object) -> bool:
        """Count a frame that ends no message and carries little; tell whether it is not one too many."""
        if isinstance(event, TextMessage | BytesMessage) and (event.message_finished or len(event.data) >= SMALL_BYTES):
            return True
        self._small += 1
        if self._small <= SMALL_FRAMES + SMALL_FRAMES_A_SECOND * (self.loop.time() - self._since):
            return True
        self._end(POLICY, "too many pings, pongs or small fragments")
        return False

    def _end(self, code: int, reason: str | None) -> None:
        """Say why and leave; the application is told that the other side left."""
        if self.transport.is_closing() or self._left:
            return
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason or ""})
        self.transport.write(self.conn.send(CloseConnection(code=code, reason=reason)))
        self._leave()

    def _leave(self) -> None:
        """Read nothing more, but wait: if the connection were reset at once, the reason would be lost on the way."""
        if self._left:
            return
        self._left = self.disconnected = True
        self.writable.set()  # who waits for the reader is told that there is none
        self.buffer.clear()
        self.stop_keepalive()
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.transport.resume_reading()
