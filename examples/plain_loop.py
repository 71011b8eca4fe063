"""A training loop of your own: ``ClipSet`` is a torch dataset, ``RecognizerModel`` a torch module.

    python examples/plain_loop.py

Prints:

    epoch 1: loss 1.93
    epoch 2: loss 0.94
    epoch 3: loss 0.46
    other voices: 74.4% right
"""

from pathlib import Path

import torch
from torch.utils.data import DataLoader

from aurora_resnet import (
    Corpus,
    DigitRecognizer,
    MelConfig,
    RecognizerConfig,
    RecognizerModel,
    load_clips,
    load_corpus,
    save_checkpoint,
)


def main(out: str | Path = "runs/plain_loop", epochs: int = 3, corpus: Corpus | None = None) -> None:
    """Train on the packaged voices, save, and recognise other voices."""
    corpus = corpus or load_corpus("samples:")
    torch.manual_seed(0)
    model = RecognizerModel(RecognizerConfig("compact", MelConfig(sample_rate=8000)))
    clips = load_clips(corpus.filter(split="train"), model.config)
    loader = DataLoader(clips, batch_size=32, shuffle=True, num_workers=1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for epoch in range(epochs):
        total = 0.0
        for waveforms, labels in loader:
            loss = torch.nn.functional.cross_entropy(model(waveforms), labels)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            total += loss.item() * len(labels)
        print(f"epoch {epoch + 1}: loss {total / len(clips):.2f}")
    save_checkpoint(model.eval(), Path(out) / "model.safetensors")
    recognizer = DigitRecognizer.from_pretrained(Path(out) / "model.safetensors")
    test = corpus.filter(split="test")
    right = sum(recognizer.recognize(each.path).word == each.word for each in test)
    print(f"other voices: {right / len(test):.1%} right")


if __name__ == "__main__":
    main()
