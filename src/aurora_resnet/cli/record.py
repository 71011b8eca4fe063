"""``aurora-resnet record``."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.cli.outputs import check_folder
from aurora_resnet.runtime.cli.sources import open_source
from aurora_resnet.runtime.cli.terminal import PROBLEMS, tell
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.vocabulary import check_word
from aurora_resnet.teaching.takes import Take, meter, takes

OTHER = "_other"


def record(
    words: Annotated[list[str], typer.Option("--words", help="A word; may be repeated, or several with commas.")],
    out: Annotated[Path, typer.Option(help="Folder that gets a sub-folder for each word; more can be added later.")],
    speaker: Annotated[str, typer.Option(help="Who speaks; the files begin with it.")] = "me",
    times: Annotated[int, typer.Option(help="Recordings of each word.", min=1)] = 10,
    other: Annotated[int, typer.Option(help="Recordings of anything else, into _other.", min=0)] = 10,
    device: Annotated[
        str | None, typer.Option(help="Number or part of the name of the microphone; 'python -m sounddevice' lists.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the order of the words.", min=0)] = 0,
) -> None:
    """Record your own words with the microphone: prompts, a level meter, and only what can be used is kept.

    Says which word to speak, hears where it begins and ends, and asks again for what is too quiet, too loud, too short
    or lost in noise. Ctrl-C ends it; what was recorded stays. Needs the extra: pip install 'aurora-resnet[microphone]'.

    \b
    Examples:
      aurora-resnet record --words yes,no,stop --out mine
      aurora-resnet record --words "licht an" --words "licht aus" --speaker ann --times 20 --out mine
      aurora-resnet teach mine --out mine.safetensors
    """
    check_folder(out, "--out")
    folders = [_folder(word.strip()) for given in words for word in given.split(",")]
    if "_" in speaker or not speaker or speaker != Path(speaker).name:
        raise ConfigError(f"--speaker {speaker!r}: a name without underscores and slashes, as in ann")
    prompts = folders * times
    random.Random(seed).shuffle(prompts)  # not one word many times over: it would sound like a list
    prompts += [OTHER] * other
    rate, chunks = open_source(None, device, None, None)
    heard = takes(chunks, rate, on_level=_show_level if sys.stderr.isatty() else None)
    kept = 0
    try:
        for number, prompt in enumerate(prompts, start=1):
            if not _record_one(heard, prompt, f"{number} of {len(prompts)}", out, speaker):
                break
            kept += 1
    except KeyboardInterrupt:
        tell("ended")
    typer.echo(f"{kept} recordings of {len(prompts)} in {out}")
    tell(f"next: aurora-resnet teach {out} --out mine.safetensors")
    if kept < len(prompts):
        raise typer.Exit(PROBLEMS)


def _record_one(heard: Iterator[Take], prompt: str, which: str, out: Path, speaker: str) -> bool:
    """Ask until there is a good take; tell whether there was one before the microphone ended."""
    what = "anything else: another word, a cough" if prompt == OTHER else prompt
    tell(f"{which}: say  {what}")
    for take in heard:
        if take.fault is None:
            path = _next_file(out / prompt, speaker)
            write_audio(take.samples, path, take.sample_rate)
            tell(f"   kept ({take.spoken_seconds:.1f} s, {take.level_db:.0f} dB)")
            return True
        tell(f"   {take.fault}: once more  {what}")
    return False


def _folder(word: str) -> str:
    """Return the sub-folder of a word, which is the word in lower case."""
    name = check_word(word.lower(), "--words")
    if name[0] in "._" or name != Path(name).name or "\\" in name:
        raise ConfigError(f"--words {word!r}: a word names a folder, so it has no slashes and begins with no . or _")
    return name


def _next_file(folder: Path, speaker: str) -> Path:
    numbers = (folder / f"{speaker}_{number:03d}.wav" for number in range(1, 1_000_000))
    return next(path for path in numbers if not path.exists())


def _show_level(level_db: float) -> None:
    sys.stderr.write(f"\r   {meter(level_db)} {level_db:4.0f} dB \r")
    sys.stderr.flush()
