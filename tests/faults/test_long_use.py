"""Many threads on one recogniser, and a long stream: the same answers, and no more memory at the end."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.streaming.recognizer import StreamingRecognizer

THREADS = 16
CALLS = int(os.environ.get("FAULT_CALLS", "64"))
#: 3600 is what docs/reliability.md has.
STREAM_SECONDS = int(os.environ.get("FAULT_STREAM_SECONDS", "150"))
#: Of the stream: not the model's, so that the resampler works too.
RATE = 16_000


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.from_pretrained("compact")


def test_threads_get_the_answers_that_are_given_one_by_one(recognizer: Recognizer) -> None:
    paths = [utterance.path for utterance in read_samples().filter(split="test")][:40]
    expected = [recognizer.recognize(path).to_dict() for path in paths]
    together = threading.Barrier(THREADS)

    def unequal(thread: int) -> int:
        together.wait()
        calls = [number % len(paths) for number in range(thread, CALLS, THREADS)]
        return sum(recognizer.recognize(paths[number]).to_dict() != expected[number] for number in calls)

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(unequal, range(THREADS))) == 0


@pytest.mark.slow
def test_a_long_stream_needs_no_more_memory(recognizer: Recognizer) -> None:
    """Words, noise and silence: memory after a warm-up, and at the end."""
    stream, generator = StreamingRecognizer(recognizer, RATE), np.random.default_rng(0)
    voices = read_samples().filter(split="test")
    noise = np.resize(read_audio(sample_noises()["pink"])[0], RATE * 10)
    memory = []
    for second in range(STREAM_SECONDS):
        chunk = np.zeros(RATE, np.float32)  # silence, but
        if second % 15 == 0:
            samples, rate = read_audio(voices[int(generator.integers(len(voices)))].path)
            spoken = np.interp(np.arange(0, len(samples), rate / RATE), np.arange(len(samples)), samples)[:RATE]
            chunk[: len(spoken)] = spoken
        elif second % 30 in (20, 21):
            chunk += 0.1 * noise[RATE * (second % 10) :][:RATE]
        stream.push(chunk)
        if second >= 30:
            memory.append(int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6)
    assert memory[-1] <= memory[0] * 1.02 + 4
