"""Words as text: enrolled from synthetic voices alone, and beside one, three and five recordings by people.

    python -m tools.measure.say        # espeak-ng and flite say the words; writes docs/records/own_words_say.json

Words, draws, test and columns are those of ``own_words``. The weight of a person's recording was compared on the
commands' test; the rarer words chose nothing.
"""

import tempfile
from pathlib import Path

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.files import write_json
from aurora_resnet.runtime.cli.terminal import exit_with
from aurora_resnet.teaching.encoder import Encoder
from aurora_resnet.teaching.negatives import load_bank
from aurora_resnet.teaching.synthetic import say
from tools.measure.own_words import COMMANDS, RARE, embed_talk, enrol_and_test, read_words, some_of_each
from tools.measure.plan import read_plan
from tools.measure.records import Record, header

RECORD = Path("docs/records/own_words_say.json")
PEOPLE, SEEDS = (0, 1, 3, 5), 3


def measure(name: str, chosen: tuple[str, ...], data: Path, encoder: Encoder) -> list[Record]:
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
                        print(rows[-1], flush=True)
        return rows


def main() -> None:
    """Measure and write the record."""
    data, encoder = Path(read_plan().data), Encoder()
    rows = [*measure("commands", COMMANDS, data, encoder), *measure("rare", RARE, data, encoder)]
    write_json({"kind": "own_words_say", "rows": rows, **header()}, RECORD, indent=1)


if __name__ == "__main__":
    exit_with(main)
