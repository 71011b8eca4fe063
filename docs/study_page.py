"""The page of the study: its questions in order, each with what was asked, a table, a figure."""

from __future__ import annotations

from study_confusions import pair_table, word_table
from study_records import MEAN, Study
from study_tables import (
    BASE,
    clips_table,
    freezing_table,
    group_table,
    noise_table,
    snr_table,
    systems_table,
)
from study_verdicts import verdict_table

from aurora_resnet.evaluation.tables import percent


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

A claim is confirmed if the whole interval of the difference, by a paired bootstrap over speakers on the same clips, lies
above 0; `p` is two-sided and not corrected for the number of claims. Seeds are averaged clip by clip before.

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

Accuracy against the number of training clips. Fewer clips get more epochs (5 / sqrt(share)), so 1/16 of the clips gets a
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
    first = study[BASE].first
    data = first["training"]["data"]
    clips = len(study[BASE].correct(("clean", *MEAN, "-5")))
    tuning = study.present({name: name.split("/")[1] for name in study.variants if name.startswith("q0")})
    rates = "\n".join(
        f"- {title}: {percent(variant.first['history'][-1]['validation_accuracy'])} % "
        f"(loss {variant.first['history'][-1]['validation_loss']:.3f})"
        for title, variant in tuning.items()
    )
    return f"""## How it was done

- Training: {data["train"]["clips"]:,} clips of {data["train"]["speakers"]} speakers (FSDD without theo and yweweler, AN4's training speakers).
  Test: FSDD's recordings 0 to 9 of theo and yweweler and AN4's test speakers, {clips:,} clips in all conditions.
- Budget: five passes over the training clips for every ResNet, fifteen for every baseline; the first table has the times.
  One-cycle schedule, batches of 32, label smoothing 0.05, SGD for the ResNet, AdamW for the baselines. The model of the last epoch is tested: nothing is chosen by a test.
- Tuning: three learning rates for each system (the CNN was tried with SGD too), clean training, three passes for the ResNet
  and five for the baselines, judged on {data["validation"]["clips"]} clips of
  {data["validation"]["speakers"]} other training speakers. The best of each stands in `examples/study/base.toml`; nothing else was tuned. Results:

{rates}

- Networks are computed in bfloat16 in training and test, weights are float32. One thread for each of two trainings at a
  time. `seeds` says how many trainings stand behind a row; `sd` is the standard deviation over them.

### Limits

- Eleven test speakers. FSDD's two are as many clips as AN4's nine, and harder. Intervals by speaker are wide for that
  reason, and a bootstrap over so few is itself rough.
- NOIZEUS's scenes are short: the noise of set A in the test is cut from the same recordings as that of training.
- Five epochs are few. The paper does not say its budget; a longer one lifts random weights (question 2) and baselines more
  than pretrained ones.
- AN4's and FSDD's test words are not Aurora-2's: no number here may be read as the paper's.
- Rows with one seed can differ from their neighbours by chance in training; the intervals hold the test speakers' chance only.
"""


def rerun(study: Study) -> str:
    """Return commands and costs."""
    hours = sum(variant.minutes * variant.seeds for variant in study.variants.values()) / 60
    runs = sum(variant.seeds for variant in study.variants.values())
    return f"""## Run it again

```bash
python -m examples.study           # what has no record yet; resumes
python -m examples.study --quick   # every run for one short epoch: that it works
python docs/make_study.py          # this page and its figures
```

The {runs} runs above took {hours:.1f} hours of training on one thread each, two at a time, other work beside them
(bfloat16 on a CPU with matrix units); on a GPU it was not measured. One run again, to the same numbers on the same
machine: the `command` of its record with `--again`.
"""
