"""Recordings in one sub-folder for each word."""

import re
from pathlib import Path

from aurora_resnet.corpora.checking import check_folder, is_recording, raise_together, visible
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.runtime.vocabulary import check_word


def read_folder(folder: str | Path, speaker_pattern: str | None = None) -> Corpus:
    r"""Read a folder with one sub-folder of isolated recordings per word, named like the word in lower or upper case.

    A sub-folder whose name begins with an underscore (``_other``) holds recordings of none of the words.

    Without a pattern the whole folder counts as one speaker, named like the folder. That is safe within
    the folder, since one speaker is never split, but two folders of the same speakers count as two:
    give a pattern, or a manifest, where there are several speakers. Files that are no recordings, or are empty, and
    recordings beside the word folders become ``Corpus.problems``. Other files there (a licence) are passed over.

    Args:
        folder: holds the word folders, upper or lower case.
        speaker_pattern: regular expression whose first group, found in a file's name, is the speaker:
            ``"^([^_]+)_"`` takes what stands before the first underscore. It must match every name.

    Raises:
        CorpusError: if the folder is missing or without recordings, or listing the sub-folders whose names are no
            words, or the names that the pattern does not match.
        ConfigError: if the pattern is not a regular expression with a group.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "mine"
    >>> (folder / "Two").mkdir(parents=True)
    >>> _ = (folder / "Two" / "ann_1.wav").write_bytes(b"...")
    >>> read_folder(folder)[0].word, read_folder(folder)[0].speaker
    ('two', 'mine')
    >>> read_folder(folder, speaker_pattern="^([^_]+)_").speakers
    ('mine/ann',)
    """
    folder = check_folder(folder, "the folder of word folders")
    name = folder.resolve().name
    pattern = _compiled(speaker_pattern) if speaker_pattern is not None else None
    utterances: list[Utterance] = []
    problems = [f"{path}: lies in no word folder" for path in filter(is_recording, visible(folder))]
    wrong: list[str] = []
    for word_folder in filter(Path.is_dir, visible(folder)):
        try:
            words = () if word_folder.name[0] == "_" else (check_word(word_folder.name.lower(), "sub-folder"),)
        except ConfigError as error:
            wrong.append(str(error))
            continue
        for path in visible(word_folder):
            match = pattern.search(path.name) if pattern else None
            if not is_recording(path):
                reason = "its name does not end like that of a recording" if path.is_file() else "no regular file"
                problems.append(f"{path}: {reason}")
            elif path.stat().st_size == 0:
                problems.append(f"{path}: the file is empty")
            elif pattern and not (match and match[1]):
                wrong.append(f"{word_folder.name}/{path.name}: no speaker found by '{speaker_pattern}'")
            else:
                speaker = f"{name}/{match[1]}" if match else name
                utterances.append(Utterance(path, words, speaker))
    raise_together(folder, wrong)
    if not utterances:
        raise CorpusError(
            f"{folder}: expected a sub-folder of recordings for each word, named like it; found no recording"
        )
    return Corpus(name, tuple(utterances), tuple(problems))


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"speaker_pattern '{pattern}' is not a regular expression: {error}") from error
    if compiled.groups < 1:
        raise ConfigError(f"speaker_pattern '{pattern}' has no group; put the speaker in parentheses")
    return compiled
