"""Which harder copies of a word are made, how often and how hard: one value, then draw and apply."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from aurora_resnet.audio.levels import active_power
from aurora_resnet.augmentation import speed_pitch
from aurora_resnet.augmentation.distortion import a_law, clip_peaks, filter_spectrum, mu_law, quantize
from aurora_resnet.augmentation.reverberation import FIRST_REFLECTION_SECONDS, add_echo, reverberate, room_response
from aurora_resnet.bounds import Between, configuration
from aurora_resnet.runtime.audio.waveform import Samples

#: RMS of the active speech before gain: -20 dB re full scale, with room for noise above it.
SPEECH_LEVEL = 0.1


Probability = Annotated[float, Between(0, 1)]
Factor = Annotated[float, Between(speed_pitch.SLOWEST, speed_pitch.FASTEST)]
Reverberation = Annotated[float, Between(2 * FIRST_REFLECTION_SECONDS, 10)]
Delay = Annotated[float, Between(0, 2)]
Overdrive = Annotated[float, Between(0, 100)]
Decibels = Annotated[float, Between(-200, 200)]


@configuration(kw_only=True)
class Augmentation:
    """Ranges are drawn from evenly; a probability is that of a clip to get the effect at all.

    Raises:
        ConfigError: naming every option that is out of its range.

    >>> Augmentation(noise_probability=1.2)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: noise_probability must lie from 0 to 1, got 1.2
    """

    speed: tuple[Factor, Factor] = (0.82, 1.22)
    speed_probability: Probability = 0.7
    tempo: tuple[Factor, Factor] = (0.6, 1.3)
    pitch: tuple[Factor, Factor] = (0.85, 1.18)
    #: Tempo or pitch alone, each in half of these clips.
    vocoder_probability: Probability = 0.25
    #: Standard deviation of the random curve of a microphone, and of its tilt over the band.
    equalizer_db: Annotated[float, Between(0, 100)] = 5.0
    equalizer_probability: Probability = 0.5
    reverberation_seconds: tuple[Reverberation, Reverberation] = (0.1, 1.0)
    direct_to_reverberant_db: tuple[Decibels, Decibels] = (-3.0, 15.0)
    reverberation_probability: Probability = 0.3
    echo_seconds: tuple[Delay, Delay] = (0.08, 0.5)
    echo_db: tuple[Decibels, Decibels] = (-30.0, -8.0)
    #: One softer copy of the speech, as a telephone line gives it back.
    echo_probability: Probability = 0.15
    snr_db: tuple[Decibels, Decibels] = (-7.0, 30.0)
    noise_probability: Probability = 0.85
    #: Share of the noisy clips whose noise ends with the word: the rest of the window is digital silence.
    noise_under_clip_only: Probability = 0.25
    #: Cut below 50 to 400 Hz and above 2500 to 3900 Hz.
    band_probability: Probability = 0.3
    #: mu-law, A-law or few bits.
    codec_probability: Probability = 0.2
    clipping_probability: Probability = 0.2
    #: How far the loudest sample lies above where the waveform is cut off.
    clipping_db: tuple[Overdrive, Overdrive] = (3.0, 32.0)
    #: Level of the speech re -20 dB full scale; what then exceeds full scale is clipped.
    gain_db: tuple[Decibels, Decibels] = (-30.0, 12.0)
    #: The window misses up to a tenth of the word at one end.
    cut_off_probability: Probability = 0.1

    def _misfits(self) -> Iterator[str]:
        for name, value in vars(self).items():
            if isinstance(value, tuple) and len(value) == 2 and value[0] > value[1]:
                yield f"{name} must be a range (low, high), got {value}"

    def vary_voice(self, speech: Samples, generator: np.random.Generator) -> Samples:
        """Return a word at another speed, tempo or pitch.

        >>> len(Augmentation(speed=(1.25, 1.25), speed_probability=1, vocoder_probability=0).vary_voice(
        ...     np.zeros(1000, np.float32), np.random.default_rng(0)))
        800
        """
        if generator.random() < self.speed_probability:
            speech = speed_pitch.change_speed(speech, speed_pitch.draw_factor(*self.speed, generator))
        if generator.random() < self.vocoder_probability:
            if generator.random() < 0.5:
                speech = speed_pitch.change_tempo(speech, speed_pitch.draw_factor(*self.tempo, generator))
            else:
                speech = speed_pitch.change_pitch(speech, speed_pitch.draw_factor(*self.pitch, generator))
        return speech

    def speak(self, speech: Samples, sample_rate: int, generator: np.random.Generator) -> tuple[Samples, int]:
        """Return speech by another voice, at ``SPEECH_LEVEL``, in a room, before a microphone, and its length dry."""
        speech = self.vary_voice(speech, generator)
        power = active_power(speech, sample_rate)
        speech = speech * np.float32(SPEECH_LEVEL / np.sqrt(power)) if power > 0 else speech
        reverberant = self.reverberate(speech, sample_rate, generator)
        if generator.random() < self.echo_probability:
            delay, level = generator.uniform(*self.echo_seconds), generator.uniform(*self.echo_db)
            reverberant = add_echo(reverberant, delay, level, sample_rate)
        return self.equalize(reverberant, sample_rate, generator), len(speech)

    def equalize(self, samples: Samples, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Return a waveform as another microphone records it, or the waveform itself."""
        if generator.random() >= self.equalizer_probability:
            return samples
        frequencies = np.geomspace(60, sample_rate / 2, 9)
        curve = generator.normal(0, self.equalizer_db, 9) / 2
        tilt = generator.normal(0, self.equalizer_db) * np.linspace(-1, 1, 9)
        return filter_spectrum(samples, frequencies, curve + tilt, sample_rate)

    def reverberate(self, samples: Samples, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Return a waveform in a room, at most half a second longer, or the waveform itself."""
        if generator.random() >= self.reverberation_probability:
            return samples
        response = room_response(
            generator.uniform(*self.reverberation_seconds),
            generator.uniform(*self.direct_to_reverberant_db),
            sample_rate=sample_rate,
            generator=generator,
        )
        return reverberate(samples, response)[: len(samples) + sample_rate // 2]

    def transmit(self, samples: Samples, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Return a waveform through the channel: band limits, gain, clipping and codec, each with its probability."""
        if generator.random() < self.band_probability:
            low, high = generator.uniform(50, 400), generator.uniform(2500, 0.49 * sample_rate)
            slope = generator.uniform(1.1, 1.5)  # the stop band begins so much further out
            samples = filter_spectrum(
                samples, [low / slope, low, high, min(high * slope, sample_rate / 2)], [-50, 0, 0, -50], sample_rate
            )
        if generator.random() < self.clipping_probability:
            samples = clip_peaks(samples, 10 ** (-generator.uniform(*self.clipping_db) / 20))
        samples = samples * np.float32(10 ** (generator.uniform(*self.gain_db) / 20))
        if generator.random() < self.codec_probability:
            codec = generator.integers(3)
            if codec == 2:
                samples = quantize(samples, int(generator.integers(8, 13)))
            else:
                samples = (mu_law, a_law)[codec](samples)
        return np.clip(samples, -1, 1)
