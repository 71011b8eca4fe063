"""``Pretrained``: what recognisers of words and of strings have in common, a model and where it comes from."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from .model_reference import CHECKPOINTS, AnyModel, Kind, added, resolve
from .models.facts import Facts
from .vocabulary import Vocabulary


class HasFacts(Protocol):
    """Any model."""

    @property
    def facts(self) -> Facts:
        """What there is to know of it."""


ModelT = TypeVar("ModelT", bound=HasFacts)


class Pretrained(Generic[ModelT]):
    """A recogniser with its model.

    Args:
        model: what computes.
    """

    kind: ClassVar[Kind]
    default_model: ClassVar[str]
    #: Loads an exported model.
    exported: ClassVar[Callable[..., Any]]

    def __init__(self, model: ModelT) -> None:
        self.model = model

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: AnyModel | None = None,
        *,
        device: str = "cpu",
        threads: int | None = None,
        revision: str | None = None,
        sha256: str | None = None,
        refused: float | None = None,
        trust_code: bool = False,
    ) -> Self:
        """Load a model.

        Args:
            name_or_path: a shipped model (of words ``"speech_encoder"``, ``"accurate"``, ``"resnet50"``, ``"compact"``;
                of strings ``"string_net"``, ``"speech_encoder"``), an exported file (``.onnx``), a checkpoint that
                ``Trainer`` or ``save_checkpoint`` wrote, a folder of ``save_pretrained``, or ``owner/name`` of a model
                on the Hugging Face hub, also as ``owner/name@revision``. Checkpoints and the hub need the whole
                package, not the runtime alone. By default the most accurate model that is shipped; on another device
                than the CPU ``"resnet50"``.
            device: where to compute. The exported models compute on the CPU; a shipped model, folder or name on the
                hub on another device is the checkpoint that was exported.
            threads: CPU threads that compute an answer. An exported model takes one if not told otherwise; torch has
                one number for the whole process, which ``None`` leaves alone.
            revision: branch, tag or commit, on the hub.
            sha256: of the file that is taken, in hexadecimal.
            refused: take the threshold that refuses this share of what held-out speakers say, 0.01, 0.025 or 0.05, of
                those stored with the model; its own threshold if not given.
            trust_code: as ``load_checkpoint``, for checkpoints.

        Raises:
            DownloadError: if the hub cannot be reached and nothing was kept, or has no such model.
            MissingDependencyError: for what only the whole package can, or the hub without its client.
            ModelError: if there is none of that name, or the file is missing, damaged, of the other kind or not one of
                ours.
            ConfigError: for a device that is not here, or a share for which no threshold is stored.
        """
        name: AnyModel = cls.default_model if name_or_path is None else name_or_path
        if name_or_path is None and device != "cpu" and cls.kind == "words":
            name = CHECKPOINTS[0]  # the default is computed on the CPU only
        file = resolve(name, kind=cls.kind, device=device, revision=revision, sha256=sha256)
        if file.format == "onnx":
            model = cls.exported(file.path, threads=threads or 1)
        else:
            load = added(cls.kind, f"'{file.path}' is a checkpoint, which")
            model = load(file, device=device, threads=threads, trust_code=trust_code)
        if refused is not None:
            model.facts = replace(model.facts, calibration=model.facts.calibration.at(refused))
        return cls(model)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model.facts.name}, {self.vocabulary!r})"

    @property
    def vocabulary(self) -> Vocabulary:
        """The words that the model knows."""
        return self.model.facts.vocabulary
