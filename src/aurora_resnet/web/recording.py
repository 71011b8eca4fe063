"""The page that records a user's words and tries them, for one page at a time: see ``visit`` for what is sent."""

import asyncio
import threading
from contextlib import suppress

from fastapi import FastAPI, WebSocket
from starlette.websockets import WebSocketDisconnect

from aurora_resnet.runtime.errors import AuroraError
from aurora_resnet.teaching.recording_session import RecordingSession
from aurora_resnet.web.guard import guarded_app
from aurora_resnet.web.pages import page_routes
from aurora_resnet.web.sockets import refuse
from aurora_resnet.web.visit import OpenedLater, Visit

#: A page that sends nothing so long is gone.
SILENT_SECONDS = 60.0


def create_recording_app(session: RecordingSession, *, finished: threading.Event | None = None) -> FastAPI:
    """Return the application: the page at ``/`` and the WebSocket ``/api/record``, for one page at a time.

    Args:
        session: what is asked for and where it is written; a model is saved beside it, over no other file.
        finished: set when the page says so.

    >>> app = create_recording_app(RecordingSession(["yes", "no"], "mine"))
    >>> app.url_path_for("record")
    '/api/record'
    """
    app = guarded_app(openapi_url=None)
    in_use = asyncio.Lock()
    trial = OpenedLater(session)

    @app.websocket("/api/record")
    async def record(socket: WebSocket) -> None:
        await socket.accept()
        with suppress(WebSocketDisconnect):  # what was kept stays; another page goes on
            if in_use.locked():
                await refuse(socket, "another page records already; close it first")
                return
            async with in_use:
                try:
                    await Visit(socket, session, trial, SILENT_SECONDS).serve()
                    if finished is not None:
                        finished.set()
                except TimeoutError:
                    await refuse(socket, f"nothing came for {SILENT_SECONDS:g} s; begin again")
                except AuroraError as error:
                    await refuse(socket, str(error))

    app.router.routes += page_routes("record.html")
    return app
