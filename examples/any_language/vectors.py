"""Write what a program in any language needs, and Python's answers to test it against.

    python examples/any_language/vectors.py vectors

The folder holds two models, the graphs around them, 112 recordings (16-bit samples at 8 kHz without a header; a model
takes them divided by 32768) and in ``vectors.json`` what Python says of each. Needs the extra ``export``.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet import load_corpus, read_audio
from aurora_resnet.export.graphs import write_graphs
from aurora_resnet.runtime import Recognizer, StringRecognizer

VOICES = (
    "samples/flite-slt", "samples/espeak-en-us-gene", "samples/festival-kal-diphone", "samples/flite-awb",
    "samples/flite-rms",
)  # fmt: skip
PIN = ("four", "oh", "seven", "one")
SILENCE = np.zeros(4000, np.float32)
RATE = 8000


def written(samples: np.ndarray, path: Path) -> np.ndarray:
    """Write samples, and return them as the file holds them."""
    steps = np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2")
    steps.tofile(path)
    held: np.ndarray = steps.astype(np.float32) / 32768
    return held


def words(folder: Path, hiss: np.random.Generator) -> list[dict[str, Any]]:
    """Return answers to words in recordings of 1 to 3 s, and to hiss."""
    recognizer, found = Recognizer.from_pretrained("compact"), []
    said = [read_audio(word.path)[0] for word in load_corpus("samples:").filter(speakers=VOICES)]
    for number, samples in enumerate([*said, SILENCE]):
        name, room = f"word{number:03}.s16", np.pad(samples, tuple(hiss.integers(100, 8000, 2)))
        noisy = room + (0.1 if samples is SILENCE else 3e-4) * hiss.standard_normal(len(room))
        answer = recognizer.recognize(written(noisy, folder / name), RATE)
        found.append({"file": name, "said": answer.word, "confidence": answer.confidence, "accepted": answer.accepted})
    return found


def strings(folder: Path) -> list[dict[str, Any]]:
    """Return the answer to a string, whose recording is what Python gives the model."""
    recognizer = StringRecognizer.from_pretrained("string_net")
    voice = load_corpus("samples:").filter(speakers=VOICES[1])
    parts = [read_audio(voice.filter(words=word)[0].path)[0] for word in PIN]
    said = np.concatenate([SILENCE, *(np.pad(part, (0, 800)) for part in parts), SILENCE])
    samples = written(recognizer.waveform(said, RATE), folder / "string.s16")
    answer = recognizer.recognize_waveforms([samples])[0]
    text = " ".join(word.word for word in answer.words)
    return [{"file": "string.s16", "said": text, "confidence": answer.confidence, "accepted": answer.accepted}]


def main(out: str = "vectors") -> None:
    """Write the folder."""
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    write_graphs(folder)
    made, answers = [], {"compact": words(folder, np.random.default_rng(0)), "string_net": strings(folder)}
    for name, recordings in answers.items():
        recognizer = (Recognizer if name == "compact" else StringRecognizer).from_pretrained(name)
        model: Any = recognizer.model
        shutil.copy(model.path, folder)
        made.append({"model": f"{name}.onnx", "facts": model.facts.to_dict(), "recordings": recordings})
    (folder / "vectors.json").write_text(json.dumps(made, indent=1), encoding="utf-8")
    print(f"{folder}: {sum(map(len, answers.values()))} recordings")


if __name__ == "__main__":
    main(*sys.argv[1:])
