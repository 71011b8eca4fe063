"""The sets that records were measured on, built again from archives like their public sources'."""

from __future__ import annotations

import csv
import hashlib
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.sample_digest import samples_sha256
from aurora_resnet.corpora.sources.an4_download import AN4_SHA256, download_an4
from aurora_resnet.corpora.sources.fsdd import FSDD_SHA256
from aurora_resnet.corpora.sources.people_strings import SOURCES, download_people_strings, read_people_strings
from aurora_resnet.corpora.sources.speech_commands import DIGITS_SHA256, download_speech_commands_digits
from aurora_resnet.runtime.errors import CorpusError, DownloadError

Steps = npt.NDArray[np.int16]


def read_steps(path: Path) -> tuple[Steps, int]:
    samples, rate = soundfile.read(path, dtype="int16")
    return samples, rate


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return sorted(csv.DictReader(file), key=lambda row: row["file"])


def tar(archive: Path, folder: Path, prefix: str = "") -> None:
    with tarfile.open(archive, "w:gz", compresslevel=1) as made:
        made.add(folder, prefix or ".")


def put(path: Path, samples: Steps, rate: int, kind: str = "WAV") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, subtype="PCM_16", format=kind)


def an4_archive(shared: Path, folder: Path) -> Path:
    """AN4 as CMU has it, made of the utterances here."""
    lines: dict[str, list[str]] = {"train": [], "test": []}
    for row in rows(shared / "an4/utterances.csv"):
        samples, rate = read_steps(shared / "an4" / row["file"])
        name = Path(row["file"]).stem
        clstk = "an4_clstk" if row["split"] == "train" else "an4test_clstk"
        put(folder / "wav" / clstk / row["speaker"] / f"{name}.sph", samples, rate, "NIST")
        said = row["transcript"].upper()
        lines[row["split"]].append(f"<s> {said} </s> ({name})" if row["split"] == "train" else f"{said} ({name})")
    (folder / "etc").mkdir()
    for split, text in lines.items():
        (folder / "etc" / f"an4_{split}.transcription").write_text("\n".join(text) + "\n")
    return folder


@pytest.mark.slow
@pytest.mark.shared
def test_an4_is_cut_to_the_bit_as_it_was_measured(shared: Path, tmp_path: Path, site: tuple[Path, str]) -> None:
    tar(site[0] / "archive.zip", an4_archive(shared, tmp_path / "an4"), "an4")
    target = download_an4(tmp_path / "built", url=site[1], sha256=AN4_SHA256)
    for table in ("digits.csv", "strings.csv", "utterances.csv"):
        assert rows(target / table) == rows(shared / "an4" / table), table
    assert len(load_corpus(f"an4:{target}")) == 2086
    assert len(load_corpus(f"an4-strings:{target}")) == 199


def test_an4_without_its_recordings_is_refused(tmp_path: Path, site: tuple[Path, str]) -> None:
    put(tmp_path / "an4/wav/an4_clstk/fash/an251-fash-b.sph", np.ones(160, np.int16), 16000, "NIST")
    (tmp_path / "an4/etc").mkdir()
    (tmp_path / "an4/etc/an4_train.transcription").write_text("<s> YES </s> (an251-fash-b)\n")
    tar(site[0] / "archive.zip", tmp_path / "an4", "an4")
    with pytest.raises(DownloadError, match="lacks 715 utterances of AN4"):
        download_an4(tmp_path / "built", url=site[1])
    assert not (tmp_path / "built").exists()


def offer_people(
    shared: Path, site: tuple[Path, str], change: Callable[[Steps], tuple[Steps, int]]
) -> dict[str, object]:
    """Offer archives like the three sources', made of the recordings here, and return where they are."""
    folder, base = site[0], site[1].removesuffix("archive.zip")
    numbers = folder / "numbers.zip"
    with zipfile.ZipFile(numbers, "w") as made:
        for path in (shared / "people/strings/alphanumeric").iterdir():
            put(folder / "one.wav", *change(read_steps(path)[0]))
            response = path.stem.removesuffix("_number").replace("R", "R_", 1)
            made.write(folder / "one.wav", f"alphanumeric-6c9a38e/audio_data/Numbers/{response}.wav")
            made.write(folder / "one.wav", f"alphanumeric-6c9a38e/audio_data/Addresses/{response}.wav")
    for path in (shared / "people/strings/coswara").iterdir():
        person, pace = path.stem.split("_")
        put(folder / f"20200413/{person}XcV9/counting-{pace}.wav", *change(read_steps(path)[0]))
    tar(folder / "whole.gz", folder / "20200413", "20200413")
    whole = (folder / "whole.gz").read_bytes()
    (folder / "part.aa").write_bytes(whole[:10_000])
    (folder / "part.ab").write_bytes(whole[10_000:])
    for path in (shared / "people/strings").glob("speechocean*/*.flac"):
        person, utterance = path.stem.removeprefix("so").split("_")
        put(folder / f"WAVE/SPEAKER{person}/{utterance}.WAV", *change(read_steps(path)[0]))
    tar(folder / "speech.gz", folder / "WAVE", "speechocean762/WAVE")
    files = {"alphanumeric": ("numbers.zip",), "coswara": ("part.aa", "part.ab"), "speechocean": ("speech.gz",)}
    return {name: source._replace(urls=tuple(base + file for file in files[name])) for name, source in SOURCES.items()}


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("doubled", [False, True])
def test_peoples_strings_are_built_from_three_sources(
    doubled: bool, shared: Path, tmp_path: Path, site: tuple[Path, str], caplog: pytest.LogCaptureFixture
) -> None:
    """At 8 kHz to the bit; at another rate by length and level, which is said."""
    sources = offer_people(shared, site, lambda x: (np.repeat(x, 2), 16000) if doubled else (x, 8000))
    target = download_people_strings(tmp_path / "people", sources=sources)  # type: ignore[arg-type]
    assert len(caplog.records) == (3 if doubled else 0)
    corpus = read_people_strings(target)
    listed = rows(shared / "people/strings/strings.csv")
    assert {(u.path.stem, " ".join(u.words), u.speaker, u.attributes["collection"]) for u in corpus} == {
        (Path(row["file"]).stem, row["transcript"], f"people/{row['speaker']}", row["collection"]) for row in listed
    }
    (corpus[0].path).unlink()
    with pytest.raises(CorpusError, match=r"alphanumeric/.*_number.flac is missing"):
        read_people_strings(target)


@pytest.mark.slow
@pytest.mark.shared
def test_another_recording_in_the_place_of_one_is_refused(shared: Path, tmp_path: Path, site: tuple[Path, str]) -> None:
    sources = offer_people(shared, site, lambda x: ((x // 2).astype(np.int16), 8000))  # 6 dB below
    with pytest.raises(DownloadError, match=r"_number.flac: expected [\d.]+ s at -[\d.]+ dB, got"):
        download_people_strings(tmp_path / "people", sources=sources)  # type: ignore[arg-type]
    assert not (tmp_path / "people/alphanumeric").exists()


@pytest.mark.shared
def test_the_measured_digits_are_picked_from_speech_commands(
    shared: Path, tmp_path: Path, site: tuple[Path, str]
) -> None:
    source = tmp_path / "speech_commands_v0.01"
    for path in (shared / "speech_commands_digits").glob("*/*.wav"):
        copy = source / path.parent.name / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    put(source / "zero" / "00000000_nohash_0.wav", np.ones(160, np.int16), 16000)
    tar(site[0] / "archive.zip", source)
    target = download_speech_commands_digits(tmp_path / "digits", url=site[1])
    assert samples_sha256(target) == (100, DIGITS_SHA256)
    assert len(load_corpus(f"speech-commands:{target}").speakers) == 22


@pytest.mark.shared
def test_the_digest_of_fsdd_is_that_of_its_recordings(shared: Path) -> None:
    assert samples_sha256(shared / "fsdd" / "recordings") == (3000, FSDD_SHA256)


def test_the_digest_is_that_of_sorted_names_and_samples(tmp_path: Path) -> None:
    samples = np.arange(-5, 5, dtype=np.int16)
    put(tmp_path / "b/two.flac", samples, 8000, "FLAC")
    put(tmp_path / "a/z.wav", samples[::-1], 16000)
    lines = [f"two {hashlib.sha256(samples.tobytes()).hexdigest()}\n"]
    lines.append(f"z {hashlib.sha256(samples[::-1].tobytes()).hexdigest()}\n")
    assert samples_sha256(tmp_path) == (2, hashlib.sha256("".join(lines).encode()).hexdigest())
