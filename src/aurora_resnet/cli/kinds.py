"""Options that only models of one kind have: of single words, or of strings."""

from collections.abc import Mapping

from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_reference import Kind

CALLED: Mapping[Kind, str] = {"words": "a model of single words", "strings": "a model of strings"}
#: Options of single words; the rest are of strings.
OF_WORDS = ("figure", "misses", "words_refused", "negatives_accepted")


def options_of(kind: Kind, **options: object) -> dict[str, object]:
    """Return the options that models of a kind have, by their names in Python.

    Args:
        kind: of the model.
        **options: options of one kind alone; ``None`` where one is not given.

    Raises:
        ConfigError: if one is given that belongs to models of the other kind.

    >>> options_of("strings", figure=None, false_per_hour=60.0)
    {'false_per_hour': 60.0}
    >>> options_of("words", false_per_hour=60.0)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: --false-per-hour cannot be used with a model of single words; ...
    """
    own = {}
    for name, value in options.items():
        belongs: Kind = "words" if name in OF_WORDS else "strings"
        if belongs == kind:
            own[name] = value
        elif value is not None:
            option = f"--{name.replace('_', '-')}"
            raise ConfigError(f"{option} cannot be used with {CALLED[kind]}; it is for {CALLED[belongs]}")
    return own
