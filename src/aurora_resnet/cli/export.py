"""``aurora-resnet export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.cli.recognize import find_checkpoint
from aurora_resnet.cli.terminal import tell
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.pretrained.shipped import PRETRAINED
from aurora_resnet.recognition.rejection import Calibration


def export(
    out: Annotated[Path, typer.Option(help="The file to write; its name ends in .onnx.")],
    model: Annotated[
        str, typer.Option(help=f"A shipped model ({', '.join(PRETRAINED)}) or a checkpoint that 'train' wrote.")
    ] = PRETRAINED[0],
    int8: Annotated[
        bool, typer.Option("--int8", help="Quantise: a quarter of the size, several times faster.")
    ] = False,
    calibration: Annotated[
        list[str] | None,
        typer.Option(
            help="KIND:PATH, as in an4:data/an4: recordings to quantise with, beside the sample words; of a corpus "
            "with splits its training part. May be repeated."
        ),
    ] = None,
) -> None:
    """Write a model as one ONNX file that takes waveforms and needs no torch.

    The front end is inside; labels, sample rate, clip length, temperature, threshold and card are in the metadata. The
    file is written only if it answers as the model does. Needs the extra: pip install 'aurora-resnet[export]'.

    \b
    Examples:
      aurora-resnet export --model compact --int8 --out compact.onnx
      aurora-resnet export --model runs/cnn/best.safetensors --out cnn.onnx
    """
    path = find_checkpoint(model)
    checkpoint = load_checkpoint(path)
    card = path.with_suffix(".md")
    parity = export_onnx(
        checkpoint.model,
        out,
        calibration=Calibration.from_info(checkpoint.info, str(path)),
        card=card.read_text(encoding="utf-8") if card.is_file() else "",
        int8=int8,
        recordings=calibration or (),
    )
    tell(str(parity))
    typer.echo(f"{out}\t{out.stat().st_size / 1e6:.2f} MB")
