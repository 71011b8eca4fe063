"""What a model of strings finds in recordings, before its decision: searched once, answered at any calibration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from tqdm.auto import tqdm

from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.evaluation.string_answers import StringAnswer
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.decision import Calibration, audible
from aurora_resnet.runtime.errors import AudioError, CorpusError
from aurora_resnet.runtime.models.strings import Probabilities, StringModel
from aurora_resnet.runtime.strings.answer import Reading
from aurora_resnet.runtime.strings.recognizer import StringRecognizer


class Found(NamedTuple):
    """What the search finds in one recording, before a temperature."""

    utterance: Utterance
    seconds: float
    reading: Reading

    def answer(self, recognizer: StringRecognizer) -> StringAnswer:
        """Return the answer at the calibration of a recogniser."""
        found = recognizer.answer(self.reading)
        words = tuple(word.word for word in found.words)
        return StringAnswer(self.utterance, words, found.confidence, found.accepted, self.seconds)


class Known(StringModel):
    """A model whose probabilities of some recordings are computed once, for all weights.

    Args:
        model: computes them.
    """

    def __init__(self, model: StringModel) -> None:
        self.model, self.facts = model, model.facts
        self._shares: dict[bytes, Probabilities] = {}

    def whole(self, samples: Any) -> Probabilities:
        """Return the probabilities of a whole recording; see ``StringModel.whole``."""
        key = samples.tobytes()
        if key not in self._shares:
            self._shares[key] = self.model.whole(samples)
        return self._shares[key]

    def at(self, calibration: Calibration) -> StringRecognizer:
        """Return a recogniser at another calibration."""
        self.facts = replace(self.facts, calibration=calibration)
        return StringRecognizer(self)


def find_strings(recognizer: StringRecognizer, corpus: Corpus, *, bar: tqdm[Any] | None = None) -> list[Found]:
    """Search the strings of a corpus; silent recordings are left out.

    Raises:
        CorpusError: if one cannot be read.
    """
    found = []
    for utterance in corpus:
        try:
            samples, rate = read_audio(utterance.path, raw=utterance.raw)
        except AudioError as error:
            raise CorpusError(str(error)) from error
        waveform = recognizer.waveform(samples, rate)
        if audible(waveform):
            found.append(Found(utterance, len(samples) / rate, recognizer.found(waveform)))
        if bar is not None:
            bar.update()
    return found
