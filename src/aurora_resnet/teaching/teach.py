"""``teach``: from a folder of recordings to a calibrated recogniser of its words, and its evaluation report.

Each group of speakers is held out once and answered by a network that learnt from the rest. From these answers come
the estimate, the temperature and the threshold; the network that is kept then learns from all recordings.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm.asyncio import tqdm

from aurora_resnet.calibration.word_point import fit_calibration
from aurora_resnet.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from aurora_resnet.clips.clip_set import ClipSet, load_negatives
from aurora_resnet.clips.joined import JoinedClips
from aurora_resnet.clips.source import ClipSource
from aurora_resnet.config_files import to_mapping
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.progress import progress_bar
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.errors import CheckpointError, TrainingError
from aurora_resnet.teaching.clips import TeachingClips, read_clips
from aurora_resnet.teaching.folds import assign_groups, possible_groups
from aurora_resnet.teaching.recipe import CommonSounds, TeachConfig, group_clips
from aurora_resnet.teaching.recordings import TeachingRecordings
from aurora_resnet.teaching.report import OWN, WORDS, Taught
from aurora_resnet.training.callbacks import Callback
from aurora_resnet.training.fine_tuning import start_from
from aurora_resnet.training.history import EpochRecord
from aurora_resnet.training.objective import Learner
from aurora_resnet.training.trainer import Trainer

SAMPLES = "synthetic digits of the package"


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
    """Train a recogniser of a user's own words and write it as a checkpoint.

    An interrupted call goes on from the last finished epoch when it is made again.

    Args:
        recordings: words and anything else.
        out: the checkpoint to write.
        config: how; the defaults suit ten words by a few speakers.
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
    clips = read_clips(recordings, init.model.config, clip_seconds=config.clip_seconds, progress=progress)
    config = replace(config, groups=possible_groups(clips.recordings, config.groups))
    work = _work_folder(clips, config, noises, out)
    lessons = _Lessons(clips, config, init, noises, work, device)
    with progress_bar(total=(config.groups + 1) * config.epochs, unit="epoch", desc="teaching: ", show=progress) as bar:
        answers = lessons.held_out_answers(bar)
        final = lessons.train(None, bar)
    spoken = answers.pop(WORDS)
    calibration = fit_calibration(spoken, words_refused=config.words_refused)
    seconds = time.perf_counter() - started
    taught = Taught.of(out, clips, calibration, spoken, answers, by_speaker=lessons.by_speaker, seconds=seconds)
    card = f"# {out.stem}\n\n{taught.to_markdown()}\n"
    save_checkpoint(final, out, calibration=calibration, card=card, info={"teach": _record(taught, clips, config)})
    shutil.rmtree(work.parent, ignore_errors=True)
    return taught


class _Lessons:
    """The trainings: each without one group of recordings, and one with all of them."""

    def __init__(
        self,
        clips: TeachingClips,
        config: TeachConfig,
        init: Checkpoint,
        noises: Sequence[str | Path],
        work: Path,
        device: str,
    ) -> None:
        self.clips, self.config, self.init, self.work, self.device = clips, config, init, work, device
        words, negatives = clips.words.utterances, clips.negatives.utterances
        of_words, of_negatives, self.by_speaker = assign_groups(words, negatives, config.groups)
        self.held_out = {WORDS: (clips.words, of_words), OWN: (clips.negatives, of_negatives)}
        samples = _sample_negatives(clips.network)
        if samples is not None:
            self.held_out[SAMPLES] = samples, np.arange(len(samples)) % config.groups
        sounds, copies = CommonSounds(clips.network, noises), config.copies(len(words))
        self.sources: list[ClipSource] = []
        for group in range(config.groups):
            own = [waveform.numpy() for waveform in clips.negatives.part(of_negatives == group).waveforms]
            spoken = clips.words.part(of_words == group)
            self.sources.append(group_clips(spoken, own, sounds, config, group, copies))

    def train(self, without: int | None, bar: tqdm[Any]) -> RecognizerModel:
        """Return the network that learnt from all groups but one."""
        network, config = self.clips.network, self.config
        if config.random_weights:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(config.seed)
                model = RecognizerModel(network)
        else:
            model, _ = start_from(self.init, network.vocabulary, clip_seconds=network.clip_seconds, seed=config.seed)
        out = self.work / ("all" if without is None else f"without_{without + 1}")
        training = config.training(network.model)
        counted = _Counted(bar, config.epochs * (config.groups if without is None else without))
        trainer = Trainer(model, training, out, device=self.device, callbacks=[counted])
        rest = [source for number, source in enumerate(self.sources) if number != without]
        result = trainer.fit(JoinedClips(rest), resume=True)
        try:
            return load_checkpoint(result.best_checkpoint, trust_code=(network.model, network.frontend)).model
        except CheckpointError as error:  # damaged after an earlier call was interrupted
            raise TrainingError(f"{error}; remove {out} and give the same command again") from error

    def held_out_answers(self, bar: tqdm[Any]) -> dict[str, Answers]:
        """Return each group's answers by the network that did not learn from it, pooled by what was said."""
        parts: dict[str, list[Answers]] = {name: [] for name in self.held_out}
        for group in range(self.config.groups):
            model = TorchModel(self.train(group, bar), device=self.device)
            for name, (clips, groups) in self.held_out.items():
                if (groups == group).any():
                    parts[name].append(Answers.of(model, clips.part(groups == group)))
        return {name: Answers.pool(answers) for name, answers in parts.items() if answers}


class _Counted(Callback):
    """Counts the epochs of one training, those of an earlier call too."""

    def __init__(self, bar: tqdm[Any], before: int) -> None:
        self.bar, self.before = bar, before

    def after_epoch(self, trainer: Learner, record: EpochRecord) -> None:
        """Count an epoch."""
        del trainer
        self.bar.update(self.before + record.epoch + 1 - self.bar.n)


def _sample_negatives(network: RecognizerConfig) -> ClipSet | None:
    """Return words of the sample voices that no training uses, if the network does not know them."""
    unknown = read_samples().filter(split="test").filter(lambda utterance: utterance.word not in network.vocabulary)
    return load_negatives(unknown, network) if len(unknown) else None


def _work_folder(clips: TeachingClips, config: TeachConfig, noises: Sequence[str | Path], out: Path) -> Path:
    """Return where the trainings lie meanwhile; with other recordings or options, another folder."""
    asked = [
        to_mapping(config),
        clips.recordings.words.digest(),
        clips.recordings.negatives.digest(),
        *map(str, noises),
    ]
    digest = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:12]
    return out.with_name(f".{out.stem}.teach") / digest


def _record(taught: Taught, clips: TeachingClips, config: TeachConfig) -> dict[str, object]:
    return {
        "config": to_mapping(config),
        "clips": clips.recordings.clips_of_words(),
        "negatives": len(clips.negatives),
        "speakers": len(clips.recordings.speakers),
        "digest": clips.recordings.words.digest(),
        "by_speaker": taught.by_speaker,
        "accuracy": taught.estimate.accuracy,
        "interval": [taught.estimate.interval.low, taught.estimate.interval.high],
        "seconds": round(taught.seconds, 1),
    }
