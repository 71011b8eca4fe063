"""The mean of the weights of trainings that began at one network: often better than each.

After Wortsman et al., *Model soups*, ICML 2022:

    python -m tools.average_weights runs/voices_compact runs/voices_compact_more --out runs/voices_compact_mean

With ``--last`` the average that each training kept of its weights at its end counts instead of its best epoch; of one training
alone it is taken as it is. The new folder holds ``best.safetensors`` and the last training's ``run.json``, which says what was averaged.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.files import write_json
from aurora_resnet.training.state import BEST, LAST

RUN = "run.json"
AVERAGE = "average.module."
"""Where a training keeps the average of its weights."""


def mean_of(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return the mean of each tensor of numbers with fractions; of whole numbers, which only count, the last.

    >>> states = [{"w": torch.tensor([1.0]), "n": torch.tensor(1)}, {"w": torch.tensor([2.0]), "n": torch.tensor(5)}]
    >>> mean_of(states)
    {'w': tensor([1.5000]), 'n': tensor(5)}
    """
    return {
        name: torch.stack([state[name].double() for state in states]).mean(dim=0).to(last.dtype)
        if last.is_floating_point()
        else last
        for name, last in states[-1].items()
    }


def main() -> None:
    """Average the best weights of runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", help="folders of trainings of one network")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--last", action="store_true", help="what the trainings ended with, not their best epochs")
    options = parser.parse_args()
    models = [load_checkpoint(run / BEST).model for run in options.runs]
    if options.last:
        for run, model in zip(options.runs, models, strict=True):
            ended = load_checkpoint(run / LAST).state
            model.load_state_dict({name: ended[f"{AVERAGE}{name}"] for name in model.state_dict()})
    if any(model.config != models[0].config for model in models):
        raise SystemExit("expected trainings of one network, got different ones")
    models[-1].load_state_dict(mean_of([model.state_dict() for model in models]))
    options.out.mkdir(parents=True, exist_ok=True)
    save_checkpoint(models[-1], options.out / BEST)
    record = json.loads((options.runs[-1] / RUN).read_text(encoding="utf-8"))
    write_json({**record, "averaged": [run.name for run in options.runs]}, options.out / RUN)
    print(options.out / BEST)


if __name__ == "__main__":
    main()
