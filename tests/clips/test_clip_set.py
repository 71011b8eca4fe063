from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.utils.data import DataLoader

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.clips.clip_set import ClipSet, load_clips, load_negatives
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig
from aurora_resnet.runtime.audio.low_cut import cut_low
from aurora_resnet.runtime.audio.sound_files import RawFormat
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.runtime.vocabulary import DIGITS, Vocabulary

RATE = 8000


def words_of(seconds: float, vocabulary: Vocabulary = DIGITS) -> RecognizerConfig:
    return RecognizerConfig("cnn", MelConfig(sample_rate=RATE), clip_seconds=seconds, vocabulary=vocabulary)


def sine(hertz: float, seconds: float, rate: int = RATE) -> npt.NDArray[np.float64]:
    """A tone in noise, since plain tones are filtered out."""
    time = np.arange(round(seconds * rate)) / rate
    noise = 0.12 * np.random.default_rng(0).standard_normal(len(time))
    samples: npt.NDArray[np.float64] = 0.4 * np.sin(2 * np.pi * hertz * time) + noise
    return samples


def frequency(waveform: Tensor) -> float:
    """The highest peak of the spectrum, to a fraction of a hertz."""
    spectrum = np.abs(np.fft.rfft(waveform.numpy() * np.hanning(len(waveform)), 1 << 17))
    return float(np.argmax(spectrum)) * RATE / (1 << 17)


def in_memory(*waveforms: npt.ArrayLike, clip_samples: int = 10) -> ClipSet:
    tensors = tuple(torch.as_tensor(np.asarray(w, dtype=np.float32)) for w in waveforms)
    utterances = tuple(Utterance(Path(f"{n}.wav"), (DIGITS.words[n],), "") for n in range(len(tensors)))
    return ClipSet(utterances, torch.arange(len(tensors)), RATE, clip_samples, tensors)


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Thirty tones, word and pitch by number, of lengths that make the threads finish out of order."""
    utterances = []
    for number in range(30):
        path = tmp_path / f"{number}.wav"
        write_audio(sine(200 + 50 * number, 0.9 if number % 3 == 0 else 0.1), path, RATE)
        utterances.append(Utterance(path, (DIGITS.words[number % 11],), "me"))
    return Corpus("tones", tuple(utterances))


def test_clips_come_in_the_order_of_the_corpus(corpus: Corpus) -> None:
    clips = load_clips(corpus, words_of(1.0))
    assert clips.utterances == corpus.utterances
    assert clips.labels.tolist() == [number % 11 for number in range(30)]
    assert (len(clips), clips.sample_rate, clips.clip_samples, clips.problems) == (30, 8000, 8000, ())
    assert [frequency(w) for w in clips.waveforms] == pytest.approx([200 + 50 * n for n in range(30)], abs=3)
    assert [len(w) for w in clips.waveforms] == [7200 if n % 3 == 0 else 800 for n in range(30)]


def test_labels_follow_the_models_own_word_order(corpus: Corpus) -> None:
    clips = load_clips(corpus, words_of(1.0, vocabulary=Vocabulary(tuple(reversed(DIGITS.words)))))
    assert clips.labels.tolist() == [10 - number % 11 for number in range(30)]
    assert clips.vocabulary.words == tuple(reversed(DIGITS.words))


def test_the_words_may_be_any(corpus: Corpus) -> None:
    vocabulary = Vocabulary(("turn on", "да", "fünf"))
    said = tuple(replace(u, words=(vocabulary.words[number % 3],)) for number, u in enumerate(corpus))
    model = SimpleNamespace(sample_rate=RATE, clip_seconds=1.0, vocabulary=vocabulary)
    clips = load_clips(replace(corpus, utterances=said), model)
    assert clips.labels.tolist() == [number % 3 for number in range(30)]
    assert (clips.vocabulary, clips.sample_rate, clips.clip_samples) == (vocabulary, RATE, 8000)


def test_recordings_come_at_the_models_rate(tmp_path: Path) -> None:
    write_audio(sine(440, 0.5, 22050), tmp_path / "a.wav", 22050)
    clips = load_clips(Corpus("one", (Utterance(tmp_path / "a.wav", ("one",), ""),)), words_of(1.0))
    assert len(clips.waveforms[0]) == 4000
    assert frequency(clips.waveforms[0]) == pytest.approx(440, abs=1)


def test_headerless_recordings_are_read_by_their_format(tmp_path: Path) -> None:
    steps = np.array([1, 256, -256, 32767])
    (tmp_path / "a.08").write_bytes(steps.astype(">i2").tobytes())
    one = Utterance(tmp_path / "a.08", ("one",), "", raw=RawFormat(RATE, "big"))
    clips = load_clips(Corpus("raw", (one,)), words_of(1.0))
    np.testing.assert_array_equal(clips.waveforms[0].numpy(), cut_low((steps / 32768).astype(np.float32), RATE))


def test_a_long_recording_is_cut_to_its_most_energetic_stretch(tmp_path: Path) -> None:
    samples = np.concatenate((0.01 * sine(100, 2), sine(900, 0.5), 0.01 * sine(100, 3)))
    write_audio(samples, tmp_path / "a.wav", RATE)
    clips = load_clips(Corpus("long", (Utterance(tmp_path / "a.wav", ("one",), ""),)), words_of(0.5))
    assert clips.batch([0]).shape == (1, 4000)
    assert frequency(clips.waveforms[0]) == pytest.approx(900, abs=2)
    np.testing.assert_allclose(clips.batch([0])[0], cut_low(samples[16000:20000].astype(np.float32), RATE), atol=0.01)


def test_unreadable_recordings_are_named_or_left_out(corpus: Corpus, tmp_path: Path) -> None:
    for number in (3, 4, 20, 21):
        (tmp_path / f"{number}.wav").write_bytes(b"not a sound" * 20)
    (tmp_path / "22.wav").unlink()
    with pytest.raises(CorpusError, match=r"'tones' cannot be read: .*3\.wav.*; .*4\.wav.*; .*20\.wav.* and 2 more"):
        load_clips(corpus, words_of(1.0))
    clips = load_clips(corpus, words_of(1.0), skip_unreadable=True)
    assert len(clips) == 25
    assert [problem.count(".wav") for problem in clips.problems] == [1] * 5
    assert "22.wav" in clips.problems[4]
    kept = [number for number in range(30) if number not in (3, 4, 20, 21, 22)]
    assert [int(u.path.stem) for u in clips.utterances] == kept
    assert clips.labels.tolist() == [number % 11 for number in kept]
    assert [frequency(w) for w in clips.waveforms] == pytest.approx([200 + 50 * n for n in kept], abs=3)


def test_what_is_not_one_known_word_is_refused(corpus: Corpus) -> None:
    with pytest.raises(CorpusError, match="has words that the model does not know: oh, zero"):
        load_clips(corpus, words_of(1.0, vocabulary=Vocabulary(DIGITS.words[1:10])))
    many = tuple(replace(corpus[0], words=(f"word {number:02}",)) for number in range(50))
    with pytest.raises(CorpusError, match=r"does not know: word 00, .*, word 39 and 10 more; leave them out"):
        load_clips(replace(corpus, utterances=(*corpus, *many)), words_of(1.0))
    strings = replace(
        corpus, utterances=(*corpus, replace(corpus[0], words=("one", "two")), replace(corpus[0], words=()))
    )
    with pytest.raises(CorpusError, match=r"2 of 32 recordings that are not one single word; keep .*isolated=True"):
        load_clips(strings, words_of(1.0))
    with pytest.raises(CorpusError, match="corpus 'tones' has no recordings"):
        load_clips(replace(corpus, utterances=()), words_of(1.0))


@pytest.mark.parametrize(("position", "start"), [(None, 3), (0.0, 0), (0.5, 3), (0.99, 6), (1.0, 7)])
def test_a_short_clip_is_placed_in_zeros(position: float | None, start: int) -> None:
    batch = in_memory([1, 2, 3]).batch([0], None if position is None else [position])
    expected = np.zeros(10)
    expected[start : start + 3] = [1, 2, 3]
    np.testing.assert_array_equal(batch[0], expected)
    assert batch.dtype == torch.float32


@pytest.mark.parametrize(("position", "start"), [(None, 1), (0.0, 0), (0.5, 1), (1.0, 3)])
def test_a_long_clip_is_cut_in_the_same_way(position: float | None, start: int) -> None:
    batch = in_memory(np.arange(1, 14)).batch([0], None if position is None else [position])
    np.testing.assert_array_equal(batch[0], np.arange(1, 14)[start : start + 10])


@given(
    lengths=st.lists(st.integers(1, 25), min_size=1, max_size=6),
    positions=st.lists(st.floats(0, 1), min_size=6, max_size=6),
)
def test_a_batch_holds_each_clip_as_a_whole_or_a_whole_window_of_it(lengths: list[int], positions: list[float]) -> None:
    clips = in_memory(*(np.arange(1, length + 1) for length in lengths))
    for row, length in zip(clips.batch(range(len(lengths)), positions), lengths, strict=False):
        sounding = row[row != 0].tolist()
        assert len(sounding) == min(length, 10)
        assert sounding == [sounding[0] + n for n in range(len(sounding))]


def test_a_batch_takes_clips_in_any_order_and_leaves_them_alone() -> None:
    clips = in_memory([1] * 10, [2] * 10, [3] * 10)
    batch = clips.batch([2, 0, 2])
    assert batch[:, 0].tolist() == [3, 1, 3]
    batch += 1
    assert clips.batch([0, 1, 2])[:, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize("factor", [0.5, 0.88, 0.9, 1.12, 2.0])
def test_speed_moves_pitch_and_length(factor: float) -> None:
    clips = in_memory(sine(500, 0.5), sine(700, 0.3)).with_speeds([factor])
    assert [len(w) for w in clips.waveforms] == [
        round(4000 / factor),
        round(2400 / factor),
    ]
    assert [frequency(w) for w in clips.waveforms] == pytest.approx([500 * factor, 700 * factor], rel=2e-3)


def test_speeds_stand_one_after_the_other() -> None:
    clips = in_memory(sine(500, 0.5), sine(700, 0.3))
    both = clips.with_speeds((0.9, 1.0))
    assert len(both) == 4
    assert both.utterances == clips.utterances * 2
    assert both.labels.tolist() == [0, 1, 0, 1]
    for plain, copy in zip(clips.waveforms, both.waveforms[2:], strict=True):
        assert torch.equal(plain, copy)
    assert (both.sample_rate, both.clip_samples) == (clips.sample_rate, clips.clip_samples)


@pytest.mark.parametrize("factors", [(), (0.49,), (1.0, 2.01), (float("nan"),)])
def test_impossible_speeds_are_refused(factors: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match=r"speed factors must lie in 0\.5\.\.2"):
        in_memory([1.0]).with_speeds(factors)


def test_negatives_are_all_that_says_no_word_of_the_model(corpus: Corpus) -> None:
    model = SimpleNamespace(sample_rate=RATE, clip_seconds=1.0, vocabulary=Vocabulary(("да", "нет")))
    said = (corpus[0], replace(corpus[1], words=()), replace(corpus[2], words=("one", "two")))
    clips = load_negatives(replace(corpus, utterances=said), model)
    assert clips.labels.tolist() == [2, 2, 2]
    assert clips.utterances == said
    known = replace(corpus[3], words=("one", "да"))
    with pytest.raises(CorpusError, match="meant for negatives but says words of the model: да; leave them out"):
        load_negatives(replace(corpus, utterances=(*said, known)), model)
    with pytest.raises(CorpusError, match="has no recordings"):
        load_negatives(replace(corpus, utterances=()), model)


def test_it_is_a_dataset_for_a_loader_with_workers() -> None:
    clips = in_memory([1, 2, 3], [4] * 10, [5] * 12)
    waveforms, labels = zip(*DataLoader(clips, batch_size=2, num_workers=2), strict=True)
    assert torch.equal(torch.cat(waveforms), clips.batch(range(3)))
    assert torch.equal(torch.cat(labels), clips.labels)
    assert torch.equal(clips[2][0], clips.batch([2])[0])
    with pytest.raises(IndexError):
        clips[3]
