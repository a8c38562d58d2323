"""Decodes untrusted image files to upright sRGB pixels, and pixels to model inputs.

Training and serving share this preprocessing. The size is checked in the header, before any pixel
is decoded.
"""

from detection_model.imaging.decoding import decode
from detection_model.imaging.formats import FORMATS, SUPPORTED
from detection_model.imaging.inputs import resampling, resize, scale, to_input
from detection_model.imaging.picture import (
    ImageError,
    ImageProblem,
    Limits,
    Note,
    NoteCode,
    Picture,
)
from detection_model.imaging.repair import without_faults

__all__ = [
    "FORMATS",
    "SUPPORTED",
    "ImageError",
    "ImageProblem",
    "Limits",
    "Note",
    "NoteCode",
    "Picture",
    "decode",
    "resampling",
    "resize",
    "scale",
    "to_input",
    "without_faults",
]
