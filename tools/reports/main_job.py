"""The section on the main job, and its figures."""

from __future__ import annotations

from typing import Any

import torch

from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.evaluation.figures import plot_confusion, plot_features, plot_learning_curves, save_figure
from aurora_resnet.evaluation.tables import markdown_table
from aurora_resnet.features.mel import MelConfig, MelFrontend
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.training.history import read_history
from tools.reports.records import FIGURES, Run

SYSTEMS = {
    "resnet50": "ResidualSpeechNet, ImageNet weights",
    "resnet50_random": "ResidualSpeechNet, random weights",
    "cnn": "CNN",
    "lstm": "LSTM",
    "bilstm": "BiLSTM",
    "cnn_lstm": "CNN-LSTM",
}


def main_job(runs: dict[str, Run]) -> dict[str, Any]:
    """Return what ``templates/main_job.md.j2`` says of the five systems."""
    rows = []
    for name, title in SYSTEMS.items():
        run = runs[name]
        cost, training = run.record["cost"], run.record["experiment"]["training"]
        rows.append(
            [
                title,
                run.accuracy("fsdd test"),
                run.accuracy("an4 test"),
                f"{cost['parameters'] / 1e6:.2f} M",
                f"{cost['macs'] / 1e6:.0f} M",
                f"{training['epochs']}",
                f"{run.record['seconds'] / 60:.1f}",
                f"{run.report.clips_per_second:.0f}",
            ]
        )
    header = [
        "system",
        "FSDD official test (seen speakers) %",
        "AN4 test speakers (unseen) %",
        "parameters",
        "MACs/clip",
        "epochs",
        "training min",
        "clips/s",
    ]
    first = runs["resnet50"].record
    return {
        "data": first["data"],
        "environment": first["environment"],
        "epochs": first["experiment"]["training"]["epochs"],
        "table": markdown_table(header, rows),
    }


def draw(runs: dict[str, Run]) -> None:
    """Draw the figures."""
    history = {
        SYSTEMS[name]: [record.for_figure() for record in read_history(run.folder / "history.jsonl")]
        for name, run in runs.items()
    }
    save_figure(plot_learning_curves(history), FIGURES / "learning_curves.png")
    save_figure(plot_confusion(runs["resnet50"].report.overall), FIGURES / "confusion_resnet50.png")
    seven = read_samples().filter(words="seven", speakers="samples/flite-rms")[0]
    samples, rate = read_audio(seven.path)
    config = MelConfig(sample_rate=rate)
    spectrogram = MelFrontend(config)(torch.from_numpy(samples))
    title = "'seven' by a synthetic voice: the waveform, and what the network sees"
    save_figure(
        plot_features(spectrogram, config, waveform=torch.from_numpy(samples), title=title), FIGURES / "log_mel.png"
    )
