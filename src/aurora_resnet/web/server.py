"""The server of the pages: routes for words and for strings, limits, errors as JSON.

Nothing that it sends names another host, and the header ``Content-Security-Policy`` forbids the browser to ask one.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal, TypeVar

import numpy as np

from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AudioError, MissingDependencyError, did_you_mean
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.checks import CHECKS
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.web.answer import Answer, StringAnswer, answer_recording, answer_string
from aurora_resnet.web.load import TooManyUploads, UploadsInHand
from aurora_resnet.web.upload import MAX_BYTES, MAX_SECONDS, decode_upload

try:
    from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response, WebSocket
    from fastapi.concurrency import run_in_threadpool
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
    from starlette.exceptions import HTTPException as AnyHTTPException
    from starlette.requests import ClientDisconnect
    from starlette.routing import WebSocketRoute

    from aurora_resnet.web.callers import Callers
    from aurora_resnet.web.forms import FORM_BYTES, file_of_form, is_form
    from aurora_resnet.web.guard import HEADERS, NO_TELEMETRY, Guard
    from aurora_resnet.web.pages import page_routes, sample_routes, sample_words
    from aurora_resnet.web.stream import Length, serve_stream
except ImportError as error:
    raise MissingDependencyError(
        f"the web page needs FastAPI ({error}); install it with: pip install 'aurora-resnet[web]'"
    ) from None

MICROPHONE_SECONDS = 3.0
"""After so many seconds the page stops listening by itself."""

AT_ONCE = 2
"""Recordings that are decoded side by side; the network takes one at a time."""
BODY_SECONDS = 20.0
"""A recording must be here after so many seconds."""
WAIT_SECONDS = 30.0
"""A recording that waited so long for its turn is sent away; less than ``patience.ANSWER_SECONDS`` with the above."""


T = TypeVar("T")
InTurn = Callable[[Request, Callable[[Samples, int], T]], Awaitable[T | Response]]


@dataclass(frozen=True)
class Problem:
    """What every failed request is answered."""

    error: str


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
    strings: str | None = None
    """Name of the model of strings, if the server has one."""
    samples: tuple[str, ...] = ()
    """Words of which ``/samples/WORD.flac`` is a recording to try."""


def describe_model(recognizer: Recognizer, strings: StringRecognizer | None = None) -> ModelDescription:
    """Return what the page says about a recogniser.

    Args:
        recognizer: the recogniser.
        strings: that of strings.

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
        strings=None if strings is None else strings.facts.name,
        samples=sample_words(facts.vocabulary),
    )


def create_app(
    recognizer: Recognizer,
    *,
    strings: StringRecognizer | None = None,
    allowed_hosts: Collection[str] = (),
    any_address: bool = False,
    body_seconds: float = BODY_SECONDS,
    wait_seconds: float = WAIT_SECONDS,
) -> FastAPI:
    """Return the application: the pages, ``GET /api/model``, ``POST /api/recognize``, and of strings two routes more.

    With a recogniser of strings there are ``POST /api/string`` and the WebSocket ``/api/stream``, and the page at ``/``
    is that of numbers; the page of single words is then at ``/index.html``.

    The recogniser answers once before this returns, so that the first visitor does not wait for what is prepared on the
    first call. Recordings are decoded side by side, a few at a time; the network takes one at a time, because a second
    one beside it would only slow both. The others wait, and beyond a bound they are sent away with 503.

    Args:
        recognizer: who answers.
        strings: who answers where digits come one after another.
        allowed_hosts: as for ``Guard``.
        any_address: as for ``Guard``.
        body_seconds: how long a recording may be on its way.
        wait_seconds: how long it may wait for its turn before it is sent away.

    >>> app = create_app(Recognizer.from_pretrained("compact"))
    >>> app.url_path_for("recognize")
    '/api/recognize'
    """
    answer_recording(recognizer, np.zeros(48_000, dtype=np.float32), 48_000)
    description = describe_model(recognizer, strings)
    network, turns, uploads = threading.Lock(), asyncio.Semaphore(AT_ONCE), UploadsInHand()
    # FastAPI's own documentation pages fetch scripts from another host.
    app = FastAPI(
        title="aurora-resnet",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
        dependencies=[Depends(_check_query)],
        responses={"default": {"model": Problem}},
    )

    async def in_turn(request: Request, answer: Callable[[Samples, int], T]) -> T | Response:
        def decode_and_answer(data: bytes) -> T:
            samples, sample_rate = decode_upload(data)
            with network:
                return answer(samples, sample_rate)

        form = is_form(request.headers)
        most = MAX_BYTES + (FORM_BYTES if form else 0)
        size = int(request.headers.get("content-length", most))  # which the server has checked to be a number
        try:
            with uploads.room_for(_not_too_large(size, most)):
                async with asyncio.timeout(body_seconds):
                    body = _bounded(request, most)
                    data = await (file_of_form(request.headers, body) if form else _whole(body))
                    _not_too_large(len(data))
                async with _turn(turns, wait_seconds):
                    if await request.is_disconnected():
                        return Response(status_code=499)  # nobody reads it
                    return await run_in_threadpool(decode_and_answer, data)
        except TooManyUploads:
            raise HTTPException(503, "the server is busy; try again in a second", {"Retry-After": "1"}) from None
        except TimeoutError:
            raise HTTPException(408, f"the recording was not here after {body_seconds:g} s; send it again") from None
        except ClientDisconnect:
            return Response(status_code=499)

    @app.get("/api/model")
    async def model() -> ModelDescription:
        return description

    @app.post("/api/recognize", response_model=Answer)
    async def recognize(request: Request) -> Answer | Response:
        return await in_turn(request, partial(answer_recording, recognizer))

    if strings is not None:
        _add_strings(app, strings, in_turn)
    app.router.routes.append(WebSocketRoute("/{path:path}", _no_such_socket))
    app.add_exception_handler(AudioError, _unprocessable)
    app.add_exception_handler(RequestValidationError, _wrong_query)
    app.add_exception_handler(AnyHTTPException, _http_error)
    app.add_exception_handler(Exception, _failed)
    app.add_middleware(Guard, allowed_hosts=allowed_hosts, any_address=any_address)
    app.router.routes += page_routes(*(["index.html"] if strings is None else ["numbers.html", "index.html"]))
    app.router.routes += sample_routes(description.samples, number=strings is not None)
    return app


def _add_strings(app: FastAPI, strings: StringRecognizer, in_turn: InTurn[StringAnswer]) -> None:
    callers = Callers(strings)

    @app.post("/api/string", response_model=StringAnswer)
    async def string(
        request: Request,
        length: Annotated[list[Length] | None, Query()] = None,
        check: Literal["luhn"] | None = None,
    ) -> Any:
        possible = None if check is None else CHECKS[check]
        return await in_turn(request, partial(answer_string, strings, lengths=length, check=possible))

    async def stream(socket: WebSocket) -> None:
        await serve_stream(socket, callers)

    app.router.routes.append(WebSocketRoute("/api/stream", stream))


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


async def _bounded(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    """Read what is sent, and stop as soon as it is too much."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        _not_too_large(size, most)
        yield chunk


async def _whole(body: AsyncGenerator[bytes, None]) -> bytes:
    return b"".join([chunk async for chunk in body])


def _not_too_large(size: int, most: int = MAX_BYTES) -> int:
    """Return how many bytes there are.

    Raises:
        HTTPException: 413, before any more is read.
    """
    if size > most:
        raise HTTPException(413, f"the recording may have {MAX_BYTES:,} bytes, this one has more; cut it")
    return size


async def _no_such_socket(socket: WebSocket) -> None:
    await socket.send_denial_response(JSONResponse({"error": "Not Found"}, 404, HEADERS))


async def _check_query(request: Request) -> None:
    """Refuse what a route does not know, rather than let it be without effect."""
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    for name in request.query_params:
        if name not in known:
            there = f"there are {' and '.join(known)}" if known else "there are none here"
            hint = did_you_mean(name[:50], known)
            raise HTTPException(422, f"unknown parameter {name[:50]!r} in the address{hint}; {there}")


def _wrong_query(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # it is registered for no other
    first = error.errors()[0]
    name = ".".join(map(str, first["loc"][1:2]))
    return JSONResponse({"error": f"{name}: {first['msg']}, got {str(first['input'])[:50]!r}"}, status_code=422)


def _failed(_request: Request, _error: Exception) -> Response:
    """Answer beyond the guard, which gives all else its headers; the error itself goes into the server's log."""
    return JSONResponse({"error": "the server failed, and its log says why; try again"}, 500, HEADERS)


def _unprocessable(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=422)


def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, AnyHTTPException)  # it is registered for no other
    return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)
