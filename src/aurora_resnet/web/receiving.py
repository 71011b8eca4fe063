"""Recordings arrive: within bounds of size, time and number, and answered one after another."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from fastapi import HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool

from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.web.forms import FORM_BYTES, file_of_form, is_form
from aurora_resnet.web.load import TooManyUploads, UploadsInHand
from aurora_resnet.web.upload import MAX_BYTES, decode_upload

#: Recordings that are decoded side by side; the network takes one at a time.
AT_ONCE = 2
#: A recording must be here after so many seconds.
BODY_SECONDS = 20.0
#: A recording that waited so long for its turn is sent away; less than ``patience.ANSWER_SECONDS`` with the above.
WAIT_SECONDS = 30.0

T = TypeVar("T")


class Receiver:
    """Takes recordings and has them answered.

    They are decoded side by side, a few at a time; the network takes one at a time, because a second one beside it
    would only slow both. The rest wait, and beyond a bound they are sent away with 503.
    """

    def __init__(self) -> None:
        self._network, self._turns, self.uploads = threading.Lock(), asyncio.Semaphore(AT_ONCE), UploadsInHand()

    async def answer(self, request: Request, answer: Callable[[Samples, int], T]) -> T | Response:
        """Return what ``answer`` makes of a request's recording and its rate in Hz.

        Raises:
            HTTPException: 408, 413 or 503 for one that is too slow, too large or too many.
            AudioError: for what is no recording.
        """

        def decode_and_answer(data: bytes) -> T:
            samples, sample_rate = decode_upload(data)
            with self._network:
                return answer(samples, sample_rate)

        form = is_form(request.headers)
        most = MAX_BYTES + (FORM_BYTES if form else 0)
        length = request.headers.get("content-length", "")
        size = int(length) if length.isascii() and length.isdigit() else most
        with self.uploads.room_for(_not_too_large(size, most)):
            body = _bounded(request, most)
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    data = await (file_of_form(request.headers, body) if form else _whole(body))
            except TimeoutError:
                late = f"the recording was not here after {BODY_SECONDS:g} s; send it again"
                raise HTTPException(408, late) from None
            _not_too_large(len(data))
            async with self._turn():
                if await request.is_disconnected():
                    return Response(status_code=499)  # nobody reads it
                return await run_in_threadpool(decode_and_answer, data)

    async def computed(self, answer: Callable[[], T]) -> T:
        """Return an answer of the network, in turn.

        Raises:
            TooManyUploads: if the turn did not come in time.
        """

        def alone() -> T:
            with self._network:
                return answer()

        async with self._turn():
            return await run_in_threadpool(alone)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Have one of the turns while the block lasts."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise TooManyUploads from None
        try:
            yield
        finally:
            self._turns.release()


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
