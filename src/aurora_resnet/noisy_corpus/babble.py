"""Babble made of words: several talkers at once, each saying one word after the other.

For where there is no recording of a babble. It is thinner and more regular than a room full of speakers.
"""

import numpy as np

from aurora_resnet.audio.levels import active_speech_level, rms_level_db
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AudioError, ConfigError, CorpusError, SpeakerLeakError

LEVEL_DB = -30.0  # RMS of the whole, re full scale
TALKER_SPREAD_DB = 3.0  # some are nearer to the microphone
LONGEST_PAUSE_SECONDS = 0.3


def talker_babble(
    corpus: Corpus, *, talkers: int, seconds: float, sample_rate: int, generator: np.random.Generator
) -> Samples:
    """Make a babble of speakers of a corpus.

    Each talker is a speaker drawn at random, all different while there are enough. A talker's recordings follow each
    other in random order, with pauses up to 0.3 s, every recording brought to the talker's active level (ITU-T P.56),
    which lies within 3 dB of the mean. Unreadable recordings and such without active speech are passed over.

    Args:
        corpus: training speakers only.
        talkers: 2 or more.
        seconds: length, above 0.
        sample_rate: of the babble, in Hz.
        generator: draws speakers, recordings, pauses and levels.

    Returns:
        The waveform, at -30 dB RMS re full scale or, if its peak would not fit, as loud as fits.

    Raises:
        SpeakerLeakError: if recordings of the test split are among them.
        CorpusError: if no speaker is known, or a drawn speaker has no active speech.
        ConfigError: for fewer than two talkers or no length.

    >>> from aurora_resnet.corpora.samples import read_samples
    >>> voices = read_samples().filter(split="train")
    >>> babble = talker_babble(voices, talkers=3, seconds=2, sample_rate=8000, generator=np.random.default_rng(0))
    >>> babble.shape, round(rms_level_db(babble))
    ((16000,), -30)
    """
    if talkers < 2 or not 0 < seconds < float("inf"):
        raise ConfigError(f"a babble needs 2 talkers or more and a length above 0, got {talkers} and {seconds} s")
    tests = [utterance for utterance in corpus if utterance.split == "test"]
    if tests:
        raise SpeakerLeakError(
            f"{len(tests)} recordings of the test split are meant for the babble, the first is {tests[0].path}; "
            "give corpus.filter(split='train')"
        )
    if not corpus.speakers:
        raise CorpusError(f"{corpus.name}: a babble needs recordings of known speakers; give training speech")
    recordings: dict[str, list[Utterance]] = {speaker: [] for speaker in corpus.speakers}
    for utterance in sorted(corpus, key=lambda utterance: utterance.path.as_posix()):
        if utterance.speaker:
            recordings[utterance.speaker].append(utterance)
    length = round(seconds * sample_rate)
    total = np.zeros(length)
    crowd: list[str] = []
    while len(crowd) < talkers:
        crowd += [str(speaker) for speaker in generator.permutation(corpus.speakers)]
    for speaker in crowd[:talkers]:
        total += _talk(recordings[speaker], speaker, length, sample_rate, generator)
    babble = total.astype(np.float32)
    gain = min(10 ** ((LEVEL_DB - rms_level_db(babble)) / 20), 0.99 / float(np.abs(babble).max()))
    return (gain * babble).astype(np.float32)


def _talk(
    recordings: list[Utterance], speaker: str, length: int, sample_rate: int, generator: np.random.Generator
) -> Samples:
    """Return one talker's words ``[length]``; the first one has already begun."""
    level_db = float(generator.uniform(-TALKER_SPREAD_DB, TALKER_SPREAD_DB)) + LEVEL_DB
    voice = np.zeros(length, dtype=np.float32)
    position = -int(generator.integers(round(0.5 * sample_rate)))
    unusable = 0
    while position < length:
        utterance = recordings[int(generator.integers(len(recordings)))]
        try:
            samples, rate = read_audio(utterance.path, raw=utterance.raw)
            samples = resample(samples, rate, sample_rate)
            gain_db = level_db - active_speech_level(samples, sample_rate).level_db
        except AudioError:
            unusable += 1
            if unusable > 10 * len(recordings):
                raise CorpusError(f"{speaker}: no recording with active speech was found for the babble") from None
            continue
        start = max(0, position)
        spoken = samples[start - position :][: length - start]
        voice[start : start + spoken.size] = 10 ** (gain_db / 20) * spoken
        position += samples.size + int(generator.integers(round(LONGEST_PAUSE_SECONDS * sample_rate) + 1))
    return voice
