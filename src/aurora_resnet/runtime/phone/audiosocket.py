"""AudioSocket of Asterisk: TCP, messages of a kind (1 byte), a length (2, big-endian) and content.

Source: Asterisk's "AudioSocket" (docs.asterisk.org/Configuration/Channel-Drivers/AudioSocket), with the keys and rates
of later versions (github.com/CyCoreSystems/audiosocket).
"""

import uuid

from ..errors import AudioError
from .line import HungUp, LineEvent, Opened, Sound, pressed

TERMINATE, IDENTIFIER, KEY, FAILED = 0x00, 0x01, 0x03, 0xFF
#: Of 16-bit little-endian sound, by kind.
RATES = {0x10: 8000, 0x11: 12000, 0x12: 16000, 0x13: 24000, 0x14: 32000, 0x15: 44100, 0x16: 48000, 0x17: 96000,
         0x18: 192000}  # fmt: skip
HEADER_BYTES = 3


class AudioSocketReader:
    """Messages in a stream of bytes that is cut anywhere.

    >>> reader = AudioSocketReader()
    >>> reader.read(bytes([0x01, 0, 16]) + bytes(16)), reader.read(bytes([0x10, 0]))
    ([], [])
    >>> reader.read(bytes([2, 0, 0, 0x03, 0, 1]) + b"7")
    [Opened(sample_rate=8000, encoding='pcm16', call='00000000-0000-0000-0000-000000000000', settings={}), Sound(),
     Key(key='7')]
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._call = ""
        self._rate = 0

    def read(self, data: bytes) -> list[LineEvent]:
        """Return what happened; the line is ``Opened`` with its first sound, whose kind tells the rate.

        Raises:
            AudioError: for what is no AudioSocket.
        """
        self._rest += data
        events: list[LineEvent] = []
        while len(self._rest) >= HEADER_BYTES:
            end = HEADER_BYTES + int.from_bytes(self._rest[1:HEADER_BYTES], "big")
            if len(self._rest) < end:
                break
            events += self._message(self._rest[0], bytes(self._rest[HEADER_BYTES:end]))
            del self._rest[:end]
        return events

    def _message(self, kind: int, content: bytes) -> list[LineEvent]:
        if kind in RATES:
            if self._rate not in (0, RATES[kind]) or len(content) % 2:
                raise AudioError(
                    f"AudioSocket: {len(content)} bytes at {RATES[kind]} Hz after sound at {self._rate} Hz"
                )
            opened = [] if self._rate else [Opened(RATES[kind], "pcm16", self._call)]
            self._rate = RATES[kind]
            return [*opened, Sound(content)]
        if kind == KEY:
            return [pressed(content.decode("latin-1"))]
        if kind == IDENTIFIER and len(content) == 16:
            self._call = str(uuid.UUID(bytes=content))
            return []
        if kind in (TERMINATE, FAILED):
            return [HungUp()]
        raise AudioError(
            f"AudioSocket: expected a message of a known kind, got kind {kind:#04x} of {len(content)} bytes"
        )


def message(kind: int, content: bytes = b"") -> bytes:
    r"""Return a message to Asterisk: sound by one of the kinds in ``RATES``, or ``TERMINATE`` to hang up.

    >>> message(TERMINATE)
    b'\x00\x00\x00'
    """
    return bytes([kind]) + len(content).to_bytes(2, "big") + content
