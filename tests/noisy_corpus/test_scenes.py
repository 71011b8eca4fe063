from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from aurora_resnet.noisy_corpus.scenes import SCENE_NAMES, NoiseScenes, read_noise_scenes, recording_digests
from aurora_resnet.runtime.errors import CorpusError

PROTOCOL = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"


def sound(path: Path, content: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((content or path.as_posix()).encode())
    return path


def check(scenes: NoiseScenes) -> None:
    scenes.check_unseen(recording_digests(scenes))


def test_folders_are_scenes_in_any_case_and_train_is_the_subway(tmp_path: Path) -> None:
    for name in ("Train", "BABBLE", "car", "exhibition", "restaurant", "street", "airport", "station", "other"):
        sound(tmp_path / name / "b.WAV")
        sound(tmp_path / name / "a.flac")
        sound(tmp_path / name / "notes.txt")
    scenes = read_noise_scenes(tmp_path)
    assert set(scenes.recordings) == set(SCENE_NAMES)
    assert scenes.recordings["subway"] == (tmp_path / "Train" / "a.flac", tmp_path / "Train" / "b.WAV")
    check(scenes)
    sound(tmp_path / "subway" / "c.ogg")
    assert read_noise_scenes(tmp_path).recordings["subway"] == (tmp_path / "subway" / "c.ogg",)


def test_a_mapping_takes_folders_files_and_talkers(tmp_path: Path) -> None:
    sound(tmp_path / "rain" / "1.wav")
    sound(tmp_path / "sea" / "2.wav")
    (tmp_path / "scenes.toml").write_text('street = ["rain", "sea/2.wav"]\nbabble = { talkers = 4 }\n')
    for place in (tmp_path, tmp_path / "scenes.toml"):
        scenes = read_noise_scenes(place)
        assert scenes.recordings == {"street": (tmp_path / "rain" / "1.wav", tmp_path / "sea" / "2.wav")}
        assert scenes.talkers == {"babble": 4}
    with pytest.raises(CorpusError, match="no noise for subway, car;"):
        scenes.check_needed(["subway", "babble", "car", "street"])


def test_everything_that_is_wrong_with_a_mapping_comes_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    file = tmp_path / "mine.toml"
    file.write_text(
        'subwai = "x"\ncar = "nowhere"\nstreet = "empty"\nairport = 3\nbabble = { talkers = 1 }\nstation = []'
    )
    with pytest.raises(CorpusError) as error:
        read_noise_scenes(file)
    text = str(error.value)
    assert text.startswith(f"{file}: 6 problems")
    for part in (
        "did you mean 'subway'?",
        "nowhere is neither",
        "empty holds no sound",
        "got 3",
        "{'talkers': 1}",
        "list",
    ):
        assert part in text
    file.write_text("subway = ")
    with pytest.raises(CorpusError, match="no readable TOML"):
        read_noise_scenes(file)


def test_a_folder_without_scenes_or_with_an_empty_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="found none"):
        read_noise_scenes(tmp_path)
    (tmp_path / "car").mkdir()
    with pytest.raises(CorpusError, match="car holds no sound files"):
        read_noise_scenes(tmp_path)
    with pytest.raises(CorpusError, match="is not there"):
        read_noise_scenes(tmp_path / "nowhere")


@pytest.mark.parametrize("how", ["same file", "copy", "link"])
def test_a_noise_of_set_b_must_not_serve_training(tmp_path: Path, how: str) -> None:
    seen = sound(tmp_path / "car" / "1.wav")
    unseen = tmp_path / "airport" / "2.wav"
    unseen.parent.mkdir()
    if how == "same file":
        unseen = seen
    elif how == "copy":
        shutil.copy(seen, unseen)
    else:
        unseen.symlink_to(seen)
    with pytest.raises(CorpusError, match="serves airport in set B, but training has the same recording as car"):
        check(NoiseScenes({"car": (seen,), "airport": (sound(tmp_path / "3.wav"), unseen)}))
    check(NoiseScenes({"airport": (unseen,), "street": (seen,)}))  # both unseen: nothing is wrong


def test_a_babble_of_training_speakers_cannot_be_a_scene_of_set_b() -> None:
    with pytest.raises(CorpusError, match="restaurant is a scene of set B"):
        check(NoiseScenes({}, {"restaurant": 6}))


def test_the_mapping_printed_in_the_documentation_is_read(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", PROTOCOL.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "scenes.toml").write_text(block)
    for folder in re.findall(r'"(\w+)"', block):
        sound(tmp_path / folder / "1.wav")
    scenes = read_noise_scenes(tmp_path)
    scenes.check_needed(SCENE_NAMES)
    check(scenes)


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 20_000], ids=["digits", "lists"])
def test_numbers_without_end_and_deep_nesting_in_a_mapping_are_errors(value: str, tmp_path: Path) -> None:
    (tmp_path / "scenes.toml").write_text(f"subway = {value}")
    with pytest.raises(CorpusError, match="no readable TOML"):
        read_noise_scenes(tmp_path)
