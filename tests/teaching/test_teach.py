"""``teach`` and everything behind it, on words with an umlaut, a blank and a script of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import numpy as np
import pytest
import torch

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.augmentation.recipe import Augmentation
from aurora_resnet.checkpoints import load_checkpoint, read_config, save_checkpoint
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.evaluation.evaluator import Evaluator
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.models import load_model
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.vocabulary import DIGITS, Vocabulary
from aurora_resnet.teaching.clips import read_clips
from aurora_resnet.teaching.encoder import Encoder
from aurora_resnet.teaching.enrol import clip_format, enrol
from aurora_resnet.teaching.lessons import Lessons
from aurora_resnet.teaching.negatives import load_bank
from aurora_resnet.teaching.recipe import TeachConfig, fitting_clip_seconds
from aurora_resnet.teaching.recordings import TeachingRecordings, read_recordings
from aurora_resnet.teaching.report import Taught
from aurora_resnet.teaching.teach import EnrolledTeacher, teach
from aurora_resnet.training.trainer import Trainer

if TYPE_CHECKING:
    from tests.teaching.conftest import TinyWords

RATE = 8000
MILD = Augmentation(vocoder_probability=0, reverberation_probability=0, snr_db=(10, 30))


@pytest.fixture(scope="module")
def folder(tiny_words: TinyWords, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three words by three speakers, some hisses, and a file that is no sound."""
    folder = tiny_words.write(tmp_path_factory.mktemp("taught") / "mine")
    generator = np.random.default_rng(9)
    for number in range(6):
        hiss = 0.1 * generator.standard_normal(RATE // 3) * np.hanning(RATE // 3)
        write_audio(hiss, folder / "_other" / f"{tiny_words.people[number % 3]}_{number}.wav", RATE)
    write_audio(np.zeros(4000), folder / tiny_words.words[0] / "ann_silent.wav", RATE)
    return folder


@pytest.fixture(scope="module")
def config(tiny_base: Path) -> TeachConfig:
    return TeachConfig(
        init=str(tiny_base),
        epochs=20,
        steps=1,
        distinct_epochs=1,
        groups=3,
        learning_rate=0.03,
        batch_size=8,
        augmentation=MILD,
    )


@pytest.fixture(scope="module")
def taught(folder: Path, config: TeachConfig, tmp_path_factory: pytest.TempPathFactory) -> Taught:
    return teach(read_recordings(folder), tmp_path_factory.mktemp("out") / "mine.safetensors", config)


@pytest.mark.slow
def test_the_teacher_answers_as_the_file_does_that_is_enrolled_from_the_same_recordings(
    folder: Path, tiny_words: TinyWords, tmp_path: Path
) -> None:
    recordings, encoder = read_recordings(folder), Encoder()
    enrol(recordings, tmp_path / "x.onnx", encoder=encoder)
    clips = read_clips(recordings, clip_format(encoder))
    bank = load_bank().without(tiny_words.words)
    lessons = Lessons(clips, encoder, bank)
    waveforms = clips.words.batch(range(4))
    answers = EnrolledTeacher(encoder, bank, lessons.layer(slice(None)))(waveforms)
    exported = load_model(tmp_path / "x.onnx")
    assert np.allclose(answers, exported.logits(waveforms.numpy()), atol=1e-3)


def test_a_start_of_another_rate_is_refused(folder: Path, tmp_path: Path) -> None:
    network = RecognizerConfig("cnn", MelConfig(sample_rate=16000))
    save_checkpoint(RecognizerModel(network), tmp_path / "wide.safetensors")
    config = TeachConfig(init=str(tmp_path / "wide.safetensors"))
    with pytest.raises(ConfigError, match="works at 16000 Hz, its teacher at 8000 Hz"):
        teach(read_recordings(folder), tmp_path / "x.safetensors", config)


@pytest.mark.slow
def test_the_words_are_learnt_and_known_about(taught: Taught, folder: Path, tiny_words: TinyWords) -> None:
    assert taught.estimate.words == tuple(sorted(tiny_words.words))
    assert taught.estimate.clips == 27
    assert taught.estimate.accuracy > 0.7  # three words; by chance a third
    assert taught.by_speaker
    assert set(taught.estimate.per_speaker) == {f"mine/{name}" for name in tiny_words.people}
    assert taught.calibration.rejects
    assert taught.rejection is not None
    assert taught.rejection.accepted_by_condition["your other recordings"].clips == 6
    assert taught.rejection.words_refused.share <= 0.03
    assert taught.problems == (f"{folder / tiny_words.words[0] / 'ann_silent.wav'}: it is silent",)
    assert any("3 speakers" in str(advice) for advice in taught.advice)
    assert not list(taught.model.parent.glob(".*"))  # what the trainings left is gone


@pytest.mark.slow
def test_the_checkpoint_recognises_and_says_where_it_is_from(
    taught: Taught, folder: Path, tiny_words: TinyWords
) -> None:
    checkpoint = load_checkpoint(taught.model)
    assert checkpoint.calibration == taught.calibration
    assert "Held-out recordings recognised" in checkpoint.card
    assert checkpoint.info["teach"]["clips"] == dict.fromkeys(sorted(tiny_words.words), 9)
    report = Evaluator(checkpoint).evaluate(
        load_corpus(f"folder:{folder}")
        .filter(isolated=True)
        .filter(lambda utterance: "silent" not in utterance.path.name)
    )
    assert report.overall.accuracy > 0.85


@pytest.mark.slow
def test_the_estimate_is_of_speakers_on_whom_the_network_was_not_trained(
    folder: Path, config: TeachConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_words: TinyWords
) -> None:
    noted: list[set[str]] = []
    fit = Trainer.fit

    def watch(self: Trainer, train: object, *arguments: object, **options: object) -> object:
        noted.append({u.speaker for u in train.epoch(0).utterances if u.speaker})  # type: ignore[attr-defined]
        return fit(self, train, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Trainer, "fit", watch)
    teach(read_recordings(folder), tmp_path / "x.safetensors", replace(config, epochs=1, distinct_epochs=1))
    speakers = {f"mine/{name}" for name in tiny_words.people}
    assert sorted(len(each) for each in noted) == [2, 2, 2, 3]
    assert set.union(*(speakers - each for each in noted)) == speakers


@pytest.mark.slow
def test_an_interrupted_teaching_goes_on(
    folder: Path,
    config: TeachConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    short = replace(config, epochs=2, distinct_epochs=1)
    whole = teach(read_recordings(folder), tmp_path / "whole.safetensors", short)
    run_epoch, calls = Trainer.run_epoch, []

    def stop(self: Trainer, *arguments: object) -> object:
        calls.append(self.out.name)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return run_epoch(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Trainer, "run_epoch", stop)
    with pytest.raises(KeyboardInterrupt):
        teach(read_recordings(folder), tmp_path / "again.safetensors", short)
    assert not (tmp_path / "again.safetensors").exists()
    monkeypatch.setattr("aurora_resnet.progress.SECONDS", 0.0)
    again = teach(read_recordings(folder), tmp_path / "again.safetensors", short, progress=print)
    assert "teaching: 4 of 8 epochs, " in (said := capsys.readouterr().err)  # those of the first call count
    assert "teaching: 8 of 8 epochs, " in said
    assert len(calls) == 4 + 5  # of eight epochs three were done
    assert again.estimate == whole.estimate
    before, after = (load_checkpoint(each.model).model.state_dict() for each in (whole, again))
    assert all((before[name] == after[name]).all() for name in before)


def test_long_words_get_long_clips() -> None:
    def of(seconds: float) -> ClipSet:
        time = np.arange(int(seconds * RATE)) / RATE
        wave = torch.from_numpy((0.3 * np.sin(2 * np.pi * 400 * time)).astype(np.float32))
        said = (Utterance(Path("a.wav"), ("ja",), ""),) * 4
        return ClipSet(
            said, torch.zeros(4, dtype=torch.int64), RATE, 3 * RATE, (wave,) * 4, vocabulary=Vocabulary(("ja", "no"))
        )

    assert [fitting_clip_seconds(of(s), 1.0) for s in (0.4, 0.9, 1.2, 1.8, 2.7, 5.0)] == [1.0, 1.0, 1.6, 2.0, 3.0, 3.0]
    assert fitting_clip_seconds(of(0.4), 0.5) == 0.5
    assert fitting_clip_seconds(of(0.4), 4.0) == 4.0


@pytest.mark.slow
@pytest.mark.parametrize("int8", [False, True], ids=["float32", "int8"])
def test_exported_it_answers_as_the_checkpoint_does_on_these_recordings(
    taught: Taught, folder: Path, tmp_path: Path, int8: bool, tiny_words: TinyWords
) -> None:
    (folder / tiny_words.words[0] / "ann_silent.wav").unlink(missing_ok=True)
    parity = export_onnx(
        load_checkpoint(taught.model), tmp_path / "mine.onnx", int8=int8, recordings=[f"folder:{folder}"]
    )
    assert parity.clips == 13 * 2 + 8  # every second recording, clean and in noise, and noise alone: no English digit
    assert parity.labelled == 26
    assert parity.accuracy_loss <= 1 / 26
    recognizer = Recognizer(load_model(tmp_path / "mine.onnx"))
    for number, word in enumerate(tiny_words.words):
        answer = recognizer.recognize(tiny_words.sound(number, 1, 7), RATE)
        assert (answer.word, answer.digit) == (word, None)
    assert not recognizer.recognize(np.zeros(RATE, np.float32), RATE).accepted


@pytest.mark.slow
def test_served_it_answers_the_page(taught: Taught, folder: Path, tiny_words: TinyWords) -> None:
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    from aurora_resnet.web.server import create_app
    from tests.web.serving import served

    recording = (folder / tiny_words.words[2] / "ben_0.wav").read_bytes()
    with served(create_app(DigitRecognizer.from_pretrained(taught.model))) as address:
        request = Request(f"{address}api/recognize", data=recording, headers={"Content-Type": "audio/wav"})
        with urlopen(request, timeout=30) as answer:
            assert json.load(answer)["word"] == tiny_words.words[2]


LANGUAGES = {
    "de": "ja nein links rechts öffnen schließen größer kleiner an aus",
    "es": "sí no izquierda derecha abre cierra sube baja mañana adiós",
    "hi": "हाँ नहीं बाएँ दाएँ खोलो बंद ऊपर नीचे चालू रुको",
}


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_ten_words_of_other_languages_by_a_synthesiser(language: str, tmp_path: Path) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    words = LANGUAGES[language].split()
    for word in words:
        (tmp_path / "mine" / word).mkdir(parents=True)
        for voice in ("m1", "f2", "m3"):
            path = tmp_path / "mine" / word / f"{voice}_1.wav"
            subprocess.run(["espeak-ng", "-v", f"{language}+{voice}", "-w", path, word], check=True)
    config = TeachConfig(epochs=10, steps=1, distinct_epochs=1, groups=2, batch_size=8, augmentation=MILD)
    taught = teach(read_recordings(tmp_path / "mine"), tmp_path / "mine.safetensors", config)
    recognizer = DigitRecognizer.from_pretrained(taught.model)
    noted = [recognizer.recognize(tmp_path / "mine" / word / "m1_1.wav").word for word in words]
    assert sum(a == b for a, b in zip(noted, words, strict=True)) >= 4  # by chance one
    assert set(recognizer.model.facts.vocabulary) == set(words)


@pytest.mark.slow
def test_the_command_teaches_and_recognises(
    call: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    tiny_base: Path,
    tiny_words: TinyWords,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick = partial(TeachConfig, steps=1, distinct_epochs=1, augmentation=MILD)
    monkeypatch.setattr("aurora_resnet.teaching.recipe.TeachConfig", quick)
    tiny_words.write(tmp_path / "mine", takes=2)
    done = call("teach", "mine", "--train", "--out", "mine.safetensors", "--init", str(tiny_base), "--epochs", "2")
    assert done.returncode == 0, done.stderr
    assert "3 speakers by the names of the files: ann, ben, cid" in done.stderr
    assert "Held-out recordings recognised" in done.stdout
    assert "record other words and usual noises into the sub-folder _other" in done.stdout
    noted = call("recognize", "--model", "mine.safetensors", "--json", f"mine/{tiny_words.words[2]}/ann_0.wav")
    assert json.loads(noted.stdout)["word"] in tiny_words.words


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere", "--out", "x.onnx"), "nowhere: the folder of word folders is not there"),
        (("--out", "x.onnx"), "give a folder of recordings, or --say WORD for each word"),
        (("mine", "--out", "x.safetensors"), "an enrolled model ends in .onnx; with --train it is a checkpoint"),
        (("mine", "--train", "--out", "x.onnx"), "a checkpoint's name ends in .safetensors"),
        (("mine", "--train", "--with-digits", "--out", "x.safetensors"), "--with-digits"),
        (("mine", "--epochs", "3", "--out", "x.onnx"), "--epochs"),
        (("mine", "--train", "--out", "x.safetensors", "--init", "compat"), "there is no checkpoint 'compat' (did you"),
        (("mine", "--out", "x.onnx", "--speaker-pattern", "("), "is not a regular expression"),
    ],
)
def test_wrong_arguments_end_in_one_line(
    call: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    arguments: tuple[str, ...],
    message: str,
    tiny_words: TinyWords,
) -> None:
    tiny_words.write(tmp_path / "mine", takes=1)
    done = call("teach", *arguments)
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.parametrize("known", [("one", "nine"), DIGITS.words], ids=["some", "all"])
def test_digits_that_nobody_said_are_no_words_of_the_model(known: tuple[str, ...], tiny_base: Path) -> None:
    words = load_corpus("samples:").filter(words=known, speakers=["samples/flite-slt", "samples/flite-awb"])
    network = read_clips(TeachingRecordings(words, Corpus("none", ())), read_config(str(tiny_base))).network
    assert set(network.vocabulary) == set(known)
    assert (network.vocabulary == DIGITS) == (known == DIGITS.words)  # in that order the head of a shipped model fits
    assert network.vocabulary.digits[network.vocabulary.index("nine")] == 9
