"""A recipe: from data to the weights that ship, as a TOML file; those of the shipped models are in ``recipes``."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aurora_resnet.bounds import configuration
from aurora_resnet.config_files import from_mapping, read_toml
from tools.ship.speech_unit import SpeechFit
from tools.ship.string_point import StringPoint
from tools.ship.word_point import WordPoint

RECIPES = Path(__file__).with_name("recipes")


@dataclass(frozen=True, kw_only=True)
class Data:
    """Recordings to make: speech, near words, talk.

    Attributes:
        command: module and arguments, run as ``python -m``. What it made before it leaves alone.
        revision: of this repository whose programs run, where later ones lack them.
    """

    command: tuple[str, ...]
    revision: str | None = None


@configuration(kw_only=True)
class Stage:
    """Weights: trained, with a unit for speech, taken from history, read back from an exported model, or a mean; one of these.

    Attributes:
        name: by which later stages name it.
        train: changes of the training file, ``section.key=value``.
        speech: fits the unit that tells speech from other sounds to the weights of the stage ``init``.
        init: with train or speech: the stage, shipped name or checkpoint to begin with.
        encoder: with train: the stage whose encoder it begins with, whatever head that has.
        model: with train: of the training file, if not the recipe's; ``config`` likewise.
        teacher: with train: the one that teaches.
        last: with train: take the average of the weights at the end, not the best epoch.
        git: ``COMMIT:PATH`` of a file in this repository's history; a checkpoint, or an exported model to read back.
        sha256: of that file.
        mean: stages; one that is named twice counts twice.
    """

    name: str
    train: tuple[str, ...] | None = None
    speech: SpeechFit | None = None
    init: str | None = None
    encoder: str | None = None
    model: str | None = None
    config: str | None = None
    teacher: str | None = None
    last: bool = False
    git: str | None = None
    sha256: str | None = None
    mean: tuple[str, ...] = ()

    def _misfits(self) -> Iterator[str]:
        if (self.train is not None) + (self.speech is not None) + (self.git is not None) + bool(self.mean) != 1:
            yield "one of train, speech, git and mean is needed"
        if (self.git is None) != (self.sha256 is None):
            yield "git and sha256 belong together"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Measurements of a plan of ``tools.measure``: their recordings, with the weights of this recipe.

    Attributes:
        weights: measurement of the checkpoint, for the card.
        exported: measurement of the exported model.
        strings: of a model of words and strings, measurement of its strings.
        plan: the file; the package's by default.
        quick: whether to measure a little of it.
    """

    weights: str
    exported: str
    strings: str | None = None
    plan: str | None = None
    quick: bool = False


@configuration(kw_only=True)
class Recipe:
    """All of it.

    Attributes:
        name: of the shipped model.
        config: the training file.
        model: of the training file; its own by default.
        data: what is made first.
        set: changes of the training file for all stages.
        stages: weights, one after the other; those of the last one ship.
        words: the operating point of a model of single words.
        strings: that of a model of strings.
        string_stage: where both are given, the stage of the strings; the words are those of the last one, and both go into
            one exported file.
        half: whether the checkpoint has float16 weights.
        recordings: to quantise and check with, beside the sample words.
        measure: what is measured.
    """

    name: str
    config: str
    model: str | None = None
    data: tuple[Data, ...] = ()
    set: tuple[str, ...] = ()
    stages: tuple[Stage, ...]
    words: WordPoint | None = None
    strings: StringPoint | None = None
    string_stage: str | None = None
    half: bool = True
    recordings: tuple[str, ...] = ()
    measure: Measured

    def _misfits(self) -> Iterator[str]:
        if self.words is None and self.strings is None:
            yield "words or strings says how the operating point is chosen"
        if (self.words is not None and self.strings is not None) != (self.string_stage is not None):
            yield "words, strings and string_stage belong together"
        names = [stage.name for stage in self.stages]
        for number, stage in enumerate(self.stages):
            yield from (
                f"stage {stage.name}: there is no stage {n} before" for n in stage.mean if n not in names[:number]
            )
        if not any(stage.train is not None for stage in self.stages):
            yield "no stage trains"


def read_recipe(path: str | Path) -> Recipe:
    """Read a recipe.

    Raises:
        ConfigError: names everything that is wrong in it.

    >>> read_recipe(RECIPES / "compact.toml").name
    'compact'
    """
    return from_mapping(Recipe, read_toml(path), str(path))
