"""The study's strings: AN4's test strings, and numbers of people who are in no training, as they are and rebuilt in noise."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.sources.an4 import read_an4_strings
from aurora_resnet.corpora.sources.aurora2 import SAMPLE_RATE, read_aurora2
from aurora_resnet.corpora.splits import with_test_speakers
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.noisy_corpus.build import build_noisy_corpus
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.training.string_objective import greedy
from tools.make_training_corpus import people_strings

from .test_set import LETTERS

#: Collections with telephone numbers and strings of digits.
PEOPLE = ("alphanumeric", "speechocean")
#: Speaker, what was said and what was recognised, a letter for each digit.
Spoken = list[tuple[str, str, str]]


def build(data: Path, out: Path, *, quick: bool = False) -> None:
    """Build the sets A, B and C of the Aurora protocol from the strings, 20 to 0 dB, or finish them.

    Args:
        data: the folder of ``an4``, ``people/strings`` and ``noise/noizeus``.
        out: the study's folder.
        quick: a fifth of the strings, at 10 dB.
    """
    noise, snrs_db = data / "noise" / "noizeus", (10,) if quick else (20, 15, 10, 5, 0)
    for name, corpus in _recordings(data).items():
        some = replace(corpus, utterances=corpus.utterances[:: 5 if quick else 1])
        build_noisy_corpus(some, noise, out / "strings" / name, seed=1, snrs_db=snrs_db, progress=True)


def recognise(model: RecognizerModel, data: Path, out: Path, *, bfloat16: bool) -> dict[str, Spoken]:
    """Return what a network says of every string: its most probable path, without any grammar.

    Args:
        model: of strings, for the words of ``DIGITS``.
        data: the folder of the recordings.
        out: the study's folder, with the sets of ``build``.
        bfloat16: compute the network in bfloat16, as the training does.

    Returns:
        By ``speech/set/SNR``; the recordings as they are: ``speech/as recorded/clean``.
    """
    model.eval()
    found: dict[str, Spoken] = {}
    for condition, utterance in _conditions(data, out):
        samples = torch.from_numpy(resample(*read_audio(utterance.path, raw=utterance.raw), SAMPLE_RATE))
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            logits = model(samples[None])
        (words,) = greedy(logits.float(), len(DIGITS))
        said = "".join(LETTERS[DIGITS.words.index(word)] for word in utterance.words)
        found.setdefault(condition, []).append((utterance.speaker, said, "".join(LETTERS[word] for word in words)))
    return found


def _recordings(data: Path) -> dict[str, Corpus]:
    """Return the recordings; none of their speakers is in a training on strings."""
    found = (each for each in people_strings(data / "people" / "strings") if each.collection in PEOPLE)
    people = Corpus("people", tuple(each.utterance for each in found))
    return {
        "an4": read_an4_strings(data / "an4").filter(split="test"),
        "people": with_test_speakers(people, people.speakers),
    }


def _conditions(data: Path, out: Path) -> Iterator[tuple[str, Utterance]]:
    for name, corpus in _recordings(data).items():
        for utterance in corpus:
            yield f"{name}/as recorded/clean", utterance
        for utterance in read_aurora2(out / "strings" / name):
            if utterance.attributes["snr_db"] != "clean":
                yield "{}/{set}/{snr_db}".format(name, **utterance.attributes), utterance
