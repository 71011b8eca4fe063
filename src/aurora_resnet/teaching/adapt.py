r"""``adapt``: a model that knows one speaker better, from a few recordings.

Three ways, all of which leave the network that was given as it is:

- ``last_layer``: the last layer's weights :math:`W` and biases :math:`b` are fitted to the recordings' embeddings
  :math:`e_i`, near the old ones: with the class "none of the words" (logit 0) and :math:`s` the mean of :math:`|e_i|^2`

  .. math:: \frac1n \sum_i \mathrm{CE}(W e_i + b, y_i) + \lambda \, (s \, |W - W_0|^2 + |b - b_0|^2)

- ``bias``: the same for the biases alone.
- ``statistics``: the means and variances of the batch normalisations move towards those of the recordings (Li et al.,
  *Revisiting Batch Normalization For Practical Domain Adaptation*, 2017), by a share that grows with their number.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.bounds import Between, check_values
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.word_model import predict_logits
from aurora_resnet.runtime.errors import ConfigError, CorpusError, did_you_mean
from aurora_resnet.teaching.folds import assign_groups
from aurora_resnet.training.word_objective import with_negative_class

Method = Literal["last_layer", "bias", "statistics"]
METHODS: tuple[Method, ...] = get_args(Method)
DEFAULT_METHOD: Method = "last_layer"
STRENGTH = 0.01
"""Lambda above, chosen on synthetic voices (``docs/records/adapt.json``)."""
PRIOR_CLIPS = 50
"""``statistics``: so many clips are worth as much as those of the training."""
FOLDS = 5


@dataclass(frozen=True)
class Adapted:
    """A network that knows one speaker better.

    Attributes:
        model: the adapted network, in evaluation mode.
        clips: number of clips that it learnt from.
        correct_before: of them, recognised by the network that was given.
        correct_after: of them, recognised by networks that were adapted without them: what to expect.
    """

    model: RecognizerModel
    clips: int
    correct_before: int
    correct_after: int

    @property
    def helps(self) -> bool:
        """Whether held-out recordings are recognised no worse than before."""
        return self.correct_after >= self.correct_before


def adapt(
    model: RecognizerModel, clips: ClipSet, *, method: str = DEFAULT_METHOD, strength: float = STRENGTH
) -> Adapted:
    """Return a copy of a model that is adapted to one speaker. It keeps the model's calibration.

    Args:
        model: any trained network; it stays as it is.
        clips: of one speaker, one or more of a word; a word without clips keeps its weights.
        method: ``last_layer``, ``bias`` or ``statistics``.
        strength: how near to the old values it stays, above 0; not for ``statistics``.

    Raises:
        ConfigError: for another method, or a network without a dense last layer (``statistics``: without batch
            normalisation).
        CorpusError: for fewer than two clips.

    >>> from aurora_resnet.checkpoints import load_checkpoint
    >>> from aurora_resnet.clips.clip_set import load_clips
    >>> from aurora_resnet.corpora.samples import read_samples
    >>> model = load_checkpoint("compact").model
    >>> adapted = adapt(model, load_clips(read_samples().filter(speakers="samples/flite-awb"), model.config))
    >>> adapted.clips, adapted.helps
    (22, True)
    """
    if len(clips) < 2:
        raise CorpusError(f"adapting needs two recordings or more, got {len(clips)}; record each word once at least")
    adapted = adapted_model(model, clips, method=method, strength=strength)
    adapted.calibration = model.calibration
    folds = min(FOLDS, len(clips))
    group = assign_groups(clips.utterances, (), folds)[0]
    if len(set(group.tolist())) < 2:  # a clip a word: hold each out by itself
        group = np.arange(len(clips)) % folds
    after = 0
    for held in sorted(set(group.tolist())):
        fitted = adapted_model(model, clips.part(group != held), method=method, strength=strength)
        after += _correct(fitted, clips.part(group == held))
    return Adapted(adapted, len(clips), _correct(model, clips), after)


def adapted_model(model: RecognizerModel, clips: ClipSet, *, method: str, strength: float) -> RecognizerModel:
    """Return the adapted copy alone, without the estimate and the calibration; arguments and errors as ``adapt``."""
    if method not in METHODS:
        raise ConfigError(f"method must be {', '.join(METHODS)}, got '{method}'{did_you_mean(method, METHODS)}")
    check_values(strength=(strength, Between(0, 1e6, above=True)))
    adapted = copy.deepcopy(model).eval()
    if method == "statistics":
        _fit_statistics(adapted, clips)
    else:
        e, layer = embeddings(adapted, clips), last_layer(adapted)[1]
        fit_last_layer(layer, e, clips.labels, bias_only=method == "bias", strength=strength)
    return adapted


def fit_last_layer(layer: nn.Linear, e: Tensor, labels: Tensor, *, bias_only: bool, strength: float) -> None:
    """Fit a dense layer to embeddings, near what it was; it is changed in place.

    Args:
        layer: to the logits.
        e: embeddings ``[n, D]``.
        labels: classes ``[n]``.
        bias_only: change the biases alone.
        strength: lambda above.
    """
    e = e.double()
    scale = e.square().sum(dim=1).mean()
    change = torch.zeros(layer.out_features, 1 if bias_only else layer.in_features + 1, dtype=torch.float64)
    change.requires_grad_(True)
    old = F.linear(e, layer.weight.double(), layer.bias.double()).detach()
    optimizer = torch.optim.LBFGS([change], max_iter=50, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        weights, biases = change[:, :-1], change[:, -1]  # of no columns where the biases alone change
        moved = torch.add(old, biases)
        if not bias_only:
            moved = torch.add(moved, F.linear(e, weights))
        penalty = torch.add(biases.square().sum(), scale * weights.square().sum())
        optimizer.zero_grad()
        value = torch.add(F.cross_entropy(with_negative_class(moved), labels), penalty, alpha=strength)
        torch.autograd.backward(value)
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        layer.bias.add_(change[:, -1].to(layer.bias))
        if not bias_only:
            layer.weight.add_(change[:, :-1].to(layer.weight))


def _fit_statistics(model: RecognizerModel, clips: ClipSet) -> None:
    """Move the batch normalisations of a network towards clips; it is changed in place."""
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.track_running_stats]
    if not norms:
        raise ConfigError(f"'{model.config.model}' has no batch normalisation; take the method last_layer")
    for norm in norms:
        norm.momentum = len(clips) / (len(clips) + PRIOR_CLIPS)
        norm.train()
    with torch.no_grad():
        model(clips.batch(range(len(clips))).to(next(model.parameters()).device))
    model.eval()


def _correct(model: RecognizerModel, clips: ClipSet) -> int:
    logits = predict_logits(model, clips, device=next(model.parameters()).device, batch_size=64)
    return int((logits.argmax(dim=1) == clips.labels).sum())


def last_layer(model: RecognizerModel) -> tuple[str, nn.Linear]:
    """Return the dense layer that gives the logits, and its name.

    Raises:
        ConfigError: if there is none.
    """
    for name, module in reversed(list(model.named_modules())):
        dense = isinstance(module, nn.Linear) and module.out_features == len(model.config.vocabulary)
        if isinstance(module, nn.Linear) and dense and module.bias is not None:
            return name, module
    raise ConfigError(f"'{model.config.model}' has no dense last layer with biases; take the method statistics")


def embeddings(model: RecognizerModel, clips: ClipSet) -> Tensor:
    """Return what the last layer is given of clips, ``[n, D]`` on the CPU."""
    found: list[Tensor] = []

    def keep(_layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        found.append(given[0].detach().float().cpu())

    handle = last_layer(model)[1].register_forward_pre_hook(keep)
    try:
        predict_logits(model, clips, device=next(model.parameters()).device, batch_size=64)
    finally:
        handle.remove()
    return torch.cat(found)
