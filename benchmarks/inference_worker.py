"""One way to recognise clips, in a process of its own, so that its memory and its start are its own.

``inference_speed.py`` starts it with the engine (``torch``, ``torch_folded``, ``onnx``, ``pocketsphinx``), its file,
the batch, the threads and a file of clips ``[n, N]``. It answers each line of its standard input with a line of JSON:
first what the start took and which words it hears; to ``turn``, the seconds of each batch in one pass over the clips;
to ``end``, its peak memory. Every engine takes clips in memory and gives logits, PocketSphinx a word.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet.runtime.models import ExportedModel, ScoringModel

WARM_UP = 3

Answer = Callable[[int], Any]
"""From the number of a batch to what the engine returns."""


def torch_engine(file: str, threads: int, batches: list[Any]) -> tuple[Answer, list[str]]:
    """Return the checkpoint's network as it is."""
    import torch

    from aurora_resnet.checkpoints import load_checkpoint

    torch.set_num_threads(threads)
    network = load_checkpoint(file).model.requires_grad_(False)
    tensors = [torch.from_numpy(batch) for batch in batches]

    def answer(number: int) -> Any:
        with torch.inference_mode():
            return network(tensors[number]).numpy()

    return answer, list(network.config.words)


def scoring_engine(engine: str, file: str, threads: int, batches: list[Any]) -> tuple[Answer, list[str]]:
    """Return a checkpoint or an exported file as recognition uses it."""
    model: ScoringModel
    if engine == "onnx":
        model = ExportedModel(file, threads=threads)
    else:
        from aurora_resnet.checkpoints import load_checkpoint
        from aurora_resnet.recognition.word_model import TorchModel

        model = TorchModel(load_checkpoint(file).model, threads=threads)
    return lambda number: model.logits(batches[number]), list(model.facts.vocabulary)


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
        from benchmarks.latency import pocketsphinx

        foreign_mb = memory_mb()  # of what latency.py imports beside it
    start = time.perf_counter()
    answer: Answer
    words: list[str] | None = None
    if engine == "pocketsphinx":
        answer = pocketsphinx(list(clips))
    elif engine == "torch":
        answer, words = torch_engine(file, int(threads), batches)
    else:
        answer, words = scoring_engine(engine, file, int(threads), batches)
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
