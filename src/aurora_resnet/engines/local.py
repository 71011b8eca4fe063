"""Processes of this machine, which end with the one that started them."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from typing import Any, Generic

from aurora_resnet.engines.work import ATTEMPTS, Outcome, Piece, Prepare, Result
from aurora_resnet.runtime.processors import cores

AHEAD = 2
"""Short pieces that a worker has at a time: the next one is there when it ends one."""


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
        coming: Iterator[_Job[Piece, Result]] = map(_Job, pieces)
        again: deque[_Job[Piece, Result]] = deque()
        crew = [_Worker(prepare, self.on_ctrl_c) for _ in range(self.workers)]
        try:
            while True:
                _hand_out(crew, again, coming, self.ahead)
                first = [worker.jobs[0].future for worker in crew if worker.jobs]
                if not first:
                    return
                wait(first, return_when=FIRST_COMPLETED)
                for worker in crew:
                    yield from worker.done(again)
        finally:
            for worker in crew:
                worker.pool.shutdown(wait=False, cancel_futures=True)
            for worker in crew:
                worker.pool.shutdown(wait=True)


class _Job(Generic[Piece, Result]):
    """A piece, the attempts that failed, and its result to come."""

    def __init__(self, piece: Piece) -> None:
        self.piece, self.failed = piece, 0
        self.future: Future[Result] = Future()


class _Worker(Generic[Piece, Result]):
    """A process and the jobs that it has."""

    def __init__(self, prepare: Prepare[Piece, Result], on_ctrl_c: signal.Handlers) -> None:
        self.prepare, self.on_ctrl_c = prepare, on_ctrl_c
        self.jobs: deque[_Job[Piece, Result]] = deque()
        self.pool = self._start()

    def take(self, job: _Job[Piece, Result]) -> None:
        """Give the process one more piece."""
        try:
            job.future = self.pool.submit(_work, job.piece)
        except BrokenProcessPool as error:  # it died idle or a moment ago; done() starts another one
            job.future = Future()
            job.future.set_exception(error)
        self.jobs.append(job)

    def done(self, again: deque[_Job[Piece, Result]]) -> Iterator[Outcome[Piece, Result]]:
        """Yield what is done; put what a death interrupted into ``again``."""
        while self.jobs and self.jobs[0].future.done():
            job = self.jobs.popleft()
            try:
                yield Outcome(job.piece, job.future.result())
            except BrokenProcessPool:
                self.pool.shutdown(wait=True)
                self.pool = self._start()
                again.extend(self.jobs)  # were not begun
                self.jobs.clear()
                job.failed += 1
                if job.failed < ATTEMPTS:
                    again.append(job)
                else:
                    yield Outcome(job.piece, None, f"the process that worked on it died {ATTEMPTS} times (memory?)")

    def _start(self) -> ProcessPoolExecutor:
        # "spawn" is the same on every system, and safe beside the threads of the caller
        arguments = (self.prepare, self.on_ctrl_c)
        return ProcessPoolExecutor(1, get_context("spawn"), initializer=_begin, initargs=arguments)


def _hand_out(
    crew: list[_Worker[Piece, Result]],
    again: deque[_Job[Piece, Result]],
    coming: Iterator[_Job[Piece, Result]],
    ahead: int,
) -> None:
    """Fill the workers up, the emptiest first; no piece is taken before a worker is free."""
    while (worker := min(crew, key=lambda each: len(each.jobs))) and len(worker.jobs) < ahead:
        job = again.popleft() if again else next(coming, None)
        if job is None:
            return
        worker.take(job)


_prepare: Prepare[Any, Any] | None = None
_prepared: Callable[[Any], Any] | None = None


def _begin(prepare: Prepare[Any, Any], on_ctrl_c: signal.Handlers) -> None:
    """Begin a worker's life. What ``prepare`` raises must reach the caller, so it runs with the first piece."""
    global _prepare
    end_with_parent(on_ctrl_c)
    _prepare = prepare


def _work(piece: Any) -> Any:
    global _prepared
    if _prepared is None:
        assert _prepare is not None
        _prepared = _prepare()
    return _prepared(piece)


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
