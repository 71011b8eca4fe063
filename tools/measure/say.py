"""Words as text: enrolled from synthetic voices alone, and beside one, three and five recordings by people.

espeak-ng and flite say the words. Words, draws, test and columns are those of ``own_words``. The weight of a person's
recording was compared on the commands' test; the rarer words chose nothing.
"""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.teaching.encoder import Encoder
from aurora_resnet.teaching.negatives import load_bank
from aurora_resnet.teaching.synthetic import say
from tools.measure.own_words import COMMANDS, RARE, embed_talk, enrol_and_test, read_words, some_of_each
from tools.measure.records import Job, Record, Settings, header

PEOPLE, SEEDS = (0, 1, 3, 5), 3


def jobs(settings: Settings) -> Iterator[Job]:
    """Yield what makes the record."""
    yield Job(settings.path("own_words_say.json"), partial(measure, settings))


def measure(settings: Settings) -> Record:
    """Return the record."""
    encoder, sets = Encoder(), {"commands": COMMANDS, "rare": RARE}
    rows = [row for name, words in sets.items() for row in enrol_said(name, words, settings.data, encoder)]
    return {"kind": "own_words_say", "rows": rows, **header(settings.device)}


def enrol_said(name: str, chosen: tuple[str, ...], data: Path, encoder: Encoder) -> list[Record]:
    """Enrol the words of a set with and without synthetic voices, and test them."""
    with tempfile.TemporaryDirectory() as folder:
        words = read_words(name, data, Path(folder))
        voices = say(chosen, Path(folder) / "said")
        bank = load_bank().without(words.named)
        talk = bank.project(embed_talk(data, encoder))
        rows = []
        for people in PEOPLE:
            for seed in range(SEEDS if people else 1):
                drawn = some_of_each(words.enrolling, chosen, people, seed)
                for said in (Corpus("none", ()), voices):
                    if len(said) or people > 1:
                        tested = enrol_and_test(words, drawn.merge(said), bank, encoder, talk)
                        del tested["fit_seconds"]  # some clips were computed before
                        rows.append(
                            {"set": name, "clips": people, "voices": len(said.speakers), "seed": seed, **tested}
                        )
        return rows
