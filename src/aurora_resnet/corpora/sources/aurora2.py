"""Aurora-2, as its CDs hold it, and trees that the noisy-corpus builder writes in the same form.

Tree and file names: H.-G. Hirsch and D. Pearce, "The Aurora experimental framework for the performance
evaluation of speech recognition systems under noisy conditions", ISCA ITRW ASR2000.
"""

import re
from pathlib import Path

from aurora_resnet.corpora.checking import check_folder, read_table, visible
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.corpora.sources.byte_order import ByteOrder, detect_byte_order
from aurora_resnet.runtime.audio.sound_files import RawFormat
from aurora_resnet.runtime.errors import CorpusError
from aurora_resnet.runtime.vocabulary import DIGITS

SAMPLE_RATE = 8000

#: Aurora-2 / TIDigits file-name letters and the words they stand for.
AURORA_LETTERS: dict[str, str] = {"Z": "zero", "O": "oh"} | {str(d): DIGITS.words[d] for d in range(1, 10)}

#: The noises N1, N2, ... of each set.
SCENES: dict[str, tuple[str, ...]] = {
    "train-multi": ("subway", "babble", "car", "exhibition"),
    "a": ("subway", "babble", "car", "exhibition"),
    "b": ("restaurant", "street", "airport", "station"),
    "c": ("subway", "street"),
}

#: What the noisy-corpus builder writes beside the parts of a tree; it names the original speakers.
MANIFEST = "manifest.csv"

#: What the builder writes first.
SETTINGS = "settings.json"

_SETS = {"train": "train-multi", "testa": "a", "testb": "b", "testc": "c"}
_CONDITION = re.compile(r"clean(?P<clean>[1-4])|n(?P<noise>[1-4])_snr(?P<snr>-?[0-9]+)")
# The CDs have repetitions A and B; built trees go on with C, D, ..., without O and Z, which are words.
_NAME = re.compile(r"(?P<speaker>[FM][A-Z]{2})_(?P<words>[ZO1-9]+)(?P<repetition>[A-NP-Y]+)")
_HEADERLESS = ".08"
_WITH_HEADER = (".wav", ".flac")


def read_aurora2(root: str | Path, byte_order: ByteOrder | None = None) -> Corpus:
    """Read an Aurora-2 tree: ``SPEECHDATA/{TRAIN,TESTA,TESTB,TESTC}/{condition}/{file}.08``, in any case.

    Attributes of an utterance: ``set`` (train-clean, train-multi, a, b, c), ``snr_db`` (``"clean"`` or a
    whole number), ``noise`` and ``noise_index`` (the scene and its number in the set; of a clean file the
    scene of its part; none in train-clean), ``channel`` (g712, mirs), ``sex`` (f, m), ``repetition`` (A, B;
    in a built tree also further letters), ``aurora_speaker`` (the three letters of the name).
    Splits are ``"train"`` and ``"test"``. Strings have several words; ``filter(isolated=True)`` keeps single words.

    A speaker of Aurora-2 is ``aurora2/`` and the three letters. In a tree that ``build_noisy_corpus`` made the
    speakers are those of the speech it was made of (``fsdd/theo``), by its ``manifest.csv``, so that the same
    speaker is recognised in both corpora.

    What cannot be used does not end the reading: unexpected names, empty files, files of an odd number of bytes
    and speakers that the manifest lacks become ``Corpus.problems``. ``.wav`` and ``.flac`` files stand for
    ``.08`` files of the same name.

    Args:
        root: the folder ``SPEECHDATA`` or the one that holds it.
        byte_order: of the ``.08`` files; found out from the samples if None. ``Utterance.raw`` says which.

    Raises:
        CorpusError: if there is no such tree or no usable file in it, the byte order cannot be found out, or the
            manifest of a built tree cannot be read.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "speechdata" / "testa" / "n1_snr-5"
    >>> folder.mkdir(parents=True)
    >>> _ = (folder / "fac_z5a.08").write_bytes(bytes(16000))
    >>> clip = read_aurora2(folder.parents[2], byte_order="big")[0]
    >>> clip.words, clip.speaker, clip.attributes["noise"], clip.attributes["snr_db"]
    (('zero', 'five'), 'aurora2/FAC', 'subway', '-5')
    """
    root = check_folder(root, "the Aurora-2 folder")
    home, parts = _parts(root)
    found: list[tuple[Path, re.Match[str], str, dict[str, str]]] = []
    problems: list[str] = []
    for part in parts:
        for folder in visible(part):
            condition = _condition(part.name.lower(), folder.name.lower()) if folder.is_dir() else None
            if condition is None:
                problems.append(f"{folder}: expected a folder like CLEAN1 or N1_SNR5")
                continue
            split = "train" if part.name.lower() == "train" else "test"
            for path in visible(folder):
                match = _NAME.fullmatch(path.stem.upper())
                if problem := _problem(path, match):
                    problems.append(f"{path}: {problem}")
                elif match:
                    found.append((path, match, split, condition))
    headerless = [path for path, *_ in found if path.suffix == _HEADERLESS]
    raw = RawFormat(SAMPLE_RATE, byte_order or detect_byte_order(headerless)) if headerless else None
    if not found:
        listed = f"; {len(problems)} problems, the first: {problems[0]}" if problems else ""
        raise CorpusError(f"{root}: expected files like TESTA/N1_SNR5/FAC_13A.08, found none{listed}")
    speakers = _original_speakers(home, {match["speaker"] for _, match, *_ in found}, problems)
    utterances = []
    for path, match, split, condition in found:
        words, letters = tuple(AURORA_LETTERS[letter] for letter in match["words"]), match["speaker"]
        known = {"sex": letters[0].lower(), "repetition": match["repetition"], "aurora_speaker": letters}
        speaker, written = speakers.get(letters, f"aurora2/{letters}"), raw if path.suffix == _HEADERLESS else None
        utterances.append(Utterance(path, words, speaker, split, written, condition | known))
    return Corpus("aurora2", tuple(utterances), tuple(problems))


def _parts(root: Path) -> tuple[Path, list[Path]]:
    """Return the folder SPEECHDATA and its folders TRAIN, TESTA, TESTB and TESTC that are there, in this order."""
    children = [path for path in visible(root) if path.is_dir()]
    for home in [root, *(path for path in children if path.name.lower() == "speechdata")]:
        parts = [path for path in visible(home) if path.is_dir() and path.name.lower() in _SETS]
        if parts:
            return home, sorted(parts, key=lambda path: list(_SETS).index(path.name.lower()))
    raise CorpusError(f"{root}: expected SPEECHDATA with TRAIN, TESTA, TESTB or TESTC here, found none of them")


def _original_speakers(home: Path, letters: set[str], problems: list[str]) -> dict[str, str]:
    """Return who is behind the three letters, by the manifest of a built tree; note who is not in it."""
    files = {path.name.lower(): path for path in visible(home) if path.is_file()}
    unfinished = "the build was not finished and some speakers are unknown; run make-noisy again"
    if MANIFEST not in files:
        if SETTINGS in files:
            problems.append(f"{home / MANIFEST} is missing: {unfinished}")
        return {}
    manifest = files[MANIFEST]
    rows = read_table(manifest, "the manifest that make-noisy writes", ["speaker", "attribute.aurora_speaker"])
    speakers = {row["attribute.aurora_speaker"]: row["speaker"] for _, row in rows if row["speaker"]}
    if unnamed := sorted(letters - speakers.keys()):
        problems.append(f"{manifest} has no speaker {', '.join(unnamed)}: {unfinished}")
    return speakers


def _condition(part: str, folder: str) -> dict[str, str] | None:
    """Return the attributes that a folder's place stands for, None if there is no such condition."""
    name = _SETS[part]
    channel = "mirs" if name == "c" else "g712"
    if (part, folder) == ("train", "clean"):
        return {"set": "train-clean", "snr_db": "clean", "channel": channel}
    match = _CONDITION.fullmatch(folder)
    number = int(match["clean"] or match["noise"]) if match else 0
    if match is None or number > len(SCENES[name]):
        return None
    return {
        "set": name,
        "noise": SCENES[name][number - 1],
        "noise_index": str(number),
        "snr_db": str(int(match["snr"])) if match["noise"] else "clean",
        "channel": channel,
    }


def _problem(path: Path, match: re.Match[str] | None) -> str:
    """Return why a file cannot be used, or an empty string."""
    suffix = path.suffix.lower()
    if match is None or suffix not in (_HEADERLESS, *_WITH_HEADER) or not path.is_file():
        return "expected a file with a name like FAC_13A.08"
    size = path.stat().st_size
    if size == 0:
        return "the file is empty"
    if suffix == _HEADERLESS and size % 2:
        return f"expected 16-bit samples, got an odd number of bytes ({size})"
    return ""
