"""``aurora-resnet make-noisy``."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from typer import Option

from aurora_resnet.cli.outputs import check_folder
from aurora_resnet.cli.terminal import EngineOption, Workers, end_with
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.splits import with_test_speakers
from aurora_resnet.noisy_corpus.build import build_noisy_corpus
from aurora_resnet.noisy_corpus.plan import TEST_SNRS_DB
from aurora_resnet.noisy_corpus.word_strings import plan_strings, write_strings
from aurora_resnet.runtime.cli.terminal import tell
from aurora_resnet.runtime.errors import ConfigError, CorpusError

Speech = Annotated[list[str], Option(help="KIND:PATH of clean speech, as in fsdd:data/fsdd; may be repeated.")]
Noise = Annotated[
    Path,
    Option(
        help="Folder with one sub-folder a scene (subway or train, babble, car, exhibition, restaurant, street, "
        "airport, station), or with a scenes.toml that names what serves each."
    ),
]
TestSpeakers = Annotated[
    list[str] | None,
    Option(
        help="Speaker (as in fsdd/theo) to test on instead of the corpus's own split; the corpus's other speakers "
        "train. May be repeated."
    ),
]
Strings = Annotated[
    int | None,
    Option(
        help="Put so many strings of each split together from the single words, of one speaker each with pauses of "
        "0.05 to 0.5 s, and take them instead. Recordings of strings (as of an4-strings) are taken too.",
        min=1,
    ),
]
Seed = Annotated[int, Option(help="Seed of everything random; the same seed gives the same bytes.", min=0)]
Format = Annotated[Literal["raw", "flac"], Option(help="raw: headerless 16-bit .08, as Aurora-2.")]


def make_noisy(
    speech: Speech,
    noise: Noise,
    out: Annotated[Path, Option(help="Folder to write SPEECHDATA into.")],
    seed: Seed,
    sets: Annotated[str, Option(help="Test sets to build.")] = "A,B,C",
    snr: Annotated[str, Option(help="SNRs of the test sets in dB.")] = ",".join(map(str, TEST_SNRS_DB)),
    train: Annotated[bool, Option("--train", help="Build the training sets too.")] = False,
    test_speaker: TestSpeakers = None,
    strings: Strings = None,
    format: Format = "raw",
    engine: EngineOption = "local",
    workers: Workers = None,
) -> None:
    """Build clean and noisy test and training sets as Aurora-2 was built, from any speech and any noise.

    Writes Aurora-2's own tree (out/SPEECHDATA/TESTA/N1_SNR5/FAC_3A.08 ...) with a manifest of source, noise,
    offset and level of every file. An interrupted build goes on where it stopped. docs/protocol.md says what equals
    Aurora-2. Exit code 1 means that some recordings were skipped; each is named.

    \b
    Examples:
      aurora-resnet make-noisy --speech fsdd:data/fsdd --test-speaker fsdd/theo --noise data/noise --seed 1 --train \\
          --out data/noisy && aurora-resnet corpus aurora2:data/noisy
      aurora-resnet make-noisy --speech fsdd:data/fsdd --test-speaker fsdd/theo --noise data/noise --seed 1 \\
          --strings 200 --out data/noisy-strings
    """
    check_folder(out, "--out")
    test_speakers = set(test_speaker or ())
    corpora = []
    for name in speech:
        corpus = load_corpus(name)
        chosen = test_speakers & set(corpus.speakers)
        corpora.append(with_test_speakers(corpus, chosen) if chosen else corpus)
    merged: Corpus = corpora[0].merge(*corpora[1:])
    missing = test_speakers - set(merged.speakers)
    if missing:
        raise ConfigError(
            f"no corpus has the test speaker {', '.join(sorted(missing))}; give full ids, as in fsdd/theo"
        )
    if strings is not None:
        merged = _strings(merged, strings, out / "strings", seed, train)
    report = build_noisy_corpus(
        merged,
        noise,
        out,
        seed=seed,
        sets=_split(sets),
        snrs_db=_numbers(snr),
        train=train,
        format=format,
        engine=engine,
        workers=workers,
        progress=True,
    )
    typer.echo(f"{report.folder}: {report.written} files written, {report.already_there} were there")
    tell(f"manifest: {report.manifest}")
    end_with([f"skipped: {reason}" for reason in report.skipped])


def _strings(words: Corpus, count: int, folder: Path, seed: int, train: bool) -> Corpus:
    """Return strings of the single words of each split that is built, written into a folder, and the recorded ones."""
    single = words.filter(isolated=True)
    there = {utterance.split for utterance in single}
    splits = [split for split in ("train", "test") if split in there and (train or split == "test")]
    if not splits:
        raise CorpusError(f"{words.name}: no single words of a split to put together; label them with --test-speaker")
    parts = {split: plan_strings(single.filter(split=split), count, seed=seed) for split in splits}
    made = [write_strings(planned, folder / split) for split, planned in parts.items()]
    return made[0].merge(*made[1:], words.filter(lambda utterance: utterance.split in splits, isolated=False))


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in _split(text)]
    except ValueError:
        raise ConfigError(f"--snr takes whole numbers of dB with commas between them, got '{text}'") from None
