"""Issues that an audit found in a data set, stored so that later reports repeat them.

`detection-model data inspect` writes `logs/data/<name>-<fingerprint>/report.json`, because data
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
    "skipped",
    "imbalance",
    "not_checked",
]


class Issue(BaseModel):
    """One issue: a leak invalidates every figure, a warning may, a note is informative."""

    kind: Kind
    severity: Severity
    message: str
    numbers: dict[str, float] = {}


class DataIssues(BaseModel):
    """Issues of a data set with exactly these files and splits."""

    data: str = Field(description="name of the data set's folder")
    fingerprint: str
    split: str = Field(description="origin of the split")
    examples: dict[str, int] = Field(description="pictures by split/class")
    inspected: int = Field(description="inspected pictures")
    pictures: int = Field(description="all pictures")
    findings: tuple[Issue, ...] = ()

    @property
    def leaks(self) -> list[Issue]:
        """Issues that invalidate every figure on this data."""
        return [finding for finding in self.findings if finding.severity == "leak"]


def fingerprint(data: DataFolder) -> str:
    """SHA-256 over split, class, path and size of every file; no file is opened."""
    lines = sorted(
        f"{split}/{example.label}/{example.path.relative_to(data.root).as_posix()}:"
        f"{example.path.stat().st_size}"
        for split, examples in data.splits.items()
        for example in examples
    )
    # File names on Linux may hold bytes that are not UTF-8.
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


def report_folder(logs: Path, name: str, fingerprint: str) -> Path:
    """Folder of a data set's audit report."""
    return logs / _FOLDER / f"{name}-{fingerprint[:8]}"


def read_issues(data: DataFolder, logs: Path) -> DataIssues | None:
    """Issues of this data set; None if these files were never audited."""
    current = fingerprint(data)
    for path in (logs / _FOLDER).glob(f"*-{current[:8]}/{REPORT}"):
        try:
            issues = DataIssues.model_validate_json(path.read_bytes())
        except ValueError:
            continue  # incomplete, or not an audit report
        if issues.fingerprint == current:
            return issues
    return None


def data_warnings(data: DataFolder, logs: Path) -> tuple[str, ...] | None:
    """Warnings that reports on this data must repeat; None if the data was never audited."""
    issues = read_issues(data, logs)
    if issues is None:
        return None
    texts = [f"{issues.data}: {finding.message}" for finding in issues.leaks]
    texts += _folder_warnings(data)
    if issues.inspected < issues.pictures:
        texts.append(
            f"Only {issues.inspected} of the {issues.pictures} pictures in {issues.data} were "
            "inspected for leaks."
        )
    return tuple(texts)


def warnings_for(data: DataFolder, logs: Path) -> tuple[str, ...]:
    """`data_warnings`, with a warning if the data was never audited."""
    texts = data_warnings(data, logs)
    return (not_inspected(data.name), *_folder_warnings(data)) if texts is None else texts


def _folder_warnings(data: DataFolder) -> list[str]:
    return [f"{data.name}: {text}" for text in data.warnings]


def not_inspected(name: str) -> str:
    """Warning for a data set that was never audited."""
    return (
        f"{name} was not inspected for leaks, or has changed since. "
        "Run: detection-model data inspect FOLDER"
    )
