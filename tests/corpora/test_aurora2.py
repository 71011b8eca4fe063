from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.corpora.sources.aurora2 import read_aurora2
from aurora_resnet.corpora.sources.byte_order import detect_byte_order
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.sound_files import RawFormat
from aurora_resnet.runtime.errors import AudioError, CorpusError

Order = Literal["big", "little"]
Int16 = npt.NDArray[np.int16]

SNRS = (20, 15, 10, 5, 0, -5)
TREE = {
    "TRAIN": ["CLEAN", *(f"CLEAN{i}" for i in range(1, 5)), *(f"N{i}_SNR{s}" for i in range(1, 5) for s in SNRS[:4])],
    "TESTA": [*(f"CLEAN{i}" for i in range(1, 5)), *(f"N{i}_SNR{s}" for i in range(1, 5) for s in SNRS)],
    "TESTB": [*(f"CLEAN{i}" for i in range(1, 5)), *(f"N{i}_SNR{s}" for i in range(1, 5) for s in SNRS)],
    "TESTC": [*(f"CLEAN{i}" for i in range(1, 3)), *(f"N{i}_SNR{s}" for i in range(1, 3) for s in SNRS)],
}
FILES = ("FAC_13A", "MAE_ZO9B", "MBA_OA", "FKL_7A")


def speech_like(seed: int, level_db: float = -26.0, snr_db: float = 100.0) -> Int16:
    """A harmonic sound of half a second at 8 kHz with a slow envelope, and white noise."""
    generator = np.random.default_rng(seed)
    t = np.arange(4000) / 8000
    k = np.arange(1, 15)[:, np.newaxis]
    phase = generator.uniform(0, 6, k.shape)
    voice = np.hanning(t.size) * np.sum(np.sin(2 * np.pi * 120 * k * t + phase) / k, axis=0)
    voice = voice / np.sqrt(np.mean(voice**2))
    mix = voice + 10 ** (-snr_db / 20) * generator.standard_normal(t.size)
    samples: Int16 = np.clip(10 ** (level_db / 20) * 32768 * mix, -32768, 32767).astype(np.int16)
    return samples


def write_raw(path: Path, samples: Int16, order: Order) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(samples.astype(">i2" if order == "big" else "<i2").tobytes())
    return path


def write_tree(root: Path, order: Order, case: Callable[[str], str] = str.upper) -> Path:
    """Write the whole folder tree of the CDs with four files in each folder."""
    sounds = [speech_like(seed) for seed in range(len(FILES))]
    for part, folders in TREE.items():
        for folder in folders:
            for name, sound in zip(FILES, sounds, strict=True):
                write_raw(root / case("SPEECHDATA") / case(part) / case(folder) / case(f"{name}.08"), sound, order)
    return root


@pytest.mark.parametrize("case", [str.upper, str.lower, str.title])
@pytest.mark.parametrize("order", ["big", "little"])
def test_the_whole_tree_is_read_in_any_case_and_byte_order(
    tmp_path: Path, order: Order, case: Callable[[str], str]
) -> None:
    corpus = read_aurora2(write_tree(tmp_path, order, case))
    assert corpus.problems == ()
    assert Counter(u.attributes["set"] for u in corpus) == {
        "train-clean": 4, "train-multi": 4 * 20, "a": 4 * 28, "b": 4 * 28, "c": 4 * 14,
    }  # fmt: skip
    assert {u.raw for u in corpus} == {RawFormat(8000, order)}
    assert corpus.speakers == ("aurora2/FAC", "aurora2/FKL", "aurora2/MAE", "aurora2/MBA")
    assert {u.words for u in corpus} == {("one", "three"), ("zero", "oh", "nine"), ("oh",), ("seven",)}
    assert len(corpus.filter(isolated=True)) == len(corpus) / 2
    assert Counter(u.split for u in corpus) == {"train": 84, "test": 280}
    samples, rate = read_audio(corpus[0].path, raw=corpus[0].raw)
    assert rate == 8000
    np.testing.assert_array_equal(samples * 32768, speech_like(0))


def test_a_file_is_described_by_where_it_lies_and_its_name(tmp_path: Path) -> None:
    corpus = read_aurora2(write_tree(tmp_path, "big"))

    def described(place: str) -> dict[str, str]:
        (utterance,) = corpus.filter(lambda u: u.path.as_posix().endswith(place))
        return dict(utterance.attributes)

    assert described("TRAIN/CLEAN/FAC_13A.08") == {
        "set": "train-clean", "snr_db": "clean", "channel": "g712", "sex": "f", "repetition": "A",
        "aurora_speaker": "FAC",
    }  # fmt: skip
    assert described("TESTB/N4_SNR-5/MAE_ZO9B.08") == {
        "set": "b", "noise": "station", "noise_index": "4", "snr_db": "-5", "channel": "g712",
        "sex": "m", "repetition": "B", "aurora_speaker": "MAE",
    }  # fmt: skip
    assert described("TESTC/CLEAN2/FKL_7A.08") == {
        "set": "c", "noise": "street", "noise_index": "2", "snr_db": "clean", "channel": "mirs",
        "sex": "f", "repetition": "A", "aurora_speaker": "FKL",
    }  # fmt: skip
    scenes = {name: [u.attributes["noise"] for u in corpus.filter(set=name, snr_db="0")][::4] for name in "abc"}
    assert scenes == {
        "a": ["subway", "babble", "car", "exhibition"],
        "b": ["restaurant", "street", "airport", "station"],
        "c": ["subway", "street"],
    }
    assert [u.attributes["set"] for u in corpus.filter(split="train", snr_db="20", noise="car")] == ["train-multi"] * 4


def test_the_root_may_be_speechdata_itself_and_hold_some_parts_only(tmp_path: Path) -> None:
    write_raw(tmp_path / "TESTA" / "CLEAN1" / "FAC_1A.08", speech_like(0), "big")
    write_raw(tmp_path / "readme.txt", speech_like(0), "big")
    corpus = read_aurora2(tmp_path)
    assert (len(corpus), corpus.problems) == (1, ())


def test_what_cannot_be_used_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    part = tmp_path / "SPEECHDATA" / "TESTC"
    write_raw(part / "N1_SNR5" / "FAC_1A.08", speech_like(0), "little")
    faults = {
        "N1_SNR5/FAC_1Z.08": (b"ab", "expected a file with a name like FAC_13A.08"),
        "N1_SNR5/FAC_0A.08": (b"ab", "expected a file with a name"),
        "N1_SNR5/FAC_2A.txt": (b"ab", "expected a file with a name"),
        "N1_SNR5/FAC_3A.08": (b"", "the file is empty"),
        "N1_SNR5/FAC_4A.08": (b"abc", "odd number of bytes (3)"),
        "N3_SNR5/FAC_1A.08": (b"ab", "expected a folder like CLEAN1 or N1_SNR5"),
        "CLEAN/FAC_1A.08": (b"ab", "expected a folder"),
        "stray.08": (b"ab", "expected a folder"),
    }
    for name, (content, _) in faults.items():
        (part / name).parent.mkdir(exist_ok=True)
        (part / name).write_bytes(content)
    corpus = read_aurora2(tmp_path)
    assert [u.path.name for u in corpus] == ["FAC_1A.08"]
    assert len(corpus.problems) == len(faults)
    for name, (_, expected) in faults.items():
        path = part / name.split("/")[0] if "folder" in expected else part / name
        (problem,) = [problem for problem in corpus.problems if problem.startswith(f"{path}: ")]
        assert expected in problem
    assert corpus.summary().problems == corpus.problems


def test_files_with_a_header_stand_for_headerless_ones(tmp_path: Path) -> None:
    folder = tmp_path / "testa" / "n2_snr10"
    folder.mkdir(parents=True)
    soundfile.write(folder / "fac_1a.flac", speech_like(0), 8000)
    soundfile.write(folder / "fac_2a.WAV", speech_like(0), 8000)
    corpus = read_aurora2(tmp_path)
    assert [(u.word, u.raw) for u in corpus] == [("one", None), ("two", None)]
    np.testing.assert_array_equal(read_audio(corpus[0].path)[0] * 32768, speech_like(0))


MANIFEST = """path,words,speaker,split,attribute.aurora_speaker
TESTA/CLEAN1/FAC_1A.08,one,"fsdd/theo, the second",test,FAC
TESTA/CLEAN1/MAE_2A.08,two,fsdd/lucas,test,MAE
"""


@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_the_speakers_of_a_built_tree_are_those_of_its_manifest(tmp_path: Path, case: Callable[[str], str]) -> None:
    home = tmp_path / case("SPEECHDATA")
    for name in ("TESTA/CLEAN1/FAC_1A.08", "TESTA/N1_SNR5/FAC_1A.08", "TESTA/CLEAN1/MAE_2A.08"):
        write_raw(home / case(name), speech_like(0), "big")
    (home / case("manifest.csv")).write_text(MANIFEST)
    (home / case("settings.json")).write_text("{}")
    for root in (tmp_path, home):
        corpus = read_aurora2(root)
        assert corpus.problems == ()
        assert {(u.attributes["aurora_speaker"], u.speaker) for u in corpus} == {
            ("FAC", "fsdd/theo, the second"), ("MAE", "fsdd/lucas"),
        }  # fmt: skip


def test_speakers_that_a_built_tree_cannot_name_are_problems(tmp_path: Path) -> None:
    home = tmp_path / "SPEECHDATA"
    for name in ("FAC_1A.08", "MBA_2A.08"):
        write_raw(home / "TESTA" / "CLEAN1" / name, speech_like(0), "big")
    (home / "settings.json").write_text("{}")  # a build that was killed
    corpus = read_aurora2(tmp_path)
    assert (corpus.speakers, len(corpus.problems)) == (("aurora2/FAC", "aurora2/MBA"), 1)
    assert "manifest.csv is missing: the build was not finished" in corpus.problems[0]
    (home / "manifest.csv").write_text(MANIFEST)
    corpus = read_aurora2(tmp_path)
    assert (corpus.speakers, len(corpus.problems)) == (("aurora2/MBA", "fsdd/theo, the second"), 1)
    assert "manifest.csv has no speaker MBA: the build was not finished" in corpus.problems[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("path,words,speaker\n", "the manifest that make-noisy writes lacks attribute.aurora_speaker"),
        ('a,"b\n', "the manifest that make-noisy writes cannot be read"),
    ],
)
def test_a_manifest_that_no_builder_wrote_is_refused(tmp_path: Path, content: str, said: str) -> None:
    write_raw(tmp_path / "TESTA" / "CLEAN1" / "FAC_1A.08", speech_like(0), "big")
    (tmp_path / "manifest.csv").write_text(content)
    with pytest.raises(CorpusError, match=rf"{re.escape(str(tmp_path))}/manifest\.csv: .*{said}"):
        read_aurora2(tmp_path)


def test_a_tree_without_use_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="expected SPEECHDATA with TRAIN, TESTA, TESTB or TESTC here"):
        read_aurora2(tmp_path)
    (tmp_path / "TRAIN" / "CLEAN").mkdir(parents=True)
    (tmp_path / "TRAIN" / "CLEAN" / "FAC_1A.08").touch()
    with pytest.raises(CorpusError, match=r"found none; 1 problems, the first: .*FAC_1A\.08: the file is empty"):
        read_aurora2(tmp_path)


def test_the_byte_order_can_be_given(tmp_path: Path) -> None:
    write_raw(tmp_path / "TESTA" / "CLEAN1" / "FAC_1A.08", np.zeros(800, np.int16), "big")
    with pytest.raises(CorpusError, match=r"byte order of this corpus is not clear .* give byte_order"):
        read_aurora2(tmp_path)
    assert read_aurora2(tmp_path, byte_order="little")[0].raw == RawFormat(8000, "little")
    with pytest.raises(AudioError, match="'middle'"):
        read_aurora2(tmp_path, byte_order="middle")  # type: ignore[arg-type]


def test_mixed_byte_orders_are_refused_by_name(tmp_path: Path) -> None:
    big = write_raw(tmp_path / "TESTA" / "CLEAN1" / "FAC_1A.08", speech_like(0), "big")
    little = write_raw(tmp_path / "TESTB" / "CLEAN1" / "FAC_1A.08", speech_like(0), "little")
    expected = f"{big} looks big-endian, {little} little-endian"
    with pytest.raises(CorpusError, match=re.escape(expected)):
        read_aurora2(tmp_path)
    assert len(read_aurora2(tmp_path, byte_order="big")) == 2


@given(
    seed=st.integers(0, 10_000),
    level_db=st.floats(-80, -15),
    snr_db=st.floats(-5, 40),
    order=st.sampled_from(["big", "little"]),
)
def test_one_file_of_any_level_and_snr_tells_its_byte_order(
    tmp_path_factory: pytest.TempPathFactory, seed: int, level_db: float, snr_db: float, order: Order
) -> None:
    path = tmp_path_factory.mktemp("raw") / "x.08"
    write_raw(path, speech_like(seed, level_db - max(0.0, -snr_db), snr_db), order)
    assert detect_byte_order([path]) == order


@pytest.mark.parametrize("order", ["big", "little"])
def test_recordings_of_eight_bits_tell_their_byte_order(tmp_path: Path, order: Order) -> None:
    for seed, snr_db in enumerate((40, 10, -10)):
        samples = speech_like(seed, -20, snr_db) // 256 * 256
        assert detect_byte_order([write_raw(tmp_path / "x.08", samples, order)]) == order


@pytest.mark.parametrize("order", ["big", "little"])
def test_dither_of_one_step_on_eight_bits_does_not_mislead(tmp_path: Path, order: Order) -> None:
    # Swapped, only the dither is loud: this reading is fainter, but rough.
    dither = np.random.default_rng(0).integers(-1, 2, 4000).astype(np.int16)
    samples = speech_like(0, -16) // 256 * 256 + dither
    assert detect_byte_order([write_raw(tmp_path / "x.08", samples, order)]) == order


def test_one_stray_among_many_does_not_make_a_mixed_corpus(tmp_path: Path) -> None:
    paths = [write_raw(tmp_path / f"{i}.08", speech_like(i), "big" if i else "little") for i in range(20)]
    assert detect_byte_order(paths) == "big"
    with pytest.raises(CorpusError, match="mixed"):
        detect_byte_order(paths[:5])


def test_silent_files_leave_the_byte_order_to_the_others(tmp_path: Path) -> None:
    silent = [write_raw(tmp_path / f"{i}.08", np.zeros(100, np.int16), "big") for i in range(200)]
    noise = np.random.default_rng(0).integers(-32768, 32767, 4000).astype(np.int16)
    hiss = write_raw(tmp_path / "hiss.08", noise, "big")
    speech = write_raw(tmp_path / "speech.08", speech_like(1), "little")
    assert detect_byte_order([speech, hiss, *silent]) == "little"
    with pytest.raises(CorpusError, match="is not clear"):
        detect_byte_order([hiss, *silent])
    with pytest.raises(CorpusError, match="no file"):
        detect_byte_order([])


@pytest.mark.shared
@pytest.mark.parametrize("order", ["big", "little"])
def test_real_digits_and_noises_tell_their_byte_order_one_by_one(tmp_path: Path, shared: Path, order: Order) -> None:
    paths = sorted((shared / "fsdd" / "recordings").glob("*.wav"))[::30]
    paths += sorted((shared / "noise" / "noizeus").glob("*/*"))[::8]
    assert len(paths) >= 120
    for path in paths:
        samples, _ = soundfile.read(path, dtype="int16")
        assert detect_byte_order([write_raw(tmp_path / "x.08", samples, order)]) == order, path
