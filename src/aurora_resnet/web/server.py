"""The server of the page: three routes, limits, errors as JSON.

Nothing that it sends names another host, and the header ``Content-Security-Policy`` forbids the browser to ask one.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path

import numpy as np

from aurora_resnet.runtime.errors import AudioError, MissingDependencyError
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.web.answer import Answer, answer_recording
from aurora_resnet.web.load import TooManyUploads, UploadsInHand
from aurora_resnet.web.upload import MAX_BYTES, MAX_SECONDS, decode_upload

try:
    from fastapi import FastAPI, HTTPException, Request, Response
    from fastapi.concurrency import run_in_threadpool
    from fastapi.responses import JSONResponse
    from starlette.exceptions import HTTPException as AnyHTTPException
    from starlette.requests import ClientDisconnect
    from starlette.routing import Route

    from aurora_resnet.web.guard import Guard
except ImportError as error:
    raise MissingDependencyError(
        f"the web page needs FastAPI ({error}); install it with: pip install 'aurora-resnet[web]'"
    ) from None

MICROPHONE_SECONDS = 3.0
"""After so many seconds the page stops listening by itself."""

MEDIA_TYPES = {
    ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml",
}  # fmt: skip
AT_ONCE = 2
"""Recordings that are decoded side by side; the network takes one at a time."""
BODY_SECONDS = 20.0
"""A recording must be here after so many seconds."""
WAIT_SECONDS = 30.0
"""A recording that waited so long for its turn is sent away; less than ``patience.ANSWER_SECONDS`` with the above."""


@dataclass(frozen=True)
class ModelDescription:
    """What the page says about the model, and the limits that it keeps before the server has to.

    >>> describe_model(Recognizer.from_pretrained("compact")).lowest_hz
    60.0
    """

    name: str
    sample_rate: int
    clip_seconds: float
    threshold: float | None
    words: tuple[str, ...]
    digits: tuple[int | None, ...]
    lowest_hz: float
    highest_hz: float
    max_bytes: int = MAX_BYTES
    max_seconds: float = MAX_SECONDS
    microphone_seconds: float = MICROPHONE_SECONDS


def describe_model(recognizer: Recognizer) -> ModelDescription:
    """Return what the page says about a recogniser.

    Args:
        recognizer: the recogniser.

    >>> describe_model(Recognizer.from_pretrained("compact")).sample_rate
    8000
    """
    facts = recognizer.model.facts
    return ModelDescription(
        name=facts.name,
        sample_rate=facts.sample_rate,
        clip_seconds=facts.clip_seconds,
        threshold=facts.calibration.threshold,
        words=facts.vocabulary.words,
        digits=facts.vocabulary.digits,
        lowest_hz=facts.frequencies_hz[0],
        highest_hz=facts.frequencies_hz[1],
    )


def create_app(
    recognizer: Recognizer,
    *,
    allowed_hosts: Collection[str] = (),
    any_address: bool = False,
    body_seconds: float = BODY_SECONDS,
    wait_seconds: float = WAIT_SECONDS,
) -> FastAPI:
    """Return the application: the page at ``/``, ``GET /api/model`` and ``POST /api/recognize``.

    The recogniser answers once before this returns, so that the first visitor does not wait for what is prepared on the
    first call. Recordings are decoded side by side, a few at a time; the network takes one at a time, because a second
    one beside it would only slow both. The others wait, and beyond a bound they are sent away with 503.

    Args:
        recognizer: who answers.
        allowed_hosts: as for ``Guard``.
        any_address: as for ``Guard``.
        body_seconds: how long a recording may be on its way.
        wait_seconds: how long it may wait for its turn before it is sent away.

    >>> app = create_app(Recognizer.from_pretrained("compact"))
    >>> app.url_path_for("recognize")
    '/api/recognize'
    """
    answer_recording(recognizer, np.zeros(48_000, dtype=np.float32), 48_000)
    description = describe_model(recognizer)
    network, turns, uploads = threading.Lock(), asyncio.Semaphore(AT_ONCE), UploadsInHand()
    # FastAPI's own documentation pages fetch scripts from another host.
    app = FastAPI(
        title="aurora-resnet", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json", redirect_slashes=False
    )

    def answer_upload(data: bytes) -> Answer:
        samples, sample_rate = decode_upload(data)
        with network:
            return answer_recording(recognizer, samples, sample_rate)

    @app.get("/api/model")
    async def model() -> ModelDescription:
        return description

    @app.post("/api/recognize", response_model=Answer)
    async def recognize(request: Request) -> Answer | Response:
        try:
            with uploads.room_for(_stated_size(request)):
                async with asyncio.timeout(body_seconds):
                    data = await _read_body(request)
                async with _turn(turns, wait_seconds):
                    if await request.is_disconnected():
                        return Response(status_code=499)  # nobody reads it
                    return await run_in_threadpool(answer_upload, data)
        except TooManyUploads:
            raise HTTPException(503, "the server is busy; try again in a second", {"Retry-After": "1"}) from None
        except TimeoutError:
            raise HTTPException(408, f"the recording was not here after {body_seconds:g} s; send it again") from None
        except ClientDisconnect:
            return Response(status_code=499)

    app.add_exception_handler(AudioError, _unprocessable)
    app.add_exception_handler(AnyHTTPException, _http_error)
    app.add_middleware(Guard, allowed_hosts=allowed_hosts, any_address=any_address)
    app.router.routes += page_routes()
    return app


@asynccontextmanager
async def _turn(turns: asyncio.Semaphore, seconds: float) -> AsyncIterator[None]:
    """Have one of the turns while the block lasts.

    Raises:
        TooManyUploads: if none came in time.
    """
    try:
        async with asyncio.timeout(seconds):
            await turns.acquire()
    except TimeoutError:
        raise TooManyUploads from None
    try:
        yield
    finally:
        turns.release()


def page_routes(start: str = "index.html") -> list[Route]:
    """Return a route for each file of a page, which are small and stay in memory: no request names a file.

    Args:
        start: the page, which is also at ``/``; the other pages of the package are left out.

    >>> sorted(route.path for route in page_routes())[:3]
    ['/', '/answer.js', '/colours.js']
    """
    routes = []
    for file in (resources.files("aurora_resnet") / "web" / "page").iterdir():
        kind = MEDIA_TYPES.get(Path(file.name).suffix)
        if kind is not None and (kind != "text/html" or file.name == start):
            send = partial(_send_file, file.read_bytes(), kind)
            routes += [Route(path, send) for path in (f"/{file.name}", *(["/"] if file.name == start else []))]
    return routes


async def _send_file(content: bytes, kind: str, _request: Request) -> Response:
    return Response(content, media_type=kind)


def _stated_size(request: Request) -> int:
    """Return how many bytes a request says that it has, or the most it may have.

    Raises:
        HTTPException: 413, before any of it is read.
    """
    length = request.headers.get("content-length", "")
    size = int(length) if length.isdecimal() and len(length) < 20 else MAX_BYTES
    if size > MAX_BYTES:
        raise _too_large()
    return size


async def _read_body(request: Request) -> bytes:
    """Read what is sent, and stop as soon as it is too much."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise _too_large()
    return bytes(body)


def _too_large() -> HTTPException:
    return HTTPException(413, f"the recording may have {MAX_BYTES:,} bytes, this one has more; cut it")


def _unprocessable(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=422)


def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, AnyHTTPException)  # it is registered for no other
    return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)
