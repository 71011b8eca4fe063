"""``aurora-resnet download``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from aurora_resnet.cli.outputs import check_folder
from aurora_resnet.corpora.sources.esc10 import download_esc10
from aurora_resnet.corpora.sources.fsdd import download_fsdd
from aurora_resnet.corpora.sources.speech_commands import download_speech_commands
from aurora_resnet.runtime.cli.terminal import tell

_DOWNLOADS = {"fsdd": download_fsdd, "esc10": download_esc10, "speech-commands": download_speech_commands}


def download(
    corpus: Annotated[
        Literal["fsdd", "esc10", "speech-commands"],
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
    folder = out or Path("data") / corpus
    check_folder(folder, "--out")
    folder = _DOWNLOADS[corpus](folder)
    tell(f"{corpus} is in {folder}")
