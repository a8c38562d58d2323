"""The face mesh, and face swaps that warp a donor onto it."""

import numpy as np
import pytest
from factories import cartoon, noisy_pixels
from PIL import Image

from detection_model.faces import Face, find_faces
from detection_model.faces.mesh import LANDMARKS, Points, mesh
from detection_model.synthesis.blending import Pixels
from detection_model.synthesis.warped_swaps import most_similar, warped_swap

SIDE = 256
LEFT_EYE, RIGHT_EYE = (33, 133), (263, 362)


def face(seed: int) -> tuple[Pixels, Face, Points]:
    """A drawn face with its landmarks."""
    pixels = cartoon(seed, SIDE)
    (found,) = find_faces(pixels)
    points = mesh(pixels, found)
    assert points is not None
    return pixels, found, points


@pytest.mark.parametrize("seed", range(4))
def test_the_mesh_has_the_eyes_where_the_detector_has_them(seed: int) -> None:
    _, found, points = face(seed)
    assert points.shape == (LANDMARKS, 2)
    for corners, eye in ((LEFT_EYE, 0), (RIGHT_EYE, 1)):
        distance = np.hypot(*(points[[*corners]].mean(axis=0) - found.points[eye]))
        assert distance < 0.1 * found.side


def test_the_mesh_turns_with_the_picture() -> None:
    pixels, _, points = face(0)
    turned = np.asarray(Image.fromarray(pixels).rotate(20, Image.Resampling.BICUBIC))
    (found,) = find_faces(turned)
    result = mesh(turned, found)
    assert result is not None
    centre, cos, sin = SIDE / 2, np.cos(np.radians(20)), np.sin(np.radians(20))
    expected = (points - centre) @ np.asarray([[cos, -sin], [sin, cos]]) + centre
    assert np.hypot(*(result - expected).T).mean() < 0.05 * found.side


def test_no_mesh_is_found_where_there_is_no_face() -> None:
    points = np.asarray([[100, 100], [150, 100], [125, 130], [125, 150], [80, 100], [170, 100]])
    nowhere = Face(70, 70, 180, 180, 0.9, points.astype(np.float32))
    assert mesh(noisy_pixels(120, SIDE), nowhere) is None


def test_the_most_similar_mesh_is_the_same_face_moved_scaled_and_turned() -> None:
    meshes = [face(seed)[2] for seed in range(4)]
    turn = np.asarray([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]], np.float32)
    for number, points in enumerate(meshes):
        assert most_similar(points @ turn * np.float32(1.7) + np.float32(30), meshes) == number


@pytest.mark.parametrize("seed", range(12))
def test_a_swap_changes_the_face_and_keeps_its_surroundings(seed: int) -> None:
    pixels, found, points = face(0)
    donor, _, donor_points = face(1)
    after = warped_swap(pixels, points, donor, donor_points, np.random.default_rng(seed))
    assert after.shape == pixels.shape
    changed = np.abs(after.astype(int) - pixels).max(axis=-1) > 10
    assert 0.002 < changed.mean() < 0.5
    columns = np.flatnonzero(changed.any(axis=0))
    assert columns.min() > found.left - found.side / 2
    assert columns.max() < found.right + found.side / 2
    again = warped_swap(pixels, points, donor, donor_points, np.random.default_rng(seed))
    assert np.array_equal(after, again)


@pytest.mark.parametrize("seed", range(8))
def test_a_face_swapped_with_itself_stays_nearly_the_same(seed: int) -> None:
    pixels, _, points = face(2)
    after = warped_swap(pixels, points, pixels, points, np.random.default_rng(seed))
    assert np.abs(after.astype(int) - pixels).mean() < 2
