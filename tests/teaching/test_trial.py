"""A trial before there is anything to try, in the folder where one is, and on a full disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from aurora_resnet.runtime.errors import ConfigError, CorpusError, ModelError
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.teaching.takes import Take
from aurora_resnet.teaching.trial import Trial

if TYPE_CHECKING:
    from tests.teaching.conftest import TinyWords


def test_nothing_is_tried_corrected_or_saved_before_there_are_words(tmp_path: Path) -> None:
    trial = Trial(tmp_path / "mine", "ann")
    with pytest.raises(CorpusError, match="mine"):
        trial.enrol()
    with pytest.raises(ConfigError, match="try it first"):
        trial.save()
    with pytest.raises(ConfigError, match="got 'yes'"):
        trial.correct(Take(np.full(800, 0.1, np.float32), 8000, -20.0, -70.0, 0.3), "yes")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_folder_may_be_where_one_is(tmp_path: Path, tiny_words: TinyWords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny_words.write(tmp_path / "mine"))
    trial = Trial(Path(), "dot")
    first = trial.enrol()
    assert {path.name for path in tmp_path.iterdir()} == {"mine"}  # nothing is left but what is saved
    trial.correct(Take(tiny_words.sound(1, 0, 9), tiny_words.rate, -20.0, -70.0, 0.3), tiny_words.words[1])
    assert trial.enrol().estimate.clips == first.estimate.clips + 1
    assert (tmp_path / "mine" / tiny_words.words[1] / "dot_001.wav").is_file()
    assert trial.save() == tmp_path / "mine.onnx"
    assert set(Recognizer.from_pretrained(tmp_path / "mine.onnx").vocabulary) == set(tiny_words.words)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(ModelError, match=r"mine_2\.onnx' cannot be written: .*No space left"):
            trial.save()
    assert not (tmp_path / "mine_2.onnx").exists()
