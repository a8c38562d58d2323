"""Features that separate the classes without looking at faces are reported, and only those."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factories import jpeg_copy, portrait, write_dataset
from PIL import Image, ImageEnhance, PngImagePlugin
from sklearn.metrics import roc_auc_score

from detection_model.data.audit import checks, leaks
from detection_model.data.audit.scan import Light, Place, Row, scan
from detection_model.data.folders import find_data
from detection_model.data.issues import Issue
from detection_model.headers import jpeg_quality, read_container


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
