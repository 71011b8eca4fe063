"""One SHA-256 of all recordings of a folder: of their samples, since the same samples make different files."""

import hashlib
from pathlib import Path

import soundfile

from aurora_resnet.corpora.checking import is_recording


def samples_sha256(*folders: str | Path) -> tuple[int, str]:
    r"""Return how many recordings lie in folders and below, and one SHA-256 of all.

    It is that of a text with a line for each recording, sorted: its name without the ending, a space, and the SHA-256
    of its samples as 16-bit integers, little endian.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp())
    >>> soundfile.write(place / "a.wav", [0.5, -0.5], 8000)
    >>> soundfile.write(place / "a.flac", [0.5, -0.5], 8000)
    >>> lines = 2 * ("a " + hashlib.sha256(b"\x00\x40\x00\xc0").hexdigest() + "\n")
    >>> samples_sha256(place) == (2, hashlib.sha256(lines.encode()).hexdigest())
    True
    """
    paths = [path for folder in folders for path in Path(folder).rglob("*") if is_recording(path)]
    lines = []
    for path in paths:
        try:
            samples = soundfile.read(path, dtype="int16")[0].astype("<i2").tobytes()
        except soundfile.LibsndfileError:
            samples = b""  # damaged: another digest
        lines.append(f"{path.stem} {hashlib.sha256(samples).hexdigest()}\n")
    return len(paths), hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def other_samples(folder: Path, sha256: str) -> list[str]:
    """Say that a folder does not have the recordings of a digest; an empty list if it does.

    >>> other_samples(Path("no/such/folder"), "12efbc182b02dabe")
    ['expected the published recordings, SHA-256 12efbc182b02..., found 0 and another one']
    """
    count, found = samples_sha256(folder)
    wrong = f"expected the published recordings, SHA-256 {sha256[:12]}..., found {count} and another one"
    return [wrong] * (found != sha256)
