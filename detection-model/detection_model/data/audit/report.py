"""The report of an inspection on disk: index.html, report.json and images.csv."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from detection_model.data.audit.duplicates import Indices
from detection_model.data.audit.inspect_data import Inspection
from detection_model.data.audit.page import report_page
from detection_model.data.audit.record import data_report
from detection_model.data.audit.rows import Light, Place
from detection_model.data.issues import REPORT, report_folder
from detection_model.headers import Container

PAGE = "index.html"
IMAGES = "images.csv"
_HASHES = ("sha256", "pixels_sha256", "perceptual_hash")
_GROUPS = ("exact_copies", "near_copies")
HEADER = (*Place._fields, *_HASHES, *_GROUPS, *Container._fields, *Light._fields, "problem")


def write_report(inspection: Inspection, logs: Path) -> Path:
    """Write `logs/data/<name>-<fingerprint>/` and return it; an earlier one is replaced."""
    record = data_report(inspection)
    folder = report_folder(logs, record.data, record.fingerprint)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / IMAGES).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(image_rows(inspection))
    (folder / PAGE).write_text(report_page(inspection, record), encoding="utf-8")
    # Last: where it is, the rest is whole.
    (folder / REPORT).write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return folder


def image_rows(inspection: Inspection) -> Iterator[Sequence[Any]]:
    """The header, a row for each picture, and one with its problem for each unreadable file.

    Pictures that are copies share a number in `exact_copies` or `near_copies`.
    """
    yield HEADER
    exact, near = _numbered(inspection.exact), _numbered(inspection.near)
    for at, row in enumerate(inspection.scan.rows):
        hashes = (row.sha256, row.pixels_sha256, row.look.hex())
        groups = (exact.get(at), near.get(at))
        yield (*row.place, *hashes, *groups, *row.container, *row.light, None)
    nothing = [None] * (len(HEADER) - len(Place._fields) - 1)
    for one in inspection.scan.unreadable:
        yield (*one.place, *nothing, one.reason)


def _numbered(groups: Sequence[Indices]) -> dict[int, int]:
    return {int(at): number for number, group in enumerate(groups, start=1) for at in group}
