"""Conditions that are scored apart: a corpus divided by its attributes, several corpora by their names."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.errors import CorpusError, did_you_mean


def conditions_by(corpus: Corpus, *names: str) -> dict[str, Corpus]:
    """Divide a corpus by the values of attributes, such as ``"set", "noise", "snr_db"``.

    Args:
        corpus: the recordings.
        *names: attributes, each of which some recording has. Where a recording lacks one, its value is ``-``.

    Returns:
        Corpora by the name of the condition, in the order in which they first occur.

    Raises:
        CorpusError: if no recording has an attribute of such a name.

    >>> from pathlib import Path
    >>> car = Utterance(Path("1.wav"), ("one",), "me", attributes={"noise": "car", "snr_db": "5"})
    >>> clean = Utterance(Path("2.wav"), ("two",), "me", attributes={"snr_db": "clean"})
    >>> list(conditions_by(Corpus("mine", (car, clean)), "noise", "snr_db"))
    ['noise=car snr_db=5', 'noise=- snr_db=clean']
    """
    known = sorted({name for utterance in corpus for name in utterance.attributes})
    for name in names:
        if name not in known:
            raise CorpusError(
                f"{corpus.name}: no recording has an attribute '{name}'{did_you_mean(name, known)}; "
                f"known: {', '.join(known) or 'none'}"
            )
    groups: dict[str, list[Utterance]] = {}
    for utterance in corpus:
        condition = " ".join(f"{name}={utterance.attributes.get(name, '-')}" for name in names)
        groups.setdefault(condition, []).append(utterance)
    return {name: replace(corpus, utterances=tuple(group)) for name, group in groups.items()}


def named_apart(corpora: Mapping[str, Corpus]) -> dict[str, Corpus]:
    """Return corpora by their names, and where several have one name, by what they were asked for.

    Args:
        corpora: by what they were asked for, as ``folder:here/words``.

    >>> alike = Corpus("words", ())
    >>> list(named_apart({"folder:here/words": alike, "folder:there/words": alike, "fsdd:fsdd": Corpus("fsdd", ())}))
    ['folder:here/words', 'folder:there/words', 'fsdd']
    """
    names = Counter(corpus.name for corpus in corpora.values())
    return {corpus.name if names[corpus.name] == 1 else asked: corpus for asked, corpus in corpora.items()}
