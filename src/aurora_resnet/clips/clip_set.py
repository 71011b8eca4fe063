"""The waveforms of a corpus in memory, ready to be put together to batches."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from tqdm import tqdm

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.audio.clips import read_clip
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AudioError, ConfigError, CorpusError
from aurora_resnet.runtime.vocabulary import WORDS


@dataclass(frozen=True)
class ClipSet:
    """Isolated words of a corpus, decoded once at the model's rate and kept in memory.

    One second at 8 kHz takes 32 kB, so 10,000 clips take 0.3 GB. Recordings longer than a clip are cut to their most
    energetic stretch while they are read.

    Attributes:
        utterances: what the clips are, in order.
        labels: class indices ``[n]``, int64.
        sample_rate: rate of the waveforms in Hz.
        clip_samples: length ``N`` of the clips that ``batch`` returns.
        problems: recordings that could not be read, each with the reason.
    """

    utterances: tuple[Utterance, ...]
    labels: Tensor
    sample_rate: int
    clip_samples: int
    waveforms: tuple[Tensor, ...]
    problems: tuple[str, ...] = ()

    @classmethod
    def load(
        cls,
        corpus: Corpus,
        sample_rate: int,
        clip_seconds: float,
        *,
        words: Sequence[str] = WORDS,
        progress: bool = False,
        skip_unreadable: bool = False,
    ) -> ClipSet:
        """Read all recordings of a corpus.

        Args:
            corpus: isolated words only.
            sample_rate: the model's rate in Hz.
            clip_seconds: the model's clip length.
            words: class order.
            progress: show a bar on a terminal.
            skip_unreadable: put unreadable recordings into ``problems`` instead of raising.

        Raises:
            CorpusError: for an empty corpus, for digit strings, for words that the model does not know, and for
                unreadable recordings unless they are skipped.
        """
        if not len(corpus):
            raise CorpusError(f"corpus '{corpus.name}' has no recordings")
        strings = sum(len(utterance.words) != 1 for utterance in corpus)
        if strings:
            raise CorpusError(
                f"corpus '{corpus.name}' has {strings} of {len(corpus)} recordings that are not one single word; "
                "keep the isolated words with corpus.filter(isolated=True)"
            )
        foreign = sorted({utterance.word for utterance in corpus} - set(words))
        if foreign:
            raise CorpusError(f"corpus '{corpus.name}' has words that the model does not know: {', '.join(foreign)}")

        def read(utterance: Utterance) -> Samples | str:
            try:
                return read_clip(utterance.path, sample_rate, clip_seconds, raw=utterance.raw)
            except AudioError as error:
                return str(error)

        with ThreadPoolExecutor(max_workers=4) as pool:
            results = list(
                tqdm(
                    pool.map(read, corpus),
                    total=len(corpus),
                    desc=f"reading {corpus.name}",
                    unit="clip",
                    disable=None if progress else True,
                )
            )
        problems = tuple(result for result in results if isinstance(result, str))
        if problems and not skip_unreadable:
            more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
            raise CorpusError(f"corpus '{corpus.name}' cannot be read: {'; '.join(problems[:3])}{more}")
        good = [(u, torch.from_numpy(r)) for u, r in zip(corpus, results, strict=True) if not isinstance(r, str)]
        index = {word: position for position, word in enumerate(words)}
        return cls(
            utterances=tuple(utterance for utterance, _ in good),
            labels=torch.tensor([index[utterance.word] for utterance, _ in good], dtype=torch.int64),
            sample_rate=sample_rate,
            clip_samples=round(clip_seconds * sample_rate),
            waveforms=tuple(waveform for _, waveform in good),
            problems=problems,
        )

    def __len__(self) -> int:
        return len(self.utterances)

    def with_speeds(self, factors: Sequence[float]) -> ClipSet:
        """Return copies played faster or slower, pitch and tempo alike, one after the other.

        Clip ``i`` at ``factors[j]`` stands at ``j * len(self) + i``. Source: Ko et al., *Audio Augmentation for Speech
        Recognition*, 2015.

        Args:
            factors: speeds in 0.5..2, rounded to hundredths; 1 is a plain copy.

        Raises:
            ConfigError: for no factor or one out of range.
        """
        if not factors or not all(0.5 <= factor <= 2.0 for factor in factors):
            raise ConfigError(f"speed factors must lie in 0.5..2, got {list(factors)}")
        waveforms: list[Tensor] = []
        for factor in factors:
            percent = round(100 * factor)
            # Playing at r * percent / 100 samples a second what was recorded at r.
            waveforms += [torch.from_numpy(resample(w.numpy(), 100 * percent, 10_000)) for w in self.waveforms]
        return replace(
            self,
            utterances=self.utterances * len(factors),
            labels=self.labels.repeat(len(factors)),
            waveforms=tuple(waveforms),
        )

    def batch(self, indices: Sequence[int], positions: Sequence[float] | None = None) -> Tensor:
        """Return clips of equal length, ``[B, N]`` float32.

        Args:
            indices: which clips.
            positions: where each clip lies in the free room, 0 at the left to 1 at the right; the middle if not given.
                A clip without free room is cut to ``N`` samples in the same way.
        """
        clips = torch.zeros(len(indices), self.clip_samples)
        for row, index in enumerate(indices):
            waveform = self.waveforms[index]
            room = self.clip_samples - len(waveform)
            start = int(room * (0.5 if positions is None else positions[row]))
            if room >= 0:
                clips[row, start : start + len(waveform)] = waveform
            else:
                clips[row] = waveform[-start : -start + self.clip_samples]
        return clips
