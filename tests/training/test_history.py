import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.errors import MissingDependencyError, TrainingError
from aurora_resnet.training.callbacks import TensorBoard
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.history import EpochRecord, read_history, write_history
from aurora_resnet.training.trainer import Trainer

RECORD = EpochRecord(0, 2.4, 0.1, 2.3, 0.25, 0.001, "none", 1.5, 58.7)


def test_epochs_survive_the_file(tmp_path: Path) -> None:
    records = [RECORD, replace(RECORD, epoch=1, validation_loss=None, validation_accuracy=None)]
    write_history(tmp_path / "history.jsonl", records)
    assert read_history(tmp_path / "history.jsonl") == records
    lines = (tmp_path / "history.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [asdict(record) for record in records]


@pytest.mark.parametrize("line", ["", "{", "[1, 2]", "3", '{"epoch": 1}', '{"epoch": 1, "colour": "red"}'])
def test_a_line_that_is_no_epoch_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(json.dumps(asdict(RECORD)) + "\n" + line + "\n")
    with pytest.raises(TrainingError, match=r"history\.jsonl, line 2: not an epoch record"):
        read_history(path)


def test_a_missing_history_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be read"):
        read_history(tmp_path / "history.jsonl")


def test_a_training_writes_one_line_an_epoch(
    tmp_path: Path, tones: ClipSet, unseen_tones: ClipSet, tiny_model: Callable[..., RecognizerModel]
) -> None:
    config = TrainingConfig(epochs=3, learning_rate=0.02, schedule="one_cycle", unfreeze=((2, "all_but_head"),))
    result = Trainer(tiny_model(), config, tmp_path).fit(tones, unseen_tones)
    lines = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert lines == [asdict(record) for record in result.history]
    assert [line["epoch"] for line in lines] == [0, 1, 2]
    assert [line["freeze_plan"] for line in lines] == ["none", "none", "all_but_head"]
    assert lines[-1]["learning_rate"] == pytest.approx(0.02 / 25 / 1e4)
    for line in lines:
        assert line["clips_per_second"] * line["seconds"] > len(tones)  # the seconds of the validation too
        assert round(line["train_accuracy"] * len(tones), 6).is_integer()
        assert round(line["validation_accuracy"] * len(unseen_tones), 3).is_integer()
    assert result.seconds == pytest.approx(sum(line["seconds"] for line in lines))


def test_tensorboard_reads_the_same_numbers(
    tmp_path: Path, tones: ClipSet, unseen_tones: ClipSet, tiny_model: Callable[..., RecognizerModel]
) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    config = TrainingConfig(epochs=2, tensorboard=True)
    result = Trainer(tiny_model(), config, tmp_path).fit(tones, unseen_tones)
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    names = {field.name for field in fields(EpochRecord)} - {"epoch", "freeze_plan"}
    assert set(events.Tags()["scalars"]) == names
    for name in names:
        scalars = events.Scalars(name)
        assert [scalar.step for scalar in scalars] == [0, 1]
        assert [scalar.value for scalar in scalars] == pytest.approx([getattr(r, name) for r in result.history])


def test_without_tensorboard_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_model: Callable[..., RecognizerModel]
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'aurora-resnet\[tensorboard\]'"):
        TensorBoard().after_epoch(Trainer(tiny_model(), TrainingConfig(), tmp_path), RECORD)


@pytest.mark.slow
def test_training_does_not_import_tensorboard() -> None:
    code = "import sys, aurora_resnet.training.trainer; sys.exit('tensorboard' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
