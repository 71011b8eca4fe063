"""Digits as they are spoken: the WebSocket ``/api/stream``.

The client says first what it will send, as JSON: ``{"sample_rate": 8000, "encoding": "mulaw"}`` and, if it likes,
``lengths``, ``check``, ``known``, ``numbers`` and the time-outs of ``StringTimes``. It is told ``{"event": "ready"}``
and sends samples, mono, in binary messages of any length up to the limit. It is sent what happens as JSON, that is
``event_values`` of the runtime. Between sounds it may ask for something else, ``{"lengths": [16], "check": "luhn"}``;
what that does not name stays as it was. The text ``end`` ends the stream: its rest is recognised, what happened is
sent, and the connection is closed.
"""

import asyncio
import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from fastapi import WebSocket
from pydantic import BaseModel, Field, ValidationError
from starlette.websockets import WebSocketDisconnect

from aurora_resnet.runtime.audio.encodings import Encoding, sample_bytes
from aurora_resnet.runtime.errors import AudioError, AuroraError
from aurora_resnet.runtime.strings.events import StringEvent, StringTimes, event_values
from aurora_resnet.runtime.strings.rules import Numbers
from aurora_resnet.runtime.strings.search import WORDS_AT_A_TIME
from aurora_resnet.web.callers import Caller, Callers, TooManyCallers
from aurora_resnet.web.sockets import AGAIN, MAX_CHUNK_BYTES, RATES, receive, receive_within, refuse

#: A client must say so soon what it will send.
BEGIN_SECONDS = 10.0
#: Who sends no sound so long is gone.
SILENT_SECONDS = 60.0
END = "end"

Seconds = Annotated[float, Field(gt=0, le=3600)]
Length = Annotated[int, Field(ge=1, le=WORDS_AT_A_TIME)]
Number = Annotated[str, Field(pattern=r"^[0-9]+$", max_length=WORDS_AT_A_TIME)]
Check = Literal["luhn"]
#: Numbers of a list that a client names.
MOST_KNOWN = 1000


class StreamBegin(BaseModel, extra="forbid", strict=True, allow_inf_nan=False):
    """What a client says first; times in seconds, as ``StringTimes`` has them."""

    sample_rate: Annotated[int, Field(ge=RATES[0], le=RATES[1])]
    encoding: Encoding = "pcm16"
    lengths: Annotated[list[Length], Field(min_length=1, max_length=WORDS_AT_A_TIME)] | None = None
    check: Check | None = None
    known: Annotated[list[Number], Field(min_length=1, max_length=MOST_KNOWN)] | None = None
    numbers: Numbers = "digits"
    no_input_seconds: Seconds = StringTimes.no_input_seconds
    between_seconds: Seconds = StringTimes.between_seconds
    at_most_seconds: Seconds = StringTimes.at_most_seconds

    def times(self) -> StringTimes:
        """Return how long to wait."""
        return StringTimes(**self.model_dump(exclude={"sample_rate", "encoding"}))


async def serve_stream(socket: WebSocket, callers: Callers) -> None:
    """Serve one client to its end.

    Args:
        socket: not accepted yet.
        callers: those who speak at once.
    """
    await callers.arrive()
    await socket.accept()
    caller = None
    try:
        if callers.closed:
            raise TooManyCallers
        if socket.query_params:
            name = next(iter(socket.query_params))[:50]
            raise AudioError(f"unknown parameter {name!r} in the address; say it first, as JSON")
        begin = read_begin(await receive_within(socket, BEGIN_SECONDS))
        with callers.caller(begin.sample_rate, begin.encoding, begin.times()) as caller:
            await socket.send_json({"event": "ready"})
            listening = asyncio.create_task(_listen(socket, caller, begin))
            try:
                while not caller.over:
                    await _send(socket, await caller.turn())
                await listening
                await _send(socket, await caller.end())
            finally:
                listening.cancel()
        await socket.close()
    except WebSocketDisconnect:
        return
    except TimeoutError:
        if caller is None:
            await refuse(socket, f"nothing came for {BEGIN_SECONDS:g} s; begin again")
        elif caller.sent_away:
            await refuse(socket, "no sound came, and another caller needed the place; try again later", AGAIN)
        else:
            await refuse(socket, f"nothing came for {SILENT_SECONDS:g} s; begin again")
    except TooManyCallers:
        await refuse(socket, f"{callers.most} callers speak already; try again later", AGAIN)
    except AuroraError as error:
        await refuse(socket, str(error))


async def _listen(socket: WebSocket, caller: Caller, begin: StreamBegin) -> None:
    """Take a caller's sound, and what else is asked, until he says that it is all.

    Raises:
        WebSocketDisconnect: if he left.
        TimeoutError: if no sound came.
        AudioError: for what is neither sound nor a question nor the end.
    """
    encoding = begin.encoding
    try:
        while not caller.sent_away:
            async with asyncio.timeout_at(caller.kept_until + SILENT_SECONDS) as caller.patience:
                message = await receive(socket)
            if message == END:
                return
            if isinstance(message, str):
                begin = read_question(message, begin)
                caller.expect(begin.times())
                continue
            half = ", no whole number of 16-bit samples" if len(message) % sample_bytes(encoding) else ""
            if half or not 0 < len(message) <= MAX_CHUNK_BYTES:
                raise AudioError(
                    f"expected messages of 1 to {MAX_CHUNK_BYTES:,} bytes of {encoding}, got {len(message):,}{half}"
                )
            await caller.take(message)
        raise TimeoutError
    finally:
        caller.finish()


def read_begin(message: str | bytes) -> StreamBegin:
    """Return what a client said first.

    Raises:
        AudioError: if it is no such thing.

    >>> read_begin('{"sample_rate": 8000, "encoding": "mulaw", "lengths": [4]}').times().lengths
    [4]
    >>> read_begin('{"sample_rate": 8000, "length": 4}')
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.AudioError: expected {"sample_rate": 8000 to 192000, ...} first; length: Extra ...
    """
    return _validated(message, {}, f'expected {{"sample_rate": {RATES[0]} to {RATES[1]}, ...}} first; ')


def read_question(message: str, begin: StreamBegin) -> StreamBegin:
    """Return what a client asks for from now on.

    Raises:
        AudioError: if it is no such thing, or about what cannot change.

    >>> read_question('{"lengths": [16]}', read_begin('{"sample_rate": 8000}')).lengths
    [16]
    """
    asked = f"expected sound, a question such as {{\"lengths\": [16]}} or the text '{END}'; "
    question = _validated(message, begin.model_dump(), asked)
    if (question.sample_rate, question.encoding) != (begin.sample_rate, begin.encoding):
        raise AudioError(f"{asked}sample_rate and encoding stay as they were said first")
    return question


def _validated(message: str | bytes, known: dict[str, Any], expected: str) -> StreamBegin:
    try:
        values = json.loads(message)
        return StreamBegin.model_validate({**known, **values} if isinstance(values, dict) else values)
    except ValidationError as error:
        first = error.errors()[0]
        wrong = f"{'.'.join(map(str, first['loc'])) or 'message'}: {first['msg']}"
    except (ValueError, RecursionError):
        wrong = f"got {message[:100]!r}"
    raise AudioError(expected + wrong)


async def _send(socket: WebSocket, events: Iterable[StringEvent]) -> None:
    for event in events:
        await socket.send_json(event_values(event))
