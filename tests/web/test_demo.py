"""The demo in real Chromium gives the runtime's numbers: clips, answers and streams, by file and by microphone."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from aurora_resnet.audio.mixing import mix_at_snr
from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.runtime.audio.mono import mono_waveform
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.decision import SURE_IF_CLIPPED
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.streaming.recognizer import StreamingRecognizer
from aurora_resnet.web.answer import Answer, answer_recording
from tools.site.demo import write_demo

pytest.importorskip("playwright.sync_api", reason="the browser tests need Playwright: the extra 'dev'")
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow
SAME_CLIP = 1e-5
"""Of samples that need no other rate: float32 sums in another order."""
SAME_RESAMPLED = 5e-3
"""Of samples at another rate: two filters whose edges differ."""
SAME_PROBABILITY = 0.05
"""Of one recording: sums that are rounded to the other of two int8 steps move a probability by up to so much."""
SAME_ON_AVERAGE = 0.003
"""Of all recordings: few sums lie so near the edge between two steps, so another chain would be seen here."""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo, on a plain static server."""
    folder: Path = tmp_path_factory.mktemp("site") / "demo"
    try:
        write_demo(folder)
    except SystemExit as error:
        pytest.skip(f"the demo cannot be built here: {error}")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def demo(browser: Browser, site: str) -> Iterator[Page]:
    """The demo, opened; whatever its scripts complain about fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, permissions=["microphone"])
    page = context.new_page()
    page.set_default_timeout(120_000)  # ms: on a busy machine the page is slower than the speaker
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(site)
    expect(page.locator("#model")).to_have_text("Model compact, 8 kHz", timeout=60_000)
    yield page
    context.close()
    assert complaints == []


PACK = """
    const bytes = (text) => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
    const unpack = (text) => new Float32Array(bytes(text).buffer);
    const pack = (values) => {
        const data = new Uint8Array(Float32Array.from(values).buffer);
        return btoa(Array.from(data, byte => String.fromCharCode(byte)).join(""));
    };
"""
RECOGNIZE = f"""async ([samples, rate]) => {{
    {PACK}
    const {{ Recognizer }} = await import("/runtime.js");
    window.recognizer ??= await Recognizer.load("compact.onnx", "compact.json");
    const answers = await recognizer.recognize(unpack(samples), rate);
    return answers.map(({{ log_mel, waveform, ...answer }}) => ({{ ...answer, log_mel: pack(log_mel.flat()) }}));
}}"""
CLIP = f"""async ([samples, rate]) => {{
    {PACK}
    const {{ Recognizer }} = await import("/runtime.js");
    window.recognizer ??= await Recognizer.load("compact.onnx", "compact.json");
    return pack(recognizer.clip(unpack(samples), rate));
}}"""


def packed(samples: Samples) -> str:
    """Samples as text: Playwright is slow with long lists."""
    return base64.b64encode(samples.astype("<f4").tobytes()).decode()


def unpacked(text: str) -> Samples:
    return np.frombuffer(base64.b64decode(text), "<f4")


def demo_answers(demo: Page, samples: Samples, rate: int) -> list[dict[str, Any]]:
    """What the demo says of a recording."""
    answers: list[dict[str, Any]] = demo.evaluate(RECOGNIZE, [packed(samples), rate])
    return [answer | {"log_mel": unpacked(answer["log_mel"])} for answer in answers]


def demo_clip(demo: Page, samples: Samples, rate: int) -> Samples:
    """What the demo's network gets of a recording of a second at most."""
    return unpacked(demo.evaluate(CLIP, [packed(samples), rate]))


def short_recordings() -> Iterator[tuple[str, Samples]]:
    """Yield recordings of a second and less, 8 kHz: words clean, in noise, with tones, overdriven, and no words."""
    generator = np.random.default_rng(0)
    babble, _ = read_audio(sample_noises()["babble"])
    time = np.arange(8000) / 8000
    for number, clip in enumerate(
        read_samples().filter(split="test", words=("seven", "oh", "six", "two")).utterances[:16]
    ):
        word, (samples, rate) = clip.words[0], read_audio(clip.path)
        yield word, samples
        noisy = mix_at_snr(samples, babble, float(15 - number), sample_rate=rate, generator=generator)[0]
        yield f"{word} in babble", noisy
        hz = (350, 440) if number % 2 else (1000,)
        beep = sum(0.1 * np.sin(2 * np.pi * f * time) for f in hz) * (time > 0.6)
        yield f"{word} and a beep", (np.pad(samples, (0, 8000))[:8000] + beep).astype(np.float32)
        yield f"{word}, overdriven", np.clip(10 * noisy / np.abs(noisy).max(), -1, 1).astype(np.float32)
    yield "silence", np.zeros(7000, np.float32)
    yield "one sample", np.full(1, 0.5, np.float32)
    yield "noise", 0.1 * generator.standard_normal(8000).astype(np.float32)
    yield "offset", samples + np.float32(0.3)


def same_answer(theirs: dict[str, Any], ours: Answer, what: str) -> float:
    """Compare two answers; return the largest difference of a probability."""
    chances = list(ours.probabilities.values())
    difference = float(np.abs(np.subtract(list(theirs["probabilities"].values()), chances)).max())
    assert difference < SAME_PROBABILITY, what
    assert theirs["none_probability"] == pytest.approx(ours.none_probability, abs=SAME_PROBABILITY), what
    assert theirs["word"] == ours.word or max(chances) - sorted(chances)[-2] < 2 * SAME_PROBABILITY, what
    return difference


def test_clips_and_answers_are_those_of_the_runtime(demo: Page, recognizer: Recognizer) -> None:
    differences: list[float] = []
    threshold = recognizer.model.facts.calibration.threshold
    assert threshold is not None
    edge = 1 / (1 + np.exp(threshold))
    clipped = 0
    for what, samples in short_recordings():
        ours, clip = answer_recording(recognizer, samples, 8000), recognizer.clip(samples, 8000)
        (theirs,) = demo_answers(demo, samples, 8000)
        np.testing.assert_allclose(demo_clip(demo, samples, 8000), clip.samples, atol=SAME_CLIP, err_msg=what)
        assert theirs["clip_start_seconds"] == pytest.approx(clip.start_seconds, abs=1 / 8000), what
        differences.append(same_answer(theirs, ours, what))
        np.testing.assert_allclose(theirs["log_mel"], np.ravel(ours.log_mel), atol=2e-3, err_msg=what)
        sure = clip.clipped and abs(ours.confidence - SURE_IF_CLIPPED) > SAME_PROBABILITY
        if abs(ours.none_probability - edge) > SAME_PROBABILITY and (sure or not clip.clipped):
            assert theirs["accepted"] == ours.accepted, what
        clipped += clip.clipped and ours.none_probability < edge and not ours.accepted
    assert clipped > 0  # the rule for clipped recordings decided some
    assert np.mean(differences) < SAME_ON_AVERAGE


def test_of_a_longer_recording_every_word_is_said_or_the_loudest_stretch(demo: Page, recognizer: Recognizer) -> None:
    voice = read_samples().filter(speakers="samples/espeak-en-us-gene")
    said = [np.pad(read_audio(voice.filter(words=word)[0].path)[0], (6000, 0)) for word in ("four", "one")]
    samples = np.pad(np.concatenate(said), (0, 6000))
    samples += np.float32(3e-4) * np.random.default_rng(2).standard_normal(len(samples)).astype(np.float32)
    stream = StreamingRecognizer(recognizer, 8000)
    events = [*stream.push(samples), *stream.flush()]
    answers = demo_answers(demo, samples, 8000)
    assert [answer["word"] for answer in answers] == [event.word for event in events] == ["four", "one"]
    assert [answer["start_seconds"] for answer in answers] == pytest.approx([event.start_seconds for event in events])
    noise = 0.001 * np.random.default_rng(3).standard_normal(20_000).astype(np.float32)
    noise[9000:13_000] *= 5
    (theirs,) = demo_answers(demo, noise, 8000)
    assert theirs["accepted"] is recognizer.recognize(noise, 8000).accepted is False
    assert theirs["clip_start_seconds"] == pytest.approx(recognizer.clip(noise, 8000).start_seconds, abs=1e-9)


@pytest.mark.parametrize("rate", [44_100, 48_000, 16_000, 11_025])
def test_other_rates_are_resampled_alike(demo: Page, recognizer: Recognizer, rate: int) -> None:
    for clip in read_samples().filter(split="test", words="three").utterances[:4]:
        samples, old = read_audio(clip.path)
        other = resample(samples, old, rate)
        (theirs,) = demo_answers(demo, other, rate)
        np.testing.assert_allclose(
            demo_clip(demo, other, rate), recognizer.clip(other, rate).samples, atol=SAME_RESAMPLED
        )
        ours = answer_recording(recognizer, other, rate)
        same_answer(theirs, ours, str(rate))
        assert theirs["accepted"] == ours.accepted


def test_channels_are_mixed_as_in_the_runtime(demo: Page) -> None:
    generator = np.random.default_rng(1)
    samples, rate = read_audio(read_samples().filter(words="five")[0].path)
    noise = 0.01 * generator.standard_normal((3, len(samples))).astype(np.float32)
    for channels in (
        np.stack([samples, -samples]) + noise[:2],
        np.stack([samples, 0.2 * samples]) + noise[:2],
        np.stack([0 * samples, samples]),
        np.stack([samples, -samples, samples]) + noise,
    ):
        theirs = demo.evaluate(
            """async (channels) => {
                const { mixed } = await import("/decoding.js");
                return [...mixed(channels.map((channel) => Float32Array.from(channel)))];
            }""",
            channels.tolist(),
        )
        ours = mono_waveform(channels, rate, "test")
        speech = slice(rate // 5, None)  # until then the runtime, which does not look ahead, has only noise to go by
        np.testing.assert_allclose(np.abs(theirs[speech]), np.abs(ours[speech]), atol=1e-6)


@pytest.mark.parametrize("rate", [8000, 48_000])
def test_a_stream_is_recognised_as_the_runtime_does(demo: Page, recognizer: Recognizer, rate: int) -> None:
    voice = read_samples().filter(speakers="samples/espeak-en-us-gene")
    parts: list[Samples] = [np.zeros(8000, np.float32)]
    for word in ("four", "oh", "seven", "one", "one"):
        parts += [read_audio(voice.filter(words=word)[0].path)[0], np.zeros(1200, np.float32)]
    samples = np.concatenate([*parts, np.zeros(8000, np.float32)])
    samples[9000:14_000] += np.float32(0.05) * np.sin(
        2 * np.pi * 425 / 8000 * np.arange(5000, dtype=np.float32)
    )  # a tone
    samples += np.float32(3e-4) * np.random.default_rng(2).standard_normal(len(samples)).astype(np.float32)
    samples = resample(samples, 8000, rate)
    stream = StreamingRecognizer(recognizer, rate)
    ours = [*stream.push(samples), *stream.flush()]
    theirs = demo.evaluate(
        """async ([samples, rate]) => {"""
        + PACK
        + """
            const { Recognizer } = await import("/runtime.js");
            window.recognizer ??= await Recognizer.load("compact.onnx", "compact.json");
            const stream = recognizer.stream(rate);
            const found = [];
            samples = unpack(samples);
            for (let at = 0; at < samples.length; at += 1000) {
                found.push(...(await stream.push(samples.slice(at, at + 1000))));
            }
            found.push(...(await stream.flush()));
            return found.map(({ log_mel, ...event }) => event);
        }""",
        [packed(samples), rate],
    )
    assert len(ours) >= 4
    assert [event["word"] for event in theirs] == [event.word for event in ours]
    for event, other in zip(ours, theirs, strict=True):
        place = 1e-6 if rate == 8000 else 0.25  # a grid of 0.04 s, on which equally good stretches may change places
        assert other["start_seconds"] == pytest.approx(event.start_seconds, abs=place)
        assert other["end_seconds"] == pytest.approx(event.end_seconds, abs=place)
        assert other["confidence"] == pytest.approx(event.confidence, abs=SAME_PROBABILITY)


def test_seven_is_said_into_the_microphone(demo: Page) -> None:
    demo.get_by_role("button", name="Speak").click()
    expect(demo.get_by_label("Digits so far")).to_have_value("7")  # nobody has pressed Stop yet
    demo.get_by_role("button", name="Stop").click()
    expect(demo.get_by_role("status")).to_have_text("Recognised “seven”.")
    expect(demo.locator("#decision")).to_have_text("accepted")
    expect(demo.get_by_label("Digits so far")).to_have_value("7")


def test_files_and_samples_and_no_other_host(demo: Page, site: str, encoded: Callable[..., bytes]) -> None:
    asked: list[str] = []
    demo.on("request", lambda request: asked.append(request.url))
    demo.get_by_role("button", name="Try a sample").click()
    expect(demo.locator("#word")).to_have_text("zero")
    sound = encoded(np.zeros((16_000, 2), np.float32), 16_000)
    demo.get_by_label("Choose a sound file").set_input_files(
        {"name": "sound.wav", "mimeType": "audio/wav", "buffer": sound}
    )
    expect(demo.locator("#word")).to_have_text("no digit")
    demo.get_by_label("Choose a sound file").set_input_files(
        {"name": "sound.wav", "mimeType": "audio/wav", "buffer": b"no sound"}
    )
    expect(demo.get_by_role("alert")).to_contain_text("cannot read this as sound")
    assert asked
    assert all(url.startswith(site) for url in asked)
