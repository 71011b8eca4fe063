"""Starting from a trained network: another head for other words, everything else as it was learnt."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aurora_resnet.checkpoints import Checkpoint, load_checkpoint
from aurora_resnet.config_files import to_mapping
from aurora_resnet.models.load_report import LoadReport, misfits
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.runtime.errors import ConfigError, listed
from aurora_resnet.runtime.vocabulary import Vocabulary


def start_from(
    init: str | Path | Checkpoint,
    vocabulary: Vocabulary,
    *,
    options: Mapping[str, object] | None = None,
    clip_seconds: float | None = None,
    seed: int = 0,
) -> tuple[RecognizerModel, LoadReport]:
    """Return a network for some words that begins with what another one learnt.

    Args:
        init: a shipped name, the path of a checkpoint, or a checkpoint, as ``load_checkpoint(path, trust_code=True)``.
        vocabulary: the words that it is to learn.
        options: of the classifier, laid over those of the checkpoint, such as ``dropout``.
        clip_seconds: length of the clips; the checkpoint's if not given.
        seed: of the new head's weights.

    Raises:
        CheckpointError: if there is no such checkpoint or it is damaged.
        ConfigError: if the options make a network that the weights do not fit.

    >>> model, report = start_from("compact", Vocabulary(("yes", "no")))
    >>> model.config.model, report.new
    ('compact', ('classifier.head.1.weight', 'classifier.head.1.bias'))
    """
    checkpoint = init if isinstance(init, Checkpoint) else load_checkpoint(init)
    learnt = checkpoint.model.config
    options = {**learnt.options, **(options or {})}
    seconds = learnt.clip_seconds if clip_seconds is None else clip_seconds
    config = replace(learnt, vocabulary=vocabulary, options=options, clip_seconds=seconds)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = RecognizerModel(config)
    return model, take_weights(model, checkpoint)


def take_weights(model: RecognizerModel, init: str | Path | Checkpoint) -> LoadReport:
    """Copy what a trained network learnt into another one of the same kind.

    Front end and backbone are taken whole. Of the head, everything is taken for the same words; for other ones the
    rows of the words that both know are taken, all other rows stay new, and without a word in common the head is new.

    Args:
        model: what gets the weights.
        init: what they are taken from, as ``load_checkpoint`` takes it, or a checkpoint.

    Raises:
        CheckpointError: if there is no such checkpoint or it is damaged.
        ConfigError: if the network is of another kind, has another front end or other shapes; it stays as it is then.

    >>> model, report = start_from("compact", Vocabulary(("go", "two", "three")))
    >>> report.adapted  # the rows of two and three
    ('classifier.head.1.weight', 'classifier.head.1.bias')
    >>> print(take_weights(model, model_checkpoint := load_checkpoint("resnet50")))
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: resnet50 does not fit: its model is 'resnet50', this one is 'compact'; ...
    """
    built = (model.config.model, model.config.frontend)  # what the program built, the file may name
    checkpoint = init if isinstance(init, Checkpoint) else load_checkpoint(init, trust_code=built)
    _check_kind(model.config, checkpoint)
    own, learnt, head = model.state_dict(), checkpoint.model.state_dict(), _head(model)
    kept, values = ({n: t for n, t in each.items() if not n.startswith(head)} for each in (own, learnt))
    problems = misfits(kept, values)
    if problems:
        raise ConfigError(
            f"{checkpoint.name} does not fit: {listed(problems, 3, '; ')}; leave the options that set sizes as "
            "they are in the checkpoint"
        )
    rows = _taken_head(model, checkpoint)
    last = tuple(name for name in rows if name.startswith(_last_layer(model)))
    adapted = last if model.config.words != checkpoint.vocabulary.words else ()
    model.load_state_dict(values | rows, strict=False)
    return LoadReport(
        source=checkpoint.name,
        matched=tuple(name for name in own if name in values or (name in rows and name not in adapted)),
        adapted=adapted,
        new=tuple(name for name in own if name not in values and name not in rows),
        dropped=tuple(name for name in learnt if name not in values and name not in rows),
    )


def _check_kind(config: RecognizerConfig, checkpoint: Checkpoint) -> None:
    learnt = checkpoint.model.config
    if learnt.model != config.model:
        raise ConfigError(
            f"{checkpoint.name} does not fit: its model is '{learnt.model}', this one is '{config.model}'; leave the "
            "model away, or start from another checkpoint"
        )
    before, now = ({**to_mapping(c.mel), "frontend": c.frontend} for c in (learnt, config))
    different = [f"{name} is {before[name]}, here {now[name]}" for name in before if before[name] != now[name]]
    if different:
        raise ConfigError(
            f"{checkpoint.name} has another front end ({'; '.join(different)}); leave [mel] away to take its own"
        )


def _head(model: RecognizerModel) -> str:
    """Return how the names of the head's tensors begin."""
    return next(f"{name}." for name, module in model.named_modules() if module is model.classifier.head)


def _last_layer(model: RecognizerModel) -> str:
    """Return the name of the layer whose rows are the words, as its tensors begin."""
    head = [name for name in model.state_dict() if name.startswith(_head(model))]
    return head[-1].rpartition(".")[0] + "."


def _taken_head(model: RecognizerModel, checkpoint: Checkpoint) -> dict[str, Tensor]:
    """Return the head's tensors that are taken; those of the last layer word by word."""
    own, learnt = model.state_dict(), checkpoint.model.state_dict()
    head = [name for name in own if name.startswith(_head(model)) and name in learnt]
    words, known = model.config.words, checkpoint.vocabulary
    shared = [word for word in words if word in known]
    if not shared or not head:
        return {}
    last = _last_layer(model)
    taken: dict[str, Any] = {}
    for name in head:
        if not name.startswith(last):
            if own[name].shape == learnt[name].shape:
                taken[name] = learnt[name]
                continue
            return {}  # a hidden layer of another width: what its rows meant is lost
        if own[name].shape[1:] != learnt[name].shape[1:] or not own[name].dim():
            return {}
        rows = own[name].clone()
        rows[[words.index(word) for word in shared]] = learnt[name][[known.index(word) for word in shared]].to(rows)
        rest, before = rows[len(words) :], learnt[name][len(known.words) :]
        if rest.shape == before.shape:  # of a model of strings: other speech, and the blank
            rest.copy_(before)
        taken[name] = rows
    return taken
