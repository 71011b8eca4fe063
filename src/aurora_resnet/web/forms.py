"""The one file of a form (multipart/form-data), as ``curl -F`` and browsers send it; it stays in memory."""

from collections.abc import AsyncGenerator
from typing import NoReturn

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from aurora_resnet.runtime.errors import AudioError

MOST_PARTS = 16
#: Of all that a form has beside its file.
FORM_BYTES = 20_000


def is_form(headers: Headers) -> bool:
    """Tell whether a body is a form with files; all else is a recording as it is.

    >>> is_form(Headers({"Content-Type": 'multipart/form-data; boundary="x"'})), is_form(Headers())
    (True, False)
    """
    return parse_options_header(headers.get("content-type", ""))[0] == b"multipart/form-data"


async def file_of_form(headers: Headers, body: AsyncGenerator[bytes, None]) -> bytes:
    """Return the file of a form.

    Args:
        headers: of the request; ``Content-Type`` states the boundary.
        body: the whole form.

    Raises:
        AudioError: for a damaged form, or one that has fields, no file or several.
    """
    parser = MultiPartParser(headers, body, max_files=MOST_PARTS, max_fields=MOST_PARTS, max_part_size=FORM_BYTES)
    parser.spool_max_size = 2**30  # in memory: the body has a limit of its own
    try:
        form = await parser.parse()
    except (MultiPartException, FormParserError) as error:
        _refuse(f"; the form is damaged ({str(error)[:100]})")
    try:
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        fields = [name for name, value in form.multi_items() if not isinstance(value, UploadFile)]
        if fields:
            _refuse(f", got the field {fields[0][:50]!r}; options belong into the address, as ?length=4")
        if len(files) != 1:
            _refuse(f", got {len(files)} whole files")
        return await files[0].read()
    finally:
        await form.close()


def _refuse(why: str) -> NoReturn:
    raise AudioError(f"expected a form with one file, as curl -F file=@seven.wav sends it{why}") from None
