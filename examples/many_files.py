"""Recognise a hundred thousand files into one table, on all processors, resumable.

    python examples/many_files.py [FOLDER or NUMBER]

Without a folder it makes one of links to packaged recordings, in ``runs/many_files``: 2,000, or NUMBER. Kill it and call
it again: it resumes. Memory is constant; docs/scale.md has the rates. ``engine="ray"`` does the same on a cluster.

Prints:

    recordings: 2000, failed: 0
    the first rows of part-000000.csv:
    000000.flac zero 0.99 true
    000001.flac zero 0.99 true
    000002.flac one 0.99 true
"""

import csv
import sys
from itertools import cycle, islice
from pathlib import Path

from aurora_resnet import load_corpus
from aurora_resnet.transcription.hearing import Hearing
from aurora_resnet.transcription.transcribe import transcribe


def make_links(folder: Path, count: int) -> None:
    """Fill a folder with links to a few recordings."""
    recordings = load_corpus("samples:").filter(split="test")
    for number, recording in enumerate(islice(cycle(recordings), count)):
        link = folder / f"{number // 1000:03}" / f"{number:06}.flac"
        if not link.is_symlink():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(recording.path)


def main(
    folder: str | None = None, out: str | Path = "runs/many_files", count: int = 2000, workers: int | None = None
) -> None:
    """Transcribe all of them and look at the table."""
    if folder is None:
        folder = str(Path(out) / "recordings")
        make_links(Path(folder), count)
    report = transcribe([folder], Path(out) / "words", Hearing("compact"), table="csv", workers=workers, progress=True)
    print(f"recordings: {report.recordings}, failed: {report.failed}")
    parts = sorted(report.rows.iterdir())
    print(f"the first rows of {parts[0].name}:")
    with parts[0].open(newline="", encoding="utf-8") as file:
        for row in islice(csv.DictReader(file), 3):
            print(Path(row["recording"]).name, row["word"], row["confidence"][:4], row["accepted"])


if __name__ == "__main__":
    given = "".join(sys.argv[1:2])
    if given.isdigit():
        main(count=int(given))
    else:
        main(given or None)
