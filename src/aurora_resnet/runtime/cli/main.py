"""The commands ``recognize`` and ``listen``, their options and their help."""

import argparse
from collections.abc import Sequence
from typing import NoReturn

from ..audio.encodings import ENCODINGS
from ..errors import ConfigError
from ..model_reference import EXPORTED, EXPORTED_STRINGS
from ..version import __version__
from . import listen, recognize
from .commands import COMMANDS
from .strings import Strings, add_string_options, check_string_options
from .task import share
from .terminal import exit_with
from .words import Words

PROGRAM = "aurora-resnet-runtime"


class _Parser(argparse.ArgumentParser):
    """Complains as the other commands do: one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; see '{self.prog} --help'")


def add_command(command: str, parser: argparse.ArgumentParser, program: str, *, devices: bool) -> None:
    """Give a parser the options of a command.

    Args:
        command: a key of ``COMMANDS``.
        parser: is changed.
        program: what people type before the command.
        devices: whether models may be computed elsewhere than on the CPU.
    """
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = COMMANDS[command]
    manual = (recognize if command == "recognize" else listen).__doc__ or ""
    parser.epilog = manual.partition("\n\n")[2].format(program=program)
    others = "an exported model (.onnx)" + (", a checkpoint (.safetensors)" if devices else "")
    others += ", a folder of save_pretrained" + (" or owner/name on the hub" if devices else "")
    if command == "recognize":
        parser.add_argument(
            "files",
            nargs="+",
            metavar="FILE",
            help="sound files (with PyAV also M4A, WebM, AMR and others); - reads standard input",
        )
    else:
        parser.add_argument(
            "file", nargs="?", metavar="FILE", help="a sound file, - for standard input; none: microphone"
        )
        parser.add_argument("--device", metavar="NAME", help="microphone: its number or a part of its name")
        parser.add_argument("--rate", type=float, metavar="HZ", help="of headerless samples on standard input")
        parser.add_argument("--keep", metavar="DIR", help="write the sound of words, accepted and nearly, to DIR")
        parser.add_argument("--encoding", choices=ENCODINGS, help="of headerless samples (default pcm16)")
    default = f"default {EXPORTED_STRINGS[0]} with --string"
    default += ", which is the default" if command == "listen" else f", else {EXPORTED[0]}"
    parser.add_argument("--model", help=f"{', '.join(EXPORTED)}, or {others} ({default})")
    add_string_options(command, parser)
    parser.add_argument(
        "--refused",
        type=share,
        metavar="SHARE",
        help="single words: refuse so many of what speakers say, 1%%, 2.5%% or 5%% (by default as the model has it)",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object a line")
    if devices:
        name = "--device" if command == "recognize" else "--compute"
        parser.add_argument(
            name, dest="compute", default="cpu", metavar="DEVICE", help="where to compute: cpu, cuda ..."
        )
        parser.add_argument(
            "--trust-code", action="store_true", help="import the package.module:Class that a checkpoint names"
        )
    threads = "all cores by default, beside each other" if command == "recognize" else "one by default"
    parser.add_argument("--threads", type=int, metavar="N", help=f"CPU threads; {threads}")


def run_command(command: str, options: argparse.Namespace) -> int:
    """Load the model, run a command and return its exit code.

    Raises:
        AuroraError: if model, options or input are wrong.
    """
    if options.threads is not None and options.threads < 1:
        raise ConfigError(f"--threads must be at least 1, got {options.threads}")
    # Files are recognised side by side, so a single call takes one thread; a stream has nothing beside it.
    threads = options.threads if command == "listen" or len(options.files) == 1 else 1
    # Without a model `listen` listens to digits: a string model finds more of them in running speech than one of words.
    options.string |= command == "listen" and options.model is None and options.keep is None
    check_string_options(options)
    task = (Strings if options.string else Words)(command, options, threads)
    return recognize.recognize(task, options) if command == "recognize" else listen.listen(task, options)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line of the runtime and exit."""
    parser = _Parser(prog=PROGRAM, description="Recognise spoken words, digits by default, without torch.")
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command, line in COMMANDS.items():
        add_command(command, commands.add_parser(command, help=line), PROGRAM, devices=False)

    def run() -> int:
        options = parser.parse_args(arguments)
        return run_command(options.command, options)

    exit_with(run)


def run_one(command: str, arguments: Sequence[str], program: str) -> int:
    """Run one command of another program and return the exit code.

    Raises:
        AuroraError: if anything about the arguments or the input is wrong.
    """
    parser = _Parser(prog=f"{program} {command}")
    add_command(command, parser, program, devices=True)
    return run_command(command, parser.parse_args(arguments))
