"""What a corpus holds, as a table."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.vocabulary import DIGITS

#: Stands in the word column for recordings of several words.
STRINGS = "(strings)"

HEADER = ("split", "word", "clips", "speakers")

#: Stands in the word column for recordings without any word.
NO_WORD = "(no word)"


@dataclass(frozen=True)
class CorpusSummary:
    """Counts of a corpus.

    Attributes:
        name: of the corpus.
        clips: how many recordings.
        speakers: how many known speakers.
        unknown_speaker_clips: how many recordings whose speaker is unknown.
        rows: split, word, clips and known speakers, for each split and word that occurs, in the order of
            ``word_order``, then strings.
        problems: what the reader left out and why.

    >>> from pathlib import Path
    >>> clips = [Utterance(Path(f"{speaker}.wav"), ("one",), speaker, "test") for speaker in "ab"]
    >>> summary = summarize("mine", clips)
    >>> summary.heading, summary.rows
    ('mine: 2 clips, 2 speakers', (('test', 'one', 2, 2),))
    """

    name: str
    clips: int
    speakers: int
    unknown_speaker_clips: int
    rows: tuple[tuple[str, str, int, int], ...]
    problems: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """The line above the table."""
        unknown = f", {self.unknown_speaker_clips} clips of unknown speakers" if self.unknown_speaker_clips else ""
        return f"{self.name}: {self.clips} clips, {self.speakers} speakers{unknown}"

    def cells(self) -> list[tuple[str, str, str, str]]:
        """Return the rows of the table as texts, below ``HEADER``."""
        return [(split or "-", word, str(clips), str(speakers)) for split, word, clips, speakers in self.rows]

    def to_html(self) -> str:
        """Return heading and table as HTML."""
        head = "".join(f"<th>{name}</th>" for name in HEADER)
        rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in self.cells())
        return f"<table><caption>{escape(self.heading)}</caption><tr>{head}</tr>{rows}</table>"


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
    (('', '(strings)', 1, 0),)
    """
    speakers: dict[tuple[str, str], list[str]] = defaultdict(list)
    for utterance in utterances:
        words = utterance.words
        said = words[0] if len(words) == 1 else STRINGS if words else NO_WORD
        speakers[utterance.split, said].append(utterance.speaker)
    last = {STRINGS: 1, NO_WORD: 2}
    cells = sorted(speakers, key=lambda cell: (cell[0], last.get(cell[1], 0), word_order(cell[1])))
    rows = tuple((*cell, len(speakers[cell]), len(set(speakers[cell]) - {""})) for cell in cells)
    all_of_them = [speaker for of_cell in speakers.values() for speaker in of_cell]
    known, unknown = len(set(all_of_them) - {""}), all_of_them.count("")
    return CorpusSummary(name, len(all_of_them), known, unknown, rows, tuple(problems))
