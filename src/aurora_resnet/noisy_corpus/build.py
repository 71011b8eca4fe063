"""Build noisy speech as Aurora-2 was built, from any speech and any noise.

What equals Aurora-2 and what differs is told in ``docs/protocol.md``.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from aurora_resnet.audio.channels import CHANNEL_RATE
from aurora_resnet.audio.writing import write_audio
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.corpora.splits import check_speakers_disjoint
from aurora_resnet.engines.engine import Engine, create_engine
from aurora_resnet.files import locked_folder
from aurora_resnet.noisy_corpus import plan
from aurora_resnet.noisy_corpus.babble import talker_babble
from aurora_resnet.noisy_corpus.names import name_utterances
from aurora_resnet.noisy_corpus.records import BuildRecords
from aurora_resnet.noisy_corpus.scenes import NoiseScenes, read_noise_scenes, recording_digests
from aurora_resnet.noisy_corpus.writer import SUFFIXES, FileFormat, NoisyFile, NoisyFileWriter, SceneNoise
from aurora_resnet.progress import progress_bar
from aurora_resnet.runtime.errors import ConfigError, CorpusError

BABBLE_SECONDS = 120.0
_CHUNK = 16  # files that a worker makes at a time


@dataclass(frozen=True)
class BuildReport:
    """What a build did.

    Attributes:
        folder: the folder SPEECHDATA, for ``read_aurora2``.
        manifest: the CSV file with a row per file.
        written: files made now.
        already_there: files of an earlier build that were kept.
        skipped: what was left out, each with the path and the reason.
    """

    folder: Path
    manifest: Path
    written: int
    already_there: int
    skipped: tuple[str, ...]


def build_noisy_corpus(
    speech: Corpus,
    noise: str | Path | NoiseScenes,
    out: str | Path,
    *,
    seed: int,
    sets: Sequence[str] = ("A", "B", "C"),
    snrs_db: Sequence[float] = plan.TEST_SNRS_DB,
    train: bool = False,
    format: FileFormat = "raw",
    engine: str = "local",
    workers: int | None = None,
    progress: bool = False,
) -> BuildReport:
    """Write the tree of Aurora-2 (``out/SPEECHDATA/TESTA/N1_SNR5/FAC_3A.08``) from clean speech and noise.

    A build that was stopped goes on where it was when it is called again: files that are complete are kept. Sets, SNRs
    and training may be added to a tree later; seed, speech, noise and format must stay. A file depends on the seed and
    its own name alone, not on the order of the corpus, the number of workers or what else is built.

    Args:
        speech: recordings of the splits ``"train"`` and ``"test"``, each of a known speaker, all to be used at their
            full length. ``with_test_speakers`` makes a split by speaker.
        noise: the folder (or TOML file) of ``read_noise_scenes``, or its result.
        out: the folder that holds SPEECHDATA.
        seed: 0 or more.
        sets: test sets, of A, B and C.
        snrs_db: of the test sets, whole numbers; clean speech is always built. Training always has 20, 15, 10 and 5.
        train: build TRAIN too.
        format: ``"raw"`` (headerless 16-bit ``.08``, big-endian as on the CDs) or ``"flac"``.
        engine: ``"local"`` (processes) or ``"ray"``; the machines of a cluster must see speech, noise and ``out`` under
            the same paths.
        workers: of the engine, as many as processors if None; 1 works in this process. More than 1 in a script need the
            usual ``if __name__ == "__main__":``.
        progress: show a bar on a terminal.

    Returns:
        What was written and what was skipped.

    Raises:
        SpeakerLeakError: if a speaker stands in training and test.
        CorpusError: if a noise of set B occurs in training, a scene or speech is missing, a speaker is unknown, or a
            file cannot be written, or if another build works in the folder.
        ConfigError: for a bad argument, or other settings than those the tree was begun with.
        AudioError: for an unreadable noise.

    >>> from aurora_resnet.corpora.samples import read_samples, sample_noises
    >>> import tempfile
    >>> noise = NoiseScenes({"subway": (sample_noises()["pink"],), "street": (sample_noises()["hum"],)})
    >>> voices = read_samples().filter(split="test", speakers="samples/espeak-en-belinda")
    >>> report = build_noisy_corpus(voices, noise, tempfile.mkdtemp(), seed=1, sets="C", snrs_db=[5], workers=1)
    >>> report.written, sorted(path.name for path in (report.folder / "TESTC").iterdir())
    (24, ['CLEAN1', 'CLEAN2', 'N1_SNR5', 'N2_SNR5'])
    """
    letters, snrs = plan.check_sets(sets), plan.check_snrs(snrs_db)
    _check_arguments(seed, bool(letters) or train, format)
    hands = create_engine(engine, workers=workers)
    usable, skipped = _usable(speech)
    parts = {
        split: replace(usable, utterances=tuple(u for u in usable if u.split == split)) for split in ("train", "test")
    }
    check_speakers_disjoint(training=parts["train"], test=parts["test"])
    named = name_utterances(usable)
    chosen = {split: [one for one in named if one.utterance.split == split] for split in parts}
    for split, wanted in (("train", train), ("test", bool(letters))):
        if wanted and not chosen[split]:
            raise CorpusError(f"{speech.name}: no recording of the split '{split}'; label it with with_test_speakers")

    scenes = noise if isinstance(noise, NoiseScenes) else read_noise_scenes(noise)
    needed = plan.scenes_needed(letters, train)
    scenes.check_needed(needed)
    digests = recording_digests(scenes)
    scenes.check_unseen(digests)
    planned = chain(
        plan.plan_training(chosen["train"], seed) if train else (),
        plan.plan_tests(chosen["test"], seed, letters, snrs) if letters else (),
    )
    files = [NoisyFile(folder, one) for folder, named_in_it in planned for one in named_in_it]

    out = Path(out)
    with locked_folder(out, CorpusError(f"another build works in {out}; wait for its end, or build elsewhere")):
        records = BuildRecords(out / "SPEECHDATA")
        in_order = tuple(one.utterance for one in named)  # the digest does not depend on the order of the corpus
        settings = {"seed": seed, "speech": replace(usable, utterances=in_order).digest(), "file_format": format}
        settings |= {"byte_order": "big"} if format == "raw" else {}
        records.begin(settings, {scene: _scene_digest(scenes, scene, digests) for scene in needed})
        paths = {
            scene: scenes.recordings.get(scene) or _babble(out, scene, scenes, parts["train"], seed) for scene in needed
        }
        noises = {scene: SceneNoise.of(found) for scene, found in paths.items()}
        writer = NoisyFileWriter(records.home, seed, noises, format)
        written, kept, failures = _build(writer, files, records, hands, progress)
        records.write_manifest()
        skipped += [reason if count == 1 else f"{reason} (in {count} files)" for reason, count in failures.items()]
        return BuildReport(records.home, records.manifest, written, kept, tuple(skipped))


def _check_arguments(seed: int, anything: bool, file_format: str) -> None:
    if seed < 0:
        raise ConfigError(f"the seed must be 0 or more, got {seed}")
    if not anything:
        raise ConfigError("nothing to build: name a test set (A, B, C) or ask for training")
    if file_format not in SUFFIXES:
        raise ConfigError(f"the format must be 'raw' or 'flac', got '{file_format}'")


def _usable(speech: Corpus) -> tuple[Corpus, list[str]]:
    """Return the recordings that have words and a split, and why the rest is skipped."""
    twice = [path for path, count in Counter(utterance.path for utterance in speech).items() if count > 1]
    if twice:
        raise CorpusError(f"{speech.name}: {len(twice)} recordings stand there twice, the first is {twice[0]}")
    skipped = list(speech.problems)
    kept = []
    for utterance in speech:
        if utterance.split not in ("train", "test"):
            skipped.append(f"{utterance.path}: expected the split train or test, it has '{utterance.split}'")
        elif not utterance.words:
            skipped.append(f"{utterance.path}: it has no word")
        else:
            kept.append(utterance)
    return replace(speech, utterances=tuple(kept)), skipped


def _scene_digest(scenes: NoiseScenes, scene: str, digests: dict[Path, str]) -> str:
    if scene not in scenes.recordings:
        return f"babble of {scenes.talkers[scene]} training speakers, {BABBLE_SECONDS:g} s"
    return hashlib.sha256("\n".join(digests[path] for path in scenes.recordings[scene]).encode()).hexdigest()


def _babble(out: Path, scene: str, scenes: NoiseScenes, training: Corpus, seed: int) -> tuple[Path, ...]:
    """Make the noise of a scene out of the training speakers' words, unless it is there."""
    path = out / "noise" / f"{scene}.flac"
    if not path.is_file():
        digest = hashlib.sha256(f"{seed}/noise/{scene}".encode()).digest()
        generator = np.random.default_rng(int.from_bytes(digest, "big"))
        talkers = scenes.talkers[scene]
        babble = talker_babble(
            training, talkers=talkers, seconds=BABBLE_SECONDS, sample_rate=CHANNEL_RATE, generator=generator
        )
        write_audio(babble, path, CHANNEL_RATE)
    return (path,)


def _build(
    writer: NoisyFileWriter, files: Sequence[NoisyFile], records: BuildRecords, engine: Engine, progress: bool
) -> tuple[int, int, Counter[str]]:
    """Make all files; return how many were written, how many were there, and the reasons of the failures."""
    done = records.resume()
    todo = [file for file in files if writer.path(file) not in done]
    kept, written = len(files) - len(todo), 0
    failures: Counter[str] = Counter()
    chunks = (todo[start : start + _CHUNK] for start in range(0, len(todo), _CHUNK))
    with progress_bar(total=len(files), initial=kept, desc="noisy speech: ", unit="file", show=progress) as bar:
        for outcome in engine.run(partial(getattr, writer, "write_all"), chunks):
            if outcome.result is None:
                place = outcome.piece[0].folder.path
                raise CorpusError(f"files of {place}: {outcome.lost}; run again to continue, with fewer workers")
            utterances = [result for result in outcome.result if isinstance(result, Utterance)]
            failures.update(result for result in outcome.result if isinstance(result, str))
            records.append(utterances)
            written += len(utterances)
            bar.update(len(outcome.result))
    return written, kept, failures
