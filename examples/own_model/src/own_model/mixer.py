"""``TimeMixer``: dense layers over the bands, then over the time. It knows nothing of aurora-resnet."""

from torch import Tensor, nn


class TimeMixer(nn.Module):
    """Mix the bands of each frame, then pieces of time of each channel, twice; average; the classes.

    Source of the idea: Tolstikhin et al., *MLP-Mixer*, 2021.

    Args:
        n_mels: mel bands ``M``.
        num_classes: number of words ``K``.
        width: channels.
        pieces: pieces that the time is averaged to, so that any length fits.

    Shape: ``[B, M, T] -> [B, K]``.
    """

    def __init__(self, n_mels: int, num_classes: int, width: int = 48, pieces: int = 16) -> None:
        super().__init__()
        self.bands = nn.Conv1d(n_mels, width, kernel_size=3, padding=1)
        self.pieces = pieces
        self.mix = nn.ModuleList(_Block(width, pieces) for _ in range(2))
        self.classes = nn.Linear(width, num_classes)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits."""
        x = self.bands(features).relu()
        # Averaged at fixed places: every operation here is one that ONNX knows for any length.
        x = nn.functional.interpolate(x, size=self.pieces, mode="linear")
        for block in self.mix:
            x = block(x)
        logits: Tensor = self.classes(x.mean(dim=2))
        return logits


class _Block(nn.Module):
    def __init__(self, width: int, pieces: int) -> None:
        super().__init__()
        self.time = nn.Sequential(nn.Linear(pieces, 2 * pieces), nn.GELU(), nn.Linear(2 * pieces, pieces))
        self.channels = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.time(x)
        mixed: Tensor = x + self.channels(x.transpose(1, 2)).transpose(1, 2)
        return mixed
