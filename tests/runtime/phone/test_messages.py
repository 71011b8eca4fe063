"""What providers send is read whole: no frame is lost, whatever the cuts, and what is no message is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.runtime.errors import AudioError
from aurora_resnet.runtime.phone import twilio, vonage
from aurora_resnet.runtime.phone.audiosocket import AudioSocketReader, message
from aurora_resnet.runtime.phone.line import HungUp, Key, LineEvent, Mark, Opened, Sound
from tests.runtime.phone import traces

SOUND = np.random.default_rng(0).uniform(-0.5, 0.5, 1000).astype(np.float32)
SAID: list[traces.Said] = [SOUND[:400], "4", "#", SOUND[400:]]


def parts(events: list[LineEvent | None]) -> tuple[bytes, list[LineEvent]]:
    sound = b"".join(event.data for event in events if isinstance(event, Sound))
    return sound, [event for event in events if event is not None and not isinstance(event, Sound)]


def test_twilio() -> None:
    sound, rest = parts([twilio.read(line) for line in traces.twilio(SAID, {"lengths": "4"})])
    assert sound == traces.mulaw(SOUND)
    assert rest == [Opened(8000, "mulaw", traces.CALL, {"lengths": "4"}), Key("4"), Key("#"), Mark("prompt"), HungUp()]


def test_vonage() -> None:
    sound, rest = parts([vonage.read(line) for line in traces.vonage(SAID)])
    assert sound == traces.pcm(SOUND)
    assert rest == [Opened(8000, "pcm16", traces.CALL, {"call": traces.CALL}), Key("4"), Key("#")]


@given(st.lists(st.integers(1, 700), max_size=12))
def test_audiosocket_in_any_pieces(sizes: list[int]) -> None:
    data, reader = traces.audiosocket(SAID), AudioSocketReader()
    events: list[LineEvent | None] = []
    for size in [*sizes, len(data)]:
        events += reader.read(data[:size])
        data = data[size:]
    sound, rest = parts(events)
    assert sound == traces.pcm(SOUND)
    assert rest == [Opened(8000, "pcm16", traces.CALL), Key("4"), Key("#"), HungUp()]


@pytest.mark.parametrize(
    ("read", "wrong"),
    [
        (twilio.read, "hello"),
        (twilio.read, "[" * 100_000),
        (twilio.read, '{"event": "media", "media": {"payload": "?"}}'),
        (twilio.read, '{"event": "dtmf", "dtmf": {"digit": "10"}}'),
        (twilio.read, '{"event": "start", "start": {"mediaFormat": {"encoding": "opus"}}}'),
        (vonage.read, '{"event": "websocket:connected", "content-type": "audio/l16;rate=11025"}'),
        (AudioSocketReader().read, b"GET / HTTP/1.1\r\n" + bytes(30_000)),
        (AudioSocketReader().read, bytes([0x10, 0, 3, 1, 2, 3])),
    ],
)
def test_what_is_no_message_is_refused(read: Any, wrong: str | bytes) -> None:
    with pytest.raises(AudioError, match=r"expected|AudioSocket"):
        read(wrong)


def test_what_is_sent_back_is_read_by_the_other_side() -> None:
    assert twilio.read(twilio.mark("MZ1", "menu")) == Mark("menu")
    played = twilio.read(twilio.play("MZ1", b"\xff" * 160))
    assert played == Sound(b"\xff" * 160)
    sound = AudioSocketReader().read(message(0x10, bytes(320)) + message(0x00))
    assert sound == [Opened(8000, "pcm16"), Sound(bytes(320)), HungUp()]
