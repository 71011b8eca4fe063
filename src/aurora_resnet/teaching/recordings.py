"""The recordings to teach with: words, other sounds, and speakers."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

from aurora_resnet.corpora.checking import check_folder, is_recording, visible
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.sources.folder import read_folder
from aurora_resnet.runtime.errors import CorpusError

#: The speaker is what stands before the first underscore, hyphen or blank, if all names look like that.
GUESSED_PATTERN = r"^([^_\-. ]+)[_\- ]"
#: Of a word: one to learn from while the other is held out.
FEWEST_CLIPS = 2


@dataclass(frozen=True)
class TeachingRecordings:
    """Recordings of the words and of anything else.

    Attributes:
        words: isolated words; the vocabulary is theirs.
        negatives: recordings that say none of them, perhaps none at all.
        speaker_pattern: how the speakers were found; ``None`` takes all for one speaker.
    """

    words: Corpus
    negatives: Corpus
    speaker_pattern: str | None = None

    def __post_init__(self) -> None:
        counts = self.clips_of_words()
        if len(counts) < 2:
            raise CorpusError(
                f"{self.words.name}: a recogniser needs two words or more, found {', '.join(counts) or 'none'}; make a "
                "sub-folder of recordings for each word, and _other for everything else"
            )
        if few := [word for word, clips in counts.items() if clips < FEWEST_CLIPS]:
            raise CorpusError(
                f"{self.words.name}: {', '.join(few[:10])} {'has' if len(few) == 1 else 'have'} one recording; record "
                "each word at least twice, better 20 times by several speakers"
            )

    @property
    def speakers(self) -> tuple[str, ...]:
        """Who says the words."""
        return self.words.speakers

    def clips_of_words(self) -> dict[str, int]:
        """Return how many recordings each word has."""
        counts = Counter(utterance.word for utterance in self.words)
        return {word: counts[word] for word in self.words.words}


def read_recordings(
    folder: str | Path | None, speaker_pattern: str | None = None, said: Corpus | None = None
) -> TeachingRecordings:
    """Read a folder with a sub-folder for each word and, if there is one, ``_other`` for everything else.

    Args:
        folder: the folder; words are the names of the sub-folders in lower case; ``None`` if all is in ``said``.
        speaker_pattern: as ``read_folder`` takes it. Without it, what stands before the first underscore, hyphen or
            blank of the names is taken for the speaker, if that fits all of them (see ``guess_speakers``).
        said: more recordings, as ``say`` makes them.

    Raises:
        CorpusError: if the folder is missing, has fewer than two words or a word with one recording only.
        ConfigError: if the pattern is no regular expression with a group.
    """
    if folder is None:
        return divide(said or Corpus("nothing", ()))
    pattern = speaker_pattern if speaker_pattern is not None else guess_speakers(folder)
    there = read_folder(folder, pattern)
    return divide(there if said is None else there.merge(said), pattern)


def read_wrong(folder: str | Path, recordings: TeachingRecordings) -> Corpus:
    """Read what a model got wrong: false accepts in ``_other``, false refusals in folders of their words.

    Args:
        folder: laid out as that of ``recordings``; a word may have one recording, or none.
        recordings: those that the model learnt from.

    Raises:
        CorpusError: if the folder is missing or has words that were not taught.
    """
    wrong = read_folder(folder)  # all by one speaker: the one who enrols, or another
    if recordings.speaker_pattern is None:
        same = recordings.words[0].speaker
        wrong = replace(wrong, utterances=tuple(replace(utterance, speaker=same) for utterance in wrong))
    if unknown := sorted({word for u in wrong for word in u.words} - set(recordings.words.words)):
        raise CorpusError(
            f"{folder}: {', '.join(unknown[:8])} {'is' if len(unknown) == 1 else 'are'} none of the words taught; name "
            "the folders like the words, and put what is none of them into _other"
        )
    return wrong


def divide(corpus: Corpus, speaker_pattern: str | None = None) -> TeachingRecordings:
    """Divide a corpus into isolated words and everything else.

    >>> from aurora_resnet.corpora.samples import read_samples
    >>> taught = divide(read_samples())
    >>> len(taught.words), len(taught.negatives), len(taught.speakers)
    (594, 0, 27)
    """
    words, negatives = (corpus.filter(isolated=isolated) for isolated in (True, False))
    return TeachingRecordings(words, replace(negatives, problems=()), speaker_pattern)


def guess_speakers(folder: str | Path) -> str | None:
    """Return the pattern of the speakers' names if the names of the files look like it.

    They do if each has a part before the first underscore, hyphen or blank, at least two different ones stand there,
    and most of these in the folders of more than one word: ``yes_01.wav`` in the folder ``yes`` names no speaker.

    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> for name in ("ja/ann_1.wav", "ja/ben_1.wav", "nein/ann_1.wav", "nein/ben_2.wav"):
    ...     (root / name).parent.mkdir(exist_ok=True)
    ...     (root / name).touch()
    >>> guess_speakers(root) == GUESSED_PATTERN
    True
    """
    folders: dict[str, set[str]] = defaultdict(set)
    for place in filter(Path.is_dir, visible(check_folder(folder, "the folder of word folders"))):
        for path in filter(is_recording, visible(place)):
            match = re.search(GUESSED_PATTERN, path.name)
            if match is None:
                return None
            folders[match[1]].add(place.name)
    spread = sum(len(places) > 1 for places in folders.values())
    return GUESSED_PATTERN if len(folders) > 1 and 2 * spread >= len(folders) else None
