"""The Free Spoken Digit Dataset (FSDD): 3,000 recordings, six speakers, 8 kHz, CC BY-SA 4.0.

It is downloaded as GitHub's archive of one fixed commit. Such archives are not the same bytes for ever, so the
recordings are verified instead: all of them by one SHA-256, see ``samples_sha256``.
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
from aurora_resnet.runtime.vocabulary import DIGITS

#: The corpus's own test set: recordings 0 to 4 of each digit and speaker.
TEST_INDICES = range(5)

FSDD_COMMIT = "26eb9aaf76e81b692f806f9140c2d2777410d7a1"
#: Of its 3,000 recordings, as ``samples_sha256`` returns it.
FSDD_SHA256 = "15623e82c083db98c4bb55897aaefc7cba2cfd2dcd4650027babe0f3954fd372"
FSDD_URL = f"https://github.com/Jakobovski/free-spoken-digit-dataset/archive/{FSDD_COMMIT}.zip"

_NAME = re.compile(r"(?P<digit>[0-9])_(?P<speaker>[^_]+)_(?P<index>[0-9]+)")
_MAX_ARCHIVE_BYTES = 100_000_000  # the recordings make a zip file of 16 MB
_MAX_EXTRACTED_BYTES = 100_000_000  # and have 21 MB themselves
_DOCUMENTS = ("README.md", "LICENSE", "LICENSE.md", "LICENSE.txt")  # CC BY-SA asks to keep the attribution


def read_fsdd(folder: str | Path) -> Corpus:
    """Read FSDD: ``{digit}_{speaker}_{index}.wav``, isolated digits zero to nine at 8 kHz.

    The split is the corpus's own, in which the same speakers stand on both sides: ``"test"`` for indices 0
    to 4, ``"train"`` for the rest. The index is an attribute. What is no recording is passed over.

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
        if not is_recording(path):
            continue
        match = _NAME.fullmatch(path.stem)
        if match is None:
            problems.append(f"{path.name}: expected a name like 7_theo_12.wav (digit, speaker, index)")
            continue
        index, word = int(match["index"]), DIGITS.words[int(match["digit"])]
        split, known = "test" if index in TEST_INDICES else "train", {"index": str(index)}
        utterances.append(Utterance(path, (word,), f"fsdd/{match['speaker']}", split, attributes=known))
    raise_together(folder, problems)
    if not utterances:
        raise CorpusError(f"{folder}: expected recordings like 7_theo_12.wav here or in recordings/, found none")
    return Corpus("fsdd", tuple(utterances))


def download_fsdd(target: str | Path, *, url: str = FSDD_URL, sha256: str = FSDD_SHA256, progress: bool = True) -> Path:
    """Download FSDD into the folder ``target`` and verify its recordings.

    ``target`` appears only when all recordings are there and right; a complete ``target`` is verified and left
    alone.

    Args:
        target: the folder to make; the recordings lie in its sub-folder ``recordings``.
        url: the zip archive, with one top folder around its contents. Of it, only the recordings, README and licence
            are extracted.
        sha256: of the recordings, as ``samples_sha256`` returns it.
        progress: show a progress bar (on a terminal), or a line on standard error if nothing is to be done.

    Returns:
        ``target``.

    Raises:
        DownloadError: if there is no network, the address or the archive is wrong, a recording is missing or
            differs, the disk is full, or ``target`` holds something else.

    >>> import tempfile
    >>> mine = Path(tempfile.mkdtemp())
    >>> _ = (mine / "notes.txt").write_text("not FSDD")
    >>> download_fsdd(mine)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.DownloadError: ... is not empty and not a complete copy: expected the published
    recordings, ... found 0 and another one; move it away or choose another folder
    """
    unpack = partial(extract, destination=_destination, max_bytes=_MAX_EXTRACTED_BYTES)
    return download_archive(
        url, target, unpack, partial(other_samples, sha256=sha256), max_bytes=_MAX_ARCHIVE_BYTES, progress=progress
    )


def _destination(name: str) -> str | None:
    inner = name.partition("/")[2]  # without the top folder
    folder, _, file = inner.rpartition("/")
    recording = folder == "recordings" and file.endswith(".wav") and _NAME.fullmatch(file.removesuffix(".wav"))
    return inner if recording or inner in _DOCUMENTS else None
