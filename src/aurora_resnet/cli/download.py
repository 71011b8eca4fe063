"""``aurora-resnet download``."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Option

from aurora_resnet.cli.outputs import check_folder
from aurora_resnet.corpora.sources.an4_download import download_an4
from aurora_resnet.corpora.sources.esc10 import download_esc10
from aurora_resnet.corpora.sources.fsdd import download_fsdd
from aurora_resnet.corpora.sources.people_strings import download_people_strings
from aurora_resnet.corpora.sources.speech_commands import download_speech_commands, download_speech_commands_digits
from aurora_resnet.runtime.cli.terminal import tell

_DOWNLOADS: dict[str, Callable[[Path], Path]] = {
    "fsdd": download_fsdd,
    "an4": download_an4,
    "people-strings": download_people_strings,
    "speech-commands": download_speech_commands,
    "speech-commands-digits": download_speech_commands_digits,
    "esc10": download_esc10,
}


def download(
    corpus: Annotated[
        Literal["fsdd", "an4", "people-strings", "speech-commands", "speech-commands-digits", "esc10"],
        Argument(
            help="fsdd: 3,000 digits, CC BY-SA. an4: digits, strings, sentences, free for any purpose. people-strings: "
            "numbers from phones, MIT and CC BY. speech-commands: 35 words, 2.4 GB, CC BY; or 100 digits of an earlier "
            "version, 1.4 GB. esc10: 400 noises, CC BY."
        ),
    ],
    out: Annotated[Path | None, Option(help="Folder to put it into; data/CORPUS by default.")] = None,
) -> None:
    """Download a public corpus, check it and unpack it.

    A broken connection is tried again. The folder appears only when everything is there; a complete one is verified
    and left alone.

    \b
    Example:
      aurora-resnet download fsdd && aurora-resnet corpus fsdd:data/fsdd
    """
    folder = out or Path("data") / corpus
    check_folder(folder, "--out")
    folder = _DOWNLOADS[corpus](folder)
    tell(f"{corpus} is in {folder}")
