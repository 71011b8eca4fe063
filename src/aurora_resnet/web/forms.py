"""The one file of a form (multipart/form-data), as ``curl -F`` and browsers send it; it stays in memory."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from aurora_resnet.runtime.errors import AudioError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MOST_PARTS = 16
FORM_BYTES = 20_000
"""Of all that a form has beside its file."""
_EXPECTED = "expected a form with one file, as curl -F file=@seven.wav sends it"


def is_form(content_type: str) -> bool:
    """Tell whether a body of this ``Content-Type`` is a form with files; all else is a recording as it is.

    >>> is_form('multipart/form-data; boundary="x"'), is_form("audio/wav"), is_form("")
    (True, False, False)
    """
    return parse_options_header(content_type)[0] == b"multipart/form-data"


def file_of_form(body: bytes, content_type: str) -> bytes:
    r"""Return the file of a form.

    Args:
        body: the whole form.
        content_type: its ``Content-Type``, which states the boundary.

    Raises:
        AudioError: for a damaged form, or one that has fields, no file or several.

    >>> part = b'Content-Disposition: form-data; name="file"; filename="seven.wav"'
    >>> file_of_form(b"--x\r\n" + part + b"\r\n\r\nRIFF\r\n--x--\r\n", "multipart/form-data; boundary=x")
    b'RIFF'
    """
    parts = _Parts()
    try:
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        parser = MultipartParser(boundary or b"none stated", parts.callbacks)
        parser.logger = logging.getLogger("aurora_resnet")  # damaged forms are told to those who send them
        parser.write(body)
    except FormParserError as error:
        raise AudioError(f"{_EXPECTED}; the form is damaged ({str(error)[:100]})") from None
    fields = [name for name, file, _ in parts.whole if file is None]
    if fields:
        raise AudioError(
            f"{_EXPECTED}, got the field {fields[0][:50]!r}; options belong into the address, as ?length=4"
        )
    if len(parts.whole) != 1:
        raise AudioError(f"{_EXPECTED}, got {len(parts.whole)} whole files")
    return parts.whole[0][2]


class _Parts:
    """What a parser has found: name, file name (``None`` for a field) and content of each whole part."""

    def __init__(self) -> None:
        self.whole: list[tuple[str, str | None, bytes]] = []
        self._header, self._value, self._disposition, self._data = bytearray(), bytearray(), b"", bytearray()
        self.callbacks: MultipartCallbacks = {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_part_data": lambda data, start, end: self._data.extend(data[start:end]),
            "on_part_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.whole) >= MOST_PARTS:
            raise FormParserError(f"more than {MOST_PARTS} parts")
        self._disposition, self._data = b"", bytearray()

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _end(self) -> None:
        options = parse_options_header(self._disposition.decode("latin-1"))[1]
        name, file = options.get(b"name", b"").decode("utf-8", "replace"), options.get(b"filename")
        self.whole.append((name, None if file is None else file.decode("utf-8", "replace"), bytes(self._data)))
