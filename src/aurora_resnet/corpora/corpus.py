"""A corpus: utterances under a name, which can be filtered, merged, counted, written and read again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from aurora_resnet.corpora.manifest import raw_values, read_csv, read_jsonl, write_csv
from aurora_resnet.corpora.summary import CorpusSummary, summarize, word_order
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.errors import CorpusError, did_you_mean
from aurora_resnet.runtime.vocabulary import DIGITS, Vocabulary

__all__ = ["Corpus", "Utterance"]


@dataclass(frozen=True, repr=False)
class Corpus:
    """Utterances in a fixed order; every change gives a new corpus.

    Attributes:
        name: how reports call it.
        utterances: the recordings.
        problems: what a reader found but could not use, each with the path and what is wrong with it.

    >>> one = Utterance(Path("1.wav"), ("one",), "me", "train")
    >>> pair = Utterance(Path("2.wav"), ("one", "two"), "you", "test")
    >>> corpus = Corpus("mine", (one, pair))
    >>> len(corpus), corpus.speakers, corpus.filter(isolated=True).utterances == (one,)
    (2, ('me', 'you'), True)
    """

    name: str
    utterances: tuple[Utterance, ...]
    problems: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "utterances", tuple(self.utterances))
        object.__setattr__(self, "problems", tuple(self.problems))

    def __len__(self) -> int:
        return len(self.utterances)

    def __iter__(self) -> Iterator[Utterance]:
        return iter(self.utterances)

    def __getitem__(self, index: int) -> Utterance:
        return self.utterances[index]

    def __add__(self, other: Corpus) -> Corpus:
        return self.merge(other)

    def __repr__(self) -> str:
        return (
            f"Corpus({self.summary().heading}, words: {', '.join(self.words[:12])}{', ...' * (len(self.words) > 12)})"
        )

    def _repr_html_(self) -> str:
        """Return the summary as a table, for notebooks."""
        return self.summary().to_html()

    @property
    def words(self) -> tuple[str, ...]:
        """The words that are spoken, digits first in their order, then other words in alphabetical order.

        >>> Corpus("mine", tuple(Utterance(Path(f"{w}.wav"), (w,), "") for w in ("yes", "two", "one"))).words
        ('one', 'two', 'yes')
        """
        return tuple(sorted({word for u in self.utterances for word in u.words}, key=word_order))

    def vocabulary(self) -> Vocabulary:
        """Return the vocabulary of a model for this corpus: ``words``, or all eleven digits if they suffice.

        Raises:
            ConfigError: for fewer than two words.

        >>> Corpus("mine", (Utterance(Path("1.wav"), ("one",), ""),)).vocabulary() == DIGITS
        True
        """
        return DIGITS if self.words and not DIGITS.unknown(self.words) else Vocabulary(self.words)

    @property
    def speakers(self) -> tuple[str, ...]:
        """The known speakers, sorted.

        >>> Corpus("mine", (Utterance(Path("1.wav"), ("one",), ""),)).speakers
        ()
        """
        return tuple(sorted({utterance.speaker for utterance in self.utterances} - {""}))

    def filter(
        self,
        predicate: Callable[[Utterance], bool] | None = None,
        *,
        split: str | Collection[str] | None = None,
        words: str | Collection[str] | None = None,
        speakers: str | Collection[str] | None = None,
        isolated: bool | None = None,
        **attributes: str | Collection[str],
    ) -> Corpus:
        """Return the utterances that fulfil every condition given.

        Args:
            predicate: any further condition.
            split: one split or several.
            words: keep isolated words that are one of these.
            speakers: one full speaker id or several.
            isolated: True keeps single words, False keeps everything else.
            **attributes: a value, or several, for an attribute: ``snr_db=("5", "10")``.

        Raises:
            CorpusError: if no utterance of this corpus has such a split, word, speaker, attribute or attribute
                value: probably a misspelling. An empty corpus stays empty.

        >>> corpus = Corpus("mine", (Utterance(Path("1.wav"), ("one",), "", attributes={"snr_db": "5"}),))
        >>> len(corpus.filter(snr_db="5")), len(corpus.filter(words="one", isolated=False))
        (1, 0)
        >>> corpus.filter(snr="5")
        Traceback (most recent call last):
        ...
        aurora_resnet.runtime.errors.CorpusError: mine: no utterance has an attribute 'snr' (did you mean ...
        """
        kept = self.utterances
        for field, values in (("split", split), ("speaker", speakers)):
            if values is not None:
                wanted = self._wanted(field, values, {getattr(u, field) for u in self.utterances})
                kept = tuple(u for u in kept if getattr(u, field) in wanted)
        for name, values in attributes.items():
            if self.utterances:
                self._wanted("attribute", name, {key for u in self.utterances for key in u.attributes})
            wanted = self._wanted(name, values, {u.attributes.get(name, "") for u in self.utterances})
            kept = tuple(u for u in kept if u.attributes.get(name) in wanted)
        if words is not None:
            wanted = self._wanted("word", words, {word for u in self.utterances for word in u.words})
            kept = tuple(u for u in kept if len(u.words) == 1 and u.words[0] in wanted)
        if isolated is not None:
            kept = tuple(u for u in kept if (len(u.words) == 1) == isolated)
        if predicate is not None:
            kept = tuple(u for u in kept if predicate(u))
        return replace(self, utterances=kept)

    def merge(self, *others: Corpus) -> Corpus:
        """Return this corpus followed by the others; ``a + b`` is ``a.merge(b)``.

        >>> (Corpus("a", ()) + Corpus("b", ())).name
        'a+b'
        """
        parts = (self, *others)
        return Corpus(
            "+".join(part.name for part in parts),
            tuple(utterance for part in parts for utterance in part.utterances),
            tuple(problem for part in parts for problem in part.problems),
        )

    def summary(self) -> CorpusSummary:
        """Count clips and speakers by split and word.

        >>> print(Corpus("mine", (Utterance(Path("1.wav"), ("one",), "me", "test"),)).summary().heading)
        mine: 1 clips, 1 speakers
        """
        return summarize(self.name, self.utterances, self.problems)

    def digest(self) -> str:
        """Return a SHA-256 that tells two corpora apart, for run records.

        It covers the order, and of each utterance the path relative to the folder that holds them all, words,
        speaker, split and raw format; so it is the same wherever the corpus lies. Not the samples.

        >>> def corpus(root):
        ...     return Corpus(root, (Utterance(Path(root) / "1.wav", ("one",), "me"),))
        >>> corpus("here").digest() == corpus("there").digest()
        True
        """
        folders = {utterance.path.parent for utterance in self.utterances}
        resolved = {folder: folder.resolve() for folder in folders}
        common = Path(os.path.commonpath(resolved.values())) if resolved else Path()
        sha256 = hashlib.sha256()
        for u in self.utterances:
            path = (resolved[u.path.parent].relative_to(common) / u.path.name).as_posix()
            raw = list(raw_values(u.raw).values()) if u.raw else None
            sha256.update(json.dumps([path, u.words, u.speaker, u.split, raw]).encode() + b"\n")
        return sha256.hexdigest()

    def write_csv(self, path: str | Path) -> None:
        """Write a CSV manifest (its columns: ``corpora/manifest.py``); problems are not written."""
        write_csv(self.utterances, path)

    @classmethod
    def from_csv(cls, path: str | Path, name: str | None = None, *, words: bool = True) -> Corpus:
        """Read a CSV manifest; the name is the file's unless given, and ``words`` tells whether it must have words.

        Raises:
            CorpusError: listing everything that is wrong with the file.

        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "mine.csv"
        >>> corpus = Corpus("mine", (Utterance(file.parent / "1.wav", ("one",), "me"),))
        >>> corpus.write_csv(file)
        >>> Corpus.from_csv(file) == corpus
        True
        """
        return cls(Path(path).stem if name is None else name, read_csv(path, words=words))

    @classmethod
    def from_jsonl(cls, path: str | Path, name: str | None = None, *, words: bool = True) -> Corpus:
        """Read a JSON Lines manifest; the name is the file's unless given, and ``words`` as for ``from_csv``.

        Raises:
            CorpusError: listing everything that is wrong with the file.
        """
        return cls(Path(path).stem if name is None else name, read_jsonl(path, words=words))

    def _wanted(self, what: str, wanted: str | Collection[str], known: set[str]) -> set[str]:
        """Return the wanted values as a set, all of which occur in the corpus."""
        values = {wanted} if isinstance(wanted, str) else set(wanted)
        if not self.utterances:
            return values
        for value in sorted(values - known):
            listed = ", ".join(sorted(known - {""})[:12]) or "none"
            article = "an" if what == "attribute" else "the"
            hint = did_you_mean(value, known)
            raise CorpusError(f"{self.name}: no utterance has {article} {what} '{value}'{hint}; known: {listed}")
        return values
