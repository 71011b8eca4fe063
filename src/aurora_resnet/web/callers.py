"""All who speak to a server at once: one ``StringStreams``, and one batch for whoever has sent something.

A turn is up to half a second of a caller's sound, however large or small his messages are. Who speaks has one in every
batch; who sends a file faster than anybody speaks shares a few of each batch with his like. So a batch is short
whatever is sent, who speaks is answered while he speaks, and files get all that is left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from fastapi.concurrency import run_in_threadpool

from aurora_resnet.runtime.audio.encodings import Encoding, sample_bytes
from aurora_resnet.runtime.strings.events import StringEvent, StringTimes
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.streams import StringStreams

#: Callers at once.
MAX_CALLERS = 100
#: Of a caller's sound: what is computed at once, and what is read ahead.
TURN_SECONDS = 0.5
#: Who has sent so much more than he can have spoken sends a file. No message counts as less: it takes time to read.
AHEAD_SECONDS, MESSAGE_SECONDS = 2.0, 0.0025
#: Files fill a batch up to so many turns, and have so many at least; for one so many messages are read.
BATCH_TURNS, FILE_TURNS, FILE_MESSAGES = 16, 2, 32
#: A batch without files begins so long after the one before, at least: half a step of the model.
BATCH_SECONDS = 0.02
#: After each other: who comes again and again must not take the time of those who speak.
ARRIVAL_SECONDS = 0.025
#: Who has sent no sound for so long gives his place to another, if there is none left.
PLACE_SECONDS = 5.0
#: So long a second of sound keeps a place.
KEPT_SECONDS = 10.0

Told = list[StringEvent]
#: Samples, or ``None`` for the end, and what is expected from there on, if that is new.
Turn = tuple[bytes | None, StringTimes | None]


class TooManyCallers(Exception):  # noqa: N818 (an answer, not a fault)
    """There is no room for another caller now."""


class Callers:
    """Those who speak at once. All calls come from one event loop; what is computed is computed beside it.

    While a batch is computed what others send gathers and is the next batch: the busier the server, the larger the
    batches and the less a caller costs.

    Args:
        recognizer: who answers.
        most: callers at once.
    """

    def __init__(self, recognizer: StringRecognizer, *, most: int = MAX_CALLERS) -> None:
        self.most = most
        self._streams = StringStreams(recognizer)
        self._places: set[Caller] = set()
        self._asked: dict[Caller, asyncio.Future[Told]] = {}  # in the order in which they asked
        self._gone: list[int] = []
        self._work: asyncio.Task[None] | None = None
        self._arrival = 0.0
        #: Whether nobody new is let in: the server is about to end.
        self.closed = False
        self.came = self.batches = 0
        #: Callers and batches so far, and what the batches took.
        self.batch_seconds = 0.0

    @property
    def count(self) -> int:
        """Callers now."""
        return len(self._places)

    async def arrive(self) -> None:
        """Wait until those who came before have been let in."""
        now = asyncio.get_running_loop().time()
        self._arrival = max(now, self._arrival + ARRIVAL_SECONDS)
        await asyncio.sleep(self._arrival - now)

    @contextmanager
    def caller(self, sample_rate: int, encoding: Encoding, times: StringTimes) -> Iterator[Caller]:
        """Have a place for a caller while the block lasts.

        Args:
            sample_rate: of his samples in Hz.
            encoding: of his samples.
            times: how long to wait for him.

        Raises:
            TooManyCallers: if there is no room, nor anybody who sends nothing.
            AuroraError: for a rate that cannot be, or what the model cannot do.
        """
        if len(self._places) >= self.most:
            idlest = max(self._places, key=Caller.idle_seconds)
            if idlest.idle_seconds() < PLACE_SECONDS:
                raise TooManyCallers
            self._places.remove(idlest)
            idlest.send_away()
        number = self._streams.open(sample_rate, encoding=encoding, times=times)
        caller = Caller(self, number, sample_rate * sample_bytes(encoding))
        self._places.add(caller)
        self.came += 1
        try:
            yield caller
        finally:
            self._places.discard(caller)
            self._asked.pop(caller, None)
            self._gone.append(number)
            self.work()

    def ask(self, caller: Caller) -> asyncio.Future[Told]:
        """Have a caller's next turn computed as soon as there is something of his; the future has what happened."""
        happened = self._asked[caller] = asyncio.get_running_loop().create_future()
        self.work()
        return happened

    def work(self) -> None:
        """Compute what there is, unless that is under way."""
        if self._work is None or self._work.done():
            self._work = asyncio.get_running_loop().create_task(self._compute_all())

    async def _compute_all(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            for number in self._gone:  # here, because no batch is under way
                self._streams.forget(number)
            self._gone.clear()
            batch = self._next_batch()
            if not batch:
                return
            turns, start = {caller.number: caller.take_turn() for caller in batch}, loop.time()
            try:
                events = await run_in_threadpool(self._compute, turns)
            except Exception as error:  # of the model: each caller is told
                for happened in batch.values():
                    if not happened.done():
                        happened.set_exception(error)
                        happened.exception()  # who has left does not ask
            else:
                for caller, happened in batch.items():
                    if not happened.done():
                        happened.set_result(events[caller.number])
            self.batches += 1
            self.batch_seconds += loop.time() - start
            files = any(caller.sends_file for caller in batch)
            await asyncio.sleep(0 if files else start + BATCH_SECONDS - loop.time())  # who was answered asks again

    def _next_batch(self) -> dict[Caller, asyncio.Future[Told]]:
        ready = [caller for caller in self._asked if caller.ready]
        files = [caller for caller in ready if caller.sends_file]
        later = files[max(FILE_TURNS, BATCH_TURNS - (len(ready) - len(files))) :]
        return {caller: self._asked.pop(caller) for caller in ready if caller not in later}

    def check(self, times: StringTimes) -> None:
        """Refuse what the model cannot do; errors as ``StringStreams.ask``."""
        times.search(self._streams.model.facts.vocabulary)

    def _compute(self, turns: dict[int, Turn]) -> dict[int, Told]:
        for number, (_, times) in turns.items():
            if times is not None:
                self._streams.ask(number, times)
        events = self._streams.push({number: data for number, (data, _) in turns.items() if data is not None})
        for number, (data, _) in turns.items():
            if data is None:
                events[number] = self._streams.close(number)
        return events


class Caller:
    """One of them: what he has sent waits here for his turns.

    Args:
        callers: all.
        number: of his stream.
        second_bytes: what a second of his sound takes.
    """

    def __init__(self, callers: Callers, number: int, second_bytes: int) -> None:
        self.number, self.sends_file, self.sent_away = number, False, False
        #: Of whoever waits for his next message; it is cut short where he is sent away.
        self.patience: asyncio.Timeout | None = None
        self._callers, self._second_bytes = callers, second_bytes
        self._turn_bytes = round(TURN_SECONDS * second_bytes / 2) * 2  # whole samples
        #: He keeps his place as if he had sent sound until ``kept_until``.
        self._opened = self.kept_until = asyncio.get_running_loop().time()
        self._seconds = 0.0
        self._waiting = bytearray()
        self._questions: list[tuple[int, StringTimes]] = []  # behind how many of the bytes that wait
        self._messages = 0
        self._over, self._ending = False, False
        self._room = asyncio.Event()
        self._room.set()

    @property
    def ready(self) -> bool:
        """Whether there is something for a turn of his."""
        return self._over or bool(self._waiting)

    @property
    def over(self) -> bool:
        """Whether nothing of his waits, and nothing more will come."""
        return self._over and not self._waiting

    @property
    def waiting_bytes(self) -> int:
        """What he has sent that no turn has taken yet."""
        return len(self._waiting)

    def idle_seconds(self) -> float:
        """Return how long nothing useful has come from him."""
        return 0.0 if self.ready else asyncio.get_running_loop().time() - self.kept_until

    def send_away(self) -> None:
        """Give his place to another one."""
        self.sent_away = True
        if self.patience is not None:
            with suppress(RuntimeError):  # a message of his has just come
                self.patience.reschedule(asyncio.get_running_loop().time())

    async def take(self, data: bytes) -> None:
        """Take a message, whole samples; return when there is room for the next one."""
        now, seconds = asyncio.get_running_loop().time(), len(data) / self._second_bytes
        self.kept_until = min(now, self.kept_until + KEPT_SECONDS * seconds)
        self._seconds += max(seconds, MESSAGE_SECONDS)
        self.sends_file = self.sends_file or self._seconds > now - self._opened + AHEAD_SECONDS
        self._waiting += data
        self._messages += 1
        if len(self._waiting) >= self._turn_bytes or (self.sends_file and self._messages >= FILE_MESSAGES):
            self._room.clear()
        self._callers.work()
        await self._room.wait()

    def expect(self, times: StringTimes) -> None:
        """Expect another answer behind what he has sent; errors as ``Callers.check``."""
        self._callers.check(times)
        at = len(self._waiting)
        self._questions = [question for question in self._questions if question[0] < at] + [(at, times)]

    def finish(self) -> None:
        """Let what waits be the last of his sound."""
        self._over = True
        self._callers.work()

    async def turn(self) -> Told:
        """Compute what he has sent, once there is something; return what happened."""
        return await self._callers.ask(self)

    async def end(self) -> Told:
        """Compute the rest, when his sound is over; return what happened."""
        self._ending = True
        return await self._callers.ask(self)

    def take_turn(self) -> Turn:
        """Return his next turn, which ends where something else is expected."""
        if self._ending:
            return None, None
        due = [times for at, times in self._questions if at == 0]
        later = [(at, times) for at, times in self._questions if at > 0]
        size = min([self._turn_bytes, *(at for at, _ in later)])
        data = bytes(self._waiting[:size])
        del self._waiting[:size]
        self._questions = [(at - len(data), times) for at, times in later]
        if len(self._waiting) < self._turn_bytes:
            self._messages = 0
            self._room.set()
        return data, due[0] if due else None
