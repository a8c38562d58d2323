"""Writes a data set of holdout fakes: manipulations that no model is trained on.

It has real faces in `Test/Real/Whole`, and fakes made from them in `Test/Fake/Warped` and
`Test/Fake/Cloned`, so that evaluation has a row for each manipulation. Originals and fakes have
the same crop, size and encoding.
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
from detection_model.synthesis.blending import face_of, radii

_QUALITY = 90
# Scales of the face distance: in eye distances, and in levels of 255.
_SHAPES, _COLOURS = 0.2, 30.0


def manipulate(
    folder: Path,
    out: Path,
    seed: int = 0,
    progress: Progress = lambda _done, _total: None,
) -> Counter[str]:
    """Write a data set of fakes made from the real test faces of another data set.

    Each face is warped once, and once replaced by the face most similar in shape and colour. The
    files are JPEG of quality 90, at most 512 pixels wide.

    Returns:
        picture counts by `split/class/name`; `left out` counts unreadable pictures and those
        without a face.

    Raises:
        DataError: the data set is unusable or has fewer than two faces, or `out` is not empty.
    """
    if out.exists() and any(out.iterdir()):
        raise DataError(f"{out} is not empty: name a new folder")
    reals = [example for example in find_data(folder).split("test") if example.label == "Real"]
    crops = load_face_crops([("", example) for example in reals], progress)
    faces = [crop for crop in crops.crops if crop.face.score > 0]
    if len(faces) < 2:
        raise DataError(f"{folder} has {len(faces)} real test faces: two are needed")
    counts = Counter({"left out": len(reals) - len(faces)})
    donors = _donors(faces)
    for number, (crop, donor) in enumerate(zip(faces, donors, strict=True)):
        rng = np.random.default_rng([seed, number])
        for part, pixels in (
            ("Test/Real/Whole", crop.pixels),
            ("Test/Fake/Warped", holdout.warp(crop.pixels, crop.face, rng)),
            ("Test/Fake/Cloned", holdout.clone(crop.pixels, crop.face, donor.pixels, donor.face)),
        ):
            target = out / part
            target.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(target / f"{number:05}.jpg", quality=_QUALITY)
            counts[part] += 1
    return counts


def _donors(faces: Sequence[FaceCrop]) -> list[FaceCrop]:
    """For each face, the most similar other face."""
    features = np.stack([_features(crop) for crop in faces])
    distances = np.sqrt(((features[:, None] - features) ** 2).sum(axis=-1))
    np.fill_diagonal(distances, np.inf)
    return [faces[index] for index in distances.argmin(axis=1)]


def _features(crop: FaceCrop) -> NDArray[np.float64]:
    """Offsets of nose and mouth from the left eye, and mean skin colour; float64 (7,)."""
    left, right, nose, mouth = crop.face.points[:4, 0] + 1j * crop.face.points[:4, 1]
    shape = np.asarray([nose - left, mouth - left]) / (right - left or 1)
    skin = crop.pixels[radii(crop.pixels, face_of(crop.face)) < 0.6]
    return np.concatenate(
        [shape.real / _SHAPES, shape.imag / _SHAPES, skin.mean(axis=0) / _COLOURS]
    )
