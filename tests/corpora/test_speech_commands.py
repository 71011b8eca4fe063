from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.sources.speech_commands import download_speech_commands, read_speech_commands
from aurora_resnet.runtime.errors import CorpusError, DownloadError, MissingDependencyError


def write(folder: Path, *names: str, content: bytes = b"sound") -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def names(corpus: Corpus) -> list[tuple[str, str, str]]:
    return [(" ".join(u.words), u.speaker.removeprefix("speech-commands/"), u.split) for u in corpus]


def test_speech_commands_takes_the_digits_and_its_own_split(tmp_path: Path) -> None:
    write(tmp_path, "two/0a_nohash_0.wav", "two/0b_nohash_0.wav", "two/0C_nohash_0.flac", "tree/0a_nohash_0.wav")
    write(tmp_path, "_background_noise_/pink.wav", "LICENSE")
    assert names(read_speech_commands(tmp_path)) == [("two", "0c", ""), ("two", "0a", ""), ("two", "0b", "")]
    (tmp_path / "testing_list.txt").write_text("two/0a_nohash_0.wav\ntree/0a_nohash_0.wav\n")
    (tmp_path / "validation_list.txt").write_text("two/0C_nohash_0.wav\n")
    assert names(read_speech_commands(tmp_path)) == [
        ("two", "0c", "validation"),
        ("two", "0a", "test"),
        ("two", "0b", "train"),
    ]
    tree = read_speech_commands(tmp_path, other_words=True).filter(other_word="tree")
    assert names(tree) == [("", "0a", "test")]


def test_speech_commands_may_lie_flat(tmp_path: Path) -> None:
    write(tmp_path, "two_0a_nohash_0.wav", "yes_0b_nohash_1.wav")
    (tmp_path / "testing_list.txt").write_text("two/0a_nohash_0.wav\n")
    assert names(read_speech_commands(tmp_path)) == [("two", "0a", "test")]


def test_misnamed_speech_commands_are_named(tmp_path: Path) -> None:
    write(tmp_path, "two/0a_nohash_0.wav", "two/mine.wav")
    with pytest.raises(CorpusError, match=r"two/mine\.wav: expected a name like 439c84f4_nohash_1\.wav"):
        read_speech_commands(tmp_path)


@pytest.mark.shared
def test_the_real_speech_commands(shared: Path) -> None:
    corpus = load_corpus(f"speech-commands:{shared / 'speech_commands_digits'}")
    assert (len(corpus), len(corpus.speakers)) == (100, 22)
    others = read_speech_commands(shared / "speech_commands_other" / "words", other_words=True)
    assert len(others) == 768
    assert len({u.attributes["other_word"] for u in others}) == 25
    assert {u.words for u in others} == {()}


def fake_torchaudio(monkeypatch: pytest.MonkeyPatch, dataset: object) -> None:
    module, datasets = ModuleType("torchaudio"), ModuleType("torchaudio.datasets")
    vars(datasets)["SPEECHCOMMANDS"] = dataset
    monkeypatch.setitem(sys.modules, "torchaudio", module)
    monkeypatch.setitem(sys.modules, "torchaudio.datasets", datasets)


def test_the_download_asks_torchaudio_and_returns_a_readable_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dataset(root: Path, url: str, folder_in_archive: str, download: bool) -> None:
        assert download
        write(Path(root) / folder_in_archive / url, "one/0a_nohash_0.wav")

    fake_torchaudio(monkeypatch, dataset)
    folder = download_speech_commands(tmp_path / "new" / "place")
    assert folder == tmp_path / "new" / "place" / "SpeechCommands" / "speech_commands_v0.02"
    assert names(read_speech_commands(folder)) == [("one", "0a", "")]


def test_a_failed_download_is_our_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dataset(*_: object, **__: object) -> None:
        raise RuntimeError("invalid hash value")

    fake_torchaudio(monkeypatch, dataset)
    with pytest.raises(DownloadError, match="could not be downloaded: invalid hash value"):
        download_speech_commands(tmp_path)


def test_without_torchaudio_the_download_says_why_and_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing(ModuleType):
        def __getattr__(self, name: str) -> object:
            raise RuntimeError("PyTorch has CUDA version 13.2 whereas TorchAudio has CUDA version 13.0")

    monkeypatch.setitem(sys.modules, "torchaudio", ModuleType("torchaudio"))
    monkeypatch.setitem(sys.modules, "torchaudio.datasets", Refusing("torchaudio.datasets"))
    with pytest.raises(MissingDependencyError, match=r"(?s)whereas TorchAudio has CUDA.*pip install torch==2\.11"):
        download_speech_commands(tmp_path)
    monkeypatch.setitem(sys.modules, "torchaudio", None)
    monkeypatch.delitem(sys.modules, "torchaudio.datasets")
    with pytest.raises(MissingDependencyError, match="does not import here"):
        download_speech_commands(tmp_path / "never made")
    assert not (tmp_path / "never made").exists()
