"""Write what a program in any language needs to test itself against Python: inputs, outputs, and what they mean.

    python examples/any_language/vectors.py vectors.json

Waveforms are 16-bit samples in base64; a model takes them divided by 32768. All words and models are in the package.
"""

import base64
import json
import sys
from typing import Any

import numpy as np

from aurora_resnet import load_corpus, read_audio
from aurora_resnet.runtime import Recognizer, StringRecognizer

VOICES = (
    "samples/flite-slt", "samples/espeak-en-us-gene", "samples/festival-kal-diphone", "samples/flite-awb",
    "samples/flite-rms",
)  # fmt: skip
PIN = ("four", "oh", "seven", "one")
SILENCE = np.zeros(4000, np.float32)


def packed(samples: np.ndarray) -> tuple[str, np.ndarray]:
    """Return samples as text, and as a model takes what the text holds."""
    steps = np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2")
    return base64.b64encode(steps.tobytes()).decode(), steps.astype(np.float32) / 32768


def words(name: str, hiss: np.random.Generator) -> dict[str, object]:
    """Return clips of a model of words with its logits, probabilities, evidence and verdicts."""
    recognizer = Recognizer.from_pretrained(name)
    model: Any = recognizer.model
    facts, clips = model.facts, []
    said = [read_audio(word.path) for word in load_corpus("samples:").filter(speakers=VOICES)]
    for samples, rate in [*said, (0.1 * hiss.standard_normal(8000), 8000)]:
        text, clip = packed(recognizer.clip(samples, rate).samples)
        logits = model.logits(clip[None])
        shares, accepted = facts.calibration.decide(logits, clip[None])
        clips.append({
            "waveform": text, "logits": logits[0].tolist(), "word": facts.vocabulary.words[int(shares[0].argmax())],
            "confidence": float(shares.max()), "accepted": accepted[0],
        })  # fmt: skip
    return {"file": str(model.path), "facts": facts.to_dict(), "clips": clips}


def strings(name: str) -> dict[str, object]:
    """Return a string, what a model of strings says of it step by step, and the answer of Python's search."""
    recognizer = StringRecognizer.from_pretrained(name)
    model: Any = recognizer.model  # it reads streams
    facts = recognizer.facts
    voice = load_corpus("samples:").filter(speakers=VOICES[1])
    parts = [read_audio(voice.filter(words=word)[0].path)[0] for word in PIN]
    said = np.concatenate([SILENCE, *(np.pad(part, (0, 800)) for part in parts), SILENCE])
    text, samples = packed(recognizer.waveform(said, facts.sample_rate))
    samples = np.pad(samples, (0, -len(samples) % facts.step_samples))
    state, probabilities = model.begin(), []
    for step in samples.reshape(-1, 1, facts.step_samples):
        shares, state = model.step(step, state)
        probabilities.append(shares[0, 0].tolist())
    answer = recognizer.recognize_waveforms([samples])[0]
    return {"file": str(model.path), "facts": facts.to_dict(), "waveform": text, "probabilities": probabilities,
            "words": [word.word for word in answer.words], "confidence": answer.confidence}  # fmt: skip


def main(path: str = "vectors.json") -> None:
    """Write the file."""
    made = {"words": words("compact", np.random.default_rng(0)), "strings": strings("string_net")}
    with open(path, "w", encoding="utf-8") as stream:  # noqa: PTH123 (an example for everybody)
        json.dump(made, stream)
    print(f"{path}: {len(made['words']['clips'])} clips, {len(made['strings']['probabilities'])} steps")  # type: ignore


if __name__ == "__main__":
    main(*sys.argv[1:])
