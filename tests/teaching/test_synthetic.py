"""Words said by synthetic voices: what comes of them, what they weigh, and what is missing without them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.errors import ConfigError, MissingDependencyError
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.teaching.clips import read_clips
from aurora_resnet.teaching.encoder import Encoder
from aurora_resnet.teaching.enrol import clip_format, enrol
from aurora_resnet.teaching.head import fit_layer
from aurora_resnet.teaching.lessons import Lessons, answers_of, choose
from aurora_resnet.teaching.negatives import load_bank
from aurora_resnet.teaching.recordings import divide, read_recordings
from aurora_resnet.teaching.synthetic import VOICE, say

WORDS = ("seven", "three", "two")
needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


def marked(corpus: Corpus) -> Corpus:
    """Return recordings as if a synthesiser had made them."""
    return replace(corpus, utterances=tuple(replace(u, attributes={VOICE: u.speaker}) for u in corpus))


@needs_espeak
def test_voices_say_words_and_no_word_is_an_option(tmp_path: Path) -> None:
    said = say([" Licht An ", "--version", "licht an"], tmp_path, "de")
    assert said.words == ("--version", "licht an")
    assert len(said) == 2 * len(said.speakers) == 20
    assert {u.attributes[VOICE].partition("+")[0] for u in said} == {"espeak-ng de"}
    sounds = [read_audio(u.path)[0] for u in said]
    assert all(0.2 < len(sound) / 22050 < 3 for sound in sounds)
    assert len({sound.tobytes() for sound in sounds}) == 20
    with pytest.raises(ConfigError, match="espeak-ng cannot say 'on' in the language 'xx'"):
        say(["on"], tmp_path, "xx")
    with pytest.raises(ConfigError, match="--say"):
        say(["on\noff"], tmp_path)


def test_without_a_synthesiser_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependencyError, match="apt-get install espeak-ng flite"):
        say(["on"], tmp_path)


@needs_espeak
def test_words_as_text_recognise_other_voices(tmp_path: Path) -> None:
    taught = enrol(read_recordings(None, said=say(WORDS, tmp_path / "said")), tmp_path / "x.onnx")
    assert any("all recordings are by synthetic voices" in advice for advice in taught.advice)
    recognizer = Recognizer.from_pretrained(taught.model)
    others = [u for u in read_samples().filter(words=WORDS) if u.attributes["engine"] == "festival"]
    own = [recognizer.recognize(u.path).word == u.word for u in others]
    assert len(own) >= 6
    assert np.mean(own) > 0.8


def test_people_weigh_more_than_voices_and_choose_threshold_and_clip_length() -> None:
    samples = read_samples().filter(words=WORDS)
    people = samples.filter(speakers=("samples/flite-slt", "samples/flite-awb"))
    voices = marked(samples.filter(speakers=("samples/flite-rms", "samples/festival-kal-diphone")))
    encoder, bank = Encoder(), load_bank()
    clips = read_clips(divide(people.merge(voices)), clip_format(encoder))
    assert clips.network.clip_seconds == read_clips(divide(people), clip_format(encoder)).network.clip_seconds
    lessons = Lessons(clips, encoder, bank)
    rows = [*4 * list(range(len(people))), *range(len(people), len(clips.words))]
    weights, biases = fit_layer(lessons.words[rows], lessons.labels[rows], bank.vectors)
    found = lessons.layer(slice(None))
    assert np.abs(found[0] - weights).max() < 0.05
    assert np.abs(found[1] - biases).max() < 0.05
    logits, _, of_bank = lessons.held_out()
    spoken = answers_of(clips.words, logits)
    of_people = answers_of(clips.words.part(slice(len(people))), logits[: len(people)])
    assert choose(spoken, of_bank, bank.labels, 0.05) == choose(of_people, of_bank, bank.labels, 0.05)


def test_a_threshold_for_voices_alone_is_that_of_the_bank() -> None:
    voices = marked(read_samples().filter(words=WORDS, speakers=("samples/flite-slt", "samples/flite-awb")))
    encoder, bank = Encoder(), load_bank()
    clips = read_clips(divide(voices), clip_format(encoder))
    logits, _, of_bank = Lessons(clips, encoder, bank).held_out()
    found = choose(answers_of(clips.words, logits), of_bank, bank.labels, 0.05)
    words = ~np.isin(bank.labels, ("_noise", "_talk"))
    assert 0.045 < found.accepts(of_bank[words]).mean() <= 0.05


@needs_espeak
@pytest.mark.slow
def test_the_command_needs_no_recording(call: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    done = call("teach", "--say", "Licht an", "--say", "Rollladen", "--language", "de", "--out", "x.onnx")
    assert done.returncode == 0, done.stderr
    assert "all recordings are by synthetic voices" in done.stdout
    assert set(Recognizer.from_pretrained(tmp_path / "x.onnx").vocabulary) == {"licht an", "rollladen"}
