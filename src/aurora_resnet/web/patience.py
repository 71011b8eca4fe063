"""How long the server waits for those who begin a request and do not end it, and how many it listens to at once."""

import asyncio

import h11
from starlette.responses import JSONResponse
from uvicorn.protocols.http.h11_impl import H11Protocol

from aurora_resnet.web.guard import HEADERS

#: The first line and the headers of a request must be here so long after the connection or the answer before.
REQUEST_SECONDS = 10.0
#: So long after its headers a request must be answered and the answer taken.
ANSWER_SECONDS = 90.0
MAX_CONNECTIONS = 512


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, which times only the silence between requests, with a limit for every other state too."""

    _alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request, unless too many are connected."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
            return
        self._set_alarm(REQUEST_SECONDS)

    def handle_events(self) -> None:
        """Give a request that has begun the longer limit."""
        before = self.cycle
        super().handle_events()
        if self.cycle is not before and not self.cycle.response_complete:
            self._set_alarm(ANSWER_SECONDS)

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of a body that is not wanted any more."""
        self._set_alarm(REQUEST_SECONDS)  # first: the next request may be here already and sets its own
        super().on_response_complete()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Stop waiting: who speaks over a WebSocket has limits of its own."""
        if self._alarm is not None:
            self._alarm.cancel()
        super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP as everything else is answered."""
        body = JSONResponse({"error": msg}, headers=HEADERS)
        events = (
            h11.Response(status_code=400, headers=[*body.raw_headers, (b"connection", b"close")]),
            h11.Data(bytes(body.body)),
            h11.EndOfMessage(),
        )
        self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        if self._alarm is not None:
            self._alarm.cancel()
        super().connection_lost(exc)

    def _set_alarm(self, seconds: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self.loop.call_later(seconds, self.transport.abort)
