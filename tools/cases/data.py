"""Data folders: layouts, names, files that are no pictures, leaks (cases d*)."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from cases.registry import Check, files, kind
from detection_model.data.audit.checks import Inspection, inspect_data
from detection_model.data.audit.report import image_rows
from detection_model.data.folders import DataError, all_examples, find_data


def describe(case: Path) -> str:
    """Splits of a folder, as `train 8+8, test 8+8` (Real and Fake), or its refusal."""
    try:
        data = find_data(case)
    except DataError as error:
        return str(error)
    counts = data.counts()
    return ", ".join(
        f"{split} {counts[f'{split}/Real']}+{counts[f'{split}/Fake']}"
        for split in ("train", "validation", "test")
        if split in data.splits
    )


def _totals(case: Path) -> str:
    """`12+12`: Real and Fake pictures of all splits; or the refusal."""
    try:
        labels = Counter(example.label for example in all_examples(find_data(case)))
    except DataError as error:
        return str(error)
    return f"{labels['Real']}+{labels['Fake']}"


def _inspection(case: Path) -> Inspection:
    return inspect_data(find_data(case), processes=1)


def _names(what: str, text: str, *words: str) -> Check:
    """A text that contains all words."""
    expected = "named: " + ", ".join(words)
    return Check(what, expected, expected if all(word in text for word in words) else text)


def _all(case: Path) -> str:
    """All pictures of a case with one folder for each class."""
    first, second = sorted(path for path in case.iterdir() if path.is_dir())
    counts = [len(list(files(folder))) for folder in (second, first)]
    return f"{counts[0]}+{counts[1]}"


@kind("d02", "d04", "d12", "d13")
def splits(case: Path) -> Iterator[Check]:
    """Wrapped, littered, differently named and nested folders are read as meant."""
    yield Check(case.name, "train 8+8, validation 8+8, test 8+8", describe(case))
    if case.name.startswith("d04"):
        notes = " ".join(find_data(case).notes)
        yield _names("what was skipped", notes, "system files", ".csv (1)", ".txt (1)")


@kind("d03")
def class_names(case: Path) -> Iterator[Check]:
    """Names of classes are understood, or refused with both names."""
    totals = _totals(case)
    names = sorted(path.name for path in case.iterdir() if path.is_dir())
    if totals != "12+12":
        yield _names(case.name, totals, *names)
        return
    labels = {(e.path.relative_to(case).parts[0], e.label) for e in all_examples(find_data(case))}
    yield Check(" and ".join(names), "one class each", "one class each" if len(labels) == 2 else "")


_UNREADABLE = ("cut.jpg", "page.png", "text.jpg", "tiny.png", "zero.jpg")


@kind("d05")
def bad_files(case: Path) -> Iterator[Check]:
    """Unreadable files are left out with the reason; the others are read."""
    unreadable = {
        Path(file.place.path).name: file.reason for file in _inspection(case).scan.unreadable
    }
    yield Check("left out", ", ".join(_UNREADABLE), ", ".join(sorted(unreadable)))
    yield Check(
        "without a reason", "none", _first(n for n, reason in unreadable.items() if not reason)
    )


@kind("d06", "d07")
def names(case: Path) -> Iterator[Check]:
    """Every file counts, whatever its name; tables have a line for each."""
    yield Check("Real and Fake pictures", _all(case), _totals(case))
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows(image_rows(_inspection(case)))
    pictures = len(all_examples(find_data(case)))
    yield Check("lines of the table", str(pictures + 1), str(len(table.getvalue().splitlines())))


@kind("d08")
def leaks(case: Path) -> Iterator[Check]:
    """Copies across splits are leaks; a picture of both classes is named."""
    issues = {(issue.kind, issue.severity): issue for issue in _inspection(case).findings.findings}
    for leak in (
        ("exact_duplicates", "leak"),
        ("near_duplicates", "leak"),
        ("both_classes", "warning"),
    ):
        yield Check(" ".join(leak), "found", "found" if leak in issues else "not found")


@kind("d09")
def missing(case: Path) -> Iterator[Check]:
    """Missing splits and classes are named before training."""
    text = "trained"
    try:
        data = find_data(case)
        for split in ("train", "validation", "test"):
            data.split(split)
    except DataError as error:
        text = str(error)
    yield _names(
        case.name, text, "Fake pictures" if "only-train" not in case.name else "for validation"
    )


_FAMILIES: dict[str, str] = {
    "d10": "file format",
    "d11": "width and height",
    "d15": "JPEG compression",
}


@kind(*_FAMILIES)
def format_leaks(case: Path) -> Iterator[Check]:
    """A property of files that separates the classes is a leak."""
    leaks = [
        issue.message for issue in _inspection(case).findings.leaks if issue.kind == "format_leak"
    ]
    yield _names(case.name, _first(leaks), f"by {_FAMILIES[case.name[:3]]} alone")


@kind("d14")
def class_before_split(case: Path) -> Iterator[Check]:
    """Splits inside the classes are kept."""
    yield Check(case.name, "train 6+6, validation 6+6, test 6+6", describe(case))


@kind("d16")
def two_validations(case: Path) -> Iterator[Check]:
    """Two folders for one split are named."""
    yield _names(case.name, describe(case), "Validation", "val")


def _first(texts: Iterable[str]) -> str:
    return next(iter(texts), "none")
