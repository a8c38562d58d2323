"""A first look at a data set: its files, light, sharpness, mean pictures and spectra by class.

Whatever tells the classes apart here without being a trace of generation (file format, size,
brightness) is what a detector learns first, and what fails it elsewhere.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection_model.card import ClassName, InputSpec
from detection_model.data.folders import DataFolder, Example, SplitName
from detection_model.data.pictures import load_pictures

SIDE = 256
_BATCH = 64
# ITU-R BT.601
_LUMA = np.asarray([0.299, 0.587, 0.114], np.float32)

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class ClassOverview:
    """What the pictures of one class look like.

    `formats` and `sizes` ("width x height") count files as they lie on disk; `kilobytes`,
    `brightness`, `contrast` and `sharpness` are float32 (n,); `mean` is float32
    (SIDE, SIDE, 3) in [0, 255], `spectrum` float32 (SIDE - 2, SIDE - 2).
    """

    formats: Counter[str]
    sizes: Counter[str]
    kilobytes: Floats
    brightness: Floats
    contrast: Floats
    sharpness: Floats
    mean: Floats
    spectrum: Floats

    @property
    def pictures(self) -> int:
        """How many pictures were looked at."""
        return len(self.kilobytes)


def overview(
    data: DataFolder, split: SplitName = "train", *, per_class: int = 1000
) -> dict[ClassName, ClassOverview]:
    """Look at up to `per_class` pictures of each class of a split, drawn at random once for all.

    Raises:
        DataError: the split is missing or has a single class, or no picture can be read.
    """
    examples = data.split(split)
    return {
        label: _of_class(sample([e for e in examples if e.label == label], per_class))
        for label in get_args(ClassName)
    }


def sample(examples: Sequence[Example], most: int, seed: int = 0) -> list[Example]:
    """At most `most` examples, sorted; the same ones for the same seed and examples."""
    drawn = random.Random(seed).sample(examples, min(most, len(examples)))  # noqa: S311
    return sorted(drawn)


def brightness(grey: Floats) -> Floats:
    """Mean of each grey picture (n, h, w): (n,) in [0, 255]."""
    return np.asarray(grey.mean(axis=(1, 2)), np.float32)


def contrast(grey: Floats) -> Floats:
    """Standard deviation of each grey picture (n, h, w): (n,) in [0, 127.5]."""
    return np.asarray(grey.std(axis=(1, 2)), np.float32)


def sharpness(grey: Floats) -> Floats:
    """Variance of the Laplacian of each grey picture (n, h, w): (n,), 0 where all is flat.

    Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy" (2000).
    """
    return np.asarray(_laplacian(grey).var(axis=(1, 2)), np.float32)


def mean_log_spectrum(grey: Floats) -> Floats:
    """Mean of the pictures' log amplitudes: (n, h, w) to (h - 2, w - 2), zero frequency centred.

    Of the Laplacian under a Hann window: what is left when the scene is taken away. Up-sampling
    shows as bright points at regular frequencies (Zhang et al., "Detecting and Simulating
    Artifacts in GAN Fake Images", 2019).
    """
    residual = _laplacian(grey)
    height, width = residual.shape[1:]
    windowed = residual * np.hanning(height)[:, None] * np.hanning(width)
    logs = np.log1p(np.abs(np.fft.fft2(windowed)))
    return np.asarray(np.fft.fftshift(logs.mean(axis=0)), np.float32)


def to_grey(pixels: Bytes) -> Floats:
    """Luma of uint8 RGB (n, h, w, 3): float32 (n, h, w) in [0, 255]."""
    return pixels.astype(np.float32) @ _LUMA


def _laplacian(grey: Floats) -> Floats:
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    return around - 4 * grey[:, 1:-1, 1:-1]


def _of_class(examples: Sequence[Example]) -> ClassOverview:
    loaded = load_pictures(examples, InputSpec(height=SIDE, width=SIDE))
    formats, sizes = Counter[str](), Counter[str]()
    for example in loaded.examples:
        with Image.open(example.path) as image:
            formats[image.format or "unknown"] += 1
            sizes[f"{image.width} x {image.height}"] += 1
    # In batches: a thousand spectra at once would not fit into a small machine.
    count = len(loaded.pixels)
    batches = [loaded.pixels[start : start + _BATCH] for start in range(0, count, _BATCH)]
    greys = [to_grey(batch) for batch in batches]
    spectra = [mean_log_spectrum(grey) * len(grey) for grey in greys]
    return ClassOverview(
        formats=formats,
        sizes=sizes,
        kilobytes=np.asarray([e.path.stat().st_size / 1024 for e in loaded.examples], np.float32),
        brightness=np.concatenate([brightness(grey) for grey in greys]),
        contrast=np.concatenate([contrast(grey) for grey in greys]),
        sharpness=np.concatenate([sharpness(grey) for grey in greys]),
        mean=np.sum([batch.sum(axis=0, dtype=np.float32) for batch in batches], axis=0) / count,
        spectrum=np.sum(spectra, axis=0) / count,
    )
