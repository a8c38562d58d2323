"""Judges what was measured of a data set: leaks, warnings and notes, loudest first."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from detection_model.card import ClassName
from detection_model.data.audit import duplicates
from detection_model.data.audit.duplicates import Indices
from detection_model.data.audit.leaks import FEWEST, Separation, file_separations, light_separations
from detection_model.data.audit.scan import Row, Scan, Unreadable, scan
from detection_model.data.decoding import Progress
from detection_model.data.folders import DataFolder
from detection_model.data.issues import DataIssues, Issue, Kind, Severity, fingerprint

# Beyond this many of one class for one of the other, accuracy flatters who always says the same.
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
    """A file's format, size in pixels, compression or metadata that tells the classes apart."""
    if not separations:
        few = f"Too few pictures to test for format leaks: {FEWEST} of each class are needed."
        return [Issue(kind="not_checked", severity="note", message=few)]
    *families, size, everything = separations
    if leaking := [one for one in families if one.leaks]:
        text = (
            "Fakes and reals are told apart without a look at the pixels, by "
            f"{'; by '.join(f'{one.family} {_how_well(one)}' for one in leaking)}. A detector "
            "learns the file and not the face: bring both classes to one size and encoding before "
            "training and before any claim."
        )
        numbers = {one.family: round(one.auc, 4) for one in leaking}
        return [Issue(kind="format_leak", severity="leak", message=text, numbers=numbers)]
    # What differs in compression differs in bytes as well: said where nothing else is.
    return [
        Issue(
            kind="format_leak",
            severity="warning",
            message=f"Fakes and reals are told apart by {one.family} {_how_well(one)}: at the same "
            "compression that mostly follows from what is in the pictures.",
            numbers={one.family: round(one.auc, 4)},
        )
        for one in (size, everything)
        if one.leaks
    ][:1]


def light_issues(separations: Sequence[Separation]) -> list[Issue]:
    """Classes that differ in colour, light or sharpness: collected, not generated, differently."""
    return [
        Issue(
            kind="content_differs",
            severity="warning",
            message=f"Fakes and reals are told apart by {one.family} {_how_well(one)}: a detector "
            "may learn how the classes were collected. Mix in other sets, and test on another one.",
            numbers={one.family: round(one.auc, 4)},
        )
        for one in separations
        if one.leaks
    ]


def unreadable_issues(unreadable: Sequence[Unreadable]) -> list[Issue]:
    """Files that are left out."""
    if not unreadable:
        return []
    by_class = Counter(one.place.label for one in unreadable)
    message = (
        f"{_many(len(unreadable), 'file')} left out, since nothing can read them "
        f"({by_class['Real']} Real, {by_class['Fake']} Fake)."
    )
    numbers = {"files": float(len(unreadable))}
    return [Issue(kind="unreadable", severity="warning", message=message, numbers=numbers)]


def balance_issues(data: DataFolder) -> list[Issue]:
    """Splits with one class only, or with many more of one than of the other."""
    alone: dict[str, str] = {}
    uneven: dict[str, str] = {}
    for split, examples in data.splits.items():
        counts = Counter(example.label for example in examples)
        fewer, more = sorted(get_args(ClassName), key=lambda label: counts[label])
        if not counts[fewer]:
            alone[split] = more
        elif counts[more] > _UNEVEN * counts[fewer]:
            uneven[split] = f"{split} {counts[more]} {more} to {counts[fewer]} {fewer}"
    found = []
    if alone:
        text = (
            f"Pictures of one class only in {_listed(list(alone))}: nothing can be measured there "
            "without those of another set."
        )
        found.append(Issue(kind="imbalance", severity="warning", message=text))
    if uneven:
        text = (
            f"Uneven classes ({', '.join(uneven.values())}): weigh them in training, and read "
            "balanced accuracy."
        )
        found.append(Issue(kind="imbalance", severity="note", message=text))
    return found


def sample_issues(inspected: int, pictures: int) -> list[Issue]:
    """A sample may miss what all of the pictures would show, copies above all."""
    if inspected >= pictures:
        return []
    text = f"Only {inspected} of {pictures} pictures were looked at: copies may have been missed."
    return [Issue(kind="not_checked", severity="note", message=text)]


def loudest_first(findings: Iterable[Issue]) -> tuple[Issue, ...]:
    """Leaks, then warnings, then notes."""
    return tuple(sorted(findings, key=lambda one: get_args(Severity).index(one.severity)))


def _copies(rows: Sequence[Row], groups: Sequence[Indices], kind: Kind, alike: str) -> list[Issue]:
    across = [group for group in groups if len(_splits(rows, group)) > 1]
    within = [group for group in groups if len(_splits(rows, group)) == 1]
    found = []
    if across:
        between = Counter(" and ".join(_splits(rows, group)) for group in across)
        where = ", ".join(f"{names}: {count}" for names, count in between.most_common())
        text = (
            f"{_many(len(across), 'picture')} with {alike} in more than one split ({where}): what "
            "was learned by heart is measured as skill. Keep one copy of each."
        )
        numbers = {names: float(count) for names, count in between.items()}
        found.append(Issue(kind=kind, severity="leak", message=text, numbers=numbers))
    if within:
        text = f"{_many(len(within), 'picture')} more than once with {alike} within a split."
        numbers = {"pictures": float(len(within))}
        found.append(Issue(kind=kind, severity="note", message=text, numbers=numbers))
    return found


def _both_classes(rows: Sequence[Row], groups: Sequence[Indices]) -> list[Issue]:
    both = [group for group in groups if len({rows[member].place.label for member in group}) > 1]
    if not both:
        return []
    text = f"{_many(len(both), 'picture')} both as Real and as Fake: one of the two is wrong."
    numbers = {"pictures": float(len(both))}
    return [Issue(kind="both_classes", severity="warning", message=text, numbers=numbers)]


def _splits(rows: Sequence[Row], group: Indices) -> list[str]:
    present = {rows[member].place.split for member in group}
    return [split for split in ("train", "validation", "test") if split in present]


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _how_well(one: Separation) -> str:
    telling = (one.telling or one.family).replace("_", " ")
    by = f", mostly {telling}" if telling != one.family else ""
    return f"alone with an AUC of {one.auc:.2f} ({one.low:.2f} to {one.high:.2f}{by})"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


@dataclass(frozen=True)
class Inspection:
    """Result of an audit; duplicates are groups of positions in `scan.rows`.

    `near` has the groups that are not copies of the same pixels all through.
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
    """Look at the pictures as `scan` does, search duplicates and test for leaks.

    Raises:
        DataError: not one picture could be read.
    """
    seen = scan(data, limit=limit, processes=processes, progress=progress)
    exact, near = copies(seen.rows)
    files, light = file_separations(seen.rows), light_separations(seen.rows)
    inspected = len(seen.rows) + len(seen.unreadable)
    pictures = sum(map(len, data.splits.values()))
    found = loudest_first(
        [
            *duplicate_issues(seen.rows, exact, near),
            *file_issues(files),
            *light_issues(light),
            *unreadable_issues(seen.unreadable),
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
        findings=found,
    )
    return Inspection(data, seen, exact, near, files, light, findings)


def copies(rows: Sequence[Row]) -> tuple[list[Indices], list[Indices]]:
    """Groups of positions with the same pixels, and those of the same look but other pixels."""
    pixels = duplicates.same([row.pixels_sha256 for row in rows])
    looks = np.frombuffer(b"".join(row.look for row in rows), np.uint8).reshape(len(rows), -1)
    near = duplicates.members(duplicates.near(looks))
    return duplicates.members(pixels), [group for group in near if len(set(pixels[group])) > 1]
