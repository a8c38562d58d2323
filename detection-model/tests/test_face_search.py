"""The extended search detects rotated and small faces that the normal pass misses."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

import detection_model
from detection_model.faces import Face, crop, crop_box, find_faces
from detection_model.faces.search import levels, search, tiles, turn_back
from detection_model.inference.crops import ImageCrops

Bytes = NDArray[np.uint8]

# A drawing face of about 81 pixels, in a picture of 160 x 160.
DRAWING = Path(detection_model.__file__).parent / "export" / "parity" / "0.jpg"


def drawing(scale: float = 1.0) -> Bytes:
    side = round(160 * scale)
    return np.asarray(Image.open(DRAWING).convert("RGB").resize((side, side)))


def scene(height: int, width: int, *places: tuple[int, int], scale: float = 1.0) -> Bytes:
    """The drawing face on a grey ground, its corners at (top, left)."""
    canvas = np.full((height, width, 3), 200, np.uint8)
    face = drawing(scale)
    for top, left in places:
        canvas[top : top + len(face), left : left + len(face)] = face
    return canvas


def centre(face: Face) -> tuple[float, float]:
    return (face.top + face.bottom) / 2, (face.left + face.right) / 2


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_rotated_face_is_detected_in_place_and_cropped_upright(turns: int) -> None:
    upright = scene(300, 400, (100, 200))
    rotated = np.ascontiguousarray(np.rot90(upright, turns))
    result = search(rotated, find_faces(rotated))
    (face,) = result.faces
    assert face.turns == result.turns == 4 - turns
    height, width = rotated.shape[:2]
    box = crop_box(face, 0.25, height=height, width=width)
    (expected,) = find_faces(upright)
    reference = crop(upright, crop_box(expected, 0.25, height=300, width=400))
    actual = crop(rotated, box, face.turns)
    thumbnails = [
        np.asarray(Image.fromarray(pixels).resize((32, 32)), int) for pixels in (actual, reference)
    ]
    assert np.abs(thumbnails[0] - thumbnails[1]).mean() < 8


def test_an_upright_face_is_left_unchanged() -> None:
    pixels = scene(300, 400, (100, 200))
    faces = find_faces(pixels)
    result = search(pixels, faces)
    assert result.faces == faces
    assert (result.turns, result.small) == (0, 0)


def test_nothing_is_detected_in_a_picture_without_a_face() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (700, 900, 3)).astype(np.uint8)
    assert search(noise, find_faces(noise)).faces == []


def test_a_face_of_48_pixels_is_detected_in_a_large_picture() -> None:
    pixels = scene(1500, 4000, (700, 2900), scale=48 / 81)
    assert find_faces(pixels) == []
    result = search(pixels, [])
    (face,) = result.faces
    assert result.small == 1
    assert face.side == pytest.approx(48, abs=8)
    top, left = centre(face)
    assert abs(top - 747) < 24
    assert abs(left - 2947) < 24


def test_a_large_picture_with_one_distant_face_is_searched_for_smaller_ones() -> None:
    pixels = scene(1200, 2400, (100, 100), (800, 1800), scale=0.7)
    pixels[500:948, 600:1048] = drawing(2.8)
    faces = find_faces(pixels)
    assert len(faces) == 1
    result = search(pixels, faces)
    assert result.faces[0] is faces[0]
    assert len(result.faces) == 3
    assert result.small == 2


def test_a_portrait_is_not_searched_for_small_faces() -> None:
    """A portrait: the face takes a tenth of the picture or more."""
    pixels = scene(2000, 2400, (300, 700), scale=8.0)
    pixels[1700:1750, 100:150] = drawing(50 / 160)
    faces = find_faces(pixels)
    assert search(pixels, faces).faces == faces


def test_notes_name_the_search_that_detected_the_face() -> None:
    upright = ImageCrops(scene(300, 400, (100, 200)))
    rotated = ImageCrops(np.ascontiguousarray(np.rot90(upright.pixels)))
    small = ImageCrops(scene(1500, 2000, (700, 900), scale=0.6))
    for crops in (upright, rotated, small):
        assert len(crops.faces) == 1
    assert upright.notes == ()
    assert [note.code for note in rotated.notes] == ["turned"]
    assert [note.code for note in small.notes] == ["small_faces"]


@given(
    st.integers(0, 3),
    st.integers(1, 60),
    st.integers(1, 60),
    st.floats(0, 1, width=16),
    st.floats(0, 1, width=16),
)
def test_turn_back_inverts_the_rotation_of_the_pixels(
    turns: int, height: int, width: int, x_share: float, y_share: float
) -> None:
    row, column = round(y_share * (height - 1)), round(x_share * (width - 1))
    pixels = np.zeros((height, width), np.uint8)
    pixels[row, column] = 1
    rotated = np.rot90(pixels, turns)
    y, x = (int(place[0]) for place in np.nonzero(rotated))
    points = np.full((6, 2), (x + 0.5, y + 0.5), np.float32)
    face = turn_back(Face(x, y, x + 1, y + 1, 0.9, points), turns, height=height, width=width)
    assert (face.left, face.top, face.right, face.bottom) == (column, row, column + 1, row + 1)
    assert face.points[0].tolist() == [column + 0.5, row + 0.5]
    assert face.turns == turns


@given(st.integers(32, 12_000), st.integers(32, 12_000))
def test_the_tiles_cover_the_picture_and_are_bounded(height: int, width: int) -> None:
    total = 0
    for factor in levels(height, width):
        high, wide = max(1, round(height / factor)), max(1, round(width / factor))
        boxes = list(tiles(high, wide))
        total += len(boxes)
        # Along each side, tiles start before the last one ends.
        for start, end, length in ((1, 3, high), (0, 2, wide)):
            spans = sorted({(box[start], box[end]) for box in boxes})
            assert spans[0][0] == 0
            assert spans[-1][1] == length
            assert all(after[0] < before[1] for before, after in pairwise(spans))
    assert total <= 140
