"""What the commands of torch share: options that mean the same everywhere, tables, how they end."""

from collections.abc import Sequence
from typing import Annotated

import typer
from typer import Option

from aurora_resnet.engines.engine import EngineName
from aurora_resnet.evaluation.tables import markdown_table
from aurora_resnet.runtime.cli.terminal import PROBLEMS, complain, printable
from aurora_resnet.runtime.model_reference import CHECKPOINTS, EXPORTED

_ELSEWHERE = "a folder of save_pretrained, or owner/name on the hub"
MODEL_HELP = (
    f"A shipped model ({', '.join(EXPORTED)}), an exported one (.onnx), a checkpoint (.safetensors), {_ELSEWHERE}."
)
CHECKPOINT_HELP = f"A shipped model ({', '.join(CHECKPOINTS)}), a checkpoint (.safetensors), {_ELSEWHERE}."

Corpora = Annotated[list[str], Option("--corpus", help="KIND:PATH, as in fsdd:data/fsdd. May be repeated.")]
Split = Annotated[str | None, Option(help="Split of the corpus, as in test; all of it by default.")]
Negatives = Annotated[
    list[str] | None,
    Option(
        help="KIND:PATH, or a folder of sound files: recordings without a word or with words that the model does not "
        "know. May be repeated."
    ),
]
Device = Annotated[str, Option(help="Where to compute: cpu, cuda, cuda:1 ...")]
Threads = Annotated[int | None, Option(help="CPU threads; all cores by default.", min=1)]
TrustCode = Annotated[
    bool,
    Option("--trust-code", help="Import the package.module:Class that the file names; only if you trust its code."),
]
EngineOption = Annotated[EngineName, Option("--engine", help="Processes of this machine, or a Ray cluster.")]
Workers = Annotated[int | None, Option(help="Pieces at a time; as many as processors by default.", min=1)]


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, as Markdown, below its title."""
    cells = [[printable(cell) for cell in row] for row in rows]
    typer.echo(f"{printable(title)}\n\n{markdown_table(header, cells)}\n")


def end_with(problems: Sequence[str]) -> None:
    """Name what could not be used and end the command with its exit code; go on where there is nothing to name."""
    for problem in problems:
        complain(problem)
    if problems:
        raise typer.Exit(PROBLEMS)
