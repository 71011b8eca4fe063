import errno
import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.corpora.archive import extract
from aurora_resnet.runtime.errors import DownloadError


def make_zip(path: Path, contents: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def extract_all(archive: Path, folder: Path, max_bytes: int = 10**6) -> None:
    extract(archive, folder, lambda name: name, max_bytes=max_bytes)


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def make_tar(path: Path, contents: dict[str, bytes], **types: bytes) -> Path:
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, content in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.type = types.get(name.rpartition("/")[2], tarfile.REGTYPE)
            entry.linkname = "../../outside" if entry.type in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            archive.addfile(entry, io.BytesIO(content))
    return path


MAKERS = pytest.mark.parametrize("make", [make_zip, make_tar])
Make = Callable[[Path, dict[str, bytes]], Path]


@MAKERS
def test_chosen_files_are_extracted_under_chosen_names(tmp_path: Path, make: Make) -> None:
    contents = {"top/audio/1.wav": b"one", "top/audio/2.wav": b"two", "top/x": b"much more"}
    places = {"top/audio/1.wav": "rain/1.wav", "top/audio/2.wav": "2.wav"}
    extract(make(tmp_path / "a", contents), tmp_path / "out", places.get, max_bytes=6)
    assert files_in(tmp_path / "out") == {"rain/1.wav": b"one", "2.wav": b"two"}


parts = st.sampled_from(["..", ".", "", "a", "b.wav", "C:", "C:b", "\\", "..\\..", "~", "top", "con"])


@given(
    make=st.sampled_from([make_zip, make_tar]),
    names=st.lists(st.lists(parts, min_size=1, max_size=5).map("/".join), min_size=1, max_size=3, unique=True),
)
def test_nothing_is_ever_written_outside_the_folder(make: Make, names: list[str]) -> None:
    with TemporaryDirectory() as place:
        root = Path(place) / "deep" / "er"
        root.mkdir(parents=True)
        archive = make(root / "a.zip", dict.fromkeys(names, b"..."))
        with suppress(DownloadError, OSError):
            extract_all(archive, root / "out")
        outside = {name for name in files_in(Path(place)) if not name.startswith("deep/er/out/")}
        assert outside == {"deep/er/a.zip"}


def test_a_link_in_a_zip_becomes_a_file(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("top/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "../../outside")
    extract_all(tmp_path / "a.zip", tmp_path / "out")
    assert files_in(tmp_path / "out") == {"top/link": b"../../outside"}
    assert not (tmp_path / "out" / "top" / "link").is_symlink()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    archive = make_tar(tmp_path / "a.tar.gz", {"two/link": b"", "two/link/x": b"evil"}, link=kind)
    with pytest.raises(DownloadError, match=r"'two/link' is a link or a special file"):
        extract_all(archive, tmp_path / "out")
    assert files_in(tmp_path) == {"a.tar.gz": archive.read_bytes()}


@MAKERS
def test_a_bomb_stops_at_the_limit(tmp_path: Path, make: Make) -> None:
    archive = make(tmp_path / "a", {"top/1": bytes(400_000), "top/2": bytes(20_000_000)})
    assert archive.stat().st_size < 200_000
    with pytest.raises(DownloadError, match="beyond the limit of 1000000 bytes"):
        extract_all(archive, tmp_path / "out", max_bytes=1_000_000)
    assert sum(map(len, files_in(tmp_path / "out").values())) <= 1_000_000
    extract_all(archive, tmp_path / "large", max_bytes=20_400_000)


def test_a_header_that_lies_about_the_size_gains_nothing(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"top/1": bytes(5_000_000)})
    honest = (5_000_000).to_bytes(4, "little")
    data = archive.read_bytes()
    assert data.count(honest) == 2  # in the local and in the central header
    archive.write_bytes(data.replace(honest, (10).to_bytes(4, "little")))
    with pytest.raises(DownloadError, match="expected a sound archive"):
        extract_all(archive, tmp_path / "out", max_bytes=1000)
    assert sum(map(len, files_in(tmp_path / "out").values())) <= 1000


def flip_content(data: bytes) -> bytes:
    position = data.index(b"RIFF")
    return data[:position] + b"X" + data[position + 1 :]


def mark_encrypted(data: bytes) -> bytes:
    central = data.rindex(b"PK\x01\x02") + 8
    return data[:6] + b"\x01" + data[7:central] + b"\x01" + data[central + 1 :]


@pytest.mark.parametrize(
    "damage",
    [lambda _: b"<html>", lambda _: b"", lambda data: data[: len(data) // 2], flip_content, mark_encrypted],
    ids=["not a zip", "empty", "cut", "one byte changed", "encrypted"],
)  # fmt: skip
def test_damaged_archives_are_named(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("top/a.wav", b"RIFF" + bytes(1000))
    (tmp_path / "a.zip").write_bytes(damage((tmp_path / "a.zip").read_bytes()))
    with pytest.raises(DownloadError, match=r"a\.zip: expected a sound archive, .*; it is damaged or something else"):
        extract_all(tmp_path / "a.zip", tmp_path / "out")


@MAKERS
def test_a_full_disk_is_not_blamed_on_the_archive(tmp_path: Path, make: Make) -> None:
    archive = make(tmp_path / "a", {"top/" + "n" * 300: b"the name is too long for the disk"})
    with pytest.raises(OSError, match=os.strerror(errno.ENAMETOOLONG)) as caught:
        extract_all(archive, tmp_path / "out")
    assert not isinstance(caught.value, DownloadError)


# Damage of any kind, in both


SOUND = np.random.default_rng(0).integers(0, 255, 3000, np.uint8).tobytes() + bytes(3000)
CONTENTS = {"top/one/1.wav": SOUND, "top/two/2.wav": SOUND[::-1], "top/README": b"words" * 100}


@cache
def sound_archive(kind: str) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a"
        if kind == "tar":
            return make_tar(path, CONTENTS).read_bytes()
        methods = {"zip": zipfile.ZIP_DEFLATED, "lzma": zipfile.ZIP_LZMA, "bzip2": zipfile.ZIP_BZIP2}
        with zipfile.ZipFile(path, "w", methods[kind]) as archive:
            for name, content in CONTENTS.items():
                archive.writestr(name, content)
        return path.read_bytes()


@given(
    kind=st.sampled_from(["zip", "lzma", "bzip2", "tar"]),
    place=st.floats(0, 1, exclude_max=True),
    byte=st.none() | st.integers(0, 255),  # None cuts the archive off
)
def test_a_damaged_archive_is_refused_or_gives_the_very_same_files(kind: str, place: float, byte: int | None) -> None:
    whole = sound_archive(kind)
    position = int(place * len(whole))
    with TemporaryDirectory() as folder:
        archive = Path(folder) / "a"
        archive.write_bytes(whole[:position] + (b"" if byte is None else bytes([byte]) + whole[position + 1 :]))
        try:
            extract_all(archive, Path(folder) / "out")
        except DownloadError:
            return
        found = files_in(Path(folder) / "out")
        assert found.items() <= CONTENTS.items()
        assert kind != "tar" or found == CONTENTS  # what is missing from a zip file, find_problems finds
