"""What a model's name means: a shipped name, a path, a folder of ``save_pretrained``, or ``owner/name`` on the hub.

Whatever takes a model takes all four, and ``resolve`` finds the one file that is meant.

The runtime computes exported models. What the whole package adds, checkpoints, which torch computes, and the hub, it
writes into ``ADDED``; nothing of it is imported before it is needed.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from .errors import CheckpointError, ConfigError, DownloadError, MissingDependencyError, ModelError, did_you_mean
from .model_folder import CONFIG, file_sha256, read_config
from .onnx_file import OnnxFile, is_of_strings

Kind = Literal["words", "strings"]
Format = Literal["onnx", "checkpoint"]

#: The models of single words that this package carries, exported in int8: for new speakers, the mean of it and the
#: next one for noise too, the one of the paper, the small, fast one, and one for microcontrollers.
EXPORTED = ("speech_encoder", "accurate", "resnet50", "compact", "micro")
#: The models of strings that it carries, exported likewise. The first is right more often, and has the second beside it
#: in streams; alone, the second is for small machines and many calls.
EXPORTED_STRINGS = ("speech_encoder", "string_net")
#: Those that the whole package carries as checkpoints too.
CHECKPOINTS = ("resnet50", "compact", "micro")
#: The fast one.
SMALL = "compact"
#: Where the shipped models lie.
FOLDERS: dict[Format, Path] = {"onnx": Path(__file__).with_name("exported")}
#: Suffix of a file that names exported models to average.
AVERAGE = ".json"
#: Shipped models that are in no file of their own name: a mean, and of strings what no mean makes better.
_FILES: Mapping[str, Mapping[Kind, str]] = {"accurate": {"words": "accurate.json", "strings": "speech_encoder.onnx"}}
_NAMES: Mapping[Kind, tuple[str, ...]] = {"words": EXPORTED, "strings": EXPORTED_STRINGS}
SHIPPED: Mapping[str, tuple[Kind, ...]] = {
    name: tuple(kind for kind, names in _NAMES.items() if name in names or kind in _FILES.get(name, ()))
    for name in (*EXPORTED, *EXPORTED_STRINGS)
}
SUFFIXES: Mapping[Format, str] = {"onnx": ".onnx", "checkpoint": ".safetensors"}

#: ``module:function`` by purpose: ``words`` and ``strings`` compute a checkpoint, ``kind`` reads which of both it is,
#: ``hub`` returns what fetches the files of a model.
ADDED: dict[str, str] = {}

_HUB_NAME = re.compile(r"(?P<repo>[A-Za-z0-9][\w.\-]*/[\w.\-]+?)(@(?P<revision>[\w.\-/]+))?")
_NOT_HUB = (*SUFFIXES.values(), ".pth", ".wav", ".flac", ".csv")


@dataclass(frozen=True)
class ModelFile:
    """The file that a model's name means.

    Attributes:
        name: as it was given.
        path: the file.
        format: ``onnx``, an exported model, or ``checkpoint``, which torch computes.
    """

    name: str
    path: Path
    format: Format

    @cached_property
    def kind(self) -> Kind:
        """``words`` or ``strings``, read from the file; ``words`` for one of both.

        Raises:
            ModelError: if it cannot be read or is not one of ours.
        """
        if self.path.suffix == AVERAGE:
            return "words"
        if self.format == "onnx":
            return "strings" if is_of_strings(OnnxFile(self.path).metadata) else "words"
        kind: Kind = added("kind", f"'{self.path}' is a checkpoint, which")(self.path)
        return kind

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file, in hexadecimal.

        Raises:
            ModelError: if it cannot be read.
        """
        return file_sha256(self.path)


#: What names a model, or the file that was found already.
AnyModel = str | Path | ModelFile


def resolve(
    name: AnyModel,
    *,
    kind: Kind | None = None,
    format: Format | None = None,
    device: str = "cpu",
    revision: str | None = None,
    sha256: str | None = None,
) -> ModelFile:
    """Return the file that a model's name means.

    Args:
        name: a shipped name, the path of a file or of a folder of ``save_pretrained``, ``owner/name`` or
            ``owner/name@revision`` of a model on the hub.
        kind: that it must have. An exported model's is known when it is loaded.
        format: that it must have; by default the exported model, where there is one.
        device: where to compute; only checkpoints are computed elsewhere than on the CPU.
        revision: branch, tag or commit, on the hub.
        sha256: of the file, in hexadecimal, if you know which it must be.

    Raises:
        ModelError: if there is none, it is damaged, or it is of another kind or format; ``CheckpointError`` where a
            checkpoint is asked for.
        DownloadError: if the hub cannot be reached and nothing was kept, or it has no such model or revision.
        MissingDependencyError: for the hub without its client, and checkpoints where the runtime is installed alone.

    >>> found = resolve("compact")
    >>> found.path.name, found.format, found.kind
    ('compact.onnx', 'onnx', 'words')
    >>> resolve("compat")
    Traceback (most recent call last):
    aurora_resnet...errors.ModelError: there is no model 'compat' (did you mean 'compact'?); shipped: ...
    """
    format = "checkpoint" if device != "cpu" else format
    if not isinstance(name, AnyModel):
        raise ConfigError(f"a model is given by its name or path, got {name!r:.60}")
    found = name if isinstance(name, ModelFile) else _find(os.fsdecode(name), kind, format, revision)
    if format not in (None, found.format):
        raise _wrong_format(found.name, found.format)
    if kind is not None and found.format == "checkpoint" and found.kind != kind:
        raise wrong_kind(found.name, found.kind)
    if sha256 is not None and found.sha256 != sha256.lower():
        raise _other_file(found, "you asked for")
    return found


def wrong_kind(name: str | Path, kind: Kind) -> ModelError:
    """Return the error for a model of the other kind.

    Args:
        name: of the model.
        kind: that it has.
    """
    if kind == "strings":
        return ModelError(
            f"'{name}' is a model of strings, not of single words; give one of single words (as {EXPORTED[0]}), or use "
            "StringRecognizer, --string (recognize, listen, transcribe) or --strings (evaluate, serve)"
        )
    return ModelError(
        f"'{name}' is a model of single words, not of strings; give one of strings (as {EXPORTED_STRINGS[1]}), or use "
        "Recognizer, or the command without --string and --strings (serve: as --model)"
    )


def is_file(path: str | Path) -> bool:
    r"""Tell whether there is such a file; a name that no file can have is none either, however long it is.

    >>> is_file("a" * 10_000), is_file("a\0b"), is_file(__file__)
    (False, False, True)
    """
    return os.path.isfile(path)  # noqa: PTH113 (Path.is_file raises for long names)


def added(purpose: str, what: str) -> Callable[..., Any]:
    """Return what the whole package adds for a purpose.

    Raises:
        MissingDependencyError: where the runtime is installed alone.
    """
    if purpose not in ADDED:
        raise MissingDependencyError(
            f"{what} needs the whole package: pip install aurora-resnet; exported models (.onnx) need only this one"
        )
    module, _, name = ADDED[purpose].partition(":")
    function: Callable[..., Any] = getattr(import_module(module), name)
    return function


def _find(text: str, kind: Kind | None, format: Format | None, revision: str | None) -> ModelFile:
    error = CheckpointError if format == "checkpoint" else ModelError
    if text in SHIPPED:
        if kind is not None and kind not in SHIPPED[text]:
            raise wrong_kind(text, SHIPPED[text][0])
        form: Format = format or "onnx"
        if form == "checkpoint" and text not in CHECKPOINTS:
            instead = f"take {' or '.join(CHECKPOINTS)}, or give the checkpoint (.safetensors) of a training"
            raise _wrong_format(text, "onnx", instead)
        if form not in FOLDERS:
            added("kind", f"the checkpoint of '{text}'")
        path = FOLDERS[form] / _FILES.get(text, {}).get(kind or "words", f"{text}{SUFFIXES[form]}")
        if not is_file(path):
            raise error(
                f"{path}: expected the weights of '{text}' here; install the wheel anew with "
                "pip install --force-reinstall aurora-resnet"
            )
        return ModelFile(text, path, form)
    if os.path.isdir(text):  # noqa: PTH112 (a name may be too long for a Path)
        if not is_file(Path(text, CONFIG)):
            known = sorted(str(path) for path in Path(text).glob("*") if path.suffix in SUFFIXES.values())
            give = f"give the file in it: {', '.join(known[:4])}" if known else "give a file or another folder"
            raise error(f"'{text}' is a folder without {CONFIG}, so save_pretrained did not write it; {give}")
        return _in_folder(text, lambda name: Path(text, name), format)
    if is_file(text):
        path = Path(text)
        form = "onnx" if path.suffix.lower() == SUFFIXES["onnx"] else "checkpoint"
        return ModelFile(text, path, form)
    hub = _HUB_NAME.fullmatch(text)
    if hub is not None and not text.lower().endswith(_NOT_HUB) and not os.path.exists(text):  # noqa: PTH110
        try:
            get = added("hub", "the hub")(hub["repo"], revision or hub["revision"])
            return _in_folder(text, get, format)
        except (DownloadError, MissingDependencyError) as failed:
            raise type(failed)(f"'{text}' is no file or folder here; as a name on the hub: {failed}") from failed
    what = "checkpoint" if format == "checkpoint" else "model"
    shipped = [
        name for name in (CHECKPOINTS if format == "checkpoint" else SHIPPED) if kind is None or kind in SHIPPED[name]
    ]
    raise error(
        f"there is no {what} '{text}'{did_you_mean(text, shipped)}; shipped: {', '.join(shipped)}; others by the path "
        "of a file or of a folder of save_pretrained, or as owner/name on the hub"
    )


def _in_folder(text: str, get: Callable[[str], Path], format: Format | None) -> ModelFile:
    """Return the file of a folder, here or on the hub, whose files ``get`` returns."""
    files = read_config(get(CONFIG))
    wanted: tuple[Format, ...] = ("onnx", "checkpoint") if format is None else (format,)
    for form in wanted:
        if (name := f"model{SUFFIXES[form]}") in files:
            found = ModelFile(text, get(name), form)
            if found.sha256 != files[name].lower():
                raise _other_file(found, CONFIG)
            return found
    raise (CheckpointError if format == "checkpoint" else ModelError)(
        f"'{text}' has no {' or '.join(f'model{SUFFIXES[form]}' for form in wanted)}, but "
        f"{', '.join(files) or 'nothing'}; write it again with save_pretrained, or give another model"
    )


def _wrong_format(
    name: str, format: Format, instead: str = "give the checkpoint (.safetensors) that it was exported from"
) -> ModelError:
    if format == "onnx":
        return CheckpointError(
            f"'{name}' is an exported model (.onnx), which is computed on the CPU and neither trained, calibrated, "
            f"adapted nor exported again; {instead}"
        )
    return ModelError(
        f"'{name}' is a checkpoint, not an exported model; load it with Recognizer.from_pretrained, or export it: "
        "aurora-resnet export"
    )


def _other_file(found: ModelFile, what: str) -> ModelError:
    return ModelError(
        f"{found.path} is not the file that {what} states (SHA-256 {found.sha256[:12]}...); fetch it again"
    )
