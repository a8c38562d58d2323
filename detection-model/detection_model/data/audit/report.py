"""Reports on a data set: tables for the terminal, report.json, images.csv and index.html.

Needs matplotlib, jinja2 and rich.
"""

import base64
import csv
import io
import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, get_args

import jinja2
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pydantic import BaseModel, Field
from rich.table import Table

from detection_model.card import ClassName
from detection_model.data.audit import plots
from detection_model.data.audit.checks import Inspection
from detection_model.data.audit.leaks import Indices, Separation
from detection_model.data.audit.scan import Light, Place, Row, Scan
from detection_model.data.folders import DataFolder, Example, SplitName
from detection_model.data.issues import REPORT, DataIssues, report_folder
from detection_model.data.picture_files import printable
from detection_model.headers import Container
from detection_model.measures import SIDE, radial_profile


def counts_table(data: DataFolder) -> Table:
    """Pictures by split and class."""
    classes = get_args(ClassName)
    table = Table("split", *classes, title=f"{data.name}, split {data.split_origin}", min_width=40)
    counts = data.counts()
    for split in get_args(SplitName):
        if split in data.splits:
            table.add_row(split, *(str(counts[f"{split}/{label}"]) for label in classes))
    return table


def files_table(scan: Scan) -> Table:
    """Formats, dimensions and file sizes of each class, which should not differ."""
    table = Table(
        "class", "pictures", "formats", "width x height", "JPEG quality", "KB: median (range)"
    )
    for label in scan.classes:
        sizes = np.asarray([row.container.bytes / 1024 for row in scan.of(label)])
        table.add_row(
            label,
            str(len(sizes)),
            commonest(scan.counts(label, "format")),
            commonest(scan.counts(label, "width", "height")),
            commonest(scan.counts(label, "quality")),
            f"{np.median(sizes):.1f} ({sizes.min():.1f} to {sizes.max():.1f})",
        )
    return table


def separations_table(separations: Sequence[Separation]) -> Table:
    """AUC of a small decision tree on each family of features; 0.5 is chance."""
    table = Table("family", "AUC", "95 % interval", "top feature")
    for separation in separations:
        table.add_row(
            f"[bold red]{separation.family}[/]" if separation.leaks else separation.family,
            f"{separation.auc:.2f}",
            f"{separation.low:.2f} to {separation.high:.2f}",
            separation.telling.replace("_", " ") if separation.telling else "nothing",
        )
    return table


def commonest(counts: Mapping[str, int], most: int = 3) -> str:
    """The first values with their counts, and the number of others."""
    named = [f"{name} ({count})" for name, count in islice(counts.items(), most)]
    others = len(counts) - most
    return ", ".join(named) + (f", {others} others" if others > 0 else "")


_MOST = 200


class Spread(BaseModel):
    """Distribution of a measure."""

    mean: float
    percentile_5: float
    median: float
    percentile_95: float


class ClassReport(BaseModel):
    """Statistics of one class."""

    pictures: int
    formats: dict[str, int]
    sizes: dict[str, int] = Field(description="pictures by width x height")
    jpeg_qualities: dict[str, int] = Field(description="none: no JPEG file")
    kilobytes: Spread
    measures: dict[str, Spread] = Field(description="at 256 x 256, levels from 0 to 255")
    radial_spectrum: list[float] = Field(description="mean log-amplitude, 0 to half a cycle")


class Copies(BaseModel):
    """A group of duplicates, as paths in the data set's folder."""

    exact: bool
    pictures: list[str]


class DataReport(DataIssues):
    """report.json: the issues and the figures behind them."""

    classes: dict[ClassName, ClassReport]
    separations: list[Separation] = Field(description="how well each family separates the classes")
    copies: list[Copies] = Field(description=f"at most {_MOST} of each kind; all: images.csv")
    unreadable: dict[str, str] = Field(description=f"files and why, at most {_MOST}")


def data_report(inspection: Inspection) -> DataReport:
    """The content of report.json."""
    scan = inspection.scan
    return DataReport(
        **inspection.findings.model_dump(),
        classes={label: _class_report(scan, label) for label in scan.classes},
        separations=[*inspection.files, *inspection.light],
        copies=[*_copies(scan, inspection.exact, True), *_copies(scan, inspection.near, False)],
        unreadable={printable(file.place.path): file.reason for file in scan.unreadable[:_MOST]},
    )


def _class_report(scan: Scan, label: ClassName) -> ClassReport:
    rows, light = scan.of(label), scan.light(label)
    return ClassReport(
        pictures=len(rows),
        formats=_commonest(scan, label, "format"),
        sizes=_commonest(scan, label, "width", "height"),
        jpeg_qualities=_commonest(scan, label, "quality"),
        kilobytes=_spread(np.asarray([row.container.bytes / 1024 for row in rows])),
        measures={name: _spread(light[:, at]) for at, name in enumerate(Light._fields)},
        radial_spectrum=radial_profile(scan.means[label].spectrum).round(4).tolist(),
    )


def _commonest(scan: Scan, label: ClassName, *fields: str) -> dict[str, int]:
    return dict(islice(scan.counts(label, *fields).items(), _MOST))


def _spread(values: NDArray[np.floating]) -> Spread:
    low, median, high = np.percentile(values, [5, 50, 95]).round(2).tolist()
    mean = round(float(np.mean(values)), 2)
    return Spread(mean=mean, percentile_5=low, median=median, percentile_95=high)


def _copies(scan: Scan, groups: Sequence[Indices], exact: bool) -> list[Copies]:
    paths = [[printable(scan.rows[at].place.path) for at in group] for group in groups[:_MOST]]
    return [Copies(exact=exact, pictures=some) for some in paths]


_TEMPLATE = "report.html.jinja"
_COLUMNS = 8
_COPIES = 12
_DPI = 110


class Picture(NamedTuple):
    """A figure of the page: data URI, alternative text and caption."""

    source: str
    alt: str
    caption: str


def report_page(inspection: Inspection, record: DataReport) -> str:
    """The report as one HTML page with embedded pictures."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("detection_model.data.audit", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(_TEMPLATE).render(
        report=record,
        splits=sorted({name.split("/")[0] for name in record.examples}, key=_split_order),
        families=(inspection.files, inspection.light),
        commonest=commonest,
        side=SIDE,
        pictures=list(_pictures(inspection)),
        copies=list(_copy_groups(inspection)),
    )


def _pictures(inspection: Inspection) -> Iterator[Picture]:
    scan = inspection.scan
    classes = " and ".join(scan.classes)
    yield Picture(
        _embedded(plots.grid_figure(_sample(inspection), _COLUMNS)),
        f"A row of {classes} pictures each.",
        "Some pictures of each class, drawn at random.",
    )
    yield Picture(
        _embedded(plots.distributions_figure(scan)),
        f"Overlaid histograms of brightness, contrast and sharpness of {classes}.",
        "The histograms should overlap: if one class is brighter or sharper as a whole, the "
        "classes were collected differently.",
    )
    yield Picture(
        _embedded(plots.means_figure(scan)),
        f"The mean picture of {classes}, and their difference.",
        "A sharp mean shows aligned faces. Red: fakes are brighter there.",
    )
    yield Picture(
        _embedded(plots.spectra_figure(scan)),
        f"Mean log-spectra of {classes}, zero frequency in the middle, and their difference.",
        "Regularly spaced points or lines in one class only are traces of up-sampling or of "
        "different JPEG compression.",
    )
    yield Picture(
        _embedded(plots.radial_figure(scan)),
        f"Mean log-amplitude of {classes} by frequency.",
        "The radial mean of the spectra. Generated pictures often deviate from natural ones at "
        "high frequencies; scaled pictures do too.",
    )


def _copy_groups(inspection: Inspection) -> Iterator[Picture]:
    kinds = (("the same pixels", inspection.exact), ("the same look", inspection.near))
    for alike, groups in kinds:
        members = [[inspection.scan.rows[at] for at in group] for group in groups]
        if members:
            examples = sorted(members, key=_within_a_split)[:_COPIES]
            yield Picture(
                _embedded(plots.copies_figure(examples, inspection.data.root)),
                f"Pairs of pictures with {alike}.",
                f"Two of each group with {alike}: {len(examples)} of {len(members)} groups, those "
                "across splits first.",
            )


def _sample(inspection: Inspection) -> list[Example]:
    scan, examples = inspection.scan, list[Example]()
    for label in scan.classes:
        rows = scan.of(label)
        some = random.Random(0).sample(rows, min(_COLUMNS, len(rows)))  # noqa: S311
        examples += [Example(inspection.data.root / row.place.path, label) for row in some]
    return examples


def _embedded(figure: Figure) -> str:
    file = io.BytesIO()
    figure.savefig(file, format="webp", dpi=_DPI, pil_kwargs={"quality": 85})
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"


def _within_a_split(group: Sequence[Row]) -> bool:
    return len({row.place.split for row in group}) == 1


def _split_order(name: str) -> int:
    return ("train", "validation", "test").index(name)


PAGE = "index.html"
IMAGES = "images.csv"
_HASHES = ("sha256", "pixels_sha256", "perceptual_hash")
_GROUPS = ("exact_copies", "near_copies")
HEADER = (*Place._fields, *_HASHES, *_GROUPS, *Container._fields, *Light._fields, "problem")


def write_report(inspection: Inspection, logs: Path) -> Path:
    """Write and return `logs/data/<name>-<fingerprint>/`; an existing report is replaced."""
    record = data_report(inspection)
    folder = report_folder(logs, record.data, record.fingerprint)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / IMAGES).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(image_rows(inspection))
    (folder / PAGE).write_text(report_page(inspection, record), encoding="utf-8")
    # Written last: it marks the report as complete.
    (folder / REPORT).write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return folder


def image_rows(inspection: Inspection) -> Iterator[Sequence[Any]]:
    """The rows of images.csv: header, pictures, and unreadable files with their problem.

    Duplicates share a number in `exact_copies` or `near_copies`.
    """
    yield HEADER
    exact, near = _numbered(inspection.exact), _numbered(inspection.near)
    for at, row in enumerate(inspection.scan.rows):
        hashes = (row.sha256, row.pixels_sha256, row.look.hex())
        groups = (exact.get(at), near.get(at))
        yield (*_shown(row.place), *hashes, *groups, *row.container, *row.light, None)
    nothing = [None] * (len(HEADER) - len(Place._fields) - 1)
    for file in inspection.scan.unreadable:
        yield (*_shown(file.place), *nothing, file.reason)


def _shown(place: Place) -> Place:
    return place._replace(path=printable(place.path))


def _numbered(groups: Sequence[Indices]) -> dict[int, int]:
    return {int(at): number for number, group in enumerate(groups, start=1) for at in group}
