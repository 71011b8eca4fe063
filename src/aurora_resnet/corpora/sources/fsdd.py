"""The Free Spoken Digit Dataset (FSDD): 3,000 recordings, six speakers, 8 kHz, CC BY-SA 4.0.

It is downloaded as GitHub's archive of one fixed commit. Such archives are not the same bytes for ever, so the
recordings are verified instead: each against the SHA-256 value that this package carries.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import partial
from importlib import resources
from pathlib import Path

from aurora_resnet.corpora.archive import extract_zip
from aurora_resnet.corpora.checking import check_folder, is_recording, raise_together, visible
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.corpora.download import download_archive
from aurora_resnet.runtime.errors import CorpusError, DownloadError
from aurora_resnet.runtime.vocabulary import DIGITS

TEST_INDICES = range(5)
"""The corpus's own test set: recordings 0 to 4 of each digit and speaker."""

FSDD_COMMIT = "26eb9aaf76e81b692f806f9140c2d2777410d7a1"
FSDD_URL = f"https://github.com/Jakobovski/free-spoken-digit-dataset/archive/{FSDD_COMMIT}.zip"

_NAME = re.compile(r"(?P<digit>[0-9])_(?P<speaker>[^_]+)_(?P<index>[0-9]+)")
_MAX_ARCHIVE_BYTES = 100_000_000  # the recordings make a zip file of 16 MB
_MAX_EXTRACTED_BYTES = 100_000_000  # and have 21 MB themselves
_DOCUMENTS = ("README.md", "LICENSE", "LICENSE.md", "LICENSE.txt")  # CC BY-SA asks to keep the attribution


def read_fsdd(folder: str | Path) -> Corpus:
    """Read FSDD: ``{digit}_{speaker}_{index}.wav``, isolated digits zero to nine at 8 kHz.

    The split is the corpus's own, in which the same speakers stand on both sides: ``"test"`` for indices 0
    to 4, ``"train"`` for the others. The index is an attribute. What is no recording is passed over.

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
        index = int(match["index"])
        utterances.append(
            Utterance(
                path,
                (DIGITS.words[int(match["digit"])],),
                f"fsdd/{match['speaker']}",
                "test" if index in TEST_INDICES else "train",
                attributes={"index": str(index)},
            )
        )
    raise_together(folder, problems)
    if not utterances:
        raise CorpusError(f"{folder}: expected recordings like 7_theo_12.wav here or in recordings/, found none")
    return Corpus("fsdd", tuple(utterances))


def download_fsdd(
    target: str | Path,
    *,
    url: str = FSDD_URL,
    checksums: Mapping[str, str] | None = None,
    progress: bool = True,
) -> Path:
    """Download FSDD into the folder ``target`` and verify every recording.

    ``target`` appears only when all recordings are there and right; a complete ``target`` is verified and left
    alone.

    Args:
        target: the folder to make; the recordings lie in its sub-folder ``recordings``.
        url: the zip archive, with one top folder around its contents.
        checksums: SHA-256 by file name; by default the 3,000 recordings of ``FSDD_COMMIT``. Other files of
            the archive, except its README and licence, are left out.
        progress: show a progress bar (on a terminal), or a line on standard error if nothing is to be done.

    Returns:
        ``target``.

    Raises:
        DownloadError: if there is no network, the address or the archive is wrong, a recording is missing or
            differs (the first ten are named), the disk is full, or ``target`` holds something else.

    >>> import tempfile
    >>> mine = Path(tempfile.mkdtemp())
    >>> _ = (mine / "notes.txt").write_text("not FSDD")
    >>> download_fsdd(mine)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.DownloadError: ... is not empty and not a complete copy: recordings/0_george_0.wav is
    missing; ... and 2990 more; move it away or choose another folder
    """
    wanted = fsdd_checksums() if checksums is None else checksums

    def unpack(archive: Path, folder: Path) -> None:
        extract_zip(
            archive,
            folder,
            lambda name: name if name in wanted or name in _DOCUMENTS else None,
            max_bytes=_MAX_EXTRACTED_BYTES,
            max_files=len(wanted) + len(_DOCUMENTS),
        )

    find_problems = partial(find_wrong_files, checksums=wanted)
    return download_archive(url, target, unpack, find_problems, max_bytes=_MAX_ARCHIVE_BYTES, progress=progress)


def fsdd_checksums() -> dict[str, str]:
    """Return the SHA-256 value of each recording of ``FSDD_COMMIT``, in lower-case hexadecimal, by file name.

    >>> fsdd_checksums()["recordings/0_george_0.wav"][:8], len(fsdd_checksums())
    ('228ab63f', 3000)
    """
    text = resources.files(__package__).joinpath("fsdd_sha256.txt").read_text(encoding="utf-8")
    return read_checksums(text)


def read_checksums(text: str) -> dict[str, str]:
    """Read the output of ``sha256sum``: on each line a value and a file name.

    Raises:
        DownloadError: if a line is anything else.

    >>> read_checksums("ab" * 32 + "  recordings/one.wav")["recordings/one.wav"][:6]
    'ababab'
    """
    checksums = {}
    for number, line in enumerate(text.splitlines(), start=1):
        parts = re.fullmatch(r"([0-9a-f]{64}) [ *](\S.*)", line)
        if parts is None:
            raise DownloadError(f"checksum line {number}: expected '<SHA-256>  <file>', got {line[:80]!r}")
        checksums[parts[2]] = parts[1]
    return checksums


def find_wrong_files(folder: str | Path, checksums: Mapping[str, str]) -> list[str]:
    """Return a line for each file that is missing in ``folder`` or has another SHA-256 value.

    Files without a checksum are ignored.

    >>> find_wrong_files(".", {"no/such.wav": "ab" * 32})
    ['no/such.wav is missing']
    """
    problems = []
    for name, expected in checksums.items():
        path = Path(folder) / name
        if not path.is_file():
            problems.append(f"{name} is missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            problems.append(f"{name} differs from the published file")
    return problems
