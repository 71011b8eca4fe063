"""Audio that a graph is quantised with, and other audio that it is checked with: words or strings, clean and in noise.

The wheel carries some: the training voices of the sample words for quantising, its test voices for checking, each clean
and once more in a sample noise; for a model of strings, strings that are put together from them. Recordings of the
caller's own are added, those of the training part to the former and all the rest to the latter. A model of single words
that knows none of the sample words is quantised and checked with the caller's recordings alone, clean and in noise:
what it makes of English digits says nothing of its own words. Only words that the model knows count as right or wrong.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle

import numpy as np
import numpy.typing as npt

from aurora_resnet.audio.mixing import mean_snr_gain
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.export.parity import Said
from aurora_resnet.models.recognizer_model import RecognizerConfig
from aurora_resnet.noisy_corpus.word_strings import plan_strings
from aurora_resnet.runtime.audio.clips import fit_length, read_clip
from aurora_resnet.runtime.audio.low_cut import LowCut
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import CorpusError
from aurora_resnet.runtime.model_reference import Kind

#: Waveforms ``[n, N]`` of the model's clip length.
Clips = npt.NDArray[np.float32]

_ClipsSaid = tuple[Clips, list[Said]]

#: Recordings taken of each corpus, evenly spread over it: ranges of activations need no more.
CORPUS_CLIPS = 200
#: Put together of each side's sample words.
STRINGS = 60
#: So many words of a string go into a clip.
SECONDS_A_WORD = 0.9
SNRS_DB = (20.0, 10.0, 0.0)
CHECK_SNR_DB = 10.0
_SAMPLE_STEP = 3  # of the 418 words of the training voices
_WITHOUT_SPEECH = 8


@dataclass(frozen=True)
class ExportRecordings:
    """What a graph is quantised and checked with.

    Attributes:
        quantise: clips ``[n, N]`` that show which values the activations take.
        check: clips ``[m, N]`` that have no part in the former, by speakers that have none where the corpus says so.
        said: the words of each of ``check``; ``None`` where the model does not know them all.
    """

    quantise: Clips
    check: Clips
    said: tuple[Said, ...]


def read_export_recordings(
    config: RecognizerConfig, corpora: Sequence[str] = (), *, kind: Kind = "words"
) -> ExportRecordings:
    """Return the sample recordings and those of the caller.

    Args:
        config: of the network.
        corpora: further recordings as ``KIND:PATH``. Of a corpus with a split ``train`` that part serves the
            quantisation; of one without, every second recording.
        kind: of the model.

    Raises:
        CorpusError: if a corpus cannot be read, or has no word that the model knows.
    """
    samples = read_samples()
    read, read_own = (_read_words, _read_words) if kind == "words" else (_read_strings, _joined)
    other_words = not set(config.words) & set(samples.words)
    parts: list[tuple[Clips, _ClipsSaid, bool]] = []  # to quantise with, to check with, whether in noise too
    if not other_words or (kind == "words" and not corpora):
        train, test = (read_own(samples.filter(split=split), config) for split in ("train", "test"))
        parts.append((train[0][:: _SAMPLE_STEP if kind == "words" else 1], test, True))
    for name in corpora:
        first, second = (read(half, config) for half in _halves(_known(load_corpus(name), name, config, kind)))
        parts.append((first[0], second, other_words or kind == "strings"))
    quiet = _without_speech(config)
    quantise, check = [quiet] * (kind == "strings"), [quiet]
    said: list[Said] = [None] * len(quiet)
    for clips, (checked, words), noisy in parts:
        quantise += [clips, *([_in_noise(clips, config, SNRS_DB)] * noisy)]
        check += [checked, *([_in_noise(checked, config, (CHECK_SNR_DB,))] * noisy)]
        said += words * (1 + noisy)
    return ExportRecordings(np.concatenate(quantise), np.concatenate(check), tuple(said))


def _known(corpus: Corpus, name: str, config: RecognizerConfig, kind: Kind) -> Corpus:
    """Return single words, some of which the model knows, or strings of words that it knows."""
    known = set(config.words)
    if kind == "strings":
        corpus = corpus.filter(lambda utterance: bool(utterance.words) and set(utterance.words) <= known)
    else:
        corpus = corpus.filter(isolated=True)
    if not known & set(corpus.words):
        raise CorpusError(f"'{name}' has no {kind} that the model knows: {', '.join(config.words)}")
    return corpus


def _halves(corpus: Corpus) -> tuple[Corpus, Corpus]:
    """Return what serves the quantisation and what the check, at most ``CORPUS_CLIPS`` of each."""
    first = [utterance for utterance in corpus if utterance.split == "train"]
    second = [utterance for utterance in corpus if utterance.split != "train"]
    if not first or not second:
        first, second = list(corpus)[::2], list(corpus)[1::2]
    few = [tuple(half[:: max(1, math.ceil(len(half) / CORPUS_CLIPS))]) for half in (first, second)]
    return replace(corpus, utterances=few[0]), replace(corpus, utterances=few[1])


def _read_words(corpus: Corpus, config: RecognizerConfig) -> _ClipsSaid:
    clips = [read_clip(u.path, config.sample_rate, config.clip_seconds, raw=u.raw) for u in corpus]
    said: list[Said] = [u.words if u.word in config.vocabulary else None for u in corpus]
    return _stack(clips, config), said


def _read_strings(corpus: Corpus, config: RecognizerConfig) -> _ClipsSaid:
    """Return whole recordings; of one that is cut it is unknown which words are left."""
    read = [read_clip(u.path, config.sample_rate, float("inf"), raw=u.raw) for u in corpus]
    said: list[Said] = [u.words if len(x) <= config.clip_samples else None for u, x in zip(corpus, read, strict=True)]
    return _stack(read, config), said


def _joined(words: Corpus, config: RecognizerConfig) -> _ClipsSaid:
    """Return strings put together from words, those that fit into a clip."""
    longest = max(1, int(config.clip_seconds / SECONDS_A_WORD))
    known = words.filter(lambda utterance: utterance.word in config.vocabulary)
    planned = plan_strings(known, STRINGS, seed=0, lengths=range(1, longest + 1))
    spoken = [(LowCut(config.sample_rate).push(string.speak(config.sample_rate)), string.words) for string in planned]
    fitting = [(x, words) for x, words in spoken if len(x) <= config.clip_samples]
    return _stack([x for x, _ in fitting], config), [words for _, words in fitting]


def _stack(clips: Sequence[Samples], config: RecognizerConfig) -> Clips:
    return np.stack([fit_length(clip, config.clip_samples) for clip in clips])


def _without_speech(config: RecognizerConfig) -> Clips:
    """Return a few clips of silence and noise."""
    noise = 0.1 * np.random.default_rng(0).standard_normal((_WITHOUT_SPEECH, config.clip_samples)).astype(np.float32)
    noise[0] = 0
    return noise


def _in_noise(clips: Clips, config: RecognizerConfig, snrs_db: Sequence[float]) -> Clips:
    """Return the clips in noises and at SNRs (of the whole window) that take turns."""
    noises = _stack(
        [read_clip(path, config.sample_rate, config.clip_seconds) for path in sample_noises().values()], config
    )
    mixed = []
    for clip, noise, snr_db in zip(clips, cycle(noises), cycle(snrs_db), strict=False):
        speech_power, noise_power = (float(np.square(sound, dtype=np.float64).mean()) for sound in (clip, noise))
        mixed.append(clip + np.float32(mean_snr_gain(speech_power, noise_power, snr_db)) * noise)
    return np.stack(mixed)
