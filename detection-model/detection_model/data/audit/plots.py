"""Figures of a data set. Needs matplotlib."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure

from detection_model.card import InputSpec
from detection_model.data.audit.scan import Row, Scan
from detection_model.data.folders import Example
from detection_model.data.preprocessing import load_pictures
from detection_model.figures import CLASS_COLOURS, new_figure
from detection_model.measures import SIDE, Floats, radial_profile

_BINS = 30
_MEASURES = {
    "brightness": "brightness (mean)",
    "contrast": "contrast (deviation)",
    "sharpness": "sharpness (log of Laplacian's variance)",
}


def distributions_figure(scan: Scan) -> Figure:
    """Overlaid histograms of brightness, contrast and sharpness by class."""
    figure, axes = new_figure(3, width=3.2, height=2.6)
    for plot, (name, title) in zip(axes, _MEASURES.items(), strict=True):
        by_class = {label: scan.measure(label, name) for label in scan.classes}
        if name == "sharpness":
            by_class = {label: np.log10(values + 1) for label, values in by_class.items()}
        bins = np.histogram_bin_edges(np.concatenate(list(by_class.values())), _BINS).tolist()
        for label, values in by_class.items():
            # Shares, because the classes may differ in size.
            shares = np.full(len(values), 100 / len(values))
            colour = CLASS_COLOURS[label]
            plot.hist(values, bins, weights=shares, alpha=0.5, label=label, color=colour)
        plot.set(xlabel=title, ylabel="% of the class")
    axes[0].legend()
    return figure


def means_figure(scan: Scan) -> Figure:
    """The mean picture of each class, and their difference (red: fakes are brighter)."""
    figure, axes = new_figure(len(scan.classes) + _comparable(scan), width=2.6, height=2.8)
    for plot, label in zip(axes, scan.classes, strict=False):
        plot.imshow(scan.means[label].picture.astype(np.uint8))
        plot.set_title(f"{label}: mean of {scan.means[label].pictures}")
    if _comparable(scan):
        difference = scan.means["Fake"].picture - scan.means["Real"].picture
        _difference(figure, axes[-1], difference.mean(axis=2), 30)
    for plot in axes:
        plot.axis("off")
    return figure


def spectra_figure(scan: Scan) -> Figure:
    """The mean log-spectrum of each class and their difference, zero frequency centred."""
    figure, axes = new_figure(len(scan.classes) + _comparable(scan), width=3.9, height=3.8)
    spectra = {label: scan.means[label].spectrum for label in scan.classes}
    low, high = np.percentile(np.stack(list(spectra.values())), [1, 99.9])
    for plot, (label, spectrum) in zip(axes, spectra.items(), strict=False):
        plot.imshow(spectrum, cmap=_levels("magma"), vmin=low, vmax=high, interpolation="nearest")
        plot.set_title(f"{label}: mean log-spectrum")
    if _comparable(scan):
        difference = spectra["Fake"] - spectra["Real"]
        most = float(np.percentile(np.abs(difference), 99.9)) or 1.0
        _difference(figure, axes[-1], difference, most)
    for plot in axes:
        plot.set(xticks=[], yticks=[])
    return figure


def radial_figure(scan: Scan) -> Figure:
    """The radial mean of each class's spectrum by frequency."""
    figure, (axes,) = new_figure(1, width=5.6, height=3.0)
    for label in scan.classes:
        profile = radial_profile(scan.means[label].spectrum)
        frequencies = np.arange(len(profile)) / SIDE
        axes.plot(frequencies, profile, label=label, color=CLASS_COLOURS[label])
    axes.set(xlabel=f"cycles a pixel, at {SIDE} x {SIDE}", ylabel="mean log-amplitude")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def grid_figure(examples: Sequence[Example], columns: int = 6) -> Figure:
    """A row of pictures for each class, from the start of the list.

    Raises:
        DataError: none of the pictures can be read.
    """
    by_class = {label: [e for e in examples if e.label == label] for label in CLASS_COLOURS}
    sample = [example for some in by_class.values() for example in some[:columns]]
    figure, axes = new_figure(columns, sum(map(bool, by_class.values())), width=1.5, height=1.7)
    pictures = load_pictures(sample, InputSpec(height=SIDE, width=SIDE))
    for plot in axes:
        plot.axis("off")
    for plot, pixels, example in zip(axes, pictures.pixels, pictures.examples, strict=False):
        plot.imshow(pixels)
        plot.set_title(example.label, fontsize=9, color=CLASS_COLOURS[example.label])
    return figure


def copies_figure(groups: Sequence[Sequence[Row]], root: Path, columns: int = 4) -> Figure:
    """The first two members of each group side by side, with split and class.

    Raises:
        DataError: none of the pictures can be read.
    """
    pairs = [row.place for group in groups for row in group[:2]]
    figure, axes = new_figure(2 * columns, -(-len(groups) // columns), width=1.5, height=1.75)
    examples = [Example(root / place.path, place.label) for place in pairs]
    pictures = load_pictures(examples, InputSpec(height=SIDE, width=SIDE))
    for plot in axes:
        plot.axis("off")
    for plot, pixels, place in zip(axes, pictures.pixels, pairs, strict=False):
        plot.imshow(pixels)
        plot.set_title(f"{place.split}, {place.label}", fontsize=8)
    return figure


def _comparable(scan: Scan) -> bool:
    return len(scan.classes) == 2


def _difference(figure: Figure, axes: Axes, values: Floats, most: float) -> None:
    image = axes.imshow(
        values, cmap=_levels("RdBu_r"), vmin=-most, vmax=most, interpolation="nearest"
    )
    axes.set_title("Fake less Real")
    figure.colorbar(image, ax=axes, shrink=0.7)


def _levels(name: str) -> Colormap:
    """A colour map with few levels: noise in many shades would make large files."""
    return colormaps[name].resampled(11)
