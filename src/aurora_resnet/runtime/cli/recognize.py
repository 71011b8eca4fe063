"""``recognize``: which word is spoken in each file."""

from __future__ import annotations

import argparse
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from ..audio.clips import Clip
from ..audio.recordings import Recording, open_file
from ..audio.sound_files import SoundBytes
from ..decision import VERDICTS
from ..errors import AudioError
from ..processors import cores
from ..recognizer import Recognition, Recognizer
from .sources import PIPE
from .terminal import PROBLEMS, Progress, complain, printable

if TYPE_CHECKING:
    from concurrent.futures import Future

    from ..strings.recognizer import DigitString

BATCH = 8
"""Files that are computed together, whatever the number of workers: so the answers are the same to the last bit."""

Answer = tuple[str, Recognition | AudioError]
AnyAnswer = TypeVar("AnyAnswer", "Recognition", "DigitString")
T = TypeVar("T")


def recognize(recognizer: Recognizer, options: argparse.Namespace) -> int:
    """Print an answer for each file and return the exit code; files that cannot be read are named."""
    return print_answers(recognize_files(recognizer, options.files, workers=options.threads or cores()), options, _line)


def _line(answer: Recognition) -> str:
    return f"{answer.word}\t{answer.confidence:.3f}\t{VERDICTS[answer.accepted]}"


def recognize_files(recognizer: Recognizer, files: Sequence[str], *, workers: int) -> Iterator[Answer]:
    """Yield each file with its answer, or with what is wrong with it, in order.

    Args:
        recognizer: who answers.
        files: paths; ``-`` is the standard input.
        workers: number of threads.
    """
    return in_parts(partial(_answers, recognizer), files, workers=workers)


def print_answers(
    answers: Iterable[tuple[str, AnyAnswer | AudioError]],
    options: argparse.Namespace,
    line: Callable[[AnyAnswer], str],
) -> int:
    """Print answers as they come and return the exit code.

    Args:
        answers: of each file, or what is wrong with it.
        options: ``files``, all of them, and ``json``.
        line: an answer as text, where it is not wanted as JSON.
    """
    progress = Progress(len(options.files), "files")
    failed = False
    for file, answer in answers:
        if isinstance(answer, AudioError):
            complain(printable(str(answer)))  # a file name may have several lines
            failed = True
        elif options.json:
            import json

            sys.stdout.write(json.dumps({"file": printable(file), **answer.to_dict()}) + "\n")
        else:
            sys.stdout.write(f"{printable(file)}\t{line(answer)}\n")
        progress.update()
    sys.stdout.flush()
    return PROBLEMS if failed else 0


def in_parts(answers: Callable[[list[str]], list[T]], files: Sequence[str], *, workers: int) -> Iterator[T]:
    """Yield answers of files, in order: threads take a few files each, so that reading and computing go side by side.

    Args:
        answers: of a few files.
        files: all of them.
        workers: number of threads.
    """
    parts = (list(files[start : start + BATCH]) for start in range(0, len(files), BATCH))
    if len(files) <= BATCH or workers == 1:
        for part in parts:
            yield from answers(part)
        return
    from concurrent.futures import ThreadPoolExecutor  # a single file does not wait for it

    waiting: deque[Future[list[T]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            waiting.extend(pool.submit(answers, part) for part in islice(parts, 2 * workers))
            while waiting:
                found = waiting.popleft().result()
                waiting.extend(pool.submit(answers, part) for part in islice(parts, 1))
                yield from found
        finally:
            for future in waiting:
                future.cancel()


def open_pipe() -> Recording:
    """Read the sound file that comes through the standard input."""
    return open_file(SoundBytes(sys.stdin.buffer.read(), "standard input"))


def _answers(recognizer: Recognizer, files: list[str]) -> list[Answer]:
    clips: list[Clip | AudioError] = []
    for file in files:
        try:
            clips.append(recognizer.clip(open_pipe() if file == PIPE else file))
        except AudioError as error:
            clips.append(error)
    heard = iter(recognizer.recognize_clips([clip for clip in clips if isinstance(clip, Clip)]))
    return [
        (file, clip if isinstance(clip, AudioError) else next(heard)) for file, clip in zip(files, clips, strict=True)
    ]
