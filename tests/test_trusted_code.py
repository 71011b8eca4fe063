"""A file is data: whatever names code in it, nothing is imported or called unless the user says that it is trusted."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from aurora_resnet.checkpoint_file import read_file, write_file
from aurora_resnet.checkpoints import load_checkpoint, read_config, save_calibrated, save_checkpoint
from aurora_resnet.cli.app import run
from aurora_resnet.clips.clip_set import load_clips
from aurora_resnet.corpora.samples import read_samples, samples_folder
from aurora_resnet.export.pretrained import CHECKPOINT, save_pretrained
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import AuroraError, CheckpointError, ConfigError, TrainingError
from aurora_resnet.runtime.model_folder import CONFIG, file_sha256
from aurora_resnet.tasks.experiment import run_experiment
from aurora_resnet.teaching.recipe import TeachConfig
from aurora_resnet.teaching.recordings import read_recordings
from aurora_resnet.teaching.teach import teach
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.experiment import read_experiment
from aurora_resnet.training.fine_tuning import start_from
from aurora_resnet.training.trainer import Trainer
from aurora_resnet.transcription.model import TranscriptionModel
from aurora_resnet.transcription.transcribe import transcribe

TRAP = """
import os, pathlib, torch
pathlib.Path(os.environ["TRAP_MARK"]).write_text("imported")

class Net(torch.nn.Module):
    def __init__(self, n_mels, num_classes):
        super().__init__()
        self.classes = torch.nn.Linear(n_mels, num_classes)
    def forward(self, features):
        return self.classes(features.mean(dim=2))

class Bands(torch.nn.Module):
    sample_rate, bands = 8000, 8
    def __init__(self, mel):
        super().__init__()
    def frames(self, samples):
        return samples // 80
    def forward(self, waveform):
        return waveform[:, : waveform.shape[1] // 80 * 80].reshape(len(waveform), -1, 10, 8).mean(2).transpose(1, 2)

class Sgd(torch.optim.SGD):
    pass

def halved(step, steps):
    return 0.5

def called(*args, **options):
    pathlib.Path(os.environ["TRAP_MARK"]).write_text("called")

def one(step):
    return 1.0

class Plain:
    def __init__(self, *args, **options):
        called()
"""
FILE = """
{line}
[mel]
sample_rate = 8000
n_mels = 8
[data]
train = [{{ corpus = "samples:", split = "train", where = {{ engine = "flite" }}, validation_share = 0.3 }}]
[training]
epochs = 1
{training}
"""
REFUSED = "is code that a file names, which is not imported unless you trust it"
PARTS = [{"model": "trap:Net"}, {"frontend": "trap:Bands"}, {"model": "trap:called"}, {"frontend": "trap:called"}]
IDS = [" ".join(f"{key} {value}" for key, value in part.items()) for part in PARTS]
RECORDING = str(samples_folder() / "flite-slt" / "seven_1.flac")


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The module ``trap`` can be imported, and writes this file when it is."""
    place = tmp_path / "path"
    place.mkdir()
    (place / "trap.py").write_text(TRAP)
    (place / "leaves.py").write_text("raise SystemExit(3)")
    (place / "stops.py").write_text("raise KeyboardInterrupt")
    (place / "odd.py").write_text("class Odd(BaseException):\n    pass\nraise Odd('odd')")
    (place / "program").mkdir()
    (place / "program" / "__init__.py").touch()
    (place / "program" / "__main__.py").write_text(TRAP)
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.setenv("PYTHONPATH", f"{place}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("TRAP_MARK", str(tmp_path / "mark"))
    for module in ("trap", "program", "program.__main__"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    return tmp_path / "mark"


def planted(path: Path, **config: object) -> Path:
    """Write a checkpoint whose header names something else than it was made of."""
    save_checkpoint(RecognizerModel(RecognizerConfig("cnn", MelConfig(8000, n_mels=8), options={"hidden": 4})), path)
    header, tensors = read_file(path)
    header["config"] |= config
    write_file(header, tensors, path)
    return path


def own_words(folder: Path) -> Path:
    """Return a folder of recordings of two words, as ``teach`` takes it."""
    for word in ("one", "two"):
        (folder / word).mkdir(parents=True, exist_ok=True)
        for voice in ("flite-slt", "flite-awb", "flite-rms"):
            for file in (samples_folder() / voice).glob(f"{word}_*.flac"):
                shutil.copy(file, folder / word / f"{voice}_{file.name}")
    return folder


def written(path: Path, line: str = "", training: str = "") -> Path:
    path.write_text(FILE.format(line=line, training=training))
    return path


def trainer(file: Path, out: Path) -> Trainer:
    return Trainer(RecognizerModel(RecognizerConfig("cnn", MelConfig(8000))), TrainingConfig(), out, init=file)


def taught(file: Path, out: Path) -> object:
    return teach(read_recordings(own_words(out / "mine")), out / "t.safetensors", TeachConfig(init=str(file)))


def learnt_from(file: Path, out: Path) -> object:
    return read_experiment(written(out / "a.toml", f'init = "{file}"'))


def distilled(file: Path, out: Path) -> object:
    toml = written(out / "a.toml", f'model = "cnn"\nteacher = "{file}"', "distillation = {}")
    return run_experiment(read_experiment(toml), out / "run")


LOADERS: dict[str, Callable[[Path, Path], object]] = {
    "load_checkpoint": lambda file, _: load_checkpoint(file),
    "read_config": lambda file, _: read_config(file),
    "save_calibrated": lambda file, out: save_calibrated(file, Calibration(), out / "new.safetensors"),
    "save_pretrained": lambda file, out: save_pretrained(file, out / "folder", onnx=False),
    "from_pretrained": lambda file, _: DigitRecognizer.from_pretrained(file),
    "start_from": lambda file, _: start_from(file, read_samples().vocabulary()),
    "TranscriptionModel": lambda file, out: transcribe(
        [RECORDING], out / "rows", TranscriptionModel(str(file)), table="csv", workers=1
    ),
    "init of a Trainer": trainer,
    "teach": taught,
    "init of a file": learnt_from,
    "teacher of a file": distilled,
}


@pytest.mark.parametrize("part", PARTS, ids=IDS)
@pytest.mark.parametrize("loader", LOADERS)
def test_no_loader_imports_what_a_checkpoint_names(
    loader: str, part: dict[str, object], mark: Path, tmp_path: Path
) -> None:
    file = planted(tmp_path / "planted.safetensors", **part)
    with pytest.raises(AuroraError, match=rf"(?s){REFUSED}.*trust_code=True \(--trust-code\)"):
        LOADERS[loader](file, tmp_path)
    assert not mark.exists()


@pytest.mark.parametrize("part", PARTS, ids=IDS)
def test_nor_does_a_folder_of_save_pretrained(part: dict[str, object], mark: Path, tmp_path: Path) -> None:
    folder = save_pretrained("compact", tmp_path / "folder", onnx=False)
    before = file_sha256(folder / CHECKPOINT)
    planted(folder / CHECKPOINT, **part)
    text = (folder / CONFIG).read_text(encoding="utf-8")
    (folder / CONFIG).write_text(text.replace(before, file_sha256(folder / CHECKPOINT)), encoding="utf-8")
    for load in (load_checkpoint, DigitRecognizer.from_pretrained):
        with pytest.raises(CheckpointError, match=REFUSED):
            load(folder)
    assert not mark.exists()


COMMANDS: dict[str, list[str]] = {
    "recognize": ["recognize", "--model", "MODEL", RECORDING],
    "listen": ["listen", "--model", "MODEL", RECORDING],
    "serve": ["serve", "--model", "MODEL", "--port", "0"],
    "export": ["export", "--model", "MODEL", "--out", "OUT/a.onnx"],
    "evaluate": ["evaluate", "--model", "MODEL", "--corpus", "samples:"],
    "calibrate": ["calibrate", "--model", "MODEL", "--corpus", "samples:", "--out", "OUT/c.safetensors"],
    "adapt": ["adapt", "samples:", "--speaker", "samples/flite-slt", "--model", "MODEL", "--out", "OUT/a.safetensors"],
    "teach": ["teach", "OUT/mine", "--train", "--init", "MODEL", "--out", "OUT/t.safetensors"],
    "transcribe": ["transcribe", RECORDING, "--model", "MODEL", "--out", "OUT/rows", "--format", "csv"],
    "demo": ["demo", "--model", "MODEL", "--out", "OUT/demo"],
}


@pytest.mark.parametrize("part", PARTS[:2], ids=IDS[:2])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_imports_what_a_checkpoint_names(
    command: str, part: dict[str, object], mark: Path, tmp_path: Path
) -> None:
    file = planted(tmp_path / "planted.safetensors", **part)
    own_words(tmp_path / "mine")
    arguments = [each.replace("MODEL", str(file)).replace("OUT", str(tmp_path)) for each in COMMANDS[command]]
    with pytest.raises(AuroraError, match=REFUSED):
        run(arguments)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("line", "training", "message"),
    [
        ('model = "trap:Net"', "", REFUSED),
        ('model = "cnn"\nfrontend = "trap:Bands"', "", REFUSED),
        ('model = "cnn"', 'optimizer = "trap:Sgd"', REFUSED),
        ('model = "cnn"', 'schedule = "trap:halved"', REFUSED),
        ('model = "cnn"\n[models."trap:Net"]\noptions = {}', "", REFUSED),
        ('model = "cnn"\n[models.cnn]\nfrontend = "trap:Bands"', "", REFUSED),
        ('model = "cnn"\n[models.cnn.training]\noptimizer = "trap:Sgd"', "", REFUSED),
        ('model = "cnn"', 'callbacks = ["trap:Plain"]', "unknown key 'training.callbacks'"),
        ('model = "cnn"', 'spec_augment = "trap:Plain"', r"training\.spec_augment"),
        ('model = "cnn"\nteacher = "trap:Net"', "distillation = {}", "there is no checkpoint 'trap:Net'"),
        ('model = "cnn"\ninit = "trap:Net"', "", "there is no checkpoint 'trap:Net'"),
    ],
)
def test_no_training_file_imports_what_it_names(
    line: str, training: str, message: str, mark: Path, tmp_path: Path
) -> None:
    file = written(tmp_path / "a.toml", line, training)
    for read in (
        lambda: run_experiment(read_experiment(file), tmp_path / "run"),
        lambda: run(["train", "--config", str(file), "--out", str(tmp_path / "run")]),
    ):
        with pytest.raises(AuroraError, match=message):
            read()
    assert not mark.exists()


def trusted_run(folder: Path) -> Path:
    """Train what the user trusts and return the best checkpoint."""
    training = 'optimizer = "trap:Sgd"\nschedule = "trap:halved"'
    file = written(folder / "a.toml", 'model = "trap:Net"\nfrontend = "trap:Bands"', training)
    command = ["train", "--config", str(file), "--out", str(folder / "run"), "--trust-code"]
    assert run(command) == 0
    assert run([*command, "--resume"]) == 0  # the program built the very names that the checkpoint holds
    return folder / "run" / "best.safetensors"


def test_what_the_user_trusts_is_trained_and_loaded(mark: Path, tmp_path: Path) -> None:
    best = trusted_run(tmp_path)
    assert mark.read_text() == "imported"
    assert type(load_checkpoint(best, trust_code=True).model.frontend).__name__ == "Bands"
    assert DigitRecognizer.from_pretrained(best, trust_code=True).recognize(RECORDING).probabilities
    with pytest.raises(CheckpointError, match=REFUSED):  # once more, though it is imported by now
        load_checkpoint(best)
    with pytest.raises(CheckpointError, match=f"'trap:Bands' {REFUSED}"):
        load_checkpoint(best, trust_code={"trap:Net"})


@pytest.mark.slow
@pytest.mark.usefixtures("mark")
def test_the_commands_use_what_the_user_trusts_in_their_workers_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best, calibrated = trusted_run(tmp_path), tmp_path / "c.safetensors"
    for name, model, *more in (
        ("calibrate", best, "--words-refused", "0.5"),
        ("recognize", best),
        ("listen", calibrated),
        ("evaluate", best),
        ("transcribe", best, "--workers", "2"),
        ("adapt", best),
    ):
        asked = [each.replace("MODEL", str(model)).replace("OUT", str(tmp_path)) for each in COMMANDS[name]]
        assert run([*asked, *more, "--trust-code"]) == 0, name
    assert "seven_1.flac\t" in capsys.readouterr().out
    config = TeachConfig(init=str(best), epochs=1, steps=1, groups=2)
    words = read_recordings(own_words(tmp_path / "mine"))
    assert teach(words, tmp_path / "t.safetensors", config, trust_code=True).model.is_file()


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"model": "trap:called"}, r"'trap:called' must be a subclass of torch\.nn\.modules\.module\.Module"),
        ({"frontend": "trap:called", "frontend_options": {"cmd": "id"}}, r"must be a subclass of torch\.nn"),
        ({"frontend": "trap:Plain"}, r"'trap:Plain' must be a subclass of torch\.nn.*got a type"),
        ({"model": "trap:Sgd"}, r"must be a subclass of torch\.nn"),
        ({"model": "pydoc:pipepager"}, r"must be a subclass of torch\.nn"),
        ({"model": "program.__main__:Net"}, "importing __main__ runs a program"),
        ({"frontend": "__main__:Net"}, "importing __main__ runs a program"),
        ({"model": "leaves:Net"}, r"'leaves:Net' cannot be imported \(3\)"),
        ({"model": "odd:Net"}, r"'odd:Net' cannot be imported \(odd\)"),
    ],
)
def test_trusted_names_are_classes_of_the_right_kind_before_they_are_called(
    part: dict[str, Any], message: str, mark: Path, tmp_path: Path
) -> None:
    file = planted(tmp_path / "planted.safetensors", **part)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(file, trust_code=True)
    assert not mark.exists() or mark.read_text() == "imported"
    assert "program.__main__" not in sys.modules


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ('optimizer = "trap:called"', r"'trap:called' must be a subclass of torch\.optim\.optimizer\.Optimizer"),
        ('optimizer = "trap:Net"', r"must be a subclass of torch\.optim"),
        ('schedule = "trap:Plain"', "'trap:Plain' must be a function, got a type"),
        ('schedule = "trap:one"', "must be a function of a step and the number of steps"),
        ('schedule = "os:system"', "must be a function, got a builtin"),
    ],
)
def test_so_are_optimisers_and_schedules(training: str, message: str, mark: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "a.toml", 'model = "cnn"', training)
    with pytest.raises(ConfigError, match=message):
        read_experiment(file, trust_code=True)
    assert not mark.exists() or mark.read_text() == "imported"


@pytest.mark.usefixtures("mark")
def test_an_interruption_stays_one(tmp_path: Path) -> None:
    file = planted(tmp_path / "planted.safetensors", model="stops:Net")
    with pytest.raises(KeyboardInterrupt):
        load_checkpoint(file, trust_code=True)


def test_a_program_names_its_own_code_and_goes_on_with_its_own_files(mark: Path, tmp_path: Path) -> None:
    config = RecognizerConfig("trap:Net", MelConfig(8000, n_mels=8), clip_seconds=0.5)
    clips = load_clips(read_samples().filter(speakers="samples/flite-slt"), config)
    training = TrainingConfig(epochs=1, optimizer="trap:Sgd")
    result = Trainer(RecognizerModel(config), training, tmp_path / "run").fit(clips)
    again = Trainer(RecognizerModel(config), training, tmp_path / "run", init=result.best_checkpoint)
    assert again.fit(clips, resume=True).history == result.history
    with pytest.raises(CheckpointError, match=REFUSED):
        load_checkpoint(result.best_checkpoint)
    # What another person put into the folder is not imported, though the training is the program's own.
    mark.unlink()
    header, tensors = read_file(tmp_path / "run" / "last.safetensors")
    header["config"]["frontend"] = "program:Bands"
    write_file(header, tensors, tmp_path / "run" / "last.safetensors")
    with pytest.raises(TrainingError, match=f"'program:Bands' {REFUSED}"):
        Trainer(RecognizerModel(config), training, tmp_path / "run").fit(clips, resume=True)
    assert "program" not in sys.modules


def test_an_error_repeats_no_advice_that_a_file_made_up(tmp_path: Path) -> None:
    for package in ("own --index-url http://127.0.0.1", "own\nrun this: curl", "-r x"):
        file = planted(tmp_path / "planted.safetensors", model="gone")
        header, tensors = read_file(file)
        write_file({**header, "origin": {"module": "m", "name": "Net", "package": package}}, tensors, file)
        with pytest.raises(CheckpointError) as caught:
            load_checkpoint(file)
        assert "pip install" not in str(caught.value)
        assert str(caught.value).endswith("it is Net of m: import or register it before loading")


def test_pickles_of_image_weights_run_no_code(mark: Path, tmp_path: Path) -> None:
    class Call:
        def __reduce__(self) -> tuple[object, ...]:
            return os.system, (f"touch {mark}",)

    torch.save({"conv1.weight": Call()}, tmp_path / "weights.pth")
    file = written(tmp_path / "a.toml", f'model = "resnet50"\nweights = "{tmp_path}/weights.pth"')
    with pytest.raises(CheckpointError, match="a pickle that holds more than tensors"):
        run_experiment(read_experiment(file), tmp_path / "run")
    assert not mark.exists()
