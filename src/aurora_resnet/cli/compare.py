"""``aurora-resnet compare``."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from aurora_resnet.cli.outputs import check_file, write_all
from aurora_resnet.evaluation.comparison import Comparison, plot_comparison, read_systems
from aurora_resnet.evaluation.figures import save_figure
from aurora_resnet.files import write_json


def compare(
    runs: Annotated[
        list[str],
        Argument(
            metavar="RUN...",
            help="Predictions that 'evaluate --predictions' wrote, all on the same recordings, or folders with a file "
            "predictions.csv.",
        ),
    ],
    seeds: Annotated[bool, Option("--seeds", help="Runs that differ in an ending like _seed2 are one.")] = False,
    latex: Annotated[bool, Option("--latex", help="Print LaTeX (booktabs) instead of Markdown.")] = False,
    figure: Annotated[Path | None, Option(help="Draw accuracies and intervals (png, svg, pdf).")] = None,
    json: Annotated[Path | None, Option(help="Write everything as JSON.")] = None,
) -> None:
    """Compare trained models on the same recordings: accuracies, intervals by speaker, paired differences.

    \b
    Examples:
      aurora-resnet evaluate --model a.safetensors --corpus folder:mine --predictions a.csv
      aurora-resnet evaluate --model b.safetensors --corpus folder:mine --predictions b.csv
      aurora-resnet compare a.csv b.csv
      aurora-resnet compare --seeds runs/cnn_seed1 runs/cnn_seed2 runs/lstm_seed1 runs/lstm_seed2 --figure all.png
    """
    check_file(figure, "--figure")
    check_file(json, "--json")
    comparison = Comparison.of(read_systems(runs, seeds=seeds))
    text = comparison.to_latex() if latex else comparison.to_markdown()
    write_all(
        text,
        ("--json", json, lambda path: write_json(comparison.to_dict(), path)),
        ("--figure", figure, lambda path: save_figure(plot_comparison(comparison), path)),
    )
