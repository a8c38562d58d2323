"""Weighted sampler of face crops: half real, half fake, with weights by source."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection_model import imaging
from detection_model.card import ClassName, InputSpec
from detection_model.data.folders import DataError
from detection_model.data.preprocessing import FaceCrop, FaceCrops
from detection_model.synthesis import training_fakes
from detection_model.training.augment import augment
from detection_model.training.config import Augmentation, FaceCropSettings
from detection_model.training.workers import ALONE, Workers

Pixels = NDArray[np.uint8]
# Largest random offset of a crop's centre, as a share of the face's side.
_OFF_CENTRE = 0.06


@dataclass(frozen=True)
class CropSampler:
    """Pools that an epoch samples from: real and fake crops by source, and training fakes."""

    pools: dict[tuple[str, str], list[FaceCrop]]
    settings: FaceCropSettings

    @classmethod
    def of(cls, crops: FaceCrops, settings: FaceCropSettings) -> "CropSampler":
        """Group face crops by source and class."""
        pools: dict[tuple[str, str], list[FaceCrop]] = {}
        for crop in crops.crops:
            pools.setdefault((crop.source, crop.example.label), []).append(crop)
        return cls(pools, settings)

    def drawing(self, pictures: int) -> "CropSampler":
        """A copy with another number of pictures in an epoch."""
        return replace(self, settings=self.settings.model_copy(update={"pictures": pictures}))

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """Kinds of pictures in an epoch: pairs of Real, Fake or a training fake, and a source."""
        return [*self._shares]

    def share(self, label: ClassName, source: str) -> float:
        """Share of a source in an epoch by class, in [0, 1], without training fakes."""
        return self._shares.get((label, source), 0.0)

    def plan(self, seed: int, epoch: int) -> NDArray[np.int64]:
        """The index into `kinds` of each picture of an epoch, int64 (pictures,)."""
        shares = list(self._shares.values())
        rng = np.random.default_rng([seed, epoch])
        return rng.choice(len(shares), self.settings.pictures, p=shares)

    def draw(self, kind: str, source: str, rng: np.random.Generator) -> tuple[FaceCrop, Pixels]:
        """A random crop of a source and its pixels, which the kinds of training fakes change."""
        pool = self.pools[source, "Fake" if kind == "Fake" else "Real"]
        crop = pool[rng.integers(len(pool))]
        if kind == "blended":
            return crop, training_fakes.blend(crop.pixels, crop.face, rng)
        if kind in ("swapped", "generated"):
            # Networks that swap faces draw them, so a generated face is nearer to their work.
            donors = pool if kind == "swapped" else self._fakes[rng.integers(len(self._fakes))]
            other = donors[rng.integers(len(donors))]
            return crop, training_fakes.swap(crop.pixels, crop.face, other.pixels, other.face, rng)
        return crop, crop.pixels

    @cached_property
    def _fakes(self) -> list[list[FaceCrop]]:
        """Fakes of each source that has a weight."""
        return [self.pools[source, "Fake"] for source in self._weights("Fake")]

    @cached_property
    def _shares(self) -> dict[tuple[str, str], float]:
        settings = self.settings
        real, fake = _normal(self._weights("Real"), 0.5), self._weights("Fake")
        forged = {
            (kind, source): share * part
            for kind, share in settings.forged.items()
            for source, part in real.items()
        }
        generated = _normal(fake, 0.5 - sum(forged.values()))
        return (
            {("Real", source): share for source, share in real.items()}
            | {("Fake", source): share for source, share in generated.items()}
            | forged
        )

    def _weights(self, label: ClassName) -> dict[str, float]:
        weights = {
            source: self.settings.weight(label, source, len(pool))
            for (source, own_label), pool in self.pools.items()
            if own_label == label
        }
        positive = {source: weight for source, weight in weights.items() if weight}
        if not positive:
            raise DataError(f"no {label} pictures in the training data sets")
        return positive


def random_crop(
    crop: FaceCrop,
    pixels: Pixels,
    spec: InputSpec,
    margins: tuple[float, float],
    rng: np.random.Generator,
) -> Pixels:
    """A crop around the face with a random margin and offset, resized for the model.

    Returns:
        uint8 RGB (spec.height, spec.width, 3).
    """
    height, width = pixels.shape[:2]
    face = crop.face
    side = min(face.side * (1 + 2 * rng.uniform(*margins)), height, width)
    off = rng.uniform(-_OFF_CENTRE, _OFF_CENTRE, 2) * face.side
    left = min(max((face.left + face.right - side) / 2 + off[0], 0), width - side)
    top = min(max((face.top + face.bottom - side) / 2 + off[1], 0), height - side)
    # Pillow's box is in floats, and its filter uses pixels outside the box.
    resized = Image.fromarray(pixels).resize(
        (spec.width, spec.height),
        imaging.resampling(spec),
        box=(left, top, left + side, top + side),
    )
    return np.asarray(resized)


def crop_batches(
    sampler: CropSampler,
    spec: InputSpec,
    augmentation: Augmentation,
    *,
    batch_size: int,
    seed: int,
    first_epoch: int,
    workers: Workers = ALONE,
) -> Any:
    """A Keras data set of (float32 (b, h, w, 3), float32 (b, 1)), sampled again for each epoch.

    Epoch `e` is the same whether training started at 0 or resumed at `e`. Fit without shuffling.
    Each of several workers gets its share of every batch.

    Not tf.data, whose threads can deadlock with Python's lock when the data set is deleted.
    """
    import keras

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(workers=2)
            self.epoch = first_epoch

        def __len__(self) -> int:
            return -(-sampler.settings.pictures // batch_size)

        def __getitem__(self, at: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            epoch, start = self.epoch, at * batch_size
            end = min(start + batch_size, sampler.settings.pictures)
            numbers = start + workers.share(end - start)
            plan = sampler.plan(seed, epoch)[numbers]
            pictures = [
                _picture(
                    sampler, kind, spec, augmentation, np.random.default_rng([seed, epoch, number])
                )
                for number, kind in zip(numbers, plan, strict=True)
            ]
            fakes = [[sampler.kinds[kind][0] != "Real"] for kind in plan]
            return imaging.scale(np.stack(pictures), spec), np.asarray(fakes, np.float32)

        def on_epoch_end(self) -> None:
            self.epoch += 1

    return Batches()


def _picture(
    sampler: CropSampler,
    kind: int,
    spec: InputSpec,
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> Pixels:
    crop, pixels = sampler.draw(*sampler.kinds[kind], rng)
    return augment(
        random_crop(crop, pixels, spec, sampler.settings.margins, rng), augmentation, rng
    )


def _normal(weights: Mapping[str, float], total: float) -> dict[str, float]:
    current = sum(weights.values())
    return {name: weight / current * total for name, weight in weights.items()}
