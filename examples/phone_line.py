"""A telephone line that asks (by tones) for a PIN of four digits, up to three times; callers may interrupt the prompt.

It speaks AudioSocket: same => n,AudioSocket(${UUID},127.0.0.1:9092) in Asterisk's dial plan, or phone_caller.py calls.
Prints:

    PIN: 4071
"""

import asyncio
from contextlib import suppress

import numpy as np

from aurora_resnet import AuroraError, StringRecognizer, StringStreams
from aurora_resnet.events import NoInput, Rejected, StringEnded, StringTimes

SOUND, RATE, FRAME_SECONDS, FRAME_BYTES = 0x10, 8000, 0.02, 320  # 16-bit PCM; 0x10 says that sound comes
TIMES = StringTimes(lengths={4}, no_input_seconds=6.0, between_seconds=1.5, at_most_seconds=15.0)
QUESTION = np.int16(6500 * np.sin(2 * np.pi * np.repeat([440, 550, 660, 0], 2000) * np.arange(RATE) / RATE)).tobytes()


async def send(writer: asyncio.StreamWriter, sound: bytes, frame_seconds: float = FRAME_SECONDS) -> None:
    """Send sound in real time."""
    for start in range(0, len(sound), FRAME_BYTES):
        frame = sound[start : start + FRAME_BYTES]
        writer.write(bytes([SOUND]) + len(frame).to_bytes(2, "big") + frame)
        await asyncio.sleep(frame_seconds)


async def receive(reader: asyncio.StreamReader) -> bytes:
    """Return the next sound; ``EOFError`` at the end of the line."""
    while True:
        kind, high, low = await reader.readexactly(3)
        content = await reader.readexactly(high << 8 | low)
        if kind == SOUND:
            return content


class PinLine:
    """Asks every caller for a PIN; all of them share the model."""

    def __init__(self, streams: StringStreams, question: bytes = QUESTION, frame_seconds: float = FRAME_SECONDS):
        self.streams, self.question, self.frame_seconds = streams, question, frame_seconds
        self.pins: list[str | None] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a call: ask up to three times, then hang up."""
        pin = None
        with suppress(EOFError, ConnectionError, AuroraError):  # of callers who hang up, or send half a sample
            for _ in range(3):
                pin = pin or await self.ask(reader, writer)
        self.pins.append(pin)
        print("PIN:", pin, flush=True)
        writer.close()

    async def ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str | None:
        """Return the PIN, ``None`` where there is none to trust."""
        asking = asyncio.create_task(send(writer, self.question, self.frame_seconds))
        call = self.streams.open(RATE, encoding="pcm16", times=TIMES)
        try:
            while True:
                for event in self.streams.push({call: await receive(reader)})[call]:
                    if isinstance(event, StringEnded) and event.reason == "length" and event.string.accepted:
                        return event.string.text
                    if isinstance(event, StringEnded | Rejected | NoInput):  # unsure, too few digits, none, silence
                        return None
                    asking.cancel()  # the caller speaks: stop the prompt
        finally:
            asking.cancel()
            self.streams.close(call)


async def main(port: int = 9092) -> None:
    """Serve until Ctrl-C."""
    line = PinLine(StringStreams(StringRecognizer.from_pretrained("string_net")))
    await (await asyncio.start_server(line.answer, "127.0.0.1", port)).serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
