"""Ten command words that no shipped model knows, learnt from 5 to 40 clips a word: the tables of docs/own-words.md.

Training: Speech Commands' ``yes no up down left right on off stop go`` of ``speech_commands_v2_words`` (speakers with
an even id, which the shipped weights learnt as no digit). Test: the same words of ``speech_commands_other/words`` by
speakers with an odd id; to reject: that set's other fifteen words by these speakers. No speaker is on both sides.

- ``words``: from each start and number of clips; ``random`` is the network of ``compact`` with random weights.
- ``together``: digits and commands in one model, from ``compact``; digits of test speakers (AN4, Speech Commands v0.01)
  before and after.
- ``others``: what recordings of other words are worth: without them, then with every second of the fifteen other words
  by speakers with an even id; to reject: the words between them, by the test speakers.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.sources.speech_commands import read_speech_commands
from aurora_resnet.corpora.splits import check_speakers_disjoint
from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.evaluator import Evaluator
from aurora_resnet.evaluation.rejection_report import RejectionReport
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.teaching.recipe import TeachConfig
from aurora_resnet.teaching.recordings import TeachingRecordings
from aurora_resnet.teaching.teach import Taught, teach
from tools.measure.records import Job, Record, Settings, header

WORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
NOTHING = Corpus("other", ())


@dataclass(frozen=True, kw_only=True)
class OwnWords:
    """All trainings.

    Attributes:
        records: folder below that of the records.
        starts: from what they begin: shipped names, and ``random``.
        clips: of each word.
        seeds: of the draw and of the training.
        clips_together: of each word with digits and commands in one model.
        clips_beside_others: of each word beside other words.
        epochs: instead of the usual number.
        bfloat16: whether the trainings of each start compute in it.
    """

    records: str
    starts: tuple[str, ...] = ("compact", "resnet50", "random")
    clips: tuple[int, ...] = (5, 10, 20, 40)
    seeds: int = 1
    clips_together: int = 40
    clips_beside_others: int = 20
    epochs: int | None = None
    bfloat16: bool = False

    def jobs(self, settings: Settings) -> Iterator[Job]:
        """Yield what makes the record of each training."""
        whole = TeachConfig(seed=0)
        makers = {
            "together_seed0": partial(measure_together, self.clips_together, self.shortened(whole), settings),
            "others_seed0": partial(measure_others, self.clips_beside_others, self.shortened(whole), settings),
        }
        for seed in range(self.seeds):
            for start in self.starts:
                init = "compact" if start == "random" else start
                config = TeachConfig(init=init, random_weights=start == "random", bfloat16=self.bfloat16, seed=seed)
                for clips in self.clips:
                    make = partial(measure_words, start, clips, self.shortened(config), settings)
                    makers[f"{start}_{clips}_seed{seed}"] = make
        for name, make in makers.items():
            yield Job(settings.path(f"{self.records}/{name}.json"), make)

    def shortened(self, config: TeachConfig) -> TeachConfig:
        """Return a recipe of so many epochs as are asked for."""
        return config if self.epochs is None else replace(config, epochs=self.epochs)


def measure_words(start: str, clips: int, config: TeachConfig, settings: Settings) -> Record:
    """Teach one model the commands and test it."""
    words, (spoken, others) = training_clips(settings.data, clips, config.seed), test_clips(settings.data)
    check_speakers_disjoint(train=words, test=spoken.merge(others))
    taught, report = teach_and_test(words, spoken, config, settings.device, negatives=others)
    return {
        "kind": "own_words",
        "init": start,
        **_about(clips, config),
        "bfloat16": config.bfloat16,
        "test_clips": report.overall.clips,
        "accuracy": report.overall.accuracy,
        "interval": asdict(report.overall.interval),
        "estimate": taught.estimate.accuracy,
        **_rejection(report),
        "seconds": taught.seconds,
        **header(settings.device),
    }


def measure_together(clips: int, config: TeachConfig, settings: Settings) -> Record:
    """Teach a model that knows digits commands too, and test whether it still knows the digits as well."""
    data = settings.data
    an4 = load_corpus(f"an4:{data / 'an4'}")
    spoken, _ = test_clips(data)
    digits = read_speech_commands(data / "speech_commands_v2_digits").filter(lambda u: u.speaker not in spoken.speakers)
    digits = digits.merge(an4.filter(split="train", words="oh"))
    own = training_clips(data, clips, config.seed)
    recordings = own.merge(some_of_each(digits, digits.words, clips, config.seed))
    tests = {"an4": an4.filter(split="test"), "speech_commands": read_speech_commands(data / "speech_commands_digits")}
    check_speakers_disjoint(train=recordings, test=spoken.merge(*tests.values()))
    taught, after = teach_and_test(recordings, {**tests, "commands": spoken}, config, settings.device)
    before = Evaluator(load_checkpoint("compact")).evaluate(tests)
    return {
        "kind": "own_words_together",
        **_about(clips, config),
        "words": len(recordings.words),
        "kept": None if taught.kept is None else asdict(taught.kept),
        "before": {each.name: _row(each) for each in before.conditions},
        "after": {each.name: _row(each) for each in after.conditions},
        "seconds": taught.seconds,
        **header(settings.device),
    }


def measure_others(clips: int, config: TeachConfig, settings: Settings) -> Record:
    """Teach the commands without and with recordings of other words, and test on words of neither."""
    words, (spoken, others) = training_clips(settings.data, clips, config.seed), test_clips(settings.data)
    whole = read_speech_commands(settings.data / "speech_commands_other" / "words")
    given = whole.filter(lambda u: int(u.speaker[-1], 16) % 2 == 0 and u.word in others.words[::2])
    tested = others.filter(words=others.words[1::2])
    check_speakers_disjoint(train=words.merge(given), test=spoken.merge(tested))
    rows = []
    for beside in (NOTHING, given):
        _, report = teach_and_test(words, spoken, config, settings.device, others=beside, negatives=tested)
        rows.append({"given": len(beside), "accuracy": report.overall.accuracy, **_rejection(report)})
    return {
        "kind": "own_words_others",
        **_about(clips, config),
        "tested": len(tested),
        "rows": rows,
        **header(settings.device),
    }


def _about(clips: int, config: TeachConfig) -> Record:
    return {"clips": clips, "seed": config.seed, "epochs": config.epochs}


def _row(report: ConditionReport) -> Record:
    return {"clips": report.clips, "accuracy": report.accuracy, "interval": asdict(report.interval)}


def _rejection(report: EvaluationReport) -> Record:
    assert isinstance(report.rejection, RejectionReport)
    refused, accepted = report.rejection.words_refused, report.rejection.negatives_accepted
    return {"words_refused": refused.share, "others_accepted": accepted.share}


def training_clips(data: Path, clips: int, seed: int) -> Corpus:
    """Return so many clips of each word, other ones for another seed."""
    drawn = some_of_each(read_speech_commands(data / "speech_commands_v2_words"), WORDS, clips, seed)
    if len(drawn) < clips * len(WORDS):
        raise SystemExit(f"{data}: {len(drawn)} clips, {clips} of each of {len(WORDS)} words are needed")
    return drawn


def some_of_each(corpus: Corpus, words: Sequence[str], clips: int, seed: int) -> Corpus:
    """Return so many clips of each word, or all where there are fewer."""
    drawn = []
    for word in words:
        said = sorted((u for u in corpus if u.word == word), key=lambda u: u.path.name)
        random.Random(f"{seed} {word}").shuffle(said)
        drawn += said[:clips]
    return Corpus(corpus.name, tuple(drawn))


def test_clips(data: Path) -> tuple[Corpus, Corpus]:
    """Return the ten words and the others by speakers of no training."""
    whole = read_speech_commands(data / "speech_commands_other" / "words")
    odd = whole.filter(lambda u: int(u.speaker[-1], 16) % 2 == 1)
    return odd.filter(words=WORDS), odd.filter(lambda u: u.word not in WORDS)


def teach_and_test(
    words: Corpus,
    test: Corpus | Mapping[str, Corpus],
    config: TeachConfig,
    device: str,
    *,
    others: Corpus = NOTHING,
    negatives: Corpus | None = None,
) -> tuple[Taught, EvaluationReport]:
    """Teach a model words, beside recordings of others, and test it; the model itself is not kept."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "commands.safetensors"
        taught = teach(TeachingRecordings(words, others), path, config, device=device, progress=True)
        return taught, Evaluator(load_checkpoint(path)).evaluate(test, negatives=negatives)
