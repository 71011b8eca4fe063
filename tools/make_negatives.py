"""Make the bank of negatives with which ``teach`` tells new words from everything else.

    python -m tools.make_negatives --data ../shared/data     # a few minutes; again whenever the speech encoder changes

It holds embeddings of other words, talk and noise of sets that may be shipped, by speakers who are in no test, and a
projection: a linear discriminant analysis of the words (Fisher, 1936), with a shrunk covariance. The words of the
measurement (``tools.measure.own_words``) are in the bank, but the projection has not learnt from them, and the
measurement leaves them out.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from tqdm.auto import tqdm

from aurora_resnet.corpora.sources.an4 import read_an4_aligned
from aurora_resnet.runtime.audio.clips import make_clip
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.recordings import open_recording
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.teaching.encoder import Encoder
from aurora_resnet.teaching.negatives import BANK, NOISE, TALK, Bank
from tools.make_training_corpus import held_out_speakers, people_strings, people_words

MARGIN_SECONDS = 0.12
MOST_OF_A_WORD, MOST_TALK = 40, 1500
#: Words of the measurement.
MEASURED = frozenset(
    """yes no up down left right on off stop go backward bed bird cat dog follow forward happy house learn marvin
    sheila tree visual wow enter erase rubout fifty nineteen seventy sixty thirty twenty""".split()  # noqa: SIM905
)


class Sound(NamedTuple):
    """A stretch of a file and what is said in it."""

    label: str
    path: Path
    start: float = 0.0
    end: float = float("inf")


def words(data: Path) -> Iterator[Sound]:
    """Yield words of AN4's training speakers, of people, telephone calls, prompts and Speech Commands."""
    held_out = held_out_speakers(data / "an4")
    for aligned in read_an4_aligned(data / "an4"):
        said = aligned.utterance
        if said.split == "train" and said.speaker not in held_out:
            for word, (start, end) in zip(said.words, aligned.spans, strict=True):
                yield Sound(word, said.path, start - MARGIN_SECONDS, end + MARGIN_SECONDS)
    for said in people_words(data / "people"):
        if said.split == "train":
            yield Sound(said.word.removeprefix("letter_").removeprefix("word_"), said.path)
    for path in sorted((data / "wuw_corpus_ii").glob("*/*.flac")):
        if path.parent.name != "sentence" and not _is_held_out(path):
            yield Sound(path.parent.name, path)
    for path in sorted((data / "asterisk_en_allison").glob("other_*/*.*")):
        yield Sound(path.parent.name.removeprefix("other_"), path)
    for path in sorted((data / "speech_commands_v2_words").glob("*/*.flac")):
        yield Sound(path.parent.name, path)
    for path in sorted((data / "speech_commands_other" / "words").iterdir()):
        word, speaker = path.stem.split("_")[:2]
        if int(speaker[-1], 16) % 2 == 0:
            yield Sound(word, path)


def talk(data: Path, *, held_out: bool = False) -> Iterator[Sound]:
    """Yield seconds of sentences: those of the bank, or those on the telephone that are in no bank."""
    files = [path for path in (data / "wuw_corpus_ii" / "sentence").iterdir() if _is_held_out(path) == held_out]
    if not held_out:
        files += [each.path for each in people_strings(data / "people" / "strings", "train") if each.is_talk]
    for path in sorted(files):
        for second in range(int(soundfile.info(path).duration)):
            yield Sound(TALK, path, second, second + 1)


def _is_held_out(path: Path) -> bool:
    """Tell whether it is of a session whose number ends in 0 or 5."""
    return path.stem.partition("_")[0][-1] in "05"


def noise(data: Path) -> Iterator[Sound]:
    """Yield seconds of noise."""
    for path in sorted((data / "speech_commands_other" / "background").iterdir())[::2]:
        yield Sound(NOISE, path)
    for path in sorted((data / "noise" / "esc10").rglob("*.ogg")):
        yield Sound(NOISE, path, 1.0, 2.0)


def choose(data: Path) -> list[Sound]:
    """Return what the bank is made of: of each word so many."""
    generator = np.random.default_rng(0)
    found = [*words(data), *noise(data)]
    talked = list(talk(data))
    sounds: list[Sound] = [talked[i] for i in sorted(generator.permutation(len(talked))[:MOST_TALK])]
    counts: Counter[str] = Counter()
    for place in generator.permutation(len(found)):
        sound = found[place]
        counts[sound.label] += 1
        if counts[sound.label] <= MOST_OF_A_WORD or sound.label == NOISE:
            sounds.append(sound)
    return sounds


def clip(sound: Sound, rate: int) -> Samples:
    """Return a second of a sound as a model gets it."""
    samples, its_rate = read_audio(sound.path)
    stretch = samples[max(0, round(sound.start * its_rate)) : round(min(sound.end, len(samples) / its_rate) * its_rate)]
    return make_clip(open_recording(stretch, its_rate), rate, rate).samples


def main() -> None:
    """Write the bank."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the recordings")
    parser.add_argument("--out", type=Path, default=BANK, help="file to write")
    options = parser.parse_args()
    encoder, sounds = Encoder(), choose(options.data)
    embeddings = np.concatenate([encoder.embed(clip(each, encoder.facts.sample_rate)[None]) for each in tqdm(sounds)])
    bank = Bank.fit(embeddings, [sound.label for sound in sounds], encoder, unused=MEASURED)
    bank.save(options.out)
    print(f"{options.out}: {len(bank)} negatives, {options.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
