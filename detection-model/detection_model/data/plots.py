"""Figures and tables of a data set's overview. Needs matplotlib and rich."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import get_args

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from rich.table import Table

from detection_model.card import ClassName, InputSpec
from detection_model.data.folders import DataFolder, Example, SplitName
from detection_model.data.overview import SIDE, ClassOverview
from detection_model.data.pictures import load_pictures
from detection_model.figures import CLASS_COLOURS, new_figure

Overviews = Mapping[ClassName, ClassOverview]


def counts_table(data: DataFolder) -> Table:
    """Pictures by split and class."""
    table = Table("split", *CLASS_COLOURS, title=f"{data.name}, split {data.how}", min_width=40)
    counts = data.counts()
    for split in get_args(SplitName):
        if split in data.splits:
            table.add_row(split, *(str(counts[f"{split}/{label}"]) for label in CLASS_COLOURS))
    return table


def files_table(overviews: Overviews) -> Table:
    """Formats, sizes and bytes of each class: they should not tell the classes apart."""
    table = Table("class", "pictures", "formats", "width x height", "KB: median (least to most)")
    for label, seen in overviews.items():
        sizes = seen.kilobytes
        table.add_row(
            label,
            str(seen.pictures),
            _commonest(seen.formats),
            _commonest(seen.sizes),
            f"{np.median(sizes):.1f} ({sizes.min():.1f} to {sizes.max():.1f})",
        )
    return table


def distributions_figure(overviews: Overviews) -> Figure:
    """Brightness, contrast and sharpness, the classes laid over each other."""
    figure, axes = new_figure(3, width=3.2, height=2.6)
    measures = {
        "brightness (mean)": {label: seen.brightness for label, seen in overviews.items()},
        "contrast (deviation)": {label: seen.contrast for label, seen in overviews.items()},
        "sharpness (log of Laplacian's variance)": {
            label: np.log10(seen.sharpness + 1) for label, seen in overviews.items()
        },
    }
    for one, (name, by_class) in zip(axes, measures.items(), strict=True):
        bins = np.histogram_bin_edges(np.concatenate(list(by_class.values())), 30)
        for label, values in by_class.items():
            one.hist(values, bins.tolist(), alpha=0.5, label=label, color=CLASS_COLOURS[label])
        one.set(xlabel=name, ylabel="pictures")
    axes[0].legend()
    return figure


def means_figure(overviews: Overviews) -> Figure:
    """The mean picture of each class, and where the fakes are brighter (red) or darker (blue)."""
    figure, axes = new_figure(3, width=2.6, height=2.8)
    for one, (label, seen) in zip(axes, overviews.items(), strict=False):
        one.imshow(seen.mean.astype(np.uint8))
        one.set_title(f"{label}: mean of {seen.pictures}")
    difference = (overviews["Fake"].mean - overviews["Real"].mean).mean(axis=2)
    shown = axes[2].imshow(difference, cmap=_levels("RdBu_r"), vmin=-30, vmax=30)
    axes[2].set_title("Fake less Real")
    figure.colorbar(shown, ax=axes[2], shrink=0.7)
    for one in axes:
        one.axis("off")
    return figure


def spectra_figure(overviews: Overviews) -> Figure:
    """The mean log-spectrum of each class and their difference, zero frequency in the middle."""
    figure, axes = new_figure(3, width=3.9, height=3.8)
    spectra = {label: seen.spectrum for label, seen in overviews.items()}
    low, high = np.percentile(np.stack(list(spectra.values())), [1, 99.9])
    for one, (label, spectrum) in zip(axes, spectra.items(), strict=False):
        one.imshow(spectrum, cmap=_levels("magma"), vmin=low, vmax=high, interpolation="nearest")
        one.set_title(f"{label}: mean log-spectrum")
    difference = spectra["Fake"] - spectra["Real"]
    most = float(np.percentile(np.abs(difference), 99.9)) or 1.0
    shown = axes[2].imshow(
        difference, cmap=_levels("RdBu_r"), vmin=-most, vmax=most, interpolation="nearest"
    )
    axes[2].set_title("Fake less Real")
    figure.colorbar(shown, ax=axes[2], shrink=0.7)
    for one in axes:
        one.set(xticks=[], yticks=[])
    return figure


def grid_figure(examples: Sequence[Example], columns: int = 6) -> Figure:
    """A row of pictures of each class, from the front of the list.

    Raises:
        DataError: none of them can be read.
    """
    chosen = [
        example
        for label in CLASS_COLOURS
        for example in [e for e in examples if e.label == label][:columns]
    ]
    figure, axes = new_figure(columns, 2, width=1.5, height=1.7)
    loaded = load_pictures(chosen, InputSpec(height=SIDE, width=SIDE))
    for one in axes:
        one.axis("off")
    for one, pixels, example in zip(axes, loaded.pixels, loaded.examples, strict=False):
        one.imshow(pixels)
        one.set_title(example.label, fontsize=9, color=CLASS_COLOURS[example.label])
    return figure


def _levels(name: str) -> Colormap:
    """A colour map in a few steps: noise in many shades makes large files and shows no more."""
    return colormaps[name].resampled(11)


def _commonest(counts: Counter[str], most: int = 3) -> str:
    named = [f"{name} ({count})" for name, count in counts.most_common(most)]
    others = len(counts) - most
    return ", ".join(named) + (f", {others} others" if others > 0 else "")
