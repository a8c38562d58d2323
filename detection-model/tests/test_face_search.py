"""Turned and small faces are found where the normal pass misses them; others stay."""

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

# A drawn face of about 81 pixels, in a picture of 160 x 160.
DRAWN = Path(detection_model.__file__).parent / "export" / "parity" / "0.jpg"


def drawn(scale: float = 1.0) -> Bytes:
    side = round(160 * scale)
    return np.asarray(Image.open(DRAWN).convert("RGB").resize((side, side)))


def scene(height: int, width: int, *places: tuple[int, int], scale: float = 1.0) -> Bytes:
    """The drawn face on a grey ground, its corners at (top, left)."""
    canvas = np.full((height, width, 3), 200, np.uint8)
    face = drawn(scale)
    for top, left in places:
        canvas[top : top + len(face), left : left + len(face)] = face
    return canvas


def centre(face: Face) -> tuple[float, float]:
    return (face.top + face.bottom) / 2, (face.left + face.right) / 2


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_face_is_found_in_its_place_and_cropped_upright(turns: int) -> None:
    upright = scene(300, 400, (100, 200))
    lying = np.ascontiguousarray(np.rot90(upright, turns))
    result = search(lying, find_faces(lying))
    (face,) = result.faces
    assert face.turns == result.turns == 4 - turns
    height, width = lying.shape[:2]
    box = crop_box(face, 0.25, height=height, width=width)
    (expected,) = find_faces(upright)
    aim = crop(upright, crop_box(expected, 0.25, height=300, width=400))
    seen = crop(lying, box, face.turns)
    small = [np.asarray(Image.fromarray(part).resize((32, 32)), int) for part in (seen, aim)]
    assert np.abs(small[0] - small[1]).mean() < 8


def test_an_upright_face_stays_as_it_is() -> None:
    pixels = scene(300, 400, (100, 200))
    faces = find_faces(pixels)
    result = search(pixels, faces)
    assert result.faces == faces
    assert (result.turns, result.small) == (0, 0)


def test_a_picture_without_a_face_stays_without() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (700, 900, 3)).astype(np.uint8)
    assert search(noise, find_faces(noise)).faces == []


def test_a_face_of_48_pixels_is_found_in_a_large_picture() -> None:
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
    pixels[500:948, 600:1048] = drawn(2.8)
    faces = find_faces(pixels)
    assert len(faces) == 1
    result = search(pixels, faces)
    assert result.faces[0] is faces[0]
    assert len(result.faces) == 3
    assert result.small == 2


def test_a_portrait_is_not_searched_for_small_faces() -> None:
    """Its face takes a tenth of the picture or more."""
    pixels = scene(2000, 2400, (300, 700), scale=8.0)
    pixels[1700:1750, 100:150] = drawn(50 / 160)
    faces = find_faces(pixels)
    assert search(pixels, faces).faces == faces


def test_notes_name_what_the_normal_pass_did_not_find() -> None:
    upright = ImageCrops(scene(300, 400, (100, 200)))
    lying = ImageCrops(np.ascontiguousarray(np.rot90(upright.pixels)))
    small = ImageCrops(scene(1500, 2000, (700, 900), scale=0.6))
    for crops in (upright, lying, small):
        assert len(crops.faces) == 1
    assert upright.notes == ()
    assert [note.code for note in lying.notes] == ["turned"]
    assert [note.code for note in small.notes] == ["small_faces"]


@given(
    st.integers(0, 3),
    st.integers(1, 60),
    st.integers(1, 60),
    st.floats(0, 1, width=16),
    st.floats(0, 1, width=16),
)
def test_turning_back_inverts_the_turn_of_the_pixels(
    turns: int, height: int, width: int, x_share: float, y_share: float
) -> None:
    row, column = round(y_share * (height - 1)), round(x_share * (width - 1))
    pixels = np.zeros((height, width), np.uint8)
    pixels[row, column] = 1
    turned = np.rot90(pixels, turns)
    y, x = (int(place[0]) for place in np.nonzero(turned))
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
