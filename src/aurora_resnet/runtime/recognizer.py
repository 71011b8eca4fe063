"""``Recognizer``: a recording goes in, a word comes out."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from .audio.clips import Clip, make_clip
from .audio.recordings import AnyRecording, open_recording
from .decision import VERDICTS
from .errors import ConfigError
from .model_reference import EXPORTED, Kind
from .models.average import load_word_model
from .models.words import ScoringModel
from .pretrained import Pretrained
from .streaming.config import StreamingConfig
from .streaming.recognizer import StreamingRecognizer
from .vocabulary import Vocabulary

DEFAULT_MODEL = EXPORTED[0]


@dataclass(frozen=True)
class Recognition:
    """The word of one recording.

    Attributes:
        word: the most probable word.
        digit: the digit that it names (``zero`` and ``oh`` are both 0); ``None`` for a word that names none.
        confidence: the probability of the word, given that it is one of the words: 0 to 1, calibrated.
        accepted: whether to believe that one of the words was spoken at all. ``False`` for silence, and where the
            evidence for a word is below the model's threshold; ``None``, unknown, if the model is not calibrated.
        probabilities: of every word, like ``confidence``; they sum to 1.
    """

    word: str
    digit: int | None
    confidence: float
    accepted: bool | None
    probabilities: dict[str, float]

    def __repr__(self) -> str:
        return f"Recognition({self.word!r}, confidence={self.confidence:.3f}, accepted={self.accepted})"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    def _repr_html_(self) -> str:
        """Return a table of the three most probable words, for notebooks."""
        from html import escape

        best = sorted(self.probabilities.items(), key=lambda pair: -pair[1])[:3]
        rows = "".join(f"<tr><td>{escape(word)}</td><td>{share:.1%}</td></tr>" for word, share in best)
        return f"<table><caption>{escape(self.word)}, {VERDICTS[self.accepted]}</caption>{rows}</table>"


class Recognizer(Pretrained[ScoringModel]):
    """Recognise isolated words with a model, spoken digits unless the model knows others.

    A recording may have any rate, length, number of channels and usual sample type: of its channels one is made, it is
    brought to the model's rate, what lies below speech is cut, a short one is centred in silence, and of a long one the
    word is cut out, a stretch of the model's clip length.
    Recognising changes nothing, so one recogniser may serve many threads.

    Args:
        model: what scores the clips.

    >>> recognizer = Recognizer.from_pretrained("compact")
    >>> recognizer.recognize(np.zeros((16000, 2), np.int16), 16000).accepted
    False
    """

    kind: ClassVar[Kind] = "words"
    default_model, exported = DEFAULT_MODEL, staticmethod(load_word_model)

    def recognize(self, recording: AnyRecording, sample_rate: float | None = None) -> Recognition:
        """Recognise one recording.

        Args:
            recording: a path, the bytes of a sound file or a file object that holds one, samples, or a mapping of
                samples and their rate; see ``AnyRecording``.
            sample_rate: of samples in Hz; whatever states its own rate takes none.

        Raises:
            AudioError: if the recording cannot be used.
            ConfigError: for samples without a rate, or anything else with one.
        """
        return self.recognize_clips([self.clip(recording, sample_rate)])[0]

    def recognize_batch(
        self, recordings: Iterable[AnyRecording], sample_rate: float | None = None
    ) -> list[Recognition]:
        """Recognise several recordings at once; results do not depend on the batch, but for rounding.

        Args:
            recordings: files, or samples (a list, a generator, rows of an array); all are computed in one batch, so it
                is the caller who bounds the memory.
            sample_rate: of all samples in Hz.

        Raises:
            AudioError: if one of the recordings cannot be used.
            ConfigError: for a single path, for samples without a rate, or anything else with one.
        """
        single = isinstance(recordings, str | bytes | bytearray | memoryview | os.PathLike | Mapping)
        if single or hasattr(recordings, "read") or not isinstance(recordings, Iterable):
            raise ConfigError(f"recognize_batch takes a list of recordings, got {recordings!r:.60}; use recognize")
        return self.recognize_clips([self.clip(recording, sample_rate) for recording in recordings])

    def clip(self, recording: AnyRecording, sample_rate: float | None = None) -> Clip:
        """Return the model's input for a recording, and where it was cut; arguments and errors as ``recognize``."""
        facts = self.model.facts
        return make_clip(open_recording(recording, sample_rate), facts.sample_rate, facts.clip_samples)

    def recognize_clips(self, clips: Sequence[Clip]) -> list[Recognition]:
        """Recognise clips that ``clip`` made, in one batch."""
        if not clips:
            return []
        return self.decide(self.model.logits(np.stack([clip.samples for clip in clips])), clips)

    def decide(self, logits: npt.NDArray[np.float32], clips: Sequence[Clip]) -> list[Recognition]:
        """Return the answers that logits ``[n, K]`` of clips stand for."""
        facts = self.model.facts
        samples, clipped = np.stack([clip.samples for clip in clips]), [clip.clipped for clip in clips]
        probabilities, accepted = facts.calibration.decide(logits, samples, clipped=clipped)
        return [
            recognition(facts.vocabulary, row, verdict)
            for row, verdict in zip(probabilities.tolist(), accepted, strict=True)
        ]

    def stream(self, sample_rate: float, *, config: StreamingConfig | None = None) -> StreamingRecognizer:
        """Begin a stream, to be fed in chunks of any size; arguments and errors as ``StreamingRecognizer``."""
        return StreamingRecognizer(self, sample_rate, config=config)


def recognition(vocabulary: Vocabulary, probabilities: Sequence[float], accepted: bool | None) -> Recognition:
    """Return the answer that probabilities of the words stand for.

    >>> recognition(Vocabulary(("yes", "two")), [0.25, 0.75], accepted=True).digit
    2
    """
    best = int(np.argmax(probabilities))
    return Recognition(
        word=vocabulary.words[best],
        digit=vocabulary.digits[best],
        confidence=probabilities[best],
        accepted=accepted,
        probabilities=dict(zip(vocabulary.words, probabilities, strict=True)),
    )
