"""A scan measures every picture once and names the files that it cannot read."""

from pathlib import Path

import numpy as np
import pytest
from factories import portrait, write_dataset
from PIL import Image

from detection_model.data.audit import plots, scan
from detection_model.data.audit.checks import unreadable_issues
from detection_model.data.folders import DataError, find_data, sample
from detection_model.data.write import write_synthetic


def test_the_measures_of_a_row_match_numpy(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, 5)
    portrait(99, side=256).save(root / "Train/Real/003.png")
    result = scan.scan(find_data(root))
    assert [row.place.path for row in result.of("Fake")][:2] == [
        "Test/Fake/000.png",
        "Train/Fake/000.png",
    ]
    row = next(row for row in result.rows if row.place.path == "Train/Real/003.png")
    pixels = np.asarray(Image.open(root / row.place.path), np.float64)
    grey = pixels @ [0.299, 0.587, 0.114]
    light = row.light
    assert row.place.split == "train"
    assert (light.red, light.green, light.blue) == pytest.approx(pixels.mean(axis=(0, 1)), abs=0.01)
    deviations = (light.red_deviation, light.green_deviation, light.blue_deviation)
    assert deviations == pytest.approx(pixels.std(axis=(0, 1)), abs=0.01)
    assert light.brightness == pytest.approx(grey.mean(), abs=0.01)
    assert light.contrast == pytest.approx(grey.std(), abs=0.01)
    inner = grey[1:-1, 1:-1]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    assert light.sharpness == pytest.approx((around - 4 * inner).var(), rel=1e-3)


def test_files_that_cannot_be_read_are_named_with_their_reasons(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, 5, suffixes=("jpg", "jpg"))
    assert unreadable_issues(scan.scan(find_data(root)).unreadable) == []
    whole = (root / "Train/Fake/000.jpg").read_bytes()
    (root / "Train/Fake/000.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "Train/Fake/001.jpg").write_bytes(b"")
    (root / "Test/Real/000.jpg").write_bytes(b"<!doctype html><html>not found</html>")
    result = scan.scan(find_data(root))
    assert {file.place.path: file.reason for file in result.unreadable} == {
        "Train/Fake/000.jpg": (
            "The picture is incomplete: its end is missing. Save or download it again."
        ),
        "Train/Fake/001.jpg": "The file is empty.",
        "Test/Real/000.jpg": (
            "The file is a web page, which is not supported. "
            "Use JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP or GIF."
        ),
    }
    assert len(result.rows) == 9
    (issue,) = unreadable_issues(result.unreadable)
    assert issue.message.startswith("3 files skipped")
    assert "(1 Real, 2 Fake)" in issue.message


def test_a_set_without_readable_pictures_is_refused_with_the_first_reason(tmp_path: Path) -> None:
    (tmp_path / "Real").mkdir()
    (tmp_path / "Real/a.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"none of 1 pictures .*Real/a.jpg: The file is empty"):
        scan.scan(find_data(tmp_path))


def test_means_do_not_depend_on_the_batch_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = find_data(write_dataset(tmp_path, 10))
    whole = scan.scan(data)
    monkeypatch.setattr(scan, "BATCH", 3)
    in_parts = scan.scan(data)
    assert in_parts.rows == whole.rows
    for label in ("Real", "Fake"):
        mean, expected = in_parts.means[label], whole.means[label]
        assert mean.pictures == expected.pictures == 12
        np.testing.assert_allclose(mean.picture, expected.picture, atol=1e-3)
        np.testing.assert_allclose(mean.spectrum, expected.spectrum, atol=1e-3)
        level = (expected.picture @ [0.299, 0.587, 0.114]).mean()
        assert level == pytest.approx(whole.measure(label, "brightness").mean(), abs=0.1)


@pytest.mark.slow
def test_several_processes_give_the_result_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = find_data(write_dataset(tmp_path, 10))
    (tmp_path / "Train/Fake/000.png").write_bytes(b"no picture")
    alone = scan.scan(data, processes=1)
    monkeypatch.setattr(scan, "FEW", 0)
    monkeypatch.setattr(scan, "BATCH", 5)
    reports: list[tuple[int, int]] = []
    together = scan.scan(data, processes=2, progress=lambda *report: reports.append(report))
    assert together.rows == alone.rows
    assert together.unreadable == alone.unreadable
    np.testing.assert_allclose(
        together.means["Real"].spectrum, alone.means["Real"].spectrum, atol=1e-3
    )
    assert reports[0] == (5, 24)
    assert reports[-1] == (24, 24)


def test_a_limit_samples_the_same_share_of_every_split_and_class(tmp_path: Path) -> None:
    data = find_data(write_dataset(tmp_path, 20))
    rows = scan.scan(data, limit=12).rows
    assert len(rows) == 12
    assert sum(row.place.split == "test" for row in rows) == 2
    assert sum(row.place.label == "Fake" for row in rows) == 6
    assert scan.scan(data, limit=12).rows == rows
    assert len(scan.scan(data, limit=1000).rows) == 48


def test_a_sample_is_bounded_and_the_same_each_time(synthetic: Path) -> None:
    examples = find_data(synthetic).split("train")
    subset = sample(examples, 5)
    assert len(subset) == 5
    assert subset == sample(examples, 5)
    assert set(subset) < set(examples)
    assert sample(examples, 10_000) == examples


def test_a_pattern_of_the_fakes_shows_only_in_their_mean_spectrum(tmp_path: Path) -> None:
    def checkered(image: Image.Image) -> Image.Image:
        row = 3 * np.cos(2 * np.pi * np.arange(256) / 8)[None, :, None]
        return Image.fromarray(np.clip(np.asarray(image) + row, 0, 255).astype(np.uint8))

    for label in ("Real", "Fake"):
        (tmp_path / label).mkdir()
        for seed in range(12):
            image = portrait(seed if label == "Real" else 100 + seed, side=256)
            picture = checkered(image) if label == "Fake" else image
            picture.save(tmp_path / label / f"{seed}.png")
    means = scan.scan(find_data(tmp_path)).means
    difference = means["Fake"].spectrum - means["Real"].spectrum
    row, column = divmod(int(np.argmax(difference)), 256)
    assert row == 128
    assert abs(column - 128) == 256 / 8
    assert difference.max() > 4 * np.percentile(difference, 99)


def test_every_figure_shows_both_classes(tmp_path: Path) -> None:
    write_synthetic(tmp_path, per_class=6, side=64)
    data = find_data(tmp_path)
    result = scan.scan(data)
    bars = plots.distributions_figure(result).axes
    assert [len(axes.patches) for axes in bars] == [60, 60, 60]
    heights = [sum(patch.get_height() for patch in axes.patches) for axes in bars]  # type: ignore[attr-defined]
    assert heights == pytest.approx([200, 200, 200])
    for figure in (plots.means_figure(result), plots.spectra_figure(result)):
        titles = [axes.get_title() for axes in figure.axes]
        assert titles[0].startswith("Real")
        assert titles[1].startswith("Fake")
        assert titles[2] == "Fake less Real"
    (axes,) = plots.radial_figure(result).axes
    assert [line.get_label() for line in axes.lines] == ["Real", "Fake"]
    grid = plots.grid_figure(data.split("train"), columns=4)
    assert [axes.get_title() for axes in grid.axes] == ["Real"] * 4 + ["Fake"] * 4


def test_figures_of_a_single_class_show_that_class(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / "Train/Fake").mkdir(parents=True, exist_ok=True)
        portrait(number).save(tmp_path / f"Train/Fake/{number}.png")
    result = scan.scan(find_data(tmp_path))
    for figure in (plots.means_figure(result), plots.spectra_figure(result)):
        assert len(figure.axes) == 1
