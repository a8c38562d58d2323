"""Finds the folders of the splits and classes in a data set.

Four layouts are understood: `{Train,Validation,Test}/{Real,Fake}`, `{Real,Fake}/{train,val,test}`,
`{train_real,train_fake,test_real,test_fake}`, and `{Real,Fake}` without splits.

Published sets name these folders in many ways: `REAL`, `0_real`, `training_fake`, `Real Images`,
`nature`. A name counts only if every word in it is known: `real_vs_fake`, `not real` and
`Real-ESRGAN`, a program that makes pictures, name no class.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from detection_model.card import ClassName
from detection_model.data.picture_files import PictureFiles, printable, relative_name, subfolders

SplitName = Literal["train", "validation", "test"]

_SPLITS: dict[str, SplitName] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "val", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
_REAL = (
    *("real", "reals", "original", "originals", "authentic", "genuine", "pristine"),
    *("natural", "nature", "unaltered", "unmanipulated"),
)
_FAKE = (
    *("fake", "fakes", "deepfake", "deepfakes", "manipulated", "tampered", "forged", "altered"),
    *("generated", "synthetic", "synthesized", "artificial", "ai", "aigenerated"),
)
_CLASSES: dict[str, ClassName] = {**dict.fromkeys(_REAL, "Real"), **dict.fromkeys(_FAKE, "Fake")}
# Words that say nothing about the class.
_NEUTRAL = {
    *("image", "images", "img", "imgs", "picture", "pictures", "photo", "photos"),
    *("photograph", "photographs", "face", "faces", "video", "videos", "frame", "frames"),
    *("sequence", "sequences", "sample", "samples", "crop", "crops", "data", "dataset", "set"),
    *("class", "folder", "deep"),
}
# `AIGenerated` is AI and Generated, `RealFaces` Real and Faces.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def split_and_class(name: str) -> tuple[SplitName | None, ClassName | None]:
    """The split and the class that a folder's name gives; None for each that it does not."""
    if not name.isascii():
        return None, None
    words = {word.lower() for word in _WORD.findall(name)}
    splits = {_SPLITS[word] for word in words if word in _SPLITS}
    classes = {_CLASSES[word] for word in words if word in _CLASSES}
    unknown = words - _SPLITS.keys() - _CLASSES.keys() - _NEUTRAL
    if unknown or len(splits) > 1 or len(classes) > 1:
        return None, None
    return next(iter(splits), None), next(iter(classes), None)


EXPECTED = "expected subfolders Train/Real, Train/Fake, Validation/Real, …, or Real and Fake"
# A download often wraps the data set in one or two more folders.
_LEVELS = 3
_MOST = 4


class DataError(ValueError):
    """An unusable data set; the message names the folder and what is missing."""


@dataclass(frozen=True)
class ClassPart:
    """The pictures of one class, in one split unless `split` is None.

    The two folders are those whose names say so: one inside the other, in either order, or one
    for both.
    """

    label: ClassName
    class_folder: Path
    split: SplitName | None = None
    split_folder: Path | None = None

    @property
    def folder(self) -> Path:
        """The folder of the pictures."""
        if self.split_folder and self.class_folder in self.split_folder.parents:
            return self.split_folder
        return self.class_folder


def data_set_folder(root: Path) -> Path:
    """`root`, or the only folder with a layout, one or two levels below.

    Raises:
        DataError: none or several; `root` is one split of a data set.
    """
    _refuse_one_split(root)
    level = [root]
    for _ in range(_LEVELS):
        data_sets = [folder for folder in level if class_parts(folder)]
        if len(data_sets) > 1:
            names = _listed(folder.relative_to(root).as_posix() for folder in data_sets)
            raise DataError(f"{root} has several data sets: {names}; name one of them")
        if data_sets:
            return data_sets[0]
        level = [child for folder in level for child in subfolders(folder)]
    raise DataError(f"{root}: no pictures found in Real and Fake folders; {_hint(root)}")


def class_parts(folder: Path) -> list[ClassPart]:
    """The parts of the data set in a folder, without empty ones; none if it has no layout."""
    children = [(child, *split_and_class(child.name)) for child in subfolders(folder)]
    split_first = [
        ClassPart(label, class_folder, split, split_folder)
        for split_folder, split, outer_label in children
        if split and not outer_label
        for class_folder in subfolders(split_folder)
        if (label := split_and_class(class_folder.name)[1])
    ]
    classes = [(child, split, label) for child, split, label in children if label]
    class_first = [
        ClassPart(label, class_folder, split, split_folder)
        for class_folder, _, label in classes
        for split_folder in subfolders(class_folder)
        if (split := split_and_class(split_folder.name)[0])
    ]
    in_one_name = [ClassPart(label, child, split, child) for child, split, label in classes]
    for parts in (split_first, class_first, in_one_name):
        with_pictures = [part for part in parts if part.split and _has_pictures(part.folder)]
        # A single split in the names of classes says nothing: all of it is to be divided.
        if with_pictures and (parts is split_first or len({p.split for p in with_pictures}) > 1):
            return with_pictures
    return [ClassPart(label, child) for child, _, label in classes if _has_pictures(child)]


def check_parts(parts: Sequence[ClassPart], outside: Iterable[Path]) -> Iterator[str]:
    """Yield a warning for each set of folders that share a class.

    Args:
        parts: the parts of a data set.
        outside: pictures in none of them.

    Raises:
        DataError: the folders can be understood in two ways.
    """
    splits: dict[tuple[Path, SplitName | None, ClassName | None], set[str]] = {}
    classes: dict[tuple[Path, SplitName | None, ClassName | None], set[str]] = {}
    for part in parts:
        one_name = part.split_folder == part.class_folder
        if part.split_folder:
            by_split = part.split_folder.parent, part.split, part.label if one_name else None
            splits.setdefault(by_split, set()).add(part.split_folder.name)
        by_class = part.class_folder.parent, part.split if one_name else None, part.label
        classes.setdefault(by_class, set()).add(part.class_folder.name)
    for (parent, split, _), names in splits.items():
        if len(names) > 1:
            raise DataError(
                f"{parent} has several folders for {split}: {_listed(sorted(names))}; merge them, "
                "or move all but one away"
            )
    _refuse_unknown_classes(parts, outside)
    for (parent, _, label), names in classes.items():
        if len(names) > 1:
            yield f"{parent.name} has several folders of {label}: {_listed(sorted(names))}"


def outside_warnings(outside: Sequence[Path], root: Path) -> Iterator[str]:
    """A warning that names the folders of pictures without a class."""
    if outside:
        are = "picture is" if len(outside) == 1 else "pictures are"
        yield f"{len(outside)} {are} in no class folder and left out: {_by_folder(outside, root)}"


def file_notes(files: PictureFiles) -> Iterator[str]:
    """Notes on the number of files that are not pictures."""
    if files.system:
        yield f"{_many(files.system, 'system file')} skipped, such as Thumbs.db or in __MACOSX"
    if others := files.others.total():
        kinds = _listed(
            f"{printable(name)} ({count})" for name, count in files.others.most_common()
        )
        yield f"{_many(others, 'other file')} skipped, not pictures: {kinds}"


def _refuse_unknown_classes(parts: Sequence[ClassPart], outside: Iterable[Path]) -> None:
    """Refuse a folder whose only other class has a name that is not understood."""
    for parent in {part.class_folder.parent: None for part in parts}:
        siblings = [part for part in parts if part.class_folder.parent == parent]
        unknown = Counter(
            path.relative_to(parent).parts[0] for path in outside if parent in path.parents[1:]
        )
        if len({part.label for part in siblings}) == 1 and unknown:
            part = siblings[0]
            other = "Fake" if part.label == "Real" else "Real"
            raise DataError(
                f"{parent}: {part.class_folder.name} has {part.label} pictures, but the class or "
                f"split of {_counted(unknown)} is not clear; rename it to {other}, lay it out as "
                f"{part.class_folder.name}, or move it away"
            )


def _refuse_one_split(root: Path) -> None:
    """Refuse the folder of one split, which would be divided again."""
    place = root.resolve()
    if not split_and_class(place.name)[0]:
        return
    parts = class_parts(place.parent)
    if any(part.split_folder == place for part in parts) and len({p.split for p in parts}) > 1:
        raise DataError(
            f"{root} is one split of the data set {place.parent}: name that folder, because "
            "commands choose the split themselves"
        )


def _hint(root: Path) -> str:
    place = root.resolve()
    for parent in reversed(list(place.parents)[:_LEVELS]):
        folders = [part.folder for part in class_parts(parent)]
        if any(folder in (place, *place.parents) for folder in folders):
            return f"it is a part of the data set {parent}: name that folder"
    files = PictureFiles()
    pictures = list(files.below(root))
    texts = [f"pictures are in {_by_folder(pictures, root)}"] if pictures else []
    return "; ".join([*texts, *file_notes(files), EXPECTED])


def _has_pictures(folder: Path) -> bool:
    return any(True for _ in PictureFiles().below(folder))


def _by_folder(pictures: Iterable[Path], root: Path) -> str:
    return _counted(Counter(relative_name(path.parent, root) for path in pictures))


def _counted(pictures: Mapping[str, int]) -> str:
    return _listed(f"{name} ({_many(count, 'picture')})" for name, count in pictures.items())


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    others = [f"{len(names) - _MOST} others"] if len(names) > _MOST else []
    return ", ".join([*names[:_MOST], *others])


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
