"""Front ends: the log-mel spectrogram of this library, or another package's."""

from collections.abc import Callable, Mapping
from typing import Protocol, cast, runtime_checkable

from torch import Tensor, nn

from aurora_resnet.features.mel import MelConfig, MelFrontend
from aurora_resnet.features.whisper import WhisperFrontend
from aurora_resnet.references import origin_of
from aurora_resnet.registry import named, register, unknown
from aurora_resnet.runtime.errors import AuroraError, ConfigError

#: Entry points of other packages: the name of a front end, and its builder.
GROUP = "aurora_resnet.frontends"

_FRONTENDS: dict[str, Callable[..., nn.Module]] = {"whisper": WhisperFrontend}


@runtime_checkable
class Frontend(Protocol):
    """What a front end promises; it is a ``torch.nn.Module`` from waveforms ``[B, N]`` to features ``[B, M, T]``.

    What a clip gives must not depend on the other clips of its batch.
    """

    @property
    def sample_rate(self) -> int:
        """Rate of the waveforms in Hz."""

    @property
    def bands(self) -> int:
        """Number ``M`` of bands."""

    def frames(self, samples: int) -> int:
        """Return the number ``T`` of frames of a waveform of so many samples."""

    def __call__(self, waveform: Tensor) -> Tensor:
        """Return the features."""


def register_frontend(name: str, builder: Callable[..., nn.Module]) -> None:
    """Make a front end known under a name, for training files and checkpoints.

    Args:
        name: not taken yet.
        builder: takes a ``MelConfig``, of which it uses what it likes but must keep the sample rate, and options of
            its own; gives a module that keeps ``Frontend``.

    Raises:
        ConfigError: if the name is taken or empty.
    """
    register(_FRONTENDS, "front end", name, builder)


def create_frontend(name: str | None, mel: MelConfig, options: Mapping[str, object] | None = None) -> MelFrontend:
    """Build a front end.

    Args:
        name: a registered one, an entry point's or ``package.module:Class``; ``None`` for ``MelFrontend``.
        mel: the sample rate, and what else the front end takes of it.
        options: arguments of its own.

    Returns:
        ``MelFrontend``, or another module that keeps ``Frontend``.

    Raises:
        ConfigError: if there is none of that name, or it does not keep the protocol.

    >>> create_frontend(None, MelConfig(sample_rate=8000)).bands
    64
    >>> create_frontend("gammatone", MelConfig(sample_rate=8000))
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: unknown front end 'gammatone', known: whisper, or package.module:Class
    """
    if name is None:
        return MelFrontend(mel)
    builder = frontend_builder(name)
    try:
        built = builder(mel, **(options or {}))
    except (AuroraError, MemoryError):
        raise
    except Exception as error:  # whatever another package raises
        raise ConfigError(f"front end '{name}' cannot be built with {dict(options or {})}: {error}") from error
    if not isinstance(built, nn.Module) or not isinstance(built, Frontend):
        raise ConfigError(f"front end '{name}' must be a torch.nn.Module with sample_rate, bands and frames(samples)")
    if built.sample_rate != mel.sample_rate:
        raise ConfigError(f"front end '{name}' works at {built.sample_rate} Hz, mel.sample_rate is {mel.sample_rate}")
    return cast(MelFrontend, built)


def frontend_builder(name: str) -> Callable[..., nn.Module]:
    """Return what builds a front end.

    Raises:
        ConfigError: if there is none of that name.
    """
    found: Callable[..., nn.Module] = named(_FRONTENDS, "front end", name, kind=nn.Module, group=GROUP)
    return found


def unknown_frontend(name: str | None) -> list[str]:
    """Return what to say of a name that no front end has, as a list that is empty otherwise.

    >>> unknown_frontend(None), unknown_frontend("gammatone")
    ([], ["unknown front end 'gammatone', known: whisper, or package.module:Class"])
    """
    return [] if name is None else unknown(frontend_builder, name)


def frontend_origin(name: str) -> dict[str, str]:
    """Return where a front end lives, for checkpoints."""
    return origin_of(frontend_builder(name))
