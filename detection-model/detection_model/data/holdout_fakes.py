"""Real faces and what was made of them by manipulations that no model learns from.

`Test/Real/Whole`, and `Test/Fake/Warped` and `Test/Fake/Cloned` made of them: evaluation has a row
for each manipulation. Originals and fakes are cut out, sized and saved alike.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection_model.data.decoding import Progress
from detection_model.data.face_crops import FaceCrop, load_face_crops
from detection_model.data.folders import DataError, find_data
from detection_model.synthesis import holdout
from detection_model.synthesis.masks import face_of, radii

_QUALITY = 90
# What counts as far apart: of an eye distance, and of 255.
_SHAPES, _COLOURS = 0.2, 30.0


def manipulate(
    folder: Path,
    out: Path,
    seed: int = 0,
    progress: Progress = lambda _done, _total: None,
) -> Counter[str]:
    """Write a data set from the real test faces of another.

    Each face is once warped and once laid under that of another, the one that is most alike in
    shape and colour. The files are JPEG of quality 90, at most 512 pixels wide.

    Returns:
        pictures by `split/class/name`, and those left out: unreadable, or nobody is found in them.

    Raises:
        DataError: the data set is unusable or has fewer than two faces, or `out` holds something.
    """
    if out.exists() and any(out.iterdir()):
        raise DataError(f"{out} is not empty: name a new folder")
    reals = [one for one in find_data(folder).split("test") if one.label == "Real"]
    found = load_face_crops([("", one) for one in reals], progress)
    faces = [one for one in found.all if one.face.score > 0]
    if len(faces) < 2:
        raise DataError(f"{folder} has {len(faces)} real faces to test on: two are needed")
    done = Counter({"left out": len(reals) - len(faces)})
    donors = _donors(faces)
    for number, (one, donor) in enumerate(zip(faces, donors, strict=True)):
        rng = np.random.default_rng([seed, number])
        for part, pixels in (
            ("Test/Real/Whole", one.pixels),
            ("Test/Fake/Warped", holdout.warp(one.pixels, one.face, rng)),
            ("Test/Fake/Cloned", holdout.clone(one.pixels, one.face, donor.pixels, donor.face)),
        ):
            target = out / part
            target.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(target / f"{number:05}.jpg", quality=_QUALITY)
            done[part] += 1
    return done


def _donors(faces: Sequence[FaceCrop]) -> list[FaceCrop]:
    """For each face the other one that is most alike."""
    looks = np.stack([_look(one) for one in faces])
    apart = np.sqrt(((looks[:, None] - looks) ** 2).sum(axis=-1))
    np.fill_diagonal(apart, np.inf)
    return [faces[at] for at in apart.argmin(axis=1)]


def _look(one: FaceCrop) -> NDArray[np.float64]:
    """Offsets of nose and mouth from the eyes, and the colours between them."""
    left, right, nose, mouth = one.face.points[:4, 0] + 1j * one.face.points[:4, 1]
    shape = np.asarray([nose - left, mouth - left]) / (right - left or 1)
    skin = one.pixels[radii(one.pixels, face_of(one.face)) < 0.6]
    return np.concatenate(
        [shape.real / _SHAPES, shape.imag / _SHAPES, skin.mean(axis=0) / _COLOURS]
    )
