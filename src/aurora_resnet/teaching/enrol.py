"""``enrol``: from a few recordings of each word to one exported model, in seconds and without training.

The frozen speech encoder describes every recording by a vector; a small layer tells the words' vectors from each other
and from a bank of negatives (``encoder``, ``head``, ``negatives``). Recordings are held out in turn, by speaker where
there are several: from their answers come the estimate, the temperature and the threshold. The layer that is kept is
fitted to everything.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.vocabulary import Vocabulary
from aurora_resnet.teaching.advice import ENROLLED
from aurora_resnet.teaching.clips import read_clips
from aurora_resnet.teaching.encoder import Encoder, Vectors
from aurora_resnet.teaching.head import Layer
from aurora_resnet.teaching.lessons import Lessons, answers_of, choose, of_people
from aurora_resnet.teaching.negatives import NOISE, TALK, load_bank
from aurora_resnet.teaching.recipe import usual_seconds
from aurora_resnet.teaching.recordings import TeachingRecordings
from aurora_resnet.teaching.report import OWN, Accepted, Taught


def enrol(
    recordings: TeachingRecordings,
    out: str | Path,
    *,
    words_refused: float = 0.05,
    with_known: bool = False,
    wrong: Corpus | None = None,
    encoder: Encoder | None = None,
    progress: Callable[[str], object] = lambda _: None,
) -> Taught:
    """Make a recogniser of a user's own words, and write it as an exported model.

    Args:
        recordings: words, at least two recordings of each, and anything else.
        out: the file to write, ending in ``.onnx``.
        words_refused: largest share of the held-out words that the threshold refuses, 0 to below 1; more where
            else more than a twentieth of the bank's other words would be accepted.
        with_known: recognise the words of the encoder's model too, whose logits and strings stay as they are.
        wrong: recordings that an earlier model got wrong, as ``read_wrong`` reads them.
        encoder: of another model than ``speech_encoder``, or one that has described most of the recordings already.
        progress: is told what happens next.

    Raises:
        CorpusError: if too few recordings can be used.
        ConfigError: for another file name, or words that the model knows already with ``with_known``.
        ModelError: if the bank was made for another encoder.
    """
    out, started = Path(out), time.perf_counter()
    if out.suffix != ".onnx":
        raise ConfigError(f"{out}: the file of an enrolled model ends in .onnx")
    encoder = encoder or Encoder()
    bank = load_bank()
    bank.check(encoder)
    facts = encoder.facts
    progress(f"reading {len(recordings.words) + len(recordings.negatives)} recordings")
    everything = recordings if wrong is None else _merged(recordings, wrong)
    clips = read_clips(everything, clip_format(encoder))
    if with_known and clips.network.clip_seconds != facts.clip_seconds:
        if (usual := usual_seconds(clips.words)) > facts.clip_seconds:
            raise ConfigError(
                f"nearly all of the new words last up to {usual:.2f} s, and clips of {facts.name} "
                f"{facts.clip_seconds:g} s, so no file recognises both; enrol shorter words, or leave the digits out"
            )
        clips = read_clips(everything, clip_format(encoder), clip_seconds=facts.clip_seconds)
    vocabulary = clips.network.vocabulary
    if with_known and (both := [word for word in vocabulary if word in facts.vocabulary]):
        raise ConfigError(f"{', '.join(both)}: {facts.name} knows these words already; leave their folders out")
    progress(f"describing {len(clips.words) + len(clips.negatives)} clips of {clips.network.clip_seconds:g} s")
    lessons = Lessons(clips, encoder, bank.without(vocabulary.words))
    logits, own, of_bank = lessons.held_out()
    spoken = answers_of(clips.words, logits)
    calibration = choose(spoken, of_bank, lessons.bank.labels, words_refused)
    taught = Taught.of(
        out,
        clips,
        calibration,
        of_people(spoken),
        {OWN: answers_of(clips.negatives, own)} if len(own) else {},
        needed=ENROLLED,
        advice=tuple(_advice(*pair) for pair in lessons.alike()),
        by_speaker=lessons.by_speaker,
        seconds=time.perf_counter() - started,
        accepted=_accepted(calibration, of_bank, lessons.bank.labels),
        correction=None
        if wrong is None
        else lessons.correction({u.path for u in recordings.words}, logits, calibration),
    )
    layer = lessons.layer(slice(None))
    if with_known:
        layer, calibration = _beside(layer, calibration, facts.calibration)
        vocabulary = Vocabulary(
            (*facts.vocabulary.words, *vocabulary.words), (*facts.vocabulary.digits, *vocabulary.digits)
        )
    written = replace(
        facts, name=out.stem, vocabulary=vocabulary, calibration=calibration, clip_samples=clips.network.clip_samples
    )
    projection = bank.mean, bank.matrix
    encoder.write(out, written, f"# {out.stem}\n\n{taught.to_markdown()}\n", projection, layer, with_known=with_known)
    return taught


def _accepted(point: Calibration, logits: Vectors, labels: npt.NDArray[np.str_]) -> tuple[Accepted, ...]:
    """Return how much of the bank is accepted by layers that did not learn from it."""
    accepted = point.accepts(logits)
    kinds = {"other words": ~np.isin(labels, (NOISE, TALK)), "talk": labels == TALK, "noise": labels == NOISE}
    return tuple(Accepted(kind, int(of_kind.sum()), int(accepted[of_kind].sum())) for kind, of_kind in kinds.items())


def _beside(layer: Layer, own: Calibration, known: Calibration) -> tuple[Layer, Calibration]:
    """Return the layer whose logits fit the calibration of the known words beside it, and that calibration."""
    if known.threshold is None or own.threshold is None:
        return layer, own
    return (layer[0], layer[1] + np.float32(known.threshold - own.threshold)), replace(known, points=())


def clip_format(encoder: Encoder) -> RecognizerConfig:
    """Return how recordings are read for an encoder."""
    mel = MelConfig(sample_rate=encoder.facts.sample_rate)
    return RecognizerConfig("speech_encoder", mel, clip_seconds=encoder.facts.clip_seconds, frontend="whisper")


def _merged(recordings: TeachingRecordings, wrong: Corpus) -> TeachingRecordings:
    """Return the recordings with false refusals behind the words, and false accepts behind the negatives."""
    words, negatives = (wrong.filter(isolated=isolated).utterances for isolated in (True, False))
    problems = (*recordings.words.problems, *wrong.problems)
    said = replace(recordings.words, utterances=(*recordings.words, *words), problems=problems)
    unsaid = replace(recordings.negatives, utterances=(*recordings.negatives, *negatives))
    return replace(recordings, words=said, negatives=unsaid)


def _advice(word: str, other: str, near: float) -> str:
    return (
        f"'{word}' and '{other}' sound alike ({near:.2f} of 1): whoever says one may get the other; choose words with "
        f"other vowels, or say more ('{word} now'), and enrol again"
    )
