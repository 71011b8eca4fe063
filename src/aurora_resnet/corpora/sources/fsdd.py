"""The Free Spoken Digit Dataset, as its repository distributes it."""

from __future__ import annotations

import re
from pathlib import Path

from aurora_resnet.corpora.checking import check_folder, raise_together, visible
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.runtime.errors import CorpusError
from aurora_resnet.runtime.vocabulary import WORDS

TEST_INDICES = range(5)
"""The corpus's own test set: recordings 0 to 4 of each digit and speaker."""

_NAME = re.compile(r"(?P<digit>[0-9])_(?P<speaker>[^_]+)_(?P<index>[0-9]+)\.wav", re.IGNORECASE)


def read_fsdd(folder: str | Path) -> Corpus:
    """Read FSDD: ``{digit}_{speaker}_{index}.wav``, isolated digits zero to nine at 8 kHz.

    The split is the corpus's own, in which the same speakers stand on both sides: ``"test"`` for indices 0
    to 4, ``"train"`` for the others. The index is an attribute. Other files than ``.wav`` are passed over.

    Args:
        folder: the root of the repository or its ``recordings`` folder.

    Raises:
        CorpusError: if the folder is missing or has no recordings, or naming the misnamed ones.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "7_theo_12.wav").touch()
    >>> clip = read_fsdd(folder)[0]
    >>> clip.word, clip.speaker, clip.split, clip.attributes["index"]
    ('seven', 'fsdd/theo', 'train', '12')
    """
    folder = check_folder(folder, "the FSDD folder")
    if (folder / "recordings").is_dir():
        folder = folder / "recordings"
    utterances, problems = [], []
    for path in visible(folder):
        if path.suffix.lower() != ".wav":
            continue
        match = _NAME.fullmatch(path.name)
        if match is None:
            problems.append(f"{path.name}: expected a name like 7_theo_12.wav (digit, speaker, index)")
            continue
        index = int(match["index"])
        utterances.append(
            Utterance(
                path,
                (WORDS[int(match["digit"])],),
                f"fsdd/{match['speaker']}",
                "test" if index in TEST_INDICES else "train",
                attributes={"index": str(index)},
            )
        )
    raise_together(folder, problems)
    if not utterances:
        raise CorpusError(f"{folder}: expected recordings like 7_theo_12.wav here or in recordings/, found none")
    return Corpus("fsdd", tuple(utterances))
