import errno
import os
import stat
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.corpora.archive import extract_zip
from aurora_resnet.runtime.errors import DownloadError


def make_zip(path: Path, contents: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def extract_all(archive: Path, folder: Path, max_bytes: int = 10**6, max_files: int = 100) -> list[Path]:
    return extract_zip(archive, folder, lambda name: name, max_bytes=max_bytes, max_files=max_files)


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_chosen_files_are_extracted_under_chosen_names_without_the_top_folder(tmp_path: Path) -> None:
    contents = {"top/": b"", "top/audio/": b"", "top/audio/1.wav": b"one", "top/audio/2.wav": b"two", "top/x": b""}
    archive = make_zip(tmp_path / "a.zip", contents)
    places = {"audio/1.wav": "rain/1.wav", "audio/2.wav": "2.wav"}
    extracted = extract_zip(archive, tmp_path / "out", places.get, max_bytes=6, max_files=2)
    assert files_in(tmp_path / "out") == {"rain/1.wav": b"one", "2.wav": b"two"}
    assert extracted == [tmp_path / "out" / "rain" / "1.wav", tmp_path / "out" / "2.wav"]


UNSAFE = [
    "/etc/x", "../x", "top/../../x", "top//x", "top//etc/x", "top/./x", "C:/x", "C:x", "top/C:/x", "top/C:x",
    "//server/share/x", "\\x", "top\\..\\..\\x", "top/a\\x", "..", "top/..", "top/x.wav:stream",
]  # fmt: skip


@pytest.mark.parametrize("name", UNSAFE)
def test_names_that_leave_the_folder_are_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    archive = make_zip(tmp_path / "a.zip", {"top/good.wav": b"good", name: b"evil"})
    with pytest.raises(DownloadError, match="points outside the target folder"):
        extract_zip(archive, tmp_path / "out", {"good.wav": "good.wav"}.get, max_bytes=99, max_files=9)
    assert list(tmp_path.iterdir()) == [archive]


parts = st.sampled_from(["..", ".", "", "a", "b.wav", "C:", "C:b", "\\", "..\\..", "~", "top", "con"])


@settings(max_examples=100, deadline=None)
@given(names=st.lists(st.lists(parts, min_size=1, max_size=5).map("/".join), min_size=1, max_size=3, unique=True))
def test_nothing_is_ever_written_outside_the_folder(names: list[str]) -> None:
    with TemporaryDirectory() as place:
        root = Path(place) / "deep" / "er"
        root.mkdir(parents=True)
        archive = make_zip(root / "a.zip", {f"top/{name}": b"..." for name in names})
        with suppress(DownloadError, OSError):
            extract_all(archive, root / "out")
        outside = {name for name in files_in(Path(place)) if not name.startswith("deep/er/out/")}
        assert outside == {"deep/er/a.zip"}


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    link = zipfile.ZipInfo("top/link")
    link.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "../../outside")
        archive.writestr("top/link/x", "evil")
    with pytest.raises(DownloadError, match=r"'top/link' is a link or a special file"):
        extract_all(tmp_path / "a.zip", tmp_path / "out")


def test_a_zip_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"top/1": bytes(400_000), "top/2": bytes(20_000_000)})
    assert archive.stat().st_size < 30_000
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
    with pytest.raises(DownloadError, match="expected a sound zip archive"):
        extract_all(archive, tmp_path / "out", max_bytes=1000)
    assert sum(map(len, files_in(tmp_path / "out").values())) <= 1000


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {f"top/{index}": b"" for index in range(11)})
    with pytest.raises(DownloadError, match="more than 10 files"):
        extract_all(archive, tmp_path / "out", max_files=10)
    assert len(extract_all(archive, tmp_path / "all", max_files=11)) == 11


def test_an_archive_without_one_top_folder_is_refused(tmp_path: Path) -> None:
    for contents in ({"top/a": b"", "other/b": b""}, {}):
        with pytest.raises(DownloadError, match="one top folder"):
            extract_all(make_zip(tmp_path / "a.zip", contents), tmp_path / "out")


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
    with pytest.raises(DownloadError, match=r"a\.zip: expected a sound zip archive: .*; download it again"):
        extract_all(tmp_path / "a.zip", tmp_path / "out")


def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("top/a", "first")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("top/a", "second")
    with pytest.raises(DownloadError, match="File exists"):
        extract_all(tmp_path / "a.zip", tmp_path / "out")


def test_a_full_disk_is_not_blamed_on_the_archive(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"top/" + "n" * 300: b"the name is too long for the disk"})
    with pytest.raises(OSError, match=os.strerror(errno.ENAMETOOLONG)) as caught:
        extract_all(archive, tmp_path / "out")
    assert not isinstance(caught.value, DownloadError)
