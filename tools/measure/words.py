"""What a model of single words reaches: accuracy clean and in unseen noise, calibration, rejection, size.

Nothing that is measured here may be used for training or tuning, except recordings that the plan marks as ``trained``.

- *clean*: the sets of the plan; *noisy*: some of them in every noise scene, at SNRs by plain RMS (``sounds``). A clip
  keeps its stretch of noise at all SNRs. The scenes are of one size, so their pooled share is their mean.
- *calibration error* in 15 bins, and *rejection* at the operating point that the model keeps.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.clips.clip_set import ClipSet, load_clips, load_negatives
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.sources.speech_commands import read_speech_commands
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.models.zoo import model_cost
from aurora_resnet.recognition.word_model import scoring_model
from aurora_resnet.runtime.audio.clips import fit_length
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.model_reference import ModelFile, resolve
from aurora_resnet.runtime.models import ScoringModel, load_model
from aurora_resnet.runtime.models.average import AveragedModel
from aurora_resnet.training.data import SoundFiles, Source, select
from tools.make_training_corpus import cut_pieces
from tools.measure.records import Job, Record, Settings, header
from tools.measure.scores import negative_row, word_row
from tools.measure.sounds import (
    WHITE_LEVELS_DB,
    cut_windows,
    describe_corpora,
    draw_noise,
    is_reject_test,
    mix_by_rms,
    negative_clips,
    read_whole,
    scene_corpora,
    white_noise,
    wordless,
)

#: Of the places where noise is cut; windows of white noise at each level.
SEED, WHITE_WINDOWS = 0, 20
#: A quick measurement takes every tenth recording.
QUICK = 10


@dataclass(frozen=True, kw_only=True)
class WordSets:
    """What a plan says of them; all lie below the folder of the recordings.

    Attributes:
        digits: sets of words.
        noisy: which of them are measured in noise too.
        under_word_only: which of them also at 0 dB with the noise under the word alone.
        snrs_db: signal-to-noise ratios in dB; 5 among them.
        scenes: recordings of noise; each folder is a scene.
        noises: sets of noise alone.
        trained: which of them trainings may contain.
        near_words: folder of AN4, whose test speakers' letters and other words are nearest to digits.
        other_words: folder of Speech Commands; those of its words that are no digits, by speakers of no training.
    """

    digits: dict[str, Source]
    noisy: tuple[str, ...] = ()
    under_word_only: str | None = None
    snrs_db: tuple[int, ...] = (20, 15, 10, 5, 0, -5)
    scenes: tuple[SoundFiles, ...]
    noises: dict[str, SoundFiles] = field(default_factory=dict)
    trained: tuple[str, ...] = ()
    near_words: str | None = None
    other_words: str | None = None


@dataclass(frozen=True, kw_only=True)
class WordModel:
    """A model to measure: a shipped name or a file, and whether the checkpoint of that name or the exported model."""

    model: str
    checkpoint: bool = False


@dataclass(frozen=True, kw_only=True)
class Words:
    """All models of single words.

    Attributes:
        records: folder below that of the records.
        models: by the name of the record.
        sets: on what they are measured.
    """

    records: str
    models: dict[str, WordModel]
    sets: WordSets

    def jobs(self, settings: Settings) -> Iterator[Job]:
        """Yield what makes the record of each model."""
        for name, each in self.models.items():
            file = resolve(each.model, kind="words", format="checkpoint" if each.checkpoint else "onnx")
            make = partial(measure, file, self.sets, settings)
            yield Job(settings.path(f"{self.records}/{name}.json"), make, file.sha256)


def measure(file: ModelFile, sets: WordSets, settings: Settings) -> Record:
    """Return the record of a model."""
    return Measurement(file, sets, settings).record()


class Measurement:
    """A model, and what is measured of it group by group."""

    def __init__(self, file: ModelFile, sets: WordSets, settings: Settings) -> None:
        self.sets, self.settings, self.data = sets, settings, settings.data
        self.model, self.about = open_model(file, settings)
        self.facts = self.model.facts
        every = QUICK if settings.quick else 1

        def some(corpus: Corpus) -> Corpus:
            return replace(corpus, utterances=corpus.utterances[::every])

        self.digits = {
            name: some(select(source, str(self.data)).filter(isolated=True)) for name, source in sets.digits.items()
        }
        self.scenes = {name: some(each) for name, each in scene_corpora(sets.scenes, self.data).items()}
        self.alone = {name: some(wordless(name, each, root=self.data)) for name, each in sets.noises.items()}
        self.others: Corpus | None = None
        if sets.other_words is not None:
            self.others = some(read_speech_commands(self.data / sets.other_words).filter(is_reject_test))

    def record(self) -> Record:
        """Measure everything."""
        clean, noisy = self.clean(), {name: self.noisy(name) for name in self.sets.noisy}
        errors = {f"clean_{name}": row["calibration_error"] for name, row in clean.items()}
        errors |= {f"{name}_5db": rows["mean"]["5"]["calibration_error"] for name, rows in noisy.items()}
        if only := self.sets.under_word_only:
            noisy[f"{only}_noise_under_word_only"] = self.in_scenes(only, (0,), under_word_only=True)
        return {
            "benchmark": "shipped",
            "seed": SEED,
            "model": self.about,
            "operating_point": self.facts.calibration.to_dict(),
            "clean": clean,
            "noisy": noisy,
            "calibration_error": errors,
            "near_words": self.near_words(),
            "other_words": self.other_words(),
            "noise": self.noises(),
            "data": self.describe(),
            "quick": self.settings.quick,
            **header(self.settings.device),
        }

    def describe(self) -> Record:
        """Return size and digest of every corpus."""
        corpora = {**self.digits, **self.alone, **{f"noizeus/{scene}": each for scene, each in self.scenes.items()}}
        return describe_corpora(corpora if self.others is None else corpora | {"other_words": self.others})

    def clean(self) -> Record:
        """Score the clean sets and all of them together."""
        answers = {name: self.answers(load_clips(corpus, self.facts)) for name, corpus in self.digits.items()}
        answers["pooled"] = Answers.pool(list(answers.values()))
        return {name: word_row(each) for name, each in answers.items()}

    def noisy(self, name: str) -> Record:
        """Score a set in every scene at every SNR, and all scenes together at every SNR."""
        rows = self.in_scenes(name, self.sets.snrs_db)
        loud = [rows["mean"][str(snr_db)]["accuracy"] for snr_db in self.sets.snrs_db if snr_db >= 0]
        return rows | {"mean_0_to_20_db": float(np.mean(loud))}

    def in_scenes(self, name: str, snrs_db: Sequence[int], *, under_word_only: bool = False) -> Record:
        """Score a set in every scene."""
        clips = load_clips(self.digits[name], self.facts)
        scenes: Record = {}
        by_snr: dict[str, list[Answers]] = {str(snr_db): [] for snr_db in snrs_db}
        for scene, corpus in self.scenes.items():
            generator = np.random.default_rng([SEED, *f"{name} {scene}".encode()])
            recordings = read_whole(corpus, self.facts.sample_rate)
            noise = draw_noise(recordings, len(clips), self.facts.clip_samples, generator)
            scenes[scene] = {}
            for snr_db in snrs_db:
                answers = self.answers(mix_by_rms(clips, noise, snr_db, under_word_only=under_word_only))
                scenes[scene][str(snr_db)] = word_row(answers)
                by_snr[str(snr_db)].append(answers)
        return {"scenes": scenes, "mean": {snr_db: word_row(Answers.pool(each)) for snr_db, each in by_snr.items()}}

    def near_words(self) -> Record:
        """Count what is accepted of the letters and other words of AN4's test speakers."""
        if self.sets.near_words is None:
            return {}
        kinds = read_near_words(self.data / self.sets.near_words, self.facts.sample_rate, self.facts.clip_samples)
        return {kind: negative_row(self.sounds(sounds)) for kind, sounds in kinds.items()}

    def other_words(self) -> Record:
        """Count what is accepted of other words."""
        if self.others is None:
            return {}
        answers = self.answers(load_negatives(self.others, self.facts))
        return negative_row(answers, [utterance.word for utterance in self.others])

    def noises(self) -> Record:
        """Count what is accepted of noise; ``trained`` says that trainings may contain such recordings."""
        length = self.facts.clip_samples
        generator = np.random.default_rng([SEED, *b"white"])
        made = {"silence": [np.zeros(length, np.float32)]} | {
            f"white {level_db} dB": white_noise(level_db, WHITE_WINDOWS, length, generator)
            for level_db in WHITE_LEVELS_DB
        }
        cut = {scene: cut_windows(corpus, self.facts) for scene, corpus in self.scenes.items()}
        noizeus, scene_of = self.grouped(cut)
        made_answers, kind_of = self.grouped(made)
        alone = {name: self.sounds(cut_windows(corpus, self.facts)) for name, corpus in self.alone.items()}
        unknown = [answers for name, answers in alone.items() if name not in self.sets.trained]
        rows = {name: negative_row(answers) for name, answers in alone.items()} | {
            "noizeus": negative_row(noizeus, scene_of),
            "never_trained": negative_row(Answers.pool([noizeus, *unknown])),
            "made": negative_row(made_answers, kind_of),
        }
        return {name: {"trained": name in self.sets.trained} | row for name, row in rows.items()}

    def answers(self, clips: ClipSet) -> Answers:
        """Return what the model says about clips."""
        return Answers.of(self.model, clips)

    def sounds(self, sounds: Sequence[Samples]) -> Answers:
        """Return what the model says about sounds that are none of its words."""
        return self.answers(negative_clips(sounds, self.facts))

    def grouped(self, groups: dict[str, list[Samples]]) -> tuple[Answers, list[str]]:
        """Return what the model says about groups of sounds, and the group of each."""
        names = [name for name, sounds in groups.items() for _ in sounds]
        return self.sounds([sound for sounds in groups.values() for sound in sounds]), names


def read_near_words(an4: Path, sample_rate: int, length: int) -> dict[str, list[Samples]]:
    """Return what AN4's test speakers say beside digits, each word in a window of its own.

    Args:
        an4: folder of ``words.csv``.
        sample_rate: of the windows, in Hz.
        length: of a window in samples.
    """
    found: dict[str, list[Samples]] = {"letters": [], "other_words": []}
    for piece, _, samples, rate in cut_pieces(an4, "test"):
        if piece.kind == "an4_words":
            kind = "letters" if piece.name[1] == "_" else "other_words"
            found[kind].append(fit_length(resample(samples, rate, sample_rate), length))
    return found


def open_model(file: ModelFile, settings: Settings) -> tuple[ScoringModel, Record]:
    """Load a model and say what it is; its cost is known of a checkpoint."""
    about: Record = {"bytes": file.path.stat().st_size, "sha256": file.sha256}
    if file.format == "onnx":
        model = load_model(file, threads=settings.threads)
        if isinstance(model, AveragedModel):
            about["bytes"] = sum(part.path.stat().st_size for part in model.parts)
        return model, {"name": file.path.name, "zoo_name": model.facts.name, **about}
    checkpoint = load_checkpoint(file)
    config = checkpoint.model.config
    cost = model_cost(checkpoint.model.classifier, config.mel.frames(config.clip_samples))
    about |= {"parameters": cost.parameters, "macs_per_second": round(cost.macs / config.clip_seconds)}
    named = {"name": checkpoint.name, "zoo_name": config.model}
    return scoring_model(checkpoint, device=settings.device), {**named, **about}
