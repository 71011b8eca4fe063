"""``aurora-resnet recognize``."""

from __future__ import annotations

import dataclasses
import json as json_format
import sys
from pathlib import Path
from typing import Annotated

import typer

from aurora_resnet.cli.terminal import PROBLEMS, Device, Threads, complain
from aurora_resnet.pretrained.shipped import PRETRAINED, pretrained_path
from aurora_resnet.recognition.recognizer import DigitRecognizer, Recognition
from aurora_resnet.runtime.audio.reading import decode_audio
from aurora_resnet.runtime.errors import AudioError

_PIPE = "-"


def recognize(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Sound files (WAV, FLAC, Ogg, MP3); - reads one from standard input."),
    ],
    model: Annotated[
        str, typer.Option(help=f"A shipped model ({', '.join(PRETRAINED)}) or a checkpoint that 'train' wrote.")
    ] = PRETRAINED[0],
    json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line, with all probabilities.")] = False,
    device: Device = "cpu",
    threads: Threads = None,
) -> None:
    """Say which digit is spoken in each file.

    Prints file, word, confidence, and whether the recording is accepted as a digit at all or rejected (no digit,
    noise, silence). Files that cannot be read are named on the standard error stream and make the exit code 1; the
    others are recognised all the same.

    \b
    Examples:
      aurora-resnet recognize one.wav two.flac
      arecord -d 2 -f S16_LE -r 16000 | aurora-resnet recognize --json -
      aurora-resnet recognize --model runs/cnn/best.safetensors one.wav
    """
    recognizer = load_recognizer(model, device=device, threads=threads)
    failed = False
    for file in files:
        try:
            answer = _recognize(recognizer, file)
        except AudioError as error:
            complain(str(error))
            failed = True
            continue
        if json:
            typer.echo(json_format.dumps({"file": file, **dataclasses.asdict(answer)}))
        else:
            decision = "accepted" if answer.accepted else "rejected"
            typer.echo(f"{file}\t{answer.word}\t{answer.confidence:.3f}\t{decision}")
    if failed:
        raise typer.Exit(PROBLEMS)


def load_recognizer(model: str, *, device: str = "cpu", threads: int | None = None) -> DigitRecognizer:
    """Load a shipped model or a checkpoint."""
    return DigitRecognizer.from_checkpoint(find_checkpoint(model), device=device, threads=threads)


def find_checkpoint(model: str) -> Path:
    """Return a model's file; a bare word that is no file is taken for a shipped model's name, mistyped perhaps."""
    path = Path(model)
    bare_word = not (path.exists() or path.suffix or path.name != model)
    return pretrained_path(model) if model in PRETRAINED or bare_word else path


def _recognize(recognizer: DigitRecognizer, file: str) -> Recognition:
    if file != _PIPE:
        return recognizer.recognize(file)
    samples, rate = decode_audio(sys.stdin.buffer.read(), "standard input")
    return recognizer.recognize(samples, rate)
