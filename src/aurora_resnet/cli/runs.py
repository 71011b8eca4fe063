"""What ``transcribe`` and ``redact`` have in common: work that goes on after a stop, and what failed."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import typer

from aurora_resnet.cli.logs import logged_to
from aurora_resnet.runtime.cli.terminal import PROBLEMS, complain, tell
from aurora_resnet.transcription.model import TranscriptionModel
from aurora_resnet.transcription.redaction import Redaction
from aurora_resnet.transcription.tables import read_rows
from aurora_resnet.transcription.transcribe import FAILURE, TranscriptionReport, transcribe

#: Failures that are named on the terminal; all are in a file.
SHOWN = 5


def run_in(
    out: Path, inputs: Sequence[str], work: TranscriptionModel | Redaction, **options: Any
) -> TranscriptionReport:
    """Do the work in a folder, with a log and a bar; options as ``transcribe``. Where it stops, say how to go on."""
    with logged_to(out / "run.log"):
        try:
            return transcribe(inputs, out, work, progress=True, **options)
        except (KeyboardInterrupt, OSError):
            tell(f"stopped; go on with the same command (what is done is in {out})")
            raise


def end_with_failures(report: TranscriptionReport, what: str) -> None:
    """Name the first recordings that failed and end the command with its exit code; go on where none did."""
    if not report.failed:
        return
    for name, reason in islice(read_rows(report.failures, FAILURE), SHOWN):
        complain(f"{name}: {reason}")
    complain(f"{report.failed:,} recordings {what}; all are in {report.failures}")
    raise typer.Exit(PROBLEMS)
