"""The waveforms of a corpus in memory, ready to be put together to batches."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import KW_ONLY, dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from aurora_resnet.augmentation.speed_pitch import change_speed
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.progress import progress_bar
from aurora_resnet.runtime.audio.clips import place, read_stretch
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AudioError, ConfigError, CorpusError, listed
from aurora_resnet.runtime.vocabulary import DIGITS, Vocabulary

#: How many words a message names before it only counts.
LISTED = 40


class ClipFormat(Protocol):
    """What a model, by its configuration or its facts, says of its clips."""

    @property
    def sample_rate(self) -> int:
        """In Hz."""

    @property
    def clip_seconds(self) -> float:
        """Length of a clip."""

    @property
    def vocabulary(self) -> Vocabulary:
        """Its words."""


def load_clips(corpus: Corpus, model: ClipFormat, *, progress: bool = False, skip_unreadable: bool = False) -> ClipSet:
    """Read a corpus at the rate, clip length and class order of a model.

    Args:
        corpus: isolated words only.
        model: its rate, clip length and vocabulary: a configuration, or a model's ``facts``.
        progress: show a bar on a terminal.
        skip_unreadable: put unreadable recordings into ``problems`` instead of raising.

    Raises:
        CorpusError: for an empty corpus, for recordings of several words or none, naming the words that the model
            does not know, and for unreadable recordings unless they are skipped.
    """
    strings = sum(len(utterance.words) != 1 for utterance in corpus)
    if strings:
        raise CorpusError(
            f"corpus '{corpus.name}' has {strings} of {len(corpus)} recordings that are not one single word; "
            "keep the isolated words with corpus.filter(isolated=True)"
        )
    if unknown := model.vocabulary.unknown([utterance.word for utterance in corpus]):
        raise CorpusError(
            f"corpus '{corpus.name}' has words that the model does not know: {listed(unknown, LISTED)}; leave them out "
            "with corpus.filter(words=...), or train a model of these words"
        )
    labels = [model.vocabulary.index(utterance.word) for utterance in corpus]
    return _read_clips(corpus, labels, model, progress=progress, skip_unreadable=skip_unreadable)


def load_negatives(corpus: Corpus, model: ClipFormat, *, skip_unreadable: bool = False) -> ClipSet:
    """Read recordings that say none of a model's words: other words, strings of them, or no word at all.

    Args:
        corpus: the recordings.
        model: its rate, clip length and vocabulary.
        skip_unreadable: put unreadable recordings into ``problems`` instead of raising.

    Returns:
        The clips, whose labels are the number of words of the vocabulary.

    Raises:
        CorpusError: for an empty corpus, one with words of the vocabulary, naming them, and for unreadable recordings
            unless they are skipped.
    """
    known = sorted({word for utterance in corpus for word in utterance.words} & set(model.vocabulary))
    if known:
        raise CorpusError(
            f"corpus '{corpus.name}' is meant for negatives but says words of the model: {listed(known, LISTED)}; "
            "leave them out with corpus.filter(lambda utterance: ...)"
        )
    label = len(model.vocabulary)
    return _read_clips(corpus, [label] * len(corpus), model, progress=False, skip_unreadable=skip_unreadable)


@dataclass(frozen=True, repr=False)
class ClipSet(Dataset[tuple[Tensor, Tensor]]):
    """Isolated words of a corpus, decoded once at the model's rate and kept in memory.

    It is a ``torch.utils.data.Dataset`` of waveforms ``[N]`` and labels, for a ``DataLoader`` and any training loop.

    One second at 8 kHz takes 32 kB, so 10,000 clips take 0.3 GB. Recordings longer than a clip are cut to their most
    energetic stretch while they are read.

    Attributes:
        utterances: what the clips are, in order.
        labels: class indices ``[n]``, int64.
        sample_rate: rate of the waveforms in Hz.
        clip_samples: length ``N`` of the clips that ``batch`` returns.
        vocabulary: its words are the classes; a label equal to their number stands for none of them.
        problems: recordings that could not be read, each with the reason.

    >>> from torch.utils.data import DataLoader
    >>> from aurora_resnet.corpora.samples import read_samples
    >>> from aurora_resnet.runtime.models import load_model
    >>> clips = load_clips(read_samples().filter(speakers="samples/flite-awb"), load_model("compact").facts)
    >>> [tuple(part.shape) for part in next(iter(DataLoader(clips, batch_size=4)))]
    [(4, 8000), (4,)]
    """

    utterances: tuple[Utterance, ...]
    labels: Tensor
    sample_rate: int
    clip_samples: int
    waveforms: tuple[Tensor, ...]
    _: KW_ONLY
    problems: tuple[str, ...] = ()
    vocabulary: Vocabulary = DIGITS

    def __repr__(self) -> str:
        return f"ClipSet({len(self)} clips of {self.clip_samples / self.sample_rate:g} s at {self.sample_rate} Hz)"

    def __len__(self) -> int:
        return len(self.utterances)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return a clip in the middle of its window, ``[N]`` float32, and its label."""
        label = self.labels[index]  # raises IndexError behind the last one
        return self.batch([index])[0], label

    def part(self, rows: slice | Sequence[int] | npt.NDArray[np.bool_]) -> ClipSet:
        """Return some of the clips, without the problems.

        Args:
            rows: a slice, numbers, which may stand there more than once, or a truth value for each clip.
        """
        numbers = np.arange(len(self))[rows].tolist()
        return replace(
            self,
            utterances=tuple(self.utterances[i] for i in numbers),
            labels=self.labels[numbers],
            waveforms=tuple(self.waveforms[i] for i in numbers),
            problems=(),
        )

    def with_speeds(self, factors: Sequence[float]) -> ClipSet:
        """Return copies played faster or slower, pitch and tempo alike, one after the other.

        Clip ``i`` at ``factors[j]`` stands at ``j * len(self) + i``. Source: Ko et al., *Audio Augmentation for Speech
        Recognition*, 2015.

        Args:
            factors: speeds in 0.5..2; 1 is a plain copy.

        Raises:
            ConfigError: for no factor or one out of range.
        """
        if not factors or not all(0.5 <= factor <= 2.0 for factor in factors):
            raise ConfigError(f"speed factors must lie in 0.5..2, got {list(factors)}")
        played = (change_speed(waveform.numpy(), factor) for factor in factors for waveform in self.waveforms)
        utterances, labels = self.utterances * len(factors), torch.cat([self.labels] * len(factors))
        return replace(self, utterances=utterances, labels=labels, waveforms=tuple(map(torch.from_numpy, played)))

    def batch(self, indices: Sequence[int], positions: Sequence[float] | None = None) -> Tensor:
        """Return clips of equal length, ``[B, N]`` float32.

        Args:
            indices: which clips.
            positions: where each clip lies in the free room, 0 at the left to 1 at the right; the middle if not given.
                A clip without free room is cut to ``N`` samples in the same way.
        """
        clips = torch.zeros(len(indices), self.clip_samples, dtype=torch.float32, device="cpu")
        windows = clips.numpy()  # the same memory
        for row, index in enumerate(indices):
            place(self.waveforms[index].numpy(), windows[row], 0.5 if positions is None else positions[row])
        return clips


def join_clips(parts: Sequence[ClipSet]) -> ClipSet:
    """Return clips of one format and vocabulary, one part after the other.

    Args:
        parts: at least one; the first gives the format.
    """
    return replace(
        parts[0],
        utterances=tuple(utterance for part in parts for utterance in part.utterances),
        labels=torch.cat([part.labels for part in parts]),
        waveforms=tuple(waveform for part in parts for waveform in part.waveforms),
    )


def _read_clips(
    corpus: Corpus, labels: Sequence[int], model: ClipFormat, *, progress: bool, skip_unreadable: bool
) -> ClipSet:
    """Read recordings whose labels are known."""
    if not len(corpus):
        raise CorpusError(f"corpus '{corpus.name}' has no recordings")

    def read(utterance: Utterance) -> tuple[Samples, bool] | str:
        try:
            return read_stretch(utterance.path, model.sample_rate, model.clip_seconds, raw=utterance.raw)
        except AudioError as error:
            return str(error)

    results = []
    with (
        ThreadPoolExecutor(max_workers=4) as pool,
        progress_bar(total=len(corpus), desc=f"reading {corpus.name}: ", unit="clip", show=progress) as bar,
    ):
        for result in pool.map(read, corpus):
            results.append(result)
            bar.update()
    problems = tuple(result for result in results if isinstance(result, str))
    if problems and not skip_unreadable:
        raise CorpusError(f"corpus '{corpus.name}' cannot be read: {listed(problems, 3, '; ')}")
    good = [
        (utterance.marked_clipped() if result[1] else utterance, label, torch.from_numpy(result[0]))
        for utterance, label, result in zip(corpus, labels, results, strict=True)
        if not isinstance(result, str)
    ]
    return ClipSet(
        utterances=tuple(utterance for utterance, _, _ in good),
        labels=torch.tensor([label for _, label, _ in good], dtype=torch.int64, device="cpu"),
        sample_rate=model.sample_rate,
        clip_samples=round(model.clip_seconds * model.sample_rate),
        waveforms=tuple(waveform for _, _, waveform in good),
        problems=problems,
        vocabulary=model.vocabulary,
    )
