"""``aurora-resnet evaluate``."""

from pathlib import Path
from typing import Annotated, Any

from typer import Option

from aurora_resnet.cli.kinds import options_of
from aurora_resnet.cli.outputs import check_file, check_folder, write_all
from aurora_resnet.cli.recordings import load_negatives, load_words
from aurora_resnet.cli.terminal import MODEL_HELP, Corpora, Device, Negatives, Split, Threads, TrustCode, end_with
from aurora_resnet.environment import check_device, set_threads
from aurora_resnet.evaluation.aurora_figures import plot_accuracy_by_snr, plot_noise_heatmap
from aurora_resnet.evaluation.aurora_tables import AuroraTable
from aurora_resnet.evaluation.evaluator import Evaluator
from aurora_resnet.evaluation.figures import plot_confusion, save_figure
from aurora_resnet.evaluation.misses import misses_table, plot_misses
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.files import atomic_path
from aurora_resnet.recognition.recognizers import RECOGNIZERS
from aurora_resnet.runtime.cli.terminal import tell
from aurora_resnet.runtime.errors import MissingDependencyError
from aurora_resnet.runtime.model_reference import Kind, resolve


def evaluate(
    model: Annotated[str, Option(help=MODEL_HELP)],
    corpus: Corpora,
    split: Split = None,
    by: Annotated[list[str] | None, Option(help="Divide by this attribute, as snr_db; may be repeated.")] = None,
    negatives: Negatives = None,
    aurora: Annotated[
        Path | None,
        Option(help="For Aurora-2 or a tree of 'make-noisy': print Aurora's table, and write tables and figures here."),
    ] = None,
    strings: Annotated[bool, Option("--strings", help="The model is one of strings: score whole recordings.")] = False,
    known_length: Annotated[
        bool, Option("--known-length", help="With --strings: the model is told their lengths.")
    ] = False,
    checkpoint: Annotated[bool, Option("--checkpoint", help="Measure the checkpoint, not the exported model.")] = False,
    json: Annotated[Path | None, Option(help="Write the whole report as JSON.")] = None,
    csv: Annotated[Path | None, Option(help="Write a line for each condition as CSV.")] = None,
    predictions: Annotated[Path | None, Option(help="Write a line for each recording as CSV.")] = None,
    figure: Annotated[Path | None, Option(help="Draw the confusion matrix (png, svg, pdf).")] = None,
    misses: Annotated[
        Path | None,
        Option(help="Print the ten hardest speakers and draw what of them was taken for another word (png, svg, pdf)."),
    ] = None,
    batch_size: Annotated[int, Option(help="Clips at a time.", min=1)] = 64,
    device: Device = "cpu",
    threads: Threads = None,
    trust_code: TrustCode = False,
) -> None:
    """Measure a model on recordings and print a report in Markdown.

    Accuracies come with 95 % intervals, by speaker where the speakers are known; several corpora are several
    conditions. With --negatives the report says how many of them the model accepts. Recordings of several words are
    left out, and counted, unless the model is one of strings: then the report has word accuracy, with what was
    substituted, deleted and inserted, and strings right. Exit code 1 means that some recordings could not be used; the
    report names them.

    \b
    Examples:
      aurora-resnet evaluate --model runs/cnn/best.safetensors --corpus fsdd:data/fsdd --split test --json report.json
      aurora-resnet evaluate --model runs/cnn/best.safetensors --corpus aurora2:data/noisy --split test --aurora tables
      aurora-resnet evaluate --model compact --corpus fsdd:data/fsdd --split test --negatives data/esc10
      aurora-resnet evaluate --strings --model strings.onnx --corpus an4-strings:data/an4 --split test
      aurora-resnet evaluate --strings --model strings.onnx --corpus aurora2:data/noisy --split test --aurora tables
    """
    files = {"--json": json, "--csv": csv, "--predictions": predictions, "--figure": figure, "--misses": misses}
    for option, path in files.items():
        check_file(path, option)
    check_folder(aurora, "--aurora")
    check_device(device)
    set_threads(threads)
    kind: Kind = "strings" if strings else "words"
    file = resolve(model, kind=kind, format="checkpoint" if checkpoint else None, device=device)
    options = options_of(kind, figure=figure, misses=misses, known_length=known_length or None)
    recognizer = RECOGNIZERS[kind].from_pretrained(file, device=device, threads=threads, trust_code=trust_code)
    conditions = load_words(corpus, split, ("set", "noise", "snr_db") if aurora else by or (), kind=kind)
    not_words = load_negatives(negatives, recognizer.vocabulary) if negatives else None
    report: EvaluationReport[Any] = Evaluator(recognizer, batch_size=batch_size).evaluate(
        conditions, negatives=not_words, known_length=bool(options.get("known_length")), progress=True
    )
    table = None if aurora is None else AuroraTable.from_report(report)
    page = (table or report).to_markdown()
    if misses:
        page += f"\n## Hardest speakers\n\n{misses_table(report.predictions)}\n"
    write_all(
        page,
        ("--json", json, report.write_json),
        ("--csv", csv, report.write_csv),
        ("--predictions", predictions, report.write_predictions),
        ("--figure", figure, lambda path: save_figure(plot_confusion(report.overall), path)),
        ("--misses", misses, lambda path: save_figure(plot_misses(report.predictions), path)),
        ("--aurora", aurora, lambda folder: _write_aurora(AuroraTable.from_report(report), folder)),
    )
    end_with(report.all_problems)


def _write_aurora(table: AuroraTable, folder: Path) -> None:
    """Write ``aurora.md``, ``aurora.tex`` and two figures, and say so."""
    for name, text in (("aurora.md", table.to_markdown()), ("aurora.tex", table.to_latex())):
        with atomic_path(folder / name) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
    try:
        save_figure(plot_accuracy_by_snr(table), folder / "accuracy_by_snr.png")
        save_figure(plot_noise_heatmap(table), folder / "noise_heatmap.png")
        tell(f"tables and figures: {folder}")
    except MissingDependencyError as error:
        tell(f"tables: {folder}; no figures drawn: {error}")
