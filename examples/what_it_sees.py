"""Show which part of a word the network looked at: Grad-CAM on the spectrogram.

    python examples/what_it_sees.py [FILE]

``notebooks/what_the_network_sees.ipynb`` draws it, and the stages on the way.

Prints:

    seven (1.00): 0.17 to 0.51 s, most in band 39 of 64
    six (0.00): -0.05 to 0.09 s, most in band 40 of 64
"""

import sys

import torch

from aurora_resnet import DigitRecognizer, grad_cam, load_checkpoint, load_corpus


def main(file: str | None = None) -> None:
    """Print the time and band that spoke for each of the two most probable words."""
    path = file or load_corpus("samples:").filter(speakers="samples/flite-rms", words="seven")[0].path
    recognizer = DigitRecognizer.from_pretrained("compact")
    answer, clip = recognizer.recognize(path), recognizer.clip(path)  # the clip is what the network gets
    model = load_checkpoint("compact").model
    hop_seconds = model.config.mel.hop_seconds
    for word, probability in sorted(answer.probabilities.items(), key=lambda pair: -pair[1])[:2]:
        heat = grad_cam(model, torch.from_numpy(clip.samples), word=word)  # [bands, frames], 0 to 1
        frames = (heat.amax(dim=0) > 0.5).nonzero().flatten() * hop_seconds + clip.start_seconds
        band, _ = divmod(int(heat.argmax()), heat.shape[1])
        where = (
            f"{frames[0]:.2f} to {frames[-1]:.2f} s, most in band {band} of {len(heat)}" if len(frames) else "nowhere"
        )
        print(f"{word} ({probability:.2f}): {where}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
