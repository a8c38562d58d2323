"""Perturbations shared by training, synthesis, evaluation and the consistency check."""

import numpy as np
import pytest
from factories import portrait

from detection_model import perturb

PIXELS = np.asarray(portrait(5, 96))[:80]


@pytest.mark.parametrize("quality", [95, 60, 20])
def test_lower_quality_changes_more(quality: int) -> None:
    for encode in (perturb.jpeg, perturb.webp):
        stronger = np.abs(encode(PIXELS, quality - 20).astype(int) - PIXELS).mean()
        weaker = np.abs(encode(PIXELS, quality).astype(int) - PIXELS).mean()
        assert 0 < weaker < stronger


def test_an_adjustment_by_one_changes_nothing_and_others_do_what_they_say() -> None:
    for kind in ("brightness", "contrast", "saturation"):
        assert np.array_equal(perturb.adjust(PIXELS, kind, 1), PIXELS)
    assert perturb.adjust(PIXELS, "brightness", 0.5).mean() < PIXELS.mean()
    assert perturb.adjust(PIXELS, "contrast", 0.5).std() < PIXELS.std()
    grey = perturb.adjust(PIXELS, "saturation", 0)
    assert np.ptp(grey, axis=2).max() == 0


def test_scaling_down_and_back_keeps_the_size_and_loses_detail() -> None:
    coarse = perturb.resample(PIXELS, perturb.scaled_size(PIXELS, 0.25))
    assert coarse.shape == PIXELS.shape
    assert np.abs(np.diff(coarse.astype(int), axis=1)).mean() < (
        np.abs(np.diff(PIXELS.astype(int), axis=1)).mean()
    )
    assert perturb.scaled_size(PIXELS, 0.001) == (1, 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_noise_has_its_standard_deviation_in_either_precision(
    dtype: type[np.float32 | np.float64],
) -> None:
    grey = np.full((200, 200, 3), 128, np.uint8)
    noisy = perturb.noise(grey, 5, np.random.default_rng(0), dtype).astype(float)
    assert (noisy - grey).std() == pytest.approx(5, rel=0.03)


def test_no_perturbation_changes_its_input() -> None:
    before, rng = PIXELS.copy(), np.random.default_rng(0)
    perturb.noise(PIXELS, 5, rng)
    perturb.occlude(PIXELS, 0.2, rng)
    perturb.shade(PIXELS, 0.3, rng)
    perturb.gamma(PIXELS, 0.5)
    perturb.cover(PIXELS, 3, 4, np.zeros((5, 6, 3), np.uint8))
    assert np.array_equal(PIXELS, before)
