"""Numbers as people said them into their own phones and computers: 203 recordings, and 153 sentences without numbers.

They come from three public corpora; ``people_strings.csv`` beside this file says which recordings, what was said, and
how long and loud each is. What is downloaded is brought to 8 kHz.

What is verified: all samples by one SHA-256 of each source, as this project measured on them. Where they differ, as
after another resampler, every recording must have the listed length and level, and a warning says so.
"""

import logging
import re
import shutil
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.corpora.archive import extract
from aurora_resnet.corpora.checking import check_folder, raise_together, read_table
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.corpora.download import download_archive
from aurora_resnet.corpora.sample_digest import samples_sha256
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample

logger = logging.getLogger(__name__)

SAMPLE_RATE = 8000
#: How far a recording may be from its length and level in the list.
LENGTH_S, LEVEL_DB = 0.03, 1.0
_TABLE = Path(__file__).with_name("people_strings.csv")
_COLUMNS = ("collection", "name", "seconds", "level_db", "transcript")
#: In the order of preference; the last needs the extra ``formats``.
_ENDINGS = (".wav", ".mp3", ".m4a")


class Source(NamedTuple):
    """A public corpus and which of its recordings are which of the list's."""

    #: Of one archive; of its parts if there are several.
    urls: tuple[str, ...]
    #: Regular expression of a recording in the archive, without its ending.
    entry: str
    #: What it is called in the list, in terms of the expression's groups.
    name: str
    #: Limit for the archive, and for what is unpacked of it.
    max_bytes: int
    #: Of its recordings at 8 kHz, as ``samples_sha256`` returns it.
    sha256: str


_COSWARA = "https://raw.githubusercontent.com/iiscleap/Coswara-Data/master/20200413/20200413.tar.gz"
SOURCES = {
    "alphanumeric": Source(  # MIT
        ("https://github.com/Sakshee5/alphanumeric-audio-dataset/archive/6c9a38e.zip",),
        r".*audio_data/Numbers/R_(\w+)",
        r"R\1_number",
        3_000_000_000,
        "06e9ab5a2d824287e4960e34043ce2a7d95e9e3354cfc7b99efa55ff0f515657",
    ),
    "coswara": Source(  # CC BY 4.0, Indian Institute of Science
        tuple(f"{_COSWARA}.{part}" for part in ("aa", "ab", "ac", "ad")),
        r".*20200413/(\w{12})\w*/counting-(normal|fast)",
        r"\1_\2",
        1_000_000_000,
        "3e48d6c4a2e3ea4a8e89f5ebc3387dfc04490e6c37ade47c369be2060d38137b",
    ),
    "speechocean": Source(  # CC BY 4.0
        ("https://www.openslr.org/resources/101/speechocean762.tar.gz",),
        r".*WAVE/SPEAKER(\d+)/(\d+)",
        r"so\1_\2",
        2_000_000_000,
        "936b55eee8f616b59c8120294967a4ac118e1864d7b304e1184e6c4163628dd4",
    ),
}


def read_people_strings(folder: str | Path) -> Corpus:
    """Read what ``download_people_strings`` made; the attribute ``collection`` is one of four.

    ``alphanumeric``: telephone numbers; ``coswara``: counting from one to twenty; ``speechocean``: strings of digits,
    half of the speakers are children; ``speechocean_talk``: sentences without digits. There is no split.

    Raises:
        CorpusError: if the folder or a recording is missing.

    >>> read_people_strings("no/such/folder")
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.CorpusError: no/such/folder: the folder of people's strings is not there; ...
    """
    folder = check_folder(folder, "the folder of people's strings")
    rows = _rows()
    paths = {name: folder / _source(row) / f"{name}.flac" for name, row in rows.items()}
    raise_together(folder, [f"{path.relative_to(folder)} is missing" for path in paths.values() if not path.is_file()])
    utterances = []
    for name, row in rows.items():
        words, speaker = tuple(row["transcript"].split()), f"people/{name.partition('_')[0]}"
        utterances.append(Utterance(paths[name], words, speaker, attributes={"collection": row["collection"]}))
    return Corpus("people-strings", tuple(utterances))


def download_people_strings(target: str | Path, *, sources: dict[str, Source] = SOURCES, progress: bool = True) -> Path:
    """Download the three corpora (over a gigabyte) and keep the listed recordings at 8 kHz, a folder for each source.

    The folder of a source appears only when it is complete; the next call goes on with the others.

    Args:
        target: the folder to make.
        sources: where from.
        progress: show a progress bar (on a terminal), or a line on standard error if nothing is to be done.

    Returns:
        ``target``.

    Raises:
        DownloadError: if there is no network, an address or archive is wrong, the disk is full, or ``target`` holds
            something else.

    >>> import tempfile
    >>> mine = Path(tempfile.mkdtemp())
    >>> (mine / "alphanumeric").mkdir()
    >>> _ = (mine / "alphanumeric" / "notes.txt").write_text("mine")
    >>> download_people_strings(mine)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.DownloadError: ... a complete copy: R1KvCEEGNThnpnzy_number.flac is missing; ...
    """
    for title, source in sources.items():
        rows = {name: row for name, row in _rows().items() if _source(row) == title}
        folder, limit = Path(target) / title, source.max_bytes
        unpack = partial(_unpack, source=source, names=rows)
        find_problems = partial(_find_problems, source.sha256, rows)
        download_archive(source.urls, folder, unpack, find_problems, max_bytes=limit, progress=progress)
    return Path(target)


def _rows() -> dict[str, dict[str, str]]:
    return {row["name"]: row for _, row in read_table(_TABLE, "the list of people's strings", _COLUMNS)}


def _source(row: dict[str, str]) -> str:
    return row["collection"].removesuffix("_talk")


def _unpack(archive: Path, folder: Path, source: Source, names: dict[str, dict[str, str]]) -> None:
    """Extract the listed recordings and write them at 8 kHz."""
    original = folder / "source"

    def destination(entry: str) -> str | None:
        path = Path(entry)
        match = re.fullmatch(source.entry, entry.removesuffix(path.suffix))
        name = match.expand(source.name) if match else ""
        return f"{name}{path.suffix.lower()}" if name in names and path.suffix.lower() in _ENDINGS else None

    extract(archive, original, destination, max_bytes=source.max_bytes)
    for name in names:
        found = [path for path in (original / f"{name}{ending}" for ending in _ENDINGS) if path.exists()]
        for path in found[:1]:
            samples = resample(*read_audio(path), SAMPLE_RATE)
            write_audio(np.clip(samples, -1, 1), folder / f"{name}.flac", SAMPLE_RATE, durable=False)
    shutil.rmtree(original, ignore_errors=True)


def _find_problems(sha256: str, rows: dict[str, dict[str, str]], folder: Path) -> list[str]:
    """Name what is missing or differs from the list."""
    problems = []
    for name, row in rows.items():
        path = folder / f"{name}.flac"
        if not path.is_file():
            problems.append(f"{path.name} is missing")
            continue
        samples, rate = read_audio(path)
        seconds, level_db = len(samples) / rate, 10 * np.log10(np.mean(np.square(samples, dtype=float)) + 1e-12)
        if abs(seconds - float(row["seconds"])) > LENGTH_S or abs(level_db - float(row["level_db"])) > LEVEL_DB:
            expected = f"{row['seconds']} s at {row['level_db']} dB"
            problems.append(f"{path.name}: expected {expected}, got {seconds:.3f} s at {level_db:.1f} dB")
    if not problems and samples_sha256(folder) != (len(rows), sha256):
        logger.warning("%s: lengths and levels are as listed, single samples are not (another resampler)", folder)
    return problems
