"""How good a recogniser of strings is, and where: every condition of a corpus scored into one report."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
from tqdm.auto import tqdm

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.evaluation.string_answers import FalseWords, HeardString, hear_strings
from aurora_resnet.evaluation.string_condition import StringCondition
from aurora_resnet.evaluation.string_report import StringReport, confidence_auroc
from aurora_resnet.runtime.errors import CorpusError
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.version import __version__


def evaluate_strings(
    recognizer: StringRecognizer,
    conditions: Mapping[str, Corpus],
    *,
    negatives: Mapping[str, Corpus] | None = None,
    known_length: bool = False,
    progress: bool = False,
) -> StringReport:
    """Score a recogniser on strings, single words among them.

    Recordings that cannot be read are named in the report, the others are scored. Word accuracies are those of the best
    string, whether or not it is accepted; how many are refused is counted beside.

    Args:
        recognizer: of a checkpoint (``sequence_model``) or an exported model.
        conditions: recordings of words of its vocabulary, by the name of the condition.
        negatives: recordings that say none of its words: how many words are heard there.
        known_length: tell the recogniser how many words each string has.
        progress: show a bar on the standard error stream.

    Raises:
        CorpusError: if there is nothing to score, a recording has no word or one that the model does not know, or a
            negative has one that it knows; nothing has been computed then.
        ModelError: if the model answers with numbers that are not finite.
    """
    unheard = negatives or {}
    _check(recognizer, conditions, unheard)
    started = time.perf_counter()
    total = sum(map(len, [*conditions.values(), *unheard.values()]))
    heard: dict[str, list[HeardString]] = {}
    reports, problems, false = [], [], {}
    with tqdm(total=total, unit="string", disable=None if progress else True) as bar:
        for name, corpus in conditions.items():
            found = hear_strings(recognizer, corpus, known_length=known_length, bar=bar)
            if not found.strings:
                problems += [f"condition '{name}': no readable recording", *found.problems]
                continue
            heard[name] = found.strings
            reports.append(StringCondition.of(name, found.strings, found.problems))
        for name, corpus in unheard.items():
            found = hear_strings(recognizer, corpus, bar=bar)
            problems += found.problems
            false[name] = FalseWords.of(found.strings)
    if not heard:
        raise CorpusError(f"no recording could be read: {'; '.join(problems[:3])}")
    everything = [each for strings in heard.values() for each in strings]
    audio_seconds = sum(each.seconds for each in everything) + 3600 * sum(each.hours for each in false.values())
    return StringReport(
        recognizer.facts.name,
        tuple(reports),
        overall=StringCondition.of("all conditions", everything) if len(reports) > 1 else reports[0],
        confidence_auroc=confidence_auroc(everything),
        false_words=false,
        known_length=known_length,
        seconds=time.perf_counter() - started,
        audio_seconds=audio_seconds,
        corpora={name: corpus.digest() for name, corpus in {**conditions, **unheard}.items()},
        versions={"aurora-resnet": __version__, "python": platform.python_version(), "numpy": np.__version__},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        problems=tuple(problems),
        heard=heard,
    )


def _check(recognizer: StringRecognizer, conditions: Mapping[str, Corpus], negatives: Mapping[str, Corpus]) -> None:
    """Refuse what cannot be scored before any work is done."""
    vocabulary = recognizer.vocabulary
    if not conditions:
        raise CorpusError("there is no condition to evaluate")
    for name, corpus in conditions.items():
        if not len(corpus):
            raise CorpusError(f"condition '{name}' has no recording; leave it out")
        if silent := [utterance for utterance in corpus if not utterance.words]:
            raise CorpusError(f"condition '{name}': {silent[0].path} says no word; give such recordings as negatives")
        if unknown := vocabulary.unknown(corpus.words):
            raise CorpusError(
                f"condition '{name}' has words that the model does not know: {', '.join(unknown[:20])}; it knows "
                f"{', '.join(vocabulary.words[:20])}; leave them out with corpus.filter(...)"
            )
    for name, corpus in negatives.items():
        if not len(corpus):
            raise CorpusError(f"negatives '{name}' have no recording; leave them out")
        if known := sorted(set(corpus.words) & set(vocabulary)):
            raise CorpusError(f"negatives '{name}' have words that the model knows: {', '.join(known[:20])}")
