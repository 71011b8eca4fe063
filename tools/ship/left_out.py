"""What a model is worth for people of a collection that its training did not have, each collection left out in turn.

    python -m tools.ship.left_out            # all collections; resumable, a record each in docs/records/left_out
    python -m tools.ship.left_out --only coswara

The training is the shipped one's with fewer epochs. Neither digits nor other words nor talk of the collection's people are
in it, nor in the choice of the operating point, which is the one of the shipped models: 2.5 % of held-out people's words
refused.
"""

import argparse
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.clips.clip_set import load_clips, load_negatives
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.files import write_json
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.cli.terminal import tell
from aurora_resnet.tasks.experiment import RECORD, run_experiment
from aurora_resnet.training.data import DataConfig, SoundFiles, Source, select
from aurora_resnet.training.experiment import ExperimentConfig
from aurora_resnet.training.state import BEST
from tools.measure.records import Record, header
from tools.measure.scores import negative_row, word_row
from tools.measure.sounds import wordless
from tools.ship.recipe import RECIPES, read_recipe
from tools.ship.stages import experiment
from tools.ship.word_point import WordPoint

MODEL = "speech_encoder"
EPOCHS = 5
PEOPLE = "manifest:data/voices/people.csv"
COLLECTIONS = {
    "speech_commands_v2": Source("manifest:data/voices/speech_commands_v2_digits.csv"),
    **{name: Source(PEOPLE, where={"collection": name}) for name in ("alphanumeric", "coswara", "speechocean")},
    "fsdd": Source("fsdd:../shared/data/fsdd"),
}
#: Negatives of a collection in a folder of their own.
OTHER_WORDS = {"speech_commands_v2": "../shared/data/speech_commands_v2_words"}
#: Collections of people who also say other words.
WITH_NEAR_WORDS = ("alphanumeric", "coswara")
RECORDS = Path("docs/records/left_out")


class LeftOut:
    """A collection, and what is left of data without its people.

    Args:
        name: one of ``COLLECTIONS``.
    """

    def __init__(self, name: str) -> None:
        self.source, self.other_words = COLLECTIONS[name], OTHER_WORDS.get(name)
        self.corpus = select(self.source, ".").filter(isolated=True)
        ids = {re.escape(speaker.removeprefix("people/")) for speaker in self.corpus.speakers}
        self.theirs = f"(^|_)({'|'.join(sorted(ids))})_"

    def sources(self, sources: Iterable[Source]) -> list[Source]:
        """Return sources of words without these people."""
        kept = [each for each in sources if each.corpus != self.source.corpus or self.source.where]
        return [self.source_without(each) if each.corpus == self.source.corpus else each for each in kept]

    def source_without(self, source: Source) -> Source:
        """Return one of many collections without these people."""
        there = load_corpus(source.corpus).filter(split=source.split).speakers
        return replace(source, without_speakers=tuple(sorted(set(there) & set(self.corpus.speakers))))

    def files(self, files: Iterable[SoundFiles]) -> tuple[SoundFiles, ...]:
        """Return sources of negatives without these people."""
        kept, rest = (each for each in files if each.folder != self.other_words), f"^(?!.*{self.theirs})"
        return tuple(replace(each, match=rest) if "data/voices/people_" in each.folder else each for each in kept)

    def data(self, data: DataConfig) -> DataConfig:
        """Return the data of a training without these people."""
        all_of = data.augment
        assert all_of is not None
        augment = replace(all_of, negatives=self.files(all_of.negatives), talk=self.files(all_of.talk))
        return replace(data, train=tuple(self.sources(data.train)), augment=augment)

    def point(self, point: WordPoint) -> WordPoint:
        """Return how the operating point is chosen without these people."""
        assert point.people is not None
        (people,) = self.sources((point.people,))
        return replace(point, people=people, near_words=self.files(point.near_words), talk=self.files(point.talk))

    def near_words(self) -> Corpus | None:
        """Return the letters and other near words that these people say."""
        folders = [SoundFiles(f"data/voices/people_words/{side}", match=self.theirs) for side in ("train", "held_out")]
        return wordless("near words", *folders) if self.source.where.get("collection") in WITH_NEAR_WORDS else None


def without(name: str, config: ExperimentConfig, point: WordPoint, run: Path) -> Record:
    """Train without a collection and return what the model reaches on it.

    Args:
        name: of the collection.
        config: the training with all.
        point: how its operating point is chosen.
        run: folder of the training.
    """
    left_out = LeftOut(name)
    config = replace(config, data=left_out.data(config.data))
    run_experiment(config, run, resume=True, progress=True)
    scoring = TorchModel(load_checkpoint(run / BEST).model)
    calibration, info = left_out.point(point).choose(scoring, config.data)
    digits = Answers.of(scoring, load_clips(left_out.corpus, scoring.facts))
    row = word_row(replace(digits, calibration=calibration))
    near = left_out.near_words()
    if near is not None:
        said = Answers.of(scoring, load_negatives(near, scoring.facts))
        row["near_words"] = negative_row(replace(said, calibration=calibration))
    return {
        "benchmark": "left_out",
        "collection": name,
        "model": config.model,
        "epochs": config.training.epochs,
        "speakers": len(left_out.corpus.speakers),
        "clean": {"left_out": row},
        **info,
        "seconds": json.loads((run / RECORD).read_text(encoding="utf-8"))["seconds"],
        **header(),
    }


def main() -> None:
    """Make the records that are missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=COLLECTIONS, default=COLLECTIONS, help="these collections")
    parser.add_argument("--runs", type=Path, default=Path("runs/left_out"), help="folder of the trainings")
    asked = parser.parse_args()
    recipe = read_recipe(RECIPES / f"{MODEL}.toml")
    words = recipe.stages[0]
    config = experiment(recipe, replace(words, train=(*(words.train or ()), f"training.epochs={EPOCHS}")), {})
    assert recipe.words is not None
    for name in asked.only:
        path = RECORDS / f"{MODEL}_without_{name}.json"
        if path.exists():
            tell(f"{path}: is there")
            continue
        tell(f"{name} is left out")
        write_json(without(name, config, recipe.words, asked.runs / name), path)


if __name__ == "__main__":
    main()
