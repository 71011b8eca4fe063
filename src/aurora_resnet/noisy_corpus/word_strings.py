"""Strings put together from single words of one speaker each: a list that follows from a seed, pauses among it.

For speech of which there are words and no strings. The words do not run into each other, as in natural speech.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aurora_resnet.audio.trimming import trim_silence
from aurora_resnet.audio.writing import write_audio
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AudioError, ConfigError, CorpusError

#: Words of a string, as in Aurora-2.
LENGTHS = (1, 2, 3, 4, 5, 6, 7)
PAUSE_SECONDS = (0.05, 0.5)
#: Of silence before the first word and after the last.
EDGE_SECONDS = 0.3
MANIFEST = "strings.csv"


@dataclass(frozen=True)
class PlannedString:
    """Recordings of one speaker that shall follow each other.

    Attributes:
        parts: the recordings of the words.
        pauses: seconds after each of them but the last.
    """

    parts: tuple[Utterance, ...]
    pauses: tuple[float, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """What is said."""
        return tuple(part.word for part in self.parts)

    def digest(self) -> str:
        """Return what tells it apart in a file's name: of its recordings' names and its pauses."""
        told = [[part.path.name for part in self.parts], [round(pause, 6) for pause in self.pauses]]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]

    def speak(self, sample_rate: int) -> Samples:
        """Return the recordings after each other, without the silence around the words.

        Raises:
            AudioError: if one cannot be read.
        """
        edge = np.zeros(round(EDGE_SECONDS * sample_rate), np.float32)
        spoken = [edge]
        for part, pause in zip(self.parts, (*self.pauses, EDGE_SECONDS), strict=True):
            samples, rate = read_audio(part.path, raw=part.raw)
            word = trim_silence(resample(samples, rate, sample_rate), sample_rate)
            spoken += [word, np.zeros(round(pause * sample_rate), np.float32)]
        return np.concatenate(spoken)


def plan_strings(
    corpus: Corpus,
    count: int,
    *,
    seed: int,
    lengths: Sequence[int] = LENGTHS,
    said: Sequence[Sequence[str]] | None = None,
) -> list[PlannedString]:
    """Draw strings; the numbers of any two speakers differ by at most one.

    Args:
        corpus: isolated words of known speakers; its order does not matter.
        count: how many strings.
        seed: decides everything.
        lengths: numbers of words, drawn alike.
        said: strings to draw from instead, of speakers who have their words.

    Raises:
        ConfigError: for a number below 1.
        CorpusError: if no speaker is known, or none has the words.

    >>> from aurora_resnet.corpora.samples import read_samples
    >>> plan_strings(read_samples(), 2, seed=1, said=[["two", "two", "two"]])[0].words
    ('two', 'two', 'two')
    """
    if count < 1 or not lengths or min(lengths) < 1:
        raise ConfigError(f"strings need a count and lengths of at least 1, got {count} and {list(lengths)}")
    voices: dict[str, dict[str, list[Utterance]]] = {speaker: {} for speaker in corpus.speakers}
    for utterance in sorted(corpus, key=lambda utterance: utterance.path.as_posix()):
        if utterance.speaker:
            voices[utterance.speaker].setdefault(utterance.word, []).append(utterance)
    able = {
        name: [tuple(string) for string in said or () if set(string) <= set(voice)] for name, voice in voices.items()
    }
    speakers = [speaker for speaker in voices if said is None or able[speaker]]
    if not speakers:
        raise CorpusError(f"{corpus.name}: no known speaker has the words of the strings")
    generator = np.random.default_rng(seed)
    planned = []
    for number in range(count):
        if number % len(speakers) == 0:
            order = generator.permutation(len(speakers))
        speaker = speakers[int(order[number % len(speakers)])]
        voice = voices[speaker]
        if said is None:
            length = lengths[int(generator.integers(len(lengths)))]
            words = tuple(sorted(voice)[int(generator.integers(len(voice)))] for _ in range(length))
        else:
            words = able[speaker][int(generator.integers(len(able[speaker])))]
        parts = tuple(voice[word][int(generator.integers(len(voice[word])))] for word in words)
        pauses = tuple(generator.uniform(*PAUSE_SECONDS, size=len(words) - 1).tolist())
        planned.append(PlannedString(parts, pauses))
    return planned


def write_strings(planned: Sequence[PlannedString], folder: str | Path, sample_rate: int = 8000) -> Corpus:
    """Write strings as sound files with a manifest, ``strings.csv``, and return them.

    What is already there stays, so an interrupted call goes on.

    Raises:
        CorpusError: if a word cannot be read or the folder cannot be written.
    """
    folder = Path(folder)
    utterances = []
    for number, string in enumerate(planned):
        first = string.parts[0]
        attributes = {name: first.attributes[name] for name in ("sex", "gender") if name in first.attributes}
        path = folder / f"{number:04d}_{string.digest()}.flac"
        utterances.append(Utterance(path, string.words, first.speaker, first.split, attributes=attributes))
        if path.is_file():
            continue
        try:
            write_audio(np.clip(string.speak(sample_rate), -1, 1), path, sample_rate)
        except (AudioError, OSError) as error:
            raise CorpusError(f"{path}: the string cannot be made: {error}") from error
    corpus = Corpus("strings", tuple(utterances))
    corpus.write_csv(folder / MANIFEST)
    return corpus
