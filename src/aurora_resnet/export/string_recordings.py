"""Audio that a graph of strings is quantised with, and other audio that it is checked with, clean and in noise.

Strings are put together from the sample words: of the training voices for quantising, of the test voices for checking.
Recordings of the caller's own, words or strings, are added as in ``recordings``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.export.recordings import CHECK_SNR_DB, SNRS_DB, Clips, halves, in_noise, without_speech
from aurora_resnet.models.recognizer_model import RecognizerConfig
from aurora_resnet.noisy_corpus.strings import plan_strings
from aurora_resnet.runtime.audio.clips import fit_length, read_clip
from aurora_resnet.runtime.audio.low_cut import LowCut
from aurora_resnet.runtime.errors import CorpusError

STRINGS = 60
"""Put together of each side's sample words."""
SECONDS_A_WORD = 0.9
"""So many words go into a clip."""

Said = tuple[str, ...] | None


@dataclass(frozen=True)
class StringRecordings:
    """What a graph is quantised and checked with.

    Attributes:
        quantise: clips ``[n, N]`` that show which values the activations take.
        check: clips ``[m, N]`` that have no part in the former.
        said: the words of each of ``check``; ``None`` where the model does not know them all.
    """

    quantise: Clips
    check: Clips
    said: tuple[Said, ...]


def read_string_recordings(config: RecognizerConfig, corpora: tuple[str, ...] = ()) -> StringRecordings:
    """Return the strings of sample words and the recordings of the caller.

    Args:
        config: of the network.
        corpora: words or strings as ``KIND:PATH``, divided as ``read_export_recordings`` does.

    Raises:
        CorpusError: if a corpus cannot be read, or has nothing that the model knows.
    """
    samples = read_samples().filter(lambda utterance: utterance.word in config.vocabulary)
    parts = [_joined(samples.filter(split=split), config) for split in ("train", "test")] if len(samples) else []
    pairs = [tuple(parts)] if parts else []
    for name in corpora:
        known = load_corpus(name).filter(lambda u: bool(u.words) and not config.vocabulary.unknown(u.words))
        if not len(known):
            raise CorpusError(f"'{name}' has no recording whose words the model knows: {', '.join(config.words)}")
        pairs.append(tuple(_read(part, config) for part in halves(known)))
    quiet = without_speech(config)
    quantise, check = [quiet], [quiet]
    said: list[Said] = [None] * len(quiet)
    for (first, _), (second, words) in pairs:
        quantise += [first, in_noise(first, config, SNRS_DB)]
        check += [second, in_noise(second, config, (CHECK_SNR_DB,))]
        said += 2 * words
    return StringRecordings(np.concatenate(quantise), np.concatenate(check), tuple(said))


def _joined(words: Corpus, config: RecognizerConfig) -> tuple[Clips, list[Said]]:
    longest = max(1, int(config.clip_seconds / SECONDS_A_WORD))
    planned = plan_strings(words, STRINGS, seed=0, lengths=range(1, longest + 1))
    spoken = [(LowCut(config.sample_rate).push(string.speak(config.sample_rate)), string.words) for string in planned]
    fitting = [(x, words) for x, words in spoken if len(x) <= config.clip_samples]
    return np.stack([fit_length(x, config.clip_samples) for x, _ in fitting]), [words for _, words in fitting]


def _read(corpus: Corpus, config: RecognizerConfig) -> tuple[Clips, list[Said]]:
    """Return the clips of recordings; of one that is cut nobody can say which words are left."""
    read = [read_clip(u.path, config.sample_rate, float("inf"), raw=u.raw) for u in corpus]
    said = [u.words if len(x) <= config.clip_samples else None for u, x in zip(corpus, read, strict=True)]
    return np.stack([fit_length(x, config.clip_samples) for x in read]), said
