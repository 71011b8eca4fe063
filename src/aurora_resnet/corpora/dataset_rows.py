"""Rows of the library *datasets*, or dictionaries like them, as a corpus of files."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.runtime.audio.recordings import open_recording
from aurora_resnet.runtime.errors import AudioError, CorpusError


def corpus_from_rows(
    rows: Iterable[Mapping[str, Any]],
    folder: str | Path,
    *,
    audio: str = "audio",
    word: str = "label",
    speaker: str | None = None,
    names: Sequence[str] = (),
    split: str = "",
) -> Corpus:
    """Write the recordings of rows into a folder and return them as a corpus, with a manifest beside them.

    Args:
        rows: each with a recording (anything that ``recognize`` takes, a decoder too) and its word.
        folder: gets a FLAC file a row and ``corpus.csv``, which ``manifest:folder/corpus.csv`` names.
        audio: column of the recording.
        word: column of the word: a text, or the number of a class in ``names``; an empty one is none of the words.
        speaker: column of the speaker, if there is one.
        names: of the classes, such as ``dataset.features["label"].names``.
        split: that all rows belong to.

    Raises:
        CorpusError: for a row without these columns or with a recording that cannot be used, naming its number.

    >>> import tempfile
    >>> row = {"audio": {"array": np.full(800, 0.5), "sampling_rate": 8000}, "label": 1, "who": 17}
    >>> corpus = corpus_from_rows([row], tempfile.mkdtemp(), speaker="who", names=("ja", "nein"))
    >>> corpus[0].word, corpus[0].speaker
    ('nein', '17')
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    utterances = []
    for number, row in enumerate(rows):
        missing = [column for column in (audio, word, speaker) if column is not None and column not in row]
        if missing:
            raise CorpusError(f"row {number} has no {', '.join(missing)}, but {', '.join(map(str, row))}")
        try:
            recording = open_recording(row[audio])
            samples = np.concatenate(list(recording.blocks()))
            # Other rows that were written here before keep their files.
            path = folder / f"{number:06d}_{hashlib.blake2b(samples.tobytes(), digest_size=4).hexdigest()}.flac"
            # Samples beyond full scale, as resampling makes them, would not fit the file.
            write_audio(samples / max(1.0, float(np.abs(samples).max())), path, recording.sample_rate, durable=False)
        except AudioError as error:
            raise CorpusError(f"row {number}: {error}") from error
        said = row[word] if isinstance(row[word], str) else dict(enumerate(names)).get(row[word])
        if said is None:
            raise CorpusError(f"row {number}: its word is {row[word]!r}; give the names of the classes (names=...)")
        who = "" if speaker is None else str(row[speaker])
        utterances.append(Utterance(path, (said,) if said else (), who, split))
    corpus = Corpus(folder.resolve().name, tuple(utterances))
    corpus.write_csv(folder / "corpus.csv")
    return corpus
