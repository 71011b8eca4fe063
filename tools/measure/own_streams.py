"""Own words in streams: what is recognised of words that are said alone, and false accepts an hour of real talk.

Words: those of ``own_words``, each between 1.5 s of noise as loud as the quietest 80 ms of its recording. Talk: sentences
on the telephone (WUW Corpus II), read sentences, telephone numbers and spelt names, counting (``people/strings``) and the
test sentences of AN4, a stream for each file, without those that say one of the words. Whose sentences are in the bank
are left out of it: it is parted by people, and each part answered by a layer that did not learn from it.

Where words are said alone, what a stream asks its model does not depend on the answers: each stretch is described once,
and every layer answers all of them.
"""

import math
import tempfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from aurora_resnet.corpora.sources.an4 import read_an4_aligned
from aurora_resnet.runtime.audio.clips import read_clip
from aurora_resnet.runtime.audio.reading import audio_info, read_audio
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.decision import Calibration, evidence
from aurora_resnet.runtime.models import ModelFacts
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.streaming.recognizer import StreamingRecognizer
from aurora_resnet.runtime.vocabulary import Vocabulary
from aurora_resnet.teaching.encoder import Encoder, Vectors
from aurora_resnet.teaching.head import Layer, fit_layer
from aurora_resnet.teaching.negatives import TALK, Bank, load_bank
from tools.make_negatives import talk as talk_of_the_bank
from tools.make_training_corpus import people_strings
from tools.measure.own_words import REFUSED, Words, enrolled, read_words, some_of_each
from tools.measure.records import Job, Record, Settings, header

AROUND_SECONDS, LEVEL_SECONDS = 1.5, 0.08
PARTS = 2
#: Of ``own_words``; recordings of each word, and draws.
SETS, CLIPS, SEEDS = ("commands", "rare", "an4"), 5, 3
TELEPHONE = "telephone sentences"
KINDS = {
    "speechocean_talk": "read sentences",
    "alphanumeric": "telephone numbers, spelt names",
    "coswara": "counting",
}


def jobs(settings: Settings) -> Iterator[Job]:
    """Yield what makes the record of each set."""
    encoder = Encoder()
    for name in SETS:
        yield Job(settings.path(f"own_streams/{name}.json"), partial(measure, name, settings, encoder))


class Talk(NamedTuple):
    """A recording of talk, of some kind, and what is said in it where that is known."""

    kind: str
    path: Path
    said: tuple[str, ...] = ()


def part_of(path: Path) -> int:
    """Return the part of the people in which who speaks in a file is: sessions, or ids before the last underscore."""
    return zlib.crc32(path.stem.rpartition("_")[0].encode()) % PARTS


def read_talk(data: Path) -> list[Talk]:
    """Return all talk; what is said on the telephone is not written down."""
    found = [Talk(TELEPHONE, path) for path in sorted((data / "wuw_corpus_ii" / "sentence").iterdir())]
    said = [
        (KINDS[each.collection], each.utterance)
        for each in people_strings(data / "people" / "strings")
        if each.collection in KINDS
    ]
    said += [("AN4", each.utterance) for each in read_an4_aligned(data / "an4") if each.utterance.split == "test"]
    return found + [Talk(kind, utterance.path, utterance.words) for kind, utterance in said]


class _Asked:
    """A model that keeps the clips that a stream asks about, and accepts none."""

    def __init__(self, facts: ModelFacts, clip_samples: int) -> None:
        self.clips = list[Samples]()
        point, vocabulary = Calibration(threshold=0.0), Vocabulary(("word", "other"))
        self.facts = replace(facts, vocabulary=vocabulary, calibration=point, clip_samples=clip_samples)

    def logits(self, clips: Samples) -> npt.NDArray[np.float32]:
        """Keep clips."""
        self.clips += list(clips)
        return np.full((len(clips), 2), -9.0, np.float32)

    def features(self, clips: Samples) -> npt.NDArray[np.float32]:
        """Not asked by streams."""
        raise NotImplementedError


@cache
def asked(encoder: Encoder, clip_samples: int, path: Path, *, alone: bool) -> Vectors | None:
    """Return the embeddings of all stretches of a file that a stream asks its model about.

    Args:
        encoder: describes them.
        clip_samples: length of the model's clips.
        path: the file.
        alone: put it between noise, and pass over what is asked before it begins.
    """
    model = _Asked(encoder.facts, clip_samples)
    samples, rate = (
        (between_noise(path, encoder.facts.sample_rate), encoder.facts.sample_rate) if alone else read_audio(path)
    )
    stream = StreamingRecognizer(Recognizer(model), rate)
    before = round((AROUND_SECONDS - 0.5) * rate) if alone else 0
    stream.feed(samples[:before])
    model.clips.clear()
    stream.feed(samples[before:])
    stream.finish()
    return encoder.embed(np.stack(model.clips)) if model.clips else None


def between_noise(path: Path, rate: int) -> Samples:
    """Return a recording between noise that is as loud as its quietest moment."""
    samples = read_clip(path, rate, math.inf)
    window = round(LEVEL_SECONDS * rate)
    energy = np.concatenate(([0.0], np.square(samples, dtype=np.float64).cumsum()))
    level = float(np.sqrt(max(0.0, (energy[window:] - energy[:-window]).min() / window)))
    generator = np.random.default_rng(zlib.crc32(path.name.encode()))
    before, behind = (generator.normal(0, level, round(AROUND_SECONDS * rate)).astype(np.float32) for _ in range(2))
    return np.concatenate((before, samples, behind))


def measure(name: str, settings: Settings, encoder: Encoder) -> Record:
    """Enrol one set from several draws, and look for its words in streams."""
    with tempfile.TemporaryDirectory() as folder:
        words = read_words(name, settings.data, Path(folder))
        bank = load_bank().without(words.named)
        of_talk = [path.path for path in talk_of_the_bank(settings.data)]
        if (bank.labels == TALK).sum() != len(of_talk):
            raise SystemExit("the bank does not hold this talk; make it again: python -m tools.make_negatives")
        bank_part = np.full(len(bank), -1)
        bank_part[bank.labels == TALK] = [part_of(path) for path in of_talk]
        talk = [each for each in read_talk(settings.data) if not set(each.said) & set(words.spoken.words)]
        rows = [_draw(words, seed, bank, bank_part, talk, encoder) for seed in range(1 if settings.quick else SEEDS)]
    return {"kind": "own_streams", "set": name, "clips": CLIPS, "rows": rows, **header(settings.device)}


def _draw(
    words: Words,
    seed: int,
    bank: Bank,
    bank_part: npt.NDArray[np.int64],
    talk: list[Talk],
    encoder: Encoder,
) -> Record:
    """Enrol some recordings as ``enrol`` does, and count what streams accept of words, of other words and of talk."""
    drawn = some_of_each(words.enrolling, words.spoken.words, CLIPS, seed)
    taught, lessons, calibration = enrolled(drawn, bank, encoder)
    names, length = taught.network.vocabulary.words, taught.network.clip_samples
    layers = [fit_layer(lessons.words, lessons.labels, bank.vectors[bank_part != part]) for part in range(PARTS)]
    whole = lessons.layer(slice(None))

    def answers(path: Path, layer: Layer, *, alone: bool = False) -> list[tuple[float, str]]:
        if (found := asked(encoder, length, path, alone=alone)) is None:
            return [(-math.inf, "")] if alone else []
        logits = bank.project(found) @ layer[0].T + layer[1]
        return list(zip(evidence(logits).tolist(), [names[k] for k in logits.argmax(axis=1)], strict=True))

    said = [(u.word, max(answers(u.path, whole, alone=True))) for u in words.spoken]
    other = [max(answers(u.path, whole, alone=True))[0] for u in words.others]
    talked = [(*found, each.kind) for each in talk for found in answers(each.path, layers[part_of(each.path)])]
    seconds: dict[str, float] = defaultdict(float)
    for each in talk:
        seconds[each.kind] += audio_info(each.path).seconds
    at_recall = sorted(found for _, (found, _) in said)[int(REFUSED * len(said))]

    def at(point: float) -> Record:
        events: dict[str, Counter[str]] = {kind: Counter() for kind in seconds}
        for found, word, kind in talked:
            events[kind][word] += found >= point
        hours, count = sum(seconds.values()) / 3600, sum(words.total() for words in events.values())
        return {
            "threshold": point,
            "recall": float(np.mean([found >= point for _, (found, _) in said])),
            "right": float(np.mean([found >= point and answer == word for word, (found, answer) in said])),
            "others_accepted": float(np.mean(np.array(other) >= point)),
            "events": {kind: dict(+words) for kind, words in events.items()},
            "an_hour": count / hours,
            # Garwood's; its lower end is 0 where nothing was counted.
            "interval": (np.nan_to_num(chi2.ppf([0.025, 0.975], [2 * count, 2 * count + 2])) / 2 / hours).tolist(),
        }

    return {
        "seed": seed,
        "test_clips": len(said),
        "other_clips": len(other),
        "talk_seconds": dict(seconds),
        "at_recall": at(at_recall),
        "by_teach": at(calibration.threshold or 0.0),
    }
