"""``aurora-resnet redact``."""

import os
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from aurora_resnet.cli.outputs import check_folder
from aurora_resnet.cli.runs import end_with_failures, run_in
from aurora_resnet.cli.terminal import EngineOption, Workers
from aurora_resnet.transcription.redaction import Redaction
from aurora_resnet.transcription.tables import TableFormat


def redact(
    inputs: Annotated[
        list[str], Argument(metavar="CALL...", help="Sound files, folders, globs, manifests, lists (.txt).")
    ],
    out: Annotated[Path, Option(help="Folder of the copies, the times, and what a later call needs to go on.")],
    beep: Annotated[bool, Option("--beep", help="A tone of 1 kHz instead of silence.")] = False,
    digits: Annotated[int, Option(metavar="N", help="The fewest digits that make a number.", min=2)] = 3,
    format: Annotated[TableFormat, Option(help="Of the times; parquet needs the extra 'tables'.")] = "csv",
    engine: EngineOption = "local",
    workers: Workers = None,
) -> None:
    """Silence the numbers that are spoken in recordings: cards, PINs, telephone numbers.

    Writes a copy of each recording to OUT/recordings, in which numbers of three digits or more are silent, and a row
    with their times to OUT/rows. A number is rather silenced too often than missed; what is no digit ("forty seven") is
    not looked for. The same command goes on where an earlier one stopped. Exit code 1 means that some recordings could
    not be read; they have no copy, and a row with the reason.

    \b
    Examples:
      aurora-resnet redact calls --out redacted
      aurora-resnet redact 'calls/**/*.wav' --out redacted --beep --digits 4
    """
    check_folder(out, "--out")
    places = [os.path.abspath(os.path.expanduser(text)) for text in inputs]  # noqa: PTH100, PTH111  (a glob is no path)
    folders = [place if Path(place).is_dir() else os.path.dirname(place.split("*")[0]) for place in places]  # noqa: PTH120
    copies = out.absolute() / "recordings"
    task = Redaction(os.fspath(copies), os.path.commonpath(folders), beep=beep, digits=digits)
    report = run_in(out, inputs, task, table=format, engine=engine, workers=workers)
    typer.echo(f"{copies}: {report.recordings - report.failed:,} recordings; their times are in {report.rows}")
    end_with_failures(report, "have no copy")
