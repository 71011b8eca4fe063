"""How a model is trained, as a value."""

from collections.abc import Iterator
from dataclasses import field
from typing import Annotated, Any

from aurora_resnet.augmentation.spec_augment import SpecAugment
from aurora_resnet.bounds import Between, configuration
from aurora_resnet.registry import unknown
from aurora_resnet.training.choices import find_optimizer, find_schedule

Rate = Annotated[float, Between(0, 1000, above=True)]
BelowOne = Annotated[float, Between(0, 1, below=True)]
Epochs = Annotated[int, Between(1, 100_000)]


@configuration(kw_only=True)
class Distillation:
    """How much a teacher's answers count beside the labels, and at which temperature; see ``losses``."""

    weight: Annotated[float, Between(0, 1)] = 0.7
    temperature: Annotated[float, Between(0, 1000, above=True)] = 2.0


@configuration(kw_only=True)
class TrainingConfig:
    """Options of the ``Trainer``; the defaults are the paper's (SGD at 0.001) where it states them.

    >>> TrainingConfig(epochs=12, schedule="one_cycle", learning_rate=0.02).optimizer
    'sgd'
    """

    epochs: Epochs = 30
    batch_size: Annotated[int, Between(2, 65_536)] = 32
    #: ``sgd``, ``adamw``, or ``package.module:Class`` as in ``torch.optim:RAdam``, which gets the
    #: parameter groups, ``lr`` and ``optimizer_options``; in a training file it needs ``trust_code``.
    optimizer: str = "sgd"
    #: Of an optimiser that is not built in.
    optimizer_options: dict[str, Any] = field(default_factory=dict)
    #: Highest learning rate of the head, and of everything else unless ``backbone_learning_rate`` is given.
    learning_rate: Rate = 0.001
    backbone_learning_rate: Rate | None = None
    #: Nesterov momentum of SGD; 0 for none.
    momentum: BelowOne = 0.9
    weight_decay: Annotated[float, Between(0, 1000)] = 1e-4
    #: ``constant``, ``cosine``, ``one_cycle``, or ``package.module:name``.
    schedule: str = "constant"
    #: Share of all steps in which the rate rises (linearly; one-cycle: along a cosine).
    warmup_fraction: BelowOne = 0.1
    label_smoothing: BelowOne = 0.0
    #: Largest norm of the gradient.
    gradient_clip: Annotated[float, Between(0, 1e6, above=True)] | None = None
    #: float16 with loss scaling on CUDA; on the CPU float32.
    mixed_precision: bool = True
    #: Compute the network in bfloat16, the weights stay float32: twice as fast on CPUs with matrix units (AMX), and
    #: no loss scaling on CUDA, where it takes the place of float16.
    bfloat16: bool = False
    #: Decay of an exponential average of the weights over the steps, as 0.999; the average is what is validated and
    #: kept as the best. Source: Polyak and Juditsky, *Acceleration of Stochastic Approximation by Averaging*, 1992.
    weight_average: Annotated[float, Between(0, 1, above=True, below=True)] | None = None
    #: How to learn from a teacher's answers; the teacher is an argument of ``Trainer``.
    distillation: Distillation | None = None
    #: Freeze plan of the model: none, stem, stage1 ... stage3, all_but_head.
    freeze: str = "none"
    #: Gradual unfreezing: from epoch (counted from 0) on, this plan instead.
    unfreeze: tuple[tuple[Annotated[int, Between(0, 100_000)], str], ...] = ()
    #: Stop after so many epochs without a better validation result.
    early_stopping: Epochs | None = None
    seed: Annotated[int, Between(0, 2**64 - 1)] = 0
    #: Place each clip anywhere in the window; off: in its middle, as in evaluation.
    random_position: bool = True
    #: Speeds to draw from for each clip and epoch.
    speed_factors: tuple[Annotated[float, Between(0.5, 2)], ...] = (1.0,)
    spec_augment: SpecAugment | None = None
    tensorboard: bool = False

    def _misfits(self) -> Iterator[str]:
        yield from (f"optimizer: {problem}" for problem in unknown(find_optimizer, self.optimizer))
        yield from (f"schedule: {problem}" for problem in unknown(find_schedule, self.schedule))
        if self.optimizer_options and self.optimizer in ("sgd", "adamw"):
            yield f"optimizer_options are for other optimizers than {self.optimizer}"
        starts = [epoch for epoch, _ in self.unfreeze]
        if starts != sorted(set(starts)):
            yield f"unfreeze must name epochs in rising order, got {self.unfreeze}"
        if not self.speed_factors:
            yield "speed_factors must hold at least one speed, got none"

    def freeze_plan(self, epoch: int) -> str:
        """Return the freeze plan of an epoch (counted from 0).

        >>> config = TrainingConfig(freeze="all_but_head", unfreeze=((2, "stage2"), (4, "none")))
        >>> [config.freeze_plan(epoch) for epoch in range(5)]
        ['all_but_head', 'all_but_head', 'stage2', 'stage2', 'none']
        """
        plan = self.freeze
        for start, later in self.unfreeze:
            if epoch >= start:
                plan = later
        return plan
