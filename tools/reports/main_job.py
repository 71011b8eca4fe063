"""The section on the main job, its figures and the README's table."""

from __future__ import annotations

import torch

from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.evaluation.figures import plot_confusion, plot_features, plot_learning_curves, save_figure
from aurora_resnet.evaluation.tables import markdown_table, percent
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


def main_job(runs: dict[str, Run]) -> str:
    """Return the section on the five systems."""
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
    data, environment = first["data"], first["environment"]
    return f"""## The main job: FSDD and AN4, clean

Trained by `examples/fsdd_an4.toml` on {data["train"]["clips"]:,} clips of {data["train"]["speakers"]} speakers (FSDD
recordings 5 and up, AN4's training speakers without those that choose the best epoch: {data["validation"]["clips"]}
clips of {data["validation"]["speakers"]} speakers), tested on FSDD's official test set (300 clips, the same six
speakers as in training) and on AN4's test speakers (238 words of nine unseen speakers, all eleven words). In brackets:
95 % intervals, by bootstrap over speakers, or Wilson's where all speakers score the same. `clips/s` is evaluation at
batch size 64. Machine: {environment["threads"]} CPU threads ({environment["machine"]}), torch
{environment["torch"].split("+")[0]}; other work ran beside it, so times are upper bounds.

{markdown_table(header, rows)}

Same network, same {first["experiment"]["training"]["epochs"]} epochs: the second row starts from random weights.

![Learning curves of all systems](figures/learning_curves.png)

![Confusion matrix of ResidualSpeechNet](figures/confusion_resnet50.png)

Each row is one run with one seed. Commands:

```bash
aurora-resnet train --config examples/fsdd_an4.toml --out runs/resnet50
aurora-resnet train --config examples/fsdd_an4.toml --out runs/resnet50_random --set weights=none
aurora-resnet train --config examples/fsdd_an4.toml --out runs/cnn --model cnn     # lstm, bilstm, cnn_lstm alike
aurora-resnet evaluate --model runs/cnn/best.safetensors --split test --json runs/cnn/evaluation.json \\
    --corpus fsdd:../shared/data/fsdd --corpus an4:../shared/data/an4
```
"""


def readme_table(runs: dict[str, Run]) -> str:
    """Return the README's table."""
    header = [
        "trained on FSDD + AN4",
        "FSDD official test, seen speakers %",
        "AN4 unseen speakers, 11 words %",
        "training",
    ]
    rows = []
    for name, title in SYSTEMS.items():
        run = runs[name]
        conditions = [percent(run.condition(f"{corpus} test").accuracy) for corpus in ("fsdd", "an4")]
        rows.append([title, *conditions, f"{run.record['seconds'] / 60:.0f} min"])
    return markdown_table(header, rows)


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
    picture = MelFrontend(config)(torch.from_numpy(samples))
    title = "'seven' by a synthetic voice: the waveform, and what the network sees"
    save_figure(
        plot_features(picture, config, waveform=torch.from_numpy(samples), title=title), FIGURES / "log_mel.png"
    )
