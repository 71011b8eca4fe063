"""Several processes that write the files of a noisy tree."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait

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
        workers: processes; 1 works in this process. They end when this one does, however it ends.

    Raises:
        CorpusError: if a file cannot be written, or a worker process dies.
    """
    if workers == 1:
        for folder, files, is_last in chunks:
            yield folder, writer.write_all(files), is_last
        return
    waiting: deque[tuple[Folder, Future[list[Utterance | str]], bool]] = deque()
    # "spawn" is the same on every system, and safe beside the threads of the caller
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=end_with_parent, initargs=(signal.SIG_IGN,))
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


def end_with_parent(on_ctrl_c: signal.Handlers) -> None:
    """Make this worker end when the process that started it does, even by a kill that no process can answer.

    A thread waits for the parent's end of a pipe, which every system closes with the process; without it a worker would
    wait for work for ever, holding its memory.

    Args:
        on_ctrl_c: ``SIG_IGN`` where the parent answers and this process finishes its piece, ``SIG_DFL`` to end at once.

    Raises:
        RuntimeError: if this process has no parent that started it as a worker.
    """
    parent = parent_process()
    if parent is None:
        raise RuntimeError("only a worker process has a parent to end with")
    signal.signal(signal.SIGINT, on_ctrl_c)

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="end with parent", daemon=True).start()


def cores() -> int:
    """Return how many processors this process may use.

    >>> cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
