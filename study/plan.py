"""Which trainings the study consists of: one TOML file a question."""

import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path

from aurora_resnet.config_files import from_mapping, read_toml
from aurora_resnet.runtime.errors import ConfigError, did_you_mean
from aurora_resnet.training.experiment import ExperimentConfig, read_experiment

FOLDER = Path(__file__).parent
BASE = FOLDER / "base.toml"


@dataclass(frozen=True)
class Variant:
    """What differs from ``base.toml``."""

    model: str = "resnet50"
    #: ``section.key=value``; ``{out}`` is the study's folder, ``{people}`` its list of people as seen from ``data.root``.
    set: tuple[str, ...] = ()
    #: Needs the weights that ``contrastive.py`` makes first.
    pretrain: bool = False
    #: What else the network is asked, see ``measures.py``: ``bands``, ``stages``.
    measures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """A question's file."""

    title: str
    seeds: tuple[int, ...]
    runs: Mapping[str, Variant]
    #: Of one core for a run, about.
    minutes: float
    #: Its ``set`` counts for all runs.
    all: Variant = field(default_factory=Variant)
    #: Whether the runs answer the test; what only tunes must not.
    tested: bool = True
    #: The training file that its runs change.
    base: str = BASE.name


@dataclass(frozen=True)
class Run:
    """One training of the study.

    >>> Run("q1_systems", "cnn-clean", 2, "cnn", ()).name
    'q1_systems/cnn-clean/seed2'
    """

    question: str
    variant: str
    seed: int
    model: str
    overrides: tuple[str, ...]
    pretrain: bool = False
    tested: bool = True
    measures: tuple[str, ...] = ()
    base: str = BASE.name
    minutes: float = 0.0

    @property
    def name(self) -> str:
        """What records and folders are called."""
        return f"{self.question}/{self.variant}/seed{self.seed}"

    def experiment(self, out: Path) -> ExperimentConfig:
        """Return the whole configuration."""
        roots = [json.loads(override[10:]) for override in self.overrides if override.startswith("data.root=")]
        root = roots[-1] if roots else read_toml(FOLDER / self.base)["data"]["root"]
        people = os.path.relpath(os.path.realpath(out / "people.csv"), os.path.realpath(root))  # either may be a link
        places = {"{out}": str(out), "{people}": people}
        overrides = tuple(
            reduce(lambda text, place: text.replace(*place), places.items(), override) for override in self.overrides
        )
        return read_experiment(
            FOLDER / self.base, self.model, overrides=(*overrides, f"training.seed={self.seed}"), trust_code=True
        )

    def command(self) -> str:
        """Return the command that repeats this run alone."""
        return f"python -m study --only {self.name} --again"


def questions() -> dict[str, Question]:
    """Return the questions by the name of their files, in order.

    Raises:
        ConfigError: names the file and everything that is wrong in it.
    """
    return {path.stem: from_mapping(Question, read_toml(path), str(path)) for path in sorted(FOLDER.glob("q*.toml"))}


def plan(
    only: Collection[str] = (), seeds: Collection[int] = (), changes: Mapping[str, object] | None = None
) -> list[Run]:
    """Return the runs, all questions' first seeds before the second ones.

    Args:
        only: questions, ``question/variant`` or whole run names; all if empty.
        seeds: seeds to run; those of the questions' files if empty.
        changes: values of every run instead of the files', such as ``{"training.epochs": 1}``.

    Raises:
        ConfigError: if ``only`` or ``seeds`` name something that is not there.
    """
    runs = [run for name, question in questions().items() for run in _runs(name, question, changes or {})]
    there = sorted({run.seed for run in runs})
    if foreign := sorted(set(seeds) - set(there)):
        raise ConfigError(f"the study has no seed {foreign[0]}; its files name {', '.join(map(str, there))}")
    runs = [run for run in runs if not seeds or run.seed in seeds]
    known = {part for run in runs for part in (run.question, f"{run.question}/{run.variant}", run.name)}
    for name in only:
        if name not in known:
            raise ConfigError(f"the study has no '{name}'{did_you_mean(name, known)}")
    chosen = [run for run in runs if not only or {run.question, f"{run.question}/{run.variant}", run.name} & set(only)]
    return sorted(chosen, key=lambda run: run.seed)  # sorting is stable: within a seed the questions' order


def one_of_each(runs: Iterable[Run]) -> list[Run]:
    """Return the first run of every question and of every model."""
    chosen: list[Run] = []
    for run in runs:
        if all(run.question != other.question for other in chosen) or all(run.model != other.model for other in chosen):
            chosen.append(run)
    return chosen


def _runs(name: str, question: Question, changes: Mapping[str, object]) -> Iterator[Run]:
    for seed in question.seeds:
        for variant, what in question.runs.items():
            last = tuple(
                f"{key}={json.dumps(value)}"
                for key, value in changes.items()
                if question.base != BASE.name or not key.startswith("data.strings.")
            )
            settings = (*question.all.set, *what.set, *last)
            about = what.pretrain, question.tested, what.measures, question.base, question.minutes
            yield Run(name, variant, seed, what.model, settings, *about)
