"""Which variants stand in the study's tables, and what their rows are called."""

from __future__ import annotations

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
        "q7_front_end/pcen": "PCEN for the logarithm",
    },
    "q8_hearing_first": {
        "q2_pretraining/random": "random",
        "q8_hearing_first/heard": "contrastive on unlabelled audio, from random",
        BASE: "ImageNet",
    },
}
"""Rows of each question's table by the variant's name."""
SETTINGS = {
    "sgd-0.02": "SGD 0.02",
    "adamw-0.0003": "AdamW 0.0003",
    "adamw-0.001": "AdamW 0.001",
    "adamw-0.003": "AdamW 0.003",
    "adamw-0.01": "AdamW 0.01",
}
"""What was tried for every system."""
SHARES = {"1_16": 1 / 16, "1_8": 1 / 8, "1_4": 1 / 4, "1_2": 1 / 2}
