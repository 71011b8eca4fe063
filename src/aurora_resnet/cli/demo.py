"""``aurora-resnet demo``."""

import time
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.cli.outputs import check_folder
from aurora_resnet.cli.terminal import CHECKPOINT_HELP, Threads, TrustCode, print_table
from aurora_resnet.demo.demo import accuracy_table, run_demo
from aurora_resnet.demo.page import draw_figures, next_commands, report_page
from aurora_resnet.environment import set_threads
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.cli.terminal import tell
from aurora_resnet.runtime.errors import MissingDependencyError
from aurora_resnet.runtime.model_reference import CHECKPOINTS

REPORT = "report.html"
TRAINED = "cnn.safetensors"


def demo(
    out: Annotated[Path, Option(help="Folder for the report and the network that is trained.")] = Path("aurora-demo"),
    model: Annotated[list[str] | None, Option(help=f"{CHECKPOINT_HELP} By default the shipped ones.")] = None,
    seed: Annotated[int, Option(help="Seed of the noise and of the training.", min=0)] = 0,
    threads: Threads = None,
    trust_code: TrustCode = False,
) -> None:
    """Show in less than a minute what this package does; needs no data and no network.

    Trained models recognise the synthetic voices in the package, clean and in noise, and reject what is none of the
    words. A small network learns the words from random weights. All of it comes as tables here and as a page with
    figures in the folder: report.html. A second run writes both its files anew and leaves other files alone.

    \b
    Examples:
      aurora-resnet demo
      aurora-resnet demo --model runs/cnn/best.safetensors --out runs/cnn/demo
    """
    check_folder(out, "--out")
    started = time.perf_counter()
    set_threads(threads)
    names = dict.fromkeys(model or CHECKPOINTS)
    models = [load_checkpoint(name, kind="words", trust_code=trust_code) for name in names]
    tell(f"1/3 recognising synthetic voices, clean and in noise: {', '.join(each.name for each in models)}")
    result = run_demo(models, out / TRAINED, seed=seed, progress=True, on_reports=_show)
    print_table("Accuracy %, the network trained just now in clean speech", *accuracy_table([result.learnt]))
    before, after = result.before.overall, result.learnt.conditions[0]
    typer.echo(f"{before.correct} of {before.clips} digits right before the training, {after.correct} after it")
    typer.echo("the voices are synthetic: the numbers show that everything works, not how well people are understood")
    tell("3/3 drawing the report")
    figures, missing = {}, ""
    try:
        figures = draw_figures(result)
    except MissingDependencyError as error:
        missing = str(error)
        tell(f"no figures drawn: {missing}")
    with atomic_path(out / REPORT) as temporary:
        temporary.write_text(report_page(result, figures, missing), encoding="utf-8", errors="backslashreplace")
    tell(f"done in {time.perf_counter() - started:.0f} s")
    typer.echo(f"report:  {out / REPORT}  (open it in a browser)")
    for number, command in enumerate(next_commands(result)):
        typer.echo(f"{'next:' if number == 0 else '':8} {command}")


def _show(reports: tuple[EvaluationReport, ...]) -> None:
    """Print what the trained models did; then the small one begins."""
    print_table(f"Accuracy % on {reports[0].conditions[0].clips} synthetic digits", *accuracy_table(reports))
    for report in reports:
        if report.rejection is not None and not report.rejection.calibration.rejects:
            typer.echo(f"{report.model} is not calibrated, so it refuses nothing but silence")
    tell("2/3 a small network learns from random weights")
