from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
from pathlib import Path

import pytest

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.sources import speech_commands
from aurora_resnet.corpora.sources.speech_commands import (
    SPEECH_COMMANDS_SHA256,
    SPEECH_COMMANDS_URL,
    download_speech_commands,
    read_speech_commands,
)
from aurora_resnet.runtime.errors import CorpusError, DownloadError


def write(folder: Path, *names: str, content: bytes = b"sound") -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def names(corpus: Corpus) -> list[tuple[str, str, str]]:
    return [(" ".join(u.words), u.speaker.removeprefix("speech-commands/"), u.split) for u in corpus]


def test_speech_commands_takes_all_words_and_its_own_split(tmp_path: Path) -> None:
    write(tmp_path, "two/0a_nohash_0.wav", "two/0b_nohash_0.wav", "two/0C_nohash_0.flac", "tree/0a_nohash_0.wav")
    write(tmp_path, "_background_noise_/pink.wav", "LICENSE")
    assert names(read_speech_commands(tmp_path)) == [
        ("tree", "0a", ""), ("two", "0c", ""), ("two", "0a", ""), ("two", "0b", ""),
    ]  # fmt: skip
    (tmp_path / "testing_list.txt").write_text("two/0a_nohash_0.wav\ntree/0a_nohash_0.wav\n")
    (tmp_path / "validation_list.txt").write_text("two/0C_nohash_0.wav\n")
    corpus = read_speech_commands(tmp_path)
    assert names(corpus) == [
        ("tree", "0a", "test"), ("two", "0c", "validation"), ("two", "0a", "test"), ("two", "0b", "train"),
    ]  # fmt: skip
    assert names(corpus.filter(words="tree")) == [("tree", "0a", "test")]


def test_speech_commands_may_lie_flat(tmp_path: Path) -> None:
    write(tmp_path, "two_0a_nohash_0.wav", "yes_0b_nohash_1.wav")
    (tmp_path / "testing_list.txt").write_text("two/0a_nohash_0.wav\n")
    assert names(read_speech_commands(tmp_path)) == [("two", "0a", "test"), ("yes", "0b", "train")]


def test_misnamed_speech_commands_are_named(tmp_path: Path) -> None:
    write(tmp_path, "two/0a_nohash_0.wav", "two/mine.wav")
    with pytest.raises(CorpusError, match=r"two/mine\.wav: expected a name like 439c84f4_nohash_1\.wav"):
        read_speech_commands(tmp_path)


@pytest.mark.shared
def test_the_real_speech_commands(shared: Path) -> None:
    corpus = load_corpus(f"speech-commands:{shared / 'speech_commands_digits'}")
    assert (len(corpus), len(corpus.speakers)) == (100, 22)
    others = read_speech_commands(shared / "speech_commands_other" / "words")
    assert len(others) == 768
    assert len(others.words) == 25
    assert not set(others.words) & set(corpus.words)


# The download


CONTENTS = {
    "./LICENSE": b"CC BY 4.0",
    "./README.md": b"short words",
    "./.DS_Store": b"of a file manager",
    "./testing_list.txt": b"two/0a_nohash_0.wav\n",
    "./validation_list.txt": b"yes/0b_nohash_1.wav\n",
    "./two/0a_nohash_0.wav": b"two",
    "./two/._0a_nohash_0.wav": b"of a file manager",
    "./yes/0b_nohash_1.wav": b"yes",
    "./yes/0c_nohash_0.wav": b"yes again",
    "./_background_noise_/pink_noise.wav": b"noise",
}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_commands, "RECORDINGS", 3)


def make_archive(folder: Path, contents: dict[str, bytes]) -> str:
    """Write the archive that the local server offers; return its SHA-256."""
    with tarfile.open(folder / "archive.zip", "w:gz") as archive:
        for name in (".", "./two"):
            entry = tarfile.TarInfo(name)
            entry.type = tarfile.DIRTYPE
            archive.addfile(entry)
        for name, content in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return hashlib.sha256((folder / "archive.zip").read_bytes()).hexdigest()


def files_in(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.usefixtures("small")
def test_the_download_is_a_folder_that_the_reader_takes(
    tmp_path: Path, site: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    sha256 = make_archive(site[0], CONTENTS)
    target = download_speech_commands(tmp_path / "new" / "place", url=site[1], sha256=sha256)
    assert target == tmp_path / "new" / "place"
    assert files_in(target) == {
        name.removeprefix("./"): content for name, content in CONTENTS.items() if "/." not in name
    }
    assert [path.name for path in target.parent.iterdir()] == ["place"]
    assert names(read_speech_commands(target)) == [
        ("two", "0a", "test"), ("yes", "0b", "validation"), ("yes", "0c", "train"),
    ]  # fmt: skip
    (site[0] / "archive.zip").unlink()
    download_speech_commands(target, url=site[1], sha256=sha256)
    assert capsys.readouterr().err == f"{target} is complete and verified: nothing to download\n"
    (target / "yes" / "0b_nohash_1.wav").write_bytes(b"")
    with pytest.raises(DownloadError, match=r"complete copy: yes/0b_nohash_1\.wav is missing or empty; expected 3 rec"):
        download_speech_commands(target, url=site[1], sha256=sha256)


@pytest.mark.usefixtures("small")
def test_an_archive_of_other_bytes_is_refused_and_removed(tmp_path: Path, site: tuple[Path, str]) -> None:
    sha256 = make_archive(site[0], CONTENTS)
    make_archive(site[0], CONTENTS | {"./yes/0d_nohash_0.wav": b"one more"})
    with pytest.raises(DownloadError, match=r"not the published archive \(its SHA-256 differs\): it begins with b'"):
        download_speech_commands(tmp_path / "sc", url=site[1], sha256=sha256)
    assert list(tmp_path.iterdir()) == [site[0]]
    sha256 = make_archive(site[0], CONTENTS)
    assert download_speech_commands(tmp_path / "sc", url=site[1], sha256=sha256).is_dir()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("yes", r"yes/0b_nohash_1\.wav is missing or empty; expected 3 recordings of words, found 1"),
        ("two/0a_nohash_0.wav", r"two/0a_nohash_0\.wav is missing or empty; expected 3 recordings of words, found 2"),
        ("testing_list.txt", r"testing_list\.txt is missing"),
    ],
)
def test_a_folder_that_was_unpacked_by_half_is_not_complete(
    tmp_path: Path, site: tuple[Path, str], lost: str, said: str
) -> None:
    for name, content in CONTENTS.items():
        write(tmp_path / "sc", name, content=content)
    path = tmp_path / "sc" / lost
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    with pytest.raises(DownloadError, match=f"not a complete copy: {said}"):
        download_speech_commands(tmp_path / "sc", url=site[1])


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_in_an_archive_of_the_right_sum_writes_nothing_outside(
    tmp_path: Path, site: tuple[Path, str], kind: bytes
) -> None:
    (tmp_path / "outside").mkdir()
    with tarfile.open(site[0] / "archive.zip", "w:gz") as archive:
        link = tarfile.TarInfo("two")
        link.type, link.linkname = kind, str(tmp_path / "outside")
        archive.addfile(link)
        entry = tarfile.TarInfo("two/0a_nohash_0.wav")
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"evil"))
    sha256 = hashlib.sha256((site[0] / "archive.zip").read_bytes()).hexdigest()
    with pytest.raises(DownloadError, match="'two' is a link or a special file"):
        download_speech_commands(tmp_path / "sc", url=site[1], sha256=sha256)
    assert list((tmp_path / "outside").iterdir()) == []
    assert not (tmp_path / "sc").exists()


def test_an_incomplete_archive_leaves_nothing(tmp_path: Path, site: tuple[Path, str]) -> None:
    sha256 = make_archive(site[0], CONTENTS)
    with pytest.raises(DownloadError, match="is not what was published: expected 105829 recordings of words, found 3;"):
        download_speech_commands(tmp_path / "sc", url=site[1], sha256=sha256)
    assert list(tmp_path.iterdir()) == [site[0]]


def test_the_archive_is_the_one_that_torchaudio_takes() -> None:
    try:
        from torchaudio.datasets import speechcommands
    except (ImportError, OSError, RuntimeError) as error:
        pytest.skip(f"torchaudio does not import here: {str(error).splitlines()[0]}")
    assert speechcommands._CHECKSUMS[SPEECH_COMMANDS_URL] == SPEECH_COMMANDS_SHA256
