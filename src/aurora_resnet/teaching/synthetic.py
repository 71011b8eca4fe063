"""Words as text: recordings of them by the synthesisers that the user has, espeak-ng and flite."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.errors import ConfigError, MissingDependencyError
from aurora_resnet.runtime.vocabulary import check_word

#: Attribute of recordings that a synthesiser made: which voice.
VOICE = "synthetic_voice"
#: What the names of these speakers begin with.
SYNTHETIC = "synthetic/"
ACCENTS = {"en": ("en-us", "en-gb", "en-gb-scotland")}
#: Of each voice of espeak-ng: men and women of several ages.
VARIANTS = ("m1", "f1", "m3", "f3", "m5", "f5", "m7", "f2", "klatt2", "m2")
#: How slow flite's voices speak.
SLOWER = (0.9, 1.2)
INSTALL = (
    "--say needs espeak-ng, for English also flite, on the PATH: apt-get install espeak-ng flite (brew install "
    "espeak-ng); files of any other synthesiser can be put into the folders of their words"
)


def by_people(utterances: Sequence[Utterance]) -> npt.NDArray[np.bool_]:
    """Return which recordings no synthesiser made, all of them if there are no others.

    >>> spoken = Utterance(Path("a.wav"), ("on",), "ann")
    >>> by_people([spoken, Utterance(Path("b.wav"), ("on",), "", attributes={VOICE: "m1"})])
    array([ True, False])
    """
    people = np.array([VOICE not in utterance.attributes for utterance in utterances], np.bool_)
    return people | ~people.any()


def say(words: Sequence[str], folder: Path, language: str = "en") -> Corpus:
    """Let ten to twenty synthetic voices say words.

    Args:
        words: what is said, each as it will be answered but for upper case.
        folder: gets the files.
        language: a language of espeak-ng, as ``de``; English is also said by flite.

    Raises:
        MissingDependencyError: if there is no synthesiser.
        ConfigError: for a word that is no text of one line, or a language that espeak-ng has not.
    """
    voices = [*_espeak(language), *(_flite() if language in ("en", *ACCENTS["en"]) else ())]
    if not voices:
        raise MissingDependencyError(INSTALL)
    folder.mkdir(parents=True, exist_ok=True)
    said: list[Utterance] = []
    for word in dict.fromkeys(check_word(word.strip().lower(), "--say") for word in words):
        for name, command in voices:
            file = folder / f"{len(said):05d}.wav"
            done = subprocess.run([*command, str(file)], input=word, capture_output=True, encoding="utf-8", check=False)
            if done.returncode or not file.is_file():
                reason = done.stderr.strip().partition("\n")[0] or "it wrote nothing"
                raise ConfigError(f"{command[0]} cannot say {word!r} in the language {language!r}: {reason}")
            said.append(Utterance(file, (word,), SYNTHETIC + name, attributes={VOICE: name}))
    return Corpus("synthetic voices", tuple(said))


def _espeak(language: str) -> Iterator[tuple[str, list[str]]]:
    """Yield voices, and the command that says its input into the file behind it."""
    if shutil.which("espeak-ng"):
        accents = ACCENTS.get(language, (language,))
        for number, variant in enumerate(VARIANTS):
            voice, speed = f"{accents[number % len(accents)]}+{variant}", str(130 + 37 * number % 80)
            yield f"espeak-ng {voice}", ["espeak-ng", "-v", voice, "-s", speed, "--stdin", "-w"]


def _flite() -> Iterator[tuple[str, list[str]]]:
    if shutil.which("flite"):
        listed = subprocess.run(["flite", "-lv"], capture_output=True, text=True, check=True).stdout
        for voice in listed.partition(":")[2].split():
            for slower in () if voice == "awb_time" else SLOWER:  # which says times of day only
                stretch = f"duration_stretch={slower}"
                yield f"flite {voice} {slower}", ["flite", "-voice", voice, "--setf", stretch, "-f", "/dev/stdin", "-o"]
