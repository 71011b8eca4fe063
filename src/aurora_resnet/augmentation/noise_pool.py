"""Endless noise for training: recordings, babble made of speech, noise from formulas, and sums of them."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import numpy.typing as npt

from aurora_resnet.audio.levels import active_power
from aurora_resnet.augmentation.distortion import filter_spectrum
from aurora_resnet.augmentation.reverberation import reverberate, room_response
from aurora_resnet.augmentation.speed_pitch import change_speed, draw_factor
from aurora_resnet.augmentation.synthetic_noise import DTMF_HZ, coloured_noise, hum, knocks, modulate, tones, unit_rms
from aurora_resnet.bounds import Between, configuration
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.decision import AUDIBLE
from aurora_resnet.runtime.errors import CorpusError

STREAM_SECONDS = 20.0
LONGEST_PAUSE_SECONDS = 0.35
SILENT_POWER = AUDIBLE**2

#: How often something is drawn, relative to the others.
Share = Annotated[float, Between(0, 1e6)]


@configuration()
class NoiseShares:
    """How often each kind of noise is drawn, relative to the others.

    Raises:
        ConfigError: if a share is below 0 or not finite, or all are 0.

    >>> NoiseShares(recorded=1, babble=0, synthetic=0, sum_of_two=0).probabilities.tolist()
    [1.0, 0.0, 0.0, 0.0]
    """

    recorded: Share = 0.35
    babble: Share = 0.35
    synthetic: Share = 0.15
    sum_of_two: Share = 0.15

    def _misfits(self) -> list[str]:
        return all_zero(**vars(self))

    @property
    def probabilities(self) -> npt.NDArray[np.float64]:
        """The shares, scaled to a sum of 1."""
        shares = np.array([self.recorded, self.babble, self.synthetic, self.sum_of_two])
        probabilities: npt.NDArray[np.float64] = shares / shares.sum()
        return probabilities


def all_zero(**shares: float) -> list[str]:
    """Return what is wrong with shares of which none is above 0, else nothing.

    >>> all_zero(words=0.0, noise=0.0), all_zero(words=1.0, noise=0.0)
    (['one of words, noise must be above 0'], [])
    """
    return [] if any(shares.values()) else [f"one of {', '.join(shares)} must be above 0"]


class NoisePool:
    """Draw noise of any length; every draw differs, and each has an RMS of 1.

    Babble is made of talkers: a talker is a run of words of one list, with pauses. One or two talkers are speech
    beside speech, 20 a murmur; half of the babbles of five talkers or more stand in a room.

    Args:
        recordings: waveforms of noise.
        talkers: for each talker the words that he says.
        sample_rate: of all of them, in Hz.
        generator: strings the words together, once.
        shares: how often each kind is drawn.

    Raises:
        CorpusError: if there are no recordings or no talkers.

    >>> speech = [np.random.default_rng(i).standard_normal(4000).astype(np.float32) for i in range(3)]
    >>> pool = NoisePool([speech[0]], [speech], sample_rate=8000, generator=np.random.default_rng(0))
    >>> noise = pool.draw(8000, np.random.default_rng(1))
    >>> noise.shape, round(float(np.square(noise).mean()), 3)
    ((8000,), 1.0)
    """

    def __init__(
        self,
        recordings: Sequence[Samples],
        talkers: Sequence[Sequence[Samples]],
        *,
        sample_rate: int,
        generator: np.random.Generator,
        shares: NoiseShares | None = None,
    ) -> None:
        self.recordings = [recording for recording in recordings if np.square(recording).mean() > SILENT_POWER]
        if not self.recordings or not talkers:
            raise CorpusError(
                f"a pool of noise needs recordings that are not silent and talkers, got {len(self.recordings)} of "
                f"{len(recordings)} recordings and {len(talkers)} talkers"
            )
        self.sample_rate = sample_rate
        self.shares = shares or NoiseShares()
        self.streams = [_stream(words, sample_rate, generator) for words in talkers]

    def draw(self, length: int, generator: np.random.Generator, *, fewest_talkers: int = 1) -> Samples:
        """Return ``length`` samples of noise.

        Args:
            length: samples.
            generator: decides everything.
            fewest_talkers: of a babble; more where the noise is louder than a word that shall be understood.
        """
        kind = int(generator.choice(4, p=self.shares.probabilities))
        if kind == 3:
            kinds = generator.integers(3, size=2)
            first, second = (self._draw(int(kind), length, generator, fewest_talkers) for kind in kinds)
            return unit_rms(first + np.float32(10 ** (generator.uniform(-10, 10) / 20)) * second)
        return self._draw(kind, length, generator, fewest_talkers)

    def _draw(self, kind: int, length: int, generator: np.random.Generator, fewest_talkers: int) -> Samples:
        if kind == 1:
            noise = self._babble(length, generator, fewest_talkers)
        else:
            noise = (self._synthetic if kind else self._recorded)(length, generator)
        if generator.random() < 0.5:  # another microphone in another place
            frequencies = np.geomspace(60, self.sample_rate / 2, 9)
            noise = filter_spectrum(noise, frequencies, generator.normal(0, 5, 9), self.sample_rate)
        return unit_rms(noise)

    def _recorded(self, length: int, generator: np.random.Generator) -> Samples:
        for _ in range(20):
            recording = self.recordings[int(generator.integers(len(self.recordings)))]
            stretch = _segment(recording, int(length * 1.6) + 1, generator)
            if np.square(stretch[:length]).mean() > SILENT_POWER:
                break
        if generator.random() < 0.5:
            stretch = change_speed(stretch, draw_factor(0.65, 1.5, generator))
        if generator.random() < 0.2:
            stretch = stretch[::-1]
        return stretch[:length]

    def _babble(self, length: int, generator: np.random.Generator, fewest_talkers: int) -> Samples:
        talkers = max(fewest_talkers, round(float(np.exp(generator.uniform(0, np.log(20))))))
        total = np.zeros(length, dtype=np.float32)
        for _ in range(talkers):
            stream = self.streams[int(generator.integers(len(self.streams)))]
            voice = _segment(stream, length, generator)
            if talkers > 2 and generator.random() < 0.5:
                # Played backwards a voice keeps its spectrum and its rhythm but says no word.
                voice = voice[::-1]
            total += np.float32(10 ** (generator.normal(0, 4) / 20)) * voice
        if talkers > 4 and generator.random() < 0.5:
            response = room_response(
                generator.uniform(0.3, 1.2), generator.uniform(-6, 6), sample_rate=self.sample_rate, generator=generator
            )
            total = np.roll(reverberate(total, response), int(generator.integers(length)))[:length]
        if generator.random() < 0.3:  # a floor under the voices
            floor = coloured_noise(length, generator.uniform(0.3, 2), sample_rate=self.sample_rate, generator=generator)
            total = unit_rms(total) + np.float32(10 ** (generator.uniform(-25, -3) / 20)) * floor
        return total

    def _synthetic(self, length: int, generator: np.random.Generator) -> Samples:
        rate = self.sample_rate
        kind = generator.random()
        if kind < 0.1:
            return hum(length, float(generator.choice([50.0, 60.0])), sample_rate=rate, generator=generator)
        if kind < 0.2:
            return knocks(length, generator.uniform(0.5, 15), sample_rate=rate, generator=generator)
        if kind < 0.3:
            if generator.random() < 0.4:  # a telephone's key
                frequencies = [float(generator.choice(group)) for group in DTMF_HZ]
            else:
                frequencies = list(generator.uniform(80, rate / 2, int(generator.integers(1, 7))))
            strengths = generator.uniform(0.2, 1, len(frequencies))
            noise = tones(length, frequencies, strengths, sample_rate=rate, generator=generator)
        else:
            noise = coloured_noise(length, generator.uniform(-1, 2.5), sample_rate=rate, generator=generator)
        if generator.random() < 0.5:
            rate_hz, depth = float(np.exp(generator.uniform(0, 3.4))), generator.random()  # 1 to 30 swells a second
            noise = modulate(noise, rate_hz, depth, sample_rate=rate, generator=generator)
        return noise


def _stream(words: Sequence[Samples], sample_rate: int, generator: np.random.Generator) -> Samples:
    """String words in random order to about ``STREAM_SECONDS`` of speech, each at an active RMS of 1."""
    pieces: list[Samples] = []
    samples = 0
    while samples < STREAM_SECONDS * sample_rate:
        word = words[int(generator.integers(len(words)))]
        pause = np.zeros(int(generator.uniform(0, LONGEST_PAUSE_SECONDS) * sample_rate), dtype=np.float32)
        pieces += [word / np.float32(np.sqrt(max(active_power(word, sample_rate), SILENT_POWER))), pause]
        samples += len(word) + len(pause) + 1
    return change_speed(np.concatenate(pieces), draw_factor(0.85, 1.2, generator))


def _segment(recording: Samples, length: int, generator: np.random.Generator) -> Samples:
    """Cut a stretch at random; a recording that is too short is repeated."""
    if len(recording) < length:
        recording = np.tile(recording, -(-length // len(recording)))
    start = int(generator.integers(len(recording) - length + 1))
    return recording[start : start + length]
