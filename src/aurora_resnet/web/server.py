"""The server of the page: three routes, limits, errors as JSON.

Nothing that it sends names another host, and the header ``Content-Security-Policy`` forbids the browser to ask one.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import resources

import numpy as np

from aurora_resnet.runtime.errors import AudioError, MissingDependencyError
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.web.answer import Answer, answer_recording
from aurora_resnet.web.upload import MAX_BYTES, MAX_SECONDS, decode_upload

try:
    from fastapi import FastAPI, HTTPException, Request, Response
    from fastapi.concurrency import run_in_threadpool
    from fastapi.responses import JSONResponse
    from fastapi.staticfiles import StaticFiles
    from starlette.exceptions import HTTPException as AnyHTTPException
except ImportError as error:
    raise MissingDependencyError(
        f"the web page needs FastAPI ({error}); install it with: pip install 'aurora-resnet[web]'"
    ) from None

MICROPHONE_SECONDS = 3.0
"""After so many seconds the page stops listening by itself."""

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " object-src 'none'",
    "Permissions-Policy": "microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",  # ask each time whether the file changed, so that a new version is seen at once
}


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


def create_app(recognizer: Recognizer) -> FastAPI:
    """Return the application: the page at ``/``, ``GET /api/model`` and ``POST /api/recognize``.

    The recogniser answers once before this returns, so that the first visitor does not wait for what is prepared on the
    first call. Recordings are decoded side by side; the network takes one at a time, because a second one beside it
    would only slow both.

    Args:
        recognizer: who answers.

    >>> app = create_app(Recognizer.from_pretrained("compact"))
    >>> app.url_path_for("recognize")
    '/api/recognize'
    """
    answer_recording(recognizer, np.zeros(48_000, dtype=np.float32), 48_000)
    description = describe_model(recognizer)
    one_at_a_time = threading.Lock()
    # FastAPI's own documentation pages fetch scripts from another host.
    app = FastAPI(title="aurora-resnet", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")

    def answer_upload(data: bytes) -> Answer:
        samples, sample_rate = decode_upload(data)
        with one_at_a_time:
            return answer_recording(recognizer, samples, sample_rate)

    @app.get("/api/model")
    async def model() -> ModelDescription:
        return description

    @app.post("/api/recognize")
    async def recognize(request: Request) -> Answer:
        return await run_in_threadpool(answer_upload, await _read_body(request))

    app.add_exception_handler(AudioError, _unprocessable)
    app.add_exception_handler(AnyHTTPException, _http_error)
    app.middleware("http")(_with_headers)
    page = resources.files("aurora_resnet") / "web" / "page"
    app.mount("/", StaticFiles(directory=str(page), html=True))
    return app


async def _read_body(request: Request) -> bytes:
    """Read what is sent, and stop as soon as it is too much."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise HTTPException(413, f"the recording may have {MAX_BYTES:,} bytes, this one has more; cut it")
    return bytes(body)


def _unprocessable(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=422)


def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, AnyHTTPException)  # it is registered for no other
    return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)


async def _with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers.update(HEADERS)
    return response
