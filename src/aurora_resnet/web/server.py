"""The server of the pages: routes for words and for strings, limits, errors as JSON.

Nothing that it sends names another host, and the header ``Content-Security-Policy`` forbids the browser to ask one.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import numpy as np
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import WebSocketRoute

from aurora_resnet.runtime.errors import AudioError, ConfigError, did_you_mean
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.rules import Numbers, StringRules
from aurora_resnet.web.answer import Answer, StringAnswer, answer_recording, answer_string
from aurora_resnet.web.callers import Callers
from aurora_resnet.web.guard import HEADERS, guarded_app
from aurora_resnet.web.health import add_health
from aurora_resnet.web.pages import page_routes, sample_routes, sample_words
from aurora_resnet.web.phone import Phones
from aurora_resnet.web.receiving import Receiver
from aurora_resnet.web.stream import MOST_KNOWN, Check, Length, Number, serve_stream
from aurora_resnet.web.upload import MAX_BYTES, MAX_SECONDS

#: After so many seconds the page stops listening by itself.
MICROPHONE_SECONDS = 3.0


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
    #: Name of the model of strings, if the server has one.
    strings: str | None = None
    #: Words of which ``/samples/WORD.flac`` is a recording to try.
    samples: tuple[str, ...] = ()


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
) -> FastAPI:
    """Return the application: the pages, ``GET /api/model``, ``POST /api/recognize``, and of strings two routes more.

    With a recogniser of strings there are ``POST /api/string`` and the WebSocket ``/api/stream``, and the page at ``/``
    is that of numbers; the page of single words is then at ``/index.html``.

    The recogniser answers once before this returns, so that the first visitor does not wait for what is prepared on the
    first call.

    Args:
        recognizer: who answers.
        strings: who answers where digits come one after another.
        allowed_hosts: as for ``Guard``.
        any_address: as for ``Guard``.

    >>> app = create_app(Recognizer.from_pretrained("compact"))
    >>> app.url_path_for("recognize")
    '/api/recognize'
    """
    answer_recording(recognizer, np.zeros(48_000, dtype=np.float32), 48_000)
    description = describe_model(recognizer, strings)
    receiver = Receiver()
    app = guarded_app(
        allowed_hosts=allowed_hosts,
        any_address=any_address,
        openapi_url="/api/openapi.json",
        dependencies=[Depends(_check_query)],
        responses={"default": {"model": Problem}},
        exception_handlers=HANDLERS,
    )

    @app.get("/api/model")
    async def model() -> ModelDescription:
        return description

    @app.post("/api/recognize", response_model=Answer)
    async def recognize(request: Request) -> Answer | Response:
        return await receiver.answer(request, partial(answer_recording, recognizer))

    app.state.receiver = receiver
    callers = None if strings is None else _add_strings(app, strings, receiver)
    add_health(app, callers, receiver.uploads)
    app.router.routes.append(WebSocketRoute("/{path:path}", _no_such_socket))
    app.router.routes += page_routes(*(["index.html"] if strings is None else ["numbers.html", "index.html"]))
    app.router.routes += sample_routes(description.samples, number=strings is not None)
    return app


def _add_strings(app: FastAPI, strings: StringRecognizer, receiver: Receiver) -> Callers:
    callers = Callers(strings)

    @app.post("/api/string", response_model=StringAnswer)
    async def string(
        request: Request,
        length: Annotated[list[Length] | None, Query()] = None,
        check: Check | None = None,
        known: Annotated[list[Number] | None, Query(max_length=MOST_KNOWN)] = None,
        numbers: Numbers = "digits",
    ) -> Any:
        rules = StringRules(lengths=length, check=check, known=known, numbers=numbers)
        rules.search(strings.vocabulary)  # refused before the recording comes
        return await receiver.answer(request, partial(answer_string, strings, rules=rules))

    async def stream(socket: WebSocket) -> None:
        await serve_stream(socket, callers)

    app.router.routes.append(WebSocketRoute("/api/stream", stream))
    app.state.phones = Phones(callers)
    app.router.routes += app.state.phones.routes()
    return callers


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


def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=499)  # nobody reads it


def _unprocessable(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=422)


def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, AnyHTTPException)  # it is registered for no other
    return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)


HANDLERS: dict[type[Exception], Callable[[Request, Exception], Response]] = {
    AudioError: _unprocessable,
    ConfigError: _unprocessable,
    RequestValidationError: _wrong_query,
    AnyHTTPException: _http_error,
    ClientDisconnect: _gone,
    Exception: _failed,
}
