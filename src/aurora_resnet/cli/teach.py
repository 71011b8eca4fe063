"""``aurora-resnet teach``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from aurora_resnet.cli.outputs import check_file
from aurora_resnet.cli.terminal import CHECKPOINT_HELP, Device, Threads, TrustCode, end_with
from aurora_resnet.runtime.cli.terminal import tell
from aurora_resnet.runtime.errors import ConfigError

if TYPE_CHECKING:
    from aurora_resnet.teaching.report import Taught


def teach(
    out: Annotated[Path, Option(help="Model to write: .onnx, with --train a checkpoint (.safetensors).")],
    folder: Annotated[Path | None, Argument(help="Sub-folders named like the words, _other for the rest.")] = None,
    say: Annotated[list[str] | None, Option(help="A word that synthetic voices say. May be repeated.")] = None,
    language: Annotated[str, Option(help="With --say: of espeak-ng's voices, as de.")] = "en",
    with_digits: Annotated[bool, Option("--with-digits", help="Recognise digits and strings of them too.")] = False,
    wrong: Annotated[Path | None, Option(help="What an earlier model got wrong, as 'listen --keep' kept it.")] = None,
    hours: Annotated[Path | None, Option(help="Recordings of anything else: count false accepts an hour.")] = None,
    speaker_pattern: Annotated[
        str | None,
        Option(
            metavar="REGEX",
            help="Its first group, found in a file's name, is the speaker: '^([^_]+)_' for ann_01.wav. By default what "
            "stands before the first underscore or hyphen, if all names look like that.",
        ),
    ] = None,
    words_refused: Annotated[float, Option(help="Share of held-out words to refuse at most.", min=0, max=0.99)] = 0.05,
    train: Annotated[bool, Option("--train", help="Train a small network on what is taught; minutes.")] = False,
    init: Annotated[str | None, Option(help=f"With --train, where to start. {CHECKPOINT_HELP}")] = None,
    noise: Annotated[list[str] | None, Option(help="With --train: folder of noises. May be repeated.")] = None,
    epochs: Annotated[int | None, Option(help="With --train: how long.", min=1)] = None,
    seed: Annotated[int, Option(help="With --train: of everything random.", min=0)] = 0,
    device: Device = "cpu",
    threads: Threads = None,
    trust_code: TrustCode = False,
) -> None:
    """Teach your own words: a folder of recordings in, a calibrated model and its report out, in seconds.

    Three to five recordings of each word are enough: the speech encoder is not trained, but told what they sound like,
    and what everything else does. The report says what to expect, by speaker where there are several, and what is
    missing in the recordings. Exit code 1 means that some recordings could not be used; each is named.

    With --say, espeak-ng and flite say the word in up to twenty voices: a beginning without recordings, and a help with
    up to three.

    \b
    Examples:
      aurora-resnet teach mine --out mine.onnx
      aurora-resnet recognize --model mine.onnx recording.wav
      aurora-resnet teach --say "lights on" --say "lights off" --out mine.onnx
      aurora-resnet teach mine --wrong kept --hours radio --out mine.onnx
      aurora-resnet teach mine --train --out mine.safetensors
    """
    if folder is None and not say:
        raise ConfigError("there are no words; give a folder of recordings, or --say WORD for each word")
    tell(f"teaching the words of {folder or 'synthetic voices'}")
    # torch takes seconds, which nobody should wait for without a word.
    from aurora_resnet.environment import check_device, set_threads
    from aurora_resnet.teaching.enrol import enrol
    from aurora_resnet.teaching.recipe import TeachConfig
    from aurora_resnet.teaching.recordings import read_recordings, read_wrong
    from aurora_resnet.teaching.synthetic import SYNTHETIC
    from aurora_resnet.teaching.synthetic import say as say_words
    from aurora_resnet.teaching.teach import teach as teach_words

    check_file(out, "--out")
    check_device(device)
    set_threads(threads)
    training = {"--init": init, "--noise": noise, "--epochs": epochs}
    enrolling = {"--with-digits": with_digits, "--wrong": wrong}
    if unfit := [name for name, value in (enrolling if train else training).items() if value]:
        raise ConfigError(f"{', '.join(unfit)}: only {'without' if train else 'with'} --train")
    if train and out.suffix != ".safetensors":
        raise ConfigError(f"--out {out}: a checkpoint's name ends in .safetensors")
    if not train and out.suffix != ".onnx":
        raise ConfigError(f"--out {out}: the name of an enrolled model ends in .onnx; with --train it is a checkpoint")
    with tempfile.TemporaryDirectory() as place:
        said = say_words(say, Path(place), language) if say else None
        recordings = read_recordings(folder, speaker_pattern, said)
        if speaker_pattern is None and recordings.speaker_pattern is not None:
            people = [speaker for speaker in recordings.speakers if not speaker.startswith(SYNTHETIC)]
            names = [speaker.rpartition("/")[2] for speaker in people]
            tell(f"{len(names)} speakers by the names of the files: {', '.join(names[:8])}{' ...' * (len(names) > 8)}")
        if train:
            config = TeachConfig(
                init=init or TeachConfig.init,
                epochs=epochs or TeachConfig.epochs,
                words_refused=words_refused,
                seed=seed,
            )
            taught = teach_words(
                recordings, out, config, noises=noise or (), device=device, progress=tell, trust_code=trust_code
            )
        else:
            more = None if wrong is None else read_wrong(wrong, recordings)
            taught = enrol(
                recordings, out, words_refused=words_refused, with_known=with_digits, wrong=more, progress=tell
            )
    _told(taught, hours)


def _told(taught: Taught, hours: Path | None) -> None:
    typer.echo(taught.to_markdown())
    if hours is not None:
        from aurora_resnet.teaching.hours import false_words_an_hour

        tell(f"listening to {hours}")
        typer.echo(f"\n{false_words_an_hour(taught.model, hours)}")
    tell(f"{taught.model}: taught in {taught.seconds:.0f} s")
    tell(f"next: aurora-resnet recognize --model {taught.model} RECORDING")
    end_with(taught.problems)
