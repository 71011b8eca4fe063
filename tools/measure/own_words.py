"""Words that the speech encoder was not trained on, enrolled from 3 to 40 recordings: the tables of docs/own-words.md.

No speaker enrols and tests. Words of the test are in no negative of the bank.

- ``commands``: Speech Commands' ``yes no up down left right on off stop go``, enrolled from ``speech_commands_v2_words``
  (speakers with an even id), tested on ``speech_commands_other/words`` (odd ids); other words: the rest of that set.
- ``rare``: ten rarer words of ``speech_commands_other/words``, enrolled from even ids.
- ``an4``: ten words cut out of AN4's sentences, enrolled from its training speakers, tested on its test speakers.
- ``de``, ``hi``: ten words by espeak-ng's German and Hindi voices; nine voices enrol, others test.
- ``same``: ten digits by each of nine people (FSDD and three students), enrolled from the same person's other takes and
  tested on the first five, which is FSDD's own test; other words: those of ``commands``. The encoder and the projection
  learnt from digits, by some of these people.
- ``student``: ``commands``, ten recordings of each beside the voices of ``teach --say``, by the network that
  ``teach --train`` trains on all of them, here in bfloat16 and in clips of one second, as long as the recordings;
  ``enrolled_right`` is its teacher's.

Of each draw: words right; other words accepted where 5 % of the words are refused; both at the threshold that
``teach`` chose; seconds of telephone talk (sessions that are in no bank) accepted.
"""

import random
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from aurora_resnet.calibration.fitting import highest_threshold
from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.clips.clip_set import ClipSet, load_clips, load_negatives
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.sources.an4 import read_an4_aligned
from aurora_resnet.corpora.sources.folder import read_folder
from aurora_resnet.corpora.sources.fsdd import read_fsdd
from aurora_resnet.corpora.sources.speech_commands import read_speech_commands
from aurora_resnet.corpora.splits import check_speakers_disjoint
from aurora_resnet.progress import progress_bar
from aurora_resnet.recognition.word_model import predict_logits
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.decision import Calibration, evidence
from aurora_resnet.teaching.clips import TeachingClips, read_clips
from aurora_resnet.teaching.encoder import Encoder, Vectors
from aurora_resnet.teaching.enrol import clip_format
from aurora_resnet.teaching.lessons import Lessons, answers_of, choose
from aurora_resnet.teaching.negatives import Bank, load_bank
from aurora_resnet.teaching.recipe import TeachConfig
from aurora_resnet.teaching.recordings import TeachingRecordings
from aurora_resnet.teaching.synthetic import say
from aurora_resnet.teaching.teach import Students
from tools.make_negatives import MARGIN_SECONDS, clip, talk
from tools.make_training_corpus import write_flac
from tools.measure.records import Job, Record, Settings, header

COMMANDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
RARE = ("backward", "bed", "bird", "cat", "happy", "house", "marvin", "sheila", "tree", "wow")
AN4 = ("enter", "erase", "fifty", "nineteen", "rubout", "seventy", "sixty", "thirty", "twenty", "yes")
SPOKEN = {
    "de": "licht musik heizung fenster rollladen weiter zurück lauter leiser pause".split(),  # noqa: SIM905
    "hi": "बत्ती पंखा दरवाज़ा संगीत आगे पीछे तेज़ धीमा रुको चालू".split(),  # noqa: SIM905
}
OTHER_SPOKEN = {
    "de": "haus garten wetter morgen zeitung kaffee straße bruder schule sommer wasser brot".split(),  # noqa: SIM905
    "hi": "घर पानी किताब सुबह दोस्त बाज़ार चाय स्कूल भाई मौसम सड़क रोटी".split(),  # noqa: SIM905
}
ENROLLING, TESTING = ("m1", "m3", "m4", "m5", "m7", "f1", "f3", "f5", "klatt2"), ("m2", "m6", "m8", "f2", "f4")
PEOPLE, TAKES_TESTED = ("fsdd", "iitg_210101070", "iitg_234101010", "iitg_jayskhatri"), 5
SETS = ("commands", "rare", "an4", "de", "hi", "same", "student")
#: Recordings of each word, and draws.
CLIPS, SEEDS = (3, 5, 10, 40), 3
REFUSED, STUDENT_CLIPS, SECOND = 0.05, 10, 1.0


def jobs(settings: Settings) -> Iterator[Job]:
    """Yield what makes the record of each set."""
    encoder = Encoder()
    for name in SETS:
        make = {"same": measure_people, "student": measure_students}.get(name) or partial(measure, name)
        yield Job(settings.path(f"own_words/{name}.json"), partial(make, settings, encoder))


@dataclass(frozen=True)
class Words:
    """Recordings to enrol and to test, and other words by those who test."""

    enrolling: Corpus
    spoken: Corpus
    others: Corpus

    @cached_property
    def named(self) -> tuple[str, ...]:
        """The words of the test, and the other ones."""
        return (*self.spoken.words, *{word for utterance in self.others for word in utterance.words})


def some_of_each(corpus: Corpus, words: Sequence[str], clips: int, seed: int) -> Corpus:
    """Return so many clips of each word, or all where there are fewer."""
    drawn = []
    for word in words:
        said = sorted((u for u in corpus if u.word == word), key=lambda u: u.path.name)
        random.Random(f"{seed} {word}").shuffle(said)
        drawn += said[:clips]
    return Corpus(corpus.name, tuple(drawn))


def read_words(name: str, data: Path, place: Path) -> Words:
    """Read one of the sets; ``place`` is for what has to be cut or spoken first."""
    if name == "an4":
        return _an4(data / "an4", place)
    if name in SPOKEN:
        words, others = SPOKEN[name], OTHER_SPOKEN[name]
        _speak(name, words, ENROLLING, place / "enrolling")
        _speak(name, words, TESTING, place / "spoken")
        _speak(name, others, TESTING, place / "others")
        return Words(*(read_folder(place / part, "^([^_]+)_") for part in ("enrolling", "spoken", "others")))
    whole = read_speech_commands(data / "speech_commands_other" / "words")
    odd = whole.filter(lambda u: int(u.speaker[-1], 16) % 2 == 1)
    even = whole.filter(lambda u: int(u.speaker[-1], 16) % 2 == 0)
    chosen = COMMANDS if name == "commands" else RARE
    enrolling = read_speech_commands(data / "speech_commands_v2_words") if name == "commands" else even
    return Words(enrolling.filter(words=chosen), odd.filter(words=chosen), odd.filter(lambda u: u.word not in chosen))


def _an4(folder: Path, place: Path) -> Words:
    for aligned in read_an4_aligned(folder):
        said = aligned.utterance
        samples, rate = read_audio(said.path)
        for at, (word, (start, end)) in enumerate(zip(said.words, aligned.spans, strict=True)):
            if word in AN4 or said.split == "test":
                part = "enrolling" if said.split == "train" else "spoken" if word in AN4 else "others"
                cut = slice(max(0, round((start - MARGIN_SECONDS) * rate)), round((end + MARGIN_SECONDS) * rate))
                write_flac(
                    place / part / word / f"{said.path.parent.name}_{said.path.stem}_{at}.flac", samples[cut], rate
                )
    enrolling, spoken, others = (read_folder(place / part, "^([^_]+)_") for part in ("enrolling", "spoken", "others"))
    drawn = random.Random(0).sample(list(others), 200)
    return Words(enrolling, spoken, Corpus("others", tuple(drawn)))


def _speak(language: str, words: Sequence[str], voices: Sequence[str], place: Path) -> None:
    for word in words:
        (place / word).mkdir(parents=True)
        for number, voice in enumerate(voices):
            file = place / word / f"{voice}_1.wav"
            speed = str(130 + 10 * number)
            subprocess.run(["espeak-ng", "-v", f"{language}+{voice}", "-s", speed, "-w", file, word], check=True)


def measure(name: str, settings: Settings, encoder: Encoder) -> Record:
    """Enrol one set from several draws and test it."""
    with tempfile.TemporaryDirectory() as folder:
        words = read_words(name, settings.data, Path(folder))
        check_speakers_disjoint(enrolling=words.enrolling, test=words.spoken.merge(words.others))
        bank = load_bank().without(words.named)
        talk = bank.project(embed_talk(settings.data, encoder))
        rows = []
        for clips in CLIPS[:1] if settings.quick else CLIPS:
            for seed in range(1 if settings.quick else SEEDS):
                drawn = some_of_each(words.enrolling, words.spoken.words, clips, seed)
                if len(drawn) > (clips - 1) * len(words.spoken.words):  # else there are no more than of the last number
                    rows.append({"clips": clips, "seed": seed, **enrol_and_test(words, drawn, bank, encoder, talk)})
    tested = {"test_clips": len(words.spoken), "other_clips": len(words.others), "talk_seconds": len(talk)}
    return {"kind": "own_words", "set": name, **tested, "rows": rows, **header(settings.device)}


def read_talk(data: Path, rate: int) -> Samples:
    """Return seconds of telephone talk that is in no bank, ``[n, N]``."""
    return np.stack([clip(each, rate) for each in talk(data, held_out=True)])


def embed_talk(data: Path, encoder: Encoder) -> Vectors:
    """Return the embeddings of seconds of telephone talk that is in no bank."""
    return encoder.embed(read_talk(data, encoder.facts.sample_rate))


def measure_people(settings: Settings, encoder: Encoder) -> Record:
    """Enrol the least number of recordings of each person, drawn once, and test others by the same."""
    clips, rows, tested = CLIPS[0], list[Record](), 0
    with tempfile.TemporaryDirectory() as folder:
        others = read_words("commands", settings.data, Path(folder)).others
    of_talk = embed_talk(settings.data, encoder)
    for name in PEOPLE:
        read = read_fsdd if name == "fsdd" else partial(read_folder, speaker_pattern="^([^_]+)_")
        corpus = read(settings.data / name)
        for person in corpus.speakers[:1] if settings.quick else corpus.speakers:
            takes = sorted(corpus.filter(speakers=person), key=lambda u: (u.word, int(u.path.stem.rpartition("_")[2])))
            spoken = [u for _, of_word in groupby(takes, key=lambda u: u.word) for u in list(of_word)[:TAKES_TESTED]]
            enrolling = Corpus(person, tuple(u for u in takes if u not in spoken))
            words = Words(enrolling, Corpus(person, tuple(spoken)), others)
            bank, tested = load_bank().without(words.named), tested + len(spoken)
            drawn = some_of_each(enrolling, words.spoken.words, clips, seed=0)
            answers = enrol_and_test(words, drawn, bank, encoder, bank.project(of_talk))
            rows.append({"clips": clips, "seed": 0, "speaker": person, **answers})
    counts = {"test_clips": tested, "other_clips": len(others), "talk_seconds": len(of_talk)}
    return {"kind": "own_words", "set": "same", **counts, "rows": rows, **header(settings.device)}


def measure_students(settings: Settings, encoder: Encoder) -> Record:
    """Train a small network on the answers of an enrolled recogniser, from each draw, and test both."""
    rows = []
    init, config = load_checkpoint(TeachConfig.init, kind="words"), TeachConfig(bfloat16=True)
    if settings.quick:
        config = replace(config, epochs=1, steps=1, distinct_epochs=1)
    with tempfile.TemporaryDirectory() as folder:
        words = read_words("commands", settings.data, Path(folder))
        check_speakers_disjoint(enrolling=words.enrolling, test=words.spoken.merge(words.others))
        voices = say(words.spoken.words, Path(folder) / "said")
        talk = read_talk(settings.data, encoder.facts.sample_rate)
        for seed in range(1 if settings.quick else SEEDS):
            begin = time.perf_counter()
            drawn = some_of_each(words.enrolling, words.spoken.words, STUDENT_CLIPS, seed).merge(voices)
            clips = read_clips(TeachingRecordings(drawn, Corpus("none", ())), init.model.config, clip_seconds=SECOND)
            lessons = Lessons(clips, encoder, load_bank().without(words.named), config.groups)
            work = Path(folder) / str(seed)
            students = Students(lessons, replace(config, groups=lessons.groups), init, (), work, settings.device)
            done = lessons.groups * config.epochs  # of those without a group, which nobody needs here
            with progress_bar(total=done + config.epochs, initial=done, unit="epoch", desc="", show=True) as bar:
                student = students.train(None, bar)
            seconds = time.perf_counter() - begin
            spoken, other = load_clips(words.spoken, clips.network), load_negatives(words.others, clips.network)
            said, others = (
                predict_logits(student, each, device="cpu", batch_size=64).numpy() for each in (spoken, other)
            )
            with torch.inference_mode():
                of_talk = student(torch.from_numpy(talk)).numpy()
                enrolled = students.teacher(None)(spoken.batch(range(len(spoken)))).numpy()
            about = {"clips": STUDENT_CLIPS, "voices": len(voices.speakers), "seed": seed}
            shares = at_refused(said, others, of_talk, spoken.labels.numpy())
            by_teacher = _share(enrolled.argmax(axis=1) == spoken.labels.numpy())
            rows.append({**about, **shares, "enrolled_right": by_teacher, "fit_seconds": round(seconds, 1)})
    tested = {"test_clips": len(words.spoken), "other_clips": len(words.others), "talk_seconds": len(talk)}
    return {"kind": "own_words", "set": "student", **tested, "rows": rows, **header(settings.device)}


def at_refused(said: Vectors, other: Vectors, of_talk: Vectors, labels: npt.NDArray[np.int64]) -> Record:
    """Return the share of words right, and those of other words and of talk accepted where 5 % of the words are refused.

    Args:
        said: logits of the words, ``[n, K]``.
        other: of other words.
        of_talk: of talk.
        labels: the words, ``[n]``.
    """
    point = Calibration(threshold=highest_threshold(evidence(said), refused=REFUSED))
    accepted = {"others_accepted": _share(point.accepts(other)), "talk_accepted": _share(point.accepts(of_talk))}
    return {"right": _share(said.argmax(axis=1) == labels), **accepted}


def _share(happened: npt.NDArray[np.bool_]) -> float:
    return round(float(happened.mean()), 4)


def enrolled(drawn: Corpus, bank: Bank, encoder: Encoder) -> tuple[TeachingClips, Lessons, Calibration]:
    """Return clips and lessons of some recordings, and the calibration that ``enrol`` gives them."""
    clips = read_clips(TeachingRecordings(drawn, Corpus("none", ())), clip_format(encoder))
    lessons = Lessons(clips, encoder, bank)
    held_out, _, of_bank = lessons.held_out()
    return clips, lessons, choose(answers_of(clips.words, held_out), of_bank, lessons.bank.labels, REFUSED)


def enrol_and_test(words: Words, drawn: Corpus, bank: Bank, encoder: Encoder, talk: Vectors) -> Record:
    """Enrol some recordings as ``enrol`` does, and test the layer."""
    begin = time.perf_counter()
    clips, lessons, calibration = enrolled(drawn, bank, encoder)
    weights, biases = lessons.layer(slice(None))
    seconds = time.perf_counter() - begin

    def logits(clips: ClipSet) -> Vectors:
        return bank.project(encoder.embed(clips.batch(range(len(clips))).numpy())) @ weights.T + biases

    spoken = load_clips(words.spoken, clips.network)
    said, other = logits(spoken), logits(load_negatives(words.others, clips.network))
    of_talk = talk @ weights.T + biases
    return {
        **at_refused(said, other, of_talk, spoken.labels.numpy()),
        "words_refused_by_teach": _share(~calibration.accepts(said)),
        "others_accepted_by_teach": _share(calibration.accepts(other)),
        "talk_accepted_by_teach": _share(calibration.accepts(of_talk)),
        "fit_seconds": round(seconds, 2),
    }
