"""Draws the pictures of an epoch: half real, half fake, from all sources as their weights say."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection_model import imaging
from detection_model.card import ClassName, InputSpec
from detection_model.data.face_crops import FaceCrop, FaceCrops
from detection_model.data.folders import DataError
from detection_model.synthesis import training_fakes
from detection_model.training.augment import augment
from detection_model.training.config import Augmentation, FaceCropSettings

Pixels = NDArray[np.uint8]
# Of the face: how far a cut-out's middle may be from its own, either way.
_OFF_CENTRE = 0.06


@dataclass(frozen=True)
class CropSampler:
    """Pools that an epoch samples from: real and fake crops by source, and training fakes."""

    pools: dict[tuple[str, str], list[FaceCrop]]
    settings: FaceCropSettings

    @classmethod
    def of(cls, portraits: FaceCrops, settings: FaceCropSettings) -> "CropSampler":
        """Sort portraits by source and class."""
        pools: dict[tuple[str, str], list[FaceCrop]] = {}
        for one in portraits.all:
            pools.setdefault((one.source, one.example.label), []).append(one)
        return cls(pools, settings)

    def drawing(self, pictures: int) -> "CropSampler":
        """The same with another number of pictures in an epoch."""
        return replace(self, settings=self.settings.model_copy(update={"pictures": pictures}))

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """Kinds of pictures in an epoch: (Real, Fake, blended or swapped; source)."""
        return [*self._shares]

    def share(self, label: ClassName, source: str) -> float:
        """Of what an epoch draws, pictures of a class from a source, forged ones left out."""
        return self._shares.get((label, source), 0.0)

    def plan(self, seed: int, epoch: int) -> NDArray[np.int64]:
        """The place in `kinds` of each picture of an epoch, (pictures,)."""
        shares = list(self._shares.values())
        rng = np.random.default_rng([seed, epoch])
        return rng.choice(len(shares), self.settings.pictures, p=shares)

    def draw(self, how: str, name: str, rng: np.random.Generator) -> tuple[FaceCrop, Pixels]:
        """A portrait of a source and its pixels, forged where `how` says so."""
        pool = self.pools[name, "Fake" if how == "Fake" else "Real"]
        one = pool[rng.integers(len(pool))]
        if how == "blended":
            return one, training_fakes.blend(one.pixels, one.face, rng)
        if how == "swapped":
            other = pool[rng.integers(len(pool))]
            return one, training_fakes.swap(one.pixels, one.face, other.pixels, other.face, rng)
        return one, one.pixels

    @cached_property
    def _shares(self) -> dict[tuple[str, str], float]:
        settings = self.settings
        real, fake = _normal(self._weights("Real"), 0.5), self._weights("Fake")
        forged = {
            (how, name): share * part
            for how, share in settings.forged.items()
            for name, part in real.items()
        }
        generated = _normal(fake, 0.5 - sum(forged.values()))
        return (
            {("Real", name): share for name, share in real.items()}
            | {("Fake", name): share for name, share in generated.items()}
            | forged
        )

    def _weights(self, label: ClassName) -> dict[str, float]:
        weights = {
            source: self.settings.weight(label, source, len(pool))
            for (source, of), pool in self.pools.items()
            if of == label
        }
        found = {source: weight for source, weight in weights.items() if weight}
        if not found:
            raise DataError(f"no {label} pictures in the data sets that are to be trained on")
        return found


def view(
    portrait: FaceCrop,
    pixels: Pixels,
    spec: InputSpec,
    margins: tuple[float, float],
    rng: np.random.Generator,
) -> Pixels:
    """A cut-out round the face with a margin and place by chance, resized for the model."""
    height, width = pixels.shape[:2]
    face = portrait.face
    side = min(face.side * (1 + 2 * rng.uniform(*margins)), height, width)
    off = rng.uniform(-_OFF_CENTRE, _OFF_CENTRE, 2) * face.side
    left = min(max((face.left + face.right - side) / 2 + off[0], 0), width - side)
    top = min(max((face.top + face.bottom - side) / 2 + off[1], 0), height - side)
    # Pillow's box is in floats, and its filter sees what lies outside.
    resized = Image.fromarray(pixels).resize(
        (spec.width, spec.height),
        imaging.resampling(spec),
        box=(left, top, left + side, top + side),
    )
    return np.asarray(resized)


def crop_batches(
    mixture: CropSampler,
    spec: InputSpec,
    how: Augmentation,
    *,
    batch_size: int,
    seed: int,
    first_epoch: int,
) -> Any:
    """Keras's batches of (float32 (b, h, w, 3), float32 (b, 1)), drawn again for each epoch.

    Epoch `e` is the same whether training began at 0 or was resumed at `e`. To be fitted without
    shuffling.

    Not tf.data: its threads wait for Python's lock in a map, and the one that takes them down
    holds it and waits for them.
    """
    import keras

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(workers=2)
            self.epoch = first_epoch

        def __len__(self) -> int:
            return -(-mixture.settings.pictures // batch_size)

        def __getitem__(self, at: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            epoch, start = self.epoch, at * batch_size
            plan = mixture.plan(seed, epoch)[start : start + batch_size]
            pictures = [
                _picture(mixture, kind, spec, how, np.random.default_rng([seed, epoch, number]))
                for number, kind in enumerate(plan, start=start)
            ]
            fakes = [[mixture.kinds[kind][0] != "Real"] for kind in plan]
            return imaging.scale(np.stack(pictures), spec), np.asarray(fakes, np.float32)

        def on_epoch_end(self) -> None:
            self.epoch += 1

    return Batches()


def _picture(
    mixture: CropSampler, kind: int, spec: InputSpec, how: Augmentation, rng: np.random.Generator
) -> Pixels:
    portrait, pixels = mixture.draw(*mixture.kinds[kind], rng)
    return augment(view(portrait, pixels, spec, mixture.settings.margins, rng), how, rng)


def _normal(weights: Mapping[str, float], total: float) -> dict[str, float]:
    given = sum(weights.values())
    return {name: weight / given * total for name, weight in weights.items()}
