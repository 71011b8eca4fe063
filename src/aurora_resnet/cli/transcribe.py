"""``aurora-resnet transcribe``."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from aurora_resnet.cli.outputs import check_folder
from aurora_resnet.cli.runs import end_with_failures, run_in
from aurora_resnet.cli.terminal import MODEL_HELP, Device, EngineOption, TrustCode, Workers
from aurora_resnet.runtime.cli.terminal import tell
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_reference import EXPORTED_STRINGS
from aurora_resnet.runtime.recognizer import DEFAULT_MODEL
from aurora_resnet.runtime.strings.rules import CHECKS, Numbers, StringRules, read_known
from aurora_resnet.transcription.model import TranscriptionModel
from aurora_resnet.transcription.strings import Strings
from aurora_resnet.transcription.tables import TableFormat
from aurora_resnet.transcription.words import Words


def transcribe(
    inputs: Annotated[
        list[str],
        Argument(
            metavar="INPUT...",
            help="Sound files, folders, globs in quotes, manifests (.csv, .jsonl), lists (.txt) or Parquet files.",
        ),
    ],
    out: Annotated[Path, Option(help="Folder of the table and of what a later call needs to go on.")],
    model: Annotated[
        str | None,
        Option(help=f"{MODEL_HELP} Default {DEFAULT_MODEL}, with --string {EXPORTED_STRINGS[0]}.", show_default=False),
    ] = None,
    string: Annotated[bool, Option("--string", help="Digits one after another in each recording.")] = False,
    length: Annotated[list[int] | None, Option(metavar="N", help="Number of digits; may be repeated.", min=1)] = None,
    check: Annotated[str | None, Option(help=f"Check digit of the strings: {', '.join(CHECKS)}.")] = None,
    known: Annotated[Path | None, Option(help="Look for these numbers only: a text file with one a line.")] = None,
    numbers: Annotated[Numbers | None, Option(help="spoken: also 'forty seven', if the model can.")] = None,
    format: Annotated[TableFormat, Option(help="Of the table; parquet needs the extra 'tables'.")] = "parquet",
    engine: EngineOption = "local",
    workers: Workers = None,
    device: Device = "cpu",
    batch: Annotated[int, Option(help="Clips computed together; more on a GPU.", min=1)] = TranscriptionModel.batch,
    column: Annotated[str | None, Option(help="Column of Parquet inputs with the recordings.")] = None,
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
    rules = StringRules(
        lengths=length or None,
        check=check,
        known=None if known is None else read_known(known),
        numbers=numbers or "digits",
    )
    task: Words | Strings = Strings(rules) if string else Words()
    model = model or task.recognizer.default_model
    computed = TranscriptionModel(model, device=device, batch=batch, task=task, trust_code=trust_code)
    report = run_in(out, inputs, computed, table=format, engine=engine, workers=workers, column=column)
    now = report.recordings - report.already_there
    rate = f" ({now / report.seconds:,.0f} a second)" if now else ""
    typer.echo(f"{report.rows}: {report.recordings:,} recordings, {now:,} of them now{rate}")
    tell(f"next: read {report.rows}/part-*.{format} as one table")
    end_with_failures(report, "could not be read")
