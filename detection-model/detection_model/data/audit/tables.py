"""Tables of a data set for the terminal and for notebooks. Needs rich."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import get_args

import numpy as np
from rich.table import Table

from detection_model.card import ClassName
from detection_model.data.audit.leaks import Separation
from detection_model.data.audit.scan import Scan
from detection_model.data.folders import DataFolder, SplitName


def counts_table(data: DataFolder) -> Table:
    """Pictures by split and class."""
    classes = get_args(ClassName)
    table = Table("split", *classes, title=f"{data.name}, split {data.split_origin}", min_width=40)
    counts = data.counts()
    for split in get_args(SplitName):
        if split in data.splits:
            table.add_row(split, *(str(counts[f"{split}/{label}"]) for label in classes))
    return table


def files_table(seen: Scan) -> Table:
    """Formats, sizes and bytes of each class: they should not tell the classes apart."""
    table = Table(
        "class", "pictures", "formats", "width x height", "JPEG quality", "KB: median (range)"
    )
    for label in seen.classes:
        sizes = np.asarray([row.container.bytes / 1024 for row in seen.of(label)])
        table.add_row(
            label,
            str(len(sizes)),
            commonest(seen.counts(label, "format")),
            commonest(seen.counts(label, "width", "height")),
            commonest(seen.counts(label, "quality")),
            f"{np.median(sizes):.1f} ({sizes.min():.1f} to {sizes.max():.1f})",
        )
    return table


def separations_table(separations: Sequence[Separation]) -> Table:
    """Accuracy of a small tree on each family of features; 0.5 is guessing."""
    table = Table("by this alone", "AUC", "95 % interval", "most telling")
    for one in separations:
        table.add_row(
            f"[bold red]{one.family}[/]" if one.leaks else one.family,
            f"{one.auc:.2f}",
            f"{one.low:.2f} to {one.high:.2f}",
            one.telling.replace("_", " ") if one.telling else "nothing",
        )
    return table


def commonest(counts: Mapping[str, int], most: int = 3) -> str:
    """The first values with their counts, and how many others there are."""
    named = [f"{name} ({count})" for name, count in islice(counts.items(), most)]
    others = len(counts) - most
    return ", ".join(named) + (f", {others} others" if others > 0 else "")
