"""Copies are detected even after re-encoding; similar pictures are not called copies."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from factories import jpeg_copy, portrait, write_dataset
from PIL import Image, ImageEnhance
from scipy.sparse.csgraph import connected_components

from detection_model.data.audit import leaks
from detection_model.data.audit.checks import copies, duplicate_issues
from detection_model.data.audit.scan import scan
from detection_model.data.folders import find_data
from detection_model.data.issues import Issue
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
