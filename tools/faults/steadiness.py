"""Many threads on one recogniser, and an hour of stream: the same answers, and no more memory at the end."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.streaming.recognizer import StreamingRecognizer

THREADS = 16
RATE = 16_000
"""Of the stream: not the model's, so that the resampler works too."""


def compare_threads(calls: int, recognizer: Recognizer | None = None) -> dict[str, int]:
    """Recognise recordings from 16 threads at once and count the answers that differ from those given one by one."""
    recognizer = recognizer or Recognizer.from_pretrained("compact")
    paths = [utterance.path for utterance in read_samples().filter(split="test")][:: max(1, 1 + calls // 400)][:40]
    expected = [recognizer.recognize(path).to_dict() for path in paths]
    together = threading.Barrier(THREADS)

    def work(thread: int) -> int:
        together.wait()
        return sum(
            recognizer.recognize(paths[i % len(paths)]).to_dict() != expected[i % len(paths)]
            for i in range(thread, calls, THREADS)
        )

    with ThreadPoolExecutor(THREADS) as pool:
        return {"calls": calls, "threads": THREADS, "unequal": sum(pool.map(work, range(THREADS)))}


def listen(seconds: float, on_second: Callable[[], object] = lambda: None) -> dict[str, Any]:
    """Listen to words, noise and silence in a process of its own, and return its memory at each quarter."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_listen, args=(seconds, sender))
    begin = time.monotonic()
    process.start()
    sender.close()
    result: dict[str, Any] = {"stream_seconds": seconds, "rss_mb": [], "words": 0}
    try:
        while (message := receiver.recv()) is not None:
            result = {**result, **message}
            on_second()
    finally:
        process.kill()
        process.join()
    return {**result, "seconds": time.monotonic() - begin}


def _listen(seconds: float, sender: Connection) -> None:
    stream = StreamingRecognizer(Recognizer.from_pretrained("compact"), RATE)
    voices = read_samples().filter(split="test")
    noise, rate = read_audio(sample_noises()["pink"])
    repeated = np.resize(noise, RATE * 10)
    words, generator = 0, np.random.default_rng(0)
    memory: list[float] = []
    for second in range(int(seconds)):
        chunk = np.zeros(RATE, np.float32)  # silence, but
        if second % 15 == 0:
            samples, rate = read_audio(voices[int(generator.integers(len(voices)))].path)
            spoken = np.interp(np.arange(0, len(samples), rate / RATE), np.arange(len(samples)), samples)[:RATE]
            chunk[: len(spoken)] = spoken
        elif second % 30 in (20, 21):
            chunk += 0.1 * repeated[RATE * (second % 10) :][:RATE]
        words += len(stream.push(chunk))
        if second >= seconds / 4 * len(memory) + 30 or (second + 1 == int(seconds)):  # the first after a warm-up
            memory.append(_rss_mb())
        sender.send({"rss_mb": memory, "words": words})
    sender.send({"words": words + len(stream.flush())})
    sender.send(None)


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return round(pages * 4096 / 1_000_000, 1)


def grew(rss_mb: list[float]) -> bool:
    """Return whether memory is not flat: more than 2 % and 4 MB above its first value, and growing to the end.

    >>> grew([300.0, 300.2, 300.1, 300.3]), grew([300.0, 310.0, 320.0, 330.0])
    (False, True)
    """
    return rss_mb[-1] > rss_mb[0] * 1.02 + 4 and rss_mb[-1] >= max(rss_mb)
