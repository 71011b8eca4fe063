"""The sample recordings that the wheel carries: synthetic voices and synthetic noises.

``samples/README.md`` says by which engines they were made and under which licences. For demonstrations and tests; no
substitute for recordings of speakers.
"""

from functools import cache
from importlib import resources
from pathlib import Path

from aurora_resnet.corpora.checking import read_table
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.errors import CorpusError


def samples_folder() -> Path:
    """Return the folder of the installed sample recordings.

    >>> samples_folder().name
    'samples'
    """
    folder = Path(str(resources.files("aurora_resnet") / "samples"))
    if not (folder / "samples.csv").is_file():
        raise CorpusError(f"{folder}: expected the sample recordings here; install the wheel anew")
    return folder


def read_samples() -> Corpus:
    """Return the synthetic words: eleven words, each twice from every voice, 8 kHz.

    Speakers are called ``samples/<engine>-<voice>``; the split (``train``, ``test``) never divides a speaker.
    Attributes: ``engine``, ``voice``, ``sex`` (``f``, ``m``: what the engine says of its voice) and ``take``.

    Raises:
        CorpusError: if the installation lacks the recordings.

    >>> corpus = read_samples()
    >>> len(corpus), len(corpus.speakers), len(corpus.filter(split="test").speakers)
    (594, 27, 8)
    >>> corpus[0].word, corpus[0].speaker, corpus[0].attributes["take"]
    ('zero', 'samples/espeak-en-us-f1', '1')
    """
    return _read(samples_folder())


@cache
def _read(folder: Path) -> Corpus:
    attributes = ("engine", "voice", "sex", "take")
    columns = ("file", "word", "split", *attributes)
    utterances = []
    for _, row in read_table(folder / "samples.csv", "the list of samples", columns):
        path, speaker, known = folder / row["file"], f"samples/{row['voice']}", {name: row[name] for name in attributes}
        utterances.append(Utterance(path, (row["word"],), speaker, row["split"], attributes=known))
    return Corpus("samples", tuple(utterances))


def sample_noises() -> dict[str, Path]:
    """Return the synthetic noises by name: four seconds each, 8 kHz.

    ``babble`` is the sum of the train voices, so it is fair to mix it with the test voices.

    Raises:
        CorpusError: if the installation lacks the recordings.

    >>> sorted(sample_noises())
    ['babble', 'brown', 'hum', 'pink', 'white']
    """
    folder = samples_folder()
    rows = read_table(folder / "noise" / "noise.csv", "the list of noises", ["file"])
    return {Path(row["file"]).stem: folder / row["file"] for _, row in rows}
