"""``aurora-resnet corpus``."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from aurora_resnet.cli.outputs import check_file
from aurora_resnet.cli.terminal import end_with, print_table
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.summary import HEADER
from aurora_resnet.runtime.errors import ConfigError


def corpus(
    corpus: Annotated[
        str,
        Argument(
            metavar="KIND:PATH",
            help="aurora2, fsdd, an4, an4-strings, speech-commands, folder (one sub-folder a word), manifest "
            "(.csv, .jsonl), each with a path; or samples: for the recordings in the package.",
        ),
    ],
    manifest: Annotated[Path | None, Option(help="Also write the corpus as a manifest, .csv.")] = None,
) -> None:
    """Summarise a corpus: clips and speakers of each word and split.

    Exit code 1 means that some files could not be understood; each is named.

    \b
    Examples:
      aurora-resnet corpus samples:
      aurora-resnet corpus fsdd:data/fsdd --manifest fsdd.csv
    """
    check_file(manifest, "--manifest")
    if manifest is not None and manifest.suffix != ".csv":
        raise ConfigError(f"a manifest ends in .csv, got {manifest}")
    loaded = load_corpus(corpus)
    summary = loaded.summary()
    if manifest is not None:
        loaded.write_csv(manifest)
    print_table(summary.heading, HEADER, summary.cells())
    end_with(summary.problems)
