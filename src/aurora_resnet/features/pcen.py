r"""Per-channel energy normalisation: a gain control for each mel band in the place of the logarithm.

With mel energies :math:`E[t, m]`, each band by itself,

.. math::

    M[t] &= (1 - s) \, M[t - 1] + s \, E[t], \qquad M[0] = E[0]  \\
    \mathrm{PCEN}[t] &= \Big(\frac{E[t]}{(\epsilon + M[t])^{\alpha}} + \delta\Big)^{r} - \delta^{r}

The recursion is linear in ``E``, so over a clip of ``T`` frames it is one product with the matrix
:math:`A[t, u] = s (1 - s)^{t - u}` for :math:`1 \le u \le t` and :math:`A[t, 0] = (1 - s)^t`.

Source: Wang et al., *Trainable Frontend For Robust and Far-Field Keyword Spotting*, 2017, with its constants.
"""

import torch
from torch import Tensor

#: The share of a new frame of 10 ms in the running mean: a time constant of 0.4 s.
SMOOTHING = 0.025
ALPHA, DELTA, ROOT, EPSILON = 0.98, 2.0, 0.5, 1e-6
#: Energies are those of 16-bit integers, as in the paper, whose :math:`\delta` is meant for such numbers.
FULL_SCALE = 2.0**30


def running_mean(energies: Tensor, smoothing: float = SMOOTHING, before: Tensor | None = None) -> Tensor:
    """Return the exponentially weighted mean of each band up to each frame, ``[B, T, M] -> [B, T, M]``.

    Args:
        energies: of each frame and band.
        smoothing: share of a new frame.
        before: the mean up to the frame before the first, ``[B, 1, M]``; without it the first frame is its own mean.

    >>> running_mean(torch.tensor([[[4.0], [0.0], [0.0]]]), smoothing=0.5).flatten().tolist()
    [4.0, 2.0, 1.0]
    """
    frames = torch.arange(energies.shape[1], device=energies.device)
    age = frames[:, None] - frames[None, :]  # [T, T]
    weights = (1 - smoothing) ** age.clamp(min=0).to(energies.dtype)
    weights = torch.where(age >= 0, weights, torch.zeros_like(weights))
    if before is None:
        return torch.where(frames > 0, smoothing * weights, weights) @ energies
    return smoothing * weights @ energies + (1 - smoothing) * weights[:, :1] * before


def pcen(energies: Tensor) -> Tensor:
    """Return the normalised energies of mel energies of waveforms in [-1, 1].

    Shape: ``[B, T, M] -> [B, T, M]``, each clip and band by itself.

    >>> steady = pcen(torch.full((1, 50, 4), 1e-3))  # a steady sound is brought to about (1 + delta)^r - delta^r
    >>> bool((steady - (3**0.5 - 2**0.5)).abs().max() < 0.1)
    True
    """
    scaled = energies * FULL_SCALE
    return _normalised(scaled, running_mean(scaled))


def pcen_step(energies: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    """Go on with streams: return normalised energies and the running mean that the next step takes as ``before``.

    Args:
        energies: of the new frames, ``[B, T, M]``.
        before: running mean up to them, ``[B, 1, M]``; zeros at the beginning, as if there had been silence.

    >>> energies = torch.rand(1, 8, 4, generator=torch.Generator().manual_seed(0))
    >>> whole, _ = pcen_step(energies, torch.zeros(1, 1, 4))
    >>> first, mean = pcen_step(energies[:, :4], torch.zeros(1, 1, 4))
    >>> torch.allclose(whole, torch.cat((first, pcen_step(energies[:, 4:], mean)[0]), dim=1))
    True
    """
    scaled = energies * FULL_SCALE
    mean = running_mean(scaled, before=before)
    return _normalised(scaled, mean), mean[:, -1:]


def _normalised(scaled: Tensor, mean: Tensor) -> Tensor:
    normalised: Tensor = (scaled * (EPSILON + mean) ** -ALPHA + DELTA) ** ROOT - DELTA**ROOT
    return normalised
