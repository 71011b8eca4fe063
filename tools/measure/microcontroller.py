"""What the C export of the shipped models costs, and how near its answers are to those of the ONNX files.

    python -m tools.measure.microcontroller  # needs gcc, gcc-arm-none-eabi, libnewlib-arm-none-eabi, qemu-system-arm

Flash and memory are those of a program for a Cortex-M4 that calls the model and nothing else, linked with what it needs of
the C library; instructions are counted by QEMU. Clips are the test parts of three corpora, and words that are none of the
vocabulary; strings are AN4's.
"""

from __future__ import annotations

import ctypes
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.export.c_source import export_c
from aurora_resnet.files import write_json
from aurora_resnet.runtime.audio.clips import fit_length, read_clip
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.models.strings import ExportedSequenceModel
from aurora_resnet.runtime.models.words import ExportedModel
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.stream import TAIL_SECONDS
from tools.measure.records import Record, header

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O2")
ARM = ("arm-none-eabi-gcc", *STRICT, "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
LINK = (
    "-ffunction-sections",
    "-fdata-sections",
    "--specs=nosys.specs",
    "-nostartfiles",
    "-Wl,-e,main,--gc-sections",
    "-lm",
)
WORDS = ("micro", "compact")
QEMU = Path(__file__).resolve().parents[2] / "examples" / "c" / "qemu.sh"
NEAR = 0.01
OTHER_CLIPS = 362
SPOKEN = 5  # on the emulated processor
MAINS = {
    "words": """#include "{name}.h"
static int16_t clip[{name}_samples];
int main(void) {{ const aurora_samples samples = {{0, clip}}; return {name}_recognize(samples).word; }}
""",
    "strings": """#include "{name}.h"
static {name}_stream stream;
static int16_t step[{name}_step];
int main(void) {{
    const aurora_samples samples = {{0, step}};
    {name}_begin(&stream);
    {name}_feed(&stream, samples, 0);
    return {name}_finish(&stream).accepted;
}}
""",
}


class CSamples(ctypes.Structure):
    """``aurora_samples``."""

    _fields_ = [("floats", ctypes.c_void_p), ("ints", ctypes.c_void_p)]

    @classmethod
    def of(cls, samples: npt.NDArray[Any]) -> CSamples:
        """Return a pointer to float32 or int16 samples, which must stay alive."""
        at = samples.ctypes.data
        return cls(at, None) if samples.dtype == np.float32 else cls(None, at)


class CWord(ctypes.Structure):
    """``aurora_word``."""

    _fields_ = [(name, kind) for name, kind in (("word", ctypes.c_int), ("confidence", ctypes.c_float))]
    _fields_ += [("evidence", ctypes.c_float), ("accepted", ctypes.c_int)]


class CString(ctypes.Structure):
    """``aurora_string``."""

    _fields_ = [("text", ctypes.c_char * 33), ("confidence", ctypes.c_float)]
    _fields_ += [("accepted", ctypes.c_int), ("reason", ctypes.c_char_p)]


class Built:
    """What was written for a model, as a program and as a library for this computer."""

    def __init__(self, model: str | Path, folder: Path) -> None:
        self.folder, self.export = folder, export_c(model, folder)
        self.name = next(path.stem for path in folder.glob("*.h") if path.stem != "aurora")
        self.program, library = folder / "program", folder / "library.so"
        sources = sorted(path.name for path in folder.glob("*.c"))
        objects = [name.replace(".c", ".o") for name in sources]
        subprocess.run(["gcc", *STRICT, "-fPIC", "-c", *sources], check=True, cwd=folder)
        subprocess.run(["gcc", *objects, "-lm", "-o", self.program], check=True, cwd=folder)
        objects.remove("main.o")
        subprocess.run(["gcc", "-shared", *objects, "-lm", "-o", library], check=True, cwd=folder)
        self.code = ctypes.CDLL(str(library))
        self.code.aurora_decide.restype, self.code.aurora_search_best.restype = CWord, CString

    def logits(self, clips: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return the logits of clips by a model of words."""
        answers = np.zeros((len(clips), 11), np.float32)
        for clip, row in zip(np.ascontiguousarray(clips), answers, strict=True):
            self.code[f"{self.name}_logits"](CSamples.of(clip), row.ctypes.data_as(ctypes.c_void_p))
        return answers

    def string(self, waveform: Samples) -> tuple[npt.NDArray[np.float32], CString]:
        """Return the probabilities of each step of a stream by `string_net`, and the answer."""
        code, stream = self.code, ctypes.create_string_buffer(100_000)
        code.string_net_best.restype = CString
        code.string_net_begin(stream)
        steps = np.pad(waveform, (0, -len(waveform) % 320)).astype(np.float32).reshape(-1, 320)
        shares = np.zeros((len(steps), 14), np.float32)
        for step, row in zip(steps, shares, strict=True):
            code.string_net_feed(stream, CSamples.of(step), row.ctypes.data_as(ctypes.c_void_p))
        return shares, code.string_net_best(stream)


def steps_apart(c: npt.NDArray[np.float32], onnx: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return by how many steps of the int8 logits two answers differ at most, for each clip."""
    gaps = np.diff(np.unique(onnx))
    apart: npt.NDArray[np.float32] = np.abs(c - onnx).max(axis=1) / gaps[gaps > 1e-4].min()
    return apart.round()


def onnx_steps(model: Any, waveform: Samples) -> npt.NDArray[np.float32]:
    """Return the probabilities of each step by the ONNX file."""
    assert isinstance(model, ExportedSequenceModel)
    state, rows = model.begin(), []
    for step in np.pad(waveform, (0, -len(waveform) % 320)).reshape(-1, 1, 320):
        shares, state = model.step(step, state)
        rows.append(shares[0, 0])
    return np.array(rows)


def clips_of(data: Path) -> Iterator[tuple[Samples, str | None]]:
    """Yield test clips with their words, ``None`` for a word that is none of the vocabulary."""
    corpora = (
        load_corpus(f"fsdd:{data / 'fsdd'}").filter(split="test"),
        load_corpus(f"an4:{data / 'an4'}").filter(split="test", isolated=True),
        load_corpus(f"folder:{data / 'speech_commands_digits'}"),
    )
    for corpus in corpora:
        for utterance in corpus:
            yield fit_length(read_clip(utterance.path, 8000, 1.0), 8000), utterance.word
    others = sorted((data / "speech_commands_other" / "words").glob("*_*[13579bdf]_nohash*"))
    for path in others[:OTHER_CLIPS]:
        yield fit_length(read_clip(path, 8000, 1.0), 8000), None


def words_agree(built: Built, clips: Sequence[Samples], said: Sequence[str | None]) -> Record:
    """Return how a model of words in C and its ONNX file agree."""
    model, whole = ExportedModel(resolve(built.name).path), np.stack(clips).astype(np.float32)
    onnx, c = model.logits(whole), built.logits(whole)
    apart, decision = steps_apart(c, onnx), model.facts.calibration
    classes = [model.facts.vocabulary.words.index(word) if word else -1 for word in said]
    return {
        "clips": len(whole),
        "digits": sum(word is not None for word in said),
        "equal": float(np.mean(apart == 0)),
        "within_one_step": float(np.mean(apart <= 1)),
        "most_steps": int(apart.max()),
        "same_word": float(np.mean(onnx.argmax(axis=1) == c.argmax(axis=1))),
        "same_decision": float(np.mean(decision.accepts(onnx) == decision.accepts(c))),
        "right_onnx": int(np.sum(onnx.argmax(axis=1) == classes)),
        "right_c": int(np.sum(c.argmax(axis=1) == classes)),
    }


def strings_agree(built: Built, data: Path) -> Record:
    """Return how `string_net` in C and its ONNX file agree, on recordings of at most 10 s."""
    recognizer, corpus = StringRecognizer.from_pretrained("string_net"), load_corpus(f"an4-strings:{data / 'an4'}")
    digits = dict(zip(recognizer.vocabulary.words, recognizer.vocabulary.digits, strict=True))
    apart, same, right = [], 0, {"onnx": 0, "c": 0}
    for utterance in corpus:
        waveform = recognizer.waveform(utterance.path)[: 256 * 320]
        shares, found = built.string(waveform)
        (wanted,) = recognizer.recognize_waveforms([waveform])
        apart.append(np.abs(shares - onnx_steps(recognizer.model, waveform)).max(axis=1))
        text, said = found.text.decode(), "".join(str(digits[word]) for word in utterance.words)
        same += (text, found.accepted == 1) == (wanted.text, wanted.accepted)
        right = {"onnx": right["onnx"] + (wanted.text == said), "c": right["c"] + (text == said)}
    steps = np.concatenate(apart)
    near = {"within_0.01": float(np.mean(steps < NEAR)), "most": float(steps.max())}
    return {"strings": len(corpus), "steps": len(steps), **near, "same_answer": same, "right": right}


def on_arm(built: Built, kind: str, files: Sequence[Path]) -> Record:
    """Return flash, memory and instructions on a Cortex-M4, and what the emulated processor printed."""
    with tempfile.TemporaryDirectory() as folder:
        main = Path(folder, "main.c")
        main.write_text(MAINS[kind].format(name=built.name), encoding="utf-8")
        sources = [str(path) for path in built.folder.glob("*.c") if path.name != "main.c"]
        subprocess.run([*ARM, f"-I{built.folder}", str(main), *sources, *LINK, "-o", f"{folder}/a.elf"], check=True)
        sized = subprocess.run(["arm-none-eabi-size", f"{folder}/a.elf"], check=True, capture_output=True, text=True)
    text, data, zeros = map(int, sized.stdout.splitlines()[1].split()[:3])
    run = [str(QEMU), str(built.folder.absolute()), *(file.name for file in files)]
    told = subprocess.run(run, check=True, capture_output=True, text=True, cwd=files[0].parent).stdout
    log = [line for line in told.splitlines() if ".wav\t" in line]
    millions = int(re.findall(r"(\d+) million instructions", told)[0])
    return {
        "flash": text + data,
        "constants": built.export.constants,
        "ram": data + zeros,
        "macs": built.export.macs,
        "seconds": sum(soundfile.info(file).duration + (TAIL_SECONDS if kind == "strings" else 0) for file in files),
        "million_instructions": millions,
        "log": log,
    }


def measure(data: Path, folder: Path) -> Record:
    """Return the record.

    Args:
        data: folder of the recordings.
        folder: to build in.
    """
    clips, said = zip(*clips_of(data), strict=True)
    files = [folder / f"{word}_{i}.wav" for i, word in enumerate(said[450 : 450 + 5 * SPOKEN : 5])]
    for i, file in enumerate(files):
        soundfile.write(file, clips[450 + 5 * i], 8000, subtype="PCM_16")
    words, strings = (Built(name, folder / name) for name in WORDS), Built("string_net", folder / "string_net")
    return {
        "benchmark": "microcontroller",
        **header(),
        "words": {built.name: words_agree(built, clips, said) | on_arm(built, "words", files) for built in words},
        "string_net": strings_agree(strings, data) | on_arm(strings, "strings", files),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as built:
        write_json(measure(Path("../shared/data"), Path(built)), Path("docs/records/microcontroller.json"))
