"""Copies and features that separate the classes are reported, and only those.

Copies are detected even after re-encoding; similar pictures are not called copies. Features are
those of files and light: they separate the classes without looking at faces.
"""

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factories import jpeg_copy, portrait, write_dataset
from PIL import Image, ImageEnhance, PngImagePlugin
from scipy.sparse.csgraph import connected_components
from sklearn.metrics import roc_auc_score

from detection_model.data.audit import checks, leaks
from detection_model.data.audit.checks import copies, duplicate_issues
from detection_model.data.audit.scan import Light, Place, Row, scan
from detection_model.data.folders import find_data
from detection_model.data.issues import Issue
from detection_model.headers import jpeg_quality, read_container
from detection_model.measures import perceptual_hashes, to_grey

CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "as JPEG": lambda image: jpeg_copy(image, 40),
    "smaller": lambda image: image.resize((72, 72)),
    "larger": lambda image: image.resize((200, 200), Image.Resampling.LANCZOS),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.12),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "brighter, smaller, as JPEG": lambda image: jpeg_copy(
        ImageEnhance.Brightness(image.resize((80, 80))).enhance(1.1), 60
    ),
}


def hashes(pictures: list[Image.Image]) -> np.ndarray:
    pixels = np.stack([np.asarray(picture.resize((256, 256))) for picture in pictures])
    return perceptual_hashes(to_grey(pixels))


def issues_of(root: Path) -> dict[tuple[str, str], Issue]:
    """Issues on copies, by kind and severity."""
    rows = scan(find_data(root)).rows
    issues = duplicate_issues(rows, *copies(rows))
    return {(issue.kind, issue.severity): issue for issue in issues}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_copy_is_grouped_with_its_original_alone(
    change: Callable[[Image.Image], Image.Image],
) -> None:
    originals = [portrait(seed) for seed in range(30)]
    groups = leaks.near_duplicates(hashes([*originals, *map(change, originals)]))
    assert groups[:30].tolist() == groups[30:].tolist()
    assert len(set(groups)) == 30


def hashes_with_copies(distance: int) -> np.ndarray:
    """1,500 hashes with uneven bits, like faces, and 400 copies: every second is a bit too far."""
    rng = np.random.default_rng(1)
    bits = rng.random((1500, 256)) < rng.beta(5, 5, 256)
    copies = bits[:400].copy()
    for number, copy in enumerate(copies):
        copy[rng.choice(256, distance + number % 2, replace=False)] ^= True
    return np.packbits(np.concatenate([bits, copies]), axis=1)


@pytest.mark.parametrize("distance", [leaks.NEAR, 31])
def test_every_pair_within_the_distance_is_grouped_and_no_other(distance: int) -> None:
    hashes = hashes_with_copies(distance)
    words = hashes.view(np.uint64)
    distances = np.bitwise_count(words[:, None] ^ words[None]).sum(axis=2)
    expected = connected_components(distances <= distance, directed=False)[1]
    groups = leaks.near_duplicates(hashes, distance)
    pairs = set(zip(groups.tolist(), expected.tolist(), strict=True))
    assert len(pairs) == len(set(groups)) == len(set(expected)) == 1700


def test_groups_do_not_depend_on_the_batch_size(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = hashes_with_copies(leaks.NEAR)
    whole = leaks.near_duplicates(hashes)
    monkeypatch.setattr(leaks, "PAIRS_AT_ONCE", 700)
    assert leaks.near_duplicates(hashes).tolist() == whole.tolist()


def test_twenty_thousand_copies_are_one_group() -> None:
    # They form two hundred million pairs.
    assert set(leaks.near_duplicates(np.zeros((20_000, 32), np.uint8))) == {0}


def test_a_distance_that_would_miss_pairs_is_refused() -> None:
    with pytest.raises(ValueError, match="31 bits"):
        leaks.near_duplicates(hashes_with_copies(2), 32)


def test_a_set_without_copies_has_none(tmp_path: Path) -> None:
    assert issues_of(write_dataset(tmp_path, 10)) == {}


def test_a_file_in_two_splits_is_a_leak(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, 10)
    shutil.copy(root / "Train/Real/004.png", root / "Test/Real/other-name.png")
    leak = issues_of(root)["exact_duplicates", "leak"]
    assert leak.numbers == {"train and test": 1}
    assert leak.message.startswith("1 picture with the same pixels in more than one split")


def test_the_same_pixels_in_another_format_are_the_same_picture(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, 10)
    Image.open(root / "Train/Real/004.png").save(root / "Test/Real/other.bmp")
    assert set(issues_of(root)) == {("exact_duplicates", "leak")}


@pytest.mark.parametrize("change", ["as JPEG", "brighter, smaller, as JPEG"])
def test_a_changed_copy_in_another_split_is_a_leak(tmp_path: Path, change: str) -> None:
    root = write_dataset(tmp_path, 10)
    CHANGES[change](Image.open(root / "Train/Fake/007.png")).save(root / "Test/Fake/copy.png")
    issues = issues_of(root)
    assert set(issues) == {("near_duplicates", "leak")}
    assert issues["near_duplicates", "leak"].numbers == {"train and test": 1}


def test_a_copy_in_the_same_split_is_a_note(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, 10)
    shutil.copy(root / "Train/Real/004.png", root / "Train/Real/again.png")
    assert set(issues_of(root)) == {("exact_duplicates", "note")}


def test_a_picture_under_both_classes_is_a_warning(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, 10)
    shutil.copy(root / "Train/Real/004.png", root / "Train/Fake/again.png")
    assert issues_of(root)["both_classes", "warning"].numbers == {"pictures": 1}


def header_issues(root: Path) -> list[Issue]:
    """Issues in the headers of the files; pixels are not measured."""
    no_light = Light(*[0.0] * len(Light._fields))
    rows = [
        Row(
            Place(example.path.name, split, example.label),
            sha256="",
            pixels_sha256="",
            container=read_container(example.path.read_bytes()),
            look=b"",
            light=no_light,
        )
        for split, examples in find_data(root).splits.items()
        for example in examples
    ]
    return checks.file_issues(leaks.file_separations(rows))


def jpeg(**options: Any) -> bytes:
    file = io.BytesIO()
    portrait(0).save(file, "JPEG", **options)
    return file.getvalue()


def re_encode(root: Path, label: str, **options: Any) -> None:
    for path in root.rglob(f"{label}/*"):
        Image.open(path).convert("RGB").save(path, **options)


def exif() -> Image.Exif:
    tags = Image.Exif()
    tags[0x0110] = "A camera"
    return tags


def png_text() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "portrait of a woman, steps: 20")
    return info


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_classes_saved_alike_are_clean(tmp_path: Path, suffix: str) -> None:
    assert header_issues(write_dataset(tmp_path, suffixes=(suffix, suffix))) == []


def test_fakes_as_png_and_reals_as_jpeg_are_a_leak(tmp_path: Path) -> None:
    (leak,) = header_issues(write_dataset(tmp_path, suffixes=("jpg", "png")))
    assert (leak.kind, leak.severity) == ("format_leak", "leak")
    assert leak.numbers["file format"] == 1


def test_the_format_is_read_from_the_content_not_the_name(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, suffixes=("jpg", "jpg"))
    for path in root.rglob("Fake/*.jpg"):
        Image.open(path).convert("RGB").save(path, "PNG")
    assert header_issues(root)[0].numbers["file format"] == 1


def test_another_jpeg_quality_is_a_leak_of_the_compression_alone(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, suffixes=("jpg", "jpg"), quality=75)
    re_encode(root, "Fake", quality=95)
    (leak,) = header_issues(root)
    assert leak.severity == "leak"
    assert leak.numbers == {"JPEG compression": 1}
    assert "quantisation" in leak.message


def test_another_size_in_pixels_is_a_leak_of_the_size_alone(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, fake=lambda image: image.resize((100, 96)))
    (leak,) = header_issues(root)
    assert leak.severity == "leak"
    assert leak.numbers == {"width and height": 1}


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("jpg", {"exif": exif()}),
        ("jpg", {"comment": b"made by a program"}),
        ("jpg", {"dpi": (300, 300)}),
        ("png", {"pnginfo": png_text()}),
    ],
    ids=["EXIF", "a comment", "a resolution", "PNG text"],
)
def test_metadata_of_one_class_is_a_leak_of_the_metadata_alone(
    tmp_path: Path, suffix: str, options: dict[str, Any]
) -> None:
    root = write_dataset(tmp_path, suffixes=(suffix, suffix))
    re_encode(root, "Fake", **options)
    re_encode(root, "Real")
    (leak,) = header_issues(root)
    assert leak.severity == "leak"
    assert leak.numbers == {"metadata": 1}


def test_a_leak_in_half_of_the_files_is_reported(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, 50, suffixes=("jpg", "jpg"))
    for path in sorted(root.rglob("Fake/*.jpg"))[::2]:
        Image.open(path).convert("RGB").save(path, quality=90)
    (leak,) = header_issues(root)
    assert leak.numbers["JPEG compression"] == pytest.approx(0.75, abs=0.08)


def test_richer_pictures_of_one_class_are_a_warning_and_no_leak(tmp_path: Path) -> None:
    def richer(image: Image.Image) -> Image.Image:
        noise = np.random.default_rng(0).normal(0, 12, (image.height, image.width, 3))
        return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))

    (issue,) = header_issues(write_dataset(tmp_path, fake=richer, suffixes=("jpg", "jpg")))
    assert (issue.severity, set(issue.numbers)) == ("warning", {"file size"})


def test_brighter_fakes_are_a_warning_about_the_content(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, fake=lambda image: ImageEnhance.Brightness(image).enhance(1.4))
    issues = checks.light_issues(leaks.light_separations(scan(find_data(root)).rows))
    assert {(issue.kind, issue.severity) for issue in issues} == {("content_differs", "warning")}
    assert "colour and light" in issues[0].numbers


def test_classes_lit_alike_are_clean(tmp_path: Path) -> None:
    rows = scan(find_data(write_dataset(tmp_path))).rows
    assert checks.light_issues(leaks.light_separations(rows)) == []


def test_too_few_pictures_are_reported_as_not_checked(tmp_path: Path) -> None:
    (note,) = header_issues(write_dataset(tmp_path, 10, suffixes=("jpg", "png")))
    assert (note.kind, note.severity) == ("not_checked", "note")


def test_a_missing_class_is_a_warning_and_imbalance_a_note(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, 10)
    assert checks.balance_issues(find_data(root)) == []
    for path in sorted(root.glob("Train/Real/*"))[:5]:
        path.unlink()
    for path in root.glob("Test/Real/*"):
        path.unlink()
    warning, note = checks.balance_issues(find_data(root))
    assert (warning.severity, note.severity) == ("warning", "note")
    assert "Only one class in test" in warning.message
    assert "train 10 Fake to 5 Real" in note.message


def test_the_standard_error_of_an_auc_matches_the_published_example() -> None:
    # Hanley & McNeil (1982): an area of 0.893 over 51 abnormal and 58 normal images.
    assert leaks.auc_error(0.893, 51, 58) == pytest.approx(0.032, abs=0.0006)


def test_the_standard_error_of_an_auc_is_its_spread_over_samples() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 100)
    aucs = [roc_auc_score(labels, rng.normal(labels, 1.0)) for _ in range(200)]
    assert leaks.auc_error(float(np.mean(aucs)), 100, 100) == pytest.approx(np.std(aucs), rel=0.2)


@pytest.mark.parametrize("quality", [10, 50, 75, 90, 95, 100])
def test_the_quality_of_a_jpeg_is_read_from_its_tables(quality: int) -> None:
    assert read_container(jpeg(quality=quality)).quality == quality


def test_headers_hold_the_options_of_saving() -> None:
    plain = read_container(jpeg())
    rich = read_container(
        jpeg(quality=92, subsampling=0, progressive=True, exif=exif(), icc_profile=b"x" * 40)
    )
    assert (plain.format, plain.width, plain.height, plain.quality) == ("JPEG", 96, 96, 75)
    assert (plain.subsampling, plain.progressive, plain.exif, plain.icc) == (2, False, 0, 0)
    assert (rich.subsampling, rich.progressive, rich.icc) == (0, True, 40)
    assert rich.exif > 10
    assert (plain.luma_table or 0) > (rich.luma_table or 0)


def test_a_custom_table_gets_the_nearest_quality() -> None:
    assert jpeg_quality(10**6) == 1
    assert jpeg_quality(64) == 100


def test_re_encoding_removes_the_leak_but_leaves_a_warning(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, suffixes=("jpg", "png"))
    for path in sorted(root.rglob("*.*g")):
        jpeg_copy(Image.open(path).convert("RGB"), 95).save(path.with_suffix(".jpg"), quality=90)
        if path.suffix == ".png":
            path.unlink()
    # Former JPEG files have lost fine detail, so their new files are smaller.
    assert [(issue.severity, set(issue.numbers)) for issue in header_issues(root)] == [
        ("warning", {"file size"})
    ]
