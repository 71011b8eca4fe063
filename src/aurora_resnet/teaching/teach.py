"""``teach --train``: a small network that learns a user's own words from an enrolled recogniser.

The recordings are enrolled (``enrol``), and a student learns what that answers to harder copies of them (distillation).
Each group of speakers is held out once and answered by a student that learnt from the rest, as did its teacher. From
these answers come the estimate, the temperature and the threshold; the one that is kept learns from all recordings.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.asyncio import tqdm

from aurora_resnet.calibration.word_point import fit_calibration
from aurora_resnet.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from aurora_resnet.clips.clip_set import load_negatives
from aurora_resnet.clips.source import ClipSource, JoinedClips
from aurora_resnet.config_files import to_mapping
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.progress import progress_bar
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.errors import CheckpointError, ConfigError, TrainingError
from aurora_resnet.teaching.clips import TeachingClips, read_clips
from aurora_resnet.teaching.encoder import Encoder
from aurora_resnet.teaching.head import Layer
from aurora_resnet.teaching.lessons import Lessons, of_people
from aurora_resnet.teaching.negatives import Bank, load_bank
from aurora_resnet.teaching.recipe import CommonSounds, TeachConfig, group_clips
from aurora_resnet.teaching.recordings import TeachingRecordings
from aurora_resnet.teaching.report import OWN, WORDS, Taught
from aurora_resnet.training.callbacks import Callback
from aurora_resnet.training.fine_tuning import start_from
from aurora_resnet.training.history import EpochRecord
from aurora_resnet.training.objective import Learner
from aurora_resnet.training.trainer import Trainer
from aurora_resnet.training.word_objective import WordObjective

SAMPLES = "synthetic digits of the package"


def teach(
    recordings: TeachingRecordings,
    out: str | Path,
    config: TeachConfig | None = None,
    *,
    noises: Sequence[str | Path] = (),
    device: str = "cpu",
    progress: Callable[[str], object] | None = None,
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
        progress: is told what happens next, and a bar is shown on a terminal.
        trust_code: of ``config.init``, as ``load_checkpoint``.

    Raises:
        CorpusError: if too few recordings can be used.
        CheckpointError: if there is no such checkpoint to start from.
        ConfigError: if it has another rate than the encoder.
        ModelError: if the bank was made for another encoder.
        TrainingError: if a training fails.
    """
    config, out, started = config or TeachConfig(), Path(out), time.perf_counter()
    tell = progress or (lambda _: None)
    init = load_checkpoint(config.init, kind="words", trust_code=trust_code)
    encoder, bank = Encoder(), load_bank()
    bank.check(encoder)
    if init.model.config.sample_rate != (rate := encoder.facts.sample_rate):
        raise ConfigError(
            f"{init.name} works at {init.model.config.sample_rate} Hz, its teacher at {rate} Hz; take another"
        )
    tell(f"reading {len(recordings.words) + len(recordings.negatives)} recordings")
    clips = read_clips(recordings, init.model.config, clip_seconds=config.clip_seconds)
    tell(f"enrolling {len(clips.words)} clips of {clips.network.clip_seconds:g} s: the teacher")
    lessons = Lessons(clips, encoder, bank.without(clips.network.words), config.groups)
    config = replace(config, groups=lessons.groups)
    work = _work_folder(clips, config, noises, out)
    tell("making harder copies")
    students = Students(lessons, config, init, noises, work, device)
    epochs = (config.groups + 1) * config.epochs
    with progress_bar(total=epochs, unit="epoch", desc="teaching: ", show=progress is not None) as bar:
        answers = students.held_out_answers(bar)
        final = students.train(None, bar)
    spoken = of_people(answers.pop(WORDS))
    calibration = fit_calibration(spoken, words_refused=config.words_refused)
    seconds = time.perf_counter() - started
    taught = Taught.of(out, clips, calibration, spoken, answers, by_speaker=lessons.by_speaker, seconds=seconds)
    card = f"# {out.stem}\n\n{taught.to_markdown()}\n"
    save_checkpoint(final, out, calibration=calibration, card=card, info={"teach": _record(taught, clips, config)})
    shutil.rmtree(work.parent, ignore_errors=True)
    return taught


@dataclass(repr=False, eq=False)
class Students:
    """The trainings: each without one group of recordings, and one with all of them.

    Args:
        lessons: what teaches, and from what.
        config: how.
        init: what each begins with.
        noises: folders of sound files without a word.
        work: folder of the trainings.
        device: where to compute.
    """

    lessons: Lessons
    config: TeachConfig
    init: Checkpoint
    noises: Sequence[str | Path]
    work: Path
    device: str

    def __post_init__(self) -> None:
        lessons, config = self.lessons, self.config
        clips = lessons.clips
        self.held_out = {WORDS: (clips.words, lessons.group), OWN: (clips.negatives, lessons.own_group)}
        voices = read_samples().filter(split="test")  # of which no training uses anything
        if len(unknown := voices.filter(lambda utterance: utterance.word not in clips.network.vocabulary)):
            self.held_out[SAMPLES] = load_negatives(unknown, clips.network), np.arange(len(unknown)) % config.groups
        sounds = CommonSounds(clips.network, self.noises)
        copies = lessons.times * config.copies(int(lessons.times.sum()))
        self.sources: list[ClipSource] = []
        for group in range(config.groups):
            own = [waveform.numpy() for waveform in clips.negatives.part(lessons.own_group == group).waveforms]
            chosen = lessons.group == group
            self.sources.append(group_clips(clips.words.part(chosen), own, sounds, config, group, copies[chosen]))

    def teacher(self, without: int | None) -> EnrolledTeacher:
        """Return the recogniser that was enrolled with all groups but one."""
        lessons = self.lessons
        layer = lessons.layer(slice(None)) if without is None else lessons.layer(lessons.group != without, without)
        return EnrolledTeacher(lessons.encoder, lessons.bank, layer)

    def train(self, without: int | None, bar: tqdm[Any]) -> RecognizerModel:
        """Return the network that learnt from all groups but one, as did its teacher."""
        config, network = self.config, self.lessons.clips.network
        model, _ = start_from(self.init, network.vocabulary, clip_seconds=network.clip_seconds, seed=config.seed)
        out = self.work / ("all" if without is None else f"without_{without + 1}")
        counted = _Counted(bar, config.epochs * (config.groups if without is None else without))
        how, objective = config.training(network.model), WordObjective(self.teacher(without))
        trainer = Trainer(model, how, out, device=self.device, objective=objective, callbacks=[counted])
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


class EnrolledTeacher(nn.Module):
    """An enrolled recogniser as a network: waveforms ``[B, N]`` in, logits ``[B, K]`` out, without a gradient.

    Args:
        encoder: describes the clips on the CPU, each once, also those that come again.
        bank: whose projection it is.
        layer: of the words.
    """

    def __init__(self, encoder: Encoder, bank: Bank, layer: Layer) -> None:
        super().__init__()
        self.encoder, self.bank, self.layer = encoder, bank, layer

    def forward(self, waveforms: Tensor) -> Tensor:
        """Return logits."""
        vectors = self.bank.project(self.encoder.embed(waveforms.cpu().numpy()))
        return torch.from_numpy(vectors @ self.layer[0].T + self.layer[1]).to(waveforms)


class _Counted(Callback):
    """Counts the epochs of one training, those of an earlier call too."""

    def __init__(self, bar: tqdm[Any], before: int) -> None:
        self.bar, self.before = bar, before

    def after_epoch(self, trainer: Learner, record: EpochRecord) -> None:
        """Count an epoch."""
        del trainer
        self.bar.update(self.before + record.epoch + 1 - self.bar.n)


def _work_folder(clips: TeachingClips, config: TeachConfig, noises: Sequence[str | Path], out: Path) -> Path:
    """Return where the trainings lie meanwhile; with other recordings or options, another folder."""
    recordings = clips.recordings
    asked = [to_mapping(config), recordings.words.digest(), recordings.negatives.digest(), *map(str, noises)]
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
