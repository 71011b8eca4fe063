"""Work that is killed at random moments and begun again: it must end with the bits of work that was not.

A scenario is a function that does the work in a folder and may be called again after a kill. It runs in a forked process,
which gets SIGKILL after a random part of the time that the undisturbed work took, again and again, until it ends by
itself. What it left is compared file by file with what the undisturbed work left.
"""

from __future__ import annotations

import hashlib
import io
import multiprocessing
import os
import random
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import torch

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.clips.clip_set import ClipSet, load_clips
from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.corpora.sources.fsdd import download_fsdd
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.noisy_corpus.build import build_noisy_corpus
from aurora_resnet.noisy_corpus.scenes import NoiseScenes
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.trainer import Trainer

Scenario = Callable[[Path], None]
LONGEST_SECONDS = 120.0


@dataclass(frozen=True)
class KillReport:
    """What came of the kills of a scenario.

    Attributes:
        kills: how often the work was killed.
        unequal: rounds whose result differed from the undisturbed one.
        left_over: files that no undisturbed work leaves, over all rounds.
    """

    kills: int
    unequal: int
    left_over: int


def kill_and_repeat(scenario: Scenario, kills: int, *, seed: int, on_kill: Callable[[int], object]) -> KillReport:
    """Kill a scenario so many times, in as many rounds as it takes.

    Args:
        scenario: the work.
        kills: how many.
        seed: of the moments.
        on_kill: called with 1 after each kill.
    """
    draw = random.Random(seed)  # moments, no secrets
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        begin = time.monotonic()
        if not _run(scenario, home / "undisturbed", None):
            raise AssertionError("the undisturbed work failed")
        seconds = time.monotonic() - begin
        expected = contents(home / "undisturbed")
        done = unequal = left_over = number = 0
        while done < kills:
            folder = home / f"round{number}"
            number += 1
            while done < kills and not _run(scenario, folder, draw.uniform(0.05, 1.0) * seconds):
                done += 1
                on_kill(1)
            _run(scenario, folder, None)
            found = contents(folder)
            unequal += any(found.get(path) != digest for path, digest in expected.items())
            left_over += len(set(found) - set(expected))
    return KillReport(done, unequal, left_over)


def contents(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder; histories and records hold times and are left out."""
    volatile = {"history.jsonl", "train.log", "run.json"}
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in volatile
    }


def _run(scenario: Scenario, folder: Path, kill_after: float | None) -> bool:
    """Do the work in a process; return whether it ended by itself, False if it was killed."""
    process = multiprocessing.get_context("fork").Process(target=_work, args=(scenario, folder))
    process.start()
    process.join(LONGEST_SECONDS if kill_after is None else kill_after)
    if process.is_alive():
        process.kill()
        process.join()
        if kill_after is None:
            raise AssertionError(f"the work in {folder} did not end within {LONGEST_SECONDS:g} s")
        return False
    if process.exitcode:
        raise AssertionError(f"the work in {folder} failed after a kill (exit code {process.exitcode})")
    return True


def _work(scenario: Scenario, folder: Path) -> None:
    torch.set_num_threads(1)  # threads of the parent do not live on in a forked process
    scenario(folder)
    os._exit(0)


def train(folder: Path) -> None:
    """Train a small network for three epochs; go on where it stopped."""
    model = RecognizerModel(_config())
    torch.manual_seed(0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    config = TrainingConfig(epochs=3, batch_size=16, learning_rate=0.01, seed=1)
    Trainer(model, config, folder).fit(_clips(), resume=True)


def build(folder: Path) -> None:
    """Build a small noisy corpus; go on where it stopped."""
    noises = sample_noises()
    scenes = NoiseScenes({"subway": (noises["pink"],), "street": (noises["hum"],)})
    voices = read_samples().filter(split="test", speakers="samples/espeak-en-belinda")
    build_noisy_corpus(voices, scenes, folder, seed=1, sets="C", snrs_db=[10, 5], workers=1)


def export(folder: Path) -> None:
    """Export a small network over what an earlier attempt left."""
    export_onnx(load_checkpoint("compact"), folder / "compact.onnx")


@contextmanager
def downloads() -> Iterator[Scenario]:
    """Serve an archive on this machine, slowly, and yield the scenario that downloads it."""
    names = {f"recordings/{number}_a_0.wav": bytes([number]) * 20_000 for number in range(10)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, data in names.items():
            opened.writestr(f"top/{name}", data)
    archive = buffer.getvalue()
    checksums = {name: hashlib.sha256(data).hexdigest() for name, data in names.items()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that the class asks for
            self.send_response(200)
            self.send_header("Content-Length", str(len(archive)))
            self.end_headers()
            try:
                for start in range(0, len(archive), 20_000):
                    self.wfile.write(archive[start : start + 20_000])
                    time.sleep(0.01)
            except OSError:
                return  # the client was killed

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/top.zip"

        def download(folder: Path) -> None:
            download_fsdd(folder / "fsdd", url=url, checksums=checksums, progress=False)

        yield download
        server.shutdown()


def _config() -> RecognizerConfig:
    return RecognizerConfig("cnn", MelConfig(sample_rate=8000, n_mels=16), options={"hidden": 8})


def _clips() -> ClipSet:
    return load_clips(read_samples().filter(speakers=("samples/flite-awb", "samples/flite-slt")), _config())
