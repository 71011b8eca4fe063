"""What the ``Trainer`` costs beside a bare loop on ready tensors, and the building of noisy speech at Aurora-2's size.

pytest benchmarks/test_training.py -k trainer --benchmark-json docs/records/benchmarks/training.json
pytest benchmarks/test_training.py -k noisy --benchmark-json docs/records/benchmarks/noisy_corpus.json

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

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.noisy_corpus.build import build_noisy_corpus
from aurora_resnet.noisy_corpus.scenes import SCENE_NAMES, NoiseScenes
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.trainer import Trainer
from benchmarks.measuring import last_line, run_python

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


def make_speech(folder: Path, share: float) -> Corpus:
    """Write forty recordings of three words and link to them as often as a share of Aurora-2 asks for."""
    folder.mkdir()
    generator, samples = np.random.default_rng(0), list(read_samples())
    recordings = []
    for number in range(40):
        three = [samples[int(i)] for i in generator.integers(len(samples), size=3)]
        write_audio(np.concatenate([read_audio(word.path)[0] for word in three]), folder / f"{number}.wav", RATE)
        recordings.append((folder / f"{number}.wav", tuple(word.word for word in three)))
    utterances = []
    for split, count, speakers in (("train", round(share * 8440), 110), ("test", round(share * 4004), 104)):
        for number in range(count):
            path, said = recordings[number % len(recordings)]
            link, sex = folder / f"{split}_{number}.wav", "fm"[number % 2]
            link.hardlink_to(path)
            utterances.append(
                Utterance(link, said, f"{split}/{number % speakers}{sex}", split, attributes={"sex": sex})
            )
    return Corpus("repeated", tuple(utterances))


def build_part(folder: Path, share: float) -> int:
    """Build a share of the noisy corpus on two processes; return the number of files."""
    noises = [read_audio(path)[0] for path in sample_noises().values()]
    paths = {scene: folder / f"{scene}.wav" for scene in SCENE_NAMES}
    for number, path in enumerate(paths.values()):
        different = 0.001 * np.random.default_rng(number).standard_normal(30 * RATE)  # each scene is another recording
        write_audio(np.clip(np.resize(noises[number % len(noises)], 30 * RATE) + different, -1, 1), path, RATE)
    speech = make_speech(folder / "speech", share)
    scenes = NoiseScenes({scene: (path,) for scene, path in paths.items()})
    return build_noisy_corpus(speech, scenes, folder / "out", seed=0, train=True, workers=2).written


@pytest.mark.parametrize("share", [0.05, 0.1])
def test_noisy_corpus(benchmark: Any, tmp_path: Path, share: float) -> None:
    """A part of Aurora-2's 86,950 files on two processes; goals: 78,510 in 10 minutes, and steady memory."""
    code = (
        "import sys; from pathlib import Path; from benchmarks.test_training import build_part; "
        "print(build_part(Path(sys.argv[1]), float(sys.argv[2])))"
    )
    run = benchmark.pedantic(run_python, args=("-c", code, str(tmp_path), str(share)), rounds=1)
    about = {"processor_seconds": run.processor_seconds, "memory_mb": run.memory_mb}
    benchmark.extra_info.update(about, files=last_line(run))
