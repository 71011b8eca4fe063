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
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.streaming.recognizer import StreamingRecognizer
from aurora_resnet.web.answer import answer_recording
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
    page.set_default_timeout(120_000)  # ms: on a busy machine the page hears slower than somebody speaks
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
    const {{ makeClip }} = await import("/clips.js");
    window.recognizer ??= await Recognizer.load("compact.onnx", "compact.json");
    const sound = unpack(samples);
    const clip = makeClip(sound, rate, recognizer.facts);
    const {{ log_mel, waveform, ...answer }} = await recognizer.recognize(sound, rate);
    return {{ ...answer, samples: pack(clip.samples), log_mel: pack(log_mel.flat()) }};
}}"""


def packed(samples: Samples) -> str:
    """Samples as text: Playwright is slow with long lists."""
    return base64.b64encode(samples.astype("<f4").tobytes()).decode()


def unpacked(text: str) -> Samples:
    return np.frombuffer(base64.b64decode(text), "<f4")


def demo_answer(demo: Page, samples: Samples, rate: int) -> dict[str, Any]:
    """What the demo says of a recording."""
    answer: dict[str, Any] = demo.evaluate(RECOGNIZE, [packed(samples), rate])
    return answer | {name: unpacked(answer[name]) for name in ("samples", "log_mel")}


def in_rooms() -> Iterator[tuple[str, Samples, int]]:
    """Yield recordings of many kinds: short, long, with bangs, in noise, silent, quiet with an offset."""
    generator = np.random.default_rng(0)
    voices = read_samples().filter(split="test")
    babble, _ = read_audio(sample_noises()["babble"])
    for number, clip in enumerate(voices.filter(words=("seven", "oh", "six", "two", "nine")).utterances[:20]):
        samples, rate = read_audio(clip.path)
        yield clip.words[0], samples, rate
        long = np.pad(samples, (rate * (number % 3), rate)) + 0.001 * generator.standard_normal(
            len(samples) + rate * (number % 3 + 1)
        ).astype(np.float32)
        yield f"{clip.words[0]} in a room", long, rate
        bang = long.copy()
        bang[100:140] = 0.99
        yield f"{clip.words[0]} after a bang", bang, rate
        noisy = mix_at_snr(long, babble, float(15 - number), sample_rate=rate, generator=generator)[0]
        yield f"{clip.words[0]} in babble", noisy, rate
    yield "silence", np.zeros(9000, np.float32), 8000
    yield "one sample", np.full(1, 0.5, np.float32), 8000
    yield "noise", 0.1 * generator.standard_normal(16_000).astype(np.float32), 8000
    yield "offset", np.pad(0.05 * samples, (4000, 6000)) + np.float32(0.3), 8000


def test_clips_and_answers_are_those_of_the_runtime(demo: Page, recognizer: Recognizer) -> None:
    differences: list[float] = []
    threshold = recognizer.model.facts.calibration.threshold
    assert threshold is not None
    edge = 1 / (1 + np.exp(threshold))
    for what, samples, rate in in_rooms():
        ours = answer_recording(recognizer, samples, rate)
        theirs = demo_answer(demo, samples, rate)
        clip = recognizer.clip(samples, rate)
        np.testing.assert_allclose(theirs["samples"], clip.samples, atol=SAME_CLIP, err_msg=what)
        assert theirs["clip_start_seconds"] == pytest.approx(clip.start_seconds, abs=1e-9), what
        chances = list(ours.probabilities.values())
        difference = np.abs(np.subtract(list(theirs["probabilities"].values()), chances))
        assert difference.max() < SAME_PROBABILITY, what
        differences.append(float(difference.max()))
        assert theirs["none_probability"] == pytest.approx(ours.none_probability, abs=SAME_PROBABILITY), what
        np.testing.assert_allclose(theirs["log_mel"], np.ravel(ours.log_mel), atol=2e-3, err_msg=what)
        if abs(ours.none_probability - edge) > SAME_PROBABILITY:
            assert theirs["accepted"] == ours.accepted, what
        assert theirs["word"] == ours.word or max(chances) - sorted(chances)[-2] < 2 * SAME_PROBABILITY, what
    assert len(differences) > 80
    assert np.mean(differences) < SAME_ON_AVERAGE


@pytest.mark.parametrize("rate", [44_100, 48_000, 16_000, 11_025])
def test_other_rates_are_resampled_alike(demo: Page, recognizer: Recognizer, rate: int) -> None:
    for clip in read_samples().filter(split="test", words="three").utterances[:4]:
        samples, old = read_audio(clip.path)
        other = resample(np.pad(samples, 4000), old, rate)
        theirs = demo_answer(demo, other, rate)
        np.testing.assert_allclose(theirs["samples"], recognizer.clip(other, rate).samples, atol=SAME_RESAMPLED)
        ours = answer_recording(recognizer, other, rate)
        chances = list(ours.probabilities.values())
        np.testing.assert_allclose(list(theirs["probabilities"].values()), chances, atol=SAME_PROBABILITY)
        assert (theirs["word"], theirs["accepted"]) == (ours.word, ours.accepted)


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
            """async ([channels, rate]) => {
                const { mixChannels } = await import("/mono.js");
                return [...mixChannels(channels.map((channel) => Float32Array.from(channel)), rate)];
            }""",
            [channels.tolist(), rate],
        )
        np.testing.assert_allclose(theirs, mono_waveform(channels, rate, "test"), atol=1e-6)


@pytest.mark.parametrize("rate", [8000, 48_000])
def test_a_stream_is_heard_as_the_runtime_hears_it(demo: Page, recognizer: Recognizer, rate: int) -> None:
    voice = read_samples().filter(speakers="samples/espeak-en-us-gene")
    parts: list[Samples] = [np.zeros(8000, np.float32)]
    for word in ("four", "oh", "seven", "one", "one"):
        parts += [read_audio(voice.filter(words=word)[0].path)[0], np.zeros(1200, np.float32)]
    samples = np.concatenate([*parts, np.zeros(8000, np.float32)])
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
            const heard = [];
            samples = unpack(samples);
            for (let at = 0; at < samples.length; at += 1000) {
                heard.push(...(await stream.push(samples.slice(at, at + 1000))));
            }
            heard.push(...(await stream.flush()));
            return heard.map(({ log_mel, ...event }) => event);
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


def test_somebody_says_seven_into_the_microphone(demo: Page) -> None:
    demo.get_by_role("button", name="Speak").click()
    expect(demo.get_by_label("Digits so far")).to_have_text("7")  # nobody has pressed Stop yet
    demo.get_by_role("button", name="Stop").click()
    expect(demo.get_by_role("status")).to_have_text("Heard “seven”.")
    expect(demo.locator("#decision")).to_have_text("accepted")
    expect(demo.get_by_label("Digits so far")).to_have_text("7")


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
