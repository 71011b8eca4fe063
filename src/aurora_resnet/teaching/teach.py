"""``teach``: from a folder of recordings to a calibrated recogniser of its words, and what can be said of it.

Each group of speakers is held out once and answered by a network that learnt from the others. From these answers come
the estimate, the temperature and the threshold; the network that is kept then learns from all recordings.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from aurora_resnet.calibration.word_point import fit_calibration
from aurora_resnet.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from aurora_resnet.clips.clip_set import ClipSet, load_negatives
from aurora_resnet.clips.joined import JoinedClips
from aurora_resnet.clips.source import ClipSource
from aurora_resnet.config_files import to_mapping
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.rejection_report import RejectionReport
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import CheckpointError, TrainingError
from aurora_resnet.teaching.advice import Advice, advise, advise_after
from aurora_resnet.teaching.folds import Groups, assign_groups, possible_groups
from aurora_resnet.teaching.hearing import HeardRecordings, hear
from aurora_resnet.teaching.keeping import KeepingTrainer, KeptWords, keep_known, known_beside_new, lower
from aurora_resnet.teaching.recipe import OtherSounds, TeachConfig, group_clips
from aurora_resnet.teaching.recordings import TeachingRecordings
from aurora_resnet.teaching.report import teaching_report
from aurora_resnet.training.fine_tuning import lower_words, start_from
from aurora_resnet.training.trainer import Trainer

WORDS, OWN, SAMPLES = "held-out words", "your other recordings", "synthetic digits of the package"


@dataclass(frozen=True)
class Taught:
    """What ``teach`` made and found.

    Attributes:
        checkpoint: the file.
        calibration: of the model.
        estimate: held-out recordings, each answered by a network that did not learn from it.
        rejection: held-out words refused and negatives accepted; ``None`` where there are no negatives.
        by_speaker: whether whole speakers were held out, so that the estimate speaks of other people.
        advice: what is wrong with the recordings, each with what to do.
        kept: what became of words that the start knew, ``None`` where there are none beside new ones.
        problems: recordings that could not be used.
        seconds: how long it took.
    """

    checkpoint: Path
    calibration: Calibration
    estimate: ConditionReport
    rejection: RejectionReport | None
    by_speaker: bool
    advice: tuple[Advice, ...]
    kept: KeptWords | None
    problems: tuple[str, ...]
    seconds: float

    def to_markdown(self) -> str:
        """Return the report."""
        return teaching_report(self.estimate, self.rejection, self.advice, self.kept, by_speaker=self.by_speaker)


def teach(
    recordings: TeachingRecordings,
    out: str | Path,
    config: TeachConfig | None = None,
    *,
    noises: Sequence[str | Path] = (),
    device: str = "cpu",
    progress: bool = False,
    trust_code: bool = False,
) -> Taught:
    """Train a recogniser of somebody's own words and write it as a checkpoint.

    An interrupted call goes on from the last finished epoch when it is made again.

    Args:
        recordings: words and anything else.
        out: the checkpoint to write.
        config: how; the defaults suit ten words by a few people.
        noises: folders of sound files without a word.
        device: where to compute.
        progress: show bars on a terminal.
        trust_code: of ``config.init``, as ``load_checkpoint``.

    Raises:
        CorpusError: if too few recordings can be used.
        CheckpointError: if there is no such checkpoint to start from.
        TrainingError: if a training fails.
    """
    config, out, started = config or TeachConfig(), Path(out), time.perf_counter()
    init = load_checkpoint(config.init, kind="words", trust_code=trust_code)
    heard = hear(recordings, init.model.config, clip_seconds=config.clip_seconds, progress=progress)
    config = replace(config, groups=possible_groups(heard.recordings, config.groups))
    work = _work_folder(heard, config, noises, out)
    of_words, of_others, by_speaker = _grouped(heard, config)
    models = _Lessons(heard, config, init, noises, work, device, progress)
    held: list[Answers] = []
    others: list[Answers] = []
    samples: list[Answers] = []
    strangers = _sample_negatives(heard.network)
    for group in range(config.groups):
        model = TorchModel(models.without(group), device=device)
        held.append(Answers.of(model, heard.words.part(of_words == group)))
        if (of_others == group).any():
            others.append(Answers.of(model, heard.others.part(of_others == group)))
        if strangers is not None:
            samples.append(Answers.of(model, strangers.part(np.arange(len(strangers)) % config.groups == group)))
    final = models.without(None)
    spoken = Answers.pool(held)
    kept = models.keep_known(spoken)
    if kept is not None:
        new = [index for index, word in enumerate(heard.network.words) if word not in kept.words]
        lower_words(final, [heard.network.words[index] for index in new], kept.lowered)
        spoken = lower(spoken, new, kept.lowered)
        others, samples = ([lower(each, new, kept.lowered) for each in parts] for parts in (others, samples))
    calibration = fit_calibration((spoken.logits, spoken.peaks), spoken.labels, words_refused=config.words_refused)
    spoken = replace(spoken, calibration=calibration)
    negatives = {
        name: replace(Answers.pool(parts), calibration=calibration)
        for name, parts in ((OWN, others), (SAMPLES, samples))
        if parts
    }
    estimate = spoken.report(WORDS, heard.network.words, {})
    taught = Taught(
        checkpoint=out,
        calibration=calibration,
        estimate=estimate,
        rejection=RejectionReport.count(out.stem, {WORDS: spoken}, negatives) if negatives else None,
        by_speaker=by_speaker,
        advice=(*advise(heard.recordings), *advise_after(estimate)),
        kept=kept,
        problems=heard.problems,
        seconds=time.perf_counter() - started,
    )
    card = f"# {out.stem}\n\n{taught.to_markdown()}\n"
    save_checkpoint(final, out, calibration=calibration, card=card, info={"teach": _record(taught, heard, config)})
    shutil.rmtree(work.parent, ignore_errors=True)
    return taught


class _Lessons:
    """The trainings: each without one group of recordings, and one with all of them."""

    def __init__(
        self,
        heard: HeardRecordings,
        config: TeachConfig,
        init: Checkpoint,
        noises: Sequence[str | Path],
        work: Path,
        device: str,
        progress: bool,
    ) -> None:
        self.heard, self.config, self.init = heard, config, init
        self.work, self.device, self.progress = work, device, progress
        keeps = config.keep_known and not config.random_weights
        self.known = known_beside_new(init.vocabulary, heard.network.vocabulary) if keeps else ()
        self.before: RecognizerModel | None = None  # as it was, but hearing clips as long as the new words
        if self.known:
            self.before, _ = start_from(init, init.vocabulary, clip_seconds=heard.network.clip_seconds)
            lower_words(self.before, (), 0.0)  # a network that cannot do it is refused before it is trained
        sounds = OtherSounds(heard.network, noises)
        of_words, of_others, _ = _grouped(heard, config)
        self.sources: list[ClipSource] = [
            group_clips(
                heard.words.part(of_words == group),
                [heard.others.waveforms[i].numpy() for i in np.flatnonzero(of_others == group)],
                sounds,
                config,
                group,
                config.copies(len(heard.words)),
            )
            for group in range(config.groups)
        ]

    def without(self, group: int | None) -> RecognizerModel:
        """Return the network that learnt from all groups but one."""
        network, config = self.heard.network, self.config
        if config.random_weights:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(config.seed)
                model = RecognizerModel(network)
        else:
            model, _ = start_from(self.init, network.vocabulary, clip_seconds=network.clip_seconds, seed=config.seed)
        name = "all" if group is None else f"without_{group + 1}"
        out, training = self.work / name, config.training(network.model, keeping=self.before is not None)
        if self.before is not None:
            trainer: Trainer = KeepingTrainer(
                model, training, out, self.before, device=self.device, progress=self.progress
            )
        else:
            trainer = Trainer(model, training, out, device=self.device, progress=self.progress)
        rest = [source for number, source in enumerate(self.sources) if number != group]
        result = trainer.fit(JoinedClips(rest), resume=True)
        try:
            return load_checkpoint(result.best_checkpoint, trust_code=(network.model, network.frontend)).model
        except CheckpointError as error:  # damaged after an earlier call was interrupted
            raise TrainingError(f"{error}; remove {out} and give the same command again") from error

    def keep_known(self, spoken: Answers) -> KeptWords | None:
        """Return what becomes of words that were known before, by all held-out answers; nothing without such words."""
        if self.before is None:
            return None
        words = self.heard.words.part(np.array([u.word in self.known for u in self.heard.words.utterances]))
        logits = Answers.of(TorchModel(self.before, device=self.device), words).logits
        answered = [self.before.config.words[index] for index in logits.argmax(axis=1)]
        right_before = sum(word == u.word for word, u in zip(answered, words.utterances, strict=True))
        return keep_known(spoken, right_before, self.heard.network.vocabulary, self.known, self.config.known_taken)


def _grouped(heard: HeardRecordings, config: TeachConfig) -> tuple[Groups, Groups, bool]:
    return assign_groups(heard.words.utterances, heard.others.utterances, config.groups)


def _sample_negatives(network: RecognizerConfig) -> ClipSet | None:
    """Return words of the sample voices that no training hears, if the network does not know them."""
    unknown = read_samples().filter(split="test").filter(lambda utterance: utterance.word not in network.vocabulary)
    return load_negatives(unknown, network) if len(unknown) else None


def _work_folder(heard: HeardRecordings, config: TeachConfig, noises: Sequence[str | Path], out: Path) -> Path:
    """Return where the trainings lie meanwhile; with other recordings or options, another folder."""
    asked = [to_mapping(config), heard.recordings.words.digest(), heard.recordings.others.digest(), *map(str, noises)]
    digest = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:12]
    return out.with_name(f".{out.stem}.teach") / digest


def _record(taught: Taught, heard: HeardRecordings, config: TeachConfig) -> dict[str, object]:
    return {
        "config": to_mapping(config),
        "clips": heard.recordings.clips_of_words(),
        "others": len(heard.others),
        "speakers": len(heard.recordings.speakers),
        "digest": heard.recordings.words.digest(),
        "by_speaker": taught.by_speaker,
        "kept": None if taught.kept is None else asdict(taught.kept),
        "accuracy": taught.estimate.accuracy,
        "interval": [taught.estimate.interval.low, taught.estimate.interval.high],
        "seconds": round(taught.seconds, 1),
    }
