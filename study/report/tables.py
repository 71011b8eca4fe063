"""Tables of the study."""

from __future__ import annotations

from collections import Counter

import numpy as np

from aurora_resnet.evaluation.bootstrap import Difference
from aurora_resnet.evaluation.tables import MISSING, markdown_table, percent, percent_with_interval
from aurora_resnet.models.zoo import create_model
from study.report.records import HARD, MEAN, SNR_NAMES, SNRS, Study, Variant
from study.report.rows import BASE, GROUPS, PAPER, SETTINGS, SHARES, SYSTEMS


def group_table(study: Study, question: str) -> str:
    """Return a question's table: accuracies by SNR, and the difference from the study's base."""
    rows = []
    for title, variant in study.present(GROUPS[question]).items():
        mean = percent_with_interval(variant.accuracy(MEAN), variant.interval(MEAN))
        apart = [
            MISSING if variant.name == BASE else difference(variant.against(study[BASE], snrs)) for snrs in (MEAN, HARD)
        ]
        cells = [percent(variant.accuracy((snr,))) for snr in SNRS]
        rows.append([title, str(variant.seeds), *cells, mean, *apart, *cost(variant)])
    header = ["", "seeds", *SNR_NAMES.values(), "mean 0-20 dB", "difference", "at 0 and -5 dB"]
    return markdown_table([*header, "parameters", "MACs", "min"], rows)


def cost(variant: Variant) -> list[str]:
    """Return parameters, multiply-adds a clip and training minutes."""
    costs = variant.first["training"]["cost"]
    return [f"{costs['parameters'] / 1e6:.2f} M", f"{costs['macs'] / 1e6:.0f} M", f"{variant.minutes:.1f}"]


def tuning_table(study: Study) -> str:
    """Return the accuracy of every setting on held-out training speakers, and which one was taken."""
    tried: dict[str, dict[str, tuple[float, float]]] = {}
    for name, variant in study.variants.items():
        if name.startswith("q0_tuning/"):
            last = variant.first["history"][-1]
            system, setting = name.removeprefix("q0_tuning/").split("-", 1)
            tried.setdefault(system, {})[setting] = (last["validation_accuracy"], -last["validation_loss"])
    columns = [setting for setting in SETTINGS if any(setting in each for each in tried.values())]
    rows = []
    for system, title in {**SYSTEMS, "resnet50_random": "ResidualSpeechNet, random weights"}.items():
        if results := tried.get(system):
            cells = [percent(results[setting][0]) if setting in results else MISSING for setting in columns]
            rows.append([title, *cells, SETTINGS[max(results, key=lambda setting: results[setting])]])
    return markdown_table(["", *(SETTINGS[setting] for setting in columns), "taken"], rows)


def difference(value: Difference) -> str:
    """Return a difference in points with its interval.

    >>> difference(Difference(0.0123, -0.004, 0.03, 0.1))
    '+1.2 [-0.4, +3.0]'
    """
    return f"{100 * value.mean:+.1f} [{100 * value.low:+.1f}, {100 * value.high:+.1f}]"


def systems_table(study: Study) -> str:
    """Return the five systems beside the paper."""
    header = ["system", "clean training: clean", "noisy (0-20 dB)", "multi-condition: clean", "noisy (0-20 dB)"]
    header += ["paper: clean", "paper: noisy", "seeds", "parameters", "min a run"]
    rows = []
    for system, title in SYSTEMS.items():
        clean, multi = (study[f"q1_systems/{system}-{training}"] for training in ("clean", "multi"))
        cells = [
            percent_with_interval(variant.accuracy(snrs), variant.interval(snrs))
            for variant in (clean, multi)
            for snrs in (("clean",), MEAN)
        ]
        parameters = f"{multi.first['training']['cost']['parameters'] / 1e6:.2f} M"
        seeds = f"{clean.seeds}/{multi.seeds}"
        rows.append(
            [title, *cells, *PAPER.get(system, (MISSING, MISSING)), seeds, parameters, f"{multi.wall_minutes:.1f}"]
        )
    return markdown_table(header, rows)


def snr_table(study: Study) -> str:
    """Return the five systems by SNR."""
    rows = []
    for training in ("clean", "multi"):
        for system, title in SYSTEMS.items():
            variant = study[f"q1_systems/{system}-{training}"]
            spread = variant.spread(MEAN)
            cells = [percent(variant.accuracy((snr,))) for snr in SNRS]
            rows.append([f"{title}, {training}", *cells, percent(variant.accuracy(MEAN)), percent(spread)])
    header = ["", *SNR_NAMES.values(), "mean 0-20 dB", "sd over seeds"]
    return markdown_table(header, rows)


def parts_table(study: Study) -> str:
    """Return the five systems' mean accuracy by test set, and by the corpus of the speakers."""
    words = Counter(
        s for c in study.test.words if c.startswith("a/") and c.endswith("/clean") for s in study.test.speakers[c]
    )
    most = max(words.values())
    fsdd = {speaker for speaker, count in words.items() if count == most}  # each said more than any of AN4's
    rows = []
    for training in ("clean", "multi"):
        for system, title in SYSTEMS.items():
            variant = study[f"q1_systems/{system}-{training}"]
            answers = variant.answers(MEAN)
            correct = answers.shares
            sets = np.array([c[0] for c in study.test.conditions(MEAN) for _ in study.test.words[c]])
            of_fsdd = np.array([speaker in fsdd for speaker in answers.speakers])
            parts = [correct[sets == each] for each in "abc"] + [correct[of_fsdd], correct[~of_fsdd]]
            rows.append(
                [f"{title}, {training}", *(percent(float(part.mean()) if part.size else None) for part in parts)]
            )
    speakers = f"FSDD's {len(fsdd)} speakers", f"AN4's {len(words) - len(fsdd)} speakers"
    return markdown_table(["mean 0-20 dB", "set A", "set B", "set C", *speakers], rows)


def clips_table(study: Study) -> str:
    """Return accuracy against the number of training clips."""
    rows = []
    full = {"imagenet": study[BASE], "random": study["q2_pretraining/random"]}
    for suffix, share in [*present_shares(study).items(), ("", 1.0)]:
        pair = {s: study[f"q2_pretraining/{s}-{suffix}"] if suffix else full[s] for s in ("imagenet", "random")}
        clips = pair["imagenet"].first["training"]["data"]["train"]["clips"]
        epochs = pair["imagenet"].first["training"]["epochs"]
        row = [f"1/{round(1 / share)}" if share < 1 else "all", f"{clips}", f"{epochs}"]
        for start in ("imagenet", "random"):
            row += [percent(pair[start].accuracy(("clean",))), percent(pair[start].accuracy(MEAN))]
        seeds = "/".join(str(pair[start].seeds) for start in ("imagenet", "random"))
        rows.append([*row, seeds])
    header = ["share", "clips", "epochs", "ImageNet: clean", "0-20 dB", "random: clean", "0-20 dB", "seeds"]
    return markdown_table(header, rows)


def present_shares(study: Study) -> dict[str, float]:
    """Return the shares of the training clips that both starts have learnt from."""
    return {
        suffix: share
        for suffix, share in SHARES.items()
        if all(f"q2_pretraining/{start}-{suffix}" in study.variants for start in ("imagenet", "random"))
    }


def freezing_table(study: Study) -> str:
    """Return accuracy against trainable parameters and time."""
    parameters = trainable(study)
    rows = []
    for title, variant in study.present(GROUPS["q3_freezing"]).items():
        count = parameters[variant.name]
        against = MISSING if variant.name == BASE else difference(variant.against(study[BASE], MEAN))
        clean, noisy = percent(variant.accuracy(("clean",))), percent(variant.accuracy(MEAN))
        cells = [f"{count / 1e6:.2f} M", f"{variant.minutes:.1f}", clean, noisy, against]
        rows.append([title, str(variant.seeds), *cells])
    return markdown_table(["frozen", "seeds", "trainable at first", "min", "clean", "mean 0-20 dB", "difference"], rows)


def trainable(study: Study) -> dict[str, int]:
    """Return how many parameters each freeze plan lets learn in the first epoch."""
    network = create_model("resnet50")
    counts = {}
    for variant in study.present(GROUPS["q3_freezing"]).values():
        plan = variant.first["training"]["experiment"]["training"]["freeze"]
        counts[variant.name] = sum(p.numel() for p in network.freeze(plan).parameters() if p.requires_grad)
    return counts


def cost_table(study: Study) -> str:
    """Return runs, seeds and hours of one core by question."""
    rows = []
    for question in sorted({name.split("/")[0] for name in study.variants}):
        variants = [variant for name, variant in study.variants.items() if name.startswith(f"{question}/")]
        seeds = sorted({variant.seeds for variant in variants})
        hours = sum(variant.wall_minutes * variant.seeds for variant in variants) / 60
        counts = " or ".join(str(count) for count in seeds)
        three = 3 * sum(variant.wall_minutes for variant in variants) / 60
        rows.append([question, str(sum(v.seeds for v in variants)), counts, f"{hours:.2f}", f"{three:.2f}"])
    return markdown_table(["question", "runs", "seeds", "hours of one core", "hours of three seeds"], rows)


def noise_table(study: Study, training: str) -> str:
    """Return the accuracy of ``ResidualSpeechNet`` by noise and SNR, after one of the two trainings."""
    variant = study[f"q1_systems/resnet50-{training}"]
    rows = []
    for noise in study.test.noises:
        cells = [percent(variant.accuracy((snr,), noise)) for snr in SNRS[1:]]
        rows.append([noise, *cells, percent(variant.accuracy(MEAN, noise))])
    return markdown_table(["noise", *(SNR_NAMES[snr] for snr in SNRS[1:]), "mean 0-20 dB"], rows)
