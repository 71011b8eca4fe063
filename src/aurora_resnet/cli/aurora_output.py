"""The Aurora tables and figures of an evaluation, as files."""

from __future__ import annotations

from pathlib import Path

from aurora_resnet.evaluation.aurora_figures import plot_accuracy_by_snr, plot_noise_heatmap
from aurora_resnet.evaluation.aurora_tables import AuroraTable
from aurora_resnet.evaluation.figures import save_figure
from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.cli.terminal import tell
from aurora_resnet.runtime.errors import MissingDependencyError


def write_aurora(table: AuroraTable, folder: Path) -> None:
    """Write ``aurora.md``, ``aurora.tex`` and two figures, and say so."""
    for name, text in (("aurora.md", table.to_markdown()), ("aurora.tex", table.to_latex())):
        with atomic_path(folder / name) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
    try:
        save_figure(plot_accuracy_by_snr(table), folder / "accuracy_by_snr.png")
        save_figure(plot_noise_heatmap(table), folder / "noise_heatmap.png")
    except MissingDependencyError as error:
        tell(f"tables: {folder}; no figures drawn: {error}")
    else:
        tell(f"tables and figures: {folder}")
