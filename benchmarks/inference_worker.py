"""One way to recognise clips, in a process of its own, so that its memory and its start are its own.

``inference_speed.py`` starts it with the engine (``torch``, ``torch_packed``, ``onnx``, ``pocketsphinx``), its file,
the batch, the threads and a file of clips ``[n, N]``. It answers each line of its standard input with a line of JSON:
first what the start took and which words it hears; to ``turn``, the seconds of each batch in one pass over the clips;
to ``end``, its peak memory. Every engine takes clips in memory and gives probabilities, PocketSphinx a word.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

WARM_UP = 3

Answer = Callable[[int], Any]
"""From the number of a batch to what the engine returns."""


def torch_engine(file: str, threads: int, batches: list[Any], *, packed: bool) -> tuple[Answer, list[str]]:
    """Return the checkpoint's network as it is, or folded and packed as ``DigitRecognizer`` uses it."""
    import torch

    from aurora_resnet.checkpoints import load_checkpoint
    from aurora_resnet.recognition.recognizer import DigitRecognizer

    torch.set_num_threads(threads)
    if packed:
        network = DigitRecognizer.from_checkpoint(file).model
    else:
        network = load_checkpoint(file).model.requires_grad_(False)
    tensors = [torch.from_numpy(batch) for batch in batches]

    def answer(number: int) -> Any:
        with torch.inference_mode():
            return network(tensors[number]).softmax(1).numpy()

    return answer, list(network.config.words)


def onnx_engine(file: str, threads: int, batches: list[Any]) -> tuple[Answer, list[str]]:
    """Return an exported file as the runtime without torch runs it."""
    from aurora_resnet_runtime import OnnxDigitRecognizer

    recognizer = OnnxDigitRecognizer(file, threads)
    session = recognizer._session
    return lambda number: session.run(["probabilities"], {"waveform": batches[number]})[0], list(recognizer.words)


def memory_mb() -> float:
    """Return the largest size that this process has had (VmHWM: getrusage counts its parent's size at the start)."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main() -> None:
    engine, file, batch, threads, clips_file = sys.argv[1:]
    clips = np.load(clips_file)
    size = int(batch)
    rows = np.arange(-(-len(clips) // size) * size) % len(clips)  # the last batch is filled from the beginning
    batches = [np.ascontiguousarray(clips[rows[start : start + size]]) for start in range(0, len(rows), size)]
    foreign_mb = 0.0
    if engine == "pocketsphinx":
        from latency import pocketsphinx

        foreign_mb = memory_mb()  # of what latency.py imports beside it
    start = time.perf_counter()
    answer: Answer
    words: list[str] | None = None
    if engine == "pocketsphinx":
        answer = pocketsphinx(list(clips))
    elif engine == "onnx":
        answer, words = onnx_engine(file, int(threads), batches)
    else:
        answer, words = torch_engine(file, int(threads), batches, packed=engine == "torch_packed")
    answer(0)
    ready = time.perf_counter() - start
    heard: list[str] = []
    for number in range(len(batches)):
        found: Any = answer(number)
        heard += [str(found)] if words is None else [words[int(best)] for best in found.argmax(axis=1)]
    for number in range(WARM_UP):
        answer(number % len(batches))
    print(json.dumps({"start_seconds": ready, "heard": heard[: len(clips)]}), flush=True)
    for line in sys.stdin:
        if line.strip() == "end":
            print(json.dumps({"memory_mb": memory_mb() - foreign_mb}), flush=True)
            return
        seconds = []
        for number in range(len(batches)):
            begin = time.perf_counter()
            answer(number)
            seconds.append(time.perf_counter() - begin)
        print(json.dumps(seconds), flush=True)


if __name__ == "__main__":
    main()
