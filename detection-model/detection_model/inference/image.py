"""A decoded picture and what is judged of it: each face's cut-out, or all of it.

Faces are searched once, and a cut-out is resized once, however many models ask.
"""

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detection_model import imaging
from detection_model.card import InputSpec
from detection_model.faces import Face, crop, crop_box, find_faces

Bytes = NDArray[np.uint8]

# More faces are counted, but only the largest are judged: a crowd must not hold up all others.
MOST_FACES = 8


class View:
    """What a model sees of an upright picture, uint8 RGB (h, w, 3), values 0 to 255.

    `change` is done to the cut-out before it is resized. Not to be shared between threads.
    """

    def __init__(
        self,
        pixels: Bytes,
        face: Face | None = None,
        change: Callable[[Bytes], Bytes] | None = None,
    ) -> None:
        self._pixels = pixels
        self._change = change
        self._sized: dict[InputSpec, NDArray[np.float32]] = {}
        self.face = face

    def cut(self, margin: float | None) -> Bytes:
        """The square round the face for a margin in face widths; all of it without one."""
        pixels = self._pixels
        if self.face is not None and margin is not None:
            height, width = pixels.shape[:2]
            pixels = crop(pixels, crop_box(self.face, margin, height=height, width=width))
        return self._change(pixels) if self._change else pixels

    def sized(self, spec: InputSpec) -> NDArray[np.float32]:
        """As a model wants it: float32 (spec.height, spec.width, 3), scaled; not to be changed."""
        if spec not in self._sized:
            self._sized[spec] = imaging.to_input(self.cut(spec.face_margin), spec)
        return self._sized[spec]

    def changed(self, change: Callable[[Bytes], Bytes]) -> "View":
        """The same with a change of the cut-out."""
        return View(self._pixels, self.face, change)


class Scene:
    """All views of an upright picture, uint8 RGB (h, w, 3)."""

    def __init__(self, pixels: Bytes) -> None:
        self.pixels = pixels

    @cached_property
    def faces(self) -> list[Face]:
        """All faces, the largest first; searched when first asked for."""
        return find_faces(self.pixels)

    @cached_property
    def portraits(self) -> list[View]:
        """A view for each of the largest faces."""
        return [View(self.pixels, face) for face in self.faces[:MOST_FACES]]

    @cached_property
    def whole(self) -> View:
        """All of the picture."""
        return View(self.pixels)
