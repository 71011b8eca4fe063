"""The study's strings: AN4's test strings, and numbers of people who are in no training, clean and in noise."""

from pathlib import Path

import numpy as np
import torch

from aurora_resnet.audio.mixing import mix_at_snr
from aurora_resnet.corpora.sources.an4 import read_an4_strings
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.training.string_objective import greedy
from tools.make_training_corpus import people_strings

from .test_set import LETTERS

SNRS_DB = ("clean", "10", "5")
#: Collections with telephone numbers and strings of digits.
PEOPLE = ("alphanumeric", "speechocean")
NOISES = ("airport", "babble", "car", "exhibition", "restaurant", "station", "street", "train")
#: Speaker, what was said and what was recognised, a letter for each digit.
Spoken = list[tuple[str, str, str]]


def recognise(model: RecognizerModel, data: Path, *, bfloat16: bool) -> dict[str, Spoken]:
    """Return what a network says of every string, by ``set/SNR``: its most probable path, without any grammar.

    Noise is NOIZEUS's, drawn by the place of a string in its set.

    Args:
        model: of strings, for the words of ``DIGITS``.
        data: the folder of the recordings.
        bfloat16: compute the network in bfloat16, as the training does.
    """
    model.eval()
    found: dict[str, Spoken] = {}
    scenes = {noise: read_audio(sorted((data / "noise/noizeus" / noise).iterdir())[0])[0] for noise in NOISES}
    # All people's, since none of them is in a training of the study.
    people = (each for each in people_strings(data / "people" / "strings") if each.collection in PEOPLE)
    an4 = read_an4_strings(data / "an4").filter(split="test").utterances
    sets = {"an4": an4, "people": tuple(each.utterance for each in people)}
    for name, utterances in sets.items():
        for number, utterance in enumerate(utterances):
            samples = resample(*read_audio(utterance.path), 8000)
            for snr in SNRS_DB:
                if snr != "clean":
                    generator = np.random.default_rng([number, int(snr)])
                    noise = scenes[NOISES[number % len(NOISES)]]
                    samples_in_noise, _ = mix_at_snr(samples, noise, int(snr), sample_rate=8000, generator=generator)
                with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
                    logits = model(torch.from_numpy(samples if snr == "clean" else samples_in_noise)[None])
                (words,) = greedy(logits.float(), len(DIGITS))
                said = "".join(LETTERS[DIGITS.words.index(word)] for word in utterance.words)
                row = (utterance.speaker, said, "".join(LETTERS[word] for word in words))
                found.setdefault(f"{name}/{snr}", []).append(row)
    return found
