"""Pictures as they arrive: each delivery does what its name says, the same way every time."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from detection_model.data.synthetic import synthetic_picture
from detection_model.evaluation.scoring import (
    FAMILIES,
    PERTURBATIONS,
    Bytes,
    apply_perturbation,
    in_families,
)

ONE, OTHER = "1" * 64, "2" * 64
RANDOM = {name for family in ("noise", "occlusion") for name in FAMILIES[family]}


def picture(height: int = 96, width: int = 128) -> Bytes:
    """Smooth, with soft noise; no dark and no bright values."""
    return synthetic_picture("Real", 3)[:height, :width]


def delivered(name: str, pixels: Bytes, sha256: str = ONE) -> Bytes:
    return apply_perturbation(name, pixels, sha256)


def difference(name: str, pixels: Bytes) -> float:
    """Mean absolute difference that a delivery makes."""
    return float(np.abs(delivered(name, pixels).astype(float) - pixels).mean())


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_the_same_picture_arrives_the_same_way(name: str) -> None:
    pixels = picture()
    before = pixels.copy()
    first = delivered(name, pixels)
    assert first.dtype == np.uint8
    assert first.shape[2] == 3
    assert (first == delivered(name, pixels)).all()
    assert (pixels == before).all()
    if name in RANDOM:
        assert (first != delivered(name, pixels, OTHER)).any()
        assert (first != apply_perturbation(name, pixels, ONE, seed=1)).any()


def test_sweeps_are_named_one_by_one_or_all_at_once() -> None:
    assert in_families(["jpeg"]) == ["jpeg-q100", "jpeg-q90", "jpeg-q75", "jpeg-q60", "jpeg-q40"]
    assert in_families(["blur", "blur"]) == ["blur-0.5", "blur-1", "blur-2", "blur-3"]
    assert ["original", *in_families(["all"])] == list(PERTURBATIONS)


@pytest.mark.parametrize("family", ["jpeg", "blur", "noise", "occlusion"])
def test_each_step_of_a_sweep_changes_more(family: str) -> None:
    changes = [difference(name, picture()) for name in FAMILIES[family]]
    assert changes[0] > 0
    assert changes == sorted(changes)
    assert len(set(changes)) == len(changes)


@pytest.mark.parametrize("quality", [90, 40])
def test_jpeg_has_the_quality_of_its_name(quality: int) -> None:
    def file(pixels: Bytes) -> bytes:
        written = io.BytesIO()
        Image.fromarray(pixels).save(written, "JPEG", quality=quality, subsampling="4:2:0")
        return written.getvalue()

    # What was written at a quality hardly changes when it is written at that quality again.
    once = delivered(f"jpeg-q{quality}", picture())
    again = np.asarray(Image.open(io.BytesIO(file(once))))
    assert np.abs(once.astype(float) - again).mean() < difference(f"jpeg-q{quality}", picture()) / 3


@pytest.mark.parametrize("sigma", [0.5, 1, 2, 3])
def test_blur_is_gaussian_with_sigma_in_pixels(sigma: float) -> None:
    edge = np.zeros((60, 60, 3), np.uint8)
    edge[:, 30:] = 255
    expected = gaussian_filter(edge.astype(float), (sigma, sigma, 0), mode="nearest")
    result = delivered(f"blur-{sigma:g}", edge)
    assert np.abs(result - expected).max() < 6
    turned = delivered(f"blur-{sigma:g}", edge.swapaxes(0, 1)).astype(float)
    assert np.abs(turned.swapaxes(0, 1) - result).max() < 2


@pytest.mark.parametrize(("factor", "shape"), [(0.75, (72, 96)), (0.5, (48, 64)), (0.25, (24, 32))])
def test_resize_scales_both_sides(factor: float, shape: tuple[int, int]) -> None:
    small = delivered(f"resize-{factor:g}", picture())
    assert small.shape[:2] == shape
    assert small.mean() == pytest.approx(picture().mean(), abs=0.5)


@pytest.mark.parametrize("std", [2, 5, 10])
def test_noise_has_the_deviation_of_its_name(std: int) -> None:
    grey = np.full((200, 200, 3), 128, np.uint8)
    change = delivered(f"noise-{std}", grey).astype(float) - 128
    assert change.std() == pytest.approx(std, rel=0.05)
    assert change.mean() == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_occlusion_covers_the_share_of_its_name(share: float) -> None:
    white = np.full((100, 200, 3), 255, np.uint8)
    covered = (delivered(f"occlusion-{share:g}", white) != 255).all(axis=2)
    assert covered.mean() == pytest.approx(share, rel=0.1)
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    assert covered[np.ix_(rows, columns)].all()


def test_gamma_keeps_black_and_white_and_brightens_below_one() -> None:
    levels = np.array([0, 64, 128, 255], np.uint8).reshape(1, 4, 1).repeat(3, axis=2)
    bright, dark = delivered("gamma-0.5", levels)[0, :, 0], delivered("gamma-2", levels)[0, :, 0]
    assert bright.tolist() == [
        0,
        round(255 * (64 / 255) ** 0.5),
        round(255 * (128 / 255) ** 0.5),
        255,
    ]
    assert dark.tolist() == [0, round(255 * (64 / 255) ** 2), round(255 * (128 / 255) ** 2), 255]


def test_shade_darkens_one_side_only() -> None:
    white = np.full((10, 50, 3), 255, np.uint8)
    sides = {
        tuple(apply_perturbation("shade-0.3", white, ONE, seed)[0, [0, -1], 0])
        for seed in range(20)
    }
    dark = round(255 * 0.3)
    assert sides == {(255, dark), (dark, 255)}


def test_pictures_sent_alike_have_one_size_and_one_encoding() -> None:
    large = synthetic_picture("Real", 1, side=300)
    for pixels in (picture(), picture(96, 96), large):
        result = delivered("alike", pixels)
        assert result.shape == (224, 224, 3)
        assert (delivered("jpeg-q75", result) == result).mean() > 0.9
