"""An upright image and its crops: one per face, and the whole image.

Faces are detected once, and a crop is resized once, however many models use them.
"""

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detection_model import imaging
from detection_model.card import InputSpec
from detection_model.faces import Face, crop, crop_box, find_faces
from detection_model.faces.search import Search, search
from detection_model.imaging import Note

Bytes = NDArray[np.uint8]

# All faces are counted, but only the largest are classified: a crowd must not block the queue.
MAX_FACES = 8


class Crop:
    """A region of an upright image, uint8 RGB (h, w, 3), values 0 to 255.

    Args:
        pixels: the whole image.
        face: the face to crop to; None for the whole image.

    Not thread-safe.
    """

    def __init__(self, pixels: Bytes, face: Face | None = None) -> None:
        self._image = pixels
        self._pixels: dict[float | None, Bytes] = {}
        self._inputs: dict[InputSpec, NDArray[np.float32]] = {}
        self.face = face

    def pixels(self, margin: float | None) -> Bytes:
        """The square around the face with a margin in face widths; without either, the image."""
        if margin not in self._pixels:
            self._pixels[margin] = self._cut(margin)
        return self._pixels[margin]

    def model_input(self, spec: InputSpec) -> NDArray[np.float32]:
        """float32 (spec.height, spec.width, 3), scaled as the card says; shared, do not modify."""
        if spec not in self._inputs:
            self._inputs[spec] = imaging.to_input(self.pixels(spec.face_margin), spec)
        return self._inputs[spec]

    def perturbed(self, perturbation: Callable[[Bytes], Bytes]) -> "Crop":
        """The same region with a perturbation, applied before it is resized."""
        return _PerturbedCrop(self, perturbation)

    def _cut(self, margin: float | None) -> Bytes:
        if self.face is None or margin is None:
            return self._image
        height, width = self._image.shape[:2]
        box = crop_box(self.face, margin, height=height, width=width)
        return crop(self._image, box, self.face.turns)


class _PerturbedCrop(Crop):
    def __init__(self, original: Crop, perturbation: Callable[[Bytes], Bytes]) -> None:
        super().__init__(original._image, original.face)
        self._original = original
        self._perturbation = perturbation

    def _cut(self, margin: float | None) -> Bytes:
        return self._perturbation(self._original.pixels(margin))


class ImageCrops:
    """All crops of an upright image, uint8 RGB (h, w, 3).

    Args:
        pixels: the whole image.
        notes: on its file.
    """

    def __init__(self, pixels: Bytes, notes: tuple[Note, ...] = ()) -> None:
        self.pixels = pixels
        self._file_notes = notes

    @cached_property
    def faces(self) -> list[Face]:
        """All faces, the largest first; detected on first use."""
        return self._search.faces

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes on the file, and those on its faces if they were detected."""
        has_searched = "_search" in self.__dict__
        return (*self._file_notes, *(face_notes(self._search) if has_searched else ()))

    @cached_property
    def _search(self) -> Search:
        return search(self.pixels, find_faces(self.pixels))

    @cached_property
    def face_crops(self) -> list[Crop]:
        """A crop for each of the `MAX_FACES` largest faces."""
        return [Crop(self.pixels, face) for face in self.faces[:MAX_FACES]]

    @cached_property
    def whole(self) -> Crop:
        """The whole image."""
        return Crop(self.pixels)


def face_notes(search: Search) -> list[Note]:
    """Notes on faces that the normal pass of the detector does not find."""
    notes = []
    if search.turns:
        side = {1: "on its side", 2: "upside down", 3: "on its side"}[search.turns]
        text = f"The face lies {side}; it was judged upright, with the picture turned."
        notes.append(Note(code="turned", message=text, values={"turns": search.turns}))
    if search.small:
        count = f"{search.small} small face{'s' * (search.small > 1)}"
        text = f"{count} could only be found by searching parts of the picture."
        notes.append(Note(code="small_faces", message=text, values={"count": search.small}))
    return notes
