"""What AN4's test speakers say beside digits, the nearest things to a digit that people really say: letters, other words."""

from __future__ import annotations

from pathlib import Path

from aurora_resnet.runtime.audio.clips import fit_length
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from tools.make_training_corpus import MARGIN_SECONDS, read_words

KINDS = ("letters", "other_words")


def read_near_words(an4: Path, sample_rate: int, length: int) -> dict[str, list[Samples]]:
    """Return the words of ``words.csv`` that are no digits, cut out and each in a window of its own.

    Args:
        an4: folder of ``words.csv``.
        sample_rate: of the windows, in Hz.
        length: of a window in samples.
    """
    found: dict[str, list[Samples]] = {kind: [] for kind in KINDS}
    for (file, _), words in read_words(an4 / "words.csv", "test").items():
        samples, rate = read_audio(an4 / file)
        for word in words:
            if not word.digit:
                first, last = word.start - MARGIN_SECONDS, word.end + MARGIN_SECONDS
                cut = samples[max(0, round(first * rate)) : round(last * rate)]
                found[KINDS[len(word.word) > 1]].append(fit_length(resample(cut, rate, sample_rate), length))
    return found
