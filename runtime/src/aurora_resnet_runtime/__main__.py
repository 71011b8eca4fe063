"""``python -m aurora_resnet_runtime FILE...``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from aurora_resnet_runtime.errors import AudioError, ModelError
from aurora_resnet_runtime.recognizer import OnnxDigitRecognizer


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is spoken in each file; return 0, 1 if a file could not be read, 2 if the model could not."""
    parser = argparse.ArgumentParser(prog="python -m aurora_resnet_runtime", description="Say which digit is spoken.")
    parser.add_argument("files", nargs="+", metavar="FILE", help="sound files (WAV, FLAC, Ogg, MP3)")
    parser.add_argument("--model", metavar="FILE", help="file of 'aurora-resnet export' (default: the one inside)")
    parser.add_argument("--json", action="store_true", help="a JSON object a line, with all probabilities")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    options = parser.parse_args(arguments)
    try:
        recognizer = OnnxDigitRecognizer(options.model, threads=options.threads)
    except ModelError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    failed = False
    for file in options.files:
        try:
            answer = recognizer.recognize(file)
        except AudioError as error:
            sys.stderr.write(f"error: {error}\n")
            failed = True
            continue
        decision = "accepted" if answer.accepted else "rejected"
        line = f"{file}\t{answer.word}\t{answer.confidence:.3f}\t{decision}"
        sys.stdout.write((json.dumps({"file": file, **asdict(answer)}) if options.json else line) + "\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
