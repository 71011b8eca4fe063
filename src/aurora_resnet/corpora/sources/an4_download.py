"""Download CMU's AN4 and cut from it what this project measures on: digit words, digit strings and whole utterances.

``an4_digits.csv`` beside this file says where the digits lie, by a forced alignment; the transcripts are AN4's own. The
result is the same to the bit as what the records were measured on, which one SHA-256 of all samples verifies.
"""

import csv
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from aurora_resnet.corpora.archive import extract
from aurora_resnet.corpora.checking import read_table
from aurora_resnet.corpora.download import download_archive
from aurora_resnet.corpora.sample_digest import other_samples
from aurora_resnet.corpora.sources.an4 import STRING_COLUMNS, WORD_COLUMNS
from aurora_resnet.runtime.errors import DownloadError
from aurora_resnet.runtime.vocabulary import DIGITS

#: A copy of http://www.speech.cs.cmu.edu/databases/an4/an4_sphere.tar.gz over https.
AN4_URL = "https://dldata-public.s3.us-east-2.amazonaws.com/an4_sphere.tar.gz"
#: Of its 3,363 recordings, as ``samples_sha256`` returns it.
AN4_SHA256 = "a15f1e3f4276b9805fed762f77340d8bd515b3c80175736b2f3e0425745b4eed"

_TABLE = Path(__file__).with_name("an4_digits.csv")
#: Words as the table has them; ``O`` is the letter.
_LETTERS = {str(number): word for number, word in enumerate(DIGITS.words[:10])} | {"o": "oh", "O": "oh"}
_RATE = 16000
_MAX_BYTES = 200_000_000  # the archive has 64 MB
_SOUND = re.compile(r"(?:.*/)?an4(?P<test>test)?_clstk/(?P<file>[a-z0-9]+/[a-z0-9-]+\.sph)")
_LINE = re.compile(r"(?:<s>)?\s*(?P<words>.*?)\s*(?:</s>)?\s*\((?P<name>[a-z0-9-]+)\)\s*")
#: Strings that the measured set does not have.
_UNUSED = {f"{name}-b" for name in ("cen7-fash", "cen7-mdxs", "cen3-fcaw", "cen6-fcaw", "cen7-fcaw")}
Steps = npt.NDArray[np.int16]


def download_an4(target: str | Path, *, url: str = AN4_URL, sha256: str = AN4_SHA256, progress: bool = True) -> Path:
    """Download AN4 (64 MB) and make the folder ``target`` for ``read_an4`` and ``read_an4_strings``.

    ``target`` appears only when everything is there and right; a complete ``target`` is verified and left alone.

    Args:
        target: the folder to make: ``digits.csv``, ``strings.csv``, ``utterances.csv`` and the files that they name.
        url: the gzipped tar archive of SPHERE files.
        sha256: of the recordings that are made, as ``samples_sha256`` returns it.
        progress: show a progress bar (on a terminal), or a line on standard error if nothing is to be done.

    Returns:
        ``target``.

    Raises:
        DownloadError: if there is no network, the address or the archive is wrong, the disk is full, or ``target``
            holds something else.

    >>> import tempfile
    >>> mine = Path(tempfile.mkdtemp())
    >>> _ = (mine / "notes.txt").write_text("not AN4")
    >>> download_an4(mine)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.DownloadError: ... is not empty and not a complete copy: expected the published ...
    """
    find_problems = partial(other_samples, sha256=sha256)
    return download_archive(url, target, _make, find_problems, max_bytes=_MAX_BYTES, progress=progress)


def _make(archive: Path, folder: Path) -> None:
    """Unpack the archive and write recordings and tables."""
    source = folder / "source"
    extract(archive, source, _destination, max_bytes=_MAX_BYTES)
    utterances = dict(_utterances(folder, source))
    cuts = {row["utterance"]: row["digits"] for _, row in read_table(_TABLE, "the table of digits", ["digits"])}
    if missing := sorted(cuts.keys() - utterances.keys()):
        raise DownloadError(f"{archive} lacks {len(missing)} utterances of AN4, such as {missing[0]}")
    _write(folder / "utterances.csv", STRING_COLUMNS, (row for row, _ in utterances.values()))
    _write(folder / "strings.csv", STRING_COLUMNS, _strings(folder, utterances))
    digits = (row for name, words in cuts.items() for row in _digits(folder, *utterances[name], words))
    _write(folder / "digits.csv", WORD_COLUMNS, digits)
    shutil.rmtree(source)


def _destination(name: str) -> str | None:
    """Keep recordings, by split, and transcripts."""
    if match := _SOUND.fullmatch(name):
        return f"{'test' if match['test'] else 'train'}/{match['file']}"
    return Path(name).name if name.endswith(("/an4_train.transcription", "/an4_test.transcription")) else None


def _utterances(folder: Path, source: Path) -> Iterator[tuple[str, tuple[dict[str, str], Steps]]]:
    """Write every utterance that has a transcript and yield its name, row and samples."""
    for split in ("train", "test"):
        table = source / f"an4_{split}.transcription"
        for line in sorted(table.read_text(encoding="ascii").splitlines()) if table.is_file() else []:
            match = _LINE.fullmatch(line)
            path = match and source / split / match["name"].split("-")[1] / f"{match['name']}.sph"
            if match is None or not path or not path.is_file():
                raise DownloadError(f"an4_{split}.transcription: expected WORDS (name of a recording), got '{line}'")
            samples, rate = soundfile.read(path, dtype="int16")
            if rate != _RATE:
                raise DownloadError(f"{path.name}: expected {_RATE} Hz, got {rate}")
            speaker = path.parent.name
            row = {"transcript": match["words"].lower(), "speaker": speaker, "gender": speaker[0], "split": split}
            row["file"] = _write_flac(folder, f"utterances/{split}/{speaker}/{path.stem}.flac", samples)
            yield path.stem, (row, samples)


def _strings(folder: Path, utterances: dict[str, tuple[dict[str, str], Steps]]) -> Iterator[dict[str, str]]:
    for name, (row, samples) in sorted(utterances.items()):
        if name not in _UNUSED and set(row["transcript"].split()) <= set(DIGITS.words):
            file = f"strings/{row['split']}/{row['speaker']}/{name}.flac"
            yield row | {"file": _write_flac(folder, file, _shrunk(samples))}


def _digits(folder: Path, row: dict[str, str], samples: Steps, cuts: str) -> Iterator[dict[str, str]]:
    """Cut the digits out of an utterance; ``cuts`` is as in the table: word, number, start and end in 10 ms, alone."""
    utterance = Path(row["file"]).stem
    for cut in cuts.split(";"):
        letter, number, start, end, *alone = cut.split()
        label = _LETTERS[letter]
        file = f"digits/{row['split']}/{row['speaker']}/{label}_{utterance}_{number}.flac"
        part = samples[int(start) * _RATE // 100 : int(end) * _RATE // 100]
        yield row | {
            "file": _write_flac(folder, file, _shrunk(part)),
            "label": label,
            "word": "O" if letter == "O" else label.upper(),
            "utterance": utterance,
            "start_s": str(int(start) / 100),
            "end_s": str(int(end) / 100),
            "isolated": str(len(alone)),
        }


def _shrunk(samples: Steps) -> Steps:
    """Return samples one step nearer to 0, as the clips of the records are, which were scaled by 32767 / 32768."""
    nearer: Steps = samples - np.sign(samples)
    return nearer


def _write_flac(folder: Path, file: str, samples: Steps) -> str:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, _RATE, subtype="PCM_16")
    return file


def _write(path: Path, columns: Sequence[str], rows: Iterable[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
