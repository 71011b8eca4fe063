"""What very much costs: recordings a second and memory of ``transcribe`` and of training, at 1, 10, 100 thousand clips.

pytest benchmarks/test_scale.py --benchmark-json docs/records/scale.json

A machine without other work needs half an hour; ``SCALE_COUNTS="256 512"`` sees that it works. Transcription: WAV
files of one second (16 bits, 16 kHz), a process a processor, beside ``recognize`` on the first thousand. Training: an
epoch of ``compact`` from clips in memory, two threads. Processes: an epoch by ``torchrun`` with two processes of one
thread over one.
"""

from __future__ import annotations

import os
import statistics
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import soundfile
import torch

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.corpus import Utterance
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.runtime.audio.clips import fit_length
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.vocabulary import DIGITS
from benchmarks.measuring import Run, last_line, processor_name, run_python

COUNTS = [int(count) for count in os.environ.get("SCALE_COUNTS", "1000 10000 100000").split()]
RATE = 16_000
CLIP = 8000
"""Samples of a clip, and their rate."""
TRAINED = """
import json, sys
import torch
from benchmarks.test_scale import random_clips
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.trainer import Trainer
(count, threads, epochs, batch), out = map(int, sys.argv[1:5]), sys.argv[5]
torch.set_num_threads(threads)
torch.manual_seed(0)
model = RecognizerModel(RecognizerConfig("compact", MelConfig(sample_rate=8000)))
trainer = Trainer(model, TrainingConfig(epochs=epochs, batch_size=batch), out)
result = trainer.fit(random_clips(count))
if trainer.ranks.first:
    print(json.dumps([record.clips_per_second for record in result.history]))
trainer.ranks.leave()
"""


def random_clips(count: int) -> ClipSet:
    """Return so many clips of noise with labels."""
    waveforms = tuple(0.1 * torch.randn(int(n)) for n in torch.randint(2000, CLIP, (count,)))
    words = [DIGITS.words[number % len(DIGITS.words)] for number in range(count)]
    utterances = tuple(Utterance(Path(f"{number}.wav"), (word,), "noise") for number, word in enumerate(words))
    labels = torch.tensor([DIGITS.words.index(word) for word in words])
    return ClipSet(utterances, labels, CLIP, CLIP, waveforms)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Recordings of one second, each under as many names as are needed."""
    home, words = tmp_path_factory.mktemp("in"), list(read_samples())[:200]
    paths = [home / f"{number // 1000:04d}" / f"{number:07d}.wav" for number in range(max(COUNTS))]
    for number, path in enumerate(paths):
        path.parent.mkdir(exist_ok=True)
        if number < len(words):
            samples, rate = read_audio(words[number].path)
            soundfile.write(path, fit_length(resample(samples, rate, RATE), RATE), RATE, subtype="PCM_16")
        else:
            path.hardlink_to(paths[number % len(words)])
    return list(map(str, paths))


def keep(facts: dict[str, Any], part: str, what: str, clips: int, run: Run) -> None:
    """Put a row into the record."""
    facts.update(processor=processor_name(), processors=len(os.sched_getaffinity(0)))
    row = {key: value for key, value in asdict(run).items() if key != "said"}
    row |= {"what": what, "clips": clips, "per_second": clips / run.seconds}
    row["processor_ms"] = 1e3 * run.processor_seconds / clips
    facts.setdefault(part, {"rows": []})["rows"].append(row)


@pytest.mark.parametrize("count", [0, *COUNTS])
def test_transcription(
    benchmark: Any, facts: dict[str, Any], recordings: list[str], tmp_path: Path, count: int
) -> None:
    """``transcribe``; at 0 ``recognize`` on the first thousand."""
    first = recordings[: min(1000, COUNTS[0])]
    listed, out = tmp_path / "list.txt", tmp_path / "out"
    listed.write_text("\n".join(recordings[:count]) + "\n")
    command = ["transcribe", str(listed), "--model", "compact", "--format", "csv", "--out", str(out)]
    command = command if count else ["recognize", "--model", "compact", "--json", *first]
    run = benchmark.pedantic(run_python, args=("-m", "aurora_resnet", *command), rounds=1)
    assert count == sum(len(path.read_text(encoding="utf-8").splitlines()) - 1 for path in out.glob("rows/*.csv"))
    keep(facts, "transcription", command[0], count or len(first), run)


@pytest.mark.parametrize("count", COUNTS)
def test_training(benchmark: Any, facts: dict[str, Any], tmp_path: Path, count: int) -> None:
    run = benchmark.pedantic(
        run_python, args=("-c", TRAINED, str(count), "2", "1", "64", str(tmp_path / "out")), rounds=1
    )
    keep(facts, "training", "training", count, run)


@pytest.mark.parametrize("batch", [64, 512])
def test_processes(benchmark: Any, facts: dict[str, Any], tmp_path: Path, batch: int) -> None:
    """Two processes over one, in turn; goal 1.7. ``batch`` is that of all processes together."""
    script, speeds = tmp_path / "trained.py", {"1": list[float](), "2": list[float]()}
    script.write_text(TRAINED)

    def turn() -> None:
        for number, found in speeds.items():
            out = tmp_path / f"{number}-{len(found)}"
            torchrun = ("-m", "torch.distributed.run", "--nproc-per-node", number, str(script))
            run = run_python(*torchrun, str(max(min(COUNTS), 4 * batch)), "1", "2", str(batch), str(out))
            found.append(last_line(run)[-1])

    benchmark.pedantic(turn, rounds=3)
    ratio = statistics.median(two / one for one, two in zip(speeds["1"], speeds["2"], strict=True))
    row = {"batch": batch, "clips_per_second": speeds, "ratio": ratio}
    facts.setdefault("processes", {"rows": []})["rows"].append(row)
