"""The page of the study: its questions in order, each with what was asked, a table, a figure."""

from __future__ import annotations

import json

from aurora_resnet.evaluation.tables import percent
from study.report.confusions import pair_table, word_table
from study.report.records import MEAN, Study
from study.report.tables import (
    BASE,
    SHARES,
    SYSTEMS,
    clips_table,
    cost_table,
    freezing_table,
    group_table,
    noise_table,
    parts_table,
    present_shares,
    snr_table,
    systems_table,
    tuning_table,
)
from study.report.text import INTRODUCTIONS, LIMITS, READINGS, SEEDS
from study.report.verdicts import verdict_table


def page(study: Study) -> str:
    """Return docs/study.md."""
    return "\n".join([head(study), five_systems(study), *questions(study), method(study), rerun(study)]) + "\n"


def head(study: Study) -> str:
    """Return the first screen: five systems, verdicts."""
    return f"""# The study: the paper's claims, tested on open data

Written by `python -m study.report` from the records in `docs/records/study`. The paper is arXiv 2505.01632. Accuracies
in %, in brackets 95 % intervals by bootstrap over the {len(set(study[BASE].speakers(("clean",))))} test speakers, none of whom any training heard. **The corpora differ**:
the paper has Aurora-2, this is FSDD and AN4 with NOIZEUS noise, so its columns stand beside ours for the order of the
systems, not for the numbers.

{systems_table(study)}

## Verdicts

Each claim is tested by a paired bootstrap over speakers on the same clips, seeds averaged clip by clip before; `p` is
two-sided and corrected for the number of claims (Holm). *Confirmed*: `p` below 0.05 and the whole interval above 0. *Not
confirmed*: the whole interval below 0. *Not decidable here*: neither.

{verdict_table(study)}
"""


def five_systems(study: Study) -> str:
    """Return question 1."""
    return f"""## 1. Five systems

Clean training passes the telephone channel (G.712) without noise; multi-condition training mixes the noises of set A at
5 to 20 dB into four clips of five. The test is the Aurora protocol's sets A (the noises of training), B (others) and C
(two noises, another channel), pooled, which weighs them 2 : 2 : 1.

{snr_table(study)}

{parts_table(study)}{reading("q1_systems")}

![Accuracy against SNR of the five systems](figures/study_q1_systems.png)
"""


def questions(study: Study) -> list[str]:
    """Return questions 2 to 8, as far as there are records."""
    parts = []
    if "q2_pretraining/random" in study.variants:
        parts.append(f"""## 2. Pretrained or random

{group_table(study, "q2_pretraining")}

The random start has an optimiser and a learning rate of its own, chosen as for the other systems (see below).

Accuracy against the number of training clips. Fewer clips get more epochs (4 / sqrt(share)), so 1/16 of the clips gets a
quarter of the steps.{missing_shares(study)}

{clips_table(study)}{reading("q2_pretraining")}

![Learning curves; accuracy against training clips](figures/study_q2_pretraining.png)
""")
    if "q3_freezing/stem" in study.variants:
        parts.append(f"""## 3. What to freeze

Frozen layers keep their BatchNorm statistics too. Gradual: the head alone for one epoch, stage 3 with it in the second,
stage 2 in the third, then everything.

{freezing_table(study)}{reading("q3_freezing")}

![Accuracy against trainable parameters and time](figures/study_q3_freezing.png)
""")
    multi = study[BASE]
    parts.append(f"""## 4. Which noise hurts

ResidualSpeechNet, multi-condition training; sets A, B and C pooled.

{noise_table(study, "multi")}

After clean training:

{noise_table(study, "clean")}

By word, multi-condition training, all noises:

{word_table(multi)}

The most frequent confusions in each noise at 5 to -5 dB, in % of the clips of the spoken word:

{pair_table(study, multi)}{reading("q4_noises")}

![Accuracy by noise; confusions](figures/study_q4_noises.png)
""")
    for question, (title, text) in INTRODUCTIONS.items():
        if any(name.startswith(question) for name in study.variants):
            hearing = contrastive(study) if question == "q8_hearing_first" else ""
            picture = f"![{title}: accuracy against SNR](figures/study_{question}.png)"
            table = f"{group_table(study, question)}{reading(question)}"
            parts.append(f"## {title}\n\n{text}{hearing}\n\n{table}\n\n{picture}\n")
    return parts


def missing_shares(study: Study) -> str:
    """Name the shares that nobody has run yet."""
    missing = [f"1/{round(1 / share)}" for suffix, share in SHARES.items() if suffix not in present_shares(study)]
    return f" {' and '.join(missing)} have no records yet." if missing else ""


def reading(question: str) -> str:
    """Return what is to be said about a question's table, as a paragraph after it."""
    return f"\n\n{READINGS[question]}" if question in READINGS else ""


def contrastive(study: Study) -> str:
    """Say what question 8's network heard before, from its record."""
    path = study.folder / "contrastive.json"
    if not path.exists():
        return ""
    record = json.loads(path.read_text(encoding="utf-8"))
    first, last = record["history"][0], record["history"][-1]
    return (
        f" {sum(record['clips'].values()):,} clips of one second, {len(record['history'])} passes, two views of a clip each, "
        f"{record['seconds'] / 60:.0f} minutes on one thread; a view found its other one among {record['training']['batch_size']} "
        f"clips in {percent(first['train_accuracy'])} % of all cases in the first pass and {percent(last['train_accuracy'])} % in the last."
    )


def method(study: Study) -> str:
    """Return what all runs share, and the limits."""
    data = study[BASE].first["training"]["data"]
    clips = len(study[BASE].correct(("clean", *MEAN, "-5")))
    return f"""## How it was done

- Training: {data["train"]["clips"]:,} clips of {data["train"]["speakers"]} speakers (FSDD without theo and yweweler, AN4's training speakers).
  Test: FSDD's recordings 0 to 9 of theo and yweweler and AN4's test speakers, {clips:,} clips in all conditions.
- Budget: the same time on one thread for every system, planned from the speeds on a quiet machine; in brackets what a run took
  beside other work, data and test included. {budget(study)}. The model of the last epoch is tested: nothing is chosen by a test. One-cycle schedule, batches of 32, label smoothing 0.05, gradients
  clipped at 5, speed and SpecAugment for all; a row says where something else was asked.
- Tuning: the same five settings for every system, half of the budget, multi-condition training, judged on
  {data["validation"]["clips"]} clips of {data["validation"]["speakers"]} held-out training speakers in the same noises; accuracy in % (a tie: by the loss):

{tuning_table(study)}

- Networks are computed in bfloat16 in training and test, weights are float32. One thread for each training.
  `seeds` says how many trainings stand behind a row; `sd` is the standard deviation over them.

### Limits

{LIMITS}
"""


def budget(study: Study) -> str:
    """Say how many passes over the clips each system takes in the same time."""
    systems = {title: study[f"q1_systems/{system}-multi"] for system, title in SYSTEMS.items()}
    return ", ".join(
        f"{title.split(',')[0]} {variant.first['training']['epochs']} passes ({variant.wall_minutes:.1f} min)"
        for title, variant in systems.items()
    )


def rerun(study: Study) -> str:
    """Return commands and costs."""
    variants = study.variants
    minutes = {name: variant.wall_minutes for name, variant in variants.items()}
    runs = sum(variant.seeds for variant in variants.values())
    spent = sum(minutes[name] * variant.seeds for name, variant in variants.items()) / 60
    everything = sum(each if name.startswith("q0") else 3 * each for name, each in minutes.items()) / 60
    return f"""## Run it again

```bash
python -m study           # what has no record yet; resumes
python -m study --quick   # every run for one short epoch: that it works
python -m study.report          # this page and its figures
```

{cost_table(study)}

{SEEDS}

The {runs} runs above took {spent:.1f} hours of one core, data and test included: {spent / 2:.1f} hours on two. The full form, three seeds of
everything, takes about {everything / 2:.0f} hours on two. Other work ran beside them, on a CPU with matrix units for bfloat16.
On a GPU it was not measured: there was none. One run again, to the same numbers on the same
machine with the same versions: the `command` of its record.
"""
