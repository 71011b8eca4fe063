r"""``adapt``: a model that knows one speaker better, from a few recordings.

The last layer's weights :math:`W` and biases :math:`b` are fitted to the recordings' embeddings :math:`e_i`, near the
old ones: with the class "none of the words" (logit 0) and :math:`s` the mean of :math:`|e_i|^2`

.. math:: \frac1n \sum_i \mathrm{CE}(W e_i + b, y_i) + \lambda \, (s \, |W - W_0|^2 + |b - b_0|^2)
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.bounds import Between, check_values
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.word_model import predict_logits
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.teaching.folds import assign_groups
from aurora_resnet.training.word_objective import with_negative_class

#: Lambda above, chosen on synthetic voices (``docs/records/adapt.json``).
STRENGTH = 0.01
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


def adapt(model: RecognizerModel, clips: ClipSet, *, strength: float = STRENGTH) -> Adapted:
    """Return a copy of a model that is adapted to one speaker. It keeps the model's calibration.

    Args:
        model: any trained network; it stays as it is.
        clips: of one speaker, one or more of a word; a word without clips keeps its weights.
        strength: how near to the old values it stays, above 0.

    Raises:
        ConfigError: for a network without a dense last layer.
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
    check_values(strength=(strength, Between(0, 1e6, above=True)))
    embedded, logits = _embeddings(model, clips)
    adapted = _fitted(model, embedded, clips.labels, strength)
    adapted.calibration = model.calibration
    folds = min(FOLDS, len(clips))
    group = assign_groups(clips.utterances, (), folds)[0]
    if len(set(group.tolist())) < 2:  # a clip a word: hold each out by itself
        group = np.arange(len(clips)) % folds
    after = 0
    for number in sorted(set(group.tolist())):
        held = torch.from_numpy(group == number)
        layer = _last_layer(_fitted(model, embedded[~held], clips.labels[~held], strength))
        after += _correct(F.linear(embedded[held], layer.weight.cpu(), layer.bias.cpu()), clips.labels[held])
    return Adapted(adapted, len(clips), _correct(logits, clips.labels), after)


def _fitted(model: RecognizerModel, e: Tensor, labels: Tensor, strength: float) -> RecognizerModel:
    """Return a copy whose last layer is fitted to embeddings ``[n, D]`` of classes ``[n]``, near what it was."""
    adapted = copy.deepcopy(model).eval()
    layer, e = _last_layer(adapted), e.double()
    scale = e.square().sum(dim=1).mean()
    change = torch.zeros(layer.out_features, layer.in_features + 1, dtype=torch.float64, requires_grad=True)
    old = F.linear(e, layer.weight.double().cpu(), layer.bias.double().cpu()).detach()
    optimizer = torch.optim.LBFGS([change], max_iter=50, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        weights, biases = change[:, :-1], change[:, -1]
        moved = torch.add(torch.add(old, biases), F.linear(e, weights))
        penalty = torch.add(biases.square().sum(), scale * weights.square().sum())
        optimizer.zero_grad()
        value = torch.add(F.cross_entropy(with_negative_class(moved), labels), penalty, alpha=strength)
        torch.autograd.backward(value)
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        layer.bias.add_(change[:, -1].to(layer.bias))
        layer.weight.add_(change[:, :-1].to(layer.weight))
    return adapted


def _correct(logits: Tensor, labels: Tensor) -> int:
    return int((logits.argmax(dim=1) == labels).sum())


def _last_layer(model: RecognizerModel) -> nn.Linear:
    """Return the dense layer that gives the logits."""
    for module in reversed(list(model.modules())):
        if isinstance(module, nn.Linear) and module.out_features == len(model.config.words) and module.bias is not None:
            return module
    raise ConfigError(f"'{model.config.model}' has no dense last layer with biases, so it cannot be adapted")


def _embeddings(model: RecognizerModel, clips: ClipSet) -> tuple[Tensor, Tensor]:
    """Return what the last layer is given of clips, ``[n, D]`` on the CPU, and the logits."""
    found: list[Tensor] = []
    with _last_layer(model).register_forward_pre_hook(lambda _, given: found.append(given[0].float().cpu())):
        logits = predict_logits(model, clips, device=next(model.parameters()).device, batch_size=64)
    return torch.cat(found).clone(), logits
