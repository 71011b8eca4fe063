"""wav2vec 2.0, HuBERT or WavLM as a frozen front end with a linear head, on the study's data.

python -m study.self_supervised --bundle HUBERT_BASE --layer 9

Needs a torchaudio that imports (torch 2.11) and downloads the encoder once (360 MB for a base model). Prints accuracies
and writes a record beside the study's, with the answers to the same test.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch import Tensor, nn

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.files import write_json
from aurora_resnet.recognition.word_model import predict_logits
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.cli.terminal import exit_with
from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.training.data import load_data
from aurora_resnet.training.sounds import training_clips
from study.linear_head import fit_linear_head
from study.self_supervised_frontend import SAMPLE_RATE, SelfSupervisedFrontend

from .plan import Run
from .test_set import StudyTest, build


class FromTelephone(nn.Module):
    """An encoder at 16 kHz for the study's clips at 8 kHz."""

    def __init__(self, frontend: SelfSupervisedFrontend) -> None:
        super().__init__()
        self.frontend = frontend

    def forward(self, waveforms: Tensor) -> Tensor:
        """Return features, ``[B, N] -> [B, 2 D]``."""
        doubled = [torch.from_numpy(resample(row.numpy(), 8000, SAMPLE_RATE)) for row in waveforms]
        features: Tensor = self.frontend(torch.stack(doubled))
        return features


def evaluate(frontend: SelfSupervisedFrontend, test: StudyTest, data: Path, share: float = 1.0) -> dict[str, str]:
    """Fit the head on the study's multi-condition training (its first epoch) and answer the test.

    Args:
        frontend: encoder and layer.
        test: the study's test.
        data: the folder of the recordings.
        share: of the training clips.
    """
    run = Run("q8_hearing_first", "self-supervised", 1, "resnet50", (f"data.root={data}", f"data.share={share}"))
    config = run.experiment(Path()).data
    assert config.augment is not None
    clips = ClipSet.load(load_data(config).train, 8000, 1.0)
    noisy = training_clips(clips, config.augment, config.root, seed=1).epoch(0)
    encoder = FromTelephone(frontend)
    features = predict_logits(encoder, noisy, device="cpu", batch_size=32)
    head = fit_linear_head(features, noisy.labels, len(DIGITS.words))
    return test.answers(nn.Sequential(encoder, head))


def main() -> int:
    """Download, fit, test, write."""
    parser = argparse.ArgumentParser("python -m study.self_supervised", description=__doc__)
    parser.add_argument("--bundle", default="HUBERT_BASE", help="of torchaudio.pipelines")
    parser.add_argument("--layer", type=int, default=9, help="whose output to take, from 1")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the recordings")
    parser.add_argument("--out", type=Path, default=Path("runs/study"), help="the study's folder")
    parser.add_argument("--records", type=Path, default=Path("docs/records/study"), help="folder of the records")
    options = parser.parse_args()
    frontend = SelfSupervisedFrontend.from_bundle(options.bundle, options.layer)
    test = StudyTest.load(build(options.data, options.out))
    answers = evaluate(frontend, test, options.data)
    truth = test.truth()
    for snr in ("clean", "10", "0"):
        conditions = [condition for condition in truth if condition.endswith(f"/{snr}")]
        heard = "".join(answers[condition] for condition in conditions)
        spoken = "".join(str(truth[condition]["words"]) for condition in conditions)
        print(f"{snr}: {100 * sum(map(str.__eq__, heard, spoken)) / len(spoken):.2f} %")
    record = {
        "kind": "self-supervised",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "bundle": options.bundle,
        "layer": options.layer,
        "torch": torch.__version__,
        "answers": answers,
    }
    path = options.records / "self_supervised" / f"{options.bundle.lower()}-{options.layer}.json"
    write_json(truth, options.records / "truth.json", indent=1)
    write_json(record, path, indent=1)
    print(f"record: {path}")
    return 0


if __name__ == "__main__":
    exit_with(main)
