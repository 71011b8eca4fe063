"""The server's life: calls over TCP beside HTTP, and an end that those who speak need not notice."""

import asyncio
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from types import FrameType

import uvicorn
from fastapi import FastAPI

from aurora_resnet.web.health import drained

#: Where else connections come in, and who serves one.
Beside = Sequence[tuple[socket.socket, Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]]]


class PhoneServer(uvicorn.Server):
    """Uvicorn's server, which also serves TCP and drains after SIGTERM.

    Args:
        config: of uvicorn.
        app: the application; ``state.phones`` knows who speaks.
        beside: what is served besides HTTP.
        drain_seconds: how long those who speak have to end after SIGTERM; a second signal ends it at once.
    """

    def __init__(self, config: uvicorn.Config, app: FastAPI, beside: Beside, drain_seconds: float) -> None:
        super().__init__(config)
        self._phones = getattr(app.state, "phones", None)
        self._beside, self._drain_seconds, self._draining = beside, drain_seconds, False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        self._tcp = [await asyncio.start_server(serve, sock=sock) for sock, serve in self._beside]

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End, after SIGTERM once all who speak have left."""
        phones = self._phones
        if sig != signal.SIGTERM or self._draining or phones is None or not self._drain_seconds:
            super().handle_exit(sig, frame)
            return
        self._draining = True

        def drain() -> None:
            drained(phones.callers, self._drain_seconds)
            self.should_exit = True

        threading.Thread(target=drain, daemon=True).start()
