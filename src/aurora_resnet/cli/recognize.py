"""``aurora-resnet recognize``."""

from __future__ import annotations

import dataclasses
import json as json_format
from pathlib import Path
from typing import Annotated

import typer

from aurora_resnet.cli.terminal import PROBLEMS, Device, Threads, complain
from aurora_resnet.devices import set_threads
from aurora_resnet.errors import AudioError
from aurora_resnet.recognition.recognizer import DigitRecognizer


def recognize(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Sound files: WAV, FLAC, Ogg, MP3.")],
    model: Annotated[Path, typer.Option(help="Checkpoint that 'train' wrote.")],
    json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line, with all probabilities.")] = False,
    device: Device = "cpu",
    threads: Threads = None,
) -> None:
    """Say which digit is spoken in each file.

    Prints file, word and the network's probability. Files that cannot be read are named on the standard error stream
    and make the exit code 1; the others are recognised all the same.

    \b
    Example:
      aurora-resnet recognize --model runs/cnn/best.safetensors one.wav two.flac
    """
    set_threads(threads)
    recognizer = DigitRecognizer.from_checkpoint(model, device=device)
    failed = False
    for file in files:
        try:
            answer = recognizer.recognize(file)
        except AudioError as error:
            complain(str(error))
            failed = True
            continue
        if json:
            typer.echo(json_format.dumps({"file": str(file), **dataclasses.asdict(answer)}))
        else:
            remark = "\t(silence: the word means nothing)" if answer.silent else ""
            typer.echo(f"{file}\t{answer.word}\t{answer.confidence:.3f}{remark}")
    if failed:
        raise typer.Exit(PROBLEMS)
