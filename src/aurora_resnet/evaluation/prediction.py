"""What a model answered to one recording, as lines of CSV have it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Prediction:
    """What a model answered to one recording; the words of a string have blanks between.

    >>> Prediction("a.wav", "fsdd", "five", "nine", 0.51).right
    False
    """

    path: str
    condition: str
    word: str
    predicted: str
    confidence: float
    accepted: bool | None = None
    speaker: str = ""

    @property
    def right(self) -> bool:
        """Whether every word is right and none is missing or added."""
        return self.word == self.predicted
