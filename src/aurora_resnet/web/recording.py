"""The page that records a user's words: the browser's microphone, the same rules as on the command line.

The browser opens the WebSocket ``/api/record``, says its rate as JSON, ``{"sample_rate": 48000}``, and sends mono
16-bit PCM, little-endian, about a tenth of a second at a time. It is sent events as JSON: ``prompt``, ``level``,
``kept``, ``again`` with a reason, ``done``, ``error``.
"""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import suppress

from aurora_resnet.runtime.audio.encodings import decode_samples
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AudioError, AuroraError, MissingDependencyError
from aurora_resnet.teaching.recording_session import OTHER, RecordingSession
from aurora_resnet.teaching.takes import TakeFinder

try:
    from fastapi import FastAPI, WebSocket
    from starlette.websockets import WebSocketDisconnect

    from aurora_resnet.web.guard import guarded_app
    from aurora_resnet.web.pages import page_routes
    from aurora_resnet.web.sockets import MAX_CHUNK_BYTES, RATES, receive_within, refuse
except ImportError as error:
    raise MissingDependencyError(
        f"the web page needs FastAPI ({error}); install it with: pip install 'aurora-resnet[web]'"
    ) from None

SILENT_SECONDS = 60.0
"""A page that sends nothing so long is gone."""


def create_recording_app(session: RecordingSession, *, finished: threading.Event | None = None) -> FastAPI:
    """Return the application: the page at ``/`` and the WebSocket ``/api/record``, for one page at a time.

    Args:
        session: what is asked for and where it is written.
        finished: set when everything was said.

    >>> app = create_recording_app(RecordingSession(["yes", "no"], "mine"))
    >>> app.url_path_for("record")
    '/api/record'
    """
    app = guarded_app(openapi_url=None)
    in_use = asyncio.Lock()

    @app.websocket("/api/record")
    async def record(socket: WebSocket) -> None:
        await socket.accept()
        with suppress(WebSocketDisconnect):  # what was kept stays; another page goes on
            if in_use.locked():
                await refuse(socket, "another page records already; close it first")
                return
            async with in_use:
                try:
                    await _record(socket, session, finished)
                except TimeoutError:
                    await refuse(socket, f"nothing came for {SILENT_SECONDS:g} s; begin again")
                except AuroraError as error:
                    await refuse(socket, str(error))

    app.router.routes += page_routes("record.html")
    return app


async def _record(socket: WebSocket, session: RecordingSession, finished: threading.Event | None) -> None:
    finder = TakeFinder(_sample_rate(await receive_within(socket, SILENT_SECONDS)))
    await _ask(socket, session)
    while session.prompt is not None:
        take = finder.push(_chunk(await receive_within(socket, SILENT_SECONDS)))
        await socket.send_json({"event": "level", "db": round(finder.level_db, 1)})
        if take is None:
            continue
        fault = await asyncio.to_thread(session.keep, take)
        if fault is not None:
            await socket.send_json({"event": "again", "reason": fault})
            continue
        await socket.send_json({"event": "kept", "seconds": round(take.spoken_seconds, 2), "db": round(take.level_db)})
        await _ask(socket, session)
    await socket.send_json({"event": "done", "summary": session.summary(), "next": session.next_command()})
    await socket.close()
    if finished is not None:
        finished.set()


async def _ask(socket: WebSocket, session: RecordingSession) -> None:
    prompt = session.prompt
    if prompt is not None:
        facts = {"text": prompt.text, "number": prompt.number, "of": prompt.of, "other": prompt.folder == OTHER}
        await socket.send_json({"event": "prompt", **facts})


def _sample_rate(hello: str | bytes) -> int:
    try:
        rate = json.loads(hello)["sample_rate"]
        if type(rate) is int and RATES[0] <= rate <= RATES[1]:
            return rate
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise AudioError(f'expected {{"sample_rate": {RATES[0]} to {RATES[1]}}} first, got {hello[:100]!r}')


def _chunk(data: str | bytes) -> Samples:
    if not isinstance(data, bytes) or not 0 < len(data) <= MAX_CHUNK_BYTES:
        raise AudioError(f"expected chunks of 2 to {MAX_CHUNK_BYTES:,} bytes of 16-bit samples, got {len(data):,}")
    return decode_samples(data, "pcm16")
