"""Google's Speech Commands 0.02: 35 short words, ten of them digits, recorded by volunteers; 16 kHz, CC BY 4.0.

Source: P. Warden, *Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition*, 2018.
"""

import re
from functools import partial
from pathlib import Path

from aurora_resnet.corpora.archive import extract
from aurora_resnet.corpora.checking import check_folder, is_recording, raise_together, visible
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.corpora.download import download_archive
from aurora_resnet.corpora.sample_digest import other_samples
from aurora_resnet.runtime.errors import CorpusError
from aurora_resnet.text_files import open_text

SPEECH_COMMANDS_URL = "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz"
#: Of the whole archive; it is what makes an address without https safe.
SPEECH_COMMANDS_SHA256 = "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58"

VERSION_1_URL = "http://download.tensorflow.org/data/speech_commands_v0.01.tar.gz"
#: Of the 100 digits in ``speech_commands_digits.txt``, as ``samples_sha256`` returns it.
DIGITS_SHA256 = "12efbc182b02dabe0754c4aeada64cbb48efb256e432c341207abc379394b54e"

#: Words in the archive, without the background noise.
RECORDINGS = 105_829

_DIGITS = Path(__file__).with_name("speech_commands_digits.txt")
_MAX_ARCHIVE_BYTES = 3_000_000_000  # it has 2.4 GB
_MAX_EXTRACTED_BYTES = 6_000_000_000  # recordings of at most 32 kB make 3.4 GB
_NAME = re.compile(r"(?P<speaker>[0-9a-f]+)_(?:nohash_)?[0-9]+", re.IGNORECASE)
_FLAT_NAME = re.compile(r"(?P<word>[a-z]+)_(?P<speaker>[0-9a-f]+)_(?:nohash_)?[0-9]+", re.IGNORECASE)
_LISTS = {"test": "testing_list.txt", "validation": "validation_list.txt"}


def read_speech_commands(folder: str | Path) -> Corpus:
    """Read Speech Commands, all words that are there; ``Corpus.filter(words=...)`` keeps some.

    Recordings lie in a folder per word (``two/439c84f4_nohash_1.wav``) or all in one, named
    ``two_439c84f4_nohash_1.wav``. The speaker is what stands before ``_nohash_``. The split is that of
    ``testing_list.txt`` and ``validation_list.txt`` (the rest is ``"train"``) where these files are, else empty.

    Args:
        folder: the one with the word folders or the recordings.

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
        listed = path.stem.removeprefix(f"{match['word']}_") if flat else path.stem
        split = splits.get(f"{word}/{listed}", "train") if splits else ""
        utterances.append(Utterance(path, (word,), f"speech-commands/{match['speaker'].lower()}", split))
    raise_together(folder, misnamed)
    if not utterances:
        raise CorpusError(f"{folder}: expected folders of words like two/439c84f4_nohash_1.wav, found none")
    return Corpus("speech-commands", tuple(utterances))


def download_speech_commands(
    target: str | Path, *, url: str = SPEECH_COMMANDS_URL, sha256: str = SPEECH_COMMANDS_SHA256, progress: bool = True
) -> Path:
    """Download Speech Commands 0.02 (2.4 GB) into the folder ``target``, one sub-folder a word.

    ``target`` appears only when everything is there; a complete ``target`` is left alone. The archive is verified by
    its SHA-256, a folder by the number of its recordings and the corpus's own lists.

    Args:
        target: the folder to make, for ``read_speech_commands``.
        url: the gzipped tar archive.
        sha256: of the archive, in hexadecimal.
        progress: show a progress bar (on a terminal), or a line on standard error if nothing is to be done.

    Returns:
        ``target``.

    Raises:
        DownloadError: if there is no network, the address or the archive is wrong, the disk is full, or ``target``
            holds something else.

    >>> import tempfile
    >>> mine = Path(tempfile.mkdtemp())
    >>> _ = (mine / "notes.txt").write_text("not Speech Commands")
    >>> download_speech_commands(mine)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.DownloadError: ... a complete copy: testing_list.txt is missing; ...
    """
    unpack, limit = partial(extract, destination=_destination, max_bytes=_MAX_EXTRACTED_BYTES), _MAX_ARCHIVE_BYTES
    return download_archive(url, target, unpack, _find_problems, max_bytes=limit, sha256=sha256, progress=progress)


def download_speech_commands_digits(
    target: str | Path, *, url: str = VERSION_1_URL, sha256: str = DIGITS_SHA256, progress: bool = True
) -> Path:
    """Download Speech Commands 0.01 (1.4 GB) and keep the 100 digits of 22 speakers that this project measures on.

    Args:
        target: the folder to make, for ``read_speech_commands``.
        url: the gzipped tar archive.
        sha256: of the recordings, as ``samples_sha256`` returns it.
        progress: show a progress bar (on a terminal), or a line on standard error if nothing is to be done.

    Returns:
        ``target``.

    Raises:
        DownloadError: as ``download_speech_commands``.

    >>> import tempfile
    >>> mine = Path(tempfile.mkdtemp())
    >>> _ = (mine / "notes.txt").write_text("not Speech Commands")
    >>> download_speech_commands_digits(mine)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.DownloadError: ... a complete copy: expected the published recordings, ...
    """
    names = {f"{name}.wav" for name in _DIGITS.read_text(encoding="ascii").split()}

    def destination(name: str) -> str | None:
        inner = name.removeprefix("./")
        return inner if inner in names else None

    find_problems = partial(other_samples, sha256=sha256)
    unpack = partial(extract, destination=destination, max_bytes=_MAX_EXTRACTED_BYTES)
    return download_archive(url, target, unpack, find_problems, max_bytes=_MAX_ARCHIVE_BYTES, progress=progress)


def _destination(name: str) -> str | None:
    """Keep everything but what a file manager left (``.DS_Store``, ``._one``)."""
    inner = name.removeprefix("./")
    return None if any(part.startswith(".") for part in inner.split("/")) else inner


def _find_problems(folder: Path) -> list[str]:
    """Name what is missing in a folder that should hold all of Speech Commands."""
    problems = [f"{name} is missing" for name in _LISTS.values() if not (folder / name).is_file()]
    found = {f"{path.parent.name}/{path.stem}" for path in _recordings(folder) if path.stat().st_size}
    problems += [f"{name}.wav is missing or empty" for name in sorted(_read_lists(folder).keys() - found)]
    if len(found) != RECORDINGS:
        problems.append(f"expected {RECORDINGS} recordings of words, found {len(found)}")
    return problems


def _recordings(folder: Path) -> list[Path]:
    """Return the recordings of a folder and its word folders; ``_background_noise_`` is not a word."""
    places = [folder, *(path for path in visible(folder) if path.is_dir() and path.name[0] != "_")]
    return [path for place in places for path in filter(is_recording, visible(place))]


def _read_lists(folder: Path) -> dict[str, str]:
    """Return the split of each listed recording, by word and name without its ending."""
    splits: dict[str, str] = {}
    for split, name in _LISTS.items():
        if (folder / name).is_file():
            with open_text(folder / name) as file:
                lines = file.read().split()
            splits |= {line.rsplit(".", 1)[0]: split for line in lines}
    return splits
