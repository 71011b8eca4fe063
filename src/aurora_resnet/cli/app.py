"""The command ``aurora-resnet``: its commands, and how errors end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Any

import typer

from aurora_resnet.cli.corpus import corpus
from aurora_resnet.cli.demo import demo
from aurora_resnet.cli.download import download
from aurora_resnet.cli.evaluate import evaluate
from aurora_resnet.cli.export import export
from aurora_resnet.cli.listen import listen
from aurora_resnet.cli.make_noisy import make_noisy
from aurora_resnet.cli.models import models
from aurora_resnet.cli.recognize import recognize
from aurora_resnet.cli.serve import serve
from aurora_resnet.cli.terminal import complain
from aurora_resnet.cli.train import train
from aurora_resnet.runtime.errors import AuroraError

USAGE_ERROR = 2
INTERRUPTED = 130

app = typer.Typer(
    name="aurora-resnet",
    help="Recognise spoken digits (zero, oh, one ... nine) in clean and noisy speech: train, measure, use.",
    epilog="A first training without any data: aurora-resnet train --config quickstart --out runs/quickstart",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for command in (demo, train, evaluate, recognize, listen, export, serve, corpus, make_noisy, models, download):
    app.command()(command)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"aurora-resnet {version('aurora-resnet')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Recognise spoken digits (zero, oh, one ... nine) in clean and noisy speech: train, measure, use."""


# typer carries its own copy of click in some versions and uses the package in others; this is the right class in both.
_UsageError: Any = typer.BadParameter.__bases__[0]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 done but with problems named, 2 wrong input, 130 interrupted."""
    try:
        given = list(arguments) if arguments is not None else None
        code = app(args=given, prog_name="aurora-resnet", standalone_mode=False)
    except AuroraError as error:
        complain(str(error))
        sys.exit(USAGE_ERROR)
    except _UsageError as error:
        command = error.ctx.command_path if error.ctx else "aurora-resnet"
        if message := error.format_message():  # empty where the help was printed instead
            complain(f"{message.rstrip('.')}; see '{command} --help'")
        sys.exit(USAGE_ERROR)
    except (KeyboardInterrupt, typer.Abort):
        complain("interrupted")
        sys.exit(INTERRUPTED)
    sys.exit(code)
