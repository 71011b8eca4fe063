"""Several processes that write the files of a noisy tree."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.noisy_corpus.plan import Folder
from aurora_resnet.noisy_corpus.writer import NoisyFile, NoisyFileWriter
from aurora_resnet.runtime.errors import CorpusError


def write_chunks(
    writer: NoisyFileWriter, chunks: Iterable[tuple[Folder, list[NoisyFile], bool]], workers: int
) -> Iterator[tuple[Folder, list[Utterance | str], bool]]:
    """Yield what became of each chunk of files, in order; only a few chunks are on their way at a time.

    Args:
        writer: writes the files.
        chunks: each with its folder, and whether it is the folder's last one; both are given back.
        workers: processes; 1 works in this process.

    Raises:
        CorpusError: if a file cannot be written, or a worker process dies.
    """
    if workers == 1:
        for folder, files, is_last in chunks:
            yield folder, writer.write_all(files), is_last
        return
    waiting: deque[tuple[Folder, Future[list[Utterance | str]], bool]] = deque()
    # "spawn" is the same on every system, and safe beside the threads of the caller
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        for folder, files, is_last in chunks:
            waiting.append((folder, pool.submit(writer.write_all, files), is_last))
            if len(waiting) >= 4 * workers:
                folder, future, is_last = waiting.popleft()
                yield folder, future.result(), is_last
        while waiting:
            folder, future, is_last = waiting.popleft()
            yield folder, future.result(), is_last
    except BrokenProcessPool as error:
        raise CorpusError(
            "a worker process died (out of memory?); run again to continue, with fewer workers"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def cores() -> int:
    """Return how many processors this process may use.

    >>> cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
