"""``aurora-resnet export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.cli.outputs import check_file
from aurora_resnet.cli.terminal import CHECKPOINT_HELP, TrustCode
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.runtime.cli.terminal import tell
from aurora_resnet.runtime.model_reference import CHECKPOINTS


def export(
    out: Annotated[Path, typer.Option(help="The file to write; its name ends in .onnx.")],
    model: Annotated[str, typer.Option(help=CHECKPOINT_HELP)] = CHECKPOINTS[0],
    int8: Annotated[
        bool, typer.Option("--int8", help="Quantise: a quarter of the size, several times faster.")
    ] = False,
    recordings: Annotated[
        list[str] | None,
        typer.Option(
            help="KIND:PATH, as in an4:data/an4: recordings of the model's words to quantise and check with beside the "
            "sample words. May be repeated."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the exported model; the checkpoint's by default.")] = None,
    trust_code: TrustCode = False,
) -> None:
    """Write a model as one ONNX file that takes waveforms and needs no torch.

    The front end is inside; vocabulary, sample rate, clip length, calibration and card are in the metadata. The file is
    written only if it answers as the model does. Needs the extra: pip install 'aurora-resnet[export]'.

    \b
    Examples:
      aurora-resnet export --model compact --int8 --out compact.onnx
      aurora-resnet export --model runs/cnn/best.safetensors --out cnn.onnx
      aurora-resnet export --model runs/strings/calibrated.safetensors --int8 --recordings an4-strings:data/an4 \\
          --name string_net --out strings.onnx
    """
    check_file(out, "--out")
    checkpoint = load_checkpoint(model, trust_code=trust_code)
    tell(str(export_onnx(checkpoint, out, int8=int8, recordings=recordings or (), name=name or "")))
    typer.echo(f"{out}\t{out.stat().st_size / 1e6:.2f} MB")
