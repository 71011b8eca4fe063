"""What the measurement of streaming and its benchmark share: listening to a recording, and their record."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aurora_resnet.environment import describe_environment, set_threads
from aurora_resnet.files import write_json
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.streaming.config import StreamingConfig
from aurora_resnet.runtime.streaming.recognizer import StreamingRecognizer, WordEvent

SAMPLE_RATE = 8000
CHUNK_SECONDS = 0.1
SEED = 0


def open_model(model: str) -> tuple[DigitRecognizer, dict[str, Any]]:
    """Load an exported model or a checkpoint, and say what it is.

    Args:
        model: the name of a shipped model, an exported file or a checkpoint.

    Raises:
        ModelError: if there is none of that name, or the file is missing, damaged or not one of ours.
    """
    recognizer = DigitRecognizer.from_pretrained(model, threads=1)
    about = {
        "sha256": resolve(model).sha256,
        "config": asdict(StreamingConfig()),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "environment": describe_environment("cpu"),
    }
    return recognizer, about


def hear(recognizer: Recognizer, samples: Samples, rate: int) -> tuple[list[WordEvent], int]:
    """Return the events of a recording that comes in chunks, and how many of them came before its end."""
    stream = StreamingRecognizer(recognizer, rate)
    size = round(CHUNK_SECONDS * rate)
    events = [event for start in range(0, len(samples), size) for event in stream.push(samples[start : start + size])]
    return events + stream.flush(), len(events)


def common_options(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of the options that both programs have."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", nargs="+", default=["compact"], help="shipped models, exported files, checkpoints")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the recordings")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the record to FILE; other models in it stay")
    parser.add_argument("--quick", action="store_true", help="a little, to see that it works")
    return parser


def measure_models(models: Sequence[str], measure: Callable[[Recognizer], dict[str, Any]], out: Path | None) -> None:
    """Measure models one after the other on one thread, print what was found, and add it to the record.

    Args:
        models: names or files, as ``open_model`` has them.
        measure: what to measure of each.
        out: the record; ``None`` only prints.
    """
    set_threads(1)
    for model in models:
        recognizer, row = open_model(model)
        row |= measure(recognizer)
        print(json.dumps(row, indent=2), flush=True)
        if out:
            add_to_record(out, recognizer.model.facts.name, row)


def add_to_record(file: Path, name: str, row: Mapping[str, Any]) -> None:
    """Put what was measured of a model into the record.

    What was measured of the same file before stays, as do other models.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "streaming.json"
    >>> add_to_record(file, "compact", {"sha256": "1", "strings": {}})
    >>> add_to_record(file, "compact", {"sha256": "1", "hour": {}})
    >>> list(json.loads(file.read_text())["models"]["compact"])
    ['sha256', 'strings', 'hour']
    >>> add_to_record(file, "compact", {"sha256": "2"})
    >>> list(json.loads(file.read_text())["models"]["compact"])
    ['sha256']
    """
    record: dict[str, Any] = {"benchmark": "streaming", "models": {}}
    if file.is_file():
        record = json.loads(file.read_text(encoding="utf-8"))
    before = record["models"].get(name, {})
    kept = before if before.get("sha256") == row["sha256"] else {}
    record["models"][name] = {**kept, **row}
    write_json(record, file)
