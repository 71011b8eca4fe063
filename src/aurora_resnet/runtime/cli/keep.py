"""What a stream accepted and refused, kept as sound files from which ``teach --wrong`` learns."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from ..errors import ConfigError
from ..recognizer import Recognizer
from ..streaming.recognizer import StreamingRecognizer, WordEvent

ACCEPTED, REFUSED = "accepted", "refused"
#: By how much the evidence of what is refused, but kept, may miss the threshold.
LOOSER = 4.0
MARGIN_SECONDS, HELD_SECONDS, SETTLED_SECONDS = 0.2, 10.0, 1.0


class Keeper:
    """Writes the words of a stream: ``accepted/WORD/...wav``, and what was nearly one: ``refused/WORD/...wav``.

    A file that is there is never written over.

    Args:
        folder: where; made if needed.
        recognizer: of the stream; what it refuses is found by a second stream with a lower threshold.
        sample_rate: of the stream in Hz.

    Raises:
        ConfigError: if the folder cannot be written, or the model has no threshold.
    """

    def __init__(self, folder: str | Path, recognizer: Recognizer, sample_rate: int) -> None:
        self.folder, self.rate = Path(folder), sample_rate
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"--keep {folder}: cannot be written ({error.strerror}); give another folder") from None
        self._looser = looser = StreamingRecognizer(recognizer, sample_rate)
        point = looser.facts.calibration
        assert point.threshold is not None  # no stream without one
        looser.facts = replace(looser.facts, calibration=replace(point, threshold=point.threshold - LOOSER))
        self._held: list[npt.NDArray[Any]] = []
        self._came = 0
        self._accepted: list[WordEvent] = []
        self._refused: list[WordEvent] = []
        self.count = 0

    def take(self, chunk: npt.NDArray[Any], accepted: Sequence[Any]) -> None:
        """Note a chunk and the words that it decided, and write what is settled."""
        self._held.append(np.array(chunk))
        self._came += len(chunk)
        while self._came and sum(map(len, self._held[1:])) > HELD_SECONDS * self.rate:
            del self._held[0]
        self._settle(accepted, self._looser.feed(chunk), self._came / self.rate)

    def finish(self, accepted: Sequence[Any]) -> None:
        """Note the last words and write the rest."""
        self._settle(accepted, self._looser.finish(), np.inf)

    def _settle(self, accepted: Sequence[WordEvent], nearly: Sequence[WordEvent], now: float) -> None:
        for event in accepted:
            self._write(ACCEPTED, event)
        self._accepted = [*self._accepted, *accepted][-50:]
        self._refused += nearly
        due = [event for event in self._refused if event.decided_seconds + SETTLED_SECONDS <= now]
        self._refused = [event for event in self._refused if event not in due]
        for event in due:
            if not any(
                e.start_seconds < event.end_seconds and event.start_seconds < e.end_seconds for e in self._accepted
            ):
                self._write(REFUSED, event)

    def _write(self, verdict: str, event: WordEvent) -> None:
        samples = np.concatenate(self._held)
        first = self._came - len(samples)
        start = max(0, round((event.start_seconds - MARGIN_SECONDS) * self.rate) - first)
        end = round((event.end_seconds + MARGIN_SECONDS) * self.rate) - first
        place = self.folder / verdict / event.word
        place.mkdir(parents=True, exist_ok=True)
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        with (place / f"kept_{moment}_{self.count}.wav").open("xb") as file:
            soundfile.write(file, samples[start:end], self.rate, format="WAV", subtype="PCM_16")
        self.count += 1
