"""What every model promises, as checks that take its name. The zoo's own tests run them too.

With pytest:

    import pytest
    from aurora_resnet.testing.model_contract import MODEL_CHECKS

    @pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
    def test_my_model(check):
        check("my_package.network:MyModel")

A check that fails raises ``AssertionError`` and says what was promised.
"""

import copy
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.interface import SpeechClassifier
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.zoo import create_model, find_model
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.vocabulary import Vocabulary

BANDS, CLASSES = 64, 11


def shapes(model: str, **options: Any) -> None:
    """Features ``[B, M, T]`` become finite float32 logits ``[B, K]``, for any number of bands and words asked for."""
    for num_classes, n_mels in ((CLASSES, BANDS), (2, 40)):
        net = _built(model, num_classes=num_classes, n_mels=n_mels, **options).eval()
        logits = net(_features(n_mels=n_mels))
        assert logits.shape == (3, num_classes), f"expected logits [3, {num_classes}], got {list(logits.shape)}"
        assert logits.dtype == torch.float32, f"expected float32, got {logits.dtype}"
        assert logits.isfinite().all(), "some logits are not finite"
        assert (net.n_mels, net.num_classes) == (n_mels, num_classes)


def other_clip_lengths(model: str, **options: Any) -> None:
    """Any clip of at least ``minimum_frames`` frames works, and its length matters."""
    net = _built(model, **options).eval()
    lengths = (net.minimum_frames, net.minimum_frames + 1, 101)
    logits = [net(_features(batch=1, frames=frames)) for frames in lengths]
    assert all(row.shape == (1, CLASSES) and row.isfinite().all() for row in logits), "another length does not work"
    assert not torch.allclose(logits[0], logits[2], atol=1e-6), "the logits do not depend on the clip"


def gradients(model: str, **options: Any) -> None:
    """A gradient reaches every parameter."""
    net = _built(model, **options).train()
    torch.autograd.backward(nn.functional.cross_entropy(net(_features(batch=4)), torch.tensor([0, 3, 7, 10])))
    dead = [key for key, p in net.named_parameters() if p.grad is None or not p.grad.any() or p.grad.isnan().any()]
    assert not dead, f"no gradient reaches {', '.join(dead)}"


def clip_by_clip(model: str, **options: Any) -> None:
    """What a clip gives in evaluation mode does not depend on the other clips of its batch."""
    net = _built(model, **options).eval()
    batch = _features()
    other = torch.cat([batch[:1], 10 * _features(batch=2, seed=5)])
    for first, second in ((net(other)[0], net(batch)[0]), (net(batch[:1])[0], net(batch)[0])):
        torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(net(batch.flip(0)).flip(0), net(batch), rtol=1e-4, atol=1e-5)


def evaluation_changes_nothing(model: str, **options: Any) -> None:
    """Answering repeats itself, and changes neither the weights nor the features."""
    net = _built(model, **options).eval()
    before, batch = copy.deepcopy(net.state_dict()), _features()
    original = batch.clone()
    torch.testing.assert_close(net(batch), net(batch), rtol=0, atol=1e-6)
    assert torch.equal(batch, original), "the features were changed in place"
    changed = [key for key, value in net.state_dict().items() if not torch.equal(value, before[key])]
    assert not changed, f"answering changed {', '.join(changed)}"


def the_seed_decides(model: str, **options: Any) -> None:
    """The same seed gives the same weights."""
    one, same = (_new(model, num_classes=CLASSES, n_mels=BANDS, **options) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))


def head_and_backbone(model: str, **options: Any) -> None:
    """Head and backbone share out the parameters; the head ends with a row for each word."""
    net = _built(model, **options)
    head, backbone = net.parameters_of_head(), net.parameters_of_backbone()
    assert {id(p) for p in head} | {id(p) for p in backbone} == {id(p) for p in net.parameters()}
    assert len(head) + len(backbone) == len(list(net.parameters())), "a parameter is in head and backbone"
    assert backbone, "everything is in the head; nothing is left to take from a trained model"
    assert head[-1].shape[0] == CLASSES, "the head's last layer has no row for each word"


def freezing(model: str, **options: Any) -> None:
    """The plan ``all_but_head`` changes the head alone, batch statistics included; ``none`` thaws everything."""
    net = _built(model, **options)
    assert net.freeze("all_but_head") is net
    head = {id(p) for p in net.parameters_of_head()}
    own = {key for key, p in net.named_parameters() if id(p) in head}
    before = copy.deepcopy(net.state_dict())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=0.1)
    net.train()(_features()).square().sum().backward()
    optimizer.step()
    changed = {key for key, value in net.state_dict().items() if not torch.equal(value, before[key])}
    assert changed == own, f"expected changes of {sorted(own)}, got {sorted(changed)}"
    net.freeze("none")
    assert all(p.requires_grad for p in net.parameters())
    assert all(module.training for module in net.modules())
    assert not any(m.training for m in net.eval().freeze("all_but_head").modules()), "freezing changes the mode"


def wrong_input(model: str, **options: Any) -> None:
    """Features of another shape and unknown freeze plans are a ``ConfigError``, not an answer."""
    net = _built(model, **options)
    wrong = (_features(2, BANDS - 1), _features(1)[0], _features(frames=net.minimum_frames - 1))
    for attempt in (*(partial(net, features) for features in wrong), partial(net.freeze, "all_but_heads")):
        try:
            attempt()
        except ConfigError:
            continue
        raise AssertionError(f"{[*(list(given.shape) for given in wrong), 'all_but_heads']}: one is not refused")


def saved_and_loaded(model: str, **options: Any) -> None:
    """A checkpoint gives the same model again, with its words."""
    words = Vocabulary(("schön", "licht an", "नमस्ते"))
    config = RecognizerConfig(model, MelConfig(sample_rate=8000), options=options, vocabulary=words)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        saved = RecognizerModel(config).eval()
    clips = 0.1 * torch.randn(2, 8000, generator=torch.Generator().manual_seed(0))
    with tempfile.TemporaryDirectory() as folder:
        save_checkpoint(saved, Path(folder) / "model.safetensors")
        loaded = load_checkpoint(Path(folder) / "model.safetensors", trust_code=True)
    assert loaded.vocabulary == words
    torch.testing.assert_close(loaded.model(clips), saved(clips), rtol=0, atol=1e-6)


#: All checks; each takes the model's name and its options.
MODEL_CHECKS: tuple[Callable[..., None], ...] = (
    shapes,
    other_clip_lengths,
    gradients,
    clip_by_clip,
    evaluation_changes_nothing,
    the_seed_decides,
    head_and_backbone,
    freezing,
    wrong_input,
    saved_and_loaded,
)


def check_model(model: str, **options: Any) -> None:
    """Run all checks on a model.

    Args:
        model: a registered name, an entry point's, or ``package.module:Class``.
        options: of the model.

    Raises:
        AssertionError: for a promise that is not kept.
        ConfigError: if there is no such model.

    >>> check_model("cnn", hidden=8)
    """
    for check in MODEL_CHECKS:
        check(model, **options)


def _built(model: str, **options: Any) -> SpeechClassifier:
    """Return a model of its own; one of the usual sizes is built once and copied, since a ResNet takes a second."""
    sizes = {"num_classes": CLASSES, "n_mels": BANDS, **options}
    key = (model, find_model(model).build, repr(sorted(sizes.items())))  # a name may be given anew in a test
    if key not in _MADE:
        _MADE[key] = _new(model, **sizes)
    return copy.deepcopy(_MADE[key])


_MADE: dict[tuple[str, object, str], SpeechClassifier] = {}


def _new(model: str, **options: Any) -> SpeechClassifier:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return create_model(model, **options)


def _features(batch: int = 3, n_mels: int = BANDS, frames: int = 40, seed: int = 0) -> Tensor:
    return torch.randn(batch, n_mels, frames, generator=torch.Generator().manual_seed(seed))
