"""Fakes made from real faces, for training and for held-out tests."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from factories import FACE, POINTS, SIDE, cartoon, noisy_pixels
from PIL import Image
from typer.testing import Result

from detection_model.data.folders import DataError, find_data
from detection_model.data.write import manipulate
from detection_model.synthesis import holdout, training_fakes
from detection_model.synthesis.blending import aligned


def test_a_blended_face_keeps_its_shape_and_differs_from_its_original() -> None:
    before = noisy_pixels(120)
    kept_surroundings = 0
    for seed in range(20):
        after = training_fakes.blend(before, FACE, np.random.default_rng(seed))
        assert after.shape == before.shape
        assert np.array_equal(
            after, training_fakes.blend(before, FACE, np.random.default_rng(seed))
        )
        changed = (after != before).any(axis=-1)
        assert changed[45:80, 45:75].mean() > 0.5
        kept_surroundings += not changed[:8].any()
    # Either the face or its surroundings come from the altered copy, with equal chance.
    assert 4 <= kept_surroundings <= 16


@pytest.mark.parametrize("seed", range(8))
def test_a_swap_pastes_the_donor_and_keeps_the_corners(seed: int) -> None:
    before, donor = noisy_pixels(60, 1), np.full((SIDE, SIDE, 3), 200, np.uint8)
    after = training_fakes.swap(before, FACE, donor, FACE, np.random.default_rng(seed))
    changed = np.abs(after.astype(int) - before).max(axis=-1)
    assert (changed > 10).mean() > 0.005
    assert not changed[:10, :10].any()
    assert not changed[-10:, -10:].any()


def test_a_donor_is_aligned_to_the_face_at_any_size_and_rotation() -> None:
    # Eyes, nose and mouth of the donor are marked; turned by 30 degrees, at twice the size.
    turn = np.asarray([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]], np.float32)
    donor_points = (POINTS @ turn.T) * 2 + np.asarray([90, 10], np.float32)
    donor = np.zeros((400, 400, 3), np.uint8)
    for x, y in donor_points[:4]:
        donor[int(y) - 4 : int(y) + 4, int(x) - 4 : int(x) + 4] = 255
    result = aligned(donor, donor_points, POINTS, (SIDE, SIDE, 3))
    for x, y in POINTS[:4]:
        assert result[int(y), int(x)].min() > 200


@pytest.mark.parametrize("seed", range(8))
def test_a_warped_face_keeps_its_surroundings_and_is_reproducible(seed: int) -> None:
    before = cartoon(seed, SIDE)
    after = holdout.warp(before, FACE, np.random.default_rng(seed))
    changed = np.abs(after.astype(int) - before).max(axis=-1)
    assert (changed[28:92, 28:92] > 10).mean() > 0.01
    assert changed[:10].max() <= 10  # cubic interpolation rings a little
    assert np.array_equal(after, holdout.warp(before, FACE, np.random.default_rng(seed)))


def test_warping_adds_no_new_colours() -> None:
    even = np.full((SIDE, SIDE, 3), (10, 120, 250), np.uint8)
    assert np.array_equal(holdout.warp(even, FACE, np.random.default_rng(0)), even)


def test_a_cloned_face_has_the_donors_features_without_a_seam() -> None:
    columns = np.linspace(60, 160, SIDE)
    target = np.repeat(np.tile(columns, (SIDE, 1))[..., None], 3, axis=2).astype(np.uint8)
    donor = np.full((SIDE, SIDE, 3), 200, np.uint8)
    donor[60:70, 55:65] = 100  # a dark nose
    after = holdout.clone(target, FACE, donor, FACE).astype(int)
    changed = np.abs(after - target).max(axis=-1)
    assert changed[60:70, 55:65].min() > 10
    assert not changed[:15].any()
    # Around the nose the donor is flat, so the result follows the target's gradient.
    steps = np.abs(np.diff(after[85], axis=0)).max()
    assert steps <= 3


def test_cloning_a_recoloured_face_onto_itself_changes_nothing() -> None:
    before = cartoon(1, SIDE) // 2
    after = holdout.clone(before, FACE, before + np.uint8(40), FACE)
    assert np.abs(after.astype(int) - before).max() <= 2


def test_a_donor_outside_the_picture_changes_nothing() -> None:
    before = noisy_pixels(60)
    nowhere = np.full((8, 8, 3), 200, np.uint8)
    far = FACE.points - np.float32(500)
    donor = type(FACE)(-472, -472, -408, -408, 0.9, far)
    assert np.array_equal(holdout.clone(before, FACE, nowhere, donor), before)


def write(folder: Path, *pictures: np.ndarray) -> Path:
    real = folder / "Test" / "Real"
    real.mkdir(parents=True)
    (folder / "Test" / "Fake").mkdir()
    for number, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(real / f"{number}.png")
        Image.fromarray(pixels).save(folder / "Test" / "Fake" / f"{number}.png")
    return folder


def test_each_real_test_face_appears_once_and_in_two_manipulations(tmp_path: Path) -> None:
    faces = write(tmp_path / "faces", cartoon(0), cartoon(1), noisy_pixels(90))
    (faces / "Test" / "Real" / "3.png").write_bytes(b"no picture")
    out = tmp_path / "manipulated"
    counts = manipulate(faces, out)
    assert counts == {
        "Test/Real/Whole": 2,
        "Test/Fake/Warped": 2,
        "Test/Fake/Cloned": 2,
        "left out": 2,
    }
    names = {path.parent.name for path in out.rglob("*.jpg")}
    assert names == {"Whole", "Warped", "Cloned"}
    assert find_data(out).counts() == {"test/Real": 2, "test/Fake": 4}


def test_the_command_prints_its_counts_and_overwrites_nothing(
    tmp_path: Path, invoke: Callable[..., Result]
) -> None:
    faces = write(tmp_path / "faces", cartoon(0), cartoon(1))
    result = invoke("manipulate", faces, tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "Test/Fake/Cloned: 2" in result.output
    again = invoke("manipulate", faces, tmp_path / "out")
    assert again.exit_code != 0
    assert "is not empty" in again.output


def test_a_single_face_or_a_folder_with_content_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "single", cartoon(0))
    with pytest.raises(DataError, match="1 real test faces: two are needed"):
        manipulate(folder, tmp_path / "out")
    with pytest.raises(DataError, match="is not empty"):
        manipulate(folder, folder)
