"""Your own front end: mel-frequency cepstral coefficients instead of the log-mel spectrogram.

    python examples/own_front_end.py

A front end is a ``torch.nn.Module`` from waveforms ``[B, N]`` to features ``[B, M, T]`` with a sample rate, a number of
bands and a number of frames for each length. It becomes part of the model: trained, saved and exported with it.
``examples/own_model`` is an installable package with a front end and a network.

Prints:

    features of a clip: [1, 20, 101]
    other voices: 82.4% right
"""

import math
from pathlib import Path

import torch
from torch import Tensor, nn

from aurora_resnet import (
    Corpus,
    Evaluator,
    MelConfig,
    MelFrontend,
    RecognizerConfig,
    RecognizerModel,
    Trainer,
    TrainingConfig,
    load_checkpoint,
    load_clips,
    load_corpus,
)
from aurora_resnet.features.frontend import register_frontend


class Mfcc(nn.Module):
    """The discrete cosine transform of a log-mel spectrogram (Davis and Mermelstein, 1980)."""

    basis: Tensor

    def __init__(self, mel: MelConfig, bands: int = 20) -> None:
        super().__init__()
        self.mel = MelFrontend(mel)
        self.sample_rate, self.bands = mel.sample_rate, bands
        angles = math.pi / mel.n_mels * torch.outer(torch.arange(bands), torch.arange(mel.n_mels) + 0.5)
        self.register_buffer("basis", math.sqrt(2 / mel.n_mels) * torch.cos(angles))  # [bands, n_mels]

    def frames(self, samples: int) -> int:
        """Return the number of frames of a waveform."""
        return self.mel.frames(samples)

    def forward(self, waveform: Tensor) -> Tensor:
        """Return the coefficients, ``[B, N] -> [B, bands, T]``."""
        coefficients: Tensor = self.basis @ self.mel(waveform)
        return coefficients


register_frontend("mfcc", Mfcc)


def main(out: str | Path = "runs/own_front_end", epochs: int = 15, corpus: Corpus | None = None) -> None:
    """Train an LSTM on them."""
    corpus = corpus or load_corpus("samples:")
    config = RecognizerConfig("lstm", MelConfig(sample_rate=8000), frontend="mfcc", frontend_options={"bands": 20})
    model = RecognizerModel(config)
    print("features of a clip:", list(model.frontend(torch.zeros(1, 8000)).shape))
    training = TrainingConfig(epochs=epochs, optimizer="adamw", learning_rate=0.003, schedule="one_cycle")
    clips = load_clips(corpus.filter(split="train"), config)
    result = Trainer(model, training, out, progress=True).fit(clips, resume=True)
    checkpoint = load_checkpoint(result.best_checkpoint)  # finds the front end by its name, so import it first
    print(f"other voices: {Evaluator(checkpoint).evaluate(corpus.filter(split='test')).overall.accuracy:.1%} right")


if __name__ == "__main__":
    main()
