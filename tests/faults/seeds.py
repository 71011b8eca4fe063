"""Sound files of every format that soundfile writes, and small files of every other kind, to be damaged."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import soundfile
import torch

from aurora_resnet.checkpoints import save_checkpoint
from aurora_resnet.corpora.samples import samples_folder
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.models import load_model

WORD = samples_folder() / "flite-slt" / "seven_1.flac"
#: Formats that soundfile writes and no mutant is made of, each with the reason.
LEFT_OUT = {"RAW": "no header to damage", "SD2": "its header is a second file beside it"}


def sound_files() -> dict[str, bytes]:
    """Return 0.1 s of a word in every format and encoding that libsndfile writes, by name, mono and stereo."""
    word, rate = soundfile.read(WORD, dtype="float32")
    start = int(np.abs(word).argmax()) - 400
    files: dict[str, bytes] = {}
    for channels in (1, 2):
        samples = np.repeat(word[start : start + 800, None], channels, axis=1)
        for name in sorted(soundfile.available_formats().keys() - LEFT_OUT.keys()):
            for subtype in sorted(soundfile.available_subtypes(name)):
                buffer = io.BytesIO()
                try:
                    soundfile.write(buffer, samples, rate, format=name, subtype=subtype)
                except (soundfile.LibsndfileError, ValueError):
                    continue  # not every pair goes together
                files[f"{name}/{subtype}/{channels}"] = buffer.getvalue()
    return files


def requests() -> dict[str, bytes]:
    """Return what the page sends, head and body."""
    lines = ("Host: 127.0.0.1:8000", "Origin: http://127.0.0.1:8000", "Sec-Fetch-Site: same-origin")
    kinds = ("WAV/PCM_16/1", "WAV/FLOAT/2", "FLAC/PCM_16/1", "OGG/VORBIS/1", "OGG/OPUS/1", "MP3/MPEG_LAYER_III/1")
    sounds = sound_files()
    return {
        kind: "\r\n".join(
            ("POST /api/recognize HTTP/1.1", *lines, f"Content-Length: {len(sounds[kind])}", "", "")
        ).encode()
        + sounds[kind]
        for kind in kinds
        if kind in sounds
    }


def checkpoints() -> dict[str, bytes]:
    """Return small checkpoints."""
    found = {}
    folder = Path(tempfile.mkdtemp())
    for name, options in (("cnn", {"hidden": 2}), ("lstm", {"cells": 2, "hidden": 2, "layers": 1})):
        mel = MelConfig(sample_rate=8000, n_mels=8)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = RecognizerModel(RecognizerConfig(name, mel, options=options, clip_seconds=0.25))
        path = folder / f"{name}.safetensors"
        save_checkpoint(model, path, calibration=Calibration(1.5, 3.0), card="A card.", info={"epoch": 3})
        found[name] = path.read_bytes()
    shutil.rmtree(folder)
    return found


def exported() -> dict[str, bytes]:
    """Return an exported model: the small one of the wheel."""
    return {"compact": resolve("compact").path.read_bytes()}


def metadata() -> dict[str, bytes]:
    """Return the metadata of an exported model, as text."""
    return {"compact": json.dumps(load_model("compact").facts.to_dict()).encode()}


def training_files() -> dict[str, bytes]:
    """Return training files."""
    small = (
        b'model = "cnn"\nclip_seconds = 0.5\nwords = ["one", "two"]\ndigits = [1, 2]\n[mel]\nsample_rate = 8000\n'
        + (
            b"n_mels = 16\nn_fft = 256\n[options]\nhidden = 8\n[data]\n"
            b'train = [{ corpus = "samples:", split = "train" }]\n'
            b'[data.augment]\nnoises = [{ folder = "noise" }]\naugmentation = { speed = [0.9, 1.1] }\n'
            b"[training]\nepochs = 1\nbatch_size = 4\n[models.lstm]\n"
            b"options = { cells = 8 }\ntraining = { learning_rate = 0.01 }\n"
        )
    )
    return {"quickstart": (samples_folder() / "quickstart.toml").read_bytes(), "small": small}


def noise_mappings() -> dict[str, bytes]:
    """Return what says which recording serves which noise scene."""
    return {"scenes": b'subway = "one.wav"\nstreet = ["one.wav", "two.wav"]\nbabble = { talkers = 6 }\n'}


def manifests() -> dict[str, dict[str, bytes]]:
    """Return manifests as CSV and as JSON lines, of a recording ``one.wav`` beside them, by their ending."""
    table = (
        "path,words,speaker,split,sample_rate,byte_order,encoding,attribute.snr_db\r\none.wav,one,a,train,,,,5\r\n"
        'one.raw,"two",b,test,8000,big,,\r\none.wav,"[""three""]",fünf,train,,,,\r\none.raw,oh,c,,8000,,mulaw,-5\r\n'
    )
    lines = (
        '{"path": "one.wav", "words": ["one"], "speaker": "a", "split": "train", "raw": null, "attributes": {}}\n'
        '{"path": "one.raw", "words": ["two"], "raw": {"sample_rate": 8000, "byte_order": "big"}}\n'
        '{"path": "one.raw", "words": ["oh"], "raw": {"sample_rate": 8000, "encoding": "alaw"}, '
        '"attributes": {"a": "b"}}\n'
    )
    return {".csv": {"seed": table.encode()}, ".jsonl": {"seed": lines.encode()}}


def archives() -> dict[str, dict[str, bytes]]:
    """Return archives as code hosts make them, and some with names that lead elsewhere, by their ending."""
    files = ("top/recordings/0_a_0.wav", "top/recordings/1_a_0.wav", "top/README.md", "top/fünf/LICENSE")
    sets = {"sound": files, "upwards": (*files, "top/../../escaped"), "absolute": (*files, "/tmp/escaped")}
    made: dict[str, dict[str, bytes]] = {".zip": {}, ".tar": {}}
    for name, entries in sets.items():
        buffer, tape = io.BytesIO(), io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as opened, tarfile.open(fileobj=tape, mode="w") as other:
            for number, entry in enumerate(entries):
                opened.writestr(
                    zipfile.ZipInfo(entry),
                    bytes(range(256)),
                    zipfile.ZIP_DEFLATED if number % 2 else zipfile.ZIP_STORED,
                )
                header = tarfile.TarInfo(entry)
                header.size = 256
                other.addfile(header, io.BytesIO(bytes(range(256))))
            link = tarfile.TarInfo("top/link")
            link.type, link.linkname = tarfile.SYMTYPE, "../.."
            if name != "sound":
                other.addfile(link)
        made[".zip"][name], made[".tar"][name] = buffer.getvalue(), tape.getvalue()
    return made
