import re
import zipfile
from pathlib import Path

import pytest

from aurora_resnet.corpora.sources.esc10 import (
    ESC10_CLASSES,
    ESC50_URL,
    RECORDINGS_PER_CLASS,
    download_esc10,
    read_esc10_table,
)
from aurora_resnet.runtime.errors import DownloadError

PER_CLASS = 2  # in the archives made here


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aurora_resnet.corpora.sources.esc10.RECORDINGS_PER_CLASS", PER_CLASS)


def make_contents() -> dict[str, bytes]:
    """A small ESC-50: two recordings of each ESC-10 class and two of others, with its table."""
    rows, contents, sound = ["filename,fold,target,category,esc10,src_file,take"], {}, b"RIFF"
    for number, category in enumerate([*ESC10_CLASSES, "wind", "train"]):
        for fold in range(1, PER_CLASS + 1):
            name = f"{fold}-{1000 + number}-A-{number}.wav"
            rows.append(f"{name},{fold},{number},{category},{category in ESC10_CLASSES},{1000 + number},A")
            contents[f"audio/{name}"] = sound
    table = "\n".join(rows) + "\n"
    return {**contents, "meta/esc50.csv": table.encode(), "LICENSE": b"CC BY", "README.md": b"ESC", "x.py": b""}


def make_archive(folder: Path, contents: dict[str, bytes]) -> None:
    with zipfile.ZipFile(folder / "archive.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in contents.items():
            archive.writestr(f"ESC-50-33c8ce9/{name}", content)


@pytest.mark.usefixtures("small")
def test_only_the_esc10_recordings_arrive_a_folder_per_class(
    tmp_path: Path, site: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    make_archive(site[0], make_contents())
    target = download_esc10(tmp_path / "esc10", url=site[1])
    assert {path.name for path in target.iterdir()} == {*ESC10_CLASSES, "esc50.csv", "LICENSE", "README.md"}
    for number, category in enumerate(ESC10_CLASSES):
        assert {path.name for path in (target / category).iterdir()} == {
            f"{fold}-{1000 + number}-A-{number}.wav" for fold in range(1, PER_CLASS + 1)
        }
    assert {path.name for path in tmp_path.iterdir()} == {"site", "esc10"}
    (site[0] / "archive.zip").unlink()
    download_esc10(target, url=site[1])
    assert "complete and verified: nothing to download" in capsys.readouterr().err


def test_fewer_recordings_than_esc10_has_are_refused(tmp_path: Path, site: tuple[Path, str]) -> None:
    make_archive(site[0], make_contents())
    with pytest.raises(DownloadError, match=r"expected 40 recordings of chainsaw in esc50\.csv, found 2; "):
        download_esc10(tmp_path / "esc10", url=site[1])
    assert list(tmp_path.iterdir()) == [site[0]]


@pytest.mark.usefixtures("small")
def test_a_recording_that_is_missing_is_named_and_nothing_stays(tmp_path: Path, site: tuple[Path, str]) -> None:
    contents = make_contents()
    del contents["audio/1-1000-A-0.wav"]
    make_archive(site[0], contents)
    with pytest.raises(DownloadError, match=r"chainsaw/1-1000-A-0\.wav is missing"):
        download_esc10(tmp_path / "esc10", url=site[1])
    assert list(tmp_path.iterdir()) == [site[0]]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("1-1000-A-0.wav,1,0,chainsaw", "1-1000-A-0.wav,1,0,../..", r"of class '\.\./\.\.' cannot be"),
        ("1-1000-A-0.wav,1,0,chainsaw", "../../evil.wav,1,0,chainsaw", r"'\.\./\.\./evil\.wav' of class"),
        ("wind,False", "wind,True", "of class 'wind' cannot be a recording of ESC-10"),
        ("category,esc10", "category,esc11", "ESC-50's table lacks esc10"),
    ],
)
def test_a_table_that_cannot_be_esc50s_is_refused(
    tmp_path: Path, site: tuple[Path, str], old: str, new: str, complaint: str
) -> None:
    contents = make_contents()
    contents["meta/esc50.csv"] = contents["meta/esc50.csv"].replace(old.encode(), new.encode(), 1)
    make_archive(site[0], contents)
    with pytest.raises(DownloadError, match=complaint):
        download_esc10(tmp_path / "esc10", url=site[1])
    assert list(tmp_path.iterdir()) == [site[0]]


def test_another_archive_is_refused(tmp_path: Path, site: tuple[Path, str]) -> None:
    make_archive(site[0], {"README.md": b"something else"})
    with pytest.raises(DownloadError, match=r"expected the table meta/esc50\.csv"):
        download_esc10(tmp_path / "esc10", url=site[1])


def test_the_address_names_one_commit_over_https() -> None:
    assert re.fullmatch(r"https://github\.com/karolpiczak/ESC-50/archive/[0-9a-f]{40}\.zip", ESC50_URL)


def test_a_short_row_of_the_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "esc50.csv").write_text("filename,category,esc10\n1-17-A-10.wav,rain\n")
    with pytest.raises(DownloadError, match="line 2: expected 3 fields"):
        read_esc10_table(tmp_path / "esc50.csv")


@pytest.mark.shared
def test_classes_and_counts_are_those_of_the_real_esc10(shared: Path) -> None:
    counts = [len(list(folder.glob("*.ogg"))) for folder in (shared / "noise" / "esc10").iterdir() if folder.is_dir()]
    assert counts == [RECORDINGS_PER_CLASS] * len(ESC10_CLASSES)
