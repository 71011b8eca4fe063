"""Recordings of new words as vectors: layers that are fitted to parts of them, and what these answer to the rest."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aurora_resnet.calibration.fitting import lowest_threshold
from aurora_resnet.calibration.word_point import fit_calibration
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.runtime.decision import Calibration, evidence
from aurora_resnet.teaching.clips import TeachingClips
from aurora_resnet.teaching.encoder import Encoder, Vectors
from aurora_resnet.teaching.folds import assign_groups, possible_groups
from aurora_resnet.teaching.head import Layer, fit_layer
from aurora_resnet.teaching.negatives import NOISE, TALK, Bank
from aurora_resnet.teaching.synthetic import VOICE, by_people

#: Parts of the recordings, of which each is held out once.
GROUPS = 5
#: Of the bank, of which each is held out once while all recordings are learnt.
BANK_PARTS = 2
#: Of the bank's other words, at most; chosen on speakers of Speech Commands who are in no test (even ids).
OTHERS_ACCEPTED = 0.05
#: So many synthetic voices a recording of a person weighs; see docs/own-words.md.
PEOPLE_COUNT = 4
#: Cosine of the mean vectors of two words from which on they are named as sounding alike; see docs/own-words.md.
ALIKE = 0.55


@dataclass
class Lessons:
    """Vectors of recordings, and layers fitted to parts of them.

    Args:
        clips: words and anything else.
        encoder: describes them.
        bank: of negatives that say none of the words.
        groups: parts of the recordings, of which each is held out once, at most.
    """

    clips: TeachingClips
    encoder: Encoder
    bank: Bank
    groups: int = GROUPS

    def __post_init__(self) -> None:
        words, negatives = self.clips.words, self.clips.negatives
        self.labels: npt.NDArray[np.int64] = words.labels.numpy()
        self.words, self.own = self._vectors(words), self._vectors(negatives)
        groups = possible_groups(self.clips.recordings, self.groups)
        self.group, self.own_group, self.by_speaker = assign_groups(words.utterances, negatives.utterances, groups)
        if any(len(set(self.labels[self.group != g])) < len(words.vocabulary) for g in range(groups)):
            # Some word is said by one speaker alone.
            same = [replace(utterance, speaker="") for utterance in words.utterances]
            groups = min(self.groups, *np.bincount(self.labels).tolist())
            self.group, self.own_group, self.by_speaker = assign_groups(same, negatives.utterances, groups)
        self.groups = groups
        people = by_people(words.utterances)
        self.times = np.where(people & ~people.all(), PEOPLE_COUNT, 1)
        self.bank_part = np.arange(len(self.bank)) % BANK_PARTS

    def _vectors(self, clips: ClipSet) -> Vectors:
        if not len(clips):
            return self.bank.vectors[:0]
        return self.bank.project(self.encoder.embed(clips.batch(range(len(clips))).numpy()))

    def layer(self, words: npt.NDArray[np.bool_] | slice, group: int = -1, part: int = -1) -> Layer:
        """Return the layer fitted to some recordings, own negatives of all groups but one and all parts but one."""
        chosen = np.arange(len(self.words))[words]
        chosen = np.repeat(chosen, self.times[chosen])
        own, bank = self.own[self.own_group != group], self.bank.vectors[self.bank_part != part]
        return fit_layer(self.words[chosen], self.labels[chosen], np.concatenate((own, bank)))

    def held_out(self, words: npt.NDArray[np.bool_] | slice = slice(None)) -> tuple[Vectors, Vectors, Vectors]:
        """Return logits of the recordings, own negatives and bank by layers that did not learn from them.

        Args:
            words: the recordings from which layers may learn.
        """
        may = np.zeros(len(self.words), np.bool_)
        may[words] = True
        said, own, of_bank = (
            np.zeros((len(each), len(self.clips.words.vocabulary)), np.float32)
            for each in (self.words, self.own, self.bank.vectors)
        )
        for group in sorted(set(self.group.tolist())):
            weights, biases = self.layer(may & (self.group != group), group)
            said[self.group == group] = self.words[self.group == group] @ weights.T + biases
            own[self.own_group == group] = self.own[self.own_group == group] @ weights.T + biases
        for part in range(BANK_PARTS):
            weights, biases = self.layer(may, part=part)
            of_bank[self.bank_part == part] = self.bank.vectors[self.bank_part == part] @ weights.T + biases
        return said, own, of_bank

    def alike(self) -> list[tuple[str, str, float]]:
        """Return pairs of words whose mean vectors are near each other, the nearest first."""
        names = self.clips.words.vocabulary.words
        means = np.stack([self.words[self.labels == k].mean(axis=0) for k in range(len(names))])
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        near = means @ means.T
        pairs = [(names[i], names[j], float(near[i, j])) for i in range(len(names)) for j in range(i)]
        return sorted((pair for pair in pairs if pair[2] >= ALIKE), key=lambda pair: -pair[2])

    def correction(self, before: Collection[Path], after: Vectors, calibration: Calibration) -> str:
        """Return what held-out answers were without the recordings that were wrong, and with them.

        Args:
            before: the recordings that were there before; the rest were wrong.
            after: logits of all, held out.
            calibration: with them.
        """
        old = np.array([u.path in before for u in self.clips.words.utterances])
        logits = self.held_out(old)[0]
        earlier = fit_calibration(answers_of(self.clips.words.part(old), logits[old]), words_refused=0.05)
        lines = [
            f"{'recordings' if mask is old else 'false refusals'} recognised and accepted, held out: "
            f"{_count(logits, self.labels, earlier, mask)} before, {_count(after, self.labels, calibration, mask)} now "
            f"of {int(mask.sum())}"
            for mask in (old, ~old)
            if mask.any()
        ]
        return "; ".join(lines)


def choose(spoken: Answers, bank: Vectors, labels: npt.NDArray[np.str_], words_refused: float) -> Calibration:
    """Return the calibration: the threshold refuses at most a share of the words, or accepts few other words.

    Layers that are held out learnt from fewer recordings: of very few, their evidence is too low to choose by it alone.
    Synthetic voices are clearer than people, who would be refused by a threshold for them.

    Args:
        spoken: held-out words.
        bank: logits of the negatives, held out.
        labels: of them.
        words_refused: the share.
    """
    people = of_people(spoken)
    synthetic = VOICE in people.utterances[0].attributes
    found = fit_calibration(people, words_refused=None if synthetic else words_refused)
    least = lowest_threshold(evidence(bank[~np.isin(labels, (NOISE, TALK))]), accepted=OTHERS_ACCEPTED)
    return replace(found, threshold=max(least, found.threshold or least))


def of_people(answers: Answers) -> Answers:
    """Return the answers to recordings that no synthesiser made, all of them if there are no others."""
    real = by_people(answers.utterances)
    utterances = tuple(u for u, is_real in zip(answers.utterances, real, strict=True) if is_real)
    labels, logits, peaks = answers.labels[real], answers.logits[real], answers.peaks[real]
    return replace(answers, utterances=utterances, labels=labels, logits=logits, peaks=peaks)


def _count(logits: Vectors, labels: npt.NDArray[np.int64], point: Calibration, mask: npt.NDArray[np.bool_]) -> int:
    return int(((logits.argmax(axis=1) == labels) & point.accepts(logits))[mask].sum())


def answers_of(clips: ClipSet, logits: Vectors) -> Answers:
    """Return logits ``[n, K]`` of clips as answers, without a calibration."""
    peaks = np.array([[float(w.abs().max())] for w in clips.waveforms], np.float32).reshape(-1, 1)
    return Answers(clips.utterances, clips.labels.numpy(), logits, peaks, Calibration())
