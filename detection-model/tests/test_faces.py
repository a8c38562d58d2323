"""Faces are detected and cropped with the margin of the card."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from detection_model.faces import Face, crop, crop_box, face_or_whole, find_faces

REALS = Path(__file__).parents[3] / "shared/data/Dataset/Test/Real"

sides = st.integers(32, 900)


def face_at(left: float, top: float, side: float) -> Face:
    """A face with dummy points."""
    points = np.zeros((6, 2), np.float32)
    return Face(left, top, left + side, top + side, 0.9, points)


def portrait() -> NDArray[np.uint8]:
    """A real face of 256 x 256 pixels."""
    if not REALS.is_dir():
        pytest.skip("needs the real faces of ../shared/data")
    return np.asarray(Image.open(min(REALS.glob("*.jpg"))).convert("RGB"))


@given(
    left=st.floats(-100, 900),
    top=st.floats(-100, 900),
    side=st.floats(1, 900),
    margin=st.floats(0, 2),
    height=sides,
    width=sides,
)
def test_a_crop_is_a_square_inside_the_picture(
    left: float, top: float, side: float, margin: float, height: int, width: int
) -> None:
    box = crop_box(face_at(left, top, side), margin, height=height, width=width)
    assert 0 <= box.left < box.right <= width
    assert 0 <= box.top < box.bottom <= height
    assert box.right - box.left == box.bottom - box.top
    assert box.right - box.left <= max(1, round(side * (1 + 2 * margin)))


def test_the_margin_is_in_face_widths_on_each_side() -> None:
    box = crop_box(face_at(400, 300, 100), 0.3, height=800, width=1000)
    assert box == (370, 270, 530, 430)


def test_a_crop_at_the_edge_moves_inwards_and_keeps_its_size() -> None:
    box = crop_box(face_at(0, 0, 100), 0.5, height=800, width=1000)
    assert box == (0, 0, 200, 200)


def test_no_face_is_detected_where_there_is_none() -> None:
    ramp = np.linspace(0, 255, 300).astype(np.uint8)
    landscape = np.stack([np.broadcast_to(ramp[:, None], (300, 400))] * 3, axis=-1)
    assert find_faces(landscape) == []
    assert face_or_whole(landscape, 0.3) is landscape


def test_a_model_for_whole_pictures_gets_the_whole_picture() -> None:
    pixels = np.zeros((40, 50, 3), np.uint8)
    assert face_or_whole(pixels, None) is pixels


def test_a_face_is_detected_once_with_its_eyes_above_its_mouth() -> None:
    pixels = portrait()
    (face,) = find_faces(pixels)
    left_eye, right_eye, nose, mouth, *_ = face.points
    assert left_eye[0] < nose[0] < right_eye[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < mouth[1]
    assert face.left < left_eye[0]
    assert face.right > right_eye[0]
    assert 0.4 * 256 < face.side < 0.9 * 256


def test_faces_in_a_wide_picture_are_located_the_largest_first() -> None:
    face_pixels = portrait()
    small = np.asarray(Image.fromarray(face_pixels).resize((128, 128)))
    canvas = np.full((300, 800, 3), 200, np.uint8)
    canvas[100:228, 40:168] = small
    canvas[20:276, 500:756] = face_pixels
    large, other = find_faces(canvas)
    assert 500 < (large.left + large.right) / 2 < 756
    assert 40 < (other.left + other.right) / 2 < 168
    # The same face at half the size.
    assert other.side == pytest.approx(large.side / 2, rel=0.2)


def test_a_crop_follows_the_face() -> None:
    face_pixels = portrait()
    canvas = np.full((300, 800, 3), 200, np.uint8)
    canvas[20:276, 500:756] = face_pixels
    result = face_or_whole(canvas, 0.3)
    (face,) = find_faces(face_pixels)
    expected = crop(face_pixels, crop_box(face, 0.3, height=256, width=256))
    assert len(result) == pytest.approx(len(expected), rel=0.15)
    assert abs(result.mean() - expected.mean()) < 10
