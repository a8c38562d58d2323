"""A look at a data set finds what was put into it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detection_model.data import overview, plots
from detection_model.data.folders import DataError, find_data
from detection_model.data.synthetic import write_synthetic


def stripes(period: float, amplitude: float = 40) -> np.ndarray:
    """One grey picture (1, 256, 256) of vertical stripes."""
    row = 128 + amplitude * np.cos(2 * np.pi * np.arange(256) / period)
    return np.broadcast_to(row, (1, 256, 256)).astype(np.float32)


def test_flat_pictures_have_brightness_and_nothing_else() -> None:
    grey = np.stack([np.full((64, 64), level, np.float32) for level in (10, 200)])
    assert overview.brightness(grey).tolist() == [10, 200]
    assert overview.contrast(grey).tolist() == [0, 0]
    assert overview.sharpness(grey).tolist() == [0, 0]


def test_finer_stripes_are_sharper_at_the_same_contrast() -> None:
    grey = np.concatenate([stripes(4), stripes(32)])
    fine, coarse = overview.contrast(grey)
    assert fine == pytest.approx(coarse, rel=0.01)
    fine, coarse = overview.sharpness(grey)
    assert fine > 50 * coarse


def test_grey_is_weighted_as_eyes_see() -> None:
    pixels = np.zeros((1, 8, 8, 3), np.uint8)
    pixels[..., 1] = 100
    assert overview.to_grey(pixels) == pytest.approx(58.7)


@pytest.mark.parametrize("period", [4, 8, 16])
def test_a_regular_pattern_is_a_point_in_the_spectrum(period: int) -> None:
    rng = np.random.default_rng(0)
    grey = stripes(period, amplitude=3) + rng.normal(0, 4, (20, 256, 256)).astype(np.float32)
    spectrum = overview.mean_log_spectrum(grey)
    middle = spectrum.shape[1] // 2
    row = spectrum[spectrum.shape[0] // 2]
    expected = round(spectrum.shape[1] / period)
    assert abs(int(np.argmax(row[middle + 5 :])) + 5 - expected) <= 1


def test_the_format_that_gives_a_class_away_is_shown(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (300, 200, 3)).astype(np.uint8)
    for label, suffix in (("Real", "jpg"), ("Fake", "png")):
        (tmp_path / "Train" / label).mkdir(parents=True)
        for number in range(3):
            Image.fromarray(pixels).save(tmp_path / "Train" / label / f"{number}.{suffix}")
    (tmp_path / "Train" / "Fake" / "broken.png").write_bytes(b"no picture")
    seen = overview.overview(find_data(tmp_path))
    assert {label: dict(one.formats) for label, one in seen.items()} == {
        "Real": {"JPEG": 3},
        "Fake": {"PNG": 3},
    }
    assert seen["Fake"].sizes == {"200 x 300": 3}
    assert seen["Fake"].kilobytes.min() > seen["Real"].kilobytes.max()


def test_means_are_those_of_all_pictures_whatever_the_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_synthetic(tmp_path, per_class=10, side=64)
    data = find_data(tmp_path)
    whole = overview.overview(data)["Fake"]
    monkeypatch.setattr(overview, "_BATCH", 3)
    in_parts = overview.overview(data)["Fake"]
    assert whole.pictures == in_parts.pictures == 10
    assert in_parts.mean == pytest.approx(whole.mean, abs=1e-3)
    assert in_parts.spectrum == pytest.approx(whole.spectrum, abs=1e-3)
    assert whole.mean.mean() == pytest.approx(whole.brightness.mean(), abs=2)


def test_a_sample_is_bounded_and_the_same_each_time(synthetic: Path) -> None:
    examples = find_data(synthetic).split("train")
    drawn = overview.sample(examples, 5)
    assert len(drawn) == 5
    assert drawn == overview.sample(examples, 5)
    assert set(drawn) < set(examples)
    assert overview.sample(examples, 10_000) == examples


def test_a_split_that_is_missing_is_named(tmp_path: Path) -> None:
    write_synthetic(tmp_path, per_class=2, side=64)
    with pytest.raises(DataError, match="for validation"):
        overview.overview(find_data(tmp_path / "Train"), "validation")


def test_every_figure_of_the_overview_shows_both_classes(synthetic: Path) -> None:
    data = find_data(synthetic)
    seen = overview.overview(data, per_class=6)
    bars = plots.distributions_figure(seen).axes
    assert [len(axes.patches) for axes in bars] == [60, 60, 60]
    heights = [sum(patch.get_height() for patch in axes.patches) for axes in bars]  # type: ignore[attr-defined]
    assert heights == [12, 12, 12]
    for figure in (plots.means_figure(seen), plots.spectra_figure(seen)):
        titles = [axes.get_title() for axes in figure.axes]
        assert titles[0].startswith("Real")
        assert titles[1].startswith("Fake")
        assert titles[2] == "Fake less Real"
    grid = plots.grid_figure(data.split("train"), columns=4)
    assert [axes.get_title() for axes in grid.axes] == ["Real"] * 4 + ["Fake"] * 4
