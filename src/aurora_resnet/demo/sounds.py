"""What the demonstration recognises: the package's test voices, clean and in noise, and negatives."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from aurora_resnet.audio.mixing import mix_at_snr
from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.runtime.audio.clips import fit_length
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.waveform import Samples

#: Of the sample recordings, in Hz.
SAMPLE_RATE = 8000

CLEAN = "clean"
SNRS_DB = (20, 10, 5, 0)
#: In which words are spoken; all other kinds of sounds are negatives.
CONDITIONS = (CLEAN, *(f"{snr_db} dB" for snr_db in SNRS_DB))
QUIETER_DB = 40


@dataclass(frozen=True, eq=False)
class Sound:
    """One second of sound.

    Attributes:
        waveform: ``[8000]`` at 8 kHz.
        title: what it is, for people.
        word: that is spoken; empty for what is none of the words.
        speaker: who speaks it.
        noise: the noise that was added; empty for none.
    """

    waveform: Samples
    title: str
    word: str = ""
    speaker: str = ""
    noise: str = ""


def demo_sounds(seed: int) -> dict[str, tuple[Sound, ...]]:
    """Read and mix the sounds, by condition and kind; the same seed gives the same samples.

    Every utterance of the eight test voices lies in the middle of a second. At each SNR it gets one of the five sample
    noises over the whole second (levels as in ``mix_at_snr``, no channel); the noises take turns, so each has a fifth
    of the utterances. The negatives come after the ``CONDITIONS``.

    Args:
        seed: 0 or more; decides which stretch of the noise is taken.

    Raises:
        CorpusError: if the installation lacks the sample recordings.

    >>> CONDITIONS
    ('clean', '20 dB', '10 dB', '5 dB', '0 dB')
    """
    noises = {name: read_audio(path)[0] for name, path in sorted(sample_noises().items())}
    clean = tuple(
        Sound(
            fit_length(read_audio(utterance.path)[0], SAMPLE_RATE),
            f"“{utterance.word}”, {utterance.attributes['voice']}, clean",
            utterance.word,
            utterance.speaker,
        )
        for utterance in read_samples().filter(split="test")
    )
    sounds = {CLEAN: clean}
    for turn, snr_db in enumerate(SNRS_DB):
        sounds[f"{snr_db} dB"] = tuple(
            _mix(sound, noises, list(noises)[(index + turn) % len(noises)], snr_db, [seed, snr_db, index])
            for index, sound in enumerate(clean)
        )
    alone = tuple(
        Sound(part, f"{name} noise, second {number + 1}", noise=name)
        for name, noise in noises.items()
        for number, part in enumerate(np.split(noise, len(noise) // SAMPLE_RATE))
    )
    quiet = np.float32(10 ** (-QUIETER_DB / 20))
    return sounds | {
        "noise": alone,
        f"noise, {QUIETER_DB} dB quieter": tuple(
            replace(sound, waveform=quiet * sound.waveform, title=f"{sound.title}, {QUIETER_DB} dB quieter")
            for sound in alone
        ),
        "silence": (Sound(np.zeros(SAMPLE_RATE, np.float32), "silence"),),
        "digits backwards": tuple(
            Sound(sound.waveform[::-1].copy(), f"{sound.title}, played backwards") for sound in clean
        ),
    }


def _mix(sound: Sound, noises: Mapping[str, Samples], noise: str, snr_db: int, seed: list[int]) -> Sound:
    generator = np.random.default_rng(seed)
    mixture, _ = mix_at_snr(
        sound.waveform, noises[noise], snr_db, sample_rate=SAMPLE_RATE, generator=generator, channel="none"
    )
    title = f"{sound.title.removesuffix(CLEAN)}{noise} noise at {snr_db} dB SNR"
    return replace(sound, waveform=mixture, title=title, noise=noise)
