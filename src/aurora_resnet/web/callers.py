"""All who speak to a server at once: one ``StringStreams``, and one batch for whoever has sent something."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi.concurrency import run_in_threadpool

from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.strings.events import StringEvent, StringTimes
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.streams import StringStreams

MAX_CALLERS = 100
"""Who are heard at once."""

Sent = tuple[int, Samples | None, "asyncio.Future[list[StringEvent]]"]
"""Who sent it, the samples, ``None`` for the end, and whom to tell what happened."""


class TooManyCallers(Exception):  # noqa: N818 (an answer, not a fault)
    """There is no room for another caller now."""


class Callers:
    """Those who are heard at once. All calls come from one event loop; what is computed is computed beside it.

    While a batch is computed what others send gathers and is the next batch: the busier the server, the larger the
    batches and the less a caller costs. A caller has at most one thing underway, so memory has a bound.

    Args:
        recognizer: who answers.
        most: callers at once.
    """

    def __init__(self, recognizer: StringRecognizer, *, most: int = MAX_CALLERS) -> None:
        self.most, self.callers = most, 0
        self._streams = StringStreams(recognizer.model)
        self._sent: list[Sent] = []
        self._work: asyncio.Task[None] | None = None

    @contextmanager
    def caller(self, sample_rate: int, times: StringTimes) -> Iterator[Caller]:
        """Hear a caller while the block lasts.

        Args:
            sample_rate: of his samples in Hz.
            times: how long to wait for him.

        Raises:
            TooManyCallers: if there is no room.
            AuroraError: for a rate or lengths that cannot be.
        """
        if self.callers >= self.most:
            raise TooManyCallers
        caller = Caller(self, self._streams.open(sample_rate, times=times))
        self.callers += 1
        try:
            yield caller
        finally:
            self.callers -= 1
            if not caller.ended:
                self.send(caller.number, None)

    def send(self, number: int, samples: Samples | None) -> asyncio.Future[list[StringEvent]]:
        """Take samples, or the end, of a caller; the future has what happened."""
        loop = asyncio.get_running_loop()
        happened: asyncio.Future[list[StringEvent]] = loop.create_future()
        self._sent.append((number, samples, happened))
        if self._work is None or self._work.done():
            self._work = loop.create_task(self._compute_all())
        return happened

    async def _compute_all(self) -> None:
        while self._sent:
            batch, self._sent = self._sent, []
            try:
                events = await run_in_threadpool(self._compute, batch)
            except Exception as error:  # of the model: each caller is told
                for _, _, happened in batch:
                    if not happened.done():
                        happened.set_exception(error)
                        happened.exception()  # who has left does not ask
            else:
                for number, _, happened in batch:
                    if not happened.done():
                        happened.set_result(events[number])

    def _compute(self, batch: list[Sent]) -> dict[int, list[StringEvent]]:
        events = self._streams.push({number: samples for number, samples, _ in batch if samples is not None})
        for number, samples, _ in batch:
            if samples is None:
                events[number] = self._streams.close(number)
        return events


class Caller:
    """One of them.

    Args:
        callers: all.
        number: of his stream.
    """

    def __init__(self, callers: Callers, number: int) -> None:
        self.number, self.ended = number, False
        self._callers = callers

    async def push(self, samples: Samples) -> list[StringEvent]:
        """Hear his next samples, ``[n]``; return what happened."""
        return await self._callers.send(self.number, samples)

    async def end(self) -> list[StringEvent]:
        """Hear the rest; return what happened. Nothing may follow."""
        self.ended = True
        return await self._callers.send(self.number, None)
