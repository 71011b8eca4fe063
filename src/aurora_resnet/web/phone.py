"""Telephone lines of providers: their events go in, keys and speech in one entry come out, many calls in one batch.

It does what ``runtime.phone.PhoneLine`` does, with the streams of ``Callers``.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, replace
from typing import Any

from fastapi import WebSocket
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocketDisconnect

from aurora_resnet.runtime.audio.encodings import sample_bytes
from aurora_resnet.runtime.errors import AudioError, AuroraError
from aurora_resnet.runtime.phone import twilio, vonage
from aurora_resnet.runtime.phone.audiosocket import TERMINATE, AudioSocketReader, message
from aurora_resnet.runtime.phone.entries import Entries, EntryEnded, KeyPressed, PhoneEvent
from aurora_resnet.runtime.phone.line import HungUp, Key, LineEvent, Opened, Sound
from aurora_resnet.runtime.strings.answer import DigitString
from aurora_resnet.runtime.strings.events import StringTimes, event_values, in_milliseconds
from aurora_resnet.web.callers import Caller, Callers, TooManyCallers
from aurora_resnet.web.calls import Call, Calls, serve_events
from aurora_resnet.web.sockets import AGAIN, receive_within, refuse

#: A line that sends nothing so long is dead.
SILENT_SECONDS = 60.0
Line = AsyncIterator[LineEvent]
READ_BYTES = 65_536


PROVIDERS: dict[str, Callable[[str | bytes], LineEvent | None]] = {"twilio": twilio.read, "vonage": vonage.read}


class Phones:
    """The routes of telephone calls.

    Args:
        callers: those who speak at once.
    """

    def __init__(self, callers: Callers) -> None:
        self.callers, self.calls = callers, Calls()

    def routes(self) -> list[WebSocketRoute]:
        """Return a route for each provider, and that of the events."""

        async def events(socket: WebSocket) -> None:
            await serve_events(socket, self.calls)

        paths = [WebSocketRoute(f"/api/phone/{name}", self.provider) for name in PROVIDERS]
        return [*paths, WebSocketRoute("/api/calls/{call}", events)]

    async def audiosocket(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a call that Asterisk sent by AudioSocket, and hang up where it cannot be served."""

        async def line() -> Line:
            messages = AudioSocketReader()
            try:
                while data := await asyncio.wait_for(reader.read(READ_BYTES), SILENT_SECONDS):
                    for event in messages.read(data):
                        yield event
            except (OSError, TimeoutError):
                pass
            yield HungUp()

        try:
            await self._answer(line())
        except (AuroraError, TooManyCallers):
            writer.write(message(TERMINATE))
        finally:
            writer.close()

    async def provider(self, socket: WebSocket) -> None:
        """Serve a call whose provider opened a WebSocket, which is not accepted yet."""
        read = PROVIDERS[socket.url.path.rpartition("/")[2]]

        async def line() -> Line:
            while True:
                try:
                    event = read(await receive_within(socket, SILENT_SECONDS))
                except (WebSocketDisconnect, TimeoutError):
                    yield HungUp()
                    return
                if event is not None:
                    yield event

        await self.callers.arrive()
        await socket.accept()
        try:
            if self.callers.closed:
                raise TooManyCallers
            await self._answer(line())
            await socket.close()
        except TooManyCallers:
            await refuse(socket, f"{self.callers.most} callers speak already; try again later", AGAIN)
        except AuroraError as error:
            await refuse(socket, str(error))
        except (WebSocketDisconnect, RuntimeError):  # it is closed already
            return

    async def _answer(self, line: Line) -> None:
        """Recognise a call from its beginning to its end.

        Raises:
            AuroraError: for what the line should not have sent.
            TooManyCallers: if there is no room.
        """
        opened = await anext(line, HungUp())
        if isinstance(opened, HungUp):
            return
        if not isinstance(opened, Opened):
            raise AudioError(f"expected the beginning of a call first, got {type(opened).__name__}")
        call = await self.calls.begin(opened.call or "unnamed")
        try:
            await PhoneCall(opened, self.callers, call).run(line)
        finally:
            await call.tell([], over=True)


class PhoneCall:
    """One call.

    Args:
        opened: how it began; its settings are ``lengths`` ("4" or "4,6") and the times of ``StringTimes``.
        callers: those who speak at once.
        call: where its events are told.

    Raises:
        AudioError: for settings that cannot be.
    """

    def __init__(self, opened: Opened, callers: Callers, call: Call) -> None:
        self.opened, self.callers, self.call = opened, callers, call
        self.entries = Entries(times_of(opened.settings))
        self._second_bytes = opened.sample_rate * sample_bytes(opened.encoding)
        self._came = 0  # bytes of sound

    @property
    def _seconds(self) -> float:
        return self._came / self._second_bytes

    async def run(self, line: Line) -> None:
        """Recognise it, stretch by stretch."""
        ended: LineEvent | None = None
        while not isinstance(ended, HungUp):
            begun = self._seconds
            times = self.entries.stretch_times()
            with self.callers.caller(self.opened.sample_rate, self.opened.encoding, times) as caller:
                listening = asyncio.create_task(self._listen(line, caller))
                try:
                    while not caller.over:
                        told = self.entries.told(await caller.turn(), begun)
                        computed = (self._came - caller.waiting_bytes) / self._second_bytes
                        await self._tell([*told, *self.entries.passed(computed)])
                    ended = await listening
                    await self._tell(self.entries.told(await caller.end(), begun))
                finally:
                    listening.cancel()
            if isinstance(ended, Key):
                await self._tell([KeyPressed(ended.key, self._seconds), *self.entries.key(ended.key, self._seconds)])
        await self._tell(list(self.entries.hang_up(self._seconds)))

    async def _listen(self, line: Line, caller: Caller) -> LineEvent | None:
        """Take sound until the stretch is over; return the key or the end of the call that ended it, if either did."""
        try:
            async for event in line:
                if isinstance(event, Sound):
                    self._came += len(event.data)
                    if event.data:
                        await caller.take(event.data)
                    if caller.sent_away:
                        raise TooManyCallers
                    if self.entries.renew:
                        return None
                elif isinstance(event, Key | HungUp):
                    return event
            return HungUp()
        finally:
            caller.finish()

    async def _tell(self, events: list[PhoneEvent]) -> None:
        if events:
            await self.call.tell([phone_values(event) for event in events])


def times_of(settings: dict[str, str]) -> StringTimes:
    """Return the times that whoever set up a call asked for.

    >>> times_of({"lengths": "4,6", "between_seconds": "2", "language": "en"}).lengths
    (4, 6)
    """
    try:
        known = ("no_input_seconds", "between_seconds", "at_most_seconds")
        waits: dict[str, Any] = {name: float(settings[name]) for name in known if name in settings}
        times = StringTimes(**waits)
        if "lengths" in settings:
            times = replace(times, lengths=tuple(int(length) for length in settings["lengths"].split(",")))
    except ValueError:
        raise AudioError(f"expected lengths as '4,6' and times in seconds, got {str(settings)[:200]}") from None
    if times.lengths and not 0 < min(times.lengths) <= max(times.lengths) <= 64:
        raise AudioError(f"lengths must lie from 1 to 64, got {settings['lengths'][:50]}")
    return times


def phone_values(event: PhoneEvent) -> dict[str, Any]:
    """Return an event as plain JSON values.

    >>> phone_values(EntryEnded("4", ("4",), 1.0, True, "key", 2.0))["parts"]
    [{'by': 'key', 'text': '4'}]
    """
    values = event_values(event)
    if isinstance(event, EntryEnded):
        values["parts"] = [
            {"by": "speech", **in_milliseconds(asdict(part))} if isinstance(part, DigitString) else
            {"by": "key", "text": part}
            for part in event.parts
        ]  # fmt: skip
    return values
