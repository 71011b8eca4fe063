"""The study's test: FSDD's two test speakers and AN4's nine, in the sets A, B and C of the Aurora protocol."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from aurora_resnet.clips.clip_set import ClipSet, load_clips
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.manifest import write_csv
from aurora_resnet.corpora.sources.an4 import read_an4
from aurora_resnet.corpora.sources.aurora2 import SAMPLE_RATE, read_aurora2
from aurora_resnet.corpora.sources.fsdd import read_fsdd
from aurora_resnet.corpora.splits import with_test_speakers
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig
from aurora_resnet.noisy_corpus.build import build_noisy_corpus
from aurora_resnet.recognition.word_model import predict_logits
from aurora_resnet.runtime.vocabulary import DIGITS
from tools.make_training_corpus import people_words

TEST_SPEAKERS = ("fsdd/theo", "fsdd/yweweler")
#: Recordings 0 to 9 of each of FSDD's test speakers and digits, so that the two do not outweigh AN4's nine.
INDICES = 10
#: The classes in the order of ``WORDS``, one letter each.
LETTERS = "0123456789o"


@dataclass(frozen=True)
class StudyTest:
    """The clips of all conditions in memory.

    Attributes:
        clips: all of them, condition after condition.
        conditions: ``set/noise/snr`` of each clip; clean clips have the noise of their part.
    """

    clips: ClipSet
    conditions: tuple[str, ...]

    @classmethod
    def load(cls, folder: Path) -> StudyTest:
        """Read the tree that ``build`` wrote."""
        corpus = read_aurora2(folder).filter(isolated=True)
        ordered = sorted(corpus, key=lambda u: (_condition(u.attributes), u.path.name))
        network = RecognizerConfig("cnn", MelConfig(sample_rate=SAMPLE_RATE))
        clips = load_clips(Corpus("study test", tuple(ordered)), network)
        return cls(clips, tuple(_condition(u.attributes) for u in clips.utterances))

    def truth(self) -> dict[str, dict[str, object]]:
        """Return words, speakers and a digest of the samples by condition."""
        rows: dict[str, dict[str, object]] = {}
        for condition, indices in self._by_condition().items():
            samples = hashlib.sha256(b"".join(self.clips.waveforms[i].numpy().tobytes() for i in indices))
            rows[condition] = {
                "words": "".join(LETTERS[int(self.clips.labels[i])] for i in indices),
                "speakers": [self.clips.utterances[i].speaker for i in indices],
                "samples_sha256": samples.hexdigest(),
            }
        return rows

    def answers(self, model: nn.Module, *, bfloat16: bool = True) -> dict[str, str]:
        """Return the recognised words by condition, one letter a clip.

        Args:
            model: from waveforms to logits.
            bfloat16: compute the network in bfloat16, as the study's training does; front end and weights stay float32.
        """
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            predicted = predict_logits(model, self.clips, device="cpu", batch_size=64).argmax(dim=1).tolist()
        return {
            condition: "".join(LETTERS[predicted[i]] for i in indices)
            for condition, indices in self._by_condition().items()
        }

    def clean(self) -> tuple[Tensor, Tensor]:
        """Return waveforms ``[B, N]`` and classes of the clips without noise, in the channel of sets A and B."""
        indices = [n for n, name in enumerate(self.conditions) if name.startswith("a/") and name.endswith("/clean")]
        return self.clips.batch(indices), self.clips.labels[indices]

    def _by_condition(self) -> dict[str, list[int]]:
        indices: dict[str, list[int]] = {}
        for number, condition in enumerate(self.conditions):
            indices.setdefault(condition, []).append(number)
        return indices


def build(data: Path, out: Path, *, quick: bool = False) -> Path:
    """Build the test tree, or finish it, and return its folder; ``truth.json`` beside it is for the records.

    Args:
        data: the folder of ``fsdd``, ``an4`` and ``noise/noizeus``.
        out: the study's folder.
        quick: one recording of FSDD's digits, a tenth of AN4's words, and two SNRs.
    """
    folder = out / "test"
    fsdd = with_test_speakers(read_fsdd(data / "fsdd"), TEST_SPEAKERS).filter(split="test")
    an4 = read_an4(data / "an4").filter(split="test", isolated=True)
    if quick:
        an4 = replace(an4, utterances=an4.utterances[::10])
    speech = fsdd.filter(index=[str(index) for index in range(1 if quick else INDICES)]).merge(an4)
    snrs_db: Sequence[int] = (10, 0) if quick else (20, 15, 10, 5, 0, -5)
    build_noisy_corpus(speech, data / "noise" / "noizeus", folder, seed=1, snrs_db=snrs_db, progress=True)
    return folder


def list_people(data: Path, out: Path) -> None:
    """Write ``out/people.csv``, the manifest of the digits of ``people``; none of its speakers is in the test."""
    said = [each for each in people_words(data / "people") if each.word in DIGITS]
    rows = [Utterance(each.path.absolute(), each.words, f"people/{each.speaker}") for each in said]
    write_csv(rows, out / "people.csv")


def _condition(attributes: Mapping[str, str]) -> str:
    return f"{attributes['set']}/{attributes['noise']}/{attributes['snr_db']}"
