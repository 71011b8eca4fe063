from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.runtime.errors import AudioError


@given(
    steps=st.lists(st.integers(-32768, 32767), min_size=1, max_size=50),
    suffix=st.sampled_from([".wav", ".flac", ".WAV"]),
)
def test_sixteen_bit_samples_survive_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], suffix: str
) -> None:
    path = tmp_path_factory.mktemp("write") / f"a{suffix}"
    write_audio(np.array(steps) / 32768, path, 8000)
    stored, rate = soundfile.read(path, dtype="int16")
    assert stored.tolist() == steps
    assert rate == 8000
    assert soundfile.info(path).subtype == "PCM_16"


def test_samples_between_two_steps_go_to_the_nearer_one(tmp_path: Path) -> None:
    path = tmp_path / "folder that is not there yet" / "a.wav"
    write_audio(np.array([0.4, 0.6, -0.6, 100.7]) / 32768, path, 8000)
    assert soundfile.read(path, dtype="int16")[0].tolist() == [0, 1, -1, 101]
    assert [file.name for file in path.parent.iterdir()] == ["a.wav"]


def test_full_scale_is_the_highest_step(tmp_path: Path) -> None:
    write_audio([1.0, -1.0], tmp_path / "a.wav", 8000)
    assert soundfile.read(tmp_path / "a.wav", dtype="int16")[0].tolist() == [32767, -32768]


def test_samples_beyond_full_scale_are_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    wav = tmp_path / "a.wav"
    write_audio(np.linspace(-0.5, 0.5, 100), wav, 8000)
    before = wav.read_bytes()
    with pytest.raises(AudioError, match=r"a\.wav': samples must lie in \[-1, 1\], the peak is 1.5"):
        write_audio(np.array([0.0, -1.5]), wav, 8000)
    assert wav.read_bytes() == before


@pytest.mark.parametrize("rate", [0, 999, 8000.5])
def test_absurd_rates_are_refused(tmp_path: Path, rate: int) -> None:
    with pytest.raises(AudioError, match=r"a\.wav': the sample rate must be"):
        write_audio(np.zeros(10), tmp_path / "a.wav", rate)


@pytest.mark.parametrize("name", ["a.mp3", "a", "a.wav.txt"])
def test_other_suffixes_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(AudioError, match=r"expected a name that ends in \.wav or \.flac"):
        write_audio(np.zeros(10), tmp_path / name, 8000)


def test_what_cannot_be_written_is_an_audio_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AudioError, match=r"a\.wav' cannot be written"):
        write_audio(np.zeros(10), tmp_path / "file" / "a.wav", 8000)
    with pytest.raises(AudioError, match=r"a\.flac' cannot be written"):
        write_audio(np.zeros(10), tmp_path / "a.flac", 700_000)  # FLAC ends at 655,350 Hz
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
