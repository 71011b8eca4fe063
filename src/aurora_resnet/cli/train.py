"""``aurora-resnet train``."""

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

from typer import Option

from aurora_resnet.cli.logs import logged_to
from aurora_resnet.cli.outputs import check_folder
from aurora_resnet.cli.terminal import Device, Threads, TrustCode
from aurora_resnet.corpora.samples import samples_folder
from aurora_resnet.environment import check_device, set_threads
from aurora_resnet.evaluation.figures import plot_learning_curves, save_figure
from aurora_resnet.runtime.cli.terminal import tell
from aurora_resnet.runtime.errors import ConfigError, MissingDependencyError
from aurora_resnet.runtime.model_reference import is_file
from aurora_resnet.tasks.experiment import VALIDATION, run_experiment
from aurora_resnet.training.experiment import read_experiment
from aurora_resnet.training.history import TrainingResult
from aurora_resnet.training.ranks import Ranks


def train(
    config: Annotated[str, Option(help="Training file (TOML), or 'quickstart', a small one.")],
    out: Annotated[Path, Option(help="Folder for checkpoints, history, log and run record.")],
    model: Annotated[str | None, Option(help="Model instead of the file's; see 'aurora-resnet models'.")] = None,
    set_: Annotated[
        list[str] | None, Option("--set", metavar="KEY=VALUE", help="Change a value, as training.epochs=3.")
    ] = None,
    resume: Annotated[bool, Option("--resume", help="Go on with the training in the folder.")] = False,
    resume_from_best: Annotated[
        bool, Option("--resume-from-best", help="Go on from best.safetensors; not bit by bit.")
    ] = False,
    trust_code: TrustCode = False,
    device: Device = "cpu",
    threads: Threads = None,
    compile: Annotated[bool, Option("--compile", help="Use torch.compile; see docs/scale.md.")] = False,
) -> None:
    """Train a model on recordings.

    The training may be interrupted at any time, by Ctrl-C or by a power cut: --resume goes on from the last finished
    epoch and ends with the very same weights, on the same machine with the same --threads. There are no data workers
    to choose: data come from the seed and the number of the epoch. Under torchrun several processes share the batches.

    \b
    Examples:
      aurora-resnet train --config examples/fsdd_an4.toml --out runs/resnet50
      aurora-resnet train --config examples/fsdd_an4.toml --model cnn --set training.epochs=5 --out runs/cnn
      aurora-resnet train --config examples/fsdd_an4.toml --out runs/resnet50 --resume
      torchrun --nproc-per-node 2 -m aurora_resnet train --config examples/fsdd_an4.toml --out runs/resnet50 --threads 1
    """
    check_folder(out, "--out")
    check_device(device)
    set_threads(threads)
    file = samples_folder() / "quickstart.toml" if config == "quickstart" else config
    if not is_file(file):
        raise ConfigError(f"configuration file {config[:200]} does not exist; see examples/ or use 'quickstart'")
    experiment = read_experiment(file, model, overrides=set_ or (), trust_code=trust_code)
    first = os.environ.get("RANK", "0") == "0"  # of the processes of torchrun the first one speaks
    with logged_to(out / "train.log") if first else nullcontext():
        try:
            result = run_experiment(
                experiment,
                out,
                device=device,
                resume="best" if resume_from_best else resume,
                progress=True,
                compile=compile,
                trust_code=trust_code,
            )
        except (KeyboardInterrupt, OSError) as error:
            what = "interrupted" if isinstance(error, KeyboardInterrupt) else "stopped"
            tell(f"{what}; go on with the same command and --resume (finished epochs are in {out})")
            raise
    Ranks.leave()
    if first:
        _finish(result, out)


def _finish(result: TrainingResult, out: Path) -> None:
    """Say what came out and what to look at next."""
    best = result.best
    chosen = "" if best.validation_accuracy is None else f", validation accuracy {best.validation_accuracy:.2%}"
    tell(f"{len(result.history)} epochs in {result.seconds / 60:.1f} min; best: epoch {best.epoch + 1}{chosen}")
    tell(f"run record:      {out / 'run.json'}")
    command, options = "evaluate", "--corpus KIND:PATH --split test"
    if is_file(out / VALIDATION):
        command, options = "calibrate", f"--corpus manifest:{out / VALIDATION} --out {out / 'calibrated.safetensors'}"
    tell(f"next:            aurora-resnet {command} --model {result.best_checkpoint} {options}")
    try:
        figure = plot_learning_curves([record.for_figure() for record in result.history])
        save_figure(figure, out / "learning_curves.png")
    except MissingDependencyError:
        tell("no learning curves drawn; pip install 'aurora-resnet[figures]' for them")
    else:
        tell(f"learning curves: {out / 'learning_curves.png'}")
