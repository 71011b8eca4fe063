"""The server's life: calls of AudioSocket beside HTTP, and an end that those who speak need not notice."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
import time
from types import FrameType

import uvicorn
from fastapi import FastAPI

from aurora_resnet.web.health import drained


class PhoneServer(uvicorn.Server):
    """Uvicorn's server, which also takes calls over TCP and drains after SIGTERM.

    Args:
        config: of uvicorn.
        app: the application; ``state.phones`` takes calls.
        audiosocket: where they come in.
        drain_seconds: how long those who speak have to end after SIGTERM; a second signal ends it at once.
    """

    def __init__(
        self, config: uvicorn.Config, app: FastAPI, audiosocket: socket.socket | None, drain_seconds: float
    ) -> None:
        super().__init__(config)
        self._phones = getattr(app.state, "phones", None)
        self._audiosocket, self._drain_seconds, self._draining = audiosocket, drain_seconds, False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        if self._audiosocket is not None and self._phones is not None:
            self._calls = await asyncio.start_server(self._phones.audiosocket, sock=self._audiosocket)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End, after SIGTERM once all who speak have left."""
        phones = self._phones
        if sig != signal.SIGTERM or self._draining or phones is None or not self._drain_seconds:
            super().handle_exit(sig, frame)
            return
        self._draining = True

        def drain() -> None:
            drained(phones.callers, self._drain_seconds, time.sleep)
            self.should_exit = True

        threading.Thread(target=drain, daemon=True).start()
