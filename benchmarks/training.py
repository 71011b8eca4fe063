"""What the ``Trainer`` costs: its clips per second as a share of a bare loop's on ready tensors.

Run: ``python -m benchmarks.training [--quick] [--threads N] [--out FILE]``; goal: a share of at least 90 %.

Three ways to do the same steps of SGD on the same model, batch size and threads, in turn within one run:

- *trainer*: ``Trainer.run_epoch``: order, positions, batches from the clips in memory, front end, step, bookkeeping.
- *waveforms*: forward, backward, optimiser step on one ready batch of waveforms; the front end is part of it.
- *features*: the same on one ready batch of features, without the front end: the stricter yardstick.

The share is the median over the rounds of one round's quotient, so that what slows the machine for a while slows all
three alike.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.environment import describe_environment
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.files import write_json
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.trainer import Trainer

SAMPLE_RATE = 8000
BATCH = 32
GOAL = 0.90
MODELS: dict[str, dict[str, object]] = {"resnet50": {"stages": 3}, "cnn": {}}


def random_clips(count: int) -> ClipSet:
    waveforms = tuple(0.1 * torch.randn(int(n)) for n in torch.randint(2000, SAMPLE_RATE, (count,)))
    words = [DIGITS.words[number % len(DIGITS.words)] for number in range(count)]
    utterances = tuple(Utterance(Path(f"{number}.wav"), (word,), "noise") for number, word in enumerate(words))
    labels = torch.tensor([DIGITS.words.index(word) for word in words])
    return ClipSet(utterances, labels, SAMPLE_RATE, SAMPLE_RATE, waveforms)


def clips_per_second(run: Callable[[], object], clips: int) -> float:
    start = time.perf_counter()
    run()
    return clips / (time.perf_counter() - start)


def bare_loop(model: nn.Module, ready: Tensor, labels: Tensor, steps: int) -> Callable[[], None]:
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, nesterov=True, weight_decay=1e-4)

    def run() -> None:
        model.train()
        for _ in range(steps):
            loss = F.cross_entropy(model(ready), labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    return run


def measure(name: str, steps: int, rounds: int) -> dict[str, float]:
    torch.manual_seed(0)
    clips = random_clips(steps * BATCH)
    waveforms, labels = clips.batch(range(BATCH)), clips.labels[:BATCH]

    def fresh() -> RecognizerModel:
        return RecognizerModel(RecognizerConfig(name, MelConfig(SAMPLE_RATE), options=MODELS[name]))

    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(fresh(), TrainingConfig(epochs=rounds + 1, batch_size=BATCH), folder)
        on_waveforms, on_features = fresh(), fresh()
        with torch.no_grad():
            features = on_features.frontend(waveforms)
        ways: dict[str, Callable[[], object]] = {
            "trainer": lambda: trainer.run_epoch(clips, len(clips), 0, None),
            "waveforms": bare_loop(on_waveforms, waveforms, labels, steps),
            "features": bare_loop(on_features.classifier, features, labels, steps),
        }
        speeds: dict[str, list[float]] = {way: [] for way in ways}
        for number in range(rounds + 1):
            order = list(ways) if number % 2 else list(reversed(ways))
            for way in order:
                speed = clips_per_second(ways[way], len(clips))
                if number > 0:  # the first round warms up
                    speeds[way].append(speed)

    def share(yardstick: str) -> float:
        quotients = (ours / bare for ours, bare in zip(speeds["trainer"], speeds[yardstick], strict=True))
        return statistics.median(quotients)

    medians = {f"{way}_clips_per_second": statistics.median(each) for way, each in speeds.items()}
    return {**medians, "share_of_waveforms": share("waveforms"), "share_of_features": share("features")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few steps, to see that it works")
    parser.add_argument("--threads", type=int, help="threads of torch")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the record to FILE")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    steps, rounds = (1, 1) if arguments.quick else (4, 7)
    print(f"batches of {BATCH} clips of 1 s, {torch.get_num_threads()} threads, {rounds} rounds; goal: {GOAL:.0%}")
    print(
        f"{'model':10}{'trainer':>10}{'waveforms':>11}{'features':>10}  clips/s {'of waveforms':>14}{'of features':>13}"
    )
    results = {}
    for name in MODELS:
        r = results[name] = measure(name, steps if name == "resnet50" else 4 * steps, rounds)
        speeds = [r[f"{way}_clips_per_second"] for way in ("trainer", "waveforms", "features")]
        print(f"{name:10}{speeds[0]:10.1f}{speeds[1]:11.1f}{speeds[2]:10.1f}", end="          ")
        print(f"{r['share_of_waveforms']:14.1%}{r['share_of_features']:13.1%}", flush=True)
    if arguments.out:
        record = {"benchmark": "training", "goal": GOAL, "batch_size": BATCH, "rounds": rounds, "results": results}
        record["environment"] = describe_environment("cpu")
        write_json(record, arguments.out, indent=2)


if __name__ == "__main__":
    main()
