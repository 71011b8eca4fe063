"""PocketSphinx with its US English model and a grammar of the digits."""

import tempfile
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path

import numpy as np

Recordings = Iterable[tuple[np.ndarray, int]]
Answers = Iterator[tuple[str, float | None, bool | None]]
RATE = 16_000
DIGITS = "zero | oh | one | two | three | four | five | six | seven | eight | nine"


def files(**_: object) -> list[Path]:
    """Return acoustic model and dictionary."""
    model = Path(str(resources.files("pocketsphinx")), "model", "en-us")
    return [*sorted(path for path in (model / "en-us").iterdir() if path.is_file()), model / "cmudict-en-us.dict"]


def recognise(recordings: Recordings, pad_seconds: float, strings: bool) -> Answers:
    """Recognise one digit, or a loop of digits; the confidence is its posterior in the lattice.

    Args:
        recordings: samples and rates.
        pad_seconds: of silence before and after the recording.
        strings: whether a recording may have many digits.
    """
    import soxr
    from pocketsphinx import Decoder

    with tempfile.TemporaryDirectory() as folder:
        grammar = Path(folder) / "digits.gram"
        grammar.write_text(
            f"#JSGF V1.0; grammar digits; public <digits> = ({DIGITS}){'+' if strings else ''};", encoding="utf-8"
        )
        decoder = Decoder(jsgf=str(grammar), samprate=RATE, loglevel="FATAL")
    for samples, rate in recordings:
        padded = np.pad(soxr.resample(samples, rate, RATE), round(pad_seconds * RATE))
        decoder.start_utt()
        decoder.process_raw((32767 * np.clip(padded, -1, 1)).astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        if found:
            yield found.hypstr, decoder.get_logmath().exp(round(found.prob)), None
        else:
            yield "", 0.0, None
