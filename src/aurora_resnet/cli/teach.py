"""``aurora-resnet teach``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aurora_resnet.cli.outputs import check_file
from aurora_resnet.cli.terminal import CHECKPOINT_HELP, Device, Threads, TrustCode
from aurora_resnet.environment import check_device, set_threads
from aurora_resnet.runtime.cli.terminal import PROBLEMS, complain, tell
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.teaching.recipe import TeachConfig
from aurora_resnet.teaching.recordings import read_recordings
from aurora_resnet.teaching.teach import teach as teach_words

DEFAULTS = TeachConfig()


def teach(
    folder: Annotated[
        Path,
        typer.Argument(help="A sub-folder of recordings for each word, named like it, and _other for everything else."),
    ],
    out: Annotated[Path, typer.Option(help="Checkpoint to write; its name ends in .safetensors.")],
    init: Annotated[
        str, typer.Option(help=f"Where to start: {CHECKPOINT_HELP[0].lower()}{CHECKPOINT_HELP[1:]}")
    ] = DEFAULTS.init,
    speaker_pattern: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX",
            help="Its first group, found in a file's name, is the speaker: '^([^_]+)_' for ann_01.wav. By default what "
            "stands before the first underscore or hyphen, if all names look like that.",
        ),
    ] = None,
    noise: Annotated[
        list[str] | None, typer.Option(help="Folder of noises of the place where it will listen. May be repeated.")
    ] = None,
    epochs: Annotated[int, typer.Option(help="How long to train.", min=1)] = DEFAULTS.epochs,
    words_refused: Annotated[
        float, typer.Option(help="Largest share of held-out words that the threshold refuses.")
    ] = DEFAULTS.words_refused,
    keep_known: Annotated[
        bool,
        typer.Option(help="Keep the words that --init knows, while new ones are taught beside them."),
    ] = DEFAULTS.keep_known,
    bfloat16: Annotated[
        bool,
        typer.Option("--bfloat16", help="Compute in bfloat16: a third less time for resnet50 where the processor can."),
    ] = DEFAULTS.bfloat16,
    seed: Annotated[int, typer.Option(help="Of everything random.", min=0)] = DEFAULTS.seed,
    device: Device = "cpu",
    threads: Threads = None,
    trust_code: TrustCode = False,
) -> None:
    """Teach a model your own words: a folder of recordings in, a calibrated model and its report out.

    Starts from a shipped model. Speakers are held out in turn, so the report says what to expect of new speakers,
    with an interval, and what is missing in the recordings. An interrupted call goes on where it
    was. Exit code 1 means that some recordings could not be used; each is named.

    \b
    Examples:
      aurora-resnet teach mine --out mine.safetensors
      aurora-resnet recognize --model mine.safetensors recording.wav
      aurora-resnet export --model mine.safetensors --int8 --recordings folder:mine --out mine.onnx
    """
    check_file(out, "--out")
    if out.suffix != ".safetensors":
        raise ConfigError(f"--out {out}: a checkpoint's name ends in .safetensors")
    check_device(device)
    set_threads(threads)
    config = TeachConfig(
        init=init, epochs=epochs, words_refused=words_refused, keep_known=keep_known, bfloat16=bfloat16, seed=seed
    )
    recordings = read_recordings(folder, speaker_pattern)
    if speaker_pattern is None and recordings.speaker_pattern is not None:
        names = [speaker.rpartition("/")[2] for speaker in recordings.speakers]
        tell(f"{len(names)} speakers by the names of the files: {', '.join(names[:8])}{' ...' * (len(names) > 8)}")
    taught = teach_words(
        recordings, out, config, noises=noise or (), device=device, progress=True, trust_code=trust_code
    )
    typer.echo(taught.to_markdown())
    tell(f"{out}: taught in {taught.seconds:.0f} s")
    tell(f"next: aurora-resnet recognize --model {out} RECORDING")
    if taught.problems:
        for problem in taught.problems:
            complain(problem)
        raise typer.Exit(PROBLEMS)
