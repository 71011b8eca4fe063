r"""``adapt``: a model that knows one person better, from a few of his recordings.

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
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.bounds import Between, check_values
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.word_model import predict_logits
from aurora_resnet.runtime.errors import ConfigError, CorpusError, did_you_mean
from aurora_resnet.teaching.folds import assign_groups
from aurora_resnet.training.losses import with_negative_class

Method = Literal["last_layer", "bias", "statistics"]
METHODS: tuple[Method, ...] = get_args(Method)
DEFAULT_METHOD: Method = "last_layer"
STRENGTH = 0.01
"""Lambda above, chosen on synthetic voices (``benchmarks/adapt.py``)."""
PRIOR_CLIPS = 50
"""``statistics``: so many clips are worth as much as those of the training."""
FOLDS = 5


@dataclass(frozen=True)
class Adapted:
    """A network that knows one person better.

    Attributes:
        model: the adapted network, in evaluation mode.
        clips: it learnt from.
        correct_before: of them, recognised by the network that was given.
        correct_after: of them, recognised by networks that were adapted to the others: what to expect.
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
    """Return a copy of a model that is adapted to one person. It keeps the model's calibration.

    Args:
        model: any trained network; it stays as it is.
        clips: of one person, one or more of a word; a word without clips keeps what is known of it.
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
    fit = _fitter(model, clips, method, strength)
    before = _correct(model, clips, np.ones(len(clips), dtype=bool))
    group = assign_groups(clips.utterances, (), min(FOLDS, len(clips)))[0] if len(clips) > 1 else np.zeros(1)
    if len(set(group.tolist())) < 2:  # a clip a word: hold each out by itself
        group = np.arange(len(clips)) % min(FOLDS, len(clips))
    after = 0
    for held in sorted(set(group.tolist())):
        after += _correct(fit(model, clips, group != held), clips, group == held)
    adapted = fit(model, clips, np.ones(len(clips), dtype=bool))
    adapted.calibration = model.calibration
    return Adapted(adapted, len(clips), before, after)


def adapted_model(model: RecognizerModel, clips: ClipSet, *, method: str, strength: float) -> RecognizerModel:
    """Return the adapted copy alone, without the estimate; arguments and errors as ``adapt``."""
    return _fitter(model, clips, method, strength)(model, clips, np.ones(len(clips), dtype=bool))


def _fitter(model: RecognizerModel, clips: ClipSet, method: str, strength: float) -> Callable[..., RecognizerModel]:
    if method not in METHODS:
        raise ConfigError(f"method must be {', '.join(METHODS)}, got '{method}'{did_you_mean(method, METHODS)}")
    check_values(strength=(strength, Between(0, 1e6, above=True)))
    if len(clips) < 2:
        raise CorpusError(f"adapting needs two recordings or more, got {len(clips)}; record each word once at least")
    return _fit_statistics if method == "statistics" else _LastLayer(model, clips, method, strength).fitted


class _LastLayer:
    """Fits the last layer to embeddings, which are computed once."""

    def __init__(self, model: RecognizerModel, clips: ClipSet, method: str, strength: float) -> None:
        self.bias_only, self.strength, self.labels = method == "bias", strength, clips.labels
        self.embeddings = embeddings(model, clips)

    def fitted(self, model: RecognizerModel, clips: ClipSet, chosen: npt.NDArray[np.bool_]) -> RecognizerModel:
        """Return a copy whose last layer is fitted to the chosen clips."""
        del clips
        adapted = copy.deepcopy(model).eval()
        _, layer = last_layer(adapted)
        rows = torch.from_numpy(np.flatnonzero(chosen))
        fit_last_layer(
            layer, self.embeddings[rows], self.labels[rows], bias_only=self.bias_only, strength=self.strength
        )
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


def _fit_statistics(model: RecognizerModel, clips: ClipSet, chosen: npt.NDArray[np.bool_]) -> RecognizerModel:
    """Return a copy whose batch normalisations know the chosen clips."""
    adapted = copy.deepcopy(model).eval()
    norms = [m for m in adapted.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.track_running_stats]
    if not norms:
        raise ConfigError(f"'{model.config.model}' has no batch normalisation; take the method last_layer")
    heard = clips.part(chosen)
    share = len(heard) / (len(heard) + PRIOR_CLIPS)
    for norm in norms:
        norm.momentum = share
        norm.train()
    with torch.no_grad():
        adapted(heard.batch(range(len(heard))).to(next(adapted.parameters()).device))
    return adapted.eval()


def _correct(model: RecognizerModel, clips: ClipSet, chosen: npt.NDArray[np.bool_]) -> int:
    heard = clips.part(chosen)
    logits = predict_logits(model, heard, device=next(model.parameters()).device, batch_size=64)
    return int((logits.argmax(dim=1) == heard.labels).sum())


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
