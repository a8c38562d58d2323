"""Writes data sets: merged from several, synthetic patterns, and holdout fakes.

Merging makes a subfolder for each source: with `Train/Fake/StyleGAN/…` and
`Train/Fake/StyleGAN2/…`, evaluation has a row for each.

Synthetic pictures try every command without a download. "Real" ones are smooth gradients with
soft noise; "Fake" ones add the checkerboard of naive up-sampling, so that a small network can
learn the difference.

Holdout fakes are manipulations that no model is trained on. Their data set has real faces in
`Test/Real/Whole`, and fakes made from them in `Test/Fake/Warped` and `Test/Fake/Cloned`.
Originals and fakes have the same crop, size and encoding.
"""

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection_model.card import ClassName
from detection_model.data.folders import DataError, find_data
from detection_model.data.preprocessing import FaceCrop, Progress, load_face_crops
from detection_model.synthesis import holdout
from detection_model.synthesis.blending import face_of, radii


@dataclass(frozen=True)
class Source:
    """A data set, and the names of its reals and fakes in the merged one."""

    folder: Path
    names: dict[ClassName, str]

    @classmethod
    def parse(cls, text: str) -> "Source":
        """Parse `FOLDER`, `FOLDER=NAME` or `FOLDER=NAME OF REALS,NAME OF FAKES`.

        Raises:
            DataError: a name is not a valid folder name.
        """
        folder, _, rest = text.partition("=")
        real, _, fake = (rest or Path(folder).name).partition(",")
        names: dict[ClassName, str] = {"Real": real, "Fake": fake or real}
        for name in names.values():
            if name in ("", ".", "..") or Path(name).name != name:
                raise DataError(f"{text}: {name!r} is not a valid folder name")
        return cls(Path(folder), names)


@dataclass(frozen=True)
class Merged:
    """Picture counts by `split/class/name`, and sentences on what was left out of the sources."""

    counts: Counter[str]
    left_out: list[str]


def merge_data(sources: Sequence[Source], out: Path) -> Merged:
    """Write the pictures of all sources to `out`, as hard links where possible, else as copies.

    Subfolders of a class are kept below the source's name. Nothing is written after an error.

    Raises:
        DataError: a source is unusable, two files would have the same path, or `out` is not empty.
    """
    if out.exists() and any(out.iterdir()):
        raise DataError(f"{out} is not empty: name a new folder")
    merged = Merged(Counter(), [])
    paths: dict[Path, Path] = {}
    for source in sources:
        data = find_data(source.folder)
        merged.left_out.extend(f"{source.folder}: {text}" for text in (*data.warnings, *data.notes))
        for split, examples in data.splits.items():
            for example in examples:
                part = f"{split.title()}/{example.label}/{source.names[example.label]}"
                target = out / part / data.below_class(example)
                if target in paths:
                    name = target.relative_to(out / part)
                    raise DataError(
                        f"{part} would have two files {name}: give the sources other names"
                    )
                paths[target] = example.path
                merged.counts[part] += 1
    for target, path in paths.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        _link(path, target)
    return merged


def _link(path: Path, target: Path) -> None:
    try:
        os.link(path.resolve(), target)
    except OSError:  # another disk, or one without links
        shutil.copyfile(path, target)


README = "README.txt"
NOTICE = "Synthetic pictures made by `detection-model synthetic`: neither faces nor deepfakes.\n"


def synthetic_picture(label: ClassName, seed: int, side: int = 256) -> NDArray[np.uint8]:
    """One picture, uint8 RGB (side, side, 3), the same for the same arguments."""
    rng = np.random.default_rng([seed, int(label == "Fake")])
    ramp = np.linspace(0, 1, side)
    mix = rng.random((2, 3))
    picture: NDArray[np.float64] = (
        60 + 130 * (mix[0] * ramp[:, None, None] + mix[1] * ramp[None, :, None]) / 2
    )
    picture = picture + rng.normal(0, 6, (side, side, 3))
    if label == "Fake":
        checker = (np.indices((side, side)) // 4).sum(axis=0) % 2
        picture = picture + 80 * (checker[..., None] - 0.5)
    return np.clip(picture, 0, 255).astype(np.uint8)


def write_synthetic(folder: Path, per_class: int, side: int = 256) -> None:
    """Write `Train`, `Validation` and `Test` with `Real` and `Fake` PNG files in each.

    Train has `per_class` pictures of each class, the other splits a quarter of that (at least 2).
    README.txt is written last and marks the set as complete.
    """
    sizes = {"Train": per_class, "Validation": max(2, per_class // 4)}
    sizes["Test"] = sizes["Validation"]
    seed = 0
    labels: tuple[ClassName, ...] = ("Real", "Fake")
    for split, size in sizes.items():
        for label in labels:
            target = folder / split / label
            target.mkdir(parents=True, exist_ok=True)
            for number in range(size):
                seed += 1
                pixels = synthetic_picture(label, seed, side)
                Image.fromarray(pixels).save(target / f"synthetic-{number:04}.png")
    (folder / README).write_text(NOTICE)


def is_synthetic(folder: Path) -> bool:
    """The folder is a complete data set written by `write_synthetic`."""
    notice = folder / README
    return notice.is_file() and notice.read_text(errors="replace") == NOTICE


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
