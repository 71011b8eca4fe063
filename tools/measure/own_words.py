"""Ten command words that no shipped model knows, learnt from 5 to 40 clips a word: the tables of docs/own-words.md.

Training: Speech Commands' ``yes no up down left right on off stop go`` of ``speech_commands_v2_words`` (speakers with
an even id, which the shipped weights learnt as no digit). Test: the same words of ``speech_commands_other/words`` by
speakers with an odd id; to reject: that set's other fifteen words by these speakers. No speaker is on both sides.

- ``words``: from each start and number of clips; ``random`` is the network of ``compact`` with random weights.
- ``together``: digits and commands in one model, from ``compact``; digits of test speakers (AN4, Speech Commands v0.01)
  before and after.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.sources.speech_commands import read_speech_commands
from aurora_resnet.corpora.splits import check_speakers_disjoint
from aurora_resnet.evaluation.evaluator import Evaluator
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.teaching.recipe import TeachConfig
from aurora_resnet.teaching.recordings import TeachingRecordings
from aurora_resnet.teaching.report import Taught
from aurora_resnet.teaching.teach import teach
from tools.measure.records import Job, Record, Settings, header

WORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
NO_NEGATIVES = Corpus("other", ())


@dataclass(frozen=True, kw_only=True)
class OwnWords:
    """All trainings.

    Attributes:
        records: folder below that of the records.
        starts: from what they begin: shipped names, and ``random``.
        clips: of each word.
        seeds: how many draws and trainings.
        bfloat16: starts whose trainings compute in it.
        clips_together: of each word with digits and commands in one model.
    """

    records: str
    starts: tuple[str, ...] = ("compact", "resnet50", "random")
    clips: tuple[int, ...] = (5, 10, 20, 40)
    seeds: int = 1
    bfloat16: tuple[str, ...] = ()
    clips_together: int = 40

    def jobs(self, settings: Settings) -> Iterator[Job]:
        """Yield what makes the record of each training."""
        path = settings.path(f"{self.records}/together_seed0.json")
        yield Job(path, partial(measure_together, self.clips_together, settings))
        for seed in range(self.seeds):
            for start in self.starts:
                recipe = {"init": "compact", "random_weights": True} if start == "random" else {"init": start}
                config = TeachConfig(**recipe, bfloat16=start in self.bfloat16, seed=seed)
                for clips in self.clips:
                    path = settings.path(f"{self.records}/{start}_{clips}_seed{seed}.json")
                    yield Job(path, partial(measure_words, start, clips, config, settings))


@dataclass(frozen=True)
class Commands:
    """The commands to teach and to test, and the negatives by the speakers who test."""

    taught: Corpus
    spoken: Corpus
    negatives: Corpus

    @classmethod
    def read(cls, data: Path, clips: int, seed: int) -> Commands:
        """Read them; another seed draws other clips."""
        taught = some_of_each(read_speech_commands(data / "speech_commands_v2_words"), WORDS, clips, seed)
        if len(taught) < clips * len(WORDS):
            raise SystemExit(f"{data}: {len(taught)} clips, {clips} of each of {len(WORDS)} words are needed")
        whole = read_speech_commands(data / "speech_commands_other" / "words")
        odd = whole.filter(lambda u: int(u.speaker[-1], 16) % 2 == 1)
        return cls(taught, odd.filter(words=WORDS), odd.filter(lambda u: u.word not in WORDS))


def some_of_each(corpus: Corpus, words: Sequence[str], clips: int, seed: int) -> Corpus:
    """Return so many clips of each word, or all where there are fewer."""
    drawn = []
    for word in words:
        said = sorted((u for u in corpus if u.word == word), key=lambda u: u.path.name)
        random.Random(f"{seed} {word}").shuffle(said)
        drawn += said[:clips]
    return Corpus(corpus.name, tuple(drawn))


def measure_words(start: str, clips: int, config: TeachConfig, settings: Settings) -> Record:
    """Teach one model the commands and test it."""
    commands = Commands.read(settings.data, clips, config.seed)
    tests = {"commands": commands.spoken}
    taught, report = teach_and_test(commands.taught, tests, commands.negatives, config, settings)
    rejection = report.rejection
    assert rejection is not None
    return {
        "kind": "own_words",
        "init": start,
        "bfloat16": config.bfloat16,
        "test_clips": report.overall.clips,
        "interval": asdict(report.overall.interval),
        "estimate": taught.estimate.accuracy,
        "accuracy": report.overall.accuracy,
        "words_refused": rejection.words_refused.share,
        "others_accepted": rejection.negatives_accepted.share,
        **_about(clips, config, taught, settings),
    }


def measure_together(clips: int, settings: Settings) -> Record:
    """Teach a model that knows digits commands too, and test whether it still knows the digits as well."""
    data, config = settings.data, TeachConfig(seed=0)
    commands, an4 = Commands.read(data, clips, config.seed), load_corpus(f"an4:{data / 'an4'}")
    digits = read_speech_commands(data / "speech_commands_v2_digits")
    digits = digits.filter(lambda u: u.speaker not in commands.spoken.speakers)
    digits = digits.merge(an4.filter(split="train", words="oh"))
    recordings = commands.taught.merge(some_of_each(digits, digits.words, clips, config.seed))
    tests = {"an4": an4.filter(split="test"), "speech_commands": read_speech_commands(data / "speech_commands_digits")}
    all_tests = {**tests, "commands": commands.spoken}
    taught, after = teach_and_test(recordings, all_tests, None, config, settings)
    before = Evaluator(load_checkpoint("compact")).evaluate(tests)
    return {
        "kind": "own_words_together",
        "words": len(recordings.words),
        "kept": None if taught.kept is None else asdict(taught.kept),
        "before": _by_set(before),
        "after": _by_set(after),
        **_about(clips, config, taught, settings),
    }


def teach_and_test(
    words: Corpus,
    tests: dict[str, Corpus],
    negatives: Corpus | None,
    config: TeachConfig,
    settings: Settings,
) -> tuple[Taught, EvaluationReport]:
    """Teach a model words and test it; the model itself is not kept."""
    tested = [*tests.values(), *([negatives] if negatives else [])]
    check_speakers_disjoint(train=words, test=tested[0].merge(*tested[1:]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "commands.safetensors"
        taught = teach(TeachingRecordings(words, NO_NEGATIVES), path, config, device=settings.device, progress=True)
        return taught, Evaluator(load_checkpoint(path)).evaluate(tests, negatives=negatives)


def _about(clips: int, config: TeachConfig, taught: Taught, settings: Settings) -> Record:
    about = {"clips": clips, "seed": config.seed, "epochs": config.epochs, "seconds": taught.seconds}
    return {**about, **header(settings.device)}


def _by_set(report: EvaluationReport) -> Record:
    return {
        each.name: {"clips": each.clips, "accuracy": each.accuracy, "interval": asdict(each.interval)}
        for each in report.conditions
    }
