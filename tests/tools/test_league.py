"""The league: what counts as right, that a killed run ends as one that was not, and which clips are taken."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.league.clips import COUNTS, Clip, make_clips, write_wav
from tools.league.entrants import HERE, Entrant, Worker, read_entrants
from tools.league.records import groups_of, is_accepted, is_right, make_record, threshold_of
from tools.league.text import WORDS, digits_of
from tools.league.worker import energy, read
from tools.measure.sounds import lossy
from tools.reports import league, rendering

TOY = """
import os
from pathlib import Path

STOP = Path({stop!r})

def files(**options):
    return [Path(__file__)]

def recognise(recordings, **options):
    for number, (samples, rate) in enumerate(recordings):
        if STOP.exists() and number == 3:
            os._exit(9)  # as if it were killed
        print("a library that prints")
        level = round(float(abs(samples).max()) * 100)
        yield str(level), level / 10, None
"""


@given(st.lists(st.sampled_from(range(10)), max_size=8))
def test_digits_are_the_same_in_words_and_in_figures(digits: list[int]) -> None:
    figures = "".join(map(str, digits))
    assert digits_of(" ".join(WORDS[digit] for digit in digits)) == (figures, True)
    assert digits_of("-".join(figures) + ".") == (figures, True)
    assert digits_of(f"well {figures}")[1] is False


def test_energy_is_that_of_all_packages_and_0_where_the_machine_does_not_tell(tmp_path: Path) -> None:
    """Names and units: Documentation/ABI/testing/sysfs-class-powercap of Linux. A package contains its cores."""
    assert energy(tmp_path) == 0
    for domain, microjoules in {"intel-rapl:0": 2_500_000, "intel-rapl:1": 500_000, "intel-rapl:0:0": 900_000}.items():
        (tmp_path / domain).mkdir()
        (tmp_path / domain / "energy_uj").write_text(f"{microjoules}\n")
    assert energy(tmp_path) == pytest.approx(3.0)
    (tmp_path / "intel-rapl:1/energy_uj").unlink()
    (tmp_path / "intel-rapl:1/energy_uj").mkdir()  # it cannot be read
    assert energy(tmp_path) == 0


def test_the_first_digit_counts_of_a_word_and_all_of_a_string() -> None:
    word = Clip("digits", "AN4", "a", "ana", "4", Path("a.wav"))
    string = replace(word, task="strings", said="44")
    answer = {"text": "Four, 4.", "confidence": 0.5, "accepted": None}
    assert is_right(word, answer)
    assert is_right(string, answer)
    assert not is_right(replace(string, said="4"), answer)
    assert is_accepted(answer, 0.5)
    assert not is_accepted(answer, 0.51)
    assert not is_accepted({**answer, "text": "for sure"}, 0.0)
    assert not is_accepted({**answer, "accepted": False}, 0.0)
    assert not is_accepted({**answer, "text": ""}, 0.0)


def test_the_threshold_refuses_a_fortieth_of_the_tuning_digits() -> None:
    clips = [Clip("tuning", "digits", str(n), "", "1", Path(f"{n}.wav")) for n in range(81)]
    answered = {clip.path: {"confidence": n / 80} for n, clip in enumerate(clips)}
    threshold = threshold_of(clips, answered)
    assert sum(answer["confidence"] < threshold for answer in answered.values()) == 2
    assert threshold_of(clips[:1], {clips[0].path: {"confidence": None}}) == 0.0


def test_the_rebuild_is_counted_by_set_and_by_snr() -> None:
    clips = [Clip("rebuild", f"{letter} {snr} dB", "", "", "1", Path()) for letter in "AB" for snr in (20, 0)]
    assert {name: len(group) for name, group in groups_of(clips).items()} == {
        "A": 2, "20 dB": 2, "0 dB": 2, "B": 2, "all": 4,
    }  # fmt: skip


@pytest.fixture
def toy(tmp_path: Path) -> Callable[[], Any]:
    """What lets a toy entrant, which writes the level of a sound, answer ten clips, and says how its record is."""
    module = tmp_path / "toy.py"
    module.write_text(TOY.format(stop=str(tmp_path / "stop")))
    levels = [round(0.01 * (1 + number % 9), 2) for number in range(10)]
    sounds = [np.full(80, level, np.float32) for level in levels]
    paths = [write_wav(sound * (1 + 1e-4 * n), 8000, tmp_path / "clips") for n, sound in enumerate(sounds)]
    clips = [
        Clip("tuning" if n > 7 else "digits", "AN4" if n < 8 else "digits", str(n), f"s{n % 3}", str(1 + n % 9), path)
        for n, path in enumerate(paths)
    ]
    settings = [{"better": False}, {"better": True}]
    entrant = Entrant(
        name="toy", title="Toy", module=str(module), settings=settings, licence="MIT", decoding="its level", peers=True
    )
    return lambda: make_record(entrant, clips, tmp_path / "runs", Path(sys.executable))


def test_a_killed_run_ends_as_one_that_was_not(toy: Callable[[], Any], tmp_path: Path) -> None:
    whole = toy()
    answered = {path.name: path.read_text() for path in (tmp_path / "runs" / "answers").iterdir()}
    assert whole["tasks"]["digits"]["all"]["right"] == 1.0
    assert whole["searched"] == [[{"better": False}, 2], [{"better": True}, 2]]
    for path in (tmp_path / "runs" / "answers").iterdir():
        path.unlink()
    (tmp_path / "stop").touch()
    with pytest.raises(SystemExit, match="Toy ended with 9"):
        toy()
    (tmp_path / "stop").unlink()
    for path in (tmp_path / "runs" / "answers").iterdir():
        with path.open("a") as file:
            file.write('{"clip": "half a li')
    assert toy() == whole
    for path in (tmp_path / "runs" / "answers").iterdir():
        assert len(path.read_text().splitlines()) == len(answered[path.name].splitlines())


@pytest.mark.slow
def test_what_is_answered_is_not_asked_again(toy: Callable[[], Any], tmp_path: Path) -> None:
    whole = toy()
    (tmp_path / "stop").touch()  # whoever asked for more than three clips would be killed
    assert toy() == whole
    (tmp_path / "toy.py").write_text((tmp_path / "toy.py").read_text() + "# changed\n")
    with pytest.raises(SystemExit, match="Toy ended"):
        toy()


def test_the_module_on_the_page_is_an_entrant(tmp_path: Path) -> None:
    page = (rendering.DOCS / "league.md").read_text(encoding="utf-8")
    module = tmp_path / "mine.py"
    module.write_text(page.partition("```python\n")[2].partition("```")[0])
    about = tmp_path / "entrants.toml"
    about.write_text(page.partition("```toml\n")[2].partition("```")[0].replace('"recognisers/mine.py"', f'"{module}"'))
    (entrant,) = read_entrants(about)
    clip = write_wav(np.zeros(80, np.float32), 8000, tmp_path)
    with Worker(entrant, entrant.options(entrant.settings[0], strings=True), Path(sys.executable)) as worker:
        assert worker.files == []
        assert [worker.ask(clip)[key] for key in ("text", "confidence", "accepted")] == ["4 0 7", 0.9, None]


def test_packets_are_lost_whole() -> None:
    lost = lossy(np.ones(80_005, np.float32), 8000, 0.1, np.random.default_rng(0))
    packets = lost[:80_000].reshape(-1, 160)
    assert set(packets.mean(axis=1)) == {0.0, 1.0}
    assert 0.85 < packets.mean() < 0.95


def test_a_clip_is_named_by_its_samples_and_read_as_they_are(tmp_path: Path) -> None:
    samples = np.linspace(-1, 0.99, 100, dtype=np.float32)
    path = write_wav(samples, 8000, tmp_path)
    again, rate = read(str(path))
    assert rate == 8000
    assert np.abs(again - samples).max() <= 0.5 / 32768 + 1e-7
    assert write_wav(samples, 8000, tmp_path) == path
    assert write_wav(samples, 16000, tmp_path) != path


def test_every_entrant_says_how_it_is_run() -> None:
    entrants = read_entrants(HERE / "entrants.toml")
    assert len(entrants) >= 6
    for entrant in entrants:
        assert entrant.path.is_file()
        assert all([entrant.licence, entrant.decoding, entrant.settings])
        assert bool(entrant.package) == entrant.peers


@pytest.mark.shared
@pytest.mark.slow
def test_a_larger_share_keeps_the_clips_of_a_smaller_one(shared: Path, tmp_path: Path) -> None:
    small, large = (make_clips(shared, tmp_path, share) for share in (0.1, 0.3))
    assert set(small) < set(large)
    assert {clip.task for clip in small} == set(COUNTS)
    assert all(bool(clip.said) != (clip.task == "negatives") for clip in large)
    held_out = {clip.speaker for clip in large if clip.task != "tuning"}
    assert not held_out & {clip.speaker for clip in large if clip.task == "tuning"}


def test_the_page_says_first_where_a_peer_is_better(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def entrant(name: str, right: str, refused: str, *, ours: bool) -> None:
        rows = {"digits": {"AN4": {"each": right}, "all": {"each": right}}}
        rows |= {"negatives": {"letters": {"each": refused}}} if refused else {}
        about = {"entrant": name, "title": name, "ours": ours, "clips": "same", "tasks": rows}
        (tmp_path / "league" / f"{name}.json").write_text(json.dumps(about))

    monkeypatch.setattr(rendering, "RECORDS", tmp_path)
    (tmp_path / "league").mkdir()
    assert league.entrants() == []
    clips = [[str(number), f"speaker{number}", "1", ""] for number in range(8)]
    tasks = {"digits": {"AN4": clips}, "negatives": {"letters": clips}, "tuning": {"digits": clips}}
    (tmp_path / "league" / "clips.json").write_text(json.dumps({"digest": "same", "tasks": tasks}))
    entrant("good", "11111110", "11110000", ours=True)
    entrant("few", "00000000", "", ours=True)
    entrant("peer", "11111100", "11111111", ours=False)
    assert [each["entrant"] for each in league.entrants()] == ["few", "good", "peer"]
    (only,) = league.ahead()
    assert [only[key] for key in ("group", "peer", "best", "its", "mine")] == ["letters", "peer", "good", 1.0, 0.5]
    assert only["difference"].mean == 0.5
    (tmp_path / "league" / "clips.json").write_text(json.dumps({"digest": "other", "tasks": tasks}))
    with pytest.raises(SystemExit, match="few, good, peer answered other clips"):
        league.entrants()
