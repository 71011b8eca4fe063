"""The C export against onnxruntime, the decision and the search of the runtime, which are other programs."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.export.c_graph import Buffer, Calls, Place, Value, c_float
from aurora_resnet.export.c_source import c_string, export_c
from aurora_resnet.export.recordings import ExportRecordings
from aurora_resnet.runtime.audio.clips import fit_length, read_clip
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.decision import StringDecision, WordDecision
from aurora_resnet.runtime.errors import ConfigError, ExportError
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.models.strings import ExportedSequenceModel
from aurora_resnet.runtime.models.words import ExportedModel
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.answer import RIVALS, string_answer
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.rules import StringRules
from tests.conftest import Call

pytest.importorskip("onnx")
if shutil.which("gcc") is None:
    pytest.skip("no gcc, which builds what is exported (apt-get install gcc)", allow_module_level=True)

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O2")
MOST_STEPS = 6
"""Of the logits' scale, by which an answer may differ: the front ends round differently, and the layers go on with it."""
ROOT = Path(__file__).resolve().parents[2]


class CSamples(ctypes.Structure):
    _fields_ = [("floats", ctypes.c_void_p), ("ints", ctypes.c_void_p)]  # noqa: RUF012

    @classmethod
    def of(cls, samples: npt.NDArray[Any]) -> CSamples:
        held = cls(*([samples.ctypes.data, None] if samples.dtype == np.float32 else [None, samples.ctypes.data]))
        held.samples = samples  # alive as long as the pointer
        return held


class CWord(ctypes.Structure):
    _fields_ = [  # noqa: RUF012
        ("word", ctypes.c_int), ("confidence", ctypes.c_float), ("evidence", ctypes.c_float), ("accepted", ctypes.c_int)
    ]  # fmt: skip


class CString(ctypes.Structure):
    _fields_ = [  # noqa: RUF012
        ("text", ctypes.c_char * 33), ("confidence", ctypes.c_float), ("accepted", ctypes.c_int), ("reason", ctypes.c_char_p)
    ]  # fmt: skip


class Built:
    """What was written for a model, as a program and as a library."""

    def __init__(self, model: str | Path, folder: Path) -> None:
        self.export = export_c(model, folder)
        self.folder, sources = folder, sorted(map(str, folder.glob("*.c")))
        self.program, library = folder / "program", folder / "library.so"
        subprocess.run(["gcc", *STRICT, *sources, "-lm", "-o", self.program], check=True)
        sources.remove(str(folder / "main.c"))
        subprocess.run(["gcc", *STRICT, "-fPIC", "-shared", *sources, "-lm", "-o", library], check=True)
        self.library = ctypes.CDLL(str(library))
        self.library.aurora_decide.restype = CWord
        for name in ("aurora_search_best", "string_net_best", "string_net_finish"):
            if hasattr(self.library, name):
                getattr(self.library, name).restype = CString

    def logits(self, clips: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return the logits of clips."""
        answers = np.zeros((len(clips), 11), np.float32)
        for clip, row in zip(clips, answers, strict=True):
            self.library.compact_logits(CSamples.of(np.ascontiguousarray(clip)), row.ctypes.data_as(ctypes.c_void_p))
        return answers

    def string(self, waveform: Samples) -> tuple[npt.NDArray[np.float32], CString]:
        """Return the probabilities of each step of a stream, and the answer."""
        stream = ctypes.create_string_buffer(100_000)
        self.library.string_net_begin(stream)
        steps = np.pad(waveform, (0, -len(waveform) % 320)).astype(np.float32).reshape(-1, 320)
        shares = np.zeros((len(steps), 14), np.float32)
        for step, row in zip(steps, shares, strict=True):
            self.library.string_net_feed(stream, CSamples.of(step), row.ctypes.data_as(ctypes.c_void_p))
        return shares, self.library.string_net_best(stream)


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built("compact", tmp_path_factory.mktemp("c_words"))


@pytest.fixture(scope="module")
def strings(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built("string_net", tmp_path_factory.mktemp("c_strings"))


def steps_apart(c: npt.NDArray[np.float32], onnx: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return by how many steps of int8 logits differ at most, for each clip."""
    differences = np.unique(np.abs(onnx[onnx != 0]))
    scale = np.diff(np.unique(np.concatenate((differences, np.ravel(np.abs(onnx))))))
    return np.abs(c - onnx).max(axis=1) / scale[scale > 1e-4].min()


def test_the_logits_are_those_of_the_onnx_file(words: Built, audio: ExportRecordings) -> None:
    clips = np.concatenate((audio.check[:3], audio.check[3::40])).astype(np.float32)  # silence, noise, words, in noise
    onnx = ExportedModel(resolve("compact").path).logits(clips)
    apart = steps_apart(words.logits(clips), onnx)
    assert len(clips) > 10
    assert apart.max() < MOST_STEPS + 0.5
    assert np.median(apart) < 1.5


def test_samples_of_16_bits_are_those_of_floats(words: Built, audio: ExportRecordings) -> None:
    rounded = np.round(audio.check[5:7] * 32767).astype(np.int16)
    assert np.array_equal(words.logits(rounded), words.logits((rounded / np.float32(32768)).astype(np.float32)))


def test_the_program_reads_recordings(words: Built, strings: Built, tmp_path: Path) -> None:
    spoken = read_samples().filter(split="test")[::40]
    files = [tmp_path / f"{i}.wav" for i in range(len(spoken))]
    for utterance, file in zip(spoken, files, strict=True):
        write_audio(read_clip(utterance.path, 8000, 1.0), file, 8000)
    told = subprocess.run([words.program, *files], check=True, capture_output=True, text=True).stdout
    found = [line.split("\t")[1] for line in told.splitlines()]
    assert found == [Recognizer.from_pretrained("compact").recognize(file).word for file in files]
    told = subprocess.run([strings.program, *files], check=True, capture_output=True, text=True).stdout
    digits = [line.split("\t")[1] for line in told.splitlines()]
    assert sum(d == str(u.digit) for d, u in zip(digits, spoken, strict=True)) > 0.7 * len(files)
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
    decision = WordDecision(temperature, threshold)
    probabilities, (accepted,) = decision.decide(logits[None], clip[None], clipped=[clipped])
    limit = ctypes.c_float(np.nan if threshold is None else threshold)
    pointer, samples = logits.ctypes.data_as(ctypes.c_void_p), CSamples.of(clip)
    found = words.library.aurora_decide(pointer, 11, ctypes.c_float(temperature), limit, samples, len(clip))
    assert probabilities[0][found.word] == pytest.approx(probabilities.max(), abs=1e-6)
    assert found.confidence == pytest.approx(probabilities.max(), abs=1e-5)
    if threshold is None or abs(found.evidence - threshold) > 1e-4 and abs(found.confidence - 0.9) > 1e-4:
        assert {1: True, 0: False, -1: None}[found.accepted] == accepted


def peaks(generator: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return frames as a network gives them: words that are sure for a frame or two, doubts, other speech, and nothing."""
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
    recognizer, rules = StringRecognizer.from_pretrained("string_net"), StringRules()
    facts = recognizer.at(other_weight=weight, threshold=0.4, temperature=temperature).facts
    search = rules.search(facts.vocabulary)
    search.push(StringDecision(other_weight=weight).weighted(frames, 11))
    best = rules.best(search, facts.vocabulary, most=RIVALS)
    wanted = string_answer(facts, best, rules, complete=rules.complete(search, facts.vocabulary, best))
    stream, kept = ctypes.create_string_buffer(20_000), (ctypes.c_float * (256 * 13))()
    strings.library.aurora_search_begin(stream, 11, kept)
    for row in frames:
        strings.library.aurora_search_push(stream, row.ctypes.data_as(ctypes.c_void_p), ctypes.c_float(weight))
    ctypes.cast(stream, ctypes.POINTER(ctypes.c_int))[4] = 1  # audible
    numbers = (ctypes.c_float(temperature), ctypes.c_float(0.4))
    found = strings.library.aurora_search_best(stream, b"01234567890", *numbers)
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
    assert_near(shares, recognizer.model, waveform)
    (wanted,) = recognizer.recognize_waveforms([waveform])
    assert (found.text.decode(), bool(found.accepted)) == (wanted.text, wanted.accepted)
    assert found.confidence == pytest.approx(wanted.confidence, abs=0.02)
    silent = strings.string(np.zeros(3200, np.float32))[1]
    assert (silent.text, silent.accepted, silent.reason) == (b"", 0, b"silence")


def onnx_steps(model: Any, waveform: Samples) -> npt.NDArray[np.float32]:
    """Return what the file says step by step, as a stream."""
    assert isinstance(model, ExportedSequenceModel)
    padded = np.pad(waveform, (0, -len(waveform) % 320)).reshape(-1, 1, 320)
    state, rows = model.begin(), []
    for step in padded:
        shares, state = model.step(step, state)
        rows.append(shares[0, 0])
    return np.array(rows)


def assert_near(shares: npt.NDArray[np.float32], model: Any, waveform: Samples) -> None:
    apart = np.abs(shares - onnx_steps(model, waveform)).max(axis=1)
    assert np.mean(apart < 0.01) > 0.95
    assert apart.max() < 0.3


def test_a_model_that_c_does_not_have_is_refused(tmp_path: Path, float_file: tuple[Path, object], call: Call) -> None:
    with pytest.raises(ExportError, match=r"resnet50|MaxPool|front end"):
        export_c("resnet50", tmp_path)
    with pytest.raises(ExportError, match="--int8"):
        export_c(float_file[0], tmp_path)
    assert not list(tmp_path.iterdir())
    refused = call("export", "--c", "there", "--int8")
    assert (refused.returncode, "--c" in refused.stderr) == (1, True)
    assert "--out FILE.onnx, or --c FOLDER" in call("export").stderr
    with pytest.raises(ConfigError):
        raise ConfigError(refused.stderr)


def test_the_command_writes_the_sources(call: Call, tmp_path: Path) -> None:
    done = call("export", "--c", "firmware")
    assert done.returncode == 0
    assert "KB of constants" in done.stdout
    names = {"aurora.h", "aurora.c", "aurora_answer.c", "compact.h", "compact.c", "main.c"}
    assert {path.name for path in (tmp_path / "firmware").iterdir()} == names


def test_constants_are_exact() -> None:
    for value in np.random.default_rng(0).standard_normal(100).astype(np.float32) * 10.0 ** np.arange(-50, 50).clip(-30, 30):
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


def shared_clips(shared: Path) -> Iterator[tuple[Samples, str | None]]:
    """Yield test clips of three corpora with their words, and words that are none of the vocabulary."""
    corpora = (
        load_corpus(f"fsdd:{shared / 'fsdd'}").filter(split="test"),
        load_corpus(f"an4:{shared / 'an4'}").filter(split="test", isolated=True),
        load_corpus(f"folder:{shared / 'speech_commands_digits'}"),
    )
    for corpus in corpora:
        for utterance in corpus:
            yield fit_length(read_clip(utterance.path, 8000, 1.0), 8000), utterance.word
    others = sorted((shared / "speech_commands_other" / "words").glob("*_*[13579bdf]_nohash*"))
    for path in others[:362]:
        yield fit_length(read_clip(path, 8000, 1.0), 8000), None


@pytest.mark.slow
@pytest.mark.shared
def test_a_thousand_clips_get_the_answers_of_the_onnx_file(words: Built, shared: Path) -> None:
    clips, said = zip(*shared_clips(shared), strict=True)
    whole = np.stack(clips).astype(np.float32)
    model = ExportedModel(resolve("compact").path)
    onnx, c = model.logits(whole), words.logits(whole)
    apart, decision = steps_apart(c, onnx), model.facts.calibration
    right = [
        np.mean([w == model.facts.vocabulary.words[row.argmax()] for w, row in zip(said, logits, strict=True) if w])
        for logits in (onnx, c)
    ]
    same = np.mean(decision.accepts(onnx) == decision.accepts(c))
    print(
        f"{len(whole)} clips, {sum(w is not None for w in said)} digits: equal {np.mean(apart < 0.5):.1%}, within one step "
        f"{np.mean(apart < 1.5):.1%}, at most {apart.max():.0f}; right {right[0]:.2%} and {right[1]:.2%}; accepted alike {same:.2%}"
    )
    assert len(whole) >= 1000
    assert apart.max() < MOST_STEPS + 0.5
    assert np.mean(apart < 1.5) > 0.98
    assert right[0] - right[1] <= 0.005
    assert same > 0.995


@pytest.mark.slow
@pytest.mark.shared
def test_strings_of_held_out_speakers_are_those_of_the_onnx_file(strings: Built, shared: Path) -> None:
    recognizer = StringRecognizer.from_pretrained("string_net")
    corpus = load_corpus(f"an4-strings:{shared / 'an4'}")
    right, apart, different = [0, 0], [], 0
    for utterance in corpus:
        waveform = recognizer.waveform(utterance.path, None)[: 256 * 320]
        shares, found = strings.string(waveform)
        (wanted,) = recognizer.recognize_waveforms([waveform])
        apart.append(np.abs(shares - onnx_steps(recognizer.model, waveform)).max(axis=1))
        different += found.text.decode() != wanted.text or bool(found.accepted) != wanted.accepted
        said = "".join(str(recognizer.vocabulary.digits[recognizer.vocabulary.words.index(w)]) for w in utterance.words)
        right[0] += said == wanted.text
        right[1] += said == found.text.decode()
    steps = np.concatenate(apart)
    print(
        f"{len(corpus)} strings, {len(steps)} steps: within 0.01 {np.mean(steps < 0.01):.2%}, at most {steps.max():.3f}; right "
        f"{right[0]} and {right[1]}; other answers {different}"
    )
    assert np.mean(steps < 0.01) > 0.98
    assert right[0] - right[1] <= 0.005 * len(corpus)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["words", "strings"])
def test_a_cortex_m4_says_the_same(kind: str, words: Built, strings: Built, tmp_path: Path) -> None:
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} (apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm)")
    built = words if kind == "words" else strings
    files = [tmp_path / f"{i}.wav" for i in range(6)]
    for utterance, file in zip(read_samples().filter(split="test")[::30], files, strict=False):
        write_audio(read_clip(utterance.path, 8000, 1.0), file, 8000)
    run = [ROOT / "examples" / "c" / "qemu.sh", built.folder, *files]
    log = subprocess.run(run, check=True, capture_output=True, text=True, timeout=600).stdout
    print(log)
    here = subprocess.run([built.program, *files], check=True, capture_output=True, text=True).stdout
    assert [line for line in log.splitlines() if "\t" in line and ".wav" in line] == here.splitlines()


@pytest.mark.slow
def test_a_model_of_other_sizes(compact: Checkpoint, int8_file: tuple[Path, object], tmp_path: Path) -> None:
    built = Built(int8_file[0], tmp_path)
    clips = np.zeros((1, 8000), np.float32)
    apart = steps_apart(built.logits(clips), ExportedModel(int8_file[0]).logits(clips))
    assert apart.max() < MOST_STEPS + 0.5
    assert compact.name == "compact"
