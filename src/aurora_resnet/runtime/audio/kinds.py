"""Kinds of sound files: which endings are recordings, and what may be samples without a header.

A file's first bytes say what it is, whatever its name. libsndfile reads WAV, FLAC, Ogg (Vorbis, Opus), MP3 and the
formats of workstations; what telephones, browsers and messengers record is read through PyAV, see ``media_files``.
"""

import re

_SUFFIXES = """
    .wav .wave .bwf .rf64 .w64 .flac .ogg .oga .opus .spx .mp1 .mp2 .mp3 .mpga .aiff .aif .aifc .au .snd .caf .sph
    .nist .voc .gsm .vox .avr .paf .pvf .sf .ircam .svx .8svx .iff .htk .sds .xi .wve .m4a .m4b .m4r .mp4 .mov .qt
    .3gp .3gpp .3g2 .webm .weba .mka .mkv .amr .awb .aac .adts .wma .asf .flv .avi .ac3 .wv .ape .tta
"""
#: Endings, in lower case, of the files that every command takes for recordings where it searches a folder.
SOUND_SUFFIXES = frozenset(_SUFFIXES.split())
_SOUND = rb"RIFF|RIFX|RF64|fLaC|OggS|FORM|caff|\.snd|ID3|....ftyp|\x1aE\xdf\xa3|#!AMR"
_NO_SOUND = rb"\x89PNG|\xff\xd8\xff|GIF8|%PDF|PK\x03\x04|\x1f\x8b|Rar!|7z\xbc|\x7fELF|SQLite"
_WITH_HEADER = re.compile(_SOUND + b"|" + _NO_SOUND, re.DOTALL)


def may_be_headerless(head: bytes) -> bool:
    """Tell whether a file may be samples without a header: it begins like no other kind of file, and is no text.

    >>> may_be_headerless(b"<!doctype html>"), may_be_headerless(bytes(16))
    (False, True)
    """
    try:
        text = head.decode("utf-8", errors="ignore" if len(head) == 64 else "strict")
    except UnicodeDecodeError:
        text = "\0"
    return not (_WITH_HEADER.match(head) or re.sub(r"[\n\r\t]", "", text).isprintable())
