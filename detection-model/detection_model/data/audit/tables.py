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


def files_table(scan: Scan) -> Table:
    """Formats, dimensions and file sizes of each class, which should not differ."""
    table = Table(
        "class", "pictures", "formats", "width x height", "JPEG quality", "KB: median (range)"
    )
    for label in scan.classes:
        sizes = np.asarray([row.container.bytes / 1024 for row in scan.of(label)])
        table.add_row(
            label,
            str(len(sizes)),
            commonest(scan.counts(label, "format")),
            commonest(scan.counts(label, "width", "height")),
            commonest(scan.counts(label, "quality")),
            f"{np.median(sizes):.1f} ({sizes.min():.1f} to {sizes.max():.1f})",
        )
    return table


def separations_table(separations: Sequence[Separation]) -> Table:
    """AUC of a small decision tree on each family of features; 0.5 is chance."""
    table = Table("family", "AUC", "95 % interval", "top feature")
    for separation in separations:
        table.add_row(
            f"[bold red]{separation.family}[/]" if separation.leaks else separation.family,
            f"{separation.auc:.2f}",
            f"{separation.low:.2f} to {separation.high:.2f}",
            separation.telling.replace("_", " ") if separation.telling else "nothing",
        )
    return table


def commonest(counts: Mapping[str, int], most: int = 3) -> str:
    """The first values with their counts, and the number of others."""
    named = [f"{name} ({count})" for name, count in islice(counts.items(), most)]
    others = len(counts) - most
    return ", ".join(named) + (f", {others} others" if others > 0 else "")
