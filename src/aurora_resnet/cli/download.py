"""``aurora-resnet download``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from aurora_resnet.cli.outputs import check_folder
from aurora_resnet.corpora.sources.esc10 import download_esc10
from aurora_resnet.corpora.sources.fsdd import download_fsdd
from aurora_resnet.corpora.sources.speech_commands import download_speech_commands
from aurora_resnet.runtime.cli.terminal import tell


class Downloadable(StrEnum):
    """What can be downloaded."""

    FSDD = "fsdd"
    ESC10 = "esc10"
    SPEECH_COMMANDS = "speech-commands"


_DOWNLOADS = {
    Downloadable.FSDD: download_fsdd,
    Downloadable.ESC10: download_esc10,
    Downloadable.SPEECH_COMMANDS: download_speech_commands,
}


def download(
    corpus: Annotated[
        Downloadable,
        typer.Argument(
            help="fsdd: 3,000 digits, CC BY-SA. esc10: 400 noises, CC BY. speech-commands: 35 words, 2.4 GB, CC BY."
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="Folder to put it into; data/CORPUS by default.")] = None,
) -> None:
    """Download a public corpus, check it and unpack it.

    A broken connection is tried again. The folder appears only when everything is there; a complete one is verified
    and left alone.

    \b
    Example:
      aurora-resnet download fsdd && aurora-resnet corpus fsdd:data/fsdd
    """
    folder = out or Path("data") / corpus.value
    check_folder(folder, "--out")
    folder = _DOWNLOADS[corpus](folder)
    tell(f"{corpus.value} is in {folder}")
