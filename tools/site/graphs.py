"""What the demo computes beside the network, as ONNX graphs: the way from sound to clip, and the decision.

Both are the formulas of the runtime (``runtime/audio/low_cut.py``, ``runtime/audio/tones.py``, ``runtime/decision.py``) on tensors,
so that the browser's engine computes them; ``tests/web/test_demo_graphs.py`` compares them with the runtime.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from aurora_resnet.export.onnx_graph import export_graph
from aurora_resnet.runtime.audio import tones
from aurora_resnet.runtime.audio.low_cut import LOWEST_HZ, low_cut_kernel
from aurora_resnet.runtime.decision import AUDIBLE, SURE_IF_CLIPPED
from aurora_resnet.runtime.models import ModelFacts

BEFORE = tones.HOPS - 1
"""A hop is judged by the windows that hold it, the first of which begins so many hops before it."""


class Cleaning(nn.Module):
    """Take what lies below speech and tones off a signal, as ``cut_tones(cut_low(samples, rate), rate)`` does.

    The signal comes in hops of 10 ms and begins with ``memory`` hops that the low cut and the windows look back at; so a stream
    comes in blocks, each with the end of the one before. Windows that begin before hop ``begin``, or at hop ``end`` or later, take no
    part, hops counted from the first that comes out: what is padded is not judged.

    Shape: ``[memory + n, hop], [], [] -> [BEFORE + n, hop]``.
    """

    def __init__(self, sample_rate: int) -> None:
        super().__init__()
        self.hop = max(2, round(tones.HOP_SECONDS * sample_rate))
        kernel = torch.from_numpy(low_cut_kernel(sample_rate, LOWEST_HZ)[::-1].astype(np.float32).copy())
        self.low_hops = -(-(len(kernel) - 1) // self.hop)
        self.memory = self.low_hops + BEFORE
        self.register_buffer("kernel", kernel[None, None])
        width = tones.HOPS * self.hop
        self.register_buffer("hann", torch.from_numpy(np.hanning(width)))
        self.register_buffer("time", torch.arange(width, dtype=torch.float64) - (width - 1) / 2)

    def forward(self, signal: Tensor, begin: Tensor, end: Tensor) -> Tensor:
        """Return the signal without them."""
        count = signal.shape[0] - self.low_hops
        surplus = self.low_hops * self.hop - (self.kernel.shape[2] - 1)
        low = nn.functional.conv1d(signal.reshape(1, 1, -1)[:, :, surplus:], self.kernel)
        hops = low.reshape(count, self.hop)
        last = count - BEFORE
        windows = torch.cat([hops[k : last + k] for k in range(tones.HOPS)], dim=1).double()
        shares, left = self._tones(windows)
        place = torch.arange(last)
        shares = torch.where((place < begin) | (place >= end), torch.inf, shares)
        # Hop h is part k of the window h - k; of equally good windows the earliest one counts.
        shares = nn.functional.pad(shares, (BEFORE, BEFORE), value=torch.inf)
        parts = nn.functional.pad(left.reshape(last, tones.HOPS, self.hop), (0, 0, 0, 0, BEFORE, BEFORE))
        places = [(k, BEFORE - k) for k in reversed(range(tones.HOPS))]
        best, which = torch.stack([shares[at : at + count] for _, at in places]).min(dim=0)
        choices = torch.stack([parts[at : at + count, k] for k, at in places])
        chosen = choices.gather(0, which[None, :, None].expand(1, count, self.hop))[0]
        return torch.where(best[:, None] < torch.inf, chosen.float(), hops)

    def _tones(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Return of windows ``[n, W]`` the share of the power that is left where it is a tone, else infinity, and what is left."""
        centred = windows - windows.mean(dim=1, keepdim=True)
        powers = centred.square().mean(dim=1)
        spectrum = torch.fft.rfft(centred * self.hann).abs().square()
        lines = spectrum.topk(tones.LINES, dim=1).values.sum(dim=1)
        left = self._left(centred)
        shares = left.square().mean(dim=1) / powers
        again = self._left(left).square().sum(dim=1) / left.square().sum(dim=1).clamp(min=1e-30)
        loud = (powers > tones.SOFTEST) & (lines > tones.LIKELY * spectrum.sum(dim=1))
        found = loud & (shares < tones.NEARLY_PURE) & ((shares < tones.PURE) | (again > tones.NOISE))
        return torch.where(found, shares, torch.inf), windows - centred + left

    def _left(self, signals: Tensor) -> Tensor:
        length = signals.shape[1]
        left, omegas = signals, signals[:, :0]
        for _ in range(2):
            padded = nn.functional.pad(left * self.hann, (0, 3 * length))
            peaks = torch.fft.rfft(padded).abs()[:, 4:-1].argmax(dim=1) + 4
            omegas = torch.cat((omegas, torch.pi / (2 * length) * peaks[:, None].double()), dim=1)
            waves = self._waves(omegas)
            left = signals - _fitted(waves, signals)[1]
        for _ in range(tones.ROUNDS):
            a, b = _fitted(waves, signals)[0].split(2, dim=1)
            cosines, sines = waves.split(2, dim=1)
            slopes = self.time * (b[:, :, None] * cosines - a[:, :, None] * sines)
            steps = _fitted(torch.cat((waves, slopes), dim=1), signals)[0][:, 4:]
            omegas = (omegas + steps.clamp(-2 / length, 2 / length)).clamp(8 / length, torch.pi - 8 / length)
            waves = self._waves(omegas)
        return signals - _fitted(waves, signals)[1]

    def _waves(self, omegas: Tensor) -> Tensor:
        angles = omegas[:, :, None] * self.time
        return torch.cat((torch.sin(angles + torch.pi / 2), torch.sin(angles)), dim=1)  # the engine knows no cosine of doubles


def _fitted(basis: Tensor, signals: Tensor) -> tuple[Tensor, Tensor]:
    """Solve the normal equations by elimination, which ONNX has no operation for."""
    products = basis @ basis.transpose(1, 2)
    count = basis.shape[1]
    unit = torch.eye(count, dtype=basis.dtype)
    ridge = 1e-9 * (products * unit).sum(dim=(1, 2), keepdim=True) * unit
    system = torch.cat((products + ridge, basis @ signals[:, :, None]), dim=2)
    for i in range(count):
        row = system[:, i : i + 1] / system[:, i : i + 1, i : i + 1]
        system = system - (system[:, :, i : i + 1] - unit[:, i : i + 1]) * row
    factors = system[:, :, -1:]
    return factors[:, :, 0], (factors.transpose(1, 2) @ basis)[:, 0]


class Deciding(nn.Module):
    """What a calibration makes of logits ``[B, K]`` of clips ``[B, N]``, some of them cut off at their peaks, ``[B]``.

    Returns the words' probabilities, their logarithms among the words and none of them, both ``[B, K]``, the probability of none
    of them and whether the clip is accepted, both ``[B]``.
    """

    def __init__(self, temperature: float, threshold: float) -> None:
        super().__init__()
        self.temperature, self.threshold = temperature, threshold

    def forward(self, logits: Tensor, clips: Tensor, clipped: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Decide."""
        exact = logits.double()
        probabilities = torch.softmax(exact / self.temperature, dim=1)
        chances = torch.log_softmax(nn.functional.pad(exact, (1, 0)), dim=1)  # the logit of "none" is 0
        enough = torch.logsumexp(exact, dim=1) >= self.threshold
        sure = ~clipped | (probabilities.max(dim=1).values >= SURE_IF_CLIPPED)
        accepted = (clips.abs().max(dim=1).values > AUDIBLE) & enough & sure
        return probabilities, chances[:, 1:], chances[:, 0].exp(), accepted


def write_graphs(facts: ModelFacts, folder: Path) -> int:
    """Write ``cleaning.onnx`` and ``deciding.onnx`` for a model of words with a threshold; return the memory of the first, in hops."""
    threshold = facts.calibration.threshold
    assert threshold is not None  # shipped models have one
    cleaning, words = Cleaning(facts.sample_rate), len(facts.vocabulary)
    graph = export_graph(
        cleaning,
        (torch.randn(cleaning.memory + 20, cleaning.hop), torch.tensor(0), torch.tensor(20)),
        inputs=["signal", "begin", "end"],
        outputs=["cleaned"],
        shapes=({0: "hops"}, {}, {}),
    )
    onnx.save(graph, str(folder / "cleaning.onnx"))
    graph = export_graph(
        Deciding(facts.calibration.temperature, threshold),
        (torch.randn(2, words), torch.randn(2, facts.clip_samples), torch.zeros(2, dtype=torch.bool)),
        inputs=["logits", "clips", "clipped"],
        outputs=["probabilities", "chances", "none", "accepted"],
        shapes=({0: "clips"}, {0: "clips"}, {0: "clips"}),
    )
    onnx.save(graph, str(folder / "deciding.onnx"))
    return cleaning.memory
