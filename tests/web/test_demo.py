"""The demo in real Chromium gives the runtime's numbers: clips, answers and streams, by file and by microphone."""

from __future__ import annotations

import base64
import re
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
from aurora_resnet.runtime.strings.events import Partial, StringEnded
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.web.answer import Answer, answer_recording
from tools.site.demo import write_demo

pytest.importorskip("playwright.sync_api", reason="the browser tests need Playwright: the extra 'dev'")
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow
#: Of samples that need no other rate: float32 sums in another order.
SAME_CLIP = 1e-5
#: Of samples at another rate: two filters whose edges differ.
SAME_RESAMPLED = 5e-3
#: Of one recording: sums that are rounded to the other of two int8 steps move a probability by up to so much.
SAME_PROBABILITY = 0.05
#: Of all recordings: few sums lie so near the edge between two steps, so another chain would be seen here.
SAME_ON_AVERAGE = 0.003


@pytest.fixture(scope="module")
def at_the_microphone(pin: Samples) -> Samples:
    """Four oh seven one."""
    return pin


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
RECOGNIZE = f"""async ([kind, samples, rate]) => {{
    {PACK}
    const recognizers = await (await import("/server.js")).load();
    const {{ log_mel: rows = [], ...answer }} = await recognizers[kind].recognize(unpack(samples), rate);
    return {{ ...answer, log_mel: pack(rows.flat()) }};
}}"""
CLIP = f"""async ([samples, rate]) => {{
    {PACK}
    const {{ words }} = await (await import("/server.js")).load();
    return pack((await words.clip(unpack(samples), rate)).clip);
}}"""
STREAM = f"""async ([samples, rate]) => {{
    {PACK}
    const {{ strings }} = await (await import("/server.js")).load();
    const stream = strings.stream(rate);
    const events = [];
    samples = unpack(samples);
    for (let at = 0; at < samples.length; at += 1000) events.push(...(await stream.push(samples.slice(at, at + 1000))));
    return [...events, ...(await stream.flush())];
}}"""


def packed(samples: Samples) -> str:
    """Samples as text: Playwright is slow with long lists."""
    return base64.b64encode(samples.astype("<f4").tobytes()).decode()


def unpacked(text: str) -> Samples:
    return np.frombuffer(base64.b64decode(text), "<f4")


def demo_answer(demo: Page, samples: Samples, rate: int, kind: str = "words") -> dict[str, Any]:
    """What the demo says of a recording."""
    answer: dict[str, Any] = demo.evaluate(RECOGNIZE, [kind, packed(samples), rate])
    return answer | {"log_mel": unpacked(answer["log_mel"])}


def demo_clip(demo: Page, samples: Samples, rate: int) -> Samples:
    """What the demo's network gets of a recording."""
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
        theirs = demo_answer(demo, samples, 8000)
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


def test_the_word_is_found_in_a_longer_recording(demo: Page, recognizer: Recognizer) -> None:
    generator = np.random.default_rng(3)
    noise = (0.001 * generator.standard_normal(20_000)).astype(np.float32)
    noise[9000:13_000] *= 5
    bang = noise.copy()
    bang[3000:3040] = 0.9  # a click is no word
    bang[12_000:15_000] += 0.05 * read_audio(read_samples().filter(words="four")[0].path)[0][1000:4000]
    beep = bang + np.float32(0.2) * np.sin(2 * np.pi * 425 / 8000 * np.arange(20_000, dtype=np.float32))
    beep[9000:] = bang[9000:]
    for samples in (noise, bang, beep):
        theirs, ours = demo_answer(demo, samples, 8000), recognizer.recognize(samples, 8000)
        assert theirs["clip_start_seconds"] == pytest.approx(recognizer.clip(samples, 8000).start_seconds, abs=1e-9)
        assert (theirs["word"], theirs["accepted"]) == (ours.word, ours.accepted)


@pytest.mark.parametrize("rate", [44_100, 48_000, 16_000, 11_025])
def test_other_rates_are_resampled_alike(demo: Page, recognizer: Recognizer, rate: int) -> None:
    for clip in read_samples().filter(split="test", words="three").utterances[:4]:
        samples, old = read_audio(clip.path)
        other = resample(samples, old, rate)
        theirs = demo_answer(demo, other, rate)
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


def numbers() -> Iterator[tuple[str, Samples]]:
    """Yield numbers that packaged voices say, in silence and in noise, and what is none."""
    generator = np.random.default_rng(4)
    for speaker in ("samples/espeak-en-us-gene", "samples/espeak-en-us-sandro", "samples/flite-slt"):
        voice = read_samples().filter(speakers=speaker)
        for length, level in ((1, 1e-4), (4, 1e-2), (8, 1e-3)):
            said = generator.choice(list(voice.words), length).tolist()
            words = [read_audio(voice.filter(words=word)[0].path)[0] for word in said]
            gap = int(generator.integers(800, 2400))
            samples = np.concatenate([np.zeros(4000, np.float32), *(np.pad(word, (0, gap)) for word in words)])
            yield " ".join(said), samples + np.float32(level) * generator.standard_normal(len(samples)).astype("f4")
    yield "", np.zeros(9000, np.float32)
    yield "", 0.01 * generator.standard_normal(16_000).astype(np.float32)


@pytest.fixture(scope="module")
def strings() -> StringRecognizer:
    return StringRecognizer.from_pretrained("string_net")


@pytest.mark.parametrize("rate", [8000, 48_000])
def test_numbers_are_read_as_the_runtime_does(demo: Page, strings: StringRecognizer, rate: int) -> None:
    right = 0
    for said, samples in numbers():
        recording = resample(samples, 8000, rate)
        theirs, ours = demo_answer(demo, recording, rate, "strings"), strings.recognize(recording, rate)
        assert theirs["accepted"] == ours.accepted, said
        if not ours.accepted:  # of strings that are hardly more probable than the next one it may find another
            continue
        right += [word["word"] for word in theirs["words"]] == said.split()
        assert [word["word"] for word in theirs["words"]] == [word.word for word in ours.words], said
        assert theirs["confidence"] == pytest.approx(ours.confidence, abs=SAME_PROBABILITY), said
        for word, other in zip(theirs["words"], ours.words, strict=True):
            assert word["end_seconds"] == pytest.approx(other.end_seconds, abs=0.081)
    assert right >= 7


def test_a_stream_of_numbers_is_read_as_the_runtime_does(demo: Page, strings: StringRecognizer) -> None:
    samples = np.concatenate([np.pad(samples, (0, 16_000)) for _, samples in numbers()])
    samples[9000:14_000] += np.float32(0.05) * np.sin(2 * np.pi * 425 / 8000 * np.arange(5000, dtype=np.float32))
    samples += np.float32(1e-4) * np.random.default_rng(2).standard_normal(len(samples)).astype(np.float32)
    stream = strings.stream(8000)
    ours = [*stream.feed(samples), *stream.finish()]
    theirs = demo.evaluate(STREAM, [packed(samples), 8000])
    ended = [event.string for event in ours if isinstance(event, StringEnded)]
    told = [event["string"] for event in theirs if event["event"] == "string_ended"]
    assert len(ended) >= 8
    assert [string["text"] for string in told] == [string.text for string in ended]
    for string, other in zip(told, ended, strict=True):
        assert string["accepted"] == other.accepted
        assert string["confidence"] == pytest.approx(other.confidence, abs=SAME_PROBABILITY)
        assert string["words"][0]["end_seconds"] == pytest.approx(other.words[0].end_seconds, abs=0.081)
    partial = {event["text"] for event in theirs if event["event"] == "partial"}
    assert partial & {event.text for event in ours if isinstance(event, Partial)}


def test_a_number_is_said_into_the_microphone(demo: Page) -> None:
    demo.get_by_role("link", name="Whole numbers").click()
    expect(demo.locator("#model")).to_have_text("Model string_net", timeout=60_000)
    number = demo.get_by_label("Number")
    demo.get_by_role("button", name="Speak").click()
    expect(number).to_have_value("4071", timeout=60_000)  # nobody has pressed Stop yet
    demo.get_by_role("button", name="Stop").click()
    expect(demo.get_by_role("status")).to_have_text("Recognised 4 0 7 1.", timeout=60_000)
    expect(demo.locator("#decision")).to_have_text("accepted")
    expect(demo.locator("#confidence")).to_contain_text("% sure of all digits")
    assert len(re.findall(r"\d %", demo.locator("main").inner_text())) == 1
    label = demo.locator("#waveform").get_attribute("aria-label") or ""
    assert [word in label for word in ("four", "oh", "seven", "one")] == [True] * 4


def test_a_number_where_a_word_is_asked_for_is_told(
    demo: Page, at_the_microphone: Samples, encoded: Callable[..., bytes]
) -> None:
    demo.get_by_label("Choose a sound file").set_input_files(
        {"name": "pin.wav", "mimeType": "audio/wav", "buffer": encoded(at_the_microphone)}
    )
    expect(demo.get_by_role("status")).to_contain_text("More was said: 4 0 7 1", timeout=60_000)


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
