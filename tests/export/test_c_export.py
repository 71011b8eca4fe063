"""The C export against onnxruntime, the decision and the search of the runtime, which are other programs."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.export.c_calls import Buffer, Calls, Place, Value, c_float
from aurora_resnet.export.c_source import c_string, export_c
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.export.recordings import ExportRecordings
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.runtime.audio.clips import read_clip
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.decision import Calibration, StringDecision
from aurora_resnet.runtime.errors import ExportError
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.models.strings import ExportedSequenceModel
from aurora_resnet.runtime.models.words import ExportedModel
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.answer import RIVALS, Reading, string_answer
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.rules import StringRules
from tests.conftest import Call
from tools.measure.microcontroller import (
    Built,
    CSamples,
    clips_of,
    on_arm,
    onnx_steps,
    steps_apart,
    strings_agree,
    words_agree,
)  # fmt: skip

pytest.importorskip("onnx")
if shutil.which("gcc") is None:
    pytest.skip("no gcc, which builds what is exported (apt-get install gcc)", allow_module_level=True)

#: Of int8 logits, by which an answer may differ: the front ends round differently, and the layers go on with it.
MOST_STEPS = 6
FACTS = ExportedSequenceModel(resolve("string_net").path).facts


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built("compact", tmp_path_factory.mktemp("c_words"))


@pytest.fixture(scope="module")
def strings(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built("string_net", tmp_path_factory.mktemp("c_strings"))


def test_the_logits_are_those_of_the_onnx_file(words: Built, audio: ExportRecordings) -> None:
    clips = np.concatenate((audio.check[:3], audio.check[3::40])).astype(np.float32)  # silence, noise, words, in noise
    onnx = ExportedModel(resolve("compact").path).logits(clips)
    apart = steps_apart(words.logits(clips), onnx)
    assert len(clips) > 10
    assert apart.max() <= MOST_STEPS
    assert np.median(apart) <= 1


def test_samples_of_16_bits_are_those_of_floats(words: Built, audio: ExportRecordings) -> None:
    rounded = np.round(audio.check[5:7] * 32767).astype(np.int16)
    assert np.array_equal(words.logits(rounded), words.logits((rounded / np.float32(32768)).astype(np.float32)))


def test_the_program_reads_recordings(words: Built, strings: Built, tmp_path: Path) -> None:
    spoken = read_samples().filter(split="test").utterances[::40]
    files = [tmp_path / f"{i}.wav" for i in range(len(spoken))]
    for utterance, file in zip(spoken, files, strict=True):
        write_audio(read_clip(utterance.path, 8000, 1.0), file, 8000)
    told = subprocess.run([words.program, *files], check=True, capture_output=True, text=True).stdout
    found = [line.split("\t")[1] for line in told.splitlines()]
    assert found == [Recognizer.from_pretrained("compact").recognize(file).word for file in files]
    recognizer = StringRecognizer.from_pretrained("string_net")
    told = subprocess.run([strings.program, *files], check=True, capture_output=True, text=True).stdout
    digits = [line.split("\t")[1] for line in told.splitlines()]
    assert digits == [recognizer.recognize(file).text for file in files]
    missing = subprocess.run([words.program, tmp_path / "none.wav"], capture_output=True, text=True)
    assert (missing.returncode, missing.stderr) == (1, f"{tmp_path / 'none.wav'} cannot be read\n")


@given(st.data())
@settings(max_examples=60)
def test_the_decision_is_that_of_the_runtime(words: Built, data: st.DataObject) -> None:
    logits = np.array(data.draw(st.lists(st.floats(-8, 12, width=32), min_size=11, max_size=11)), np.float32)
    temperature, threshold = data.draw(st.floats(0.25, 4)), data.draw(st.none() | st.floats(-5, 10))
    clip = np.sin(np.arange(800, dtype=np.float32)) * np.float32(data.draw(st.sampled_from([0, 1e-5, 1e-3, 0.5])))
    clip = clip.clip(-0.3, 0.3) if data.draw(st.booleans()) else clip  # overdriven
    sizes = np.abs(clip)
    clipped = sizes.max() > 2**-9 and bool((sizes >= 0.95 * sizes.max()).mean() >= 0.01)
    decision = Calibration(temperature, threshold)
    probabilities, (accepted,) = decision.decide(logits[None], clip[None], clipped=[clipped])
    limit = ctypes.c_float(np.nan if threshold is None else threshold)
    pointer, samples = logits.ctypes.data_as(ctypes.c_void_p), CSamples.of(clip)
    found = words.code.aurora_decide(pointer, 11, ctypes.c_float(temperature), limit, samples, len(clip))
    assert probabilities[0][found.word] == pytest.approx(probabilities.max(), abs=1e-6)
    assert found.confidence == pytest.approx(probabilities.max(), abs=1e-5)
    if threshold is None or min(abs(found.evidence - threshold), abs(found.confidence - 0.9)) > 1e-4:
        assert {1: True, 0: False, -1: None}[found.accepted] == accepted


def peaks(generator: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return frames as a network gives them: sure words, doubts, other speech, nothing."""
    rows = []
    for _ in range(generator.integers(1, 7)):
        for column in (12, generator.choice([*range(11), 11], p=[0.08] * 11 + [0.12]), 12):
            for _ in range(generator.integers(1, 4)):
                row = generator.dirichlet([0.02] * 13) * generator.choice([0.02, 0.3])
                row[column] += 1 - row.sum()
                rows.append(row)
    return np.array(rows, np.float32)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.5, 1.0, 2.0]), st.sampled_from([0.2, 1.0]))
@settings(max_examples=60)
def test_the_search_is_that_of_the_runtime(strings: Built, seed: int, temperature: float, weight: float) -> None:
    frames = peaks(np.random.default_rng(seed))
    rules, calibration = StringRules(), Calibration(temperature, 0.4, other_weight=weight)
    facts = replace(FACTS, calibration=calibration)
    search = rules.search(facts.vocabulary)
    search.push(StringDecision(other_weight=weight).weighted(frames, 11))
    best = rules.best(search, facts.vocabulary, most=RIVALS)
    wanted = string_answer(facts, Reading(best, rules.complete(search, facts.vocabulary, best)), rules)
    stream, kept = ctypes.create_string_buffer(20_000), (ctypes.c_float * (256 * 13))()
    strings.code.aurora_search_begin(stream, 11, kept)
    for row in frames:
        strings.code.aurora_search_push(stream, row.ctypes.data_as(ctypes.c_void_p), ctypes.c_float(weight))
    ctypes.cast(stream, ctypes.POINTER(ctypes.c_int))[4] = 1  # audible
    numbers = (ctypes.c_float(temperature), ctypes.c_float(0.4))
    found = strings.code.aurora_search_best(stream, b"01234567890", *numbers)
    if len(wanted.alternatives) < 2 or wanted.alternatives[0][1] - wanted.alternatives[1][1] > 1e-3:
        assert found.text.decode() == wanted.text
        assert found.confidence == pytest.approx(wanted.confidence, abs=2e-3)
        if abs(wanted.confidence - 0.4) > 2e-3:
            told = (found.reason or b"").decode() or None
            assert (bool(found.accepted), told) == (wanted.accepted, wanted.reason)


def joined(words: Sequence[str]) -> Samples:
    voice = read_samples().filter(speakers="samples/espeak-en-us-gene")
    parts = [read_clip(voice.filter(words=word)[0].path, 8000, 1.0) for word in words]
    gap = np.zeros(1000, np.float32)
    return np.concatenate([gap, *(x for part in parts for x in (part, gap)), np.zeros(3200, np.float32)])


def test_a_stream_is_that_of_the_onnx_file(strings: Built) -> None:
    waveform = joined(("four", "oh", "seven", "one"))
    shares, found = strings.string(waveform)
    recognizer = StringRecognizer.from_pretrained("string_net")
    apart = np.abs(shares - onnx_steps(recognizer.model, waveform)).max(axis=1)
    assert np.mean(apart < 0.01) > 0.95
    assert apart.max() < 0.3
    (wanted,) = recognizer.recognize_waveforms([waveform])
    assert (found.text.decode(), bool(found.accepted)) == (wanted.text, wanted.accepted)
    assert found.confidence == pytest.approx(wanted.confidence, abs=0.02)
    silent = strings.string(np.zeros(3200, np.float32))[1]
    assert (silent.text, silent.accepted, silent.reason) == (b"", 0, b"silence")


@pytest.mark.parametrize("model", ["resnet50", "speech_encoder", "accurate"])
def test_a_model_that_c_does_not_have_is_refused(model: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=rf"{model}.*: the C export (has no|has the|needs|writes one)"):
        export_c(model, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow  # exports it
def test_a_model_that_is_not_quantised_is_refused(tmp_path: Path, float_file: tuple[Path, object]) -> None:
    with pytest.raises(ExportError, match="--int8"):
        export_c(float_file[0], tmp_path)


def test_the_command_says_what_it_needs(call: Call) -> None:
    for arguments, told in (
        (["--c", "there", "--int8"], "no other option than --model"),
        ([], "--out FILE.onnx, or --c"),
    ):
        refused = call("export", *arguments)
        assert (refused.returncode, told in refused.stderr) == (2, True), refused


def test_the_command_writes_the_sources(call: Call, tmp_path: Path) -> None:
    done = call("export", "--c", "firmware")
    assert done.returncode == 0
    assert "KB of constants" in done.stdout
    names = {"aurora.h", "aurora.c", "aurora_answer.c", "compact.h", "compact.c", "main.c"}
    assert {path.name for path in (tmp_path / "firmware").iterdir()} == names


def test_the_c_of_the_page_compiles(words: Built, strings: Built, tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "microcontroller.md").read_text(encoding="utf-8")
    for code, built in zip(
        re.findall(r"^```c\n(.*?)^```", page, re.MULTILINE | re.DOTALL), (words, strings), strict=True
    ):
        lines = code.splitlines()
        outside = [line for line in lines if line.startswith(("#", "static"))]
        inside = [line for line in lines if line not in outside]
        stub = "void act_on(const char *word, float confidence);"
        (tmp_path / "page.c").write_text(
            "\n".join([*outside, stub, "void f(void) {", *inside, "}", ""]), encoding="utf-8"
        )
        subprocess.run(["gcc", "-std=c99", f"-I{built.folder}", "-fsyntax-only", tmp_path / "page.c"], check=True)


def test_constants_are_exact() -> None:
    for value in np.random.default_rng(0).standard_normal(60).astype(np.float32) * 10.0 ** np.arange(-30, 30):
        assert np.float32(c_float(value)[:-1]) == np.float32(value)
    assert (c_float(2), c_float(1e-10), c_string("né?\n")) == ("2.0f", "1.00000001e-10f", '"n\\303\\251\\077\\012"')


@given(st.lists(st.tuples(st.integers(1, 64), st.integers(0, 12), st.integers(0, 5)), min_size=1, max_size=12))
def test_memory_that_is_in_use_is_not_given_twice(wanted: list[tuple[int, int, int]]) -> None:
    buffers = [Buffer(4 * size, first, first + length) for size, first, length in wanted]
    calls = Calls(calls=[("f", tuple(Value(Place(buffer), "BC", 1, 1, buffer.size // 4) for buffer in buffers))])
    size = calls.arena()
    assert size <= sum(buffer.size for buffer in buffers)
    for i, a in enumerate(buffers):
        assert 0 <= a.at <= size - a.size
        for b in buffers[:i]:
            together = a.first <= b.last and b.first <= a.last
            assert not together or a.at + a.size <= b.at or b.at + b.size <= a.at


@pytest.mark.slow
@pytest.mark.shared
def test_clips_get_the_answers_of_the_onnx_file(words: Built, shared: Path) -> None:
    """Every fourth of the thousand of which docs/records/microcontroller.json tells."""
    found = words_agree(words, *zip(*islice(clips_of(shared), 0, None, 4), strict=True))
    assert found["clips"] == 250
    assert found["most_steps"] <= MOST_STEPS
    assert found["within_one_step"] > 0.95
    assert found["right_onnx"] - found["right_c"] <= 0.005 * found["digits"]
    assert found["same_decision"] > 0.995


@pytest.mark.slow
@pytest.mark.shared
def test_strings_are_those_of_the_onnx_file(strings: Built, shared: Path) -> None:
    found = strings_agree(strings, shared)
    assert found["within_0.01"] > 0.98
    assert found["same_answer"] >= 0.98 * found["strings"]
    assert found["right"]["onnx"] - found["right"]["c"] <= 0.005 * found["strings"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["words", "strings"])
def test_a_cortex_m4_says_the_same(kind: str, words: Built, strings: Built, tmp_path: Path) -> None:
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} (apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm)")
    built = words if kind == "words" else strings
    files = [tmp_path / f"{i}.wav" for i in range(6)]
    for utterance, file in zip(read_samples().filter(split="test").utterances[::30], files, strict=False):
        write_audio(read_clip(utterance.path, 8000, 1.0), file, 8000)
    found = on_arm(built, kind, files)
    here = subprocess.run([built.program, *files], check=True, capture_output=True, text=True).stdout
    assert found["log"] == [line.replace(f"{tmp_path}/", "") for line in here.splitlines()]
    assert found["flash"] - found["constants"] < 20_000
    assert found["million_instructions"] < 200 * len(files)


@pytest.mark.parametrize(
    "mel", [MelConfig(8000, n_mels=8, power=1.0), MelConfig(8000, n_mels=8, compression="pcen", normalization="none")]
)
@pytest.mark.slow
def test_another_front_end_is_refused(mel: MelConfig, tmp_path: Path) -> None:
    options = {"widths": [4, 4, 4, 4], "blocks": [1, 1, 1]}
    model = RecognizerModel(RecognizerConfig("compact", mel, options=options)).eval()
    export_onnx(model, tmp_path / "other.onnx", int8=True, name="other")
    with pytest.raises(ExportError, match="the C export has the front ends of compact and string_net alone"):
        export_c(tmp_path / "other.onnx", tmp_path / "c")


@pytest.mark.slow
def test_a_model_of_other_sizes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    options = {"widths": [4, 6, 5, 7], "blocks": [1, 2, 1]}
    model = RecognizerModel(
        RecognizerConfig("compact", MelConfig(8000, n_mels=20, log_floor=1e-10), options=options)
    ).eval()
    export_onnx(model, tmp_path / "small.onnx", int8=True, name="compact")
    built, clips = (
        Built(tmp_path / "small.onnx", tmp_path / "c"),
        0.1 * np.random.default_rng(0).standard_normal((5, 8000)),
    )
    onnx = ExportedModel(tmp_path / "small.onnx").logits(clips.astype(np.float32))
    assert steps_apart(built.logits(clips.astype(np.float32)), onnx).max() <= MOST_STEPS
