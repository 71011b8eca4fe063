"""What calls do to strings: codecs, lost packets, clipping, echo, tempo; numbers right and accepted under each.

Lost packets are stretches of 20 ms of silence, without concealment, drawn independently of each other.
"""

import io
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.augmentation.distortion import a_law, mu_law
from aurora_resnet.augmentation.reverberation import add_echo
from aurora_resnet.augmentation.speed_pitch import change_tempo
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.corpora.sources.an4 import read_an4_strings
from aurora_resnet.evaluation.string_answers import StringAnswer
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.recordings import open_recording
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import MissingDependencyError
from aurora_resnet.runtime.model_reference import ModelFile
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.vocabulary import DIGITS
from tools.make_training_corpus import people_strings
from tools.measure.records import Record, Settings, header
from tools.measure.sounds import PACKET_SECONDS, lossy

RATE, SEED = 8000, 28
#: Container, encoder of PyAV, and kbit/s.
CODECS: Mapping[str, tuple[str, str, float]] = {
    "AMR 4.75": ("amr", "libopencore_amrnb", 4.75),
    "AMR 12.2": ("amr", "libopencore_amrnb", 12.2),
    "Opus 6 kbit/s": ("ogg", "libopus", 6.0),
    "Opus 16 kbit/s": ("ogg", "libopus", 16.0),
}


def coded(samples: Samples, name: str) -> Samples:
    """Return a recording after a codec of PyAV."""
    import av

    container, encoder, kbps = CODECS[name]
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream: Any = output.add_stream(encoder, rate=RATE)
        stream.bit_rate, stream.layout = round(1000 * kbps), "mono"
        pcm = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(pcm, "s16", "mono")
        frame.sample_rate = RATE
        converted = av.AudioResampler(stream.format, "mono", RATE).resample(frame)
        fifo = av.AudioFifo()
        for each in converted:
            fifo.write(each)
        while part := fifo.read(round(PACKET_SECONDS * RATE), partial=True):
            part.pts = None
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    decoded = open_recording(file.getvalue(), None)
    return resample(decoded.read(0, decoded.frames), decoded.sample_rate, RATE)


def gsm(samples: Samples) -> Samples:
    """Return a recording after GSM's full-rate codec, which PyAV does not write and ffmpeg does.

    Raises:
        MissingDependencyError: if there is no ffmpeg with this codec.
    """
    with tempfile.TemporaryDirectory() as folder:
        before, between, after = (Path(folder) / file for file in ("a.wav", "b.gsm", "c.wav"))
        write_audio(np.clip(samples, -1, 1), before, RATE)
        try:
            for given, made, codec in ((before, between, ["-c:a", "libgsm"]), (between, after, [])):
                command = ["ffmpeg", "-v", "error", "-y", "-i", str(given), *codec, "-ar", str(RATE), str(made)]
                subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise MissingDependencyError(f"GSM needs ffmpeg with libgsm: {error}") from error
        return read_audio(after)[0]


def lost(samples: Samples, percent: int) -> Samples:
    """Return a recording of which so many percent of the packets are lost."""
    return lossy(samples, RATE, percent / 100, np.random.default_rng([SEED, len(samples)]))


def clipped(samples: Samples) -> Samples:
    """Return a recording that is overdriven by 12 dB."""
    loud: Samples = np.clip(4 * samples / max(float(np.abs(samples).max()), 1e-9), -1, 1)
    return loud


CONDITIONS: Mapping[str, Callable[[Samples], Samples]] = {
    "as recorded": lambda samples: samples,
    "mu-law": mu_law,
    "A-law": a_law,
    "GSM full rate": gsm,
    **{name: partial(coded, name=name) for name in CODECS},
    **{f"{share} % of packets lost": partial(lost, percent=share) for share in (5, 10, 20)},
    "clipped, 12 dB": clipped,
    "echo, 150 ms, -10 dB": partial(add_echo, delay_seconds=0.15, level_db=-10, sample_rate=RATE),
    "tempo 0.8": partial(change_tempo, factor=0.8),
    "tempo 1.25": partial(change_tempo, factor=1.25),
}


def strings(data: Path) -> dict[str, Corpus]:
    """Return strings of speakers that no training has, by collection; half of those of `speechocean` are children."""
    found = {"an4": list(read_an4_strings(data / "an4").filter(split="test"))}
    for string in people_strings(data / "people" / "strings", "held_out"):
        if set(string.utterance.words) <= set(DIGITS):
            found.setdefault(string.collection, []).append(string.utterance)
    return {name: Corpus(name, tuple(utterances)) for name, utterances in found.items()}


def measure(file: ModelFile, settings: Settings) -> Record:
    """Return the record of a model: by condition, and as recorded by collection."""
    recognizer, collections = StringRecognizer.from_pretrained(file), strings(settings.data)
    most = 2 if settings.quick else None
    conditions: dict[str, dict[str, int]] = {}
    for name, change in CONDITIONS.items():
        answers = {
            collection: [_answer(recognizer, utterance, change) for utterance in corpus.utterances[:most]]
            for collection, corpus in collections.items()
        }
        everything = [each for group in answers.values() for each in group]
        by = {} if name != "as recorded" else {collection: _counts(group) for collection, group in answers.items()}
        conditions |= {name: _counts(everything)} | {f"{name}: {key}": value for key, value in by.items()}
    return {"model": recognizer.facts.name, "file": {"sha256": file.sha256}, "conditions": conditions, **header()}


def _answer(recognizer: StringRecognizer, utterance: Utterance, change: Callable[[Samples], Samples]) -> StringAnswer:
    samples, rate = read_audio(utterance.path)
    changed = change(resample(samples, rate, RATE)).astype(np.float32)
    found = recognizer.recognize(changed, RATE)
    words = tuple(word.word for word in found.words)
    return StringAnswer(utterance, words, found.confidence, found.accepted, len(changed) / RATE)


def _counts(answers: list[StringAnswer]) -> dict[str, int]:
    accepted = [each for each in answers if each.accepted]
    right = [each for each in answers if each.number_right]
    wrong = sum(not each.number_right for each in accepted)
    return {"strings": len(answers), "right": len(right), "accepted": len(accepted), "accepted_wrong": wrong}
