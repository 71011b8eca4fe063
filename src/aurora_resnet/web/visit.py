"""What a page that records and tries words says to its server, and is told.

The browser opens the WebSocket ``/api/record``, says its rate as JSON, ``{"sample_rate": 48000}``, and sends mono
16-bit PCM, little-endian, about a tenth of a second at a time. It is sent events as JSON: ``prompt``, ``level``,
``kept``, ``again`` with a reason, ``done``, ``error``.

When everything was said, or the page says ``{"do": "try"}``, the recordings are enrolled (``enrolling``, then ``ready``
or ``failed``) and what is said from then on is recognised (``answer``). The page may say what was said in truth,
``{"do": "correct", "word": "on"}``, and ``{"do": "save"}`` (``saved``); ``{"do": "finish"}`` ends the server.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from fastapi import WebSocket
from pydantic import BaseModel, Field, ValidationError

from aurora_resnet.runtime.audio.encodings import decode_samples
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AudioError, AuroraError, ConfigError
from aurora_resnet.teaching.recording_session import OTHER, RecordingSession
from aurora_resnet.teaching.takes import Take, TakeFinder
from aurora_resnet.web.answer import answer_recording
from aurora_resnet.web.sockets import MAX_CHUNK_BYTES, MAX_TEXT_BYTES, RATES, receive_within

if TYPE_CHECKING:
    from aurora_resnet.teaching.report import Taught
    from aurora_resnet.teaching.trial import Trial

#: Most probable words of an answer.
LISTED = 3
HELLO = f'{{"sample_rate": {RATES[0]} to {RATES[1]}}} first'
WISH = 'sound, {"do": "try"}, "save" or "finish", or "correct" with a word'
Said = TypeVar("Said", bound=BaseModel)


class Hello(BaseModel, strict=True):
    """What a page says first."""

    sample_rate: Annotated[int, Field(ge=RATES[0], le=RATES[1])]


class Wish(BaseModel, strict=True, extra="forbid"):
    """What a page asks for beside its sound; ``word`` is what was said in truth."""

    do: Literal["try", "correct", "save", "finish"]
    word: Annotated[str, Field(max_length=1000)] | None = None


class OpenedLater:
    """The trial of a session, opened while words are recorded: PyTorch and the encoder take seconds."""

    def __init__(self, session: RecordingSession) -> None:
        self.session = session
        self._opening: asyncio.Future[Trial] | None = None

    def open(self) -> asyncio.Future[Trial]:
        """Begin to open it, if that was not done yet."""
        if self._opening is None:
            self._opening = asyncio.ensure_future(asyncio.to_thread(self._open))
        return self._opening

    def _open(self) -> Trial:
        from aurora_resnet.teaching.trial import Trial

        trial = Trial(self.session.out, self.session.speaker)
        _ = trial.encoder
        return trial


class Visit:
    """One page, from its first message to its last.

    Args:
        socket: accepted.
        session: asks for words and keeps them.
        trial: recognises them.
        silent_seconds: after so long without a message the page is gone.
    """

    def __init__(self, socket: WebSocket, session: RecordingSession, trial: OpenedLater, silent_seconds: float) -> None:
        self.socket, self.session, self.trial, self.silent_seconds = socket, session, trial, silent_seconds
        self.trying = False
        self.answered: Take | None = None

    async def serve(self) -> None:
        """Answer until the page says that it is all.

        Raises:
            WebSocketDisconnect: if it left.
            TimeoutError: if it says nothing any more.
            AudioError: for what is neither sound nor a wish.
        """
        self.finder = TakeFinder(_read(Hello, await self._receive(), HELLO).sample_rate)
        await self._ask()
        while True:
            message = await self._receive()
            if not isinstance(message, str):
                await self._take(_chunk(message))
                continue
            wish = _read(Wish, message, WISH)
            if wish.do == "finish":
                return await self.socket.close()
            if wish.do == "save":
                await self._save()
            else:
                await self._enrol(wish)

    async def _receive(self) -> str | bytes:
        return await receive_within(self.socket, self.silent_seconds)

    async def _send(self, event: str, **facts: object) -> None:
        await self.socket.send_json({"event": event, **facts})

    async def _ask(self) -> None:
        prompt = self.session.prompt
        if prompt is None:
            await self._send("done", summary=self.session.summary(), next=self.session.next_command())
            return await self._enrol(Wish(do="try"))
        other, enough = prompt.folder == OTHER, self.session.enough
        await self._send("prompt", text=prompt.text, number=prompt.number, of=prompt.of, other=other, enough=enough)

    async def _take(self, chunk: Samples) -> None:
        take = self.finder.push(chunk)
        await self._send("level", db=round(self.finder.level_db, 1))
        if take is None or (self.session.prompt is None and not self.trying):
            return
        fault = take.fault if self.trying else await asyncio.to_thread(self.session.keep, take)
        if fault is not None:
            await self._send("again", reason=fault)
        elif self.trying:
            await self._answer(take)
        else:
            self.trial.open()
            await self._send("kept", seconds=round(take.spoken_seconds, 2), db=round(take.level_db))
            await self._ask()

    async def _answer(self, take: Take) -> None:
        recognizer = (await self.trial.open()).recognizer
        assert recognizer is not None  # it was enrolled
        answer = await asyncio.to_thread(answer_recording, recognizer, take.samples, take.sample_rate)
        best = sorted(answer.probabilities.items(), key=lambda pair: -pair[1])[:LISTED]
        none = answer.none_probability
        self.answered = take
        await self._send("answer", word=answer.word, accepted=answer.accepted, shares=dict(best), none_probability=none)

    async def _enrol(self, wish: Wish) -> None:
        """Make the model of everything that was recorded, a corrected take among it."""
        await self._send("enrolling")
        try:
            trial = await self.trial.open()
            if wish.do == "correct":
                if self.answered is None or wish.word is None:
                    raise ConfigError("there is no answer to correct; say a word first")
                await asyncio.to_thread(trial.correct, self.answered, wish.word)
                self.answered = None
            taught = await asyncio.to_thread(trial.enrol)
        except AuroraError as error:
            return await self._send("failed", reason=str(error))
        self.trying, self.finder = True, TakeFinder(self.finder.sample_rate)
        await self._send("ready", **_found(taught))

    async def _save(self) -> None:
        path = await asyncio.to_thread((await self.trial.open()).save)
        await self._send("saved", path=str(path), next=f"aurora-resnet listen --model {path}")


def _found(taught: Taught) -> dict[str, object]:
    """Return what the held-out recordings say: of each word how many there are, and what they were taken for."""
    names = taught.estimate.words
    words = [
        {"word": word, "recordings": sum(row), "taken_for": {names[j]: n for j, n in enumerate(row) if n}}
        for word, row in zip(names, taught.estimate.confusion, strict=True)
    ]
    return {"words": words, "advice": taught.advice, "seconds": round(taught.seconds, 1)}


def _read(kind: type[Said], message: str | bytes, expected: str) -> Said:
    try:
        if len(message) <= MAX_TEXT_BYTES:
            return kind.model_validate_json(message)
    except ValidationError:
        pass
    raise AudioError(f"expected {expected}, got {message[:100]!r}")


def _chunk(data: bytes) -> Samples:
    if not 0 < len(data) <= MAX_CHUNK_BYTES:
        raise AudioError(f"expected chunks of 2 to {MAX_CHUNK_BYTES:,} bytes of 16-bit samples, got {len(data):,}")
    return decode_samples(data, "pcm16")
