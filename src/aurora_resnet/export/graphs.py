"""What Python does around a network as ONNX graphs, so that no program in another language has to write it again.

``word_search.onnx`` cuts the word out of a recording at 8 kHz (``runtime.audio.word_search``) and removes what lies
below speech (``runtime.audio.low_cut``); ``word_decision.onnx`` decides by the logits (``runtime.decision``).

``string_decision.onnx`` decides by the probabilities of a model of strings: which words the most probable path says,
and by the forward algorithm how probable they are among all strings (``runtime.strings.search``) and without other
words (``completeness``). A string that is more probable than all others together is also the one that the prefix search
finds. That search itself is no graph: its strings, of any number and length, would be tensors that grow in a loop.
"""
# mypy: ignore-errors
# ruff: noqa: F821
# onnxscript reads the functions below; Python does not run them.

from pathlib import Path

from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.audio.clips import CLIPPED_SHARE, NEAR_PEAK, SOFTEST_PEAK
from aurora_resnet.runtime.audio.low_cut import low_cut_kernel
from aurora_resnet.runtime.audio.word_search import (
    ABOVE_FLOOR,
    BELOW_PEAK,
    FRAME_SECONDS,
    MOST_BANGS,
    SPREAD,
    VOWEL_SHARE,
    WORD_FRAMES,
)  # fmt: skip
from aurora_resnet.runtime.decision import AUDIBLE, SURE_IF_CLIPPED
from aurora_resnet.runtime.errors import MissingDependencyError
from aurora_resnet.runtime.strings.completeness import BESIDE_FRAMES

try:
    import onnx
    from onnxscript import BOOL, FLOAT, INT64, script
    from onnxscript import opset18 as op
except ImportError as error:
    raise MissingDependencyError(
        f"the graphs need onnxscript ({error}); install it with: pip install 'aurora-resnet[export]'"
    ) from None

#: Hz, and samples of a clip: those of all shipped models.
RATE = 8000
FRAME = round(FRAME_SECONDS * RATE)
WINDOW = RATE // FRAME
KERNEL = low_cut_kernel(RATE)[::-1].tolist()
BEFORE = len(KERNEL) - 1
SINGLE, INTEGER, DOUBLE = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64, onnx.TensorProto.DOUBLE


@script()
def loudest_stretch(powers, length):
    """Return where the ``length`` values with the largest sum begin, and their sum."""
    sums = op.Concat(op.Cast([0.0], to=DOUBLE), op.CumSum(powers, 0), axis=0)
    stretches = op.Slice(sums, length, op.Shape(sums)) - op.Slice(sums, [0], op.Shape(sums) - length)
    return op.ArgMax(stretches, axis=0, keepdims=0), op.ReduceMax(stretches, keepdims=0)


@script()
def frames(signal):
    """Return the power of each whole frame without offset and slope, and whether it may be a vowel."""
    whole = op.Slice(signal, [0], op.Shape(signal) / FRAME * FRAME)
    framed = op.Cast(op.Reshape(whole, op.Constant(value_ints=[-1, FRAME])), to=DOUBLE)
    level = framed - op.ReduceMean(framed, [1])
    line = op.Cast(op.Range(0, FRAME, 1), to=DOUBLE) - op.Cast(0.5 * (FRAME - 1), to=DOUBLE)
    slope = line / op.Sqrt(op.ReduceSumSquare(line))
    rest = level - op.MatMul(level, op.Unsqueeze(slope, [1])) * slope
    power = op.ReduceMean(rest * rest, [1], keepdims=0)
    steps = op.Slice(rest, [1], op.Constant(value_ints=[FRAME]), [1]) - op.Slice(rest, [0], [-1], [1])
    return op.Cast(power, to=SINGLE), op.ReduceMean(steps * steps, [1], keepdims=0) < power


@script()
def is_word(powers, vowels, least):
    """Tell whether the frames of a stretch may be a word."""
    total = op.ReduceSum(powers, keepdims=0)
    voiced, _ = op.TopK(op.Where(vowels, powers, 0.0), op.Shape(powers))
    ordered, _ = op.TopK(powers, op.Shape(powers))
    few = op.ReduceSum(op.Cast(op.CumSum(ordered, 0) < SPREAD * total, to=INTEGER), keepdims=0)
    vocal = op.Not(op.ReduceSum(voiced, keepdims=0) < VOWEL_SHARE * total)
    return op.And(op.And(vocal, op.Gather(voiced, WORD_FRAMES - 1) > least), few + 1 >= WORD_FRAMES)


@script()
def quartile(values):
    """Return the first quartile, between two values as numpy does."""
    ordered, _ = op.TopK(values, op.Shape(values), largest=0)
    place = 0.25 * (op.Cast(op.Size(values), to=SINGLE) - 1.0)
    low = op.Cast(op.Floor(place), to=INTEGER)
    a, b = op.Gather(ordered, low), op.Gather(ordered, op.Cast(op.Ceil(place), to=INTEGER))
    return a + (b - a) * (place - op.Floor(place))


@script()
def word_start(recording, clean):
    """Return the first sample of the second in which the word is, of a recording that is longer."""
    sound = op.Cast(recording, to=DOUBLE)
    loudest, _ = loudest_stretch(sound * sound, op.Constant(value_ints=[RATE]))
    begin = op.Reshape(loudest, [1])
    power, vowel = frames(op.Slice(clean, begin, begin + RATE))
    found = op.Slice(sound, begin, begin + RATE)
    half = op.ReduceSumSquare(found, keepdims=0) * 0.5
    toneless = op.Not(op.Cast(op.ReduceSum(power, keepdims=0), to=DOUBLE) * FRAME < half)
    start = loudest
    looks = op.Not(op.And(toneless, is_word(power, vowel, 0.0)))
    powers, vowels = frames(clean)
    number = op.Range(0, op.Size(powers), 1)
    floor = ABOVE_FLOOR * quartile(powers)
    left = powers
    bangs = op.Identity(0)
    while looks:
        at, most = loudest_stretch(op.Cast(left, to=DOUBLE), op.Constant(value_ints=[WINDOW]))
        first = op.Reshape(at, [1])
        part = op.Slice(left, first, first + WINDOW)
        word = op.And(most > 0.0, is_word(part, op.Slice(vowels, first, first + WINDOW), floor))
        start = op.Where(word, at * FRAME, start)
        bangs = bangs + 1
        looks = op.And(op.Not(word), op.And(most > 0.0, bangs < MOST_BANGS))
        peak = at + op.ArgMax(part, axis=0, keepdims=0)
        quiet = powers < BELOW_PEAK * op.Gather(powers, peak)
        before = op.ReduceMax(op.Where(op.And(quiet, number < peak), number, 0), keepdims=0)
        after = op.ReduceMin(op.Where(op.And(quiet, number > peak), number + 1, op.Size(powers)), keepdims=0)
        left = op.Where(op.And(number >= before, number < after), 0.0, left)
    return start


@script()
def low_cut(samples):
    """Return samples without what lies below speech; before the first one they count as mirrored."""
    size = op.Size(samples)
    back = op.Mod(op.Range(BEFORE - 1, -1, -1), 2 * size)
    mirror = op.Gather(samples, op.Where(back < size, back, 2 * size - 1 - back))
    signal = op.Reshape(op.Concat(mirror, samples, axis=0), [1, 1, -1])
    return op.Reshape(op.Conv(signal, op.Reshape(op.Constant(value_floats=KERNEL), [1, 1, -1])), [-1])


@script()
def word_search(recording: FLOAT["N"], clean: FLOAT["N"]) -> tuple[INT64, FLOAT[1, RATE], BOOL]:
    """Cut the word out of a recording at 8 kHz.

    Args:
        recording: of any length.
        clean: the same without tones; where none are removed, the same.

    Returns:
        The first sample of the second in which the word is; the network's input: that second, or a shorter recording in
        the middle of silence, without what lies below speech; whether it was cut off at its peaks.
    """
    place = op.Identity(0)
    if op.Size(recording) > RATE:
        place = word_start(recording, clean)
    begin = op.Reshape(place, [1])
    stretch = op.Slice(recording, begin, begin + RATE)
    sizes = op.Abs(stretch)
    peak = op.ReduceMax(sizes, keepdims=0)
    flat = op.ReduceMean(op.Cast(sizes >= NEAR_PEAK * peak, to=DOUBLE), keepdims=0)
    clipped = op.And(peak > SOFTEST_PEAK, flat >= CLIPPED_SHARE)
    cut = op.Where(peak > AUDIBLE, low_cut(stretch), stretch)
    missing = RATE - op.Shape(cut)
    padded = op.Pad(cut, op.Concat(missing / 2, missing - missing / 2, axis=0))
    start, waveform = op.Identity(place), op.Reshape(padded, op.Constant(value_ints=[1, RATE]))
    return start, waveform, clipped


@script()
def word_decision(
    logits: FLOAT[1, "K"], waveform: FLOAT[1, RATE], clipped: BOOL, temperature: FLOAT, threshold: FLOAT
) -> tuple[INT64, FLOAT, BOOL, FLOAT["K"], FLOAT]:
    """Decide which word a clip is, how surely, and whether it is one.

    Args:
        logits: of the network.
        waveform: its input.
        clipped: whether the recording was cut off at its peaks.
        temperature: of the model's calibration.
        threshold: likewise; without one, infinity: then nothing is accepted.

    Returns:
        Word, confidence, accepted, the probability of each word given that it is one, and that it is none.
    """
    each = op.Reshape(op.Cast(logits, to=DOUBLE), [-1])
    evidence = op.ReduceLogSumExp(each, keepdims=0)
    word = op.ArgMax(each, axis=0, keepdims=0)
    probabilities = op.Cast(op.Softmax(each / op.Cast(temperature, to=DOUBLE)), to=SINGLE)
    confidence = op.ReduceMax(probabilities, keepdims=0)
    audible = op.ReduceMax(op.Abs(waveform), keepdims=0) > AUDIBLE
    sure = op.Or(op.Not(clipped), confidence >= SURE_IF_CLIPPED)
    accepted = op.And(op.And(audible, sure), evidence >= op.Cast(threshold, to=DOUBLE))
    none_probability = op.Cast(op.Sigmoid(op.Neg(evidence)), to=SINGLE)
    return word, confidence, accepted, probabilities, none_probability


@script()
def best_path(shares, words):
    """Return the words of the most probable path, and the first frame and the frame behind the last of each."""
    unit = op.ArgMax(shares, axis=1, keepdims=0)
    nothing = op.Expand(words, op.Constant(value_ints=[1]))
    before = op.Concat(nothing, op.Slice(unit, [0], [-1]), axis=0)
    after = op.Concat(op.Slice(unit, [1], op.Shape(unit)), nothing, axis=0)
    said = unit < words
    starts = op.And(said, op.Not(unit == before))
    ends = op.And(said, op.Not(unit == after))
    number = op.Range(0, op.Size(unit), 1)
    return op.Compress(unit, starts), op.Compress(number, starts), op.Compress(number, ends) + 1


@script()
def posterior(shares, words, said, first, last):
    """Return the probability of all paths that say the words, and the share of them without other words near."""
    time = op.Unsqueeze(op.Range(0, op.Gather(op.Shape(shares), 0), 1), [0])
    width = op.Reshape(words, [1])
    anything = op.Unsqueeze(op.ReduceSum(op.Slice(shares, width, width + 2, [1]), [1], keepdims=0), [0])
    blank = op.Transpose(op.Slice(shares, width + 1, width + 2, [1]))
    near = op.And(time >= op.ReduceMin(first) - BESIDE_FRAMES, time < op.ReduceMax(last) + BESIDE_FRAMES)
    separators = op.Concat(anything, op.Where(near, blank, anything), axis=0)
    spoken = op.Gather(shares, said, axis=1)
    length = op.Shape(said)
    again = op.Slice(said, [1], length) == op.Slice(said, [0], [-1])
    may = op.Concat(
        op.Cast([1.0], to=DOUBLE), op.Where(again, op.Cast(0.0, to=DOUBLE), op.Cast(1.0, to=DOUBLE)), axis=0
    )
    nought = op.Cast([0.0], to=DOUBLE)
    zeros = op.Expand(nought, op.Concat([2], length, axis=0))
    column = op.Expand(nought, op.Constant(value_ints=[2, 1]))
    silent, inside, logs = op.Concat(column + 1.0, zeros, axis=1), zeros, column
    for now in range(op.Size(time)):
        shifted = op.Concat(column, op.Slice(inside, [0], [-1], [1]), axis=1) * may
        begun = inside + op.Slice(silent, [0], [-1], [1]) + shifted
        silent = (silent + op.Concat(column, inside, axis=1)) * op.Gather(separators, op.Reshape(now, [1]), axis=1)
        inside = begun * op.Gather(spoken, now, axis=0)
        whole = op.Max(op.ReduceSum(silent, [1]) + op.ReduceSum(inside, [1]), op.Cast(1e-30, to=DOUBLE))
        logs = logs + op.Log(whole)
        silent = silent / whole
        inside = inside / whole
    ended = op.Gather(silent, -1, axis=1) + op.Gather(inside, -1, axis=1)
    both = op.Reshape(logs, [-1]) + op.Log(ended)
    every, alone = op.Gather(both, 0), op.Gather(both, 1)
    return op.Exp(every), op.Exp(alone - every)


@script()
def string_decision(
    probabilities: FLOAT["T", "K"], words: INT64, other_weight: FLOAT, temperature: FLOAT, threshold: FLOAT
) -> tuple[INT64["L"], INT64["L"], INT64["L"], FLOAT, BOOL]:
    """Decide which string was said, how surely, and whether to believe it.

    Args:
        probabilities: of each frame, in columns of words, other speech, neither, and more that do not count.
        words: how many words there are.
        other_weight: of the model's calibration; 1 if it has none.
        temperature: likewise.
        threshold: likewise; without one, infinity.

    Returns:
        Words, the first frame of each and the frame behind its last; the confidence of all, accepted.
    """
    width = op.Reshape(words, [1])
    units = op.Cast(op.Slice(probabilities, [0], width + 2, [1]), to=DOUBLE)
    behind = op.Range(0, words + 2, 1) >= words
    weighted = units * op.Where(behind, op.Cast(other_weight, to=DOUBLE), op.Cast(1.0, to=DOUBLE))
    shares = weighted / op.ReduceSum(weighted, [1])
    string, first, last = best_path(shares, words)
    sure = op.Cast(0.0, to=DOUBLE)
    if op.Size(string) > 0:
        whole, alone = posterior(shares, words, string, first, last)
        root = op.Sqrt(op.Cast(op.Size(string), to=DOUBLE)) * op.Cast(temperature, to=DOUBLE)
        sure = op.Pow(whole * alone, 1.0 / root)  # ``StringDecision.confidence``
    confidence = op.Cast(sure, to=SINGLE)
    accepted = op.And(op.Size(string) > 0, sure >= op.Cast(threshold, to=DOUBLE))
    return string, first, last, confidence, accepted


def write_graphs(folder: str | Path) -> None:
    """Write the graphs into a folder; inputs and outputs are named as in the functions above.

    >>> import tempfile
    >>> write_graphs(folder := tempfile.mkdtemp())
    >>> sorted(path.name for path in Path(folder).iterdir())
    ['string_decision.onnx', 'word_decision.onnx', 'word_search.onnx']
    """
    for function in (word_search, word_decision, string_decision):
        with atomic_path(Path(folder) / f"{function.name}.onnx") as path:
            onnx.save(function.to_model_proto(ir_version=8, producer_name="aurora_resnet"), path)
