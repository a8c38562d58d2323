"""report.json: what was found in a data set, and the figures it rests on."""

from collections.abc import Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from detection_model.card import ClassName
from detection_model.data.audit.duplicates import Indices
from detection_model.data.audit.inspect_data import Inspection
from detection_model.data.audit.leaks import Separation
from detection_model.data.audit.rows import Light
from detection_model.data.audit.scan import Scan
from detection_model.data.issues import DataFindings
from detection_model.measures import radial_profile

_MOST = 200


class Spread(BaseModel):
    """Where the values of a measure lie."""

    mean: float
    percentile_5: float
    median: float
    percentile_95: float


class ClassReport(BaseModel):
    """What the pictures of one class are like."""

    pictures: int
    formats: dict[str, int]
    sizes: dict[str, int] = Field(description="pictures by width x height")
    jpeg_qualities: dict[str, int] = Field(description="none: no JPEG file")
    kilobytes: Spread
    measures: dict[str, Spread] = Field(description="at 256 x 256, levels from 0 to 255")
    radial_spectrum: list[float] = Field(description="mean log-amplitude, 0 to half a cycle")


class Copies(BaseModel):
    """Pictures that are one, by their places in the data set's folder."""

    exact: bool
    pictures: list[str]


class DataReport(DataFindings):
    """report.json: the findings and the figures they rest on."""

    classes: dict[ClassName, ClassReport]
    separations: list[Separation] = Field(description="how well each family tells the classes")
    copies: list[Copies] = Field(description=f"at most {_MOST} of each kind; all: images.csv")
    unreadable: dict[str, str] = Field(description=f"files and why, at most {_MOST}")


def data_report(inspection: Inspection) -> DataReport:
    """The record of an inspection."""
    seen = inspection.scan
    return DataReport(
        **inspection.findings.model_dump(),
        classes={label: _class_report(seen, label) for label in seen.classes},
        separations=[*inspection.files, *inspection.light],
        copies=[*_copies(seen, inspection.exact, True), *_copies(seen, inspection.near, False)],
        unreadable={one.place.path: one.reason for one in seen.unreadable[:_MOST]},
    )


def _class_report(seen: Scan, label: ClassName) -> ClassReport:
    rows, light = seen.of(label), seen.light(label)
    return ClassReport(
        pictures=len(rows),
        formats=_commonest(seen, label, "format"),
        sizes=_commonest(seen, label, "width", "height"),
        jpeg_qualities=_commonest(seen, label, "quality"),
        kilobytes=_spread(np.asarray([row.container.bytes / 1024 for row in rows])),
        measures={name: _spread(light[:, at]) for at, name in enumerate(Light._fields)},
        radial_spectrum=radial_profile(seen.means[label].spectrum).round(4).tolist(),
    )


def _commonest(seen: Scan, label: ClassName, *fields: str) -> dict[str, int]:
    return dict(islice(seen.counts(label, *fields).items(), _MOST))


def _spread(values: NDArray[np.floating]) -> Spread:
    low, median, high = np.percentile(values, [5, 50, 95]).round(2).tolist()
    mean = round(float(np.mean(values)), 2)
    return Spread(mean=mean, percentile_5=low, median=median, percentile_95=high)


def _copies(seen: Scan, groups: Sequence[Indices], exact: bool) -> list[Copies]:
    paths = [[seen.rows[at].place.path for at in group] for group in groups[:_MOST]]
    return [Copies(exact=exact, pictures=some) for some in paths]
