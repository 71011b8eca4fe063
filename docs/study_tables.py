"""Tables of the study."""

from __future__ import annotations

from study_records import MEAN, SNR_NAMES, SNRS, Study

from aurora_resnet.evaluation.bootstrap import Difference
from aurora_resnet.evaluation.tables import MISSING, markdown_table, percent, percent_with_interval
from aurora_resnet.models.zoo import create_model

SYSTEMS = {
    "resnet50": "ResidualSpeechNet, ImageNet",
    "cnn": "CNN",
    "lstm": "LSTM",
    "bilstm": "BiLSTM",
    "cnn_lstm": "CNN-LSTM",
}
PAPER = {
    "resnet50": ("98.94", "91.21"),
    "cnn": ("97.21", "86.12"),
    "lstm": ("94.54", "83.43"),
    "bilstm": ("91.21", "83.43"),
}
"""arXiv 2505.01632, clean and noisy; it prints no single number for CNN-LSTM."""

BASE = "q1_systems/resnet50-multi"
GROUPS: dict[str, dict[str, str]] = {
    "q2_pretraining": {
        BASE: "ImageNet",
        "q2_pretraining/random": "random",
        "q2_pretraining/random-3x": "random, three times the budget",
    },
    "q3_freezing": {
        BASE: "nothing",
        "q3_freezing/stem": "stem",
        "q3_freezing/stage-1": "stem, stage 1",
        "q3_freezing/stages-1-2": "stem, stages 1-2",
        "q3_freezing/all-but-head": "stem, stages 1-3 (all but the head)",
        "q3_freezing/gradual": "gradual unfreezing",
    },
    "q5_augmentation": {
        "q5_augmentation/none": "none",
        "q5_augmentation/spec-augment": "SpecAugment",
        "q5_augmentation/speed": "speed",
        "q1_systems/resnet50-clean": "speed, SpecAugment",
        "q5_augmentation/noise": "noise",
        BASE: "all",
    },
    "q6_attention": {
        BASE: "global average",
        "q6_attention/attention-pooling": "attention pooling",
        "q6_attention/transformer": "transformer encoder",
    },
    "q7_front_end": {
        BASE: "64 bands, utterance normalisation, logarithm",
        "q7_front_end/mel-40": "40 bands",
        "q7_front_end/mel-80": "80 bands",
        "q7_front_end/mel-128": "128 bands",
        "q7_front_end/not-normalised": "not normalised",
        "q7_front_end/corpus-normalised": "normalised by the corpus",
        "q7_front_end/pcen": "PCEN for the logarithm",
    },
    "q8_hearing_first": {
        "q2_pretraining/random": "random",
        "q8_hearing_first/heard": "contrastive on unlabelled audio, from random",
        BASE: "ImageNet",
        "q8_hearing_first/seen-and-heard": "contrastive on unlabelled audio, from ImageNet",
    },
}
"""Rows of each question's table by the variant's name."""
SHARES = {"1_16": 1 / 16, "1_8": 1 / 8, "1_4": 1 / 4, "1_2": 1 / 2}


def group_table(study: Study, question: str) -> str:
    """Return a question's table: accuracies by SNR, and the difference from the study's base."""
    rows = []
    for title, variant in study.present(GROUPS[question]).items():
        mean = percent_with_interval(variant.accuracy(MEAN), variant.interval(MEAN))
        apart = MISSING if variant.name == BASE else difference(variant.against(study[BASE], MEAN))
        cells = [percent(variant.accuracy((snr,))) for snr in SNRS]
        rows.append([title, str(variant.seeds), *cells, mean, apart, f"{variant.minutes:.1f}"])
    return markdown_table(["", "seeds", *SNR_NAMES.values(), "mean 0-20 dB", "difference", "min"], rows)


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
        seeds = str(min(clean.seeds, multi.seeds))
        rows.append([title, *cells, *PAPER.get(system, ("-", "-")), seeds, parameters, f"{multi.minutes:.1f}"])
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


def clips_table(study: Study) -> str:
    """Return accuracy against the number of training clips."""
    rows = []
    full = {"imagenet": study[BASE], "random": study["q2_pretraining/random"]}
    for suffix, share in [*SHARES.items(), ("", 1.0)]:
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


def noise_table(study: Study, training: str) -> str:
    """Return the accuracy of ``ResidualSpeechNet`` by noise and SNR, after one of the two trainings."""
    variant = study[f"q1_systems/resnet50-{training}"]
    rows = []
    for noise in study.test.noises:
        cells = [percent(variant.accuracy((snr,), noise)) for snr in SNRS[1:]]
        rows.append([noise, *cells, percent(variant.accuracy(MEAN, noise))])
    return markdown_table(["noise", *(SNR_NAMES[snr] for snr in SNRS[1:]), "mean 0-20 dB"], rows)
