"""Every form of a model's name, with every command that takes a model: it works, or one sentence says what would."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, NoReturn

import pytest
import torch

from aurora_resnet.checkpoints import save_checkpoint
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.runtime.errors import AuroraError
from aurora_resnet.runtime.model_reference import Format, Kind, resolve

Call = Callable[..., "subprocess.CompletedProcess[str]"]
RATE = 8000
SHIPPED: dict[Kind, str] = {"words": "compact", "strings": "string_net"}
FORMS = ("shipped", "checkpoint", "onnx", "folder", "exported folder", "hub", "hub revision")
#: Of the other kind; it is the kind that is refused, whatever the form.
REFUSED = FORMS[:3]
LOADED = "the model was loaded"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model of each kind as a file, an exported file, and folders with and without the checkpoint."""
    home = tmp_path_factory.mktemp("models")
    mel = MelConfig(RATE, n_mels=8, compression="pcen", normalization="none", causal=True)
    options = {"widths": [2, 2, 2, 2], "channels": 4, "dilations": [1], "others": 1}
    configs: dict[Kind, RecognizerConfig] = {
        "words": RecognizerConfig("cnn", MelConfig(RATE, n_mels=16), options={"hidden": 8})
    }
    configs["strings"] = RecognizerConfig("string_net", mel, options=options)
    torch.manual_seed(0)
    for kind, config in configs.items():
        save_checkpoint(RecognizerModel(config), home / f"{kind}.safetensors")
        shutil.copy(resolve(SHIPPED[kind]).path, home / f"{kind}.onnx")
        for folder, names in (("folder", ("safetensors",)), ("exported folder", ("onnx",))):
            files = {f"model.{suffix}": (home / f"{kind}.{suffix}").read_bytes() for suffix in names}
            (home / kind / folder).mkdir(parents=True)
            for name, data in {**files, "config.json": config_of(files)}.items():
                (home / kind / folder / name).write_bytes(data)
    samples = read_samples().filter(speakers="samples/flite-rms", words=["one", "two"], take="1")
    Corpus("said", samples.utterances).write_csv(home / "one.csv")
    shutil.copy(samples[0].path, home / "one.flac")
    (home / "train" / "run").mkdir(parents=True)
    shutil.copy(home / "words.safetensors", home / "train" / "run" / "best.safetensors")
    return home


def config_of(files: dict[str, bytes]) -> bytes:
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return json.dumps({"library_name": "aurora-resnet", "files": digests}).encode()


class Hub(BaseHTTPRequestHandler):
    """Serves ``ann/words`` and ``ann/strings`` as the hub does."""

    protocol_version = "HTTP/1.0"
    home: ClassVar[Path]

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        _, repo, _, revision, name = (self.path.strip("/").split("/") + [""] * 5)[:5]
        path = self.home / repo / "folder" / name
        found = path.is_file() and revision in ("main", "v1")
        data = path.read_bytes() if found else b""
        self.send_response(200 if found else 404)
        error = "" if found else "EntryNotFound" if path.parent.is_dir() else "RepoNotFound"
        self.send_header("X-Error-Code", error)
        self.send_header("X-Repo-Commit", "c" * 40)
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def do_GET(self) -> None:
        self.do_HEAD()


@pytest.fixture
def hub(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    pytest.importorskip("huggingface_hub", reason="the hub needs the extra 'hub'")
    from huggingface_hub import constants

    Hub.home = models
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        yield
        server.shutdown()


def name_of(models: Path, kind: Kind, form: str) -> str:
    names = {
        "shipped": SHIPPED[kind],
        "checkpoint": str(models / f"{kind}.safetensors"),
        "onnx": str(models / f"{kind}.onnx"),
        "hub": f"ann/{kind}",
        "hub revision": f"ann/{kind}@v1",
    }
    return names.get(form) or str(models / kind / form)


COMMANDS: dict[str, tuple[str, Kind | None, Format | None]] = {
    "recognize": ("recognize --model {model} one.flac", "words", None),
    "recognize --string": ("recognize --string --model {model} one.flac", "strings", None),
    "listen": ("listen --model {model} one.flac", "words", None),
    "listen --string": ("listen --string --model {model} one.flac", "strings", None),
    "transcribe": ("transcribe one.flac --workers 1 --format csv --model {model} --out o", "words", None),
    "transcribe --string": (
        "transcribe one.flac --string --workers 1 --format csv --model {model} --out o", "strings", None,
    ),
    "serve": ("serve --port 0 --model {model}", "words", None),
    "serve --strings": ("serve --port 0 --model compact --strings {model}", "strings", None),
    "evaluate": ("evaluate --model {model} --corpus manifest:one.csv", "words", None),
    "evaluate --strings": ("evaluate --strings --model {model} --corpus manifest:one.csv", "strings", None),
    "evaluate --checkpoint": ("evaluate --checkpoint --corpus manifest:one.csv --model {model}", "words", "checkpoint"),
    "demo": ("demo --model {model}", "words", "checkpoint"),
    "calibrate": ("calibrate --model {model} --corpus manifest:one.csv --out o.safetensors", None, "checkpoint"),
    "export": ("export --model {model} --out o.onnx", None, "checkpoint"),
    "adapt": ("adapt manifest:one.csv --model {model} --out o.safetensors", "words", "checkpoint"),
    "teach": ("teach words --train --init {model} --out o.safetensors", "words", "checkpoint"),
    "train": ("train --config init.toml --set init={model} --out o", "words", "checkpoint"),
    "train with a teacher": ("train --config teacher.toml --set teacher={model} --out o", "words", "checkpoint"),
}  # fmt: skip
TRAINING = """
data.train = [{ corpus = "manifest:one.csv", validation_share = 0.0 }]
training = { epochs = 1, batch_size = 2 }
"""
TAUGHT = """
model = "cnn"
mel = { sample_rate = 8000, n_mels = 16 }
data.train = [{ corpus = "manifest:one.csv", validation_share = 0.0 }]
training = { epochs = 1, batch_size = 2, distillation = {} }
"""
#: What is done with a model that was loaded, where that takes long.
WORK = (
    "aurora_resnet.cli.demo.run_demo", "aurora_resnet.cli.calibrate.calibrate_checkpoint",
    "aurora_resnet.cli.export.export_onnx",
    "aurora_resnet.cli.adapt.adapt_model", "aurora_resnet.teaching.teach.read_clips",
    "aurora_resnet.training.trainer.Trainer.fit", "aurora_resnet.web.running.serve_forever",
)  # fmt: skip


def loaded(*_: object, **__: object) -> NoReturn:
    raise AuroraError(LOADED)


def expected(command: str, kind: Kind, form: str) -> str:
    """Return what the last line on the standard error stream has to match; ``works`` where the command has to work."""
    _, wanted, format = COMMANDS[command]
    if format == "checkpoint" and form == "shipped" and kind == "strings" and wanted is None:
        return r"is an exported model \(.onnx\), .*give the checkpoint \(.safetensors\)"
    if format == "checkpoint" and form == "onnx":
        return r"is an exported model \(.onnx\), .*give the checkpoint \(.safetensors\)"
    if format == "checkpoint" and form == "exported folder":
        return r"has no model.safetensors, but model.onnx; .*, or give another model$"
    if command == "train" and kind == "strings":
        return (
            "is an exported model"
            if form == "shipped"
            else r"data.strings belongs to a model of strings \(string_net, string_encoder\)"
        )
    if wanted not in (None, kind):
        other = r"strings, not of single words; give one of single words .*--string"
        return (
            f"is a model of {other if kind == 'strings' else r'single words, not of strings; give one of strings .*'}"
        )
    if command == "listen" and form in ("checkpoint", "folder", "hub", "hub revision"):
        return "has no threshold, .*; calibrate it first: aurora-resnet calibrate"
    return "works"


@pytest.fixture
def inputs(models: Path, tmp_path: Path) -> None:
    """The files beside the model that the commands name."""
    (tmp_path / "init.toml").write_text(TRAINING)
    (tmp_path / "teacher.toml").write_text(TAUGHT)
    for name in ("one.flac", "one.csv"):
        shutil.copy(models / name, tmp_path)
    for word in ("one", "two"):
        (tmp_path / "words" / word).mkdir(parents=True)
        for take in range(4):
            shutil.copy(models / "one.flac", tmp_path / "words" / word / f"ann{take}_{take}.flac")


@pytest.mark.usefixtures("hub", "inputs")
@pytest.mark.parametrize("command", COMMANDS)
def test_every_form_of_a_name_works_or_is_refused_with_what_would(
    command: str, models: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for target in WORK:
        monkeypatch.setattr(target, loaded)
    wanted = COMMANDS[command][1]
    cells = [(each, form) for each in SHIPPED for form in FORMS if wanted in (None, each) or form in REFUSED]
    for kind, form in cells:
        model = name_of(models, kind, form)
        shutil.rmtree(tmp_path / "o", ignore_errors=True)
        done = call(*[part.format(model=model) for part in COMMANDS[command][0].split()])
        last = (done.stderr.strip().splitlines() or [""])[-1]
        what, cell = expected(command, kind, form), (command, kind, form, done.stderr)
        assert "Traceback" not in done.stderr, cell
        if what == "works":
            assert done.returncode == 0 or last.endswith(LOADED), cell
        else:
            assert done.returncode == 2, cell
            assert last.startswith("error: "), cell
            assert re.search(what, last), cell


@pytest.mark.usefixtures("hub", "inputs")
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_model_is_refused_with_what_would_do(
    command: str, models: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aurora_resnet.web.running.serve_forever", loaded)
    (tmp_path / "empty.onnx").touch()
    (tmp_path / "empty.safetensors").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text('{"model_type": "whisper"}')
    says = {
        "nothing": r"there is no (model|checkpoint) 'nothing'.*; shipped: .*; others by the path",
        "nothing.onnx": r"there is no (model|checkpoint) 'nothing.onnx'",
        "no/such/file.safetensors": r"there is no (model|checkpoint) 'no/such/file.safetensors'",
        str(models / "train" / "run"): r"is a folder without config.json, .*; give the file in it: .*/best.safetensors",
        "words": r"'words' is a folder without config.json, .*; give a file or another folder",
        "other": r"other/config.json is no configuration that save_pretrained or push_to_hub wrote",
        "empty.onnx": r"is no ONNX file that can be used|is an exported model",
        "empty.safetensors": r"empty.safetensors is no readable safetensors file",
        "one.flac": r"one.flac is no readable safetensors file",
        "ann/none": r"'ann/none' is no file or folder here; as a name on the hub: there is no model ann/none",
        "ann/words@v9": r"'ann/words@v9' is no file or folder here; as a name on the hub: ann/words has no",
    }
    few = ("nothing", "words", "empty.onnx")  # one place refuses for all commands: two of them show all that it says
    for model, text in says.items():
        if model not in few and command not in ("recognize --string", "train"):
            continue
        done = call(*[part.format(model=model) for part in COMMANDS[command][0].split()])
        last = (done.stderr.strip().splitlines() or [""])[-1]
        assert done.returncode == 2, (model, done.stderr)
        assert "Traceback" not in done.stderr, (model, done.stderr)
        assert re.search(f"^error: .*({text})", last), (model, done.stderr)
