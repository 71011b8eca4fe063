"""How many recordings the server has in hand at once, and what becomes of their memory."""

import asyncio
import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from fastapi import HTTPException

#: Recordings in hand at once: on their way here, waiting, or being answered.
MAX_UPLOADS = 256
#: Bytes of all of them together.
MAX_UPLOAD_BYTES = 100_000_000
#: So long after the last one the memory goes back to the system.
QUIET_SECONDS = 1.0


class TooManyUploads(HTTPException):
    """There is no room for another recording now."""

    def __init__(self) -> None:
        super().__init__(503, "the server is busy; try again in a second", {"Retry-After": "1"})


class UploadsInHand:
    """Counts the recordings in hand and their bytes, so that memory has a bound whoever sends them.

    >>> uploads = UploadsInHand(max_uploads=1)
    >>> with uploads.room_for(1000), uploads.room_for(1000):
    ...     pass
    Traceback (most recent call last):
    aurora_resnet.web.load.TooManyUploads: 503: the server is busy; try again in a second
    """

    def __init__(self, max_uploads: int = MAX_UPLOADS, max_bytes: int = MAX_UPLOAD_BYTES) -> None:
        self.max_uploads = max_uploads
        self.max_bytes = max_bytes
        self.uploads = self.came = 0
        self.bytes = 0

    @contextmanager
    def room_for(self, size: int) -> Iterator[None]:
        """Count a recording as long as the block lasts.

        Args:
            size: bytes that it says it has, or the most it may have.

        Raises:
            TooManyUploads: if there is no room.
        """
        if self.uploads >= self.max_uploads or self.bytes + size > self.max_bytes:
            raise TooManyUploads
        self.uploads += 1
        self.came += 1
        self.bytes += size
        try:
            yield
        finally:
            self.uploads -= 1
            self.bytes -= size
            if not self.uploads:
                with suppress(RuntimeError):  # outside an event loop
                    asyncio.get_running_loop().call_later(QUIET_SECONDS, self._give_back)

    def _give_back(self) -> None:
        if not self.uploads:
            give_memory_back()


def give_memory_back() -> None:
    """Ask the C library to give freed memory back to the system; it keeps that of the busiest moment otherwise.

    Only glibc needs this and can do it.

    >>> give_memory_back()
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
