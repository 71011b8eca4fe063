"""``aurora-resnet evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.cli.aurora_output import write_aurora
from aurora_resnet.cli.terminal import PROBLEMS, Device, Threads, complain, tell
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.environment import check_device, set_threads
from aurora_resnet.evaluation.conditions import conditions_by
from aurora_resnet.evaluation.evaluator import Evaluator
from aurora_resnet.evaluation.figures import plot_confusion, save_figure


def evaluate(
    model: Annotated[Path, typer.Option(help="Checkpoint that 'train' wrote.")],
    corpus: Annotated[
        list[str], typer.Option(help="KIND:PATH, as in fsdd:data/fsdd; several make several conditions.")
    ],
    split: Annotated[str | None, typer.Option(help="Split of the corpus, as in test; all of it by default.")] = None,
    by: Annotated[
        list[str] | None, typer.Option(help="Attribute to divide into conditions by, as in snr_db; may be repeated.")
    ] = None,
    aurora: Annotated[
        Path | None,
        typer.Option(
            help="For Aurora-2 or a tree of 'make-noisy': divide by set, noise and SNR, print Aurora's table, and "
            "write tables (Markdown, LaTeX) and figures into this folder."
        ),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write the whole report as JSON.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write a line for each condition as CSV.")] = None,
    predictions: Annotated[Path | None, typer.Option(help="Write a line for each recording as CSV.")] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw the confusion matrix (png, svg, pdf).")] = None,
    batch_size: Annotated[int, typer.Option(help="Clips at a time.", min=1)] = 64,
    device: Device = "cpu",
    threads: Threads = None,
) -> None:
    """Measure a model on recordings and print a report in Markdown.

    Accuracies come with 95 % intervals, by speaker where the speakers are known. Digit strings are left out, and said
    so. Exit code 1 means that some recordings could not be used; the report names them.

    \b
    Examples:
      aurora-resnet evaluate --model runs/cnn/best.safetensors --corpus fsdd:data/fsdd --split test --json report.json
      aurora-resnet evaluate --model runs/cnn/best.safetensors --corpus aurora2:data/noisy --split test --aurora tables
    """
    check_device(device)
    set_threads(threads)
    if aurora is not None:
        by = ["set", "noise", "snr_db"]
    conditions: dict[str, Corpus] = {}
    for name in corpus:
        whole = load_corpus(name)
        chosen = whole if split is None else whole.filter(split=split)
        isolated = chosen.filter(isolated=True)
        if len(isolated) < len(chosen):
            tell(f"{name}: {len(chosen) - len(isolated)} digit strings left out, {len(isolated)} isolated digits")
        label = whole.name if split is None else f"{whole.name} {split}"
        parts = conditions_by(isolated, *by) if by else {"": isolated}
        conditions |= {f"{label} {part}".strip(): condition for part, condition in parts.items()}
    evaluator = Evaluator(load_checkpoint(model).model, device=device, batch_size=batch_size)
    report = evaluator.evaluate(conditions, progress=True)
    if aurora is None:
        typer.echo(report.to_markdown())
    else:
        table, remark = write_aurora(report, aurora)
        typer.echo(table.to_markdown())
        tell(remark)
    if json is not None:
        report.to_json(json)
    if csv is not None:
        report.to_csv(csv)
    if predictions is not None:
        report.predictions_to_csv(predictions)
    if figure is not None:
        save_figure(plot_confusion(report.overall), figure)
    if report.all_problems:
        for problem in report.all_problems:
            complain(problem)
        raise typer.Exit(PROBLEMS)
