"""Finds the pictures of an evaluation in the data folder, by name and then by hash."""

import hashlib
import io
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

from PIL import Image

from detection_model import imaging
from detection_model.evaluation.records import Prediction

_SIDE = 256


class PictureFinder:
    """Finds only pictures whose hash is in an evaluation. Lists folders once."""

    def __init__(self, data: Path, limits: imaging.Limits) -> None:
        self._data = data
        self._limits = limits

    def is_there(self, row: Prediction) -> bool:
        """True if a file of the picture's name exists; its content is not checked."""
        return any(self._candidates(row))

    def thumbnail(self, row: Prediction) -> bytes | None:
        """The picture as a JPEG of at most 256 pixels a side; None if it is missing.

        Raises:
            ImageError: the file is not an accepted picture.
        """
        for file in self._candidates(row):
            data = file.read_bytes()
            if hashlib.sha256(data).hexdigest() == row.sha256:
                image = Image.fromarray(imaging.decode(data, self._limits).pixels)
                image.thumbnail((_SIDE, _SIDE))
                buffer = io.BytesIO()
                image.save(buffer, "JPEG", quality=90)
                return buffer.getvalue()
        return None

    def _candidates(self, row: Prediction) -> Iterator[Path]:
        path = PurePosixPath(row.path)
        if not row.sha256 or path.is_absolute() or ".." in path.parts:
            return
        for folder in self._folders:
            if (folder / path).is_file():
                yield folder / path

    @cached_property
    def _folders(self) -> list[Path]:
        """Possible folders of a data set: data/, a folder in it, or one level deeper."""
        inner = [path for path in self._data.glob("*") if path.is_dir()]
        return [self._data, *inner, *(sub for path in inner for sub in path.glob("*/"))]
