"""``aurora-resnet transcribe``."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from aurora_resnet.cli.logs import logged_to
from aurora_resnet.cli.outputs import check_folder
from aurora_resnet.cli.terminal import MODEL_HELP, Device, EngineOption, TrustCode, Workers
from aurora_resnet.runtime.cli.terminal import PROBLEMS, complain, tell
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_reference import EXPORTED_STRINGS
from aurora_resnet.runtime.recognizer import DEFAULT_MODEL
from aurora_resnet.runtime.strings.rules import CHECKS, Numbers, read_known
from aurora_resnet.transcription.model import TranscriptionModel
from aurora_resnet.transcription.strings import Strings
from aurora_resnet.transcription.tables import TableFormat, read_rows
from aurora_resnet.transcription.transcribe import FAILURE
from aurora_resnet.transcription.transcribe import transcribe as run
from aurora_resnet.transcription.words import Words

#: Failures that are named on the terminal; all are in a file.
SHOWN = 5


def transcribe(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Sound files, folders, globs in quotes, manifests (.csv, .jsonl), lists (.txt) or Parquet files.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the table and of what a later call needs to go on.")],
    model: Annotated[
        str | None,
        typer.Option(
            help=f"{MODEL_HELP} Default {DEFAULT_MODEL}, with --string {EXPORTED_STRINGS[0]}.", show_default=False
        ),
    ] = None,
    string: Annotated[bool, typer.Option("--string", help="Digits one after another in each recording.")] = False,
    length: Annotated[
        list[int] | None, typer.Option(metavar="N", help="How many digits, if known; may be repeated.", min=1)
    ] = None,
    check: Annotated[str | None, typer.Option(help=f"Check digit of the strings: {', '.join(CHECKS)}.")] = None,
    known: Annotated[
        Path | None, typer.Option(help="Look for these numbers only: a text file with one a line.")
    ] = None,
    numbers: Annotated[
        Numbers | None,
        typer.Option(
            help="digits: refuse numbers said otherwise, as 'forty seven'; spoken: read them, if the model can."
        ),
    ] = None,
    format: Annotated[TableFormat, typer.Option(help="Of the table; parquet needs the extra 'tables'.")] = "parquet",
    engine: EngineOption = "local",
    workers: Workers = None,
    device: Device = "cpu",
    batch: Annotated[
        int, typer.Option(help="Clips that are computed together; more on a GPU.", min=1)
    ] = TranscriptionModel.batch,
    column: Annotated[
        str | None, typer.Option(help="Column of Parquet inputs with the recordings (audio, path, file or bytes).")
    ] = None,
    trust_code: TrustCode = False,
) -> None:
    """Recognise very many recordings and write a table, on one machine or on many.

    Writes a row a recording to OUT/rows/part-*.parquet, which any data frame reads as one table, and OUT/failed.csv.
    The same command goes on where an earlier one stopped, however it was stopped. Exit code 1 means that some
    recordings could not be read; they have a row with the reason.

    \b
    Examples:
      aurora-resnet transcribe recordings --model compact --out words
      aurora-resnet transcribe 'calls/**/*.flac' more.csv --format csv --out words
      aurora-resnet transcribe cards --string --length 16 --check luhn --format jsonl --out numbers
      aurora-resnet transcribe s3-mirror/*.parquet --engine ray --out /shared/words
    """
    check_folder(out, "--out")
    given = {"--length": length, "--check": check, "--known": known, "--numbers": numbers}
    if not string and (options := [option for option, value in given.items() if value]):
        raise ConfigError(f"{options[0]} is about strings; add --string")
    texts = None if known is None else read_known(known)
    strings = Strings(tuple(length) if length else None, check, texts, numbers or "digits")
    task: Words | Strings = strings if string else Words()
    model = model or task.recognizer.default_model
    computed = TranscriptionModel(model, device=device, batch=batch, task=task, trust_code=trust_code)
    with logged_to(out / "run.log"):
        try:
            report = run(
                inputs, out, computed, table=format, engine=engine, workers=workers, column=column, progress=True
            )
        except (KeyboardInterrupt, OSError):
            tell(f"stopped; go on with the same command (what is done is in {out})")
            raise
    now = report.recordings - report.already_there
    rate = f" ({now / report.seconds:,.0f} a second)" if now else ""
    typer.echo(f"{report.rows}: {report.recordings:,} recordings, {now:,} of them now{rate}")
    tell(f"next: read {report.rows}/part-*.{format} as one table")
    if report.failed:
        for name, reason in islice(read_rows(report.failures, FAILURE), SHOWN):
            complain(f"{name}: {reason}")
        complain(f"{report.failed:,} recordings could not be read; all are in {report.failures}")
        raise typer.Exit(PROBLEMS)
