"""What reads data from outside, and how damaged data is given to it."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import soundfile
from hypothesis import strategies as st

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.clips.clip_set import load_clips
from aurora_resnet.corpora.archive import extract
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.noisy_corpus.scenes import read_noise_scenes
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.errors import AuroraError
from aurora_resnet.runtime.models import METADATA, ExportedModel
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.streaming.recognizer import recognize_stream
from aurora_resnet.training.experiment import read_experiment
from aurora_resnet.web.server import create_app
from tests.faults import seeds
from tests.faults.damage import damaged, damaged_text

Seeds = Mapping[str, bytes]


@dataclass(frozen=True)
class Reader:
    """Something that reads data from outside.

    Attributes:
        seeds: the undamaged data, by name.
        read: takes the damaged data and an empty folder to put it into; returns or raises.
        damage: the damaged data, from the undamaged.
        weight: how many of 100 mutants are for it.
    """

    seeds: Callable[[], Seeds]
    read: Callable[[bytes, Path], object]
    damage: Callable[[Seeds], st.SearchStrategy[bytes]] = damaged
    weight: int = 1


class RefusedError(AuroraError):
    """The page answered with a status from 400 to 499, or with 503: it is busy."""


@cache
def _recognizer() -> Recognizer:
    return Recognizer.from_pretrained("compact")


def check(recognizer: Recognizer, recording: Any, sample_rate: int | None = None) -> None:
    """Recognise, and insist on an answer that makes sense."""
    answer = recognizer.recognize(recording, sample_rate)
    total = sum(answer.probabilities.values())
    if not (0 <= answer.confidence <= 1 and abs(total - 1) < 1e-6):  # also for NaN
        raise AssertionError(f"an answer that is none: {answer}")
    json.dumps(answer.to_dict(), allow_nan=False)


def recognize_file(data: bytes, folder: Path) -> None:
    """Recognise a sound file on the disk as one word, then listen to it."""
    path = folder / "mutant"
    path.write_bytes(data)
    check(_recognizer(), path)
    for event in recognize_stream(_recognizer(), path):
        if not (0 <= event.confidence <= 1 and math.isfinite(event.end_seconds)):
            raise AssertionError(f"an event that is none: {event}")


@cache
def _app() -> Any:
    return create_app(_recognizer())


@cache  # of one process
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def damaged_request(requests: Seeds) -> st.SearchStrategy[bytes]:
    """Damage the recording that is sent, or the head of the request."""
    parted = {name: request.partition(b"\r\n\r\n") for name, request in requests.items()}
    heads, bodies = ({name: parts[place] for name, parts in parted.items()} for place in (0, 2))
    join = partial(st.builds, lambda head, body: head + b"\r\n\r\n" + body)
    sound_head, sound_body = (st.sampled_from(sorted(each.values())) for each in (heads, bodies))
    other_bodies = join(sound_head, damaged(bodies))
    return st.one_of(other_bodies, other_bodies, other_bodies, join(damaged_text(heads), sound_body))


def upload(data: bytes, _folder: Path) -> None:
    """Send a request to the page as a server would that lets everything through."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    method, path = [*first.decode("latin-1").split(" "), "", ""][:2]
    fields = [line.partition(b":")[::2] for line in lines]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": "",
        "method": method.upper(), "path": path.partition("?")[0], "raw_path": path.encode(), "query_string": b"",
        "headers": [(name.strip().lower(), value.strip()) for name, value in fields],
        "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 8000), "state": {},
    }  # fmt: skip
    status, answer = _loop().run_until_complete(_answer(scope, body))
    if 400 <= status < 500 or status == 503:
        raise RefusedError(f"{status}: {answer[:200]!r}")
    if status >= 500:
        raise AssertionError(f"the page answers {status}: {answer[:200]!r}")
    if scope["path"] == "/api/recognize":
        json.loads(answer, parse_constant=_no_number)


def _no_number(text: str) -> float:
    raise AssertionError(f"the page answers {text}")


async def _answer(scope: dict[str, Any], body: bytes) -> tuple[int, bytes]:
    parts = [{"type": "http.request", "body": body[: len(body) // 2], "more_body": True}]
    parts += [{"type": "http.request", "body": body[len(body) // 2 :]}]
    sent: list[dict[str, Any]] = []
    answered = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if not parts:
            await answered.wait()  # who asks stays until the answer is there
        return parts.pop(0) if parts else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            answered.set()

    await _app()(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def train_file(data: bytes, folder: Path) -> None:
    """Read a training file and build the network that it asks for."""
    path = folder / "mutant.toml"
    path.write_bytes(data)
    config = read_experiment(path)
    RecognizerModel(
        RecognizerConfig(config.model, config.mel, options=config.options, clip_seconds=config.clip_seconds)
    )


def manifest(suffix: str, data: bytes, folder: Path) -> None:
    """Read a manifest and the recordings that it names."""
    (folder / "one.wav").write_bytes(_word())
    (folder / "one.raw").write_bytes(_word()[44:])
    path = folder / f"mutant{suffix}"
    path.write_bytes(data)
    corpus = load_corpus(f"manifest:{path}")
    load_clips(corpus, RecognizerConfig("cnn", MelConfig(sample_rate=8000, n_mels=8), clip_seconds=0.25))


@cache
def _word() -> bytes:
    buffer = io.BytesIO()
    samples, rate = soundfile.read(seeds.WORD, dtype="int16")
    soundfile.write(buffer, samples[:800], rate, format="WAV")
    return buffer.getvalue()


def noise_mapping(data: bytes, folder: Path) -> None:
    """Read which recordings serve which scene."""
    for name in ("one.wav", "two.wav"):
        (folder / name).write_bytes(_word())
    path = folder / "mutant.toml"
    path.write_bytes(data)
    read_noise_scenes(path)


def damaged_checkpoint(checkpoints: Seeds) -> st.SearchStrategy[bytes]:
    """Damage a safetensors file: any byte of it, or the text of its header, of which the length is then right."""

    def with_header(header: bytes, whole: bytes) -> bytes:
        end = 8 + int.from_bytes(whole[:8], "little")
        return len(header).to_bytes(8, "little") + header + whole[end:]

    ends = {name: 8 + int.from_bytes(data[:8], "little") for name, data in checkpoints.items()}
    headers = damaged_text({name: checkpoints[name][8:end] for name, end in ends.items()})
    return damaged(checkpoints) | st.builds(with_header, headers, st.sampled_from(sorted(checkpoints.values())))


def checkpoint(data: bytes, folder: Path) -> None:
    """Load a checkpoint and let it answer."""
    path = folder / "mutant.safetensors"
    path.write_bytes(data)
    loaded = load_checkpoint(path)
    model = TorchModel(loaded)
    check(Recognizer(model), np.sin(np.arange(2000)).astype(np.float32), 8000)


def exported(data: bytes, folder: Path) -> None:
    """Load an exported model and let it answer."""
    path = folder / "mutant.onnx"
    path.write_bytes(data)
    check(Recognizer(ExportedModel(path)), np.sin(np.arange(2000)).astype(np.float32), 8000)


@cache
def _graph() -> onnx.ModelProto:
    return onnx.load_from_string(seeds.exported()["compact"])


def metadata(data: bytes, folder: Path) -> None:
    """Load an exported model of other metadata and let it answer."""
    graph = _graph()
    entry = next(entry for entry in graph.metadata_props if entry.key == METADATA)
    # A protobuf string is UTF-8; its own setter would refuse what a crafted file may hold.
    before = entry.value
    marker = "#" * len(data)
    entry.value = marker
    crafted = graph.SerializeToString().replace(marker.encode(), data)
    entry.value = before
    exported(crafted, folder)


def damaged_tar(archives: Seeds) -> st.SearchStrategy[bytes]:
    """Damage a TAR archive before it is compressed, or after."""
    pack = partial(gzip.compress, compresslevel=1, mtime=0)
    before, after = damaged(archives).map(pack), damaged({name: pack(data) for name, data in archives.items()})
    return st.one_of(before, before, after)


def unpack(suffix: str, data: bytes, folder: Path) -> None:
    """Extract an archive, and insist that nothing but plain files comes, all of it inside the folder."""
    archive, target = folder / f"mutant{suffix}", folder / "target"
    archive.write_bytes(data)
    try:
        extract(archive, target, lambda name: name, max_bytes=1_000_000)
    finally:
        strange = [path for path in folder.iterdir() if path not in (archive, target)]
        strange += [path for path in target.rglob("*") if path.is_symlink() or not (path.is_file() or path.is_dir())]
        if strange:
            raise AssertionError(f"the archive made {strange[:3]}")


READERS = {
    "audio-memory": Reader(seeds.sound_files, lambda data, _folder: check(_recognizer(), data), weight=36),
    "audio-files": Reader(seeds.sound_files, recognize_file, weight=18),
    "uploads": Reader(seeds.requests, upload, damaged_request, weight=12),
    "training-files": Reader(seeds.training_files, train_file, damaged_text, weight=8),
    "manifests-csv": Reader(lambda: seeds.manifests()[".csv"], partial(manifest, ".csv"), damaged_text, weight=5),
    "manifests-jsonl": Reader(lambda: seeds.manifests()[".jsonl"], partial(manifest, ".jsonl"), damaged_text, weight=5),
    "noise-mappings": Reader(seeds.noise_mappings, noise_mapping, damaged_text, weight=2),
    "checkpoints": Reader(seeds.checkpoints, checkpoint, damaged_checkpoint, weight=4),
    "onnx-files": Reader(seeds.exported, exported, weight=2),
    "onnx-metadata": Reader(seeds.metadata, metadata, damaged_text, weight=2),
    "archives-zip": Reader(lambda: seeds.archives()[".zip"], partial(unpack, ".zip"), weight=3),
    "archives-tar": Reader(lambda: seeds.archives()[".tar"], partial(unpack, ".tar.gz"), damaged_tar, weight=3),
}
