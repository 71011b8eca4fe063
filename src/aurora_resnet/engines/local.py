"""Processes of this machine, which end with the one that started them."""

import os
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import connection, get_context, parent_process
from queue import SimpleQueue
from typing import Any

from aurora_resnet.engines.work import ATTEMPTS, Outcome, Piece, Prepare, Result, Worker
from aurora_resnet.runtime.processors import cores

#: Short pieces taken for each worker at a time: the next one is there when it ends one.
AHEAD = 2


class LocalEngine:
    """Work in processes of this machine; one worker works in this process.

    Every worker is a pool of one process, so that it is known which piece a process that died was working on: it is
    tried once more, then it is lost, and a new process takes the dead one's place.

    Args:
        workers: processes, as many as processors if not given. More than one in a script need the usual
            ``if __name__ == "__main__":``.
        long_pieces: whether a worker has one piece at a time, which Ctrl-C breaks off, or a second one waiting.

    >>> [outcome.result for outcome in LocalEngine(1).run(lambda: str.upper, ["a", "b"])]
    ['A', 'B']
    """

    def __init__(self, workers: int | None = None, *, long_pieces: bool = False) -> None:
        self.workers = workers or cores()
        self.on_ctrl_c = signal.SIG_DFL if long_pieces else signal.SIG_IGN
        self.ahead = 1 if long_pieces else AHEAD

    def run(self, prepare: Prepare[Piece, Result], pieces: Iterable[Piece]) -> Iterator[Outcome[Piece, Result]]:
        """Yield what became of each piece; see ``Engine.run``."""
        if self.workers == 1:
            work = prepare()
            for piece in pieces:
                yield Outcome(piece, work(piece))
            return
        idle: SimpleQueue[ProcessPoolExecutor] = SimpleQueue()
        for _ in range(self.workers):
            idle.put(self._start(prepare))

        def attempt(piece: Piece) -> list[Result]:
            """Return the result in a list, which is empty where the process died."""
            pool = idle.get()
            try:
                return [pool.submit(_work, piece).result()]
            except BrokenProcessPool:
                pool.shutdown()
                pool = self._start(prepare)
                return []
            finally:
                idle.put(pool)

        coming, threads = iter(pieces), ThreadPoolExecutor(self.workers)
        try:
            begun = {threads.submit(attempt, piece): (piece, 1) for piece in islice(coming, self.workers * self.ahead)}
            while begun:
                for future in wait(begun, return_when=FIRST_COMPLETED).done:
                    piece, attempts = begun.pop(future)
                    result = future.result()
                    if not result and attempts < ATTEMPTS:
                        begun[threads.submit(attempt, piece)] = piece, attempts + 1
                        continue
                    for following in islice(coming, 1):
                        begun[threads.submit(attempt, following)] = following, 1
                    lost = f"the process that worked on it died {ATTEMPTS} times (memory? `__main__` guard?)"
                    yield Outcome(piece, result[0]) if result else Outcome(piece, None, lost)
        finally:
            threads.shutdown(cancel_futures=True)
            while not idle.empty():
                idle.get().shutdown()

    def _start(self, prepare: Prepare[Piece, Result]) -> ProcessPoolExecutor:
        # "spawn" is the same on every system, and safe beside the threads of the caller
        return ProcessPoolExecutor(1, get_context("spawn"), initializer=_begin, initargs=(prepare, self.on_ctrl_c))


_worker: Worker | None = None


def _begin(prepare: Prepare[Any, Any], on_ctrl_c: signal.Handlers) -> None:
    """Begin a worker's life."""
    global _worker
    end_with_parent(on_ctrl_c)
    _worker = Worker(prepare)


def _work(piece: Any) -> Any:
    assert _worker is not None
    return _worker.work(piece)


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
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="end with parent", daemon=True).start()
