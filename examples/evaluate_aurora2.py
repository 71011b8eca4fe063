"""Measure a model on Aurora-2, or on a tree built like it, and print Aurora's table.

    python examples/evaluate_aurora2.py [TREE [MODEL]]

The tree is that of ``noisy_corpus.py`` unless another is named: the folder that holds SPEECHDATA, of the licensed
corpus or of ``aurora-resnet make-noisy``. Single words only: ``aurora-resnet evaluate --strings`` measures strings.

Prints:

    | SNR           |   set A: subway |  set A: babble |     set A: car | set A: exhibition |    set A: mean | (2A+2B+C)/5 | (A+B+C)/3 |
    | :------------ | --------------: | -------------: | -------------: | ----------------: | -------------: | ----------: | --------: |
    | clean         |          100.00 |         100.00 |         100.00 |            100.00 |         100.00 |           - |         - |
    | 20 dB         |          100.00 |         100.00 |         100.00 |            100.00 |         100.00 |           - |         - |
    | 15 dB         |          100.00 |          95.45 |          95.45 |            100.00 |          97.73 |           - |         - |
    | 10 dB         |          100.00 |          93.18 |         100.00 |             97.73 |          97.73 |           - |         - |
    | 5 dB          |           97.73 |          93.18 |          90.91 |             93.18 |          93.75 |           - |         - |
    | 0 dB          |           93.18 |          77.27 |          88.64 |             95.45 |          88.64 |           - |         - |
    | -5 dB         |           90.91 |          52.27 |          72.73 |             88.64 |          76.14 |           - |         - |
    | mean 0-20 dB  |           98.18 |          91.82 |          95.00 |             97.27 |          95.57 |           - |         - |
    | 95 % interval | 95.45 to 100.00 | 80.47 to 99.09 | 92.44 to 97.62 |    94.55 to 99.55 | 91.36 to 98.75 |           - |         - |
"""

import sys
from pathlib import Path

from aurora_resnet import Evaluator, load_corpus
from aurora_resnet.evaluation.aurora_tables import AuroraTable
from aurora_resnet.evaluation.conditions import conditions_by
from aurora_resnet.runtime.models import load_model


def main(tree: str | Path = "runs/noisy", model: str = "compact", out: str | Path | None = None) -> None:
    """Score every condition of the test sets."""
    corpus = load_corpus(f"aurora2:{tree}").filter(split="test", isolated=True)
    evaluator = Evaluator(load_model(model))  # or load_checkpoint("runs/mine/best.safetensors")
    report = evaluator.evaluate(conditions_by(corpus, "set", "noise", "snr_db"), progress=True)
    table = AuroraTable.from_report(report)
    print(table.to_markdown())  # to_latex() for a paper
    if out is not None:
        report.write_json(out)  # every number with its interval; EvaluationReport.from_json reads it


if __name__ == "__main__":
    main(*sys.argv[1:3])
