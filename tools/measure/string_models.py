"""Measurements of several models of strings, a record each."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from aurora_resnet.runtime.model_reference import ModelFile, resolve
from tools.measure.records import Job, Record, Settings


@dataclass(frozen=True, kw_only=True)
class StringModels(ABC):
    """All models of strings that a measurement is made of.

    Attributes:
        records: folder below that of the records.
        models: shipped names or files, by the name of the record.
    """

    records: str
    models: dict[str, str]
    #: Of the records' names.
    prefix: ClassVar[str] = ""

    def jobs(self, settings: Settings) -> Iterator[Job]:
        """Yield what makes the record of each model."""
        for name, model in self.models.items():
            file = resolve(model, kind="strings")
            path = settings.path(f"{self.records}/{self.prefix}{name}.json")
            yield Job(path, partial(self.measure, file, settings), file.sha256)

    @abstractmethod
    def measure(self, file: ModelFile, settings: Settings) -> Record:
        """Return the record of a model."""
