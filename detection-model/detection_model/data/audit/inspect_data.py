"""A whole data set looked at and judged: what `detection-model data inspect` does."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detection_model.data.audit import checks, duplicates
from detection_model.data.audit.duplicates import Indices
from detection_model.data.audit.leaks import Separation, file_separations, light_separations
from detection_model.data.audit.rows import Row
from detection_model.data.audit.scan import Scan, scan
from detection_model.data.decoding import Progress
from detection_model.data.folders import DataFolder
from detection_model.data.issues import DataFindings, fingerprint


@dataclass(frozen=True)
class Inspection:
    """What was seen and found; duplicates are positions in `scan.rows`, a group a picture.

    `near` has the groups that are not copies of the same pixels all through.
    """

    data: DataFolder
    scan: Scan
    exact: list[Indices]
    near: list[Indices]
    files: list[Separation]
    light: list[Separation]
    findings: DataFindings


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
    found = checks.loudest_first(
        [
            *checks.duplicate_findings(seen.rows, exact, near),
            *checks.file_findings(files),
            *checks.light_findings(light),
            *checks.unreadable_findings(seen.unreadable),
            *checks.balance_findings(data),
            *checks.sample_findings(inspected, pictures),
        ]
    )
    findings = DataFindings(
        data=data.name,
        fingerprint=fingerprint(data),
        split=data.how,
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
