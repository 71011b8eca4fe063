"""The graphs of search and decisions give what the runtime gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnxscript", reason="the graphs need the extra 'export'")
import onnxruntime

from aurora_resnet import load_corpus
from aurora_resnet.audio.mixing import mix_at_snr
from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.export.graphs import write_graphs
from aurora_resnet.runtime.audio.clips import is_clipped, make_clip
from aurora_resnet.runtime.audio.reading import SamplesInMemory, read_audio
from aurora_resnet.runtime.audio.tones import cut_tones
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.strings.completeness import completeness
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.search import PrefixSearch
from aurora_resnet.runtime.vocabulary import Vocabulary

RATE = 8000


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("graphs")
    write_graphs(folder)
    return {path.stem: onnxruntime.InferenceSession(path) for path in folder.iterdir()}


def run(graph: Any, **inputs: Any) -> dict[str, Any]:
    types = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(bool)": np.bool_}
    given: dict[str, Any] = {each.name: np.asarray(inputs[each.name], types[each.type]) for each in graph.get_inputs()}
    return dict(zip([each.name for each in graph.get_outputs()], graph.run(None, given), strict=True))


def recordings(generator: np.random.Generator) -> list[Samples]:
    """Words in babble, with clicks and gusts before and after, overdriven; short ones; silence."""
    babble, _ = read_audio(sample_noises()["babble"])
    found: list[Samples] = [np.zeros(20_000, np.float32), np.full(1, 0.5, np.float32), np.zeros(300, np.float32)]
    for number, clip in enumerate(read_samples().filter(split="test").utterances[:24]):
        samples, _ = read_audio(clip.path)
        room = generator.integers(500, 12_000, 2)
        long = np.pad(samples, (int(room[0]), int(room[1])))
        noisy = mix_at_snr(long, babble, float(25 - number), sample_rate=RATE, generator=generator)[0]
        bang = noisy.copy()
        bang[300:340] = 0.9
        bang[-400:-100] += (0.8 * generator.standard_normal(300)).astype(np.float32)
        found += [samples[: 400 * (number + 1)], noisy, bang, np.clip(20 * noisy, -0.5, 0.5)]
    return found


def test_the_word_is_found_where_the_runtime_finds_it(graphs: dict[str, Any]) -> None:
    long = bangs = ties = 0
    for samples in recordings(np.random.default_rng(0)):
        ours = make_clip(SamplesInMemory(samples, RATE), RATE, RATE)
        theirs = run(graphs["word_search"], recording=samples, clean=cut_tones(samples, RATE))
        start = theirs["start"] / RATE - max(0, RATE - len(samples)) // 2 / RATE
        if start != pytest.approx(ours.start_seconds, abs=1e-9):  # equal but for rounding
            assert start == pytest.approx(ours.start_seconds, abs=0.03)
            ties += 1
            continue
        np.testing.assert_allclose(theirs["waveform"][0], ours.samples, atol=1e-5)
        assert theirs["clipped"] == ours.clipped == is_clipped(samples[int(theirs["start"]) :][:RATE])
        long += len(samples) > RATE
        bangs += 0 < theirs["start"] == theirs["start"] // 80 * 80
    assert long > 60
    assert bangs > 10  # found behind a bang, on the grid of 10 ms
    assert ties <= 1


def test_the_decision_on_a_word_is_that_of_the_runtime(graphs: dict[str, Any]) -> None:
    generator = np.random.default_rng(1)
    verdicts = set()
    for number in range(60):
        logits = generator.normal(-2, 4, (1, 11)).astype(np.float32)
        clip = (generator.choice([0, 2.0**-15, 0.1]) * generator.choice([-1, 1], (1, RATE))).astype(np.float32)
        decision = Calibration(float(generator.uniform(0.5, 3)), float(generator.normal(0, 3)) if number % 5 else None)
        clipped = bool(number % 2)
        theirs = run(
            graphs["word_decision"],
            logits=logits,
            waveform=clip,
            clipped=clipped,
            temperature=decision.temperature,
            threshold=np.inf if decision.threshold is None else decision.threshold,
        )
        shares, accepted = decision.decide(logits, clip, clipped=clipped)
        np.testing.assert_allclose(theirs["probabilities"], shares[0], rtol=1e-5, atol=1e-7)
        assert theirs["word"] == shares.argmax()
        assert theirs["confidence"] == pytest.approx(shares.max(), rel=1e-5)
        assert bool(theirs["accepted"]) == (accepted[0] is True)
        assert theirs["none_probability"] == pytest.approx(1 / (1 + np.exp(logits.astype(float)).sum()), rel=1e-5)
        verdicts.add(bool(theirs["accepted"]))
    assert verdicts == {True, False}


def test_the_decision_on_a_string_is_that_of_the_search(graphs: dict[str, Any]) -> None:
    """Sums over all paths on both sides, the search's over those of the strings that it keeps."""
    generator = np.random.default_rng(2)
    vocabulary, sure = Vocabulary(("one", "two", "three")), 0
    words = len(vocabulary)
    for _ in range(60):
        units = generator.choice(words + 2, 30, p=[0.08, 0.08, 0.04, 0.1, 0.7])
        probabilities = generator.dirichlet(np.full(words + 2, 0.01), 30) * 0.02 + 0.98 * np.eye(words + 2)[units]
        frames = Calibration(1.0, 0.4, other_weight=0.5).strings.weighted(probabilities, words)
        search = PrefixSearch(words)
        search.push(frames)
        best = search.best()[0]
        complete = completeness(frames, words, best.words, best.spans)
        theirs = run(
            graphs["string_decision"],
            probabilities=np.pad(probabilities, ((0, 0), (0, 1))),
            words=words,
            other_weight=0.5,
            temperature=1.0,
            threshold=0.4,
        )
        if best.probability <= 0.5:
            continue
        assert tuple(theirs["string"]) == best.words
        if best.words:
            sure += 1
            assert theirs["confidence"] ** np.sqrt(len(best.words)) == pytest.approx(
                best.probability * complete, abs=0.01
            )
            assert bool(theirs["accepted"]) == (theirs["confidence"] >= 0.4)
            assert all(a < b for a, b in zip(theirs["first"], theirs["last"], strict=True))
        else:
            assert (float(theirs["confidence"]), bool(theirs["accepted"])) == (0.0, False)
    assert sure > 20


@pytest.mark.slow
def test_verdicts_on_strings_of_people_are_those_of_the_search(graphs: dict[str, Any], shared: Path) -> None:
    recognizer = StringRecognizer.from_pretrained("string_net")
    decision, accepted = recognizer.facts.calibration.strings, 0
    for said in load_corpus(f"an4-strings:{shared / 'an4'}"):
        waveform = recognizer.waveform(said.path)
        ours = recognizer.recognize_waveforms([waveform])[0]
        theirs = run(
            graphs["string_decision"],
            probabilities=recognizer.model.whole(waveform),
            words=len(recognizer.vocabulary),
            other_weight=decision.other_weight,
            temperature=decision.temperature,
            threshold=decision.threshold,
        )
        assert bool(theirs["accepted"]) == ours.accepted
        if ours.accepted:
            accepted += 1
            assert [recognizer.vocabulary.words[word] for word in theirs["string"]] == [w.word for w in ours.words]
            assert theirs["confidence"] == pytest.approx(ours.confidence, abs=0.01)
    assert accepted > 150
