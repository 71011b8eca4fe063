"""The operating point of a model of single words, on what its training did not learn from.

These are the held-out speakers of its training, clean and in the noises that are held out (AN4's training speakers,
ESC-10's fifth fold, a tenth of the background noise), and what a recipe names. No test recording is read. The threshold
is the one that refuses a share of what held-out people say into their own phones, the hardest of these sets; what is none
of the words and accepted there, and where 1 and 5 % are refused, stands beside it.
"""

from dataclasses import dataclass, replace
from typing import Any

from aurora_resnet.augmentation.noise_pool import NoiseShares
from aurora_resnet.calibration.word_point import fit_calibration
from aurora_resnet.clips.clip_set import ClipSet, join_clips, load_clips, load_negatives
from aurora_resnet.clips.negatives import NegativeShares
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.models import ModelFacts, ScoringModel
from aurora_resnet.training.data import AugmentSource, DataConfig, SoundFiles, Source, load_data, select
from aurora_resnet.training.sounds import augment_clips
from tools.measure.sounds import cut_windows, negative_clips, wordless

CALIBRATION_SNR_DB = (0.0, 20.0)
NOISY_COPIES = 3
CLEAN, NOISY, PEOPLE = "clean", "0 to 20 dB", "people"
RECORDED, NEAR, TALK = "recorded noise", "near words", "talk, seconds of it"
NOISES = {
    RECORDED: NoiseShares(recorded=1, babble=0, synthetic=0, sum_of_two=0),
    "computed noise": NoiseShares(recorded=0, babble=0, synthetic=1, sum_of_two=0),
    "babble of five and more who say digits": NoiseShares(recorded=0, babble=1, synthetic=0, sum_of_two=0),
}
NOISE_ACCEPTED = 0.02
#: Of each noise.
WINDOWS = 500


@dataclass(frozen=True, kw_only=True)
class WordPoint:
    """How it is chosen.

    Attributes:
        other_words: of held-out speakers.
        near_words: of held-out speakers.
        talk: of held-out speakers, without any of the words.
        people: words of held-out speakers, recorded by themselves.
        refused: share of theirs that the threshold refuses.
        near_accepted: instead, the least threshold that accepts at most this share of the near words and ``NOISE_ACCEPTED``
            of recorded noise, for models of streams, which have far more of both than words.
    """

    other_words: tuple[SoundFiles, ...]
    near_words: tuple[SoundFiles, ...]
    talk: tuple[SoundFiles, ...] = ()
    people: Source | None = None
    refused: float = 0.025
    near_accepted: float | None = None

    def choose(self, scoring: ScoringModel, data: DataConfig) -> tuple[Calibration, dict[str, Any]]:
        """Return the calibration, and what the checkpoint says of it.

        Args:
            scoring: the model; its own calibration is not used.
            data: of its training.
        """
        words, negatives = self._recordings(scoring.facts, data)
        said = {name: Answers.of(scoring, clips) for name, clips in words.items()}
        unsaid = {name: Answers.of(scoring, clips) for name, clips in negatives.items()}
        # Confidences are to be right in noise too; what is refused is counted of clean words.
        temperature = fit_calibration(Answers.pool(list(said.values()))).temperature
        chosen = fit_calibration(said[PEOPLE if self.people else CLEAN], words_refused=self.refused)
        threshold = chosen.threshold
        if self.near_accepted is not None:
            most = {NEAR: self.near_accepted, RECORDED: NOISE_ACCEPTED}
            found = [fit_calibration(said[CLEAN], unsaid[n], negatives_accepted=share) for n, share in most.items()]
            threshold = max(point.threshold for point in found if point.threshold is not None)
        calibration = replace(chosen, temperature=temperature, threshold=threshold)
        info = report(calibration, said, unsaid)
        points = {f"{share:g}": report(calibration.at(share), said, unsaid) for share, _ in calibration.points}
        info["operating_points"] = {share: point["operating_point"] for share, point in points.items()}
        return calibration, info

    def _recordings(self, facts: ModelFacts, data: DataConfig) -> tuple[dict[str, ClipSet], dict[str, ClipSet]]:
        """Return words and what is none, by kind."""
        source, root = data.augment, data.root
        if source is None:
            raise ConfigError(
                "expected [data.augment] in the training file, whose held-out noises calibrate the network"
            )
        clips = load_clips(load_data(data, facts.vocabulary).validation, facts)
        words = {CLEAN: clips, NOISY: held_out_epochs(clips, source, root)}
        if self.people:
            words[PEOPLE] = load_clips(select(self.people, root), facts)
        other_words = wordless("other words", *self.other_words, root=root)
        negatives = {"other words": load_negatives(other_words, facts)}
        negatives |= {kind: held_out_noise(clips, source, root, shares) for kind, shares in NOISES.items()}
        negatives[NEAR] = load_negatives(wordless(NEAR, *self.near_words, root=root), facts)
        if self.talk:
            negatives[TALK] = negative_clips(cut_windows(wordless(TALK, *self.talk, root=root), facts), facts)
        return words, negatives


def report(calibration: Calibration, words: dict[str, Answers], negatives: dict[str, Answers]) -> dict[str, Any]:
    """Return what the calibrated model refuses of held-out words and accepts of held-out negatives."""
    point: dict[str, float] = {}
    for what, answers in words.items():
        refused = ~replace(answers, calibration=calibration).accepted
        point[f"held-out words refused, {what}"] = float(refused.mean())
    for what, answers in negatives.items():
        point[f"held-out {what} accepted"] = float(replace(answers, calibration=calibration).accepted.mean())
    accuracy = {what: float((each.predicted == each.labels).mean()) for what, each in words.items()}
    return {"operating_point": point, "held_out_accuracy": accuracy}


def held_out_epochs(clips: ClipSet, source: AugmentSource, root: str) -> ClipSet:
    """Return ``NOISY_COPIES`` copies of held-out words in held-out noise, at 0 to 20 dB."""
    gentle = replace(source.augmentation, snr_db=CALIBRATION_SNR_DB, cut_off_probability=0.0)
    mild = replace(source.held_out(NegativeShares(of_epoch=0)), augmentation=gentle)
    made = augment_clips(clips, mild, root, seed=0)
    return join_clips([made.epoch(number) for number in range(NOISY_COPIES)])


def held_out_noise(clips: ClipSet, source: AugmentSource, root: str, shares: NoiseShares) -> ClipSet:
    """Return ``WINDOWS`` windows of held-out noise without a word."""
    alone = NegativeShares(of_epoch=WINDOWS / (WINDOWS + len(clips)), words=0, fragments=0, noise=1)
    held_out = replace(source.held_out(alone), noise_shares=shares)
    return augment_clips(clips, held_out, root, seed=1).epoch(0).part(slice(len(clips), None))
