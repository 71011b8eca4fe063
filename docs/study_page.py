"""The page of the study: its questions in order, each with what was asked, a table, a figure."""

from __future__ import annotations

from study_confusions import pair_table, word_table
from study_records import MEAN, Study
from study_tables import (
    BASE,
    SYSTEMS,
    clips_table,
    cost_table,
    freezing_table,
    group_table,
    noise_table,
    snr_table,
    systems_table,
    tuning_table,
)
from study_text import LIMITS
from study_verdicts import verdict_table


def page(study: Study) -> str:
    """Return docs/study.md."""
    return "\n".join([head(study), five_systems(study), *questions(study), method(study), rerun(study)]) + "\n"


def head(study: Study) -> str:
    """Return the first screen: five systems, verdicts."""
    return f"""# The study: the paper's claims, tested on open data

Written by `python docs/make_study.py` from the records in `docs/records/study`. The paper is arXiv 2505.01632. Accuracies
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
quarter of the steps.

{clips_table(study)}

![Learning curves; accuracy against training clips](figures/study_q2_pretraining.png)
""")
    if "q3_freezing/stem" in study.variants:
        parts.append(f"""## 3. What to freeze

Frozen layers keep their BatchNorm statistics too. Gradual: the head alone for one epoch, stage 3 with it in the second,
stage 2 in the third, then everything.

{freezing_table(study)}

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

{pair_table(study, multi)}

![Accuracy by noise; confusions](figures/study_q4_noises.png)
""")
    titles = {
        "q5_augmentation": (
            "5. Augmentation (open question 2)",
            "Speed: 0.88, 1 or 1.12. Noise: multi-condition training.",
        ),
        "q6_attention": (
            "6. Attention (open question 1)",
            "The map of stage 3, averaged over the bands, is a sequence of seven vectors; two transformer layers of width "
            "256 with four heads add 1.6 million parameters.",
        ),
        "q7_front_end": ("7. The front end", "128 bands need an FFT of 512 points, or low bands would be empty."),
        "q8_hearing_first": (
            "8. Seeing or hearing first (open question 3)",
            "Contrastive training (`training/contrastive.py`) without labels on the recordings that training may use: the "
            "same speech, two more speakers, other words, environmental sounds; 10 epochs. Fine-tuning is the same for all "
            "rows. wav2vec 2.0 and HuBERT cannot be downloaded where this ran: `examples/study/self_supervised.py` runs "
            "them where they can.",
        ),
    }
    for question, (title, text) in titles.items():
        if any(name.startswith(question) for name in study.variants):
            picture = f"![{title}: accuracy against SNR](figures/study_{question}.png)"
            parts.append(f"## {title}\n\n{text}\n\n{group_table(study, question)}\n\n{picture}\n")
    return parts


def method(study: Study) -> str:
    """Return what all runs share, and the limits."""
    data = study[BASE].first["training"]["data"]
    clips = len(study[BASE].correct(("clean", *MEAN, "-5")))
    return f"""## How it was done

- Training: {data["train"]["clips"]:,} clips of {data["train"]["speakers"]} speakers (FSDD without theo and yweweler, AN4's training speakers).
  Test: FSDD's recordings 0 to 9 of theo and yweweler and AN4's test speakers, {clips:,} clips in all conditions.
- Budget: the same time on one thread for every system, data included: {budget(study)}. The model of
  the last epoch is tested: nothing is chosen by a test. One-cycle schedule, batches of 32, label smoothing 0.05, gradients
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
    hours = sum(variant.wall_minutes * variant.seeds for variant in study.variants.values()) / 60
    runs = sum(variant.seeds for variant in study.variants.values())
    return f"""## Run it again

```bash
python -m examples.study           # what has no record yet; resumes
python -m examples.study --quick   # every run for one short epoch: that it works
python docs/make_study.py          # this page and its figures
```

{cost_table(study)}

The {runs} runs above took {hours:.1f} hours of one core, so {hours / 2:.1f} hours on two, test included, other work beside them (a CPU with
matrix units for bfloat16). On a GPU it was not measured: there was none. One run again, to the same numbers on the same
machine with the same versions: the `command` of its record.
"""
