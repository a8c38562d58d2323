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
from detection_model.data.decoding import load_pictures
from detection_model.data.folders import Example
from detection_model.figures import CLASS_COLOURS, new_figure
from detection_model.measures import SIDE, Floats, radial_profile

_BINS = 30
_MEASURES = {
    "brightness": "brightness (mean)",
    "contrast": "contrast (deviation)",
    "sharpness": "sharpness (log of Laplacian's variance)",
}


def distributions_figure(seen: Scan) -> Figure:
    """Brightness, contrast and sharpness, the classes laid over each other."""
    figure, axes = new_figure(3, width=3.2, height=2.6)
    for one, (name, title) in zip(axes, _MEASURES.items(), strict=True):
        by_class = {label: seen.measure(label, name) for label in seen.classes}
        if name == "sharpness":
            by_class = {label: np.log10(values + 1) for label, values in by_class.items()}
        bins = np.histogram_bin_edges(np.concatenate(list(by_class.values())), _BINS).tolist()
        for label, values in by_class.items():
            # Shares: of two classes of different size the shapes are to be compared.
            shares = np.full(len(values), 100 / len(values))
            colour = CLASS_COLOURS[label]
            one.hist(values, bins, weights=shares, alpha=0.5, label=label, color=colour)
        one.set(xlabel=title, ylabel="% of the class")
    axes[0].legend()
    return figure


def means_figure(seen: Scan) -> Figure:
    """The mean picture of each class, and where the fakes are brighter (red) or darker (blue)."""
    figure, axes = new_figure(len(seen.classes) + _comparable(seen), width=2.6, height=2.8)
    for one, label in zip(axes, seen.classes, strict=False):
        one.imshow(seen.means[label].picture.astype(np.uint8))
        one.set_title(f"{label}: mean of {seen.means[label].pictures}")
    if _comparable(seen):
        difference = seen.means["Fake"].picture - seen.means["Real"].picture
        _difference(figure, axes[-1], difference.mean(axis=2), 30)
    for one in axes:
        one.axis("off")
    return figure


def spectra_figure(seen: Scan) -> Figure:
    """The mean log-spectrum of each class and their difference, zero frequency in the middle."""
    figure, axes = new_figure(len(seen.classes) + _comparable(seen), width=3.9, height=3.8)
    spectra = {label: seen.means[label].spectrum for label in seen.classes}
    low, high = np.percentile(np.stack(list(spectra.values())), [1, 99.9])
    for one, (label, spectrum) in zip(axes, spectra.items(), strict=False):
        one.imshow(spectrum, cmap=_levels("magma"), vmin=low, vmax=high, interpolation="nearest")
        one.set_title(f"{label}: mean log-spectrum")
    if _comparable(seen):
        difference = spectra["Fake"] - spectra["Real"]
        most = float(np.percentile(np.abs(difference), 99.9)) or 1.0
        _difference(figure, axes[-1], difference, most)
    for one in axes:
        one.set(xticks=[], yticks=[])
    return figure


def radial_figure(seen: Scan) -> Figure:
    """The mean spectrum by frequency alone: rings around its middle."""
    figure, (axes,) = new_figure(1, width=5.6, height=3.0)
    for label in seen.classes:
        profile = radial_profile(seen.means[label].spectrum)
        frequencies = np.arange(len(profile)) / SIDE
        axes.plot(frequencies, profile, label=label, color=CLASS_COLOURS[label])
    axes.set(xlabel=f"cycles a pixel, at {SIDE} x {SIDE}", ylabel="mean log-amplitude")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def grid_figure(examples: Sequence[Example], columns: int = 6) -> Figure:
    """A row of pictures of each class, from the front of the list.

    Raises:
        DataError: none of them can be read.
    """
    by_class = {label: [e for e in examples if e.label == label] for label in CLASS_COLOURS}
    chosen = [example for some in by_class.values() for example in some[:columns]]
    figure, axes = new_figure(columns, sum(map(bool, by_class.values())), width=1.5, height=1.7)
    loaded = load_pictures(chosen, InputSpec(height=SIDE, width=SIDE))
    for one in axes:
        one.axis("off")
    for one, pixels, example in zip(axes, loaded.pixels, loaded.examples, strict=False):
        one.imshow(pixels)
        one.set_title(example.label, fontsize=9, color=CLASS_COLOURS[example.label])
    return figure


def copies_figure(groups: Sequence[Sequence[Row]], root: Path, columns: int = 4) -> Figure:
    """The first two members of each group beside each other, with split and class.

    Raises:
        DataError: none of them can be read.
    """
    pairs = [row.place for group in groups for row in group[:2]]
    figure, axes = new_figure(2 * columns, -(-len(groups) // columns), width=1.5, height=1.75)
    examples = [Example(root / place.path, place.label) for place in pairs]
    loaded = load_pictures(examples, InputSpec(height=SIDE, width=SIDE))
    for one in axes:
        one.axis("off")
    for one, pixels, place in zip(axes, loaded.pixels, pairs, strict=False):
        one.imshow(pixels)
        one.set_title(f"{place.split}, {place.label}", fontsize=8)
    return figure


def _comparable(seen: Scan) -> bool:
    return len(seen.classes) == 2


def _difference(figure: Figure, axes: Axes, values: Floats, most: float) -> None:
    shown = axes.imshow(
        values, cmap=_levels("RdBu_r"), vmin=-most, vmax=most, interpolation="nearest"
    )
    axes.set_title("Fake less Real")
    figure.colorbar(shown, ax=axes, shrink=0.7)


def _levels(name: str) -> Colormap:
    """A colour map in a few steps: noise in many shades makes large files and shows no more."""
    return colormaps[name].resampled(11)
