"""Turn a training of ``examples/train_shipped.toml`` into weights that the package carries.

    python -m tools.ship_weights --model resnet50 --run runs/shipped_resnet50

Fits the temperature and the threshold on what the training did not learn from (AN4's held-out training speakers,
ESC-10's fifth fold, a tenth of the background noise, Speech Commands' other words by the speakers whose id ends in
e), and writes the weights in half precision with both, the training's data and its command to
``src/aurora_resnet/pretrained``. No test recording is read.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aurora_resnet.augmentation.noise_pool import NoiseShares
from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.clips.augmented import NegativeShares
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.inference import load_clips, predict_logits
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.pretrained.shipped import PRETRAINED
from aurora_resnet.recognition.rejection import (
    Calibration,
    choose_threshold,
    digit_evidence,
    fit_temperature,
    measure_threshold,
)
from aurora_resnet.runtime.audio.clips import fit_length
from aurora_resnet.training.augmented_data import AugmentSource, SoundFiles, augment_clips, find_sounds, read_sounds
from aurora_resnet.training.data import load_data
from aurora_resnet.training.experiment import read_experiment

FOLDER = Path("src/aurora_resnet/pretrained")
HELD_OUT_WORDS = SoundFiles("../shared/data/speech_commands_other/words", match="_[0-9a-f]*e_nohash")
CALIBRATION_SNR_DB = (0.0, 20.0)
NOISY_COPIES = 3
NOISES = {
    "recorded noise": NoiseShares(recorded=1, babble=0, synthetic=0, sum_of_two=0),
    "computed noise": NoiseShares(recorded=0, babble=0, synthetic=1, sum_of_two=0),
    "babble of five and more who say digits": NoiseShares(recorded=0, babble=1, synthetic=0, sum_of_two=0),
}
WINDOWS = 500
"""Of each noise."""


def main() -> None:
    """Calibrate and write one model."""
    parser = argparse.ArgumentParser(description="Calibrate trained weights and put them into the package.")
    parser.add_argument("--model", choices=PRETRAINED, required=True)
    parser.add_argument("--run", type=Path, required=True, help="folder of the training")
    parser.add_argument("--config", type=Path, default=Path("examples/train_shipped.toml"))
    parser.add_argument("--digits-rejected", type=float, default=0.02, help="largest share of held-out clean digits")
    arguments = parser.parse_args()

    model = load_checkpoint(arguments.run / "best.safetensors").model
    experiment = read_experiment(arguments.config, arguments.model)
    assert experiment.data.augment is not None
    _, held_out = load_data(experiment.data)
    clips = load_clips(held_out, model.config)
    root = experiment.data.root

    clean = predict(model, clips)
    noisy_clips = held_out_epochs(clips, experiment.data.augment, root)
    noisy = predict(model, noisy_clips)
    temperature = fit_temperature(torch.cat((clean, noisy)), torch.cat((clips.labels, noisy_clips.labels)))

    words = read_sounds(find_sounds([HELD_OUT_WORDS], root), clips.sample_rate, model.config.clip_seconds)
    windows = np.stack([fit_length(word, clips.clip_samples) for word in words])
    other_words = digit_evidence(predict_windows(model, torch.from_numpy(windows)))
    sounds = {
        kind: digit_evidence(predict(model, held_out_noise(clips, experiment.data.augment, root, shares)))
        for kind, shares in NOISES.items()
    }
    digits = digit_evidence(clean)
    others = torch.cat((other_words, *sounds.values()))
    point = choose_threshold(digits, others, digits_rejected=arguments.digits_rejected)
    shares = {
        "held-out digits, clean, rejected": point.digits_rejected,
        "held-out digits at 0 to 20 dB rejected": measure_threshold(
            point.threshold, digit_evidence(noisy), others
        ).digits_rejected,
        "held-out other words accepted": measure_threshold(point.threshold, digits, other_words).others_accepted,
    }
    for kind, evidence in sounds.items():
        shares[f"held-out {kind} accepted"] = measure_threshold(point.threshold, digits, evidence).others_accepted
    held_out_accuracy = {
        "clean": float((clean.argmax(1) == clips.labels).float().mean()),
        "0 to 20 dB": float((noisy.argmax(1) == noisy_clips.labels).float().mean()),
    }
    run: dict[str, Any] = json.loads((arguments.run / "run.json").read_text(encoding="utf-8"))
    info = {
        **Calibration(temperature, point.threshold).to_info(),
        "operating_point": {"chosen_on": "held-out AN4 training speakers", **shares},
        "held_out_accuracy": held_out_accuracy,
        "training": {key: run[key] for key in ("experiment", "data", "epochs", "seconds", "environment", "created")},
    }
    path = FOLDER / f"{arguments.model}.safetensors"
    save_checkpoint(path, model, info=info, half=True)
    print(json.dumps({**asdict(Calibration(temperature, point.threshold)), **shares, **held_out_accuracy}, indent=2))
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB; next: python -m tools.shipped --model {arguments.model}")


def held_out_epochs(clips: ClipSet, source: AugmentSource, root: str) -> ClipSet:
    """Return ``NOISY_COPIES`` copies of held-out digits in held-out noise, at 0 to 20 dB."""
    gentle = replace(source.augmentation, snr_db=CALIBRATION_SNR_DB, cut_off_probability=0.0)
    mild = replace(
        source,
        noises=source.validation_noises,
        others=(),
        augmentation=gentle,
        negative_shares=NegativeShares(of_epoch=0),
    )
    corpus = augment_clips(clips, mild, root, seed=0)
    epochs = [corpus.epoch(number) for number in range(NOISY_COPIES)]
    return replace(
        epochs[0],
        utterances=sum((epoch.utterances for epoch in epochs), ()),
        labels=torch.cat([epoch.labels for epoch in epochs]),
        waveforms=sum((epoch.waveforms for epoch in epochs), ()),
    )


def held_out_noise(clips: ClipSet, source: AugmentSource, root: str, shares: NoiseShares) -> ClipSet:
    """Return ``WINDOWS`` windows of held-out noise without a word."""
    alone = NegativeShares(of_epoch=WINDOWS / (WINDOWS + len(clips)), words=0, fragments=0, noise=1)
    held_out = replace(source, noises=source.validation_noises, others=(), negative_shares=alone, noise_shares=shares)
    made = augment_clips(clips, held_out, root, seed=1).epoch(0)
    return replace(
        made,
        utterances=made.utterances[len(clips) :],
        labels=made.labels[len(clips) :],
        waveforms=made.waveforms[len(clips) :],
    )


def predict(model: RecognizerModel, clips: ClipSet) -> Tensor:
    """Return logits of clips."""
    return predict_logits(model, clips, device="cpu", batch_size=64)


def predict_windows(model: RecognizerModel, windows: Tensor) -> Tensor:
    """Return logits of waveforms ``[B, N]``."""
    with torch.inference_mode():
        return torch.cat([model.eval()(batch) for batch in torch.split(windows, 64)])


if __name__ == "__main__":
    main()
