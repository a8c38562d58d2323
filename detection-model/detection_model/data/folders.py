"""Finds the splits and classes of a data set by its folder names.

Supported are `Dataset/{Train,Validation,Test}/{Real,Fake}` and two class folders without splits;
names in any case, and common variants.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from detection_model.card import ClassName

SplitName = Literal["train", "validation", "test"]

_SPLITS: dict[str, SplitName] = {
    "train": "train",
    "training": "train",
    "valid": "validation",
    "val": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
_CLASSES: dict[str, ClassName] = {
    **dict.fromkeys(("real", "reals", "0_real", "original", "authentic"), "Real"),
    **dict.fromkeys(("fake", "fakes", "1_fake", "generated", "synthetic", "deepfake"), "Fake"),
}
_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif"}
_SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}
_EXPECTED = "expected subfolders Train/Real, Train/Fake, Validation/Real, …, or Real and Fake"


class DataError(ValueError):
    """An unusable data set; the message names the folder and what is missing."""


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

    `split_seed` is the seed of a random split; None if the folders define the split.
    """

    root: Path
    splits: dict[SplitName, list[Example]]
    split_seed: int | None = None

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
        depth = 2 if self.split_seed is None else 1
        below_class = example.path.relative_to(self.root).parts[depth:]
        return below_class[0] if len(below_class) > 1 else ""

    def split(self, name: SplitName) -> list[Example]:
        """Examples of one split with both classes.

        Raises:
            DataError: the split is missing, or has a single class.
        """
        examples = self.splits.get(name, [])
        for label in ("Real", "Fake"):
            if not any(example.label == label for example in examples):
                raise DataError(f"{self.root}: no {label} pictures for {name}; {_EXPECTED}")
        return examples

    def counts(self) -> dict[str, int]:
        """Pictures by `split/class`."""
        return {
            f"{split}/{label}": sum(example.label == label for example in examples)
            for split, examples in self.splits.items()
            for label in ("Real", "Fake")
        }


def find_data(root: Path, *, seed: int = 0) -> DataFolder:
    """Find the splits below `root`.

    Two class folders without splits are divided 80/10/10, stratified by class, the same way
    for the same seed and file names.

    Raises:
        DataError: the folder is missing, or has no pictures in folders with known names.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder")
    # A download often wraps the data set in one more folder.
    for folder in [root, *_folders(root)]:
        by_split = {
            _SPLITS[sub.name.lower()]: _examples(sub)
            for sub in _folders(folder)
            if sub.name.lower() in _SPLITS
        }
        if any(by_split.values()):
            return DataFolder(folder, by_split)
        if examples := _examples(folder):
            return DataFolder(folder, _divide(examples, seed), split_seed=seed)
    raise DataError(f"{root}: no pictures found; {_EXPECTED}")


def all_examples(data: DataFolder) -> list[Example]:
    """Every example of every split."""
    return sorted(example for examples in data.splits.values() for example in examples)


def sample(examples: Sequence[Example], most: int, seed: int = 0) -> list[Example]:
    """At most `most` examples, sorted; the same ones for the same seed and examples."""
    drawn = random.Random(seed).sample(examples, min(most, len(examples)))  # noqa: S311
    return sorted(drawn)


def _folders(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_dir())


def _examples(folder: Path) -> list[Example]:
    return sorted(
        Example(path, _CLASSES[sub.name.lower()])
        for sub in _folders(folder)
        if sub.name.lower() in _CLASSES
        for path in sub.rglob("*")
        if path.suffix.lower() in _SUFFIXES and path.is_file()
    )


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
