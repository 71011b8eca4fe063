"""``aurora-resnet calibrate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aurora_resnet.calibration.checkpoint import calibrate_checkpoint
from aurora_resnet.calibration.string_point import FALSE_PER_HOUR
from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.cli.kinds import options_of
from aurora_resnet.cli.outputs import check_file
from aurora_resnet.cli.recordings import NEGATIVES_HELP, load_negatives, load_words
from aurora_resnet.cli.terminal import CHECKPOINT_HELP, Device, Threads, TrustCode
from aurora_resnet.environment import check_device, set_threads
from aurora_resnet.runtime.cli.terminal import PROBLEMS, complain, tell


def calibrate(
    model: Annotated[str, typer.Option(help=CHECKPOINT_HELP)],
    corpus: Annotated[
        list[str],
        typer.Option(help="KIND:PATH: words, or strings, by held-out speakers. May be repeated."),
    ],
    out: Annotated[Path, typer.Option(help="Checkpoint to write.")],
    split: Annotated[str | None, typer.Option(help="Split of the corpus, as in test; all of it by default.")] = None,
    negatives: Annotated[list[str] | None, typer.Option(help=NEGATIVES_HELP)] = None,
    words_refused: Annotated[
        float | None, typer.Option(help="Put the threshold where it refuses at most this share of the words.")
    ] = None,
    negatives_accepted: Annotated[
        float | None, typer.Option(help="Put it where it accepts at most this share of the negatives.")
    ] = None,
    false_per_hour: Annotated[
        float | None,
        typer.Option(
            help="For a model of strings: accept at most so many false words in an hour of negatives "
            f"(default {FALSE_PER_HOUR:g})."
        ),
    ] = None,
    device: Device = "cpu",
    threads: Threads = None,
    trust_code: TrustCode = False,
) -> None:
    """Fit a model's confidence and its threshold on recordings that it was not trained on.

    Writes the same weights, bit by bit, with the new calibration. Without --words-refused and --negatives-accepted
    there is no threshold: such a model does not say what it accepts. Of a model of strings the weight of everything
    but a word and the threshold are chosen together; the folder of its training has the recordings for it. Exit code 1
    means that some recordings could not be used; each is named.

    \b
    Examples:
      aurora-resnet calibrate --model runs/cnn/best.safetensors --corpus fsdd:data/fsdd --split test \\
          --negatives data/esc10 --words-refused 0.02 --out cnn.safetensors
      aurora-resnet calibrate --model compact --corpus folder:mine --negatives folder:other-words \\
          --negatives-accepted 0.05 --out mine.safetensors
      aurora-resnet calibrate --model runs/strings/best.safetensors --corpus manifest:runs/strings/validation.csv \\
          --false-per-hour 60 --out strings.safetensors
    """
    check_device(device)
    set_threads(threads)
    check_file(out, "--out")
    checkpoint = load_checkpoint(model, trust_code=trust_code)
    asked = options_of(
        checkpoint.kind,
        words_refused=words_refused,
        negatives_accepted=negatives_accepted,
        false_per_hour=false_per_hour,
    )
    spoken = load_words(corpus, split, kind=checkpoint.kind)
    not_words = load_negatives(negatives or (), checkpoint.vocabulary)
    choice = calibrate_checkpoint(
        model, checkpoint, spoken, not_words, out, trust_code=trust_code, device=device, **asked
    )
    typer.echo(choice.table)
    tell(f"{out}: {choice.summary}")
    if choice.problems:
        for problem in choice.problems:
            complain(problem)
        raise typer.Exit(PROBLEMS)
