"""``aurora-resnet export``."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.cli.outputs import check_file, check_folder
from aurora_resnet.cli.terminal import CHECKPOINT_HELP, TrustCode
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.runtime.cli.terminal import tell
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_reference import CHECKPOINTS, SMALL


def export(
    out: Annotated[Path | None, Option(help="The file to write; its name ends in .onnx.")] = None,
    c: Annotated[
        Path | None,
        Option(
            help="Instead of --out: a folder for C99, for microcontrollers; the model is compact, string_net or an "
            "exported int8 model (.onnx) like them then."
        ),
    ] = None,
    model: Annotated[
        str | None, Option(help=f"{CHECKPOINT_HELP} By default {CHECKPOINTS[0]}, with --c {SMALL}.")
    ] = None,
    int8: Annotated[bool, Option("--int8", help="Quantise: a quarter of the size, several times faster.")] = False,
    recordings: Annotated[
        list[str] | None,
        Option(
            help="KIND:PATH, as in an4:data/an4: recordings of the model's words to quantise and check with beside the "
            "sample words. May be repeated."
        ),
    ] = None,
    name: Annotated[str | None, Option(help="Name of the exported model; the checkpoint's by default.")] = None,
    trust_code: TrustCode = False,
) -> None:
    """Write a model as one ONNX file that takes waveforms and needs no torch, or as C.

    The front end is inside; vocabulary, sample rate, clip length, calibration and card are in the metadata. The file is
    written only if it answers as the model does. Needs the extra: pip install 'aurora-resnet[export]'.

    \b
    Examples:
      aurora-resnet export --model compact --int8 --out compact.onnx
      aurora-resnet export --model runs/cnn/best.safetensors --out cnn.onnx
      aurora-resnet export --model runs/strings/calibrated.safetensors --int8 --recordings an4-strings:data/an4 \\
          --name string_net --out strings.onnx
      aurora-resnet export --c firmware
    """
    if c is not None:
        if out is not None or int8 or recordings or name or trust_code:
            raise ConfigError("--c writes an exported int8 model as it is and takes no other option than --model")
        check_folder(c, "--c")
        from aurora_resnet.export.c_source import export_c  # as other exports, where it is asked for

        typer.echo(f"{c}\t{export_c(model or SMALL, c)}")
        return
    if out is None:
        raise ConfigError("--out FILE.onnx, or --c FOLDER, says what to write")
    check_file(out, "--out")
    checkpoint = load_checkpoint(model or CHECKPOINTS[0], trust_code=trust_code)
    tell(str(export_onnx(checkpoint, out, int8=int8, recordings=recordings or (), name=name or "")))
    typer.echo(f"{out}\t{out.stat().st_size / 1e6:.2f} MB")
