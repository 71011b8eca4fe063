"""``aurora-resnet calibrate``."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from aurora_resnet.calibration.checkpoint import calibrate_checkpoint
from aurora_resnet.calibration.string_point import FALSE_PER_HOUR
from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.cli.kinds import options_of
from aurora_resnet.cli.outputs import check_file
from aurora_resnet.cli.recordings import load_negatives, load_words
from aurora_resnet.cli.terminal import CHECKPOINT_HELP, Corpora, Device, Negatives, Split, Threads, TrustCode, end_with
from aurora_resnet.environment import check_device, set_threads
from aurora_resnet.runtime.cli.terminal import tell


def calibrate(
    model: Annotated[str, Option(help=CHECKPOINT_HELP)],
    corpus: Corpora,
    out: Annotated[Path, Option(help="Checkpoint to write.")],
    split: Split = None,
    negatives: Negatives = None,
    words_refused: Annotated[float | None, Option(help="Refuse at most this share of the words.")] = None,
    negatives_accepted: Annotated[float | None, Option(help="Accept at most this share of the negatives.")] = None,
    false_per_hour: Annotated[
        float | None,
        Option(
            help=f"Of strings: accept at most so many false words an hour of negatives (default {FALSE_PER_HOUR:g})."
        ),
    ] = None,
    wrong_share: Annotated[
        float | None, Option(help="Of strings: at most this share of the accepted is wrong.")
    ] = None,
    device: Device = "cpu",
    threads: Threads = None,
    trust_code: TrustCode = False,
) -> None:
    """Fit a model's confidence and its threshold on recordings that it was not trained on.

    The recordings are words, or strings, by held-out speakers. Writes the same weights, bit by bit, with the new
    calibration. Without --words-refused and --negatives-accepted there is no threshold: such a model does not say what
    it accepts. Of a model of strings the weight of everything but a word and the threshold are chosen together; the
    folder of its training has the recordings for it. Exit code 1 means that some recordings could not be used; each is
    named.

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
        wrong_share=wrong_share,
    )
    spoken = load_words(corpus, split, kind=checkpoint.kind)
    not_words = load_negatives(negatives or (), checkpoint.vocabulary)
    choice = calibrate_checkpoint(
        model, checkpoint, spoken, not_words, out, trust_code=trust_code, device=device, **asked
    )
    typer.echo(choice.table)
    tell(f"{out}: {choice.summary}")
    end_with(choice.problems)
