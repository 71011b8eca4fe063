"""File names of the Aurora-2 form ``<SPK>_<DIGITS><REPETITION>`` for the digits of any speech.

``SPK`` is F or M, the sex, and two letters. They come from a hash of the speaker's name, so that a speaker has the same
letters in every build and a group of letters (FA, FB, MA and MB are a usual validation set) is a draw of speakers.
``REPETITION`` counts what one speaker says several times: A, B, ..., Y, AA, AB, ... without O and Z, which are words:
so a name can be read in one way only, and the names of Aurora-2 (A, B) are a part of these.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass

from aurora_resnet.corpora.checking import LISTED
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.corpora.sources.aurora2 import AURORA_LETTERS
from aurora_resnet.runtime.errors import CorpusError, listed

#: What a speaker of unknown sex counts as, in the name only; the manifest leaves the sex out.
UNKNOWN_SEX = "m"

_LETTER_OF_WORD = {word: letter for letter, word in AURORA_LETTERS.items()}
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_REPETITIONS = _ALPHABET.replace("O", "").replace("Z", "")


@dataclass(frozen=True)
class NamedUtterance:
    """A recording under its Aurora name, for instance ``FAC_13A``."""

    name: str
    utterance: Utterance

    @property
    def speaker_id(self) -> str:
        """The three letters of the speaker."""
        return self.name[:3]


def repetition_letters(count: int) -> str:
    """Return the letters of the repetition number ``count``, from 0 on.

    >>> [repetition_letters(count) for count in (0, 1, 13, 14, 23, 24, 25)]
    ['A', 'B', 'N', 'P', 'Y', 'AA', 'AB']
    """
    letters = ""
    while count >= 0:
        count, position = divmod(count, len(_REPETITIONS))
        letters = _REPETITIONS[position] + letters
        count -= 1
    return letters


def speaker_sex(utterance: Utterance) -> str:
    """Return ``"f"``, ``"m"``, or ``""`` if unknown, by the attribute ``sex`` or ``gender``.

    >>> from pathlib import Path
    >>> speaker_sex(Utterance(Path("1.wav"), ("one",), "me", attributes={"gender": "Female"}))
    'f'
    """
    for name in ("sex", "gender"):
        letter = utterance.attributes.get(name, "")[:1].lower()
        if letter in ("f", "m"):
            return letter
    return ""


def speaker_ids(corpus: Corpus) -> dict[str, str]:
    """Return the three letters of each speaker, whatever the order of the recordings.

    Raises:
        CorpusError: if a speaker is of both sexes, or more than 676 speakers are of one.

    >>> from pathlib import Path
    >>> speaker_ids(Corpus("mine", (Utterance(Path("1.wav"), ("one",), "me", attributes={"sex": "f"}),)))
    {'me': 'FTX'}
    """
    sexes: dict[str, set[str]] = defaultdict(set)
    for utterance in corpus:
        sexes[utterance.speaker].add(speaker_sex(utterance))
    ids: dict[str, str] = {}
    places = len(_ALPHABET) ** 2
    for speaker, sex in sorted(sexes.items()):
        known = sorted(sex - {""}) or [UNKNOWN_SEX]
        if len(known) > 1:
            raise CorpusError(f"speaker {speaker} is female in some recordings and male in others; correct the corpus")
        start = int.from_bytes(hashlib.sha256(speaker.encode("utf-8", "surrogateescape")).digest()[:8], "big")
        pairs = (divmod((start + step) % places, len(_ALPHABET)) for step in range(places))
        candidates = (known[0].upper() + _ALPHABET[first] + _ALPHABET[second] for first, second in pairs)
        ids[speaker] = next((letters for letters in candidates if letters not in ids.values()), "")
        if not ids[speaker]:
            raise CorpusError(
                f"more than {places} speakers of one sex ({known[0]}) do not fit Aurora's names of three letters; "
                "build fewer speakers at a time"
            )
    return ids


def name_utterances(corpus: Corpus) -> list[NamedUtterance]:
    """Give every recording its Aurora name, sorted by name.

    The repetitions of a speaker are counted in the order of the paths, so the order of the corpus does not matter.

    Args:
        corpus: recordings of at least one word, each of a known speaker.

    Raises:
        CorpusError: for words that Aurora-2 has no letter for, and as ``speaker_ids``.

    >>> from pathlib import Path
    >>> clips = tuple(Utterance(Path(f"{i}.wav"), ("one", "oh"), "me") for i in range(3))
    >>> [named.name for named in name_utterances(Corpus("mine", clips))]
    ['MTX_1OA', 'MTX_1OB', 'MTX_1OC']
    """
    if unknown := sorted({word for utterance in corpus for word in utterance.words} - set(_LETTER_OF_WORD)):
        raise CorpusError(
            f"{corpus.name}: Aurora-2's file names have no letter for {listed(unknown, LISTED)}; "
            f"keep recordings of {', '.join(_LETTER_OF_WORD)} alone, as with corpus.filter(words=...)"
        )
    ids = speaker_ids(corpus)
    groups: dict[str, list[Utterance]] = defaultdict(list)
    for utterance in corpus:
        letters = "".join(_LETTER_OF_WORD[word] for word in utterance.words)
        groups[f"{ids[utterance.speaker]}_{letters}"].append(utterance)
    named = [
        NamedUtterance(stem + repetition_letters(count), utterance)
        for stem, group in groups.items()
        for count, utterance in enumerate(sorted(group, key=lambda utterance: utterance.path.as_posix()))
    ]
    return sorted(named, key=lambda one: one.name)
