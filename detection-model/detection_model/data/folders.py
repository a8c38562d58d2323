"""Data sets on disk: their pictures by split and class.

`layout` says which folders are understood. No picture is left out silently: a layout with two
meanings is refused, and everything outside the class folders is counted.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from detection_model.card import ClassName
from detection_model.data import layout
from detection_model.data.layout import DataError as DataError
from detection_model.data.layout import SplitName as SplitName
from detection_model.data.picture_files import PictureFiles

_SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


@dataclass(frozen=True, order=True)
class Example:
    """One picture file and its class."""

    path: Path
    label: ClassName

    @property
    def target(self) -> int:
        """1 for Fake, 0 for Real."""
        return int(self.label == "Fake")


@dataclass(frozen=True)
class DataFolder:
    """A data set: its examples by split, sorted by path.

    Attributes:
        root: the folder of the splits or classes.
        splits: examples by split.
        split_seed: seed of a random split; None if the folders define the split.
        class_depth: number of folders from `root` to the pictures of a class.
        warnings: pictures that were left out, and folders that share a class.
        notes: how many files are no pictures.
    """

    root: Path
    splits: dict[SplitName, list[Example]]
    split_seed: int | None = None
    class_depth: int = 1
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def split_origin(self) -> str:
        """Origin of the splits."""
        if self.split_seed is None:
            return "as the folders say"
        return f"80/10/10 stratified by class, seed {self.split_seed}"

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.root.resolve().name

    def source(self, example: Example) -> str:
        """The subfolder of the example's class folder; empty if there is none."""
        parts = self.below_class(example).parts
        return parts[0] if len(parts) > 1 else ""

    def below_class(self, example: Example) -> Path:
        """Path of the example in its class folder."""
        return Path(*example.path.relative_to(self.root).parts[self.class_depth :])

    def split(self, name: SplitName) -> list[Example]:
        """Examples of one split with both classes.

        Raises:
            DataError: the split is missing, or has a single class.
        """
        examples = self.splits.get(name, [])
        for label in ("Real", "Fake"):
            if not any(example.label == label for example in examples):
                raise DataError(f"{self.root}: no {label} pictures for {name}; {layout.EXPECTED}")
        return examples

    def counts(self) -> dict[str, int]:
        """Pictures by `split/class`."""
        return {
            f"{split}/{label}": sum(example.label == label for example in examples)
            for split, examples in self.splits.items()
            for label in ("Real", "Fake")
        }


def find_data(root: Path, *, seed: int = 0) -> DataFolder:
    """Find the splits and classes in `root`, or in a folder that `root` wraps.

    Two class folders without splits are divided 80/10/10, stratified by class, the same way
    for the same seed and file names.

    Raises:
        DataError: the folder is missing or unreadable, has no pictures in folders with known
            names, is only a part of a data set, has several, or can be understood in two ways.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder")
    try:
        return _read(root, seed)
    except OSError as error:
        raise DataError(f"{error.filename or root}: {error.strerror}") from error


def _read(root: Path, seed: int) -> DataFolder:
    folder = layout.data_set_folder(root)
    parts = layout.class_parts(folder)
    files = PictureFiles()
    examples = {
        part: [Example(path, part.label) for path in files.below(part.folder)] for part in parts
    }
    outside = list(files.below(root, except_in={part.folder for part in parts}))
    splits: dict[SplitName, list[Example]] = {}
    for part in parts:
        if part.split:
            splits.setdefault(part.split, []).extend(examples[part])
    return DataFolder(
        folder,
        {name: sorted(members) for name, members in splits.items()}
        or _divide(sorted(chain.from_iterable(examples.values())), seed),
        split_seed=None if splits else seed,
        class_depth=len(parts[0].folder.relative_to(folder).parts),
        warnings=(
            *layout.check_parts(parts, outside),
            *layout.outside_warnings(outside, root),
        ),
        notes=tuple(layout.file_notes(files)),
    )


def all_examples(data: DataFolder) -> list[Example]:
    """Every example of every split."""
    return sorted(example for examples in data.splits.values() for example in examples)


def sample(examples: Sequence[Example], most: int, seed: int = 0) -> list[Example]:
    """At most `most` examples, sorted; the same ones for the same seed and examples."""
    sample = random.Random(seed).sample(examples, min(most, len(examples)))  # noqa: S311
    return sorted(sample)


def _divide(examples: Iterable[Example], seed: int) -> dict[SplitName, list[Example]]:
    splits: dict[SplitName, list[Example]] = {"train": [], "validation": [], "test": []}
    by_class: dict[str, list[Example]] = {}
    for example in examples:
        by_class.setdefault(example.label, []).append(example)
    for members in by_class.values():
        random.Random(seed).shuffle(members)  # noqa: S311  a split, not a secret
        start = 0.0
        for name, share in _SHARES.items():
            end = start + share
            part = members[round(start * len(members)) : round(end * len(members))]
            splits[name].extend(part)  # type: ignore[index]
            start = end
    return {name: sorted(part) for name, part in splits.items()}
