"""The weights in the wheel do what their cards say, on what every machine has and on real recordings where they are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from aurora_resnet.checkpoints import PRETRAINED, load_checkpoint
from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.corpora.sources.an4 import read_an4, read_an4_strings
from aurora_resnet.models.zoo import model_cost
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.streaming.recognizer import recognize_stream
from aurora_resnet.runtime.vocabulary import DIGITS

LARGEST_MB = {"resnet50": 20.0, "compact": 1.0, "micro": 0.5}
LARGEST_EXPORTED_MB = {"resnet50": 9.5, "compact": 0.76, "micro": 0.5}


@pytest.fixture(scope="module", params=PRETRAINED)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def recognizer(name: str) -> DigitRecognizer:
    return DigitRecognizer.from_pretrained(name)


def test_voices_that_no_training_heard_are_recognised(recognizer: DigitRecognizer) -> None:
    corpus = read_samples().filter(split="test", take="1")
    answers = recognizer.recognize_batch([utterance.path for utterance in corpus])
    right = [answer.word == utterance.word for answer, utterance in zip(answers, corpus, strict=True)]
    assert np.mean(right) > 0.9


def test_noise_and_silence_are_rejected(recognizer: DigitRecognizer) -> None:
    noises = [read_audio(path)[0][:8000] for kind, path in sorted(sample_noises().items()) if kind != "babble"]
    for level in (1.0, 0.03):
        assert not any(answer.accepted for answer in recognizer.recognize_batch([level * n for n in noises], 8000))
    assert not recognizer.recognize(np.zeros(8000), 8000).accepted


def test_the_level_of_a_recording_does_not_matter(recognizer: DigitRecognizer) -> None:
    word = read_audio(read_samples()[0].path)[0]
    loud, quiet = (recognizer.recognize(gain * word, 8000) for gain in (1.0, 0.01))
    assert loud.word == quiet.word
    assert loud.confidence == pytest.approx(quiet.confidence, abs=0.01)


def test_the_files_are_small_and_say_what_they_are(name: str, recognizer: DigitRecognizer) -> None:
    path, exported = resolve(name, format="checkpoint").path, resolve(name).path
    assert path.stat().st_size <= LARGEST_MB[name] * 1e6
    assert exported.stat().st_size <= LARGEST_EXPORTED_MB[name] * 1e6
    checkpoint = load_checkpoint(name)
    assert (checkpoint.name, checkpoint.vocabulary) == (name, DIGITS)
    assert checkpoint.calibration.rejects
    assert recognizer.model.facts.calibration == checkpoint.calibration
    assert checkpoint.info["training"]["experiment"]["model"] == {"micro": "compact"}.get(name, name)
    if name != "resnet50":
        assert model_cost(checkpoint.model.classifier).macs / checkpoint.model.config.clip_seconds <= 100e6
    for part in ("## Data", "CC BY", "train_voices.toml", "Seed", "## Results", "## Limits"):
        assert part in checkpoint.card


def test_no_test_recording_and_no_forbidden_noise_was_heard(name: str) -> None:
    data = load_checkpoint(name).info["training"]["experiment"]["data"]
    sources = {source["corpus"]: source for source in data["train"]}
    assert {kind: sources[kind]["split"] for kind in sources if kind.startswith(("fsdd:", "an4:", "samples:"))} == {
        "fsdd:../shared/data/fsdd": "train",
        "an4:../shared/data/an4": "train",
        "samples:": "train",
    }
    augment = data["augment"]
    heard = [source.partition(":")[2] for source in sources]
    heard += [sounds["folder"] for kind in ("noises", "negatives", "talk") for sounds in augment[kind]]
    assert not [path for path in heard if path.endswith(("speech_commands_digits", "noizeus", "nonspeech100"))]
    assert not [path for path in heard if path.startswith("data/voices/an4_") and not path.endswith("/train")]
    words = next(sounds for sounds in augment["negatives"] if sounds["folder"].endswith("speech_commands_other/words"))
    assert words["match"] == "_[0-9a-f]*[02468ac]_nohash"


def test_the_command_needs_no_model_and_reads_a_pipe() -> None:
    recording = read_samples().filter(words="seven", split="test")[0].path
    command = [sys.executable, "-c", "from aurora_resnet.cli import main; main()", "recognize", "--json"]
    by_name = subprocess.run([*command, str(recording)], capture_output=True, check=True)
    piped = subprocess.run([*command, "-"], input=recording.read_bytes(), capture_output=True, check=True)
    first, second = (json.loads(run.stdout) for run in (by_name, piped))
    assert first["word"] == second["word"] == "seven"
    assert first["accepted"]
    assert first["probabilities"] == pytest.approx(second["probabilities"])


@pytest.mark.slow
@pytest.mark.shared
def test_people_that_no_training_heard_are_recognised(recognizer: DigitRecognizer, shared: Path) -> None:
    corpus = read_an4(shared / "an4").filter(split="test", isolated=True)
    answers = recognizer.recognize_batch([utterance.path for utterance in corpus])
    right = [answer.word == utterance.word for answer, utterance in zip(answers, corpus, strict=True)]
    assert np.mean(right) > 0.96
    assert np.mean([answer.accepted for answer in answers]) > 0.94
    assert soundfile.info(corpus[0].path).samplerate == 16_000  # resampled on the way


@pytest.mark.slow
@pytest.mark.shared
def test_fluent_strings_of_training_speakers_are_found(shared: Path) -> None:
    strings = read_an4_strings(shared / "an4").filter(split="train")
    recognizer = DigitRecognizer.from_pretrained("compact")
    right = 0
    for string in list(strings)[:20]:
        right += tuple(event.word for event in recognize_stream(recognizer, string.path)) == string.words
    assert right >= 14
    assert {word for string in strings for word in string.words} <= set(DIGITS.words)
