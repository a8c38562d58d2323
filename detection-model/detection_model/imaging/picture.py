"""A decoded picture, the limits on files, and the errors of files that are refused."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

ImageProblem = Literal[
    "empty_file",
    "file_too_large",
    "unsupported_format",
    "too_many_pixels",
    "image_too_small",
    "truncated_image",
    "corrupt_image",
    "unsafe_path",
]
NoteCode = Literal[
    "several_pictures",
    "animation",
    "pages",
    "missing_end",
    "bad_checksum",
    "long_text",
    "colour_profile",
    "broken_colour_profile",
    "float_samples",
    "transparency",
    "fully_transparent",
    "reduced",
    "turned",
    "small_faces",
]
NoteValues = dict[str, int | str]


class Note(BaseModel):
    """A remark on how a file was read: `code` for programs, the message for people.

    `values` are the numbers and names of the message, for texts in other languages.
    """

    code: NoteCode = Field(
        description="several_pictures, animation, pages: which picture of the file was judged; "
        "missing_end, bad_checksum, long_text: a fault that does no harm; colour_profile: colours "
        "were converted to sRGB; broken_colour_profile: the profile was ignored; float_samples: "
        "brightness was scaled; transparency, fully_transparent: blended with white; reduced: "
        "decoded at a smaller size; turned: the face lies on its side or upside down; "
        "small_faces: a second search in parts of the picture found faces"
    )
    message: str
    values: NoteValues = Field(
        {},
        description="of the message: place and count of what was judged, skipped (1: those before "
        "it are blank), more (1: there are more than count), from_width, from_height, width, "
        "height, profile, bytes, turns (quarter turns)",
    )


class ImageError(ValueError):
    """An image file is not accepted: `code` for programs, the message for people."""

    def __init__(self, code: ImageProblem, message: str) -> None:
        super().__init__(message)
        self.code: ImageProblem = code
        self.message = message


@dataclass(frozen=True)
class Limits:
    """Limits on the file in bytes, on all pixels, and on the pixels of the shorter side."""

    max_bytes: int = 30 * 1024 * 1024
    max_pixels: int = 100_000_000
    min_side: int = 32


@dataclass(frozen=True)
class Picture:
    """A decoded, upright image; `pixels` is uint8 sRGB (height, width, 3).

    `notes` say what is special about the file, such as which of its pages was taken.
    """

    pixels: NDArray[np.uint8]
    format: str
    size_bytes: int
    sha256: str
    notes: tuple[Note, ...] = ()

    @property
    def height(self) -> int:
        """Height of the upright image in pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Width of the upright image in pixels."""
        return int(self.pixels.shape[1])
