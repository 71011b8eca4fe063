"""The operating point of a model of strings, on what chose its best epoch and on further talk."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aurora_resnet.calibration.string_point import choose_string_point
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.string_model import sequence_model
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.tasks.experiment import VALIDATION
from aurora_resnet.training.data import SoundFiles
from tools.measure.sounds import wordless


@dataclass(frozen=True, kw_only=True)
class StringPoint:
    """How it is chosen.

    Attributes:
        false_per_hour: false words in an hour of talk, at most.
        wrong_share: of the strings that are accepted, at most this share is wrong.
        talk: without any of the words, beside the talk of the training's validation.
    """

    false_per_hour: float
    wrong_share: float | None = None
    talk: tuple[SoundFiles, ...] = ()

    def choose(self, model: RecognizerModel, run: Path) -> tuple[Calibration, dict[str, Any]]:
        """Return the calibration, and what the checkpoint says of it.

        Args:
            model: as trained.
            run: folder of the training.
        """
        corpus = load_corpus(f"manifest:{run / VALIDATION}")
        strings = corpus.filter(lambda utterance: bool(utterance.words))
        known = set(model.config.vocabulary)
        talk = corpus.filter(lambda utterance: not set(utterance.words) & known)
        if self.talk:
            talk = talk.merge(wordless("talk", *self.talk))
        asked = {"false_per_hour": self.false_per_hour, "wrong_share": self.wrong_share}
        best = choose_string_point(sequence_model(model), strings, talk, **asked)[0]  # type: ignore[arg-type]
        digests = {"validation": corpus.digest(), "talk": talk.digest()}
        info = {"operating_point": {**asdict(best), "corpora": digests}}
        return best.calibration, info
