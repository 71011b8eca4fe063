"""Google's Speech Commands: short words recorded by volunteers, of which ten are digits."""

from __future__ import annotations

import re
from pathlib import Path

from aurora_resnet.corpora.checking import SOUND_SUFFIXES, check_folder, raise_together, visible
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.runtime.errors import CorpusError, DownloadError, torchaudio_missing
from aurora_resnet.runtime.vocabulary import WORDS

VERSION = "speech_commands_v0.02"
_NAME = re.compile(r"(?P<speaker>[0-9a-f]+)_nohash_[0-9]+", re.IGNORECASE)
_FLAT_NAME = re.compile(r"(?P<word>[a-z]+)_(?P<speaker>[0-9a-f]+)_nohash_[0-9]+", re.IGNORECASE)
_LISTS = {"test": "testing_list.txt", "validation": "validation_list.txt"}


def read_speech_commands(folder: str | Path, *, other_words: bool = False) -> Corpus:
    """Read the digits of Speech Commands, zero to nine.

    Recordings lie in a folder per word (``two/439c84f4_nohash_1.wav``) or all in one, named
    ``two_439c84f4_nohash_1.wav``. The speaker is what stands before ``_nohash_``. The split is that of
    ``testing_list.txt`` and ``validation_list.txt`` (all others ``"train"``) where these files are, else empty.

    Args:
        folder: the one with the word folders or the recordings.
        other_words: also take the words that are not digits: utterances without words, with the attribute
            ``other_word``, to measure what a recogniser does with them.

    Raises:
        CorpusError: if the folder is missing or has no such recordings, or listing the misnamed ones.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "two_439c84f4_nohash_1.wav").touch()
    >>> read_speech_commands(folder)[0].word, read_speech_commands(folder)[0].speaker
    ('two', 'speech-commands/439c84f4')
    """
    folder = check_folder(folder, "the Speech Commands folder")
    splits = _read_lists(folder)
    utterances, misnamed = [], []
    for path in _recordings(folder):
        flat = path.parent == folder
        match = (_FLAT_NAME if flat else _NAME).fullmatch(path.stem)
        if match is None:
            expected = "two_439c84f4_nohash_1.wav" if flat else "439c84f4_nohash_1.wav"
            misnamed.append(f"{path.relative_to(folder).as_posix()}: expected a name like {expected}")
            continue
        word = (match["word"] if flat else path.parent.name).lower()
        is_digit = word in WORDS
        if not (is_digit or other_words):
            continue
        listed = path.stem.removeprefix(f"{match['word']}_") if flat else path.stem
        utterances.append(
            Utterance(
                path,
                (word,) if is_digit else (),
                f"speech-commands/{match['speaker'].lower()}",
                splits.get(f"{word}/{listed}", "train") if splits else "",
                attributes={} if is_digit else {"other_word": word},
            )
        )
    raise_together(folder, misnamed)
    if not utterances:
        raise CorpusError(f"{folder}: expected folders of words like two/439c84f4_nohash_1.wav, found none")
    return Corpus("speech-commands", tuple(utterances))


def download_speech_commands(target: str | Path) -> Path:
    """Download Speech Commands 0.02 (2.3 GB, CC BY 4.0) through torchaudio's dataset class.

    Args:
        target: folder to put the archive and the extracted corpus in; made if needed. What is there already
            is not downloaded again.

    Returns:
        The folder for ``read_speech_commands``.

    Raises:
        MissingDependencyError: if torchaudio does not import here.
        DownloadError: if the download or the extraction fails.
    """
    try:
        from torchaudio.datasets import SPEECHCOMMANDS
    except (ImportError, OSError, RuntimeError) as error:  # it raises what its compiled part raises
        by_hand = ", or download the corpus by hand and read it with speech-commands:FOLDER"
        raise torchaudio_missing("Speech Commands is downloaded", error, instead=by_hand) from error
    target = Path(target)
    target.mkdir(parents=True, exist_ok=True)
    try:
        SPEECHCOMMANDS(target, url=VERSION, folder_in_archive="SpeechCommands", download=True)
    except (OSError, RuntimeError, EOFError) as error:
        raise DownloadError(
            f"{target}: Speech Commands could not be downloaded: {error}; delete what lies there and try again"
        ) from error
    return target / "SpeechCommands" / VERSION


def _recordings(folder: Path) -> list[Path]:
    """Return the recordings of a folder and its word folders; ``_background_noise_`` is not a word."""
    places = [folder, *(path for path in visible(folder) if path.is_dir() and path.name[0] != "_")]
    return [path for place in places for path in visible(place) if path.suffix.lower() in SOUND_SUFFIXES]


def _read_lists(folder: Path) -> dict[str, str]:
    """Return the split of each listed recording, by word and name without its ending."""
    splits: dict[str, str] = {}
    for split, name in _LISTS.items():
        if (folder / name).is_file():
            lines = (folder / name).read_text(encoding="utf-8").split()
            splits |= {line.rsplit(".", 1)[0]: split for line in lines}
    return splits
