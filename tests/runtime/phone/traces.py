"""Calls as providers tell them: their published example messages, filled with the sound of a test.

Twilio: twilio.com/docs/voice/media-streams/websocket-messages. Vonage:
developer.vonage.com/en/voice/voice-api/concepts/websockets. AudioSocket:
docs.asterisk.org/Configuration/Channel-Drivers/AudioSocket and github.com/CyCoreSystems/audiosocket.
"""

from __future__ import annotations

import base64
import io
import json
import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np
import soundfile

from aurora_resnet.runtime.audio.waveform import Samples

CALL = "40325ec2-5efd-4bd3-805f-53576e581d13"
FRAME_SAMPLES = 160
#: Sound at 8 kHz, or a key.
Said = Samples | str


def pcm(samples: Samples) -> bytes:
    return np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def mulaw(samples: Samples) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, 8000, format="RAW", subtype="ULAW")
    return file.getvalue()


def frames(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def twilio(said: Sequence[Said], settings: dict[str, str] | None = None) -> list[str]:
    about = {
        "accountSid": "AC1", "streamSid": "MZ1", "callSid": CALL, "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": settings or {},
    }  # fmt: skip
    messages: list[dict[str, Any]] = [
        {"event": "connected", "protocol": "Call", "version": "1.0.0"},
        {"event": "start", "sequenceNumber": "1", "start": about, "streamSid": "MZ1"},
    ]
    chunk = 0
    for part in said:
        if isinstance(part, str):
            pressed = {"track": "inbound_track", "digit": part}
            messages.append({"event": "dtmf", "streamSid": "MZ1", "sequenceNumber": "0", "dtmf": pressed})
            continue
        for frame in frames(mulaw(part), FRAME_SAMPLES):
            chunk += 1
            media = {"track": "inbound", "chunk": str(chunk), "timestamp": str(20 * chunk)}
            payload = base64.b64encode(frame).decode()
            messages.append({"event": "media", "media": {**media, "payload": payload}, "streamSid": "MZ1"})
            prompt = {"track": "outbound", "chunk": str(chunk), "timestamp": "5", "payload": payload}
            messages.append({"event": "media", "media": prompt, "streamSid": "MZ1"})
    messages.append({"event": "mark", "streamSid": "MZ1", "mark": {"name": "prompt"}})
    messages.append({"event": "stop", "streamSid": "MZ1", "stop": {"accountSid": "AC1", "callSid": CALL}})
    for number, message in enumerate(messages):
        message["sequenceNumber"] = str(number)
    return [json.dumps(message) for message in messages]


def vonage(said: Sequence[Said], settings: dict[str, str] | None = None) -> list[str | bytes]:
    begin = {"event": "websocket:connected", "content-type": "audio/l16;rate=8000", "call": CALL, **(settings or {})}
    messages: list[str | bytes] = [json.dumps(begin)]
    for part in said:
        if isinstance(part, str):
            messages.append(json.dumps({"event": "websocket:dtmf", "digit": part, "duration": 260}))
        else:
            messages += frames(pcm(part), 2 * FRAME_SAMPLES)
    return messages


def audiosocket(said: Sequence[Said]) -> bytes:
    def message(kind: int, content: bytes = b"") -> bytes:
        return bytes([kind, *len(content).to_bytes(2, "big")]) + content

    data = message(0x01, uuid.UUID(CALL).bytes)
    for part in said:
        if isinstance(part, str):
            data += message(0x03, part.encode())
        else:
            data += b"".join(message(0x10, frame) for frame in frames(pcm(part), 2 * FRAME_SAMPLES))
    return data + message(0x00)
