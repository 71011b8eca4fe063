"""Recognise words in a stream as they are spoken, in chunks of any size.

    python examples/live_stream.py [FILE]

The stream is a file, cut into chunks of 0.1 s; a microphone, a socket or a pipe works the same way. For digit strings use
``StringStreams``: see ``phone_line.py``.

Prints:

    one, 1.00: 0.5 to 1.0 s, known at 1.3 s
    two, 1.00: 1.5 to 1.9 s, known at 2.2 s
    three, 1.00: 2.4 to 2.9 s, known at 2.9 s
"""

import sys
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from aurora_resnet import DigitRecognizer, load_corpus, read_audio
from aurora_resnet.events import WordEvent


def spoken(words: tuple[str, ...] = ("one", "two", "three")) -> tuple[npt.NDArray[np.float32], int]:
    """Return words of a synthetic voice with half a second between them, and the rate in Hz."""
    voice = load_corpus("samples:").filter(speakers="samples/flite-rms")
    pause = np.zeros(4000, np.float32)
    return np.concatenate([part for w in words for part in (pause, read_audio(voice.filter(words=w)[0].path)[0])]), 8000


def chunks(samples: npt.NDArray[np.float32], size: int) -> Iterator[npt.NDArray[np.float32]]:
    """Cut samples as a sound card would deliver them."""
    for start in range(0, len(samples), size):
        yield samples[start : start + size]


def tell(events: list[WordEvent]) -> None:
    """Print words where they were spoken, and how much of the stream decided them."""
    for event in events:
        where = f"{event.start_seconds:.1f} to {event.end_seconds:.1f} s, known at {event.decided_seconds:.1f} s"
        print(f"{event.word}, {event.confidence:.2f}: {where}")


def main(file: str | None = None) -> None:
    """Print every word as soon as it is decided."""
    samples, rate = spoken() if file is None else read_audio(file)
    stream = DigitRecognizer.from_pretrained("compact").stream(rate)  # keeps the last seconds only
    for chunk in chunks(samples, rate // 10):
        tell(stream.feed(chunk))
    tell(stream.finish())  # what is undecided at the end


if __name__ == "__main__":
    main(*sys.argv[1:2])
