"""Turns the measurements of a data set into issues: leaks, warnings and notes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from detection_model.card import ClassName
from detection_model.data.audit import leaks
from detection_model.data.audit.leaks import (
    FEWEST,
    Indices,
    Separation,
    file_separations,
    light_separations,
)
from detection_model.data.audit.scan import Row, Scan, Unreadable, scan
from detection_model.data.folders import DataFolder
from detection_model.data.issues import DataIssues, Issue, Kind, Severity, fingerprint
from detection_model.data.preprocessing import Progress

# Above this class ratio accuracy is misleading.
_UNEVEN = 1.5


def duplicate_issues(
    rows: Sequence[Row], exact: Sequence[Indices], near: Sequence[Indices]
) -> list[Issue]:
    """Copies across splits are leaks, under both classes warnings, within a split notes."""
    return [
        *_copies(rows, exact, "exact_duplicates", "the same pixels"),
        *_copies(
            rows,
            near,
            "near_duplicates",
            "the same look (re-encoded, scaled, or with other brightness)",
        ),
        *_both_classes(rows, [*exact, *near]),
    ]


def file_issues(separations: Sequence[Separation]) -> list[Issue]:
    """File formats, dimensions, compression or metadata that separate the classes."""
    if not separations:
        few = f"Too few pictures to test for format leaks: {FEWEST} of each class are needed."
        return [Issue(kind="not_checked", severity="note", message=few)]
    *families, size, everything = separations
    if leaking := [leak for leak in families if leak.leaks]:
        text = (
            "Fakes and reals can be separated without the pixels, by "
            f"{'; by '.join(f'{leak.family} {_how_well(leak)}' for leak in leaking)}. A detector "
            "learns the file, not the face. Bring both classes to one size and encoding before "
            "training and evaluation."
        )
        numbers = {leak.family: round(leak.auc, 4) for leak in leaking}
        return [Issue(kind="format_leak", severity="leak", message=text, numbers=numbers)]
    # File size follows from compression, so it is reported only without other leaks.
    return [
        Issue(
            kind="format_leak",
            severity="warning",
            message=f"Fakes and reals can be separated by {leak.family} {_how_well(leak)}. At the "
            "same compression, this mostly follows from the content of the pictures.",
            numbers={leak.family: round(leak.auc, 4)},
        )
        for leak in (size, everything)
        if leak.leaks
    ][:1]


def light_issues(separations: Sequence[Separation]) -> list[Issue]:
    """Colour, light or sharpness that separate the classes: a difference in how they were made."""
    return [
        Issue(
            kind="content_differs",
            severity="warning",
            message=f"Fakes and reals can be separated by {leak.family} {_how_well(leak)}. A "
            "detector may learn how the classes were collected. Add other data sets, and test on "
            "another one.",
            numbers={leak.family: round(leak.auc, 4)},
        )
        for leak in separations
        if leak.leaks
    ]


def unreadable_issues(unreadable: Sequence[Unreadable]) -> list[Issue]:
    """Unreadable files."""
    if not unreadable:
        return []
    by_class = Counter(file.place.label for file in unreadable)
    message = (
        f"{_many(len(unreadable), 'file')} skipped, because they cannot be read "
        f"({by_class['Real']} Real, {by_class['Fake']} Fake)."
    )
    numbers = {"files": float(len(unreadable))}
    return [Issue(kind="unreadable", severity="warning", message=message, numbers=numbers)]


def skipped_issues(data: DataFolder) -> list[Issue]:
    """Pictures outside the class folders, and files that are not pictures."""
    return [
        *(Issue(kind="skipped", severity="warning", message=f"{text}.") for text in data.warnings),
        *(Issue(kind="skipped", severity="note", message=f"{text}.") for text in data.notes),
    ]


def balance_issues(data: DataFolder) -> list[Issue]:
    """Splits with a single class or with uneven classes."""
    single: dict[str, str] = {}
    uneven: dict[str, str] = {}
    for split, examples in data.splits.items():
        counts = Counter(example.label for example in examples)
        fewer, more = sorted(get_args(ClassName), key=lambda label: counts[label])
        if not counts[fewer]:
            single[split] = f"{split} ({more})"
        elif counts[more] > _UNEVEN * counts[fewer]:
            uneven[split] = f"{split} {counts[more]} {more} to {counts[fewer]} {fewer}"
    issues = []
    if single:
        text = (
            f"Only one class in {_listed(list(single.values()))}: evaluation there needs pictures "
            "of the other class from another data set."
        )
        issues.append(Issue(kind="imbalance", severity="warning", message=text))
    if uneven:
        text = (
            f"Uneven classes ({', '.join(uneven.values())}): use class weights in training, and "
            "balanced accuracy in evaluation."
        )
        issues.append(Issue(kind="imbalance", severity="note", message=text))
    return issues


def sample_issues(inspected: int, pictures: int) -> list[Issue]:
    """A note that only a sample was inspected, which may miss duplicates."""
    if inspected >= pictures:
        return []
    text = f"Only {inspected} of {pictures} pictures were inspected: duplicates may be missed."
    return [Issue(kind="not_checked", severity="note", message=text)]


def loudest_first(findings: Iterable[Issue]) -> tuple[Issue, ...]:
    """Leaks, then warnings, then notes."""
    return tuple(sorted(findings, key=lambda issue: get_args(Severity).index(issue.severity)))


def _copies(rows: Sequence[Row], groups: Sequence[Indices], kind: Kind, alike: str) -> list[Issue]:
    across = [group for group in groups if len(_splits(rows, group)) > 1]
    within = [group for group in groups if len(_splits(rows, group)) == 1]
    issues = []
    if across:
        between = Counter(" and ".join(_splits(rows, group)) for group in across)
        where = ", ".join(f"{names}: {count}" for names, count in between.most_common())
        text = (
            f"{_many(len(across), 'picture')} with {alike} in more than one split ({where}). "
            "Duplicates across splits inflate the test score: keep one copy of each."
        )
        numbers = {names: float(count) for names, count in between.items()}
        issues.append(Issue(kind=kind, severity="leak", message=text, numbers=numbers))
    if within:
        text = f"{_many(len(within), 'picture')} with {alike} more than once within a split."
        numbers = {"pictures": float(len(within))}
        issues.append(Issue(kind=kind, severity="note", message=text, numbers=numbers))
    return issues


def _both_classes(rows: Sequence[Row], groups: Sequence[Indices]) -> list[Issue]:
    both = [group for group in groups if len({rows[member].place.label for member in group}) > 1]
    if not both:
        return []
    text = f"{_many(len(both), 'picture')} labelled both Real and Fake: one label is wrong."
    numbers = {"pictures": float(len(both))}
    return [Issue(kind="both_classes", severity="warning", message=text, numbers=numbers)]


def _splits(rows: Sequence[Row], group: Indices) -> list[str]:
    present = {rows[member].place.split for member in group}
    return [split for split in ("train", "validation", "test") if split in present]


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _how_well(result: Separation) -> str:
    telling = (result.telling or result.family).replace("_", " ")
    by = f", mostly {telling}" if telling != result.family else ""
    return f"alone with an AUC of {result.auc:.2f} ({result.low:.2f} to {result.high:.2f}{by})"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


@dataclass(frozen=True)
class Inspection:
    """Result of an audit; duplicates are groups of positions in `scan.rows`.

    `near` has the groups in which not all pixels are identical.
    """

    data: DataFolder
    scan: Scan
    exact: list[Indices]
    near: list[Indices]
    files: list[Separation]
    light: list[Separation]
    findings: DataIssues


def inspect_data(
    data: DataFolder,
    *,
    limit: int | None = None,
    processes: int | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Inspection:
    """Scan the pictures, find duplicates and test for leaks; arguments as for `scan`.

    Raises:
        DataError: no picture could be read.
    """
    result = scan(data, limit=limit, processes=processes, progress=progress)
    exact, near = copies(result.rows)
    files, light = file_separations(result.rows), light_separations(result.rows)
    inspected = len(result.rows) + len(result.unreadable)
    pictures = sum(map(len, data.splits.values()))
    issues = loudest_first(
        [
            *duplicate_issues(result.rows, exact, near),
            *file_issues(files),
            *light_issues(light),
            *unreadable_issues(result.unreadable),
            *skipped_issues(data),
            *balance_issues(data),
            *sample_issues(inspected, pictures),
        ]
    )
    findings = DataIssues(
        data=data.name,
        fingerprint=fingerprint(data),
        split=data.split_origin,
        examples=data.counts(),
        inspected=inspected,
        pictures=pictures,
        findings=issues,
    )
    return Inspection(data, result, exact, near, files, light, findings)


def copies(rows: Sequence[Row]) -> tuple[list[Indices], list[Indices]]:
    """Groups of positions with identical pixels, and groups of near duplicates."""
    pixels = leaks.identical([row.pixels_sha256 for row in rows])
    looks = np.frombuffer(b"".join(row.look for row in rows), np.uint8).reshape(len(rows), -1)
    near = leaks.duplicate_groups(leaks.near_duplicates(looks))
    return leaks.duplicate_groups(pixels), [group for group in near if len(set(pixels[group])) > 1]
