"""Plots loss and accuracy over the epochs, for run folders and notebooks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from detection_model.training.config import Augmentation
    from detection_model.training.logs import Run


def plot_history(history: dict[str, list[float]], folder: Path) -> None:
    """Write `loss.png` and `accuracy.png` with training and validation curves."""
    from matplotlib.figure import Figure

    for metric in ("loss", "accuracy"):
        figure = Figure(figsize=(6, 4), layout="constrained")
        axes = figure.subplots()
        for name, label in ((metric, "training"), (f"val_{metric}", "validation")):
            values = history.get(name, [])
            axes.plot(range(1, len(values) + 1), values, marker=".", label=label)
        axes.set(xlabel="epoch", ylabel=metric, title=metric.capitalize())
        axes.grid(alpha=0.3)
        axes.legend()
        figure.savefig(folder / f"{metric}.png", dpi=100)


def runs_figure(runs: Mapping[str, Run]) -> Figure:
    """Loss and accuracy of named runs: validation solid, training dotted."""
    from detection_model.figures import colour, new_figure

    figure, axes = new_figure(2, width=4.6)
    for plot, metric in zip(axes, ("loss", "accuracy"), strict=True):
        for position, (name, run) in enumerate(runs.items()):
            for part, style in (("validation", "-"), ("train", ":")):
                for series in run.series:
                    if (series.part, series.tag) != (part, f"epoch_{metric}"):
                        continue
                    # Keras counts epochs from 0. None means a loss that is not finite: a gap.
                    plot.plot(
                        [step + 1 for step in series.steps],
                        [float("nan") if value is None else value for value in series.values],
                        style,
                        color=colour(position),
                        # Runs with the same seed coincide at first: keep the lower one visible.
                        linewidth=1.2 + 1.1 * (len(runs) - 1 - position),
                        label=f"{name}, {part}",
                    )
        plot.set(xlabel="epoch", ylabel=metric)
        plot.grid(alpha=0.3)
        plot.locator_params(axis="x", integer=True)
    lines, labels = axes[0].get_legend_handles_labels()
    figure.legend(lines, labels, loc="outside right upper", fontsize=8)
    return figure


def augmentation_figure(pixels: NDArray[np.uint8], settings: Augmentation) -> Figure:
    """A picture, uint8 RGB (h, w, 3), and its augmentation in five epochs."""
    from detection_model.figures import new_figure
    from detection_model.training.augment import augment

    augmented = [augment(pixels, settings, np.random.default_rng([0, epoch])) for epoch in range(5)]
    figure, axes = new_figure(6, width=1.5, height=1.5)
    for plot, picture in zip(axes, [pixels, *augmented], strict=True):
        plot.imshow(picture)
        plot.set_axis_off()
    return figure


def write_json(path: Path, value: object) -> None:
    """Write indented JSON."""
    path.write_text(json.dumps(value, indent=1) + "\n")
