"""What a corpus holds, as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.vocabulary import DIGITS

STRINGS = "(strings)"
"""Stands in the word column for recordings of several words."""

HEADER = ("split", "word", "clips", "speakers")

NO_WORD = "(no word)"
"""Stands in the word column for recordings without any word."""


@dataclass(frozen=True)
class SummaryRow:
    """Clips and known speakers of one word in one split."""

    split: str
    word: str
    clips: int
    speakers: int


@dataclass(frozen=True)
class CorpusSummary:
    """Counts of a corpus.

    Attributes:
        name: of the corpus.
        clips: how many recordings.
        speakers: how many known speakers.
        unknown_speaker_clips: how many recordings whose speaker is unknown.
        rows: one for each split and word that occurs, in the order of ``word_order``, then strings.
        problems: what the reader left out and why.

    >>> from pathlib import Path
    >>> clips = [Utterance(Path(f"{speaker}.wav"), ("one",), speaker, "test") for speaker in "ab"]
    >>> print(summarize("mine", clips).to_text())
    mine: 2 clips, 2 speakers
    | split | word | clips | speakers |
    |-------|------|-------|----------|
    | test  | one  |     2 |        2 |
    """

    name: str
    clips: int
    speakers: int
    unknown_speaker_clips: int
    rows: tuple[SummaryRow, ...]
    problems: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """The line above the table."""
        unknown = f", {self.unknown_speaker_clips} clips of unknown speakers" if self.unknown_speaker_clips else ""
        return f"{self.name}: {self.clips} clips, {self.speakers} speakers{unknown}"

    def cells(self) -> list[tuple[str, str, str, str]]:
        """Return the rows of the table as texts, below ``HEADER``."""
        return [(row.split or "-", row.word, str(row.clips), str(row.speakers)) for row in self.rows]

    def to_html(self) -> str:
        """Return heading and table as HTML."""
        head = "".join(f"<th>{name}</th>" for name in HEADER)
        rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in self.cells())
        return f"<table><caption>{escape(self.heading)}</caption><tr>{head}</tr>{rows}</table>"

    def to_text(self) -> str:
        """Return heading, table (as Markdown, columns aligned) and problems as plain text."""
        cells = [HEADER, *self.cells()]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            f"| {split:<{widths[0]}} | {word:<{widths[1]}} | {clips:>{widths[2]}} | {speakers:>{widths[3]}} |"
            for split, word, clips, speakers in cells
        ]
        lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        if self.problems:
            lines += ["", f"{len(self.problems)} problems:", *(f"- {problem}" for problem in self.problems)]
        return "\n".join([self.heading, *lines])


def word_order(word: str) -> tuple[int, str]:
    """Return a key that sorts digits in their order before all other words, which are in alphabetical order.

    >>> sorted(["yes", "oh", "no", "one"], key=word_order)
    ['one', 'oh', 'no', 'yes']
    """
    return (DIGITS.index(word) if word in DIGITS else len(DIGITS), word)


def summarize(name: str, utterances: Iterable[Utterance], problems: Iterable[str] = ()) -> CorpusSummary:
    """Count the recordings and speakers of each split and word.

    >>> from pathlib import Path
    >>> summarize("mine", [Utterance(Path("1.wav"), ("one", "two"), "")]).rows
    (SummaryRow(split='', word='(strings)', clips=1, speakers=0),)
    """
    clips: dict[tuple[str, str], int] = {}
    speakers: dict[tuple[str, str], set[str]] = {}
    unknown = 0
    for utterance in utterances:
        words = utterance.words
        cell = (utterance.split, words[0] if len(words) == 1 else STRINGS if words else NO_WORD)
        clips[cell] = clips.get(cell, 0) + 1
        speakers.setdefault(cell, set()).update({utterance.speaker} - {""})
        unknown += not utterance.speaker
    last = {STRINGS: 1, NO_WORD: 2}
    cells = sorted(clips, key=lambda cell: (cell[0], last.get(cell[1], 0), word_order(cell[1])))
    rows = tuple(SummaryRow(*cell, clips[cell], len(speakers[cell])) for cell in cells)
    known = set().union(*speakers.values())
    return CorpusSummary(name, sum(clips.values()), len(known), unknown, rows, tuple(problems))
