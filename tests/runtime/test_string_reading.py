"""A model that looks ahead reads twice; a number that is said in other words is read at its end in a stream."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.strings.answer import MISSED, RIVALS, agreed
from aurora_resnet.runtime.strings.events import Digit, Rejected, StringEnded, StringEvent, StringTimes
from aurora_resnet.runtime.strings.reading import TEMPO, read_strings
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.rules import StringRules
from aurora_resnet.runtime.strings.search import Words
from tests.runtime.tone_model import RATE, ToneModel, spoken


def posteriors(recognizer: StringRecognizer, samples: Samples) -> dict[Words, float]:
    """Search once."""
    search = StringRules().search(recognizer.vocabulary)
    search.push(recognizer.facts.weighted(recognizer.model.whole(samples)))
    return {each.words: each.probability for each in search.best(most=RIVALS)}


def test_the_posteriors_are_the_mean_of_both_tempos(sample_words: list[tuple[Path, str]]) -> None:
    recognizer = StringRecognizer.from_pretrained("speech_encoder")
    samples = np.concatenate([read_audio(path)[0] for path, _ in sample_words[:3]])
    found = {each.words: each.probability for each in read_strings(recognizer.model, samples, StringRules())[0]}
    once = posteriors(recognizer, samples)
    faster = posteriors(recognizer, soxr.resample(samples, TEMPO * RATE, RATE, quality="VHQ").astype(np.float32))
    for words in list(found)[:5]:
        assert found[words] == pytest.approx((once.get(words, 0) + faster.get(words, 0)) / 2, abs=0.02)


def test_a_model_of_streams_reads_once() -> None:
    """Its answer to a recording is what a stream tells."""
    recognizer = StringRecognizer(ToneModel())
    samples = recognizer.waveform(spoken(["two", "nine"]), RATE)
    found = read_strings(recognizer.model, samples, StringRules()).strings
    assert {each.words: each.probability for each in found} == posteriors(recognizer, samples)


@pytest.mark.parametrize(
    ("file", "number"),
    [("fjmd/cen8-fjmd-b", "11968"), ("fsrb/cen3-fsrb-b", "3231"), ("mjbh/cen8-mjbh-b", "72958")],
)
def test_a_stream_reads_a_number_that_is_said_otherwise(shared: Path, file: str, number: str) -> None:
    samples, rate = read_audio(shared / "an4" / "utterances" / "train" / f"{file}.flac")
    recognizer = StringRecognizer.from_pretrained("speech_encoder")
    assert recognizer.recognize(samples, rate, numbers="spoken").text == number
    events = stream_events(recognizer, np.concatenate([samples, np.zeros(2 * rate, samples.dtype)]), rate)
    assert [event.string.text for event in events if isinstance(event, StringEnded)] == [number]
    assert not any(isinstance(event, Digit) for event in events)  # "seven" may be the end of "forty seven"


@pytest.mark.slow
def test_of_talk_in_a_stream_no_number_is_accepted(shared: Path) -> None:
    for path in sorted((shared / "wuw_corpus_ii" / "sentence").glob("s*0_*"))[:6]:
        events = stream_events(StringRecognizer.from_pretrained("speech_encoder"), *read_audio(path))
        assert isinstance(events[-1], Rejected | StringEnded)  # speech has an end
        assert not any(isinstance(event, StringEnded) and event.string.accepted for event in events)


def test_a_number_ends_where_noise_leaves_no_pause(shared: Path) -> None:
    samples, rate = read_audio(shared / "an4" / "utterances" / "train" / "fjmd" / "cen8-fjmd-b.flac")
    bursts = np.where(np.arange(8 * rate) // (rate // 4) % 2 == 0, 0.3, 0.01)  # four a second
    noise = (np.random.default_rng(0).normal(size=8 * rate) * bursts).clip(-1, 1).astype(np.float32)
    noise[: len(samples)] = samples
    recognizer = StringRecognizer.from_pretrained("speech_encoder")
    stream = recognizer.stream(rate, times=StringTimes(numbers="spoken", at_most_seconds=4.0))
    ends = [event for event in stream.feed(noise) if isinstance(event, StringEnded)]
    assert [(event.string.text, event.reason) for event in ends][:1] == [("11968", "too long")]


def stream_events(recognizer: StringRecognizer, samples: Samples, rate: int) -> list[StringEvent]:
    """Read a whole stream."""
    stream = recognizer.stream(rate, times=StringTimes(numbers="spoken"))
    return [*stream.feed(samples), *stream.finish()]


def shares(texts: int) -> st.SearchStrategy[list[float]]:
    """Posteriors of texts, which with what is left to all others are 1."""
    return st.lists(st.floats(0.001, 0.999), min_size=texts, max_size=texts).map(
        lambda p: [x / (sum(p) + 0.1) for x in p]
    )


@given(first=shares(3), second=shares(3))
def test_two_models_multiply_their_posteriors(first: list[float], second: list[float]) -> None:
    """What the first model leaves to all other texts stays with them, and a text that only it finds loses most."""
    texts, beside = dict(zip("123", first, strict=True)), dict(zip("124", second, strict=True))
    product = {"1": first[0] * (second[0] + MISSED), "2": first[1] * (second[1] + MISSED), "3": first[2] * MISSED}
    for text in texts:
        assert agreed(texts, beside, text) == pytest.approx(sum(first) * product[text] / sum(product.values()))
    assert sum(agreed(texts, beside, text) for text in texts) == pytest.approx(sum(first))
    assert agreed(texts, texts, max(texts, key=texts.__getitem__)) >= max(first) - 1e-9


def test_a_number_that_both_models_find_is_surer(sample_words: list[tuple[Path, str]]) -> None:
    """The answer and its alternatives stay those of the model that looks ahead."""
    recognizer = StringRecognizer.from_pretrained("speech_encoder")
    samples = np.concatenate([read_audio(path)[0] for path, _ in sample_words[:3]])
    both = recognizer.found(recognizer.waveform(samples, RATE))
    agreeing, alone = (recognizer.answer(both._replace(beside=beside)) for beside in (both.beside, ()))
    assert agreeing.alternatives == alone.alternatives
    assert alone.confidence < agreeing.confidence < 1
    without = [each for each in both.beside if each.words != both.beside[0].words]
    assert recognizer.answer(both._replace(beside=without)).confidence < alone.confidence
    one = recognizer.found(recognizer.waveform(samples[: len(read_audio(sample_words[0][0])[0])], RATE))
    assert one.beside
    assert recognizer.answer(one) == recognizer.answer(one._replace(beside=()))  # a word both find may be none
    spoken = recognizer.found(recognizer.waveform(samples, RATE), StringRules(numbers="spoken"))
    assert not spoken.beside
