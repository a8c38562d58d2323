"""Traces of JPEG: quantisation tables in the file, periodic histograms in the pixels."""

import io

import numpy as np
import pytest
from factories import file_bytes, grainy, jpeg_copy
from PIL import Image
from scipy import fft

from detection_model.forensics.jpeg import (
    DoubleCompression,
    Jpeg,
    block_dct,
    double_compression,
    jpeg,
    nearest_quality,
    periodicity,
    quantisation_tables,
)
from detection_model.imaging import decode


def tables_of(data: bytes) -> Jpeg:
    numbers = jpeg(data, decode(data).pixels).numbers
    assert isinstance(numbers, Jpeg)
    return numbers


def hint(data: bytes) -> bool:
    numbers = double_compression(data, decode(data).pixels).numbers
    assert isinstance(numbers, DoubleCompression)
    return numbers.hint


def test_every_libjpeg_quality_is_estimated_exactly() -> None:
    image = Image.new("RGB", (16, 16))
    result = [
        nearest_quality(quantisation_tables(file_bytes(image, quality=q))) for q in range(1, 101)
    ]
    assert result == [(quality, 0.0) for quality in range(1, 101)]


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_quality_73_is_recognised(mode: str) -> None:
    result = tables_of(file_bytes(grainy(1).convert(mode), quality=73, progressive=True))
    assert (result.quality, result.libjpeg, result.distance) == (73, True, 0)
    assert result.progressive
    # Annex K begins its luma with 16, 11, 10; quality 73 takes 54 % of it.
    assert result.tables[0][0][:3] == [9, 6, 5]
    assert len(result.tables) == (2 if mode == "RGB" else 1)


def test_subsampling_is_reported() -> None:
    image = grainy(1)
    result = [tables_of(file_bytes(image, subsampling=mode)).subsampling for mode in range(3)]
    assert result == ["4:4:4", "4:2:2", "4:2:0"]


def test_tables_of_another_encoder_are_not_called_libjpegs() -> None:
    own = [[min(255, 3 + at // 2) for at in range(64)]] * 2
    result = tables_of(file_bytes(grainy(1), qtables=own))
    assert result.libjpeg is False
    assert result.distance is not None
    assert result.distance > 1
    assert result.tables[0][0][0] == 3


def test_other_formats_have_no_tables() -> None:
    data = file_bytes(grainy(1), "PNG")
    png_view = jpeg(data, decode(data).pixels)
    assert png_view.images == {}
    result = tables_of(data)
    assert (result.format, result.tables, result.quality, result.libjpeg) == ("PNG", [], None, None)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("first", [60, 75])
def test_a_second_finer_compression_gives_a_hint(seed: int, first: int) -> None:
    image = grainy(seed)
    assert hint(file_bytes(jpeg_copy(image, first), quality=90))
    assert not hint(file_bytes(image, quality=90))


@pytest.mark.parametrize("quality", [50, 75, 85, 95])
def test_one_compression_gives_no_hint(quality: int) -> None:
    assert not any(hint(file_bytes(grainy(seed), quality=quality)) for seed in range(8))


def test_the_same_quality_twice_or_a_resize_between_leave_no_hint() -> None:
    image = grainy(2, 256)
    assert not hint(file_bytes(jpeg_copy(image, 90), quality=90))
    smaller = jpeg_copy(image, 60).resize((192, 192), Image.Resampling.LANCZOS)
    assert not hint(file_bytes(smaller, quality=90))


def test_a_png_shows_that_it_was_a_jpeg() -> None:
    image = grainy(3)
    assert hint(file_bytes(jpeg_copy(image, 70), "PNG"))
    assert not hint(file_bytes(image, "PNG"))


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_rotated_file_is_analysed_as_stored(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = jpeg_copy(grainy(4, 200).crop((0, 0, 196, 180)), 60)
    assert hint(file_bytes(image, quality=90, exif=exif))
    assert hint(file_bytes(image, "PNG", exif=exif))


def test_faint_ripples_do_not_count_as_periodic() -> None:
    smooth = 1e6 * np.exp(-np.abs(np.arange(257) - 128) / 30)
    for depth, expected in ((0.02, False), (0.4, True)):
        comb = 1 + depth * np.cos(2 * np.pi * np.arange(257) / 4)
        height, period, periodic = periodicity(np.rint(smooth * comb).astype(np.int64))
        assert periodic == expected
        assert height == pytest.approx(depth / 2, rel=0.2)
        assert period == pytest.approx(4, rel=0.02)


def test_the_block_transform_matches_jpeg() -> None:
    luma = np.random.default_rng(0).normal(0, 40, (24, 35)).astype(np.float32)
    result = block_dct(luma)
    expected = fft.dctn(luma[8:16, 16:24], norm="ortho")
    assert result.shape == (12, 8, 8)
    assert np.allclose(result[4 + 2], expected, atol=1e-3)
    # In a decoded file the coefficients are whole multiples of the table's steps.
    data = file_bytes(grainy(5).convert("L"), quality=40)
    pixels = np.asarray(Image.open(io.BytesIO(data)), np.float32)
    steps = block_dct(pixels)[:, 1, 2] / quantisation_tables(data)[0][1, 2]
    assert np.abs(steps - np.rint(steps)).mean() < 0.06
