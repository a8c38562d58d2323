"""Issues that an audit found in a data set, stored so that later reports repeat them.

Written by `detection-model data inspect` to `logs/data/<name>-<fingerprint>/report.json`: data
folders are often read-only. Imports neither TensorFlow nor scikit-learn.
"""

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from detection_model.data.folders import DataFolder

REPORT = "report.json"
_FOLDER = "data"

Severity = Literal["leak", "warning", "note"]
Kind = Literal[
    "exact_duplicates",
    "near_duplicates",
    "both_classes",
    "format_leak",
    "content_differs",
    "unreadable",
    "imbalance",
    "not_checked",
]


class Issue(BaseModel):
    """One thing found: a leak spoils every figure, a warning may, a note is good to know."""

    kind: Kind
    severity: Severity
    message: str
    numbers: dict[str, float] = {}


class DataIssues(BaseModel):
    """Issues of exactly these files in these splits."""

    data: str = Field(description="name of the data set's folder")
    fingerprint: str
    split: str = Field(description="how the split came about")
    examples: dict[str, int] = Field(description="pictures by split/class")
    inspected: int = Field(description="pictures that were looked at")
    pictures: int = Field(description="pictures there are")
    findings: tuple[Issue, ...] = ()

    @property
    def leaks(self) -> list[Issue]:
        """Issues that make every figure on this data untrustworthy."""
        return [finding for finding in self.findings if finding.severity == "leak"]


def fingerprint(data: DataFolder) -> str:
    """SHA-256 over split, class, place and size of every file; no file is opened."""
    lines = sorted(
        f"{split}/{one.label}/{one.path.relative_to(data.root).as_posix()}:{one.path.stat().st_size}"
        for split, examples in data.splits.items()
        for one in examples
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def report_folder(logs: Path, name: str, fingerprint: str) -> Path:
    """Folder of a data set's audit report."""
    return logs / _FOLDER / f"{name}-{fingerprint[:8]}"


def read_issues(data: DataFolder, logs: Path) -> DataIssues | None:
    """Issues of this data set; None if these files were never audited."""
    wanted = fingerprint(data)
    for path in (logs / _FOLDER).glob(f"*-{wanted[:8]}/{REPORT}"):
        try:
            found = DataIssues.model_validate_json(path.read_bytes())
        except ValueError:
            continue  # half written, or another program's
        if found.fingerprint == wanted:
            return found
    return None


def data_warnings(data: DataFolder, logs: Path) -> tuple[str, ...] | None:
    """The leaks that a report on this data must say; none where nobody looked for any."""
    found = read_issues(data, logs)
    if found is None:
        return None
    said = [f"{found.data}: {finding.message}" for finding in found.leaks]
    if found.inspected < found.pictures:
        said.append(
            f"Only {found.inspected} of the {found.pictures} pictures in {found.data} were "
            "inspected for leaks."
        )
    return tuple(said)


def warnings_for(data: DataFolder, logs: Path) -> tuple[str, ...]:
    """`data_warnings`, or that nobody looked."""
    found = data_warnings(data, logs)
    return (not_inspected(data.name),) if found is None else found


def not_inspected(name: str) -> str:
    """Warning for a data set that was never audited."""
    return (
        f"{name} was not inspected for leaks, or has changed since; "
        "to do so: detection-model data inspect FOLDER"
    )
