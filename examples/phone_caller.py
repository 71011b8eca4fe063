"""A caller for ``phone_line.py``: plays a file, and receives until the line hangs up.

python examples/phone_line.py &
python examples/phone_caller.py pin.wav

Another port follows the file. Prints:

    received 2.3 s of questions
"""

import argparse
import asyncio
import sys
from contextlib import suppress

import numpy as np
from phone_line import FRAME_SECONDS, RATE, receive, send

from aurora_resnet import AuroraError, read_audio, resample


async def call(port: int, sound: bytes, frame_seconds: float = FRAME_SECONDS) -> float:
    """Call the line, play audio until it hangs up; return the seconds received."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    speaking = asyncio.create_task(send(writer, sound, frame_seconds))
    received = 0
    with suppress(EOFError, ConnectionError):  # the line hangs up, perhaps while we speak
        while True:
            received += len(await receive(reader))
    speaking.cancel()
    await asyncio.gather(speaking, return_exceptions=True)
    writer.close()
    return received / 2 / RATE


def pcm(samples: np.typing.NDArray[np.floating]) -> bytes:
    """Return samples in [-1, 1] as 16-bit PCM."""
    steps = np.round(32767 * np.clip(samples, -1, 1)).astype("<i2")
    return bytes(steps.data)


def main(file: str, port: int = 9092) -> None:
    """Say a file, then nothing."""
    samples, rate = read_audio(file)
    silence = bytes(2 * 30 * RATE)
    received = asyncio.run(call(port, pcm(resample(samples, rate, RATE)) + silence))
    print(f"received {received:.1f} s of questions")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Call phone_line.py and say a file.")
    parser.add_argument("file")
    parser.add_argument("port", type=int, nargs="?", default=9092)
    try:
        main(**vars(parser.parse_args()))
    except (AuroraError, OSError) as error:  # no such file, no sound, nobody at the port
        sys.exit(f"error: {error}")
