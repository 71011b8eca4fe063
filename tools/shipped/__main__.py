"""What a shipped model reaches: accuracy clean and in unseen noise, calibration, rejection, size; one record a model.

Run: ``python -m tools.shipped --model resnet50 [--data ../shared/data] [--out FILE]``. ``--model`` is the name of
a model that comes with the package, a checkpoint or an exported file (``.onnx``). The committed records are
``docs/records/shipped/NAME.json`` of the checkpoints and ``NAME_int8.json`` of the exported files. Nothing that is
measured here may be used for training or tuning, but the Speech Commands background noises: trainings may hear them.

- *clean*: FSDD's official test (speakers of training), AN4's test speakers, Speech Commands digits (unseen speakers).
- *noisy*: FSDD's test and AN4's test speakers in the eight NOIZEUS scenes, at SNRs by plain RMS (``noisy_sets``).
  A clip keeps its stretch of noise at all SNRs. The scenes are of one size, so their pooled share is their mean.
- *calibration error* in 15 bins, and *rejection* at the operating point that the model keeps (``scores``).

The table at the end is that of ``targets``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet.clips.clip_set import ClipSet, load_clips, load_negatives
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.environment import describe_environment, set_threads
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.files import write_json
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.cli.terminal import exit_with
from tools.shipped.model import MeasuredModel
from tools.shipped.near_words import read_near_words
from tools.shipped.noisy_sets import (
    WHITE_LEVELS_DB,
    draw_noise,
    mix_by_rms,
    negative_clips,
    read_sounds,
    white_noise,
    windows,
)
from tools.shipped.scores import negative_row, word_row
from tools.shipped.sets import MeasuringSets
from tools.shipped.targets import AN4_SNRS_DB, SNRS_DB, target_table

WHITE_WINDOWS = 20
QUICK = 10
"""``--quick`` takes every tenth recording."""


class Measurement:
    """A model, and what is measured of it group by group."""

    def __init__(self, model: MeasuredModel, sets: MeasuringSets, *, seed: int) -> None:
        self.started = time.perf_counter()
        self.model, self.sets, self.seed = model, sets, seed
        facts = model.scoring.facts
        self.rate, self.length = facts.sample_rate, facts.clip_samples
        self.clips = {name: load_clips(corpus, facts) for name, corpus in sets.digits.items()}
        self.scenes = {scene: read_sounds(corpus, self.rate) for scene, corpus in sets.scenes.items()}

    def record(self, device: str) -> dict[str, Any]:
        """Measure everything; ``device`` is where that happens."""
        clean = self.clean()
        fsdd, an4 = self.noisy("fsdd", SNRS_DB), self.noisy("an4", AN4_SNRS_DB)
        fsdd["mean_0_to_20_db"] = float(np.mean([fsdd["mean"][str(s)]["accuracy"] for s in SNRS_DB if s >= 0]))
        an4["mean_0_to_20_db"] = float(np.mean([an4["mean"][str(s)]["accuracy"] for s in AN4_SNRS_DB if s >= 0]))
        under_word_only = self.noisy("fsdd", (0,), under_word_only=True)
        return {
            "benchmark": "shipped",
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "seed": self.seed,
            "model": self.model.describe(),
            "operating_point": self.model.scoring.facts.calibration.to_dict(),
            "clean": clean,
            "noisy": {"fsdd": fsdd, "an4": an4, "fsdd_noise_under_word_only": under_word_only},
            "calibration_error": {
                "clean_pooled": clean["pooled"]["calibration_error"],
                "clean_an4": clean["an4"]["calibration_error"],
                "fsdd_5db": fsdd["mean"]["5"]["calibration_error"],
                "an4_5db": an4["mean"]["5"]["calibration_error"],
            },
            "near_words": self.near_words(),
            "other_words": self.other_words(),
            "noise": self.noises(),
            "data": self.sets.describe(),
            "environment": describe_environment(device),
            "seconds": time.perf_counter() - self.started,
        }

    def clean(self) -> dict[str, Any]:
        """Score the three clean sets and all of them together."""
        answers = {name: self.answers(clips) for name, clips in self.clips.items()}
        answers["pooled"] = Answers.pool(list(answers.values()))
        return {name: word_row(each) for name, each in answers.items()}

    def noisy(self, name: str, snrs_db: Sequence[int], *, under_word_only: bool = False) -> dict[str, Any]:
        """Score a set in every scene at every SNR, and all scenes together at every SNR."""
        clips = self.clips[name]
        scenes: dict[str, Any] = {}
        by_snr: dict[str, list[Answers]] = {str(snr_db): [] for snr_db in snrs_db}
        for scene, recordings in self.scenes.items():
            generator = np.random.default_rng([self.seed, *f"{name} {scene}".encode()])
            noise = draw_noise(recordings, len(clips), self.length, generator)
            scenes[scene] = {}
            for snr_db in snrs_db:
                answers = self.answers(mix_by_rms(clips, noise, snr_db, under_word_only=under_word_only))
                scenes[scene][str(snr_db)] = word_row(answers)
                by_snr[str(snr_db)].append(answers)
            elapsed = time.perf_counter() - self.started
            print(f"{elapsed:6.0f} s: {name} in {scene} at {snrs_db} dB", file=sys.stderr, flush=True)
        pooled = {snr_db: Answers.pool(answers) for snr_db, answers in by_snr.items()}
        return {
            "scenes": scenes,
            "mean": {snr_db: word_row(each) for snr_db, each in pooled.items()},
        }

    def near_words(self) -> dict[str, Any]:
        """Count what is accepted of the letters and other words of AN4's test speakers."""
        kinds = read_near_words(self.sets.an4, self.rate, self.length)
        return {kind: negative_row(self.sounds(sounds)) for kind, sounds in kinds.items()}

    def other_words(self) -> dict[str, Any]:
        """Count what is accepted of other words."""
        corpus = self.sets.other_words
        answers = self.answers(load_negatives(corpus, self.model.scoring.facts))
        return negative_row(answers, [utterance.word for utterance in corpus])

    def noises(self) -> dict[str, Any]:
        """Count what is accepted of noise; ``trained`` says that trainings may hear such recordings."""
        scenes = {scene: self.cut(recordings) for scene, recordings in self.scenes.items()}
        generator = np.random.default_rng([self.seed, *b"white"])
        made = {"silence": [np.zeros(self.length, np.float32)]} | {
            f"white {level_db} dB": white_noise(level_db, WHITE_WINDOWS, self.length, generator)
            for level_db in WHITE_LEVELS_DB
        }
        noizeus, scene_of = self.grouped(scenes)
        made_answers, kind_of = self.grouped(made)
        nonspeech = self.sounds(self.cut(read_sounds(self.sets.nonspeech, self.rate)))
        background = self.sounds(self.cut(read_sounds(self.sets.background, self.rate)))
        rows = {
            "speech_commands_background": negative_row(background),
            "noizeus": negative_row(noizeus, scene_of),
            "nonspeech100": negative_row(nonspeech),
            "never_trained": negative_row(Answers.pool([noizeus, nonspeech])),
            "made": negative_row(made_answers, kind_of),
        }
        return {name: {"trained": name == "speech_commands_background"} | row for name, row in rows.items()}

    def answers(self, clips: ClipSet) -> Answers:
        """Return what the model says about clips."""
        return Answers.of(self.model.scoring, clips)

    def cut(self, recordings: Sequence[Samples]) -> list[Samples]:
        """Cut sounds to the model's window."""
        return [window for recording in recordings for window in windows(recording, self.length)]

    def sounds(self, sounds: Sequence[Samples]) -> Answers:
        """Return what the model says about sounds that are none of its words."""
        return self.answers(negative_clips(sounds, self.model.scoring.facts))

    def grouped(self, groups: dict[str, list[Samples]]) -> tuple[Answers, list[str]]:
        """Return what the model says about groups of sounds, and the group of each."""
        names = [name for name, sounds in groups.items() for _ in sounds]
        return self.sounds([sound for sounds in groups.values() for sound in sounds]), names


def main() -> None:
    """Measure one model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="name of a shipped model, a checkpoint or a .onnx file")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the recordings")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the record to FILE")
    parser.add_argument("--device", default="cpu", help="where to compute (default cpu)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    parser.add_argument("--seed", type=int, default=0, help="of the places where noise is cut (default 0)")
    parser.add_argument("--quick", action="store_true", help="every tenth recording, to see that it works")
    options = parser.parse_args()
    step = QUICK if options.quick else 1

    def take(corpus: Corpus) -> Corpus:
        return replace(corpus, utterances=corpus.utterances[::step])

    set_threads(options.threads)
    sets = MeasuringSets.read(options.data, take)
    model = MeasuredModel.open(options.model, device=options.device, threads=options.threads)
    record = Measurement(model, sets, seed=options.seed).record(options.device)
    record["quick"] = options.quick
    if options.out:
        write_json(record, options.out, indent=1)
    print(target_table(record))


if __name__ == "__main__":
    exit_with(main)
