from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.noisy_corpus.names import NamedUtterance
from aurora_resnet.noisy_corpus.plan import check_sets, check_snrs, deal, plan_tests, plan_training, scenes_needed
from aurora_resnet.runtime.errors import ConfigError, CorpusError

CLIP = Utterance(Path("a.wav"), ("one",), "me")


def names(speakers: int, each: int) -> list[NamedUtterance]:
    return [
        NamedUtterance(f"M{chr(65 + s // 26)}{chr(65 + s % 26)}_1{'A' * (i + 1)}", CLIP)
        for s in range(speakers)
        for i in range(each)
    ]


def test_the_numbers_are_those_of_aurora_2() -> None:
    training = list(plan_training([*names(110, 76), *names(120, 8)[:80]], seed=1))  # 8440
    assert [len(held) for _, held in training] == [8440] + 20 * [422]
    assert len({folder.path for folder, _ in training}) == 21
    tests = list(plan_tests(names(104, 39)[:4004], 1, "ABC", (20, 15, 10, 5, 0, -5)))
    assert Counter(folder.part for folder, _ in tests) == {"TESTA": 28, "TESTB": 28, "TESTC": 14}
    assert {len(held) for _, held in tests} == {1001}
    assert sum(len(held) for _, held in tests) == 70_070


def test_a_part_is_the_same_at_all_snrs_and_in_all_sets() -> None:
    parts: dict[int, set[tuple[str, ...]]] = {}
    for folder, held in plan_tests(names(5, 9), 3, "ABC", (10, 0)):
        parts.setdefault(folder.noise_index, set()).add(tuple(one.name for one in held))
    assert {index: len(same) for index, same in parts.items()} == {1: 1, 2: 1, 3: 1, 4: 1}


def test_folders_say_scene_and_channel() -> None:
    folders = {folder.path: folder for folder, _ in plan_tests(names(1, 4), 0, "BC", (-5,))}
    assert (folders["TESTB/N4_SNR-5"].scene, folders["TESTB/N4_SNR-5"].channel) == ("station", "g712")
    assert (folders["TESTC/CLEAN2"].scene, folders["TESTC/CLEAN2"].channel) == ("street", "mirs")
    assert scenes_needed("A", True) == scenes_needed("A", False) == scenes_needed("", True)


@given(st.integers(1, 8), st.integers(1, 12), st.integers(1, 8), st.integers(0, 9))
def test_deal_is_a_fair_partition(speakers: int, each: int, parts: int, seed: int) -> None:
    cards = names(speakers, each)
    if len(cards) < parts:
        with pytest.raises(CorpusError, match="cannot be dealt"):
            deal(cards, parts, str(seed))
        return
    dealt = deal(cards, parts, str(seed))
    assert sorted(one.name for part in dealt for one in part) == sorted(one.name for one in cards)
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1
    assert dealt == deal(cards[::-1], parts, str(seed))
    for part in dealt:  # of every speaker a fair share
        counts = Counter(one.speaker_id for one in part)
        assert all(each // parts <= counts[one.speaker_id] <= -(-each // parts) for one in cards)


def test_another_seed_deals_otherwise() -> None:
    assert deal(names(4, 10), 4, "1") != deal(names(4, 10), 4, "2")


@pytest.mark.parametrize("snrs", [[5.5], [100], [5, 5.0], [float("nan")], [float("inf")]])
def test_bad_snrs_are_refused(snrs: list[float]) -> None:
    with pytest.raises(ConfigError):
        check_snrs(snrs)


def test_bad_sets_are_refused() -> None:
    with pytest.raises(ConfigError, match="got 'D'"):
        check_sets("AD")
