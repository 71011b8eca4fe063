"""Kinds of sound files: which endings are recordings, and which files libsndfile leaves to PyAV.

A file's first bytes say what it is, whatever its name. libsndfile reads WAV, FLAC, Ogg (Vorbis, Opus), MP3 and the
formats of workstations; what telephones, browsers and messengers record is read through PyAV, see ``media_files``.
"""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

from .mpeg import is_adts
from .wav_headers import WavHeader

# fmt: off
SOUND_SUFFIXES = frozenset([
    ".wav", ".wave", ".bwf", ".rf64", ".w64", ".flac", ".ogg", ".oga", ".opus", ".spx", ".mp1", ".mp2", ".mp3",
    ".mpga", ".aiff", ".aif", ".aifc", ".au", ".snd", ".caf", ".sph", ".nist", ".voc", ".gsm", ".vox", ".avr",
    ".paf", ".pvf", ".sf", ".ircam", ".svx", ".8svx", ".iff", ".htk", ".sds", ".xi", ".wve", ".m4a", ".m4b", ".m4r",
    ".mp4", ".mov", ".qt", ".3gp", ".3gpp", ".3g2", ".webm", ".weba", ".mka", ".mkv", ".amr", ".awb", ".aac",
    ".adts", ".wma", ".asf", ".flv", ".avi", ".ac3", ".wv", ".ape", ".tta",
])
# fmt: on
"""Endings, in lower case, of the files that every command takes for recordings where it searches a folder."""


class MediaKind(NamedTuple):
    """A kind of file that PyAV reads: what people call it, and FFmpeg's name of its container."""

    name: str
    container: str


_MP4 = MediaKind("MP4, M4A, 3GP or MOV", "mov")
_BEGINNINGS = (
    (4, (b"ftyp", b"moov", b"mdat", b"wide", b"skip", b"free"), _MP4),
    (0, (b"\x1a\x45\xdf\xa3",), MediaKind("WebM or Matroska", "matroska")),
    (0, (b"#!AMR",), MediaKind("AMR", "amr")),
    (0, (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",), MediaKind("WMA", "asf")),
    (0, (b"FLV\x01",), MediaKind("Flash video", "flv")),
    (8, (b"AVI ",), MediaKind("AVI", "avi")),
    (0, (b"\x0b\x77",), MediaKind("AC-3", "ac3")),
    (0, (b"wvpk",), MediaKind("WavPack", "wv")),
    (0, (b"MAC ",), MediaKind("Monkey's Audio", "ape")),
    (0, (b"TTA1",), MediaKind("True Audio", "tta")),
)
_WITH_HEADER = (b"RIFF", b"RIFX", b"RF64", b"fLaC", b"OggS", b"FORM", b"caff", b".snd", b"ID3")
_NO_SOUND = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"%PDF",
    b"PK\3\4",
    b"\x1f\x8b",
    b"Rar!",
    b"7z\xbc",
    b"\x7fELF",
    b"SQLite",
)
_OGG = (b"\x01vorbis", b"OpusHead")
_CAF = (b"lpcm", b"alaw", b"ulaw", b"alac")
"""What is in these two that libsndfile decodes itself."""
_WAV = (
    *(0x0022, 0x0042, 0x0045, 0x0050, 0x0064, 0x0065, 0x0083, 0x00FF, 0x0160, 0x0161, 0x0162, 0x0163, 0x706D, 0x1600),
    *(0x1602, 0x2000, 0x7A21, 0x7A22, 0xA109, 0xF1AC),
)
"""Encodings in WAV that FFmpeg alone decodes, by their numbers in Microsoft's list: AAC, WMA, G.726, AMR and so on."""


def media_kind(stream: BinaryIO) -> MediaKind | None:
    """Tell what PyAV has to read; ``None`` for what libsndfile may read, and for what is no sound file at all.

    Args:
        stream: the file; it is moved about in.

    >>> import io
    >>> media_kind(io.BytesIO(b"#!AMR-WB"))
    MediaKind(name='AMR', container='amr')
    """
    stream.seek(0)
    head = stream.read(64)
    for start, marks, kind in _BEGINNINGS:
        if head.startswith(marks, start):
            return kind
    if head.startswith(b"OggS") and not head.startswith(_OGG, 28):
        return MediaKind("Ogg with another codec than Vorbis or Opus", "ogg")
    if head.startswith(b"caff") and head[8:12] == b"desc" and not head.startswith(_CAF, 28):
        return MediaKind("CAF with compressed sound", "caf")
    return MediaKind("AAC", "aac") if is_adts(stream) else None


def wav_kind(header: bytes, found: WavHeader) -> MediaKind | None:
    """Tell whether the sound in a WAV file is of an encoding that libsndfile does not know."""
    tag = int.from_bytes(header[found.format_start : found.format_start + 2], "little" if found.order == "<" else "big")
    return MediaKind(f"WAV with the encoding 0x{tag:04x}", "wav") if found.format_start and tag in _WAV else None


def may_be_headerless(head: bytes) -> bool:
    """Tell whether a file may be samples without a header: it begins like no other kind of file, and is no text.

    >>> may_be_headerless(b"<!doctype html>"), may_be_headerless(bytes(16))
    (False, True)
    """
    try:
        text = head.decode("utf-8", errors="ignore" if len(head) == 64 else "strict")
    except UnicodeDecodeError:
        text = "\0"
    return not (
        head.startswith((*_WITH_HEADER, *_NO_SOUND))
        or text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable()
    )
