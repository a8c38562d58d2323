"""Forensic views of an image's pixels and file, for a person to judge; none gives a verdict.

Needs neither TensorFlow nor matplotlib nor scipy.
"""

from collections.abc import Callable

from detection_model.forensics.common import View, ViewId
from detection_model.forensics.jpeg import double_compression, jpeg
from detection_model.forensics.pixels import colours, error_level, noise
from detection_model.forensics.spectrum import ClassSpectra, spectrum
from detection_model.measures import Bytes


def view(name: ViewId, data: bytes, pixels: Bytes, averages: ClassSpectra | None = None) -> View:
    """One view of an image.

    Args:
        name: of the view.
        data: the file; `imaging.decode` accepts it.
        pixels: the decoded, upright image, uint8 RGB (height, width, 3).
        averages: mean class spectra to show next to the spectrum; see `read_averages`.
    """
    if name == "spectrum":
        return spectrum(pixels, averages)
    return _OTHERS[name](data, pixels)


_OTHERS: dict[ViewId, Callable[[bytes, Bytes], View]] = {
    "error_level": error_level,
    "noise": noise,
    "jpeg": jpeg,
    "double_compression": double_compression,
    "colours": colours,
}
