r"""Whether a string is all that was said: "forty seven one" is not 471, nor 71.

Other speech separates the words of a string as silence does, so the probability of a string counts alignments with
other words among its own. Of them, those without other speech near the string have the share

.. math:: c(s) = \frac{P(s, \text{no other speech})}{P(s)},

both by the forward algorithm over the units :math:`-, s_1, -, s_2, \dots, -` (A. Graves, *Supervised Sequence Labelling
with Recurrent Neural Networks*, 2012, section 7.3); above the line a separator near the string is the blank alone.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

#: Other speech so near to a string, 1.2 s at 25 frames a second, was said with it.
BESIDE_FRAMES = 30


def completeness(
    frames: npt.NDArray[np.float64],
    known: int,
    words: Sequence[int],
    spans: Sequence[tuple[int, int]],
    *,
    beside: bool = True,
) -> float:
    """Return the probability that nothing but the words of a string was said with it, 0 to 1.

    Args:
        frames: as ``PrefixSearch.push`` takes them; with one column behind the words there is no other speech.
        known: ``K``, the words of the search.
        words: of the string; one without words is always complete.
        spans: first frame and frame behind the last of each word.
        beside: whether any other word said before and after the string counts too, and not only one between its words.
            Words that have a column of their own always count.

    >>> frames = np.array([[0.9, 0.0, 0.1], [0.0, 0.4, 0.6], [0.9, 0.0, 0.1]])
    >>> round(completeness(frames, 1, (0, 0), ((0, 1), (2, 3))), 6)
    0.6
    """
    if not words or frames.shape[1] < known + 2:
        return 1.0
    anything, other, blank = frames[:, known:].sum(axis=1), frames[:, -2], frames[:, -1]
    first, last = spans[0][0], spans[-1][1]
    alone = anything.copy()
    near = slice(max(0, first - BESIDE_FRAMES), last + BESIDE_FRAMES)
    alone[near] = blank[near] if beside else (blank + other)[near]
    alone[first:last] = blank[first:last]
    separators = np.stack([anything, alone])  # [2, T]
    spoken = frames[:, list(words)]
    again = np.array([a == b for a, b in zip(words[1:], words[:-1], strict=True)], np.bool_)
    silent, inside = np.zeros((2, len(words) + 1)), np.zeros((2, len(words)))
    silent[:, 0], logs = 1.0, np.zeros(2)
    for now in range(len(frames)):
        begun = inside + silent[:, :-1]
        begun[:, 1:] += np.where(again, 0.0, inside[:, :-1])
        silent[:, 1:] += inside
        silent *= separators[:, now, None]
        inside = begun * spoken[now]
        whole = silent.sum(axis=1) + inside.sum(axis=1)
        if whole[0] <= 0 or whole[1] <= 0:
            return 0.0
        logs += np.log(whole)
        silent, inside = silent / whole[:, None], inside / whole[:, None]
    said = silent[:, -1] + inside[:, -1]
    if said[0] <= 0:
        return 0.0
    return float(min(1.0, said[1] / said[0] * np.exp(logs[1] - logs[0])))
