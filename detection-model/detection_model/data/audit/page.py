"""The report as one HTML page that needs nothing from outside. Needs matplotlib and jinja2."""

import base64
import io
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import jinja2
from matplotlib.figure import Figure

from detection_model.data.audit import plots
from detection_model.data.audit.inspect_data import Inspection
from detection_model.data.audit.record import DataReport
from detection_model.data.audit.rows import Row
from detection_model.data.audit.tables import commonest
from detection_model.data.folders import Example
from detection_model.measures import SIDE

_TEMPLATE = "report.html.jinja"
_COLUMNS = 8
_COPIES = 12
_DPI = 110


class Picture(NamedTuple):
    """A figure within the page: a data URI, what it shows in words, and a caption."""

    source: str
    alt: str
    caption: str


def report_page(inspection: Inspection, record: DataReport) -> str:
    """The whole page, pictures included."""
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
        copies=list(_copies(inspection)),
    )


def _pictures(inspection: Inspection) -> Iterator[Picture]:
    seen = inspection.scan
    classes = " and ".join(seen.classes)
    yield Picture(
        _embedded(plots.grid_figure(_sample(inspection), _COLUMNS)),
        f"A row of {classes} pictures each.",
        "Some pictures of each class, drawn at random.",
    )
    yield Picture(
        _embedded(plots.distributions_figure(seen)),
        f"Histograms of brightness, contrast and sharpness of {classes}, laid over each other.",
        "The classes should lie on top of each other: where one is brighter or sharper as a whole, "
        "that says how it was collected.",
    )
    yield Picture(
        _embedded(plots.means_figure(seen)),
        f"The mean picture of {classes}, and their difference.",
        "A sharp mean shows aligned faces. Red: fakes are brighter there.",
    )
    yield Picture(
        _embedded(plots.spectra_figure(seen)),
        f"Mean log-spectra of {classes}, zero frequency in the middle, and their difference.",
        "Points or lines at regular distances that one class has and the other lacks are traces "
        "of up-sampling, or of a JPEG history of its own.",
    )
    yield Picture(
        _embedded(plots.radial_figure(seen)),
        f"Mean log-amplitude of {classes} by frequency.",
        "The same by frequency alone. Generators often miss the fall of natural pictures at the "
        "right end; so do pictures that were scaled.",
    )


def _copies(inspection: Inspection) -> Iterator[Picture]:
    kinds = (("the same pixels", inspection.exact), ("the same look", inspection.near))
    for alike, groups in kinds:
        members = [[inspection.scan.rows[at] for at in group] for group in groups]
        if members:
            shown = sorted(members, key=_within_a_split)[:_COPIES]
            yield Picture(
                _embedded(plots.copies_figure(shown, inspection.data.root)),
                f"Pairs of pictures with {alike}.",
                f"Two of each group with {alike}: {len(shown)} of {len(members)} groups, those "
                "across splits first.",
            )


def _sample(inspection: Inspection) -> list[Example]:
    seen, drawn = inspection.scan, list[Example]()
    for label in seen.classes:
        rows = seen.of(label)
        some = random.Random(0).sample(rows, min(_COLUMNS, len(rows)))  # noqa: S311
        drawn += [Example(inspection.data.root / row.place.path, label) for row in some]
    return drawn


def _embedded(figure: Figure) -> str:
    file = io.BytesIO()
    figure.savefig(file, format="webp", dpi=_DPI, pil_kwargs={"quality": 85})
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"


def _within_a_split(group: Sequence[Row]) -> bool:
    return len({row.place.split for row in group}) == 1


def _split_order(name: str) -> int:
    return ("train", "validation", "test").index(name)
