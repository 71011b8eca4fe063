"""``aurora-resnet calibrate``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from tqdm.auto import tqdm

from aurora_resnet.checkpoints import load_checkpoint, save_calibrated
from aurora_resnet.cli.outputs import check_file
from aurora_resnet.cli.recordings import NEGATIVES_HELP, load_negatives, load_words
from aurora_resnet.cli.string_models import FALSE_PER_HOUR, calibrate_strings, refuse_options
from aurora_resnet.cli.terminal import CHECKPOINT_HELP, Device, Threads, TrustCode
from aurora_resnet.clips import clip_set
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.environment import check_device, set_threads
from aurora_resnet.evaluation.answers import Answered, Answers, answer_conditions
from aurora_resnet.evaluation.rejection_report import RejectionReport, Share
from aurora_resnet.evaluation.tables import MISSING, markdown_table, percent, percent_with_interval
from aurora_resnet.runtime.cli.terminal import PROBLEMS, complain, tell
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import CorpusError
from aurora_resnet.runtime.models import ScoringModel
from aurora_resnet.scoring import scoring_model
from aurora_resnet.training.calibrate import fit_calibration

SHARES = (0.01, 0.02, 0.03, 0.05)
"""Of the words refused, in the table of what a threshold would do."""


def calibrate(
    model: Annotated[str, typer.Option(help=CHECKPOINT_HELP)],
    corpus: Annotated[
        list[str],
        typer.Option(help="KIND:PATH: words by speakers that the training did not hear. May be repeated."),
    ],
    out: Annotated[Path, typer.Option(help="Checkpoint to write.")],
    split: Annotated[str | None, typer.Option(help="Split of the corpus, as in test; all of it by default.")] = None,
    negatives: Annotated[list[str] | None, typer.Option(help=NEGATIVES_HELP)] = None,
    words_refused: Annotated[
        float | None, typer.Option(help="Put the threshold where it refuses at most this share of the words.")
    ] = None,
    negatives_accepted: Annotated[
        float | None, typer.Option(help="Put it where it accepts at most this share of the negatives.")
    ] = None,
    false_per_hour: Annotated[
        float | None,
        typer.Option(
            help="For a model of strings: hear at most so many false words in an hour of negatives "
            f"(default {FALSE_PER_HOUR:g})."
        ),
    ] = None,
    device: Device = "cpu",
    threads: Threads = None,
    trust_code: TrustCode = False,
) -> None:
    """Fit a model's confidence and its threshold on recordings that it was not trained on.

    Writes the same weights, bit by bit, with the new calibration. Without --words-refused and --negatives-accepted
    there is no threshold: such a model does not say what it accepts. Of a model of strings the weight of everything
    but a word and the threshold are chosen together; the folder of its training has the recordings for it. Exit code 1
    means that some recordings could not be used; each is named.

    \b
    Examples:
      aurora-resnet calibrate --model runs/cnn/best.safetensors --corpus fsdd:data/fsdd --split test \\
          --negatives data/esc10 --words-refused 0.02 --out cnn.safetensors
      aurora-resnet calibrate --model compact --corpus folder:mine --negatives folder:other-words \\
          --negatives-accepted 0.05 --out mine.safetensors
      aurora-resnet calibrate --model runs/strings/best.safetensors --corpus manifest:runs/strings/validation.csv \\
          --false-per-hour 60 --out strings.safetensors
    """
    check_device(device)
    set_threads(threads)
    check_file(out, "--out")
    checkpoint = load_checkpoint(model, trust_code=trust_code)
    if checkpoint.kind == "strings":
        of_words = {"--words-refused": words_refused, "--negatives-accepted": negatives_accepted}
        refuse_options(of_words, "a model of strings; give --false-per-hour")
        calibrate_strings(checkpoint, model, corpus, split, negatives or (), out, false_per_hour, device)
        return
    refuse_options({"--false-per-hour": false_per_hour}, "a model of single words")
    scoring = scoring_model(checkpoint, device=device)
    spoken = load_words(corpus, split)
    not_words = load_negatives(negatives or (), scoring.facts.vocabulary)
    words, unheard = _answer(scoring, spoken, not_words)
    point = _fit(words, unheard, words_refused=words_refused, negatives_accepted=negatives_accepted)
    typer.echo(_table(words, unheard))
    refused, report = _at(point, words, unheard)
    chosen = {"words_refused": words_refused, "negatives_accepted": negatives_accepted}
    info = {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "asked": {name: share for name, share in chosen.items() if share is not None},
        "words_refused": asdict(refused),
        "negatives_accepted": None if report is None else asdict(report.negatives_accepted),
        "corpora": {name: each.digest() for name, each in {**spoken, **not_words}.items()},
    }
    typer.echo(_chosen(point, refused, report))
    save_calibrated(model, point, out, info={"operating_point": info}, trust_code=trust_code)
    tell(f"{out}: temperature {point.temperature:.4g}, threshold {_threshold(point)}")
    read = [problem for each in (*spoken.values(), *not_words.values()) for problem in each.problems]
    if problems := dict.fromkeys([*read, *_problems(words), *_problems(unheard)]):
        for problem in problems:
            complain(problem)
        raise typer.Exit(PROBLEMS)


def _answer(
    scoring: ScoringModel, words: Mapping[str, Corpus], negatives: Mapping[str, Corpus]
) -> tuple[Answered, Answered]:
    read_words = partial(clip_set.load_clips, model=scoring.facts, skip_unreadable=True)
    read_negatives = partial(clip_set.load_negatives, model=scoring.facts, skip_unreadable=True)
    total = sum(map(len, [*words.values(), *negatives.values()]))
    with tqdm(total=total, unit="clip", disable=None) as bar:
        spoken = answer_conditions(scoring, words, read_words, batch_size=64, bar=bar)
        not_words = answer_conditions(scoring, negatives, read_negatives, batch_size=64, bar=bar)
    if not spoken.answers:
        raise CorpusError(f"no recording of the words could be read: {'; '.join(spoken.problems[:3])}")
    return spoken, not_words


def _fit(words: Answered, negatives: Answered, **point: float | None) -> Calibration:
    spoken = Answers.pool(list(words.answers.values()))
    not_words = Answers.pool(list(negatives.answers.values())) if negatives.answers else None
    return fit_calibration(
        (spoken.logits, spoken.peaks),
        spoken.labels,
        negatives=None if not_words is None else (not_words.logits, not_words.peaks),
        **point,
    )


def _at(point: Calibration, words: Answered, negatives: Answered) -> tuple[Share, RejectionReport | None]:
    """Return the share of the words that a calibration refuses, and the whole report if there are negatives."""
    spoken, not_words = (
        {name: replace(each, calibration=point) for name, each in part.answers.items()} for part in (words, negatives)
    )
    pooled = Answers.pool(list(spoken.values()))
    report = RejectionReport.count("", spoken, not_words) if not_words else None
    return Share.of(~pooled.accepted, pooled.speakers), report


def _table(words: Answered, negatives: Answered) -> str:
    """Return what refusing so many words would accept of the negatives."""
    rows = []
    for share in SHARES:
        point = _fit(words, negatives, words_refused=share)
        refused, report = _at(point, words, negatives)
        accepted = MISSING if report is None else _shown(report.negatives_accepted)
        rows.append([f"{100 * share:g}", _threshold(point), percent(refused.share), accepted])
    header = ["words to refuse %", "threshold", "words refused %", "negatives accepted % [95 % interval]"]
    return markdown_table(header, rows)


def _chosen(point: Calibration, refused: Share, report: RejectionReport | None) -> str:
    if report is not None:
        return f"\n{report.to_markdown()}"
    return f"\nthreshold {_threshold(point)}: {_shown(refused)} % of the words refused"


def _shown(share: Share) -> str:
    return percent_with_interval(share.share, share.interval)


def _threshold(point: Calibration) -> str:
    return "none" if point.threshold is None else f"{point.threshold:.4g}"


def _problems(answered: Answered) -> list[str]:
    return [*answered.problems, *(problem for each in answered.answers.values() for problem in each.problems)]
