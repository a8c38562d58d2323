"""Mean spectra of a data set's classes, as small files that a view can show beside its own.

Numbers over hundreds of pictures: no picture can be got back from them.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from pydantic import BaseModel, Field

from detection_model.card import ClassName
from detection_model.data.audit.measures import Bytes, Floats, radial_profile
from detection_model.forensics import drawing

RECORD = "averages.json"
# Those of the published models' data, where the package has them.
PUBLISHED = Path(__file__).parent / "averages"


class ClassAverage(BaseModel):
    """The mean of a class; its spectrum is <class>.png beside the record."""

    pictures: int
    radial: list[float] = Field(description="mean log-amplitude, 0 to half a cycle a pixel")


class Averages(BaseModel):
    """averages.json: of which data, and what the levels of the pictures mean."""

    data: str
    fingerprint: str = Field(description="of the data set, as in its report")
    side: int = Field(description="pictures were brought to so many pixels a side")
    low: float = Field(description="log-amplitude of level 0")
    high: float = Field(description="log-amplitude of level 255")
    classes: dict[ClassName, ClassAverage]


@dataclass(frozen=True)
class ClassSpectra:
    """The record and the mean log-spectra: uint8 (side, side), zero frequency centred."""

    record: Averages
    images: dict[ClassName, Bytes]


def write_averages(
    folder: Path, data: str, fingerprint: str, means: dict[ClassName, tuple[int, Floats]]
) -> None:
    """Write averages.json and a picture for each class.

    Args:
        folder: made where it is not there.
        data: name of the data set.
        fingerprint: its fingerprint.
        means: of each class the number of pictures and the mean log-spectrum (side, side).
    """
    spectra = np.stack([spectrum for _, spectrum in means.values()])
    # A picture of its own is spread wider than a mean, by about 1: the logarithm of noise.
    low, high = np.percentile(spectra, 1) - 1, np.percentile(spectra, 99.9) + 1
    record = Averages(
        data=data,
        fingerprint=fingerprint,
        side=spectra.shape[1],
        low=round(float(low), 3),
        high=round(float(high), 3),
        classes={
            label: ClassAverage(pictures=pictures, radial=rounded(radial_profile(spectrum)))
            for label, (pictures, spectrum) in means.items()
        },
    )
    folder.mkdir(parents=True, exist_ok=True)
    for label, (_, spectrum) in means.items():
        Image.fromarray(drawing.levels(spectrum, record.low, record.high)).save(
            folder / f"{label}.png"
        )
    (folder / RECORD).write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")


def rounded(values: Floats) -> list[float]:
    """With four digits: as float32 they would be written with all of theirs."""
    return values.astype(np.float64).round(4).tolist()  # type: ignore[no-any-return]


def read_averages(folder: Path = PUBLISHED) -> ClassSpectra | None:
    """What `write_averages` wrote; none where there is no record.

    Raises:
        ValueError: the record or a picture is not of that kind.
    """
    path = folder / RECORD
    if not path.is_file():
        return None
    record = Averages.model_validate_json(path.read_text(encoding="utf-8"))
    found = {label: np.asarray(Image.open(folder / f"{label}.png")) for label in record.classes}
    for label, image in found.items():
        if image.shape != (record.side, record.side):
            raise ValueError(f"{label}.png is not of {record.side} x {record.side} levels of grey")
    return ClassSpectra(record, found)
