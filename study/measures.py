"""What a trained network of the study is asked besides the test: which bands it needs, and what its stages know.

Bands: white noise at 0 dB over a clean clip, but for one band that it leaves free (a fourth-order band-stop filter, both
ways). The higher the accuracy, the more that band says to the network.

Stages: a linear probe for the manner and the place of articulation of the first sound of a word. It is a ridge regression
on one-hot targets from the first 80 ms of the word in the stage's map, averaged over them and to four bands. It learns from
AN4's training speakers and answers for its test speakers and *other words of the same sounds*, so that no word is known by
heart. The mean of the classes' recalls.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import scipy.signal
import torch
from torch import Tensor
from torch.nn import functional as F

from aurora_resnet.corpora.sources.an4 import read_an4_aligned
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.models.resnet import ResidualSpeechNet
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample

RATE = 8000
FREE_HZ = ((100, 500), (500, 1000), (1000, 2000), (2000, 3000), (3000, 3900))
#: A probe's clip starts so long before the word.
BEFORE_S = 0.12
#: The first and the last that count, of 10 ms; the middle of a step of the third stage lies between them.
FRAMES = 12, 20
#: Clips of a word on either side.
MOST = 30
#: Of the mean squared length of the standardised features.
RIDGE = 0.1
#: First sounds of AN4's words.
SOUNDS = {
    "stop": {"labial": "b p", "alveolar": "d t w two ten twelve twenty december", "velar": "k q go"},
    "fricative": {
        "labial": "v four five fourteen fifteen forty fifty february",
        "dental": "three thirteen thirty third",
        "alveolar": "c z zero six seven sixteen seventeen sixty seventy stop start september second",
    },
    "affricate": {"palatal": "g j january june july"},
    "nasal": {"labial": "may march", "alveolar": "nine no nineteen ninety november"},
    "approximant": {"labial": "y one", "palatal": "u yes", "alveolar": "rubout repeat"},
    "vowel": {"": "a e f h i l m n r s x eight oh eleven enter erase eighteen eighty april august october"},
}


def free_bands(model: RecognizerModel, waveforms: Tensor, labels: Tensor) -> dict[str, float]:
    """Return the accuracy in noise that leaves each band free, ``low-high``, and in noise everywhere (``none``).

    Args:
        model: the network.
        waveforms: clean clips ``[B, N]`` at 8 kHz.
        labels: their classes ``[B]``.
    """
    noises = {"none": np.random.default_rng(0).standard_normal(waveforms.shape)}
    for low, high in FREE_HZ:
        sections = scipy.signal.butter(4, (low, high), "bandstop", fs=RATE, output="sos")
        noises[f"{low}-{high}"] = scipy.signal.sosfiltfilt(sections, noises["none"], axis=1).copy()
    found = {}
    for name, noise in noises.items():
        added = torch.from_numpy(noise).float()
        power = [x.square().mean(dim=1, keepdim=True) for x in (waveforms, added)]
        mixed = waveforms + added * (power[0] / power[1]).sqrt()
        right = torch.cat([model(part).argmax(dim=1) for part in torch.split(mixed, 64)]) == labels
        found[name] = right.float().mean().item()
    return found


def articulation(model: RecognizerModel, an4: Path) -> dict[str, dict[str, float]]:
    """Return the mean recall of manner and place by stage, ``input`` and ``chance`` too.

    Args:
        model: with a ``ResidualSpeechNet``.
        an4: the folder with ``words.csv``.
    """
    waveforms, words, tested = _onsets(an4)
    levels: dict[str, list[Tensor]] = {}
    for part in torch.split(waveforms, 64):
        for level, stride, x in _maps(model, part):
            at_onset = x[..., -(-FRAMES[0] // stride) : FRAMES[1] // stride + 1].mean(dim=3)
            bands = F.adaptive_avg_pool1d(at_onset, 16 if level == "input" else 4).flatten(1)
            levels.setdefault(level, []).append(bands)
    found: dict[str, dict[str, float]] = {"chance": {}}
    for what in ("manner", "place"):
        classes = {word: name for name, word in _classes(what)}
        names = sorted(set(classes.values()))
        rows = torch.tensor([word in classes for word in words])
        target = torch.tensor([names.index(classes.get(word, names[0])) for word in words])
        learnt, asked = (rows & (tested[0] == side) & (tested[1] == side) for side in (False, True))
        found["chance"][what] = 1 / len(names)
        for level, parts in levels.items():
            x = torch.cat(parts).double()
            answers = _ridge(x[learnt], target[learnt], len(names), x)
            recalls = [(answers[asked & (target == k)] == k).float().mean() for k in sorted({*target[asked].tolist()})]
            found.setdefault(level, {})[what] = torch.stack(recalls).mean().item()
    return found


def _classes(what: str) -> Iterator[tuple[str, str]]:
    """Yield class and word; vowels have a manner only."""
    for manner, places in SOUNDS.items():
        for place, words in places.items():
            for word in words.split():
                if what == "manner" or place:
                    yield (manner if what == "manner" else place), word


def _onsets(an4: Path) -> tuple[Tensor, list[str], tuple[Tensor, Tensor]]:
    """Return a clip of a second for each word of ``SOUNDS``, the words, and whether speaker and word are the test's."""
    # every other word of a sound
    odd = {word for places in SOUNDS.values() for listed in places.values() for word in listed.split()[1::2]}
    known = {word for _, word in _classes("manner")}
    clips, words, test_speaker, count = [], [], [], Counter[tuple[str, str]]()
    for utterance, spans in read_an4_aligned(an4):
        samples = resample(*read_audio(utterance.path), RATE)
        for word, (start, _) in zip(utterance.words, spans, strict=True):
            count[word, utterance.split] += 1
            if word in known and count[word, utterance.split] <= MOST:
                begin = round((start - BEFORE_S) * RATE)
                clip = np.zeros(RATE, dtype=np.float32)
                piece = samples[max(begin, 0) : begin + RATE]
                clip[max(-begin, 0) : max(-begin, 0) + len(piece)] = piece
                clips.append(clip)
                words.append(word)
                test_speaker.append(utterance.split == "test")
    tested = torch.tensor(test_speaker), torch.tensor([word in odd for word in words])
    return torch.from_numpy(np.stack(clips)), words, tested


def _maps(model: RecognizerModel, waveforms: Tensor) -> Iterator[tuple[str, int, Tensor]]:
    """Yield the spectrogram and each stage's map, and how many frames a step is."""
    network = model.classifier
    assert isinstance(network, ResidualSpeechNet)
    x = model.frontend(waveforms)[:, None]
    yield "input", 1, x
    x = network.maxpool(network.relu(network.bn1(network.conv1(x))))
    for number in range(1, network.stages + 1):
        x = getattr(network, f"layer{number}")(x)
        yield f"stage {number}", 2 ** (number + 1), x


def _ridge(x: Tensor, target: Tensor, classes: int, asked: Tensor) -> Tensor:
    r"""Return the classes of ``asked`` by :math:`W = (X^T X + \lambda I)^{-1} X^T Y`, in its dual form."""
    mean, deviation = x.mean(dim=0), x.std(dim=0) + 1e-6
    x, asked = (torch.cat([(each - mean) / deviation, torch.ones(len(each), 1)], dim=1) for each in (x, asked))
    balanced = F.one_hot(target, classes).double() - 1 / classes
    kernel = x @ x.T
    weights = x.T @ torch.linalg.solve(kernel + RIDGE * kernel.diagonal().mean() * torch.eye(len(x)), balanced)
    answers: Tensor = (asked @ weights).argmax(dim=1)
    return answers
