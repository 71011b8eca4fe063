"""The embedding against its formula, and files with new words against the numbers they were made of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.runtime.audio.clips import fit_length, read_clip
from aurora_resnet.runtime.errors import ConfigError, ModelError
from aurora_resnet.runtime.models import load_model
from aurora_resnet.runtime.models.strings import load_string_model
from aurora_resnet.runtime.vocabulary import Vocabulary
from aurora_resnet.teaching.encoder import Encoder
from aurora_resnet.teaching.negatives import load_bank

NEW = ("licht an", "रुको")


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture(scope="module")
def clip() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return fit_length(read_clip(read_samples()[0].path, 8000, 1.0), 8000)


def test_the_embedding_is_the_formula_of_the_module(encoder: Encoder, clip: np.ndarray) -> None:
    graph = onnx.load(str(encoder.path))
    (tap,) = (n.input[0] for n in graph.graph.node if n.input[1:2] == ["word_head.mixture.norms.3.weight"])
    graph.graph.output.append(onnx.helper.make_empty_tensor_value_info(tap))
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    x, features = (part[0] for part in session.run([tap, "features"], {"waveform": clip[None]}))
    decades = 4 * features.max(axis=0).reshape(-1, 4).mean(axis=1)
    w = 1 / (1 + np.exp(-(decades - decades.max() + 2.4) / 0.32))
    expected = np.concatenate((w @ x / w.sum(), (x + 4 * np.log(w + 1e-9)[:, None]).max(axis=0)))
    assert np.abs(encoder.embed(clip[None])[0] - expected).max() < 1e-3


def test_silence_around_a_word_changes_little(encoder: Encoder, clip: np.ndarray) -> None:
    bank = load_bank()
    short, long = (bank.project(encoder.embed(fit_length(clip, n)[None]))[0] for n in (8000, 16000))
    other = bank.project(encoder.embed(fit_length(read_clip(read_samples()[7].path, 8000, 1.0), 8000)[None]))[0]
    assert short @ long > 0.8 > short @ other


@pytest.mark.parametrize("with_known", [False, True])
def test_a_file_answers_with_the_layer_and_keeps_what_it_knew(
    encoder: Encoder, clip: np.ndarray, tmp_path: Path, with_known: bool
) -> None:
    bank, generator = load_bank(), np.random.default_rng(0)
    layer = generator.standard_normal((2, len(bank.matrix))).astype(np.float32), np.array([1, 2], np.float32)
    known = encoder.facts.vocabulary
    both = Vocabulary((*known.words, *NEW), (*known.digits, None, None)) if with_known else Vocabulary(NEW)
    file = tmp_path / "mine.onnx"
    facts = replace(encoder.facts, vocabulary=both, name="mine")
    encoder.write(file, facts, "# mine", (bank.mean, bank.matrix), layer, with_known=with_known)
    model = load_model(file)
    logits = model.logits(np.stack((clip, clip[::-1].copy())))
    vectors = bank.project(encoder.embed(np.stack((clip, clip[::-1].copy()))))
    assert np.abs(logits[:, -2:] - (vectors @ layer[0].T + layer[1])).max() < 1e-2
    assert (model.facts, model.card) == (facts, "# mine")
    if with_known:
        assert (logits[:, :-2] == encoder.model.logits(np.stack((clip, clip[::-1].copy())))).all()  # to the bit
        shares, before = (load_string_model(path).whole(clip) for path in (file, encoder.path))
        assert (shares == before).all()
    else:
        assert file.stat().st_size < encoder.path.stat().st_size


def test_a_model_without_the_encoder_is_refused() -> None:
    with pytest.raises(ConfigError, match="speech_encoder"):
        Encoder("compact")


def test_a_damaged_file_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "half.onnx").write_bytes(b"not a graph at all")
    with pytest.raises(ModelError, match="half"):
        Encoder(tmp_path / "half.onnx")


def test_an_embedding_is_computed_once(encoder: Encoder, clip: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    once = encoder.embed(clip[None])
    monkeypatch.delattr(encoder, "model")
    assert (encoder.embed(np.stack((clip, clip))) == once).all()
