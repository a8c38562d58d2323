"""Training on faces: the shares of an epoch, and fakes made from reals."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factories import FACE, SIDE, noisy_pixels
from PIL import Image

from detection_model.card import InputSpec
from detection_model.data.folders import Example
from detection_model.data.preprocessing import FaceCrop, FaceCrops, load_face_crops
from detection_model.training.config import Augmentation, ConfigError, FaceCropSettings, configured
from detection_model.training.network import class_weights
from detection_model.training.sampler import CropSampler, crop_batches, random_crop

SPEC = InputSpec(height=64, width=64)


def portrait(colour: int, label: str, source: str) -> FaceCrop:
    example = Example(Path(f"{source}/{label}/{colour}.png"), label)  # type: ignore[arg-type]
    return FaceCrop(noisy_pixels(colour, colour), FACE, example, source, f"{colour:064x}")


def portraits() -> FaceCrops:
    every = [portrait(40 + n, "Real", "a") for n in range(4)]
    every += [portrait(60 + n, "Real", "b") for n in range(4)]
    every += [portrait(180 + n, "Fake", "a") for n in range(4)]
    every += [portrait(220 + n, "Fake", "c") for n in range(4)]
    return FaceCrops(every, [])


def settings(**changes: object) -> FaceCropSettings:
    defaults = {
        "real": {"a": 1.0, "b": 3.0},
        "fake": {"a": 1.0, "c": 1.0},
        "forged": {"blended": 0.2, "swapped": 0.2},
        "pictures": 4000,
    }
    return FaceCropSettings.model_validate(defaults | changes)


def test_an_epoch_is_half_real_with_the_configured_shares() -> None:
    sampler = CropSampler.of(portraits(), settings())
    kinds = [sampler.kinds[at] for at in sampler.plan(seed=0, epoch=0)]
    share = {kind: kinds.count(kind) / len(kinds) for kind in sampler.kinds}
    expected = {
        ("Real", "a"): 0.125,
        ("Real", "b"): 0.375,
        ("Fake", "a"): 0.15,
        ("Fake", "c"): 0.15,
        ("blended", "a"): 0.025,
        ("blended", "b"): 0.075,
        ("swapped", "a"): 0.025,
        ("swapped", "b"): 0.075,
    }
    assert share == pytest.approx(expected, abs=0.02)


def test_balanced_class_weights_do_not_change_the_balanced_sampler() -> None:
    unequal = FaceCrops([crop for crop in portraits().crops if crop.source != "b"], [])
    sampler = CropSampler.of(unequal, settings(real={"a": 1.0}))
    config = configured("v4", {"data": "x", "class_weights": "balanced"})
    assert class_weights(config, sampler) is None
    numbers = configured("v4", {"data": "x", "class_weights": "1,2"})
    assert class_weights(numbers, sampler) == {0: 1, 1: 2}


def test_epochs_differ_and_are_reproducible() -> None:
    sampler = CropSampler.of(portraits(), settings())
    assert np.array_equal(sampler.plan(1, 2), sampler.plan(1, 2))
    assert not np.array_equal(sampler.plan(1, 2), sampler.plan(1, 3))


def test_a_resumed_epoch_has_the_same_batches() -> None:
    sampler = CropSampler.of(portraits(), settings(pictures=8))

    def batches_from(first: int) -> Any:
        return crop_batches(
            sampler,
            SPEC,
            Augmentation(flip=True, jpeg=40, share=1),
            batch_size=4,
            seed=3,
            first_epoch=first,
        )

    whole, resumed = batches_from(0), batches_from(1)
    assert len(whole) == 2
    first = whole[0][0]
    whole.on_epoch_end()
    assert not np.array_equal(whole[0][0], first)
    for at in range(2):
        (x, y), (again_x, again_y) = whole[at], resumed[at]
        assert x.shape == (4, 64, 64, 3)
        assert np.array_equal(x, again_x)
        assert np.array_equal(y, again_y)


def test_a_training_fake_counts_as_fake_and_a_real_as_real() -> None:
    sampler = CropSampler.of(portraits(), settings(pictures=64))
    batches = crop_batches(sampler, SPEC, Augmentation(), batch_size=64, seed=0, first_epoch=0)
    _, targets = batches[0]
    kinds = [sampler.kinds[at][0] for at in sampler.plan(0, 0)]
    assert targets[:, 0].tolist() == [float(kind != "Real") for kind in kinds]


def test_a_generated_swap_puts_the_face_of_a_fake_into_a_photograph() -> None:
    every = [portrait(40, "Real", "a"), portrait(220, "Fake", "a")]
    sampler = CropSampler.of(
        FaceCrops(every, []), settings(real={"a": 1.0}, fake={"a": 1.0}, forged={"generated": 0.5})
    )
    photograph = every[0].pixels
    changed = []
    for seed in range(20):
        crop, pixels = sampler.draw("generated", "a", np.random.default_rng(seed))
        assert crop is every[0]
        assert np.array_equal(pixels[0], photograph[0])
        changed.append(np.abs(pixels.astype(int) - photograph).max())
    # One in five donors keeps its colours, which are 180 levels brighter.
    assert max(changed) > 120


def test_a_random_crop_contains_the_face() -> None:
    marked = np.zeros((SIDE, SIDE, 3), np.uint8)
    marked[28:92, 28:92] = 255
    crop = portrait(0, "Real", "a")
    rng = np.random.default_rng(0)
    shares = [(random_crop(crop, marked, SPEC, (0.0, 0.4), rng) > 127).mean() for _ in range(50)]
    # A margin of 0.4 on each side leaves the face 1 / 1.8² of the area; none leaves it nearly all.
    assert min(shares) > 0.29
    assert max(shares) > 0.8
    assert max(shares) - min(shares) > 0.3


def test_face_crops_keep_their_resolution_and_the_place_of_the_face(tmp_path: Path) -> None:
    Image.fromarray(noisy_pixels(90)).save(tmp_path / "good.png")
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    examples = [("a", Example(tmp_path / name, "Real")) for name in ("good.png", "bad.jpg")]
    loaded = load_face_crops(examples)
    (crop,) = loaded.crops
    assert crop.pixels.shape == (SIDE, SIDE, 3)
    # Without a detected face, the centre counts as the face.
    assert (crop.face.left, crop.face.right) == pytest.approx((0.2 * SIDE, 0.8 * SIDE))
    assert [bad.path.name for bad in loaded.bad] == ["bad.jpg"]


def test_training_fakes_must_leave_a_share_to_the_data_sets() -> None:
    with pytest.raises(ConfigError, match="portraits: forged must leave"):
        configured(
            "v4",
            {
                "data": "x",
                "portraits": {
                    "real": {"a": 1},
                    "fake": {"a": 1},
                    "forged": {"blended": 1},
                    "pictures": 10,
                },
            },
        )
