import hashlib
import io
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from aurora_resnet.corpora.sources.fsdd import download_fsdd
from aurora_resnet.runtime.errors import DownloadError


@pytest.fixture
def recordings(tmp_path: Path) -> dict[str, bytes]:
    """Twelve tones, as the bytes of WAV files under the names of FSDD."""
    contents = {}
    for index in range(12):
        tone = np.sin(2 * np.pi * (300 + 100 * index) * np.arange(1600) / 8000)
        soundfile.write(tmp_path / "tone.wav", 0.5 * tone, 8000, subtype="PCM_16")
        contents[f"recordings/{index % 10}_george_{index}.wav"] = (tmp_path / "tone.wav").read_bytes()
    (tmp_path / "tone.wav").unlink()
    return contents


def make_archive(folder: Path, contents: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(folder / "archive.zip", "w", compression) as archive:
        for name, content in contents.items():
            archive.writestr(f"free-spoken-digit-dataset-26eb9aa/{name}", content)
    return folder / "archive.zip"


def digest(contents: dict[str, bytes]) -> str:
    """Return the SHA-256 of the names and the digests of the samples."""
    sums = []
    for name, content in contents.items():
        samples = hashlib.sha256(content[44:]).hexdigest()  # after the header of a plain WAV file
        sums.append(f"{Path(name).stem} {samples}\n")
    return hashlib.sha256("".join(sorted(sums)).encode()).hexdigest()


def files_in(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_recordings_and_readme_arrive_and_nothing_else_stays(
    tmp_path: Path, site: tuple[Path, str], recordings: dict[str, bytes]
) -> None:
    make_archive(site[0], {**recordings, "README.md": b"CC BY-SA", "metadata.py": b"import os", "pip/x": b""})
    target = tmp_path / "data" / "fsdd"
    assert download_fsdd(target, url=site[1], sha256=digest(recordings)) == target
    assert files_in(target) == {**recordings, "README.md": b"CC BY-SA"}
    assert list(target.parent.iterdir()) == [target]


def test_the_second_call_does_nothing_and_says_so(
    tmp_path: Path, site: tuple[Path, str], recordings: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    archive = make_archive(site[0], recordings)
    target = tmp_path / "fsdd"
    download_fsdd(target, url=site[1], sha256=digest(recordings))
    assert capsys.readouterr().err == ""
    archive.unlink()  # a second request would be answered 404
    download_fsdd(target, url=site[1], sha256=digest(recordings))
    assert capsys.readouterr().err == f"{target} is complete and verified: nothing to download\n"
    download_fsdd(target, url=site[1], sha256=digest(recordings), progress=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("wrong", ["missing", "other", "one more"])
def test_wrong_recordings_are_refused_and_nothing_stays(
    tmp_path: Path, site: tuple[Path, str], recordings: dict[str, bytes], wrong: str
) -> None:
    offered, name = dict(recordings), "recordings/0_george_0.wav"
    if wrong == "missing":
        del offered[name]
    else:
        offered[name if wrong == "other" else "recordings/0_george_99.wav"] = recordings["recordings/1_george_1.wav"]
    make_archive(site[0], offered)
    with pytest.raises(DownloadError, match=rf"is not what was published: expected .*, found {len(offered)} and anoth"):
        download_fsdd(tmp_path / "fsdd", url=site[1], sha256=digest(recordings))
    assert list(tmp_path.iterdir()) == [site[0]]
    make_archive(site[0], recordings)  # the wrong archive is not used again
    assert files_in(download_fsdd(tmp_path / "fsdd", url=site[1], sha256=digest(recordings))) == recordings


@pytest.mark.parametrize("content", [b"<html>Please log in</html>", b"PK\x03\x04 cut off", b""])
def test_what_is_no_zip_archive_is_refused_and_removed(tmp_path: Path, site: tuple[Path, str], content: bytes) -> None:
    (site[0] / "archive.zip").write_bytes(content)
    with pytest.raises(DownloadError, match=r"expected a sound archive, zip or tar\.gz: .*or something else"):
        download_fsdd(tmp_path / "fsdd", url=site[1])
    assert list(tmp_path.iterdir()) == [site[0]]


@pytest.mark.parametrize("mark", [b"RIFF", b"PK\x01\x02"], ids=["a recording", "the directory"])
def test_a_damaged_archive_is_called_so_and_removed(
    tmp_path: Path, site: tuple[Path, str], recordings: dict[str, bytes], mark: bytes
) -> None:
    archive = make_archive(site[0], recordings, zipfile.ZIP_STORED)
    whole = archive.read_bytes()
    archive.write_bytes(whole.replace(mark, mark[:1] + b"x" + mark[2:], 1))
    with pytest.raises(DownloadError, match="damaged or something else") as caught:
        download_fsdd(tmp_path / "fsdd", url=site[1], sha256=digest(recordings))
    assert "make room" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [site[0]]
    archive.write_bytes(whole)
    assert files_in(download_fsdd(tmp_path / "fsdd", url=site[1], sha256=digest(recordings))) == recordings


def test_an_absent_archive_is_reported(tmp_path: Path, site: tuple[Path, str]) -> None:
    with pytest.raises(DownloadError, match="404"):
        download_fsdd(tmp_path / "fsdd", url=site[1])
    assert list(tmp_path.iterdir()) == [site[0]]


def test_what_an_archive_holds_besides_cannot_reach_outside(
    tmp_path: Path, site: tuple[Path, str], recordings: dict[str, bytes]
) -> None:
    make_archive(site[0], {**recordings, "../../evil.wav": b"evil", "recordings/../../0_evil_0.wav": b"evil"})
    assert files_in(download_fsdd(tmp_path / "fsdd", url=site[1], sha256=digest(recordings))) == recordings
    assert {path.name for path in tmp_path.iterdir()} == {"site", "fsdd"}


def test_an_interrupted_installation_uses_the_fetched_archive(
    tmp_path: Path, site: tuple[Path, str], recordings: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = make_archive(site[0], recordings)

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("aurora_resnet.corpora.sources.fsdd.extract", interrupt)
        with pytest.raises(KeyboardInterrupt):
            download_fsdd(tmp_path / "fsdd", url=site[1], sha256=digest(recordings))
    assert {path.name for path in tmp_path.iterdir()} == {"site", ".fsdd.aurora-download"}
    archive.unlink()
    assert files_in(download_fsdd(tmp_path / "fsdd", url=site[1], sha256=digest(recordings))) == recordings


def test_what_a_killed_call_left_is_taken_up_or_removed(
    tmp_path: Path, site: tuple[Path, str], recordings: dict[str, bytes]
) -> None:
    work = tmp_path / "data" / ".fsdd.aurora-download"
    (work / "unpacked" / "recordings").mkdir(parents=True)
    (work / "unpacked" / "recordings" / "0_george_0.wav").write_bytes(b"half")
    (work / "tmp1234").write_bytes(b"half an archive")
    target = tmp_path / "data" / "fsdd"
    with pytest.raises(DownloadError, match="404"):
        download_fsdd(target, url=site[1], sha256=digest(recordings))
    assert list(target.parent.iterdir()) == []
    work.mkdir()
    make_archive(work, recordings).rename(work / "fsdd.archive")  # no request is needed
    assert files_in(download_fsdd(target, url=site[1], sha256=digest(recordings))) == recordings
    assert list(target.parent.iterdir()) == [target]
    work.mkdir()
    make_archive(work, recordings).rename(work / "fsdd.archive")  # killed when all was in place
    download_fsdd(target, url=site[1], sha256=digest(recordings))
    assert list(target.parent.iterdir()) == [target]


def test_a_second_download_is_refused_while_the_first_one_works(
    tmp_path: Path, site: tuple[Path, str], recordings: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_archive(site[0], recordings)
    refused = []

    def synced() -> None:
        assert not (tmp_path / "fsdd").exists()  # on the disk first, then under its name
        with pytest.raises(DownloadError, match=r"another download puts .*fsdd in place; wait for its end"):
            download_fsdd(tmp_path / "fsdd", url=site[1], sha256=digest(recordings))
        refused.append(True)

    monkeypatch.setattr("os.sync", synced)
    assert files_in(download_fsdd(tmp_path / "fsdd", url=site[1], sha256=digest(recordings))) == recordings
    assert refused == [True]
    assert {path.name for path in tmp_path.iterdir()} == {"site", "fsdd"}


def test_the_working_folder_can_be_the_target(
    tmp_path: Path, site: tuple[Path, str], recordings: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_archive(site[0], recordings)
    monkeypatch.chdir(tmp_path)
    Path("here").mkdir()
    download_fsdd("here", url=site[1], sha256=digest(recordings))
    assert files_in(tmp_path / "here") == recordings
    monkeypatch.chdir(tmp_path / "here")
    assert download_fsdd(".", url=site[1], sha256=digest(recordings), progress=False) == Path()


def test_a_full_disk_while_extracting_is_reported_and_leaves_the_archive_for_the_next_call(
    tmp_path: Path, site: tuple[Path, str]
) -> None:
    resource = pytest.importorskip("resource")
    silence = io.BytesIO()
    soundfile.write(silence, np.zeros(1_500_000, dtype=np.int16), 8000, format="WAV", subtype="PCM_16")
    contents = {"recordings/0_george_0.wav": silence.getvalue()}  # compresses to a small archive
    make_archive(site[0], contents)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))  # a longer file is refused by the system
    try:
        with pytest.raises(DownloadError, match=r"cannot write .*fsdd: .*make room"):
            download_fsdd(tmp_path / "fsdd", url=site[1], sha256=digest(contents))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path.name for path in tmp_path.iterdir()} == {"site", ".fsdd.aurora-download"}
    assert files_in(download_fsdd(tmp_path / "fsdd", url=site[1], sha256=digest(contents))) == contents


def test_a_folder_with_other_things_is_never_touched(
    tmp_path: Path, site: tuple[Path, str], recordings: dict[str, bytes]
) -> None:
    make_archive(site[0], recordings)
    target = tmp_path / "fsdd"
    (target / "recordings").mkdir(parents=True)
    (target / "recordings" / "mine.wav").write_bytes(b"mine")
    with pytest.raises(
        DownloadError, match=r"not a complete copy: .*found 1 and another one; move it away or choose another folder"
    ):
        download_fsdd(target, url=site[1], sha256=digest(recordings))
    assert files_in(target) == {"recordings/mine.wav": b"mine"}
    shutil.rmtree(target)
    target.mkdir()  # an empty folder may be filled
    assert files_in(download_fsdd(target, url=site[1], sha256=digest(recordings))) == recordings


def test_a_recording_that_rots_is_noticed_by_the_next_call(
    tmp_path: Path, site: tuple[Path, str], recordings: dict[str, bytes]
) -> None:
    make_archive(site[0], recordings)
    target = download_fsdd(tmp_path / "fsdd", url=site[1], sha256=digest(recordings))
    (target / "recordings" / "3_george_3.wav").write_bytes(b"")
    with pytest.raises(
        DownloadError, match=r"not a complete copy: expected the published .* found 12 and another one; move"
    ):
        download_fsdd(target, url=site[1], sha256=digest(recordings))


@pytest.mark.slow
@pytest.mark.shared
def test_the_real_corpus_is_downloaded_and_verified(tmp_path: Path, site: tuple[Path, str], shared: Path) -> None:
    real = shared / "fsdd" / "recordings"
    with zipfile.ZipFile(site[0] / "archive.zip", "w") as archive:
        for path in sorted(real.iterdir()):
            archive.write(path, f"free-spoken-digit-dataset-26eb9aa/recordings/{path.name}")
    target = download_fsdd(tmp_path / "fsdd", url=site[1])
    assert len(list((target / "recordings").iterdir())) == 3000
    for name in ("0_george_0.wav", "9_yweweler_49.wav"):
        assert (target / "recordings" / name).read_bytes() == (real / name).read_bytes()
    shutil.rmtree(target)  # pytest keeps temporary folders
