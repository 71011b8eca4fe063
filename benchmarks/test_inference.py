"""Ways to recognise one word: torch, ONNX float32, ONNX int8, beside PocketSphinx with a grammar of the same words.

pytest benchmarks/test_inference.py -k "engine or start" --benchmark-json docs/records/inference.json
pytest benchmarks/test_inference.py -k one_word --benchmark-json docs/records/shipped/latency.json

``engine``: from clips in memory to scores, front end included. ``one_word``: ``DigitRecognizer.recognize`` with one
thread. Memory (the largest resident set) and start (imports, loading, first answer) are those of a process of its own.
"""

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aurora_resnet.checkpoints import PRETRAINED, load_checkpoint
from aurora_resnet.environment import set_threads
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.model_reference import EXPORTED, resolve
from aurora_resnet.runtime.models import ExportedModel
from aurora_resnet.runtime.vocabulary import DIGITS

ROOT = Path(__file__).resolve().parents[1]
PEER_RATE = 16_000
Words = tuple[list[Samples], list[str]]
ENGINES = ("torch", "torch_folded", "onnx_float32", "onnx_int8")
#: Of the time of one word to PocketSphinx's, at most.
GOAL_RATIOS = {"resnet50": 1.5, "compact": 0.25}
ENGINE_STARTS = (
    "import json, resource, sys, time; start = time.perf_counter(); import numpy as np; from pathlib import Path; "
    "from benchmarks.test_inference import engine; "
    "engine(sys.argv[1], Path(sys.argv[2]), 1)(np.zeros((1, 8000), np.float32)); "
    "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024; "
    "print(json.dumps([time.perf_counter() - start, peak]))"
)
RUNTIME_STARTS = (
    "import json, sys, time; start = time.perf_counter(); from aurora_resnet.runtime.recognizer import Recognizer; "
    "ready = time.perf_counter(); Recognizer.from_pretrained('compact').recognize(sys.argv[1]); "
    "print(json.dumps([ready - start, time.perf_counter() - ready, 'torch' in sys.modules]))"
)


def run_python(code: str, *arguments: str) -> tuple[float, Any]:
    """Run code in a process of its own with one thread; return its seconds, and the JSON that it printed."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), "OMP_NUM_THREADS": "1"}
    started, command = time.perf_counter(), [sys.executable, "-c", code, *arguments]
    said = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    return time.perf_counter() - started, json.loads(said.splitlines()[-1])


def pocketsphinx() -> Callable[[Samples], str]:
    """Return PocketSphinx's way from samples at 16 kHz to a digit (``""`` for none), with its US English model."""
    decoders = pytest.importorskip("pocketsphinx", reason="to compare with: pip install pocketsphinx")
    with tempfile.TemporaryDirectory() as folder:
        grammar = Path(folder) / "digits.gram"
        rule = f"#JSGF V1.0; grammar digits; public <digits> = {' | '.join(DIGITS.words)};"
        grammar.write_text(rule, encoding="utf-8")
        decoder = decoders.Decoder(jsgf=str(grammar), samprate=PEER_RATE, loglevel="FATAL")

    def answer(samples: Samples) -> str:
        decoder.start_utt()
        decoder.process_raw((32767 * np.clip(samples, -1, 1)).astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        return found.hypstr if found else ""

    return answer


def engine(name: str, file: Path, threads: int) -> Callable[[Samples], Any]:
    """Return a way from clips ``[B, N]`` to scores: the checkpoint's network, the same folded, or an exported file."""
    if name.startswith("onnx"):
        return ExportedModel(file, threads=threads).logits
    import torch

    set_threads(threads)
    if name == "torch_folded":
        return TorchModel(load_checkpoint(file).model).logits
    network = load_checkpoint(file).model.requires_grad_(False)
    return lambda clips: network(torch.from_numpy(clips)).numpy()


@pytest.fixture(scope="session")
def files() -> Iterator[Callable[[str, str], Path]]:
    """What gives the file of an engine and a model; exported ones are made once."""
    with tempfile.TemporaryDirectory() as folder:

        def file(name: str, model: str) -> Path:
            if name.startswith("torch"):
                return resolve(model, format="checkpoint").path
            path = Path(folder) / f"{model}_{name}.onnx"
            if not path.exists():
                export_onnx(load_checkpoint(model), path, int8=name == "onnx_int8")
            return path

        yield file


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("batch", [1, 64])
@pytest.mark.parametrize("model", PRETRAINED)
@pytest.mark.parametrize("engine_name", ENGINES)
def test_engine(
    benchmark: Any,
    words: Words,
    files: Callable[[str, str], Path],
    engine_name: str,
    model: str,
    batch: int,
    threads: int,
) -> None:
    file = files(engine_name, model)
    score = engine(engine_name, file, threads)
    clips = np.stack([words[0][number % len(words[0])] for number in range(max(batch, len(words[0])))])
    batches = itertools.cycle(np.array_split(clips, len(clips) // batch))
    benchmark.pedantic(score, setup=lambda: ((next(batches),), {}), rounds=3 * len(clips) // batch, warmup_rounds=3)
    start_seconds, memory_mb = run_python(ENGINE_STARTS, engine_name, str(file))[1]
    about = {"memory_mb": memory_mb, "start_seconds": start_seconds, "file_bytes": file.stat().st_size}
    benchmark.extra_info.update(about, engine=engine_name, clips=len(words[0]), clips_a_call=batch)


def test_start_of_the_runtime(data: Path, benchmark: Any, facts: dict[str, Any]) -> None:
    """The runtime with ``compact`` in a new process, from its start to its end, without any torch."""
    recording = str(data / "fsdd" / "recordings" / "7_jackson_0.wav")
    runs = []

    def start() -> None:
        seconds, (import_seconds, answer_seconds, has_torch) = run_python(RUNTIME_STARTS, recording)
        assert not has_torch
        runs.append({"process": seconds, "import": import_seconds, "first_answer": answer_seconds})

    benchmark.pedantic(start, rounds=5)
    benchmark.extra_info.update(engine="runtime, new process", model="", batch=1, threads=1)
    median = {key: float(np.median([run[key] for run in runs])) for key in runs[0]}
    largest = {key: max(run[key] for run in runs) for key in runs[0]}
    facts["cold_start"] = {"runs": runs, "median": median, "largest": largest}


@pytest.mark.parametrize("recogniser", ["pocketsphinx", *EXPORTED])
def test_one_word(benchmark: Any, words: Words, facts: dict[str, Any], recogniser: str) -> None:
    clips, said = words
    answer: Callable[[int], str | None]
    if recogniser == "pocketsphinx":
        theirs = pocketsphinx()
        at_peer_rate = [resample(clip, 8000, PEER_RATE) for clip in clips]
        answer = lambda number: theirs(at_peer_rate[number])  # noqa: E731
    else:
        recognizer = DigitRecognizer.from_pretrained(recogniser, threads=1)
        answer = lambda number: recognizer.recognize(clips[number], 8000).word  # noqa: E731
    accuracy = float(np.mean([answer(number) == word for number, word in enumerate(said)]))
    numbers, rounds = itertools.cycle(range(len(clips))), 5
    benchmark.pedantic(answer, setup=lambda: ((next(numbers),), {}), rounds=rounds * len(clips), warmup_rounds=5)
    if benchmark.stats is None:  # --benchmark-disable
        return
    median, high = 1e3 * np.percentile(benchmark.stats.stats.data, [50, 95])
    others = facts.setdefault("recognisers", {})
    peer = others.get("pocketsphinx", {}).get("median_ms", None if recogniser != "pocketsphinx" else median)
    others[recogniser] = {
        "median_ms": float(median), "p95_ms": float(high), "accuracy": accuracy,
        "ratio": None if peer is None else float(median / peer), "goal_ratio": GOAL_RATIOS.get(recogniser),
    }  # fmt: skip
    facts.update(clips=len(clips), rounds=rounds)
