"""One table from model names to their builders, to which other packages add theirs.

Three ways lead to a model of your own: ``register_model``, an entry point of the group ``aurora_resnet.models`` in
the package that brings it, and the reference ``package.module:Class`` itself as the name.
"""

import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from aurora_resnet.models.cnn import CnnClassifier, CnnLstmClassifier
from aurora_resnet.models.compact import CompactResNet
from aurora_resnet.models.interface import SpeechClassifier, StringClassifier
from aurora_resnet.models.plain_module import PlainModule
from aurora_resnet.models.recurrent import RecurrentClassifier
from aurora_resnet.models.resnet import ResidualSpeechNet
from aurora_resnet.models.resnet_attention import ResNetAttention, ResNetTransformer
from aurora_resnet.models.speech_encoder import SpeechEncoder, StringEncoder
from aurora_resnet.models.string_net import StringNet
from aurora_resnet.references import entry_points_of, origin_of
from aurora_resnet.registry import named, register, unknown
from aurora_resnet.runtime.errors import AuroraError, ConfigError, did_you_mean

#: Entry points of other packages: the name of a model, and its builder.
GROUP = "aurora_resnet.models"


@dataclass(frozen=True)
class ZooEntry:
    """A model of the zoo: class, options that its name fixes, one line about it."""

    build: Callable[..., nn.Module]
    fixed: dict[str, object]
    summary: str

    @property
    def strings(self) -> bool:
        """Whether it gives logits for frames, to be trained on strings of words."""
        return isinstance(self.build, type) and issubclass(self.build, StringClassifier)


ZOO: dict[str, ZooEntry] = {
    "resnet50": ZooEntry(ResidualSpeechNet, {}, "ImageNet ResNet-50, stages 1-3 (4 as an option)"),
    "resnet_attention": ZooEntry(ResNetAttention, {}, "the same stages with attention pooling over time"),
    "resnet_transformer": ZooEntry(ResNetTransformer, {}, "the same stages and a transformer encoder over time"),
    "compact": ZooEntry(CompactResNet, {}, "small residual network, half a million parameters"),
    "speech_encoder": ZooEntry(SpeechEncoder, {}, "Whisper's encoder and a head for words; front end whisper"),
    "cnn": ZooEntry(CnnClassifier, {}, "three convolution blocks"),
    "lstm": ZooEntry(RecurrentClassifier, {"bidirectional": False}, "two LSTM layers"),
    "bilstm": ZooEntry(RecurrentClassifier, {"bidirectional": True}, "two bidirectional LSTM layers"),
    "cnn_lstm": ZooEntry(CnnLstmClassifier, {}, "two convolution blocks and an LSTM layer"),
    "string_net": ZooEntry(StringNet, {}, "strings of words: causal convolutions with CTC"),
    "string_encoder": ZooEntry(StringEncoder, {}, "strings of words: Whisper's encoder with CTC; front end whisper"),
}


BUILT_IN = frozenset(ZOO)


def register_model(name: str, builder: Callable[..., nn.Module], *, summary: str = "") -> None:
    """Make a classifier known under a name, for ``create_model``, training files and checkpoints.

    Args:
        name: not taken yet.
        builder: a class or a function that takes ``n_mels`` and ``num_classes`` besides its own options, all with
            defaults but these two. What it gives is a ``SpeechClassifier`` or any module from features to logits, see
            ``PlainModule``; a subclass of ``StringClassifier`` is a model of strings.
        summary: a line about it.

    Raises:
        ConfigError: if the name is taken or empty, or the builder lacks one of the two arguments.

    >>> register_model("cnn", CnnClassifier)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: a model needs a name of its own, got 'cnn'
    """
    register(ZOO, "model", name, _entry(name, builder, summary))


def list_models(*, strings: bool | None = False) -> tuple[str, ...]:
    """Return the names that ``create_model`` knows: models of single words, of strings of words, or (``None``) both.

    >>> list_models(strings=True)
    ('string_net', 'string_encoder')
    >>> list_models()
    ('resnet50', 'resnet_attention', 'resnet_transformer', 'compact', 'speech_encoder', 'cnn', 'lstm', ...)
    """
    here = (name for name, entry in ZOO.items() if strings in (None, entry.strings))
    return tuple(dict.fromkeys((*here, *(() if strings else entry_points_of(GROUP)))))


def model_options(name: str) -> tuple[str, ...]:
    """Return the options that a model takes.

    >>> model_options("cnn")
    ('dropout', 'hidden', 'num_classes', 'n_mels')
    """
    entry = find_model(name)
    return tuple(key for key in inspect.signature(entry.build).parameters if key not in entry.fixed)


def create_model(name: str, **options: object) -> SpeechClassifier:
    """Build a classifier by name.

    Args:
        name: one of ``list_models()``, or ``package.module:Class``.
        options: arguments of its class, such as ``dropout=0.3`` or ``weights="imagenet"``.

    Raises:
        ConfigError: for an unknown name, unknown options (all named at once) or options of a wrong type.

    >>> create_model("lstm", cells=32)(torch.zeros(1, 64, 101)).shape
    torch.Size([1, 11])
    """
    entry = find_model(name)
    known = model_options(name)
    unknown = [f"'{key}'{did_you_mean(key, known)}" for key in options if key not in known]
    if unknown:
        raise ConfigError(f"model '{name}' has no option {', '.join(unknown)}; options: {', '.join(known)}")
    try:
        built = entry.build(**entry.fixed, **options)
        if isinstance(built, SpeechClassifier):
            return built
        sizes = {key: options.get(key) for key in ("n_mels", "num_classes")}
        if not all(isinstance(size, int) for size in sizes.values()):
            raise ConfigError("a model of your own is created with n_mels and num_classes")
        return PlainModule(built, **sizes)  # type: ignore[arg-type]
    except (AuroraError, MemoryError):
        raise
    except Exception as error:  # a string for a number, from a training file; whatever another package raises
        raise ConfigError(f"model '{name}' cannot be built with {options}: {error}") from error


@dataclass(frozen=True)
class ModelCost:
    """Size of a model.

    Attributes:
        parameters: number of trainable values.
        macs: multiply-accumulate operations for one clip.
    """

    parameters: int
    macs: int


def model_cost(model: SpeechClassifier, frames: int = 101) -> ModelCost:
    """Count parameters and multiply-accumulates of one clip of ``[n_mels, frames]``.

    Convolutions, matrix products and LSTM layers are counted, element-wise work is not.

    >>> model_cost(create_model("lstm")).parameters
    249355
    """
    from torch.utils.flop_counter import FlopCounterMode  # a second, which only those who count should wait for

    was_training = model.training
    device = next(model.parameters()).device
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # switching oneDNN warns about Intel GPUs, whatever the device
        # Without oneDNN an LSTM falls apart into the matrix products that the counter sees.
        with torch.inference_mode(), torch.backends.mkldnn.flags(enabled=False), FlopCounterMode(display=False) as c:
            model.eval()(torch.zeros(1, model.n_mels, frames, device=device))
    model.train(was_training)
    return ModelCost(sum(p.numel() for p in model.parameters()), c.get_total_flops() // 2)


def unknown_model(name: str) -> list[str]:
    """Return what to say of a name that no model has, as a list that is empty otherwise.

    >>> unknown_model("cnn"), unknown_model("cmn")
    ([], ["unknown model 'cmn' (did you mean 'cnn'?), known: resnet50, ..."])
    """
    return unknown(find_model, name)


def model_origin(name: str) -> dict[str, str] | None:
    """Return where a model that is not built in lives, for checkpoints; ``None`` for those built in.

    >>> model_origin("cnn")
    """
    return None if name in BUILT_IN else origin_of(find_model(name).build)


def find_model(name: str) -> ZooEntry:
    """Return a model's builder, the options that its name fixes, and the line about it.

    Raises:
        ConfigError: if there is no such model, or what the name refers to cannot be imported.
    """
    found = named(ZOO, "model", name, kind=nn.Module, group=GROUP)
    return found if isinstance(found, ZooEntry) else _entry(name, found, f"from {getattr(found, '__module__', '')}")


def _entry(name: str, builder: object, summary: str) -> ZooEntry:
    """Return the entry of a builder that says by its arguments that it builds classifiers."""
    try:
        parameters = inspect.signature(builder).parameters if callable(builder) else {}
    except (TypeError, ValueError):
        parameters = {}
    missing = [option for option in ("n_mels", "num_classes") if option not in parameters]
    if missing or not callable(builder):
        raise ConfigError(f"model '{name}' must take {' and '.join(missing)} as arguments")
    return ZooEntry(builder, {}, summary)
