"""Cut and list what the shipped weights learn from beside whole corpora: near words, talk, voices of single clips.

    python -m tools.make_training_corpus --data ../shared/data --out data/voices

Written are

- ``an4_words/train`` and ``an4_words/held_out``: letters, teens, tens, commands of AN4's *training* speakers, one file a
  word, cut by ``an4/words.csv``;
- ``an4_talk/...``: runs of two and more of such words, of which training cuts pieces as a stream would;
- ``an4_seams/train``: the second half of a digit and the first half of the next, as they were spoken;
- ``prompts``: Asterisk's other prompts, without "niner";
- ``people.csv``: a manifest of the digits of ``people``, and ``people_words``, ``people_talk``: their near words and their
  sentences without digits, a folder for each side;
- ``people_strings``: tables like AN4's, which name the recordings of ``people/strings`` where they lie and say where each
  word is; whose speaker is held out has the split ``held_out``;
- ``speech_commands_v2_digits.csv`` and ``kokoro_tts.csv``: manifests with the speakers, of the latter only the clips
  that PocketSphinx understood.

What is held out is in no training: of AN4's training speakers those whom ``validation_share = 0.15`` holds out too; of
``wuw_corpus_ii`` the sessions whose number ends in 0 or 5; of Speech Commands' other words the speakers whose id ends in
e; of ``people`` every fifth person, by a checksum of the id. Those of the telephone and of Speech Commands are told by
file names, so training files leave them out by a pattern.
"""

import argparse
import csv
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import NamedTuple

import soundfile
from tqdm.auto import tqdm

from aurora_resnet.clips.negatives import NegativeShares
from aurora_resnet.corpora.checking import read_table
from aurora_resnet.corpora.manifest import write_csv
from aurora_resnet.corpora.sources.an4 import read_an4, read_an4_aligned
from aurora_resnet.corpora.sources.folder import read_folder
from aurora_resnet.corpora.splits import split_speakers
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.vocabulary import DIGITS

VALIDATION_SHARE = 0.15
MARGIN_SECONDS = 0.02
#: Digits with a longer pause between them are not one piece of speech.
SEAM_SECONDS = 0.1


def write_table(path: Path, rows: list[dict[str, str]]) -> None:
    """Write dictionaries with equal keys as CSV."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


class Piece(NamedTuple):
    """A stretch of an AN4 utterance to cut: folder, name, seconds."""

    kind: str
    name: str
    start: float
    end: float


def pieces(words: Sequence[str], spans: Sequence[tuple[float, float]]) -> Iterator[Piece]:
    """Yield the words, runs and seams of an utterance.

    >>> found = pieces(("sixty", "b", "two", "three"), ((0.0, 0.4), (0.4, 0.6), (0.6, 0.9), (0.9, 1.3)))
    >>> [(piece.kind, piece.name) for piece in found]
    [('an4_words', 'sixty_0'), ('an4_words', 'b_1'), ('an4_talk', 'sixty-b_0'), ('an4_seams', 'two-three_2')]
    """
    whole = NegativeShares().whole_words
    # AN4's spelling: files keep the names that were trained on.
    names = ["o" if word == "oh" else word for word in words]
    for digits, numbered in groupby(range(len(words)), key=lambda position: words[position] in DIGITS):
        run = list(numbered)
        if not digits:
            for at in run:
                start, end = spans[at][0] - MARGIN_SECONDS, spans[at][1] + MARGIN_SECONDS
                yield Piece("an4_words", f"{names[at]}_{at}", start, end)
            if len(run) > 1:
                name = "-".join(names[at] for at in run[:6])
                yield Piece("an4_talk", f"{name}_{run[0]}", spans[run[0]][0], spans[run[-1]][1])
            continue
        for first, second in pairwise(run):
            near = spans[second][0] - spans[first][1] < SEAM_SECONDS
            if near and not {words[first], words[second]} & set(whole):
                middles = (sum(spans[at]) / 2 for at in (first, second))
                yield Piece("an4_seams", f"{names[first]}-{names[second]}_{first}", *middles)


def cut_pieces(an4: Path, split: str) -> Iterator[tuple[Piece, Utterance, Samples, int]]:
    """Yield the pieces of one side of AN4, with their utterances, their sound and its rate."""
    for aligned in read_an4_aligned(an4):
        utterance = aligned.utterance
        if utterance.split == split:
            samples, rate = read_audio(utterance.path)
            for piece in pieces(utterance.words, aligned.spans):
                yield piece, utterance, samples[max(0, round(piece.start * rate)) : round(piece.end * rate)], rate


def held_out_speakers(an4: Path) -> tuple[str, ...]:
    """Return AN4's training speakers who decide."""
    training = read_an4(an4).filter(split="train", isolated=True)
    return split_speakers(training, VALIDATION_SHARE, seed=0)[1].speakers


def cut_an4(an4: Path, out: Path) -> None:
    """Write the pieces of AN4's training speakers."""
    held_out = held_out_speakers(an4)
    for piece, utterance, samples, rate in tqdm(cut_pieces(an4, "train"), desc="an4", unit="piece"):
        side = "held_out" if utterance.speaker in held_out else "train"
        write_flac(out / piece.kind / side / f"{piece.name}_{utterance.path.stem}.flac", samples, rate)


def copy_prompts(folder: Path, out: Path) -> None:
    """Write Asterisk's prompts that are no digits."""
    for path in sorted(folder.glob("other_*/*")):
        if path.parent.name != "other_9_p":
            write_flac(out / f"{path.parent.name.removeprefix('other_')}.flac", *read_audio(path))


def list_kokoro(folder: Path, out: Path) -> None:
    """Write the manifest of the neural voices' clips that PocketSphinx understood."""
    table = read_table(folder / "clips.csv", "the list of clips", ("file", "label", "voice", "pocketsphinx"))
    rows = [row for _, row in table if row["pocketsphinx"] == row["label"]]
    write_csv([Utterance(folder / r["file"], (r["label"],), f"kokoro_tts/{r['voice']}", "train") for r in rows], out)


def side_of_person(speaker: str) -> str:
    """Return on which side of training a person of ``people`` stands; ids are the same in all of its collections."""
    return "held_out" if zlib.crc32(speaker.encode()) % 5 == 0 else "train"


def people_words(folder: Path) -> Iterator[Utterance]:
    """Yield the recordings of ``people`` in which one thing is said; the split is the side, an attribute the collection."""
    for path in sorted(folder.glob("*/*/*.flac")):
        collection, label = path.parts[-3:-1]
        if collection != "strings":
            speaker, about = path.stem.rpartition("_")[0], {"collection": collection}
            yield Utterance(path, (label,), speaker, side_of_person(speaker), attributes=about)


def list_people(folder: Path, out: Path) -> None:
    """Write the manifest of their digits, and their near words."""
    digits = []
    for said in people_words(folder):
        if said.word in DIGITS:
            digits.append(replace(said, speaker=f"people/{said.speaker}"))
        else:
            name = f"{said.word}_{said.path.name}"
            write_flac(out / "people_words" / said.split / name, *read_audio(said.path))
    write_csv(digits, out / "people.csv")


class PersonString(NamedTuple):
    """A whole recording of ``people/strings``; ``times`` are words with their first and last second."""

    path: Path
    collection: str
    utterance: Utterance
    times: tuple[tuple[str, str, str], ...]

    @property
    def is_talk(self) -> bool:
        """Whether no number is said in it."""
        return self.collection.endswith("_talk")


def people_strings(folder: Path, side: str | None = None) -> Iterator[PersonString]:
    """Yield the recordings of ``people/strings``, those of one side alone if it is given; the split is the side."""
    columns = ("file", "speaker", "collection", "transcript", "times")
    for _, row in read_table(folder / "strings.csv", "the list of strings", columns):
        path, speaker = folder / row["file"], row["speaker"]
        theirs = side_of_person(speaker)
        if side in (None, theirs):
            utterance = Utterance(path, tuple(row["transcript"].split()), speaker, theirs)
            timed = (tuple(each.split(":")) for each in row["times"].split(";") if each)
            yield PersonString(path, row["collection"], utterance, tuple((w, a, b) for w, a, b in timed))


def list_people_strings(folder: Path, out: Path) -> None:
    """Write AN4's two tables for whole recordings with digits, and those without digits."""
    utterances, words = [], []
    for string in people_strings(folder):
        path, side = string.path, string.utterance.split
        if string.is_talk:
            write_flac(out / "people_talk" / side / path.name, *read_audio(path))
            continue
        about = {
            "file": os.path.relpath(path, out / "people_strings"),
            "speaker": string.utterance.speaker,
            "split": side,
        }
        utterances.append(about | {"transcript": " ".join(string.utterance.words), "gender": ""})
        for position, (word, start, end) in enumerate(string.times):
            digit = word if word in DIGITS else ""
            timing = {"digit": digit, "start_s": start, "end_s": end}
            words.append(about | {"position": str(position), "word": word, **timing})
    write_table(out / "people_strings" / "utterances.csv", utterances)
    write_table(out / "people_strings" / "words.csv", words)


def write_flac(path: Path, samples: object, rate: int) -> None:
    """Write a sound file whole or not at all; one that is there stays."""
    if not path.exists():
        with atomic_path(path) as temporary:
            soundfile.write(temporary, samples, rate, subtype="PCM_16")


def main() -> None:
    """Write everything that is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the recordings")
    parser.add_argument("--out", type=Path, default=Path("data/voices"), help="folder to write to")
    options = parser.parse_args()
    data, out = options.data, options.out
    cut_an4(data / "an4", out)
    copy_prompts(data / "asterisk_en_allison", out / "prompts")
    speech_commands = read_folder(data / "speech_commands_v2_digits", speaker_pattern="^([0-9a-f]+)_")
    write_csv(speech_commands, out / "speech_commands_v2_digits.csv")
    list_kokoro(data / "kokoro_tts", out / "kokoro_tts.csv")
    list_people(data / "people", out)
    list_people_strings(data / "people" / "strings", out)
    for folder in sorted(path for path in out.glob("*/*") if path.is_dir()):
        print(f"{folder}: {sum(1 for _ in folder.iterdir())} files")


if __name__ == "__main__":
    main()
