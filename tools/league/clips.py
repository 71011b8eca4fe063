"""The clips of the league: which there are follows from names and numbers alone.

Of each group the clips with the smallest checksums of their ids are taken, so that more of them (``COUNTS``) keep those
that were taken before. Speakers are of no training; the digits of ``tuning`` are of people that ours learnt from, and the
settings of the entrants are chosen on them.
"""

import hashlib
import math
import wave
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from aurora_resnet.audio.channels import CHANNEL_RATE, g712
from aurora_resnet.augmentation.distortion import mu_law
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.corpora.sources.an4 import read_an4, read_an4_strings
from aurora_resnet.corpora.sources.aurora2 import read_aurora2
from aurora_resnet.corpora.sources.speech_commands import read_speech_commands
from aurora_resnet.corpora.splits import with_test_speakers
from aurora_resnet.files import atomic_path
from aurora_resnet.noisy_corpus.build import build_noisy_corpus
from aurora_resnet.noisy_corpus.word_strings import plan_strings, write_strings
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.training.data import SoundFiles
from tools.make_training_corpus import people_strings, people_words
from tools.measure.sounds import is_reject_test, lossy, windows, wordless
from tools.measure.string_sets import TALK_SESSIONS

SEED = 30
SNRS_DB = (20, 10, 5, 0)
LOST = 0.1
PEOPLE = ("alphanumeric", "coswara", "speechocean", "lombard_grid", "audiomnist")
COUNTS: dict[str, dict[str, int]] = {
    "digits": {"Speech Commands 0.01": 50, "AN4": 30, **dict(zip(PEOPLE, (25, 25, 25, 15, 10), strict=True))},
    "strings": {"AN4 strings": 20, "telephone numbers": 9, "read numbers": 15, "put together": 15},
    "rebuild": {f"{letter} {snr_db} dB": 8 for letter in "ABC" for snr_db in SNRS_DB},
    "telephone": {"G.712, mu-law": 20, "10 % of packets lost": 20},
    "negatives": {"letters": 20, "other words": 20, "noise": 16, "talk": 12},
    "tuning": {"digits": 24, "strings": 6},
}
#: Groups or tasks of which an entrant that recognises single words has nothing to say.
STRINGS = ("strings", "talk")


@dataclass(frozen=True)
class Clip:
    """A recording, and what an entrant should write.

    Attributes:
        task: key of ``COUNTS``.
        group: key of its groups.
        name: id, unique in its group.
        speaker: who speaks; ``""`` for noise.
        said: the digits; ``""`` for negatives.
        path: WAV file, whose name is the SHA-256 of its samples.
    """

    task: str
    group: str
    name: str
    speaker: str
    said: str
    path: Path

    @property
    def is_string(self) -> bool:
        """Whether it may have several digits."""
        return self.task in STRINGS or self.group in STRINGS


#: Id, speaker, digits, samples (or the file that holds them), rate.
Sound = tuple[str, str, str, Samples | Path, int]


def make_clips(data: Path, folder: Path, share: float = 1.0) -> list[Clip]:
    """Write the clips that are missing below ``folder`` and return all, or a share of those of each group."""
    clips = []
    for task, groups in COUNTS.items():
        for group, count in groups.items():
            sounds = sorted(_sounds(task, group, data, folder), key=lambda sound: _checksum(sound[0]))
            for name, speaker, said, sound, sound_rate in sounds[: math.ceil(share * count)]:
                samples, rate = read_audio(sound) if isinstance(sound, Path) else (sound, sound_rate)
                clips.append(Clip(task, group, name, speaker, said, write_wav(samples, rate, folder / "clips")))
    return clips


def write_wav(samples: Samples, rate: int, folder: Path) -> Path:
    """Write 16-bit samples under their SHA-256, unless they are there."""
    pcm = np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2")
    path = folder / f"{hashlib.sha256(rate.to_bytes(4, 'little') + pcm.tobytes()).hexdigest()}.wav"
    if not path.is_file():
        with atomic_path(path) as temporary, wave.open(str(temporary), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(pcm.tobytes())
    return path


def _sounds(task: str, group: str, data: Path, folder: Path) -> Iterable[Sound]:
    words = read_speech_commands(data / "speech_commands_digits")
    match task, group:
        case "digits", "Speech Commands 0.01":
            return _of_corpus(words)
        case "digits", "AN4":
            return _of_corpus(read_an4(data / "an4").filter(split="test"))
        case "digits", collection:
            return _people(data / "people", [collection], "held_out", DIGITS.words)
        case "tuning", "digits":
            return _people(data / "people", PEOPLE[:3], "train", DIGITS.words)
        case "tuning", "strings":
            an4 = _of_corpus(read_an4_strings(data / "an4").filter(split="train"))
            return [*an4, *_numbers(data, "alphanumeric", "train")]
        case "strings", "AN4 strings":
            return _of_corpus(read_an4_strings(data / "an4").filter(split="test"))
        case "strings", "put together":
            planned = plan_strings(words, COUNTS[task][group], seed=SEED, lengths=range(4, 11))
            return _of_corpus(write_strings(planned, folder / "strings"))
        case "strings", _:
            collection = {"telephone numbers": "alphanumeric", "read numbers": "speechocean"}[group]
            return _numbers(data, collection, "held_out")
        case "rebuild", _:
            letter, snr_db, _ = group.split()
            return _of_corpus(_rebuilt(data, folder).filter(set=letter.lower(), snr_db=snr_db))
        case "telephone", _:
            return _telephone(words, lost="lost" in group)
        case "negatives", "talk":
            talk = wordless("talk", SoundFiles("wuw_corpus_ii/sentence", TALK_SESSIONS), root=data)
            return [(each.path.name, each.path.name.split("_")[0], "", each.path, 0) for each in talk]
        case "negatives", "letters":
            letters = [f"letter_{letter}" for letter in "abcdefghijklmnpqrstuvwxyz"]  # the letter o is a digit
            return _people(data / "people", PEOPLE, "held_out", letters)
        case "negatives", "other words":
            return _of_corpus(read_speech_commands(data / "speech_commands_other/words").filter(is_reject_test))
        case "negatives", "noise":
            return _noise(data)
    raise ValueError(f"no clips are known for {task}, {group}")


def _of_corpus(corpus: Corpus) -> Iterator[Sound]:
    for each in corpus:
        name = "/".join(each.path.parts[-3:])
        yield name, each.speaker, _digits(each.words), each.path, 0


def _digits(words: Iterable[str]) -> str:
    """Return words as digits, none of them if they are no digits."""
    return "".join(str(DIGITS.digits[DIGITS.index(word)]) for word in words if word in DIGITS)


def _people(people: Path, collections: Iterable[str], side: str, labels: Collection[str]) -> Iterator[Sound]:
    for said in people_words(people):
        if said.attributes["collection"] in collections and said.split == side and said.word in labels:
            name = said.path.relative_to(people).as_posix()
            yield name, said.speaker, _digits(said.words), said.path, 0


def _numbers(data: Path, collection: str, side: str) -> Iterator[Sound]:
    folder = data / "people" / "strings"
    for string in people_strings(folder, side):
        if string.collection == collection:
            name, said = string.path.relative_to(folder).as_posix(), string.utterance
            yield name, said.speaker, _digits(said.words), string.path, 0


@cache
def _rebuilt(data: Path, folder: Path) -> Corpus:
    words = read_speech_commands(data / "speech_commands_digits")
    test = with_test_speakers(words, words.speakers)
    noise = data / "noise" / "noizeus"
    report = build_noisy_corpus(test, noise, folder / "rebuild", seed=SEED, snrs_db=SNRS_DB, format="flac", workers=1)
    return read_aurora2(report.folder)


def _telephone(words: Corpus, *, lost: bool) -> Iterator[Sound]:
    for each in sorted(words, key=_key)[: 2 * COUNTS["telephone"]["G.712, mu-law"]]:
        samples, rate = read_audio(each.path)
        sent = mu_law(g712(resample(samples, rate, CHANNEL_RATE), CHANNEL_RATE))
        if lost:
            sent = lossy(sent, CHANNEL_RATE, LOST, np.random.default_rng([SEED, *each.path.name.encode()]))
        yield "/".join(each.path.parts[-2:]), each.speaker, _digits(each.words), sent, CHANNEL_RATE


def _noise(data: Path) -> Iterator[Sound]:
    for path in sorted((data / "noise" / "nonspeech100").glob("*.flac")):
        samples, rate = read_audio(path)
        yield path.name, "", "", windows(samples, rate)[0], rate


def _key(utterance: Utterance) -> str:
    return _checksum("/".join(utterance.path.parts[-3:]))


def _checksum(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
