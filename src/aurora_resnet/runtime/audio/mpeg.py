"""Whether a file is MPEG audio at all, and whether it says how long it is.

libsndfile takes whatever begins with eleven set bits for MPEG audio (ISO 11172-3), and its decoder looks for more such
bits until it finds some. Raw samples, the first of which is -1, would be noise. True MPEG audio has a frame
behind its first one, where the first one's header says.
"""

from typing import BinaryIO

_KBITS = {  # by (whether MPEG-1, layer)
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # MPEG-1, 2, 2.5


def frame_bytes(header: bytes) -> int:
    """Return the length of the frame that a header of four bytes begins; 0 if it is none.

    >>> frame_bytes(bytes([0xFF, 0xFB, 0x90, 0x00]))  # MPEG-1, layer III, 128 kbit/s, 44.1 kHz
    417
    """
    if len(header) < 4 or header[0] != 0xFF or header[1] < 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    kbits, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer == 4 or kbits in (0, 15) or rate == 3:
        return 0
    bits = 1000 * _KBITS[version == 3, layer][kbits - 1]
    if layer == 1:
        return 4 * (12 * bits // _RATES[version][rate] + padding)
    return (72 if layer == 3 and version != 3 else 144) * bits // _RATES[version][rate] + padding


def is_mpeg(stream: BinaryIO) -> bool:
    """Tell whether what begins like MPEG audio goes on like it; ``True`` for all that does not begin so.

    AAC in ADTS frames begins like it too; libsndfile would take it for MP3 behind an ID3v2 tag.
    """
    start = _behind_tag(stream)
    stream.seek(start)
    header = stream.read(4)
    if len(header) < 2 or header[0] != 0xFF or header[1] < 0xE0:
        return True
    length = frame_bytes(header)
    stream.seek(start + length)
    following = stream.read(4)
    return length > 0 and (len(following) < 4 or (following[0] == 0xFF and (following[1] ^ header[1]) & 0xFE == 0))


def states_frames(stream: BinaryIO) -> bool:
    """Tell whether MPEG audio has a Xing or Info tag: in the first frame, behind a header of 4 bytes and at most 34."""
    stream.seek(_behind_tag(stream))
    frame = stream.read(42)
    return b"Xing" in frame or b"Info" in frame


def _behind_tag(stream: BinaryIO) -> int:
    """Return where sound begins: behind an ID3v2 tag, whose length is in bytes 6 to 9, seven bits each."""
    stream.seek(0)
    head = stream.read(10)
    if len(head) < 10 or not head.startswith(b"ID3"):
        return 0
    return 10 + (head[6] << 21) + (head[7] << 14) + (head[8] << 7) + head[9]
