from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from scipy.signal import lfilter, resample_poly

from aurora_resnet.audio.channels import mirs
from aurora_resnet.audio.levels import active_speech_level
from aurora_resnet.audio.writing import write_audio
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.sources.aurora2 import read_aurora2
from aurora_resnet.corpora.splits import check_speakers_disjoint, with_test_speakers
from aurora_resnet.noisy_corpus.build import BuildReport, build_noisy_corpus
from aurora_resnet.noisy_corpus.records import BuildRecords
from aurora_resnet.noisy_corpus.writer import NoisyFile, NoisyFileWriter
from aurora_resnet.runtime.errors import AudioError, ConfigError, CorpusError, SpeakerLeakError
from aurora_resnet.runtime.vocabulary import DIGITS

Array = npt.NDArray[np.float64]
SCENES = ("train", "babble", "car", "exhibition", "restaurant", "street", "airport", "station")
SEED = 5


def vowel(generator: np.random.Generator, rate: int, seconds: float, level_db: float) -> Array:
    """A steady harmonic sound: all of it is active, so its active level is its RMS level."""
    t = np.arange(round(seconds * rate)) / rate
    pitch = generator.uniform(90, 220)
    harmonics = np.arange(1, 15)[:, np.newaxis]
    voice: Array = np.sum(np.sin(2 * np.pi * pitch * harmonics * t + generator.uniform(0, 6, harmonics.shape)), axis=0)
    return np.asarray(10 ** (level_db / 20) * voice / np.sqrt(np.mean(voice**2)))


def make_speech(folder: Path) -> Corpus:
    """Four speakers to train and two to test, 36 recordings of words and one string, at 8 and 16 kHz."""
    generator = np.random.default_rng(0)
    clips = []
    for speaker, (sex, split) in enumerate([("f", "train"), ("m", "train")] * 2 + [("f", "test"), ("m", "test")]):
        rate = 8000 if speaker % 2 else 16_000
        for number in range(6):
            words = (DIGITS.words[number], "oh") if number == 5 else (DIGITS.words[number // 2],)
            path = folder / f"speaker{speaker}" / f"{number}.wav"
            sound = vowel(generator, rate, generator.uniform(0.25, 0.6), generator.uniform(-30, -20))
            write_audio(sound, path, rate)
            clips.append(Utterance(path, words, f"mine/{speaker}", split, attributes={"gender": sex}))
    return Corpus("mine", tuple(clips))


def make_noise(folder: Path) -> Path:
    generator = np.random.default_rng(1)
    for place, scene in enumerate(SCENES):
        for number, seconds in enumerate((2.0, 0.2)):  # the second is shorter than any word
            rate = 8000 if place % 2 else 16_000
            noise = lfilter([1], [1, -0.1 * place], generator.standard_normal(round(seconds * rate)))
            write_audio(0.05 * noise, folder / scene / f"{number}.wav", rate)
    return folder


def rows(report: BuildReport) -> list[dict[str, str]]:
    with report.manifest.open(newline="") as stream:
        return list(csv.DictReader(stream))


def contents(report: BuildReport) -> dict[str, bytes]:
    files = sorted(path for path in report.folder.rglob("*") if path.is_file())
    return {path.relative_to(report.folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return make_speech(tmp_path_factory.mktemp("speech"))


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_noise(tmp_path_factory.mktemp("noise"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, speech: Corpus, noise: Path) -> BuildReport:
    return build_noisy_corpus(speech, noise, tmp_path_factory.mktemp("built"), seed=SEED, train=True, workers=1)


def small(speech: Corpus, noise: Path, out: Path, **changes: object) -> BuildReport:
    """Build set C at two SNRs: 18 files."""
    settings: dict[str, object] = {"seed": SEED, "sets": "C", "snrs_db": (5, 0), "workers": 1}
    return build_noisy_corpus(speech, noise, out, **(settings | changes))  # type: ignore[arg-type]


def test_the_tree_is_that_of_aurora_2(built: BuildReport) -> None:
    counts = Counter(path.parent.relative_to(built.folder).as_posix() for path in built.folder.rglob("*.08"))
    assert len(counts) == 21 + 28 + 28 + 14
    assert counts["TRAIN/CLEAN"] == 24
    multi = {name: count for name, count in counts.items() if name.startswith("TRAIN/") and name != "TRAIN/CLEAN"}
    assert (sum(multi.values()), set(multi.values())) == (24, {1, 2})
    assert {count for name, count in counts.items() if name.startswith("TEST")} == {3}
    assert (built.written, built.already_there, built.skipped) == (24 + 24 + 70 * 3, 0, ())


def test_the_reader_takes_the_tree_as_it_is_and_the_manifest_agrees_with_it(built: BuildReport, speech: Corpus) -> None:
    corpus = read_aurora2(built.folder.parent)
    assert corpus.problems == ()
    assert {u.raw.byte_order for u in corpus if u.raw} == {"big"}
    manifest = load_corpus(f"manifest:{built.manifest}")
    assert len(manifest) == len(corpus) == built.written
    told = {u.path: u for u in manifest}
    ids: dict[str, set[str]] = {}
    by_source = {u.path.as_posix(): u for u in speech}
    for read in corpus:
        row = told[read.path]
        assert (read.words, read.split, read.raw) == (row.words, row.split, row.raw)
        assert dict(read.attributes) == {name: row.attributes[name] for name in read.attributes}
        source = by_source[row.attributes["source"]]
        assert (source.words, source.speaker, source.split) == (row.words, row.speaker, row.split)
        assert source.attributes["gender"] == read.attributes["sex"]
        ids.setdefault(read.attributes["aurora_speaker"], set()).add(row.speaker)
        assert read.speaker == row.speaker
    assert sorted(map(len, ids.values())) == [1] * 6


def test_a_leak_between_a_built_tree_and_its_speech_is_seen(built: BuildReport, speech: Corpus) -> None:
    tree = load_corpus(f"aurora2:{built.folder.parent}")
    assert tree.speakers == speech.speakers
    with pytest.raises(SpeakerLeakError, match="4 speakers stand in both train and test: mine/0, mine/1, mine/2"):
        check_speakers_disjoint(train=speech, test=tree.filter(split="train"))
    check_speakers_disjoint(train=speech.filter(split="train"), test=tree.filter(split="test"))


def test_words_without_a_letter_are_named_before_anything_is_written(
    tmp_path: Path, speech: Corpus, noise: Path
) -> None:
    other = replace(speech, utterances=(replace(speech[0], words=("turn on",)), *speech.utterances[1:]))
    with pytest.raises(CorpusError, match="have no letter for turn on; keep recordings of zero"):
        small(other, noise, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "folder", ["TESTA/N1_SNR-5", "TESTB/N3_SNR10", "TRAIN/N2_SNR5", "TESTC/N2_SNR0", "TESTC/N1_SNR5"]
)
def test_the_snr_of_the_written_files_is_the_one_asked_for(built: BuildReport, folder: str) -> None:
    chosen = [row for row in rows(built) if row["path"].startswith(folder + "/")]
    assert chosen
    for row in chosen:
        # G.712 as one fraction of polynomials, levels from the sources; only P.56 is the library's
        b = 0.695296250 * np.convolve([1, 1.97140840, 1.0], [1, -1.99301310, 1.0])
        a = np.convolve([1, 1.56814950, 0.690445310], [1, -1.79704400, 0.830129300])

        def at_8k(path: str) -> Array:
            samples, rate = soundfile.read(path)
            return np.asarray(samples if rate == 8000 else resample_poly(samples, 1, 2))

        voice = at_8k(row["attribute.source"])
        written = np.frombuffer((built.folder / row["path"]).read_bytes(), ">i2") / 32768
        assert written.size == voice.size == int(row["attribute.samples"])
        noise = at_8k(row["attribute.noise_file"])
        start = int(row["attribute.noise_offset"])
        if noise.size >= voice.size:
            assert 0 <= start <= noise.size - voice.size
        cut = np.take(noise, np.arange(start - 2000, start + voice.size), mode="wrap")
        voice_g712, cut_g712 = lfilter(b, a, voice), lfilter(b, a, cut)[2000:]
        gain = 10 ** (float(row["attribute.gain_db"]) / 20)
        level = active_speech_level(voice_g712.astype(np.float32), 8000).level_db
        snr_db = level - 10 * np.log10(np.mean((gain * cut_g712) ** 2))
        # the resamplers differ a little, hence not 0.05 dB for the sources of 16 kHz
        assert snr_db == pytest.approx(float(row["attribute.snr_db"]), abs=0.05 if noise.size in (16000, 1600) else 0.2)
        assert abs(level - 10 * np.log10(np.mean(voice_g712**2))) < 0.5  # a steady sound: P.56 is RMS
        peak = max(1.0, float(row["attribute.peak"]))
        if folder.startswith("TESTC"):
            expected = mirs(voice.astype(np.float32), 8000) + gain * mirs(cut.astype(np.float32), 8000)[2000:]
        else:
            expected = voice_g712 + gain * cut_g712
        error = written * peak - expected
        assert 10 * np.log10(np.mean(error**2) / np.mean(expected**2)) < -20


def test_clean_files_pass_the_channel(built: BuildReport) -> None:
    (row,) = [row for row in rows(built) if row["path"].startswith("TESTC/CLEAN1/")][:1]
    samples, rate = soundfile.read(row["attribute.source"], dtype="float32")
    samples = samples if rate == 8000 else resample_poly(samples, 1, 2).astype(np.float32)
    written = np.frombuffer((built.folder / row["path"]).read_bytes(), ">i2") / 32768
    error = written - mirs(samples, 8000)
    assert 10 * np.log10(np.mean(error**2) / np.mean(written**2)) < -25
    assert (row["attribute.noise_file"], row["attribute.snr_db"], row["attribute.overload"]) == ("", "clean", "no")


def test_a_loud_mixture_is_divided_by_its_peak_and_says_so(built: BuildReport) -> None:
    loud = [row for row in rows(built) if row["attribute.overload"] == "yes"]
    for row in rows(built):
        written = np.frombuffer((built.folder / row["path"]).read_bytes(), ">i2").astype(np.int64)
        assert (np.abs(written).max() >= 32767) == (row in loud)


@pytest.mark.slow
def test_workers_and_order_of_the_corpus_do_not_change_a_byte(
    tmp_path: Path, built: BuildReport, speech: Corpus, noise: Path
) -> None:
    order = np.random.default_rng(0).permutation(len(speech))
    shuffled = replace(speech, utterances=tuple(speech[i] for i in order))
    other = build_noisy_corpus(shuffled, noise, tmp_path, seed=SEED, train=True, workers=2)
    assert contents(other) == contents(built)


@pytest.mark.slow
def test_a_set_built_alone_is_the_same_and_the_tree_can_grow(
    tmp_path: Path, built: BuildReport, speech: Corpus, noise: Path
) -> None:
    whole = contents(built)
    alone = small(speech, noise, tmp_path)
    assert alone.written == 18
    assert all(whole[name] == content for name, content in contents(alone).items() if name.endswith(".08"))
    grown = build_noisy_corpus(speech, noise, tmp_path, seed=SEED, train=True, workers=1)
    assert (grown.written, grown.already_there) == (built.written - 18, 18)
    assert contents(grown) == whole


def test_another_seed_gives_other_files(tmp_path: Path, speech: Corpus, noise: Path) -> None:
    one = contents(small(speech, noise, tmp_path / "1"))
    two = contents(small(speech, noise, tmp_path / "2", seed=SEED + 1))
    noisy = {name for name in one if "SNR" in name and name.endswith(".08")}
    assert all(one[name] != two.get(name) for name in noisy)


def test_a_build_goes_on_after_losses(tmp_path: Path, speech: Corpus, noise: Path) -> None:
    report = small(speech, noise, tmp_path)
    whole = contents(report)
    files = sorted(report.folder.rglob("*.08"))
    files[0].unlink()
    files[5].write_bytes(files[5].read_bytes()[:100])  # cut off by another program
    journal = report.folder / ".rows.csv"
    journal.write_bytes(journal.read_bytes()[:-7])  # the last row lost its end
    shutil.rmtree(report.folder / "TESTC" / "N1_SNR5")
    report.manifest.unlink()
    again = small(speech, noise, tmp_path)
    assert (again.written, again.already_there) == (1 + 1 + 1 + 3, 12)
    assert contents(again) == whole
    untouched = small(speech, noise, tmp_path)
    assert (untouched.written, untouched.already_there) == (0, 18)
    assert contents(untouched) == whole
    (report.folder / ".rows").mkdir()
    journal.rename(report.folder / ".rows" / "TESTC.CLEAN1.csv")  # where 0.2 had the rows of each folder
    assert small(speech, noise, tmp_path).already_there == 18


def test_a_killed_build_goes_on(tmp_path: Path, speech: Corpus, noise: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save, saved = NoisyFileWriter._save, list[Path]()

    def dying(self: NoisyFileWriter, path: Path, sent: npt.NDArray[np.float32]) -> None:
        if len(saved) == 7:
            raise KeyboardInterrupt
        saved.append(path)
        save(self, path, sent)

    with monkeypatch.context() as patch:
        patch.setattr(NoisyFileWriter, "_save", dying)
        patch.setattr("aurora_resnet.noisy_corpus.build._CHUNK", 3)
        with pytest.raises(KeyboardInterrupt):
            small(speech, noise, tmp_path / "killed")
    assert len(list((tmp_path / "killed").rglob("*.08"))) == 7
    assert not (tmp_path / "killed" / "SPEECHDATA" / "manifest.csv").exists()
    resumed = small(speech, noise, tmp_path / "killed")
    assert resumed.written + resumed.already_there == 18
    assert resumed.already_there == 6  # the seventh had no row yet
    assert contents(resumed) == contents(small(speech, noise, tmp_path / "whole"))


def test_a_full_disk_is_an_error_that_says_how_to_go_on(
    tmp_path: Path, speech: Corpus, noise: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: NoisyFileWriter, _path: Path, _sent: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(NoisyFileWriter, "_save", full)
    with pytest.raises(CorpusError, match=r"No space left.*run again to continue"):
        small(speech, noise, tmp_path)


def test_a_second_build_in_a_folder_is_refused_while_the_first_one_works(
    tmp_path: Path, speech: Corpus, noise: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, refused = NoisyFileWriter.write_all, []

    def watched(self: NoisyFileWriter, files: Sequence[NoisyFile]) -> list[Utterance | str]:
        with pytest.raises(CorpusError, match=r"another build works in .*; wait for its end, or build elsewhere"):
            small(speech, noise, tmp_path)
        refused.append(len(files))
        return write(self, files)

    monkeypatch.setattr(NoisyFileWriter, "write_all", watched)
    assert small(speech, noise, tmp_path).written == sum(refused) == 18
    assert {path.name for path in tmp_path.iterdir()} == {"SPEECHDATA"}


@pytest.mark.parametrize("file_format", ["raw", "flac"])
def test_the_disk_has_every_file_before_its_row(
    tmp_path: Path, speech: Corpus, noise: Path, monkeypatch: pytest.MonkeyPatch, file_format: str
) -> None:
    flushed: set[Path] = set()
    append = BuildRecords.append

    def flush(paths: Iterable[Path]) -> None:
        flushed.update(paths)

    def appended(self: BuildRecords, utterances: Sequence[Utterance]) -> None:
        assert {utterance.path for utterance in utterances} <= flushed
        append(self, utterances)

    monkeypatch.setattr("aurora_resnet.noisy_corpus.writer.flush_to_disk", flush)
    monkeypatch.setattr(BuildRecords, "append", appended)
    assert small(speech, noise, tmp_path, format=file_format).written == len(flushed) == 18


WORKERS = """
import os, signal, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from aurora_resnet.engines.local import end_with_parent
if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=end_with_parent, initargs=(signal.SIG_IGN,))
    print(pool.submit(os.getpid).result(), flush=True)
    pool.submit(time.sleep, 600)
    time.sleep(600)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "build.py"
    script.write_text(WORKERS)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        worker = Path("/proc") / process.stdout.readline().strip() / "stat"
        assert worker.exists()
        process.kill()
        process.wait()

    def lives() -> bool:
        return worker.exists() and worker.read_text().rpartition(")")[2].split()[0] not in "ZX"

    patience = time.monotonic() + 10
    while lives() and time.monotonic() < patience:
        time.sleep(0.05)
    assert not lives()


@pytest.mark.parametrize(
    ("change", "said"),
    [({"seed": 6}, "seed: 5, now 6"), ({"format": "flac"}, "file_format")],
)
def test_other_settings_are_refused(
    tmp_path: Path, speech: Corpus, noise: Path, change: dict[str, object], said: str
) -> None:
    before = contents(small(speech, noise, tmp_path))
    with pytest.raises(ConfigError, match=f"was begun with other settings.*{said}"):
        small(speech, noise, tmp_path, **change)
    with pytest.raises(ConfigError, match=r"other settings.*speech"):
        small(replace(speech, utterances=speech.utterances[:-1]), noise, tmp_path)
    other = shutil.copytree(noise, tmp_path / "noise")
    shutil.copy(other / "car" / "0.wav", other / "train" / "9.wav")
    with pytest.raises(ConfigError, match=r"other settings.*the recordings of subway"):
        small(speech, other, tmp_path)
    assert contents(small(speech, noise, tmp_path)) == before


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, speech: Corpus, noise: Path) -> None:
    (tmp_path / "SPEECHDATA").mkdir()
    (tmp_path / "SPEECHDATA" / "mine.txt").write_text("keep me")
    with pytest.raises(CorpusError, match="is not empty"):
        small(speech, noise, tmp_path)


def test_a_build_that_was_killed_at_its_beginning_goes_on(tmp_path: Path, speech: Corpus, noise: Path) -> None:
    """Killed between writing its settings under a temporary name and renaming them."""
    undisturbed = contents(small(speech, noise, tmp_path / "undisturbed"))
    begun = tmp_path / "killed" / "SPEECHDATA"
    begun.mkdir(parents=True)
    (begun / ".settings.partial.json").write_text("{")
    assert contents(small(speech, noise, tmp_path / "killed")) == undisturbed


def test_speakers_never_cross(tmp_path: Path, speech: Corpus, noise: Path) -> None:
    leaking = replace(speech, utterances=(replace(speech[0], split="test"), *speech.utterances[1:]))
    for train in (True, False):
        with pytest.raises(SpeakerLeakError, match="mine/0"):
            small(leaking, noise, tmp_path, train=train)
    assert not list(tmp_path.iterdir())
    mended = with_test_speakers(leaking, ["mine/4", "mine/5"])
    assert small(mended, noise, tmp_path).written == 18
    nameless = replace(speech, utterances=(replace(speech[0], speaker=""), *speech.utterances[1:]))
    with pytest.raises(CorpusError, match="speaker of 1 recordings is unknown"):
        small(nameless, noise, tmp_path)


def test_a_noise_of_set_b_in_training_is_refused(tmp_path: Path, speech: Corpus, noise: Path) -> None:
    copy = shutil.copytree(noise, tmp_path / "noise")
    shutil.copy(copy / "babble" / "1.wav", copy / "restaurant" / "5.wav")
    for changes in ({"sets": "B", "train": True}, {"sets": "B"}, {"sets": "", "train": True}):
        with pytest.raises(CorpusError, match="must not occur in training"):
            small(speech, copy, tmp_path / "out", **changes)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_the_reader_names_damaged_files_and_uses_the_rest(
    tmp_path: Path, speech: Corpus, noise: Path, case: Callable[[str], str]
) -> None:
    report = small(speech, noise, tmp_path / "built")
    for path in sorted(report.folder.rglob("*.08")):
        place = [case(part) for part in path.relative_to(report.folder.parent).parts]
        target = tmp_path.joinpath("copy", *place)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    files = sorted((tmp_path / "copy").rglob("*.08"))
    files[0].write_bytes(files[0].read_bytes()[:-1])
    files[1].write_bytes(b"")
    misnamed = files[2].rename(files[2].with_name("hello.08"))
    corpus = read_aurora2(tmp_path / "copy")
    assert {u.raw.byte_order for u in corpus if u.raw} == {"big"}
    assert len(corpus) == 18 - 3
    assert len(corpus.problems) == 3
    for path in (files[0], files[1], misnamed):
        assert sum(problem.startswith(f"{path}: ") for problem in corpus.problems) == 1


def test_raw_files_and_flac_hold_the_same_samples(tmp_path: Path, speech: Corpus, noise: Path) -> None:
    big = small(speech, noise, tmp_path / "big")
    flac = small(speech, noise, tmp_path / "flac", format="flac")
    corpus = read_aurora2(tmp_path / "flac")
    assert len(corpus) == flac.written == len(Corpus.from_csv(flac.manifest)) == 18
    for path in big.folder.rglob("*.08"):
        place = path.relative_to(big.folder)
        samples = np.frombuffer(path.read_bytes(), ">i2")
        decoded, rate = soundfile.read(flac.folder / place.with_suffix(".flac"), dtype="int16")
        assert rate == 8000
        np.testing.assert_array_equal(samples, decoded)
    assert small(speech, noise, tmp_path / "flac", format="flac").already_there == 18


def test_what_cannot_be_used_is_skipped_and_named(tmp_path: Path, speech: Corpus, noise: Path) -> None:
    folder = tmp_path / "more"
    write_audio(np.zeros(4000), folder / "silent.wav", 8000)
    (folder / "broken.wav").write_bytes(b"no sound at all")
    clips = [Utterance(folder / name, ("nine",), "mine/4", "test") for name in ("silent.wav", "broken.wav")]
    clips += [
        Utterance(folder / "side.wav", ("nine",), "mine/4", "dev"),
        Utterance(folder / "mute.wav", (), "mine/4", "test"),
    ]
    clips = [replace(clip, attributes={"gender": "f"}) for clip in clips]
    mixed = Corpus("mixed", (*speech, *clips), ("gone.wav: it is gone",))
    report = small(mixed, noise, tmp_path / "out", sets="A", snrs_db=(5,))
    assert report.written == 2 * 12  # each good recording clean and at 5 dB
    said = "\n".join(report.skipped)
    assert len(report.skipped) == 5
    for part in ("gone.wav: it is gone", "side.wav: expected the split", "mute.wav: it has no word"):
        assert part in said
    for name, reason in (("silent.wav", "silent"), ("broken.wav", "cannot be read")):
        (line,) = [line for line in report.skipped if name in line]
        assert reason in line
        assert "(in 2 files)" in line
    quarters = {
        tuple(row["attribute.source"] for row in rows(report) if f"/{f}1" in row["path"]) for f in ("CLEAN", "N")
    }
    assert len(quarters) == 1  # the same recordings clean and noisy


def test_silence_in_a_noise_is_drawn_again_and_a_silent_noise_skips_the_file(
    tmp_path: Path, speech: Corpus, noise: Path
) -> None:
    copy = shutil.copytree(noise, tmp_path / "noise")
    shutil.rmtree(copy / "train")
    half = np.concatenate([np.zeros(16_000), 0.1 * np.random.default_rng(0).standard_normal(16_000)])
    write_audio(half, copy / "train" / "half.wav", 8000)
    assert small(speech, copy, tmp_path / "half").written == 18
    write_audio(np.zeros(16_000), copy / "train" / "half.wav", 8000)
    report = small(speech, copy, tmp_path / "none")
    assert report.written == 18 - 6
    assert len(report.skipped) == 6
    assert all("half.wav, after 20 draws: the noise is silent" in line for line in report.skipped)
    (copy / "train" / "half.wav").write_bytes(b"no sound")
    with pytest.raises(AudioError, match="half"):
        small(speech, copy, tmp_path / "broken")


@pytest.mark.slow
def test_a_babble_can_be_made_of_the_training_speakers(tmp_path: Path, speech: Corpus, noise: Path) -> None:
    (noise / "mine.toml").write_text(
        'subway = "train"\nbabble = { talkers = 3 }\n' + "".join(f'{name} = "{name}"\n' for name in SCENES[2:4])
    )
    reports = [small(speech, noise / "mine.toml", tmp_path / name, sets="A", train=True) for name in ("one", "two")]
    babble = tmp_path / "one" / "noise" / "babble.flac"
    assert soundfile.info(babble).frames == 120 * 8000
    assert babble.read_bytes() == (tmp_path / "two" / "noise" / "babble.flac").read_bytes()
    used = {row["attribute.noise_file"] for row in rows(reports[0]) if row["attribute.noise"] == "babble"}
    assert used == {"", babble.as_posix()}
    assert len(read_aurora2(tmp_path / "one")) == reports[0].written
    tests_only = replace(speech, utterances=tuple(u for u in speech if u.split == "test"))
    with pytest.raises(CorpusError, match="babble needs recordings of known speakers"):
        small(tests_only, noise / "mine.toml", tmp_path / "three", sets="A")


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": -1},
        {"sets": ""},
        {"sets": "X"},
        {"snrs_db": [1.5]},
        {"format": "mp3"},
        {"workers": 0},
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(
    tmp_path: Path, speech: Corpus, noise: Path, changes: dict[str, object]
) -> None:
    with pytest.raises(ConfigError):
        small(speech, noise, tmp_path, **changes)
    assert not list(tmp_path.iterdir())


def test_too_little_speech_or_noise_is_refused(tmp_path: Path, speech: Corpus, noise: Path) -> None:
    training = replace(speech, utterances=tuple(u for u in speech if u.split == "train"))
    with pytest.raises(CorpusError, match="no recording of the split 'test'"):
        small(training, noise, tmp_path)
    with pytest.raises(CorpusError, match="cannot be dealt into 20 parts"):
        small(replace(speech, utterances=speech.utterances[:6]), noise, tmp_path, sets="", train=True)
    with pytest.raises(CorpusError, match="stand there twice"):
        small(speech + speech, noise, tmp_path)
    (tmp_path / "noise" / "street").mkdir(parents=True)
    shutil.copy(noise / "street" / "0.wav", tmp_path / "noise" / "street")
    with pytest.raises(CorpusError, match="no noise for subway"):
        small(speech, tmp_path / "noise", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.shared
def test_real_digits_in_real_noise(tmp_path: Path, shared: Path) -> None:
    fsdd = load_corpus(f"fsdd:{shared / 'fsdd'}").filter(lambda u: int(u.attributes["index"]) < 5)
    speech = with_test_speakers(fsdd, ["fsdd/theo", "fsdd/yweweler"])
    speech += load_corpus(f"an4-strings:{shared / 'an4'}").filter(split="test")
    report = build_noisy_corpus(
        speech, shared / "noise" / "noizeus", tmp_path, seed=0, snrs_db=(10,), train=True, workers=1
    )
    tests = len(speech.filter(split="test"))
    corpus = read_aurora2(tmp_path)
    assert (report.skipped, corpus.problems) == ((), ())
    c = sum(len(corpus.filter(set="c", noise_index=index, snr_db="10")) for index in ("1", "2"))
    assert len(corpus) == report.written == 2 * 200 + 2 * 2 * tests + 2 * c
    levels = [float(row["attribute.speech_level_db"]) for row in rows(report)]
    assert -60 < min(levels) < max(levels) < -5
