"""A model as a folder, and on a hub: a server of this test that speaks the hub's layout."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import numpy as np
import pytest
import torch

from aurora_resnet.checkpoint_file import read_file, write_file
from aurora_resnet.checkpoints import Checkpoint, load_checkpoint
from aurora_resnet.corpora.dataset_rows import corpus_from_rows
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.export.pretrained import CHECKPOINT, push_to_hub, save_pretrained
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import CheckpointError, CorpusError, DownloadError, MissingDependencyError, ModelError
from aurora_resnet.runtime.model_folder import CONFIG, file_sha256
from aurora_resnet.runtime.model_reference import ADDED, resolve
from aurora_resnet.runtime.vocabulary import Vocabulary

WORDS = Vocabulary(("schön", "licht an", "नमस्ते"))


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    config = RecognizerConfig(
        "cnn", MelConfig(sample_rate=8000, n_mels=16), options={"hidden": 8}, clip_seconds=0.5, vocabulary=WORDS
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = RecognizerModel(config).eval()
    model.calibration = Calibration(1.5, 0.25)
    return Checkpoint(model, "mine", "Learnt from me.", {}, {})


@pytest.fixture(scope="module")
def folder(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_pretrained(checkpoint, tmp_path_factory.mktemp("mine"), onnx=False)


def test_a_folder_holds_everything_and_is_read_back(checkpoint: Checkpoint, folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {"config.json", "model.safetensors", "README.md"}
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlibrary_name: aurora-resnet\n")
    assert "Learnt from me." in card
    assert "नमस्ते" in card
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    assert config["model"]["vocabulary"]["words"] == list(WORDS)
    assert config["files"] == {CHECKPOINT: hashlib.sha256((folder / CHECKPOINT).read_bytes()).hexdigest()}
    again = load_checkpoint(folder)
    assert (again.vocabulary, again.calibration, again.card) == (WORDS, checkpoint.calibration, "Learnt from me.")
    recognizer = DigitRecognizer.from_pretrained(folder, sha256=config["files"][CHECKPOINT].upper())
    assert recognizer.recognize({"array": np.full(4000, 0.1), "sampling_rate": 8000}).word in WORDS


def test_what_was_changed_on_the_way_is_not_read(checkpoint: Checkpoint, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not the file that you asked for states"):
        DigitRecognizer.from_pretrained(folder, sha256="0" * 64)
    other = save_pretrained(checkpoint, tmp_path / "other", onnx=False)
    data = bytearray((other / CHECKPOINT).read_bytes())
    data[-1] ^= 1
    (other / CHECKPOINT).write_bytes(data)
    with pytest.raises(ModelError, match=r"is not the file that config\.json states \(SHA-256"):
        load_checkpoint(other)
    (other / CONFIG).write_text("[]")
    with pytest.raises(ModelError, match="is no configuration that save_pretrained"):
        load_checkpoint(other)


@pytest.mark.slow
@pytest.mark.usefixtures("few_samples")
def test_with_the_exported_model_no_torch_is_needed(checkpoint: Checkpoint, tmp_path: Path) -> None:
    place = save_pretrained(checkpoint, tmp_path / "mine")
    recognizer = DigitRecognizer.from_pretrained(place)
    assert recognizer.model.__class__.__name__ == "ExportedModel"
    assert recognizer.vocabulary == WORDS


def test_without_the_client_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'aurora-resnet\[hub\]'"):
        DigitRecognizer.from_pretrained("ann/words")


def test_names_of_files_are_no_names_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "best").touch()
    monkeypatch.setitem(ADDED, "hub", "no.such:module")
    with pytest.raises(ModuleNotFoundError):
        resolve("ann/words@v1.0")
    assert resolve("runs/best").path == Path("runs/best")
    assert resolve("compact").format == "onnx"
    for name in ("runs/last.safetensors", "a/b/c", "../x", "runs", "a" * 9999, "", "a\0b", "/dev/null"):
        with pytest.raises(ModelError, match=r"there is no model|is a folder without"):
            resolve(name)


class _Hub(BaseHTTPRequestHandler):
    """The few requests of the hub that a model's files need."""

    protocol_version = "HTTP/1.0"  # no connection outlives its answer, so the server can be gone
    files: ClassVar[dict[str, bytes]] = {}
    commits: ClassVar[dict[str, dict[str, bytes]]] = {}
    repos: ClassVar[set[str]] = set()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._file(body=False)

    def do_GET(self) -> None:
        self._file(body=True)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        if path.endswith("/repos/create"):
            wanted = json.loads(body)
            name = f"{wanted['organization']}/{wanted['name']}" if wanted.get("organization") else wanted["name"]
            self.repos.add(name)
            self._json({"url": f"http://{self.headers['Host']}/{name}", "name": name, "id": name})
        elif "/preupload/" in path:
            names = [each["path"] for each in json.loads(body)["files"]]
            self._json({"files": [{"path": n, "uploadMode": "regular", "shouldIgnore": False} for n in names]})
        elif "/commit/" in path:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            oid = hashlib.sha1(b"".join(self.files.values()), usedforsecurity=False).hexdigest()
            self.commits[oid] = dict(self.files)
            self._json(
                {
                    "commitOid": oid,
                    "commitUrl": f"http://{self.headers['Host']}/ann/words/commit/{oid}",
                    "success": True,
                }
            )
        else:
            self._json({"errors": [], "warnings": []})

    def _file(self, *, body: bool) -> None:
        parts = urlsplit(self.path).path.strip("/").split("/")
        if len(parts) != 5 or parts[2] != "resolve":
            self._json({"sha": list(self.commits)[-1], "id": "ann/words", "siblings": []})
            return
        repo, revision, name = "/".join(parts[:2]), parts[3], parts[4]
        known = {"main": list(self.commits)[-1] if self.commits else "", **{oid: oid for oid in self.commits}}
        if repo not in self.repos:
            self._refuse("RepoNotFound")
        elif revision not in known:
            self._refuse("RevisionNotFound")
        elif name not in self.commits[known[revision]]:
            self._refuse("EntryNotFound")
        else:
            data = self.commits[known[revision]][name]
            self.send_response(200)
            self.send_header("X-Repo-Commit", known[revision])
            self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if body:
                self.wfile.write(data)

    def _refuse(self, code: str) -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _json(self, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    pytest.importorskip("huggingface_hub", reason="the hub needs the extra 'hub'")
    from huggingface_hub import constants

    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_test")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    yield server
    server.shutdown()
    server.server_close()


def test_pushed_fetched_and_kept_for_when_there_is_no_network(
    checkpoint: Checkpoint, hub: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # the client tries again after a while
    first = push_to_hub(checkpoint, "ann/words", onnx=False)
    fetched = DigitRecognizer.from_pretrained("ann/words")
    assert (fetched.vocabulary, fetched.model.facts.calibration) == (WORDS, checkpoint.calibration)
    assert load_checkpoint(f"ann/words@{first}").vocabulary == WORDS
    sha256 = file_sha256(load_path := Path(_cached(hub, first)))
    assert load_path.name == CHECKPOINT
    assert DigitRecognizer.from_pretrained("ann/words", revision=first, sha256=sha256).vocabulary == WORDS
    with pytest.raises(DownloadError, match="ann/words has no revision 'v9' on the hub"):
        DigitRecognizer.from_pretrained("ann/words", revision="v9")
    with pytest.raises(DownloadError, match="there is no model ben/words on the hub, or you may not see it"):
        DigitRecognizer.from_pretrained("ben/words")
    hub.shutdown()
    hub.server_close()
    assert DigitRecognizer.from_pretrained("ann/words").vocabulary == WORDS
    with pytest.raises(DownloadError, match=r"the hub cannot be reached and config\.json was not fetched before"):
        DigitRecognizer.from_pretrained("cid/words")


@pytest.mark.usefixtures("hub")
def test_a_hub_model_that_names_code_is_refused(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trap.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = save_pretrained(checkpoint, tmp_path / "planted", onnx=False)
    for part in ("model", "frontend"):
        header, tensors = read_file(folder / CHECKPOINT)
        write_file({**header, "config": {**header["config"], part: "trap:Net"}}, tensors, folder / CHECKPOINT)
        config = {"library_name": "aurora-resnet", "files": {CHECKPOINT: file_sha256(folder / CHECKPOINT)}}
        _Hub.repos.add(f"eve/{part}")
        _Hub.commits[f"{part:0>40}"] = {
            CONFIG: json.dumps(config).encode(),
            CHECKPOINT: (folder / CHECKPOINT).read_bytes(),
        }
        with pytest.raises(CheckpointError, match="'trap:Net' is code that a file names"):
            DigitRecognizer.from_pretrained(f"eve/{part}")
        with pytest.raises(CheckpointError, match="'trap:Net' is code that a file names"):
            load_checkpoint(f"eve/{part}")


class _Broken(BaseHTTPRequestHandler):
    """A hub that breaks in one way: its name follows a dot in the model's."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._answer(b"")

    def do_GET(self) -> None:
        self._answer(b"[" * 100_000 if self.path.partition("?")[0].endswith(CONFIG) else b"half of it")

    def _answer(self, body: bytes) -> None:
        fault = self.path.split("/")[2].partition(".")[2]
        if fault == "closed":
            return
        self.send_response(int(fault) if fault.isdecimal() else 302 if fault in PLACES else 200)
        self.send_header("X-Repo-Commit", "a" * 40)
        self.send_header("ETag", f'"{fault}"')
        self.send_header("Content-Length", "many" if fault == "length" else "200000" if fault == "cut" else "100000")
        if fault in PLACES:
            self.send_header("Location", PLACES[fault])
        if fault == "gzip":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body)


PLACES = {"file": "file:///etc/hosts", "bracket": "http://[", "gone": "http://127.0.0.1:1/x"}


@pytest.mark.parametrize("fault", ["closed", "cut", "length", "gzip", "403", "418", "damaged", *PLACES])
def test_a_hub_that_breaks_is_an_error_of_ours(
    fault: str, hub: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.RequestHandlerClass = _Broken
    monkeypatch.setattr("time.sleep", lambda _: None)  # the client tries again after a while
    with pytest.raises(ModelError if fault == "damaged" else DownloadError, match=r"eve|config\.json"):
        DigitRecognizer.from_pretrained(f"eve/words.{fault}")


@pytest.mark.usefixtures("hub")
def test_a_full_disk_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", full)
    with pytest.raises(DownloadError, match=r"ann/words: config\.json cannot be fetched .*No space left"):
        DigitRecognizer.from_pretrained("ann/words")


def _cached(hub: ThreadingHTTPServer, commit: str) -> str:
    from huggingface_hub import hf_hub_download

    endpoint = f"http://127.0.0.1:{hub.server_port}"
    return str(hf_hub_download("ann/words", CHECKPOINT, revision=commit, endpoint=endpoint))


def test_rows_of_datasets_become_a_corpus(tmp_path: Path) -> None:
    samples = 0.5 * np.sin(np.arange(4000) / 5)
    rows = [
        {"audio": {"array": samples, "sampling_rate": 16_000, "path": None}, "label": 0, "speaker_id": 7},
        {"audio": {"array": 2.2 * samples, "sampling_rate": 8000}, "label": "नमस्ते", "speaker_id": 8},
        {"audio": {"array": samples, "sampling_rate": 8000}, "label": "", "speaker_id": 8},
    ]
    corpus = corpus_from_rows(rows, tmp_path / "rows", speaker="speaker_id", names=("schön",))
    assert [u.words for u in corpus] == [("schön",), ("नमस्ते",), ()]
    assert corpus.speakers == ("7", "8")
    assert [u.words for u in load_corpus(f"manifest:{tmp_path / 'rows' / 'corpus.csv'}")] == [u.words for u in corpus]
    recognized = DigitRecognizer.from_pretrained("compact").recognize(rows[0]["audio"])
    assert recognized == DigitRecognizer.from_pretrained("compact").recognize(samples, 16_000)
    with pytest.raises(CorpusError, match=r"row 0: its word is 3; give the names of the classes"):
        corpus_from_rows([{**rows[0], "label": 3}], tmp_path / "x")
    with pytest.raises(CorpusError, match=r"row 0 has no word, but audio, label, speaker_id"):
        corpus_from_rows(rows, tmp_path / "x", word="word")
