"""The command ``aurora-resnet``: its commands, and how errors end.

Only the command that was asked for is imported, so that what needs no torch never waits for it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from aurora_resnet.runtime.cli.commands import COMMANDS as RUNTIME_COMMANDS
from aurora_resnet.runtime.cli.terminal import exit_with
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.version import __version__

if TYPE_CHECKING:
    import typer

PROGRAM = "aurora-resnet"
_COMPLETING = "_AURORA_RESNET_COMPLETE"  # set by typer's scripts for shells

#: Every command with the first line of its help.
COMMANDS = {
    "demo": "Show in less than a minute what this package does; needs no data and no network.",
    **RUNTIME_COMMANDS,
    "transcribe": "Recognise very many recordings and write a table, on one machine or on many.",
    "redact": "Silence the numbers that are spoken in recordings: cards, PINs, telephone numbers.",
    "serve": "Open a page for the browser: speak into the microphone, or drop a sound file.",
    "train": "Train a model on recordings.",
    "record": "Record your own words with the microphone: prompts, a level meter, and only what can be used is kept.",
    "teach": "Teach your own words: a folder of recordings in, a calibrated model and its report out, in seconds.",
    "adapt": "Adapt a model to one speaker with a few recordings; the model itself stays as it is.",
    "calibrate": "Fit a model's confidence and its threshold on recordings that it was not trained on.",
    "evaluate": "Measure a model on recordings and print a report in Markdown.",
    "compare": "Compare trained models on the same recordings: accuracies, intervals by speaker, paired differences.",
    "export": "Write a model as one ONNX file that takes waveforms and needs no torch, or as C.",
    "corpus": "Summarise a corpus: clips and speakers of each word and split.",
    "make-noisy": "Build clean and noisy test and training sets as Aurora-2 was built, from any speech and any noise.",
    "models": "List the models that can be trained, their size and their options.",
    "download": "Download a public corpus, check it and unpack it.",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 done but with problems named, 2 wrong input, 130 interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    exit_with(lambda: run(given))


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code.

    Raises:
        AuroraError: if arguments or input are wrong.
    """
    command = arguments[0] if arguments else ""
    if _COMPLETING in os.environ:
        return _run_typer([], _completed_command())
    if command == "--version":
        sys.stdout.write(f"{PROGRAM} {__version__}\n")
        return 0
    if command in RUNTIME_COMMANDS:
        from aurora_resnet.runtime.cli.main import run_one  # NumPy, which a version and a help need not wait for

        return run_one(command, arguments[1:], PROGRAM)
    return _run_typer(arguments, command)


def build_app(command: str) -> typer.Typer:
    """Return the application with one real command; the rest are there for the help alone."""
    import typer  # a tenth of a second

    app = typer.Typer(
        name=PROGRAM,
        help="Recognise spoken digits (zero, oh, one ... nine) in clean and noisy speech: train, measure, use.",
        epilog="A first training without any data: aurora-resnet train --config quickstart --out runs/quickstart",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    for name, line in COMMANDS.items():
        app.command(name, help=None if name == command else line)(_function(name) if name == command else _unused)

    @app.callback()
    def options(version: bool = typer.Option(False, "--version", help="Print the version and leave.")) -> None:
        del version  # answered before

    return app


def _function(command: str) -> Any:
    name = command.replace("-", "_")
    return getattr(import_module(f"aurora_resnet.cli.{name}"), name)


def _completed_command() -> str:
    """Return the command of the line that a shell asks about, as typer has shells tell it; it is imported."""
    line = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS", "")
    return next((word for word in line.split()[1:2] if word in COMMANDS and word not in RUNTIME_COMMANDS), "")


def _unused() -> None:
    raise AssertionError("a command runs only after it was imported")


def _run_typer(arguments: list[str], command: str) -> int:
    import typer

    from aurora_resnet.cli.logs import warnings_told

    # typer carries its own copy of click in some versions and uses the package in the rest; this is right in both.
    usage_error: Any = typer.BadParameter.__bases__[0]
    try:
        with warnings_told():
            code = build_app(command)(args=arguments, prog_name=PROGRAM, standalone_mode=False)
    except usage_error as error:
        context = error.ctx.command_path if error.ctx else PROGRAM
        if message := error.format_message():  # empty where the help was printed instead
            raise ConfigError(f"{message.rstrip('.')}; see '{context} --help'") from None
        return 2
    except typer.Abort:
        raise KeyboardInterrupt from None
    return int(code or 0)
