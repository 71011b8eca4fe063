"""One recording and what is known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from aurora_resnet.runtime.audio.sound_files import RawFormat
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.runtime.vocabulary import check_word

#: Keywords of ``Corpus.filter``; an attribute of such a name could not be asked for.
RESERVED_NAMES = frozenset({"self", "predicate", "split", "words", "speakers", "isolated"})

#: Attribute of recordings that were found to be cut off at their peaks when they were read.
CLIPPED = "clipped"


@dataclass(frozen=True)
class Utterance:
    """One recording: where it is, what is said, who says it.

    Attributes:
        path: the sound file.
        words: the words in the order spoken, each as ``check_word`` returns it. One word is an isolated word, several
            are a string, none is a recording without any word that matters.
        speaker: identity, unique over all corpora (``"fsdd/theo"``); empty if unknown.
        split: the side that the corpus itself puts the recording on (``"train"``, ``"test"``); empty if none.
        raw: format of a headerless file; None if the file describes itself.
        attributes: anything else, by name (``{"snr_db": "5"}``). Names are Python identifiers, values are
            strings that are not empty: what is not known is left out.

    Raises:
        CorpusError: for a word that is no text of one line, or an attribute of a bad name or value.

    >>> Utterance(Path("a.wav"), ("one", "oh"), "fsdd/theo", attributes={"snr_db": "5"}).attributes["snr_db"]
    '5'
    >>> Utterance(Path("a.wav"), (" one",), "")
    Traceback (most recent call last):
    ...
    aurora_resnet.runtime.errors.CorpusError: a.wav: a word is a text of one line without white space ... got ' one'
    """

    path: Path
    words: tuple[str, ...]
    speaker: str
    split: str = ""
    raw: RawFormat | None = None
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "words", tuple(check_word(word, str(self.path)) for word in self.words))
        except ConfigError as error:
            raise CorpusError(str(error)) from None
        for name, value in self.attributes.items():
            if not name.isidentifier() or name in RESERVED_NAMES:
                raise CorpusError(
                    f"{self.path}: '{name}' cannot name an attribute; expected a Python identifier, "
                    f"none of {', '.join(sorted(RESERVED_NAMES))}"
                )
            if not value:
                raise CorpusError(f"{self.path}: attribute '{name}' is empty; leave out what is not known")
        object.__setattr__(self, "attributes", MappingProxyType(dict(self.attributes)))

    def __reduce__(self) -> tuple[type[Utterance], tuple[object, ...]]:
        # A mapping proxy can be neither pickled nor copied deeply; worker processes need both.
        return type(self), (self.path, self.words, self.speaker, self.split, self.raw, dict(self.attributes))

    def marked_clipped(self) -> Utterance:
        """Return the utterance with the attribute ``clipped``.

        >>> dict(Utterance(Path("a.wav"), ("one",), "").marked_clipped().attributes)
        {'clipped': 'yes'}
        """
        return replace(self, attributes={**self.attributes, CLIPPED: "yes"})

    @property
    def word(self) -> str:
        """The word of a recording of one word.

        Raises:
            CorpusError: if the utterance is not exactly one word.

        >>> Utterance(Path("a.wav"), ("nine",), "").word
        'nine'
        """
        if len(self.words) != 1:
            raise CorpusError(
                f"{self.path}: expected one word, but it says {len(self.words)}: '{' '.join(self.words)}'; "
                "keep single words with Corpus.filter(isolated=True)"
            )
        return self.words[0]
