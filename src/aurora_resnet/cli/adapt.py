"""``aurora-resnet adapt``."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from aurora_resnet.checkpoints import SUFFIX, load_checkpoint, save_checkpoint
from aurora_resnet.cli.outputs import check_file
from aurora_resnet.cli.terminal import CHECKPOINT_HELP, Threads, TrustCode, end_with
from aurora_resnet.clips.clip_set import load_clips
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.environment import set_threads
from aurora_resnet.runtime.cli.terminal import tell
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.teaching.adapt import adapt as adapt_model


def adapt(
    corpus: Annotated[
        str, Argument(metavar="KIND:PATH", help="Recordings of one speaker, as folder:ann: 1 to 5 of each word do.")
    ],
    out: Annotated[Path, Option(help="Checkpoint to write; never the model that is adapted.")],
    model: Annotated[str, Option(help=CHECKPOINT_HELP)] = "compact",
    speaker: Annotated[str | None, Option(help="This speaker of the corpus alone.")] = None,
    threads: Threads = None,
    trust_code: TrustCode = False,
) -> None:
    """Adapt a model to one speaker with a few recordings; the model itself stays as it is.

    Says how many of these recordings were recognised before, and how many by models that were adapted without them:
    if that is less, keep the model as it was. Exit code 1 means that some recordings could not be used.

    \b
    Examples:
      aurora-resnet adapt folder:ann --model compact --out ann.safetensors
      aurora-resnet adapt manifest:all.csv --speaker all/ben --model mine.safetensors --out ben.safetensors
    """
    check_file(out, "--out")
    if out.suffix != SUFFIX:
        raise ConfigError(f"--out {out}: a checkpoint's name ends in {SUFFIX}")
    file = resolve(model, kind="words", format="checkpoint")
    if out.exists() and out.samefile(file.path):
        raise ConfigError(f"--out {out} is the model that is adapted; give another name, so that it stays as it is")
    set_threads(threads)
    base = load_checkpoint(file, trust_code=trust_code)
    recordings = load_corpus(corpus).filter(isolated=True)
    if speaker is not None:
        recordings = recordings.filter(speakers=speaker)
    elif len(recordings.speakers) > 1:
        raise ConfigError(f"{corpus} has {len(recordings.speakers)} speakers; choose one with --speaker")
    clips = load_clips(recordings, base.model.config, progress=True, skip_unreadable=True)
    adapted = adapt_model(base.model, clips)
    who = speaker or next(iter(recordings.speakers), "one speaker")
    card = f"{base.card}\n\nAdapted to {who} with {adapted.clips} recordings.".strip()
    info = {**base.info, "adapted": {"from": base.name, "clips": adapted.clips}}
    save_checkpoint(adapted.model, out, card=card, info=info)
    result = f"{adapted.correct_before} were recognised before, {adapted.correct_after} by models that were adapted"
    typer.echo(f"of {adapted.clips} recordings {result} without them")
    if not adapted.helps:
        tell("that is no gain: keep the model as it was, or record more of this speaker")
    kept = f"confidence and threshold are those of {base.name}"
    tell(f"{out}: adapted; {kept if base.calibration.rejects else f'not calibrated, as {base.name}'}")
    end_with([*recordings.problems, *clips.problems])
