"""Spectra: peaks of regular patterns, and comparison with class averages."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from factories import file_bytes, grainy
from typer.testing import Result

from detection_model import measures
from detection_model.forensics.spectrum import (
    Spectrum,
    log_spectrum,
    read_averages,
    spectrum,
    write_averages,
)


def numbers(pixels: np.ndarray) -> Spectrum:
    result = spectrum(pixels).numbers
    assert isinstance(result, Spectrum)
    return result


def patterned(period: float, across: float, down: float, side: int = 300) -> np.ndarray:
    """A grained picture with a faint wave: cycles across and down in each period."""
    rows, columns = np.indices((side, side))
    wave = 5 * np.cos(2 * np.pi * (across * columns + down * rows) / period)
    pixels = np.asarray(grainy(1, side), np.float32) + wave[..., None]
    return np.asarray(np.clip(pixels, 0, 255), np.uint8)


@pytest.mark.parametrize(
    ("period", "across", "down"), [(5, 1, 0), (5, 0, 1), (8, 1, 2), (4, 1, -1)]
)
def test_a_regular_grid_is_the_highest_peak(period: int, across: int, down: int) -> None:
    peak = numbers(patterned(period, across, down)).peaks[0]
    # One of the two opposite points.
    sign = 1 if peak.across * across + peak.down * down > 0 else -1
    assert sign * peak.across == pytest.approx(across / period, abs=0.005)
    assert sign * peak.down == pytest.approx(down / period, abs=0.005)
    assert peak.period == pytest.approx(period / np.hypot(across, down), rel=0.03)
    assert peak.jpeg_grid == (period != 5)


def test_grain_and_soft_shapes_have_no_peaks() -> None:
    assert [numbers(np.asarray(grainy(seed, 300))).peaks for seed in range(5)] == [[]] * 5


def test_naive_upsampling_leaves_peaks_at_its_replicas() -> None:
    small = np.asarray(grainy(2, 128))
    doubled = np.kron(small, np.ones((2, 2, 1))).astype(np.uint8)
    doubled[::2] = np.clip(doubled[::2] + 6.0, 0, 255)
    assert any(abs(peak.down) == 0.5 for peak in numbers(doubled).peaks)


def test_the_spectrum_matches_the_data_report() -> None:
    pixels = np.asarray(grainy(4, 256))
    expected = measures.log_spectra(measures.to_grey(pixels[None]))[0]
    assert np.allclose(log_spectrum(pixels), expected, atol=1e-3)


def test_averages_are_restored_at_the_levels_of_the_view(tmp_path: Path) -> None:
    pixels = patterned(4, 1, 0, 256)
    own = log_spectrum(pixels)
    plain = log_spectrum(np.asarray(grainy(5, 256)))
    write_averages(tmp_path, "Mine", "f" * 64, {"Real": (3, plain), "Fake": (4, own)})
    averages = read_averages(tmp_path)
    assert averages is not None
    view = spectrum(pixels, averages)
    assert isinstance(view.numbers, Spectrum)
    assert view.numbers.pictures == {"Real": 3, "Fake": 4}
    assert view.numbers.radial == view.numbers.class_radial["Fake"]
    assert view.numbers.radial != view.numbers.class_radial["Real"]
    # The picture is its own average: equal levels up to rounding in the record.
    levels = [view.images[name].astype(int) for name in ("whole", "Fake")]
    assert np.abs(levels[0] - levels[1]).max() <= 1
    assert view.images["Fake"][128, 192] > view.images["Real"][128, 192] + 50


@pytest.mark.slow
def test_the_command_writes_averages_that_separate_the_classes(
    invoke: Callable[..., Result], synthetic: Path, tmp_path: Path
) -> None:
    result = invoke("average-spectra", synthetic, "--out", tmp_path, "--processes", 1)
    assert result.exit_code == 0, result.output
    averages = read_averages(tmp_path)
    assert averages is not None
    assert averages.record.data == "Synthetic"
    assert averages.record.classes["Real"].pictures == 48
    # The synthetic fakes' checkers have a period of 8 pixels both ways: 32 of 256 cycles.
    real, fake = averages.images["Real"], averages.images["Fake"]
    assert fake[128 + 32, 128 + 32] > real[128 + 32, 128 + 32] + 50
    picture = tmp_path / "picture.png"
    picture.write_bytes(file_bytes(grainy(1), "PNG"))
    result = invoke("forensics", picture, "--out", tmp_path / "views", "--averages", tmp_path)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "views" / "spectrum-Fake.png").exists()


def test_missing_averages_are_none_and_broken_ones_an_error(tmp_path: Path) -> None:
    assert read_averages(tmp_path) is None
    (tmp_path / "averages.json").write_text("{}")
    with pytest.raises(ValueError, match="validation error"):
        read_averages(tmp_path)
