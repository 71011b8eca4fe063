"""``transcribe``: folders of any size become a table, on one machine or on many, whatever is killed meanwhile."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from aurora_resnet.engines.engine import Engine, create_engine
from aurora_resnet.files import locked_folder
from aurora_resnet.progress import progress_bar
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.transcription.model import TranscriptionModel
from aurora_resnet.transcription.plan import Job, Plan
from aurora_resnet.transcription.redaction import Redaction
from aurora_resnet.transcription.tables import Columns, Row, TableFormat, failed_row, parquet, read_rows, write_rows

logger = logging.getLogger(__name__)

FAILURE: Columns = {"recording": str, "error": str}


@dataclass(frozen=True)
class TranscriptionReport:
    """What a transcription did.

    Attributes:
        rows: the folder of the table's files.
        recordings: rows of the table, one a recording.
        failed: of them that could not be read, each named in ``failures``.
        already_there: recordings that an earlier run had done.
        failures: CSV of recording and reason.
        seconds: of this run.
    """

    rows: Path
    recordings: int
    failed: int
    already_there: int
    failures: Path
    seconds: float


def transcribe(
    inputs: Sequence[str],
    out: str | Path,
    model: TranscriptionModel | Redaction,
    *,
    table: TableFormat = "parquet",
    engine: str = "local",
    workers: int | None = None,
    column: str | None = None,
    progress: bool = False,
) -> TranscriptionReport:
    """Recognise very many recordings and write a table, a row a recording.

    A run that was stopped, in whatever way, goes on when it is called again with the same inputs and settings; the
    inputs are those that were there at the first call. Memory does not grow with their number.

    Args:
        inputs: see ``inputs.find_pieces``.
        out: the folder of the transcription.
        model: with its device and task, or a redaction.
        table: format of the files in ``out/rows``.
        engine: ``"local"`` or ``"ray"``; machines of a cluster must see inputs and ``out`` under the same paths.
        workers: each with a model of its own, as many as processors if not given.
        column: of Parquet inputs.
        progress: show a bar on a terminal, or a line every few seconds elsewhere.

    Raises:
        ConfigError: for inputs without recordings, and where another transcription works or has worked in ``out``.
        ModelError: if the model cannot be loaded or computed.
        MissingDependencyError: for Parquet without pyarrow, or Ray where it is not installed.

    >>> from aurora_resnet.corpora.samples import samples_folder
    >>> import tempfile
    >>> voice = str(samples_folder() / "flite-slt")
    >>> report = transcribe([voice], tempfile.mkdtemp(), TranscriptionModel("compact"), table="csv", workers=1)
    >>> report.recordings, report.failed
    (22, 0)
    """
    out, started = Path(out), time.monotonic()
    if table == "parquet":
        parquet()  # known before the work
    model.load()  # a wrong name or device too
    hands = create_engine(engine, workers=workers)
    plan = Plan(out, f".{table}", most=model.most, fewest=model.fewest)
    with locked_folder(out, ConfigError(f"another transcription works in {out}; wait for its end")):
        settings = {"model": model.model, "sha256": model.file().sha256, **model.settings()}
        plan.begin({**settings, "table": table}, inputs, workers=hands.workers, column=column)
        total = kept = 0
        for job in plan.jobs():
            total += len(job.piece)
            kept += len(job.piece) * job.part.is_file()
        with progress_bar(total=total, initial=kept, unit="recording", show=progress) as bar:
            lost = _run(plan, hands, model, bar)
            for job in lost:
                write_rows(_one_by_one(job, hands, model), model.columns, job.part)
                bar.update(len(job.piece))
        failures = out / "failed.csv"
        failed = _write_failures(plan, failures)
        seconds = time.monotonic() - started
        logger.info("%d recordings, %d of them failed, in %.0f s", total, failed, seconds)
        return TranscriptionReport(plan.rows, total, failed, kept, failures, seconds)


def _writing(model: TranscriptionModel | Redaction) -> Callable[[Job], int]:
    """Make the work of a worker: a piece becomes a file of the table, and its number of failures is told."""
    rows_of = model.load()

    def work(job: Job) -> int:
        rows = rows_of(job.piece)
        write_rows(rows, model.columns, job.part)
        return sum(row[-1] is not None for row in rows)

    return work


def _reading(model: TranscriptionModel | Redaction) -> Callable[[Job], list[Row]]:
    """Make the work of a worker that writes nothing."""
    rows_of = model.load()
    return lambda job: rows_of(job.piece)


def _run(plan: Plan, engine: Engine, model: TranscriptionModel | Redaction, bar: tqdm[Any]) -> list[Job]:
    """Do all pieces whose files are not there, and return those that were lost."""
    todo = (job for job in plan.jobs() if not job.part.is_file())
    lost, failed = [], 0
    for outcome in engine.run(partial(_writing, model), todo):
        if outcome.result is None:
            logger.info("part %d: %s; its recordings are read one by one", outcome.piece.number, outcome.lost)
            lost.append(outcome.piece)
        else:
            failed += outcome.result
            bar.set_postfix(failed=failed, refresh=False)
            bar.update(len(outcome.piece.piece))
    return lost


def _one_by_one(job: Job, engine: Engine, model: TranscriptionModel | Redaction) -> list[Row]:
    """Return the rows of a piece that ends its workers, so that only the recordings that do so are lost."""
    names = [name for name, _ in job.piece.recordings()]
    rows: dict[int, Row] = {}
    singles = (Job(position, job.piece.part(position), job.part) for position in range(len(names)))
    for outcome in engine.run(partial(_reading, model), singles):
        position = outcome.piece.number
        rows[position] = (
            failed_row(model.columns, names[position], outcome.lost) if outcome.result is None else outcome.result[0]
        )
    return [rows[position] for position in range(len(names))]


def _write_failures(plan: Plan, path: Path) -> int:
    """List what failed, of this run and those before, and return how many there are."""
    count = 0

    def failures() -> Iterator[Row]:
        nonlocal count
        for job in plan.jobs():
            for name, error in read_rows(job.part, FAILURE):
                if error is not None:
                    count += 1
                    yield name, error

    write_rows(failures(), FAILURE, path)
    return count
