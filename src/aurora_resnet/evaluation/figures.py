"""Pictures of what a model computes, learns and confuses.

Every function returns a matplotlib ``Figure`` made without pyplot, so nothing global changes and any thread
may draw. Colours can be told apart by colour-blind readers: viridis and yellow to blue for amounts,
the palette of M. Okabe and K. Ito ("Color universal design", 2008) for lines.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aurora_resnet.evaluation.bootstrap import FloatArray
from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.fonts import use_fonts_with_all_letters
from aurora_resnet.evaluation.tables import percent_with_interval
from aurora_resnet.features.filterbank import filter_edges
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.errors import ConfigError, MissingDependencyError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from torch import Tensor

#: Okabe-Ito without its yellow, which is too light for a line on white.
LINE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
#: Colour and style of the lines of a figure.
LINE_LOOKS = tuple((colour, style) for style in ("o-", "s--") for colour in LINE_COLOURS)

FIGURE_FORMATS = (".png", ".svg", ".pdf")

#: One line of a training history.
EpochRecord = Mapping[str, float | int | str | None]


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches whose texts make room for each other.

    Raises:
        MissingDependencyError: if matplotlib is not installed.

    >>> new_figure(4, 3).get_size_inches().tolist()
    [4.0, 3.0]
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependencyError(
            f"figures need matplotlib ({error}); install it with: pip install 'aurora-resnet[figures]'"
        ) from None
    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG, SVG or PDF, by the suffix of the path; the same figure gives the same bytes.

    Raises:
        ConfigError: for another suffix.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "empty.svg"
    >>> save_figure(new_figure(2, 1), path)
    >>> "<svg" in path.read_text()
    True
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in FIGURE_FORMATS:
        raise ConfigError(f"{path}: a figure is saved as {', '.join(FIGURE_FORMATS)}, not '{path.suffix}'")
    import matplotlib

    use_fonts_with_all_letters(figure)
    date = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}[suffix]
    with (
        atomic_path(path) as temporary,
        matplotlib.rc_context({"svg.hashsalt": "aurora-resnet"}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from")  # told above, once and with what to do
        figure.savefig(temporary, dpi=200, metadata=date)


def plot_confusion(report: ConditionReport) -> Figure:
    """Draw the confusion matrix of a condition: counts in the cells, colour by share of the spoken word.

    Empty cells stay white and the colour follows the square root of the share, so that single errors are seen.

    >>> from aurora_resnet.evaluation.metrics import Interval
    >>> report = ConditionReport("car", ("zero", "one"), ((3, 1), (0, 4)), Interval(0.5, 0.98, "wilson"), 0.1)
    >>> [text.get_text() for text in plot_confusion(report).axes[0].texts]
    ['3', '1', '4']
    """
    counts = np.array(report.confusion)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 2.2 + 0.42 * len(report.words)
    figure = new_figure(side + 0.7, side)
    from matplotlib.colors import PowerNorm

    axes = figure.subplots()
    image = axes.imshow(np.ma.masked_equal(share, 0), cmap="YlGnBu", norm=PowerNorm(0.5, vmin=0, vmax=1))
    for row, column in zip(*np.nonzero(counts), strict=True):
        colour = "white" if share[row, column] > 0.3 else "black"
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=9, color=colour)
    ticks = range(len(report.words))
    axes.set_xticks(ticks, report.words, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(ticks, report.words)
    axes.set_xticks(np.arange(0.5, len(report.words) - 1), minor=True)
    axes.set_yticks(np.arange(0.5, len(report.words) - 1), minor=True)
    axes.grid(which="minor", color="0.85", linewidth=0.6)
    axes.tick_params(which="both", length=0)
    axes.set(xlabel="recognised word", ylabel="spoken word")
    accuracy = percent_with_interval(report.accuracy, report.interval)
    axes.set_title(f"{report.name}\n{accuracy} %, {report.clips} clips", fontsize=11)
    bar = figure.colorbar(image, ax=axes, label="share of the spoken word (%)", shrink=0.8)
    bar.set_ticks([0, 0.01, 0.05, 0.2, 0.5, 1], labels=["0", "1", "5", "20", "50", "100"])
    return figure


def plot_learning_curves(history: Sequence[EpochRecord] | Mapping[str, Sequence[EpochRecord]]) -> Figure:
    """Draw loss, accuracy and learning rate by epoch, for one run or for several runs by name.

    Args:
        history: records with the keys ``epoch``, ``train_loss``, ``train_accuracy``, ``validation_loss``,
            ``validation_accuracy`` (0 to 1) and ``learning_rate``; what is missing or ``None`` is not drawn.
            The best validation accuracy of a run is marked by a dot.

    Raises:
        ConfigError: if there is no record.

    >>> figure = plot_learning_curves([{"epoch": 1, "train_loss": 2.0}, {"epoch": 2, "train_loss": 1.0}])
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['loss (nats)', 'accuracy (%)', 'learning rate']
    """
    runs = history if isinstance(history, Mapping) else {"": history}
    if not any(runs.values()):
        raise ConfigError("learning curves need at least one epoch; the history is empty")
    figure = new_figure(11, 3.7)
    loss, accuracy, rate = figure.subplots(1, 3)
    for index, (name, records) in enumerate(runs.items()):
        colour = LINE_COLOURS[index % len(LINE_COLOURS)]
        for axes, what, scale in ((loss, "loss", 1.0), (accuracy, "accuracy", 100.0)):
            _draw(axes, records, f"train_{what}", scale, color=colour, linestyle="--", linewidth=1.2)
            _draw(axes, records, f"validation_{what}", scale, color=colour, linewidth=1.8)
        epochs, values = _curve(records, "validation_accuracy")
        if len(values):
            best = values.argmax()
            accuracy.plot(epochs[best], 100 * values[best], "o", color=colour, markersize=6, clip_on=False)
        _draw(rate, records, "learning_rate", 1.0, color=colour, linewidth=1.5, label=name or "_")
    for axes, label in ((loss, "loss (nats)"), (accuracy, "accuracy (%)"), (rate, "learning rate")):
        axes.set(xlabel="epoch", ylabel=label)
        axes.xaxis.get_major_locator().set_params(integer=True)
        plain_axes(axes)
    loss.set_ylim(bottom=0)
    rate.ticklabel_format(axis="y", style="sci", scilimits=(-2, 2), useMathText=True)
    # One entry a run, by colour, then one for each kind of line.
    for label, style in (("training", "--"), ("validation", "-")):
        rate.plot([], [], color="0.3", linestyle=style, label=label)
    handles, labels = rate.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)), frameon=False)
    return figure


def plot_features(log_mel: Tensor, config: MelConfig, *, waveform: Tensor | None = None, title: str = "") -> Figure:
    """Draw what ``MelFrontend`` computes from one clip, with the waveform above it on the same time axis.

    Args:
        log_mel: features ``[M, T]`` of one clip, normalised or not.
        config: the settings of the front end.
        waveform: the clip ``[N]``, or ``None`` to leave it out.
        title: for instance the word and the speaker.

    Raises:
        ConfigError: if the features or the waveform have another shape.

    >>> import torch
    >>> from aurora_resnet.features.mel import MelFrontend
    >>> frontend, clip = MelFrontend(MelConfig(sample_rate=8000)), torch.zeros(8000)
    >>> figure = plot_features(frontend(clip), frontend.config, waveform=clip)
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['amplitude', 'centre frequency (Hz)', 'normalised log mel energy']
    """
    if log_mel.dim() != 2 or len(log_mel) != config.n_mels:
        raise ConfigError(f"features [{config.n_mels}, T] of one clip were expected, not {list(log_mel.shape)}")
    if waveform is not None and waveform.dim() != 1:
        raise ConfigError(f"the waveform [N] of one clip was expected, not {list(waveform.shape)}")
    figure = new_figure(7, 3.6 if waveform is None else 4.8)
    # Frame t is centred on sample t * hop_length; a cell of the image reaches half a hop to both sides.
    hop = config.hop_length / config.sample_rate
    extent = (-hop / 2, (log_mel.shape[1] - 0.5) * hop, -0.5, config.n_mels - 0.5)
    if waveform is None:
        axes = figure.subplots()
    else:
        above, axes = figure.subplots(2, 1, sharex=True, height_ratios=(1, 3))
        samples = waveform.detach().cpu().float().numpy()
        above.plot(np.arange(len(samples)) / config.sample_rate, samples, color=LINE_COLOURS[0], linewidth=0.6)
        above.set_ylabel("amplitude")
        above.margins(y=0.1)
        plain_axes(above)
    values = log_mel.detach().cpu().float().numpy()
    image = axes.imshow(values, origin="lower", aspect="auto", interpolation="nearest", extent=extent)
    edges = filter_edges(config.n_mels, config.f_min, config.top, config.mel_scale)
    bands = np.unique(np.linspace(0, config.n_mels - 1, min(config.n_mels, 8)).round().astype(int))
    axes.set_yticks(bands, [f"{float(edges[band + 1]):.0f}" for band in bands])
    axes.set(xlabel="time (s)", ylabel="centre frequency (Hz)")
    unit = "log mel energy (nats)" if config.normalization == "none" else "normalised log mel energy"
    figure.colorbar(image, ax=axes, label=unit, pad=0.01)
    if title:
        figure.suptitle(title, fontsize=11)
    return figure


def plain_axes(axes: Axes) -> None:
    """Take away the frame above and to the right and draw a light grid behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="0.9", linewidth=0.7)
    axes.set_axisbelow(True)


def _draw(axes: Axes, records: Sequence[EpochRecord], key: str, scale: float, **style: Any) -> None:
    """Draw one column of a history; a single epoch, which makes no line, as a dot."""
    epochs, values = _curve(records, key)
    axes.plot(epochs, scale * values, marker="." if len(values) == 1 else "", **style)


def _curve(records: Sequence[EpochRecord], key: str) -> tuple[FloatArray, FloatArray]:
    """Epochs and values of the records that have a number under ``key``."""
    points = [(each["epoch"], each[key]) for each in records if each.get(key) is not None]
    epochs, values = np.array(points, dtype=np.float64).reshape(-1, 2).T
    return epochs, values
