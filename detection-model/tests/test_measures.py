"""Pixel measures match the synthetic pictures that they are computed from."""

import numpy as np
import pytest

from detection_model import measures


def stripes(period: float, amplitude: float = 40) -> np.ndarray:
    """One grey picture (1, 256, 256) of vertical stripes."""
    row = 128 + amplitude * np.cos(2 * np.pi * np.arange(256) / period)
    return np.broadcast_to(row, (1, 256, 256)).astype(np.float32)


def noise(count: int, deviation: float = 4) -> np.ndarray:
    return np.random.default_rng(0).normal(0, deviation, (count, 256, 256)).astype(np.float32)


def test_flat_pictures_have_brightness_and_nothing_else() -> None:
    grey = np.stack([np.full((64, 64), level, np.float32) for level in (10, 200)])
    assert measures.brightness(grey).tolist() == [10, 200]
    assert measures.contrast(grey).tolist() == [0, 0]
    assert measures.sharpness(grey).tolist() == [0, 0]


def test_finer_stripes_are_sharper_at_the_same_contrast() -> None:
    grey = np.concatenate([stripes(4), stripes(32)])
    fine, coarse = measures.contrast(grey)
    assert fine == pytest.approx(coarse, rel=0.01)
    fine, coarse = measures.sharpness(grey)
    assert fine > 50 * coarse


def test_grey_uses_luma_weights() -> None:
    pixels = np.zeros((1, 8, 8, 3), np.uint8)
    pixels[..., 1] = 100
    assert measures.to_grey(pixels) == pytest.approx(58.7)


def test_channel_statistics_match_numpy() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 40, 30, 3)).astype(np.uint8)
    pixels[0] = 255
    mean, deviation = measures.channels(pixels)
    assert mean == pytest.approx(pixels.mean(axis=(1, 2)), abs=1e-3)
    assert deviation == pytest.approx(pixels.std(axis=(1, 2)), abs=1e-3)


@pytest.mark.parametrize("period", [4, 8, 16])
def test_a_regular_pattern_is_a_point_in_the_spectrum(period: int) -> None:
    spectrum = measures.log_spectra(stripes(period, amplitude=3) + noise(20)).mean(axis=0)
    row = spectrum[128]
    assert int(np.argmax(row[133:])) + 5 == 256 // period
    # And nowhere else: the column through the centre is flat except for noise.
    column = spectrum[133:, 128]
    assert column.max() < row[133:].max() - 0.5


@pytest.mark.parametrize("period", [4, 8])
def test_a_regular_pattern_is_a_peak_of_the_radial_profile(period: int) -> None:
    plain = measures.log_spectra(noise(20)).mean(axis=0)
    striped = measures.log_spectra(stripes(period, amplitude=8) + noise(20)).mean(axis=0)
    difference = measures.radial_profile(striped) - measures.radial_profile(plain)
    # The innermost rings hold few pixels, and the leakage of the window.
    assert int(np.argmax(difference[5:])) + 5 == 256 // period


def test_the_radial_profile_is_the_mean_over_rings() -> None:
    rows, columns = np.indices((64, 64)) - 32
    rings = np.floor(np.hypot(rows, columns)).astype(np.float32)
    assert measures.radial_profile(rings).tolist() == list(range(32))
