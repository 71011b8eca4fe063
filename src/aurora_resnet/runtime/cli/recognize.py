"""``recognize``: which word is spoken in each file."""

from __future__ import annotations

import argparse
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from ..audio.clips import Clip
from ..audio.recordings import Recording, open_file
from ..audio.sound_files import SoundBytes
from ..errors import AudioError
from ..processors import cores
from ..recognizer import Recognition, Recognizer
from .sources import PIPE
from .terminal import PROBLEMS, Progress, complain, printable

if TYPE_CHECKING:
    from concurrent.futures import Future

BATCH = 8
"""Files that are computed together, whatever the number of workers: so the answers are the same to the last bit."""

Answer = tuple[str, Recognition | AudioError]


def recognize(recognizer: Recognizer, options: argparse.Namespace) -> int:
    """Print an answer for each file and return the exit code; files that cannot be read are named."""
    progress = Progress(len(options.files), "files")
    failed = False
    for file, answer in recognize_files(recognizer, options.files, workers=options.threads or cores()):
        if isinstance(answer, AudioError):
            complain(printable(str(answer)))  # a file name may have several lines
            failed = True
        elif options.json:
            import json

            sys.stdout.write(json.dumps({"file": printable(file), **answer.to_dict()}) + "\n")
        else:
            decision = "accepted" if answer.accepted else "rejected"
            sys.stdout.write(f"{printable(file)}\t{answer.word}\t{answer.confidence:.3f}\t{decision}\n")
        progress.update()
    sys.stdout.flush()
    return PROBLEMS if failed else 0


def recognize_files(recognizer: Recognizer, files: Sequence[str], *, workers: int) -> Iterator[Answer]:
    """Yield each file with its answer, or with what is wrong with it, in order.

    Threads take a few files each, read them and compute them, so that reading and computing go on side by side.

    Args:
        recognizer: who answers.
        files: paths; ``-`` is the standard input.
        workers: number of threads.
    """
    parts = (list(files[start : start + BATCH]) for start in range(0, len(files), BATCH))
    if len(files) <= BATCH or workers == 1:
        for part in parts:
            yield from _answers(recognizer, part)
        return
    from concurrent.futures import ThreadPoolExecutor  # a single file does not wait for it

    waiting: deque[Future[list[Answer]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            waiting.extend(pool.submit(_answers, recognizer, part) for part in islice(parts, 2 * workers))
            while waiting:
                answers = waiting.popleft().result()
                waiting.extend(pool.submit(_answers, recognizer, part) for part in islice(parts, 1))
                yield from answers
        finally:
            for future in waiting:
                future.cancel()


def _pipe() -> Recording:
    return open_file(SoundBytes(sys.stdin.buffer.read(), "standard input"))


def _answers(recognizer: Recognizer, files: list[str]) -> list[Answer]:
    clips: list[Clip | AudioError] = []
    for file in files:
        try:
            clips.append(recognizer.clip(_pipe() if file == PIPE else file))
        except AudioError as error:
            clips.append(error)
    heard = iter(recognizer.recognize_clips([clip for clip in clips if isinstance(clip, Clip)]))
    return [
        (file, clip if isinstance(clip, AudioError) else next(heard)) for file, clip in zip(files, clips, strict=True)
    ]
