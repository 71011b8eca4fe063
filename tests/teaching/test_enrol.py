"""``enrol`` and what stands around it, on synthetic digits, on words of other scripts, and on what was wrong."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.cli.keep import Keeper
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.runtime.models import load_model
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.teaching.enrol import enrol
from aurora_resnet.teaching.hours import false_words_an_hour
from aurora_resnet.teaching.recordings import divide, read_recordings, read_wrong
from aurora_resnet.teaching.report import Taught

if TYPE_CHECKING:
    from tests.teaching.conftest import TinyWords

WORDS = ("seven", "three", "two")
VOICES = ("samples/flite-slt", "samples/flite-awb", "samples/flite-rms", "samples/festival-kal-diphone")


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Taught:
    recordings = divide(read_samples().filter(words=WORDS, speakers=VOICES))
    return enrol(recordings, tmp_path_factory.mktemp("out") / "mine.onnx")


def test_it_recognises_voices_that_did_not_enrol_and_refuses_other_words(taught: Taught) -> None:
    recognizer = Recognizer.from_pretrained(taught.model)
    assert set(recognizer.vocabulary) == set(WORDS)
    held_out = [u for u in read_samples() if u.speaker not in VOICES][::5]
    answers = [(u.word, recognizer.recognize(u.path)) for u in held_out]
    own = [(word, a.word == word and a.accepted) for word, a in answers if word in WORDS]
    others = [a.accepted for word, a in answers if word not in WORDS]
    assert sum(ok is True for _, ok in own) > 0.7 * len(own)
    assert sum(accepted is True for accepted in others) < 0.4 * len(others)
    assert recognizer.recognize(np.zeros(8000, np.float32), 8000).accepted is False


def test_the_report_says_what_was_measured(taught: Taught) -> None:
    text = taught.to_markdown()
    assert taught.by_speaker
    assert taught.estimate.accuracy > 0.9
    assert "not trained on its speaker (4 speakers)" in text
    assert [each.kind for each in taught.accepted] == ["other words", "talk", "noise"]
    assert "an hour" in text
    assert "few recordings" not in text
    assert load_model(taught.model).card.startswith("# mine\n")


def test_one_person_is_said_to_be_one(tmp_path: Path) -> None:
    taught = enrol(divide(read_samples().filter(words=WORDS, speakers=VOICES[:1])), tmp_path / "x.onnx")
    assert not taught.by_speaker
    assert "on the same speaker, so this says nothing of anyone else" in taught.to_markdown()


def test_words_that_sound_alike_are_named(tmp_path: Path) -> None:
    for word, said in (("a", "three"), ("b", "three"), ("c", "seven")):
        for number, u in enumerate(read_samples().filter(words=[said], speakers=VOICES)):
            target = tmp_path / "mine" / word / f"{u.speaker.rpartition('/')[2]}_{number}.wav"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(u.path, target)
    alike = [
        each
        for each in enrol(read_recordings(tmp_path / "mine"), tmp_path / "x.onnx").advice
        if "sound alike (" in each
    ]
    assert len(alike) == 1
    assert "'b' and 'a' sound alike" in alike[0]


def test_what_was_wrong_is_learnt_and_told(tmp_path: Path, tiny_words: TinyWords) -> None:
    recordings = read_recordings(tiny_words.write(tmp_path / "mine", takes=2))
    for name, sound in (
        ("_other/a.wav", tiny_words.sound(0, 0, 5)[::-1]),
        (f"{tiny_words.words[1]}/ann_9.wav", tiny_words.sound(1, 0, 9)),
    ):
        write_audio(sound, tmp_path / "wrong" / name, tiny_words.rate)
    wrong = read_wrong(tmp_path / "wrong", recordings)
    taught = enrol(recordings, tmp_path / "x.onnx", wrong=wrong)
    assert taught.estimate.clips == 19
    assert taught.correction is not None
    assert "of 18" in taught.correction
    assert "of 1" in taught.correction
    assert taught.rejection is not None
    assert all(u.path.is_file() for u in wrong)
    write_audio(np.ones(4000) / 2, tmp_path / "wrong" / "hey" / "a.wav", 8000)
    with pytest.raises(CorpusError, match="hey is none of the words taught"):
        read_wrong(tmp_path / "wrong", recordings)


def test_digits_beside_own_words_stay_as_they_are(tmp_path: Path, tiny_words: TinyWords) -> None:
    enrol(read_recordings(tiny_words.write(tmp_path / "mine")), tmp_path / "x.onnx", with_known=True)
    both, before = Recognizer.from_pretrained(tmp_path / "x.onnx"), Recognizer.from_pretrained("speech_encoder")
    for utterance in list(read_samples())[::40]:
        one, two = both.recognize(utterance.path), before.recognize(utterance.path)
        assert (one.word, one.accepted) == (two.word, two.accepted)
    assert both.recognize(tiny_words.sound(2, 0, 8), tiny_words.rate).word == tiny_words.words[2]
    digits = divide(read_samples().filter(words=WORDS, speakers=VOICES))
    with pytest.raises(ConfigError, match="knows these words already"):
        enrol(digits, tmp_path / "y.onnx", with_known=True)
    with pytest.raises(ConfigError, match=r"ends in \.onnx"):
        enrol(digits, tmp_path / "y.safetensors")


def test_false_words_are_counted_by_the_hour(taught: Taught, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="expected sound files"):
        false_words_an_hour(taught.model, tmp_path)
    write_audio(0.1 * np.random.default_rng(0).standard_normal(16000), tmp_path / "hiss.wav", 8000)
    assert false_words_an_hour(taught.model, tmp_path).endswith(": 0, 0 an hour")


def test_a_stream_keeps_what_it_accepted(taught: Taught, tmp_path: Path) -> None:
    recognizer = Recognizer.from_pretrained(taught.model)
    said = next(u for u in read_samples() if u.word == "seven" and u.speaker == VOICES[0])
    samples, rate = read_audio(said.path)
    quiet = 0.0005 * np.random.default_rng(0).standard_normal(rate).astype(np.float32)
    sound = np.concatenate((quiet, samples, quiet, quiet))
    stream, keeper = recognizer.stream(rate), Keeper(tmp_path / "kept", recognizer, rate)
    words = []
    for chunk in np.array_split(sound, 30):
        events = stream.feed(chunk)
        words += events
        keeper.take(chunk, events)
    events = stream.finish()
    keeper.finish(events)
    assert [event.word for event in (*words, *events)] == ["seven"]
    (kept,) = (tmp_path / "kept").rglob("*.wav")
    assert kept.parent == tmp_path / "kept" / "accepted" / "seven"
    assert recognizer.recognize(kept).word == "seven"
    assert keeper.count == 1


@pytest.mark.slow
def test_the_command_enrols_keeps_and_corrects(
    call: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, tiny_words: TinyWords
) -> None:
    tiny_words.write(tmp_path / "mine")
    done = call("teach", "mine", "--out", "mine.onnx")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("teaching the words of mine")
    assert "Accepted by mistake" in done.stdout
    listened = call("listen", "--model", "mine.onnx", "--keep", "kept", f"mine/{tiny_words.words[0]}/ann_0.wav")
    assert listened.returncode == 0, listened.stderr
    assert "recordings kept in kept" in listened.stderr
