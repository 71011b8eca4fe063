"""What the ``Trainer`` costs beside a bare loop on ready tensors.

pytest benchmarks/test_training.py --benchmark-json docs/records/benchmarks/training.json

Three ways to do the same steps of SGD: the ``Trainer`` (order, positions, batches, front end, step, bookkeeping), a
bare loop on one ready batch of waveforms, and one on ready features, without the front end. Goal: 90 % of the bare
loop.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.corpus import Utterance
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.trainer import Trainer

RATE, BATCH, ROUNDS = 8000, 32, 7


def random_clips(count: int) -> ClipSet:
    """Return so many clips of noise with labels."""
    waveforms = tuple(0.1 * torch.randn(int(n)) for n in torch.randint(2000, RATE, (count,)))
    words = [DIGITS.words[number % len(DIGITS.words)] for number in range(count)]
    utterances = tuple(Utterance(Path(f"{number}.wav"), (word,), "noise") for number, word in enumerate(words))
    labels = torch.tensor([DIGITS.words.index(word) for word in words])
    return ClipSet(utterances, labels, RATE, RATE, waveforms)


def bare_loop(model: nn.Module, ready: Tensor, labels: Tensor, steps: int) -> Callable[[], None]:
    """Return forward, backward and step, so many times."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, nesterov=True, weight_decay=1e-4)

    def run() -> None:
        model.train()
        for _ in range(steps):
            loss = F.cross_entropy(model(ready), labels)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.step()

    return run


@pytest.mark.parametrize(("model", "steps"), [("resnet50", 10), ("cnn", 40)])
def test_trainer(benchmark: Any, facts: dict[str, Any], tmp_path: Path, model: str, steps: int) -> None:
    torch.manual_seed(0)
    clips = random_clips(steps * BATCH)
    waveforms, labels = clips.batch(range(BATCH)), clips.labels[:BATCH]
    options: dict[str, Any] = {"stages": 3} if model == "resnet50" else {}
    ours, on_waveforms, on_features = (
        RecognizerModel(RecognizerConfig(model, MelConfig(RATE), options=options)) for _ in range(3)
    )
    trainer = Trainer(ours, TrainingConfig(epochs=ROUNDS + 2, batch_size=BATCH), tmp_path)
    features = on_features.frontend(waveforms).detach()
    bare = {
        "waveforms": bare_loop(on_waveforms, waveforms, labels, steps),
        "features": bare_loop(on_features.classifier, features, labels, steps),
    }
    spent: dict[str, list[float]] = {name: [] for name in ("trainer", *bare)}

    def turn() -> None:
        """Let the three take turns, so that a busy machine hits all alike."""
        for name, run in {"trainer": lambda: trainer.run_epoch(clips, len(clips), 0, None), **bare}.items():
            start = time.perf_counter()
            run()
            spent[name].append(time.perf_counter() - start)

    benchmark.pedantic(turn, rounds=ROUNDS, warmup_rounds=1)
    share = {
        f"share_of_{name}": statistics.median(t / o for o, t in zip(spent["trainer"], spent[name], strict=True))
        for name in bare
    }
    speed = len(clips) / statistics.median(spent["trainer"])
    facts.setdefault("results", {})[model] = {"trainer_clips_per_second": speed, **share}
