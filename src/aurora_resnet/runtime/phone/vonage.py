"""WebSockets of Vonage's Voice API: binary 16-bit samples, and JSON for all else.

Source: Vonage's "WebSockets in the Voice API" (developer.vonage.com/en/voice/voice-api/concepts/websockets).
"""

import re

from ..errors import AudioError
from .line import LineEvent, Mark, Opened, Sound, pressed, read_message

RATES = (8000, 16000, 24000)
#: The message that stops the prompt.
CLEAR = '{"action": "clear"}'


def read(message: str | bytes) -> LineEvent | None:
    """Return what a message says; ``None`` for one that says nothing of the caller. The socket is closed at the end.

    The name of the call is its ``headers.call`` or ``headers.uuid``, if whoever set up the call put one there.

    Raises:
        AudioError: if it is no message of Vonage.

    >>> read('{"event": "websocket:dtmf", "digit": "5", "duration": 260}')
    Key(key='5')
    """
    if isinstance(message, bytes):
        return Sound(message)
    values = read_message(message, "Vonage")
    match values["event"]:
        case "websocket:connected":
            kind = str(values.get("content-type", ""))
            found = re.fullmatch(r"audio/l16;\s*rate=(\d+)", kind)
            if not found or int(found[1]) not in RATES:
                raise AudioError(f"Vonage: expected audio/l16 at {', '.join(map(str, RATES))} Hz, got {kind[:100]!r}")
            about = {key: str(text) for key, text in values.items() if key not in ("event", "content-type")}
            return Opened(int(found[1]), "pcm16", about.get("call") or about.get("uuid", ""), about)
        case "websocket:dtmf":
            return pressed(values.get("digit"))
        case "websocket:notify":
            return Mark(str(values.get("payload", "")))
    return None
