"""Ten command words that no shipped model knows, from 5 to 40 clips a word: the table of docs/own-words.md.

Run: ``python -m tools.own_words [--clips 5 10 20 40] [--init compact resnet50 random] [--seeds 1] [--data ../shared/data]
[--out docs/records/own_words]``; a record a training, those that exist already are left alone, so it can be interrupted.
``--epochs`` shortens it. ``random`` is the network of ``compact`` with random weights.

Training: Speech Commands' ``yes no up down left right on off stop go`` of ``speech_commands_v2_words`` (speakers with an
even id, whom the shipped weights heard as no digit). Test: the same words of ``speech_commands_other/words`` by speakers with an
odd id; to reject: that set's other fifteen words by these speakers. Nobody stands on both sides.

``--together``: digits and commands in one model, forty clips of each (of digits those of Speech Commands v0.02 by speakers who are not tested), from
``compact``; digits of people whom neither ``compact`` nor the teaching heard (AN4's test speakers, Speech Commands v0.01)
before and after.

``--others``: what recordings of other words (``_other``) are worth. Twenty clips of each command, first alone, then with
every second of the fifteen other words by speakers with an even id; to reject: the words between them, by other people.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.sources.speech_commands import read_speech_commands
from aurora_resnet.corpora.splits import check_speakers_disjoint
from aurora_resnet.environment import describe_environment
from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.evaluator import Evaluator
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.files import write_json
from aurora_resnet.runtime.cli.terminal import exit_with, tell
from aurora_resnet.teaching.recipe import TeachConfig
from aurora_resnet.teaching.recordings import TeachingRecordings
from aurora_resnet.teaching.teach import Taught, teach

WORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
CLIPS = (5, 10, 20, 40)
CLIPS_BESIDE_OTHERS = 20
STARTS = ("compact", "resnet50", "random")
NOTHING = Corpus("other", ())


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
    """Return the ten words and the others by speakers whom no training heard."""
    whole = read_speech_commands(data / "speech_commands_other" / "words")
    odd = whole.filter(lambda u: int(u.speaker[-1], 16) % 2 == 1)
    return odd.filter(words=WORDS), odd.filter(lambda u: u.word not in WORDS)


def teach_and_test(
    words: Corpus,
    test: Corpus | dict[str, Corpus],
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


def measure_together(data: Path, seed: int, epochs: int | None, device: str) -> dict[str, Any]:
    """Teach a model that knows digits commands too, and test whether it still knows the digits as well."""
    clips = CLIPS[-1]
    config = TeachConfig(seed=seed) if epochs is None else TeachConfig(seed=seed, epochs=epochs)
    an4 = load_corpus(f"an4:{data / 'an4'}")
    spoken, _ = test_clips(data)
    digits = read_speech_commands(data / "speech_commands_v2_digits").filter(lambda u: u.speaker not in spoken.speakers)
    digits = digits.merge(an4.filter(split="train", words="oh"))
    recordings = training_clips(data, clips, seed).merge(some_of_each(digits, digits.words, clips, seed))
    tests = {"an4": an4.filter(split="test"), "speech_commands": read_speech_commands(data / "speech_commands_digits")}
    check_speakers_disjoint(train=recordings, test=spoken.merge(*tests.values()))
    taught, after = teach_and_test(recordings, {**tests, "commands": spoken}, config, device)
    before = Evaluator(load_checkpoint("compact")).evaluate(tests)
    return {
        "kind": "own_words_together",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "clips": clips,
        "seed": seed,
        "epochs": config.epochs,
        "words": len(recordings.words),
        "kept": None if taught.kept is None else asdict(taught.kept),
        "before": {each.name: row(each) for each in before.conditions},
        "after": {each.name: row(each) for each in after.conditions},
        "seconds": taught.seconds,
        "environment": describe_environment(device),
    }


def measure_others(data: Path, seed: int, epochs: int | None, device: str) -> dict[str, Any]:
    """Teach the commands without and with recordings of other words, and test on words that neither heard."""
    config = TeachConfig(seed=seed) if epochs is None else TeachConfig(seed=seed, epochs=epochs)
    words, (spoken, others) = training_clips(data, CLIPS_BESIDE_OTHERS, seed), test_clips(data)
    of_others = others.words
    whole = read_speech_commands(data / "speech_commands_other" / "words")
    given = whole.filter(lambda u: int(u.speaker[-1], 16) % 2 == 0 and u.word in of_others[::2])
    unheard = others.filter(words=of_others[1::2])
    check_speakers_disjoint(train=words.merge(given), test=spoken.merge(unheard))
    rows = []
    for beside in (NOTHING, given):
        _, report = teach_and_test(words, spoken, config, device, others=beside, negatives=unheard)
        rejection = report.rejection
        assert rejection is not None
        rows.append(
            {
                "given": len(beside),
                "accuracy": report.overall.accuracy,
                "words_refused": rejection.words_refused.share,
                "others_accepted": rejection.negatives_accepted.share,
            }
        )
    return {
        "kind": "own_words_others",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "clips": CLIPS_BESIDE_OTHERS,
        "seed": seed,
        "epochs": config.epochs,
        "tested": len(unheard),
        "rows": rows,
        "environment": describe_environment(device),
    }


def row(report: ConditionReport) -> dict[str, Any]:
    """Return what a record says of a test set."""
    return {"clips": report.clips, "accuracy": report.accuracy, "interval": asdict(report.interval)}


def measure(
    data: Path, init: str, clips: int, seed: int, epochs: int | None, device: str, *, bfloat16: bool = False
) -> dict[str, Any]:
    """Teach and test one model.

    Args:
        data: the folder of all recordings.
        init: where it starts.
        clips: of each word.
        seed: of the draw and of the training.
        epochs: instead of the usual number.
        device: where the training computes.
        bfloat16: whether in bfloat16.
    """
    start = "compact" if init == "random" else init
    config = TeachConfig(init=start, random_weights=init == "random", bfloat16=bfloat16, seed=seed)
    config = config if epochs is None else replace(config, epochs=epochs)
    words, (spoken, others) = training_clips(data, clips, seed), test_clips(data)
    check_speakers_disjoint(train=words, test=spoken.merge(others))
    taught, report = teach_and_test(words, spoken, config, device, negatives=others)
    rejection = report.rejection
    assert rejection is not None
    return {
        "kind": "own_words",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "init": init,
        "clips": clips,
        "seed": seed,
        "epochs": config.epochs,
        "bfloat16": config.bfloat16,
        "test_clips": report.overall.clips,
        "accuracy": report.overall.accuracy,
        "interval": asdict(report.overall.interval),
        "estimate": taught.estimate.accuracy,
        "words_refused": rejection.words_refused.share,
        "others_accepted": rejection.negatives_accepted.share,
        "seconds": taught.seconds,
        "environment": describe_environment(device),
    }


def main() -> int:
    """Measure what is asked for and not there yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, nargs="+", default=list(CLIPS))
    parser.add_argument("--init", nargs="+", default=list(STARTS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("docs/records/own_words"))
    parser.add_argument("--device", default="cpu", help="where the trainings compute")
    parser.add_argument("--bfloat16", action="store_true", help="compute the trainings of --init in bfloat16")
    parser.add_argument("--together", action="store_true", help="digits and commands in one model")
    parser.add_argument("--others", action="store_true", help="without and with recordings of other words")
    options = parser.parse_args()
    further = {"together": measure_together, "others": measure_others}
    for name in [name for name in further if getattr(options, name)]:
        path = options.out / f"{name}_seed0.json"
        if not path.exists():
            write_json(further[name](options.data, 0, options.epochs, options.device), path)
        tell(path.read_text(encoding="utf-8"))
    if options.together or options.others:
        return 0
    for seed in range(options.seeds):
        for init in options.init:
            for clips in options.clips:
                path = options.out / f"{init}_{clips}_seed{seed}.json"
                if path.exists():
                    tell(f"{path} is there")
                    continue
                record = measure(
                    options.data, init, clips, seed, options.epochs, options.device, bfloat16=options.bfloat16
                )
                write_json(record, path)
                shown = {key: record[key] for key in ("init", "clips", "accuracy", "estimate", "seconds")}
                tell(json.dumps(shown))
    return 0


if __name__ == "__main__":
    exit_with(main)
