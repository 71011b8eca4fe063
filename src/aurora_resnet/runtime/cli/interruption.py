"""Ctrl-C in ``listen``."""

import signal

from .sources import Chunks


def until_ctrl_c(chunks: Chunks) -> Chunks:
    """Yield chunks until Ctrl-C comes, which breaks off the wait for the next one, never the work on one."""
    came = waiting = False

    def take(*_signal: object) -> None:
        nonlocal came
        came = True
        if waiting:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, take)
    try:
        while not came:
            waiting = True
            chunk = next(chunks, None)
            waiting = False
            if chunk is None:
                return
            yield chunk
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGINT, before)
