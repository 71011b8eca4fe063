"""Takes of a word out of the sound of a microphone: where one begins and ends, and whether it can be used."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aurora_resnet.audio.levels import rms_level_db
from aurora_resnet.runtime.audio.mono import mono_waveform
from aurora_resnet.runtime.audio.waveform import Samples

#: Of quiet before a word, from which the level of the room is known.
SETTLE_SECONDS = 0.5
#: What is so much louder than the room is the word.
ABOVE_ROOM_DB = 10.0
#: So long a pause ends a word.
QUIET_SECONDS = 0.5
MARGIN_SECONDS = 0.2
LONGEST_SECONDS = 4.0
SHORTEST_SECONDS = 0.12
#: Level of a word re full scale, below which a recording is mostly the converter's noise.
QUIETEST_DB = -50.0
LEAST_SNR_DB = 12.0
CLIPPED = 0.99
CLIPPED_SAMPLES = 3
FLOOR_DB = -90.0


@dataclass(frozen=True, eq=False)
class Take:
    """One spoken word, or what was taken for it.

    Attributes:
        samples: with some quiet around it, ``[N]`` in [-1, 1].
        sample_rate: Hz.
        level_db: of its louder part, re full scale.
        room_db: of the quiet before.
        spoken_seconds: from its first to its last loud part.
    """

    samples: Samples
    sample_rate: int
    level_db: float
    room_db: float
    spoken_seconds: float

    @property
    def fault(self) -> str | None:
        """What is wrong with it and what to do, ``None`` for a good one.

        >>> Take(np.zeros(8000, np.float32), 8000, -60.0, -80.0, 0.4).fault
        'too quiet; come nearer or raise the level of the microphone'
        """
        if int((np.abs(self.samples) >= CLIPPED).sum()) >= CLIPPED_SAMPLES:
            return "too loud; go back a little or lower the level of the microphone"
        if self.spoken_seconds > LONGEST_SECONDS:
            return f"longer than {LONGEST_SECONDS:g} s; say the word alone"
        if self.spoken_seconds < SHORTEST_SECONDS:
            return "too short, a click perhaps; say the whole word"
        if self.level_db < QUIETEST_DB:
            return "too quiet; come nearer or raise the level of the microphone"
        if self.level_db - self.room_db < LEAST_SNR_DB:
            return "hardly louder than the room; come nearer, or find a quieter place"
        return None


class TakeFinder:
    """Finds words in sound that comes in chunks.

    Args:
        sample_rate: Hz.

    Attributes:
        level_db: of the last chunk, re full scale.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.level_db = FLOOR_DB
        self._before: list[Samples] = []  # since the last word
        self._spoken: list[Samples] = []
        self._levels: list[float] = []
        self._quiet = self._room_db = 0.0

    def push(self, given: npt.NDArray[np.generic]) -> Take | None:
        """Process the next chunk, about a tenth of a second; return a word, good or not, if one ends with it."""
        chunk = mono_waveform(given, self.sample_rate, "microphone")
        level, seconds = _level_db(chunk), len(chunk) / self.sample_rate
        self.level_db = level
        if not self._spoken:
            self._wait(chunk, level, seconds)
            return None
        self._spoken.append(chunk)
        loud = level > max(self._room_db, FLOOR_DB + 20) + ABOVE_ROOM_DB / 2
        self._quiet = 0.0 if loud else self._quiet + seconds
        self._levels.append(level)
        length = len(self._levels) * seconds - self._quiet
        if self._quiet < QUIET_SECONDS - 1e-6 and length <= LONGEST_SECONDS + QUIET_SECONDS:
            return None
        found = _take(self._spoken, self._levels, self._room_db, length, self._quiet, self.sample_rate)
        # The quiet that ended this word is the quiet before the next one.
        self._before = self._spoken[-max(1, round(self._quiet / seconds)) :] if self._quiet else []
        self._spoken = []
        return found

    def _wait(self, chunk: Samples, level: float, seconds: float) -> None:
        rate = self.sample_rate
        self._before = _last([*self._before, chunk], max(SETTLE_SECONDS, MARGIN_SECONDS) + seconds, rate)
        room_db = _level_db(np.concatenate(self._before[:-1])) if len(self._before) > 1 else FLOOR_DB
        settled = sum(map(len, self._before[:-1])) / rate >= SETTLE_SECONDS - 1e-6
        if settled and level > max(room_db, FLOOR_DB + 20) + ABOVE_ROOM_DB:
            self._room_db, self._spoken, self._levels, self._quiet = room_db, self._before, [level], 0.0


def takes(
    chunks: Iterable[npt.NDArray[np.generic]], sample_rate: int, *, on_level: Callable[[float], object] | None = None
) -> Iterator[Take]:
    """Yield words as they are spoken, good or not, each after its pause.

    Args:
        chunks: of samples, about a tenth of a second each, as a microphone gives them.
        sample_rate: Hz.
        on_level: is told the level of each chunk re full scale in dB.

    >>> time = np.arange(8000) / 8000
    >>> word = np.concatenate([np.zeros(8000), 0.3 * np.sin(2000 * time[:3200]), np.zeros(8000)]).astype(np.float32)
    >>> room = (0.001 * np.random.default_rng(0).standard_normal(len(word))).astype(np.float32)
    >>> (take,) = takes(np.split(word + room, 24), 8000)
    >>> take.fault is None, round(take.spoken_seconds, 1)
    (True, 0.4)
    """
    finder = TakeFinder(sample_rate)
    for chunk in chunks:
        take = finder.push(chunk)
        if on_level is not None:
            on_level(finder.level_db)
        if take is not None:
            yield take


def _take(spoken: list[Samples], levels: list[float], room_db: float, length: float, quiet: float, rate: int) -> Take:
    samples = np.concatenate(spoken)
    last = len(samples) - max(0, round((quiet - MARGIN_SECONDS) * rate))
    first = max(0, last - round((length + 2 * MARGIN_SECONDS) * rate))
    loudest = sorted(levels)[-max(1, len(levels) // 4) :]
    return Take(samples[first:last], rate, float(np.mean(loudest)), room_db, length)


def _last(chunks: list[Samples], seconds: float, rate: int) -> list[Samples]:
    while sum(map(len, chunks[1:])) >= seconds * rate:
        chunks = chunks[1:]
    return chunks


def _level_db(samples: Samples) -> float:
    return max(FLOOR_DB, rms_level_db(samples)) if np.any(samples) else FLOOR_DB


def meter(level_db: float, width: int = 30) -> str:
    """Return a level as a bar of text, from -60 dB to full scale.

    >>> meter(-30.0, 10), meter(-90.0, 10)
    ('#####.....', '..........')
    """
    share = min(1.0, max(0.0, 1 + level_db / 60))
    filled = round(share * width)
    return "#" * filled + "." * (width - filled)
