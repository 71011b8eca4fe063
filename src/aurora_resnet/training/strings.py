"""Loading the recordings that a training file names for strings, and making training and validation clips of them."""

import logging
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from aurora_resnet.audio.trimming import trim_silence
from aurora_resnet.clips.augmented import in_noise
from aurora_resnet.clips.clip_set import ClipSet, join_clips, load_clips
from aurora_resnet.clips.string_clips import LONGEST_LABEL, NO_WORDS, Sentence, StringClips, padded, unit_of
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.sources.an4 import read_an4_aligned
from aurora_resnet.corpora.splits import check_speakers_disjoint, split_speakers
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.models.interface import StreamingStringClassifier, StringClassifier
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.models.streaming import check_streams
from aurora_resnet.runtime.audio.clips import place, read_clip
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.strings.grammar import TEENS, TENS
from aurora_resnet.training.data import AugmentSource, DataConfig, StringSource, TrainingClips, TrainingData, select
from aurora_resnet.training.sounds import VALIDATION_SEED, find_sounds, noise_pool, read_sounds, trim_words

#: Of a recording of a single word, that with the word in it.
WORD_SECONDS = 1.5
#: Recordings of talk that are made of other words, and how many words each has.
JOINED_TALK, WORDS_OF_TALK = 500, 4
FIGURES = {figure: word for word, figure in (TEENS | TENS).items()}

logger = logging.getLogger(__name__)


def load_strings(data: TrainingData, config: DataConfig, model: RecognizerModel, *, seed: int) -> TrainingClips:
    """Return the clips of a training of strings; ``held_out`` are strings, and talk without words.

    Args:
        data: single words.
        config: names everything else; ``strings`` and ``augment`` must be there.
        model: to be trained.
        seed: of the training.

    Raises:
        ConfigError: if words or recordings do not fit into a clip, or there is no unit for other words.
        CorpusError: if recordings are missing.
        AudioError: if a file cannot be read.
    """
    if isinstance(model.classifier, StreamingStringClassifier):
        check_streams(model)
    strings, augment, net = config.strings, config.augment, model.classifier
    if strings is None or augment is None or not isinstance(net, StringClassifier):
        raise ConfigError("a training of strings needs a model of strings, data.strings and data.augment")
    reader = _Reader(model, net)
    recordings, held_out = _recordings(strings, config.root, set(data.validation.speakers))
    check_speakers_disjoint(words=data.train, held_out_strings=held_out)
    apart = {*data.validation.speakers, *held_out.speakers}
    sentences = [*reader.whole(recordings), *reader.aligned(strings, config.root, apart)]
    words = trim_words(reader.words(data.train))
    others = reader.other_words(augment, config.root)
    recorded_talk = read_sounds(find_sounds(augment.talk, config.root), reader.rate, math.inf)
    clips = StringClips(
        words,
        sentences,
        others,
        [*recorded_talk, *_joined([word for word, _ in others], seed)],
        noise_pool(words, [], augment, config.root, seed),
        clip_seconds=model.config.clip_seconds,
        size=strings.size,
        augmentation=augment.augmentation,
        shares=strings.shares,
        speaker_power=augment.speaker_power,
        seed=seed,
        workers=augment.workers,
    )
    talk = find_sounds(strings.validation_talk, config.root)
    held_out = Corpus("validation", held_out.utterances + tuple(Utterance(path, (), "") for path in talk))
    if not len(held_out):
        return TrainingClips(clips, None, held_out)
    validation = reader.validation(held_out, net.frames_per_answer * model.config.mel.hop_length)
    if augment.validation_noises and len(data.validation):
        validation = join_clips([validation, _noisy(validation, reader.words(data.validation), augment, config.root)])
    return TrainingClips(clips, validation, held_out)


class _Reader:
    """Reads recordings as a model needs them."""

    def __init__(self, model: RecognizerModel, net: StringClassifier) -> None:
        self.config, self.others = model.config, net.others
        self.rate = model.config.sample_rate

    def words(self, corpus: Corpus) -> ClipSet:
        return load_clips(corpus, replace(self.config, clip_seconds=min(WORD_SECONDS, self.config.clip_seconds)))

    def whole(self, corpus: Corpus) -> list[Sentence]:
        """Return recordings that fit into a clip, word by word but not where."""
        read = [(self._read(u), self._units(u.words)) for u in corpus]
        fitting = [Sentence(x, u) for x, u in read if len(x) <= self.config.clip_samples and len(u) <= LONGEST_LABEL]
        if len(fitting) < len(read):
            logger.warning("%d of %d strings are too long for a clip and left out", len(read) - len(fitting), len(read))
        return fitting

    def aligned(self, strings: StringSource, root: str, held_out: set[str]) -> list[Sentence]:
        sentences = []
        for folder in strings.aligned:
            for utterance, spans in read_an4_aligned(Path(root) / Path(folder).expanduser()):
                if utterance.split != "train" or utterance.speaker in held_out:
                    continue
                starts, ends = (tuple(int(time * self.rate) for time in times) for times in zip(*spans, strict=True))
                sentences.append(Sentence(self._read(utterance), self._units(utterance.words), starts, ends))
        return sentences

    def validation(self, corpus: Corpus, step: int) -> ClipSet:
        """Return whole recordings, each in the middle of a clip as long as the longest."""
        waveforms = tuple(torch.from_numpy(self._read(utterance)) for utterance in corpus)
        units = [padded(self._units(utterance.words) or [NO_WORDS]) for utterance in corpus]
        labels, longest = torch.from_numpy(np.stack(units)), max(map(len, waveforms))
        whole, vocabulary = longest + -longest % step, self.config.vocabulary
        return ClipSet(corpus.utterances, labels, self.rate, whole, waveforms, vocabulary=vocabulary)

    def other_words(self, augment: AugmentSource, root: str) -> list[tuple[Samples, int]]:
        """Return single words, and their units as their files' names tell them."""
        paths = find_sounds(augment.negatives, root)
        words = (trim_silence(word, self.rate) for word in read_sounds(paths, self.rate, WORD_SECONDS))
        return list(zip(words, self._units([_word_of(path) for path in paths]), strict=True))

    def _read(self, utterance: Utterance) -> Samples:
        return read_clip(utterance.path, self.rate, math.inf, raw=utterance.raw)

    def _units(self, words: Sequence[str]) -> tuple[int, ...]:
        return tuple(unit_of(word, self.config.vocabulary, self.others) for word in words)


def _recordings(strings: StringSource, root: str, held_out: set[str]) -> tuple[Corpus, Corpus]:
    """Return the strings to learn from and those of speakers that are held out."""
    train, validation = Corpus("strings", ()), Corpus("validation", ())
    for source in strings.recordings:
        corpus = select(source, root).filter(isolated=False)
        of_others = corpus.filter(lambda utterance: utterance.speaker in held_out)
        mine = corpus.filter(lambda utterance: utterance.speaker not in held_out)
        if source.validation_share and len(mine):
            mine, more = split_speakers(mine, source.validation_share, seed=0)
            of_others = of_others + more
        train, validation = train + mine, validation + of_others
    return train, validation


def _word_of(path: Path) -> str:
    """Return the word that the name of a file begins with.

    >>> [_word_of(Path(name)) for name in ("sixty_0_an1.flac", "letter_b_x_0.flac", "b_3_an1.flac", "20.flac")]
    ['sixty', 'b', 'b', 'twenty']
    >>> _word_of(Path("b_p.flac"))  # a prompt that says "bravo"
    'b_p'
    """
    first, _, rest = path.stem.removeprefix("letter_").partition("_")
    return path.stem if rest == "p" else FIGURES.get(first, first)


def _joined(others: Sequence[Samples], seed: int) -> list[Samples]:
    """Return talk made of other words."""
    if not others:
        return []
    draws = np.random.default_rng([seed, 1]).integers(len(others), size=(JOINED_TALK, WORDS_OF_TALK))
    return [np.concatenate([others[number] for number in row]) for row in draws]


def _noisy(clips: ClipSet, words: ClipSet, augment: AugmentSource, root: str) -> ClipSet:
    """Return a noisy copy of clips, the same in every run."""
    pool = noise_pool(trim_words(words), [], replace(augment, noises=augment.validation_noises), root, VALIDATION_SEED)
    noisy = []
    for index, waveform in enumerate(clips.waveforms):
        window = place(waveform.numpy(), np.zeros(clips.clip_samples, np.float32))
        first = (clips.clip_samples - len(waveform)) // 2
        generator = np.random.default_rng([VALIDATION_SEED, index])
        spoken = first, first + len(waveform)
        noisy.append(torch.from_numpy(in_noise(window, spoken, pool, augment.augmentation, generator)))
    return replace(clips, waveforms=tuple(noisy))
