"""Work that is killed at random moments and begun again: it must end with the bits of work that was not.

A scenario is a function that does the work in a folder and may be called again after a kill. It runs in a forked
process, which gets SIGKILL after a random part of the time that the undisturbed work took, again and again, until it
ends by itself. What it left is compared file by file with what the undisturbed work left.
"""

from __future__ import annotations

import hashlib
import io
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import threading
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import numpy as np
import soundfile
import torch

from aurora_resnet.augmentation.spec_augment import SpecAugment
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
LONGEST_SECONDS = 300.0
#: After so long a process whose parent was killed should have ended too.
OUTLIVE_SECONDS = 30.0


def kill_and_repeat(scenario: Scenario, kills: int, *, seed: int) -> int:
    """Kill a scenario so many times, at moments drawn with the seed, in as many rounds as it takes; return the rounds.

    Raises:
        AssertionError: where a round does not go on after a kill, ends with other bits than undisturbed work, leaves
            files that undisturbed work does not leave, or processes that live on.
    """
    draw = random.Random(seed)  # moments, no secrets
    rounds = killed = 0
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        run = _Run(scenario, home / "log")
        begin = time.monotonic()
        assert run.until_end(home / "undisturbed") == 0, f"the undisturbed work failed: {run.told()}"
        seconds = time.monotonic() - begin
        expected = contents(home / "undisturbed")
        while killed < kills:
            folder, code = home / f"round{rounds}", None
            rounds += 1
            while code is None:
                code = run.until_end(folder, draw.uniform(0.02, 1.0) * seconds if killed < kills else None)
                killed += code is None
                assert not run.outlived(), f"round {rounds}: a process lived on after the kill"
            found = contents(folder)
            assert code == 0, f"round {rounds} did not go on: {run.told()}"
            differing = [path for path, digest in expected.items() if found.get(path) != digest]
            assert not differing, f"round {rounds}: other bits in {differing[:3]}"
            assert not (left := sorted(set(found) - set(expected))), f"round {rounds}: left over {left[:3]}"
    return rounds


def contents(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder; of histories and records, which hold times, the name alone."""
    volatile = {"history.jsonl", "train.log", "run.json"}
    return {
        path.relative_to(folder).as_posix(): ""
        if path.name in volatile
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class _Run:
    """The work in a process group of its own; what it says goes to a log."""

    def __init__(self, scenario: Scenario, log: Path) -> None:
        self.scenario, self.log, self.group = scenario, log, 0

    def until_end(self, folder: Path, kill_after: float | None = None) -> int | None:
        """Do the work; return its exit code, or ``None`` if it was killed before."""
        process = multiprocessing.get_context("fork").Process(target=self._work, args=(folder,))
        process.start()
        self.group = process.pid or 0
        until = time.monotonic() + (LONGEST_SECONDS if kill_after is None else kill_after)
        while process.is_alive() and time.monotonic() < until:
            time.sleep(0.003)  # join() with a time limit would wait for the process's own children too
        if process.exitcode is None:
            process.kill()
            process.join()
            return None if kill_after is not None else 1
        return process.exitcode

    def outlived(self) -> bool:
        """Return whether processes of the group live on after the first one, and end them."""
        try:
            until = time.monotonic() + OUTLIVE_SECONDS
            while time.monotonic() < until:
                os.killpg(self.group, 0)
                time.sleep(0.05)
            os.killpg(self.group, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def told(self) -> str:
        """Return the end of the log."""
        return self.log.read_text(errors="replace").strip()[-1500:]

    def _work(self, folder: Path) -> None:
        os.setpgid(0, 0)
        os.dup2(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
        torch.set_num_threads(1)  # threads of the parent do not live on in a forked process
        sys.modules["__main__"] = ModuleType("__main__")  # spawned workers would import the real one again, with torch
        try:
            self.scenario(folder)
        except BaseException:
            os.write(2, traceback.format_exc().encode())
            os._exit(1)
        os._exit(0)


def train(folder: Path) -> None:
    """Train a small network for six epochs, with all that is random; go on where it stopped."""
    config = TrainingConfig(
        epochs=6, batch_size=16, learning_rate=0.01, schedule="one_cycle", seed=1, speed_factors=(0.9, 1.0, 1.1),
        spec_augment=SpecAugment(),
    )  # fmt: skip
    Trainer(_model(), config, folder).fit(clips(), resume=True)


def build(folder: Path) -> None:
    """Build a small noisy corpus; go on where it stopped."""
    _build(folder, 1)


def build_beside(folder: Path) -> None:
    """Build it with two worker processes, which must not outlive this one."""
    _build(folder, 2)


def _build(folder: Path, workers: int) -> None:
    noises = sample_noises()
    scenes = NoiseScenes({"subway": (noises["pink"],), "street": (noises["hum"],)})
    voices = read_samples().filter(split="test", speakers="samples/espeak-en-belinda")
    build_noisy_corpus(voices, scenes, folder, seed=1, sets="C", snrs_db=[10, 5], workers=workers)


def export(folder: Path) -> None:
    """Export a small network over what an earlier attempt left."""
    export_onnx(_model(), folder / "small.onnx")


@contextmanager
def downloads() -> Iterator[Scenario]:
    """Serve an archive on this machine, slowly, and yield the scenario that downloads it."""
    samples = {f"{number}_a_0": np.full(10_000, number, "<i2") for number in range(10)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, said in samples.items():
            soundfile.write(sound := io.BytesIO(), said, 8000, format="WAV")
            opened.writestr(f"top/recordings/{name}.wav", sound.getvalue())
    archive = buffer.getvalue()
    sums = [f"{name} {hashlib.sha256(said.tobytes()).hexdigest()}\n" for name, said in sorted(samples.items())]
    sha256 = hashlib.sha256("".join(sums).encode()).hexdigest()

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
            download_fsdd(folder / "fsdd", url=url, sha256=sha256, progress=False)

        yield download
        server.shutdown()


def _model() -> RecognizerModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return RecognizerModel(_config())


def _config() -> RecognizerConfig:
    return RecognizerConfig("cnn", MelConfig(sample_rate=8000, n_mels=16), options={"hidden": 8})


@cache  # filled before the first fork: reading them is not what is to be killed
def clips() -> ClipSet:
    return load_clips(read_samples().filter(speakers=("samples/flite-awb", "samples/flite-slt")), _config())
