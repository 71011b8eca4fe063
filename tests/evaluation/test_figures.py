"""Figures show the numbers they were given, name their units, and no text lies over another."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aurora_resnet.evaluation.aurora_figures import plot_accuracy_by_snr, plot_noise_heatmap
from aurora_resnet.evaluation.aurora_tables import SNRS, AuroraTable
from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.figures import (
    new_figure,
    plot_confusion,
    plot_features,
    plot_learning_curves,
    save_figure,
)
from aurora_resnet.evaluation.metrics import Interval
from aurora_resnet.features.mel import MelConfig, MelFrontend
from aurora_resnet.runtime.errors import ConfigError, MissingDependencyError
from aurora_resnet.runtime.vocabulary import DIGITS

pytest.importorskip("matplotlib")

NOISES = {
    "a": ("subway", "babble", "car", "exhibition"),
    "b": ("restaurant", "street", "airport", "station"),
    "c": ("subway", "street"),
}


def table(name: str = "cnn", worse: float = 0.0) -> AuroraTable:
    cells = {
        (group, noise, snr): 0.98 - worse - 0.01 * j - 0.02 * i**1.5
        for group, noises in NOISES.items()
        for j, noise in enumerate(noises)
        for i, snr in enumerate(SNRS)
    }
    return AuroraTable(name, NOISES, cells)


def confusion() -> ConditionReport:
    counts = np.diag(np.arange(5, 16)) + np.eye(11, k=2, dtype=int) * 3
    return ConditionReport("car", DIGITS.words, tuple(map(tuple, counts.tolist())), Interval(0.7, 0.9, "wilson"), 0.1)


def history(epochs: int, scale: float = 1.0) -> list[dict[str, float | int | str | None]]:
    return [
        {
            "epoch": epoch,
            "train_loss": scale / epoch,
            "train_accuracy": 1 - scale / (epoch + 1),
            "validation_loss": None if epoch == 2 else 1.2 * scale / epoch,
            "validation_accuracy": None if epoch == 2 else 1 - 1.1 * scale / (epoch + 1),
            "learning_rate": 0.001 * epoch,
        }
        for epoch in range(1, epochs + 1)
    ]


def features(normalization: str = "none") -> Any:
    config = MelConfig(sample_rate=8000, normalization=normalization)  # type: ignore[arg-type]
    waveform = torch.sin(2 * torch.pi * 1000 * torch.arange(4000) / 8000)
    return plot_features(MelFrontend(config)(waveform), config, waveform=waveform, title="a tone of 1 kHz")


FIGURES: dict[str, Callable[[], Any]] = {
    "confusion": lambda: plot_confusion(confusion()),
    "one run": lambda: plot_learning_curves(history(30)),
    "one epoch": lambda: plot_learning_curves(history(1)),
    "five runs": lambda: plot_learning_curves({f"a rather long name {i}": history(9, 0.5 + i / 9) for i in range(5)}),
    "snr": lambda: plot_accuracy_by_snr(table()),
    "snr of two models": lambda: plot_accuracy_by_snr({"clean": table(), "multi-condition": table(worse=0.2)}),
    "snr of means": lambda: plot_accuracy_by_snr({f"model {i}": table(worse=i / 9) for i in range(4)}, per="model"),
    "heat map": lambda: plot_noise_heatmap(table()),
    "features": features,
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_covers_another_or_leaves_the_page(name: str) -> None:
    from matplotlib.text import Text

    figure = FIGURES[name]()
    agg: Any = importlib.import_module("matplotlib.backends.backend_agg")  # has no types
    canvas = agg.FigureCanvasAgg(figure)
    canvas.draw()
    boxes = {}
    # Slanted labels of the words have upright boxes that touch; they are compared by looking.
    for text in figure.findobj(Text):
        if text.get_text() and text.get_visible() and text.get_rotation() in (0, 90):
            boxes[text] = text.get_window_extent(canvas.get_renderer())
    ticks_out_of_view = {
        label
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks()
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
        for label in (tick.label1, tick.label2)
    }
    shown = {text: box for text, box in boxes.items() if text not in ticks_out_of_view}
    assert len(shown) > 5
    width, height = canvas.get_width_height()
    for text, box in shown.items():
        assert box.x0 >= -1, text.get_text()
        assert box.y0 >= -1, text.get_text()
        assert box.x1 <= width + 1, text.get_text()
        assert box.y1 <= height + 1, text.get_text()
    for (one, box), (other, second) in combinations(shown.items(), 2):
        overlap = box.x1 - 1 > second.x0 and second.x1 - 1 > box.x0
        overlap = overlap and box.y1 - 1 > second.y0 and second.y1 - 1 > box.y0
        assert not overlap, f"{one.get_text()} and {other.get_text()}"


def test_confusion_shows_counts_and_shares() -> None:
    report = confusion()
    axes = plot_confusion(report).axes[0]
    drawn = {(t.get_position()[1], t.get_position()[0]): int(t.get_text()) for t in axes.texts}
    counts = np.array(report.confusion)
    assert drawn == {(i, j): counts[i, j] for i, j in zip(*np.nonzero(counts), strict=True)}
    shares = axes.images[0].get_array()
    assert shares is not None
    np.testing.assert_allclose(np.ma.filled(shares, 0).sum(axis=1), 1)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("recognised word", "spoken word")
    assert [label.get_text() for label in axes.get_yticklabels()] == list(DIGITS.words)


def test_learning_curves_show_the_records() -> None:
    loss, accuracy, rate = plot_learning_curves(history(4)).axes
    assert np.allclose(loss.lines[0].get_xydata(), [[e, 1 / e] for e in (1, 2, 3, 4)])
    # Epoch 2 was not validated and is left out.
    assert np.allclose(loss.lines[1].get_xydata(), [[e, 1.2 / e] for e in (1, 3, 4)])
    assert np.allclose(accuracy.lines[1].get_xydata(), [[e, 100 - 110 / (e + 1)] for e in (1, 3, 4)])
    assert np.allclose(accuracy.lines[2].get_xydata(), [[4, 78]])  # the best epoch
    assert np.allclose(rate.lines[0].get_xydata(), [[e, 0.001 * e] for e in (1, 2, 3, 4)])
    assert [axes.get_xlabel() for axes in (loss, accuracy, rate)] == ["epoch"] * 3
    assert accuracy.get_ylabel() == "accuracy (%)"


def test_runs_have_their_own_colours_and_names() -> None:
    figure = plot_learning_curves({"cnn": history(3), "lstm": history(3, 0.5)})
    assert len({line.get_color() for line in figure.axes[0].lines}) == 2
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["cnn", "lstm", "training", "validation"]


def test_empty_history_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least one epoch"):
        plot_learning_curves([])
    with pytest.raises(ConfigError, match="at least one epoch"):
        plot_learning_curves({"cnn": []})


def test_features_have_their_place_in_time_and_frequency() -> None:
    above, axes, bar = features().axes
    # HTK mel scale, 64 filters from 60 to 4000 Hz: filter m peaks at m + 1 of 65 equal steps in mel.
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (60, 4000))
    centres = 700 * (10 ** ((low + (high - low) * np.arange(1, 65) / 65) / 2595) - 1)
    shown = [float(label.get_text()) for label in axes.get_yticklabels()]
    assert shown == [round(centres[int(row)]) for row in axes.get_yticks()]
    # The tone of 1 kHz is brightest in the row whose centre is nearest.
    picture = axes.images[0]
    row = int(np.asarray(picture.get_array())[:, 20:30].mean(axis=1).argmax())
    assert row == np.abs(centres - 1000).argmin()
    left, right, _, _ = picture.get_extent()
    assert (left, right) == pytest.approx((-0.005, 0.505))  # 51 frames of 10 ms, the first centred on 0 s
    assert above.lines[0].get_xdata()[-1] == pytest.approx(3999 / 8000)
    assert (axes.get_xlabel(), bar.get_ylabel()) == ("time (s)", "log mel energy (nats)")
    assert features("utterance").axes[2].get_ylabel() == "normalised log mel energy"


def test_features_of_another_shape_are_refused() -> None:
    config = MelConfig(sample_rate=8000)
    with pytest.raises(ConfigError, match=r"features \[64, T\] of one clip were expected, not \[2, 64, 9\]"):
        plot_features(torch.zeros(2, 64, 9), config)
    with pytest.raises(ConfigError, match=r"waveform \[N\] of one clip"):
        plot_features(torch.zeros(64, 9), config, waveform=torch.zeros(1, 800))


def test_snr_lines_are_the_cells() -> None:
    panels = plot_accuracy_by_snr(table()).axes
    assert [axes.get_title() for axes in panels] == ["set A", "set B", "set C"]
    for name, axes in zip("abc", panels, strict=True):
        assert [line.get_label() for line in axes.lines] == list(NOISES[name])
        assert [label.get_text() for label in axes.get_xticklabels()] == ["-5", "0", "5", "10", "15", "20", "clean"]
        for line, noise in zip(axes.lines, NOISES[name], strict=True):
            expected = [100 * table().cells[name, noise, snr] for snr in reversed(SNRS)]
            assert np.allclose(np.asarray(line.get_ydata()), expected)


def test_snr_lines_of_models() -> None:
    tables = {"clean": table(), "multi": table(worse=0.1)}
    panel = plot_accuracy_by_snr(tables, per="model").axes[0]
    for line, each in zip(panel.lines, tables.values(), strict=True):
        expected = [100 * (each.set_mean("a", snr) or 0) for snr in reversed(SNRS)]
        assert np.allclose(np.asarray(line.get_ydata()), expected)
    panel = plot_accuracy_by_snr(tables).axes[0]
    assert [line.get_color() for line in panel.lines[:4]] == [line.get_color() for line in panel.lines[4:]]
    assert {line.get_linestyle() for line in panel.lines[:4]} != {line.get_linestyle() for line in panel.lines[4:]}


def test_heat_map_shows_the_cells_and_the_gaps() -> None:
    cells = {("a", "car", snr): 0.5 for snr in SNRS if snr != "0"}
    axes = plot_noise_heatmap(AuroraTable("cnn", {"a": ("car",)}, cells)).axes[0]
    assert [text.get_text() for text in axes.texts] == ["50.0"] * 5 + ["-", "50.0"]
    whole = np.asarray(plot_noise_heatmap(table()).axes[0].images[0].get_array())
    assert whole.shape == (10, 7)
    assert whole[5, 2] == pytest.approx(100 * table().cells["b", "street", SNRS[2]])


def test_tables_without_conditions_are_refused() -> None:
    empty = AuroraTable("cnn", {}, {})
    with pytest.raises(ConfigError, match="at least one Aurora table"):
        plot_accuracy_by_snr(empty)
    with pytest.raises(ConfigError, match="at least one noise"):
        plot_noise_heatmap(empty)


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_saved_figures_repeat(tmp_path: Path, suffix: str, start: bytes) -> None:
    for name in ("one", "two"):
        save_figure(plot_confusion(confusion()), tmp_path / "figures" / (name + suffix))
    one, two = ((tmp_path / "figures" / (name + suffix)).read_bytes() for name in ("one", "two"))
    assert one.startswith(start)
    assert one == two
    assert len(list((tmp_path / "figures").iterdir())) == 2


def test_other_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"saved as \.png, \.svg, \.pdf, not '\.bmp'"):
        save_figure(new_figure(2, 1), tmp_path / "figure.bmp")


def test_missing_matplotlib_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'aurora-resnet\[figures\]'"):
        plot_confusion(confusion())


@pytest.mark.slow
def test_matplotlib_is_imported_only_when_needed() -> None:
    code = "import sys, aurora_resnet.evaluation.aurora_figures; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
