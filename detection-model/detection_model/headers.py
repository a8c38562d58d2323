"""Image file headers: format, size, JPEG tables and metadata, read without the pixels."""

import io
import warnings
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

from detection_model.imaging import FORMATS, without_faults


class Container(NamedTuple):
    """Header fields of an image file; the JPEG fields are none for other formats.

    `luma_table` and `chroma_table` are the sums of the quantisation tables, `quality` the
    libjpeg quality with the same luma sum (1 to 100), `subsampling` 0, 1 or 2 for 4:4:4, 4:2:2
    or 4:2:0. `exif`, `icc` and `other_metadata` are sizes in bytes, `tags` are the
    other header entries.
    """

    format: str
    mode: str
    bytes: int
    width: int
    height: int
    quality: int | None
    luma_table: int | None
    chroma_table: int | None
    subsampling: int | None
    progressive: bool
    exif: int
    icc: int
    other_metadata: int
    tags: str


# Entries that every JPEG decoder sets, or that have a column of their own.
_NO_TAG = {"exif", "icc_profile", "progressive", "progression"}


def read_container(data: bytes) -> Container:
    """Read a picture's header; the pixels are not decoded.

    Raises:
        OSError: not an image. Call this on files that `imaging.decode` has accepted.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = Image.open(io.BytesIO(without_faults(data)), formats=FORMATS)
    with image:
        info = image.info
        sums = _table_sums(image)
        others = {name: value for name, value in info.items() if name not in _NO_TAG}
        return Container(
            format="JPEG" if image.format == "MPO" else str(image.format),
            mode=image.mode,
            bytes=len(data),
            width=image.width,
            height=image.height,
            quality=jpeg_quality(sums[0]) if sums else None,
            luma_table=sums[0] if sums else None,
            chroma_table=sums[1] if len(sums) > 1 else None,
            subsampling=JpegImagePlugin.get_sampling(image) if sums else None,
            progressive=bool(info.get("progressive")),
            exif=len(info.get("exif") or b""),
            icc=len(info.get("icc_profile") or b""),
            other_metadata=sum(_length(value) for value in others.values()),
            tags=" ".join(sorted(_tag(str(name), value) for name, value in others.items())),
        )


def jpeg_quality(luma_sum: int) -> int:
    """The libjpeg quality (1 to 100) whose luma table has the sum nearest to this one.

    Exact for files that libjpeg wrote; cameras and Photoshop have tables of their own.
    """
    return int(np.argmin(np.abs(_luma_sums() - luma_sum))) + 1


@cache
def _luma_sums() -> NDArray[np.int64]:
    """Sum of libjpeg's luma table at each quality from 1 to 100."""
    sums: list[int] = []
    for quality in range(1, 101):
        file = io.BytesIO()
        Image.new("L", (8, 8)).save(file, "JPEG", quality=quality)
        with Image.open(file) as image:
            sums += _table_sums(image)
    return np.asarray(sums, np.int64)


def _table_sums(image: Image.Image) -> list[int]:
    """Sums of a JPEG's quantisation tables, luma first; none in other formats."""
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        return []
    return [sum(table) for _, table in sorted(image.quantization.items())]


def _length(value: object) -> int:
    return len(value) if isinstance(value, (str, bytes)) else 0


def _tag(name: str, value: object) -> str:
    """A name, with its value if that is a number or a tuple."""
    if isinstance(value, tuple):
        return f"{name}={'x'.join(str(part) for part in value)}"
    return f"{name}={value}" if isinstance(value, (int, float)) else name
