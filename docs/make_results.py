"""Write docs/results.md, its figures and the tables of README and docs/models.md from the run records.

``python docs/make_results.py`` writes, ``--check`` fails if a text would change (CI).

A run's folder ``docs/records/EXPERIMENT/RUN`` holds ``run.json`` and ``history.jsonl`` as ``aurora-resnet train`` wrote
them, and ``evaluation.json`` as ``aurora-resnet evaluate --json`` wrote it.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from aurora_resnet.atomic import atomic_path
from aurora_resnet.audio.files import read_audio
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.evaluation.aurora_figures import plot_accuracy_by_snr, plot_noise_heatmap
from aurora_resnet.evaluation.aurora_tables import AuroraTable
from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.figures import plot_confusion, plot_features, plot_learning_curves, save_figure
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.evaluation.tables import markdown_table, percent, percent_with_interval
from aurora_resnet.features.mel import MelConfig, MelFrontend
from aurora_resnet.models.zoo import create_model, list_models, model_cost
from aurora_resnet.training.history import read_history

DOCS = Path(__file__).parent
RECORDS = DOCS / "records"
FIGURES = DOCS / "figures"
README = DOCS.parent / "README.md"
MODELS = DOCS / "models.md"

SYSTEMS = {
    "resnet50": "ResidualSpeechNet, ImageNet weights",
    "resnet50_random": "ResidualSpeechNet, random weights",
    "cnn": "CNN",
    "lstm": "LSTM",
    "bilstm": "BiLSTM",
    "cnn_lstm": "CNN-LSTM",
}

PROTOCOL = {
    "clean_resnet50": "ResidualSpeechNet, clean training",
    "multi_resnet50": "ResidualSpeechNet, multi-condition training",
    "clean_cnn": "CNN, clean training",
    "multi_cnn": "CNN, multi-condition training",
}


@dataclass(frozen=True)
class Run:
    """One training and its evaluation."""

    folder: Path
    record: dict[str, Any]
    report: EvaluationReport

    @classmethod
    def read(cls, folder: Path) -> Run:
        """Read the records in a folder."""
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        return cls(folder, record, EvaluationReport.from_json(folder / "evaluation.json"))

    def condition(self, name: str) -> ConditionReport:
        """Return the condition of that name."""
        return next(condition for condition in self.report.conditions if condition.name == name)

    def accuracy(self, name: str) -> str:
        """Return a condition's accuracy and interval in percent."""
        condition = self.condition(name)
        return percent_with_interval(condition.accuracy, condition.interval)


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


def reading(tables: dict[str, AuroraTable]) -> str:
    """Return what the tables of the Aurora protocol say, in words."""

    def gain(model: str) -> str:
        clean, multi = tables[f"clean_{model}"], tables[f"multi_{model}"]
        gains = [(multi.overall_weighted(snr), clean.overall_weighted(snr)) for snr in ("10", "5", "0")]
        return ", ".join(f"{100 * (after or 0) - 100 * (before or 0):+.1f}" for after, before in gains)

    def step(model: str, better: str, worse: str) -> str:
        table = tables[model]
        return f"{100 * (table.set_mean(better) or 0) - 100 * (table.set_mean(worse) or 0):.1f}"

    return f"""- Multi-condition training is worth {gain("resnet50")} points at 10, 5 and 0 dB to ResidualSpeechNet and
  {gain("cnn")} to the CNN, which pays for it with clean accuracy: at the same 20 epochs it underfits.
- After multi-condition training set B lies {step("multi_resnet50", "a", "b")} (ResidualSpeechNet) and
  {step("multi_cnn", "a", "b")} points (CNN) below set A. The step is small: NOIZEUS's scenes are short and alike.
  After clean training, to which all eight are new, B is the easier set.
- Set C is the lowest of all, {step("multi_resnet50", "b", "c")} points below B for the multi-condition ResidualSpeechNet,
  not between A and B. MIRS tilts the spectrum by 10 dB between 300 Hz and 3 kHz, no training hears it, and the front
  end's normalisation has one mean for the whole picture, which leaves a tilt where it is. That is our reading; a mean for
  each band was not tried.
- Pretraining matters most here: on voices and noises that training did not hear, the two systems that the clean task
  hardly tells apart lie far apart.
- FSDD's two test speakers give most of the test recordings and are harder than AN4's nine, so intervals by speaker are
  wide and reach further up than down."""


def protocol(runs: dict[str, Run]) -> str:
    """Return the section on the Aurora protocol."""
    tables = {name: AuroraTable.from_report(run.report) for name, run in runs.items()}
    rows = []
    for name, title in PROTOCOL.items():
        table, run = tables[name], runs[name]
        values = [table.overall_weighted("clean"), *(table.set_mean(letter) for letter in "abc")]
        values += [table.overall_weighted(), table.overall_plain(), table.overall_weighted("-5")]
        rows.append([title, *map(percent, values), f"{run.record['seconds'] / 60:.1f}"])
    header = ["", "clean", "A", "B", "C", "(2A+2B+C)/5", "(A+B+C)/3", "-5 dB", "training min"]
    each = "\n".join(
        f"""### {title}

{tables[name].to_markdown()}

![{title}: accuracy by noise and SNR](figures/heatmap_{name}.png)
"""
        for name, title in PROTOCOL.items()
    )
    first = next(iter(runs.values()))
    clips = sum(condition.clips for condition in first.report.conditions)
    speakers = len({speaker for condition in first.report.conditions for speaker in condition.per_speaker})
    training = first.record["data"]
    return f"""## The Aurora protocol on open data

Speech: FSDD (theo and yweweler are test speakers, the other four train) and AN4 (its own split); noise: the eight scenes
of NOIZEUS, where the suburban train stands for the subway; protocol: [protocol.md](protocol.md), seed 1. Each training
has {training["train"]["clips"]:,} clips of {training["train"]["speakers"]} speakers, and {training["validation"]["clips"]}
clips of other training speakers choose the best epoch. Each test has {clips:,} clips (isolated digits of {speakers}
speakers) in {len(first.report.conditions)} conditions. Accuracies in %; A, B and C are means over 20 to 0 dB. Aurora-2's
published word accuracies are of connected digits: another task, never to be put beside these.

{markdown_table(header, rows)}

{reading(tables)}

![Accuracy against SNR, mean over the noises of each set](figures/accuracy_by_snr_models.png)

![Accuracy against SNR by noise, ResidualSpeechNet](figures/accuracy_by_snr_noises.png)

{each}
Intervals: 95 %, bootstrap over the test speakers. Each row is one run with one seed. Commands: the head of
`examples/protocol.toml`; the CNN's runs add `--model cnn`.
"""


def benchmarks() -> str:
    """Return the section on speed."""
    frontend = json.loads((RECORDS / "benchmarks" / "frontend.json").read_text(encoding="utf-8"))
    training = json.loads((RECORDS / "benchmarks" / "training.json").read_text(encoding="utf-8"))
    protocol_text = (RECORDS / "benchmarks" / "protocol.txt").read_text(encoding="utf-8").strip()
    front_rows = [
        [row["features"], str(row["batch"]), str(row["threads"]), f"{row['ours_ms']:.3f}", f"{row['ratio']:.2f}"]
        for row in frontend["rows"]
    ]
    front = markdown_table(["features", "batch", "threads", "ours, ms", "torchaudio's time / ours"], front_rows)
    train_rows = [
        [name, f"ready {what}", f"{result['trainer_clips_per_second']:.0f}", f"{result[f'share_of_{what}']:.1%}"]
        for name, result in training["results"].items()
        for what in ("waveforms", "features")
    ]
    train = markdown_table(["model", "compared with a bare loop on", "Trainer, clips/s", "share"], train_rows)
    return f"""## Speed

`python benchmarks/frontend.py` (torch {frontend["versions"]["torch"].split("+")[0]}, one run, interleaved):

{front}

`python benchmarks/training.py`: clips per second of the `Trainer` against a bare forward + backward + step loop:

{train}

`python benchmarks/protocol.py`: mixing, and building the noisy corpus on two processes:

```
{protocol_text}
```
"""


def readme_table(runs: dict[str, Run]) -> str:
    """Return the README's table."""
    header = ["trained on FSDD + AN4", "FSDD official test %", "AN4 unseen speakers, 11 words %", "training"]
    rows = []
    for name, title in SYSTEMS.items():
        run = runs[name]
        conditions = [percent(run.condition(f"{corpus} test").accuracy) for corpus in ("fsdd", "an4")]
        rows.append([title, *conditions, f"{run.record['seconds'] / 60:.0f} min"])
    return markdown_table(header, rows)


def cost_table() -> str:
    """Return parameters and MACs of every model of the zoo."""
    rows = []
    for name in list_models():
        cost = model_cost(create_model(name))
        rows.append([f"`{name}`", f"{cost.parameters:,}", f"{cost.macs / 1e6:.1f} M"])
    return markdown_table(["name", "parameters", "MACs per clip"], rows)


def between(path: Path, what: str, text: str) -> str:
    """Return a file's text with another generated part between its markers."""
    begin, end = f"<!-- {what}: written by docs/make_results.py -->", f"<!-- end of {what} -->"
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


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


def draw_protocol(runs: dict[str, Run]) -> None:
    """Draw the figures of the Aurora protocol."""
    tables = {PROTOCOL[name]: AuroraTable.from_report(run.report) for name, run in runs.items()}
    save_figure(plot_accuracy_by_snr(tables, per="model"), FIGURES / "accuracy_by_snr_models.png")
    residual = {title.split(", ")[1]: table for title, table in tables.items() if title.startswith("Residual")}
    save_figure(plot_accuracy_by_snr(residual, per="noise"), FIGURES / "accuracy_by_snr_noises.png")
    for name, title in PROTOCOL.items():
        save_figure(plot_noise_heatmap(tables[title]), FIGURES / f"heatmap_{name}.png")


def read_runs(experiment: str, names: Iterable[str]) -> dict[str, Run]:
    """Read the runs of an experiment."""
    return {name: Run.read(RECORDS / experiment / name) for name in names}


def texts(main_runs: dict[str, Run], protocol_runs: dict[str, Run]) -> dict[Path, str]:
    """Return every generated text by its path."""
    head = "# Results\n\nWritten by `python docs/make_results.py` from the run records in `docs/records`.\n\n"
    return {
        DOCS / "results.md": f"{head}{main_job(main_runs)}\n{protocol(protocol_runs)}\n{benchmarks()}",
        README: between(README, "results", readme_table(main_runs)),
        MODELS: between(MODELS, "costs", cost_table()),
    }


def main() -> int:
    """Write everything, or check that nothing would change."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a text would change")
    check = parser.parse_args().check
    stale = 0
    main_runs, protocol_runs = read_runs("fsdd_an4", SYSTEMS), read_runs("protocol", PROTOCOL)
    for path, text in texts(main_runs, protocol_runs).items():
        current = path.read_text(encoding="utf-8") if path.exists() else ""
        if check and current != text:
            stale += 1
            sys.stdout.writelines(difflib.unified_diff(current.splitlines(True), text.splitlines(True), str(path)))
        elif not check:
            with atomic_path(path) as temporary:
                temporary.write_text(text, encoding="utf-8")
    if not check:
        draw(main_runs)
        draw_protocol(protocol_runs)
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
