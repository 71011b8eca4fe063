"""``recognize``: what is spoken in each file.

Prints file, word, confidence, and whether the recording is accepted as one of the words at all or rejected
(another word, noise, silence). Files that cannot be read are named on the standard error stream and make the exit
code 1; the others are recognised all the same. With --string each file holds digits one after another: prints
file, digits, confidence of the whole string, accepted or rejected, and why rejected.

Examples:
  {program} recognize one.wav two.flac
  arecord -d 2 -f S16_LE -r 16000 | {program} recognize --json -
  {program} recognize --model compact recordings/*.wav > words.tsv
  {program} recognize --string --length 16 --check luhn card.wav
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from ..audio.reading import open_file
from ..audio.sound_files import SoundBytes
from ..errors import AudioError
from ..processors import cores
from .sources import PIPE
from .strings import Strings
from .terminal import PROBLEMS, Progress, complain, printable
from .words import Words

#: Files that are computed together, whatever the number of workers: so the answers are the same to the last bit.
BATCH = 8

#: ``Recognition`` or ``DigitString``.
Answer = Any


def recognize(task: Words | Strings, options: argparse.Namespace) -> int:
    """Print an answer for each file as it comes and return the exit code; files that cannot be read are named."""
    progress = Progress(len(options.files), "files")
    failed = False
    for file, answer in recognize_files(task, options.files, workers=options.threads or cores()):
        if isinstance(answer, AudioError):
            complain(printable(str(answer)))  # a file name may have several lines
            failed = True
        elif options.json:
            sys.stdout.write(json.dumps({"file": printable(file), **answer.to_dict()}) + "\n")
        else:
            sys.stdout.write(f"{printable(file)}\t{task.line(answer)}\n")
        progress.update()
    sys.stdout.flush()
    return PROBLEMS if failed else 0


def recognize_files(
    task: Words | Strings, files: Sequence[str], *, workers: int
) -> Iterator[tuple[str, Answer | AudioError]]:
    """Yield each file with its answer, or with what is wrong with it, in order.

    Threads take a few files each, so that reading and computing go side by side.

    Args:
        task: what is recognised.
        files: paths; ``-`` is the standard input.
        workers: number of threads.
    """
    parts = [list(files[start : start + BATCH]) for start in range(0, len(files), BATCH)]
    if len(parts) <= 1 or workers == 1:
        for part in parts:
            yield from _answers(task, part)
        return
    from concurrent.futures import ThreadPoolExecutor  # a single file does not wait for it

    with ThreadPoolExecutor(workers) as pool:
        for answers in pool.map(partial(_answers, task), parts):
            yield from answers


def _answers(task: Words | Strings, files: list[str]) -> list[tuple[str, Answer | AudioError]]:
    prepared: list[Any] = []
    problems: dict[int, AudioError] = {}
    for number, file in enumerate(files):
        try:
            opened = open_file(SoundBytes(sys.stdin.buffer.read(), "standard input")) if file == PIPE else file
            prepared.append(task.prepare(opened))
        except AudioError as error:
            problems[number] = error
    answers = iter(task.answer(prepared))
    return [(file, problems[number] if number in problems else next(answers)) for number, file in enumerate(files)]
