"""Forensic views show edits where they were made."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from factories import file_bytes, grainy, jpeg_copy
from PIL import Image, ImageFilter
from typer.testing import Result

from detection_model.forensics import view
from detection_model.forensics.common import TEXTS, ViewId
from detection_model.forensics.pixels import (
    Colours,
    ErrorLevels,
    Noise,
    colours,
    error_level,
    noise,
)
from detection_model.imaging import decode


def spliced() -> Image.Image:
    """A picture saved at quality 60, with a square that was never compressed."""
    image = jpeg_copy(grainy(1), 60)
    image.paste(grainy(2).crop((0, 0, 64, 64)), (104, 24))
    return image


def test_a_splice_of_another_quality_stands_out_in_the_error_level() -> None:
    data = file_bytes(spliced(), quality=95)
    result = error_level(data, decode(data).pixels)
    errors = result.images["errors"].mean(axis=2)
    inside = np.zeros(errors.shape, bool)
    inside[24:88, 104:168] = True
    assert errors[inside].mean() > 2 * errors[~inside].mean()
    numbers = result.numbers
    assert isinstance(numbers, ErrorLevels)
    assert errors.mean() / numbers.gain == pytest.approx(numbers.mean, rel=0.1)


def test_the_error_level_of_a_rotated_file_is_that_of_its_stored_pixels() -> None:
    # 188 is not a multiple of 8: rotated upright, the blocks would be misaligned.
    image = spliced().crop((0, 0, 188, 140))
    exif = Image.Exif()
    exif[0x0112] = 6
    plain, rotated = file_bytes(image, quality=80), file_bytes(image, quality=80, exif=exif)
    expected = error_level(plain, decode(plain).pixels).images["errors"]
    result = error_level(rotated, decode(rotated).pixels).images["errors"]
    assert np.array_equal(result, np.rot90(expected, -1))


def test_a_smoothed_half_has_less_noise() -> None:
    image = grainy(3)
    image.paste(image.crop((0, 0, 96, 192)).filter(ImageFilter.GaussianBlur(2)), (0, 0))
    result = noise(b"", np.asarray(image))
    residual = result.images["residual"].astype(float)
    assert residual[:, 100:].std() > 5 * residual[:, :92].std()
    numbers = result.numbers
    assert isinstance(numbers, Noise)
    assert numbers.percentile_5 < numbers.deviation / 5 < numbers.percentile_95


def test_the_noise_of_a_flat_picture_is_its_grain() -> None:
    grey = np.full((128, 128), 128) + np.random.default_rng(0).normal(0, 4, (128, 128)).round()
    pixels = np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)
    numbers = noise(b"", pixels).numbers
    assert isinstance(numbers, Noise)
    # The view subtracts a median, whose deviation is a few tenths of the grain's.
    assert numbers.deviation == pytest.approx(4, rel=0.15)
    assert noise(b"", pixels * 0 + 77).images["residual"].tolist() == [[128] * 128] * 128


def test_colour_histograms_count_every_point() -> None:
    pixels = np.asarray(grainy(4, 64))
    numbers = colours(b"", pixels).numbers
    assert isinstance(numbers, Colours)
    for channel, counts in enumerate((numbers.red, numbers.green, numbers.blue)):
        assert counts == np.bincount(pixels[..., channel].ravel(), minlength=256).tolist()


def test_stretched_contrast_leaves_gaps_and_clipping() -> None:
    pixels = np.asarray(grainy(4))
    stretched = np.clip((pixels.astype(float) - 90) * 3, 0, 255).astype(np.uint8)
    before, after = colours(b"", pixels).numbers, colours(b"", stretched).numbers
    assert isinstance(before, Colours)
    assert isinstance(after, Colours)
    assert before.gaps == [0, 0, 0]
    assert min(after.gaps) > 50
    assert after.darkest > 0.01 > before.darkest
    assert after.brightest > 0.01 > before.brightest


@pytest.mark.parametrize("name", get_args(ViewId))
def test_each_view_states_what_it_shows_and_its_limits(
    name: ViewId,
) -> None:
    text = TEXTS[name]
    for sentence in (text.shows, text.limits):
        assert sentence.endswith(".")
    data = file_bytes(grainy(5, 64))
    result = view(name, data, decode(data).pixels)
    assert result.id == name
    assert all(image.dtype == np.uint8 for image in result.images.values())
    assert result.images
    json.dumps(result.numbers.model_dump(), allow_nan=False)


@pytest.mark.parametrize("name", get_args(ViewId))
def test_tiny_flat_and_large_pictures_have_views(name: ViewId) -> None:
    for image in (Image.new("RGB", (32, 32)), Image.new("L", (32, 900), 255)):
        data = file_bytes(image, "PNG")
        assert view(name, data, decode(data).pixels).id == name
    data = file_bytes(Image.effect_noise((2600, 1500), 60))
    for drawing in view(name, data, decode(data).pixels).images.values():
        assert max(drawing.shape) <= 1600


def test_the_command_writes_every_view_and_its_numbers(
    invoke: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "portrait.jpg").write_bytes(file_bytes(grainy(6)))
    result = invoke("forensics", tmp_path / "portrait.jpg", "--out", tmp_path / "views")
    assert result.exit_code == 0, result.output
    record = json.loads((tmp_path / "views" / "views.json").read_text())
    assert set(record) == set(get_args(ViewId))
    assert record["jpeg"]["numbers"]["quality"] == 75
    for name in record:
        assert list((tmp_path / "views").glob(f"{name}-*.png"))


def test_the_command_refuses_files_that_are_not_pictures(
    invoke: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    for name in ("notes.txt", "missing.jpg"):
        result = invoke("forensics", tmp_path / name, "--out", tmp_path / "views")
        assert result.exit_code == 2
        assert "error:" in result.output
    assert not (tmp_path / "views").exists()


def test_views_and_provenance_need_only_the_packages_of_the_service() -> None:
    code = (
        "import sys, io\n"
        "from PIL import Image\n"
        "from typing import get_args\n"
        "from detection_model.forensics.common import ViewId\n"
        "from detection_model.forensics import view\n"
        "from detection_model.imaging import decode\n"
        "from detection_model.provenance.read import read_provenance\n"
        "file = io.BytesIO(); Image.new('RGB', (64, 64)).save(file, 'JPEG')\n"
        "data = file.getvalue(); pixels = decode(data).pixels\n"
        "[view(name, data, pixels) for name in get_args(ViewId)]; read_provenance(data)\n"
        "print([n for n in ('tensorflow', 'keras', 'matplotlib', 'scipy', 'sklearn') "
        "if n in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr
