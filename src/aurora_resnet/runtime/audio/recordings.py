"""What may be given as a recording: a path, a file object, bytes, samples in any usual form."""

import os
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from ..errors import AudioError, ConfigError
from .mono import mono_waveform
from .reading import Recording, SamplesInMemory, SoundFile, open_file
from .sound_files import SoundBytes, sound_source
from .waveform import check_sample_rate

#: A path (``str`` or ``Path``); the bytes of a sound file, or a binary file object that holds one, which is read from
#: where it stands, or from its beginning if it stands at its end; samples ``[N]``, ``[N, C]`` or ``[C, N]`` as a NumPy
#: array, a list or a torch tensor; a pair of rate and samples in either order, as Gradio, SciPy and torchaudio give it;
#: a mapping with ``array`` and ``sampling_rate``, or with ``path`` or ``bytes``, as the library *datasets* has it; or
#: its ``AudioDecoder``, that of torchcodec, or the ``AudioSamples`` that it returns.
AnyRecording = Any


_AS_ARRAY = "headerless 16-bit PCM goes in as an array, np.frombuffer(data, np.int16)"


def open_recording(recording: AnyRecording, sample_rate: float | None = None) -> Recording:
    """Return what was given as a ``Recording``.

    Args:
        recording: see ``AnyRecording``. Samples of a floating-point type lie in [-1, 1]; int8, uint8, int16 and int32
            are scaled; of several channels ``mono`` makes one. Nothing about the scale is guessed.
        sample_rate: of samples in Hz; whatever states its own rate takes none.

    Raises:
        AudioError: if it cannot be used.
        ConfigError: for samples without a rate, or anything else with one.

    >>> open_recording(np.zeros((8000, 2), np.int16), 16000).frames
    8000
    >>> open_recording({"array": [0.0, 0.5], "sampling_rate": 8000}).read(1, 1)
    array([0.5], dtype=float32)
    """
    if isinstance(recording, SamplesInMemory | SoundFile):
        return recording
    recording = _decoded(recording)
    if isinstance(recording, Mapping):
        return _from_mapping(recording, sample_rate)
    if isinstance(recording, str | os.PathLike):
        _check_no_rate(sample_rate, f"the file {os.fspath(recording)!r}")
        return open_file(sound_source(os.fspath(recording)))
    if hasattr(recording, "read"):
        recording = _read(recording)
    if isinstance(recording, memoryview) and recording.format not in ("B", "b", "c"):
        recording = np.asarray(recording)  # it says what samples it holds
    if isinstance(recording, bytes | bytearray | memoryview):
        _check_no_rate(sample_rate, f"{type(recording).__name__} has to be a sound file, which")
        return open_file(SoundBytes(bytes(recording), "the sound file in memory", _AS_ARRAY))
    if recording is None:
        raise AudioError("expected a recording, got None: nothing was recorded")
    if sample_rate is None:
        raise ConfigError("an array of samples needs sample_rate (Hz)")
    rate = check_sample_rate(sample_rate, "recording")
    return SamplesInMemory(mono_waveform(_in_memory(recording), rate, "recording"), rate)


def _decoded(recording: Any) -> Any:
    """Return pairs, decoders and what they decoded as a mapping of samples and their rate; all else as it is."""
    if isinstance(recording, tuple | list) and len(recording) == 2:
        for rate, samples in (recording, recording[::-1]):
            if (isinstance(rate, Real) or hasattr(rate, "item")) and np.ndim(rate) == 0 and _axes(samples):
                return {"array": samples, "sampling_rate": rate.item() if hasattr(rate, "item") else rate}
    try:
        if hasattr(recording, "get_all_samples"):
            recording = recording.get_all_samples()
        if hasattr(recording, "sample_rate") and hasattr(recording, "data"):
            return {"array": recording.data, "sampling_rate": recording.sample_rate}
        if hasattr(recording, "__getitem__") and not (
            hasattr(recording, "__array__") or isinstance(recording, Mapping | Sequence | memoryview)
        ):
            return {key: recording[key] for key in ("array", "sampling_rate")}
    except (KeyError, IndexError, TypeError):
        return recording
    except (OSError, RuntimeError, ValueError) as error:  # what decoders raise
        raise AudioError(f"the recording cannot be decoded ({error}); record it again or drop it") from error
    return recording


def _axes(samples: Any) -> int:
    """Return how many axes samples have, 1 for a list of any length."""
    return 1 if isinstance(samples, list | tuple) else np.ndim(samples)


def _read(file: Any) -> bytes:
    """Return the bytes of a file object; one that was just written stands at its end and is rewound."""
    try:
        data = file.read()
        if not data and file.seekable():
            file.seek(0)
            data = file.read()
    except (AttributeError, OSError, ValueError) as error:  # not open for reading, closed
        raise AudioError(f"the file object cannot be read ({error}); open it for bytes ('rb')") from error
    if not isinstance(data, bytes):
        raise AudioError(f"expected a file opened for bytes ('rb'), reading it gave {type(data).__name__}")
    return data


def _from_mapping(recording: Mapping[str, Any], sample_rate: float | None) -> Recording:
    if recording.get("array") is not None:
        rates = [rate for rate in (sample_rate, recording.get("sampling_rate")) if rate is not None]
        if len(set(rates)) > 1:
            raise ConfigError(f"the recording states sampling_rate {rates[1]}, sample_rate says {rates[0]}")
        return open_recording(recording["array"], rates[0] if rates else None)
    if recording.get("bytes") is not None:
        return open_recording(recording["bytes"], sample_rate)
    if recording.get("path") is not None:
        _check_no_rate(sample_rate, f"the file {os.fspath(recording['path'])!r}")
        return open_file(os.fspath(recording["path"]))
    raise AudioError(
        "a recording given as a mapping has 'array' and 'sampling_rate', or 'bytes', or 'path'; "
        f"got the keys {', '.join(map(str, recording)) or 'none'}"
    )


def _check_no_rate(sample_rate: float | None, what: str) -> None:
    if sample_rate is not None:
        raise ConfigError(
            f"sample_rate is for arrays; {what} states its own (raw 16-bit PCM: give np.frombuffer(data, np.int16))"
        )


def _in_memory(samples: Any) -> Any:
    """Return what NumPy can take; it knows no gradients, no other devices and no bfloat16."""
    if not hasattr(samples, "detach"):  # torch's tensors alone have it
        return samples
    here = samples.detach().cpu()
    return (here.float() if here.is_floating_point() else here).numpy()
