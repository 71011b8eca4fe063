"""Which recording goes into which folder of an Aurora-2 tree.

As on the CDs: the training recordings go into ``TRAIN/CLEAN`` whole, and once more, in 20 equal parts, into the
multi-condition folders (four noises, each clean and at 20, 15, 10 and 5 dB). The test recordings fall into four equal
parts; part i is there clean and in noise i, the same recordings at every SNR. Set C takes the parts 1 and 2. Each part
holds recordings of all speakers, where they have enough.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aurora_resnet.corpora.sources.aurora2 import SCENES
from aurora_resnet.noisy_corpus.names import NamedUtterance
from aurora_resnet.runtime.errors import ConfigError, CorpusError

TRAINING_SNRS_DB: tuple[int, ...] = (20, 15, 10, 5)
TEST_SNRS_DB: tuple[int, ...] = (20, 15, 10, 5, 0, -5)
TEST_PARTS = 4
_SETS = {"A": "a", "B": "b", "C": "c"}
_LARGEST_SNR_DB = 60


@dataclass(frozen=True)
class Folder:
    """A folder of the tree and the condition that it stands for.

    Attributes:
        part: TRAIN, TESTA, TESTB or TESTC.
        condition_set: as the reader calls it: train-clean, train-multi, a, b, c.
        noise_index: 1 to 4; 0 in ``TRAIN/CLEAN``.
        snr_db: None for clean speech.
    """

    part: str
    condition_set: str
    noise_index: int
    snr_db: int | None

    @property
    def name(self) -> str:
        """For instance ``N1_SNR5``."""
        index = self.noise_index or ""
        return f"CLEAN{index}" if self.snr_db is None else f"N{index}_SNR{self.snr_db}"

    @property
    def path(self) -> str:
        """Path below SPEECHDATA."""
        return f"{self.part}/{self.name}"

    @property
    def scene(self) -> str:
        """The scene of the noise (of a clean folder, the one whose part it holds); empty in ``TRAIN/CLEAN``."""
        return SCENES[self.condition_set][self.noise_index - 1] if self.noise_index else ""

    @property
    def channel(self) -> str:
        """The channel that speech and noise pass."""
        return "mirs" if self.condition_set == "c" else "g712"


def check_sets(sets: Sequence[str]) -> tuple[str, ...]:
    """Return the letters of the test sets in upper case and in order.

    Raises:
        ConfigError: for another letter.

    >>> check_sets(["c", "A"])
    ('A', 'C')
    """
    letters = {letter.upper() for letter in sets}
    if unknown := sorted(letters - set(_SETS)):
        raise ConfigError(f"the test sets are A, B and C, got {', '.join(map(repr, unknown))}")
    return tuple(sorted(letters))


def check_snrs(snrs_db: Sequence[float]) -> tuple[int, ...]:
    """Return the SNRs as whole numbers, the highest first.

    Raises:
        ConfigError: if one is no whole number of dB, is beyond +-60 dB or stands there twice.

    >>> check_snrs([0, 20.0])
    (20, 0)
    """
    for snr_db in snrs_db:
        if not (abs(snr_db) <= _LARGEST_SNR_DB and snr_db == int(snr_db)):
            raise ConfigError(f"an SNR must be a whole number of dB within +-{_LARGEST_SNR_DB}, got {snr_db}")
    whole = tuple(sorted({int(snr_db) for snr_db in snrs_db}, reverse=True))
    if len(whole) != len(snrs_db):
        raise ConfigError(f"an SNR stands there twice: {', '.join(map(str, snrs_db))}")
    return whole


def scenes_needed(sets: Sequence[str], train: bool) -> tuple[str, ...]:
    """Return the scenes that test sets and training take, each once.

    >>> scenes_needed(("C",), train=False)
    ('subway', 'street')
    """
    keys = [*(["train-multi"] if train else []), *(_SETS[letter] for letter in sets)]
    return tuple(dict.fromkeys(scene for key in keys for scene in SCENES[key]))


def plan_training(named: Sequence[NamedUtterance], seed: int) -> Iterator[tuple[Folder, list[NamedUtterance]]]:
    """Yield the folders of TRAIN and what each one holds.

    Raises:
        CorpusError: if there are fewer recordings than multi-condition folders.
    """
    yield Folder("TRAIN", "train-clean", 0, None), list(named)
    folders = [
        Folder("TRAIN", "train-multi", index, snr_db)
        for index in range(1, len(SCENES["train-multi"]) + 1)
        for snr_db in (None, *TRAINING_SNRS_DB)
    ]
    yield from zip(folders, deal(named, len(folders), f"{seed}/train"), strict=True)


def plan_tests(
    named: Sequence[NamedUtterance], seed: int, sets: Sequence[str], snrs_db: Sequence[int]
) -> Iterator[tuple[Folder, list[NamedUtterance]]]:
    """Yield the folders of the test sets and what each one holds.

    Raises:
        CorpusError: if there are fewer recordings than parts.
    """
    parts = deal(named, TEST_PARTS, f"{seed}/test")
    for letter in sets:
        key = _SETS[letter]
        for index in range(1, len(SCENES[key]) + 1):
            for snr_db in (None, *snrs_db):
                yield Folder(f"TEST{letter}", key, index, snr_db), parts[index - 1]


def deal(named: Sequence[NamedUtterance], parts: int, salt: str) -> list[list[NamedUtterance]]:
    """Deal recordings into parts whose sizes differ by at most one, speaker after speaker like cards.

    A speaker's recordings come in the order of SHA-256 over salt and name, so neither the order of the corpus nor the
    machine matters.

    Raises:
        CorpusError: if there are fewer recordings than parts.

    >>> from pathlib import Path
    >>> from aurora_resnet.corpora.utterance import Utterance
    >>> clips = [NamedUtterance(f"MA{s}_{d}A", Utterance(Path("a"), ("one",), s)) for s in "AB" for d in range(1, 6)]
    >>> [[one.name for one in part] for part in deal(clips, 3, "7/test")]
    [['MAA_2A', 'MAA_3A', 'MAB_1A', 'MAB_3A'], ['MAA_4A', 'MAA_5A', 'MAB_4A'], ['MAA_1A', 'MAB_2A', 'MAB_5A']]
    """
    if len(named) < parts:
        raise CorpusError(f"{len(named)} recordings cannot be dealt into {parts} parts; give more speech")

    def card(one: NamedUtterance) -> tuple[str, bytes]:
        return one.speaker_id, hashlib.sha256(os.fsencode(f"{salt}/{one.name}")).digest()

    shuffled = sorted(named, key=card)
    return [sorted(shuffled[part::parts], key=lambda one: one.name) for part in range(parts)]
