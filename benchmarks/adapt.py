"""What ``adapt`` gives people whom the training did not know: errors before and after, with 1, 3 and 5 clips a word.

Run: ``python -m benchmarks.adapt [--data ../shared/data] [--model CHECKPOINT] [--out docs/records/adapt.json]``;
``--quick`` takes one draw and one strength. Of each word of a person, up to so many clips are drawn to adapt to, at
least one is left to test with, and this is drawn several times. The people are AN4's test speakers and FSDD's six,
clean and in the babble of NOIZEUS at 5 dB (behind the G.712 filter); the strength is chosen on Kokoro's synthetic
voices, in babble. The shipped weights heard FSDD, so the model is the shipped recipe without it:
``python -m tools.strangers --idea resnet50 compact --fold fsdd`` makes it.
"""

from __future__ import annotations

import argparse
import copy
import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from aurora_resnet.audio.mixing import mix_at_snr
from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.clips.clip_set import ClipSet, load_clips
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.environment import describe_environment
from aurora_resnet.evaluation.bootstrap import paired_difference
from aurora_resnet.files import write_json
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.word_model import predict_logits
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.cli.terminal import exit_with, tell
from aurora_resnet.teaching.adapt import METHODS, STRENGTH, adapted_model, embeddings, fit_last_layer, last_layer

Truths = npt.NDArray[np.bool_]

CLIPS = (1, 3, 5)
SNR_DB = 5.0
STRENGTHS = (0.1, 0.03, 0.01)
DRAWS = 2
FEWEST = 6
"""Clips that a person must have."""


def kokoro_voices(data: Path) -> Corpus:
    """Return the synthetic voices on which the strength is chosen; a clip a word of each voice."""
    with (data / "kokoro_tts" / "clips.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] == row["pocketsphinx"]]
    # A voice has a clip a word or two; those of one kind (af, am, bf ...) speak alike and count as one person.
    return Corpus(
        "kokoro",
        tuple(
            Utterance(data / "kokoro_tts" / row["file"], (row["label"],), f"kokoro/{row['voice'][:2]}") for row in rows
        ),
    )


def strangers(data: Path) -> Corpus:
    """Return the people whom the model never heard: AN4's test speakers, and FSDD's with five clips a word."""
    an4 = load_corpus(f"an4:{data / 'an4'}").filter(split="test", isolated=True)
    return an4.merge(load_corpus(f"fsdd:{data / 'fsdd'}").filter(split="test"))


def by_person(clips: ClipSet) -> Iterator[tuple[str, ClipSet]]:
    """Yield each person with clips enough."""
    speakers = np.array([utterance.speaker for utterance in clips.utterances])
    for name in sorted(set(speakers)):
        own = clips.part(speakers == name)
        if len(own) >= FEWEST:
            yield str(name), own


def in_babble(clips: ClipSet, data: Path) -> ClipSet:
    """Return the clips in babble at ``SNR_DB``."""
    noises = [read_audio(path)[0] for path in sorted((data / "noise" / "noizeus" / "babble").iterdir())]
    generator = np.random.default_rng(0)
    mixed = []
    for number, waveform in enumerate(clips.waveforms):
        noise = noises[number % len(noises)]
        mixture, _ = mix_at_snr(waveform.numpy(), noise, SNR_DB, sample_rate=clips.sample_rate, generator=generator)
        mixed.append(torch.from_numpy(mixture))
    return replace(clips, waveforms=tuple(mixed))


def drawn(labels: Tensor, clips: int, seed: int) -> Truths:
    """Choose up to so many clips of each word, all but one at most."""
    generator = np.random.default_rng(seed)
    chosen = np.zeros(len(labels), dtype=bool)
    for word in sorted(set(labels.tolist())):
        rows = generator.permutation(np.flatnonzero(labels.numpy() == word))
        chosen[rows[: min(clips, len(rows) - 1)]] = True
    return chosen


def right(model: RecognizerModel, clips: ClipSet) -> Truths:
    """Return which clips are recognised."""
    logits = predict_logits(model, clips, device="cpu", batch_size=64)
    answers: Truths = (logits.argmax(dim=1) == clips.labels).numpy()
    return answers


class Person:
    """One person's clips, of which everything that does not depend on the adaptation is computed once."""

    def __init__(self, model: RecognizerModel, clips: ClipSet) -> None:
        self.model, self.clips, self.layer = model, clips, last_layer(model)[1]
        self.embeddings = embeddings(model, clips)
        self.before: Truths = self._right(self.layer)

    def after(self, chosen: Truths, method: str, strength: float) -> Truths:
        """Return which of the other clips are recognised once the model is adapted to the chosen ones."""
        if method == "statistics":
            adapted = adapted_model(self.model, self.clips.part(chosen), method=method, strength=strength)
            return right(adapted, self.clips.part(~chosen))
        layer, rows = copy.deepcopy(self.layer), torch.from_numpy(np.flatnonzero(chosen))
        fit_last_layer(
            layer, self.embeddings[rows], self.clips.labels[rows], bias_only=method == "bias", strength=strength
        )
        return self._right(layer)[~chosen]

    def _right(self, layer: nn.Linear) -> Truths:
        with torch.inference_mode():
            answers: Truths = (layer(self.embeddings).argmax(dim=1) == self.clips.labels).numpy()
        return answers


def measure(people: Mapping[str, Person], clips: int, method: str, strength: float, draws: int) -> dict[str, Any]:
    """Return errors before and after, over all people and of each."""
    before, after, speakers, used = [], [], [], []
    errors: dict[str, list[float]] = defaultdict(list)
    for name, person in people.items():
        was = person.before
        for draw in range(1 if method == "statistics" else draws):  # which computes everything anew
            chosen = drawn(person.clips.labels, clips, draw)
            if chosen.sum() < 2:
                continue
            now = person.after(chosen, method, strength)
            before.append(was[~chosen])
            after.append(now)
            speakers += [name] * int((~chosen).sum())
            used.append(int(chosen.sum()))
            errors[name].append(float(was[~chosen].mean() - now.mean()))
    first, second = np.concatenate(after), np.concatenate(before)
    gain = paired_difference(first, second, speakers)
    return {
        "clips_a_word": clips,
        "method": method,
        "strength": None if method == "statistics" else strength,
        "people": len(set(speakers)),
        "clips_used": float(np.mean(used)),
        "tests": len(first),
        "error_before": 1 - float(second.mean()),
        "error_after": 1 - float(first.mean()),
        "gain": {"mean": gain.mean, "low": gain.low, "high": gain.high, "p_value": gain.p_value},
        "people_better": sum(float(np.mean(each)) < 0 for each in errors.values()),
        "people_worse": sum(float(np.mean(each)) > 0 for each in errors.values()),
    }


def main() -> int:
    """Choose on synthetic voices, measure on people, write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", default="runs/strangers/compact_fsdd/best.safetensors")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    checkpoint = load_checkpoint(options.model)
    model, config = checkpoint.model, checkpoint.model.config
    draws = 1 if options.quick else DRAWS
    ways = [("last_layer", strength) for strength in ((STRENGTH,) if options.quick else STRENGTHS)]
    voices = _people(model, in_babble(load_clips(kokoro_voices(options.data), config), options.data))
    chosen_on = []
    for way in ways:
        chosen_on += [measure(voices, clips, *way, draws) for clips in CLIPS]
        for result in chosen_on[-len(CLIPS) :]:
            tell(_line("synthetic voices", result))
    people = load_clips(strangers(options.data), config)
    results = []
    for condition, clips in (("clean", people), ("babble 5 dB", in_babble(people, options.data))):
        named = _people(model, clips)
        for method in METHODS:
            for count in CLIPS:
                result = measure(named, count, method, STRENGTH, draws)
                results.append({"condition": condition, **result})
                print(_line(condition, result))
    if options.out is not None:
        record = {
            "kind": "adapt",
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "model": checkpoint.name,
            "draws": draws,
            "chosen_on": chosen_on,
            "results": results,
            "environment": describe_environment("cpu"),
        }
        write_json(record, options.out)
    return 0


def _people(model: RecognizerModel, clips: ClipSet) -> dict[str, Person]:
    return {name: Person(model, own) for name, own in by_person(clips)}


def _line(condition: str, result: dict[str, Any]) -> str:
    return (
        f"{condition}, {result['method']} {result['strength']}, {result['clips_a_word']} clips a word: errors "
        f"{result['error_before']:.2%} -> {result['error_after']:.2%}, {result['people']} people "
        f"({result['people_better']} better, {result['people_worse']} worse)"
    )


if __name__ == "__main__":
    exit_with(main)
