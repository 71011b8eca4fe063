"""The README's table: the three models in the wheel, each with its test set and units."""

from __future__ import annotations

from typing import Any

from aurora_resnet.evaluation.tables import markdown_table

Record = dict[str, Any]
NOT_FOR = {
    "resnet50": "noise louder than speech; streams on one slow core",
    "compact": "noise as loud as speech",
    "string_net": 'numbers in words ("twenty-three")',
}


def readme_table(exported: dict[str, Record], inference: Record, strings: Record, strings_speed: Record) -> str:
    """Return the models in a line each.

    Args:
        exported: records of the int8 models of words by name.
        inference: record of ``benchmarks.inference``.
        strings: record of ``tools.strings`` for ``string_net``.
        strings_speed: record of ``benchmarks.strings``.
    """
    rows = []
    for name, record in exported.items():
        clean, noisy = record["clean"]["fsdd"]["accuracy"], record["noisy"]["fsdd"]["mean"]["10"]["accuracy"]
        (speed,) = (
            row
            for row in inference["rows"]
            if (row["model"], row["engine"], row["batch"], row["threads"]) == (name, "onnx_int8", 1, 1)
        )
        right = f"{100 * clean:.1f} % / {100 * noisy:.1f} % of words"
        megabytes = f"{record['model']['bytes'] / 1e6:.1f} MB"
        rows.append([f"`{name}`", right, megabytes, f"{speed['median_ms']:.1f} ms a word", NOT_FOR[name]])
    test, noise = strings["strings"]["an4"], [each for each in strings["noise"].values() if _snr(each) == "10"]
    counts = [_word_accuracy([test]), _word_accuracy(noise)]
    milliseconds = 1000 * strings_speed["rows"]["string_net"]["answer_seconds"]["median"]
    right = f"{counts[0]:.1f} % / {counts[1]:.1f} % of words"
    rows.append(
        ["`string_net`", right, f"{strings['file']['bytes'] / 1e6:.1f} MB", f"{milliseconds:.0f} ms a string",
         NOT_FOR["string_net"]]
    )  # fmt: skip
    table = markdown_table(["model (int8)", "right: clean / 10 dB SNR", "file", "one CPU thread", "not for"], rows)
    return (
        f"{table}\n\nWords: FSDD's official test (300 recordings; its six speakers are in the training data). Strings: AN4's test "
        f"speakers ({test['strings']} strings). Noise: eight NOIZEUS scenes, in no training. Time: {_processor(inference)}; strings: "
        f"{_processor(strings_speed)}. `resnet50` is the default."
    )


def _processor(record: Record) -> str:
    return str(record["machine"]["processor"]).replace("(R)", "")


def _snr(condition: Record) -> str:
    return str(condition["attributes"]["snr_db"])


def _word_accuracy(conditions: list[Record]) -> float:
    counts = [condition["counts"] for condition in conditions]
    errors = sum(each["substituted"] + each["deleted"] + each["inserted"] for each in counts)
    return 100 * (1 - errors / sum(each["said"] for each in counts))
