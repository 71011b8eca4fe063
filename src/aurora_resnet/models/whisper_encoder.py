"""The encoder of Whisper: a transformer that learnt to read 680,000 hours of speech, with the weights' public names.

Source: Radford et al., *Robust Speech Recognition via Large-Scale Weak Supervision*, 2022. Weights: OpenAI, MIT
licence, with the tensor names of the ``transformers`` library (``model.encoder.conv1.weight`` and so on).
"""

import json
import math
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.bounds import Between, check_values
from aurora_resnet.models.interface import CELLS, LAYERS
from aurora_resnet.models.load_report import LoadReport, misfits
from aurora_resnet.pretrained_folder import hub_files
from aurora_resnet.runtime.errors import CheckpointError, ConfigError

#: The name under which ``weights`` finds the smallest English model, and where that is.
TINY, HUB = "tiny.en", "openai/whisper-tiny.en"
POSITIONS = "embed_positions.weight"
FRAMES_PER_STEP, STEP_SECONDS = 2, 0.02


def sinusoids(steps: int, width: int) -> Tensor:
    """Return Whisper's table of positions, ``[steps, width]``: sines, then cosines, of geometric frequencies.

    >>> sinusoids(2, 4)[0].tolist()
    [0.0, 0.0, 1.0, 1.0]
    """
    half = width // 2
    rates = torch.exp(-math.log(10_000) / (half - 1) * torch.arange(half, dtype=torch.float64))
    angles = torch.arange(steps, dtype=torch.float64).unsqueeze(1) * rates
    return torch.cat((angles.sin(), angles.cos()), dim=1).float()


class SelfAttention(nn.Module):
    """Every step looks at all steps, ``[B, T, C] -> [B, T, C]``; the keys have no bias."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(3))
        self.k_proj = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return what each step found."""
        query, key, value = (
            layer(x).unflatten(2, (self.heads, -1)).transpose(1, 2) for layer in (self.q_proj, self.k_proj, self.v_proj)
        )
        found = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        answer: Tensor = self.out_proj(found)
        return answer


class EncoderBlock(nn.Module):
    """Attention and a dense network, each behind a layer normalisation and beside a shortcut."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.self_attn_layer_norm, self.final_layer_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.self_attn = SelfAttention(width, heads)
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's answer, ``[B, T, C]``."""
        x = x + self.self_attn(self.self_attn_layer_norm(x))
        answer: Tensor = x + self.fc2(F.gelu(self.fc1(self.final_layer_norm(x))))
        return answer


class WhisperEncoder(nn.Module):
    """From log-mel features to a description of every 20 ms, by each block.

    Args:
        width: of the description.
        blocks: how many.
        heads: of the attention; they divide the width.
        hidden: width of the dense networks.
        bands: mel bands.
        longest: most steps of a clip.
        weights: of Whisper, see ``load``; random ones if not given.

    Shape: ``[B, M, T] ->`` of each block ``[B, T / 2, C]``; the last one is normalised, as Whisper's decoder gets it.

    >>> outputs = WhisperEncoder(width=16, blocks=2, heads=2, hidden=32)(torch.zeros(1, 80, 100))
    >>> len(outputs), outputs[0].shape
    (2, torch.Size([1, 50, 16]))
    """

    embed_positions: Tensor

    def __init__(
        self,
        *,
        width: int = 384,
        blocks: int = 4,
        heads: int = 6,
        hidden: int = 1536,
        bands: int = 80,
        longest: int = 1500,
        weights: str | Path | None = None,
    ) -> None:
        super().__init__()
        check_values(
            width=(width, CELLS),
            blocks=(blocks, LAYERS),
            heads=(heads, LAYERS),
            hidden=(hidden, CELLS),
            longest=(longest, Between(1, 100_000)),
        )
        if width % (2 * heads):
            raise ConfigError(f"width must be a multiple of twice the heads, got {width} and {heads}")
        self.width, self.longest = width, longest
        self.conv1 = nn.Conv1d(bands, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=FRAMES_PER_STEP, padding=1)
        self.layers = nn.ModuleList(EncoderBlock(width, heads, hidden) for _ in range(blocks))
        self.layer_norm = nn.LayerNorm(width)
        self.register_buffer("embed_positions", sinusoids(longest, width), persistent=False)
        if weights is not None:
            self.load(weights)

    def forward(self, features: Tensor) -> list[Tensor]:
        """Return what each block makes of the features."""
        x = F.gelu(self.conv2(F.gelu(self.conv1(features)))).transpose(1, 2)  # [B, T, C]
        if x.shape[1] > self.longest:
            raise ConfigError(f"the encoder takes at most {self.longest} steps of 20 ms, got {x.shape[1]}")
        x = x + self.embed_positions[: x.shape[1]]
        outputs = []
        for block in self.layers:
            x = block(x)
            outputs.append(x)
        outputs[-1] = self.layer_norm(x)
        return outputs

    def shorten(self, steps: int) -> None:
        """Take clips of at most so many steps from now on, and keep no positions beyond."""
        self.longest = min(self.longest, steps)
        self.embed_positions = self.embed_positions[: self.longest].clone()

    def load(self, weights: str | Path) -> LoadReport:
        """Copy Whisper's weights into the encoder; a decoder in the file is left alone.

        Args:
            weights: a ``.safetensors`` file, a folder with ``model.safetensors``, ``"tiny.en"``, or ``owner/name`` on
                the hub, which needs the extra ``hub`` and downloads once.

        Raises:
            CheckpointError: if the file is missing, is none, or does not fit; the encoder is then unchanged.
            DownloadError: if the hub cannot be reached.
        """
        path = _weight_file(weights)
        values = read_encoder(path)
        # A table of another length, and float16, are no misfit: its values are known.
        positions = values.pop(POSITIONS, None)
        if positions is not None and not torch.allclose(positions.float(), sinusoids(*positions.shape), atol=2e-3):
            raise CheckpointError(f"{path}: its positions are not Whisper's table of sines and cosines")
        if problems := misfits(self.state_dict(), values):
            raise CheckpointError(f"{path} does not fit this encoder: {'; '.join(problems[:5])}")
        self.load_state_dict({name: value.float() for name, value in values.items()})
        return LoadReport(str(path), tuple(values), (), (), ())


def read_encoder(path: Path) -> dict[str, Tensor]:
    """Return the encoder's tensors of a file by their names below ``encoder.``.

    Raises:
        CheckpointError: if the file is missing, is no safetensors file, or holds no encoder.
    """
    try:
        with safe_open(path, framework="pt") as file:
            found = {name.partition("encoder.")[2]: file.get_tensor(name) for name in file.keys() if "encoder." in name}  # noqa: SIM118
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{path} is not a readable .safetensors file ({error})") from error
    if not found:
        raise CheckpointError(f"{path} holds no tensors named 'encoder...', so no encoder of Whisper")
    return found


def _weight_file(weights: str | Path) -> Path:
    """Return the file that a name, a folder or a path means."""
    path = Path(weights)
    if path.is_dir():
        path = path / "model.safetensors"
    if path.is_file():
        return path
    name = HUB if str(weights) == TINY else str(weights)
    if name.count("/") != 1 or name.endswith((".safetensors", ".pth", ".bin", ".onnx")):
        raise CheckpointError(f"weights must be '{TINY}', owner/name on the hub or an existing file, got '{weights}'")
    return hub_files(name, None)("model.safetensors")
