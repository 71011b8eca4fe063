"""Teach your own words: from a folder to a calibrated model, a held-out estimate and advice.

    python examples/own_words.py [FOLDER]

The folder has a sub-folder of recordings for each word, and ``_other`` for negatives. Without a folder it takes three
words of four synthetic voices. The estimate comes from held-out speakers; the command
``aurora-resnet teach FOLDER --out mine.onnx`` does the same.

Prints:

    held-out speakers: 100.0% right
    - few recordings: one (8), two (8), three (8); record at least 10 of each word, better 20
    - 4 speakers: how much speakers differ cannot be measured, so the interval is too narrow; record 5 or more speakers
    - there are no recordings of anything else, so what the model accepts by mistake is known for synthetic digits only, if at all; record other words and usual noises into the sub-folder _other
    one: one, accepted
"""

import sys
from pathlib import Path

from aurora_resnet import DigitRecognizer, load_corpus
from aurora_resnet.teaching.enrol import enrol
from aurora_resnet.teaching.recordings import divide, read_recordings

VOICES = ("samples/flite-slt", "samples/flite-awb", "samples/flite-rms", "samples/festival-kal-diphone")


def main(folder: str | None = None, *, out: str | Path = "runs/own_words/mine.onnx") -> None:
    """Teach, print what was found out, and use the model."""
    samples = load_corpus("samples:").filter(speakers=VOICES, words=("one", "two", "three"))
    recordings = divide(samples) if folder is None else read_recordings(folder)
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    taught = enrol(recordings, out)
    print(f"held-out speakers: {taught.estimate.accuracy:.1%} right")
    for advice in taught.advice:
        print(f"- {advice}")
    recognizer = DigitRecognizer.from_pretrained(out)  # also: recognize, listen, serve and export --model
    first = recordings.words[0]
    answer = recognizer.recognize(first.path)
    print(f"{first.word}: {answer.word}, {'accepted' if answer.accepted else 'rejected'}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
