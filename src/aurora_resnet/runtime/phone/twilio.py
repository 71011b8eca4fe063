"""Media Streams of Twilio: JSON over a WebSocket, mu-law at 8 kHz in base64.

Source: Twilio's "Media Streams - WebSocket Messages" (twilio.com/docs/voice/media-streams/websocket-messages). Telnyx
and Fonoster say that they speak it too.
"""

import base64
import json
from typing import Any

from ..errors import AudioError
from .line import HungUp, LineEvent, Mark, Opened, Sound, pressed, read_message


def read(message: str | bytes) -> LineEvent | None:
    """Return what a message says; ``None`` for one that says nothing of the caller, such as the sound of the prompt.

    Raises:
        AudioError: if it is no message of Twilio.

    >>> read('{"event": "dtmf", "streamSid": "MZ1", "dtmf": {"track": "inbound_track", "digit": "4"}}')
    Key(key='4')
    """
    values = read_message(message, "Twilio")
    event = values["event"]
    about: dict[str, Any] = values[event] if isinstance(values.get(event), dict) else {}
    match event:
        case "start":
            return _opened(about)
        case "media":
            return Sound(_payload(about)) if about.get("track", "inbound") == "inbound" else None
        case "dtmf":
            return pressed(about.get("digit"))
        case "mark":
            return Mark(str(about.get("name", "")))
        case "stop":
            return HungUp()
    return None  # connected, and what later versions add


def _opened(about: dict[str, Any]) -> Opened:
    kind = about.get("mediaFormat", {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1})
    if kind != {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}:
        raise AudioError(f"Twilio: expected audio/x-mulaw at 8000 Hz of one channel, got {str(kind)[:100]}")
    settings = about.get("customParameters") or {}
    return Opened(8000, "mulaw", str(about.get("callSid", "")), {key: str(text) for key, text in settings.items()})


def _payload(about: dict[str, Any]) -> bytes:
    try:
        return base64.b64decode(about.get("payload", ""), validate=True)
    except (ValueError, TypeError):
        raise AudioError("Twilio: expected media.payload in base64") from None


def play(stream: str, sound: bytes) -> str:
    """Return the message that plays mu-law sound to the caller; ``stream`` is Twilio's ``streamSid``."""
    return json.dumps({"event": "media", "streamSid": stream, "media": {"payload": base64.b64encode(sound).decode()}})


def mark(stream: str, name: str) -> str:
    """Return the message that asks for a ``Mark`` once what was sent before is played."""
    return json.dumps({"event": "mark", "streamSid": stream, "mark": {"name": name}})


def clear(stream: str) -> str:
    """Return the message that stops the prompt."""
    return json.dumps({"event": "clear", "streamSid": stream})
